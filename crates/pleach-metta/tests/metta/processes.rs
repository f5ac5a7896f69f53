//! Processes in adverse conditions: full disks, unwritable directories, little memory, and kills at any moment. Each
//! test runs one of the children below in processes of its own.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::fs::{self, Permissions};
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::signal::{SigSet, Signal};
use nix::unistd::{Uid, geteuid, setuid};
use pleach::persist::{Archive, Journal, JournalError, LoadError, NoCodec, SaveError, SyncPolicy};
use pleach::{Atom, Environment};
use pleach_metta::{EvalError, Evaluator, Policy, RunError};
use pleach_testkit::worlds::sample;

/// Environment variables that select a child and its directory.
const CHILD: &str = "PLEACH_CHILD";
const PLACE: &str = "PLEACH_CHILD_PLACE";

/// Not a test: the entry point of child processes.
#[test]
fn child() {
    let (Ok(child), Ok(place)) = (std::env::var(CHILD), std::env::var(PLACE)) else {
        return;
    };
    let place = PathBuf::from(place);
    match child.as_str() {
        "full disk" => save_and_commit_at_every_length(&place),
        "no rights" => write_where_nothing_can_be_written(&place),
        "little memory" => evaluate_until_memory_is_short(),
        "saver" => save_for_ever(&place),
        "elsewhere" => write_and_go_elsewhere(&place),
        other => panic!("no child {other}"),
    }
}

fn start(child: &str, place: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "processes::child", "--nocapture", "--test-threads=1"])
        .env(CHILD, child)
        .env(PLACE, place)
        .stdout(Stdio::null())
        .stderr(Stdio::inherit())
        .spawn()
        .unwrap()
}

fn succeeds(child: &str, place: &Path) {
    assert!(start(child, place).wait().unwrap().success(), "{child}");
}

/// A temporary directory of a test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("pleach-processes-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

// ---- a disk that is full ---------------------------------------------------------------------------------------------

/// Limits the length of files that this process writes.
fn limit_files(length: u64) {
    let (_, hard) = getrlimit(Resource::RLIMIT_FSIZE).unwrap();
    setrlimit(Resource::RLIMIT_FSIZE, length.min(hard), hard).unwrap();
}

fn save_and_commit_at_every_length(place: &Path) {
    // The signal would end the process; so the write fails.
    let mut signals = SigSet::empty();
    signals.add(Signal::SIGXFSZ);
    signals.thread_block().unwrap();

    let path = place.join("world");
    let (old, mut new) = (sample(), sample());
    new.add_fact(Atom::symbol("new"));
    new.save(&path).unwrap();
    let whole = fs::metadata(&path).unwrap().len();
    for length in 0..=whole {
        limit_files(u64::MAX);
        old.save(&path).unwrap();
        limit_files(length);
        let saved = new.save(&path);
        assert_eq!(saved.is_ok(), length == whole, "{length}: {saved:?}");
        if let Err(error) = saved {
            assert!(matches!(error, SaveError::Io(error) if error.kind() == ErrorKind::FileTooLarge));
        }
        let found = Environment::<Atom>::load(&path).unwrap();
        assert!(found == if length == whole { new.clone() } else { old.clone() });
        assert_eq!(fs::read_dir(place).unwrap().count(), 1, "nothing is left behind");
    }
    limit_files(u64::MAX);

    let folder = place.join("journal");
    let open = || {
        Journal::<Atom>::open_with(&folder, SyncPolicy::Never, NoCodec)
            .unwrap()
            .0
    };
    let add = |journal: &Journal, i: i64| journal.update(|env| env.add_fact(Atom::from(i)));
    let journal = open();
    add(&journal, 0).unwrap();
    let base = journal.log_length();
    add(&journal, 1).unwrap();
    let record = journal.log_length() - base;
    drop(journal);
    for room in 0..=record {
        fs::remove_dir_all(&folder).unwrap();
        let journal = open();
        add(&journal, 0).unwrap();
        limit_files(journal.log_length() + room);
        let added = add(&journal, 1);
        assert_eq!(added.is_ok(), room == record, "{room}: {added:?}");
        assert_eq!(journal.log_length(), base + if room == record { record } else { 0 });
        assert_eq!(fs::metadata(folder.join("log-0")).unwrap().len(), journal.log_length());
        limit_files(u64::MAX);
        // There is room again: what was published comes along.
        add(&journal, 2).unwrap();
        drop(journal);
        let journal = open();
        assert!((0..=2).all(|i| journal.load().contains(&Atom::from(i))));
    }
}

