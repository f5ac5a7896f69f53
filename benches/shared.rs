//! One world for many threads, against locks and concurrent maps: reads a second and the 99.9th percentile of a read's
//! latency, alone, beside one writer and beside eight; and commits a second of one, two and eight writers. Core time is
//! the processor time of a read, so it shows contention (two threads over one) but not waiting.
//!
//! `cargo bench --bench shared` prints one line a contender and measure, tab-separated: contender, measure, value,
//! unit. A read looks up one fact among 10,000; a write adds or removes one. Contenders take turns, and the median of
//! the rounds is printed. On a machine with fewer cores than threads, latencies include waiting for a core.

#![allow(clippy::expect_used, missing_docs, reason = "a bench")]

#[path = "common/locked.rs"]
mod locked;
#[path = "shared/worlds.rs"]
mod worlds;

use std::hint::black_box;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use pleach::Atom;
use worlds::{Commit, DashMap, InMutex, Load, Papaya, RwLockFork, SevenLocks, World};

const FACTS: usize = 10_000;
const ROUNDS: usize = 7;
const TIME: Duration = Duration::from_millis(150);

fn atom(text: &str) -> Atom {
    text.parse().expect("an atom")
}

/// Returns this thread's processor time in seconds, where the system reports it: other programs don't disturb it.
fn core_seconds() -> Option<f64> {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    Some(stat.split(' ').next()?.parse::<f64>().ok()? / 1e9)
}

/// Measurements of one round.
#[derive(Clone, Copy, Default)]
struct Measurements {
    reads_per_second: f64,
    /// Seconds of processor time a read.
    core_per_read: f64,
    /// The 99.9th percentile of a read's latency, in nanoseconds.
    latency: f64,
    writes_per_second: f64,
}

/// Runs `readers` and `writers` threads for [`TIME`]. Measures latencies only if `latency`, since reading the clock
/// costs.
fn round<W: World>(world: &W, facts: &[Atom], readers: usize, writers: usize, latency: bool) -> Measurements {
    let done = AtomicBool::new(false);
    let start = Barrier::new(readers + writers + 1);
    thread::scope(|scope| {
        let (done, start) = (&done, &start);
        let reading: Vec<_> = (0..readers)
            .map(|id| {
                scope.spawn(move || {
                    let mut reading = world.reading();
                    let (mut reads, mut times, mut found) = (0usize, Vec::new(), 0usize);
                    let mut at = id * facts.len() / readers;
                    start.wait();
                    let (begun, core) = (Instant::now(), core_seconds());
                    while !done.load(Ordering::Relaxed) {
                        for _ in 0..32 {
                            at = (at + 7919) % facts.len();
                            if latency {
                                let begun = Instant::now();
                                found += usize::from(W::read(&mut reading, &facts[at]));
                                times.push(begun.elapsed().as_nanos() as u64);
                            } else {
                                found += usize::from(W::read(&mut reading, &facts[at]));
                            }
                        }
                        reads += 32;
                    }
                    assert_eq!(black_box(found), reads, "all facts are there");
                    let seconds = begun.elapsed().as_secs_f64();
                    let core = core_seconds().zip(core).map_or(seconds, |(now, then)| now - then);
                    (reads as f64 / seconds, core / reads as f64, times)
                })
            })
            .collect();
        let writing: Vec<_> = (0..writers)
            .map(|id| {
                let own: Vec<_> = (0..100).map(|n| atom(&format!("(written {id} {n})"))).collect();
                scope.spawn(move || {
                    let mut writing = world.writing();
                    let mut writes = 0usize;
                    start.wait();
                    let begun = Instant::now();
                    while !done.load(Ordering::Relaxed) {
                        W::write(&mut writing, &own[writes % own.len()]);
                        writes += 1;
                    }
                    writes as f64 / begun.elapsed().as_secs_f64()
                })
            })
            .collect();
        start.wait();
        thread::sleep(TIME);
        done.store(true, Ordering::Relaxed);
        let mut measured = Measurements::default();
        let mut times = Vec::new();
        for reader in reading {
            let (reads, core, its_times) = reader.join().expect("a reader");
            measured.reads_per_second += reads;
            measured.core_per_read += core / readers as f64;
            times.extend(its_times);
        }
        for writer in writing {
            measured.writes_per_second += writer.join().expect("a writer");
        }
        times.sort_unstable();
        if !times.is_empty() {
            measured.latency = times[times.len() * 999 / 1000] as f64;
        }
        measured
    })
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

struct Contender<'a> {
    name: &'static str,
    round: Box<dyn Fn(usize, usize, bool) -> Measurements + 'a>,
}

