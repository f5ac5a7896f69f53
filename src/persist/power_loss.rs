//! Simulated power losses: records every file operation of a journal, an archive or a save, and opens every state that
//! a crash after any of them may leave.
//!
//! The model is the abstract persistence model of ALICE (Pillai et al., "All File Systems Are Not Created Equal", OSDI
//! 2014), in which only syncs order operations, so weaker than any file system in use. Crashes occur after every
//! operation, as with CrashMonkey (Mohan et al., OSDI 2018).
//! 1. Writes and truncations since the last sync of a file are applied or lost independently. A write is also torn:
//!    only its first or only its last bytes are applied, and the rest is truncated, or reads as zeros or as the old
//!    bytes.
//! 2. Creations, renames and removals in a folder since its last sync are applied or lost independently. Each is
//!    atomic.
//! 3. The sync of a file makes its content durable, but not its name. The sync of a folder makes the names in it
//!    durable, but neither the contents of the files nor the folder's own name.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

use super::disk::recorder::{self, Id, Op};
use super::tests::Folder;
use super::{Archive, ArchiveError, Journal, LoadError, NoCodec, SyncPolicy};
use crate::env::resolve;
use crate::{Atom, Environment};

/// How a crash affects an operation.
#[derive(Clone, Copy)]
enum Fate {
    Done,
    Lost,
    /// Only the first bytes of a write are applied, and the file ends there unless it was longer before.
    Torn(usize),
    /// Only the first bytes of a write are applied; the others are the old ones, or zeros.
    Holed(usize),
    /// All but the first bytes of a write are applied.
    Late(usize),
}

/// Content of a folder by relative path; `None` is a folder.
type Image = BTreeMap<PathBuf, Option<Vec<u8>>>;

enum Entry {
    File(Id),
    Folder,
}

/// Returns the state of the disk if these operations had these fates.
fn image(root: &Path, ops: &[(&Op, Fate)]) -> Image {
    let mut entries: BTreeMap<&Path, Entry> = BTreeMap::new();
    let mut contents: HashMap<Id, Vec<u8>> = HashMap::new();
    for (op, fate) in ops {
        if matches!(fate, Fate::Lost) {
            continue;
        }
        match op {
            Op::Write { file, at, bytes } => {
                let (from, to, length) = match *fate {
                    Fate::Torn(cut) => (0, cut, cut),
                    Fate::Holed(cut) => (0, cut, bytes.len()),
                    Fate::Late(cut) => (cut, bytes.len(), bytes.len()),
                    Fate::Done | Fate::Lost => (0, bytes.len(), bytes.len()),
                };
                let at = *at as usize;
                let content = contents.entry(*file).or_default();
                content.resize(content.len().max(at + length), 0);
                content[at + from..at + to].copy_from_slice(&bytes[from..to]);
            }
            Op::SetLength { file, length } => contents.entry(*file).or_default().resize(*length as usize, 0),
            Op::Create { path, file } => drop(entries.insert(path, Entry::File(*file))),
            Op::CreateFolder { path } => drop(entries.insert(path, Entry::Folder)),
            Op::Rename { from, to, file } => {
                remove(&mut entries, from, *file);
                entries.insert(to, Entry::File(*file));
            }
            Op::Remove { path, file } => remove(&mut entries, path, *file),
            Op::SyncFile { .. } | Op::SyncFolder { .. } | Op::Begin(_) | Op::Acknowledge(_) => {}
        }
    }
    let mut image = Image::new();
    // Parents come first: a lost folder loses its content.
    for (path, entry) in entries {
        let relative = path.strip_prefix(root).unwrap();
        let parent = relative.parent().unwrap();
        if parent == Path::new("") || image.contains_key(parent) {
            let content = match entry {
                Entry::File(id) => Some(contents.get(&id).cloned().unwrap_or_default()),
                Entry::Folder => None,
            };
            image.insert(relative.to_owned(), content);
        }
    }
    image
}

fn remove(entries: &mut BTreeMap<&Path, Entry>, path: &Path, file: Id) {
    if matches!(entries.get(path), Some(Entry::File(named)) if *named == file) {
        entries.remove(path);
    }
}

