//! Types and helpers that the properties of maps share. Operations are compiled once more for each further type of
//! keys, values, hashers or closures.

use std::collections::BTreeMap;

use pleach_collections::Map;

use crate::hostile::Hostile;

pub type Model = BTreeMap<u16, i32>;
pub type Subject = Map<u16, i32, Hostile>;
pub type Entries = Vec<(u16, i32)>;

/// Decides about the value of a key in both maps.
pub type Decide = fn(&u16, &i32, &i32) -> i32;

/// Compares two values.
pub type Fits = fn(&i32, &i32) -> bool;

/// Resolves a conflict of a merge.
pub type Resolve = fn(&u16, Option<&i32>, Option<&i32>, Option<&i32>) -> Option<i32>;

/// Returns a map of these entries.
pub fn subject(hasher: Hostile, entries: &[(u16, i32)]) -> Subject {
    let mut map = Subject::with_hasher(hasher);
    map.extend(entries.iter().copied());
    map
}

/// Checks a map, and returns its model.
pub fn model(map: &Subject) -> Model {
    map.check().unwrap();
    let model: Model = map.iter().map(|(key, value)| (*key, *value)).collect();
    assert_eq!(model.len(), map.len());
    model
}

/// Retains the entries that satisfy `keep`.
pub fn retain(map: &mut Subject, keep: &mut dyn FnMut(&u16, &i32) -> bool) {
    map.retain(keep);
}

/// Inserts and removes entries of `keys` keys.
pub fn edit(map: &mut Subject, edits: &[(u16, i32)], keys: u16) {
    for (key, value) in edits {
        if value % 4 == 0 {
            map.remove(&(key % keys));
        } else {
            map.insert(key % keys, value % 4);
        }
    }
}
