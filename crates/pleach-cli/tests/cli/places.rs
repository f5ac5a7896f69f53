//! Where worlds are saved: files that are none, links, names that are no text, rights; and archives that several commands
//! write at once.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use super::place::{Place, ended};
use pleach::Atom;
use pleach::persist::Journal;

/// Eight commands load one branch, work, and save to it, all at once.
#[test]
fn saves_to_one_branch_at_once_lose_nothing() {
    let place = Place::new("cli-at-once");
    place.file(
        "base.metta",
        "(= (count $n) (if (== $n 0) done (count (- $n 1))))\n!(bind! &x (new-state 0))",
    );
    place.prints("save base.metta h@main", 0);
    let savers: Vec<_> = (0..8)
        .map(|i| {
            place.file(
                &format!("{i}.metta"),
                &format!("!(count 3000) (from {i}) !(add-atom &self (also {i}))"),
            );
            let arguments = format!("save --world h@main {i}.metta h@main -m saver-{i}");
            place.command(arguments.split(' ')).spawn().unwrap()
        })
        .collect();
    for mut saver in savers {
        assert!(saver.wait().unwrap().success());
    }
    let loaded = place.prints("load h", 0);
    for i in 0..8 {
        for fact in [format!("(from {i})"), format!("(also {i})")] {
            assert_eq!(
                loaded.lines().filter(|line| *line == fact).count(),
                1,
                "{fact}: {loaded}"
            );
        }
        assert_eq!(
            place
                .prints("log h", 0)
                .lines()
                .filter(|line| line.ends_with(&format!("  saver-{i}")))
                .count(),
            1
        );
    }
    assert_eq!(loaded.matches("(= (count $n)").count(), 1);
    place.prints("verify h", 0);
}

#[test]
fn a_branch_that_has_gone_on_is_merged_or_left() {
    let place = Place::new("cli-gone-on");
    place.file("base.metta", "(base)\n!(bind! &x (new-state 0))");
    place.prints("save base.metta h@main", 0);
    place.prints("tag h v1", 0);
    place.file("newer.metta", "(newer)\n!(change-state! &x 1)");
    place.prints("save --world h newer.metta h", 0);
    // From an earlier one: merged.
    place.file("older.metta", "(older)");
    place.prints("save --world h@v1 older.metta h@main", 0);
    let both = "+ (newer)\n+ (older)\n";
    assert!(place.prints("diff h@v1 h@main", 1).starts_with(both));
    // What both changed differently is left, with the ways out.
    place.file("other.metta", "(other)\n!(change-state! &x 2)");
    let complaint = place.complains("save --world h@v1 other.metta h@main", 2);
    assert!(
        complaint.contains("(1 or 2)") && complaint.contains("branch of its own"),
        "{complaint}"
    );
    assert!(place.prints("diff h@v1 h@main", 1).starts_with(both));
    place.prints("save --world h@v1 other.metta h@mine", 0);
    assert!(place.complains("merge h@main mine", 1).contains("(1 or 2)"));
    place.prints("merge h@main mine --on-conflict theirs", 0);
    let diff = place.prints("diff h@v1 h@main", 1);
    assert!(
        diff.starts_with("+ (newer)\n+ (older)\n+ (other)\n") && diff.ends_with(": 0 -> 2\n"),
        "{diff}"
    );
}

/// Whichever of the three the earlier revision is.
#[test]
fn a_merge_of_files_into_a_branch_loses_nothing_of_it() {
    for worlds in [
        "h@v1 ours.pleach theirs.pleach",
        "base.pleach h@v1 theirs.pleach",
        "base.pleach ours.pleach h@v1",
    ] {
        let place = Place::new("cli-merge-into");
        place.file("base.metta", "(base)");
        place.prints("save base.metta h@main", 0);
        place.prints("tag h v1", 0);
        place.prints("save base.metta base.pleach", 0);
        for name in ["ours", "theirs"] {
            place.file("x.metta", &format!("({name})"));
            place.prints(&format!("save --world h x.metta {name}.pleach"), 0);
        }
        place.file("newer.metta", "(newer)");
        place.prints("save --world h newer.metta h", 0);
        place.prints(&format!("merge {worlds} -o h@main"), 0);
        let loaded = place.prints("load h", 0);
        let mut lines: Vec<_> = loaded.lines().collect();
        lines.sort_unstable();
        assert!(lines.contains(&"(newer)"), "{worlds}: {loaded}");
        assert_eq!(
            lines.iter().filter(|line| **line == "(base)").count(),
            1,
            "{worlds}: {loaded}"
        );
    }
}