/// SplitMix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

/// Greatest number of operations of which all subsets are tried.
const MAX_EXHAUSTIVE: usize = 6;
/// Number of random subsets of more operations, beside those that lose or keep only the first, the last or one.
const RANDOM_SUBSETS: usize = 24;
/// Greatest number of offsets at which a write is torn.
const MAX_CUTS: usize = 16;

/// Returns the combinations of fates that unsynced operations may have.
fn fates(pending: &[&Op], random: &mut Random) -> Vec<Vec<Fate>> {
    let count = pending.len();
    let fate = |done: bool| if done { Fate::Done } else { Fate::Lost };
    let mut all: Vec<Vec<Fate>> = Vec::new();
    let mut add = |done: &dyn Fn(usize) -> bool| all.push((0..count).map(|at| fate(done(at))).collect());
    if count <= MAX_EXHAUSTIVE {
        for mask in 0..1usize << count {
            add(&|at| mask >> at & 1 == 1);
        }
    } else {
        for one in 0..=count {
            add(&|at| at < one);
            add(&|at| at >= one);
            add(&|at| at == one);
            add(&|at| at != one);
        }
        for _ in 0..RANDOM_SUBSETS {
            let mask = random.next();
            add(&|at| mask >> (at % 64) & 1 == 1);
        }
    }
    for (torn, op) in pending.iter().enumerate() {
        let Op::Write { bytes, .. } = op else { continue };
        let step = bytes.len().div_ceil(MAX_CUTS).max(1);
        for cut in (0..bytes.len()).step_by(step) {
            for how in [Fate::Torn(cut), Fate::Holed(cut), Fate::Late(cut)] {
                let mask = random.next();
                let others: [&dyn Fn(usize) -> bool; 3] =
                    [&|_| true, &|at| at < torn, &|at| mask >> (at % 64) & 1 == 1];
                for done in others {
                    all.push(
                        (0..count)
                            .map(|at| if at == torn { how } else { fate(done(at)) })
                            .collect(),
                    );
                }
            }
        }
    }
    all
}

/// Returns which of these operations a later sync covers.
fn synced(ops: &[Op]) -> Vec<bool> {
    let mut is_synced = vec![false; ops.len()];
    for (end, sync) in ops.iter().enumerate() {
        let is_covered = |op: &Op| match (sync, op) {
            (Op::SyncFile { file: synced, .. }, Op::Write { file, .. } | Op::SetLength { file, .. }) => file == synced,
            (
                Op::SyncFolder { path: synced },
                Op::Create { path, .. }
                | Op::CreateFolder { path }
                | Op::Rename { to: path, .. }
                | Op::Remove { path, .. },
            ) => path.parent() == Some(synced),
            _ => false,
        };
        for (op, is_synced) in ops[..end].iter().zip(&mut is_synced) {
            *is_synced |= is_covered(op);
        }
    }
    is_synced
}

/// Returns the states that a crash after these operations may leave.
fn images(root: &Path, ops: &[Op], random: &mut Random) -> impl Iterator<Item = Image> {
    let is_synced = synced(ops);
    let is_pending = |at: &usize| {
        let changes = !matches!(
            ops[*at],
            Op::SyncFile { .. } | Op::SyncFolder { .. } | Op::Begin(_) | Op::Acknowledge(_)
        );
        changes && !is_synced[*at]
    };
    let pending: Vec<usize> = (0..ops.len()).filter(is_pending).collect();
    let lost: Vec<&Op> = pending.iter().map(|at| &ops[*at]).collect();
    fates(&lost, random).into_iter().map(move |fates| {
        let mut all: Vec<(&Op, Fate)> = ops.iter().map(|op| (op, Fate::Done)).collect();
        for (at, fate) in pending.iter().zip(fates) {
            all[*at].1 = fate;
        }
        image(root, &all)
    })
}

/// One state in this number crashes again during its recovery.
const SECOND_CRASH_PERIOD: usize = 101;

