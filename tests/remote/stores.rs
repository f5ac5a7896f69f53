//! The implementations of `ObjectStore`.

use std::fs;
use std::sync::Arc;

use pleach::persist::remote::{
    Fault, FaultyStore, FolderStore, Listing, MemoryStore, Object, ObjectStore, ObjectStoreError, ObjectVersion,
    ProbeError, Put, probe,
};
use pleach_testkit::folder::Folder;

use crate::contract::contract;

contract!(memory, (Arc::new(MemoryStore::new()) as Arc<dyn ObjectStore>, ()));
contract!(folder, in_folder());
contract!(without_faults, {
    let store = FaultyStore::random(MemoryStore::new(), 1, 0);
    (Arc::new(store) as Arc<dyn ObjectStore>, ())
});

fn in_folder() -> (Arc<dyn ObjectStore>, Folder) {
    let folder = Folder::fast("objects");
    let store = FolderStore::open(&folder.0).unwrap();
    (Arc::new(store), folder)
}

#[test]
fn an_object_can_lie_beside_a_folder_of_its_name() {
    let (store, _folder) = in_folder();
    let keys = ["a", "a/b", "a/b/c"];
    for key in keys {
        let _ = store.put_if_absent(key, key.as_bytes()).unwrap();
    }
    let listing = store.list("").unwrap();
    assert!(listing.objects.iter().map(|object| &*object.key).eq(keys));
    store.delete("a/b").unwrap();
    assert_eq!(store.get("a/b").unwrap(), None);
    assert_eq!(store.get("a/b/c").unwrap().unwrap().content, b"a/b/c");
}

#[test]
fn a_folder_that_holds_something_else_is_refused() {
    let folder = Folder::fast("not-objects");
    fs::create_dir_all(&folder.0).unwrap();
    fs::write(folder.0.join("file"), "content").unwrap();
    assert!(FolderStore::open(&folder.0).is_err());
    assert_eq!(folder.names(), ["file"]);
    assert!(FolderStore::open(folder.0.join("file")).is_err());
}

#[test]
fn a_missing_folder_is_an_error_and_not_an_empty_store() {
    let (store, folder) = in_folder();
    let _ = store.put_if_absent("a", b"1").unwrap();
    // As if its file system were not mounted.
    fs::rename(folder.0.join("objects"), folder.0.join("elsewhere")).unwrap();
    assert!(store.get("a").is_err());
    assert!(store.list("").is_err());
    assert!(store.list("names/").is_err());
    assert!(store.delete("a").is_err());
    assert!(store.put_if_absent("b", b"1").is_err());
}

#[test]
fn files_that_are_no_objects_are_errors_or_ignored() {
    let (store, folder) = in_folder();
    let _ = store.put_if_absent("a/b", b"1").unwrap();
    let objects = folder.0.join("objects");
    fs::write(objects.join("a/.DS_Store"), "").unwrap();
    fs::write(objects.join("file"), "").unwrap();
    assert_eq!(store.list("").unwrap().objects.len(), 1);
    fs::write(objects.join("a/c="), "neither").unwrap();
    assert!(store.get("a/c").is_err());
    assert!(store.list("").is_err());
    assert!(store.put_if_absent("a/c", b"").is_err());
}

#[test]
fn temporary_files_of_killed_writers_are_removed() {
    let (store, folder) = in_folder();
    for number in 0..3 {
        fs::write(folder.0.join(format!(".object.pleach-{number}.tmp")), "part").unwrap();
    }
    let _ = store.put_if_absent("a", b"1").unwrap();
    assert_eq!(folder.names(), ["lock", "objects"]);
}

#[test]
fn faults_are_a_function_of_the_seed() {
    let trace = |seed| -> Vec<bool> {
        let store = FaultyStore::random(MemoryStore::new(), seed, 3);
        (0..300).map(|_| store.put_if_absent("a", b"1").is_err()).collect()
    };
    assert_eq!(trace(1), trace(1));
    assert_ne!(trace(1), trace(2));
    let failed = trace(1).into_iter().filter(|failed| *failed).count();
    assert!((20..100).contains(&failed), "{failed}");
}