#[test]
fn a_name_is_deleted_by_its_own_command() {
    let place = Place::new("cli-delete");
    place.file("a.metta", "(a)");
    place.prints("save a.metta h@main", 0);
    place.prints("tag h v1", 0);
    assert!(
        place
            .complains("tag h main --delete", 2)
            .contains("there is no tag \"main\"")
    );
    assert!(
        place
            .complains("branch h v1 --delete", 2)
            .contains("there is no branch \"v1\"")
    );
    assert_eq!(place.prints("branches h", 0).lines().count(), 2);
    place.prints("tag h v1 --delete", 0);
    place.prints("branch h main --delete", 0);
    assert_eq!(place.prints("branches h", 0), "");
}

#[test]
fn a_bad_name_stops_nothing_but_itself() {
    let place = Place::new("cli-bad-name");
    place.file("a.metta", "(a)");
    place.prints("save a.metta h@main", 0);
    place.prints("tag h t1", 0);
    let names = place.path().join("h/names");
    fs::copy(names.join("tag-t1"), names.join("tag-zz")).unwrap();
    fs::write(names.join("branch-cut"), "half").unwrap();
    let (printed, complaint) = place.ends("branches h", 1);
    assert_eq!(printed.lines().count(), 2, "{printed}");
    assert!(
        complaint.contains("tag zz: ") && complaint.contains("branch cut: "),
        "{complaint}"
    );
    assert!(place.prints("log h", 0).contains("(main, t1)"));
    assert!(place.complains("load h@zz", 2).contains("tag-zz"));
    place.complains("verify h --prune", 1);
    place.prints("tag h zz --delete", 0);
    place.prints("branch h cut --delete", 0);
    assert_eq!(place.prints("branches h", 0).lines().count(), 2);
    place.prints("verify h", 0);
}

#[test]
fn a_branch_of_the_same_archive_may_be_named_in_any_way() {
    let place = Place::new("cli-paths");
    place.file("a.metta", "(a)");
    place.prints("save a.metta rel@main", 0);
    for (name, merge) in [
        ("b", "merge ./rel@main rel@b"),
        ("c", "merge rel@main ./rel@c"),
        ("d", "merge rel/../rel@main d"),
    ] {
        place.prints(&format!("branch rel {name}"), 0);
        place.file("x.metta", &format!("({name})"));
        place.prints(&format!("save --world rel@{name} x.metta rel@{name}"), 0);
        place.prints(merge, 0);
        assert!(place.prints("load rel", 0).contains(&format!("({name})\n")));
    }
    assert!(place.complains("merge rel@main other@x", 2).contains("other@x"));
}