/// A program that keeps a state in files.
trait Scenario {
    type World: PartialEq;
    /// Runs the program in a folder, and records its steps. Returns the state at the start and after each step.
    fn live(&self, root: &Path) -> Vec<Self::World>;
    /// Recovers the state after a crash.
    fn recover(&self, root: &Path) -> Result<Self::World, String>;
    /// Makes another step, and checks that it survives a restart.
    fn resume(&self, root: &Path) -> Result<(), String>;
}

struct Recording<'s, S: Scenario> {
    scenario: &'s S,
    folder: Folder,
    ops: Vec<Op>,
    worlds: Vec<S::World>,
}

struct Outcome {
    /// Number of different states opened.
    states: usize,
    /// Number of states after second crashes.
    again: usize,
    faults: Vec<String>,
}

impl<'s, S: Scenario> Recording<'s, S> {
    fn new(name: &str, scenario: &'s S) -> Self {
        let folder = Folder::new(&format!("power-loss-{name}"));
        std::fs::create_dir_all(&folder.0).unwrap();
        recorder::start(&folder.0);
        let worlds = scenario.live(&folder.0);
        let ops = recorder::stop();
        Self {
            scenario,
            folder,
            ops,
            worlds,
        }
    }

    /// Opens all states that a crash may leave if the syncs that `is_ignored` selects do nothing. Stops after
    /// `max_faults`.
    fn crash(&self, max_faults: usize, is_ignored: impl Fn(&Op) -> bool) -> Outcome {
        let ops: Vec<Op> = self.ops.iter().filter(|op| !is_ignored(op)).cloned().collect();
        let mut random = Random(1);
        let mut known: HashSet<u64> = HashSet::new();
        let (mut begun, mut acknowledged) = (0, 0);
        let mut faults = Vec::new();
        let mut again = 0;
        for end in 0..=ops.len() {
            match end.checked_sub(1).and_then(|last| ops.get(last)) {
                Some(Op::Begin(step)) => begun = *step as usize,
                Some(Op::Acknowledge(step)) => acknowledged = *step as usize,
                _ => {}
            }
            for image in images(&self.folder.0, &ops[..end], &mut random) {
                let mut hasher = DefaultHasher::new();
                (&image, acknowledged).hash(&mut hasher);
                if !known.insert(hasher.finish()) {
                    continue;
                }
                let mut checked = self.check(&image, acknowledged, begun);
                if checked.is_ok() && known.len().is_multiple_of(SECOND_CRASH_PERIOD) {
                    checked = self
                        .crash_again(&image, acknowledged, begun)
                        .map(|states| again += states);
                }
                if let Err(fault) = checked {
                    faults.push(format!(
                        "after {end} operations, the last {:?}: {fault}",
                        ops[..end].last()
                    ));
                    if faults.len() >= max_faults {
                        let states = known.len();
                        return Outcome { states, again, faults };
                    }
                }
            }
        }
        let states = known.len();
        Outcome { states, again, faults }
    }

    fn check(&self, image: &Image, acknowledged: usize, begun: usize) -> Result<(), String> {
        let root = &self.folder.0;
        self.write(image);
        let found = self.scenario.recover(root)?;
        if !self.worlds[acknowledged..=begun].contains(&found) {
            let which = self.worlds.iter().position(|world| *world == found);
            return Err(format!("{acknowledged} steps are acknowledged, and found is {which:?}"));
        }
        self.scenario.resume(root)
    }

    /// Replaces the content of the folder.
    fn write(&self, image: &Image) {
        let root = &self.folder.0;
        self.folder.clear();
        std::fs::create_dir_all(root).unwrap();
        for (path, content) in image {
            match content {
                Some(content) => std::fs::write(root.join(path), content).unwrap(),
                None => std::fs::create_dir(root.join(path)).unwrap(),
            }
        }
    }

