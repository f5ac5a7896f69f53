//! Find, insert and remove one key; build a whole trie.

use super::iter::Iter;
use super::node::{Children, LeafBuilder, Node, NodeIntoIter};
use super::{BITS_PER_LEVEL, MAX_LEAF_LEN, SlotBitmap, exhausted, rest, slot, slot_of_tag, sort_by_hash, tag};
use alloc::vec;
use alloc::vec::Vec;
use smallvec::SmallVec;

/// The levels that caches can be expected to hold. Below them, prefetching pays.
const CACHED_LEVELS: usize = 3;

/// Finds the entry whose key has this hash and satisfies `eq`.
#[inline]
pub(crate) fn find<K, V>(root: &Node<K, V>, hash: u64, eq: impl Fn(&K) -> bool) -> Option<&(K, V)> {
    let mut node = root;
    // A leaf's tags are of the level of its parent.
    let (mut above, mut rest) = (hash, hash);
    for _ in 0..CACHED_LEVELS {
        if node.is_leaf() {
            return node.entry(tag(above), eq);
        }
        node = node.child(slot(rest))?;
        above = rest;
        rest <<= BITS_PER_LEVEL;
    }
    loop {
        if node.is_leaf() {
            node.prefetch();
            return node.entry(tag(above), eq);
        }
        node = node.child(slot(rest))?;
        above = rest;
        rest <<= BITS_PER_LEVEL;
    }
}

/// Finds an entry as [`find`] does, for writing. Copies shared nodes on its path; none if the key is missing.
pub(crate) fn find_mut<K: Clone, V: Clone>(
    root: &mut Node<K, V>,
    hash: u64,
    eq: impl Fn(&K) -> bool,
) -> Option<&mut (K, V)> {
    find(root, hash, &eq)?;
    find_known_mut(root, hash, eq)
}

/// Finds an entry as [`find_mut`] does, for a key that is known to be present.
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
        rest <<= BITS_PER_LEVEL;
    }
    let at = node.position(tag(above), eq)?;
    node.entry_mut(at)
}

/// Returns the entry of a key that has this hash, for writing; a missing one is inserted with the value that `make`
/// returns.
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
        None => unreachable!("the key was found above, and equals itself"),
    }
}

/// Inserts an entry whose key is missing, and returns it.
///
/// User code that can panic runs before anything changes, except for hashing where several keys of a leaf have one tag.
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
        None => unreachable!("the entry was inserted above, into the leaf of its hash"),
    }
}

/// Returns the entry of this hash that was just inserted: nothing on its path is shared, and of equal tags it is the
/// last with its hash, so that no key is compared.
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
        rest <<= BITS_PER_LEVEL;
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

/// The target of an insertion.
enum InsertTarget<'a, K, V> {
    /// An entry with the same key.
    Occupied,
    /// A full leaf.
    FullLeaf,
    /// A leaf with room on an unshared path.
    OwnedLeaf,
    /// A leaf with room on a shared path, and the entry's tag in it.
    SharedLeaf(&'a Node<K, V>, u16),
    /// A vacant group, and the entry's tag in it.
    Vacant(u16),
}

/// Finds the target of an insertion of a key that has this hash and satisfies `eq`.
fn find_target<K, V>(root: &Node<K, V>, hash: u64, eq: impl Fn(&K) -> bool) -> InsertTarget<'_, K, V> {
    let mut node = root;
    let (mut above, mut rest) = (hash, hash);
    let mut shared = node.is_shared();
    while !node.is_leaf() {
        match node.child(slot(rest)) {
            Some(child) => node = child,
            None => return InsertTarget::Vacant(tag(rest)),
        }
        shared |= node.is_shared();
        above = rest;
        rest <<= BITS_PER_LEVEL;
    }
    if node.position(tag(above), eq).is_some() {
        InsertTarget::Occupied
    } else if node.size() >= MAX_LEAF_LEN {
        InsertTarget::FullLeaf
    } else if shared {
        InsertTarget::SharedLeaf(node, tag(above))
    } else {
        InsertTarget::OwnedLeaf
    }
}

