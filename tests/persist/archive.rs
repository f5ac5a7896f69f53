//! Archives: checkouts equal what was committed, and merges count inherited atoms once.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::fs;
use std::thread;

use pleach::env::{Conflicts, Space, resolve};
use pleach::persist::{Archive, ArchiveError, ArchiveMergeError, Note, SaveError};
use pleach::term::Grounded;
use pleach::{Atom, Environment};
use pleach_testkit::folder::Folder;
use pleach_testkit::quick_check;
use pleach_testkit::worlds::{Made, Write, assert_same, bytes, fact, large, sample};
use quickcheck::{Arbitrary, Gen};

fn open(folder: &Folder) -> Archive {
    Archive::open(&folder.0).unwrap()
}

fn order(space: &Space) -> Vec<String> {
    space.rules().map(|rule| rule.lhs().to_string()).collect()
}

/// One step of a random history. Numbers select among what exists.
#[derive(Clone, Debug)]
enum Step {
    Commit(usize, Vec<Write>),
    /// Commits the other branch's state, reached by a patch from an unrelated copy of this one's.
    Replace(usize, usize),
    Branch(usize),
    Tag(usize),
    Merge(usize, usize),
    Reopen,
}

impl Arbitrary for Step {
    fn arbitrary(g: &mut Gen) -> Self {
        match u8::arbitrary(g) % 16 {
            0..=6 => Self::Commit(usize::arbitrary(g), Vec::arbitrary(g)),
            7 => Self::Replace(usize::arbitrary(g), usize::arbitrary(g)),
            8 | 9 => Self::Branch(usize::arbitrary(g)),
            10 => Self::Tag(usize::arbitrary(g)),
            11..=13 => Self::Merge(usize::arbitrary(g), usize::arbitrary(g)),
            _ => Self::Reopen,
        }
    }

    fn shrink(&self) -> Box<dyn Iterator<Item = Self>> {
        match self {
            Self::Commit(branch, writes) => {
                let branch = *branch;
                Box::new(writes.shrink().map(move |writes| Self::Commit(branch, writes)))
            }
            _ => quickcheck::empty_shrinker(),
        }
    }
}

/// The expected state of a branch: an environment that stays in memory, and the ids created in it.
#[derive(Clone)]
struct Model {
    env: Environment,
    made: Made,
}