#[test]
fn each_fault_has_its_effect() {
    let open = |fault| {
        let inner = MemoryStore::new();
        let _ = inner.put_if_absent("old", b"content").unwrap();
        let store = FaultyStore::new(inner.clone(), move |request| (request.number == 0).then_some(fault));
        (inner, store)
    };
    let (inner, store) = open(Fault::NoEffect);
    assert!(store.put_if_absent("a", b"1").is_err());
    assert_eq!(inner.get("a").unwrap(), None);

    let (inner, store) = open(Fault::LostAnswer);
    assert!(store.put_if_absent("a", b"1").is_err());
    assert!(inner.get("a").unwrap().is_some());

    let (inner, store) = open(Fault::LateEffect);
    assert!(store.put_if_absent("a", b"1").is_err());
    assert_eq!(inner.get("a").unwrap(), None);
    let _ = (store.get("b").unwrap(), store.get("b").unwrap());
    assert!(inner.get("a").unwrap().is_some());

    let (inner, store) = open(Fault::RefusedAfterEffect);
    assert_eq!(store.put_if_absent("a", b"1").unwrap(), Put::Refused);
    assert!(inner.get("a").unwrap().is_some());

    let (_, store) = open(Fault::Truncated);
    assert_eq!(store.get("old").unwrap().unwrap().content, b"con");

    let (_, store) = open(Fault::Altered);
    assert_ne!(store.get("old").unwrap().unwrap().content, b"content");
    assert_eq!(store.get("old").unwrap().unwrap().content, b"content");
    assert_eq!(store.requests(), (2, 1));
}

/// A store that ignores one of the two conditions.
struct Unconditional {
    store: MemoryStore,
    ignores_absence: bool,
}

impl Unconditional {
    fn overwrite(&self, key: &str, content: &[u8]) -> Result<Put, ObjectStoreError> {
        self.store.delete(key)?;
        self.store.put_if_absent(key, content)
    }
}

impl ObjectStore for Unconditional {
    fn get(&self, key: &str) -> Result<Option<Object>, ObjectStoreError> {
        self.store.get(key)
    }

    fn put_if_absent(&self, key: &str, content: &[u8]) -> Result<Put, ObjectStoreError> {
        match self.ignores_absence {
            true => self.overwrite(key, content),
            false => self.store.put_if_absent(key, content),
        }
    }

    fn put_if_unchanged(&self, key: &str, content: &[u8], version: &ObjectVersion) -> Result<Put, ObjectStoreError> {
        match self.ignores_absence {
            true => self.store.put_if_unchanged(key, content, version),
            false => self.overwrite(key, content),
        }
    }

    fn list(&self, prefix: &str) -> Result<Listing, ObjectStoreError> {
        self.store.list(prefix)
    }

    fn delete(&self, key: &str) -> Result<(), ObjectStoreError> {
        self.store.delete(key)
    }
}

#[test]
fn a_store_without_conditional_writes_is_refused() {
    for ignores_absence in [false, true] {
        let store = Unconditional {
            store: MemoryStore::new(),
            ignores_absence,
        };
        let error = probe(&store).unwrap_err();
        assert!(matches!(error, ProbeError::Unconditional(_)), "{error}");
        assert!(store.list("").unwrap().objects.is_empty());
    }
}

#[test]
fn a_probe_that_fails_anywhere_is_an_error() {
    for number in 0..9 {
        for fault in [Fault::NoEffect, Fault::LostAnswer] {
            let inner = MemoryStore::new();
            let store = FaultyStore::new(inner.clone(), move |request| {
                (request.number == number).then_some(fault)
            });
            assert!(matches!(probe(&store), Err(ProbeError::Store(_))), "{number}");
            // Leftovers are removed, unless they can't be.
            assert!(inner.list("").unwrap().objects.is_empty() || store.requests().0 == number + 1);
        }
    }
    let (store, _folder) = in_folder();
    probe(&store).unwrap();
}