/// Inserts an entry, or replaces the value of the one with an equal key and returns the old value.
///
/// Usually a leaf has room. Then user code runs only in the search and in the copy of a shared leaf; the walk that changes
/// nodes, and adds to their sizes on its way down, can't panic.
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
    match find_target(node, hash, |key| eq(key, &entry.0)) {
        InsertTarget::OwnedLeaf => write_counted(root, hash, |leaf, tag| {
            if let Some(leaf) = leaf {
                leaf.insert_entry(tag, entry);
            }
        }),
        InsertTarget::SharedLeaf(leaf, tag) => {
            let new = leaf.with_entry(tag, entry);
            write_counted(root, hash, |leaf, _| *leaf = Some(new));
        }
        InsertTarget::Vacant(tag) => {
            let new = Node::single(tag, entry);
            write_counted(root, hash, |leaf, _| *leaf = Some(new));
        }
        InsertTarget::Occupied => {
            let present = find_known_mut(node, hash, |key| eq(key, &entry.0))?;
            return Some(core::mem::replace(&mut present.1, entry.1));
        }
        InsertTarget::FullLeaf if node.is_leaf() => overflow(root, 0, hash, entry, hash_of),
        InsertTarget::FullLeaf => return insert_below(node, 0, hash, entry, eq, hash_of),
    }
    None
}

/// Has `write` add an entry to the leaf or vacant group of this hash, given the entry's tag there. Adds to the sizes of
/// all nodes on the path.
#[inline]
fn write_counted<K: Clone, V: Clone>(
    root: &mut Option<Node<K, V>>,
    hash: u64,
    write: impl FnOnce(&mut Option<Node<K, V>>, u16),
) {
    let mut child = root;
    let (mut above, mut rest) = (hash, hash);
    while child.as_ref().is_some_and(|node| !node.is_leaf()) {
        match child.as_mut().and_then(|node| node.growing_child(slot(rest))) {
            Some(next) => child = next,
            None => return,
        }
        above = rest;
        rest <<= BITS_PER_LEVEL;
    }
    write(child, tag(above));
}

/// Inserts an entry below an inner node, splitting a full leaf.
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
                    .map(|present| core::mem::replace(&mut present.1, entry.1));
            }
            if leaf.size() < MAX_LEAF_LEN || exhausted(level, width) {
                leaf.insert_entry(tag(rest), entry);
            } else if width == 0 {
                overflow(child, level + 1, hash, entry, hash_of);
            } else {
                // Splits within the node, usually in two.
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
                // Tags have the bits that the split needs, unless all entries are in one slot.
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

/// Replaces a full leaf by an inner node at `level` that has one more entry.
fn overflow<K: Clone, V: Clone>(
    child: &mut Option<Node<K, V>>,
    level: u32,
    hash: u64,
    entry: (K, V),
    hash_of: &impl Fn(&K) -> u64,
) {
    let Some(leaf) = child else {
        return;
    };
    let hashes = hashes(leaf, hash_of);
    leaf.unshare();
    // No user code runs below.
    if let Some(leaf) = child.take() {
        let (starts, children) = groups(items(leaf, hashes, hash, entry), level, 0, BITS_PER_LEVEL);
        *child = Some(Node::inner(starts, children));
    }
}

/// The hashes of a leaf's entries.
type Hashes = SmallVec<[u64; MAX_LEAF_LEN]>;

/// Returns the hashes of a leaf's keys.
fn hashes<K, V>(leaf: &Node<K, V>, hash_of: &impl Fn(&K) -> u64) -> Hashes {
    leaf.entries().iter().map(|entry| hash_of(&entry.0)).collect()
}

/// Returns the bits of the keys' hashes that the tags of a leaf have, whose parent is at `level`: enough to find the
/// parent's slots.
fn hashes_of_tags<K, V>(leaf: &Node<K, V>, level: u32) -> Hashes {
    leaf.tags().iter().map(|tag| hash_of_tag(*tag, level)).collect()
}

fn hash_of_tag(tag: u16, level: u32) -> u64 {
    (u64::from(tag) << (u64::BITS - u16::BITS)) >> (level * BITS_PER_LEVEL)
}

/// Returns the entries of a leaf and a new one with their hashes, sorted by them.
fn items<K: Clone, V: Clone>(leaf: Node<K, V>, hashes: Hashes, hash: u64, entry: (K, V)) -> Vec<(u64, (K, V))> {
    let mut items = Vec::with_capacity(hashes.len() + 1);
    let mut entries = NodeIntoIter::of(leaf);
    items.extend(hashes.into_iter().map_while(|hash| Some((hash, entries.next_entry()?))));
    items.push((hash, entry));
    sort_by_hash(&mut items);
    items
}

/// Builds a trie of entries, each with its hash. Of equal keys it stores the first, with the last value, as insertion
/// one by one does.
pub(crate) fn collect<K, V>(mut items: Vec<(u64, (K, V))>, eq: &impl Fn(&K, &K) -> bool) -> Option<Node<K, V>> {
    sort_by_hash(&mut items);
    // Equal keys have equal hashes: search backwards through those.
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
                core::mem::swap(&mut first[before].1.1, &mut last[0].1.1);
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
        len if len <= MAX_LEAF_LEN => Some(leaf(&mut items.into_iter(), len, 0)),
        _ => {
            let (starts, children) = groups(items, 0, 0, BITS_PER_LEVEL);
            Some(Node::inner(starts, children))
        }
    }
}

