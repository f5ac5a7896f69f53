//! The rows of the environment.

use std::hint::black_box;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use pleach::term::Parser;
use pleach::{Atom, Environment, SharedEnvironment};

use super::yardsticks::{self, batch};
use crate::common::alloc::bytes_kept;
use crate::common::report::Report;
use crate::common::rivals::{Key, Persistent};
use crate::common::timing::{SideBySide, over_best, rounds, seconds};

fn atom(text: &str) -> Atom {
    text.parse().expect("an atom")
}

pub(super) fn symbol(name: String) -> Atom {
    Atom::symbol(&*name)
}

fn call(i: usize) -> Atom {
    Atom::expression([symbol(format!("rule{i}")), Atom::variable("x")])
}

pub(super) fn edge(from: usize, to: usize) -> Atom {
    Atom::expression([
        Atom::symbol("edge"),
        symbol(format!("n{from}")),
        symbol(format!("n{to}")),
    ])
}

/// `n` rules, each under a head of its own.
fn rules(n: usize) -> Environment {
    let mut env = Environment::new();
    env.add_rules_bulk((0..n).map(|i| (call(i), Atom::from(i as i64))));
    env
}

/// A thousand of the `n` facts of [`facts`].
fn known_facts(n: usize) -> Vec<Atom> {
    (0..1_000).map(|i| i * 7919 % n).map(|i| edge(i, i * 7 % n)).collect()
}

/// `n` ground facts.
pub(super) fn facts(n: usize) -> Environment {
    (0..n).map(|i| edge(i, i * 7 % n)).collect()
}

/// Reports how a row's time grows from `small` to `large`, as a multiple of how its yardstick's does.
fn growth(
    report: &mut Report,
    name: &str,
    [small, large]: [usize; 2],
    times: impl Fn(usize) -> SideBySide,
    yardstick: &str,
    bound: f64,
) {
    let (small, large) = (times(small), times(large));
    report.growth(name, &small, &large, yardstick, bound);
}

pub(crate) fn rows(report: &mut Report, wanted: &dyn Fn(&str) -> bool) {
    for (name, row) in ROWS {
        if wanted(name) {
            row(report, name);
        }
    }
}

type Row = fn(&mut Report, &str);

const ROWS: [(&str, Row); 24] = [
    ("env clone and drop", clone),
    ("env first write after a clone", first_write),
    ("env later add_rule", later_write),
    ("env add_facts_bulk", bulk),
    ("env union, one descends from the other", union_fast),
    ("env union, 10 + 10", union_ten),
    ("env union of two loads", union_loads),
    ("env get_matching_rules", matching_rules),
    ("env rules_for a call, one head", rules_for),
    ("env read a program of rules", program),
    ("env membership", membership),
    ("env get_type", get_type),
    ("env count(&pattern)", count),
    ("env match (fact k $y)", match_prefix),
    ("env rule_count", rule_count),
    ("env memory", memory),
    ("env reads", reads),
    ("env match (fact $x k)", match_free_first),
    ("env match of two patterns, one answer", match_two),
    ("env rules_for a call, one head, at 1 M", rules_for_million),
    ("env match (edge $x $y)", match_all),
    ("env get_matching_rules, all match", all_rules),
    ("env suggest_heads", suggest_heads),
    ("env heads", heads),
];

fn clone(report: &mut Report, name: &str) {
    for n in [10, 1_000, 100_000] {
        let env = rules(n);
        let ours = batch(10_000, |_| drop(black_box(env.clone())));
        let times = SideBySide::measure(31, ours, yardsticks::arc_clone());
        report.over(&format!("{name}, {n}"), &times, yardsticks::ARC_CLONE, 1.5);
    }
}

fn first_write_times(n: usize) -> SideBySide {
    let env = rules(n);
    SideBySide::singly(
        |i| {
            let (lhs, rhs) = (call(i * 7919 % n), atom("new"));
            let mut fork = env.clone();
            seconds(1, || fork.add_rule(lhs, rhs))
        },
        yardsticks::fork_insert(n, 1),
    )
}

fn first_write(report: &mut Report, name: &str) {
    let yardstick = yardsticks::FORK_INSERT;
    report.over(&format!("{name}, 100 K"), &first_write_times(100_000), yardstick, 4.2);
    growth(
        report,
        &format!("{name}, 1 M over 1 K"),
        [1_000, 1_000_000],
        first_write_times,
        yardstick,
        0.48,
    );
}

