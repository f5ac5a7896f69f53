//! `pleach save`, `load`, `log`, `diff`, `merge`, `verify`, `branch` and `tag`.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};

use super::sandbox::Sandbox;
use pleach::persist::{Codec, Journal};
use pleach::term::{Grounded, Item, Parser};
use pleach::{Atom, Environment};

#[test]
fn a_world_is_saved_and_loaded() {
    let sandbox = Sandbox::new("cli-load");
    sandbox.file(
        "a.metta",
        "(p 1) (p 1) (= (f $x) ($x $x)) (: f Fun) (= (g) 2)\n!(f 1)\n!(add-atom &self (q))",
    );
    assert_eq!(sandbox.prints("save a.metta world.pleach", 0), "[(1 1)]\n[()]\n");
    let program = sandbox.prints("load world.pleach", 0);
    assert_eq!(program, "(q)\n(p 1)\n(p 1)\n(= (f $x) ($x $x))\n(: f Fun)\n(= (g) 2)\n");
    assert_eq!(sandbox.prints("load world.pleach --query (p,1)", 0), "");
    let mut command = Command::new(env!("CARGO_BIN_EXE_pleach"));
    command
        .current_dir(sandbox.path())
        .args(["load", "world.pleach", "-q", "(p $x)"]);
    assert_eq!(command.output().unwrap().stdout, b"(p 1)\n(p 1)\n");
    // The output is a program that makes the same world.
    sandbox.file("b.metta", &program);
    sandbox.prints("save b.metta again.pleach", 0);
    assert_eq!(sandbox.prints("diff world.pleach again.pleach", 0), "");
    // Programs and the REPL can start from it.
    sandbox.file("c.metta", "!(g)");
    assert_eq!(sandbox.prints("run --world world.pleach c.metta", 0), "[2]\n");
    let mut repl = Command::new(env!("CARGO_BIN_EXE_pleach"));
    repl.current_dir(sandbox.path())
        .args(["repl", "--world", "world.pleach"]);
    let mut repl = repl.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    repl.stdin.take().unwrap().write_all(b"!(f 3)\n").unwrap();
    assert_eq!(repl.wait_with_output().unwrap().stdout, b"[(3 3)]\n");
    sandbox.file("d.metta", "(= (g) 3)");
    sandbox.prints("save --world world.pleach d.metta world.pleach", 0);
    assert_eq!(sandbox.prints("diff again.pleach world.pleach", 1), "+ (= (g) 3)\n");
}

#[test]
fn spaces_and_states_are_saved_too() {
    let sandbox = Sandbox::new("cli-states");
    sandbox.file(
        "a.metta",
        "!(bind! &counter (new-state 1))\n!(bind! &notes (new-space))\n!(add-atom &notes (milk))",
    );
    sandbox.prints("save a.metta world.pleach", 0);
    sandbox.file("b.metta", "!(get-state &counter)\n!(match &notes ($x) $x)");
    assert_eq!(sandbox.prints("run --world world.pleach b.metta", 0), "[1]\n[milk]\n");
    let shown = sandbox.prints("load world.pleach", 0);
    assert!(
        shown.lines().all(|line| line.starts_with("; ")) && shown.contains("(milk)"),
        "{shown}"
    );
    sandbox.file("c.metta", "!(change-state! &counter 2)");
    sandbox.prints("save --world world.pleach c.metta other.pleach", 0);
    let diff = sandbox.prints("diff world.pleach other.pleach", 1);
    assert!(diff.starts_with("state-") && diff.ends_with(": 1 -> 2\n"), "{diff}");
}

/// A grounded value of a host program, unknown to the command.
struct Handle;

impl Grounded for Handle {
    fn type_name(&self) -> &str {
        "Handle"
    }
    fn identity(&self) -> std::borrow::Cow<'_, [u8]> {
        std::borrow::Cow::Borrowed(b"handle")
    }
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a handle")
    }
}

struct Handles;

impl Codec<Atom> for Handles {
    fn encode(&self, _: &Atom) -> Option<Vec<u8>> {
        Some(b"handle".to_vec())
    }
    fn decode(&self, _: &[u8]) -> Option<Atom> {
        Some(Atom::grounded(Handle))
    }
}

