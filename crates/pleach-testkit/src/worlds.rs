//! Random environments with every kind of content that a file can have.

use pleach::env::{SpaceId, SpaceKind, StateId};
use pleach::{Atom, Environment};
use quickcheck::{Arbitrary, Gen};

const NAMES: [&str; 6] = ["f", "g", "likes", "alice", "=", ":"];

/// Generates an atom, rarely a deep one.
pub fn atom(g: &mut Gen, depth: usize) -> Atom {
    match u8::arbitrary(g) % 16 {
        0 => Atom::from(i64::arbitrary(g)),
        1 => Atom::from(i64::arbitrary(g) % 4),
        2 => Atom::from(f64::arbitrary(g)),
        3 => Atom::string(String::arbitrary(g)),
        4 => Atom::variable(if bool::arbitrary(g) { "0" } else { "1" }),
        5 | 6 => Atom::variable(if bool::arbitrary(g) { "x" } else { "y" }),
        7 => Atom::symbol(&*"s".repeat(usize::arbitrary(g) % 200)),
        8..=10 => Atom::symbol(g.choose(&NAMES).copied().unwrap_or("a")),
        _ if depth == 0 => Atom::symbol("end"),
        _ => Atom::expression(
            (0..u8::arbitrary(g) % 4)
                .map(|_| atom(g, depth - 1))
                .collect::<Vec<_>>(),
        ),
    }
}

/// Generates a rule, a type annotation, or any other atom.
pub fn statement(g: &mut Gen) -> Atom {
    let name = |g: &mut Gen| Atom::symbol(g.choose(&NAMES).copied().unwrap_or("a"));
    match u8::arbitrary(g) % 4 {
        0 => Atom::expression([Atom::symbol("="), atom(g, 2), atom(g, 2)]),
        1 => Atom::expression([Atom::symbol(":"), name(g), atom(g, 2)]),
        _ => atom(g, 3),
    }
}

/// A write to an environment.
#[derive(Clone, Debug)]
pub enum Write {
    Add(Atom),
    Set(Atom, u64),
    Remove(usize),
    AddAgain(usize),
    Space(SpaceKind, Vec<Atom>),
    State(Atom),
    Change(usize, Atom),
    Bind(String, Atom),
}

impl Arbitrary for Write {
    fn arbitrary(g: &mut Gen) -> Self {
        match u8::arbitrary(g) % 24 {
            0..=11 => Self::Add(statement(g)),
            12 => Self::Set(statement(g), u64::arbitrary(g)),
            13 => Self::Set(statement(g), u64::arbitrary(g) % 3),
            14..=16 => Self::Remove(usize::arbitrary(g)),
            17 | 18 => Self::AddAgain(usize::arbitrary(g)),
            19 => {
                let kind = g.choose(&[SpaceKind::Program, SpaceKind::Data]).copied();
                let atoms = (0..u8::arbitrary(g) % 4).map(|_| statement(g)).collect();
                Self::Space(kind.unwrap_or_default(), atoms)
            }
            20 => Self::State(atom(g, 2)),
            21 | 22 => Self::Change(usize::arbitrary(g), atom(g, 2)),
            _ => Self::Bind(g.choose(&NAMES).copied().unwrap_or("a").to_owned(), atom(g, 2)),
        }
    }
}

/// The atoms, spaces and states made so far, for later writes to refer to.
#[derive(Clone, Debug, Default)]
pub struct Made {
    pub atoms: Vec<Atom>,
    pub spaces: Vec<SpaceId>,
    pub states: Vec<StateId>,
}

