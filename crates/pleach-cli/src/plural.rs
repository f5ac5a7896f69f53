//! Counts with their nouns.

use std::fmt::Display;

/// Returns `1 file`, `2 files`.
pub(crate) fn plural<N: Display + PartialEq + From<u8>>(number: N, noun: &str) -> String {
    let ending = if number == N::from(1) { "" } else { "s" };
    format!("{number} {noun}{ending}")
}
