//! `pleach repl` with a pipe as its input.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use pleach::{Atom, Environment};
use pleach_metta::References;

pub(super) fn folder(test: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("repl-{test}"));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

pub(super) fn pleach(arguments: &[&str]) -> Command {
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

/// Runs a session with this input.
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
    // The last line needs no line feed.
    assert_script("!\"two\nlines\" ; comment (\n!1", 0, "[\"two\\nlines\"]\n[1]\n", &[]);
    assert_script("", 0, "", &[]);
}

#[test]
fn an_error_does_not_end_the_session() {
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
            "there is no command :frok; did you mean :fork?",
            ":merge needs a NAME",
            "there is no fork x",
            "there is nothing to undo",
            ":quit takes no argument",
        ],
    );
}

#[test]
fn commands_are_explained_and_misspellings_corrected() {
    let output = script(":help\n:help save\n:help :re\n:help swich\n:s\n:exit\n", &[]);
    let (stdout, stderr) = (
        str::from_utf8(&output.stdout).unwrap(),
        str::from_utf8(&output.stderr).unwrap(),
    );
    assert!(stdout.starts_with(":help [COMMAND]  list the commands"), "{stdout}");
    for part in [
        "\n:save [WORLD]    save",
        "\n:save [WORLD]: save",
        "never overwritten",
        "\n:redo: redo the step",
    ] {
        assert!(stdout.contains(part), "{part:?} is not in\n{stdout}");
    }
    for part in [
        ":swich; did you mean :switch?",
        ":s is ambiguous: :switch, :stats, :save",
        "no command :exit; :help",
    ] {
        assert!(stderr.contains(part), "{part:?} is not in\n{stderr}");
    }
}

#[test]
fn steps_are_undone_and_redone_one_by_one() {
    assert_script(
        "(p 1)\n!(add-atom &self (p 2))\n!(match &self (p $x) $x)\n:undo\n!(match &self (p $x) $x)\n:undo\n\
         !(match &self (p $x) $x)\n",
        0,
        "[()]\n[1, 2]\nundone: !(add-atom &self (p 2))\n[1]\nundone: (p 1)\n[]\n",
        &[],
    );
    assert_script(
        "(p 1)\n:fork f\n(p 2)\n:undo\n:undo\n:redo\n:redo\n!(match &self (p $x) $x)\n:forks\n",
        0,
        "undone: (p 2)\nundone: :fork f\nredone: :fork f\nredone: (p 2)\n[1, 2]\n* f: 2 atoms\n  main: 1 atom\n",
        &[],
    );
    // A new step discards those that were undone.
    assert_script(
        "(p 1)\n:undo\n(p 2)\n:redo\n!(match &self (p $x) $x)\n",
        1,
        "undone: (p 1)\n[2]\n",
        &["nothing to redo"],
    );
}

#[test]
fn forks_are_made_compared_and_merged() {
    assert_script(
        "(p 1)\n:fork other\n(p 2)\n:diff main\n:switch main\n(p 3)\n:forks\n:merge other\n:diff\n\
         !(match &self (p $x) $x)\n:undo\n:undo\n:undo\n:undo\n:forks\n:diff\n",
        0,
        "+ (p 2)\n* main: 2 atoms\n  other: 2 atoms\nmerged other: 1 change\n+ (p 2)\n[1, 2, 3]\n\
         undone: :merge other\nundone: (p 3)\nundone: :switch main\nundone: (p 2)\n  main: 1 atom\n* other: 1 atom\n",
        &[],
    );
    assert_script(
        ":fork a b\n:fork main\n:diff main\n:switch nowhere\n",
        1,
        "",
        &[
            "a single word",
            "already a fork main",
            "main is the current fork",
            "no fork nowhere",
        ],
    );
}

#[test]
fn conflicts_of_states_are_reported() {
    let output = script(
        "!(bind! &n (new-state 1))\n:fork b\n!(change-state! &n 2)\n:switch main\n!(change-state! &n 3)\n:merge b\n!(get-state &n)\n",
        &[],
    );
    let stdout = str::from_utf8(&output.stdout).unwrap();
    assert!(stdout.contains("conflict: ") && stdout.ends_with("[2]\n"), "{stdout}");
}

