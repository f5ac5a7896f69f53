//! Relations of interned values: sets of tuples with hash indexes.

use xxhash_rust::xxh3::xxh3_64;

/// No tuple.
pub(super) const NONE: u32 = u32::MAX;

/// The bytes of values, each with a number.
#[derive(Default)]
pub(super) struct Values {
    bytes: Vec<u8>,
    /// The end of each value.
    ends: Vec<usize>,
    slots: Slots,
}

impl Values {
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    #[inline]
    pub(super) fn get(&self, number: u32) -> &[u8] {
        slice(&self.bytes, &self.ends, number)
    }

    /// The number of a value, if it has one.
    pub(super) fn find(&self, value: &[u8]) -> Option<u32> {
        let hash = xxh3_64(value) as u32;
        self.slots.find(hash, |number| self.get(number) == value)
    }

    /// The number of a value, which gets one if it has none.
    pub(super) fn intern(&mut self, value: &[u8]) -> u32 {
        let (number, ends, bytes) = (self.ends.len() as u32, &self.ends, &self.bytes);
        let is_same = |number: u32| slice(bytes, ends, number) == value;
        if let Some(known) = self.slots.insert(xxh3_64(value) as u32, number, is_same) {
            return known;
        }
        self.bytes.extend_from_slice(value);
        self.ends.push(self.bytes.len());
        number
    }
}

/// The ranks of values in the order of bytes.
#[derive(Default)]
pub(super) struct Ranks {
    /// By the numbers of the values; `NONE` if a value has no rank.
    ranks: Vec<u32>,
    /// The values that have a rank, in the order of these, with their first bytes.
    order: Vec<(u64, u32)>,
}

impl Ranks {
    /// The ranks of these values among each other. It costs these, not all that have a number.
    pub(super) fn of<'a>(&mut self, values: &Values, used: impl Iterator<Item = &'a u32>) -> &[u32] {
        for (_, number) in self.order.drain(..) {
            self.ranks[number as usize] = NONE;
        }
        self.ranks.resize(values.len(), NONE);
        for &number in used {
            let rank = &mut self.ranks[number as usize];
            if *rank == NONE {
                *rank = 0;
                self.order.push((prefix(values.get(number)), number));
            }
        }
        self.order
            .sort_unstable_by(|a, b| a.0.cmp(&b.0).then_with(|| values.get(a.1).cmp(values.get(b.1))));
        for (rank, (_, number)) in self.order.iter().enumerate() {
            self.ranks[*number as usize] = rank as u32;
        }
        &self.ranks
    }
}

#[inline]
fn slice<'a>(bytes: &'a [u8], ends: &[usize], number: u32) -> &'a [u8] {
    let number = number as usize;
    let start = number.checked_sub(1).map_or(0, |before| ends[before]);
    &bytes[start..ends[number]]
}

/// The first bytes of a value, as a number of the same order.
fn prefix(value: &[u8]) -> u64 {
    let mut bytes = [0; 8];
    let length = value.len().min(8);
    bytes[..length].copy_from_slice(&value[..length]);
    u64::from_be_bytes(bytes)
}

/// A hash table of numbers with open addressing. The caller compares what the numbers stand for.
#[derive(Default)]
struct Slots {
    /// A hash and a number; or `EMPTY`, which is neither.
    slots: Vec<u64>,
    len: usize,
}

const EMPTY: u64 = u64::MAX;

impl Slots {
    /// The place of the number with this hash that `is_same` accepts, or the free one where it would be.
    #[inline]
    fn place(&self, hash: u32, is_same: impl Fn(u32) -> bool) -> Result<usize, usize> {
        let mask = self.slots.len().wrapping_sub(1);
        let mut place = hash as usize & mask;
        while let Some(&slot) = self.slots.get(place) {
            if slot == EMPTY {
                break;
            }
            if (slot >> 32) as u32 == hash && is_same(slot as u32) {
                return Ok(place);
            }
            place = (place + 1) & mask;
        }
        Err(place)
    }

    #[inline]
    fn find(&self, hash: u32, is_same: impl Fn(u32) -> bool) -> Option<u32> {
        let place = self.place(hash, is_same).ok()?;
        Some(self.slots[place] as u32)
    }

    /// Inserts a number, unless one is there that `is_same` accepts. Returns that one.
    #[inline]
    fn insert(&mut self, hash: u32, number: u32, is_same: impl Fn(u32) -> bool) -> Option<u32> {
        if 2 * self.len >= self.slots.len() {
            self.grow();
        }
        match self.place(hash, is_same) {
            Ok(place) => Some(self.slots[place] as u32),
            Err(free) => {
                self.slots[free] = u64::from(hash) << 32 | u64::from(number);
                self.len += 1;
                None
            }
        }
    }

