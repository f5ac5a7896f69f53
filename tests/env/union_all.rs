//! The union of many environments equals repeated binary unions, and costs the changes.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use allocation_counter::measure;
use pleach::{Atom, Environment};
use pleach_testkit::quick_check;
use quickcheck::{Arbitrary, Gen};

fn atom(text: &str) -> Atom {
    text.parse().unwrap()
}

/// A few atoms, so that histories interact; a third of them are rules, whose order matters.
fn some_atom(n: u8) -> Atom {
    match n % 12 {
        n @ 0..=7 => atom(&format!("(fact {n})")),
        n => atom(&format!("(= (f $x) {n})")),
    }
}

#[derive(Clone, Debug)]
enum Step {
    Add(usize, u8),
    Remove(usize, u8),
    Own(usize),
    Bind(usize, u8),
    Fork(usize, usize),
    Union(usize, usize),
}

const HANDLES: usize = 5;

impl Arbitrary for Step {
    fn arbitrary(g: &mut Gen) -> Self {
        let handle = |g: &mut Gen| usize::arbitrary(g) % HANDLES;
        match u8::arbitrary(g) % 16 {
            0..=6 => Self::Add(handle(g), u8::arbitrary(g)),
            7..=9 => Self::Remove(handle(g), u8::arbitrary(g)),
            10 => Self::Own(handle(g)),
            11 => Self::Bind(handle(g), u8::arbitrary(g) % 3),
            12..=14 => Self::Fork(handle(g), handle(g)),
            _ => Self::Union(handle(g), handle(g)),
        }
    }
}

fn run(steps: &[Step]) -> Vec<Environment> {
    let mut base = Environment::new();
    base.add_facts_bulk((0..12).step_by(2).map(some_atom));
    let mut handles = vec![base; HANDLES];
    for step in steps {
        match *step {
            Step::Add(at, n) => handles[at].add_fact(some_atom(n)),
            Step::Remove(at, n) => drop(handles[at].remove_fact(&some_atom(n))),
            Step::Own(at) => handles[at].make_owned(),
            Step::Bind(at, n) => handles[at].bind("x", some_atom(n)),
            Step::Fork(from, to) => handles[to] = handles[from].clone(),
            Step::Union(from, to) => handles[to] = handles[to].union(&handles[from]),
        }
    }
    handles
}

fn rules(env: &Environment) -> Vec<String> {
    env.rules()
        .map(|rule| format!("{} × {}", rule.atom(), rule.multiplicity()))
        .collect()
}

fn same(all: &Environment, fold: &Environment, operands: &[Environment]) {
    assert_eq!(all, fold);
    assert_eq!(rules(all), rules(fold));
    assert_eq!(all.binding("x"), fold.binding("x"));
    all.check();
    for operand in operands {
        assert!(all.union(operand) == *all, "it comes from each of them");
        assert!(operand.union(all) == *all, "and each of them leads to it");
    }
}

#[test]
fn the_union_of_many_equals_repeated_unions() {
    fn property(steps: Vec<Step>, more: Vec<Step>) {
        let handles = run(&steps);
        let fold = handles[1..]
            .iter()
            .fold(handles[0].clone(), |united, env| united.union(env));
        let all = Environment::union_all(&handles);
        same(&all, &fold, &handles);

        // The result is a merge base: forks of it that are merged again count it once.
        let mut forks = [all.clone(), all.clone(), handles[1].clone(), all];
        for step in &more {
            match *step {
                Step::Add(at, n) => forks[at % 4].add_fact(some_atom(n)),
                Step::Remove(at, n) => drop(forks[at % 4].remove_fact(&some_atom(n))),
                _ => {}
            }
        }
        let fold = forks[1..]
            .iter()
            .fold(forks[0].clone(), |united, env| united.union(env));
        same(&Environment::union_all(&forks), &fold, &forks);
    }
    quick_check(3000).quickcheck(property as fn(Vec<Step>, Vec<Step>));
}

/// Regression test: two copies of a state that were not written were taken for unrelated.
#[test]
fn unwritten_copies_count_once() {
    let base = Environment::from_iter([atom("a")]);
    let (mut left, mut right) = (base.clone(), base.clone());
    left.make_owned();
    right.make_owned();
    assert_eq!(left.union(&right).len(), 1);
    assert_eq!(Environment::union_all([&base, &left, &right]).len(), 1);
}

#[test]
fn the_union_of_none_and_of_one() {
    assert!(Environment::<Atom>::union_all([]).is_empty());
    let mut env = Environment::from_iter([atom("a")]);
    assert!(Environment::union_all([&env]).ptr_eq(&env));
    let fork = env.clone();
    env.make_owned();
    assert!(Environment::union_all([&env, &env]).ptr_eq(&env));
    assert!(Environment::union_all([&env, &fork]).ptr_eq(&env));
    assert!(Environment::union_all([&fork, &env, &fork]).ptr_eq(&fork));
}

/// The cost is linear in the number of forks, not quadratic.
#[test]
fn the_union_of_many_forks_costs_the_changes() {
    let cost = |count: usize| {
        let base = Environment::from_iter((0..1000).map(|i| atom(&format!("(fact {i})"))));
        let forks: Vec<_> = (0..count)
            .map(|i| {
                let mut fork = base.clone();
                fork.add_fact(atom(&format!("(new {i})")));
                fork
            })
            .collect();
        measure(|| assert_eq!(Environment::union_all(&forks).len(), 1000 + count as u64)).count_total
    };
    let (few, many) = (cost(500), cost(2000));
    assert!(many < 5 * few, "{few} allocations for 500, {many} for 2000");
}
