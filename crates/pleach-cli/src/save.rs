//! `pleach save`.

use std::path::PathBuf;

use clap::Args;

use crate::diagnostic;
use crate::interrupt::CtrlC;
use crate::outcome::Outcome;
use crate::run::RunArgs;
use crate::seed::TextSeed;
use crate::world::{WorldPath, note};

/// Run programs and save the resulting world.
///
/// The last argument is where to save: a file, which is replaced atomically, or ARCHIVE@BRANCH, which gets a new revision,
/// or URL@BRANCH on a remote, which is pushed to.
/// If the world was loaded from that branch and the branch has moved on since, the two are merged. A file that isn't a saved
/// world is never overwritten. Results are printed as by `run`.
///
/// Exit code: 0, or 1 if a result was an `(Error …)` (the world is saved nevertheless), or 2 if nothing was saved.
#[derive(Args)]
#[command(after_help = "Examples:
  pleach save rules.metta world.pleach
  pleach save --world world.pleach more.metta world.pleach
  pleach save rules.metta history@main -m 'the first rules'")]
pub(crate) struct Save {
    /// Programs, and last the world to save to.
    #[arg(required = true, num_args = 2.., value_name = "FILE")]
    paths: Vec<PathBuf>,

    #[command(flatten)]
    run: RunArgs,

    /// Message of the revision, shown by `log`.
    #[arg(short, long, default_value = "", hide_default_value = true)]
    message: String,
}

impl Save {
    pub(crate) fn run(&self, ctrl_c: &CtrlC) -> Outcome {
        let Some((world, programs)) = self.paths.split_last() else {
            return Outcome::Failure;
        };
        let path = WorldPath::from(world.clone().into_os_string());
        if let Err(error) = path.check_writable() {
            diagnostic::error_from(format_args!("cannot save {path}"), &error);
            return Outcome::Failure;
        }
        let (environment, error_seen) = match self.run.run(programs, TextSeed::of, ctrl_c) {
            Ok(ran) => ran,
            Err(outcome) => {
                diagnostic::error("nothing was saved");
                return match outcome {
                    Outcome::Interrupted => outcome,
                    _ => Outcome::Failure,
                };
            }
        };
        match path.save(&environment, note(&self.message)) {
            Ok(()) if error_seen => Outcome::ErrorFound,
            Ok(()) => Outcome::Success,
            Err(error) => {
                diagnostic::error_from(format_args!("cannot save {path}"), &error);
                Outcome::Failure
            }
        }
    }
}
