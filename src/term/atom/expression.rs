use std::cmp::Ordering;
use std::collections::HashSet;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::mem;
use std::ops::Deref;
use std::slice;
use std::sync::OnceLock;

use smallvec::SmallVec;
use triomphe::{Arc, ThinArc};

use super::Atom;

/// A shared sequence of atoms. Cloning it is a reference-count increment.
///
/// It derefs to `[Atom]`, and is one allocation of 24 bytes and 16 per item. It caches a hash of its items and whether a
/// variable occurs in them, so hashing and [`is_ground`](Self::is_ground) are O(1), and so is mostly the comparison of unequal
/// expressions.
///
/// As a list, an expression gains an item in front ([`with_first`](Self::with_first)) and loses it
/// ([`without_first`](Self::without_first)) in O(1), in an allocation that shares the others with it. Such a list becomes a slice
/// of its own when it is first looked at as one.
///
/// ```
/// use pleach::term::{Atom, Expression};
///
/// let edge = Expression::new([Atom::symbol("edge"), 1.into(), 2.into()]);
/// assert_eq!(edge[1], Atom::from(1));
/// assert!(edge.is_ground());
/// ```
#[derive(Clone)]
pub struct Expression(Representation);

/// Of one byte and a pointer behind it, so that the discriminant of `Atom` fits in the byte.
#[derive(Clone)]
#[repr(u8)]
enum Representation {
    Array(ThinArc<Header, Atom>),
    List(Arc<List>),
}

/// Cached properties of the items, in one word: a hash (56 bits), whether they are ground (1 bit), and a bound of their depth (7
/// bits, at most 127). Hash and groundness are functions of the items, so equal expressions have them in common.
///
/// The hash is a polynomial in the hashes of the items, so that it follows for a list from that of its rest and the other way
/// around.
#[derive(Clone, Copy)]
struct Header(u64);

/// The base of the polynomial: odd, so that it has an inverse.
const BASE: u64 = super::GOLDEN_RATIO;

/// The inverse of [`BASE`] modulo 2^64, by Newton's iteration.
const INVERSE: u64 = {
    let mut inverse = BASE;
    let mut rounds = 0;
    while rounds < 6 {
        inverse = inverse.wrapping_mul(2_u64.wrapping_sub(BASE.wrapping_mul(inverse)));
        rounds += 1;
    }
    assert!(inverse.wrapping_mul(BASE) == 1);
    inverse
};

impl Header {
    const DEPTH: u64 = 0x7f;
    const GROUND: u64 = 0x80;
    const EMPTY: Self = Self(Self::GROUND | 1);

    fn of(items: &[Atom]) -> Self {
        items.iter().rev().fold(Self::EMPTY, Self::with_first)
    }

    /// The header of these items and one before them.
    #[inline]
    fn with_first(self, first: &Atom) -> Self {
        let hash = (self.hash().wrapping_mul(BASE)).wrapping_add(item_hash(first));
        let (ground, depth) = match first {
            Atom::Variable(_) => (0, self.depth()),
            Atom::Expression(inner) => {
                let inner = inner.header();
                let depth = (inner.depth() + 1).min(Self::DEPTH);
                (self.0 & inner.0 & Self::GROUND, self.depth().max(depth))
            }
            _ => (self.0 & Self::GROUND, self.depth()),
        };
        Self(hash | ground | depth)
    }

    /// The header of the items without the first, of which it must be told whether they are ground.
    fn without_first(self, first: &Atom, ground: bool) -> Self {
        let hash = self.hash().wrapping_sub(item_hash(first)).wrapping_mul(INVERSE);
        Self(hash | if ground { Self::GROUND } else { 0 } | self.depth())
    }

    /// The hash, in the upper 56 bits.
    #[inline]
    fn hash(self) -> u64 {
        self.0 & !0xff
    }

    fn depth(self) -> u64 {
        self.0 & Self::DEPTH
    }

    #[inline]
    fn may_be_equal(self, other: Self) -> bool {
        (self.0 ^ other.0) & !Self::DEPTH == 0
    }
}

/// The hash of an item, in the upper 56 bits.
#[inline]
fn item_hash(item: &Atom) -> u64 {
    item.structural_hash() << 8
}

/// A long expression that shares items with another one.
struct List {
    header: Header,
    len: usize,
    source: Source,
}

enum Source {
    /// The last items of an array. Those from `ground_from` on are ground.
    Suffix { array: Expression, ground_from: usize },
    /// An item before the others; and all of them, once that was looked at.
    Cons {
        first: Atom,
        rest: Expression,
        items: OnceLock<ThinArc<Header, Atom>>,
    },
}

/// The number of items up to which an expression is always an array: it takes less memory than a list.
const MAX_SMALL_LEN: usize = 16;

