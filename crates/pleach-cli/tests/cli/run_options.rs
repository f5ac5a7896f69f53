//! The options of `pleach run`, its progress, and Ctrl-C.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use nix::pty::openpty;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// Writes a file into the folder of a test.
fn file(test: &str, content: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("run-{test}"));
    fs::create_dir_all(&folder).unwrap();
    let path = folder.join("program.metta");
    fs::write(&path, content).unwrap();
    path
}

fn pleach(path: &Path, options: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pleach"));
    command.arg("run").arg(path).args(options);
    command
}

fn run(path: &Path, options: &[&str]) -> Output {
    pleach(path, options).output().unwrap()
}

fn spawn(path: &Path, options: &[&str]) -> Child {
    pleach(path, options)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

fn text(bytes: &[u8]) -> &str {
    str::from_utf8(bytes).unwrap()
}

const ENDLESS: &str = "(= (again $n) (again (+ $n 1)))\n";

#[test]
fn a_trace_shows_reductions_indented_by_depth() {
    let path = file(
        "trace",
        "(= (fact $n) (if (< $n 2) 1 (* $n (fact (- $n 1)))))\n!(fact 2)\n!(superpose (a b))\n!(match &self (p) x)",
    );
    let output = run(&path, &["--trace", "--threads", "2"]);
    assert_eq!(text(&output.stdout), "[2]\n[a, b]\n[]\n");
    let trace = text(&output.stderr);
    let lines: Vec<&str> = trace.lines().collect();
    assert_eq!(lines[0], "!(fact 2)");
    assert_eq!(lines[1], "  (fact 2) => (if (< 2 2) 1 (* 2 (fact (- 2 1))))");
    assert!(
        lines.contains(&"    (fact 1) => (if (< 1 2) 1 (* 1 (fact (- 1 1))))"),
        "{trace}"
    );
    assert!(lines.contains(&"  (* 2 1) => 2"), "{trace}");
    assert!(lines.contains(&"  (superpose (a b)) => a | b"), "{trace}");
    assert!(lines.contains(&"  (match &self (p) x) => no result"), "{trace}");
}

#[test]
fn a_trace_abridges_large_atoms_and_deep_reductions() {
    let path = file(
        "large",
        "(= (down $n) (if (== $n 0) 0 (+ 1 (down (- $n 1)))))\n!(down 200)\n!(cons-atom a (quote ((((((((((long long) \
         long) long) long) long) long) long) long) long) long) long long long long long long long long long long))",
    );
    let output = run(&path, &["--trace"]);
    let trace = text(&output.stderr);
    assert!(trace.contains("[150] (down 50) => "), "{trace}");
    assert!(trace.lines().all(|line| line.chars().count() < 300), "{trace}");
    assert!(trace.contains('…'), "{trace}");
}

#[test]
fn calls_are_memoized_on_request() {
    // 10¹⁷ steps without a memo table.
    let fib = "(= (fib $n) (if (< $n 2) $n (+ (fib (- $n 1)) (fib (- $n 2)))))\n!(fib 80)";
    let output = run(&file("memo", fib), &["--memo", "1000"]);
    assert_eq!(
        (text(&output.stdout), output.status.code()),
        ("[23416728348467685]\n", Some(0))
    );
}

#[test]
fn limits_end_a_run_and_are_located() {
    let path = file("limits", &format!("{ENDLESS}!1\n!(again 0)\n!2"));
    let output = run(&path, &["--fuel", "5000"]);
    assert_eq!((text(&output.stdout), output.status.code()), ("[1]\n", Some(2)));
    let errors = text(&output.stderr);
    assert!(
        errors.contains("more than 5000 steps") && errors.contains("program.metta:3:2"),
        "{errors}"
    );

    let path = file("memory", "(= (grow $n) (+ 1 (grow (+ $n 1))))\n!(grow 0)");
    let output = run(&path, &["--memory", "3M"]);
    assert_eq!(output.status.code(), Some(2));
    let errors = text(&output.stderr);
    assert!(
        errors.contains("more than 3000000 bytes") && errors.contains("program.metta:2:2"),
        "{errors}"
    );

    for bad in ["3T", "M", "-1", "99999999999G"] {
        let output = run(&path, &[&format!("--memory={bad}")]);
        assert_eq!(output.status.code(), Some(2));
        assert!(
            text(&output.stderr).contains("500K, 2M or 1G"),
            "{bad}: {}",
            text(&output.stderr)
        );
    }
}

#[test]
fn ctrl_c_ends_a_run_and_is_located() {
    for threads in ["1", "2"] {
        let path = file(
            &format!("ctrl-c-{threads}"),
            &format!("{ENDLESS}!(+ 1 1)\n  !(again 0)\n!never"),
        );
        let mut child = spawn(&path, &["--threads", threads]);
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        assert_eq!(line, "[2]\n");
        kill(Pid::from_raw(child.id().cast_signed()), Signal::SIGINT).unwrap();
        let ended = child.wait_with_output().unwrap();
        assert_eq!(ended.status.code(), Some(130));
        let errors = text(&ended.stderr);
        assert!(
            errors.contains("interrupted at (again ") && errors.contains("program.metta:3:4"),
            "{errors}"
        );
        line.clear();
        output.read_to_string(&mut line).unwrap();
        assert_eq!(line, "");
    }
}

#[test]
fn results_are_streamed_as_they_are_found() {
    let path = file("stream", "(= (from $n) $n) (= (from $n) (from (+ $n 1)))\n!(from 1)");
    let mut child = spawn(&path, &["--stream", "--threads", "1"]);
    let mut output = child.stdout.take().unwrap();
    let mut begun = [0; 16];
    output.read_exact(&mut begun).unwrap();
    assert_eq!(text(&begun), "[1, 2, 3, 4, 5, ");
    drop(output);
    // A closed pipe ends the run.
    assert_eq!(child.wait().unwrap().code(), Some(0));

    let path = file(
        "stream-whole",
        "(= (f) 1) (= (f) (let $x (println! said) 2))\n!(f)\n!(empty)\n!x",
    );
    let output = run(&path, &["--stream", "--threads", "1"]);
    assert_eq!(text(&output.stdout), "[1\nsaid\n, 2]\n[]\n[x]\n");
    let output = run(&path, &["--threads", "1"]);
    assert_eq!(text(&output.stdout), "said\n[1, 2]\n[]\n[x]\n");
}

#[test]
fn a_long_load_shows_its_progress_only_on_a_terminal() {
    let mut facts = String::new();
    for number in 0..250_000 {
        let _ = writeln!(
            facts,
            "(edge (node {number}) (node {}) (weight {}))",
            number / 2,
            number % 7
        );
    }
    facts += "!(match &self (edge (node 7) $x $y) $x)\n";
    let path = file("progress", &facts);
    let output = run(&path, &[]);
    assert_eq!(text(&output.stderr), "");

    let pty = openpty(None, None).unwrap();
    let mut child = pleach(&path, &[])
        .stdout(Stdio::null())
        .stderr(File::from(pty.slave))
        .spawn()
        .unwrap();
    let mut screen = File::from(pty.master);
    let mut seen = Vec::new();
    let mut bytes = [0; 4096];
    // The end of the command closes the terminal: an error, or the end of the file.
    while let Ok(read @ 1..) = screen.read(&mut bytes) {
        seen.extend_from_slice(&bytes[..read]);
    }
    assert_eq!(child.wait().unwrap().code(), Some(0));
    let seen = text(&seen);
    assert!(seen.contains("program.metta: ") && seen.contains(" %"), "{seen:?}");
    assert!(seen.ends_with("\r\x1b[K"), "{seen:?}");
}

#[test]
fn too_many_threads_are_an_error_of_the_arguments() {
    let path = file("threads", "!(+ 1 2)");
    for threads in ["0", "1025", "100000", "18446744073709551615"] {
        let output = run(&path, &["--threads", threads]);
        assert_eq!((text(&output.stdout), output.status.code()), ("", Some(2)));
        let errors = text(&output.stderr);
        assert!(
            errors.contains("expected a number of threads from 1 to 1024"),
            "{errors}"
        );
    }
}