impl Write {
    pub fn apply(&self, env: &mut Environment, made: &mut Made) {
        let known = |index: usize| made.atoms.get(index % made.atoms.len().max(1)).cloned();
        match self {
            Self::Add(atom) => {
                made.atoms.push(atom.clone());
                env.add_fact(atom.clone());
            }
            Self::Set(atom, count) => {
                made.atoms.push(atom.clone());
                env.set_multiplicities([(atom.clone(), *count)]);
            }
            Self::Remove(index) => {
                if let Some(atom) = known(*index) {
                    env.set_multiplicities([(atom, 0)]);
                }
            }
            Self::AddAgain(index) => env.extend(known(*index)),
            Self::Space(kind, atoms) => {
                let id = new_space(env, *kind);
                made.spaces.push(id);
                if let Some(mut space) = env.space_mut(id) {
                    space.add_facts_bulk(atoms.clone());
                }
            }
            Self::State(atom) => made.states.push(env.new_state(atom.clone())),
            Self::Change(index, atom) => {
                if let Some(id) = made.states.get(index % made.states.len().max(1)) {
                    env.change_state(*id, atom.clone());
                }
            }
            Self::Bind(name, atom) => env.bind(name, atom.clone()),
        }
    }
}

/// Creates an empty space of this kind.
pub fn new_space(env: &mut Environment, kind: SpaceKind) -> SpaceId {
    match kind {
        SpaceKind::Data => env.new_data_space(),
        _ => env.new_space(),
    }
}

/// A small environment with an example of each kind of content.
pub fn sample() -> Environment {
    let mut env = Environment::new();
    let long = "long".repeat(50);
    for text in [
        "a",
        "(p 1)",
        "(p 1)",
        "(p 2)",
        "(p \"two\" 2.5)",
        "(q $x $y $x)",
        "(= (f $n) (g $n $m))",
        "(= $any seen)",
        "(= (f 0) done)",
        "(= (f 0) done)",
        "(: f (-> Number Number))",
        "(: (f 1) odd)",
        &format!("(doc {long} $named)"),
    ] {
        env.add_fact(text.parse().unwrap());
    }
    for (name, kind) in [
        ("one", SpaceKind::Program),
        ("two", SpaceKind::Program),
        ("three", SpaceKind::Data),
    ] {
        let id = new_space(&mut env, kind);
        let mut space = env.space_mut(id).unwrap();
        space.add_fact(Atom::symbol(name));
        space.add_fact("(= (inside $x) $x)".parse().unwrap());
    }
    env.new_state("(counter 1)".parse().unwrap());
    env.bind("here", "(now $t)".parse().unwrap());
    env
}

pub fn bytes(env: &Environment) -> Vec<u8> {
    let mut bytes = Vec::new();
    env.save_to(&mut bytes, &pleach::persist::NoCodec).unwrap();
    bytes
}

/// Asserts that both environments are equal, with definitions in the same order.
#[track_caller]
pub fn assert_same(a: &Environment, b: &Environment, made: &Made) {
    b.check();
    assert_eq!(a, b);
    let definitions = |space: &pleach::env::Space| {
        let rules: Vec<_> = space
            .rules()
            .map(|rule| (rule.atom().clone(), rule.multiplicity()))
            .collect();
        let types: Vec<Vec<_>> = ["f", "g", "likes", "alice", "=", ":"]
            .iter()
            .map(|name| space.types(name).cloned().collect())
            .collect();
        (rules, types)
    };
    assert_eq!(definitions(a), definitions(b));
    for id in &made.spaces {
        assert_eq!(a.space(*id).map(definitions), b.space(*id).map(definitions));
    }
    for id in &made.states {
        assert_eq!(a.state(*id).is_some(), b.state(*id).is_some());
    }
}

/// Returns the fact of this number.
pub fn fact(i: i64) -> Atom {
    Atom::expression([
        Atom::symbol("fact"),
        Atom::symbol(&*format!("number-{}", i * 7919 % 10_007)),
        Atom::from(i),
    ])
}

/// An environment whose file is larger than some patches to it.
pub fn large(facts: i64) -> Environment {
    let mut env = sample();
    env.add_facts_bulk((0..facts).map(fact));
    env
}
