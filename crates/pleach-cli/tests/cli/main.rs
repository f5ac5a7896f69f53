//! The command, run as a user runs it.

mod check;
#[cfg(unix)]
mod interrupt;
mod place;
mod places;
mod readme;
#[cfg(unix)]
mod repl;
mod run;
mod save;
