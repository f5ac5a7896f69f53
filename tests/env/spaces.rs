//! The life of named spaces, states and bindings: listed, forked and removed; in unions, patches and files.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use pleach::env::{Change, Conflict, Conflicts, Patch, Resolution, Side, SpaceId, SpaceKind, Subject, resolve};
use pleach::{Atom, Environment};
use pleach_testkit::quick_check;

fn atom(text: &str) -> Atom {
    text.parse().unwrap()
}

fn add(env: &mut Environment, space: SpaceId, text: &str) {
    env.space_mut(space).unwrap().add_fact(atom(text));
}

/// The facts of a space, printed; `None` if it doesn't exist.
fn facts(env: &Environment, space: SpaceId) -> Option<String> {
    let atoms = |space: &pleach::env::Space| {
        space
            .iter()
            .map(|(atom, count)| format!("{count} {atom}"))
            .collect::<Vec<_>>()
    };
    env.space(space).map(|space| atoms(space).join(", "))
}

/// Two forks of an environment with one space that has the fact `a`.
fn forks() -> (SpaceId, Environment, [Environment; 2]) {
    let mut base = Environment::new();
    let space = base.new_space();
    add(&mut base, space, "a");
    (space, base.clone(), [base.clone(), base])
}

#[test]
fn spaces_states_and_bindings_are_listed_and_removed() {
    let mut env = Environment::<Atom>::new();
    let spaces = [env.new_space(), env.new_space(), env.new_space()];
    let states: Vec<_> = (0..3).map(|i| env.new_state(Atom::from(i))).collect();
    for name in ["b", "a", "c"] {
        env.bind(name, atom(name));
    }
    let mut sorted = spaces;
    sorted.sort_unstable();
    assert!(env.spaces().map(|(id, _)| id).eq(sorted));
    assert_eq!(env.states().count(), 3);
    assert!(env.states().is_sorted_by_key(|(id, _)| id));
    assert!(env.bindings().map(|(name, _)| name).eq(["a", "b", "c"]));

    let fork = env.clone();
    assert!(env.remove_space(spaces[1]) && !env.remove_space(spaces[1]));
    assert_eq!(env.remove_state(states[2]), Some(Atom::from(2)));
    assert_eq!(
        (env.remove_state(states[2]), env.change_state(states[2], atom("x"))),
        (None, false)
    );
    assert_eq!(
        (env.unbind("a"), env.unbind("a"), env.unbind("never-bound")),
        (Some(atom("a")), None, None)
    );
    assert_eq!(
        (env.spaces().len(), env.states().count(), env.bindings().count()),
        (2, 2, 2)
    );
    assert_eq!(
        (fork.spaces().len(), fork.states().count(), fork.bindings().count()),
        (3, 3, 3)
    );
    env.check();
    // Removing what isn't there writes nothing.
    let before = env.clone();
    env.unbind("a");
    env.remove_space(spaces[1]);
    env.remove_state(states[2]);
    assert!(env.ptr_eq(&before));
}

#[test]
fn a_forked_space_shares_its_content_and_is_separate() {
    let (space, mut env, _) = forks();
    env.space_mut(space).unwrap().add_facts_bulk((0..1_000).map(Atom::from));
    let before = env.clone();
    let fork = env.fork_space(space).unwrap();
    assert_eq!(facts(&env, fork), facts(&env, space));
    add(&mut env, fork, "b");
    assert_eq!(
        (env.space(fork).unwrap().len(), env.space(space).unwrap().len()),
        (1_002, 1_001)
    );
    assert!(env.remove_space(space) && env.fork_space(space).is_none());
    env.check();
    let united = before.union(&env);
    assert_eq!((united.spaces().len(), united.space(fork).unwrap().len()), (1, 1_002));
    // A space that only one side has, forked there, is in the union.
    let mut other = before.clone();
    other.add_fact(atom("x"));
    let united = other.union(&env);
    assert_eq!(
        (united.space(space).is_some(), united.space(fork).unwrap().len()),
        (false, 1_002)
    );
    united.check();
}

