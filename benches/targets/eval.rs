//! The rows of the evaluator, and of evaluation on a fork.

use std::hint::black_box;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use pleach::Environment;
use pleach::term::Atom;
use pleach_metta::{Evaluator, Policy};

use super::yardsticks;
use crate::common::alloc::bytes_at_peak;
use crate::common::report::Report;
use crate::common::timing::{SideBySide, median, rounds, seconds};

const RULES: &str = "
    (= (fib $n) (if (< $n 2) $n (+ (fib (- $n 1)) (fib (- $n 2)))))
    (= (loop $n) (if (== $n 0) done (loop (- $n 1))))
    (= (tree $n) (if (== $n 0) 1 (+ (tree (- $n 1)) (tree (- $n 1)))))
    (= (count $n) (if (== $n 0) 0 (+ 1 (count (- $n 1)))))
    (= (range $a $b) (if (== $a $b) Nil (Cons $a (range (+ $a 1) $b))))
    (= (rev Nil $r) $r) (= (rev (Cons $h $t) $r) (rev $t (Cons $h $r)))
    (= (sum Nil) 0) (= (sum (Cons $h $t)) (+ $h (sum $t)))";

fn world() -> Environment {
    let run = Evaluator::new().run(Environment::new(), RULES);
    run.expect("a program").environment
}

fn query(text: &str) -> Atom {
    text.parse().expect("an atom")
}

/// Evaluates `query` in a fork of `world`.
fn evaluate(evaluator: &Evaluator, world: &Environment, query: &Atom) {
    black_box(evaluator.evaluate(world.clone(), query).expect("an evaluation"));
}

fn timed(evaluator: &Evaluator, world: &Environment, query: &Atom) -> f64 {
    seconds(1, || evaluate(evaluator, world, query))
}

/// Returns the median over rounds of the second contender's time over the first's.
fn second_over_first(first: impl FnMut() -> f64, second: impl FnMut() -> f64, budget: Duration) -> f64 {
    let times = rounds(&mut [Box::new(first), Box::new(second)], 21, budget);
    median(
        times[0]
            .iter()
            .zip(&times[1])
            .map(|(first, second)| second / first)
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

const ROWS: [(&str, Row); 7] = [
    ("eval fib 20", fib),
    ("eval tail loop, memory of 100,000 steps over that of 10,000", tail_loop),
    ("eval tail loop, time per step of 100,000 over 10,000", tail_loop_time),
    ("eval tree of calls, 1 thread over 2", tree),
    ("eval no siblings, 2 threads over sequential", no_siblings),
    ("eval start-up of the command", start_up),
    ("env read-only evaluation on a fork over on the original", on_a_fork),
];

fn fib(report: &mut Report, name: &str) {
    let (evaluator, world, query) = (Evaluator::new(), world(), query("(fib 20)"));
    let ours = || timed(&evaluator, &world, &query);
    let times = SideBySide::measure(31, ours, yardsticks::native_fib(20));
    report.over(name, &times, "fib 20 by native calls found by name", 125.0);
}

fn tail_loop(report: &mut Report, name: &str) {
    let (evaluator, world) = (Evaluator::new(), world());
    let peak = |query: &Atom| {
        bytes_at_peak(|| {
            timed(&evaluator, &world, query);
        }) as f64
    };
    let (short, long) = (query("(loop 10000)"), query("(loop 100000)"));
    peak(&short);
    report.at_most(name, peak(&long) / peak(&short), "x", 1.1);
}

fn tail_loop_time(report: &mut Report, name: &str) {
    let (evaluator, world) = (Evaluator::new(), world());
    let (short, long) = (query("(loop 10000)"), query("(loop 100000)"));
    let ratio = second_over_first(
        || timed(&evaluator, &world, &short),
        || timed(&evaluator, &world, &long) / 10.0,
        Duration::from_secs(1),
    );
    report.at_most(name, ratio, "x", 1.2);
}

/// The speedup by a second thread of a program with branches, over that of native calls that share nothing.
fn tree(report: &mut Report, name: &str) {
    let (one, two) = (
        Evaluator::new(),
        Evaluator::builder().threads(2).build().expect("an evaluator"),
    );
    let (world, query) = (world(), query("(tree 16)"));
    let native = yardsticks::native_fib(26);
    let mut speedups = SideBySide::default();
    evaluate(&two, &world, &query);
    for _ in 0..21 {
        let (on_two, on_one) = (timed(&two, &world, &query), timed(&one, &world, &query));
        speedups.push(on_one / on_two, yardsticks::two_threads(|| _ = native()));
    }
    report.scaling(name, &speedups, "native calls", 1.7 / 2.0);
}

/// Programs without independent branches, on two threads over the sequential policy.
fn no_siblings(report: &mut Report, name: &str) {
    let sequential = Evaluator::builder()
        .policy(Policy::Sequential)
        .build()
        .expect("an evaluator");
    let two = Evaluator::builder().threads(2).build().expect("an evaluator");
    let world = world();
    let worst = ["(loop 50000)", "(count 50000)", "(sum (rev (range 0 10000) Nil))"].map(|text| {
        let query = query(text);
        second_over_first(
            || timed(&sequential, &world, &query),
            || timed(&two, &world, &query),
            Duration::from_secs(2),
        )
    });
    report.at_most(name, worst.into_iter().fold(0.0, f64::max), "x", 1.03);
}

/// Builds the command, which another package has, and returns its path.
fn command() -> PathBuf {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args([
        "build",
        "--quiet",
        "--release",
        "--package",
        "pleach-cli",
        "--bin",
        "pleach",
    ]);
    cargo.arg("--message-format=json").stderr(Stdio::inherit());
    let messages = cargo.output().expect("cargo").stdout;
    let messages = String::from_utf8(messages).expect("JSON");
    let (_, rest) = messages.split_once("\"executable\":\"").expect("the command is built");
    rest.split('"').next().unwrap_or_default().into()
}

/// The time from the command's start to its end, for a program without atoms.
fn start_up(report: &mut Report, name: &str) {
    let pleach = command();
    let program = std::env::temp_dir().join(format!("pleach-empty-{}.metta", std::process::id()));
    std::fs::write(&program, "").expect("an empty file");
    let ours = || {
        seconds(1, || {
            let mut command = Command::new(&pleach);
            let status = command.arg("run").arg(&program).stdout(Stdio::null()).status();
            assert!(status.expect("the command").success());
        })
    };
    let times = SideBySide::measure(51, ours, yardsticks::start_up());
    // A file that stays among the temporary ones is no reason to fail.
    let _ = std::fs::remove_file(&program);
    report.over(name, &times, "a process that does nothing", 13.0);
}

/// The same evaluation on the only handle to a world and on a fork whose original is alive.
fn on_a_fork(report: &mut Report, name: &str) {
    let evaluator = Evaluator::new();
    let query = query("(fib 14)");
    let mut alone = Some(world());
    let original = world();
    let ratio = second_over_first(
        || {
            seconds(1, || {
                let world = alone.take().expect("the world of the round before");
                alone = Some(evaluator.evaluate(world, &query).expect("an evaluation").environment);
            })
        },
        || timed(&evaluator, &original, &query),
        Duration::from_secs(3),
    );
    report.at_most(name, ratio, "x", 1.01);
}
