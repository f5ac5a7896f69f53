//! `pleach repl` on a terminal.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::Path;
use std::process::Child;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use nix::pty::openpty;
use pleach::{Atom, Environment};

use super::repl::{folder, pleach};

/// A session on a terminal.
struct Terminal {
    child: Child,
    keys: File,
    screen: Receiver<Vec<u8>>,
    seen: String,
}

impl Terminal {
    fn new(folder: &Path, arguments: &[&str]) -> Self {
        let pty = openpty(None, None).unwrap();
        let side = File::from(pty.slave);
        let child = pleach(arguments)
            .current_dir(folder)
            .stdin(side.try_clone().unwrap())
            .stdout(side.try_clone().unwrap())
            .stderr(side)
            .spawn()
            .unwrap();
        let keys = File::from(pty.master);
        let mut screen = keys.try_clone().unwrap();
        let (to, from) = channel();
        thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(read @ 1..) = screen.read(&mut bytes) {
                if to.send(bytes[..read].to_vec()).is_err() {
                    return;
                }
            }
        });
        Self {
            child,
            keys,
            screen: from,
            seen: String::new(),
        }
    }

    fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
    }

    /// Waits until the line editor reads keys, and types. Before that, the terminal would read them as a line.
    #[track_caller]
    fn enter(&mut self, keys: &str) {
        self.expect("\x1b[?2004h");
        self.press(keys);
    }

    /// Waits until `text` is on the screen, after the text that was expected before.
    #[track_caller]
    fn expect(&mut self, text: &str) {
        let end = Instant::now() + Duration::from_secs(9);
        loop {
            if let Some(at) = self.seen.find(text) {
                self.seen.drain(..at + text.len());
                return;
            }
            match self.screen.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(bytes) => self.seen += &String::from_utf8_lossy(&bytes),
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                    let _ = self.child.kill();
                    panic!("{text:?} is not in {:?}", self.seen);
                }
            }
        }
    }

    #[track_caller]
    fn end(mut self) {
        assert_eq!(self.child.wait().unwrap().code(), Some(0));
    }
}

#[test]
fn entries_are_edited_completed_and_kept_in_the_history() {
    let folder = folder("history");
    let history = folder.join("deep/er/history");
    let mut terminal = Terminal::new(&folder, &["--history", "deep/er/history"]);
    terminal.expect(":help lists the commands");
    // An entry goes on while a parenthesis is open.
    terminal.enter("(= (treble $x)\r(* 3 $x))\r");
    terminal.expect("added 1 atom");
    // Names of the world and built-ins are completed.
    terminal.enter("!(treb\t 5)\r");
    terminal.expect("[15]");
    terminal.enter("!(get-ty\t 5)\r");
    terminal.expect("[Number]");
    // A fact that looks like a call.
    terminal.enter("(treble 1)\r");
    terminal.expect("to evaluate it, type !(treble 1)");
    // A misspelled name.
    terminal.enter("!(trelbe 1)\r");
    terminal.expect("did you mean `treble`?");
    terminal.expect("[(trelbe 1)]");
    // Ctrl-C cancels an entry only.
    terminal.enter("(half of\x03");
    terminal.enter(":fork side\r");
    terminal.expect("pleach side> ");
    terminal.press("\x04");
    terminal.end();

    // Ctrl-R finds an entry of the session before.
    let mut terminal = Terminal::new(&folder, &["--history", "deep/er/history"]);
    terminal.enter("(= (treble $x) (+ $x $x))\r");
    terminal.expect("added 1 atom");
    terminal.enter("\x12treble 5\r");
    terminal.expect("[10]");
    terminal.enter(":quit\r");
    terminal.end();
    let kept = fs::read_to_string(history).unwrap();
    assert!(kept.contains("!(treble 5)") && kept.contains(":fork side"), "{kept}");
    assert!(!kept.contains(":quit"), "{kept}");
}

#[test]
fn commands_and_their_arguments_are_completed() {
    let folder = folder("completion");
    fs::write(folder.join("program.metta"), "(= (loaded) yes)").unwrap();
    let mut terminal = Terminal::new(&folder, &["--history", "history"]);
    terminal.enter(":fo\t side\r");
    terminal.expect("pleach side> ");
    terminal.press(":loa\t prog\t\r");
    terminal.expect("added 1 atom");
    terminal.enter(":sw\t ma\t\r");
    terminal.expect("pleach> ");
    terminal.press(":me\t si\t\r");
    terminal.expect("merged side: 1 change");
    terminal.enter(":help und\t\r");
    terminal.expect(":undo: undo the last step");
    terminal.enter(":he\t :redo\t\r");
    terminal.expect(":redo: redo the step");
    terminal.enter(":types loade\t\r");
    terminal.expect("[%Undefined%]");
    fs::write(folder.join("world.pleach"), "").unwrap();
    terminal.enter(":save wor\t\r");
    terminal.expect("saved main to world.pleach");
    terminal.enter(":udno\r");
    terminal.expect("did you mean :undo?");
    terminal.enter(":diff\r");
    terminal.expect("+ (= (loaded) yes)");
    terminal.enter(":q\r");
    terminal.end();
    assert!(!fs::read_to_string(folder.join("history")).unwrap().contains(":q"));
}