#[test]
fn a_removal_meets_no_change() {
    let (space, _, [mut ours, mut theirs]) = forks();
    theirs.remove_space(space);
    ours.add_fact(atom("x"));
    for union in [
        ours.union_with(&theirs, resolve::fail),
        theirs.union_with(&ours, resolve::fail),
    ] {
        assert_eq!(facts(&union.unwrap(), space), None);
    }
    // Changed and changed back.
    add(&mut ours, space, "b");
    ours.space_mut(space).unwrap().remove_fact(&atom("b"));
    assert_eq!(facts(&ours.union_with(&theirs, resolve::fail).unwrap(), space), None);
    // Removed by both.
    ours.remove_space(space);
    assert_eq!(facts(&ours.union_with(&theirs, resolve::fail).unwrap(), space), None);
}

#[test]
fn a_removal_against_a_change_is_a_conflict() {
    let (space, base, [mut ours, mut theirs]) = forks();
    add(&mut ours, space, "b");
    theirs.remove_space(space);
    let changed = Some("1 a, 1 b".to_owned());
    let subjects = |result: Result<Environment, Conflicts>| {
        let conflicts = result.unwrap_err().0;
        conflicts
            .iter()
            .map(|conflict| (conflict.subject, conflict.missing))
            .collect::<Vec<_>>()
    };
    let failed = ours.union_with(&theirs, resolve::fail);
    let message = failed.clone().unwrap_err().to_string();
    assert!(message.ends_with("(changed or removed)"), "{message}");
    assert_eq!(subjects(failed), [(Subject::Space(space), Some(Side::Theirs))]);
    assert_eq!(
        subjects(theirs.union_with(&ours, resolve::fail)),
        [(Subject::Space(space), Some(Side::Ours))]
    );
    // A term is no space.
    assert_eq!(
        subjects(ours.union_with(&theirs, |_| Resolution::Value(atom("x")))).len(),
        1
    );
    for (rule, expected) in [
        (resolve::ours as fn(&Conflict) -> Resolution, &changed),
        (resolve::theirs, &None),
    ] {
        assert_eq!(&facts(&ours.union_with(&theirs, rule).unwrap(), space), expected);
        assert_eq!(&facts(&ours.union_with_all(&theirs, rule).unwrap(), space), expected);
    }
    assert_eq!(
        facts(&theirs.union_with(&ours, resolve::theirs).unwrap(), space),
        changed
    );
    assert_eq!(
        (facts(&ours.union(&theirs), space), facts(&theirs.union(&ours), space)),
        (None, changed.clone())
    );
    assert_eq!(facts(&Environment::union_all([&base, &ours, &theirs]), space), None);
    // The patch from the base to one side, applied to the other.
    let removal = base.diff(&theirs);
    assert_eq!(
        subjects(ours.clone().apply_with(&removal, resolve::fail).map(|()| ours.clone())).len(),
        1
    );
    let mut kept = ours.clone();
    kept.apply_with(&removal, resolve::ours).unwrap();
    assert_eq!(facts(&kept, space), changed);
    let mut removed = ours.clone();
    removed.apply(&removal);
    assert_eq!(facts(&removed, space), None);
    // And the other way round: the patch doesn't have what it doesn't change.
    let change = base.diff(&ours);
    let failed = theirs
        .clone()
        .apply_with(&change, resolve::fail)
        .map(|()| theirs.clone());
    assert_eq!(subjects(failed), [(Subject::Space(space), Some(Side::Ours))]);
    let mut without = theirs.clone();
    without.apply_with(&change, resolve::ours).unwrap();
    assert!(without.ptr_eq(&theirs));
    without.apply(&change);
    assert_eq!(facts(&without, space), Some("1 b".to_owned()));
}