    /// Checks that a second crash, during recovery from the first, undoes nothing that was recovered. Returns the
    /// number of states that it may leave.
    fn crash_again(&self, image: &Image, acknowledged: usize, begun: usize) -> Result<usize, String> {
        let root = &self.folder.0;
        self.write(image);
        let first = recorder::start(root);
        let found = self.scenario.recover(root);
        let ops = recorder::stop();
        let found = found?;
        let mut known: HashSet<Image> = HashSet::new();
        for end in first..=ops.len() {
            for image in images(root, &ops[..end], &mut Random(2)) {
                if !known.insert(image.clone()) && end < ops.len() {
                    continue;
                }
                self.write(&image);
                let again = self.scenario.recover(root)?;
                if end == ops.len() && again != found {
                    return Err("a second crash loses the recovered state".to_owned());
                }
                if !self.worlds[acknowledged..=begun].contains(&again) {
                    return Err("a second crash undoes an acknowledged step".to_owned());
                }
            }
        }
        Ok(known.len())
    }

    /// Asserts that no state shows a fault. Returns the number of states.
    fn assert_sound(&self, name: &str) -> usize {
        let found = self.crash(1, |_| false);
        assert!(found.faults.is_empty(), "{name}: {:?}", found.faults);
        let Outcome { states, again, .. } = found;
        println!(
            "{name}: {} operations, {states} states, {again} of second crashes",
            self.ops.len()
        );
        assert!(again > 10, "{again}");
        states
    }

    /// Asserts that a state shows a fault if these syncs are left out.
    fn assert_needed(&self, what: &str, is_ignored: impl Fn(&Op) -> bool) {
        let ignored = self.ops.iter().filter(|op| is_ignored(op)).count();
        assert!(ignored > 0, "{what}: there are none");
        let found = self.crash(1, is_ignored);
        println!("without {ignored} syncs of {what}: {:?}", found.faults);
        assert!(!found.faults.is_empty(), "{what}: {} states are sound", found.states);
    }
}

/// Whether this is a sync of a file whose name contains `part`.
fn of_file(op: &Op, part: &str) -> bool {
    matches!(op, Op::SyncFile { path, .. } if path.file_name().unwrap_or_default().to_string_lossy().contains(part))
}

/// Whether this is a sync of a folder of this name.
fn of_folder(op: &Op, name: &str) -> bool {
    matches!(op, Op::SyncFolder { path } if path.ends_with(name))
}

/// Whether this is a sync of the recorded folder.
fn of_root(op: &Op, root: &Path) -> bool {
    matches!(op, Op::SyncFolder { path } if path == root)
}

fn pair(i: i64) -> [Atom; 2] {
    ["left", "right"].map(|side| Atom::expression([Atom::symbol(side), Atom::from(i)]))
}

fn text<R, E: ToString>(result: Result<R, E>) -> Result<R, String> {
    result.map_err(|error| error.to_string())
}

/// Commits to a journal, with compactions and restarts in between.
struct Commits {
    sync: SyncPolicy,
}

impl Commits {
    fn open(&self, root: &Path) -> Result<Journal, String> {
        text(Journal::open_with(root.join("journal"), self.sync, NoCodec)).map(|(journal, _)| journal)
    }
}

impl Scenario for Commits {
    type World = Environment;

    fn live(&self, root: &Path) -> Vec<Environment> {
        let mut worlds = vec![Environment::new()];
        let mut journal = self.open(root).unwrap();
        let is_acknowledged = |step| {
            if self.sync == SyncPolicy::Always {
                recorder::note(Op::Acknowledge(step));
            }
        };
        for step in 1..=14 {
            recorder::note(Op::Begin(step));
            // Definitions and removals too, whose order must be recovered.
            let write = |env: &mut Environment| {
                env.add_facts_bulk(pair(step as i64));
                env.add_rule(Atom::symbol("rule"), Atom::from(step as i64));
                env.remove_fact(&pair(step as i64 - 2)[0]);
            };
            journal.update(write).unwrap();
            is_acknowledged(step);
            worlds.push(journal.snapshot());
            if step == 3 || step == 10 {
                drop(journal);
                recorder::note(Op::Acknowledge(step));
                journal = self.open(root).unwrap();
            }
            if matches!(step, 4 | 9 | 12) {
                journal.compact().unwrap();
                recorder::note(Op::Acknowledge(step));
            }
        }
        drop(journal);
        recorder::note(Op::Acknowledge(14));
        worlds
    }

