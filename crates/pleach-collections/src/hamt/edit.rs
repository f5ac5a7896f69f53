//! One key at a time: find, insert, remove; and a whole trie at once: build.

use super::iter::Iter;
use super::node::{Children, LeafBuilder, Node, Parts};
use super::{BITS, Bits, LEAF, exhausted, rest, slot, slot_of_tag, tag};
use smallvec::SmallVec;
use std::vec;

/// Levels that caches can be expected to hold. To fetch ahead pays below.
const CACHED: usize = 3;

/// The entry whose key has this hash and pleases `eq`.
#[inline]
pub(crate) fn find<K, V>(root: &Node<K, V>, hash: u64, eq: impl Fn(&K) -> bool) -> Option<&(K, V)> {
    let mut node = root;
    // A leaf's tags are of the level of its parent.
    let (mut above, mut rest) = (hash, hash);
    for _ in 0..CACHED {
        if node.is_leaf() {
            return node.entry(tag(above), eq);
        }
        node = node.child(slot(rest))?;
        above = rest;
        rest <<= BITS;
    }
    loop {
        if node.is_leaf() {
            node.prefetch();
            return node.entry(tag(above), eq);
        }
        node = node.child(slot(rest))?;
        above = rest;
        rest <<= BITS;
    }
}

/// As [`find`], for writing. Copies nodes with other owners on the way, but none if the key is missing.
pub(crate) fn find_mut<K: Clone, V: Clone>(
    root: &mut Node<K, V>,
    hash: u64,
    eq: impl Fn(&K) -> bool,
) -> Option<&mut (K, V)> {
    find(root, hash, &eq)?;
    find_known_mut(root, hash, eq)
}

/// As [`find_mut`], for a key that is known to be there.
fn find_known_mut<K: Clone, V: Clone>(
    root: &mut Node<K, V>,
    hash: u64,
    eq: impl Fn(&K) -> bool,
) -> Option<&mut (K, V)> {
    let mut node = root;
    let (mut above, mut rest) = (hash, hash);
    while !node.is_leaf() {
        node = node.child_mut(slot(rest))?.as_mut()?;
        above = rest;
        rest <<= BITS;
    }
    let at = node.position(tag(above), eq)?;
    node.entry_mut(at)
}

/// Finds the entry of a key that has this hash, for writing; if it is missing, `make` makes its value and it is inserted.
pub(crate) fn get_or_insert<'a, K: Clone, V: Clone>(
    root: &'a mut Option<Node<K, V>>,
    hash: u64,
    wanted: K,
    make: impl FnOnce() -> V,
    eq: &impl Fn(&K, &K) -> bool,
    hash_of: &impl Fn(&K) -> u64,
) -> &'a mut (K, V) {
    let node = root.as_ref();
    if node.is_none_or(|root| find(root, hash, |key| eq(key, &wanted)).is_none()) {
        let entry = (wanted, make());
        return insert_new(root, hash, entry, eq, hash_of);
    }
    match root
        .as_mut()
        .and_then(|root| find_known_mut(root, hash, |key| eq(key, &wanted)))
    {
        Some(entry) => entry,
        None => unreachable!("a key that was just found is found, if it equals itself"),
    }
}

/// Inserts an entry whose key is missing, and returns it where it is now.
///
/// All of the user's that can panic comes before anything changes, but for a hash where several keys of a leaf have a tag.
pub(crate) fn insert_new<'a, K: Clone, V: Clone>(
    root: &'a mut Option<Node<K, V>>,
    hash: u64,
    entry: (K, V),
    eq: &impl Fn(&K, &K) -> bool,
    hash_of: &impl Fn(&K) -> u64,
) -> &'a mut (K, V) {
    insert(root, hash, entry, eq, hash_of);
    match root.as_mut().and_then(|root| newest(root, hash, hash_of)) {
        Some(entry) => entry,
        None => unreachable!("an entry that was just inserted is in the leaf of its hash"),
    }
}

/// The entry of this hash that was inserted last, just now. So nothing on its path is shared, and no key is compared: of
/// equal tags it is the last with its hash.
fn newest<'a, K: Clone, V: Clone>(
    root: &'a mut Node<K, V>,
    hash: u64,
    hash_of: &impl Fn(&K) -> u64,
) -> Option<&'a mut (K, V)> {
    let mut node = root;
    let (mut above, mut rest) = (hash, hash);
    while !node.is_leaf() {
        node = node.child_mut(slot(rest))?.as_mut()?;
        above = rest;
        rest <<= BITS;
    }
    let (tag, tags) = (tag(above), node.tags());
    let end = tags.partition_point(|t| *t <= tag);
    let start = tags[..end].partition_point(|t| *t < tag);
    let at = if end - start > 1 {
        let of_tag = &node.entries()[start..end];
        start + of_tag.iter().rposition(|entry| hash_of(&entry.0) == hash)?
    } else {
        start
    };
    node.entry_mut(at)
}