/// The allocation of an [`Expression`], to measure memory: expressions that share an allocation share its address.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Allocation<'a> {
    /// The items.
    Items(&'a [Atom]),
    /// The last items of another expression.
    Suffix(&'a Expression),
    /// An item before those of another expression; and all of them, if there is a slice of them too.
    Cons(&'a Atom, &'a Expression, Option<&'a [Atom]>),
}

/// Depth up to which expressions are dropped by recursion.
const MAX_RECURSIVE_DROP_DEPTH: u64 = 32;

fn array(header: Header, items: Vec<Atom>) -> ThinArc<Header, Atom> {
    let header = triomphe::HeaderWithLength::new(header, items.len());
    Arc::into_thin(Arc::from_header_and_vec(header, items))
}

impl List {
    fn items(&self) -> &[Atom] {
        match &self.source {
            Source::Suffix { array, .. } => array.split_at(array.len() - self.len).1,
            Source::Cons { items, .. } => &items.get_or_init(|| array(self.header, self.collect())).slice,
        }
    }

    fn collect(&self) -> Vec<Atom> {
        let mut items = Vec::with_capacity(self.len);
        let mut list = self;
        while let Source::Cons { first, rest, .. } = &list.source {
            items.push(first.clone());
            match &rest.0 {
                Representation::List(next) if !next.has_slice() => list = next,
                _ => {
                    items.extend_from_slice(rest);
                    break;
                }
            }
        }
        items
    }

    /// Whether the items are a slice already.
    fn has_slice(&self) -> bool {
        match &self.source {
            Source::Suffix { .. } => true,
            Source::Cons { items, .. } => items.get().is_some(),
        }
    }
}

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
        Expression(Representation::Array(shared))
    }

    /// Returns the number of items. Cost: O(1).
    #[inline]
    pub fn len(&self) -> usize {
        match &self.0 {
            Representation::Array(array) => array.slice.len(),
            Representation::List(list) => list.len,
        }
    }

    /// Returns whether there is no item. Cost: O(1).
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the first item. Cost: O(1).
    #[inline]
    pub fn first(&self) -> Option<&Atom> {
        match &self.0 {
            Representation::Array(array) => array.slice.first(),
            Representation::List(list) => match &list.source {
                Source::Suffix { array, .. } => array.get(array.len() - list.len),
                Source::Cons { first, .. } => Some(first),
            },
        }
    }

    /// Returns the expression with an item before the others. Cost: O(1), one allocation of 80 bytes, or of 16 bytes per item if
    /// there are few.
    ///
    /// The first look at the items as a slice costs O(n) and memory for them, once for this expression.
    ///
    /// ```
    /// use pleach::term::{Atom, Expression};
    ///
    /// let list = (0..1_000_000).fold(Expression::default(), |list, i| list.with_first(Atom::from(i)));
    /// assert_eq!((list.len(), list.first()), (1_000_000, Some(&Atom::from(999_999))));
    /// assert_eq!(list[999_999], Atom::from(0));
    /// ```
    #[must_use]
    pub fn with_first(&self, first: Atom) -> Expression {
        let (len, header) = (self.len() + 1, self.header().with_first(&first));
        if len <= MAX_SMALL_LEN {
            let mut items = Vec::with_capacity(len);
            items.push(first);
            items.extend_from_slice(self);
            return Expression(Representation::Array(array(header, items)));
        }
        let source = Source::Cons {
            first,
            rest: self.clone(),
            items: OnceLock::new(),
        };
        Expression(Representation::List(Arc::new(List { header, len, source })))
    }

    /// Returns the expression without its first item, or `None` if it is empty. Cost: O(1), one allocation of 64 bytes, or of 16
    /// bytes per item if few are left; O(n) for a long expression with variables that isn't itself a list of this kind.
    ///
    /// The result keeps the whole expression alive, unless few items are left.
    ///
    /// ```
    /// use pleach::term::{Atom, Expression};
    ///
    /// let list: Expression = (0..1_000).map(Atom::from).collect();
    /// let rest = list.without_first().unwrap();
    /// assert_eq!((rest.len(), &rest[..]), (999, &list[1..]));
    /// assert!(Expression::default().without_first().is_none());
    /// ```
    #[must_use]
    pub fn without_first(&self) -> Option<Expression> {
        let (first, len) = (self.first()?, self.len() - 1);
        let (array, ground_from) = match &self.0 {
            Representation::List(list) => match &list.source {
                Source::Cons { rest, .. } => return Some(rest.clone()),
                Source::Suffix { array, ground_from } => (array, *ground_from),
            },
            Representation::Array(_) if self.is_ground() || len <= MAX_SMALL_LEN => (self, 0),
            Representation::Array(_) => (
                self,
                self.iter().rposition(|item| !item.is_ground()).map_or(0, |at| at + 1),
            ),
        };
        if len <= MAX_SMALL_LEN {
            return Some(self.iter().skip(1).cloned().collect());
        }
        let header = self.header().without_first(first, array.len() - len >= ground_from);
        let source = Source::Suffix {
            array: array.clone(),
            ground_from,
        };
        Some(Expression(Representation::List(Arc::new(List { header, len, source }))))
    }

    /// Returns whether no variable occurs in the expression. Cost: O(1).
    #[inline]
    pub fn is_ground(&self) -> bool {
        self.header().0 & Header::GROUND != 0
    }

    /// Returns whether both are the same allocation. Cost: O(1).
    #[inline]
    pub fn ptr_eq(&self, other: &Expression) -> bool {
        self.address() == other.address()
    }

    /// Returns the address of the allocation, which identifies the expression while it is alive. Cost: O(1).
    #[inline]
    pub fn address(&self) -> usize {
        match &self.0 {
            Representation::Array(array) => array.as_ptr() as usize,
            Representation::List(list) => Arc::as_ptr(list) as usize,
        }
    }

    /// Returns whether other references to the allocation exist. Cost: O(1).
    #[inline]
    pub fn is_shared(&self) -> bool {
        match &self.0 {
            Representation::Array(array) => ThinArc::strong_count(array) > 1,
            Representation::List(list) => Arc::count(list) > 1,
        }
    }

    /// Returns the allocation. Cost: O(1).
    ///
    /// ```
    /// use pleach::term::{Allocation, Atom, Expression};
    ///
    /// let list: Expression = (0..100).map(Atom::from).collect();
    /// assert!(matches!(list.allocation(), Allocation::Items(items) if items.len() == 100));
    /// let rest = list.without_first().unwrap();
    /// assert!(matches!(rest.allocation(), Allocation::Suffix(whole) if whole.ptr_eq(&list)));
    /// ```
    pub fn allocation(&self) -> Allocation<'_> {
        match &self.0 {
            Representation::Array(array) => Allocation::Items(&array.slice),
            Representation::List(list) => match &list.source {
                Source::Suffix { array, .. } => Allocation::Suffix(array),
                Source::Cons { first, rest, items } => {
                    Allocation::Cons(first, rest, items.get().map(|array| &array.slice))
                }
            },
        }
    }

    #[inline]
    fn header(&self) -> Header {
        match &self.0 {
            Representation::Array(array) => array.header.header,
            Representation::List(list) => list.header,
        }
    }

    #[inline]
    pub(super) fn structural_hash(&self) -> u64 {
        // Not linear in the items' hashes: otherwise a matrix and its transpose would collide.
        super::mix(self.header().hash() ^ self.len() as u64)
    }

    /// Returns whether both are equal, or `None` if that depends on their items.
    #[inline]
    fn quick_eq(&self, other: &Expression) -> Option<bool> {
        if self.ptr_eq(other) {
            Some(true)
        } else if !self.header().may_be_equal(other.header()) || self.len() != other.len() {
            Some(false)
        } else {
            None
        }
    }

    /// Moves what can't be dropped by recursion into `pending`, if this is the only reference: items that are too deep, and the
    /// rest of a list.
    fn take_deep(&mut self, pending: &mut Vec<Expression>) {
        let mut take_item = |item: &mut Atom| {
            if matches!(item, Atom::Expression(inner) if !inner.is_dropped_by_recursion())
                && let Atom::Expression(deep) = mem::replace(item, Atom::Integer(0))
            {
                pending.push(deep);
            }
        };
        match &mut self.0 {
            Representation::Array(array) => array.with_arc_mut(|shared| {
                let Some(inner) = Arc::get_mut(shared) else { return };
                inner.slice_mut().iter_mut().for_each(take_item);
            }),
            Representation::List(list) => {
                let Some(list) = Arc::get_mut(list) else { return };
                let Source::Cons { first, rest, items } = &mut list.source else {
                    return;
                };
                take_item(first);
                let items = items.take().map(|array| Expression(Representation::Array(array)));
                let both = [Some(mem::take(rest)), items].into_iter().flatten();
                pending.extend(both.filter(|part| !part.is_dropped_by_recursion()));
            }
        }
    }

    #[inline]
    fn is_dropped_by_recursion(&self) -> bool {
        match &self.0 {
            Representation::Array(array) => array.header.header.depth() <= MAX_RECURSIVE_DROP_DEPTH,
            Representation::List(list) => matches!(list.source, Source::Suffix { .. }),
        }
    }
}

impl Default for Expression {
    /// The expression without items.
    fn default() -> Self {
        Expression::new([])
    }
}

impl Drop for Expression {
    #[inline]
    fn drop(&mut self) {
        if !self.is_dropped_by_recursion() {
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
        match &self.0 {
            Representation::Array(array) => &array.slice,
            Representation::List(list) => list.items(),
        }
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
        Expression(Representation::Array(array(Header::of(&items), items)))
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