    fn recover(&self, root: &Path) -> Result<Environment, String> {
        let read = Journal::<Atom>::read(root.join("journal"), &NoCodec);
        let journal = self.open(root)?;
        let found = journal.snapshot();
        match read {
            Ok((read, _)) if read != found => Err("`read` returns another state".to_owned()),
            Err(error) if !found.is_empty() => Err(format!("`read` fails: {error}")),
            _ => Ok(found),
        }
    }

    fn resume(&self, root: &Path) -> Result<(), String> {
        let journal = self.open(root)?;
        text(journal.update(|env| env.add_facts_bulk(pair(1_000))))?;
        let saved = journal.snapshot();
        drop(journal);
        let journal = self.open(root)?;
        if journal.snapshot() != saved {
            return Err("a later write is lost".to_owned());
        }
        text(journal.compact())?;
        drop(journal);
        match self.open(root)?.snapshot() == saved {
            true => Ok(()),
            false => Err("a later compaction loses the state".to_owned()),
        }
    }
}

/// Commits, names, merges and prunings of an archive. The state is what each name refers to.
struct Revisions;

impl Revisions {
    fn open(root: &Path) -> Result<Archive, String> {
        text(Archive::open(root.join("archive")))
    }

    fn names(archive: &Archive) -> Result<BTreeMap<String, Environment>, String> {
        let mut names = BTreeMap::new();
        for (kind, found) in [("branch", archive.branches()), ("tag", archive.tags())] {
            for (name, id) in text(found)? {
                text(id)?;
                names.insert(format!("{kind} {name}"), text(archive.checkout(&name))?);
            }
        }
        Ok(names)
    }
}

impl Scenario for Revisions {
    type World = BTreeMap<String, Environment>;

    fn live(&self, root: &Path) -> Vec<Self::World> {
        let mut archive = Self::open(root).unwrap();
        let mut worlds = vec![BTreeMap::new()];
        // So many that they are stored in chunks, and later ones in patches.
        let mut env: Environment = (-40..0).flat_map(pair).collect();
        for step in 1..=12 {
            recorder::note(Op::Begin(step));
            match step {
                2 => drop(archive.branch("side", "main").unwrap()),
                3 => drop(archive.tag("tag", "main").unwrap()),
                4 | 8 => {
                    let mut side = archive.checkout("side").unwrap();
                    side.add_facts_bulk(pair(100 + step as i64));
                    archive.commit("side", &side, "").unwrap();
                }
                6 | 9 => drop(archive.merge("main", "side").unwrap()),
                7 => archive.remove_tag("tag").unwrap(),
                10 => archive.remove_branch("side").unwrap(),
                11 => drop(archive.prune().unwrap()),
                _ => {
                    if step > 1 {
                        env = archive.checkout("main").unwrap();
                    }
                    env.add_facts_bulk(pair(step as i64));
                    archive.commit("main", &env, "").unwrap();
                }
            }
            recorder::note(Op::Acknowledge(step));
            worlds.push(Self::names(&archive).unwrap());
            if step % 4 == 1 {
                archive = Self::open(root).unwrap();
            }
        }
        worlds
    }

    fn recover(&self, root: &Path) -> Result<Self::World, String> {
        let archive = Self::open(root)?;
        let found = text(archive.verify())?;
        match &found.problems[..] {
            [] => Self::names(&archive),
            problems => Err(format!("{problems:?}")),
        }
    }

    fn resume(&self, root: &Path) -> Result<(), String> {
        let archive = Self::open(root)?;
        let mut env = match archive.checkout("main") {
            Ok(env) => env,
            Err(ArchiveError::Unknown(_)) => Environment::new(),
            Err(error) => return Err(error.to_string()),
        };
        env.add_facts_bulk(pair(1_000));
        text(archive.commit_with("main", &env, "", resolve::fail))?;
        text(archive.prune())?;
        let archive = Self::open(root)?;
        let found = text(archive.verify())?;
        if !found.problems.is_empty() || !found.unreachable.is_empty() {
            return Err(format!("{found:?}"));
        }
        match text(archive.checkout("main"))? == env {
            true => Ok(()),
            false => Err("a later commit is lost".to_owned()),
        }
    }
}