#[test]
fn opaque_values_of_another_program_are_an_error() {
    let sandbox = Sandbox::new("cli-opaque");
    let mut env = Environment::new();
    env.add_fact(Atom::expression([Atom::symbol("open"), Atom::grounded(Handle)]));
    env.save_with(sandbox.path().join("world.pleach"), &Handles).unwrap();
    for command in ["load world.pleach", "diff world.pleach world.pleach"] {
        assert!(sandbox.complains(command, 2).contains("the codec can't decode a value"));
    }
    assert!(sandbox.complains("verify world.pleach", 1).contains("byte "));
}

#[test]
fn nothing_is_overwritten_by_mistake() {
    let sandbox = Sandbox::new("cli-mistake");
    sandbox.file("a.metta", "(a)");
    sandbox.file("b.metta", "(b)");
    assert!(
        sandbox
            .complains("save a.metta b.metta", 2)
            .contains("isn't a saved world")
    );
    assert_eq!(fs::read_to_string(sandbox.path().join("b.metta")).unwrap(), "(b)");
    assert!(sandbox.complains("save a.metta", 2).contains("--help"));
    assert!(
        sandbox
            .complains("save missing.metta w.pleach", 2)
            .contains("nothing was saved")
    );
    sandbox.file("bad.metta", "(a");
    sandbox.complains("save bad.metta w.pleach", 2);
    assert!(!sandbox.path().join("w.pleach").exists());
    // The world is saved even if a result is an error.
    sandbox.file("error.metta", "(kept) !(Error (f) bad)");
    assert_eq!(sandbox.prints("save error.metta w.pleach", 1), "[(Error (f) bad)]\n");
    assert_eq!(sandbox.prints("load w.pleach", 0), "(kept)\n");
    assert!(
        sandbox
            .complains("save a.metta nowhere/w.pleach", 2)
            .contains("cannot save")
    );
    assert!(
        sandbox
            .complains("load nothing.pleach", 2)
            .contains("cannot load nothing.pleach")
    );
    assert!(
        sandbox
            .complains("load nothing@main", 2)
            .contains("no archive or journal")
    );
    assert!(!sandbox.path().join("nothing").exists());
}

#[test]
fn differences_are_shown() {
    let sandbox = Sandbox::new("cli-diff");
    sandbox.file("a.metta", "(p 1) (p 2) (p 2) (p 2) (= a 1) (= b 1) (= c 1)");
    sandbox.file("b.metta", "(p 2) (q) (= new 1) (= b 1) (= c 1) (= a 1)");
    sandbox.prints("save a.metta a.pleach", 0);
    sandbox.prints("save b.metta b.pleach", 0);
    assert_eq!(sandbox.prints("diff a.pleach a.pleach", 0), "");
    let diff = sandbox.prints("diff a.pleach b.pleach", 1);
    let mut lines: Vec<_> = diff.lines().collect();
    lines.sort_unstable();
    assert_eq!(lines, ["+ (= new 1)", "+ (q)", "- (p 1)", "-2 (p 2)", "~ (= a 1)"]);
    assert!(
        sandbox
            .complains("diff a.pleach nothing.pleach", 2)
            .contains("cannot load")
    );
    sandbox.file("text.pleach", "not a world");
    assert!(
        sandbox
            .complains("diff a.pleach text.pleach", 2)
            .contains("byte 0: not a file of this kind")
    );
}

