//! The command, run as a user runs it.

mod check;
#[cfg(unix)]
mod interrupt;
mod place;
mod places;
#[cfg(unix)]
mod repl;
mod run;
mod save;
