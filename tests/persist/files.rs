//! Law 12: loading what was saved gives an equal environment.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::borrow::Cow;
use std::fmt;
use std::io::Read;

use pleach::persist::{Codec, Flaw, LoadError, NoCodec, SaveError, decode_term, encode_term};
use pleach::term::{Grounded, Leaf, Term, View};
use pleach::{Atom, Environment};
use pleach_testkit::quick_check;
use pleach_testkit::worlds::{Made, Write, bytes, sample};
use quickcheck::Gen;

fn load(bytes: impl Read) -> Result<Environment, LoadError> {
    Environment::load_from(bytes, &NoCodec)
}

/// Asserts that both are equal, including definition numbers and names of variables, and that the second is valid.
fn assert_same(saved: &Environment, loaded: &Environment) {
    loaded.check();
    assert_eq!(saved, loaded);
    assert!(saved.iter().eq(loaded.iter()), "names of variables");
    let rules = |env: &Environment| {
        let rule = |rule: pleach::env::Rule<'_, Atom>| (rule.order(), rule.multiplicity(), rule.atom().clone());
        env.rules().map(rule).collect::<Vec<_>>()
    };
    assert_eq!(rules(saved), rules(loaded));
    for name in ["f", "g", "likes", "alice", "=", ":"] {
        assert!(saved.types(name).eq(loaded.types(name)));
        assert_eq!(saved.binding(name), loaded.binding(name));
    }
    assert_eq!(bytes(saved), bytes(loaded), "the order in named spaces");
}

#[test]
fn environments_round_trip() {
    fn property(common: Vec<Write>, left: Vec<Write>, right: Vec<Write>) {
        let (mut base, mut made) = (Environment::new(), Made::default());
        common.iter().for_each(|write| write.apply(&mut base, &mut made));
        let mut forks = [base.clone(), base.clone()];
        for (fork, writes) in forks.iter_mut().zip([left, right]) {
            let mut made = made.clone();
            writes.iter().for_each(|write| write.apply(fork, &mut made));
        }
        let union = forks[0].union(&forks[1]);
        let mut loaded = load(&bytes(&union)[..]).unwrap();
        assert_same(&union, &loaded);

        // Later writes have the same effect on both, and new ids are unused.
        let (before, spaces) = (loaded.clone(), made.spaces.clone());
        let id = loaded.new_space();
        assert!(before.space(id).is_none() && !spaces.contains(&id));
        loaded.add_fact("(= (added last) yes)".parse().unwrap());
        assert!(loaded.rules().last().unwrap().order() > union.rules().map(|rule| rule.order()).max().unwrap_or(0));
        loaded.check();
    }
    quick_check(5_000)
        .rng(Gen::new(16))
        .quickcheck(property as fn(Vec<Write>, Vec<Write>, Vec<Write>));
}

#[test]
fn many_blocks_round_trip() {
    let mut env = sample();
    let space = env.new_space();
    let mut inside = env.space_mut(space).unwrap();
    inside.add_facts_bulk((0..20_000).map(|i| Atom::expression([Atom::symbol(&*format!("p{i}")), Atom::from(i)])));
    env.add_facts_bulk((0..20_000).map(|i| Atom::expression([Atom::from(i), Atom::variable("x")])));
    env.add_facts_bulk((0..20_000).map(|i| Atom::expression([Atom::from(i % 100), Atom::symbol("again")])));
    env.add_rules_bulk((0..5_000).map(|i| {
        let head = Atom::symbol(&*format!("rule{}", i % 70));
        (
            Atom::expression([head, Atom::from(i), Atom::variable("x")]),
            Atom::variable("x"),
        )
    }));
    env.add_facts_bulk((0..500).map(|i| Atom::expression([Atom::symbol(&*"w".repeat(200 + i)), Atom::variable("v")])));
    let saved = bytes(&env);
    assert!(saved.len() > 5 * 64 * 1024);
    assert_same(&env, &load(&saved[..]).unwrap());
}

/// A reader that returns one byte at a time, with interrupts in between.
struct Drops<'a>(&'a [u8], bool);

impl Read for Drops<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.1 = !self.1;
        if self.1 {
            return Err(std::io::ErrorKind::Interrupted.into());
        }
        let length = buffer.len().min(1);
        self.0.read(&mut buffer[..length])
    }
}

#[test]
fn a_slow_reader_loads_the_same() {
    let env = sample();
    assert_same(&env, &load(Drops(&bytes(&env), false)).unwrap());
}