#[test]
fn no_archive_is_made_in_a_journal() {
    let place = Place::new("cli-journal");
    drop(Journal::<Atom>::open(place.path().join("j")).unwrap());
    place.file("a.metta", "(a)");
    assert!(place.complains("save a.metta j@main", 2).contains("journal"));
    let mut names: Vec<_> = fs::read_dir(place.path().join("j"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    names.sort();
    assert_eq!(names, ["lock", "log-0"]);
    place.prints("load j", 0);
    // Nor in a folder of something else.
    fs::create_dir(place.path().join("src")).unwrap();
    place.file("src/main.rs", "");
    assert!(place.complains("save a.metta src@main", 2).contains("something else"));
}

#[test]
fn differences_show_states_and_spaces_by_their_names() {
    let place = Place::new("cli-held");
    place.file("a.metta", "(a)");
    place.file(
        "b.metta",
        "!(bind! &counter (new-state 1))\n!(bind! &notes (new-space))",
    );
    place.prints("save a.metta a.pleach", 0);
    place.prints("save --world a.pleach b.metta b.pleach", 0);
    let (diff, loaded) = (
        place.prints("diff a.pleach b.pleach", 1),
        place.prints("load b.pleach", 0),
    );
    for name in ["&counter", "&notes"] {
        let of = |text: &str| {
            let line = text.lines().find(|line| line.contains(&format!("{name}: "))).unwrap();
            line.rsplit(' ').next().unwrap().to_owned()
        };
        assert_eq!(of(&diff), of(&loaded), "{diff}{loaded}");
        assert!(
            of(&diff).starts_with("state-") || of(&diff).starts_with("space-"),
            "{diff}"
        );
    }
}

#[cfg(unix)]
mod unix {
    use std::os::unix::ffi::OsStringExt;
    use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt, symlink};
    use std::os::unix::net::UnixListener;
    use std::os::unix::process::CommandExt;

    use super::*;

    #[test]
    fn what_is_no_regular_file_is_left_alone() {
        let place = Place::new("cli-special");
        place.file("a.metta", "(a)");
        let _socket = UnixListener::bind(place.path().join("socket")).unwrap();
        let made = Command::new("mkfifo").arg(place.path().join("pipe")).status();
        assert!(made.unwrap().success());
        symlink("pipe", place.path().join("link")).unwrap();
        for name in ["socket", "pipe", "link"] {
            assert!(
                place
                    .complains(&format!("save a.metta {name}"), 2)
                    .contains("no saved world")
            );
        }
        let kind = |name: &str| fs::symlink_metadata(place.path().join(name)).unwrap().file_type();
        assert!(kind("socket").is_socket() && kind("pipe").is_fifo() && kind("link").is_symlink());
    }

    #[test]
    fn links_are_followed_wherever_they_lead() {
        let place = Place::new("cli-links");
        place.file("a.metta", "(a)");
        place.file("b.metta", "(b)");
        fs::create_dir(place.path().join("real")).unwrap();
        symlink("second", place.path().join("first")).unwrap();
        symlink("real/world", place.path().join("second")).unwrap();
        symlink("round", place.path().join("round")).unwrap();
        for (program, content) in [("a.metta", "(a)\n"), ("b.metta", "(b)\n")] {
            place.prints(&format!("save {program} first"), 0);
            assert_eq!(place.prints("load real/world", 0), content);
            for link in ["first", "second"] {
                assert!(fs::symlink_metadata(place.path().join(link)).unwrap().is_symlink());
            }
        }
        assert_eq!(fs::read_dir(place.path().join("real")).unwrap().count(), 1);
        place.complains("save a.metta round", 2);
        assert!(fs::symlink_metadata(place.path().join("round")).unwrap().is_symlink());
    }

    #[test]
    fn names_need_not_be_text() {
        let place = Place::new("cli-names");
        place.file("a.metta", "(a)");
        place.file("b.metta", "(b)");
        let odd = |name: &[u8]| OsString::from_vec(name.to_vec());
        let run = |arguments: &[&OsStr], code| ended(place.command(arguments).output().unwrap(), code).0;
        let word = OsStr::new;
        let (world, archive) = (odd(b"w\xff@x"), odd(b"h\xfe"));
        for at in [world.clone(), odd(b"h\xfe@main")] {
            run(&[word("save"), word("a.metta"), &at], 0);
            assert_eq!(run(&[word("load"), &at], 0), "(a)\n");
            run(&[word("save"), word("--world"), &at, word("b.metta"), &at], 0);
            assert_eq!(run(&[word("run"), word("--world"), &at, word("a.metta")], 0), "");
            assert_eq!(run(&[word("load"), &at], 0), "(a)\n(b)\n");
            run(&[word("verify"), &at], 0);
            assert_eq!(run(&[word("diff"), &at, &world], 0), "");
        }
        assert_eq!(run(&[word("log"), &archive], 0).lines().count(), 2);
        run(&[word("branch"), &archive, word("side")], 0);
        run(&[word("merge"), &odd(b"h\xfe@main"), &odd(b"./h\xfe@side")], 0);
        run(&[word("merge"), &world, &world, &world, word("-o"), &odd(b"m\xff")], 0);
        assert!(place.path().join(odd(b"m\xff")).is_file());
    }

    /// As a user who is not root.
    fn as_nobody(place: &Place, arguments: &str) -> Output {
        let mut command = place.command(arguments.split(' '));
        if nix::unistd::geteuid().is_root() {
            // Nobody may not reach the folder that it was built in. Copied by another process: what other tests start meanwhile
            // would inherit a file that is open here for writing, and a program that somebody has open so can't be run.
            let program = place.path().join("pleach");
            if !program.exists() {
                let copied = Command::new("cp")
                    .arg(env!("CARGO_BIN_EXE_pleach"))
                    .arg(&program)
                    .status();
                assert!(copied.unwrap().success());
            }
            command = Command::new(program);
            command.current_dir(place.path()).args(arguments.split(' '));
            command.uid(65_534).gid(65_534);
        }
        command.output().unwrap()
    }

    fn set(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn a_file_that_cannot_be_read_is_left_alone() {
        let place = Place::new("cli-unreadable");
        set(place.path(), 0o777);
        place.file("a.metta", "(a)");
        place.file("notes.txt", "notes");
        let notes = place.path().join("notes.txt");
        if nix::unistd::geteuid().is_root() {
            std::os::unix::fs::chown(&notes, Some(65_534), Some(65_534)).unwrap();
        }
        set(&notes, 0o000);
        let (_, complaint) = ended(as_nobody(&place, "save a.metta notes.txt"), 2);
        assert!(complaint.contains("denied"), "{complaint}");
        set(&notes, 0o600);
        assert_eq!(fs::read_to_string(&notes).unwrap(), "notes");
    }

    #[test]
    fn an_archive_that_may_not_be_written_can_be_read() {
        let place = Place::new("cli-read-only");
        place.file("a.metta", "(a)");
        place.prints("save a.metta ro@main", 0);
        place.prints("tag ro v1", 0);
        let mut folders = vec![place.path().join("ro")];
        let mut all = Vec::new();
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    set(&path, 0o444);
                }
            }
            all.push(folder);
        }
        // A reader may not even list what is around it.
        all.iter().for_each(|folder| set(folder, 0o555));
        for arguments in ["load ro", "verify ro", "log ro", "branches ro", "diff ro@v1 ro@main"] {
            ended(as_nobody(&place, arguments), 0);
        }
        let (_, complaint) = ended(as_nobody(&place, "tag ro v2"), 2);
        assert!(complaint.contains("denied"), "{complaint}");
        all.iter().for_each(|folder| set(folder, 0o755));
    }

    /// Rights, owner and group stay, as far as who saves may give them.
    #[test]
    fn a_file_that_is_replaced_keeps_its_rights_and_its_owner() {
        let place = Place::new("cli-owner");
        place.file("a.metta", "(a)");
        place.file("b.metta", "(b)");
        place.prints("save a.metta w", 0);
        let world = place.path().join("w");
        if nix::unistd::geteuid().is_root() {
            std::os::unix::fs::chown(&world, Some(65_534), Some(65_533)).unwrap();
        }
        for mode in [0o600, 0o640, 0o444, 0o755] {
            set(&world, mode);
            let before = fs::metadata(&world).unwrap();
            place.prints("save b.metta w", 0);
            let after = fs::metadata(&world).unwrap();
            assert_ne!(before.ino(), after.ino());
            assert_eq!(
                (after.mode(), after.uid(), after.gid()),
                (before.mode(), before.uid(), before.gid())
            );
        }
        if nix::unistd::geteuid().is_root() {
            // Who may not give the owner saves all the same.
            std::os::unix::fs::chown(&world, Some(1), Some(1)).unwrap();
            set(&world, 0o644);
            set(place.path(), 0o777);
            ended(as_nobody(&place, "save a.metta w"), 0);
            assert_eq!(fs::metadata(&world).unwrap().mode() & 0o777, 0o644);
            assert_eq!(place.prints("load w", 0), "(a)\n");
        }
    }
}