/// What a new entry meets.
enum Site<'a, K, V> {
    /// An entry of its key.
    Taken,
    /// A leaf that has no room for it.
    Full,
    /// A leaf that has room and is nobody else's.
    Own,
    /// A leaf that has room, but must be copied, and the entry's tag there.
    Shared(&'a Node<K, V>, u16),
    /// An empty group, and the entry's tag there.
    Empty(u16),
}

/// Finds the place of a new entry whose key has this hash and pleases `eq`.
fn seek<K, V>(root: &Node<K, V>, hash: u64, eq: impl Fn(&K) -> bool) -> Site<'_, K, V> {
    let mut node = root;
    let (mut above, mut rest) = (hash, hash);
    let mut shared = node.is_shared();
    while !node.is_leaf() {
        match node.child(slot(rest)) {
            Some(child) => node = child,
            None => return Site::Empty(tag(rest)),
        }
        shared |= node.is_shared();
        above = rest;
        rest <<= BITS;
    }
    if node.position(tag(above), eq).is_some() {
        Site::Taken
    } else if node.size() >= LEAF {
        Site::Full
    } else if shared {
        Site::Shared(node, tag(above))
    } else {
        Site::Own
    }
}

/// Inserts an entry, or changes the value of the one whose key is `eq` and returns its value.
///
/// Most often there is room in a leaf. Then all code of the user's is run by a look at what is there, and by the copy of
/// the leaf if other tries have it; the walk that changes nodes, and counts as it goes down, can't fail.
pub(crate) fn insert<K: Clone, V: Clone>(
    root: &mut Option<Node<K, V>>,
    hash: u64,
    entry: (K, V),
    eq: &impl Fn(&K, &K) -> bool,
    hash_of: &impl Fn(&K) -> u64,
) -> Option<V> {
    let Some(node) = root else {
        *root = Some(Node::single(tag(hash), entry));
        return None;
    };
    match seek(node, hash, |key| eq(key, &entry.0)) {
        Site::Own => put(root, hash, |leaf, tag| {
            if let Some(leaf) = leaf {
                leaf.insert_entry(tag, entry);
            }
        }),
        Site::Shared(leaf, tag) => {
            let new = leaf.with_entry(tag, entry);
            put(root, hash, |leaf, _| *leaf = Some(new));
        }
        Site::Empty(tag) => {
            let new = Node::single(tag, entry);
            put(root, hash, |leaf, _| *leaf = Some(new));
        }
        Site::Taken => {
            let present = find_known_mut(node, hash, |key| eq(key, &entry.0))?;
            return Some(std::mem::replace(&mut present.1, entry.1));
        }
        Site::Full if node.is_leaf() => overflow(root, 0, hash, entry, hash_of),
        Site::Full => return insert_below(node, 0, hash, entry, eq, hash_of),
    }
    None
}

/// Has `write` add an entry to what there is for this hash, a leaf or nothing, given the entry's tag there.
#[inline]
fn put<K: Clone, V: Clone>(root: &mut Option<Node<K, V>>, hash: u64, write: impl FnOnce(&mut Option<Node<K, V>>, u16)) {
    let mut place = root;
    let (mut above, mut rest) = (hash, hash);
    while place.as_ref().is_some_and(|node| !node.is_leaf()) {
        match place.as_mut().and_then(|node| node.growing_child(slot(rest))) {
            Some(child) => place = child,
            None => return,
        }
        above = rest;
        rest <<= BITS;
    }
    write(place, tag(above));
}

