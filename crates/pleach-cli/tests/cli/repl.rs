//! `pleach repl`, from outside: by a pipe, and on a terminal.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use nix::pty::openpty;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

fn folder(test: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("repl-{test}"));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

fn pleach(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pleach"));
    command.arg("repl").args(arguments).env("TERM", "xterm");
    command
}

fn spawn(arguments: &[&str]) -> Child {
    pleach(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// What comes of input by a pipe.
fn script(input: &str, arguments: &[&str]) -> Output {
    let mut child = spawn(arguments);
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

#[track_caller]
fn assert_script(input: &str, code: i32, stdout: &str, stderr: &[&str]) {
    let output = script(input, &[]);
    let errors = str::from_utf8(&output.stderr).unwrap();
    assert_eq!(str::from_utf8(&output.stdout).unwrap(), stdout, "{errors}");
    assert_eq!(output.status.code(), Some(code), "{errors}");
    for part in stderr {
        assert!(errors.contains(part), "{part:?} is not in\n{errors}");
    }
    assert_eq!(stderr.is_empty(), errors.is_empty(), "{errors}");
}

#[test]
fn a_pipe_is_read_as_a_program() {
    assert_script(
        "(= (f $x)\n   (+ $x 1))\n\n!(f 1) !(f 2)\n!\n(f 3)\n",
        0,
        "[2]\n[3]\n[4]\n",
        &[],
    );
    // The last line need not end.
    assert_script("!\"two\nlines\" ; comment (\n!1", 0, "[\"two\\nlines\"]\n[1]\n", &[]);
    assert_script("", 0, "", &[]);
}

#[test]
fn a_mistake_is_reported_and_the_next_line_read() {
    assert_script(
        "(a))\n!1\n!(Error x y)\n!(f",
        1,
        "[1]\n[(Error x y)]\n",
        &["closes nothing", "input:1:4", "never closed"],
    );
    assert_script("!(Error x y)", 1, "[(Error x y)]\n", &[]);
    assert_script(
        ":frok x\n:merge\n:merge x\n:undo\n:quit now\n!2",
        1,
        "[2]\n",
        &[
            "there is no command :frok; :help lists",
            ":merge needs a NAME",
            "there is no fork x",
            "there is nothing to undo",
            "nothing can follow :quit",
        ],
    );
}

#[test]
fn steps_are_undone_one_by_one() {
    assert_script(
        "(p 1)\n!(add-atom &self (p 2))\n!(match &self (p $x) $x)\n:undo\n!(match &self (p $x) $x)\n:undo\n\
         !(match &self (p $x) $x)\n",
        0,
        "[()]\n[1, 2]\nundone: !(add-atom &self (p 2))\n[1]\nundone: (p 1)\n[]\n",
        &[],
    );
}

#[test]
fn forks_are_made_compared_and_merged() {
    assert_script(
        "(p 1)\n:fork other\n(p 2)\n:diff main\n:switch main\n(p 3)\n:forks\n:merge other\n:diff\n\
         !(match &self (p $x) $x)\n:undo\n:undo\n:undo\n:undo\n:forks\n:diff\n",
        0,
        "+1 (p 2)\n* main: 2 atoms\n  other: 2 atoms\nmerged other: 1 change\n+1 (p 2)\n[1, 2, 3]\n\
         undone: :merge other\nundone: (p 3)\nundone: :switch main\nundone: (p 2)\n  main: 1 atom\n* other: 1 atom\n\
         no difference\n",
        &[],
    );
    assert_script(
        ":fork a b\n:fork main\n:diff main\n:switch nowhere\n",
        1,
        "",
        &["one word", "a fork main already", "is main itself", "no fork nowhere"],
    );
}

#[test]
fn conflicts_of_states_are_told() {
    let output = script(
        "!(bind! &n (new-state 1))\n:fork b\n!(change-state! &n 2)\n:switch main\n!(change-state! &n 3)\n:merge b\n!(get-state &n)\n",
        &[],
    );
    let stdout = str::from_utf8(&output.stdout).unwrap();
    assert!(stdout.contains("both changed") && stdout.ends_with("[2]\n"), "{stdout}");
}

#[test]
fn the_world_is_described() {
    let output = script(
        "(: f (-> Number Number)) (= (f $x) $x)\n(a) (a)\n:types\n:types (f 1)\n:types f g\n:stats\n:help\n",
        &[],
    );
    let stdout = str::from_utf8(&output.stdout).unwrap();
    assert!(
        stdout.starts_with("(: f (-> Number Number))\n[Number]\natoms   4 (3 distinct, 1 of them rules)\n"),
        "{stdout}"
    );
    for part in ["steps   2 can be undone", "forks   1\n", ":merge NAME ", ":quit"] {
        assert!(stdout.contains(part), "{part} is not in\n{stdout}");
    }
    assert!(str::from_utf8(&output.stderr).unwrap().contains("this is not one atom"));
}

#[test]
fn files_are_loaded_in_one_step() {
    let folder = folder("load");
    fs::write(folder.join("library.metta"), "(= (imported) yes)").unwrap();
    let program = folder.join("program.metta");
    fs::write(&program, "!(import! &self library)\n(= (f) 1)\n!(f)\n(= (f) 2)").unwrap();
    let program = program.to_str().unwrap();
    assert_script(
        &format!(":load {program}\n!((f) (imported))\n:undo\n!(f)\n"),
        0,
        &format!("[()]\n[1]\n[(1 yes), (2 yes)]\nundone: :load {program}\n[(f)]\n"),
        &[],
    );
    let output = script("!(f)\n", &[program]);
    assert_eq!(output.stdout, b"[()]\n[1]\n[1, 2]\n");
    assert_script(":load nowhere.metta\n!1", 1, "[1]\n", &["cannot read nowhere.metta"]);
}

#[test]
fn limits_end_an_evaluation_and_not_the_session() {
    let output = script(
        "(= (again $n) (again (+ $n 1)))\n(kept)\n!(again 0)\n!(match &self (kept) kept)\n",
        &["--fuel", "10000"],
    );
    assert_eq!(output.stdout, b"[kept]\n");
    let errors = str::from_utf8(&output.stderr).unwrap();
    assert!(
        errors.contains("more than 10000 steps") && errors.contains("input:1:2"),
        "{errors}"
    );
    assert_eq!(output.status.code(), Some(1));
}

fn interrupt(child: &Child) {
    kill(Pid::from_raw(child.id().cast_signed()), Signal::SIGINT).unwrap();
}

#[test]
fn ctrl_c_stops_an_evaluation_and_keeps_the_world() {
    let mut child = spawn(&[]);
    let mut input = child.stdin.take().unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    let endless = "(= (again $n) (again (+ $n 1)))\n(p 1)\n!(let $x (add-atom &self (p 2)) (let $y (println! started) (again 0)))\n";
    input.write_all(endless.as_bytes()).unwrap();
    output.read_line(&mut line).unwrap();
    assert_eq!(line, "started\n");
    interrupt(&child);
    input.write_all(b"!(match &self (p $x) $x)\n").unwrap();
    line.clear();
    output.read_line(&mut line).unwrap();
    assert_eq!(line, "[1]\n");
    // Once nothing is evaluated, it ends.
    let end = Instant::now() + Duration::from_secs(9);
    let ended = loop {
        interrupt(&child);
        thread::sleep(Duration::from_millis(10));
        match child.try_wait().unwrap() {
            Some(ended) => break ended,
            None if Instant::now() > end => {
                child.kill().unwrap();
                panic!("it does not end");
            }
            None => {}
        }
    };
    let mut errors = String::new();
    child.stderr.take().unwrap().read_to_string(&mut errors).unwrap();
    assert!(errors.contains("interrupted at (again "), "{errors}");
    assert_eq!(ended.code(), Some(130));
}

/// A session on a terminal.
struct Terminal {
    child: Child,
    keys: File,
    screen: Receiver<Vec<u8>>,
    seen: String,
}

impl Terminal {
    fn new(arguments: &[&str]) -> Self {
        let pty = openpty(None, None).unwrap();
        let side = File::from(pty.slave);
        let child = pleach(arguments)
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

    /// Waits until it can be typed, for the terminal takes keys for lines before that, and types.
    #[track_caller]
    fn enter(&mut self, keys: &str) {
        self.expect("\x1b[?2004h");
        self.press(keys);
    }

    /// Waits until this is on the screen, after what was waited for before.
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
fn on_a_terminal_entries_are_edited_completed_and_remembered() {
    let history = folder("history").join("deep/er/history");
    let history = history.to_str().unwrap();
    let mut terminal = Terminal::new(&["--history", history]);
    terminal.expect(":help lists the commands");
    // An open parenthesis goes on in the next line.
    terminal.enter("(= (treble $x)\r(* 3 $x))\r");
    terminal.expect("added 1 atom");
    // Names of the world and built-ins are completed.
    terminal.enter("!(treb\t 5)\r");
    terminal.expect("[15]");
    terminal.enter("!(get-ty\t 5)\r");
    terminal.expect("[Number]");
    // What looks like a call and is none.
    terminal.enter("(treble 1)\r");
    terminal.expect("to evaluate it, type !(treble 1)");
    // What is likely misspelled.
    terminal.enter("!(trelbe 1)\r");
    terminal.expect("did you mean `treble`?");
    terminal.expect("[(trelbe 1)]");
    // Ctrl-C gives up an entry, and nothing else.
    terminal.enter("(half of\x03");
    terminal.enter(":fork side\r");
    terminal.expect("pleach side> ");
    terminal.press("\x04");
    terminal.end();

    // The entries are there the next time: this searches for one.
    let mut terminal = Terminal::new(&["--history", history]);
    terminal.enter("(= (treble $x) (+ $x $x))\r");
    terminal.expect("added 1 atom");
    terminal.enter("\x12treble 5\r");
    terminal.expect("[10]");
    terminal.enter(":quit\r");
    terminal.end();
    let kept = fs::read_to_string(history).unwrap();
    assert!(kept.contains("!(treble 5)") && kept.contains(":fork side"), "{kept}");
}
