//! Processes that write to the same store, and are killed.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hasher};
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use pleach::persist::remote::{FaultyStore, ObjectStore, ObjectVersion, Put, open_store};
use pleach_testkit::folder::Folder;

/// A process that runs a function of this file, and what it acknowledges on its standard output.
pub(crate) struct Process {
    child: Child,
    acknowledged: JoinHandle<Vec<String>>,
}

/// The variable that tells a function that it runs in a process of its own: the argument.
const ARGUMENT: &str = "PLEACH_TEST_PROCESS";

impl Process {
    pub(crate) fn start(function: &str, argument: &str) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", function, "--nocapture", "--test-threads=1"])
            .env(ARGUMENT, argument)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let acknowledged = thread::spawn(move || {
            // A truncated line acknowledges nothing.
            let words = lines.map_while(Result::ok);
            let words =
                words.filter_map(|line| Some(line.split_once("acknowledged ")?.1.strip_suffix('.')?.to_owned()));
            words.collect()
        });
        Self { child, acknowledged }
    }

    /// The argument, in a process that was started so.
    pub(crate) fn argument() -> Option<String> {
        std::env::var(ARGUMENT).ok()
    }

    pub(crate) fn acknowledge(word: &str) {
        let mut out = std::io::stdout().lock();
        writeln!(out, "acknowledged {word}.").unwrap();
        out.flush().unwrap();
    }

    pub(crate) fn kill(mut self) -> Vec<String> {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.acknowledged.join().unwrap()
    }

    /// Waits for its end.
    pub(crate) fn finish(mut self) -> Vec<String> {
        assert!(self.child.wait().unwrap().success());
        self.acknowledged.join().unwrap()
    }
}

/// The lines of the object `log`, which begins with their checksum; `None` if it can't be read.
fn lines(store: &dyn ObjectStore) -> Option<(Vec<String>, ObjectVersion)> {
    let object = store.get("log").ok()??;
    let content = String::from_utf8(object.content).ok()?;
    let (sum, lines) = content.split_once('\n')?;
    let lines = (sum == checksum(lines)).then(|| lines.lines().map(str::to_owned).collect());
    Some((lines?, object.version))
}

fn checksum(lines: &str) -> String {
    let mut hasher = DefaultHasher::new();
    hasher.write(lines.as_bytes());
    hasher.finish().to_string()
}

fn content(lines: &[String]) -> Vec<u8> {
    let lines: String = lines.iter().map(|line| format!("{line}\n")).collect();
    format!("{}\n{lines}", checksum(&lines)).into_bytes()
}

/// Adds a line to the log. After an error or a refusal, looks whether it is there.
fn append(store: &dyn ObjectStore, line: &str) {
    loop {
        let Some((mut lines, version)) = lines(store) else {
            continue;
        };
        if lines.iter().any(|present| present == line) {
            return;
        }
        lines.push(line.to_owned());
        if let Ok(Put::Written { .. }) = store.put_if_unchanged("log", &content(&lines), &version) {
            return;
        }
    }
}

/// Not a test: the process that the tests run. Its arguments are a name, a number of lines, that of the requests one of
/// which has a fault, and the URL.
#[test]
fn appending_process() {
    let Some(argument) = Process::argument() else { return };
    let mut parts = argument.splitn(4, ' ');
    let mut next = || parts.next().unwrap();
    let (name, lines, one_in): (&str, u64, u64) = (next(), next().parse().unwrap(), next().parse().unwrap());
    let seed = name.bytes().map(u64::from).sum();
    let store = FaultyStore::random(open_store(next()).unwrap(), seed, one_in);
    for number in 0..lines {
        let line = format!("{name}-{number}");
        append(&store, &line);
        Process::acknowledge(&line);
    }
}

/// Runs processes at once, and kills others in the middle of their work. All lines that were acknowledged are in the log
/// exactly once, and of each process that was killed at most one more. The processes find the store at `through`.
pub(crate) fn appends_are_kept(url: &str, through: &str, processes: u64, lines_each: u64, kills: u64, one_in: u64) {
    let store = open_store(url).unwrap();
    let _ = store.put_if_absent("log", &content(&[])).unwrap();
    let start = |name: String, lines: u64| {
        Process::start(
            "processes::appending_process",
            &format!("{name} {lines} {one_in} {through}"),
        )
    };
    let living: Vec<_> = (0..processes)
        .map(|number| start(format!("living{number}"), lines_each))
        .collect();
    let mut acknowledged = Vec::new();
    for round in 0..kills {
        let process = start(format!("killed{round}"), u64::MAX);
        thread::sleep(Duration::from_micros(10_000 + round * 7_919_003 % 50_000));
        acknowledged.extend(process.kill());
    }
    for process in living {
        acknowledged.extend(process.finish());
    }
    let (found, _) = lines(&store).unwrap();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for line in &found {
        *counts.entry(line).or_default() += 1;
    }
    assert!(counts.values().all(|count| *count == 1));
    assert!(acknowledged.iter().all(|line| counts.contains_key(&**line)));
    assert!(counts.len() - acknowledged.len() <= kills as usize);
    assert!(acknowledged.len() as u64 >= processes * lines_each);
    assert_eq!(store.list("").unwrap().objects.len(), 1);
}

#[test]
fn appends_to_a_folder_survive_kills() {
    let folder = Folder::fast("processes");
    let url = format!("file:{}", folder.0.display());
    appends_are_kept(&url, &url, 4, 60, 40, 0);
    // The next write removes the temporary files of killed ones.
    let store = open_store(&url).unwrap();
    let _ = store.put_if_absent("last", b"").unwrap();
    assert_eq!(folder.names(), ["lock", "objects"]);
}

#[test]
fn appends_to_a_folder_survive_faults() {
    let folder = Folder::fast("faults");
    let url = format!("file:{}", folder.0.display());
    appends_are_kept(&url, &url, 8, 50, 0, 3);
}
