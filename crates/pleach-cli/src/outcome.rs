//! How a command ends.

use std::io::{self, ErrorKind};
use std::process::ExitCode;

use crate::diagnostic;
use crate::interrupt;

/// How a command ended, which decides the exit code.
pub(crate) enum Outcome {
    Success,
    /// A result was an `(Error …)`, or a mistake, a difference, a conflict or corruption was found.
    ErrorFound,
    /// Input could not be read or parsed, or output could not be written. The error has been reported.
    Failure,
    /// The user pressed Ctrl-C.
    Interrupted,
}

impl Outcome {
    /// Reports an error of writing to standard output. That a reader closed a pipe isn't an error.
    pub(crate) fn of_output(written: io::Result<()>) -> Self {
        match written {
            Err(error) if error.kind() != ErrorKind::BrokenPipe => {
                diagnostic::error(format_args!("cannot write the results: {error}"));
                Self::Failure
            }
            _ => Self::Success,
        }
    }
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Success => Self::SUCCESS,
            Outcome::ErrorFound => Self::from(1),
            // clap's code for invalid arguments.
            Outcome::Failure => Self::from(2),
            Outcome::Interrupted => Self::from(interrupt::EXIT_CODE),
        }
    }
}