/// Patches that were put together by hand: several changes of one atom, removals and creations of one space.
#[test]
fn patches_of_many_changes_to_one_space_are_applied_in_order() {
    let (space, base, [mut env, _]) = forks();
    let change = |text: &str, from, to| Change::Atom {
        space: Some(space),
        atom: atom(text),
        from,
        to,
    };
    let removal = || [change("a", 1, 0), Change::SpaceRemoved(space)];
    // Twice the same removal doesn't empty a space of two atoms.
    add(&mut env, space, "b");
    let twice: Patch = removal().into_iter().chain(removal()).collect();
    assert_eq!(env.clone().apply_with(&twice, resolve::fail).unwrap_err().0.len(), 1);
    // Removed and made again.
    let again: Patch = removal()
        .into_iter()
        .chain([Change::SpaceCreated(space), change("b", 0, 1)])
        .collect();
    for start in [base.clone(), Environment::new()] {
        let mut made = start;
        made.apply_with(&again, resolve::fail).unwrap();
        assert_eq!(facts(&made, space), Some("1 b".to_owned()));
    }
    // Emptied in two steps.
    let (mut two, steps) = (
        base.clone(),
        [change("a", 2, 1), change("a", 1, 0), Change::SpaceRemoved(space)],
    );
    add(&mut two, space, "a");
    two.apply_with(&steps.into_iter().collect(), resolve::fail).unwrap();
    assert_eq!(facts(&two, space), None);
    // A patch that only removes from a space that is gone.
    let gone = two.clone();
    two.apply(&[change("a", 1, 0)].into_iter().collect());
    assert!(two.ptr_eq(&gone));
}

/// Three merge bases: a removal, a change, and a state that neither has replaced.
#[test]
fn spaces_of_three_merge_bases_are_settled_pairwise() {
    let (space, base, _) = forks();
    for first in 0..3 {
        let mut bases = [base.clone(), base.clone(), base.clone()];
        bases[0].remove_space(space);
        bases[1].space_mut(space).unwrap().remove_fact(&atom("a"));
        add(&mut bases[2], space, "a");
        // Bases are folded in the order of their contents.
        bases[first].add_fact(atom("x"));
        let [v1, v2, v3] = &bases;
        let c = v1.union(v2).union(v3);
        let d = v3.union(v2).union(v1);
        assert!(facts(&c, space).is_some() && facts(&d, space).is_none(), "{first}");
        for (ours, theirs) in [(&c, &d), (&d, &c)] {
            let conflicts = ours.union_with(theirs, resolve::fail).unwrap_err().0;
            assert!(
                conflicts.iter().all(|conflict| conflict.disputed) && conflicts.len() == 1,
                "{first}"
            );
        }
    }
}

#[test]
fn a_forked_space_is_measured_once() {
    let (space, mut env, _) = forks();
    env.space_mut(space)
        .unwrap()
        .add_facts_bulk((0..10_000).map(Atom::from));
    env.forget_history();
    let before = env.memory().spaces;
    env.fork_space(space).unwrap();
    let after = env.memory().spaces;
    assert!(
        after.own < before.own + 1_000 && after.shared < 1_000,
        "{before:?} {after:?}"
    );
}

/// Both branches have merged the other's former state, one keeping the space, one not.
#[test]
fn a_criss_cross_of_removal_and_change_is_disputed() {
    let (space, _, [mut x, mut y]) = forks();
    add(&mut x, space, "b");
    y.remove_space(space);
    let c = x.union_with(&y, resolve::ours).unwrap();
    let d = y.union_with(&x, resolve::ours).unwrap();
    assert_eq!(
        (facts(&c, space), facts(&d, space)),
        (Some("1 a, 1 b".to_owned()), None)
    );
    for (ours, theirs) in [(&c, &d), (&d, &c)] {
        let conflicts = ours.union_with(theirs, resolve::fail).unwrap_err();
        assert!(conflicts.0[0].disputed && conflicts.0.len() == 1);
    }
    let e = c.union_with(&d, resolve::theirs).unwrap();
    assert_eq!(facts(&e, space), None);
    // Decided: descendants of the decision override either side.
    assert_eq!(facts(&e.union_with(&x, resolve::fail).unwrap(), space), None);
    // Both kept it.
    let d = y.union_with(&x, resolve::theirs).unwrap();
    assert_eq!(
        facts(&c.union_with(&d, resolve::fail).unwrap(), space),
        Some("1 a, 1 b".to_owned())
    );
}

