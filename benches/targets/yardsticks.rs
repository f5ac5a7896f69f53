//! Yardsticks: the nearest operation of `std`, of a rival or of the system, timed beside a row, so that the row's bound
//! is a ratio that means the same on every processor. `docs/performance.md` says how the factors were found.
//!
//! None of them calls pleach: a regression would lengthen its own yardstick.
//!
//! Each function sets up its data and returns an operation that returns the seconds it takes.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fs::File;
use std::hint::black_box;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::Instant;

use crate::common::rivals::{Imbl, Key, Persistent};
use crate::common::timing::seconds;

pub(super) const ARC_CLONE: &str = "Arc::clone and drop";
pub(super) const FORK_INSERT: &str = "fork + insert of imbl";
pub(super) const HASH_BUILD: &str = "HashSet insert";
pub(super) const HASH_GET: &str = "HashMap get";
pub(super) const SCAN: &str = "scan of a Vec";
pub(super) const TREE_INSERT: &str = "BTreeMap insert";
pub(super) const TREE_ITERATE: &str = "BTreeMap iteration";
pub(super) const TREE_RANGE: &str = "BTreeSet range";
pub(super) const TREE_WRITE: &str = "BTreeSet written as lines";
pub(super) const LINES_READ: &str = "lines read into a HashSet";

/// Operations in one turn, where one takes nanoseconds.
const BATCH: usize = 1_000;

/// Repeats `f` as often in each turn, and once more before: the other side of the row has had the caches since.
pub(super) fn batch(count: usize, mut f: impl FnMut(usize)) -> impl FnMut() -> f64 {
    move || {
        (0..count).for_each(&mut f);
        seconds(count, || (0..count).for_each(&mut f))
    }
}

/// The text of fact `i` of `n`.
fn fact(i: usize, n: usize) -> String {
    format!("(edge n{i} n{})", i * 7 % n)
}

/// The number of an item of `n`, a different one for each `i` below `n`, without pattern.
fn scattered(i: usize, n: usize) -> usize {
    i * 7919 % n
}

pub(super) fn arc_clone() -> impl FnMut() -> f64 {
    let arc = Arc::new(0_u64);
    batch(10_000, move |_| drop(black_box(Arc::clone(&arc))))
}

/// An insertion into a clone of a persistent map of `n` numbers, of `count` clones in a turn, which are dropped outside
/// the time.
pub(super) fn fork_insert(n: usize, count: usize) -> impl FnMut() -> f64 {
    let map = imbl(n);
    let mut i = 0;
    move || {
        let mut forks = vec![map.clone(); count];
        seconds(count, || {
            for fork in &mut forks {
                i += 1;
                fork.insert(u64::of((n + scattered(i, n)) as u64), 1);
            }
        })
    }
}

/// A persistent map of the numbers below `n`.
pub(super) fn imbl(n: usize) -> Imbl<u64> {
    let mut map = Imbl::<u64>::empty();
    (0..n as u64).for_each(|i| Persistent::insert(&mut map, u64::of(i), i));
    map
}

/// A lookup by string in a hash table of `n`.
pub(super) fn hash_get(n: usize) -> impl FnMut() -> f64 {
    let map: HashMap<String, usize> = (0..n).map(|i| (fact(i, n), i)).collect();
    let keys: Vec<String> = (0..BATCH).map(|i| fact(scattered(i, n), n)).collect();
    batch(BATCH, move |i| assert!(black_box(map.get(&keys[i])).is_some()))
}

/// The insertion of each of `n` strings into a new hash table, which is dropped outside the time.
pub(super) fn hash_build(n: usize) -> impl FnMut() -> f64 {
    let strings: Vec<String> = (0..n).map(|i| fact(i, n)).collect();
    move || {
        let (mut set, strings) = (HashSet::new(), strings.clone());
        seconds(n, || set.extend(strings))
    }
}

/// An insertion into an ordered tree of `n` strings, in place.
pub(super) fn tree_insert(n: usize) -> impl FnMut() -> f64 {
    let mut map: BTreeMap<String, usize> = (0..n).map(|i| (fact(i, n), i)).collect();
    let mut i = 0;
    move || {
        i += 1;
        let key = format!("{} new", fact(scattered(i, n), n));
        seconds(1, || _ = map.insert(key, i))
    }
}

/// An entry of an ordered tree of `n`, of all.
pub(super) fn tree_iterate(n: usize) -> impl FnMut() -> f64 {
    let map: BTreeMap<usize, usize> = (0..n).map(|i| (i, i)).collect();
    let mut all = batch(10, move |_| {
        assert_eq!(black_box(&map).values().map(black_box).count(), n)
    });
    move || all() / n as f64
}