#[test]
fn worlds_of_one_base_are_merged() {
    let sandbox = Sandbox::new("cli-merge");
    sandbox.file("base.metta", "(apple) (= (f) 1)\n!(bind! &x (new-state 0))");
    sandbox.prints("save base.metta base.pleach", 0);
    sandbox.file("ours.metta", "(apple) (= (f) ours)");
    sandbox.file(
        "theirs.metta",
        "(apple) (pear) (= (f) theirs)\n!(remove-atom &self (= (f) 1))",
    );
    sandbox.prints("save --world base.pleach ours.metta ours.pleach", 0);
    sandbox.prints("save --world base.pleach theirs.metta theirs.pleach", 0);
    assert_eq!(
        sandbox.prints("merge base.pleach ours.pleach theirs.pleach -o merged.pleach", 0),
        ""
    );
    let merged = sandbox.prints("load merged.pleach", 0);
    let atoms: Vec<_> = merged.lines().filter(|line| !line.starts_with(';')).collect();
    assert_eq!(atoms[..3].len() + atoms[3..].len(), 6);
    assert_eq!(atoms.iter().filter(|atom| **atom == "(apple)").count(), 3);
    assert_eq!(atoms[4..], ["(= (f) ours)", "(= (f) theirs)"]);

    for (name, value) in [("one", 1), ("two", 2)] {
        sandbox.file("c.metta", &format!("!(change-state! &x {value})"));
        sandbox.prints(&format!("save --world base.pleach c.metta {name}.pleach"), 0);
    }
    let merge = "merge base.pleach one.pleach two.pleach -o three.pleach";
    assert!(sandbox.complains(merge, 1).contains("(1 or 2)"));
    assert!(!sandbox.path().join("three.pleach").exists());
    sandbox.file("get.metta", "!(get-state &x)");
    for (who, value) in [("ours", "[1]\n"), ("theirs", "[2]\n")] {
        sandbox.prints(&format!("{merge} --on-conflict {who}"), 0);
        assert_eq!(sandbox.prints("run --world three.pleach get.metta", 0), value);
    }
    assert!(
        sandbox
            .complains("merge base.pleach one.pleach two.pleach", 2)
            .contains("output")
    );
    assert!(sandbox.complains("merge base.pleach one.pleach", 2).contains("archive"));
    assert!(
        sandbox
            .complains("merge no.pleach one.pleach two.pleach -o x.pleach", 2)
            .contains("no.pleach")
    );
}

/// Two branches that merged each other's earlier revisions, and resolved a conflict differently.
#[test]
fn conflicting_branches_are_not_merged_silently() {
    let sandbox = Sandbox::new("cli-criss-cross");
    sandbox.file("base.metta", "!(bind! &x (new-state 0))");
    sandbox.prints("save base.metta h@x", 0);
    sandbox.prints("branch h@x y", 0);
    for (branch, value) in [("x", 1), ("y", 2)] {
        sandbox.file("c.metta", &format!("!(change-state! &x {value})"));
        sandbox.prints(&format!("save --world h@{branch} c.metta h@{branch}"), 0);
    }
    sandbox.prints("tag h@x old", 0);
    sandbox.prints("merge h@x y --on-conflict ours", 0);
    sandbox.prints("merge h@y old --on-conflict ours", 0);
    let before = sandbox.prints("log h@x", 0);
    let complaint = sandbox.complains("merge h@x y", 1);
    assert!(
        complaint.contains("(1 or 2)") && complaint.contains("state"),
        "{complaint}"
    );
    assert_eq!(sandbox.prints("log h@x", 0), before);
    sandbox.file("get.metta", "!(get-state &x)");
    for (who, value) in [("ours", "[1]\n"), ("theirs", "[2]\n")] {
        sandbox.prints(&format!("branch h@x {who}"), 0);
        sandbox.prints(&format!("merge h@{who} y --on-conflict {who}"), 0);
        assert_eq!(sandbox.prints(&format!("run --world h@{who} get.metta"), 0), value);
    }
}

