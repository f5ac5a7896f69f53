//! Laws as properties of random histories of several handles, against the naive model.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::sync::LazyLock;

use pleach::env::{Answer, Space, SpaceId, SpaceKind};
use pleach::term::{Bindings, rename_apart, unify};
use pleach::{Atom, Environment};
use pleach_testkit::model::{Model, can_match, canonical};
use pleach_testkit::quick_check;
use pleach_testkit::worlds::new_space;
use quickcheck::{Arbitrary, Gen};

/// The number of histories of a property.
const CASES: u64 = 4_000;

/// A few atoms of every kind, so that histories interact.
static ATOMS: LazyLock<Vec<Atom>> = LazyLock::new(|| {
    let long_symbol = "s".repeat(150);
    let texts = [
        "a".into(),
        "(p 1)".into(),
        "(p 1.0)".into(),
        "(p \"1\")".into(),
        "(p $x $y $x)".into(),
        "(p $a $b $a)".into(),
        "$anything".into(),
        "()".into(),
        "(= (f $x) (g $x))".into(),
        "(= (f $y) (g $y))".into(),
        "(= (f 1) one)".into(),
        "(= (f $x $y) $x)".into(),
        "(= c d)".into(),
        "(= $w wild)".into(),
        "(= ($h 1) wilder)".into(),
        "(= (f 2) two)".into(),
        "(: f (-> A B))".into(),
        "(: f (-> C D))".into(),
        "(: (f 1) B)".into(),
        "(= half a rule)".into(),
        // Longer than the keys of the trie.
        format!("(doc {long_symbol} {long_symbol})"),
        format!("(doc {long_symbol} {long_symbol} $x)"),
        format!("(= (f {long_symbol}) ({long_symbol} {long_symbol}))"),
    ];
    texts.iter().map(|text: &String| text.parse().unwrap()).collect()
});

static PATTERNS: LazyLock<Vec<Atom>> = LazyLock::new(|| {
    [
        "(p $v)",
        "(p $w)",
        "(= (f $a) $b)",
        "(= $a one)",
        "(: $a (-> A B))",
        "$any",
    ]
    .iter()
    .map(|text| text.parse().unwrap())
    .collect()
});

#[derive(Clone, Debug)]
enum Step {
    Add(usize, usize),
    Remove(usize, usize),
    Set(usize, usize, u64),
    Bulk(usize, Vec<usize>),
    Own(usize),
    Rebuild(usize),
    Fork(usize, usize),
    Union(usize, usize, usize),
}

const HANDLES: usize = 4;

impl Arbitrary for Step {
    fn arbitrary(g: &mut Gen) -> Self {
        let atom = |g: &mut Gen| usize::arbitrary(g) % ATOMS.len();
        let handle = |g: &mut Gen| usize::arbitrary(g) % HANDLES;
        match u8::arbitrary(g) % 16 {
            0..=4 => Self::Add(handle(g), atom(g)),
            5..=6 => Self::Remove(handle(g), atom(g)),
            7 => Self::Set(handle(g), atom(g), u64::arbitrary(g) % 4),
            8 => Self::Bulk(
                handle(g),
                Vec::arbitrary(g).iter().map(|n: &usize| n % ATOMS.len()).collect(),
            ),
            9 => Self::Own(handle(g)),
            10 if bool::arbitrary(g) => Self::Rebuild(handle(g)),
            10..=12 => Self::Fork(handle(g), handle(g)),
            _ => Self::Union(handle(g), handle(g), handle(g)),
        }
    }
}

/// Steps in the environments' own spaces, which are unrelated at first, or in one named space of an environment and its forks.
#[derive(Clone, Debug)]
struct History(Option<SpaceKind>, Vec<Step>);

impl Arbitrary for History {
    fn arbitrary(g: &mut Gen) -> Self {
        let length = usize::arbitrary(g) % 40;
        let place = g.choose(&[None, None, Some(SpaceKind::Program), Some(SpaceKind::Data)]);
        Self(
            place.copied().flatten(),
            (0..length).map(|_| Step::arbitrary(g)).collect(),
        )
    }

