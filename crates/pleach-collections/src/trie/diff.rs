//! The differences of two tries, by a walk through both that skips shared nodes.

use super::node::Node;
use super::walk::{Place, Walk, places};

/// The differences of two tries, in the order of their keys. Lazy: each costs the nodes that are not shared on the way to it.
pub(crate) struct Differences<'a, V> {
    before: Walk<'a, V>,
    after: Walk<'a, V>,
    /// The number of bytes that both keys are known to have in common.
    shared: usize,
    /// Which walks are at an entry that was returned.
    returned: (bool, bool),
    /// The number of nodes that were entered.
    entered: usize,
}

/// The value of a key before and after, one of which there is.
pub(crate) type Values<'a, V> = (Option<&'a V>, Option<&'a V>);

impl<'a, V> Differences<'a, V> {
    pub(crate) fn new(before: Option<&'a Node<V>>, after: Option<&'a Node<V>>) -> Self {
        Self {
            before: Walk::new(before),
            after: Walk::new(after),
            shared: 0,
            returned: (false, false),
            entered: 0,
        }
    }

    pub(crate) fn entered(&self) -> usize {
        self.entered
    }

    #[inline]
    fn skip(&mut self, before: bool, after: bool) {
        if before {
            self.shared = self.shared.min(self.before.skip());
        }
        if after {
            self.shared = self.shared.min(self.after.skip());
        }
    }

    #[inline]
    fn skip_both(&mut self, count: usize) {
        let stay = self.before.skip_many(count).min(self.after.skip_many(count));
        self.shared = self.shared.min(stay);
    }

    /// The next key that only one side has, or with other values by `same`.
    pub(crate) fn next(&mut self, mut same: impl FnMut(&V, &V) -> bool) -> Option<(&[u8], Values<'a, V>)> {
        let (before, after) = core::mem::take(&mut self.returned);
        self.skip(before, after);
        loop {
            if self.before.is_at_node_of(&self.after, self.shared) {
                self.skip_both(self.before.equal_nodes(&self.after));
                continue;
            }
            if let Some(path) = self.before.enter_both(&mut self.after, self.shared) {
                self.shared = path;
                self.entered += 2;
                continue;
            }
            let (equal, differs) = self.before.equal_entries(&self.after, self.shared, &mut same);
            if equal > 0 {
                self.skip_both(equal);
            }
            if differs && let (Some(old), Some(new)) = (self.before.entry(), self.after.entry()) {
                self.returned = (true, true);
                return Some((self.before.key(), (Some(old.value()), Some(new.value()))));
            }
            if equal > 0 {
                continue;
            }
            self.before.complete();
            self.after.complete();
            let [x, y] = places([self.before.rest(self.shared), self.after.rest(self.shared)]);
            let least = (x == Place::Least, y == Place::Least);
            let nodes = (
                self.before.node().filter(|_| least.0),
                self.after.node().filter(|_| least.1),
            );
            match nodes {
                (Some(a), Some(b)) if a.ptr_eq(b) => self.skip(true, true),
                // A node comes before the keys that begin with its prefix, and may have more of them.
                (Some(_), _) | (_, Some(_)) => {
                    if x != Place::Greater && y != Place::Greater {
                        let path = if least.0 { self.before.key() } else { self.after.key() };
                        self.shared = path.len();
                    }
                    if nodes.0.is_some() {
                        self.before.enter();
                        self.entered += 1;
                    }
                    if nodes.1.is_some() {
                        self.after.enter();
                        self.entered += 1;
                    }
                }
                (None, None) => {
                    let old = self.before.entry().filter(|_| least.0).map(|entry| entry.value());
                    let new = self.after.entry().filter(|_| least.1).map(|entry| entry.value());
                    let key = match (old, new) {
                        (None, None) => return None,
                        (Some(old), Some(new)) if same(old, new) => {
                            self.skip(true, true);
                            continue;
                        }
                        (Some(_), _) => self.before.key(),
                        (None, Some(_)) => self.after.key(),
                    };
                    self.returned = least;
                    return Some((key, (old, new)));
                }
            }
        }
    }
}
