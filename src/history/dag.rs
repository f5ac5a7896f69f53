//! Walks of a history graph.

use std::cmp::Ordering;
use std::collections::hash_map::Entry;
use std::collections::{BinaryHeap, HashMap};
use std::hash::{BuildHasher, Hash};

use smallvec::SmallVec;

/// References to the parents of a node.
pub(crate) type Links<L> = SmallVec<[L; 2]>;

/// A directed acyclic graph whose nodes link to their parents.
///
/// A node has a **generation** greater than that of each parent. Walks visit the latest generation first, so they meet a
/// node after all of its descendants, once, and can stop at the generation of the oldest node they look for. Git calls it
/// the topological level (`Documentation/technical/commit-graph.adoc`).
pub(crate) trait Dag {
    /// A reference to a node.
    type Link;
    /// A node that can be read.
    type Node;
    /// The identity of a node.
    type Key: Copy + Eq + Hash;
    /// Hashes keys.
    type Hasher: BuildHasher + Default;
    /// Orders nodes of one generation.
    type Tie: Ord;
    /// Why a node can't be read.
    type Error;

    fn key(&self, link: &Self::Link) -> Self::Key;

    fn key_of(&self, node: &Self::Node) -> Self::Key;

    fn load(&self, link: Self::Link) -> Result<Self::Node, Self::Error>;

    fn generation(&self, node: &Self::Node) -> u64;

    fn tie(&self, node: &Self::Node) -> Self::Tie;

    fn parents(&self, node: &Self::Node) -> Links<Self::Link>;

    /// Fails if `node` can't have a parent of this generation.
    fn check_parent(&self, _node: &Self::Node, _generation: u64) -> Result<(), Self::Error> {
        Ok(())
    }

    /// Returns these nodes and all their ancestors, each after its descendants.
    fn ancestors(&self, links: impl IntoIterator<Item = Self::Link>) -> Result<Vec<Self::Node>, Self::Error> {
        let mut walk = Walk::from(self, links)?;
        let mut found = Vec::new();
        while let Some(node) = walk.visit()? {
            found.push(node);
        }
        Ok(found)
    }

    /// Whether `later` is, or descends from, the node with this key and generation. Visits no node older than that.
    fn descends_from(&self, later: Self::Link, key: Self::Key, generation: u64) -> Result<bool, Self::Error> {
        if self.key(&later) == key {
            return Ok(true);
        }
        let mut walk = Walk::from(self, [later])?;
        while let Some(node) = walk.pop() {
            if self.generation(&node) <= generation {
                break;
            }
            walk.expand(&node)?;
            if walk.seen.contains_key(&key) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether each of these distinct nodes is an ancestor of another. Visits the nodes that are later than the oldest of
    /// them.
    fn redundant(&self, links: &[Self::Link]) -> Result<Vec<bool>, Self::Error>
    where
        Self::Link: Clone,
    {
        let mut walk = Walk::from(self, links.iter().cloned())?;
        let oldest = walk.queue.iter().map(|queued| queued.generation).min();
        while let Some(node) = walk.pop() {
            if Some(self.generation(&node)) == oldest {
                break;
            }
            walk.expand(&node)?;
        }
        let is_ancestor = |link| walk.paint_of(self.key(link)) & ANCESTOR != 0;
        Ok(links.iter().map(is_ancestor).collect())
    }

    /// Returns the latest nodes that `right` and any of `lefts` both are or descend from. None of them descends from
    /// another.
    ///
    /// Both sides are painted towards their ancestors until only ancestors of common ancestors are left, as in git's
    /// `paint_down_to_common` (`commit-reach.c`). Visits the nodes that are not older than the oldest result, and all if
    /// there is none.
    fn latest_common(
        &self,
        lefts: impl IntoIterator<Item = Self::Link>,
        right: Self::Link,
    ) -> Result<Vec<Self::Node>, Self::Error> {
        let mut walk = Walk::painted(self, lefts, LEFT)?;
        walk.add(right, RIGHT)?;
        // The number of nodes in the queue that are not stale.
        let mut fresh = walk.len();
        let mut found = Vec::new();
        while fresh > 0 {
            let Some(node) = walk.pop() else { break };
            #[cfg(test)]
            super::VISITED.set(super::VISITED.get() + 1);
            // Its descendants have been visited, so its paint is final.
            let mut paint = walk.paint_of(self.key_of(&node));
            let is_common = paint == BOTH;
            if paint & STALE == 0 {
                fresh -= 1;
            }
            if is_common {
                paint |= STALE;
            }
            for parent in self.parents(&node) {
                let before = walk.add_parent(&node, parent, paint)?;
                match (before == 0, (before | paint) & STALE == 0) {
                    (true, true) => fresh += 1,
                    (false, false) if before & STALE == 0 => fresh -= 1,
                    _ => {}
                }
            }
            if is_common {
                found.push(node);
            }
        }
        Ok(found)
    }

    /// Returns the nodes that `right` is or descends from, and `lefts` don't: each after its descendants. Visits these, and
    /// what is later than the oldest of them.
    #[cfg(feature = "remote")]
    fn ahead(
        &self,
        lefts: impl IntoIterator<Item = Self::Link>,
        right: Self::Link,
    ) -> Result<Vec<Self::Node>, Self::Error> {
        let mut walk = Walk::painted(self, lefts, LEFT)?;
        // The number of nodes in the queue that are ahead as far as is known.
        let mut ahead = usize::from(walk.add(right, RIGHT)?.0 == 0);
        let mut found = Vec::new();
        while ahead > 0 {
            let Some(node) = walk.pop() else { break };
            // Its descendants have been visited, so its paint is final.
            let paint = walk.paint_of(self.key_of(&node));
            for parent in self.parents(&node) {
                match (walk.add_parent(&node, parent, paint)?, paint) {
                    (0, RIGHT) => ahead += 1,
                    (RIGHT, LEFT | BOTH) => ahead -= 1,
                    _ => {}
                }
            }
            if paint == RIGHT {
                ahead -= 1;
                found.push(node);
            }
        }
        Ok(found)
    }
}

/// Bits that a walk leaves on the nodes it has seen.
type Paint = u8;

/// On a node that a walk starts at.
const START: Paint = 1;
/// On an ancestor of such a node.
const ANCESTOR: Paint = 2;

/// On what the left nodes are or descend from.
const LEFT: Paint = 1;
/// On what the right node is or descends from.
const RIGHT: Paint = 2;
const BOTH: Paint = LEFT | RIGHT;
/// On an ancestor of a common ancestor.
const STALE: Paint = 4;

/// A walk of a [`Dag`] from some nodes towards their ancestors: the latest generation first, each node once.
pub(crate) struct Walk<'d, D: Dag + ?Sized> {
    dag: &'d D,
    queue: BinaryHeap<Queued<D>>,
    seen: HashMap<D::Key, Seen, D::Hasher>,
}

struct Seen {
    generation: u64,
    paint: Paint,
}

/// A node that is to be visited.
struct Queued<D: Dag + ?Sized> {
    generation: u64,
    tie: D::Tie,
    node: D::Node,
}

impl<'d, D: Dag + ?Sized> Walk<'d, D> {
    /// Starts a walk at these nodes.
    pub(crate) fn from(dag: &'d D, links: impl IntoIterator<Item = D::Link>) -> Result<Self, D::Error> {
        Self::painted(dag, links, START)
    }