    /// Replaces the number that `is_same` accepts by another one with this hash, or inserts that. Returns the former.
    #[inline]
    fn replace(&mut self, hash: u32, number: u32, is_same: impl Fn(u32) -> bool) -> Option<u32> {
        if 2 * self.len >= self.slots.len() {
            self.grow();
        }
        let place = self.place(hash, is_same);
        let (Ok(at) | Err(at)) = place;
        let old = std::mem::replace(&mut self.slots[at], u64::from(hash) << 32 | u64::from(number));
        self.len += usize::from(place.is_err());
        place.ok().map(|_| old as u32)
    }

    #[cold]
    fn grow(&mut self) {
        let doubled = vec![EMPTY; (2 * self.slots.len()).max(16)];
        for slot in std::mem::replace(&mut self.slots, doubled) {
            if slot != EMPTY
                && let Err(free) = self.place((slot >> 32) as u32, |_| false)
            {
                self.slots[free] = slot;
            }
        }
    }
}

/// A set of tuples of the same length, in order of insertion.
pub(super) struct Table {
    arity: usize,
    values: Vec<u32>,
    len: u32,
    slots: Slots,
    indexes: Vec<Index>,
}

/// The tuples of a table by some of their columns.
struct Index {
    columns: Vec<usize>,
    /// The last tuple of each key.
    slots: Slots,
    /// For each tuple, the one before with the same key.
    before: Vec<u32>,
}

/// Fibonacci hashing, column by column.
#[inline]
fn hash(values: impl Iterator<Item = u32>) -> u32 {
    let mix = |hash: u64, value: u32| (hash.rotate_left(26) ^ u64::from(value)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (values.fold(0, mix) >> 32) as u32
}

impl Table {
    pub(super) fn new(arity: usize) -> Self {
        Self {
            arity,
            values: Vec::new(),
            len: 0,
            slots: Slots::default(),
            indexes: Vec::new(),
        }
    }

    pub(super) fn len(&self) -> u32 {
        self.len
    }

    #[inline]
    pub(super) fn tuple(&self, number: u32) -> &[u32] {
        let start = number as usize * self.arity;
        &self.values[start..start + self.arity]
    }

    /// The number of a tuple.
    #[inline]
    pub(super) fn find(&self, tuple: &[u32]) -> u32 {
        let found = self
            .slots
            .find(hash(tuple.iter().copied()), |number| self.tuple(number) == tuple);
        found.unwrap_or(NONE)
    }

    /// Inserts a tuple. Returns whether it is new.
    #[inline]
    pub(super) fn insert(&mut self, tuple: &[u32]) -> bool {
        let (arity, values, number) = (self.arity, &self.values, self.len);
        let is_same = |number: u32| &values[number as usize * arity..][..arity] == tuple;
        if self
            .slots
            .insert(hash(tuple.iter().copied()), number, is_same)
            .is_some()
        {
            return false;
        }
        self.values.extend_from_slice(tuple);
        self.len += 1;
        for index in &mut self.indexes {
            index.insert(&self.values, arity, number);
        }
        true
    }

    /// The number of the index by these columns, which is built if there is none.
    pub(super) fn index_by(&mut self, columns: &[usize]) -> usize {
        if let Some(known) = self.indexes.iter().position(|index| index.columns == columns) {
            return known;
        }
        let mut index = Index {
            columns: columns.to_vec(),
            slots: Slots::default(),
            before: Vec::with_capacity(self.len as usize),
        };
        (0..self.len).for_each(|number| index.insert(&self.values, self.arity, number));
        self.indexes.push(index);
        self.indexes.len() - 1
    }

    /// The last tuple with this key in an index.
    #[inline]
    pub(super) fn last(&self, index: usize, key: &[u32]) -> u32 {
        let index = &self.indexes[index];
        let is_same = |number: u32| {
            let tuple = self.tuple(number);
            index
                .columns
                .iter()
                .zip(key)
                .all(|(column, value)| tuple[*column] == *value)
        };
        index.slots.find(hash(key.iter().copied()), is_same).unwrap_or(NONE)
    }

    /// The tuple before this one with the same key in an index.
    #[inline]
    pub(super) fn before(&self, index: usize, number: u32) -> u32 {
        self.indexes[index].before[number as usize]
    }
}

impl Index {
    #[inline]
    fn insert(&mut self, values: &[u32], arity: usize, number: u32) {
        let tuple = |number: u32| &values[number as usize * arity..][..arity];
        let new = tuple(number);
        let key = hash(self.columns.iter().map(|column| new[*column]));
        let columns = &self.columns;
        let is_same = |other: u32| {
            let other = tuple(other);
            columns.iter().all(|column| other[*column] == new[*column])
        };
        self.before
            .push(self.slots.replace(key, number, is_same).unwrap_or(NONE));
    }
}
