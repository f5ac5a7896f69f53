//! The rows of the environment.

use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use pleach::term::Parser;
use pleach::{Atom, Environment, SharedEnvironment};

use crate::common::alloc::bytes_kept;
use crate::common::report::Report;
use crate::common::timing::{median, over_best, rounds, seconds};

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

/// `n` ground facts.
pub(super) fn facts(n: usize) -> Environment {
    (0..n).map(|i| edge(i, i * 7 % n)).collect()
}

/// The median, in seconds, of what `once` returns for each of a few hundred numbers.
fn median_of(once: impl FnMut(usize) -> f64) -> f64 {
    median((0..301).map(once).collect())
}

/// The median time of one of `count` runs of `f`, in seconds.
pub(super) fn each(count: usize, mut f: impl FnMut(usize)) -> f64 {
    median(
        (0..31)
            .map(|_| seconds(count, || (0..count).for_each(&mut f)))
            .collect(),
    )
}

pub(crate) fn rows(report: &mut Report, wanted: &dyn Fn(&str) -> bool) {
    for (name, row) in ROWS {
        if wanted(name) {
            row(report, name);
        }
    }
}

type Row = fn(&mut Report, &str);

const ROWS: [(&str, Row); 19] = [
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
    ("env match (fact k $y)", match_prefix),
    ("env rule_count", rule_count),
    ("env memory", memory),
    ("env reads", reads),
    ("env match (fact $x k)", match_free_first),
    ("env match of two patterns, one answer", match_two),
    ("env rules_for a call, one head, at 1 M", rules_for_million),
];

fn clone(report: &mut Report, name: &str) {
    for n in [10, 1_000, 100_000] {
        let env = rules(n);
        let arc = Arc::new(n);
        let times = rounds(
            &mut [
                Box::new(|| seconds(10_000, || (0..10_000).for_each(|_| drop(black_box(env.clone()))))),
                Box::new(|| seconds(10_000, || (0..10_000).for_each(|_| drop(black_box(Arc::clone(&arc)))))),
            ],
            31,
            Duration::from_millis(200),
        );
        report.at_most(&format!("{name}, {n}"), over_best(&times), "x Arc::clone", 1.5);
    }
}

fn first_write_time(n: usize) -> f64 {
    let env = rules(n);
    median_of(|i| {
        let (lhs, rhs) = (call(i * 7919 % n), atom("new"));
        let mut fork = env.clone();
        seconds(1, || fork.add_rule(lhs, rhs))
    })
}

fn first_write(report: &mut Report, name: &str) {
    report.at_most(&format!("{name}, 100 K"), first_write_time(100_000) * 1e6, "µs", 5.0);
    report.at_most(
        &format!("{name}, 1 M over 1 K"),
        first_write_time(1_000_000) / first_write_time(1_000),
        "x",
        3.0,
    );
}

fn later_write(report: &mut Report, name: &str) {
    let n = 100_000;
    let mut env = rules(n);
    let time = median_of(|i| {
        let (lhs, rhs) = (call(i * 7919 % n), atom("new"));
        seconds(1, || env.add_rule(lhs, rhs))
    });
    report.at_most(&format!("{name}, 100 K"), time * 1e6, "µs", 3.0);
}

fn bulk(report: &mut Report, name: &str) {
    let n = 1_000_000;
    let list: Vec<Atom> = (0..n).map(|i| edge(i, i * 7 % n)).collect();
    let time = median(
        (0..3)
            .map(|_| {
                let (mut env, list) = (Environment::new(), list.clone());
                seconds(n, || env.add_facts_bulk(list))
            })
            .collect(),
    );
    report.at_most(&format!("{name}, a fact, 1 M"), time * 1e6, "µs", 2.0);
}

fn union_fast(report: &mut Report, name: &str) {
    let env = facts(100_000);
    let mut fork = env.clone();
    fork.add_fact(atom("new"));
    let other = env.clone();
    let same = each(10_000, |_| drop(black_box(env.union(&other))));
    let older = each(10_000, |_| drop(black_box(fork.union(&env))));
    let newer = each(10_000, |_| drop(black_box(env.union(&fork))));
    report.at_most(name, same.max(older).max(newer) * 1e9, "ns", 20.0);
}

fn union_ten_time(n: usize) -> f64 {
    let env = facts(n);
    median_of(|i| {
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
    })
}

