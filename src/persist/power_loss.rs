//! Simulated power losses: every file operation of a journal, an archive or a save is recorded, and all that a crash may
//! leave after any of them is made and opened.
//!
//! The model is the abstract persistence model of ALICE (Pillai et al., "All File Systems Are Not Created Equal", OSDI
//! 2014) with nothing ordered but by syncs, so weaker than any file system in use; crashes come at every operation, as
//! with CrashMonkey (Mohan et al., OSDI 2018).
//! 1. A write or a change of length is there, or not, in any order among those since the file was last synced. A write is
//!    also torn: only its first bytes are there, or only its last, and what is missing is cut off, or reads as zeros or as
//!    what was there before.
//! 2. Creations, renames and removals in a folder are there, or not, in any order among those since the folder was last
//!    synced. Each alone is atomic, a rename too.
//! 3. To sync a file puts its content on the disk and not its name; to sync a folder puts the names in it there, and
//!    neither what they hold nor the folder's own name.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

use super::disk::recorder::{self, Id, Op};
use super::tests::Folder;
use super::{Archive, ArchiveError, Journal, LoadError, NoCodec, SyncPolicy};
use crate::env::resolve;
use crate::{Atom, Environment};

/// What became of an operation.
#[derive(Clone, Copy)]
enum Fate {
    Done,
    Lost,
    /// Of a write: so many bytes at the start, and the file ends there if it did not go on before.
    Torn(usize),
    /// So many bytes at the start; the others are as before, or zeros.
    Holed(usize),
    /// All but so many bytes at the start.
    Late(usize),
}

/// A folder and all in it by relative path: `None` is a folder.
type Image = BTreeMap<PathBuf, Option<Vec<u8>>>;

enum Entry {
    File(Id),
    Folder,
}

