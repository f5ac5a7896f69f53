//! The contract of `ObjectStore`, for each implementation.

use std::sync::Arc;
use std::thread;

use pleach::persist::remote::{Object, ObjectStore, ObjectVersion, Put};

/// Defines the tests of a store. `$open` returns a store without objects, and what must be dropped after it.
macro_rules! contract {
    ($(#[$attribute:meta])* $name:ident, $open:expr) => {
        mod $name {
            use super::*;

            contract!(@tests $open, [$(#[$attribute])*]
                reads_follow_writes
                conditions_hold
                keys_have_every_allowed_byte
                other_keys_are_errors
                listings_are_by_prefix
                objects_have_any_length
                listings_are_complete
                of_concurrent_writes_one_takes_effect
                concurrent_increments_are_all_counted
            );
        }
    };
    (@tests $open:expr, $attributes:tt $($test:ident)*) => {
        $(contract!(@test $open, $attributes $test);)*
    };
    (@test $open:expr, [$($attribute:tt)*] $test:ident) => {
        #[test]
        $($attribute)*
        fn $test() {
            let (store, _guard) = $open;
            $crate::contract::$test(&store);
        }
    };
}
pub(crate) use contract;

type Store = Arc<dyn ObjectStore>;

fn written(put: Put) -> ObjectVersion {
    match put {
        Put::Written { version, .. } => version,
        Put::Refused => panic!("refused"),
    }
}

fn get(store: &Store, key: &str) -> Object {
    store.get(key).unwrap().unwrap()
}

pub(crate) fn reads_follow_writes(store: &Store) {
    assert_eq!(store.get("names/main").unwrap(), None);
    store.delete("names/main").unwrap();
    let Put::Written { version, time } = store.put_if_absent("names/main", b"first").unwrap() else {
        panic!("refused");
    };
    let first = get(store, "names/main");
    assert_eq!((&first.content[..], &first.version), (&b"first"[..], &version));
    // Times of an S3 store are in seconds.
    assert!(first.now + std::time::Duration::from_secs(2) > first.modified);
    assert!(first.modified <= time + std::time::Duration::from_secs(2));
    let second = written(store.put_if_unchanged("names/main", b"second", &version).unwrap());
    assert_ne!(second, version);
    assert_eq!(get(store, "names/main").content, b"second");
    store.delete("names/main").unwrap();
    assert_eq!(store.get("names/main").unwrap(), None);
    assert!(store.list("").unwrap().objects.is_empty());
}

pub(crate) fn conditions_hold(store: &Store) {
    let version = written(store.put_if_absent("a", b"1").unwrap());
    assert_eq!(store.put_if_absent("a", b"1").unwrap(), Put::Refused);
    assert_eq!(store.put_if_absent("a", b"2").unwrap(), Put::Refused);
    let second = written(store.put_if_unchanged("a", b"2", &version).unwrap());
    assert_eq!(store.put_if_unchanged("a", b"3", &version).unwrap(), Put::Refused);
    assert_eq!(get(store, "a").content, b"2");
    store.delete("a").unwrap();
    assert_eq!(store.put_if_unchanged("a", b"3", &second).unwrap(), Put::Refused);
    assert_eq!(store.put_if_unchanged("b", b"3", &second).unwrap(), Put::Refused);
    assert_eq!(store.get("a").unwrap(), None);
    written(store.put_if_absent("a", b"4").unwrap());
}

pub(crate) fn keys_have_every_allowed_byte(store: &Store) {
    let keys = [
        "abcdefghijklmnopqrstuvwxyz0123456789-_.%",
        "x/0-_.%/a%2fb%00",
        "x.-__%%25../0",
        "9",
        "con",
        "z.",
    ];
    for key in keys {
        written(store.put_if_absent(key, key.as_bytes()).unwrap());
    }
    for key in keys {
        assert_eq!(get(store, key).content, key.as_bytes());
        let listing = store.list(key).unwrap();
        assert_eq!(listing.objects.len(), 1, "{key}");
        assert_eq!(listing.objects[0].key, key);
        store.delete(key).unwrap();
    }
    assert!(store.list("").unwrap().objects.is_empty());
}

pub(crate) fn other_keys_are_errors(store: &Store) {
    for key in [
        "", "/", "a/", "/a", "a//b", "..", "a/../b", ".", "A", "a b", "é", "a=", "a\\b", "-a", "a\n", "a:b",
    ] {
        assert!(store.get(key).is_err(), "{key:?}");
        assert!(store.put_if_absent(key, b"").is_err(), "{key:?}");
        assert!(
            store.put_if_unchanged(key, b"", &ObjectVersion::new("1")).is_err(),
            "{key:?}"
        );
        assert!(store.delete(key).is_err(), "{key:?}");
    }
    for prefix in ["/", "..", "a/../", "a//", "A", "a/-"] {
        assert!(store.list(prefix).is_err(), "{prefix:?}");
    }
    assert!(store.list("").unwrap().objects.is_empty());
}

pub(crate) fn listings_are_by_prefix(store: &Store) {
    let keys = ["a", "a-b", "a.b", "a.b.c", "ab/c", "b/a", "b/a.b", "b/ab/c", "b/b"];
    for key in keys.into_iter().rev() {
        written(store.put_if_absent(key, key.as_bytes()).unwrap());
    }
    let list = |prefix: &str| -> Vec<String> {
        let listing = store.list(prefix).unwrap();
        listing.objects.into_iter().map(|object| object.key).collect()
    };
    assert_eq!(list(""), keys);
    assert_eq!(list("a"), keys[..5]);
    assert_eq!(list("a."), ["a.b", "a.b.c"]);
    assert_eq!(list("ab"), ["ab/c"]);
    assert_eq!(list("b/"), keys[5..]);
    assert_eq!(list("b/a"), ["b/a", "b/a.b", "b/ab/c"]);
    assert_eq!(list("b/ab/"), ["b/ab/c"]);
    assert_eq!(list("c"), [""; 0]);
    assert_eq!(list("b/c/d"), [""; 0]);
    store.delete("a").unwrap();
    assert_eq!(store.get("a").unwrap(), None);
    assert_eq!(get(store, "a.b").content, b"a.b");
}

pub(crate) fn objects_have_any_length(store: &Store) {
    for length in [0, 1, 1_000, 5_000_000] {
        let content: Vec<u8> = (0..length)
            .map(|number: u32| (number.wrapping_mul(2_654_435_761) >> 24) as u8)
            .collect();
        let key = format!("lengths/{length}");
        written(store.put_if_absent(&key, &content).unwrap());
        assert!(get(store, &key).content == content, "{length}");
        assert_eq!(store.list(&key).unwrap().objects[0].size, u64::from(length));
    }
}

pub(crate) fn listings_are_complete(store: &Store) {
    let keys: Vec<String> = (0..1_203).map(|number| format!("many/{number:04}")).collect();
    thread::scope(|scope| {
        for keys in keys.chunks(80) {
            scope.spawn(move || {
                for key in keys {
                    written(store.put_if_absent(key, key.as_bytes()).unwrap());
                }
            });
        }
    });
    written(store.put_if_absent("others", b"").unwrap());
    let listing = store.list("many/").unwrap();
    assert!(listing.objects.iter().map(|object| &object.key).eq(&keys));
    assert!(listing.objects.iter().all(|object| object.size == 9));
    let some = &listing.objects[1_100];
    assert_eq!(get(store, &some.key).version, some.version);
    assert_eq!(store.list("many/1").unwrap().objects.len(), 203);
}

pub(crate) fn of_concurrent_writes_one_takes_effect(store: &Store) {
    for round in 0..20 {
        let key = format!("races/{round}");
        let first = written(store.put_if_absent(&key, b"0").unwrap());
        let successes = |put: &(dyn Fn(&str) -> Put + Sync)| -> usize {
            thread::scope(|scope| {
                let puts: Vec<_> = (1..=4)
                    .map(|thread| scope.spawn(move || put(&thread.to_string())))
                    .collect();
                let puts = puts.into_iter().map(|put| put.join().unwrap());
                puts.filter(|put| *put != Put::Refused).count()
            })
        };
        let replaced = successes(&|content| store.put_if_unchanged(&key, content.as_bytes(), &first).unwrap());
        assert_eq!(replaced, 1);
        store.delete(&key).unwrap();
        let created = successes(&|content| store.put_if_absent(&key, content.as_bytes()).unwrap());
        assert_eq!(created, 1);
    }
}

/// A compare-and-swap that is lost or doubled changes the sum.
pub(crate) fn concurrent_increments_are_all_counted(store: &Store) {
    const THREADS: u64 = 8;
    const INCREMENTS: u64 = 25;
    written(store.put_if_absent("counter", b"0").unwrap());
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                for _ in 0..INCREMENTS {
                    loop {
                        let old = get(store, "counter");
                        let count: u64 = str::from_utf8(&old.content).unwrap().parse().unwrap();
                        let new = (count + 1).to_string();
                        let put = store.put_if_unchanged("counter", new.as_bytes(), &old.version);
                        if put.unwrap() != Put::Refused {
                            break;
                        }
                    }
                }
            });
        }
    });
    assert_eq!(
        get(store, "counter").content,
        (THREADS * INCREMENTS).to_string().as_bytes()
    );
}
