//! Keys and values whose methods panic at a chosen call.
//!
//! All tests of user types share them, since operations are compiled once more for each further type.

use std::cell::Cell;
use std::hash::{Hash, Hasher};

use crate::fuse::burn;

thread_local! {
    /// The number of keys cloned on this thread.
    static CLONES: Cell<usize> = const { Cell::new(0) };
}

/// Returns how many keys `f` clones.
pub fn clones(f: &mut dyn FnMut()) -> usize {
    CLONES.set(0);
    f();
    CLONES.get()
}

/// A key that equals all keys of its number.
#[derive(Debug)]
pub struct Key {
    pub number: Box<u32>,
    pub origin: u32,
}

impl Key {
    pub fn new(number: u32) -> Self {
        Self::from_origin(number, 0)
    }

    pub fn from_origin(number: u32, origin: u32) -> Self {
        let number = Box::new(number);
        Self { number, origin }
    }
}

impl Clone for Key {
    fn clone(&self) -> Self {
        CLONES.set(CLONES.get() + 1);
        burn();
        Self::from_origin(*self.number, self.origin)
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        burn();
        self.number == other.number
    }
}

impl Eq for Key {}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        burn();
        self.number.hash(state);
    }
}

// Functions in place of closures, since operations are compiled once more for each closure.

/// Returns the sum of two values.
pub fn add(_: &Key, a: &Value, b: &Value) -> Value {
    burn();
    Value::new(*a.0 + *b.0)
}

/// Returns the second of two values.
pub fn theirs(_: &Key, _: &Value, there: &Value) -> Value {
    burn();
    there.clone()
}

/// Whether an entry is retained.
pub fn keeps(key: &Key, _: &Value) -> bool {
    burn();
    !key.number.is_multiple_of(3)
}

/// A borrowed form of [`Key`].
#[derive(Hash)]
pub struct Number(pub u32);

impl equivalent::Equivalent<Key> for Number {
    fn equivalent(&self, key: &Key) -> bool {
        burn();
        self.0 == *key.number
    }
}

impl From<&Number> for Key {
    fn from(number: &Number) -> Self {
        burn();
        Self::new(number.0)
    }
}

/// A value whose clone, comparison and drop panic.
#[derive(Debug)]
pub struct Value(pub Box<u32>);

impl Value {
    pub fn new(number: u32) -> Self {
        Self(Box::new(number))
    }
}

impl Clone for Value {
    fn clone(&self) -> Self {
        burn();
        Self(self.0.clone())
    }
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        burn();
        self.0 == other.0
    }
}

impl Drop for Value {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            burn();
        }
    }
}