/// A search for the one string of an ordered tree of `n` that begins like a pattern; `count` of them in a turn.
pub(super) fn tree_range(n: usize, count: usize) -> impl FnMut() -> f64 {
    let set: BTreeSet<String> = (0..n).map(|i| fact(i, n)).collect();
    let prefixes: Vec<String> = (0..count).map(|i| format!("(edge n{} ", scattered(i, n))).collect();
    batch(count, move |i| {
        let prefix = &prefixes[i];
        let found = set.range::<String, _>(prefix..).next();
        assert!(black_box(found).is_some_and(|found| found.starts_with(prefix)));
    })
}

/// A search for the one string of `n` that ends like a pattern.
pub(super) fn scan(n: usize) -> impl FnMut() -> f64 {
    let strings: Vec<String> = (0..n).map(|i| fact(i, n)).collect();
    let mut turn = 0;
    batch(1, move |_| {
        turn += 1;
        let end = format!(" n{})", scattered(turn, n));
        let ends = |string: &&String| string.ends_with(&end);
        assert_eq!(strings.iter().filter(ends).count(), 1);
    })
}

/// A string of an ordered tree of `n`, all of which are copied into a buffer.
pub(super) fn tree_write(n: usize) -> impl FnMut() -> f64 {
    let set: BTreeSet<String> = (0..n).map(|i| fact(i, n)).collect();
    let mut bytes = Vec::with_capacity(32 << 20);
    move || {
        bytes.clear();
        seconds(n, || {
            for string in &set {
                bytes.extend_from_slice(string.as_bytes());
                bytes.push(b'\n');
            }
            black_box(&bytes);
        })
    }
}

/// A line of a text, all of which are put into a hash table as strings of their own.
pub(super) fn lines_read(text: String) -> impl FnMut() -> f64 {
    let n = text.lines().count();
    move || {
        let mut set = HashSet::new();
        seconds(n, || set.extend(text.lines().map(str::to_owned)))
    }
}

/// `n` facts as text, a line each.
pub(super) fn lines(n: usize) -> String {
    (0..n).map(|i| fact(i, n) + "\n").collect()
}

/// An append of 64 bytes to a file, without a sync; `count` of them in a turn.
pub(super) fn append(path: &Path, count: usize) -> impl FnMut() -> f64 {
    let mut file = File::create(path).expect("a file");
    move || {
        seconds(count, || {
            (0..count).for_each(|_| file.write_all(&[0; 64]).expect("a write"))
        })
    }
}

/// A hash table of strings, and some that it holds, for threads to read.
pub(super) fn hash_set(n: usize) -> (HashSet<String>, Vec<String>) {
    let known = (0..BATCH).map(|i| fact(scattered(i, n), n)).collect();
    ((0..n).map(|i| fact(i, n)).collect(), known)
}

type Function = fn(&Functions, Box<i64>) -> i64;

/// Functions by name.
struct Functions(HashMap<String, Function>);

/// Computes Fibonacci numbers as the simplest interpreter would: for each call a lookup by name and an argument on the
/// heap.
#[expect(clippy::boxed_local, reason = "the allocation is measured")]
fn fib(functions: &Functions, n: Box<i64>) -> i64 {
    if *n < 2 {
        return *n;
    }
    let call = |n| functions.0["fib"](functions, black_box(Box::new(n)));
    call(*n - 1) + call(*n - 2)
}

/// `fib n` by calls of native functions that are found by name.
pub(super) fn native_fib(n: i64) -> impl Fn() -> f64 + Sync {
    let functions = Functions(HashMap::from([("fib".to_owned(), fib as Function)]));
    move || seconds(1, || _ = black_box(fib(&functions, Box::new(n))))
}

/// The time that two calls of `f` take on one thread over that which they take on two: what a second thread brings
/// here.
pub(super) fn two_threads(f: impl Fn() + Sync) -> f64 {
    let start = Instant::now();
    (0..2).for_each(|_| f());
    let one = start.elapsed();
    let start = Instant::now();
    thread::scope(|scope| {
        scope.spawn(&f);
        f();
    });
    one.as_secs_f64() / start.elapsed().as_secs_f64()
}

/// An argument that makes this program end at once.
pub(crate) const NOTHING: &str = "--nothing";

/// The start and the end of a process that does nothing.
pub(super) fn start_up() -> impl FnMut() -> f64 {
    let program = std::env::current_exe().expect("this program");
    move || {
        seconds(1, || {
            let mut command = Command::new(&program);
            let status = command.arg(NOTHING).stdout(Stdio::null()).status();
            assert!(status.expect("this program").success());
        })
    }
}