/// Random histories in an archive and in memory lead to equal branches and tags.
#[test]
fn histories_round_trip() {
    fn property(steps: Vec<Step>, first: Vec<Write>, facts: u16) {
        let folder = Folder::fast("histories");
        let mut archive = open(&folder);
        let (mut env, mut made) = (large(i64::from(facts) % 800), Made::default());
        first.iter().for_each(|write| write.apply(&mut env, &mut made));
        archive.commit("b0", &env, "first").unwrap();
        let mut branches = vec![Model { env, made }];
        let mut tags = Vec::new();
        for step in steps.into_iter().take(16) {
            let count = branches.len();
            match step {
                Step::Commit(branch, writes) => {
                    let branch = branch % count;
                    let model = &mut branches[branch];
                    let name = format!("b{branch}");
                    let mut env = archive.checkout(&name).unwrap();
                    let mut made = model.made.clone();
                    let (before, tip) = (model.env.clone(), archive.find(&name).unwrap());
                    // New spaces and states would have different ids in the two.
                    for write in writes
                        .iter()
                        .filter(|write| !matches!(write, Write::Space(..) | Write::State(_)))
                    {
                        write.apply(&mut env, &mut made);
                        write.apply(&mut model.env, &mut model.made);
                    }
                    if archive.commit(&name, &env, "more").unwrap() == tip {
                        // A write without effect creates no revision, so it must create no version.
                        model.env = before;
                    }
                }
                Step::Replace(branch, other) => {
                    let (branch, other) = (branch % count, other % count);
                    let copy = Environment::load_from(&bytes(&branches[other].env)[..], &pleach::persist::NoCodec);
                    let mut env: Environment = copy.unwrap();
                    if branch == other {
                        let spaces = branches[branch].made.spaces.clone();
                        for id in spaces {
                            let first = env.space(id).unwrap().rules().next().map(|rule| rule.atom().clone());
                            if let Some(rule) = first {
                                let mut space = env.space_mut(id).unwrap();
                                space.remove_fact(&rule);
                                space.add_fact(rule);
                            }
                        }
                    }
                    let tip = archive.find(&format!("b{branch}")).unwrap();
                    // Unrelated to the others in memory from now on, but not in the archive: not merged any more.
                    archive.commit(&format!("b{branch}"), &env, "replaced").unwrap();
                    assert_same(
                        &env,
                        &archive.checkout(&format!("b{branch}")).unwrap(),
                        &branches[other].made,
                    );
                    // In memory it is a sibling of the committed version, not a descendant.
                    let mut back = branches[branch].env.clone();
                    back.forget_history();
                    if archive.commit(&format!("b{branch}"), &back, "back").unwrap() != tip {
                        // Revisions were created, so it is a later version in memory too.
                        let mark = Atom::symbol("a mark");
                        branches[branch].env.add_fact(mark.clone());
                        branches[branch].env.remove_fact(&mark);
                    }
                }
                Step::Branch(branch) if count < 5 => {
                    archive
                        .branch(&format!("b{count}"), &format!("b{}", branch % count))
                        .unwrap();
                    branches.push(branches[branch % count].clone());
                }
                Step::Tag(branch) => {
                    let branch = branch % count;
                    archive.tag(&format!("t{}", tags.len()), &format!("b{branch}")).unwrap();
                    tags.push(branches[branch].clone());
                }
                Step::Merge(into, from) => {
                    let (into, from) = (into % count, from % count);
                    archive.merge(&format!("b{into}"), &format!("b{from}")).unwrap();
                    branches[into].env = branches[into].env.union(&branches[from].env);
                    let atoms = branches[from].made.atoms.clone();
                    branches[into].made.atoms.extend(atoms);
                }
                Step::Branch(_) | Step::Reopen => {
                    drop(archive);
                    archive = open(&folder);
                }
            }
        }
        for reopened in [false, true] {
            if reopened {
                archive = open(&folder);
            }
            for (number, model) in branches.iter().enumerate() {
                assert_same(
                    &model.env,
                    &archive.checkout(&format!("b{number}")).unwrap(),
                    &model.made,
                );
                let mut first = archive.checkout("b0").unwrap();
                first.apply(&archive.diff("b0", &format!("b{number}")).unwrap());
                assert_same(&model.env, &first, &model.made);
            }
            for (number, model) in tags.iter().enumerate() {
                assert_same(
                    &model.env,
                    &archive.checkout(&format!("t{number}")).unwrap(),
                    &model.made,
                );
            }
        }
        let found = archive.verify().unwrap();
        assert!(found.problems.is_empty() && found.unreachable.is_empty(), "{found:?}");
        assert_eq!(archive.prune().unwrap(), 0);
    }
    quick_check(75)
        .rng(Gen::new(16))
        .quickcheck(property as fn(Vec<Step>, Vec<Write>, u16));
}

/// Commits of new spaces and states, with restarts and without merges.
#[test]
fn spaces_and_states_round_trip() {
    fn property(commits: Vec<Vec<Write>>) {
        let folder = Folder::fast("made");
        let mut archive = open(&folder);
        let (mut env, mut made) = (large(600), Made::default());
        let mut kept = Vec::new();
        for (number, writes) in commits.iter().enumerate() {
            writes.iter().for_each(|write| write.apply(&mut env, &mut made));
            let id = archive
                .commit(
                    "main",
                    &env,
                    Note {
                        message: String::new(),
                        time: Some(number as u64),
                    },
                )
                .unwrap();
            kept.push((id, env.clone(), made.clone()));
            if number % 3 == 2 {
                archive = open(&folder);
            }
            if number % 5 == 4 {
                env = archive.checkout("main").unwrap();
            }
        }
        for (id, env, made) in kept {
            assert_same(&env, &archive.checkout(&id.to_string()).unwrap(), &made);
        }
    }
    quick_check(50)
        .rng(Gen::new(12))
        .quickcheck(property as fn(Vec<Vec<Write>>));
}

/// Number of bytes of all revisions.
fn size(folder: &Folder) -> u64 {
    let files = fs::read_dir(folder.0.join("revisions")).unwrap();
    files.map(|file| file.unwrap().metadata().unwrap().len()).sum()
}

#[test]
fn a_small_commit_takes_little_space() {
    let folder = Folder::fast("size");
    let archive = open(&folder);
    let mut env: Environment = (0..10_000).map(fact).collect();
    archive.commit("main", &env, "").unwrap();
    let whole = size(&folder);
    for i in 0..5 {
        env.remove_fact(&fact(i));
        env.extend((0..9).map(|j| fact(10_000 + i * 10 + j)));
        let before = size(&folder);
        archive.commit("main", &env, "ten changes").unwrap();
        let written = size(&folder) - before;
        assert!(written * 50 < whole, "{written} bytes beside {whole}");
    }
    // A name copies nothing.
    let before = size(&folder);
    archive.tag("v1", "main").unwrap();
    archive.branch("other", "main").unwrap();
    assert_eq!(size(&folder), before);
    assert_eq!(archive.checkout("v1").unwrap(), env);
}