/// Inserts an entry where there may be no room for it.
fn insert_below<K: Clone, V: Clone>(
    node: &mut Node<K, V>,
    level: u32,
    hash: u64,
    entry: (K, V),
    eq: &impl Fn(&K, &K) -> bool,
    hash_of: &impl Fn(&K) -> u64,
) -> Option<V> {
    let rest = rest(hash, level);
    let (at, first, width) = node.group(slot(rest));
    let child = node.child_mut(first)?;
    match child {
        None => *child = Some(Node::single(tag(rest), entry)),
        Some(leaf) if leaf.is_leaf() => {
            if let Some(at) = leaf.position(tag(rest), |key| eq(key, &entry.0)) {
                return leaf
                    .entry_mut(at)
                    .map(|present| std::mem::replace(&mut present.1, entry.1));
            }
            if leaf.size() < LEAF || exhausted(level, width) {
                leaf.insert_entry(tag(rest), entry);
            } else if width == 0 {
                overflow(child, level + 1, hash, entry, hash_of);
            } else {
                // Split within the node: mostly in two.
                let middle = first + (1 << (width - 1));
                let low = leaf.tags().partition_point(|tag| slot_of_tag(*tag) < middle);
                if let Some(high) = leaf.split_off(low) {
                    if slot(rest) < middle {
                        leaf.insert_entry(tag(rest), entry);
                        node.insert_child(middle, high);
                    } else {
                        let mut high = high;
                        high.insert_entry(tag(rest), entry);
                        node.insert_child(middle, high);
                    }
                    node.child_grew();
                    return None;
                }
                // The tags tell the parts apart, unless all is in one slot.
                let tags = leaf.tags();
                let alone = [tags.first(), tags.last()]
                    .iter()
                    .flatten()
                    .all(|tag| slot_of_tag(**tag) == slot(rest));
                let hashes = if alone {
                    hashes(leaf, hash_of)
                } else {
                    hashes_of_tags(leaf, level)
                };
                let hash = if alone { hash } else { hash_of_tag(tag(rest), level) };
                leaf.unshare();
                if let Some(leaf) = child.take() {
                    let (starts, children) = groups(items(leaf, hashes, hash, entry), level, first, width);
                    let starts = node.starts() | starts;
                    node.replace_children(at..at + 1, children, starts, 1);
                }
                return None;
            }
        }
        Some(inner) => {
            let old = insert_below(inner, level + 1, hash, entry, eq, hash_of);
            if old.is_some() {
                return old;
            }
        }
    }
    node.child_grew();
    None
}

/// Makes a full leaf, and an entry more, an inner node at `level`.
fn overflow<K: Clone, V: Clone>(
    place: &mut Option<Node<K, V>>,
    level: u32,
    hash: u64,
    entry: (K, V),
    hash_of: &impl Fn(&K) -> u64,
) {
    let Some(leaf) = place else {
        return;
    };
    let hashes = hashes(leaf, hash_of);
    leaf.unshare();
    // From here on no code of the user runs.
    if let Some(leaf) = place.take() {
        let (starts, children) = groups(items(leaf, hashes, hash, entry), level, 0, BITS);
        *place = Some(Node::inner(starts, children));
    }
}

/// Hashes of the entries of a leaf.
type Hashes = SmallVec<[u64; LEAF]>;

/// The hashes of a leaf's keys.
fn hashes<K, V>(leaf: &Node<K, V>, hash_of: &impl Fn(&K) -> u64) -> Hashes {
    leaf.entries().iter().map(|entry| hash_of(&entry.0)).collect()
}

/// What the tags of a leaf whose parent is at `level` say of its keys' hashes: enough to tell that node's slots apart.
fn hashes_of_tags<K, V>(leaf: &Node<K, V>, level: u32) -> Hashes {
    leaf.tags().iter().map(|tag| hash_of_tag(*tag, level)).collect()
}

fn hash_of_tag(tag: u16, level: u32) -> u64 {
    (u64::from(tag) << (u64::BITS - u16::BITS)) >> (level * BITS)
}

/// The entries of a leaf, and one more, with their hashes and in their order.
fn items<K: Clone, V: Clone>(leaf: Node<K, V>, hashes: Hashes, hash: u64, entry: (K, V)) -> Vec<(u64, (K, V))> {
    let mut items = Vec::with_capacity(hashes.len() + 1);
    let mut entries = Parts::of(leaf);
    items.extend(hashes.into_iter().map_while(|hash| Some((hash, entries.next_entry()?))));
    items.push((hash, entry));
    items.sort_by_key(|(hash, _)| *hash);
    items
}

/// The trie of these entries, each with its hash. Of equal keys the first stays, and gets the last's value: as if the entries
/// were inserted one by one.
pub(crate) fn collect<K, V>(mut items: Vec<(u64, (K, V))>, eq: &impl Fn(&K, &K) -> bool) -> Option<Node<K, V>> {
    items.sort_by_key(|(hash, _)| *hash);
    // Equal keys are among those of one hash: look back through them.
    let mut kept: usize = 0;
    for at in 0..items.len() {
        let (hash, key) = (items[at].0, &items[at].1.0);
        let same_hash = items[..kept].iter().rev().take_while(|(h, _)| *h == hash);
        match same_hash
            .enumerate()
            .find(|(_, (_, (k, _)))| eq(k, key))
            .map(|(back, _)| kept - 1 - back)
        {
            Some(before) => {
                let (first, last) = items.split_at_mut(at);
                std::mem::swap(&mut first[before].1.1, &mut last[0].1.1);
            }
            None => {
                items.swap(kept, at);
                kept += 1;
            }
        }
    }
    items.truncate(kept);
    match items.len() {
        0 => None,
        len if len <= LEAF => Some(leaf(&mut items.into_iter(), len, 0)),
        _ => {
            let (starts, children) = groups(items, 0, 0, BITS);
            Some(Node::inner(starts, children))
        }
    }
}

