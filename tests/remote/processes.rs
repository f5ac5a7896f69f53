//! Processes that write to the same store, and are killed.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use pleach::persist::remote::{ObjectStore, Put, open_store};
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

/// Adds a line to the object `log`. After an error, looks whether it is there.
fn append(store: &dyn ObjectStore, line: &str) {
    loop {
        let old = store.get("log").unwrap().unwrap();
        let mut content = String::from_utf8(old.content).unwrap();
        if content.lines().any(|present| present == line) {
            return;
        }
        content.push_str(line);
        content.push('\n');
        match store.put_if_unchanged("log", content.as_bytes(), &old.version) {
            Ok(Put::Written { .. }) => return,
            Ok(Put::Refused) | Err(_) => {}
        }
    }
}

/// Not a test: the process that the tests run. Its argument is its name, a number of lines, and the URL.
#[test]
fn appending_process() {
    let Some(argument) = Process::argument() else { return };
    let mut parts = argument.splitn(3, ' ');
    let mut next = || parts.next().unwrap();
    let (name, lines): (&str, u64) = (next(), next().parse().unwrap());
    let store = open_store(next()).unwrap();
    for number in 0..lines {
        let line = format!("{name}-{number}");
        append(&store, &line);
        Process::acknowledge(&line);
    }
}

/// Runs 4 processes at once, and kills as many again in the middle of their work. All lines that were acknowledged are
/// in the log exactly once, and of each that was killed at most one more.
pub(crate) fn appends_survive_kills(url: &str, lines: u64, rounds: u64) {
    let store = open_store(url).unwrap();
    let _ = store.put_if_absent("log", b"").unwrap();
    let start =
        |name: String, lines: u64| Process::start("processes::appending_process", &format!("{name} {lines} {url}"));
    let living: Vec<_> = (0..4).map(|number| start(format!("living{number}"), lines)).collect();
    let mut acknowledged = Vec::new();
    for round in 0..rounds {
        let process = start(format!("killed{round}"), u64::MAX);
        thread::sleep(Duration::from_micros(10_000 + round * 7_919_003 % 50_000));
        acknowledged.extend(process.kill());
    }
    for process in living {
        acknowledged.extend(process.finish());
    }
    let log = store.get("log").unwrap().unwrap().content;
    let log = String::from_utf8(log).unwrap();
    assert!(log.is_empty() || log.ends_with('\n'));
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for line in log.lines() {
        *counts.entry(line).or_default() += 1;
    }
    assert!(counts.values().all(|count| *count == 1));
    assert!(acknowledged.iter().all(|line| counts.contains_key(&**line)));
    assert!(counts.len() - acknowledged.len() <= rounds as usize);
    assert!(acknowledged.len() as u64 >= 4 * lines);
    assert_eq!(store.list("").unwrap().objects.len(), 1);
}

#[test]
fn appends_to_a_folder_survive_kills() {
    let folder = Folder::fast("processes");
    appends_survive_kills(&format!("file:{}", folder.0.display()), 60, 40);
    // The next write removes the temporary files of killed ones.
    let store = open_store(&format!("file:{}", folder.0.display())).unwrap();
    let _ = store.put_if_absent("last", b"").unwrap();
    assert_eq!(folder.names(), ["lock", "objects"]);
}
