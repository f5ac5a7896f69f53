//! `pleach check`.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Writes a file into the folder of a test.
fn file(test: &str, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("check-{test}"));
    fs::create_dir_all(&folder).unwrap();
    let path = folder.join(name);
    fs::write(&path, content).unwrap();
    path
}

fn check(files: &[&Path]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_pleach"))
        .arg("check")
        .args(files)
        .output()
        .unwrap()
}

/// Checks the exit code and the report, without the folder of the files.
#[track_caller]
fn assert_check(files: &[&Path], code: i32, report: &str) {
    let output = check(files);
    let stderr = str::from_utf8(&output.stderr).unwrap();
    let folder = files.first().and_then(|file| file.parent()).unwrap();
    let stderr = stderr.replace(&format!("{}/", folder.display()), "");
    let trimmed: Vec<&str> = stderr.lines().map(str::trim_end).collect();
    assert_eq!(trimmed.join("\n"), report);
    assert_eq!(output.status.code(), Some(code), "{stderr}");
    assert!(output.stdout.is_empty());
}

#[test]
fn a_correct_program_passes_and_is_not_run() {
    let path = file(
        "fine",
        "a.metta",
        "(= (f $x) (+ $x 1)) !(println! (f 1)) !(Error (f) bad)",
    );
    assert_check(&[&path], 0, "1 file: no problems found");
}

#[test]
fn mistakes_are_shown_in_their_source_line() {
    let program = "(: fact (-> Number Number))\n(= (fact $n)\n   (if (< $n 2) 1\n      (* $n (fcat (- $n 1)))))\n\n\
                   !(fact \"five\") ; a string\n!(fact)\n";
    let path = file("shown", "a.metta", program);
    assert_check(
        &[&path],
        1,
        "warning: `fcat` is undefined, so this is irreducible
 --> a.metta:4:14
  |
4 |       (* $n (fcat (- $n 1)))))
  |              ^^^^
  |
  = help: did you mean `fact`?

error: `fact` expects Number as argument 1, but this is String
 --> a.metta:6:8
  |
6 | !(fact \"five\") ; a string
  |        ^^^^^^

error: `fact` takes 1 argument, but is given 0
 --> a.metta:7:2
  |
7 | !(fact)
  |  ^^^^^^

1 file: 2 errors, 1 warning",
    );
}

#[test]
fn warnings_alone_exit_with_0() {
    let path = file("warnings", "a.metta", "!(match &nowhere $x $x)");
    let output = check(&[&path]);
    assert_eq!(output.status.code(), Some(0));
    assert!(
        str::from_utf8(&output.stderr)
            .unwrap()
            .starts_with("warning: `&nowhere` is not bound")
    );
}

#[test]
fn all_syntax_errors_are_reported() {
    let one = file("syntax", "one.metta", "!(f\n  (g)\n\n!(h)");
    let two = file("syntax", "two.metta", "(a)) ; more\n(b $)\n(fine)\n(c \"x)\n(d\n  e");
    let fine = file("syntax", "fine.metta", "!(if 1 2 3)");
    assert_check(
        &[&one, &fine, &two],
        1,
        "error: this parenthesis is never closed
 --> one.metta:1:2
  |
1 | !(f
  |  ^
  |
  = help: is a `)` missing before line 4?
error: this parenthesis closes nothing
 --> two.metta:1:4
  |
1 | (a)) ; more
  |    ^
error: a variable needs a name
 --> two.metta:2:4
  |
2 | (b $)
  |    ^
error: this quote is never closed
 --> two.metta:4:4
  |
4 | (c \"x)
  |    ^
error: this parenthesis is never closed
 --> two.metta:5:1
  |
5 | (d
  | ^",
    );
}

#[test]
fn a_missing_file_is_exit_code_2() {
    let fine = file("missing", "fine.metta", "!1");
    let output = check(&[&fine, &fine.with_file_name("missing.metta")]);
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn files_are_one_program_and_imports_are_read() {
    let library = file(
        "together",
        "library.metta",
        "(: double (-> Number Number)) (= (double $x) (+ $x $x))",
    );
    let user = file("together", "user.metta", "!(double \"a\")");
    let importer = file("together", "importer.metta", "!(import! &self library) !(double \"a\")");
    for files in [&[&*library, &*user][..], &[&*user, &*library], &[&*importer]] {
        let output = check(files);
        let stderr = str::from_utf8(&output.stderr).unwrap();
        assert!(stderr.contains("`double` expects Number as argument 1"), "{stderr}");
        assert_eq!(output.status.code(), Some(1));
    }
    let elsewhere = file("elsewhere", "user.metta", "!(double \"a\")");
    assert_eq!(check(&[&library, &elsewhere]).status.code(), Some(1));
    assert_eq!(check(&[&user]).status.code(), Some(0));

    let absent = file("together", "absent.metta", "!(import! &self absent-file)");
    let output = check(&[&absent]);
    let stderr = str::from_utf8(&output.stderr).unwrap();
    assert!(
        stderr.contains("absent.metta:1:17") && stderr.contains("cannot import"),
        "{stderr}"
    );
    assert_eq!(output.status.code(), Some(1));
}

/// The programs of other tests, with the problems that they have on purpose.
#[test]
fn the_test_programs_have_only_intended_problems() {
    let top = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    assert_eq!(
        check(&[&top.join("examples/tour.metta")]).stderr,
        b"1 file: no problems found\n"
    );
    let mut faulty = Vec::new();
    for entry in fs::read_dir(top.join("crates/pleach-metta/tests/programs")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "metta") {
            let output = check(&[&path]);
            let report = str::from_utf8(&output.stderr).unwrap();
            if let Some((_, found)) = report.lines().last().unwrap().split_once(": ")
                && found != "no problems found"
            {
                faulty.push(format!("{}: {found}", path.file_stem().unwrap().display()));
            }
        }
    }
    faulty.sort();
    assert_eq!(
        faulty,
        [
            "bind: 2 warnings",
            "comparison: 1 error",
            "condition-types: 1 error",
            "dependent-types: 1 error",
            "errors: 2 errors",
            "eval-one-step: 1 error",
            "expression-head-type: 1 error",
            "if: 2 errors",
            "logic: 1 error",
            "math: 1 error",
            "number-tables: 1 error",
            "overloaded-types: 1 error",
            "own-arithmetic-rules: 2 warnings",
            "parametric-types: 1 error",
            "spaces: 1 warning",
            "states: 1 error",
            "strings: 1 warning",
            "type-errors: 7 errors",
            "wrong-arity: 7 errors"
        ]
    );
}

#[test]
fn the_errors_of_a_file_are_limited() {
    let file = file("syntax-many", "many.metta", "(a))\n".repeat(1000));
    let output = check(&[&file]);
    assert_eq!(output.status.code(), Some(1));
    let shown = String::from_utf8(output.stderr).unwrap().matches("error:").count();
    assert_eq!(shown, 20);
}