#[test]
fn an_archive_keeps_history() {
    let sandbox = Sandbox::new("cli-archive");
    sandbox.file("a.metta", "(p 1) (= (f) 1)");
    sandbox.prints("save a.metta history@main -m first", 0);
    sandbox.prints("tag history v1.0", 0);
    sandbox.prints("branch history@v1.0 side", 0);
    sandbox.file("b.metta", "(p 2)");
    sandbox.prints("save --world history b.metta history -m second", 0);
    sandbox.file("c.metta", "(p 3)");
    sandbox.prints("save --world history@side c.metta history@side -m third", 0);
    assert_eq!(sandbox.prints("diff history@v1.0 history@main", 1), "+ (p 2)\n");
    sandbox.prints("merge history@main side -m both", 0);
    assert_eq!(sandbox.prints("diff history@v1.0 history", 1), "+ (p 2)\n+ (p 3)\n");
    assert_eq!(sandbox.prints("load history@side", 0), "(p 1)\n(p 3)\n(= (f) 1)\n");

    let log = sandbox.prints("log history", 0);
    let lines: Vec<_> = log.lines().collect();
    assert_eq!(lines.len(), 4, "{log}");
    assert!(
        lines[0].contains("(main)  merge of ") && lines[0].ends_with("  both"),
        "{log}"
    );
    assert!(lines[3].contains("  2  (v1.0)  first"), "{log}");
    let first = lines[3].split_whitespace().next().unwrap();
    assert_eq!(
        sandbox.prints(&format!("load history@{first}"), 0),
        "(p 1)\n(= (f) 1)\n"
    );
    let names = sandbox.prints("branches history", 0);
    let names: Vec<_> = names
        .lines()
        .map(|line| (&line[..6], line.rsplit(' ').next().unwrap()))
        .collect();
    assert_eq!(names, [("branch", "main"), ("branch", "side"), ("tag   ", "v1.0")]);

    assert_eq!(sandbox.prints("verify history", 0), "history: 4 revisions, 3 names\n");
    sandbox.file("d.metta", "(lost)");
    sandbox.prints("save d.metta history@gone", 0);
    sandbox.prints("branch history gone --delete", 0);
    assert!(sandbox.prints("verify history", 0).contains("unreachable: "));
    assert!(
        sandbox
            .prints("verify history --prune", 0)
            .ends_with("; removed 1 file\n")
    );
    assert_eq!(sandbox.prints("verify history", 0), "history: 4 revisions, 3 names\n");

    assert!(sandbox.complains("tag history v1.0", 2).contains("in use"));
    assert!(sandbox.complains("tag history ../up", 2).contains("invalid name"));
    assert!(sandbox.complains("load history@nothing", 2).contains("nothing"));
    assert!(sandbox.complains("log a.metta", 2).contains("not an archive"));
}

#[test]
fn corruption_is_detected() {
    let sandbox = Sandbox::new("cli-verify");
    sandbox.file("a.metta", "(p 1) (p 2)");
    sandbox.prints("save a.metta world.pleach", 0);
    sandbox.prints("save a.metta history", 0).clear();
    assert_eq!(sandbox.prints("verify world.pleach", 0), "world.pleach: 2 atoms\n");
    let path = sandbox.path().join("world.pleach");
    let mut content = fs::read(&path).unwrap();
    content[30] ^= 1;
    fs::write(&path, content).unwrap();
    assert!(
        sandbox
            .complains("verify world.pleach", 1)
            .contains("world.pleach: invalid data at byte ")
    );

    sandbox.prints("save a.metta archive@main", 0);
    let object = fs::read_dir(sandbox.path().join("archive/revisions"))
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    let mut content = fs::read(&object).unwrap();
    content.pop();
    fs::write(&object, content).unwrap();
    let stderr = sandbox.complains("verify archive world.pleach", 1);
    assert!(
        stderr.contains("is truncated") && stderr.contains("world.pleach: invalid data at byte "),
        "{stderr}"
    );
    assert!(sandbox.complains("load archive", 2).contains("truncated"));
    assert!(sandbox.complains("verify nothing.pleach", 2).contains("nothing.pleach"));

    let (journal, _) = Journal::<Atom>::open(sandbox.path().join("journal")).unwrap();
    journal.update(|env| env.add_fact("(kept)".parse().unwrap())).unwrap();
    // An open journal can be read.
    assert_eq!(sandbox.prints("load journal", 0), "(kept)\n");
    drop(journal);
    assert_eq!(sandbox.prints("load journal", 0), "(kept)\n");
    assert!(sandbox.prints("log journal", 0).starts_with("1 atom, 1 record since"));
    assert!(
        sandbox
            .prints("verify journal", 0)
            .starts_with("journal: 1 atom, 1 record since")
    );
    let log = sandbox.path().join("journal/log-0");
    let content = fs::read(&log).unwrap();
    fs::write(&log, &content[..content.len() - 3]).unwrap();
    assert!(sandbox.prints("verify journal", 0).contains("torn"));
    assert_eq!(
        fs::metadata(&log).unwrap().len(),
        content.len() as u64 - 3,
        "nothing is changed"
    );
}