/// Repeated saves of a file.
struct Saves;

impl Saves {
    fn world(facts: i64) -> Environment {
        (0..facts).flat_map(pair).collect()
    }
}

impl Scenario for Saves {
    type World = Option<Environment>;

    fn live(&self, root: &Path) -> Vec<Self::World> {
        let mut worlds = vec![None];
        for (step, facts) in [(1, 3), (2, 30), (3, 1), (4, 40), (5, 0)] {
            recorder::note(Op::Begin(step));
            let world = Self::world(facts);
            world.save(root.join("world")).unwrap();
            recorder::note(Op::Acknowledge(step));
            worlds.push(Some(world));
        }
        worlds
    }

    fn recover(&self, root: &Path) -> Result<Self::World, String> {
        match Environment::load(root.join("world")) {
            Ok(world) => Ok(Some(world)),
            Err(LoadError::Io(error)) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.to_string()),
        }
    }

    fn resume(&self, root: &Path) -> Result<(), String> {
        let world = Self::world(7);
        text(world.save(root.join("world")))?;
        match text(Environment::load(root.join("world")))? == world {
            true => Ok(()),
            false => Err("a later save is lost".to_owned()),
        }
    }
}

// Together, the tests require over 10,000 states.

const ALWAYS: Commits = Commits {
    sync: SyncPolicy::Always,
};

#[test]
fn no_power_loss_undoes_an_acknowledged_commit_of_a_journal() {
    let states = Recording::new("journal", &ALWAYS).assert_sound("journal");
    assert!(states > 2_900, "{states}");
}

/// Unsynced commits may be lost, but only together with all later ones.
#[test]
fn without_syncs_a_power_loss_leaves_a_journal_at_an_earlier_state() {
    let sync = SyncPolicy::Never;
    let states = Recording::new("journal-never", &Commits { sync }).assert_sound("journal, never synced");
    assert!(states > 3_600, "{states}");
}

#[test]
fn no_power_loss_undoes_an_acknowledged_revision_or_name() {
    let states = Recording::new("archive", &Revisions).assert_sound("archive");
    assert!(states > 3_700, "{states}");
}

#[test]
fn a_power_loss_leaves_the_old_or_the_new_content_of_a_saved_file() {
    let states = Recording::new("save", &Saves).assert_sound("save");
    assert!(states > 1_400, "{states}");
}

/// Checks the simulation itself: leaving out any kind of sync shows a fault.
#[test]
fn leaving_out_any_kind_of_sync_shows_a_fault() {
    let journal = Recording::new("journal-unsynced", &ALWAYS);
    journal.assert_needed("logs", |op| of_file(op, "log-"));
    journal.assert_needed("snapshots", |op| of_file(op, "snapshot-"));
    journal.assert_needed("the journal's folder", |op| of_folder(op, "journal"));
    journal.assert_needed("the parent of the journal's folder", |op| {
        of_root(op, &journal.folder.0)
    });
    let archive = Recording::new("archive-unsynced", &Revisions);
    archive.assert_needed("revisions", |op| of_file(op, "revision"));
    archive.assert_needed("chunks", |op| of_file(op, ".chunk."));
    archive.assert_needed("the folder of chunks", |op| of_folder(op, "chunks"));
    archive.assert_needed("names", |op| of_file(op, ".name."));
    archive.assert_needed("the folder of revisions", |op| of_folder(op, "revisions"));
    archive.assert_needed("the folder of names", |op| of_folder(op, "names"));
    archive.assert_needed("the archive's folder", |op| of_folder(op, "archive"));
    archive.assert_needed("the parent of the archive's folder", |op| {
        of_root(op, &archive.folder.0)
    });
    let save = Recording::new("save-unsynced", &Saves);
    save.assert_needed("the file", |op| matches!(op, Op::SyncFile { .. }));
    save.assert_needed("its folder", |op| matches!(op, Op::SyncFolder { .. }));
}