    fn shrink(&self) -> Box<dyn Iterator<Item = Self>> {
        let (place, steps) = (self.0, self.1.clone());
        Box::new((0..steps.len()).map(move |skip| {
            Self(
                place,
                steps
                    .iter()
                    .enumerate()
                    .filter(|(i, _)| *i != skip)
                    .map(|(_, step)| step.clone())
                    .collect(),
            )
        }))
    }
}

/// A handle, and the model of one of its spaces.
#[derive(Clone)]
struct Pair {
    real: Environment<Atom>,
    space: Option<SpaceId>,
    model: Model,
}

impl Pair {
    /// Unrelated environments, or forks of one with an empty space of this kind.
    fn all(kind: Option<SpaceKind>) -> [Self; HANDLES] {
        let mut first = Environment::new();
        let space = kind.map(|kind| new_space(&mut first, kind));
        let model = Model::of_kind(kind.unwrap_or_default());
        std::array::from_fn(|_| match space {
            None => Self {
                real: Environment::new(),
                space,
                model: Model::default(),
            },
            Some(_) => Self {
                real: first.clone(),
                space,
                model: model.clone(),
            },
        })
    }

    fn read(&self) -> &Space {
        self.space.map_or(&self.real, |id| self.real.space(id).unwrap())
    }

    /// Writes to the space by the methods of environments, or of named spaces.
    fn write(&mut self, step: &Step) -> Option<bool> {
        let atom = |index: &usize| ATOMS[*index].clone();
        let real = &mut self.real;
        match (step, self.space.and_then(|id| real.space_mut(id))) {
            (Step::Add(_, index), Some(mut space)) => space.add_fact(atom(index)),
            (Step::Add(_, index), None) => self.real.add_fact(atom(index)),
            (Step::Remove(_, index), Some(mut space)) => return Some(space.remove_fact(&atom(index))),
            (Step::Remove(_, index), None) => return Some(self.real.remove_fact(&atom(index))),
            (Step::Set(_, index, count), Some(mut space)) => space.set_multiplicities([(atom(index), *count)]),
            (Step::Set(_, index, count), None) => self.real.set_multiplicities([(atom(index), *count)]),
            (Step::Bulk(_, list), Some(mut space)) => space.add_facts_bulk(list.iter().map(atom)),
            (Step::Bulk(_, list), None) => self.real.add_facts_bulk(list.iter().map(atom)),
            _ => {}
        }
        None
    }

    fn set(&mut self, atom: &Atom, change: impl Fn(u64) -> u64) {
        self.model.set(atom, change(self.model.multiplicity(atom)));
    }