/// Found by random histories: a removed binding was still present.
#[test]
fn a_world_without_a_binding_replaces_one_with_it() {
    let folder = Folder::fast("unbound");
    let archive = open(&folder);
    let plain: Environment = (0..1_000).map(fact).collect();
    let mut bound = plain.clone();
    bound.bind("name", Atom::symbol("bound"));
    archive.commit("main", &bound, "").unwrap();
    let mut replacing: Environment = plain.iter().map(|(atom, _)| atom).collect();
    replacing.add_fact(fact(-1));
    archive.commit("main", &replacing, "").unwrap();
    let found = open(&folder).checkout("main").unwrap();
    assert_eq!(found.binding("name"), None);
    assert_eq!(found, replacing);
}

/// Found by random histories: definitions have the numbers of the branch that was merged into, not of the other.
#[test]
fn a_patch_to_a_merge_from_the_other_branch_includes_the_order() {
    let folder = Folder::fast("order");
    let archive = open(&folder);
    let rule = |name: &str| (Atom::symbol(name), Atom::from(1));
    let mut env = Environment::new();
    env.add_rules_bulk([rule("inherited")]);
    archive.commit("ours", &env, "").unwrap();
    archive.branch("theirs", "ours").unwrap();
    for branch in ["ours", "theirs"] {
        let mut fork = env.clone();
        fork.add_rules_bulk([rule(branch)]);
        archive.commit(branch, &fork, "").unwrap();
    }
    archive.merge("ours", "theirs").unwrap();
    let mut theirs = archive.checkout("theirs").unwrap();
    theirs.apply(&archive.diff("theirs", "ours").unwrap());
    assert_eq!(order(&theirs), ["inherited", "ours", "theirs"]);
    assert_eq!(order(&theirs), order(&archive.checkout("ours").unwrap()));
}

/// The last whole state bounds the patches since, and so the size of all revisions.
#[test]
fn patches_are_bounded_by_whole_states() {
    let folder = Folder::fast("bounded");
    let archive = open(&folder);
    let mut env: Environment = (0..1_000).map(fact).collect();
    archive.commit("main", &env, "").unwrap();
    let whole = size(&folder);
    let mut wholes = 0;
    for i in 0..40 {
        let before = size(&folder);
        env.add_fact(fact(2_000 + i));
        archive.commit("main", &env, "").unwrap();
        wholes += u64::from(size(&folder) - before > whole / 2);
    }
    assert_eq!(wholes, 40 / (whole / 4096 + 1));
    assert_eq!(Archive::<Atom>::open(&folder.0).unwrap().checkout("main").unwrap(), env);
}

#[test]
fn a_definition_that_was_added_again_keeps_its_new_place() {
    for reopen in [false, true] {
        let folder = Folder::fast("moved");
        let mut archive = open(&folder);
        let mut env = large(1_000);
        let id = env.new_space();
        let rules = ["(= a 1)", "(= b 1)", "(= c 1)"].map(|rule| rule.parse::<Atom>().unwrap());
        env.space_mut(id).unwrap().add_facts_bulk(rules.clone());
        env.add_facts_bulk(rules.clone());
        archive.commit("main", &env, "").unwrap();
        archive.branch("other", "main").unwrap();
        if reopen {
            archive = open(&folder);
        }
        env.remove_fact(&rules[0]);
        env.add_fact(rules[0].clone());
        let mut space = env.space_mut(id).unwrap();
        space.remove_fact(&rules[1]);
        space.add_fact(rules[1].clone());
        assert_eq!(order(env.space(id).unwrap()), ["a", "c", "b"]);
        archive.commit("main", &env, "moved").unwrap();

        let mut other = archive.checkout("other").unwrap();
        other.add_fact("(= (new) 1)".parse().unwrap());
        archive.commit("other", &other, "").unwrap();
        archive.merge("other", "main").unwrap();
        archive.merge("main", "other").unwrap();
        let patch = archive.diff("main", "other").unwrap();
        assert!(patch.is_empty(), "{patch}");
        drop(archive);

        let archive = open(&folder);
        let log = archive.log("main").unwrap();
        let moved = log.iter().find(|revision| revision.note.message == "moved").unwrap();
        let found = archive.checkout(&moved.id.to_string()).unwrap();
        assert_eq!(order(&found), order(&env));
        assert_eq!(order(found.space(id).unwrap()), ["a", "c", "b"]);
    }
}