fn facts(path: &Path) -> Vec<String> {
    let world = Environment::<Atom>::load(path).unwrap();
    let mut facts: Vec<String> = world.iter().map(|(atom, _)| atom.to_string()).collect();
    facts.sort();
    facts
}

/// Starts a session of a saved world with a fact `(old)`, and adds `(new)`.
fn changed(folder: &Path) -> Terminal {
    let mut world = Environment::<Atom>::new();
    world.add_fact("(old)".parse().unwrap());
    world.save(folder.join("world.pleach")).unwrap();
    let mut terminal = Terminal::new(folder, &["--history", "history", "--world", "world.pleach"]);
    terminal.enter("(new)\r");
    terminal.expect("added 1 atom");
    terminal
}

const QUESTION: &str = "unsaved changes in main. Save main to world.pleach? (yes, no, cancel) ";

#[test]
fn quit_asks_about_unsaved_changes() {
    let folder = folder("quit");
    let world = folder.join("world.pleach");
    for quit in [":quit\r", "\x04"] {
        // Neither an answer that isn't one, nor a cancelled question ends the session.
        let mut terminal = changed(&folder);
        for keep in ["cancel\r", "\r", "\x03"] {
            terminal.enter(quit);
            terminal.enter("what?\r");
            terminal.expect(QUESTION);
            terminal.enter(keep);
            terminal.expect(QUESTION);
        }
        terminal.enter(quit);
        terminal.enter("y\r");
        terminal.expect("saved main to world.pleach");
        terminal.end();
        assert_eq!(facts(&world), ["(new)", "(old)"]);

        let mut terminal = changed(&folder);
        terminal.enter(quit);
        terminal.enter("no\r");
        terminal.expect(QUESTION);
        terminal.end();
        assert_eq!(facts(&world), ["(old)"]);

        // Ctrl-D at the question, or a terminal that is gone.
        let mut terminal = changed(&folder);
        terminal.enter(quit);
        terminal.enter("\x04");
        terminal.expect("unsaved changes in main are lost");
        terminal.end();
        assert_eq!(facts(&world), ["(old)"]);
    }
    assert_eq!(
        fs::read_to_string(folder.join("history"))
            .unwrap()
            .matches("yes")
            .count(),
        0
    );
}

#[test]
fn quit_asks_nothing_if_all_is_saved() {
    let folder = folder("saved");
    let mut terminal = changed(&folder);
    terminal.enter(":save\r");
    terminal.expect("saved main to world.pleach");
    terminal.enter(":quit\r");
    terminal.end();
    assert_eq!(facts(&folder.join("world.pleach")), ["(new)", "(old)"]);

    let mut terminal = changed(&folder);
    terminal.enter(":undo\r");
    terminal.expect("undone: (new)");
    terminal.enter(":quit\r");
    terminal.end();
}

#[test]
fn quit_asks_about_other_forks_too() {
    let folder = folder("quit-forks");
    let world = folder.join("world.pleach");
    let mut terminal = changed(&folder);
    terminal.enter(":fork side\r");
    terminal.enter("(more)\r");
    terminal.expect("added 1 atom");
    terminal.enter(":switch main\r");
    terminal.enter(":quit\r");
    terminal.enter("yes\r");
    terminal.expect("unsaved changes in main, side. Save main to world.pleach?");
    terminal.expect("saved main to world.pleach");
    terminal.enter("no\r");
    terminal.expect("unsaved changes in side. Quit without them? (yes, no) ");
    assert_eq!(facts(&world), ["(new)", "(old)"]);
    terminal.enter(":merge side\r");
    terminal.expect("merged side: 1 change");
    terminal.enter(":quit\r");
    terminal.enter("y\r");
    // The fork that was merged is saved with main.
    terminal.expect("saved main to world.pleach");
    terminal.end();
    assert_eq!(facts(&world), ["(more)", "(new)", "(old)"]);
}

#[test]
fn a_failed_save_keeps_the_session() {
    let folder = folder("failed-save");
    let world = folder.join("world.pleach");
    let mut terminal = changed(&folder);
    fs::write(&world, "not a saved world").unwrap();
    terminal.enter(":quit\r");
    terminal.enter("yes\r");
    terminal.expect("cannot save world.pleach: the file isn't a saved world");
    terminal.enter(":save copy.pleach\r");
    terminal.expect("saved main to copy.pleach");
    terminal.enter(":quit\r");
    terminal.end();
    assert_eq!(facts(&folder.join("copy.pleach")), ["(new)", "(old)"]);
}