#[test]
fn atoms_of_any_size_and_depth_round_trip() {
    let mut deep = Atom::variable("x");
    for _ in 0..200_000 {
        deep = Atom::expression([deep]);
    }
    let wide = Atom::expression(vec![Atom::from(7); 300_000]);
    let mut env = Environment::new();
    env.add_rule(deep.clone(), wide.clone());
    env.add_fact(Atom::expression([wide, deep]));
    assert_same(&env, &load(&bytes(&env)[..]).unwrap());
}

/// Beside the environment itself, load and save take memory for a few blocks.
#[test]
fn load_and_save_hold_no_second_copy() {
    let fact = |i: i64| Atom::expression([Atom::symbol("fact"), Atom::from(i), Atom::from(i * 7919 % 100_003)]);
    let env: Environment = (0..100_000).map(fact).collect();
    let saved = bytes(&env);
    let info = allocation_counter::measure(|| env.save_to(std::io::sink(), &NoCodec).unwrap());
    assert!(info.bytes_max < 1 << 20, "{} bytes to save", info.bytes_max);

    let mut loaded = Environment::new();
    let info = allocation_counter::measure(|| loaded = load(&saved[..]).unwrap());
    let beside = info.bytes_max as i64 - info.bytes_current;
    assert!(info.bytes_current > 1 << 20, "{} bytes kept", info.bytes_current);
    assert!(
        beside < 4 << 20,
        "{beside} bytes beside the {} kept",
        info.bytes_current
    );
}

#[test]
fn equal_environments_have_equal_files() {
    let mut env = Environment::<Atom>::new();
    env.add_facts_bulk((0..1000).map(Atom::from));
    let mut other = Environment::<Atom>::new();
    (0..1000).rev().for_each(|i| other.add_fact(Atom::from(i)));
    other.add_fact(Atom::symbol("gone"));
    other.remove_fact(&Atom::symbol("gone"));
    assert_eq!(bytes(&env), bytes(&other));
}

/// If this fails, the format has changed: increment its version and update `docs/format.md`.
#[test]
fn the_format_is_that_of_the_documentation() {
    let mut env = Environment::<Atom>::new();
    for text in ["(p 1)", "(p 2)", "(p 2)", "(= (f $x) $x)"] {
        env.add_fact(text.parse().unwrap());
    }
    let hex: Vec<String> = bytes(&env).iter().map(|byte| format!("{byte:02x}")).collect();
    let documented: Vec<String> = include_str!("../../docs/format.md")
        .split("```hex\n")
        .nth(1)
        .unwrap()
        .split("```")
        .next()
        .unwrap()
        .lines()
        .flat_map(|line| line.split("  ").next().unwrap_or_default().split(' '))
        .filter(|byte| !byte.is_empty())
        .map(str::to_owned)
        .collect();
    assert_eq!(hex, documented);
}

struct Handle(u8);

impl Grounded for Handle {
    fn type_name(&self) -> &str {
        "Handle"
    }
    fn identity(&self) -> Cow<'_, [u8]> {
        Cow::Owned(vec![self.0])
    }
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "handle-{}", self.0)
    }
}

/// A codec that encodes handles as a byte, and adds `self.0` when it decodes.
struct Handles(u8);

impl Codec<Atom> for Handles {
    fn encode(&self, value: &Atom) -> Option<Vec<u8>> {
        Some(vec![value.downcast_grounded::<Handle>()?.0])
    }
    fn decode(&self, bytes: &[u8]) -> Option<Atom> {
        let [byte] = bytes else { return None };
        Some(Atom::grounded(Handle(byte.wrapping_add(self.0))))
    }
}

#[test]
fn opaque_values_need_a_codec() {
    let mut env = Environment::new();
    let pair = Atom::expression([
        Atom::grounded(Handle(1)),
        Atom::variable("x"),
        Atom::grounded(Handle(2)),
    ]);
    env.add_fact(pair.clone());
    env.add_rule(pair.clone(), Atom::grounded(Handle(3)));
    env.bind("handle", Atom::grounded(Handle(4)));

    match env.save_to(Vec::new(), &NoCodec) {
        Err(SaveError::Opaque { place: None, atom }) => assert!(atom.ends_with("$x handle-2)")),
        other => panic!("{other:?}"),
    }
    let mut bytes = Vec::new();
    env.save_to(&mut bytes, &Handles(0)).unwrap();
    let loaded = Environment::load_from(&bytes[..], &Handles(0)).unwrap();
    loaded.check();
    assert_eq!(env, loaded);
    let value = loaded.binding("handle").unwrap();
    assert_eq!(value.downcast_grounded::<Handle>().map(|handle| handle.0), Some(4));

    // A codec that decodes other values, or none.
    for refused in [
        Environment::<Atom>::load_from(&bytes[..], &Handles(1)),
        Environment::<Atom>::load_from(&bytes[..], &NoCodec),
    ] {
        let flaw = match refused {
            Err(LoadError::Corrupt { flaw, .. }) => flaw,
            other => panic!("{other:?}"),
        };
        assert_eq!(flaw, Flaw::Opaque);
    }
}