#[test]
fn the_log_lists_the_ancestors_of_a_state() {
    let folder = Folder::fast("log");
    let archive = open(&folder);
    let mut env = Environment::new();
    env.add_fact("(a)".parse().unwrap());
    let note = Note {
        message: "größer\n".into(),
        time: Some(u64::MAX),
    };
    let first = archive.commit("main", &env, note.clone()).unwrap();
    // A commit without changes.
    assert_eq!(archive.commit("main", &env, "again").unwrap(), first);
    archive.branch("side", "main").unwrap();
    env.add_fact("(b)".parse().unwrap());
    let second = archive.commit("main", &env, "").unwrap();
    let mut side = archive.checkout("side").unwrap();
    side.add_fact("(c)".parse().unwrap());
    let third = archive.commit("side", &side, "").unwrap();
    let merged = archive.merge_with("main", "side", "both", resolve::fail).unwrap();
    // A merge of an ancestor, and a fast-forward.
    assert_eq!(archive.merge("main", "side").unwrap(), merged);
    assert_eq!(archive.merge("side", "main").unwrap(), merged);

    let log = archive.log("side").unwrap();
    assert_eq!(log.len(), 4);
    assert_eq!(
        (log[0].id, &log[0].parents[..], log[0].atoms),
        (merged, &[second, third][..], 3)
    );
    assert_eq!((log[3].id, &log[3].note, log[3].parents.len()), (first, &note, 0));
    let branches = archive.branches().unwrap();
    assert_eq!(branches.keys().collect::<Vec<_>>(), ["main", "side"]);
    assert!(branches.into_values().all(|id| id.unwrap() == merged));
    let digits = first.to_string();
    assert_eq!(digits.parse(), Ok(first));
    assert_eq!(archive.find(&digits[..8]).unwrap(), first);
    assert_eq!(archive.find(&digits).unwrap(), first);
}

fn conflicts<R>(merged: Result<R, ArchiveMergeError>) -> Conflicts {
    match merged {
        Err(ArchiveMergeError::Conflicts(conflicts)) => conflicts,
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("no conflict"),
    }
}

#[test]
fn conflicts_are_resolved_by_the_caller() {
    let folder = Folder::fast("conflicts");
    let archive = open(&folder);
    let mut env = Environment::new();
    env.bind("x", Atom::from(0));
    archive.commit("main", &env, "").unwrap();
    archive.branch("side", "main").unwrap();
    let mut side = env.clone();
    side.bind("x", Atom::from(1));
    env.bind("x", Atom::from(2));
    archive.commit("side", &side, "").unwrap();
    let before = archive.commit("main", &env, "").unwrap();
    let conflicts = conflicts(archive.merge_with("main", "side", "", resolve::fail));
    assert_eq!(conflicts.0.len(), 1);
    assert_eq!(archive.find("main").unwrap(), before);
    archive.merge_with("main", "side", "", resolve::ours).unwrap();
    assert_eq!(archive.checkout("main").unwrap().binding("x"), Some(&Atom::from(2)));
}

/// Counters of processes that commit to one branch, and of branches that merge each other's old states.
#[test]
fn counters_are_summed() {
    let folder = Folder::new("archive-counters");
    let archive = open(&folder);
    let mut env = Environment::new();
    env.bind("served", Atom::from(0));
    archive.commit("a", &env, "").unwrap();
    let increment = |env: &mut Environment| match env.binding("served") {
        Some(Atom::Integer(count)) => env.bind("served", Atom::from(count + 1)),
        other => panic!("{other:?}"),
    };
    let handles = [open(&folder), open(&folder)];
    let mut checkouts = handles.each_ref().map(|archive| archive.checkout("a").unwrap());
    for (archive, env) in handles.iter().zip(&mut checkouts) {
        increment(env);
        archive.commit_with_all("a", env, "", resolve::sum).unwrap();
    }
    let mut expected = 2;
    assert_eq!(
        archive.checkout("a").unwrap().binding("served"),
        Some(&Atom::from(expected))
    );
    archive.branch("b", "a").unwrap();
    for _ in 0..5 {
        for branch in ["a", "b"] {
            let mut env = archive.checkout(branch).unwrap();
            increment(&mut env);
            archive.commit_with_all(branch, &env, "", resolve::sum).unwrap();
            expected += 1;
        }
        let old = archive.find("a").unwrap().to_string();
        for (into, from) in [("a", "b"), ("b", &old)] {
            archive.merge_with_all(into, from, "", resolve::sum).unwrap();
        }
    }
    archive.merge_with_all("a", "b", "", resolve::sum).unwrap();
    assert_eq!(
        archive.checkout("a").unwrap().binding("served"),
        Some(&Atom::from(expected))
    );
}

