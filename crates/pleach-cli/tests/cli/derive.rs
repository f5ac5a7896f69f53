//! `pleach derive`.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use super::sandbox::{Sandbox, ended};

const RULES: &str = "(=> (, (edge $x $y)) (path $x $y))
(=> (, (path $x $y) (edge $y $z) (not (closed $z))) (path $x $z))
";

fn sandbox(name: &str) -> Sandbox {
    let sandbox = Sandbox::new(name);
    sandbox.file("rules", RULES);
    sandbox.file("a.metta", "(edge a b) (edge b c) (edge c d) (closed d)");
    sandbox.prints("save a.metta world.pleach", 0);
    sandbox
}

#[test]
fn derived_facts_are_printed_or_saved() {
    let sandbox = sandbox("cli-derive");
    let derived = "(path a b)\n(path a c)\n(path b c)\n(path c d)\n";
    assert_eq!(sandbox.prints("derive rules world.pleach", 0), derived);
    assert_eq!(sandbox.prints("derive rules world.pleach -o closure.pleach", 0), "");
    let diff = sandbox.prints("diff world.pleach closure.pleach", 1);
    assert_eq!(diff, derived.replace("(path", "+ (path"));
    // The world itself stays, and a closure has nothing to add.
    assert_eq!(sandbox.prints("load world.pleach", 0).lines().count(), 4);
    assert_eq!(sandbox.prints("derive rules closure.pleach", 0), "");
    sandbox.prints("derive rules world.pleach -o history@main -m closure", 0);
    assert_eq!(sandbox.prints("diff closure.pleach history", 0), "");
}

#[test]
fn a_derivation_is_explained() {
    let sandbox = sandbox("cli-explain");
    let explain = |fact: &str, code: i32| {
        let mut command = sandbox.command(["derive", "rules", "world.pleach", "--explain", fact]);
        ended(command.output().unwrap(), code)
    };
    let why = "(path a c) by rule 2\n  no (closed c)\n  (path a b) by rule 1\n    (edge a b)\n  (edge b c)\n";
    assert_eq!(explain("(path a c)", 0).0, why);
    assert_eq!(explain("(edge a b)", 0).0, "(edge a b)\n");
    assert!(explain("(path a d)", 1).1.contains("(path a d) doesn't follow"));
}

#[test]
fn mistakes_are_shown_where_they_are() {
    let sandbox = sandbox("cli-derive-mistakes");
    let mistakes = [
        ("(p 1)", "not of the form (=> (, pattern…) head)"),
        ("(=> (, (p $x)) (q $y))", "the variable $y of the head"),
        ("(=> (, (p $x) (not (q $x))) (q $x))", "depends on its own rule"),
    ];
    for (rule, message) in mistakes {
        sandbox.file("bad", &format!("{RULES}{rule}\n"));
        let error = sandbox.complains("derive bad world.pleach", 2);
        assert!(error.contains(message) && error.contains("bad:3:1"), "{error}");
    }
    sandbox.file("endless", "(=> (, (edge $x $y)) (edge $x (s $y)))");
    let error = sandbox.complains("derive endless world.pleach --limit 1000", 2);
    assert!(error.contains("more than 1000 facts"), "{error}");
    sandbox.complains("derive rules absent.pleach", 2);
    sandbox.complains("derive absent world.pleach", 2);
    sandbox.complains("derive rules world.pleach -o rules", 2);
}
