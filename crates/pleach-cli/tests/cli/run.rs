//! `pleach run`.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

const TOUR: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/tour.metta");

fn pleach() -> Command {
    Command::new(env!("CARGO_BIN_EXE_pleach"))
}

/// Writes a file into the folder of a test.
fn file(test: &str, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(test);
    fs::create_dir_all(&folder).unwrap();
    let path = folder.join(name);
    fs::write(&path, content).unwrap();
    path
}

fn run(file: impl AsRef<Path>, options: &[&str]) -> Output {
    pleach().arg("run").arg(file.as_ref()).args(options).output().unwrap()
}

fn text(bytes: &[u8]) -> &str {
    str::from_utf8(bytes).unwrap()
}

#[track_caller]
fn assert_run(output: &Output, code: i32, stdout: &str) {
    let stderr = text(&output.stderr);
    assert!(!stderr.contains("panicked"), "{stderr}");
    assert_eq!(text(&output.stdout), stdout, "{stderr}");
    assert_eq!(output.status.code(), Some(code), "{stderr}");
}

#[test]
fn each_evaluation_prints_one_line() {
    let program =
        "(= (twice $x) ($x $x)) (p b) (p a)\n!(twice 1) !(match &self (p $x) $x)\n!nothing !(empty) !\"a\\nb\"";
    let output = run(file("each", "a.metta", program), &[]);
    assert_run(&output, 0, "[(1 1)]\n[a, b]\n[nothing]\n[]\n[\"a\\nb\"]\n");
    assert_eq!(text(&output.stderr), "");
}

#[test]
fn files_run_one_after_another_in_one_world() {
    let first = file("files", "first.metta", "(= (f) 1)");
    let second = file("files", "second.metta", "!(f)");
    let output = pleach().arg("run").args([first, second]).output().unwrap();
    assert_run(&output, 0, "[1]\n");
}

#[test]
fn the_tour_prints_what_is_expected() {
    let expected = fs::read_to_string(Path::new(TOUR).with_extension("expected")).unwrap();
    assert_run(&run(TOUR, &[]), 0, &expected);
}

/// A program whose arguments write, and take long enough to be evaluated on several threads.
const LABOUR: &str = "
    (= (labour $n) (if (== $n 0) done (labour (- $n 1))))
    (= (dig $depth $name)
       (if (== $depth 0)
           (let $x (labour 3000) (let $y (add-atom &self (= (dug) $name)) ($name $x)))
           ((dig (- $depth 1) ($name l)) (dig (- $depth 1) ($name r)))))
    !(dig 3 top)
    !(dug)
    !(match &self (= (dug) $name) (dig 1 (again $name)))
    !(dug)";

/// Prints the ids of spaces and states that arguments create, in one evaluation and in several.
const NAMES: &str = "(= (work $n) (if (== $n 0) (new-space) ((work (- $n 1)) (new-state $n) (new-space))))\n\
    !((work 6) (work 6))\n!(new-space)\n!(superpose ((work 5) (work 5) (work 5)))\n!(new-space)";

#[test]
fn the_output_is_the_same_on_any_number_of_threads() {
    let labour = file("threads", "labour.metta", LABOUR);
    let names = file("threads", "names.metta", NAMES);
    for program in [Path::new(TOUR), &labour, &names] {
        for policy in ["isolated", "sequential"] {
            let on = |threads| run(program, &["--policy", policy, "--threads", threads]);
            let one = on("1");
            assert_eq!(one.status.code(), Some(0));
            assert!(text(&one.stdout).lines().count() >= 4);
            for threads in ["2", "8"] {
                assert!(on(threads).stdout == one.stdout, "{policy} on {threads} threads");
            }
        }
    }
}

#[test]
fn the_policy_decides_what_arguments_see() {
    let program = file("policy", "a.metta", "!((add-atom &self (= (f) 1)) (f))\n!(f)");
    assert_run(&run(&program, &[]), 0, "[(() (f))]\n[1]\n");
    assert_run(&run(&program, &["--policy", "isolated"]), 0, "[(() (f))]\n[1]\n");
    assert_run(&run(&program, &["--policy", "sequential"]), 0, "[(() 1)]\n[1]\n");
}