/// The groups that 2^`width` slots from `first` need for these entries, in a node at `level`: the groups' first slots, and
/// their children.
pub(crate) fn groups<K, V>(items: Vec<(u64, (K, V))>, level: u32, first: u32, width: u32) -> (Bits, Children<K, V>) {
    let (mut starts, mut children) = (0, Children::new());
    let count = items.len();
    fill(
        &mut items.into_iter(),
        count,
        level,
        first,
        width,
        &mut starts,
        &mut children,
    );
    (starts, children)
}

/// Adds the groups for the next `count` entries.
fn fill<K, V>(
    items: &mut vec::IntoIter<(u64, (K, V))>,
    count: usize,
    level: u32,
    first: u32,
    width: u32,
    starts: &mut Bits,
    children: &mut Children<K, V>,
) {
    if count > LEAF && width > 0 && !exhausted(level, width) {
        let middle = first + (1 << (width - 1));
        let low = items.as_slice()[..count].partition_point(|(hash, _)| slot(rest(*hash, level)) < middle);
        fill(items, low, level, first, width - 1, starts, children);
        fill(items, count - low, level, middle, width - 1, starts, children);
        return;
    }
    let child = if count == 0 {
        None
    } else if count <= LEAF || exhausted(level, width) {
        Some(leaf(items, count, level))
    } else {
        let (mut starts, mut children) = (0, Children::new());
        fill(items, count, level + 1, 0, BITS, &mut starts, &mut children);
        Some(Node::inner(starts, children))
    };
    *starts |= 1 << first;
    children.push(child);
}

/// A leaf of the next `count` entries, for a parent at `level`.
fn leaf<K, V>(items: &mut vec::IntoIter<(u64, (K, V))>, count: usize, level: u32) -> Node<K, V> {
    let mut leaf = LeafBuilder::new(count);
    for (hash, entry) in items.take(count) {
        leaf.push(tag(rest(hash, level)), entry);
    }
    leaf.finish()
}

/// Takes out the entry whose key has this hash and pleases `eq`. Copies nothing if it is missing.
///
/// Most often a leaf loses an entry, and that is all. As for [`insert`], all of the user's code has then run before the walk
/// that changes nodes.
pub(crate) fn remove<K: Clone, V: Clone>(
    root: &mut Option<Node<K, V>>,
    hash: u64,
    eq: &impl Fn(&K) -> bool,
    hash_of: &impl Fn(&K) -> u64,
) -> Option<(K, V)> {
    let mut node = root.as_ref()?;
    let (mut above, mut rest) = (hash, hash);
    let mut shared = node.is_shared();
    let mut joins = false;
    while !node.is_leaf() {
        let child = node.child(slot(rest))?;
        joins |= node.size() == LEAF + 1 || node.is_vast() || (child.is_leaf() && joining(node, slot(rest)).is_some());
        shared |= child.is_shared();
        node = child;
        above = rest;
        rest <<= BITS;
    }
    let at = node.position(tag(above), eq)?;
    if joins || node.size() == 1 {
        // Its drop may panic, and does so when all nodes above have counted the entry out.
        let mut collapsed = None;
        return remove_from(root, &mut collapsed, 0, hash, hash, eq, hash_of);
    }
    if shared {
        let (new, taken) = node.without_entry(at)?;
        *shrink(root.as_mut()?, hash)? = new;
        return Some(taken);
    }
    shrink(root.as_mut()?, hash)?.remove_entry(at)
}

/// The leaf for this hash, which is to lose an entry: it is counted out of all nodes above, which are copied if they have
/// other owners.
#[inline]
fn shrink<K: Clone, V: Clone>(root: &mut Node<K, V>, hash: u64) -> Option<&mut Node<K, V>> {
    let mut node = root;
    let mut rest = hash;
    while !node.is_leaf() {
        node = node.shrinking_child(slot(rest))?.as_mut()?;
        rest <<= BITS;
    }
    Some(node)
}