/// Builds the groups of 2^`width` slots from `first` in a node at `level`: their first slots, and their children.
pub(crate) fn groups<K, V>(
    items: Vec<(u64, (K, V))>,
    level: u32,
    first: u32,
    width: u32,
) -> (SlotBitmap, Children<K, V>) {
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

/// Adds the groups of the next `count` entries.
fn fill<K, V>(
    items: &mut vec::IntoIter<(u64, (K, V))>,
    count: usize,
    level: u32,
    first: u32,
    width: u32,
    starts: &mut SlotBitmap,
    children: &mut Children<K, V>,
) {
    if count > MAX_LEAF_LEN && width > 0 && !exhausted(level, width) {
        let middle = first + (1 << (width - 1));
        let low = items.as_slice()[..count].partition_point(|(hash, _)| slot(rest(*hash, level)) < middle);
        fill(items, low, level, first, width - 1, starts, children);
        fill(items, count - low, level, middle, width - 1, starts, children);
        return;
    }
    let child = if count == 0 {
        None
    } else if count <= MAX_LEAF_LEN || exhausted(level, width) {
        Some(leaf(items, count, level))
    } else {
        let (mut starts, mut children) = (0, Children::new());
        fill(items, count, level + 1, 0, BITS_PER_LEVEL, &mut starts, &mut children);
        Some(Node::inner(starts, children))
    };
    *starts |= 1 << first;
    children.push(child);
}

/// Builds a leaf of the next `count` entries, for a parent at `level`.
fn leaf<K, V>(items: &mut vec::IntoIter<(u64, (K, V))>, count: usize, level: u32) -> Node<K, V> {
    let mut leaf = LeafBuilder::new(count);
    for (hash, entry) in items.take(count) {
        leaf.push(tag(rest(hash, level)), entry);
    }
    leaf.finish()
}

/// Removes the entry whose key has this hash and satisfies `eq`. Copies nothing if it is missing.
///
/// Usually a leaf loses an entry and nothing else changes. As for [`insert`], user code has then run before the walk that
/// changes nodes.
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
        joins |= node.size() == MAX_LEAF_LEN + 1
            || node.exceeds_stored_size()
            || (child.is_leaf() && halves_to_join(node, slot(rest)).is_some());
        shared |= child.is_shared();
        node = child;
        above = rest;
        rest <<= BITS_PER_LEVEL;
    }
    let at = node.position(tag(above), eq)?;
    if joins || node.size() == 1 {
        // Dropped after all sizes are updated, since its drop may panic, and before the result is returned, which would
        // leak (rust-lang/rust#47949).
        let mut collapsed = None;
        let taken = remove_from(root, &mut collapsed, 0, hash, hash, eq, hash_of);
        drop(collapsed);
        return taken;
    }
    if shared {
        let (new, taken) = node.without_entry(at)?;
        *shrink(root.as_mut()?, hash)? = new;
        return Some(taken);
    }
    shrink(root.as_mut()?, hash)?.remove_entry(at)
}

