//! Values that later layers compute from a state, carried with it.
//!
//! A value follows from the state, so a read may add it. Forks share it, and writes and unions hand it on, though it belongs
//! to an earlier state then. The last value of each key is also in a table that an environment shares with all its forks:
//! a reader that adds a value to a snapshot that was written meanwhile leaves it there for its successors. Whoever asks next
//! starts from one of these values, and adds the one that it makes. Nothing else of a state depends on its carried values.
//!
//! **Without waiting.** The list of a state only grows while it is shared, and the table is replaced by compare-and-swap. So
//! looking for a value never waits; of several readers that add one at once, each waits at most for a pointer to be stored.
//!
//! **Bounded.** A state is handed at most [`MAX_VALUES`] values, and the table has as many, each of another key. A write drops
//! those that nobody can ask for any more, and those since whose state more facts were written than their
//! [maximum age](CarriedValue::max_age): from the table, since when all forks together wrote more.

use std::any::Any;
use std::iter::once_with;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use arc_swap::ArcSwapOption;
use smallvec::SmallVec;

use super::append_list::AppendList;

/// The maximum number of values that a new state is handed, and twice the number that one has.
const MAX_VALUES: usize = 8;

/// A value that is carried with states.
pub(crate) trait CarriedValue: Any + Send + Sync {
    /// The address of what the value is made by, which isn't given to anything else as long as the value exists.
    fn key(&self) -> usize;

    /// Whether what the value is made by exists, so that it can be asked for.
    fn is_wanted(&self) -> bool;

    /// The number of facts after whose writing the value is of no use.
    fn max_age(&self) -> usize;
}

/// The values that a state carries, the last of each key being the nearest to it.
#[derive(Default)]
pub(crate) struct Carried {
    list: AppendList<Entry>,
    latest: Arc<Latest>,
    /// The number of facts that had been written at the last write.
    written: u64,
}

#[derive(Clone)]
struct Entry {
    value: Arc<dyn CarriedValue>,
    key: usize,
    /// The number of facts that had been written when the value was added: for the state, or of the table for all forks.
    written: u64,
}

impl Entry {
    /// The value, if it has this key.
    fn value<V: CarriedValue>(&self, key: usize) -> Option<Arc<V>> {
        if self.key != key {
            return None;
        }
        let value: Arc<dyn Any + Send + Sync> = Arc::<dyn CarriedValue>::clone(&self.value);
        value.downcast().ok()
    }

    /// Whether the value is kept after so many facts were written.
    fn is_kept(&self, written: u64) -> bool {
        self.value.is_wanted() && written.saturating_sub(self.written) <= self.value.max_age() as u64
    }
}

impl Carried {
    /// The bytes of the table that forks share, without its entries.
    pub(super) const SHARED_BYTES: usize = size_of::<Latest>();

    /// Whether other environments share the table.
    pub(super) fn is_shared(&self) -> bool {
        Arc::strong_count(&self.latest) > 1
    }

    /// Returns the values of this key that the state has, and then the last one that any fork has added.
    pub(crate) fn values<V: CarriedValue>(&self, key: usize) -> impl Iterator<Item = Arc<V>> {
        let own = self.list.iter().filter_map(move |entry| entry.value(key));
        own.chain(once_with(move || self.latest.get(key)).flatten())
    }

    /// Adds a value of a state for which so many facts were written, and returns it; or the value that `is_same` accepts, if
    /// another thread has added that.
    pub(crate) fn add<V: CarriedValue>(&self, value: V, written: u64, is_same: impl Fn(&V) -> bool) -> Arc<V> {
        let (key, value) = (value.key(), Arc::new(value));
        let entry = Entry {
            value: Arc::<V>::clone(&value),
            key,
            written,
        };
        if self.list.iter().count() < 2 * MAX_VALUES {
            let is_same = |other: &Entry| other.value(key).is_some_and(|other| is_same(&other));
            let added = self.list.append(entry.clone(), is_same);
            if let Some(winner) = added.and_then(|added| added.value(key))
                && !Arc::ptr_eq(&winner, &value)
            {
                return winner;
            }
        }
        self.latest.put(entry);
        value
    }

