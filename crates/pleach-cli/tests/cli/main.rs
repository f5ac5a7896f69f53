//! The command, run as a user runs it.

mod check;
mod derive;
mod readme;
mod remote;
#[cfg(unix)]
mod repl;
#[cfg(unix)]
mod repl_terminal;
mod run;
#[cfg(unix)]
mod run_options;
mod sandbox;
mod save;
#[cfg(unix)]
mod watch;
mod world_paths;
