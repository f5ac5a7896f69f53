//! Values that later layers compute from a state, carried with it.
//!
//! A value follows from the state, so a read may add it. Forks share it, and writes and unions hand it on, though it belongs
//! to an earlier state then: whoever asks for it next finds the nearest one, brings it up to date, and adds that. Nothing
//! else of a state depends on its carried values.
//!
//! **Bounded.** A state carries at most [`MAX_VALUES`] values, of each key the last. One that isn't brought up to date during
//! as many writes as its weight is dropped.

use std::any::Any;
use std::sync::Arc;

use smallvec::SmallVec;

use super::append_list::AppendList;

/// The maximum number of values that a new state is handed, and twice the number that one has.
const MAX_VALUES: usize = 8;

/// A value that is carried with states.
pub(crate) trait CarriedValue: Any + Send + Sync {
    /// The address of what the value is made by, which it keeps alive.
    fn key(&self) -> usize;

    /// Whether the other value of this key belongs to the same state.
    fn is_same(&self, other: &Self) -> bool;

    /// The number of writes for which the value is kept.
    fn weight(&self) -> usize;
}

/// The values that a state carries, the last of each key being the nearest to it.
#[derive(Default)]
pub(crate) struct Carried {
    list: AppendList<Entry>,
}

#[derive(Clone)]
struct Entry {
    value: Arc<dyn Any + Send + Sync>,
    key: usize,
    weight: usize,
    /// The number of writes since the value was added.
    idle: usize,
}

impl Carried {
    /// The last value of this key.
    pub(crate) fn last<V: CarriedValue>(&self, key: usize) -> Option<&V> {
        let entries = self.list.iter().filter(|entry| entry.key == key);
        entries.filter_map(|entry| entry.value.downcast_ref()).last()
    }

    /// Adds a value, unless there are many, and returns it; or the same value, if another thread has added that.
    pub(crate) fn add<V: CarriedValue>(&self, value: V) -> Option<&V> {
        if self.list.iter().count() >= 2 * MAX_VALUES {
            return None;
        }
        let (key, weight) = (value.key(), value.weight());
        let value = Arc::new(value);
        let entry = Entry {
            value: Arc::clone(&value) as _,
            key,
            weight,
            idle: 0,
        };
        let is_same = |taken: &Entry| {
            let other = taken.value.downcast_ref();
            taken.key == key && other.is_some_and(|other| value.is_same(other))
        };
        self.list.append(entry, is_same)?.value.downcast_ref()
    }

    /// Adds the values of another state of which this one has none of their keys.
    pub(super) fn adopt(&mut self, other: &Self) {
        for entry in other.clone().list.iter() {
            if self.list.iter().all(|own| own.key != entry.key) && self.list.iter().count() < MAX_VALUES {
                self.list.append(entry.clone(), |_| false);
            }
        }
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

    /// Records a write of the state.
    pub(super) fn touched(&mut self) {
        if self.list.iter().next().is_none() {
            return;
        }
        self.compact();
        self.list.retain(|entry| {
            entry.idle += 1;
            entry.idle <= entry.weight
        });
    }
}

impl Clone for Carried {
    /// O(1), since the number of values is bounded.
    fn clone(&self) -> Self {
        let mut copy = Self {
            list: self.list.clone(),
        };
        copy.compact();
        copy
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Value {
        key: usize,
        number: usize,
    }

    impl CarriedValue for Value {
        fn key(&self) -> usize {
            self.key
        }

        fn is_same(&self, other: &Self) -> bool {
            self.number == other.number
        }

        fn weight(&self) -> usize {
            3
        }
    }

    fn number(carried: &Carried, key: usize) -> Option<usize> {
        carried.last(key).map(|value: &Value| value.number)
    }

    #[test]
    fn the_last_value_of_each_key_is_carried() {
        let carried = Carried::default();
        for number in 0..5 {
            carried.add(Value {
                key: number % 2,
                number,
            });
        }
        assert_eq!((number(&carried, 0), number(&carried, 1)), (Some(4), Some(3)));
        let copy = carried.clone();
        assert_eq!(copy.list.iter().count(), 2);
        assert_eq!((number(&copy, 0), number(&copy, 1)), (Some(4), Some(3)));
    }

    #[test]
    fn one_value_is_added_once_however_many_threads_add_it() {
        let carried = Carried::default();
        let value = || Value { key: 1, number: 1 };
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| (0..100).for_each(|_| assert_eq!(carried.add(value()).unwrap().number, 1)));
            }
        });
        assert_eq!(carried.list.iter().count(), 1);
        assert!(carried.add(Value { key: 2, number: 1 }).is_some());
        assert_eq!((number(&carried, 1), number(&carried, 2)), (Some(1), Some(1)));
    }

    #[test]
    fn values_that_are_missing_are_adopted() {
        let (mut left, right) = (Carried::default(), Carried::default());
        left.add(Value { key: 1, number: 10 });
        for number in 0..3 {
            right.add(Value { key: 1, number });
            right.add(Value { key: 2, number });
        }
        left.adopt(&right);
        assert_eq!((number(&left, 1), number(&left, 2)), (Some(10), Some(2)));
        assert_eq!(left.list.iter().count(), 2);
    }

    #[test]
    fn values_are_bounded_in_number_and_in_writes() {
        let mut carried = Carried::default();
        for key in 0..100 {
            carried.add(Value { key, number: key });
        }
        assert_eq!(carried.list.iter().count(), 2 * MAX_VALUES);
        assert_eq!(carried.clone().list.iter().count(), MAX_VALUES);
        (0..3).for_each(|_| carried.touched());
        assert_eq!(carried.list.iter().count(), MAX_VALUES);
        carried.touched();
        assert_eq!(carried.list.iter().count(), 0);
    }
}
