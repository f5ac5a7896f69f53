//! A soak test: 64 threads use shared environments in every way at once, and compare all they read with what was
//! acknowledged. Memory stays flat.
//!
//! A change adds or removes a *pair*, a fact and a rule. Only one thread writes the pairs with its number, and keeps a
//! ledger of them. So a reader must find, at any moment, exactly what its own ledger has, and for other threads no half
//! of a pair.
//!
//! `PLEACH_SOAK_SECONDS` sets the duration. After each round, when the threads have left as many pairs as after the
//! round before, the journal is reopened and allocated bytes are counted.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use peak_alloc::PeakAlloc;
use pleach::env::resolve;
use pleach::persist::{Journal, NoCodec, SyncPolicy};
use pleach::{Atom, Environment, Event, SharedEnvironment};
use pleach_metta::{Evaluator, Policy};

#[global_allocator]
static ALLOCATED: PeakAlloc = PeakAlloc;

const THREADS: i64 = 64;

/// The number of pairs of a thread in an environment: at most, and after each round.
const MOST: usize = 20;
const LEFT: usize = 10;

/// Small, different for each thread, and the same in each run.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}

fn call(head: &str, owner: i64, rest: impl Into<Atom>) -> Atom {
    Atom::expression([Atom::symbol(head), Atom::from(owner), rest.into()])
}

/// The two halves of a pair.
fn halves(owner: i64, number: i64) -> [Atom; 2] {
    [call("left", owner, number), rule(owner, number)]
}

fn rule(owner: i64, number: impl Into<Atom>) -> Atom {
    Atom::expression([Atom::symbol("="), call("right", owner, number), Atom::symbol("done")])
}

/// The state shared by the threads.
struct Worlds {
    cell: SharedEnvironment,
    journal: Journal,
    evaluator: Evaluator,
    folder: PathBuf,
}

/// One of the two environments.
#[derive(Clone, Copy)]
enum Place {
    Cell,
    Journal,
}

impl Worlds {
    fn snapshot(&self, place: Place) -> Environment {
        match place {
            Place::Cell => self.cell.snapshot(),
            Place::Journal => self.journal.snapshot(),
        }
    }

    /// Writes to a fork and commits it.
    fn commit(&self, place: Place, fork: &mut Environment) {
        match place {
            Place::Cell => _ = self.cell.commit(fork),
            Place::Journal => _ = self.journal.commit(fork).unwrap(),
        }
    }

    /// Publishes a change in one of several ways. `mine` is a handle kept from commit to commit.
    fn change(&self, place: Place, way: u64, mine: &mut Environment, change: &Change) {
        match (way, place) {
            (0, Place::Cell) => self.cell.update(|env| change.make(env)),
            (0, Place::Journal) => self.journal.update(|env| change.make(env)).unwrap(),
            (1, Place::Cell) => {
                let mut fork = self.cell.snapshot();
                change.make(&mut fork);
                self.cell.commit_with(&mut fork, resolve::ours).unwrap();
            }
            (1, Place::Journal) => {
                let mut fork = self.journal.snapshot();
                change.make(&mut fork);
                self.journal.commit_with(&mut fork, resolve::theirs).unwrap();
            }
            (2, Place::Cell) => loop {
                let expected = self.cell.snapshot();
                let mut new = expected.clone();
                change.make(&mut new);
                if self.cell.publish_if(&expected, &new).is_ok() {
                    break;
                }
            },
            (3, _) => {
                if !change.add {
                    // It may be older than the pair.
                    self.commit(place, mine);
                }
                change.make(mine);
                self.commit(place, mine);
            }
            (4, _) => {
                let mut fork = self.snapshot(place);
                let halves = [0, 1];
                fork.fork_join(halves, |fork, half| change.make_half(fork, half))
                    .unwrap();
                self.commit(place, &mut fork);
            }
            _ => {
                // The union of two forks, which share a change beside.
                let mut left = self.snapshot(place);
                left.add_fact(Atom::symbol("between"));
                let mut right = left.clone();
                change.make_half(&mut left, 0);
                change.make_half(&mut right, 1);
                let mut both = left.union(&right);
                both.remove_fact(&Atom::symbol("between"));
                self.commit(place, &mut both);
            }
        }
    }
}

/// The addition or removal of a pair.
struct Change {
    owner: i64,
    number: i64,
    add: bool,
}

impl Change {
    fn make(&self, env: &mut Environment) {
        self.make_half(env, 0);
        self.make_half(env, 1);
        env.bind("latest", Atom::from(self.number));
    }

    fn make_half(&self, env: &mut Environment, half: usize) {
        let atom = &halves(self.owner, self.number)[half];
        if self.add {
            env.add_fact(atom.clone());
        } else {
            assert!(env.remove_fact(atom), "{atom} is lost");
        }
    }
}

/// A thread of the test.
struct Worker {
    id: i64,
    random: Random,
    next: i64,
    /// The acknowledged pairs of each environment.
    ledgers: [BTreeSet<i64>; 2],
    /// Number of operations of each kind.
    changes: u64,
    looks: u64,
    files: u64,
}

