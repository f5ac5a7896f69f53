//! `Environment::memory` against the bytes requested from the allocator.

#![allow(clippy::unwrap_used, reason = "tests")]

use allocation_counter::measure;
use pleach::env::Held;
use pleach::{Atom, Environment};

fn atom(text: &str) -> Atom {
    text.parse().unwrap()
}

fn edge(from: usize, to: usize) -> Atom {
    atom(&format!("(edge n{from} n{to})"))
}

/// A pseudo-random number.
fn scatter(i: usize) -> usize {
    let i = (i as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    ((i ^ i >> 31).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 20) as usize
}

fn assert_near(tolerance: f64, what: &str, told: usize, requested: i64) {
    let ratio = told as f64 / requested as f64;
    assert!(
        (ratio - 1.0).abs() <= tolerance,
        "{what}: told {told} bytes, requested {requested}: {ratio:.3}"
    );
}

/// Grows this thread's buffer for paths, which isn't the environment's.
fn warm_up(facts: &[Atom]) {
    let nothing = Environment::new();
    assert!(!facts.iter().any(|fact| nothing.contains(fact)));
}

/// Makes atoms from numbers.
type Kind = fn(usize) -> Atom;

/// Facts of a few shapes.
const KINDS: [(&str, Kind); 7] = [
    ("edges in order", |i| edge(i, i * 7 % 20_000)),
    ("edges at random", |i| {
        edge(scatter(i) % 20_000, scatter(i + 1) % 20_000)
    }),
    ("numbers", |i| Atom::from(scatter(i) as i64)),
    ("long symbols", |i| {
        atom(&format!(
            "(page {}-{})",
            "a-rather-long-prefix".repeat(1 + i % 4),
            scatter(i)
        ))
    }),
    ("strings", |i| {
        Atom::string(format!("line {} of the poem", scatter(i)).as_str())
    }),
    ("very long names", |i| {
        atom(&format!("({} {})", "name".repeat(100 << (i % 5)), scatter(i)))
    }),
    ("nested", |i| atom(&format!("(f (g {}) (h (i {i})))", scatter(i) % 50))),
];

#[test]
fn facts_are_measured_exactly() {
    for (what, kind) in KINDS {
        let facts: Vec<Atom> = (0..20_000).map(kind).collect();
        let mut env = Environment::new();
        warm_up(&facts);
        // Clones of atoms and plain facts allocate nothing, so the bytes are those of the trie.
        let requested = measure(|| facts.iter().for_each(|fact| env.add_fact(fact.clone()))).bytes_current;
        let memory = env.memory();
        assert_near(0.001, what, memory.facts.own + memory.records.own, requested);
        assert_eq!(memory.total().shared, 0, "{what}");

        let mut bulk = Environment::new();
        let requested = measure(|| bulk.add_facts_bulk(facts.iter().cloned())).bytes_current;
        let memory = bulk.memory();
        assert_near(0.001, what, memory.facts.own + memory.records.own, requested);
    }
}

#[test]
fn facts_are_measured_exactly_after_removals() {
    for (what, kind) in KINDS {
        let facts: Vec<Atom> = (0..20_000).map(kind).collect();
        let mut env = Environment::new();
        warm_up(&facts);
        let requested = measure(|| {
            facts.iter().for_each(|fact| env.add_fact(fact.clone()));
            facts.iter().step_by(2).for_each(|fact| _ = env.remove_fact(fact));
        });
        let memory = env.memory();
        assert_near(
            0.001,
            what,
            memory.facts.own + memory.records.own,
            requested.bytes_current,
        );
    }
}

/// Once, a union held all new keys whole.
#[test]
fn a_union_does_not_hold_its_keys() {
    let long = "n".repeat(100_000);
    let base = Environment::<Atom>::new();
    let (mut left, mut right) = (base.clone(), base.clone());
    left.add_fact(atom("(a)"));
    for i in 0..300 {
        right.add_fact(atom(&format!("({long} {i})")));
    }
    let mut union = Environment::new();
    let peak = measure(|| union = left.union(&right)).bytes_max;
    assert_eq!(union.len(), 301);
    assert!(peak < 3_000_000, "{peak} bytes");
}

#[test]
fn rules_and_their_index_are_measured() {
    let n = 10_000;
    let mut env = Environment::new();
    let texts: Vec<String> = (0..n)
        .map(|i| format!("(= (rule{i} $x $y) (body{} $x))", i % 7))
        .collect();
    texts.iter().for_each(|text| drop(atom(text)));
    let requested = measure(|| texts.iter().for_each(|text| env.add_fact(atom(text)))).bytes_current;
    let memory = env.memory();
    assert_near(0.1, "rules", memory.total().own, requested);
    assert!(memory.rules.own > 0 && memory.records.own > 0);
    assert_eq!((memory.wildcards, memory.types), (Held::default(), Held::default()));
}

#[test]
fn one_head_with_many_rules_is_measured() {
    let n = 10_000;
    let mut env = Environment::new();
    let texts: Vec<String> = (0..n).map(|i| format!("(= (f {i}) {})", i * i)).collect();
    let requested = measure(|| texts.iter().for_each(|text| env.add_fact(atom(text)))).bytes_current;
    assert_near(0.1, "one head", env.memory().total().own, requested);
}

#[test]
fn wildcards_types_cells_and_spaces_are_measured() {
    let before = Environment::<Atom>::new().memory();
    let grown = |change: &dyn Fn(&mut Environment)| {
        let mut env = Environment::new();
        change(&mut env);
        env.memory()
    };
    let wild = grown(&|env| (0..100).for_each(|i| env.add_rule(atom("$x"), Atom::from(i))));
    assert!(wild.wildcards.own > 100 * 16 && wild.rules == before.rules);
    let types = grown(&|env| (0..100).for_each(|i| env.add_type(Atom::symbol(format!("t{i}").as_str()), atom("T"))));
    assert!(types.types.own > 100 * 16 && types.rules == before.rules);
    let cells = grown(&|env| (0..100).for_each(|i| env.bind(&format!("b{i}"), atom("(a b c)"))));
    assert!(cells.cells.own > 100 * (24 + 48) && cells.facts == before.facts);
    let spaces = grown(&|env| {
        let id = env.new_space();
        env.space_mut(id).unwrap().add_facts_bulk((0..1_000).map(Atom::from));
    });
    let alone = grown(&|env| env.add_facts_bulk((0..1_000).map(Atom::from)));
    assert!(spaces.spaces.own > alone.facts.own && spaces.facts == before.facts);
}

#[test]
fn cached_answers_are_measured_without_bindings() {
    let env = Environment::from_iter((0..100).map(|i| edge(i, 7)));
    let before = env.memory();
    let requested = measure(|| drop(env.answers(&atom("(edge $x n7)")))).bytes_current;
    let after = env.memory();
    let told = (after.patterns.own - before.patterns.own) as i64;
    // A lower bound, without the terms in bindings.
    assert!(
        told > 100 * 16 && told <= requested,
        "told {told}, requested {requested}"
    );
    assert_eq!(after.facts, before.facts);
}

#[test]
fn a_clone_shares_everything() {
    let env = Environment::from_iter((0..1_000).map(|i| edge(i, i + 1)));
    let alone = env.memory();
    let clone = env.clone();
    for handle in [&env, &clone] {
        let memory = handle.memory().total();
        assert_eq!((memory.own, memory.shared), (0, alone.total().own));
    }
    drop(clone);
    assert_eq!(env.memory().total(), alone.total());
}

#[test]
fn a_fork_owns_the_nodes_that_its_writes_copied() {
    let n = 20_000;
    let mut atoms: Vec<Atom> = (0..n).map(|i| edge(i, i * 7 % n)).collect();
    atoms.extend((0..n).map(|i| atom(&format!("(= (rule{i} $x) (body $x))"))));
    let base = Environment::from_iter(atoms);
    let whole = base.memory().total().own;
    for changes in [1, 10, 100] {
        let news: Vec<Atom> = (0..changes)
            .flat_map(|i| {
                let at = scatter(i) % n;
                [edge(at, n + 1), atom(&format!("(= (rule{at} $x) new)"))]
            })
            .collect();
        let mut fork = base.clone();
        let requested = measure(|| news.into_iter().for_each(|new| fork.add_fact(new))).bytes_current;
        let memory = fork.memory().total();
        // Atoms that were parsed before aren't counted.
        let ratio = memory.own as f64 / requested as f64;
        assert!(
            (0.75..=1.35).contains(&ratio),
            "{changes} + {changes}: {memory:?}, requested {requested}"
        );
        let all = memory.total() as f64 / whole as f64;
        assert!(
            (0.99..1.1).contains(&all),
            "{changes} + {changes}: {memory:?} of {whole}"
        );
    }
}

#[test]
fn repeated_facts_are_records() {
    let facts: Vec<Atom> = (0..10_000).map(|i| edge(i, i)).collect();
    let mut env = Environment::from_iter(facts.iter().cloned());
    let once = env.memory();
    assert_eq!(once.records, Held::default());
    let requested = measure(|| facts.iter().for_each(|fact| env.add_fact(fact.clone()))).bytes_current;
    let twice = env.memory();
    assert_eq!(twice.records.own as i64, requested);
    assert_eq!(twice.facts, once.facts);
}

#[test]
fn deep_terms_are_measured_without_overflow() {
    let mut deep = Atom::symbol("end");
    for _ in 0..200_000 {
        deep = Atom::expression([deep]);
    }
    let mut env = Environment::new();
    env.add_rule(Atom::symbol("deep"), deep);
    assert!(env.memory().records.own > 200_000 * 40);
}