#[test]
fn patches_create_and_remove_spaces() {
    let (space, base, [mut without, _]) = forks();
    without.remove_space(space);
    let removal = base.diff(&without);
    let last = removal.iter().last().unwrap();
    assert!(matches!(last, Change::SpaceRemoved(id) if *id == space), "{last:?}");
    assert_eq!(removal.inverse(), without.diff(&base));
    let mut env = base.clone();
    env.apply(&removal);
    assert_eq!(env, without);
    // Again: it is gone already, and isn't made to be emptied.
    let before = env.clone();
    env.apply(&removal);
    assert!(env.ptr_eq(&before));
    env.apply(&removal.inverse());
    assert_eq!(env, base);
    // Of an empty space.
    let mut env = Environment::<Atom>::new();
    let empty = env.new_space();
    let before = env.clone();
    env.remove_space(empty);
    assert_eq!(before.diff(&env).len(), 1);
    let mut again = before.clone();
    again.apply(&before.diff(&env));
    assert_eq!(again, env);
}

const HANDLES: usize = 3;

/// Random histories of two spaces: conflicts are the same from both sides, patches lead from any state to any other, and what
/// one side did alone is in the union.
#[test]
fn histories_of_spaces() {
    fn property(steps: Vec<(u8, u8)>) {
        let mut start = Environment::new();
        let spaces = [start.new_space(), start.new_space()];
        let mut handles = vec![start; HANDLES];
        for (kind, which) in steps {
            let [a, b] = [which, which / 3].map(|which| usize::from(which) % HANDLES);
            let space = spaces[usize::from(which / 9) % 2];
            let fact = format!("f{}", which / 18 % 3);
            match kind % 8 {
                0..3 => {
                    if let Some(mut space) = handles[a].space_mut(space) {
                        space.add_fact(atom(&fact));
                    }
                }
                3 => {
                    if let Some(mut space) = handles[a].space_mut(space) {
                        space.remove_fact(&atom(&fact));
                    }
                }
                4 => drop(handles[a].remove_space(space)),
                5 => handles[a] = handles[b].clone(),
                kind => {
                    let (ours, theirs) = (handles[a].clone(), handles[b].clone());
                    let subjects = |result: Result<Environment, Conflicts>| match result {
                        Ok(_) => Vec::new(),
                        Err(conflicts) => conflicts.0.iter().map(|conflict| conflict.subject).collect(),
                    };
                    let listed = subjects(ours.union_with(&theirs, resolve::fail));
                    assert_eq!(listed, subjects(theirs.union_with(&ours, resolve::fail)));
                    let rule = if kind == 6 { resolve::ours } else { resolve::theirs };
                    let union = ours.union_with(&theirs, rule).unwrap();
                    union.check();
                    for id in spaces {
                        let has = [&ours, &theirs, &union].map(|env| env.space(id).is_some());
                        match has {
                            [true, true, exists] => assert!(exists),
                            [false, false, exists] => assert!(!exists),
                            [ours, _, exists] if listed.contains(&Subject::Space(id)) => {
                                assert_eq!(exists, ours == (kind == 6));
                            }
                            // One side's alone, whichever comes first.
                            [.., exists] => assert_eq!(exists, theirs.union(&ours).space(id).is_some()),
                        }
                    }
                    handles[a] = union;
                }
            }
            let [from, to] = [&handles[a], &handles[b]];
            let patch = from.diff(to);
            let mut patched = from.clone();
            patched.apply(&patch);
            assert_eq!(&patched, to);
            patched.apply(&patch.inverse());
            assert_eq!(&patched, from);
        }
    }
    quick_check(1_000).quickcheck(property as fn(Vec<(u8, u8)>));
}

/// The facts, rules and types of a space.
fn counts(env: &Environment, space: SpaceId) -> [usize; 3] {
    let space = env.space(space).unwrap();
    space.check();
    [space.fact_count(), space.rule_count(), space.types("f").count()]
}