impl Worker {
    fn new(id: i64) -> Self {
        Self {
            id,
            random: Random(0x9E37_79B9_7F4A_7C15 ^ (id as u64 + 1)),
            next: 0,
            ledgers: [BTreeSet::new(), BTreeSet::new()],
            changes: 0,
            looks: 0,
            files: 0,
        }
    }

    /// Works until the deadline, and leaves the fixed number of pairs.
    fn work(&mut self, worlds: &Worlds, until: Instant) {
        let mut mine = [worlds.cell.snapshot(), worlds.journal.snapshot()];
        while Instant::now() < until {
            let place = if self.random.below(2) == 0 {
                Place::Cell
            } else {
                Place::Journal
            };
            match self.random.below(64) {
                0 => self.save(worlds, place),
                1 => worlds.snapshot(place).check(),
                2 => speculate(worlds, place),
                3 if self.id == 0 => worlds.journal.compact().unwrap(),
                4..32 => self.look(worlds, place),
                _ => {
                    let add = self.ledgers[place as usize].len() < MOST && self.random.below(2) == 0;
                    self.change(worlds, place, add, &mut mine[place as usize]);
                }
            }
        }
        for place in [Place::Cell, Place::Journal] {
            while self.ledgers[place as usize].len() != LEFT {
                let add = self.ledgers[place as usize].len() < LEFT;
                self.change(worlds, place, add, &mut mine[place as usize]);
            }
            self.look(worlds, place);
        }
    }

    fn change(&mut self, worlds: &Worlds, place: Place, add: bool, mine: &mut Environment) {
        let ledger = &mut self.ledgers[place as usize];
        let number = match ledger.first() {
            Some(first) if !add => *first,
            _ => self.next,
        };
        let (owner, add) = (self.id, number == self.next);
        let change = Change { owner, number, add };
        let way = self.random.below(6);
        worlds.change(place, way, mine, &change);
        // Acknowledged.
        if add {
            ledger.insert(number);
            self.next += 1;
        } else {
            ledger.remove(&number);
        }
        self.changes += 1;
    }

    /// Checks that each acknowledged pair is there, once and whole, and that no other thread's pair is there by half.
    fn look(&mut self, worlds: &Worlds, place: Place) {
        let ledger = &self.ledgers[place as usize];
        let state = worlds.snapshot(place);
        let [left, right] = numbers(&state, self.id);
        assert_eq!((&left, &right), (ledger, ledger), "of thread {}", self.id);
        if let Some(number) = ledger.last() {
            let call = call("right", self.id, *number);
            assert_eq!(state.rules_for(&call).count(), 1);
            let [left, right] = halves(self.id, *number);
            assert!(state.multiplicity(&left) == 1 && state.contains(&right));
            let done = worlds.evaluator.evaluate(state.clone(), &call).unwrap();
            assert_eq!(done.results, [Atom::symbol("done")]);
        }
        let other = self.random.below(THREADS as u64) as i64;
        let [left, right] = numbers(&state, other);
        assert_eq!(left, right, "halves of pairs of thread {other}");
        assert!(state.is_empty() || !state.contains(&Atom::symbol("between")));
        self.looks += 1;
    }

    /// Saves while others write, and loads what was saved.
    fn save(&mut self, worlds: &Worlds, place: Place) {
        let path = worlds.folder.join(format!("saved-{}", self.id));
        let state = worlds.snapshot(place);
        state.save(&path).unwrap();
        let loaded = Environment::load(&path).unwrap();
        assert_eq!(loaded, state);
        loaded.check();
        self.files += 1;
    }
}

/// Returns the numbers of a thread's left halves and of its right ones, each present once.
fn numbers(state: &Environment, owner: i64) -> [BTreeSet<i64>; 2] {
    let variable = Atom::variable("n");
    let patterns = [call("left", owner, variable.clone()), rule(owner, variable.clone())];
    patterns.map(|pattern| {
        let numbers = state.query(&pattern).map(|answer| {
            assert_eq!(answer.multiplicity(), 1, "{}", answer.resolve(&pattern));
            match answer.resolve(&variable) {
                Atom::Integer(number) => number,
                other => panic!("{other} is no number"),
            }
        });
        numbers.collect()
    })
}

/// Runs branches in parallel on an environment of its own.
fn speculate(worlds: &Worlds, place: Place) {
    let state = worlds.snapshot(place);
    let mut fork = state.clone();
    fork.fork_join([1, 2, 3, 4], |fork, branch: i64| {
        fork.add_facts_bulk((0..10).map(|i| call("guess", branch, i)));
        let notes = fork.new_space();
        fork.space_mut(notes).unwrap().add_fact(Atom::from(branch));
        fork.new_state(Atom::from(branch));
    })
    .unwrap();
    assert_eq!(fork.len(), state.len() + 40);
    assert!(!state.contains(&call("guess", 1, 0)));
    let patch = state.diff(&fork);
    let mut replayed = state.clone();
    replayed.apply(&patch);
    assert_eq!(replayed, fork);
    replayed.apply(&patch.inverse());
    assert_eq!(replayed.len(), state.len());
}