/// Takes an entry that is there out of a child or root, which may be gone then. `rest` is what is left of the hash at the
/// level of the parent; an inner node here is at `level`. If it becomes a leaf, it is left in `collapsed`.
fn remove_from<K: Clone, V: Clone>(
    place: &mut Option<Node<K, V>>,
    collapsed: &mut Option<Node<K, V>>,
    level: u32,
    hash: u64,
    above: u64,
    eq: &impl Fn(&K) -> bool,
    hash_of: &impl Fn(&K) -> u64,
) -> Option<(K, V)> {
    let node = place.as_mut()?;
    if node.is_leaf() {
        let at = node.position(tag(above), eq)?;
        if node.size() > 1 {
            return node.remove_entry(at);
        }
        node.unshare();
        return place.take()?.into_items().pop().map(|(_, taken)| taken);
    }
    if node.size() == LEAF + 1 {
        let (leaf, taken) = collapse(node, level.saturating_sub(1), eq, hash_of)?;
        *collapsed = place.replace(leaf);
        return Some(taken);
    }
    let rest = rest(hash, level);
    let (first, joins) = prepare_join(node, slot(rest));
    let child = node.child_mut(first)?;
    let taken = remove_from(child, collapsed, level + 1, hash, rest, eq, hash_of)?;
    node.child_shrank();
    if joins {
        join(node, first);
    }
    Some(taken)
}

/// An inner node of one entry too many for a leaf, as a leaf without the one that pleases `eq`, and that one. `level` is
/// that of the leaf's parent.
fn collapse<K: Clone, V: Clone>(
    node: &Node<K, V>,
    level: u32,
    eq: &impl Fn(&K) -> bool,
    hash_of: &impl Fn(&K) -> u64,
) -> Option<(Node<K, V>, (K, V))> {
    let mut taken = None;
    let mut items = Vec::with_capacity(LEAF);
    for entry in Iter::new(Some(node)) {
        if taken.is_none() && eq(&entry.0) {
            taken = Some(entry.clone());
        } else {
            items.push((hash_of(&entry.0), entry.clone()));
        }
    }
    items.sort_by_key(|(hash, _)| *hash);
    let count = items.len();
    taken.map(|taken| (leaf(&mut items.into_iter(), count, level), taken))
}

/// The group of `slot` and the other half of the group that it came from, by their first slots, if they have to be joined
/// when one loses an entry.
#[inline]
fn joining<K, V>(node: &Node<K, V>, slot: u32) -> Option<[u32; 2]> {
    let (_, first, width) = node.group(slot);
    let buddy = buddy(node, first, width)?;
    let size = |slot| node.child(slot).map_or(0, Node::size);
    (size(first) + size(buddy) <= LEAF + 1).then_some([first, buddy])
}

/// The first slot of the group of `slot`, and whether it has to be joined when it has lost an entry. If so, both halves are
/// made this trie's own, so that joining can't fail.
fn prepare_join<K: Clone, V: Clone>(node: &mut Node<K, V>, slot: u32) -> (u32, bool) {
    let halves = joining(node, slot);
    for half in halves.into_iter().flatten() {
        if let Some(Some(child)) = node.child_mut(half)
            && child.is_leaf()
        {
            child.unshare();
        }
    }
    (node.group(slot).1, halves.is_some())
}

/// The first slot of the other half of the group that a group came from, if that is one group too.
#[inline]
fn buddy<K, V>(node: &Node<K, V>, first: u32, width: u32) -> Option<u32> {
    if width == BITS {
        return None;
    }
    let buddy = first ^ (1 << width);
    let slots = Bits::MAX >> (Bits::BITS - (1 << width)) << buddy;
    (node.starts() & slots == 1 << buddy).then_some(buddy)
}

/// Joins the group at `first` with its buddy, and what they make with its own, while they fit in a leaf.
fn join<K: Clone, V: Clone>(node: &mut Node<K, V>, first: u32) {
    let mut first = first;
    loop {
        let Some(buddy) = buddy(node, first, node.group(first).2) else {
            return;
        };
        let (low, high) = (first.min(buddy), first.max(buddy));
        let of = |slot| {
            node.child(slot)
                .map_or((true, 0), |child| (child.is_leaf(), child.size()))
        };
        let ((low_leaf, low_size), (high_leaf, high_size)) = (of(low), of(high));
        if !low_leaf || !high_leaf || low_size + high_size > LEAF {
            return;
        }
        let taken = node.remove_child(high);
        if let (Some(place), Some(high)) = (node.child_mut(low), taken) {
            match place {
                Some(low) => low.append(high),
                None => *place = Some(high),
            }
        }
        first = low;
    }
}