fn union_ten(report: &mut Report, name: &str) {
    report.at_most(&format!("{name}, 100 K"), union_ten_time(100_000) * 1e6, "µs", 60.0);
    report.at_most(
        &format!("{name}, 1 M over 1 K"),
        union_ten_time(1_000_000) / union_ten_time(1_000),
        "x",
        3.0,
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
    let one = each(1_000, |i| {
        assert_eq!(black_box(&env).get_matching_rules(&names[i], 1).count(), 1)
    });
    report.at_most(&format!("{name}, 1 of 10 K"), one * 1e9, "ns", 60.0);

    let mut many = Environment::new();
    many.add_rules_bulk((0..1_000).map(|i| (Atom::expression([Atom::symbol("f"), Atom::from(i)]), Atom::from(i))));
    let all = each(10, |_| {
        assert_eq!(
            black_box(&many).get_matching_rules("f", 1).map(black_box).count(),
            1_000
        )
    });
    report.at_most(&format!("{name}, a further one"), all * 1e9 / 1_000.0, "ns", 3.0);
}

fn rules_for(report: &mut Report, name: &str) {
    let n = 100_000;
    let mut env = Environment::new();
    env.add_rules_bulk((0..n).map(|i| {
        (
            Atom::expression([Atom::symbol("f"), symbol(format!("n{i}"))]),
            Atom::from(i),
        )
    }));
    let calls: Vec<Atom> = (0..1_000)
        .map(|i| Atom::expression([Atom::symbol("f"), symbol(format!("n{}", i * 7919 % n))]))
        .collect();
    let time = each(1_000, |i| assert_eq!(env.rules_for(&calls[i]).count(), 1));
    report.at_most(&format!("{name}, 1 of 100 K"), time * 1e6, "µs", 3.0);
}

/// Seconds to read and add one rule of a program of `n`.
fn program_time(n: usize, rounds: usize) -> f64 {
    let text: String = (0..n).map(|i| format!("(= (rule{i} $x) (result {i} $x))\n")).collect();
    let once = |_| {
        let mut env = Environment::<Atom>::new();
        let rules = Parser::new(&text).map(|item| item.expect("a rule").atom);
        seconds(n, || env.add_facts_bulk(rules))
    };
    median((0..rounds).map(once).collect())
}

fn program(report: &mut Report, name: &str) {
    let small = program_time(10_000, 31);
    report.at_most(
        &format!("{name}, a rule, 1 M over 10 K"),
        program_time(1_000_000, 3) / small,
        "x",
        1.5,
    );
}

fn membership(report: &mut Report, name: &str) {
    let n = 100_000;
    let env = facts(n);
    let known: Vec<Atom> = (0..1_000).map(|i| i * 7919 % n).map(|i| edge(i, i * 7 % n)).collect();
    let time = each(1_000, |i| assert!(env.contains(&known[i])));
    report.at_most(&format!("{name}, 100 K"), time * 1e9, "ns", 700.0);
}

fn get_type(report: &mut Report, name: &str) {
    let n = 100_000;
    let mut env = Environment::new();
    env.add_facts_bulk(
        (0..n).map(|i| Atom::expression([Atom::symbol(":"), symbol(format!("n{i}")), Atom::symbol("Node")])),
    );
    let names: Vec<String> = (0..1_000).map(|i| format!("n{}", i * 7919 % n)).collect();
    let time = each(1_000, |i| assert!(env.get_type(&names[i]).is_some()));
    report.at_most(&format!("{name}, 100 K"), time * 1e9, "ns", 150.0);
}

fn match_time(n: usize) -> f64 {
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
    each(200, |i| assert_eq!(env.query(&patterns[i]).count(), 1))
}

fn match_prefix(report: &mut Report, name: &str) {
    report.at_most(&format!("{name}, 100 K"), match_time(100_000) * 1e6, "µs", 3.0);
    report.at_most(
        &format!("{name}, 1 M over 1 K"),
        match_time(1_000_000) / match_time(1_000),
        "x",
        3.0,
    );
}

fn rule_count(report: &mut Report, name: &str) {
    let env = rules(100_000);
    let time = each(10_000, |_| {
        black_box(black_box(&env).rule_count());
    });
    report.at_most(&format!("{name}, 100 K"), time * 1e9, "ns", 5.0);
}

fn memory(report: &mut Report, name: &str) {
    let n = 1_000_000;
    // Random edges, one a node on average. Symbols are held once a process, whatever is done with them.
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
    report.at_most(
        &format!("{name} a ground fact, 1 M"),
        bytes as f64 / n as f64,
        "B",
        100.0,
    );
    drop((env, list));

    let env = rules(100_000);
    let calls: Vec<Atom> = (0..1_000).map(|i| call(i * 7919 % 100_000)).collect();
    let (bytes, forks) = bytes_kept(|| {
        let fork = |lhs: &Atom| {
            let mut fork = env.clone();
            fork.add_rule(lhs.clone(), Atom::from(1));
            fork
        };
        calls.iter().map(fork).collect::<Vec<_>>()
    });
    report.at_most(
        &format!("{name} of 1,000 forks, each"),
        bytes as f64 / forks.len() as f64 / 1e3,
        "KB",
        5.0,
    );
}

/// Reads for a while on `threads` threads; the number of reads a second.
fn throughput(
    shared: &SharedEnvironment,
    known: &[Atom],
    threads: usize,
    while_reading: impl FnOnce(&AtomicBool),
) -> f64 {
    let (stop, total) = (AtomicBool::new(false), AtomicU64::new(0));
    let start = Instant::now();
    std::thread::scope(|scope| {
        for thread in 0..threads {
            let (stop, total) = (&stop, &total);
            scope.spawn(move || {
                let mut count = 0;
                while !stop.load(Ordering::Relaxed) {
                    for i in 0..100 {
                        assert!(
                            shared
                                .load()
                                .contains(&known[(thread * 331 + count as usize + i) % known.len()])
                        );
                    }
                    count += 100;
                }
                total.fetch_add(count, Ordering::Relaxed);
            });
        }
        while_reading(&stop);
        stop.store(true, Ordering::Relaxed);
    });
    total.into_inner() as f64 / start.elapsed().as_secs_f64()
}

fn reads(report: &mut Report, name: &str) {
    let n = 100_000;
    let shared = SharedEnvironment::new(facts(n));
    let known: Vec<Atom> = (0..1_000).map(|i| i * 7919 % n).map(|i| edge(i, i * 7 % n)).collect();
    let wait = |_: &AtomicBool| std::thread::sleep(Duration::from_millis(150));
    let mut scaling = Vec::new();
    let mut beside_writer = Vec::new();
    for _ in 0..9 {
        let one = throughput(&shared, &known, 1, wait);
        scaling.push(throughput(&shared, &known, 2, wait) / one);
        let writing = throughput(&shared, &known, 1, |_| {
            let (start, mut i) = (Instant::now(), 0);
            while start.elapsed() < Duration::from_millis(150) {
                let mut mine = shared.snapshot();
                let fact = edge(n + i % 100, 0);
                if !mine.remove_fact(&fact) {
                    mine.add_fact(fact);
                }
                shared.commit(&mut mine);
                i += 1;
            }
        });
        beside_writer.push(writing / one);
    }
    report.at_least(&format!("{name} on 2 threads over 1"), median(scaling), "x", 1.9);
    report.at_least(
        &format!("{name} beside a writer over alone"),
        median(beside_writer),
        "x",
        0.85,
    );
}

/// Facts asked for by their second argument: through the facts, and through the index that such queries lead to.
fn match_free_first(report: &mut Report, name: &str) {
    let pattern = |n: usize, i: usize| {
        Atom::expression([
            Atom::symbol("edge"),
            Atom::variable("x"),
            symbol(format!("n{}", i * 7919 % n)),
        ])
    };
    let indexed = |n: usize| {
        let env = facts(n);
        let patterns: Vec<Atom> = (0..200).map(|i| pattern(n, i)).collect();
        // The first ones pay for the index.
        (0..10).for_each(|i| assert_eq!(env.query(&patterns[i]).count(), 1));
        each(200, |i| assert_eq!(env.query(&patterns[i]).count(), 1))
    };
    // With those that go through the facts, and the one that builds the index. The bound is a twentieth of the 72 ms that
    // the lock-guarded design takes.
    let n = 100_000;
    let mean = || {
        let env = facts(n);
        let patterns: Vec<Atom> = (0..100).map(|i| pattern(n, i)).collect();
        let ask = |pattern| assert_eq!(env.query(pattern).count(), 1);
        seconds(100, || patterns.iter().for_each(ask))
    };
    let mean = median((0..5).map(|_| mean()).collect());
    report.at_most(&format!("{name}, 100 K, mean of the first 100"), mean * 1e3, "ms", 3.6);
    report.at_most(&format!("{name}, 100 K, asked before"), indexed(n) * 1e6, "µs", 5.0);
    report.at_most(
        &format!("{name}, 1 M over 1 K, asked before"),
        indexed(1_000_000) / indexed(1_000),
        "x",
        3.0,
    );
}

/// A conjunction of two patterns with one answer.
fn match_two(report: &mut Report, name: &str) {
    let time = |n: usize| {
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
        each(200, |i| assert_eq!(env.query_all(&patterns[i]).count(), 1))
    };
    report.at_most(&format!("{name}, 100 K"), time(100_000) * 1e6, "µs", 10.0);
    report.at_most(
        &format!("{name}, 1 M over 1 K"),
        time(1_000_000) / time(1_000),
        "x",
        3.0,
    );
}

fn rules_for_million(report: &mut Report, name: &str) {
    let time = |n: usize| {
        let mut env = Environment::new();
        let call = |i: usize| Atom::expression([Atom::symbol("f"), symbol(format!("n{i}"))]);
        env.add_rules_bulk((0..n).map(|i| (call(i), Atom::from(i as i64))));
        let calls: Vec<Atom> = (0..200).map(|i| call(i * 7919 % n)).collect();
        each(200, |i| assert_eq!(env.rules_for(&calls[i]).count(), 1))
    };
    report.at_most(&format!("{name} over 1 K"), time(1_000_000) / time(1_000), "x", 3.0);
}
