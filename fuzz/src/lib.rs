//! The functions that the fuzz targets call with their input. `crates/pleach-metta/tests/metta/fuzz_corpus.rs` includes
//! this crate too, to run the corpus without a fuzzer.

pub mod archive;
pub mod environment;
mod folder;
mod forge;
pub mod journal;
pub mod load;
pub mod map;
pub mod ord;
pub mod parser;
pub mod path;
pub mod program;
pub mod trie;
pub mod vector;