/// What is on the disk if these operations had these fates.
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
    // What is above comes first: a folder that is lost takes all in it along.
    for (path, entry) in entries {
        let relative = path.strip_prefix(root).unwrap();
        let above = relative.parent().unwrap();
        if above == Path::new("") || image.contains_key(above) {
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

/// Up to so many operations, all subsets are tried.
const ALL_SUBSETS: usize = 6;
/// Of more, so many at random, beside those that lost or kept only the first, only the last, or only one.
const SUBSETS: usize = 24;
/// At most at so many places a write is torn.
const CUTS: usize = 16;

/// The fates that operations which were not synced may have.
fn fates(pending: &[&Op], random: &mut Random) -> Vec<Vec<Fate>> {
    let count = pending.len();
    let fate = |done: bool| if done { Fate::Done } else { Fate::Lost };
    let mut all: Vec<Vec<Fate>> = Vec::new();
    let mut add = |done: &dyn Fn(usize) -> bool| all.push((0..count).map(|at| fate(done(at))).collect());
    if count <= ALL_SUBSETS {
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
        for _ in 0..SUBSETS {
            let mask = random.next();
            add(&|at| mask >> (at % 64) & 1 == 1);
        }
    }
    for (torn, op) in pending.iter().enumerate() {
        let Op::Write { bytes, .. } = op else { continue };
        let step = bytes.len().div_ceil(CUTS).max(1);
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

/// Which operations a sync has put on the disk, after all of these.
fn synced(ops: &[Op]) -> Vec<bool> {
    let mut on_disk = vec![false; ops.len()];
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
        for (op, on_disk) in ops[..end].iter().zip(&mut on_disk) {
            *on_disk |= is_covered(op);
        }
    }
    on_disk
}

/// What a crash after these operations may leave.
fn images(root: &Path, ops: &[Op], random: &mut Random) -> impl Iterator<Item = Image> {
    let on_disk = synced(ops);
    let is_pending = |at: &usize| {
        let changes = !matches!(
            ops[*at],
            Op::SyncFile { .. } | Op::SyncFolder { .. } | Op::Begin(_) | Op::Acknowledge(_)
        );
        changes && !on_disk[*at]
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

/// One state in so many is crashed again while it is recovered.
const AGAIN: usize = 101;

/// A program that keeps a state in files.
trait Scenario {
    type World: PartialEq;
    /// Runs it in this folder. Returns the state at the start and after each step, which it notes.
    fn live(&self, root: &Path) -> Vec<Self::World>;
    /// The state that is found after a crash.
    fn recover(&self, root: &Path) -> Result<Self::World, String>;
    /// Makes another step, and tests that it is there afterwards.
    fn go_on(&self, root: &Path) -> Result<(), String>;
}

struct Recording<'s, S: Scenario> {
    scenario: &'s S,
    folder: Folder,
    ops: Vec<Op>,
    worlds: Vec<S::World>,
}

struct Outcome {
    /// How many different states were opened.
    states: usize,
    /// How many of second crashes.
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

    /// Opens all states that a crash may leave if syncs that `is_ignored` do nothing, or as many as show `most` faults.
    fn crash(&self, most: usize, is_ignored: impl Fn(&Op) -> bool) -> Outcome {
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
                if checked.is_ok() && known.len().is_multiple_of(AGAIN) {
                    checked = self
                        .crash_again(&image, acknowledged, begun)
                        .map(|states| again += states);
                }
                if let Err(fault) = checked {
                    faults.push(format!(
                        "after {end} operations, the last {:?}: {fault}",
                        ops[..end].last()
                    ));
                    if faults.len() >= most {
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
        self.lay(image);
        let found = self.scenario.recover(root)?;
        if !self.worlds[acknowledged..=begun].contains(&found) {
            let which = self.worlds.iter().position(|world| *world == found);
            return Err(format!("{acknowledged} steps are acknowledged, and found is {which:?}"));
        }
        self.scenario.go_on(root)
    }

    /// Puts these files into the folder, and nothing else.
    fn lay(&self, image: &Image) {
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

    /// That a second crash, while what the first one left is recovered, takes back nothing that was found. Returns how many
    /// states it may leave.
    fn crash_again(&self, image: &Image, acknowledged: usize, begun: usize) -> Result<usize, String> {
        let root = &self.folder.0;
        self.lay(image);
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
                self.lay(&image);
                let again = self.scenario.recover(root)?;
                if end == ops.len() && again != found {
                    return Err("what was found is lost by a second crash".to_owned());
                }
                if !self.worlds[acknowledged..=begun].contains(&again) {
                    return Err("a second crash takes back what was acknowledged".to_owned());
                }
            }
        }
        Ok(known.len())
    }

    /// That all states are sound. Returns how many there are.
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

    /// That there would be a fault without these syncs.
    fn assert_needed(&self, what: &str, is_ignored: impl Fn(&Op) -> bool) {
        let ignored = self.ops.iter().filter(|op| is_ignored(op)).count();
        assert!(ignored > 0, "{what}: there are none");
        let found = self.crash(1, is_ignored);
        println!("without {ignored} syncs of {what}: {:?}", found.faults);
        assert!(!found.faults.is_empty(), "{what}: {} states are sound", found.states);
    }
}

/// Is this a sync of a file whose name has this in it?
fn of_file(op: &Op, part: &str) -> bool {
    matches!(op, Op::SyncFile { path, .. } if path.file_name().unwrap_or_default().to_string_lossy().contains(part))
}

/// Is this a sync of a folder of this name?
fn of_folder(op: &Op, name: &str) -> bool {
    matches!(op, Op::SyncFolder { path } if path.ends_with(name))
}

/// Is this a sync of the folder that is watched?
fn of_root(op: &Op, root: &Path) -> bool {
    matches!(op, Op::SyncFolder { path } if path == root)
}

fn pair(i: i64) -> [Atom; 2] {
    ["left", "right"].map(|side| Atom::expression([Atom::symbol(side), Atom::from(i)]))
}

fn text<R, E: ToString>(result: Result<R, E>) -> Result<R, String> {
    result.map_err(|error| error.to_string())
}

/// A journal, which is compacted and opened again between commits.
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
            // The last sentence of the promise: a definition, and a removal.
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
            Ok((read, _)) if read != found => Err("read finds something else".to_owned()),
            Err(error) if !found.is_empty() => Err(format!("read: {error}")),
            _ => Ok(found),
        }
    }

    fn go_on(&self, root: &Path) -> Result<(), String> {
        let journal = self.open(root)?;
        text(journal.update(|env| env.add_facts_bulk(pair(1_000))))?;
        let saved = journal.snapshot();
        drop(journal);
        let journal = self.open(root)?;
        if journal.snapshot() != saved {
            return Err("what was written afterwards is not there".to_owned());
        }
        text(journal.compact())?;
        drop(journal);
        match self.open(root)?.snapshot() == saved {
            true => Ok(()),
            false => Err("what was compacted afterwards is not there".to_owned()),
        }
    }
}

/// An archive: commits, names, merges, prunings, and what each name stands for.
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
        // So many that later ones are patches.
        let mut env: Environment = (-20..0).flat_map(pair).collect();
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

    fn go_on(&self, root: &Path) -> Result<(), String> {
        let archive = Self::open(root)?;
        let mut env = match archive.checkout("main") {
            Ok(env) => env,
            Err(ArchiveError::Unknown(_)) => Environment::new(),
            Err(error) => return Err(error.to_string()),
        };
        env.add_facts_bulk(pair(1_000));
        text(text(archive.commit_with("main", &env, "", resolve::fail))?)?;
        text(archive.prune())?;
        let archive = Self::open(root)?;
        let found = text(archive.verify())?;
        if !found.problems.is_empty() || !found.leftovers.is_empty() {
            return Err(format!("{found:?}"));
        }
        match text(archive.checkout("main"))? == env {
            true => Ok(()),
            false => Err("what was committed afterwards is not there".to_owned()),
        }
    }
}

/// A file that is saved again and again.
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

    fn go_on(&self, root: &Path) -> Result<(), String> {
        let world = Self::world(7);
        text(world.save(root.join("world")))?;
        match text(Environment::load(root.join("world")))? == world {
            true => Ok(()),
            false => Err("what was saved afterwards is not there".to_owned()),
        }
    }
}