/// Returns the leaf of this hash, which will lose an entry. Subtracts it from the sizes of all nodes above, which are
/// copied if they are shared.
#[inline]
fn shrink<K: Clone, V: Clone>(root: &mut Node<K, V>, hash: u64) -> Option<&mut Node<K, V>> {
    let mut node = root;
    let mut rest = hash;
    while !node.is_leaf() {
        node = node.shrinking_child(slot(rest))?.as_mut()?;
        rest <<= BITS_PER_LEVEL;
    }
    Some(node)
}

/// Removes an entry that is present from `child`, which becomes `None` with its last entry. `above` is the rest of the
/// hash at the parent's level; `child` is at `level` if it is an inner node. If it becomes a leaf, the inner node is
/// left in `collapsed`.
fn remove_from<K: Clone, V: Clone>(
    child: &mut Option<Node<K, V>>,
    collapsed: &mut Option<Node<K, V>>,
    level: u32,
    hash: u64,
    above: u64,
    eq: &impl Fn(&K) -> bool,
    hash_of: &impl Fn(&K) -> u64,
) -> Option<(K, V)> {
    let node = child.as_mut()?;
    if node.is_leaf() {
        let at = node.position(tag(above), eq)?;
        if node.size() > 1 {
            return node.remove_entry(at);
        }
        node.unshare();
        return child.take()?.into_items().pop().map(|(_, taken)| taken);
    }
    if node.size() == MAX_LEAF_LEN + 1 {
        let (leaf, taken) = collapse(node, level.saturating_sub(1), eq, hash_of)?;
        *collapsed = child.replace(leaf);
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

/// Makes a leaf of an inner node that has one entry too many for one: without the entry that satisfies `eq`, which is
/// returned too. `level` is that of the leaf's parent.
fn collapse<K: Clone, V: Clone>(
    node: &Node<K, V>,
    level: u32,
    eq: &impl Fn(&K) -> bool,
    hash_of: &impl Fn(&K) -> u64,
) -> Option<(Node<K, V>, (K, V))> {
    let mut taken = None;
    let mut items = Vec::with_capacity(MAX_LEAF_LEN);
    for entry in Iter::new(Some(node)) {
        if taken.is_none() && eq(&entry.0) {
            taken = Some(entry.clone());
        } else {
            items.push((hash_of(&entry.0), entry.clone()));
        }
    }
    sort_by_hash(&mut items);
    let count = items.len();
    taken.map(|taken| (leaf(&mut items.into_iter(), count, level), taken))
}

/// Returns the first slots of the group of `slot` and of its buddy, if the two must be joined when one loses an entry.
#[inline]
fn halves_to_join<K, V>(node: &Node<K, V>, slot: u32) -> Option<[u32; 2]> {
    let (_, first, width) = node.group(slot);
    let buddy = buddy(node, first, width)?;
    let size = |slot| node.child(slot).map_or(0, Node::size);
    (size(first) + size(buddy) <= MAX_LEAF_LEN + 1).then_some([first, buddy])
}

/// Returns the first slot of the group of `slot`, and whether it must be joined with its buddy when it loses an entry.
/// If so, both are unshared, so that joining runs no user code.
fn prepare_join<K: Clone, V: Clone>(node: &mut Node<K, V>, slot: u32) -> (u32, bool) {
    let halves = halves_to_join(node, slot);
    for half in halves.into_iter().flatten() {
        if let Some(Some(child)) = node.child_mut(half)
            && child.is_leaf()
        {
            child.unshare();
        }
    }
    (node.group(slot).1, halves.is_some())
}

/// Returns the first slot of a group's buddy, the other half of the group that was split, if that is one group.
#[inline]
fn buddy<K, V>(node: &Node<K, V>, first: u32, width: u32) -> Option<u32> {
    if width == BITS_PER_LEVEL {
        return None;
    }
    let buddy = first ^ (1 << width);
    let slots = SlotBitmap::MAX >> (SlotBitmap::BITS - (1 << width)) << buddy;
    (node.starts() & slots == 1 << buddy).then_some(buddy)
}

/// Joins the group at `first` with its buddy, and the result with its own, as long as they fit in a leaf.
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
        if !low_leaf || !high_leaf || low_size + high_size > MAX_LEAF_LEN {
            return;
        }
        let taken = node.remove_child(high);
        if let (Some(child), Some(high)) = (node.child_mut(low), taken) {
            match child {
                Some(low) => low.append(high),
                None => *child = Some(high),
            }
        }
        first = low;
    }
}