fn later_write(report: &mut Report, name: &str) {
    let n = 100_000;
    let mut env = rules(n);
    let ours = |i| {
        let (lhs, rhs) = (call(i * 7919 % n), atom("new"));
        seconds(1, || env.add_rule(lhs, rhs))
    };
    let times = SideBySide::singly(ours, yardsticks::tree_insert(n));
    report.over(&format!("{name}, 100 K"), &times, yardsticks::TREE_INSERT, 3.0);
}

fn bulk(report: &mut Report, name: &str) {
    let n = 1_000_000;
    let list: Vec<Atom> = (0..n).map(|i| edge(i, i * 7 % n)).collect();
    let ours = || {
        let (mut env, list) = (Environment::new(), list.clone());
        seconds(n, || env.add_facts_bulk(list))
    };
    let times = SideBySide::measure(3, ours, yardsticks::hash_build(n));
    report.over(&format!("{name}, a fact, 1 M"), &times, yardsticks::HASH_BUILD, 8.0);
}

fn union_fast(report: &mut Report, name: &str) {
    let env = facts(100_000);
    let mut fork = env.clone();
    fork.add_fact(atom("new"));
    let other = env.clone();
    let slowest = [(&env, &other), (&fork, &env), (&env, &fork)]
        .map(|(left, right)| {
            let ours = batch(10_000, |_| drop(black_box(left.union(right))));
            SideBySide::measure(31, ours, yardsticks::arc_clone())
        })
        .into_iter()
        .max_by(|a, b| a.ratio().total_cmp(&b.ratio()))
        .expect("three unions");
    report.over(name, &slowest, yardsticks::ARC_CLONE, 4.5);
}

fn union_ten_times(n: usize) -> SideBySide {
    let env = facts(n);
    SideBySide::singly(
        |i| {
            let (mut a, mut b) = (env.clone(), env.clone());
            for j in 0..10 {
                a.add_fact(edge((i * 31 + j * 7919) % n, n + j));
                b.add_fact(edge((i * 17 + j * 5399) % n, n + 10 + j));
            }
            let start = Instant::now();
            let union = a.union(&b);
            let time = start.elapsed();
            drop(union);
            time.as_secs_f64()
        },
        yardsticks::fork_insert(n, 1),
    )
}

fn union_ten(report: &mut Report, name: &str) {
    let yardstick = yardsticks::FORK_INSERT;
    report.over(&format!("{name}, 100 K"), &union_ten_times(100_000), yardstick, 50.0);
    growth(
        report,
        &format!("{name}, 1 M over 1 K"),
        [1_000, 1_000_000],
        union_ten_times,
        yardstick,
        0.48,
    );
}

fn union_loads(report: &mut Report, name: &str) {
    let n = 100_000;
    let load = |what: &str| {
        let list: Vec<_> = (0..n)
            .map(|i| {
                Atom::expression([
                    Atom::symbol(what),
                    symbol(format!("n{i}")),
                    symbol(format!("n{}", i * 7 % n)),
                ])
            })
            .collect();
        let mut fork = Environment::new();
        fork.add_facts_bulk(list.iter().cloned());
        (fork, list)
    };
    let ((left, _), (right, list)) = (load("likes"), load("knows"));
    let times = rounds(
        &mut [
            Box::new(|| {
                let start = Instant::now();
                let union = left.union(&right);
                let time = start.elapsed().as_secs_f64();
                drop(union);
                time
            }),
            Box::new(|| {
                let (mut again, list) = (left.clone(), list.clone());
                seconds(1, || again.add_facts_bulk(list))
            }),
        ],
        7,
        Duration::from_secs(2),
    );
    report.at_most(
        &format!("{name} of 100 K"),
        over_best(&times),
        "x adding one again",
        0.3,
    );
}