/// A state without a space descends from one with it: nothing that both inherited counts twice.
#[test]
fn removals_of_spaces_keep_the_relation() {
    let atom = |text: &str| text.parse::<Atom>().unwrap();
    let folder = Folder::new("archive-removed-space");
    let archive = open(&folder);
    let mut env = Environment::new();
    let space = env.new_space();
    env.add_fact(atom("a"));
    archive.commit("main", &env, "").unwrap();
    archive.branch("side", "main").unwrap();
    // One handle.
    let mut main = archive.checkout("main").unwrap();
    main.add_fact(atom("w"));
    archive.commit("main", &main, "").unwrap();
    let mut side = archive.checkout("side").unwrap();
    side.remove_space(space);
    archive.commit("side", &side, "").unwrap();
    archive.merge("main", "side").unwrap();
    let merged = archive.checkout("main").unwrap();
    assert_eq!((main.union(&merged), merged.len()), (merged.clone(), 2));
    // Two handles.
    let other = open(&folder);
    let space = {
        let mut env = archive.checkout("main").unwrap();
        let space = env.new_space();
        archive.commit("main", &env, "").unwrap();
        space
    };
    let seen = archive.checkout("main").unwrap();
    let mut theirs = other.checkout("main").unwrap();
    theirs.remove_space(space);
    other.commit("main", &theirs, "").unwrap();
    let now = archive.checkout("main").unwrap();
    assert_eq!(seen.union(&now), now);
}

/// A fork of a state that is no revision, committed after another process removed a space.
#[test]
fn a_fork_in_memory_is_related_to_a_state_without_its_space() {
    let atom = |text: &str| text.parse::<Atom>().unwrap();
    let folder = Folder::new("archive-removed-space-in-memory");
    let (archive, other) = (open(&folder), open(&folder));
    let mut env = Environment::new();
    let space = env.new_space();
    env.add_fact(atom("a"));
    archive.commit("main", &env, "").unwrap();
    env.add_fact(atom("w"));
    let mut fork = env.clone();
    env.add_fact(atom("x"));
    archive.commit("main", &env, "").unwrap();
    let mut theirs = other.checkout("main").unwrap();
    theirs.remove_space(space);
    other.commit("main", &theirs, "").unwrap();
    fork.add_fact(atom("y"));
    archive.commit_with("main", &fork, "", resolve::fail).unwrap();
    let merged = open(&folder).checkout("main").unwrap();
    assert_eq!((merged.len(), merged.spaces().len()), (4, 0));
}

/// Removed spaces, states and bindings stay removed: in whole states, patches and merges.
#[test]
fn removals_round_trip() {
    let folder = Folder::new("archive-removals");
    let archive = open(&folder);
    let mut env = Environment::new();
    let spaces = [env.new_space(), env.new_space()];
    for space in spaces {
        let facts = (0..100).map(Atom::from);
        env.space_mut(space).unwrap().add_facts_bulk(facts);
    }
    let state = env.new_state(Atom::from(1));
    env.bind("x", Atom::from(2));
    archive.commit("main", &env, "").unwrap();
    archive.branch("side", "main").unwrap();
    let mut side = archive.checkout("side").unwrap();
    side.space_mut(spaces[1]).unwrap().add_fact(Atom::from(-1));
    archive.commit("side", &side, "").unwrap();
    env.remove_space(spaces[0]);
    env.remove_space(spaces[1]);
    env.remove_state(state);
    env.unbind("x");
    archive.commit("main", &env, "").unwrap();
    let read = open(&folder).checkout("main").unwrap();
    assert_eq!(read, env);
    assert_eq!(
        (read.spaces().len(), read.states().count(), read.bindings().count()),
        (0, 0, 0)
    );
    // The side has changed one of the spaces.
    let conflicts = conflicts(archive.merge_with("main", "side", "", resolve::fail));
    assert_eq!(conflicts.0.len(), 1);
    assert!(conflicts.to_string().ends_with("(removed or changed)"), "{conflicts}");
    archive.merge_with("main", "side", "", resolve::theirs).unwrap();
    let merged = open(&folder).checkout("main").unwrap();
    assert!(
        merged
            .spaces()
            .map(|(id, space)| (id, space.len()))
            .eq([(spaces[1], 101)])
    );
}