    /// Adds those values of the other operand of a union whose keys this one lacks. So many facts were written for the result.
    pub(super) fn merge(&mut self, theirs: &Self, written: u64) {
        for entry in theirs.list.iter() {
            if self.list.iter().all(|own| own.key != entry.key) {
                let entry = Entry {
                    written,
                    ..entry.clone()
                };
                self.list.append(entry, |_| false);
            }
        }
        self.touched(written);
    }

    /// Drops the values that others have replaced.
    fn compact(&mut self) {
        let mut keys: SmallVec<[usize; 2 * MAX_VALUES]> = self.list.iter().map(|entry| entry.key).collect();
        keys.reverse();
        self.list.retain(|entry| {
            keys.pop();
            keys.len() < MAX_VALUES && !keys.contains(&entry.key)
        });
    }

    /// Records a write, after which so many facts were written.
    pub(super) fn touched(&mut self, written: u64) {
        if self.list.iter().next().is_some() {
            self.compact();
            self.list.retain(|entry| entry.is_kept(written));
        }
        self.latest.touched(written.saturating_sub(self.written));
        self.written = written;
    }
}

impl Clone for Carried {
    /// O(1), since the number of values is bounded.
    fn clone(&self) -> Self {
        let mut copy = Self {
            list: self.list.clone(),
            latest: Arc::clone(&self.latest),
            written: self.written,
        };
        copy.compact();
        copy
    }
}

/// The last value of each key, in the order in which they were added.
#[derive(Default)]
struct Latest {
    /// Whether a value was ever added, which costs a write less to see than that there is none.
    is_used: AtomicBool,
    /// The number of facts that all forks have written since a value was added.
    written: AtomicU64,
    /// Absent if there are none.
    entries: ArcSwapOption<Vec<Entry>>,
}

impl Latest {
    fn get<V: CarriedValue>(&self, key: usize) -> Option<Arc<V>> {
        let entries = self.entries.load();
        entries.as_ref()?.iter().find_map(|entry| entry.value(key))
    }

    fn put(&self, new: Entry) {
        // Relaxed: a writer that doesn't see it leaves to the next one what it would drop.
        self.is_used.store(true, Ordering::Relaxed);
        let new = Entry {
            written: self.written.load(Ordering::Relaxed),
            ..new
        };
        self.entries.rcu(|entries| {
            let others = entries.iter().flat_map(|entries| entries.iter());
            let others = others.filter(|entry| entry.key != new.key && entry.value.is_wanted());
            let mut entries: Vec<Entry> = others.chain([&new]).cloned().collect();
            if entries.len() > MAX_VALUES {
                entries.remove(0);
            }
            Some(Arc::new(entries))
        });
    }

