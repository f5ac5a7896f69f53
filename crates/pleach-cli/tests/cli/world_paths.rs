//! Paths of saved worlds: special files, links, names that aren't UTF-8, permissions; and concurrent writes to archives.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use super::sandbox::{Sandbox, ended};
use pleach::Atom;
use pleach::persist::Journal;

/// Eight processes load one branch and save to it.
#[test]
fn saves_to_one_branch_at_once_lose_nothing() {
    let sandbox = Sandbox::new("cli-at-once");
    sandbox.file(
        "base.metta",
        "(= (count $n) (if (== $n 0) done (count (- $n 1))))\n!(bind! &x (new-state 0))",
    );
    sandbox.prints("save base.metta h@main", 0);
    let savers: Vec<_> = (0..8)
        .map(|i| {
            sandbox.file(
                &format!("{i}.metta"),
                &format!("!(count 3000) (from {i}) !(add-atom &self (also {i}))"),
            );
            let arguments = format!("save --world h@main {i}.metta h@main -m saver-{i}");
            sandbox.command(arguments.split(' ')).spawn().unwrap()
        })
        .collect();
    for mut saver in savers {
        assert!(saver.wait().unwrap().success());
    }
    let loaded = sandbox.prints("load h", 0);
    for i in 0..8 {
        for fact in [format!("(from {i})"), format!("(also {i})")] {
            assert_eq!(
                loaded.lines().filter(|line| *line == fact).count(),
                1,
                "{fact}: {loaded}"
            );
        }
        assert_eq!(
            sandbox
                .prints("log h", 0)
                .lines()
                .filter(|line| line.ends_with(&format!("  saver-{i}")))
                .count(),
            1
        );
    }
    assert_eq!(loaded.matches("(= (count $n)").count(), 1);
    sandbox.prints("verify h", 0);
}

#[test]
fn a_save_to_a_branch_that_moved_on_merges_or_fails() {
    let sandbox = Sandbox::new("cli-gone-on");
    sandbox.file("base.metta", "(base)\n!(bind! &x (new-state 0))");
    sandbox.prints("save base.metta h@main", 0);
    sandbox.prints("tag h v1", 0);
    sandbox.file("newer.metta", "(newer)\n!(change-state! &x 1)");
    sandbox.prints("save --world h newer.metta h", 0);
    // A save from an earlier revision is merged.
    sandbox.file("older.metta", "(older)");
    sandbox.prints("save --world h@v1 older.metta h@main", 0);
    let both = "+ (newer)\n+ (older)\n";
    assert!(sandbox.prints("diff h@v1 h@main", 1).starts_with(both));
    // A conflict is an error that names the ways out.
    sandbox.file("other.metta", "(other)\n!(change-state! &x 2)");
    let complaint = sandbox.complains("save --world h@v1 other.metta h@main", 2);
    assert!(
        complaint.contains("(1 or 2)") && complaint.contains("another branch"),
        "{complaint}"
    );
    assert!(sandbox.prints("diff h@v1 h@main", 1).starts_with(both));
    sandbox.prints("save --world h@v1 other.metta h@mine", 0);
    assert!(sandbox.complains("merge h@main mine", 1).contains("(1 or 2)"));
    sandbox.prints("merge h@main mine --on-conflict theirs", 0);
    let diff = sandbox.prints("diff h@v1 h@main", 1);
    assert!(
        diff.starts_with("+ (newer)\n+ (older)\n+ (other)\n") && diff.ends_with(": 0 -> 2\n"),
        "{diff}"
    );
}

