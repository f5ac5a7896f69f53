//! The evaluator: the language, laws over generated programs, threads, limits, and what fuzzers have found.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod conformance;
mod control;
mod deep;
mod fuzz_corpus;
mod imports;
mod integration;
mod laws;
mod logic;
mod panics;
mod processes;
mod programs;
mod threads;
