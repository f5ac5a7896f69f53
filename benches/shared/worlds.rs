//! The contenders: worlds that many threads read and write a fact at a time.

use std::sync::{Arc, Mutex, PoisonError, RwLock};

use pleach::{Atom, Environment, Reader, SharedEnvironment};

use crate::locked::Locked;

/// A world that many threads read and write.
pub(crate) trait World: Sync {
    const NAME: &'static str;
    /// State that a thread keeps between reads.
    type Reading<'a>
    where
        Self: 'a;

    fn new(facts: &[Atom]) -> Self;
    fn reading(&self) -> Self::Reading<'_>;
    fn read(reading: &mut Self::Reading<'_>, fact: &Atom) -> bool;
    /// State that a thread keeps between writes.
    type Writing<'a>
    where
        Self: 'a;

    fn writing(&self) -> Self::Writing<'_>;
    /// Adds the fact, or removes it if present.
    fn write(writing: &mut Self::Writing<'_>, fact: &Atom);
}

fn environment(facts: &[Atom]) -> Environment {
    facts.iter().cloned().collect()
}

fn flip(environment: &mut Environment, fact: &Atom) {
    if !environment.remove_fact(fact) {
        environment.add_fact(fact.clone());
    }
}

/// `load` and `update`; unless `PUBLISHES`, writes go to forks that are dropped unpublished, which separates what path
/// copying costs readers of the same nodes from what publishing costs them.
pub(crate) struct Load<const PUBLISHES: bool>(SharedEnvironment);

impl<const PUBLISHES: bool> World for Load<PUBLISHES> {
    const NAME: &'static str = if PUBLISHES {
        "pleach, load and update"
    } else {
        "pleach, forks that are not published"
    };
    type Reading<'a> = &'a SharedEnvironment;
    type Writing<'a> = &'a SharedEnvironment;

    fn new(facts: &[Atom]) -> Self {
        Self(SharedEnvironment::new(environment(facts)))
    }

    fn reading(&self) -> &SharedEnvironment {
        &self.0
    }

    fn read(cell: &mut &SharedEnvironment, fact: &Atom) -> bool {
        cell.load().contains(fact)
    }

    fn writing(&self) -> &SharedEnvironment {
        &self.0
    }

    fn write(cell: &mut &SharedEnvironment, fact: &Atom) {
        if PUBLISHES {
            cell.update(|environment| flip(environment, fact));
        } else {
            flip(&mut cell.snapshot(), fact);
        }
    }
}

/// A caching reader, and commits of a long-lived fork.
pub(crate) struct Commit(SharedEnvironment);

impl World for Commit {
    const NAME: &'static str = "pleach, reader and commit";
    type Reading<'a> = Reader<&'a SharedEnvironment>;
    type Writing<'a> = (&'a SharedEnvironment, Environment);

    fn new(facts: &[Atom]) -> Self {
        Self(SharedEnvironment::new(environment(facts)))
    }

    fn reading(&self) -> Reader<&SharedEnvironment> {
        self.0.reader()
    }

    fn read(reader: &mut Reader<&SharedEnvironment>, fact: &Atom) -> bool {
        reader.load().contains(fact)
    }

    fn writing(&self) -> (&SharedEnvironment, Environment) {
        (&self.0, self.0.snapshot())
    }

    fn write((cell, mine): &mut (&SharedEnvironment, Environment), fact: &Atom) {
        flip(mine, fact);
        cell.commit(mine);
    }
}

/// An environment behind a lock, under which readers clone an `Arc` of it.
pub(crate) struct RwLockFork(RwLock<Arc<Environment>>);

impl World for RwLockFork {
    const NAME: &'static str = "RwLock<Arc<Environment>>";
    type Reading<'a> = &'a Self;
    type Writing<'a> = &'a Self;

    fn new(facts: &[Atom]) -> Self {
        Self(RwLock::new(Arc::new(environment(facts))))
    }

    fn reading(&self) -> &Self {
        self
    }