fn contender<W: World + 'static>(facts: &[Atom]) -> Contender<'_> {
    let world = W::new(facts);
    Contender {
        name: W::NAME,
        round: Box::new(move |readers, writers, latency| round(&world, facts, readers, writers, latency)),
    }
}

fn main() {
    let only: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
    let facts: Vec<_> = (0..FACTS).map(|n| atom(&format!("(edge n{n} n{})", n / 2))).collect();
    let contenders: Vec<_> = [
        contender::<Load<true>>(&facts),
        contender::<Commit>(&facts),
        contender::<Load<false>>(&facts),
        contender::<RwLockFork>(&facts),
        contender::<InMutex>(&facts),
        contender::<SevenLocks>(&facts),
        contender::<DashMap>(&facts),
        contender::<Papaya>(&facts),
    ]
    .into_iter()
    .filter(|contender| only.iter().all(|part| contender.name.contains(part.as_str())))
    .collect();
    let reads = |measured: Measurements| measured.reads_per_second / 1e6;
    let core = |measured: Measurements| measured.core_per_read * 1e9;
    let latency = |measured: Measurements| measured.latency / 1e3;
    let writes = |measured: Measurements| measured.writes_per_second / 1e3;
    type Value<'a> = &'a dyn Fn(Measurements) -> f64;
    let measures: [(&str, usize, usize, bool, &str, Value<'_>); 16] = [
        ("core time a read, 1 thread", 1, 0, false, "ns", &core),
        ("core time a read, 2 threads", 2, 0, false, "ns", &core),
        ("core time a read, 1 thread, beside 1 writer", 1, 1, false, "ns", &core),
        (
            "core time a read, 2 threads, beside 8 writers",
            2,
            8,
            false,
            "ns",
            &core,
        ),
        ("reads, 1 thread", 1, 0, false, "M/s", &reads),
        ("reads, 2 threads", 2, 0, false, "M/s", &reads),
        ("reads, 1 thread, beside 1 writer", 1, 1, false, "M/s", &reads),
        ("reads, 2 threads, beside 1 writer", 2, 1, false, "M/s", &reads),
        ("reads, 2 threads, beside 8 writers", 2, 8, false, "M/s", &reads),
        ("read latency p99.9, 1 thread", 1, 0, true, "us", &latency),
        (
            "read latency p99.9, 1 thread, beside 1 writer",
            1,
            1,
            true,
            "us",
            &latency,
        ),
        (
            "read latency p99.9, 1 thread, beside 8 writers",
            1,
            8,
            true,
            "us",
            &latency,
        ),
        ("writes, 1 thread", 0, 1, false, "K/s", &writes),
        ("writes, 2 threads", 0, 2, false, "K/s", &writes),
        ("writes, 8 threads", 0, 8, false, "K/s", &writes),
        ("writes, 8 threads, beside 2 readers", 2, 8, false, "K/s", &writes),
    ];
    for (measure, readers, writers, with_latency, unit, value) in measures {
        let mut values = vec![Vec::new(); contenders.len()];
        for turn in 0..ROUNDS {
            for at in 0..contenders.len() {
                let at = (at + turn) % contenders.len();
                values[at].push(value((contenders[at].round)(readers, writers, with_latency)));
            }
        }
        for (contender, values) in contenders.iter().zip(values) {
            println!("{}\t{measure}\t{:.3}\t{unit}", contender.name, median(values));
        }
    }
}
