//! Traits that types have, or must not have.

use pleach_collections::{Bag, Map, OrdMap, OrdSet, Set, TrieMap, Vector};
use pleach_collections::{map, ord_map, trie_map, vector};
use std::panic::{RefUnwindSafe, UnwindSafe};

/// Fails to compile if a type is `Send` or `Sync`: then `Apart` has two implementations that `of` could mean.
macro_rules! stays_on_its_thread {
    ($($type:ty),+ $(,)?) => {$(
        const _: () = {
            trait Apart<Which> {
                fn of() {}
            }
            struct IsSend;
            struct IsSync;
            impl<T> Apart<()> for T {}
            impl<T: Send> Apart<IsSend> for T {}
            impl<T: Sync> Apart<IsSync> for T {}
            let _ = <$type as Apart<_>>::of;
        };
    )+};
}

stays_on_its_thread!(
    Map<u8, u8>,
    Set<u8>,
    Bag<u8>,
    OrdMap<u8, u8>,
    OrdSet<u8>,
    TrieMap<u8>,
    Vector<u8>,
    map::IntoIter<u8, u8>,
    map::Iter<'static, u8, u8>,
    map::IterMut<'static, u8, u8>,
    map::IntoKeys<u8, ()>,
    map::IntoValues<u8, u8>,
    ord_map::IntoIter<u8, u8>,
    ord_map::Iter<'static, u8, u8>,
    ord_map::IntoKeys<u8, ()>,
    trie_map::IntoIter<u8>,
    trie_map::Iter<'static, u8>,
    vector::IntoIter<u8>,
    vector::Iter<'static, u8>,
);

#[test]
fn collections_survive_unwinding() {
    fn survive<T: UnwindSafe + RefUnwindSafe + Unpin>() {}
    survive::<Map<u8, u8>>();
    survive::<Bag<u8>>();
    survive::<Set<u8>>();
    survive::<OrdMap<u8, u8>>();
    survive::<OrdSet<u8>>();
    survive::<TrieMap<u8>>();
    survive::<Vector<u8>>();
}