/// Two branches that merge each other's old states `rounds` times.
fn criss_cross(archive: &Archive, rounds: usize, mut write: impl FnMut(&mut Environment, i64)) {
    archive.branch("b", "a").unwrap();
    for round in 0..rounds {
        for (at, branch) in ["a", "b"].into_iter().enumerate() {
            let mut env = archive.checkout(branch).unwrap();
            write(&mut env, (2 * round + at) as i64);
            archive.commit(branch, &env, "").unwrap();
        }
        let old = archive.find("a").unwrap().to_string();
        for (into, from) in [("a", "b"), ("b", &old)] {
            archive.merge_with(into, from, "", resolve::ours).unwrap();
        }
    }
}

/// The base of each merge is itself a merge of earlier bases.
#[test]
fn criss_cross_merges_count_everything_once() {
    let folder = Folder::fast("criss-cross");
    let archive = open(&folder);
    archive.commit("a", &large(100), "").unwrap();
    criss_cross(&archive, 25, |env, n| {
        env.add_fact(fact(10_000 + n));
        env.remove_fact(&fact(n));
    });
    let archive = open(&folder);
    let [a, b] = ["a", "b"].map(|branch| archive.checkout(branch).unwrap());
    assert_eq!(a, b);
    assert_eq!(a.len(), large(100).len());
    archive.merge("a", "b").unwrap();
    assert_eq!(archive.checkout("a").unwrap(), b);
}

#[test]
fn branches_that_resolved_a_conflict_differently_conflict() {
    let folder = Folder::fast("dispute");
    let archive = open(&folder);
    archive.commit("a", &large(10), "").unwrap();
    criss_cross(&archive, 1, |env, n| env.bind("x", Atom::from(n)));
    // Also by another handle, without cached states.
    for archive in [&archive, &open(&folder)] {
        let before = archive.find("a").unwrap();
        let conflicts = conflicts(archive.merge_with("a", "b", "", resolve::fail));
        assert!(
            conflicts.0[0].disputed && conflicts.to_string().contains("x (0 or 1)"),
            "{conflicts}"
        );
        assert_eq!(archive.find("a").unwrap(), before);
    }
    for (who, value) in [("ours", 0), ("theirs", 1)] {
        archive.branch(who, "a").unwrap();
        let resolver = if value == 0 { resolve::ours } else { resolve::theirs };
        archive.merge_with(who, "b", "", resolver).unwrap();
        assert_eq!(archive.checkout(who).unwrap().binding("x"), Some(&Atom::from(value)));
    }
}

/// No commit undoes changes unknown to it, by any handle; and unions count each change once.
#[test]
fn commits_never_undo_unknown_changes() {
    let folder = Folder::fast("two");
    let (ours, theirs) = (open(&folder), open(&folder));
    ours.commit("main", &large(500), "").unwrap();
    for round in 0..20 {
        let mut mine = ours.checkout("main").unwrap();
        let mut another = theirs.checkout("main").unwrap();
        mine.add_fact(fact(10_000 + 3 * round));
        another.add_fact(fact(10_001 + 3 * round));
        let mut sibling = another.clone();
        sibling.remove_fact(&fact(round));
        theirs.commit("main", &another, "").unwrap();
        for (archive, env) in [(&ours, mine), (&theirs, sibling)] {
            assert!(matches!(
                archive.commit("main", &env, ""),
                Err(ArchiveError::Outdated(_))
            ));
            let both = archive.checkout("main").unwrap().union(&env);
            archive.commit("main", &both, "").unwrap();
        }
        let found = open(&folder).checkout("main").unwrap();
        assert_eq!(found.len(), large(500).len() + round as u64 + 1);
        // Atoms of this round: one removed, two added.
        assert!(!found.contains(&fact(round)));
        assert_eq!(found.multiplicity(&fact(10_000 + 3 * round)), 1);
        assert_eq!(found.multiplicity(&fact(10_001 + 3 * round)), 1);
    }
    // This handle knows its own merges, and earlier forks are related to them.
    let mut mine = ours.checkout("main").unwrap();
    ours.branch("side", "main").unwrap();
    let mut side = mine.clone();
    side.add_fact(fact(-1));
    ours.commit("side", &side, "").unwrap();
    ours.commit(
        "main",
        &{
            let mut env = mine.clone();
            env.add_fact(fact(-2));
            env
        },
        "",
    )
    .unwrap();
    ours.merge("main", "side").unwrap();
    mine.add_fact(fact(-3));
    assert!(matches!(ours.commit("main", &mine, ""), Err(ArchiveError::Outdated(_))));
    let both = ours.checkout("main").unwrap().union(&mine);
    ours.commit("main", &both, "").unwrap();
    let all = open(&folder).checkout("main").unwrap();
    for i in 1..=3 {
        assert_eq!(all.multiplicity(&fact(-i)), 1);
    }
    assert_eq!(all.len(), mine.len() + 2);
}