#[test]
fn an_error_among_the_results_is_exit_code_1() {
    let program = file("error", "a.metta", "!(Error (f) bad)\n!(+ 1 1)\n!Error !(Errors 1)");
    assert_run(&run(program, &[]), 1, "[(Error (f) bad)]\n[2]\n[Error]\n[(Errors 1)]\n");
    let fine = file("error", "b.metta", "(Error this is a fact)\n!(+ 1 1)");
    assert_run(&run(fine, &[]), 0, "[2]\n");
}

/// A bad source, the location of the error, its message, and its line.
type Bad<'a> = (&'a [u8], &'a str, &'a str, &'a str);

#[test]
fn bad_input_is_shown_in_its_source_line() {
    let cases: [Bad<'_>; 15] = [
        (b"!1\n  (f (g)", "2:3", "never closed", "  (f (g)"),
        (b"!1\n(f))\n", "2:4", "closes nothing", "(f))"),
        (b"(say \"hi)", "1:6", "quote is never closed", "(say \"hi)"),
        (b"(say \"hi\\q\")", "1:9", "escape", "(say \"hi\\q\")"),
        (b"(f $ x)", "1:4", "needs a name", "(f $ x)"),
        (b"(f $x#y)", "1:4", "below 2^64", "(f $x#y)"),
        (
            b"!1\r\n9223372036854775808\r\n",
            "2:1",
            "64 bits",
            "9223372036854775808",
        ),
        (b"1e999", "1:1", "out of range", "1e999"),
        (b"(f)\n!", "2:1", "followed by an atom", "!"),
        (b"!!(f)", "1:1", "followed by an atom", "!!(f)"),
        (b"!1\n(f \xff)", "2:4", "invalid UTF-8", "(f "),
        // Columns count characters.
        ("(größe \"ä)".as_bytes(), "1:8", "quote is never closed", "(größe \"ä)"),
        ("(世界 世界 $)".as_bytes(), "1:8", "needs a name", "(世界 世界 $)"),
        (b"\xef\xbb\xbf(a", "1:2", "never closed", "(a"),
        (b"(\"two\nlines", "1:2", "quote is never closed", "(\"two"),
    ];
    for (index, (source, location, message, line)) in cases.into_iter().enumerate() {
        let path = file("bad", &format!("{index}.metta"), source);
        let output = run(&path, &[]);
        assert_run(&output, 2, "");
        let stderr = text(&output.stderr);
        for part in [&format!("{}:{location}\n", path.display()), message, line] {
            assert!(stderr.contains(part), "case {index}: {part:?} is not in\n{stderr}");
        }
        assert!(!stderr.contains('\x1b'), "case {index}: colours");
    }
}

#[test]
fn all_bad_files_are_reported_and_nothing_is_evaluated() {
    let good = file("all-bad", "good.metta", "!1");
    let bad = file("all-bad", "bad.metta", "(");
    let missing = good.with_file_name("missing.metta");
    let output = pleach().arg("run").args([&good, &missing, &bad]).output().unwrap();
    assert_run(&output, 2, "");
    let stderr = text(&output.stderr);
    assert!(
        stderr.contains("cannot read") && stderr.contains("missing.metta"),
        "{stderr}"
    );
    assert!(stderr.contains("bad.metta:1:1"), "{stderr}");
}

#[test]
fn a_folder_is_not_a_program() {
    let output = run(env!("CARGO_TARGET_TMPDIR"), &[]);
    assert_run(&output, 2, "");
    assert!(text(&output.stderr).contains("cannot read"));
}

#[test]
fn bad_arguments_are_exit_code_2() {
    let program = file("arguments", "a.metta", "!1");
    let program = program.to_str().unwrap();
    let cases: [&[&str]; 7] = [
        &[],
        &["run"],
        &["walk", program],
        &["run", program, "--threads", "0"],
        &["run", program, "--threads", "many"],
        &["run", program, "--policy", "wild"],
        &["run", program, "--unknown"],
    ];
    for arguments in cases {
        let output = pleach().args(arguments).output().unwrap();
        assert_run(&output, 2, "");
        assert!(text(&output.stderr).contains("--help"), "{arguments:?}");
    }
}

#[test]
fn misspelled_commands_get_a_suggestion() {
    let output = pleach().arg("chekc").output().unwrap();
    assert_run(&output, 2, "");
    assert!(
        text(&output.stderr).contains("similar subcommand exists: 'check'"),
        "{}",
        text(&output.stderr)
    );
}