fn matching_rules(report: &mut Report, name: &str) {
    let n = 10_000;
    let env = rules(n);
    let names: Vec<String> = (0..1_000).map(|i| format!("rule{}", i * 7919 % n)).collect();
    let one = batch(1_000, |i| {
        assert_eq!(black_box(&env).get_matching_rules(&names[i], 1).count(), 1)
    });
    let times = SideBySide::measure(31, one, yardsticks::hash_get(n));
    report.over(&format!("{name}, 1 of 10 K"), &times, yardsticks::HASH_GET, 3.1);

    let mut many = Environment::new();
    many.add_rules_bulk((0..1_000).map(|i| (Atom::expression([Atom::symbol("f"), Atom::from(i)]), Atom::from(i))));
    let mut all = batch(10, |_| {
        assert_eq!(
            black_box(&many).get_matching_rules("f", 1).map(black_box).count(),
            1_000
        )
    });
    let times = SideBySide::measure(31, || all() / 1_000.0, yardsticks::tree_iterate(1_000));
    report.over(&format!("{name}, a further one"), &times, yardsticks::TREE_ITERATE, 3.2);
}

/// `count` calls in a turn, each of which can match one of `n` rules of one head.
fn rules_for_times(n: usize, count: usize) -> SideBySide {
    let mut env = Environment::new();
    let call = |i: usize| Atom::expression([Atom::symbol("f"), symbol(format!("n{i}"))]);
    env.add_rules_bulk((0..n).map(|i| (call(i), Atom::from(i as i64))));
    let calls: Vec<Atom> = (0..count).map(|i| call(i * 7919 % n)).collect();
    let ours = batch(count, |i| assert_eq!(env.rules_for(&calls[i]).count(), 1));
    SideBySide::measure(31, ours, yardsticks::tree_range(n, count))
}

fn rules_for(report: &mut Report, name: &str) {
    let times = rules_for_times(100_000, 1_000);
    report.over(&format!("{name}, 1 of 100 K"), &times, yardsticks::TREE_RANGE, 11.0);
}

fn rules_for_million(report: &mut Report, name: &str) {
    growth(
        report,
        &format!("{name} over 1 K"),
        [1_000, 1_000_000],
        |n| rules_for_times(n, 200),
        yardsticks::TREE_RANGE,
        0.7,
    );
}

/// Reads and adds the rules of a program, each under a head of its own.
fn program(report: &mut Report, name: &str) {
    let times = |n: usize| {
        let text: String = (0..n).map(|i| format!("(= (rule{i} $x) (result {i} $x))\n")).collect();
        let ours = || {
            let mut env = Environment::<Atom>::new();
            let rules = Parser::new(&text).map(|item| item.expect("a rule").atom);
            seconds(n, || env.add_facts_bulk(rules))
        };
        let count = if n < 100_000 { 31 } else { 3 };
        SideBySide::measure(count, ours, yardsticks::lines_read(text.clone()))
    };
    growth(
        report,
        &format!("{name}, a rule, 1 M over 10 K"),
        [10_000, 1_000_000],
        times,
        yardsticks::LINES_READ,
        0.3,
    );
}

fn membership(report: &mut Report, name: &str) {
    let n = 100_000;
    let env = facts(n);
    let known = known_facts(n);
    let ours = batch(1_000, |i| assert!(env.contains(&known[i])));
    let times = SideBySide::measure(31, ours, yardsticks::hash_get(n));
    report.over(&format!("{name}, 100 K"), &times, yardsticks::HASH_GET, 12.5);
}

fn count(report: &mut Report, name: &str) {
    let env: Environment = (0..100_000)
        .map(|i| edge(7, i))
        .chain((0..1_000).map(|i| edge(i, 0)))
        .collect();
    let pattern = atom("(edge n7 $y)");
    let times = seconds(1_000, || {
        (0..1_000).for_each(|_| assert_eq!(env.count(black_box(&pattern)), 100_000))
    });
    report.at_most(&format!("{name}, 100,000 answers"), times * 1e6, "µs", 1.0);
}

fn get_type(report: &mut Report, name: &str) {
    let n = 100_000;
    let mut env = Environment::new();
    env.add_facts_bulk(
        (0..n).map(|i| Atom::expression([Atom::symbol(":"), symbol(format!("n{i}")), Atom::symbol("Node")])),
    );
    let names: Vec<String> = (0..1_000).map(|i| format!("n{}", i * 7919 % n)).collect();
    let ours = batch(1_000, |i| assert!(env.get_type(&names[i]).is_some()));
    let times = SideBySide::measure(31, ours, yardsticks::hash_get(n));
    report.over(&format!("{name}, 100 K"), &times, yardsticks::HASH_GET, 5.0);
}