#[test]
fn spaces_states_and_bindings_are_listed_copied_and_dropped() {
    let output = script(
        "!(bind! &notes (new-space))\n!(add-atom &notes (remember milk))\n!(bind! &n (new-state 1))\n:names\n:drop &n\n:names\n\
         :undo\n:names\n:drop nobody\n:copy nobody\n",
        &[],
    );
    let (stdout, stderr) = (
        str::from_utf8(&output.stdout).unwrap(),
        str::from_utf8(&output.stderr).unwrap(),
    );
    let bindings = |text: &str| stdout.matches(text).count();
    assert_eq!(
        (bindings("&notes: "), bindings("&n: "), bindings(": 1 atom\n")),
        (3, 2, 3),
        "{stdout}"
    );
    for message in ["no space, state or binding nobody", "no space nobody"] {
        assert!(stderr.contains(message), "{stderr}");
    }
    // With the names that `:names` prints.
    let space = stdout.lines().find_map(|line| line.strip_suffix(": 1 atom")).unwrap();
    let program = "!(bind! &notes (new-space))\n!(add-atom &notes (remember milk))\n";
    let output = script(
        &format!("{program}:copy {space}\n:drop {space}\n:names\n!(get-atoms &notes)\n"),
        &[],
    );
    let stdout = str::from_utf8(&output.stdout).unwrap();
    assert!(stdout.contains(&format!("copied {space} to ")), "{stdout}");
    assert!(
        stdout.contains(": 1 atom\n") && !stdout.contains(&format!("\n{space}: 1 atom\n")),
        "{stdout}"
    );
}

#[test]
fn data_spaces_are_listed_as_such() {
    let world = folder("repl-data-space").join("world");
    let mut env = pleach::Environment::<pleach::Atom>::new();
    let space = env.new_data_space();
    env.space_mut(space).unwrap().add_fact("(= a b)".parse().unwrap());
    env.save(&world).unwrap();
    let output = script(":names\n", &["--world", world.to_str().unwrap()]);
    let stdout = str::from_utf8(&output.stdout).unwrap();
    assert!(stdout.contains(&format!("{space}: 1 atom of data\n")), "{stdout}");
}

#[test]
fn the_world_is_described() {
    let output = script(
        "(: f (-> Number Number)) (= (f $x) $x)\n(a) (a)\n:types\n:types (f 1)\n:types f g\n:stats\n:help\n",
        &[],
    );
    let stdout = str::from_utf8(&output.stdout).unwrap();
    assert!(
        stdout.starts_with("(: f (-> Number Number))\n[Number]\natoms   4 (3 distinct, including 1 rule)\n"),
        "{stdout}"
    );
    for part in [
        "steps   2 can be undone, 0 redone",
        "forks   1\n",
        ":merge NAME ",
        ":quit",
    ] {
        assert!(stdout.contains(part), "{part} is not in\n{stdout}");
    }
    assert!(
        str::from_utf8(&output.stderr)
            .unwrap()
            .contains("expected a single atom")
    );
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
    // An idle session ends.
    let end = Instant::now() + Duration::from_secs(9);
    let ended = loop {
        interrupt(&child);
        thread::sleep(Duration::from_millis(10));
        match child.try_wait().unwrap() {
            Some(ended) => break ended,
            None if Instant::now() > end => {
                child.kill().unwrap();
                panic!("Ctrl-C doesn't end an idle session");
            }
            None => {}
        }
    };
    let mut errors = String::new();
    child.stderr.take().unwrap().read_to_string(&mut errors).unwrap();
    assert!(errors.contains("interrupted at (again "), "{errors}");
    assert_eq!(ended.code(), Some(130));
}

#[test]
fn worlds_are_saved_and_unsaved_changes_listed() {
    let folder = folder("save");
    let world = folder.join("world.pleach");
    let world = world.to_str().unwrap();
    let output = script("(a)\n:save\n", &[]);
    let errors = str::from_utf8(&output.stderr).unwrap();
    assert!(errors.contains(":save needs a WORLD"), "{errors}");
    assert_eq!(output.status.code(), Some(1));

    // The first `:save` of a session sets the world, others save copies.
    let copy = folder.join("copy.pleach");
    let copy = copy.to_str().unwrap();
    let output = script(&format!("(a)\n:save {world}\n(b)\n:save {copy}\n(c)\n"), &[]);
    let stdout = str::from_utf8(&output.stdout).unwrap();
    assert_eq!(stdout, format!("saved main to {world}\nsaved main to {copy}\n"));
    let errors = str::from_utf8(&output.stderr).unwrap();
    assert!(
        errors.contains(&format!(
            "warning: unsaved changes in main are lost; :save saves to {world}"
        )),
        "{errors}"
    );
    // Unsaved changes aren't an error.
    assert_eq!(output.status.code(), Some(0));

    for (entries, lost) in [
        ("!(match &self ($x) $x)", None),
        ("(b)\n:undo", None),
        ("(b)\n:fork side\n(c)\n:quit", Some("side, main")),
        ("(b)\n:fork side\n:save", None),
        ("(b)\n:save\n:undo", Some("main")),
        ("(b)\n:save\n:undo\n:redo", None),
    ] {
        Environment::<Atom>::from_iter(["(a)".parse().unwrap()])
            .save(world)
            .unwrap();
        let output = script(entries, &["--world", world]);
        let errors = str::from_utf8(&output.stderr).unwrap();
        match lost {
            None => assert_eq!(errors, "", "{entries}"),
            Some(forks) => assert!(
                errors.contains(&format!("changes in {forks} are lost")),
                "{entries}: {errors}"
            ),
        }
        assert_eq!(output.status.code(), Some(0), "{entries}");
    }
}