    fn painted(dag: &'d D, links: impl IntoIterator<Item = D::Link>, paint: Paint) -> Result<Self, D::Error> {
        let mut walk = Self {
            dag,
            queue: BinaryHeap::new(),
            seen: HashMap::default(),
        };
        for link in links {
            walk.add(link, paint)?;
        }
        Ok(walk)
    }

    /// The number of nodes that were seen and not visited.
    pub(crate) fn len(&self) -> usize {
        self.queue.len()
    }

    /// Visits the next node, and queues its parents.
    pub(crate) fn visit(&mut self) -> Result<Option<D::Node>, D::Error> {
        let Some(node) = self.pop() else { return Ok(None) };
        self.expand(&node)?;
        Ok(Some(node))
    }

    /// Visits the next node without queuing its parents.
    pub(crate) fn pop(&mut self) -> Option<D::Node> {
        self.queue.pop().map(|queued| queued.node)
    }

    /// Queues the parents of a node.
    pub(crate) fn expand(&mut self, node: &D::Node) -> Result<(), D::Error> {
        for parent in self.dag.parents(node) {
            self.add_parent(node, parent, ANCESTOR)?;
        }
        Ok(())
    }

    /// Paints a parent of this node, and queues it if it is new. Returns its paint before, 0 if it is new.
    fn add_parent(&mut self, node: &D::Node, parent: D::Link, paint: Paint) -> Result<Paint, D::Error> {
        let (before, generation) = self.add(parent, paint)?;
        self.dag.check_parent(node, generation)?;
        Ok(before)
    }

    /// Paints a node, and queues it if it is new. Returns its paint before, 0 if it is new, and its generation.
    fn add(&mut self, link: D::Link, paint: Paint) -> Result<(Paint, u64), D::Error> {
        match self.seen.entry(self.dag.key(&link)) {
            Entry::Occupied(mut entry) => {
                let Seen { generation, paint: old } = entry.get_mut();
                let before = *old;
                *old |= paint;
                Ok((before, *generation))
            }
            Entry::Vacant(entry) => {
                let node = self.dag.load(link)?;
                let (generation, tie) = (self.dag.generation(&node), self.dag.tie(&node));
                entry.insert(Seen { generation, paint });
                self.queue.push(Queued { generation, tie, node });
                Ok((0, generation))
            }
        }
    }