fn match_times(n: usize) -> SideBySide {
    let env = facts(n);
    let patterns: Vec<Atom> = (0..200)
        .map(|i| {
            Atom::expression([
                Atom::symbol("edge"),
                symbol(format!("n{}", i * 7919 % n)),
                Atom::variable("y"),
            ])
        })
        .collect();
    let ours = batch(200, |i| assert_eq!(env.query(&patterns[i]).count(), 1));
    SideBySide::measure(31, ours, yardsticks::tree_range(n, 200))
}

fn match_prefix(report: &mut Report, name: &str) {
    matching(report, name, match_times, 18.0);
}

/// The bound of a query's growth from 1,000 facts to a million, over that of a search in an ordered tree.
const MATCH_GROWTH: f64 = 0.7;

/// Reports a query's time at 100,000 facts, and how it grows.
fn matching(report: &mut Report, name: &str, times: fn(usize) -> SideBySide, bound: f64) {
    let yardstick = yardsticks::TREE_RANGE;
    report.over(&format!("{name}, 100 K"), &times(100_000), yardstick, bound);
    growth(
        report,
        &format!("{name}, 1 M over 1 K"),
        [1_000, 1_000_000],
        times,
        yardstick,
        MATCH_GROWTH,
    );
}

fn rule_count(report: &mut Report, name: &str) {
    let env = rules(100_000);
    let ours = batch(10_000, |_| _ = black_box(black_box(&env).rule_count()));
    let times = SideBySide::measure(31, ours, yardsticks::arc_clone());
    report.over(&format!("{name}, 100 K"), &times, yardsticks::ARC_CLONE, 0.38);
}

fn memory(report: &mut Report, name: &str) {
    let n = 1_000_000;
    // Random edges, one a node on average. Symbols are held once a process and don't count.
    let mut random = 1u64;
    let mut node = || {
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (random >> 33) as usize % n
    };
    let list: Vec<Atom> = (0..n).map(|_| edge(node(), node())).collect();
    let (bytes, env) = bytes_kept(|| {
        let mut env = Environment::new();
        list.iter().for_each(|fact| env.add_fact(fact.clone()));
        env
    });
    report.bytes(
        &format!("{name} a ground fact, 1 M"),
        bytes as f64 / n as f64,
        "three words",
        size_of::<[usize; 3]>() as f64,
        1.0,
    );
    drop((env, list));

    let n = 100_000;
    let env = rules(n);
    let calls: Vec<Atom> = (0..1_000).map(|i| call(i * 7919 % n)).collect();
    let (ours, forks) = bytes_kept(|| {
        let fork = |lhs: &Atom| {
            let mut fork = env.clone();
            fork.add_rule(lhs.clone(), Atom::from(1));
            fork
        };
        calls.iter().map(fork).collect::<Vec<_>>()
    });
    drop(forks);
    let map = yardsticks::imbl(n);
    let (theirs, forks) = bytes_kept(|| {
        let fork = |i: usize| {
            let mut fork = map.clone();
            Persistent::insert(&mut fork, u64::of((n + i) as u64), 1);
            fork
        };
        (0..calls.len()).map(fork).collect::<Vec<_>>()
    });
    drop(forks);
    report.bytes(
        &format!("{name} of 1,000 forks, each"),
        ours as f64 / 1e3,
        yardsticks::FORK_INSERT,
        theirs as f64 / 1e3,
        1.78,
    );
}

/// Returns the reads a second of `threads` threads while `meanwhile` runs; `read` receives a number that differs from
/// read to read.
fn throughput(threads: usize, read: impl Fn(usize) -> bool + Sync, meanwhile: impl FnOnce()) -> f64 {
    let (stop, total) = (AtomicBool::new(false), AtomicU64::new(0));
    let start = Instant::now();
    std::thread::scope(|scope| {
        for thread in 0..threads {
            let (stop, total, read) = (&stop, &total, &read);
            scope.spawn(move || {
                let mut count = 0;
                while !stop.load(Ordering::Relaxed) {
                    for i in 0..100 {
                        assert!(read(thread * 331 + count + i));
                    }
                    count += 100;
                }
                total.fetch_add(count as u64, Ordering::Relaxed);
            });
        }
        meanwhile();
        stop.store(true, Ordering::Relaxed);
    });
    total.into_inner() as f64 / start.elapsed().as_secs_f64()
}