#[test]
fn a_data_space_has_facts_only() {
    let mut env = Environment::<Atom>::new();
    let data = env.new_data_space();
    let (rule, annotation) = (atom("(= (f $x) (g $x))"), atom("(: f (-> A B))"));
    let mut space = env.space_mut(data).unwrap();
    space.add_fact(rule.clone());
    space.add_rule(atom("$any"), atom("wild"));
    space.add_rules_bulk((0..600).map(|i| (Atom::from(i), atom("number"))));
    space.add_type(atom("f"), atom("C"));
    space.insert_fact(annotation.clone());
    assert_eq!(counts(&env, data), [604, 0, 0]);

    let space = env.space(data).unwrap();
    assert_eq!(space.rule_multiplicity(&atom("(f $y)"), &atom("(g $y)")), 1);
    assert_eq!(
        space.matching_rules("f", 1).count() + space.rules().count() + space.heads().count(),
        0
    );
    assert_eq!(
        space.rules_for(&atom("(f 1)")).count() + space.rules_for(&atom("$p")).count(),
        0
    );
    assert!(space.suggest_heads("f", 2).is_empty() && space.types_of(&atom("f")).is_empty());
    assert_eq!(space.query(&atom("(= $left $right)")).count(), 602);
    assert_eq!(space.query(&atom("(= (f 1) $right)")).count(), 2);
    assert_eq!(space.matches(&atom("(: f $type)")).count(), 2);
    // Rules of variables named otherwise are the same fact, which is returned under canonical names, as all facts are.
    assert!(space.contains(&atom("(= (f $y) (g $y))")));
    assert!(space.iter().any(|(fact, _)| fact.to_string() == "(= (f $0) (g $0))"));

    let mut space = env.space_mut(data).unwrap();
    assert!(space.remove_rule(atom("$x"), atom("wild")) && space.remove_fact(&annotation));
    assert_eq!(space.remove_all(&rule), 1);
    assert_eq!(counts(&env, data), [601, 0, 0]);
}

#[test]
fn a_data_space_stays_one_in_forks_unions_patches_and_files() {
    let (_, base, [mut ours, mut theirs]) = forks();
    let data = ours.new_data_space();
    add(&mut ours, data, "(= (f) 1)");
    let draft = ours.fork_space(data).unwrap();
    add(&mut ours, draft, "(= (f) 2)");
    let is_data = |id: SpaceId| id.kind() == SpaceKind::Data && SpaceId::from_bytes(id.to_bytes()) == id;
    assert!(is_data(data) && is_data(draft) && data != draft);
    assert!(ours.spaces().filter(|(id, _)| !is_data(*id)).count() == 1);

    // Each side has a data space of its own, and changes one that both have.
    let both = theirs.new_data_space();
    add(&mut theirs, both, "(: f A)");
    let united = ours.union(&theirs);
    assert_eq!(
        [data, draft, both].map(|id| counts(&united, id)),
        [[1, 0, 0], [2, 0, 0], [1, 0, 0]]
    );
    let [mut left, mut right] = [united.clone(), united.clone()];
    add(&mut left, data, "(= (f) 3)");
    right
        .space_mut(data)
        .unwrap()
        .add_facts_bulk((0..600).map(|i| atom(&format!("(= {i} {i})"))));
    for united in [
        left.union(&right),
        right.union(&left),
        Environment::union_all([&left, &right]),
    ] {
        assert_eq!(counts(&united, data), [602, 0, 0]);
    }

    // A patch makes it, and makes it again where it is gone.
    let patch = base.diff(&united);
    assert!(
        patch.to_string().contains(&format!("{data}: created for data\n")),
        "{patch}"
    );
    let mut patched = base.clone();
    patched.apply(&patch);
    assert_eq!(
        [data, draft, both].map(|id| counts(&patched, id)),
        [[1, 0, 0], [2, 0, 0], [1, 0, 0]]
    );
    assert!(patched == united);
    patched.remove_space(draft);
    let change = Change::Atom {
        space: Some(draft),
        atom: atom("(= a b)"),
        from: 0,
        to: 1,
    };
    patched.apply(&Patch::from_iter([change]));
    assert_eq!(counts(&patched, draft), [1, 0, 0]);

    let mut file = Vec::new();
    united.save_to(&mut file, &pleach::persist::NoCodec).unwrap();
    let loaded = Environment::<Atom>::load_from(&file[..], &pleach::persist::NoCodec).unwrap();
    assert!(loaded == united);
    assert_eq!(
        [data, draft, both].map(|id| counts(&loaded, id)),
        [[1, 0, 0], [2, 0, 0], [1, 0, 0]]
    );
}