    fn check(&self, atoms: &[Atom]) {
        self.read().check();
        let (real, model) = (self.read(), &self.model);
        assert_eq!(real.len(), model.total());
        assert_eq!(real.fact_count(), model.0.counts.len());
        assert_eq!(real.is_empty(), model.0.counts.is_empty());
        for atom in atoms {
            assert_eq!(
                real.multiplicity(atom),
                model.multiplicity(atom),
                "multiplicity of {atom}"
            );
        }
        let listed: Vec<_> = real.iter().map(|(atom, count)| (canonical(&atom), count)).collect();
        assert!(
            listed.iter().map(|(key, count)| (key, *count)).eq(model.sorted()),
            "the atoms in path order"
        );

        let (rules, annotations): (Vec<_>, Vec<_>) = model
            .0
            .definitions
            .iter()
            .partition(|atom| atom.as_expression().unwrap()[0] == Atom::symbol("="));
        assert_eq!(real.rule_count(), rules.len());
        let all: Vec<_> = real.rules().map(|rule| canonical(rule.atom())).collect();
        assert_eq!(
            all,
            rules.iter().map(|rule| canonical(rule)).collect::<Vec<_>>(),
            "all rules in definition order"
        );
        for (head, arity) in [("f", 1), ("f", 2), ("c", 0), ("nobody", 1)] {
            let matching: Vec<_> = real
                .matching_rules(head, arity)
                .map(|rule| (canonical(rule.atom()), rule.multiplicity()))
                .collect();
            let expected: Vec<_> = rules
                .iter()
                .filter(|rule| can_match(rule, head, arity))
                .map(|rule| (canonical(rule), model.multiplicity(rule)))
                .collect();
            assert_eq!(matching, expected, "the rules of {head}/{arity}");
        }
        let types: Vec<_> = real.types("f").cloned().collect();
        let expected: Vec<_> = annotations
            .iter()
            .map(|atom| atom.as_expression().unwrap()[2].clone())
            .collect();
        assert_eq!(types, expected, "the types of f");

        if self.space.is_none() {
            assert_eq!(self.real.get_type("f"), expected.first());
        }

        for pattern in PATTERNS.iter() {
            let found = |answer: &Answer<Atom>| (canonical(&answer.resolve(pattern)), answer.multiplicity());
            let fresh: Vec<_> = real.query(pattern).map(|answer| found(&answer)).collect();
            let unifiable = real.iter().filter(|(atom, _)| {
                let mut fresh_id = 1;
                unify(&rename_apart(atom, &mut fresh_id), pattern, &mut Bindings::new())
            });
            let counted = |total: u64, count: u64| total.saturating_add(count);
            assert_eq!(
                fresh.iter().map(|(_, count)| *count).fold(0, counted),
                unifiable.map(|(_, count)| count).fold(0, counted),
                "the answers to {pattern}"
            );
            if self.space.is_none() {
                let known: Vec<_> = self.real.answers(pattern).iter().map(found).collect();
                assert_eq!(known, fresh, "what is remembered of {pattern} is what is there");
            }
        }
    }
}

fn run(history: &History, mut each: impl FnMut(&[Pair; HANDLES])) {
    let atoms = &*ATOMS;
    let mut pairs = Pair::all(history.0);
    for step in &history.1 {
        let removed = match step {
            Step::Add(handle, _) | Step::Remove(handle, _) | Step::Set(handle, ..) | Step::Bulk(handle, _) => {
                pairs[*handle].write(step)
            }
            _ => None,
        };
        match step {
            Step::Add(handle, atom) => {
                pairs[*handle].set(&atoms[*atom], |count| count + 1);
            }
            Step::Remove(handle, atom) => {
                let was_there = pairs[*handle].model.multiplicity(&atoms[*atom]) > 0;
                assert_eq!(removed, Some(was_there));
                pairs[*handle].set(&atoms[*atom], |count| count.saturating_sub(1));
            }
            Step::Set(handle, atom, count) => {
                pairs[*handle].set(&atoms[*atom], |_| *count);
            }
            Step::Bulk(handle, list) => {
                list.iter()
                    .for_each(|atom| pairs[*handle].set(&atoms[*atom], |count| count + 1));
            }
            Step::Own(handle) => {
                pairs[*handle].real.make_owned();
                assert!(pairs[*handle].real.owns_data());
            }
            Step::Rebuild(handle) => pairs[*handle].real.rebuild_rule_index(),
            Step::Fork(from, to) => pairs[*to] = pairs[*from].clone(),
            Step::Union(a, b, to) => {
                let real = pairs[*a].real.union(&pairs[*b].real);
                let model = pairs[*a].model.union(&pairs[*b].model);
                let space = pairs[*a].space;
                pairs[*to] = Pair { real, space, model };
            }
        }
        each(&pairs);
    }
}

fn holds(property: fn(History)) {
    quick_check(CASES).quickcheck(property as fn(History));
}

/// Laws 1, 4, 6 and 7: after each step, every handle equals its model, and its indexes follow from its atoms.
#[test]
fn histories_agree_with_the_model() {
    holds(|history| {
        let mut step = 0;
        run(&history, |pairs| {
            step += 1;
            // All handles, since a write through one must not be visible through another.
            if step % 8 == 0 || step == history.1.len() {
                pairs.iter().for_each(|pair| pair.check(&ATOMS));
            }
        });
    });
}