    fn read(world: &mut &Self, fact: &Atom) -> bool {
        let current = Arc::clone(&world.0.read().unwrap_or_else(PoisonError::into_inner));
        current.contains(fact)
    }

    fn writing(&self) -> &Self {
        self
    }

    fn write(world: &mut &Self, fact: &Atom) {
        let mut current = world.0.write().unwrap_or_else(PoisonError::into_inner);
        let mut next = Environment::clone(&current);
        flip(&mut next, fact);
        *current = Arc::new(next);
    }
}

/// An environment behind a mutex, read and written in place.
pub(crate) struct InMutex(Mutex<Environment>);

impl World for InMutex {
    const NAME: &'static str = "Mutex<Environment>";
    type Reading<'a> = &'a Self;
    type Writing<'a> = &'a Self;

    fn new(facts: &[Atom]) -> Self {
        Self(Mutex::new(environment(facts)))
    }

    fn reading(&self) -> &Self {
        self
    }

    fn read(world: &mut &Self, fact: &Atom) -> bool {
        world.0.lock().unwrap_or_else(PoisonError::into_inner).contains(fact)
    }

    fn writing(&self) -> &Self {
        self
    }

    fn write(world: &mut &Self, fact: &Atom) {
        flip(&mut world.0.lock().unwrap_or_else(PoisonError::into_inner), fact);
    }
}

/// Seven fields, each behind its own lock, read and written in place.
pub(crate) struct SevenLocks(Locked);

impl World for SevenLocks {
    const NAME: &'static str = "seven locks";
    type Reading<'a> = &'a Locked;
    type Writing<'a> = &'a Locked;

    fn new(facts: &[Atom]) -> Self {
        let mut locked = Locked::new();
        locked.add_facts_bulk(facts.iter().cloned());
        Self(locked)
    }

    fn reading(&self) -> &Locked {
        &self.0
    }

    fn read(locked: &mut &Locked, fact: &Atom) -> bool {
        locked.contains(fact)
    }

    fn writing(&self) -> &Locked {
        &self.0
    }

    fn write(locked: &mut &Locked, fact: &Atom) {
        if !locked.remove_fact_shared(fact) {
            locked.add_fact_shared(fact);
        }
    }
}

/// A sharded concurrent map, without snapshots, rules or pattern matching.
pub(crate) struct DashMap(dashmap::DashMap<Atom, u64>);

impl World for DashMap {
    const NAME: &'static str = "dashmap (no snapshots)";
    type Reading<'a> = &'a Self;
    type Writing<'a> = &'a Self;

    fn new(facts: &[Atom]) -> Self {
        Self(facts.iter().map(|fact| (fact.clone(), 1)).collect())
    }

    fn reading(&self) -> &Self {
        self
    }

    fn read(world: &mut &Self, fact: &Atom) -> bool {
        world.0.contains_key(fact)
    }

    fn writing(&self) -> &Self {
        self
    }

    fn write(world: &mut &Self, fact: &Atom) {
        if world.0.remove(fact).is_none() {
            world.0.insert(fact.clone(), 1);
        }
    }
}

/// A lock-free concurrent map, without the same.
pub(crate) struct Papaya(papaya::HashMap<Atom, u64>);

impl World for Papaya {
    const NAME: &'static str = "papaya (no snapshots)";
    type Reading<'a> = &'a Self;
    type Writing<'a> = &'a Self;

    fn new(facts: &[Atom]) -> Self {
        Self(facts.iter().map(|fact| (fact.clone(), 1)).collect())
    }

    fn reading(&self) -> &Self {
        self
    }

    fn read(world: &mut &Self, fact: &Atom) -> bool {
        world.0.pin().contains_key(fact)
    }

    fn writing(&self) -> &Self {
        self
    }

    fn write(world: &mut &Self, fact: &Atom) {
        let map = world.0.pin();
        if map.remove(fact).is_none() {
            map.insert(fact.clone(), 1);
        }
    }
}