/// Issue 14, item 7: what can't be written is refused before anything is evaluated, with what is wrong.
#[test]
fn a_place_that_cannot_be_written_is_refused_before_anything_is_evaluated() {
    let place = Place::new("cli-refused");
    place.file("a.metta", "!(println! evaluated)");
    place.file("notes.txt", "notes");
    fs::create_dir(place.path().join("src")).unwrap();
    place.file("src/main.rs", "");
    drop(Journal::<Atom>::open(place.path().join("j")).unwrap());
    place.file("w.metta", "(a)");
    place.prints("save w.metta h@main", 0);
    place.prints("tag h v1", 0);
    let long = "n".repeat(250);
    for (at, complaint) in [
        (long.clone(), "too long"),
        ("n".repeat(300), "too long"),
        (format!("h@{long}"), "60 bytes at most"),
        (format!("new@{long}"), "60 bytes at most"),
        ("h@b\u{e4}d name".into(), "no name"),
        ("h@v1".into(), "taken"),
        ("src".into(), "this is a folder"),
        ("src@main".into(), "something else"),
        ("j".into(), "a journal belongs to"),
        ("j@main".into(), "a journal belongs to"),
        ("notes.txt".into(), "no saved world"),
        ("notes.txt@main".into(), "directory"),
        ("notes.txt/deeper@main".into(), "directory"),
        ("nowhere/w.pleach".into(), "No such file"),
    ] {
        let output = place.command(["save", "a.metta", &at]).output().unwrap();
        let (printed, error) = ended(output, 2);
        assert_eq!(printed, "", "{at}");
        assert!(error.contains(complaint), "{at}: {error}");
        assert!(!error.contains("journal") || at.starts_with('j'), "{at}: {error}");
    }
    // Nothing was made in passing.
    let mut names = place.0.names();
    names.sort();
    assert_eq!(names, ["a.metta", "h", "j", "notes.txt", "src", "w.metta"]);
    // Nor is an ordinary folder a journal elsewhere.
    for command in [
        "load src",
        "log src",
        "verify src",
        "run --world src a.metta",
        "branches src",
        "diff src src",
    ] {
        let (printed, error) = place.ends(command, 2);
        assert_eq!(printed, "");
        assert!(
            error.contains("this is a folder, with no archive and no journal"),
            "{command}: {error}"
        );
    }
    assert!(place.complains("branches j", 2).contains("this is a journal"));
    assert!(place.complains("log notes.txt", 2).contains("this is a file"));
}