#[test]
fn writers_take_turns() {
    let folder = Folder::fast("turns");
    open(&folder).commit("base", &large(300), "").unwrap();
    thread::scope(|scope| {
        for writer in 0..4 {
            let folder = &folder;
            scope.spawn(move || {
                let archive = open(folder);
                let name = format!("w{writer}");
                archive.branch(&name, "base").unwrap();
                let mut env = archive.checkout(&name).unwrap();
                for i in 0..20 {
                    env.add_fact(fact(1_000 * (writer + 1) + i));
                    archive.commit(&name, &env, "").unwrap();
                    if i % 5 == 0 {
                        archive.merge("base", &name).unwrap();
                    }
                }
                archive.merge("base", &name).unwrap();
            });
        }
    });
    let archive = open(&folder);
    assert!(archive.verify().unwrap().problems.is_empty());
    assert_eq!(archive.checkout("base").unwrap().len(), large(300).len() + 80);
}

#[test]
fn invalid_names_are_rejected() {
    let folder = Folder::fast("names");
    let archive = open(&folder);
    let env = sample();
    for name in [
        "",
        "..",
        "../up",
        "a/b",
        ".hidden",
        "-x",
        "two words",
        &"long".repeat(16),
    ] {
        assert!(
            matches!(archive.commit(name, &env, ""), Err(ArchiveError::InvalidName(_))),
            "{name}"
        );
        assert!(
            matches!(archive.checkout(name), Err(ArchiveError::Unknown(_))),
            "{name}"
        );
        assert!(
            matches!(archive.remove_branch(name), Err(ArchiveError::InvalidName(_))),
            "{name}"
        );
    }
    archive.commit("main", &env, "").unwrap();
    for name in ["", "..", "a/b"] {
        assert!(
            matches!(archive.tag(name, "main"), Err(ArchiveError::InvalidName(_))),
            "{name}"
        );
        assert!(
            matches!(archive.branch(name, "main"), Err(ArchiveError::InvalidName(_))),
            "{name}"
        );
    }
    archive.tag("v1", "main").unwrap();
    for taken in ["main", "v1"] {
        assert!(matches!(archive.tag(taken, "main"), Err(ArchiveError::NameInUse(_))));
        assert!(matches!(archive.branch(taken, "main"), Err(ArchiveError::NameInUse(_))));
    }
    assert!(matches!(
        archive.commit("v1", &env, ""),
        Err(ArchiveError::NameInUse(_))
    ));
    assert!(matches!(archive.merge("v1", "main"), Err(ArchiveError::NoBranch(_))));
    assert!(matches!(archive.tag("v2", "nothing"), Err(ArchiveError::Unknown(_))));
    assert!(matches!(archive.checkout("Main"), Err(ArchiveError::Unknown(_))));
    assert!(matches!(
        archive.checkout(&"0".repeat(64)),
        Err(ArchiveError::Unknown(_))
    ));
    // Names that differ only in case are different, on any file system.
    archive.branch("Main", "main").unwrap();
    // Each kind is removed by its own name.
    assert!(matches!(archive.remove_tag("main"), Err(ArchiveError::NoTag(_))));
    assert!(matches!(archive.remove_branch("v1"), Err(ArchiveError::NoBranch(_))));
    archive.remove_branch("main").unwrap();
    assert_eq!(archive.branches().unwrap().into_keys().collect::<Vec<_>>(), ["Main"]);
    assert_eq!(archive.tags().unwrap().into_keys().collect::<Vec<_>>(), ["v1"]);
    assert_eq!(archive.checkout("v1").unwrap(), env);
}

struct Opaque;

impl Grounded for Opaque {
    fn type_name(&self) -> &str {
        "Opaque"
    }
    fn identity(&self) -> std::borrow::Cow<'_, [u8]> {
        std::borrow::Cow::Borrowed(b"opaque")
    }
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("opaque")
    }
}

