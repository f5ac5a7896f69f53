use std::cmp::Ordering;
use std::collections::HashSet;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::mem;
use std::ops::Deref;
use std::slice;

use smallvec::SmallVec;
use triomphe::{Arc, ThinArc};

use super::Atom;

/// A shared sequence of atoms, in one allocation of 24 bytes and 16 per item. Cloning it is a reference-count
/// increment.
///
/// It derefs to `[Atom]`. It caches a hash of its items and whether a variable occurs in them, so hashing and
/// [`is_ground`](Self::is_ground) are O(1), and so is mostly the comparison of unequal expressions.
///
/// ```
/// use pleach::term::{Atom, Expression};
///
/// let edge = Expression::new([Atom::symbol("edge"), 1.into(), 2.into()]);
/// assert_eq!(edge[1], Atom::from(1));
/// assert!(edge.is_ground());
/// ```
#[derive(Clone)]
pub struct Expression(ThinArc<Header, Atom>);

/// Cached properties of the items, in one word: a hash (56 bits), whether they are ground (1 bit), and their depth (7
/// bits, at most 127). All are functions of the items, so equal expressions have equal headers.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Header(u64);

impl Header {
    const DEPTH: u64 = 0x7f;
    const GROUND: u64 = 0x80;

    fn of(items: &[Atom]) -> Header {
        let (mut hash, mut ground, mut depth) = (items.len() as u64, Header::GROUND, 0);
        for item in items {
            hash = super::mix(hash ^ item.structural_hash());
            match item {
                Atom::Variable(_) => ground = 0,
                Atom::Expression(inner) => {
                    ground &= inner.header().0;
                    depth = depth.max(inner.header().depth());
                }
                _ => {}
            }
        }
        Header(hash & !0xff | ground | (depth + 1).min(Header::DEPTH))
    }

    fn depth(self) -> u64 {
        self.0 & Header::DEPTH
    }
}

/// Depth up to which expressions are dropped by recursion.
const MAX_RECURSIVE_DROP_DEPTH: u64 = 32;

impl Expression {
    /// Creates the expression of these items. Cost: O(n), one allocation.
    ///
    /// # Panics
    /// Panics if the iterator yields another number of items than its length.
    pub fn new<I>(items: I) -> Expression
    where
        I: IntoIterator<Item = Atom>,
        I::IntoIter: ExactSizeIterator,
    {
        let mut shared = ThinArc::from_header_and_iter(Header(0), items.into_iter());
        shared.with_arc_mut(|shared| {
            // It isn't shared yet.
            if let Some(inner) = Arc::get_mut(shared) {
                *inner.header_mut() = Header::of(inner.slice());
            }
        });
        Expression(shared)
    }

    /// Returns whether no variable occurs in the expression. Cost: O(1).
    #[inline]
    pub fn is_ground(&self) -> bool {
        self.header().0 & Header::GROUND != 0
    }

    /// Returns whether both are the same allocation. Cost: O(1).
    #[inline]
    pub fn ptr_eq(&self, other: &Expression) -> bool {
        self.0.as_ptr() == other.0.as_ptr()
    }

    #[inline]
    fn header(&self) -> Header {
        self.0.header.header
    }

    #[inline]
    pub(super) fn structural_hash(&self) -> u64 {
        // The low 8 bits of the header aren't part of the hash; spread the others over the word.
        (self.header().0 >> 8).wrapping_mul(super::GOLDEN_RATIO)
    }

    /// Returns whether both are equal, or `None` if that depends on their items.
    #[inline]
    fn quick_eq(&self, other: &Expression) -> Option<bool> {
        if self.ptr_eq(other) {
            Some(true)
        } else if self.header() != other.header() || self.len() != other.len() {
            Some(false)
        } else {
            None
        }
    }