// The tests ask for over 10,000 states together.

const ALWAYS: Commits = Commits {
    sync: SyncPolicy::Always,
};

#[test]
fn no_power_loss_takes_an_acknowledged_commit_of_a_journal() {
    let states = Recording::new("journal", &ALWAYS).assert_sound("journal");
    assert!(states > 2_900, "{states}");
}

/// Commits that nothing put on the disk may be lost, but all after a lost one are lost too.
#[test]
fn a_power_loss_leaves_a_journal_without_syncs_at_a_state_that_there_was() {
    let sync = SyncPolicy::Never;
    let states = Recording::new("journal-never", &Commits { sync }).assert_sound("journal, never synced");
    assert!(states > 3_600, "{states}");
}

#[test]
fn no_power_loss_takes_an_acknowledged_revision_or_name() {
    let states = Recording::new("archive", &Revisions).assert_sound("archive");
    assert!(states > 3_700, "{states}");
}

#[test]
fn a_power_loss_leaves_a_saved_file_at_the_old_or_the_new() {
    let states = Recording::new("save", &Saves).assert_sound("save");
    assert!(states > 1_400, "{states}");
}

/// The check of the check: each kind of sync is needed, and the simulation shows it.
#[test]
fn a_power_loss_shows_each_sync_that_is_missing() {
    let journal = Recording::new("journal-unsynced", &ALWAYS);
    journal.assert_needed("logs", |op| of_file(op, "log-"));
    journal.assert_needed("snapshots", |op| of_file(op, "snapshot-"));
    journal.assert_needed("the journal's folder", |op| of_folder(op, "journal"));
    journal.assert_needed("the folder above the journal", |op| of_root(op, &journal.folder.0));
    let archive = Recording::new("archive-unsynced", &Revisions);
    archive.assert_needed("revisions", |op| of_file(op, "revision"));
    archive.assert_needed("names", |op| of_file(op, ".name."));
    archive.assert_needed("the folder of revisions", |op| of_folder(op, "revisions"));
    archive.assert_needed("the folder of names", |op| of_folder(op, "names"));
    archive.assert_needed("the archive's folder", |op| of_folder(op, "archive"));
    archive.assert_needed("the folder above the archive", |op| of_root(op, &archive.folder.0));
    let save = Recording::new("save-unsynced", &Saves);
    save.assert_needed("the file", |op| matches!(op, Op::SyncFile { .. }));
    save.assert_needed("its folder", |op| matches!(op, Op::SyncFolder { .. }));
}