/// Follows the cell by its notifications alone until the deadline, and has its state in the end. Returns the number of
/// publications seen.
fn follow(cell: &SharedEnvironment, until: Instant) -> u64 {
    let mut news = cell.subscribe(256);
    let mut replica = news.environment();
    let mut seen = 0;
    while Instant::now() < until {
        match news.next_timeout(Duration::from_millis(20)) {
            Some(Event::Changed(update)) => {
                replica.apply(&update.patch);
                seen += 1;
            }
            Some(Event::Lagged(lagged)) => replica = lagged.environment,
            None => {}
        }
        // Versions that descend from one another are kept as long as they can be merged.
        replica.forget_history();
    }
    assert_eq!(replica, news.environment());
    replica.check();
    seen
}

/// Makes versions until those that the round has left behind are swept. They go when as many were made as were alive, which
/// with as many threads are thousands.
fn settle(cell: &SharedEnvironment) {
    let mut fork = cell.snapshot();
    for number in 0..10_000 {
        let _shared = fork.clone();
        fork.bind("latest", Atom::from(number));
    }
    cell.commit(&mut fork);
}

fn evaluator() -> Evaluator {
    Evaluator::builder().policy(Policy::Sequential).build().unwrap()
}

/// The pages that the process has in memory, in MiB, where the system tells.
fn resident() -> f64 {
    let pages = fs::read_to_string("/proc/self/statm").ok();
    let pages = pages.and_then(|text| text.split(' ').nth(1)?.parse::<f64>().ok());
    pages.unwrap_or(0.0) * 4096.0 / f64::from(1 << 20)
}

/// The journal, and how many records were replayed.
fn open(folder: &Path) -> (Journal, u64) {
    let (journal, recovery) = Journal::open_with(folder, SyncPolicy::Always, NoCodec).unwrap();
    assert_eq!(recovery.torn, 0);
    (journal, recovery.records)
}

#[test]
fn sixty_four_threads_for_long() {
    let seconds = std::env::var("PLEACH_SOAK_SECONDS").map_or(2.0, |seconds| seconds.parse().unwrap());
    let rounds = if seconds < 30.0 { 5 } else { 20 };
    let folder = std::env::temp_dir().join(format!("pleach-soak-{}", std::process::id()));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    let mut worlds = Worlds {
        cell: SharedEnvironment::default(),
        journal: open(&folder.join("journal")).0,
        evaluator: evaluator(),
        folder,
    };
    let mut workers: Vec<Worker> = (0..THREADS).map(Worker::new).collect();
    let (mut allocated, mut news) = (Vec::new(), 0);
    for round in 0..rounds {
        let until = Instant::now() + Duration::from_secs_f64(seconds / f64::from(rounds));
        thread::scope(|scope| {
            let follower = scope.spawn(|| follow(&worlds.cell, until));
            for worker in &mut workers {
                scope.spawn(|| worker.work(&worlds, until));
            }
            news += follower.join().unwrap();
        });
        // An acknowledged write outlives the process, or at least the journal: as the log of a round, and as a snapshot.
        let note = |env: &mut Environment| env.bind("round", Atom::from(i64::from(round)));
        worlds.journal.update(note).unwrap();
        let saved = worlds.journal.snapshot();
        for replays in [true, false] {
            drop(worlds.journal);
            let (journal, records) = open(&worlds.folder.join("journal"));
            assert_eq!(records > 0, replays);
            assert_eq!(journal.snapshot(), saved);
            let order = |env: &Environment| env.rules().map(|rule| rule.atom().clone()).collect::<Vec<_>>();
            assert_eq!(order(&journal.snapshot()), order(&saved));
            journal.compact().unwrap();
            worlds.journal = journal;
        }
        drop(saved);
        for place in [Place::Cell, Place::Journal] {
            let world = worlds.snapshot(place);
            world.check();
            let expected = 2 * THREADS as u64 * LEFT as u64;
            assert_eq!((world.len(), world.fact_count() as u64), (expected, expected));
        }
        settle(&worlds.cell);
        // An evaluator keeps the rules that it has compiled, also those that were removed since, up to 64 MiB.
        worlds.evaluator = evaluator();
        allocated.push(PeakAlloc.current_usage());
        let changes: u64 = workers.iter().map(|worker| worker.changes).sum();
        println!(
            "round {round}: {changes} changes so far; {:.2} MiB allocated, {:.0} resident",
            allocated[allocated.len() - 1] as f64 / f64::from(1 << 20),
            resident()
        );
    }

    fs::remove_dir_all(&worlds.folder).unwrap();

    let sum = |count: fn(&Worker) -> u64| workers.iter().map(count).sum::<u64>();
    println!(
        "{THREADS} threads, {seconds} s: {} changes, {} looks, {} files, {news} publications followed, {} bytes left",
        sum(|worker| worker.changes),
        sum(|worker| worker.looks),
        sum(|worker| worker.files),
        PeakAlloc.current_usage(),
    );
    // The first round warms up: threads, caches, names.
    let most = allocated[2..].iter().max().unwrap();
    assert!(10 * most <= 11 * allocated[1], "memory grows: {allocated:?}");
}
