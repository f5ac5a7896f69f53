//! A short list to which readers append.

use std::iter::successors;
use std::sync::OnceLock;

/// A linked list to which a reader can append a value while others walk it. Walking never waits; of several that append at
/// once, each waits at most until another one has stored a pointer. It should stay short, since walking, cloning and dropping
/// it visit each link.
#[derive(Clone)]
pub(super) struct AppendList<V>(OnceLock<Box<Link<V>>>);

#[derive(Clone)]
struct Link<V> {
    value: V,
    next: AppendList<V>,
}

impl<V> Default for AppendList<V> {
    fn default() -> Self {
        Self(OnceLock::new())
    }
}

impl<V> AppendList<V> {
    /// The bytes of an entry.
    pub(super) const ENTRY_BYTES: usize = size_of::<Link<V>>();

    pub(super) fn iter(&self) -> impl Iterator<Item = &V> {
        successors(self.0.get(), |link| link.next.0.get()).map(|link| &link.value)
    }

    /// Appends a value, and returns it; or the entry that `is_same` accepts, if another thread has appended that.
    pub(super) fn append(&self, value: V, is_same: impl Fn(&V) -> bool) -> Option<&V> {
        let next = Self::default();
        let mut link = Box::new(Link { value, next });
        let mut list = self;
        loop {
            match list.0.set(link) {
                Ok(()) => return list.0.get().map(|link| &link.value),
                Err(unused) => link = unused,
            }
            let taken = list.0.get()?;
            if is_same(&taken.value) {
                return Some(&taken.value);
            }
            list = &taken.next;
        }
    }

    /// Removes the entries that `keep` rejects.
    pub(super) fn retain(&mut self, mut keep: impl FnMut(&mut V) -> bool) {
        let mut list = self;
        while let Some(link) = list.0.get_mut() {
            if !keep(&mut link.value) {
                list.0 = std::mem::take(&mut link.next).0;
                continue;
            }
            match list.0.get_mut() {
                Some(link) => list = &mut link.next,
                None => return,
            }
        }
    }
}