    /// Moves the items that are too deep to be dropped by recursion into `pending`, if this is the only reference.
    fn take_deep(&mut self, pending: &mut Vec<Expression>) {
        self.0.with_arc_mut(|shared| {
            let Some(inner) = Arc::get_mut(shared) else { return };
            for item in inner.slice_mut() {
                if matches!(item, Atom::Expression(inner) if inner.header().depth() > MAX_RECURSIVE_DROP_DEPTH)
                    && let Atom::Expression(deep) = mem::replace(item, Atom::Integer(0))
                {
                    pending.push(deep);
                }
            }
        });
    }
}

impl Drop for Expression {
    #[inline]
    fn drop(&mut self) {
        if self.header().depth() > MAX_RECURSIVE_DROP_DEPTH {
            let mut pending = Vec::new();
            self.take_deep(&mut pending);
            while let Some(mut deep) = pending.pop() {
                deep.take_deep(&mut pending);
            }
        }
    }
}

impl Deref for Expression {
    type Target = [Atom];

    #[inline]
    fn deref(&self) -> &[Atom] {
        &self.0.slice
    }
}

impl<'a> IntoIterator for &'a Expression {
    type Item = &'a Atom;
    type IntoIter = slice::Iter<'a, Atom>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl From<Vec<Atom>> for Expression {
    fn from(items: Vec<Atom>) -> Expression {
        let header = Header::of(&items);
        let header = triomphe::HeaderWithLength::new(header, items.len());
        Expression(Arc::into_thin(Arc::from_header_and_vec(header, items)))
    }
}

impl FromIterator<Atom> for Expression {
    fn from_iter<I: IntoIterator<Item = Atom>>(items: I) -> Expression {
        items.into_iter().collect::<Vec<_>>().into()
    }
}

/// Cost: O(1) if they are the same allocation or their hashes differ, else O(size).
impl PartialEq for Expression {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        self.quick_eq(other).unwrap_or_else(|| same_items(self, other))
    }
}

/// Returns whether two expressions of the same length have equal items.
fn same_items(a: &[Atom], b: &[Atom]) -> bool {
    /// After so many pairs it is worth remembering which were compared: where parts are shared, they come again and
    /// again.
    const FEW: usize = 1024;
    let mut pending: SmallVec<[(&[Atom], &[Atom]); 8]> = SmallVec::new();
    let (mut count, mut compared) = (0, HashSet::new());
    pending.push((a, b));
    while let Some((a, b)) = pending.pop() {
        for pair in a.iter().zip(b) {
            match pair {
                (Atom::Expression(a), Atom::Expression(b)) => match a.quick_eq(b) {
                    Some(true) => {}
                    Some(false) => return false,
                    None => {
                        count += 1;
                        if count <= FEW || compared.insert((a.as_ptr(), b.as_ptr())) {
                            pending.push((a, b));
                        }
                    }
                },
                (a, b) => {
                    if a != b {
                        return false;
                    }
                }
            }
        }
    }
    true
}

impl Eq for Expression {}

/// Item by item, then by length. Cost: O(size).
impl Ord for Expression {
    fn cmp(&self, other: &Self) -> Ordering {
        let mut pending: SmallVec<[_; 8]> = SmallVec::new();
        let (mut a, mut b) = (self.iter(), other.iter());
        loop {
            match (a.next(), b.next()) {
                (Some(Atom::Expression(x)), Some(Atom::Expression(y))) => {
                    if !x.ptr_eq(y) {
                        pending.push((mem::replace(&mut a, x.iter()), mem::replace(&mut b, y.iter())));
                    }
                }
                (Some(x), Some(y)) => match x.cmp(y) {
                    Ordering::Equal => {}
                    unequal => return unequal,
                },
                (None, None) => match pending.pop() {
                    Some(outer) => (a, b) = outer,
                    None => return Ordering::Equal,
                },
                (None, Some(_)) => return Ordering::Less,
                (Some(_), None) => return Ordering::Greater,
            }
        }
    }
}

impl PartialOrd for Expression {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Hash for Expression {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.structural_hash());
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Atom::Expression(self.clone()).fmt(f)
    }
}

impl fmt::Debug for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