/// Issue 14, item 7: Ctrl-C, and names that are no text.
#[cfg(unix)]
mod interrupted {
    use std::io::{BufRead, BufReader};
    use std::os::unix::ffi::OsStringExt;
    use std::os::unix::fs::PermissionsExt;
    use std::process::{Child, Stdio};
    use std::time::{Duration, Instant};

    use nix::sys::signal::{Signal, kill};
    use nix::unistd::Pid;

    use super::*;

    fn signal(child: &Child, signal: Signal) {
        kill(Pid::from_raw(child.id().cast_signed()), signal).unwrap();
    }

    /// Waits for a command, no longer than it must take.
    fn code(child: &mut Child) -> Option<i32> {
        let end = Instant::now() + Duration::from_secs(30);
        loop {
            if let Some(ended) = child.try_wait().unwrap() {
                return ended.code();
            }
            if Instant::now() > end {
                child.kill().unwrap();
                panic!("it does not end");
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// It can be read only once.
    #[test]
    fn a_pipe_is_saved_as_a_program() {
        let place = Place::new("cli-save-pipe");
        let mut command = place.command(["save", "/dev/stdin", "w.pleach"]);
        let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), b"(a)\n(b)\n").unwrap();
        assert_eq!(code(&mut child), Some(0));
        assert_eq!(place.prints("load w.pleach", 0), "(a)\n(b)\n");
    }

    #[test]
    fn a_name_that_is_no_text_is_refused_before_anything_is_evaluated() {
        let place = Place::new("cli-not-utf8");
        place.file("a.metta", "!(println! evaluated)");
        let at = OsString::from_vec(b"h@\xff".to_vec());
        let output = place
            .command([OsStr::new("save"), OsStr::new("a.metta"), &at])
            .output()
            .unwrap();
        let (printed, error) = ended(output, 2);
        assert_eq!(printed, "");
        assert!(error.contains("not UTF-8"), "{error}");
        assert_eq!(place.0.names(), ["a.metta"]);
    }

    /// Another process holds the lock: that is said, and the first Ctrl-C ends the wait.
    #[test]
    fn a_save_says_that_it_waits_and_one_ctrl_c_ends_the_wait() {
        let place = Place::new("cli-waits");
        place.file("a.metta", "(a)");
        place.prints("save a.metta h@main", 0);
        let before = place.prints("log h", 0);
        let lock = fs::OpenOptions::new()
            .write(true)
            .open(place.path().join("h/lock"))
            .unwrap();
        lock.lock().unwrap();
        for arguments in ["save a.metta h@main", "tag h v1", "branch h b", "merge h@main main"] {
            let mut command = place.command(arguments.split(' '));
            let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
            let mut errors = BufReader::new(child.stderr.take().unwrap());
            let mut line = String::new();
            errors.read_line(&mut line).unwrap();
            assert!(line.contains("waiting for another process"), "{arguments}: {line}");
            signal(&child, Signal::SIGINT);
            assert_eq!(code(&mut child), Some(130), "{arguments}");
        }
        drop(lock);
        assert_eq!(place.prints("log h", 0), before);
        place.prints("save a.metta h@main", 0);
    }

    fn temporary(place: &Place) -> Vec<String> {
        place
            .0
            .names()
            .into_iter()
            .filter(|name| name.ends_with(".tmp"))
            .collect()
    }

    /// Saves until one is interrupted while it writes, and returns its exit code.
    fn stopped_while_it_writes(place: &Place, how: Signal) -> Option<i32> {
        for _ in 0..20 {
            let mut child = place
                .command(["save", "large.metta", "w.pleach"])
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            let written = loop {
                if fs::metadata(place.path().join(".w.pleach.pleach-0.tmp")).is_ok_and(|file| file.len() > 0) {
                    break true;
                }
                if child.try_wait().unwrap().is_some() {
                    break false;
                }
            };
            if written {
                signal(&child, how);
                let code = code(&mut child);
                if code != Some(0) {
                    return code;
                }
            }
        }
        panic!("no save was met while it wrote");
    }

    #[test]
    fn no_temporary_file_outlives_ctrl_c_or_the_next_writer() {
        let place = Place::new("cli-temporary");
        let facts: String = (0..60_000).map(|i| format!("(fact {i} \"{i:0100}\")\n")).collect();
        place.file("large.metta", &facts);
        place.file("a.metta", "(a)");
        place.prints("save a.metta w.pleach", 0);
        assert_eq!(stopped_while_it_writes(&place, Signal::SIGINT), Some(130));
        assert_eq!(temporary(&place), [""; 0]);
        assert_eq!(place.prints("load w.pleach", 0).lines().next(), Some("(a)"));
        // One that is killed leaves its file to the next.
        assert_eq!(stopped_while_it_writes(&place, Signal::SIGKILL), None);
        assert_eq!(temporary(&place), [".w.pleach.pleach-0.tmp"]);
        place.prints("save a.metta w.pleach", 0);
        assert_eq!(temporary(&place), [""; 0]);
        // But not one that somebody is writing.
        let living = fs::File::create(place.path().join(".w.pleach.pleach-0.tmp")).unwrap();
        living.set_permissions(fs::Permissions::from_mode(0o600)).unwrap();
        living.lock().unwrap();
        place.prints("save a.metta w.pleach", 0);
        assert_eq!(temporary(&place), [".w.pleach.pleach-0.tmp"]);
        drop(living);
        place.prints("save a.metta w.pleach", 0);
        assert_eq!(temporary(&place), [""; 0]);
        // Nor what is no file: this leads nowhere, and so is there and is not.
        std::os::unix::fs::symlink("nowhere", place.path().join(".w.pleach.pleach-0.tmp")).unwrap();
        place.prints("save a.metta w.pleach", 0);
        assert_eq!(temporary(&place), [".w.pleach.pleach-0.tmp"]);
    }
}