#[test]
fn a_merge_of_files_into_a_branch_loses_nothing_of_it() {
    for worlds in [
        "h@v1 ours.pleach theirs.pleach",
        "base.pleach h@v1 theirs.pleach",
        "base.pleach ours.pleach h@v1",
    ] {
        let sandbox = Sandbox::new("cli-merge-into");
        sandbox.file("base.metta", "(base)");
        sandbox.prints("save base.metta h@main", 0);
        sandbox.prints("tag h v1", 0);
        sandbox.prints("save base.metta base.pleach", 0);
        for name in ["ours", "theirs"] {
            sandbox.file("x.metta", &format!("({name})"));
            sandbox.prints(&format!("save --world h x.metta {name}.pleach"), 0);
        }
        sandbox.file("newer.metta", "(newer)");
        sandbox.prints("save --world h newer.metta h", 0);
        sandbox.prints(&format!("merge {worlds} -o h@main"), 0);
        let loaded = sandbox.prints("load h", 0);
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
    let sandbox = Sandbox::new("cli-delete");
    sandbox.file("a.metta", "(a)");
    sandbox.prints("save a.metta h@main", 0);
    sandbox.prints("tag h v1", 0);
    assert!(
        sandbox
            .complains("tag h main --delete", 2)
            .contains("there is no tag \"main\"")
    );
    assert!(
        sandbox
            .complains("branch h v1 --delete", 2)
            .contains("there is no branch \"v1\"")
    );
    assert_eq!(sandbox.prints("branches h", 0).lines().count(), 2);
    sandbox.prints("tag h v1 --delete", 0);
    sandbox.prints("branch h main --delete", 0);
    assert_eq!(sandbox.prints("branches h", 0), "");
}

#[test]
fn a_corrupt_name_affects_no_other() {
    let sandbox = Sandbox::new("cli-bad-name");
    sandbox.file("a.metta", "(a)");
    sandbox.prints("save a.metta h@main", 0);
    sandbox.prints("tag h t1", 0);
    let names = sandbox.path().join("h/names");
    fs::copy(names.join("tag-t1"), names.join("tag-zz")).unwrap();
    fs::write(names.join("branch-cut"), "half").unwrap();
    let (printed, complaint) = sandbox.ends("branches h", 1);
    assert_eq!(printed.lines().count(), 2, "{printed}");
    assert!(
        complaint.contains("tag zz: ") && complaint.contains("branch cut: "),
        "{complaint}"
    );
    assert!(sandbox.prints("log h", 0).contains("(main, t1)"));
    assert!(sandbox.complains("load h@zz", 2).contains("tag-zz"));
    sandbox.complains("verify h --prune", 1);
    sandbox.prints("tag h zz --delete", 0);
    sandbox.prints("branch h cut --delete", 0);
    assert_eq!(sandbox.prints("branches h", 0).lines().count(), 2);
    sandbox.prints("verify h", 0);
}

#[test]
fn a_branch_to_merge_may_be_named_with_any_path() {
    let sandbox = Sandbox::new("cli-paths");
    sandbox.file("a.metta", "(a)");
    sandbox.prints("save a.metta rel@main", 0);
    for (name, merge) in [
        ("b", "merge ./rel@main rel@b"),
        ("c", "merge rel@main ./rel@c"),
        ("d", "merge rel/../rel@main d"),
    ] {
        sandbox.prints(&format!("branch rel {name}"), 0);
        sandbox.file("x.metta", &format!("({name})"));
        sandbox.prints(&format!("save --world rel@{name} x.metta rel@{name}"), 0);
        sandbox.prints(merge, 0);
        assert!(sandbox.prints("load rel", 0).contains(&format!("({name})\n")));
    }
    assert!(sandbox.complains("merge rel@main other@x", 2).contains("other@x"));
}

#[test]
fn no_archive_is_created_in_a_journal() {
    let sandbox = Sandbox::new("cli-journal");
    drop(Journal::<Atom>::open(sandbox.path().join("j")).unwrap());
    sandbox.file("a.metta", "(a)");
    assert!(sandbox.complains("save a.metta j@main", 2).contains("journal"));
    let mut names: Vec<_> = fs::read_dir(sandbox.path().join("j"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    names.sort();
    assert_eq!(names, ["lock", "log-0"]);
    sandbox.prints("load j", 0);
    // Nor in a folder with other files.
    fs::create_dir(sandbox.path().join("src")).unwrap();
    sandbox.file("src/main.rs", "");
    assert!(sandbox.complains("save a.metta src@main", 2).contains("other files"));
}

#[test]
fn differences_show_states_and_spaces_by_their_names() {
    let sandbox = Sandbox::new("cli-held");
    sandbox.file("a.metta", "(a)");
    sandbox.file(
        "b.metta",
        "!(bind! &counter (new-state 1))\n!(bind! &notes (new-space))",
    );
    sandbox.prints("save a.metta a.pleach", 0);
    sandbox.prints("save --world a.pleach b.metta b.pleach", 0);
    let (diff, loaded) = (
        sandbox.prints("diff a.pleach b.pleach", 1),
        sandbox.prints("load b.pleach", 0),
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
    fn special_files_are_not_overwritten() {
        let sandbox = Sandbox::new("cli-special");
        sandbox.file("a.metta", "(a)");
        let _socket = UnixListener::bind(sandbox.path().join("socket")).unwrap();
        let made = Command::new("mkfifo").arg(sandbox.path().join("pipe")).status();
        assert!(made.unwrap().success());
        symlink("pipe", sandbox.path().join("link")).unwrap();
        for name in ["socket", "pipe", "link"] {
            assert!(
                sandbox
                    .complains(&format!("save a.metta {name}"), 2)
                    .contains("isn't a saved world")
            );
        }
        let kind = |name: &str| fs::symlink_metadata(sandbox.path().join(name)).unwrap().file_type();
        assert!(kind("socket").is_socket() && kind("pipe").is_fifo() && kind("link").is_symlink());
    }

    #[test]
    fn links_are_followed() {
        let sandbox = Sandbox::new("cli-links");
        sandbox.file("a.metta", "(a)");
        sandbox.file("b.metta", "(b)");
        fs::create_dir(sandbox.path().join("real")).unwrap();
        symlink("second", sandbox.path().join("first")).unwrap();
        symlink("real/world", sandbox.path().join("second")).unwrap();
        symlink("round", sandbox.path().join("round")).unwrap();
        for (program, content) in [("a.metta", "(a)\n"), ("b.metta", "(b)\n")] {
            sandbox.prints(&format!("save {program} first"), 0);
            assert_eq!(sandbox.prints("load real/world", 0), content);
            for link in ["first", "second"] {
                assert!(fs::symlink_metadata(sandbox.path().join(link)).unwrap().is_symlink());
            }
        }
        assert_eq!(fs::read_dir(sandbox.path().join("real")).unwrap().count(), 1);
        sandbox.complains("save a.metta round", 2);
        assert!(fs::symlink_metadata(sandbox.path().join("round")).unwrap().is_symlink());
    }

    #[test]
    fn paths_need_not_be_utf8() {
        let sandbox = Sandbox::new("cli-names");
        sandbox.file("a.metta", "(a)");
        sandbox.file("b.metta", "(b)");
        let odd = |name: &[u8]| OsString::from_vec(name.to_vec());
        let run = |arguments: &[&OsStr], code| ended(sandbox.command(arguments).output().unwrap(), code).0;
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
        assert!(sandbox.path().join(odd(b"m\xff")).is_file());
    }

    /// Runs a command as a user other than root.
    fn as_nobody(sandbox: &Sandbox, arguments: &str) -> Output {
        let mut command = sandbox.command(arguments.split(' '));
        if nix::unistd::geteuid().is_root() {
            // `nobody` can't read the build folder. Another process makes the copy: children of concurrent tests would
            // inherit a file open for writing here, and then running the copy would fail with "text file busy".
            let program = sandbox.path().join("pleach");
            if !program.exists() {
                let copied = Command::new("cp")
                    .arg(env!("CARGO_BIN_EXE_pleach"))
                    .arg(&program)
                    .status();
                assert!(copied.unwrap().success());
            }
            command = Command::new(program);
            command.current_dir(sandbox.path()).args(arguments.split(' '));
            command.uid(65_534).gid(65_534);
        }
        command.output().unwrap()
    }

    fn set(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn an_unreadable_file_is_not_overwritten() {
        let sandbox = Sandbox::new("cli-unreadable");
        set(sandbox.path(), 0o777);
        sandbox.file("a.metta", "(a)");
        sandbox.file("notes.txt", "notes");
        let notes = sandbox.path().join("notes.txt");
        if nix::unistd::geteuid().is_root() {
            std::os::unix::fs::chown(&notes, Some(65_534), Some(65_534)).unwrap();
        }
        set(&notes, 0o000);
        let (_, complaint) = ended(as_nobody(&sandbox, "save a.metta notes.txt"), 2);
        assert!(complaint.contains("denied"), "{complaint}");
        set(&notes, 0o600);
        assert_eq!(fs::read_to_string(&notes).unwrap(), "notes");
    }

    #[test]
    fn a_read_only_archive_can_be_read() {
        let sandbox = Sandbox::new("cli-read-only");
        sandbox.file("a.metta", "(a)");
        sandbox.prints("save a.metta ro@main", 0);
        sandbox.prints("tag ro v1", 0);
        let mut folders = vec![sandbox.path().join("ro")];
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
        all.iter().for_each(|folder| set(folder, 0o555));
        for arguments in ["load ro", "verify ro", "log ro", "branches ro", "diff ro@v1 ro@main"] {
            ended(as_nobody(&sandbox, arguments), 0);
        }
        let (_, complaint) = ended(as_nobody(&sandbox, "tag ro v2"), 2);
        assert!(complaint.contains("denied"), "{complaint}");
        all.iter().for_each(|folder| set(folder, 0o755));
    }

    #[test]
    fn a_replaced_file_keeps_its_permissions_and_owner() {
        let sandbox = Sandbox::new("cli-owner");
        sandbox.file("a.metta", "(a)");
        sandbox.file("b.metta", "(b)");
        sandbox.prints("save a.metta w", 0);
        let world = sandbox.path().join("w");
        if nix::unistd::geteuid().is_root() {
            std::os::unix::fs::chown(&world, Some(65_534), Some(65_533)).unwrap();
        }
        for mode in [0o600, 0o640, 0o444, 0o755] {
            set(&world, mode);
            let before = fs::metadata(&world).unwrap();
            sandbox.prints("save b.metta w", 0);
            let after = fs::metadata(&world).unwrap();
            assert_ne!(before.ino(), after.ino());
            assert_eq!(
                (after.mode(), after.uid(), after.gid()),
                (before.mode(), before.uid(), before.gid())
            );
        }
        if nix::unistd::geteuid().is_root() {
            // A user who can't set the owner can still save.
            std::os::unix::fs::chown(&world, Some(1), Some(1)).unwrap();
            set(&world, 0o644);
            set(sandbox.path(), 0o777);
            ended(as_nobody(&sandbox, "save a.metta w"), 0);
            assert_eq!(fs::metadata(&world).unwrap().mode() & 0o777, 0o644);
            assert_eq!(sandbox.prints("load w", 0), "(a)\n");
        }
    }
}

/// Issue 14, item 7.
#[test]
fn an_unwritable_path_is_an_error_before_anything_is_evaluated() {
    let sandbox = Sandbox::new("cli-refused");
    sandbox.file("a.metta", "!(println! evaluated)");
    sandbox.file("notes.txt", "notes");
    fs::create_dir(sandbox.path().join("src")).unwrap();
    sandbox.file("src/main.rs", "");
    drop(Journal::<Atom>::open(sandbox.path().join("j")).unwrap());
    sandbox.file("w.metta", "(a)");
    sandbox.prints("save w.metta h@main", 0);
    sandbox.prints("tag h v1", 0);
    let long = "n".repeat(250);
    for (at, complaint) in [
        (long.clone(), "too long"),
        ("n".repeat(300), "too long"),
        (format!("h@{long}"), "60 bytes at most"),
        (format!("new@{long}"), "60 bytes at most"),
        ("h@b\u{e4}d name".into(), "invalid name"),
        ("h@v1".into(), "in use"),
        ("src".into(), "the folder isn't an archive"),
        ("src@main".into(), "other files"),
        ("j".into(), "the program that owns a journal"),
        ("j@main".into(), "the program that owns a journal"),
        ("notes.txt".into(), "isn't a saved world"),
        ("notes.txt@main".into(), "directory"),
        ("notes.txt/deeper@main".into(), "directory"),
        ("nowhere/w.pleach".into(), "No such file"),
    ] {
        let output = sandbox.command(["save", "a.metta", &at]).output().unwrap();
        let (printed, error) = ended(output, 2);
        assert_eq!(printed, "", "{at}");
        assert!(error.contains(complaint), "{at}: {error}");
        assert!(!error.contains("journal") || at.starts_with('j'), "{at}: {error}");
    }
    // No other file was created.
    let mut names = sandbox.0.names();
    names.sort();
    assert_eq!(names, ["a.metta", "h", "j", "notes.txt", "src", "w.metta"]);
    // An ordinary folder isn't taken for a journal.
    for command in [
        "load src",
        "log src",
        "verify src",
        "run --world src a.metta",
        "branches src",
        "diff src src",
    ] {
        let (printed, error) = sandbox.ends(command, 2);
        assert_eq!(printed, "");
        assert!(
            error.contains("the folder holds neither an archive nor a journal"),
            "{command}: {error}"
        );
    }
    assert!(sandbox.complains("branches j", 2).contains("a journal, not an archive"));
    assert!(sandbox.complains("log notes.txt", 2).contains("a file, not an archive"));
}

/// Issue 14, item 7: Ctrl-C, and names that aren't UTF-8.
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

    /// Waits for a command, with a timeout.
    fn code(child: &mut Child) -> Option<i32> {
        let end = Instant::now() + Duration::from_secs(30);
        loop {
            if let Some(ended) = child.try_wait().unwrap() {
                return ended.code();
            }
            if Instant::now() > end {
                child.kill().unwrap();
                panic!("the command does not end");
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// A pipe can be read only once.
    #[test]
    fn a_pipe_is_saved_as_a_program() {
        let sandbox = Sandbox::new("cli-save-pipe");
        let mut command = sandbox.command(["save", "/dev/stdin", "w.pleach"]);
        let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), b"(a)\n(b)\n").unwrap();
        assert_eq!(code(&mut child), Some(0));
        assert_eq!(sandbox.prints("load w.pleach", 0), "(a)\n(b)\n");
    }

    #[test]
    fn a_name_that_is_no_text_is_refused_before_anything_is_evaluated() {
        let sandbox = Sandbox::new("cli-not-utf8");
        sandbox.file("a.metta", "!(println! evaluated)");
        let at = OsString::from_vec(b"h@\xff".to_vec());
        let output = sandbox
            .command([OsStr::new("save"), OsStr::new("a.metta"), &at])
            .output()
            .unwrap();
        let (printed, error) = ended(output, 2);
        assert_eq!(printed, "");
        assert!(error.contains("isn't UTF-8"), "{error}");
        assert_eq!(sandbox.0.names(), ["a.metta"]);
    }

    /// While another process holds the lock, the command says so, and Ctrl-C ends it.
    #[test]
    fn a_save_says_that_it_waits_and_one_ctrl_c_ends_the_wait() {
        let sandbox = Sandbox::new("cli-waits");
        sandbox.file("a.metta", "(a)");
        sandbox.prints("save a.metta h@main", 0);
        let before = sandbox.prints("log h", 0);
        let lock = fs::OpenOptions::new()
            .write(true)
            .open(sandbox.path().join("h/lock"))
            .unwrap();
        lock.lock().unwrap();
        for arguments in ["save a.metta h@main", "tag h v1", "branch h b", "merge h@main main"] {
            let mut command = sandbox.command(arguments.split(' '));
            let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
            let mut errors = BufReader::new(child.stderr.take().unwrap());
            let mut line = String::new();
            errors.read_line(&mut line).unwrap();
            assert!(line.contains("waiting for another process"), "{arguments}: {line}");
            signal(&child, Signal::SIGINT);
            assert_eq!(code(&mut child), Some(130), "{arguments}");
        }
        drop(lock);
        assert_eq!(sandbox.prints("log h", 0), before);
        sandbox.prints("save a.metta h@main", 0);
    }

    fn temporary(sandbox: &Sandbox) -> Vec<String> {
        sandbox
            .0
            .names()
            .into_iter()
            .filter(|name| name.ends_with(".tmp"))
            .collect()
    }

    /// Saves until one is interrupted while it writes. Returns its exit code.
    fn stopped_while_it_writes(sandbox: &Sandbox, how: Signal) -> Option<i32> {
        for _ in 0..20 {
            let mut child = sandbox
                .command(["save", "large.metta", "w.pleach"])
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            let written = loop {
                if fs::metadata(sandbox.path().join(".w.pleach.pleach-0.tmp")).is_ok_and(|file| file.len() > 0) {
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
        let sandbox = Sandbox::new("cli-temporary");
        let facts: String = (0..60_000).map(|i| format!("(fact {i} \"{i:0100}\")\n")).collect();
        sandbox.file("large.metta", &facts);
        sandbox.file("a.metta", "(a)");
        sandbox.prints("save a.metta w.pleach", 0);
        assert_eq!(stopped_while_it_writes(&sandbox, Signal::SIGINT), Some(130));
        assert_eq!(temporary(&sandbox), [""; 0]);
        assert_eq!(sandbox.prints("load w.pleach", 0).lines().next(), Some("(a)"));
        // The next save removes the temporary file of a killed one.
        assert_eq!(stopped_while_it_writes(&sandbox, Signal::SIGKILL), None);
        assert_eq!(temporary(&sandbox), [".w.pleach.pleach-0.tmp"]);
        sandbox.prints("save a.metta w.pleach", 0);
        assert_eq!(temporary(&sandbox), [""; 0]);
        // It keeps that of a running one.
        let living = fs::File::create(sandbox.path().join(".w.pleach.pleach-0.tmp")).unwrap();
        living.set_permissions(fs::Permissions::from_mode(0o600)).unwrap();
        living.lock().unwrap();
        sandbox.prints("save a.metta w.pleach", 0);
        assert_eq!(temporary(&sandbox), [".w.pleach.pleach-0.tmp"]);
        drop(living);
        sandbox.prints("save a.metta w.pleach", 0);
        assert_eq!(temporary(&sandbox), [""; 0]);
        // It keeps a dangling link.
        std::os::unix::fs::symlink("nowhere", sandbox.path().join(".w.pleach.pleach-0.tmp")).unwrap();
        sandbox.prints("save a.metta w.pleach", 0);
        assert_eq!(temporary(&sandbox), [".w.pleach.pleach-0.tmp"]);
    }
}