/// How readers scale.
struct Scaling {
    two_over_one: f64,
    beside_writer_over_alone: f64,
}

/// Measures reads on one thread, on two, and on one beside a thread that repeats `write`.
fn scaling(read: impl Fn(usize) -> bool + Sync, mut write: impl FnMut(usize)) -> Scaling {
    const TIME: Duration = Duration::from_millis(150);
    let wait = || std::thread::sleep(TIME);
    let one = throughput(1, &read, wait);
    let two = throughput(2, &read, wait);
    let beside_writer = throughput(1, &read, || {
        let (start, mut i) = (Instant::now(), 0);
        while start.elapsed() < TIME {
            write(i);
            i += 1;
        }
    });
    Scaling {
        two_over_one: two / one,
        beside_writer_over_alone: beside_writer / one,
    }
}

/// Reads of a shared environment against reads of a `HashSet` that nobody writes, beside a writer of another one: what
/// a second thread costs on this machine if it shares nothing that changes.
fn reads(report: &mut Report, name: &str) {
    let n = 100_000;
    let shared = SharedEnvironment::new(facts(n));
    let known = known_facts(n);
    let (set, strings) = yardsticks::hash_set(n);
    let mut other = set.clone();
    let (mut two_over_one, mut beside_writer) = (SideBySide::default(), SideBySide::default());
    for _ in 0..9 {
        let ours = scaling(
            |i| shared.load().contains(&known[i % known.len()]),
            |i| {
                let mut mine = shared.snapshot();
                let fact = edge(n + i % 100, 0);
                if !mine.remove_fact(&fact) {
                    mine.add_fact(fact);
                }
                shared.commit(&mut mine);
            },
        );
        let yardstick = scaling(
            |i| set.contains(&strings[i % strings.len()]),
            |i| {
                let string = format!("(edge n{} n0)", n + i % 100);
                if !other.remove(&string) {
                    other.insert(string);
                }
            },
        );
        two_over_one.push(ours.two_over_one, yardstick.two_over_one);
        beside_writer.push(ours.beside_writer_over_alone, yardstick.beside_writer_over_alone);
    }
    let yardstick = "reads of HashSets";
    report.scaling(
        &format!("{name} on 2 threads over 1"),
        &two_over_one,
        yardstick,
        1.9 / 2.0,
    );
    report.scaling(
        &format!("{name} beside a writer over alone"),
        &beside_writer,
        yardstick,
        0.9,
    );
}

/// Queries by the second argument: through the facts, and through the index that such queries build.
fn match_free_first(report: &mut Report, name: &str) {
    fn pattern(n: usize, i: usize) -> Atom {
        Atom::expression([
            Atom::symbol("edge"),
            Atom::variable("x"),
            symbol(format!("n{}", i * 7919 % n)),
        ])
    }
    fn indexed(n: usize) -> SideBySide {
        let env = facts(n);
        let patterns: Vec<Atom> = (0..200).map(|i| pattern(n, i)).collect();
        // The first ones pay for the index.
        (0..10).for_each(|i| assert_eq!(env.query(&patterns[i]).count(), 1));
        let ours = batch(200, |i| assert_eq!(env.query(&patterns[i]).count(), 1));
        SideBySide::measure(31, ours, yardsticks::tree_range(n, 200))
    }
    // The mean over those that go through the facts, the one that builds the index, and those that use it.
    let n = 100_000;
    let mean = || {
        let env = facts(n);
        let patterns: Vec<Atom> = (0..100).map(|i| pattern(n, i)).collect();
        let ask = |pattern| assert_eq!(env.query(pattern).count(), 1);
        seconds(100, || patterns.iter().for_each(ask))
    };
    let times = SideBySide::measure(5, mean, yardsticks::scan(n));
    report.over(
        &format!("{name}, 100 K, mean of the first 100"),
        &times,
        yardsticks::SCAN,
        16.0,
    );
    let yardstick = yardsticks::TREE_RANGE;
    report.over(&format!("{name}, 100 K, asked before"), &indexed(n), yardstick, 30.0);
    growth(
        report,
        &format!("{name}, 1 M over 1 K, asked before"),
        [1_000, 1_000_000],
        indexed,
        yardstick,
        MATCH_GROWTH,
    );
}

