//! What each fuzz target does with the bytes that it is given. Beside the targets, `crates/pleach-metta/tests/metta/fuzz_corpus.rs` includes this, to
//! run what they have found without a fuzzer.

pub mod archive;
pub mod environment;
mod folder;
mod forge;
pub mod journal;
pub mod load;
pub mod map;
pub mod parser;
pub mod path;
pub mod program;