#[test]
fn each_command_shows_examples() {
    let sandbox = Sandbox::new("cli-help");
    for command in ["save", "load", "log", "diff", "merge", "verify", "branch", "tag"] {
        let help = sandbox.prints(&format!("{command} --help"), 0);
        assert!(help.contains("Examples:\n  pleach "), "{help}");
    }
}

/// Issue 14, item 8: `load` printed 2⁶⁴ − 1 lines for one atom.
#[test]
fn high_multiplicities_are_printed_as_counts_that_load() {
    let sandbox = Sandbox::new("cli-counts");
    let mut env = Environment::new();
    let atom = |text: &str| -> Atom { text.parse().unwrap() };
    env.set_multiplicities([
        (atom("(p 1)"), u64::MAX),
        (atom("(p 2)"), 17),
        (atom("(p 3)"), 16),
        (atom("#\"#*5\""), 2),
        (atom("(= (f $x) $x)"), u64::MAX - 1),
        (atom("(: f Fun)"), 1_000_000_000_000),
    ]);
    let notes = env.new_space();
    env.space_mut(notes)
        .unwrap()
        .set_multiplicities([(atom("(n)"), u64::MAX)]);
    env.save_with(sandbox.path().join("w.pleach"), &pleach::persist::NoCodec)
        .unwrap();

    let start = std::time::Instant::now();
    let program = sandbox.prints("load w.pleach", 0);
    let found = sandbox.prints("load w.pleach --query $p", 0);
    assert!(start.elapsed() < std::time::Duration::from_secs(20));
    let lines = |text: &str| {
        let mut lines: Vec<String> = text
            .lines()
            .filter(|line| !line.starts_with(';'))
            .map(str::to_owned)
            .collect();
        lines.sort_unstable();
        lines.dedup();
        lines
    };
    let mut expected = [
        "#\"#*5\"",
        "#*1000000000000 (: f Fun)",
        "#*17 (p 2)",
        "#*18446744073709551614 (= (f $x) $x)",
        "#*18446744073709551615 (p 1)",
        "(p 3)",
    ];
    expected.sort_unstable();
    assert_eq!(lines(&program), expected);
    assert_eq!(lines(&found).len(), expected.len());
    assert_eq!(program.matches("(p 3)\n").count(), 16);
    assert!(program.contains(": #*18446744073709551615 (n)\n"), "{program}");

    // The output makes the same world, whether it is run, imported or typed.
    sandbox.file("again.metta", &program);
    sandbox.prints("save again.metta again.pleach", 0);
    let again = Environment::<Atom>::load(sandbox.path().join("again.pleach")).unwrap();
    let mut without_space = Environment::new();
    without_space.set_multiplicities(env.iter());
    assert_eq!(again, without_space);
    sandbox.file("import.metta", "!(import! &self again)");
    assert_eq!(sandbox.prints("save import.metta import.pleach", 0), "[()]\n");
    let diff = sandbox.prints("diff again.pleach import.pleach", 1);
    assert!(diff.starts_with("#\"(import! ") && diff.lines().count() == 1, "{diff}");
    let mut repl = sandbox.command(["repl"]);
    let mut repl = repl.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    repl.stdin
        .take()
        .unwrap()
        .write_all(b"#*3\n(q 1)\n!(match &self (q $x) $x)\n")
        .unwrap();
    assert_eq!(repl.wait_with_output().unwrap().stdout, b"[1, 1, 1]\n");
    // An invalid count is a located error.
    sandbox.file("bad.metta", "(a)\n#*0 (b)\n");
    let complaint = sandbox.complains("run bad.metta", 2);
    assert!(
        complaint.contains("integer from 1") && complaint.contains("bad.metta:2:1"),
        "{complaint}"
    );
}