#[test]
fn a_disk_that_is_full_at_any_byte() {
    let folder = Folder::new("full");
    succeeds("full disk", &folder.0);
}

// ---- rights ----------------------------------------------------------------------------------------------------------

fn write_where_nothing_can_be_written(place: &Path) {
    // Root may do anything, so be nobody.
    if geteuid().is_root() {
        setuid(Uid::from_raw(65_534)).unwrap();
    }
    let denied = |error: std::io::Error| assert_eq!(error.kind(), ErrorKind::PermissionDenied);
    match sample().save(place.join("world")) {
        Err(SaveError::Io(error)) => denied(error),
        other => panic!("{other:?}"),
    }
    match Environment::<Atom>::load(place.join("secret")) {
        Err(LoadError::Io(error)) => denied(error),
        other => panic!("{other:?}"),
    }
    for journal in ["none", "journal"] {
        match Journal::<Atom>::open(place.join(journal)) {
            Err(JournalError::Io(error)) => denied(error),
            other => panic!("{:?}", other.map(|(_, recovery)| recovery)),
        }
    }
    // All that can be read is as it was.
    assert_eq!(
        Environment::<Atom>::load(place.join("world")).unwrap(),
        Environment::new()
    );
}

#[test]
fn folders_and_files_without_rights() {
    let folder = Folder::new("rights");
    let set = |path: &Path, mode| fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    for name in ["world", "secret"] {
        Environment::<Atom>::new().save(folder.0.join(name)).unwrap();
    }
    drop(Journal::<Atom>::open(folder.0.join("journal")).unwrap());
    set(&folder.0.join("world"), 0o444);
    set(&folder.0.join("secret"), 0o000);
    set(&folder.0.join("journal"), 0o555);
    for name in ["lock", "log-0"] {
        set(&folder.0.join("journal").join(name), 0o444);
    }
    set(&folder.0, 0o555);
    succeeds("no rights", &folder.0);
    set(&folder.0, 0o755);
    set(&folder.0.join("journal"), 0o755);
}

// ---- memory ----------------------------------------------------------------------------------------------------------

/// The memory limit of an evaluation, and that of the process beyond what it holds.
const HELD: usize = 16 << 20;
const TAKEN: u64 = 256 << 20;

/// Programs that don't terminate and hold more and more memory.
const GREEDY: [(&str, &str); 5] = [
    ("a deep stack", "(= (f $n) (+ 1 (f (+ $n 1)))) !(f 0)"),
    ("many results", "(= (b) (superpose ((b) (b) 1))) !(collapse (b))"),
    (
        "many branches",
        "(= (c $n) (superpose ((c (+ $n 1)) (c (+ $n 2))))) !(c 0)",
    ),
    (
        "many facts",
        "(= (h $n) (let $x (add-atom &self (fact $n)) (h (+ $n 1)))) !(h 0)",
    ),
    (
        "wide calls",
        "(= (w $n) (+ (+ (w (+ $n 1)) (w (+ $n 2))) (+ (w (+ $n 3)) (w (+ $n 4))))) !(w 0)",
    ),
];