/// The error of a save names what holds the value.
#[test]
fn a_failed_save_names_the_binding_or_the_space() {
    let mut bound = Environment::<Atom>::new();
    bound.bind("callback", Atom::grounded(Handle(4)));
    let mut spaced = Environment::<Atom>::new();
    let space = spaced.new_data_space();
    let rule = Atom::expression([Atom::symbol("="), Atom::from(1), Atom::grounded(Handle(5))]);
    spaced.space_mut(space).unwrap().add_fact(rule);
    for (env, message) in [
        (&bound, "callback: handle-4 holds a value".to_owned()),
        (&spaced, format!("{space}: (= 1 handle-5) holds a value")),
    ] {
        let error = env.save_to(Vec::new(), &NoCodec).unwrap_err().to_string();
        assert!(error.contains(&message), "{error}");
    }
    // An atom of a data space is no definition, though the file has the atom itself.
    let mut file = Vec::new();
    spaced.save_to(&mut file, &Handles(0)).unwrap();
    let loaded = Environment::<Atom>::load_from(&file[..], &Handles(0)).unwrap();
    loaded.space(space).unwrap().check();
    assert_eq!((loaded == spaced, loaded.space(space).unwrap().rule_count()), (true, 0));
}

#[test]
fn terms_round_trip_as_bytes() {
    fn property(write: Write) {
        let Write::Add(term) = write else { return };
        let both = Atom::expression([term.clone(), Atom::grounded(Handle(7)), term]);
        let bytes = encode_term(&both, &Handles(0)).unwrap();
        let decoded: Atom = decode_term(&bytes, &Handles(0)).unwrap();
        assert_eq!(decoded, both);
        for at in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[at] ^= 1;
            assert!(decode_term::<Atom>(&damaged, &Handles(0)).is_err(), "byte {at}");
            assert!(decode_term::<Atom>(&bytes[..at], &Handles(0)).is_err(), "{at} bytes");
        }
        assert!(decode_term::<Atom>(&[&bytes[..], &[0]].concat(), &Handles(0)).is_err());
    }
    assert!(encode_term(&Atom::grounded(Handle(7)), &NoCodec).is_err());
    quick_check(200).quickcheck(property as fn(Write));
}

/// A term language of words and lists.
#[derive(Clone, Debug)]
enum Sexp {
    Word(String),
    List(Vec<Sexp>),
}

impl Term for Sexp {
    fn view(&self) -> View<'_, Self> {
        match self {
            Self::Word(word) => View::Leaf(Leaf::Symbol(word)),
            Self::List(items) => View::Expression(items),
        }
    }
    fn leaf(leaf: Leaf<'_>) -> Option<Self> {
        match leaf {
            Leaf::Symbol(word) => Some(Self::Word(word.into())),
            _ => None,
        }
    }
    fn expression(items: Vec<Self>) -> Self {
        Self::List(items)
    }
}

#[test]
fn a_file_of_another_language_is_an_error() {
    let mut words = Environment::<Atom>::new();
    words.add_fact("(likes alice (green tea))".parse().unwrap());
    assert_eq!(
        Environment::<Sexp>::load_from(&bytes(&words)[..], &NoCodec)
            .unwrap()
            .len(),
        1
    );
    for text in ["(age alice 42)", "(all $x)", "(= (f $x) y)", "(= f 1)"] {
        let mut more = words.clone();
        more.add_fact(text.parse().unwrap());
        match Environment::<Sexp>::load_from(&bytes(&more)[..], &NoCodec) {
            Err(LoadError::Corrupt {
                flaw: Flaw::Path(error),
                ..
            }) => {
                assert_eq!(error.kind, pleach::term::path::PathErrorKind::NotInLanguage);
            }
            other => panic!("{text}: {other:?}"),
        }
    }
}