/// A symbol printed with escapes must be quoted.
#[test]
fn bidirectional_controls_round_trip_through_load() {
    let sandbox = Sandbox::new("cli-direction");
    let turned = "a\u{202e}b\u{2066}\u{2028}";
    let mut env = Environment::<Atom>::new();
    env.add_fact(Atom::symbol("a\u{202e}b"));
    env.add_fact(Atom::expression([Atom::symbol(turned), Atom::string(turned)]));
    env.save(sandbox.path().join("world.pleach")).unwrap();
    let (program, _) = super::sandbox::ended(sandbox.command(["load", "world.pleach"]).output().unwrap(), 0);
    assert!(!program.contains(['\u{202e}', '\u{2066}', '\u{2028}']), "{program:?}");
    let items: Result<Vec<Item>, _> = Parser::new(&program).collect();
    let loaded: Environment = items.unwrap().into_iter().map(|item| item.atom).collect();
    assert_eq!(loaded, env);
}

/// Issue 14, item 7: text from any file must not control the terminal.
#[test]
fn control_characters_are_escaped_wherever_they_are_printed() {
    let sandbox = Sandbox::new("cli-control");
    let evil = "\u{1b}[2J\u{9b}1m\u{7}";
    let clean = |text: &str| {
        assert!(
            !text.contains(|c: char| c.is_control() && c != '\n'),
            "{:?}",
            text.chars().filter(|c| c.is_control()).collect::<String>()
        );
    };
    let ends = |arguments: &[&str], code| {
        let (out, err) = super::sandbox::ended(sandbox.command(arguments).output().unwrap(), code);
        clean(&out);
        clean(&err);
        out + &err
    };
    let mut env = Environment::<Atom>::new();
    env.bind(evil, Atom::string(evil));
    env.add_fact(Atom::expression([
        Atom::symbol(evil),
        Atom::string(evil),
        Atom::variable(evil),
    ]));
    let world = format!("w{evil}.pleach");
    env.save(sandbox.path().join(&world)).unwrap();
    let empty = "empty.pleach";
    Environment::<Atom>::new().save(sandbox.path().join(empty)).unwrap();
    for arguments in [
        ["load", &world].as_slice(),
        &["load", &world, "-q", "$x"],
        &["diff", empty, &world],
    ] {
        let code = i32::from(arguments[0] == "diff");
        assert!(ends(arguments, code).contains("\\u{1b}[2J"), "{arguments:?}");
    }
    assert!(ends(&["verify", &world], 0).contains("\\u{9b}1m"));
    // Notes.
    sandbox.file("a.metta", "(a)");
    ends(&["save", "a.metta", "h@main", "-m", evil], 0);
    assert!(ends(&["log", "h"], 0).contains("\\u{1b}[2J"));
    fs::write(sandbox.path().join("h/names").join(format!("x{evil}")), "").unwrap();
    assert!(ends(&["verify", "h"], 0).contains("\\u{1b}[2J"));
    // Paths and source lines in errors, and invalid arguments.
    let program = format!("p{evil}.metta");
    sandbox.file(&program, &format!("(a \"{evil}\") {evil} )"));
    assert!(ends(&["run", &program], 2).contains("\\u{1b}[2J"));
    assert!(ends(&["load", &format!("n{evil}")], 2).contains("\\u{1b}[2J"));
    assert!(ends(&["load", &format!("h@{evil}")], 2).contains("{1b}[2J"));
    assert!(ends(&["run", &format!("--{evil}")], 2).contains("\\u{1b}[2J"));
    assert!(ends(&["merge", &format!("h@{evil}"), "x"], 2).contains("{1b}"));
    // Output of programs, and a trace.
    sandbox.file(
        "say.metta",
        &format!("!(println! \"{evil}\")\n!(\"{evil}\" {evil})\n!(trace! \"{evil}\" 1)"),
    );
    assert!(ends(&["run", "say.metta", "--trace"], 0).matches("\\u{9b}1m").count() >= 4);
    let mut repl = sandbox.command(["repl"]);
    repl.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut repl = repl.spawn().unwrap();
    let typed =
        format!(":fork x{evil}\n:forks\n(a {evil})\n:undo\n:load n{evil}\n:{evil}\n:types (\n!(println! \"{evil}\")\n");
    repl.stdin.take().unwrap().write_all(typed.as_bytes()).unwrap();
    let (out, err) = super::sandbox::ended(repl.wait_with_output().unwrap(), 1);
    clean(&out);
    clean(&err);
    assert!(
        out.contains("* x\\u{1b}[2J") && err.contains("n\\u{1b}[2J"),
        "{out}{err}"
    );
}