#[test]
fn saves_to_a_branch_are_merged_with_what_others_saved() {
    let folder = folder("save-branch");
    let branch = folder.join("h@main");
    let branch = branch.to_str().unwrap();
    let first = script(&format!("(a)\n:save {branch}\n"), &[]);
    assert_eq!(first.status.code(), Some(0), "{first:?}");
    let mut child = spawn(&["--world", branch]);
    let mut input = child.stdin.take().unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    input.write_all(b"(b)\n:save\n").unwrap();
    output.read_line(&mut line).unwrap();
    assert_eq!(line, format!("saved main to {branch}\n"));
    script("(c)\n:save\n", &["--world", branch]);
    input.write_all(b"(d)\n:save\n").unwrap();
    drop(input);
    assert_eq!(child.wait().unwrap().code(), Some(0));
    let found = script("!(collapse (match &self ($x) $x))\n", &["--world", branch]);
    let found = str::from_utf8(&found.stdout).unwrap();
    let mut names: Vec<&str> = found.trim_matches(|c| "[]()\n".contains(c)).split(' ').collect();
    names.sort_unstable();
    assert_eq!(names, ["a", "b", "c", "d"]);
}

#[test]
fn differences_are_printed_like_those_of_saved_worlds() {
    let folder = folder("diff");
    let [old, new] = ["old.pleach", "new.pleach"].map(|name| folder.join(name).to_str().unwrap().to_owned());
    let base = "(p 1) (p 1) (q 1) (= (f) 1) (= (g) 2)\n!(bind! &n (new-state 1))\n";
    let changes = "!(remove-atom &self (p 1))\n(r) (r)\n!(change-state! &n 2)\n\
                   !(remove-atom &self (= (f) 1))\n(= (f) 1)\n";
    let session = script(
        &format!("{base}:save {old}\n:fork new\n{changes}:save {new}\n:diff main\n"),
        &[],
    );
    let printed = str::from_utf8(&session.stdout).unwrap();
    let (_, printed) = printed.split_once(&format!("saved new to {new}\n")).unwrap();
    let command = Command::new(env!("CARGO_BIN_EXE_pleach"))
        .args(["diff", &old, &new])
        .output()
        .unwrap();
    assert_eq!(command.status.code(), Some(1));
    assert_eq!(printed, str::from_utf8(&command.stdout).unwrap());
    for line in ["- (p 1)\n", "+2 (r)\n", ": 1 -> 2\n", "~ (= (g) 2)\n"] {
        assert!(printed.contains(line), "{line:?} is not in\n{printed}");
    }
}

#[test]
fn different_sessions_make_different_states() {
    let folder = folder("states");
    let [a, b] = ["a.pleach", "b.pleach"].map(|name| folder.join(name).to_str().unwrap().to_owned());
    for (path, content) in [(&a, "1"), (&b, "2")] {
        script(
            &format!("!(bind! &{content} (new-state {content}))\n:save {path}\n"),
            &[],
        );
    }
    let [a, b] = [a, b].map(|path| Environment::<Atom>::load_with(path, &References).unwrap());
    assert_ne!(
        a.binding("&1").unwrap().to_string(),
        b.binding("&2").unwrap().to_string()
    );
}

#[test]
fn watched_answers_are_shown_after_each_step() {
    assert_script(
        ":watch (p $x)\n:watch (, (p $x) (not (q $x)))\n(p 1) (q 2)\n!(add-atom &self (p 2))\n:undo\n:redo\n(r 1)\n(q 1)\n:watch\n(p 3)\n",
        0,
        "+ (p 1)\n+ (, (p 1))\n\
         [()]\n+ (p 2)\n\
         undone: !(add-atom &self (p 2))\n- (p 2)\n\
         redone: !(add-atom &self (p 2))\n+ (p 2)\n\
         - (, (p 1))\n",
        &[],
    );
    assert_script(":watch (p", 1, "", &["expected a single atom"]);
}