#[test]
fn a_commit_that_cannot_be_encoded_changes_nothing() {
    let folder = Folder::fast("opaque");
    let archive = open(&folder);
    for facts in [0, 1_000] {
        let env = large(facts);
        let before = archive.commit("main", &env, "").unwrap();
        let mut bad = env.clone();
        bad.add_fact(Atom::grounded(Opaque));
        let refused = archive.commit("main", &bad, "");
        assert!(
            matches!(refused, Err(ArchiveError::Save(SaveError::Opaque { .. }))),
            "{refused:?}"
        );
        assert_eq!(archive.find("main").unwrap(), before);
        assert_eq!(archive.checkout("main").unwrap(), env);
    }
    assert!(archive.verify().unwrap().unreachable.is_empty());
}

#[test]
fn a_commit_without_changes_writes_nothing() {
    let folder = Folder::new("archive-nothing");
    let archive = open(&folder);
    let mut world = Environment::new();
    world.add_fact(fact(1));
    let first = archive.commit("main", &world, "").unwrap();
    archive.branch("side", "main").unwrap();
    let written = |name: &str| {
        fs::metadata(folder.0.join("names").join(name))
            .unwrap()
            .modified()
            .unwrap()
    };
    let before = written("branch-main");
    thread::sleep(std::time::Duration::from_millis(20));
    world.add_fact(fact(2));
    world.remove_fact(&fact(2));
    assert_eq!(archive.commit("main", &world, "again").unwrap(), first);
    assert_eq!(
        archive.commit_with("main", &world, "again", resolve::fail).unwrap(),
        first
    );
    assert_eq!(open(&folder).commit("main", &world, "elsewhere").unwrap(), first);
    assert_eq!(archive.merge("main", "side").unwrap(), first);
    assert_eq!(archive.log("main").unwrap().len(), 1);
    assert_eq!(written("branch-main"), before);
}

/// The next write removes temporary files of dead writers, and keeps those of live ones.
#[test]
fn the_next_writer_removes_stale_temporary_files() {
    let folder = Folder::new("archive-left");
    let archive = open(&folder);
    let mut world = Environment::new();
    archive.commit("main", &world, "").unwrap();
    let left = [
        "revisions/.revision.pleach-0.tmp",
        "revisions/.revision.pleach-2.tmp",
        "names/.name.pleach-1.tmp",
        "chunks/.chunk.pleach-0.tmp",
    ];
    let alive = folder.0.join("names/.name.pleach-0.tmp");
    left.iter()
        .for_each(|path| fs::write(folder.0.join(path), "half").unwrap());
    let living = fs::File::create(&alive).unwrap();
    living.lock().unwrap();
    world.add_fact(fact(1));
    open(&folder).commit("main", &world, "").unwrap();
    for path in left {
        assert!(!folder.0.join(path).exists(), "{path}");
    }
    assert!(alive.exists());
    // Other operations keep a live writer's file too.
    archive.prune().unwrap();
    assert!(alive.exists());
    drop(living);
    world.add_fact(fact(2));
    archive.commit("main", &world, "").unwrap();
    assert!(!alive.exists());
}

/// Neither concurrent probes of the folder nor files beside it hinder the creation of an archive.
#[test]
fn an_archive_can_be_created_during_probes() {
    let folder = Folder::new("archive-probed");
    fs::create_dir_all(folder.0.join("lock")).unwrap();
    let inside = folder.0.join("inside");
    Archive::<Atom>::probe(&inside, "main").unwrap();
    assert!(!inside.exists());
    fs::create_dir(&inside).unwrap();
    let left = inside.join(".archive.pleach-0.tmp");
    let alive = inside.join(".archive.pleach-1.tmp");
    fs::write(&left, "").unwrap();
    let living = fs::File::create(&alive).unwrap();
    living.lock().unwrap();
    Archive::<Atom>::probe(&inside, "main").unwrap();
    assert!(!left.exists() && alive.exists());
    let archive = Archive::open(&inside).unwrap();
    archive.commit("main", &Environment::<Atom>::new(), "").unwrap();
    let strange = folder.0.join("strange");
    for name in [".archive.pleach-.tmp", ".archive.pleach-0.tmp2", ".other.pleach-0.tmp"] {
        fs::create_dir_all(&strange).unwrap();
        fs::write(strange.join(name), "").unwrap();
        let opened = Archive::<Atom>::open(&strange);
        assert!(matches!(opened, Err(ArchiveError::NotAnArchive(_))), "{name}");
        fs::remove_dir_all(&strange).unwrap();
    }
}