fn evaluate_until_memory_is_short() {
    let status = fs::read_to_string("/proc/self/statm").unwrap();
    let pages: u64 = status.split(' ').next().unwrap().parse().unwrap();
    let (_, hard) = getrlimit(Resource::RLIMIT_AS).unwrap();
    // Two threads more have arenas and stacks of their own.
    setrlimit(
        Resource::RLIMIT_AS,
        (pages * 4096 + TAKEN + (192 << 20)).min(hard),
        hard,
    )
    .unwrap();
    for (policy, threads) in [(Policy::Sequential, 1), (Policy::Isolated, 1), (Policy::Isolated, 2)] {
        let evaluator = Evaluator::builder()
            .policy(policy)
            .threads(threads)
            .memory(HELD)
            .build()
            .unwrap();
        for (name, program) in GREEDY {
            match evaluator.run(Environment::new(), program) {
                Err(RunError::Eval(EvalError::OutOfMemory { limit: HELD })) => {}
                other => panic!(
                    "{name}, {policy:?}, {threads} threads: {:?}",
                    other.map(|run| run.results)
                ),
            }
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn evaluations_end_before_memory_does() {
    succeeds("little memory", Path::new("."));
}

// ---- death -----------------------------------------------------------------------------------------------------------

/// The environment of number `number`: all its facts contain it.
fn world(number: i64) -> Environment {
    let fact = |i| Atom::expression([Atom::symbol("fact"), Atom::from(i), Atom::from(number)]);
    (0..2_000 + number % 7).map(fact).collect()
}

fn save_for_ever(place: &Path) {
    for number in 1.. {
        world(number).save(place.join("world")).unwrap();
    }
}

/// When the file was saved.
fn modified(path: &Path) -> SystemTime {
    fs::metadata(path).unwrap().modified().unwrap()
}

/// Kills a saving process repeatedly. Returns the number of those that had completed a save.
fn kill_savers(rounds: u64) -> usize {
    let folder = Folder::new("killed");
    let path = folder.0.join("world");
    world(0).save(&path).unwrap();
    let mut random = 88_172_645_463_325_252u64;
    let mut saved = 0;
    for round in 0..rounds {
        let before = modified(&path);
        let mut saver = start("saver", &folder.0);
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        // On a busy machine a process takes longer to start than this. Then every other round kills it before its first save.
        let started = Instant::now();
        while round % 2 == 1 && modified(&path) == before && started.elapsed() < Duration::from_secs(20) {
            thread::sleep(Duration::from_micros(500));
        }
        thread::sleep(Duration::from_millis(8) + Duration::from_micros(random % 40_000));
        saver.kill().unwrap();
        saver.wait().unwrap();
        let loaded = Environment::<Atom>::load(&path).unwrap_or_else(|error| panic!("round {round}: {error}"));
        let (atom, _) = loaded.iter().next().unwrap();
        let Some([_, _, Atom::Integer(number)]) = atom.as_expression() else {
            panic!("{atom}")
        };
        assert!(loaded == world(*number), "round {round}: half of {number}");
        loaded.check();
        saved += usize::from(modified(&path) != before);
    }
    saved
}

#[test]
fn a_killed_save_leaves_the_old_file_or_the_new() {
    assert!(kill_savers(20) >= 10);
}

#[test]
#[ignore = "takes a minute: 500 kills"]
fn five_hundred_killed_saves() {
    assert!(kill_savers(500) >= 250);
}

// ---- a process that goes to another folder ---------------------------------------------------------------------------

fn write_and_go_elsewhere(place: &Path) {
    let elsewhere = place.join("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    std::env::set_current_dir(place).unwrap();
    let journal = Journal::<Atom>::open("journal").unwrap().0;
    let archive = Archive::<Atom>::open("archive").unwrap();
    journal.update(|env| env.add_fact(Atom::from(0))).unwrap();
    std::env::set_current_dir(&elsewhere).unwrap();
    journal.compact().unwrap();
    journal.update(|env| env.add_fact(Atom::from(1))).unwrap();
    archive.commit("main", &journal.snapshot(), "").unwrap();
    assert_eq!(archive.checkout("main").unwrap().len(), 2);
    // One of the same name there is another.
    drop(Journal::<Atom>::open("journal").unwrap());
    drop(journal);
    assert_eq!(fs::read_dir(&elsewhere).unwrap().count(), 1);
}

#[test]
fn open_directories_survive_a_change_of_working_directory() {
    let folder = Folder::new("elsewhere");
    succeeds("elsewhere", &folder.0);
    assert_eq!(
        Journal::<Atom>::open(folder.0.join("journal")).unwrap().0.load().len(),
        2
    );
    let archive = Archive::<Atom>::open(folder.0.join("archive")).unwrap();
    assert_eq!(archive.checkout("main").unwrap().len(), 2);
}
