//! `pleach watch`.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use pleach::Atom;
use pleach::persist::Journal;

use super::sandbox::Sandbox;

/// A running watch.
struct Watched {
    child: Child,
    lines: BufReader<ChildStdout>,
}

impl Watched {
    fn new(sandbox: &Sandbox, world: &str, pattern: &str) -> Self {
        let mut command = sandbox.command(["watch", world, pattern, "--interval", "0.02"]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        Self { child, lines }
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.lines.read_line(&mut line).unwrap();
        line
    }

    fn end(mut self) {
        kill(Pid::from_raw(self.child.id().try_into().unwrap()), Signal::SIGINT).unwrap();
        assert_eq!(self.child.wait().unwrap().code(), Some(130));
        assert_eq!(self.line(), "");
    }
}

#[test]
fn an_archive_is_watched() {
    let sandbox = Sandbox::new("cli-watch");
    sandbox.file("a.metta", "(likes ann tea) (likes bob tea) (likes bob tea)");
    sandbox.prints("save a.metta history@main", 0);
    let mut watched = Watched::new(&sandbox, "history@main", "(likes $who tea)");
    assert_eq!(
        [watched.line(), watched.line()],
        ["+ (likes ann tea)\n", "+2 (likes bob tea)\n"]
    );
    sandbox.file(
        "b.metta",
        "(likes eve rum) (likes eve tea) !(remove-atom &self (likes ann tea))",
    );
    sandbox.prints("save --world history b.metta history@main", 0);
    assert_eq!(
        [watched.line(), watched.line()],
        ["- (likes ann tea)\n", "+ (likes eve tea)\n"]
    );
    // Other branches aren't watched.
    sandbox.prints("save a.metta history@other", 0);
    sandbox.file("c.metta", "(likes ann tea)");
    sandbox.prints("save --world history c.metta history@main", 0);
    assert_eq!(watched.line(), "+ (likes ann tea)\n");
    watched.end();
}

#[test]
fn a_conjunction_is_watched_in_a_journal() {
    let sandbox = Sandbox::new("cli-watch-journal");
    let (journal, _) = Journal::<Atom>::open(sandbox.path().join("journal")).unwrap();
    let add = |text: &str| {
        journal
            .update(|world| world.add_fact(text.parse::<Atom>().unwrap()))
            .unwrap()
    };
    add("(order 1)");
    let mut watched = Watched::new(&sandbox, "journal", "(, (order $n) (not (paid $n)))");
    assert_eq!(watched.line(), "+ (, (order 1))\n");
    add("(order 2)");
    assert_eq!(watched.line(), "+ (, (order 2))\n");
    add("(paid 1)");
    assert_eq!(watched.line(), "- (, (order 1))\n");
    watched.end();
}

#[test]
fn a_world_that_cannot_be_loaded_is_an_error() {
    let sandbox = Sandbox::new("cli-watch-errors");
    sandbox.complains("watch absent.pleach x", 2);
    sandbox.complains("watch absent@main x", 2);
    sandbox.file("a.metta", "(a)");
    sandbox.prints("save a.metta world.pleach", 0);
    sandbox.complains("watch world.pleach x --interval 0", 2);
    sandbox.complains("watch world.pleach (", 2);
}