    fn paint_of(&self, key: D::Key) -> Paint {
        self.seen.get(&key).map_or(0, |seen| seen.paint)
    }
}

impl<D: Dag + ?Sized> Ord for Queued<D> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.generation
            .cmp(&other.generation)
            .then_with(|| self.tie.cmp(&other.tie))
    }
}

impl<D: Dag + ?Sized> PartialOrd for Queued<D> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<D: Dag + ?Sized> PartialEq for Queued<D> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl<D: Dag + ?Sized> Eq for Queued<D> {}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use quickcheck::QuickCheck;

    use super::{Dag, Links};
    use crate::map::RandomState;

    /// Nodes by number, with their parents, which have lower numbers.
    struct Lists {
        parents: Vec<Vec<usize>>,
        generations: Vec<u64>,
        /// Each node and its ancestors.
        reached: Vec<BTreeSet<usize>>,
    }

    impl Lists {
        /// Reads each list as distances to parents.
        fn new(distances: &[Vec<u8>]) -> Self {
            let (mut parents, mut generations, mut reached) = (Vec::new(), Vec::new(), Vec::<BTreeSet<_>>::new());
            for (node, distances) in distances.iter().enumerate() {
                let distances = distances.iter().take(3).map(|distance| 1 + usize::from(*distance % 8));
                let list: Vec<usize> = distances.filter_map(|distance| node.checked_sub(distance)).collect();
                generations.push(list.iter().map(|parent| generations[*parent] + 1).max().unwrap_or(0));
                let all = list.iter().flat_map(|parent| reached[*parent].clone()).chain([node]);
                reached.push(all.collect());
                parents.push(list);
            }
            Self {
                parents,
                generations,
                reached,
            }
        }
    }

    impl Dag for Lists {
        type Link = usize;
        type Node = usize;
        type Key = usize;
        type Hasher = RandomState;
        type Tie = ();
        type Error = u64;

        fn key(&self, link: &usize) -> usize {
            *link
        }

        fn key_of(&self, node: &usize) -> usize {
            *node
        }

        fn load(&self, link: usize) -> Result<usize, u64> {
            Ok(link)
        }

        fn generation(&self, node: &usize) -> u64 {
            self.generations[*node]
        }

        fn tie(&self, _: &usize) {}

        fn parents(&self, node: &usize) -> Links<usize> {
            self.parents[*node].iter().copied().collect()
        }

        fn check_parent(&self, node: &usize, generation: u64) -> Result<(), u64> {
            if generation < self.generations[*node] {
                Ok(())
            } else {
                Err(generation)
            }
        }
    }

    /// The members of `nodes` that no other of them descends from.
    fn latest(dag: &Lists, nodes: &BTreeSet<usize>) -> BTreeSet<usize> {
        let is_below = |node: &usize| {
            nodes
                .iter()
                .any(|other| other != node && dag.reached[*other].contains(node))
        };
        nodes.iter().copied().filter(|node| !is_below(node)).collect()
    }

    fn check(distances: Vec<Vec<u8>>, picks: (u8, u8, u8)) -> bool {
        if distances.is_empty() {
            return true;
        }
        let distances = &distances[..distances.len().min(14)];
        let dag = Lists::new(distances);
        let [a, b, c] = [picks.0, picks.1, picks.2].map(|pick| usize::from(pick) % distances.len());

        let ancestors = dag.ancestors([a, b]).unwrap();
        let is_ordered = ancestors.is_sorted_by_key(|node| std::cmp::Reverse(dag.generations[*node]));
        let all: BTreeSet<usize> = &dag.reached[a] | &dag.reached[b];
        let is_complete = ancestors.len() == all.len() && ancestors.into_iter().collect::<BTreeSet<_>>() == all;

        let descends = dag.descends_from(a, b, dag.generations[b]).unwrap() == dag.reached[a].contains(&b);

        let nodes = BTreeSet::from([a, b, c]);
        let links: Vec<usize> = nodes.iter().copied().collect();
        let redundant = dag.redundant(&links).unwrap();
        let kept = links.iter().zip(redundant).filter(|(_, redundant)| !redundant);
        let kept: BTreeSet<usize> = kept.map(|(node, _)| *node).collect();

        let common = dag.latest_common([a, b], c).unwrap();
        let common_ancestors = &(&dag.reached[a] | &dag.reached[b]) & &dag.reached[c];
        let is_latest = common.len() == latest(&dag, &common_ancestors).len()
            && common.into_iter().collect::<BTreeSet<_>>() == latest(&dag, &common_ancestors);

        is_ordered && is_complete && descends && kept == latest(&dag, &nodes) && is_latest
    }

    #[test]
    fn walks_agree_with_reachability() {
        QuickCheck::new()
            .tests(5_000)
            .quickcheck(check as fn(Vec<Vec<u8>>, (u8, u8, u8)) -> bool);
    }
}