/// A conjunction of two patterns with one answer.
fn match_two(report: &mut Report, name: &str) {
    fn times(n: usize) -> SideBySide {
        let env = facts(n);
        let patterns: Vec<[Atom; 2]> = (0..200)
            .map(|i| {
                let [from, y, z] = [
                    symbol(format!("n{}", i * 7919 % n)),
                    Atom::variable("y"),
                    Atom::variable("z"),
                ];
                [
                    Atom::expression([Atom::symbol("edge"), y.clone(), z]),
                    Atom::expression([Atom::symbol("edge"), from, y]),
                ]
            })
            .collect();
        let ours = batch(200, |i| assert_eq!(env.query_all(&patterns[i]).count(), 1));
        SideBySide::measure(31, ours, yardsticks::tree_range(n, 200))
    }
    matching(report, name, times, 60.0);
}

/// Draws all items, and returns how many there are.
fn drain(items: impl Iterator) -> usize {
    items.map(black_box).count()
}

/// All facts of one head, through a query and as matches, against iterating over them.
fn match_all(report: &mut Report, name: &str) {
    let n = 16_000;
    let env = facts(n);
    let pattern = atom("(edge $x $y)");
    let yardstick = "iter()";
    let iterate = || {
        let env = &env;
        move || seconds(n, || assert_eq!(env.iter().map(black_box).count(), n))
    };
    let mut ours = |what: &str, bound, run: &dyn Fn() -> usize| {
        let times = SideBySide::measure(31, || seconds(n, || assert_eq!(run(), n)), iterate());
        report.over(&format!("{name}, 16 K, {what}"), &times, yardstick, bound);
    };
    let query = || env.query(black_box(&pattern));
    ours("answers", 1.0, &|| query().map(black_box).count());
    ours("atoms of answers", 1.0, &|| drain(query().map(|answer| answer.atom())));
    let into_bindings = || drain(query().map(|answer| answer.into_bindings()));
    ours("bindings of answers", 1.0, &into_bindings);
    ours("matches", 1.0, &|| {
        env.matches(black_box(&pattern)).map(black_box).count()
    });
}

/// A call that all rules of its head can match: both sides of each, by head and by call.
fn all_rules(report: &mut Report, name: &str) {
    let n = 16_000;
    let mut env = Environment::new();
    env.add_rules_bulk((0..n).map(|i| {
        (
            Atom::expression([Atom::symbol("f"), symbol(format!("n{i}"))]),
            Atom::from(1),
        )
    }));
    let call = atom("(f $x)");
    let by_head = || {
        let rules = black_box(&env).get_matching_rules("f", 1);
        seconds(n, || assert_eq!(drain(rules.map(|rule| (rule.lhs(), rule.rhs()))), n))
    };
    let by_call = || {
        let rules = black_box(&env).rules_for(&call);
        seconds(n, || assert_eq!(drain(rules.map(|rule| (rule.lhs(), rule.rhs()))), n))
    };
    let times = SideBySide::measure(31, by_head, by_call);
    report.over(&format!("{name}, 16 K"), &times, "rules_for", 2.0);
}

fn suggest_heads(report: &mut Report, name: &str) {
    let n = 100_000;
    let env = rules(n);
    let names: Vec<String> = (0..100).map(|i| format!("ruel{}", i * 7919 % n)).collect();
    for (max, bound) in [(1, 100.0), (2, 1_000.0)] {
        let near = |name: &String| assert!(!black_box(&env).suggest_heads(name, max).is_empty());
        let times = SideBySide::measure(
            7,
            || seconds(100, || names.iter().for_each(near)),
            yardsticks::arc_clone(),
        );
        report.at_most(
            &format!("{name} among 100 K, distance {max}"),
            times.ours() * 1e6,
            "µs",
            bound,
        );
    }
}

fn heads(report: &mut Report, name: &str) {
    let n = 100_000;
    let env = rules(n);
    let ours = || seconds(n, || assert_eq!(black_box(&env).heads().map(black_box).count(), n));
    let times = SideBySide::measure(31, ours, yardsticks::tree_iterate(n));
    report.over(
        &format!("{name} of 100 K, each"),
        &times,
        yardsticks::TREE_ITERATE,
        12.0,
    );
}
