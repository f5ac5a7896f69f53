//! A term type whose methods panic after a set number of calls.

use std::borrow::Cow;
use std::sync::Arc;

use pleach::Environment;
use pleach::env::{SpaceId, StateId};
use pleach::persist::Codec;
use pleach::term::{Leaf, Term, View};

use crate::fuse::burn;

/// A term of a small language.
#[derive(Debug)]
pub enum Frail {
    Symbol(Arc<str>),
    Variable(Arc<str>, u64),
    Integer(i64),
    /// A value that only a codec can rebuild.
    Opaque(u8),
    List(Arc<[Frail]>),
}

impl Clone for Frail {
    fn clone(&self) -> Self {
        burn();
        match self {
            Self::Symbol(name) => Self::Symbol(name.clone()),
            Self::Variable(name, id) => Self::Variable(name.clone(), *id),
            Self::Integer(value) => Self::Integer(*value),
            Self::Opaque(value) => Self::Opaque(*value),
            Self::List(items) => Self::List(items.clone()),
        }
    }
}

impl Term for Frail {
    fn view(&self) -> View<'_, Self> {
        burn();
        View::Leaf(match self {
            Self::Symbol(name) => Leaf::Symbol(name),
            Self::Variable(name, id) => Leaf::Variable { name, id: *id },
            Self::Integer(value) => Leaf::Integer(*value),
            Self::Opaque(value) => Leaf::Opaque(Cow::Owned(vec![*value])),
            Self::List(items) => return View::Expression(items),
        })
    }

    fn leaf(leaf: Leaf<'_>) -> Option<Self> {
        burn();
        match leaf {
            Leaf::Symbol(name) => Some(Self::Symbol(name.into())),
            Leaf::Variable { name, id } => Some(Self::Variable(name.into(), id)),
            Leaf::Integer(value) => Some(Self::Integer(value)),
            _ => None,
        }
    }

    fn has_leaf(leaf: Leaf<'_>) -> bool {
        burn();
        matches!(leaf, Leaf::Symbol(_) | Leaf::Variable { .. } | Leaf::Integer(_))
    }

    fn expression(items: Vec<Self>) -> Self {
        burn();
        Self::List(items.into())
    }

    fn known_ground(&self) -> bool {
        burn();
        false
    }
}

/// Parses a term; `<1>` is an opaque value. Doesn't count as user code.
pub fn frail(text: &str) -> Frail {
    fn read(words: &mut std::iter::Peekable<std::vec::IntoIter<String>>) -> Frail {
        let word = words.next().unwrap();
        if word == "(" {
            let mut items = Vec::new();
            while words.peek().unwrap() != ")" {
                items.push(read(words));
            }
            words.next();
            return Frail::List(items.into());
        }
        if let Some(name) = word.strip_prefix('$') {
            return Frail::Variable(name.into(), 0);
        }
        if let Some(value) = word.strip_prefix('<').and_then(|word| word.strip_suffix('>')) {
            return Frail::Opaque(value.parse().unwrap());
        }
        match word.parse() {
            Ok(value) => Frail::Integer(value),
            Err(_) => Frail::Symbol(word.as_str().into()),
        }
    }
    let text = text.replace('(', " ( ").replace(')', " ) ");
    let words: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
    read(&mut words.into_iter().peekable())
}

/// Builds the term `(head …)`.
pub fn list<const N: usize>(head: &str, items: [i64; N]) -> Frail {
    let head = Frail::Symbol(head.into());
    Frail::List(std::iter::once(head).chain(items.map(Frail::Integer)).collect())
}

/// A codec of opaque values.
pub struct Frails;

impl Codec<Frail> for Frails {
    fn encode(&self, value: &Frail) -> Option<Vec<u8>> {
        burn();
        match value {
            Frail::Opaque(value) => Some(vec![*value]),
            _ => None,
        }
    }

    fn decode(&self, bytes: &[u8]) -> Option<Frail> {
        burn();
        match bytes {
            [value] => Some(Frail::Opaque(*value)),
            _ => None,
        }
    }
}

/// An environment of frail terms.
pub type World = Environment<Frail>;

/// An environment with an example of each kind of content, with the ids of a space and a state in it.
pub fn sample() -> (World, SpaceId, StateId) {
    let mut env = World::new();
    let (space, state) = (env.new_space(), env.new_state(frail("(held 1)")));
    env.space_mut(space).unwrap().add_fact(frail("(within 1)"));
    env.extend(
        [
            "a",
            "(p 1 2)",
            "(p 1 2)",
            "(p 2 2)",
            "(p $x $y)",
            "(= (f $n) (g $n $n))",
            "(= (f 0) done)",
            "(= $any seen)",
            "(: f (-> Number Number))",
            "(opaque <1>)",
        ]
        .map(frail),
    );
    env.extend((0..12).map(|i| list("edge", [i, i % 3])));
    env.bind("here", frail("(now $t)"));
    (env, space, state)
}

pub fn save(world: &World) -> Vec<u8> {
    let mut bytes = Vec::new();
    world.save_to(&mut bytes, &Frails).unwrap();
    bytes
}

pub fn load(bytes: &[u8]) -> World {
    World::load_from(bytes, &Frails).unwrap()
}