    /// Records that a fork wrote so many facts more. Drops the values of which [`Entry::is_kept`] says no.
    fn touched(&self, more: u64) {
        if !self.is_used.load(Ordering::Relaxed) {
            return;
        }
        // Relaxed: a count, of which nothing else depends on the order.
        let written = self.written.fetch_add(more, Ordering::Relaxed).saturating_add(more);
        let is_kept = |entry: &&Entry| entry.is_kept(written);
        let entries = self.entries.load();
        if entries
            .as_ref()
            .is_none_or(|entries| entries.iter().all(|entry| is_kept(&entry)))
        {
            return;
        }
        drop(entries);
        self.entries.rcu(|entries| {
            let entries: Vec<Entry> = entries.as_ref()?.iter().filter(is_kept).cloned().collect();
            (!entries.is_empty()).then(|| Arc::new(entries))
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Value {
        key: usize,
        number: usize,
        maker: Arc<()>,
    }

    impl CarriedValue for Value {
        fn key(&self) -> usize {
            self.key
        }

        fn is_wanted(&self) -> bool {
            Arc::strong_count(&self.maker) > 1
        }

        fn max_age(&self) -> usize {
            3
        }
    }

    /// Adds values of keys made by `maker`.
    fn add(carried: &Carried, maker: &Arc<()>, values: impl IntoIterator<Item = (usize, usize)>) {
        for (key, number) in values {
            let maker = Arc::clone(maker);
            carried.add(Value { key, number, maker }, 0, |_| false);
        }
    }

    fn last(carried: &Carried, key: usize) -> Option<usize> {
        let own = carried.list.iter().filter_map(|entry| entry.value::<Value>(key));
        own.last().map(|value| value.number)
    }

    fn latest(carried: &Carried, key: usize) -> Option<usize> {
        carried.latest.get(key).map(|value: Arc<Value>| value.number)
    }

    fn len(carried: &Carried) -> (usize, usize) {
        let latest = carried.latest.entries.load();
        (
            carried.list.iter().count(),
            latest.as_ref().map_or(0, |latest| latest.len()),
        )
    }

    #[test]
    fn the_last_value_of_each_key_is_carried() {
        let (carried, maker) = (Carried::default(), Arc::default());
        let fork = carried.clone();
        add(&carried, &maker, (0..5).map(|number| (number % 2, number)));
        assert_eq!((last(&carried, 0), last(&carried, 1)), (Some(4), Some(3)));
        let copy = carried.clone();
        assert_eq!(len(&copy), (2, 2));
        assert_eq!((last(&copy, 0), last(&copy, 1)), (Some(4), Some(3)));
        // Even by a fork that was made before.
        assert_eq!(
            (last(&fork, 0), latest(&fork, 0), latest(&fork, 1)),
            (None, Some(4), Some(3))
        );
    }

    #[test]
    fn values_are_bounded_in_number_and_in_writes() {
        let (mut carried, maker) = (Carried::default(), Arc::default());
        add(&carried, &maker, (0..100).map(|key| (key, key)));
        assert_eq!(len(&carried), (2 * MAX_VALUES, MAX_VALUES));
        assert_eq!(latest(&carried, 99), Some(99));
        assert_eq!(carried.clone().list.iter().count(), MAX_VALUES);
        carried.touched(3);
        assert_eq!(len(&carried), (MAX_VALUES, MAX_VALUES));
        carried.touched(4);
        assert_eq!(len(&carried), (0, 0));
    }

    #[test]
    fn all_forks_age_the_shared_values_by_their_own_writes() {
        let (mut behind, maker) = (Carried::default(), Arc::default());
        let mut ahead = behind.clone();
        ahead.touched(1_000);
        add(&behind, &maker, [(0, 0)]);
        ahead.touched(1_001);
        behind.touched(1);
        assert_eq!((len(&ahead), len(&behind)), ((0, 1), (1, 1)));
        ahead.touched(1_003);
        assert_eq!((len(&ahead), len(&behind)), ((0, 0), (1, 0)));
    }

    #[test]
    fn values_that_nobody_can_ask_for_are_dropped() {
        let (mut carried, gone, kept) = (Carried::default(), Arc::default(), Arc::default());
        add(&carried, &gone, [(0, 0)]);
        add(&carried, &kept, [(1, 1)]);
        carried.touched(1);
        assert_eq!(len(&carried), (2, 2));
        drop(gone);
        carried.touched(2);
        assert_eq!((len(&carried), last(&carried, 1)), ((1, 1), Some(1)));
    }

    #[test]
    fn racing_readers_add_a_value_once() {
        let (carried, maker) = (Carried::default(), Arc::new(()));
        let same = |number| {
            let maker = Arc::clone(&maker);
            let value = Value { key: 0, number, maker };
            carried.add(value, 0, |_| true).number
        };
        assert_eq!([same(1), same(2), same(3)], [1, 1, 1]);
        assert_eq!((len(&carried), latest(&carried, 0)), ((1, 1), Some(1)));
    }

    #[test]
    fn unions_take_over_the_values_that_they_lack() {
        let (mut left, right, maker) = (Carried::default(), Carried::default(), Arc::default());
        add(&left, &maker, [(0, 0), (1, 1)]);
        add(&right, &maker, [(1, 10), (2, 20)]);
        left.merge(&right, 1);
        assert_eq!([0, 1, 2].map(|key| last(&left, key)), [Some(0), Some(1), Some(20)]);
    }
}