#[test]
fn imports_are_found_beside_the_program() {
    file("imports", "library.metta", "(= (f) imported)");
    let program = file("imports", "a.metta", "!(import! &self library)\n!(f)");
    assert_run(&run(&program, &[]), 0, "[()]\n[imported]\n");
    let program = file("imports", "b.metta", "!1\n!(import! &self absent)\n!2");
    let missing = "[(Error (import! &self absent) #\"Failed to resolve module top:absent\")]";
    assert_run(&run(&program, &[]), 1, &format!("[1]\n{missing}\n[2]\n"));
    file("imports", "malformed.metta", "(f");
    let program = file("imports", "c.metta", "!1\n!(import! &self malformed)\n!2");
    let output = run(&program, &[]);
    assert_run(&output, 2, "[1]\n");
    let stderr = text(&output.stderr);
    assert!(
        stderr.contains("c.metta:2:2") && stderr.contains("malformed"),
        "{stderr}"
    );
    // In other folders, after the program's own.
    let other = file("other-imports", "elsewhere.metta", "(= (g) other)");
    file("other-imports", "library.metta", "(= (f) other)");
    let program = file(
        "imports",
        "d.metta",
        "!(import! &self library) !(import! &self elsewhere) !((f) (g))",
    );
    let path = ["--path", other.parent().unwrap().to_str().unwrap()];
    assert_run(&run(&program, &path), 0, "[()]\n[()]\n[(imported other)]\n");
}

#[test]
fn a_million_parentheses_are_an_atom_or_an_error() {
    let deep = 1_000_000;
    let (open, close) = ("(".repeat(deep), ")".repeat(deep));
    let output = run(file("deep", "closed.metta", format!("!{open}{close}")), &[]);
    assert_run(&output, 0, &format!("[{open}{close}]\n"));
    let output = run(file("deep", "open.metta", &open), &[]);
    assert_run(&output, 2, "");
    assert!(text(&output.stderr).contains(&format!("open.metta:1:{deep}")));
}

#[test]
fn stats_go_to_standard_error() {
    // More facts than a node holds, so that some nodes are shared.
    let mut program: String = (0..500).map(|n| format!("(q {n}) ")).collect();
    program += "(= (f) 1) (= (f) 2) (p) (p)\n!(f)\n!((add-atom &self a) (f) (add-atom &self b))";
    let program = file("stats", "a.metta", &program);
    for threads in ["1", "8"] {
        let output = run(&program, &["--stats", "--threads", threads]);
        assert_run(&output, 0, "[1, 2]\n[(() 1 ()), (() 2 ())]\n");
        let stderr = text(&output.stderr);
        let stats: Vec<(&str, f64)> = stderr
            .lines()
            .filter_map(|line| line.split_once(' '))
            .filter_map(|(name, rest)| Some((name, rest.split_whitespace().next()?.parse().ok()?)))
            .collect();
        let [before @ .., ("shared", shared), ("time", seconds)] = stats.as_slice() else {
            panic!("{stderr}");
        };
        let expected = [("rules", 2.0), ("facts", 505.0), ("forks", 2.0), ("merges", 1.0)];
        assert_eq!(before, expected, "{stderr}");
        assert!(*shared > 0.0 && (0.0..60.0).contains(seconds), "{stderr}");
    }
}

/// Writes a program with more output than a pipe buffers.
fn talkative(test: &str) -> PathBuf {
    file(test, "talkative.metta", "!(a line of output)\n".repeat(20_000))
}

#[test]
fn a_closed_pipe_causes_no_panic() {
    let mut child = pleach()
        .args([Path::new("run"), &talkative("pipe")])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    assert_run(&child.wait_with_output().unwrap(), 0, "");
}

#[test]
fn a_closed_standard_error_causes_no_panic() {
    let mut child = pleach()
        .args([Path::new("run"), &file("stderr", "a.metta", "(")])
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stderr.take());
    assert_eq!(child.wait().unwrap().code(), Some(2));
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_is_an_error() {
    let full = File::options().write(true).open("/dev/full").unwrap();
    let output = pleach()
        .args([Path::new("run"), &talkative("full")])
        .stdout(full)
        .output()
        .unwrap();
    assert_run(&output, 2, "");
    assert!(text(&output.stderr).contains("cannot write"));
}
