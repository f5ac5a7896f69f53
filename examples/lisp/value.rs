//! The terms of the language. The environment stores them as they are, and gives them back.

use std::fmt;
use std::sync::Arc;

use pleach::term::{Leaf, Print, View};
use pleach::{Environment, Map, Term};

/// The local variables of a closure: forked at each call, with what the caller has.
pub(crate) type Scope = Map<Arc<str>, Value>;

#[derive(Clone)]
pub(crate) enum Value {
    Number(i64),
    Text(Arc<str>),
    Name(Arc<str>),
    /// A variable of a question, such as `$who`. The id tells copies apart when the environment renames variables.
    Variable(Arc<str>, u64),
    List(Arc<[Value]>),
    Closure(Arc<Closure>),
    /// A forked world, which nobody writes any more.
    World(Arc<Environment<Value>>),
}

pub(crate) struct Closure {
    pub(crate) parameters: Vec<Arc<str>>,
    pub(crate) body: Value,
    pub(crate) scope: Scope,
}

impl Value {
    pub(crate) fn list(items: impl IntoIterator<Item = Value>) -> Self {
        Self::List(items.into_iter().collect())
    }

    pub(crate) fn unit() -> Self {
        Self::list([])
    }
}

impl Term for Value {
    fn view(&self) -> View<'_, Value> {
        // A closure or a world is the same fact as itself alone, by its address.
        let opaque = |address: usize| View::Leaf(Leaf::Opaque(address.to_le_bytes().to_vec().into()));
        match self {
            Self::Number(number) => View::Leaf(Leaf::Integer(*number)),
            Self::Text(text) => View::Leaf(Leaf::String(text)),
            Self::Name(name) => View::Leaf(Leaf::Symbol(name)),
            Self::Variable(name, id) => View::Leaf(Leaf::Variable { name, id: *id }),
            Self::List(items) => View::Expression(items),
            Self::Closure(closure) => opaque(Arc::as_ptr(closure).addr()),
            Self::World(world) => opaque(Arc::as_ptr(world).addr()),
        }
    }

    fn leaf(leaf: Leaf<'_>) -> Option<Value> {
        Some(match leaf {
            Leaf::Integer(number) => Self::Number(number),
            Leaf::String(text) => Self::Text(text.into()),
            Leaf::Symbol(name) => Self::Name(name.into()),
            Leaf::Variable { name, id } => Self::Variable(name.into(), id),
            _ => return None,
        })
    }

    fn expression(items: Vec<Value>) -> Value {
        Self::List(items.into())
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closure(closure) => write!(f, "<closure of {} parameters>", closure.parameters.len()),
            Self::World(world) => write!(f, "<world of {} facts>", world.len()),
            other => Print(other).fmt(f),
        }
    }
}
