//! The documented behaviour of `Environment`. Laws are tested in `laws.rs`, costs in `tests/memory/costs.rs`.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::panic::{AssertUnwindSafe, catch_unwind};

use pleach::env::Change;
use pleach::term::{Leaf, View};
use pleach::{Atom, Environment, Term};
use pleach_testkit::quick_check;

fn atom(text: &str) -> Atom {
    text.parse().unwrap()
}

fn world(facts: &[&str]) -> Environment {
    facts.iter().map(|text| atom(text)).collect()
}

/// The rules of `head/arity`, printed.
fn rules(env: &Environment, head: &str, arity: usize) -> Vec<String> {
    env.get_matching_rules(head, arity)
        .map(|rule| rule.atom().to_string())
        .collect()
}

mod ownership {
    use super::*;

    #[test]
    fn a_clone_does_not_own_its_data() {
        let env = world(&["(a)"]);
        assert!(env.owns_data());
        let clone = env.clone();
        assert!(!clone.owns_data() && !env.owns_data());
        assert!(clone.ptr_eq(&env));
        drop(clone);
        assert!(env.owns_data());
    }

    #[test]
    fn the_first_write_after_a_clone_copies_the_snapshot() {
        let env = world(&["(a)"]);
        let mut clone = env.clone();
        assert!(!clone.contains(&atom("(b)")), "reading does not make it owned");
        assert!(clone.ptr_eq(&env));
        assert!(
            !clone.remove_fact(&atom("(b)")),
            "nor does a write that changes nothing"
        );
        assert!(clone.ptr_eq(&env));

        clone.add_fact(atom("(b)"));
        assert!(clone.owns_data() && !clone.ptr_eq(&env));
        let at = std::sync::Arc::as_ptr(clone.snapshot());
        clone.add_fact(atom("(c)"));
        assert_eq!(
            at,
            std::sync::Arc::as_ptr(clone.snapshot()),
            "the second write is in place"
        );
    }

    #[test]
    fn make_owned_does_nothing_when_owned() {
        let mut env = world(&["(a)"]);
        let at = std::sync::Arc::as_ptr(env.snapshot());
        env.make_owned();
        assert_eq!(at, std::sync::Arc::as_ptr(env.snapshot()));
    }

    #[test]
    fn modification_is_tracked_for_each_handle() {
        let mut env = world(&["(a)"]);
        let (mut clone, other) = (env.clone(), env.clone());
        clone.make_owned();
        assert!(!clone.is_modified(), "to own is not to modify");
        clone.add_fact(atom("(b)"));
        assert!(clone.is_modified() && !other.is_modified());
        env.add_fact(atom("(c)"));
        assert!(!other.is_modified(), "the original's writes are not the clone's");
        assert!(!clone.clone().is_modified(), "a new handle begins unmodified");
        let mut idle = other.clone();
        idle.set_multiplicities([(atom("(a)"), 1)]);
        assert!(!idle.is_modified());
    }

    #[test]
    fn clones_are_isolated_in_both_directions() {
        let mut env = world(&["(a)", "(= (f) 1)"]);
        let mut clone = env.clone();
        clone.add_fact(atom("(of the clone)"));
        env.add_fact(atom("(of the original)"));
        clone.remove_fact(&atom("(= (f) 1)"));
        assert!(!env.contains(&atom("(of the clone)")) && !clone.contains(&atom("(of the original)")));
        assert_eq!((rules(&env, "f", 0).len(), rules(&clone, "f", 0).len()), (1, 0));
    }
}

mod writing {
    use super::*;

    #[test]
    fn rules_and_annotations_are_facts_however_they_are_added() {
        let mut by_name = Environment::new();
        by_name.add_rule(atom("(f $x)"), atom("$x"));
        by_name.add_type(atom("f"), atom("(-> A A)"));
        let by_fact = world(&["(= (f $x) $x)", "(: f (-> A A))"]);
        assert_eq!(by_name, by_fact);
        assert_eq!(rules(&by_fact, "f", 1), rules(&by_name, "f", 1));
        assert_eq!(by_fact.get_type("f"), Some(&atom("(-> A A)")));
        assert_eq!(by_fact.get_rule_count(&atom("(f $y)"), &atom("$y")), 1);
        assert_eq!((by_fact.len(), by_fact.fact_count(), by_fact.rule_count()), (2, 2, 1));
    }

    #[test]
    fn removing_a_rule_removes_it_from_every_index() {
        let mut env = world(&["(= (f $x) 1)", "(= $w 2)", "(: f T)", "(= (f $x) 1)"]);
        assert!(env.remove_rule(atom("(f $z)"), atom("1")));
        assert_eq!(rules(&env, "f", 1).len(), 2, "one of two occurrences");
        assert!(env.remove_fact(&atom("(= (f $q) 1)")));
        assert!(env.remove_fact(&atom("(= $v 2)")) && env.remove_fact(&atom("(: f T)")));
        assert!(!env.remove_fact(&atom("(: f T)")));
        assert_eq!(
            (rules(&env, "f", 1).len(), env.rule_count(), env.get_type("f")),
            (0, 0, None)
        );
        assert!(env.is_empty());
        env.check();
    }

    /// As a set: a fact that is present is not added, and all occurrences are removed at once.
    #[test]
    fn a_set_of_facts() {
        let texts = ["(p 1)", "(= (f $x) 1)", "(= $w 2)", "(: f T)", "(p $x $y $x)"];
        let mut env = Environment::<Atom>::new();
        let fork = env.clone();
        for text in texts {
            assert!(env.insert_fact(atom(text)), "{text}");
            let before = env.clone();
            assert!(!env.insert_fact(atom(text)), "{text}");
            assert!(env.ptr_eq(&before), "nothing is written: {text}");
        }
        assert_eq!((env.len(), env.rule_count()), (5, 2));
        env.check();
        assert!(!env.insert_fact(atom("(p $a $b $a)")), "the same but for names");
        for text in texts {
            env.add_multiplicities([(atom(text), 3)]);
            assert!(!env.insert_fact(atom(text)));
            assert_eq!(env.multiplicity(&atom(text)), 4, "{text}");
            assert_eq!(env.remove_all(&atom(text)), 4, "{text}");
            let before = env.clone();
            assert_eq!(env.remove_all(&atom(text)), 0, "{text}");
            assert!(env.ptr_eq(&before), "nothing is written: {text}");
        }
        env.check();
        assert_eq!(env, fork);
        let id = env.new_space();
        let mut space = env.space_mut(id).unwrap();
        space.add_fact(atom("(p 1)"));
        assert!(space.insert_fact(atom("(p 2)")) && !space.insert_fact(atom("(p 1)")));
        assert_eq!((space.remove_all(&atom("(p 1)")), env.len()), (1, 0));
        assert_eq!(env.space(id).unwrap().len(), 1);
    }

    #[test]
    fn values_keep_their_types() {
        let mut env = world(&["(p 1)", "(p 1.0)", "(p \"1\")", "(p 1)"]);
        let counts = ["(p 1)", "(p 1.0)", "(p \"1\")", "(p |1|)"].map(|text| env.multiplicity(&atom(text)));
        assert_eq!(counts, [2, 1, 1, 0]);
        assert!(env.remove_fact(&atom("(p 1.0)")));
        assert_eq!((env.len(), env.fact_count()), (3, 2));
    }

    #[test]
    fn sizes_have_no_small_limits() {
        let wide = format!("(wide {})", "x ".repeat(70_000));
        let long = "s".repeat(100_000);
        let variables: String = (0..10_000).map(|i| format!("$v{i} ")).collect();
        let deep = format!("{}x{}", "(".repeat(100_000), ")".repeat(100_000));
        let texts = [
            wide,
            format!("({long} \"{long}\")"),
            format!("(many {variables})"),
            deep,
        ];
        let mut env = world(&texts.each_ref().map(String::as_str));
        env.add_rule(atom(&texts[3]), atom(&texts[0]));
        for text in &texts {
            assert_eq!(env.multiplicity(&atom(text)), 1);
        }
        env.check();
        let all: Vec<_> = env.iter().collect();
        assert_eq!(all.len(), 5);
        let mut fork = env.clone();
        assert!(texts.iter().all(|text| fork.remove_fact(&atom(text))));
        assert_eq!(fork.union(&env).len(), 1, "what one side removed is gone");
    }

    #[test]
    fn bulk_writes_equal_single_writes() {
        let texts = [
            "(= (f) 2)",
            "(a)",
            "(= (f) 1)",
            "(a)",
            "(: f T)",
            "(= $x 0)",
            "(= (f) 2)",
            "(: f S)",
        ];
        let bulk = world(&texts);
        let mut single = Environment::new();
        texts.iter().for_each(|text| single.add_fact(atom(text)));
        assert_eq!(bulk, single);
        assert_eq!(rules(&bulk, "f", 0), ["(= (f) 2)", "(= (f) 1)", "(= $x 0)"]);
        assert_eq!(rules(&single, "f", 0), rules(&bulk, "f", 0));
        assert!(bulk.types("f").eq(single.types("f")));
    }

    /// Enough atoms for a sorted bulk load.
    #[test]
    fn large_bulk_writes_equal_single_writes() {
        fn property(picks: Vec<u8>) {
            let long = "l".repeat(200);
            let text = |pick: u8| match (pick % 8, pick / 8) {
                (0, n) => format!("(fact {n})"),
                (1, n) => format!("(= (f{} $x) {n})", n % 4),
                (2, n) => format!("(= (f{} $renamed) {n})", n % 4),
                (3, n) => format!("(: f{} T{})", n % 4, n % 8),
                (4, n) => format!("(= ${n} wild)"),
                (5, n) => format!("(= ($h {n}) wild)"),
                (6, n) => format!("({long} {n})"),
                (_, n) => format!("(= ({long} $x) {n})"),
            };
            let picks = picks
                .iter()
                .cycle()
                .take(if picks.is_empty() { 0 } else { 300 + picks.len() });
            let atoms: Vec<Atom> = picks.map(|pick| atom(&text(*pick))).collect();
            let bulk: Environment = atoms.iter().cloned().collect();
            let mut single = Environment::new();
            atoms.into_iter().for_each(|atom| single.add_fact(atom));
            bulk.check();
            let shown = |env: &Environment| {
                let rules = env
                    .rules()
                    .map(|rule| format!("{} {} × {}", rule.order(), rule.atom(), rule.multiplicity()));
                (
                    rules.collect::<Vec<_>>(),
                    (0..4)
                        .map(|i| env.types(&format!("f{i}")).cloned().collect::<Vec<_>>())
                        .collect::<Vec<_>>(),
                )
            };
            assert!(bulk == single && bulk.len() == single.len());
            assert_eq!(shown(&bulk), shown(&single));
        }
        quick_check(300).quickcheck(property as fn(Vec<u8>));
    }

    #[test]
    fn bulk_writes_are_atomic() {
        let mut env = world(&["(a)"]);
        let before = env.clone();
        let atoms = (0..10).map(|i| {
            if i < 5 {
                atom("(b)")
            } else {
                panic!("the iterator gives up")
            }
        });
        assert!(catch_unwind(AssertUnwindSafe(|| env.add_facts_bulk(atoms))).is_err());
        assert!(env.ptr_eq(&before));
        env.check();
    }

    #[test]
    fn multiplicities_are_set_and_listed() {
        let mut env = world(&["(a)", "(b)"]);
        env.set_multiplicities([(atom("(a)"), 3), (atom("(b)"), 0), (atom("(c)"), 2), (atom("(d)"), 0)]);
        let mut listed: Vec<_> = env
            .get_multiplicities()
            .map(|(atom, count)| (atom.to_string(), count))
            .collect();
        listed.sort();
        assert_eq!(listed, [("(a)".into(), 3), ("(c)".into(), 2)]);
        assert_eq!(env.len(), 5);
    }

    #[test]
    fn multiplicities_saturate() {
        let mut env = Environment::new();
        env.set_multiplicities([(atom("(a)"), u64::MAX)]);
        env.add_fact(atom("(a)"));
        assert_eq!((env.multiplicity(&atom("(a)")), env.len()), (u64::MAX, u64::MAX));
        env.add_fact(atom("(b)"));
        assert_eq!(env.len(), u64::MAX);
        env.check();
    }

    #[test]
    fn rebuilding_the_index_changes_nothing() {
        let env = world(&["(= (f) 2)", "(= (f) 1)", "(: f T)", "(= $x 0)"]);
        let mut rebuilt = env.clone();
        rebuilt.rebuild_rule_index();
        rebuilt.check();
        assert_eq!(rules(&rebuilt, "f", 0), rules(&env, "f", 0));
        assert!(!rebuilt.is_modified());
    }
}

mod union {
    use super::*;

    struct Handle;

    impl pleach::term::Grounded for Handle {
        fn type_name(&self) -> &str {
            "Handle"
        }
        fn identity(&self) -> std::borrow::Cow<'_, [u8]> {
            std::borrow::Cow::Borrowed(b"handle")
        }
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("handle")
        }
    }

    /// An atom that both sides add has the names of the later one. Once, that depended on how many others there were.
    #[test]
    fn names_of_variables_do_not_depend_on_the_number_of_new_facts() {
        let held = |name| Atom::expression([Atom::symbol("h"), Atom::variable(name), Atom::grounded(Handle)]);
        for others in [0, 1_000] {
            let base = world(&["(a)"]);
            let (mut left, mut right) = (base.clone(), base.clone());
            left.add_fact(held("left"));
            right.add_fact(held("right"));
            right.add_facts_bulk((0..others).map(Atom::from));
            let union = left.union(&right);
            let printed: Vec<String> = union.iter().map(|(atom, count)| format!("{count} {atom}")).collect();
            assert!(
                printed.contains(&"2 (h $right handle)".to_owned()),
                "{others}: {printed:.3?}"
            );
        }
    }

    /// Two forks with versions of their own and the same content.
    #[test]
    fn forks_that_were_made_owned_and_not_written_count_once() {
        let env = world(&["(a)"]);
        let (mut left, mut right) = (env.clone(), env.clone());
        left.make_owned();
        right.rebuild_rule_index();
        assert_eq!(left.union(&right).len(), 1);
    }

    #[test]
    fn unions_with_ancestors_return_the_same_snapshot() {
        let env = world(&["(a)"]);
        let (mut one, other) = (env.clone(), env.clone());
        assert!(env.union(&env).ptr_eq(&env));
        assert!(one.union(&other).ptr_eq(&env), "neither modified");
        one.add_fact(atom("(b)"));
        assert!(
            one.union(&other).ptr_eq(&one) && other.union(&one).ptr_eq(&one),
            "one modified"
        );
        let mut far = one.clone();
        (0..10).for_each(|i| {
            far.add_fact(Atom::from(i));
            far = far.clone();
        });
        assert!(
            far.union(&env).ptr_eq(&far) && env.union(&far).ptr_eq(&far),
            "an ancestor far away"
        );
    }

    #[test]
    fn a_deep_merge_adds_new_occurrences_and_counts_inherited_ones_once() {
        let mut base = world(&["(= (f) 0)", "(a)", "(a)"]);
        base.add_type(atom("f"), atom("T"));
        let (mut left, mut right) = (base.clone(), base.clone());
        left.add_fact(atom("(= (f) left)"));
        right.add_fact(atom("(= (f) right)"));
        right.add_fact(atom("(= (f) both)"));
        left.add_fact(atom("(= (f) both)"));
        left.add_fact(atom("(a)"));
        right.remove_fact(&atom("(a)"));
        let union = left.union(&right);
        union.check();
        assert_eq!(
            rules(&union, "f", 0),
            ["(= (f) 0)", "(= (f) left)", "(= (f) both)", "(= (f) right)"]
        );
        assert_eq!(union.get_rule_count(&atom("(f)"), &atom("both")), 2);
        assert_eq!((union.multiplicity(&atom("(a)")), union.types("f").count()), (2, 1));
        assert_eq!(union, right.union(&left));
    }

    /// Enough new facts to be merged by whole branches.
    #[test]
    fn the_total_counts_saturated_multiplicities() {
        let base = world(&["(a)"]);
        let fork = |least: u64| {
            let mut fork = base.clone();
            fork.set_multiplicities((0..600).map(|i| (Atom::from(i), least + i as u64)));
            fork
        };
        let union = fork(u64::MAX - 600).union(&fork(300));
        union.check();
        assert_eq!(union.multiplicity(&Atom::from(599)), u64::MAX);
    }

    #[test]
    fn multiplicities_of_unrelated_environments_add_up() {
        let (a, b) = (world(&["(a)", "(= (f) 1)"]), world(&["(a)", "(= (f) 2)"]));
        let union = a.union(&b);
        assert_eq!((union.len(), union.multiplicity(&atom("(a)"))), (4, 2));
        assert_eq!(rules(&union, "f", 0), ["(= (f) 1)", "(= (f) 2)"]);
    }

    #[test]
    fn many_are_merged_in_order() {
        let base = world(&["(= (f) base)"]);
        let forks: Vec<_> = (0..100)
            .map(|i| {
                let mut fork = base.clone();
                fork.add_rule(atom("(f)"), Atom::from(i));
                fork
            })
            .collect();
        let united = Environment::union_all(&forks);
        united.check();
        let expected: Vec<_> = ["(= (f) base)".to_owned()]
            .into_iter()
            .chain((0..100).map(|i| format!("(= (f) {i})")))
            .collect();
        assert_eq!(rules(&united, "f", 0), expected);
        assert!(Environment::<Atom>::union_all([]).is_empty());
    }

    /// A history where two versions merge each other repeatedly has one more pair of bases for each
    /// round; the base of the last is found without recursing through them.
    #[test]
    fn a_long_criss_cross_is_counted_once() {
        let base = world(&["(base)"]);
        let (mut a, mut b) = (base.clone(), base);
        for round in 0..200 {
            a.add_fact(Atom::expression([Atom::symbol("a"), Atom::from(round)]));
            b.add_fact(Atom::expression([Atom::symbol("b"), Atom::from(round)]));
            (a, b) = (a.union(&b), b.union(&a));
        }
        assert_eq!(a, b);
        assert_eq!(a.len(), 401);
        assert_eq!(a.union(&b).len(), 401);
    }

    #[test]
    fn a_diff_lists_what_changed() {
        let env = world(&["(a)", "(b)", "(b)"]);
        let mut fork = env.clone();
        fork.remove_fact(&atom("(a)"));
        fork.add_fact(atom("(b)"));
        fork.add_fact(atom("(c)"));
        let patch = env.diff(&fork);
        assert_eq!(patch.to_string(), "-1 (a)\n+1 (b)\n+1 (c)\n");
        let Change::Atom { atom: b, from, to, .. } = &patch.iter().as_slice()[1] else {
            panic!("an atom")
        };
        assert_eq!((b, *from, *to), (&atom("(b)"), 2, 3));
        assert!(env.diff(&env.clone()).is_empty());
    }

    #[test]
    fn a_union_is_a_diff_applied() {
        fn property(base: Vec<u8>, left: Vec<u8>, right: Vec<u8>) -> bool {
            let [base, left, right] = [base, left, right].map(|changes| changes.into_iter().take(20));
            let definition =
                |n: &u8| Atom::expression([Atom::symbol("="), atom("(f)"), Atom::from(i64::from(n / 2 % 8))]);
            let change = |mut env: Environment, changes: &[u8]| {
                for n in changes {
                    if n % 2 == 0 {
                        env.add_fact(definition(n));
                    } else {
                        env.remove_fact(&definition(n));
                    }
                }
                env
            };
            let base: Environment = base.map(|n| definition(&n)).collect();
            let (left, right): (Vec<_>, Vec<_>) = (left.collect(), right.collect());
            let (left, right) = (change(base.clone(), &left), change(base.clone(), &right));
            let mut patched = left.clone();
            patched.apply(&base.diff(&right));
            let union = left.union(&right);
            let mut undone = right.clone();
            undone.apply(&base.diff(&right).inverse());
            patched.check();
            let same_order = left.ptr_eq(&base) || rules(&union, "f", 0) == rules(&patched, "f", 0);
            union == patched && same_order && undone == base
        }
        quick_check(2_000).quickcheck(property as fn(_, _, _) -> _);
    }

    #[test]
    fn union_is_commutative_and_idempotent() {
        fn property(base: Vec<u8>, left: Vec<u8>, right: Vec<u8>) -> bool {
            let number = |n: &u8| Atom::from(i64::from(n % 16));
            let base: Environment = base.iter().map(number).collect();
            let change = |changes: &[u8]| {
                let mut fork = base.clone();
                for n in changes {
                    if n % 2 == 0 {
                        fork.add_fact(number(n));
                    } else {
                        fork.remove_fact(&number(n));
                    }
                }
                fork
            };
            let (left, right) = (change(&left), change(&right));
            let union = left.union(&right);
            union == right.union(&left) && union.union(&right).ptr_eq(&union) && left.union(&union).ptr_eq(&union)
        }
        quick_check(2_000).quickcheck(property as fn(_, _, _) -> _);
    }

    #[test]
    fn union_of_additions_is_associative() {
        fn property(base: Vec<u8>, a: Vec<u8>, b: Vec<u8>, c: Vec<u8>) -> bool {
            let number = |n: &u8| Atom::from(i64::from(n % 16));
            let base: Environment = base.iter().map(number).collect();
            let [a, b, c] = [a, b, c].map(|added| {
                let mut fork = base.clone();
                fork.add_facts_bulk(added.iter().map(number));
                fork
            });
            a.union(&b).union(&c) == a.union(&b.union(&c))
        }
        quick_check(2_000).quickcheck(property as fn(_, _, _, _) -> _);
    }
}

mod cells_and_spaces {
    use pleach::env::{IdSeed, Patch, Resolution, StateId, resolve};

    use super::*;

    /// Regression test, found by fuzzing: two unions gave out the same ids, counted on from their left operand.
    #[test]
    fn unions_of_the_same_operand_make_different_spaces_and_states() {
        let base = world(&["(a)"]);
        let (mut left, mut right, mut third) = (base.clone(), base.clone(), base.clone());
        left.add_fact(atom("(left)"));
        right.add_fact(atom("(right)"));
        third.add_fact(atom("(third)"));
        let mut unions = [
            left.union(&right),
            left.union(&right),
            left.union(&third),
            Environment::union_all([&left, &right, &third]),
            Environment::union_all([&left, &right, &third]),
            left,
        ];
        let spaces: Vec<_> = unions.iter_mut().map(Environment::new_space).collect();
        let states: Vec<_> = unions.iter_mut().map(|env| env.new_state(atom("(new)"))).collect();
        for at in 1..unions.len() {
            assert!(!spaces[..at].contains(&spaces[at]) && !states[..at].contains(&states[at]));
        }
    }

    #[test]
    fn spaces_states_and_bindings_are_forked_and_merged() {
        let mut env = world(&[]);
        let (space, state) = (env.new_space(), env.new_state(atom("zero")));
        env.bind("name", atom("old"));
        env.space_mut(space)
            .unwrap()
            .add_facts_bulk([atom("(a)"), atom("(= (f) 0)")]);
        let (mut left, mut right) = (env.clone(), env.clone());
        left.space_mut(space).unwrap().add_rule(atom("(f)"), atom("left"));
        left.change_state(state, atom("one"));
        let news = right.new_space();
        right.space_mut(news).unwrap().add_fact(atom("(b)"));
        right.space_mut(space).unwrap().add_rule(atom("(f)"), atom("right"));
        right.space_mut(space).unwrap().remove_fact(&atom("(a)"));
        right.bind("name", atom("new"));

        assert_eq!(env.space(space).unwrap().len(), 2);
        assert_eq!(
            (env.state(state), env.binding("name")),
            (Some(&atom("zero")), Some(&atom("old")))
        );
        let union = left.union(&right);
        let in_space: Vec<_> = union
            .space(space)
            .unwrap()
            .matching_rules("f", 0)
            .map(|rule| rule.rhs().to_string())
            .collect();
        assert_eq!(in_space, ["0", "left", "right"]);
        assert!(
            union.space(news).unwrap().contains(&atom("(b)")) && !union.space(space).unwrap().contains(&atom("(a)"))
        );
        assert_eq!(
            (union.state(state), union.binding("name")),
            (Some(&atom("one")), Some(&atom("new")))
        );
        assert!(union.is_empty(), "the environment's own space is another");

        let mut patched = left.clone();
        patched.apply(&env.diff(&right));
        assert!(patched == union && patched != left);
        patched.apply(&env.diff(&right).inverse());
        assert!(patched.space(news).is_none() && patched.space(space) == left.space(space));
    }

    #[test]
    fn forks_make_different_spaces() {
        let env = world(&[]);
        let (mut left, mut right) = (env.clone(), env.clone());
        let ids = [left.new_space(), left.new_space(), right.new_space()];
        assert!(ids[0] != ids[1] && ids[1] != ids[2] && ids[0] != ids[2]);
        let union = left.union(&right);
        assert!(ids.iter().all(|id| union.space(*id).is_some()));
    }

    #[test]
    fn seeded_handles_give_the_same_ids_each_time() {
        let run = || {
            let env = world(&[]);
            let mut forks: Vec<_> = (0..3)
                .map(|i| {
                    let mut fork = env.clone();
                    fork.set_id_seed(IdSeed::root().child(i));
                    fork
                })
                .collect();
            let mut ids: Vec<_> = forks
                .iter_mut()
                .flat_map(|fork| [fork.new_space(), fork.new_space()])
                .collect();
            let keep = forks[0].clone();
            ids.push(forks[0].new_space());
            drop(keep);
            ids
        };
        let ids = run();
        assert_eq!(ids, run());
        assert_eq!(ids.iter().collect::<std::collections::BTreeSet<_>>().len(), 7);
    }

    #[test]
    fn missing_spaces_and_states_are_not_created_by_writes() {
        let mut env = world(&[]);
        let (space, state) = (env.clone().new_space(), env.clone().new_state(atom("a")));
        let before = env.clone();
        assert!(env.space_mut(space).is_none() && env.space(space).is_none());
        assert!(!env.change_state(state, atom("b")) && env.state(state).is_none() && env.binding("a").is_none());
        assert!(env.ptr_eq(&before));
    }

    /// Two environments that set a state to X and Y, then each merged the earlier version of the other and kept its own content.
    fn dispute() -> (StateId, [Environment; 2], [Environment; 2]) {
        let mut base = world(&[]);
        let state = base.new_state(atom("0"));
        base.bind("b", atom("0"));
        let (mut x, mut y) = (base.clone(), base);
        for (handle, value) in [(&mut x, "X"), (&mut y, "Y")] {
            handle.change_state(state, atom(value));
            handle.bind("b", atom(value));
        }
        let c = x.union_with(&y, resolve::ours).unwrap();
        let d = y.union_with(&x, resolve::ours).unwrap();
        (state, [x, y], [c, d])
    }

    fn held(env: &Environment, state: StateId) -> String {
        format!("{} {}", env.state(state).unwrap(), env.binding("b").unwrap())
    }

    #[test]
    fn a_cell_disputed_by_merge_bases_is_a_conflict() {
        let (state, [x, y], [c, d]) = dispute();
        for (ours, theirs) in [(&c, &d), (&d, &c)] {
            let conflicts = ours.union_with(theirs, resolve::fail).unwrap_err();
            assert_eq!(conflicts.0.len(), 2);
            assert!(
                conflicts
                    .0
                    .iter()
                    .all(|conflict| conflict.disputed && conflict.base.is_none())
            );
            assert_eq!(
                held(&ours.union_with(theirs, resolve::ours).unwrap(), state),
                held(ours, state)
            );
            assert_eq!(
                held(&ours.union_with(theirs, resolve::theirs).unwrap(), state),
                held(theirs, state)
            );
            assert_eq!(held(&ours.union(theirs), state), held(theirs, state));
        }
        // A third content conflicts as well.
        let mut z = d.clone();
        z.change_state(state, atom("Z"));
        assert_eq!(c.union_with(&z, resolve::fail).unwrap_err().0.len(), 2);
        // Both resolved it to the same content.
        let alike = y.union_with(&x, resolve::theirs).unwrap();
        assert_eq!(held(&c.union_with(&alike, resolve::fail).unwrap(), state), "X X");
    }

    #[test]
    fn a_resolved_dispute_is_no_longer_a_conflict() {
        let (state, _, [c, d]) = dispute();
        let decided = c.union_with(&d, |_| Resolution::Value(atom("Z"))).unwrap();
        let mut later = [c.clone(), d.clone()];
        later.iter_mut().for_each(|env| env.add_fact(atom("news")));
        for env in &later {
            let union = decided.union_with(env, resolve::fail).unwrap();
            assert_eq!(held(&union, state), "Z Z");
            assert_eq!(held(&env.union_with(&union, resolve::fail).unwrap(), state), "Z Z");
        }
        // Merging that with the earlier ones is another criss-cross, without a conflict.
        let (mut e, mut f) = (decided.union(&later[0]), later[1].union(&decided));
        e.add_fact(atom("e"));
        f.add_fact(atom("f"));
        assert_eq!(held(&f.union_with(&e, resolve::fail).unwrap(), state), "Z Z");
    }

    /// The virtual base of two versions is disputed because the virtual bases below it are.
    #[test]
    fn disputes_propagate_to_later_virtual_bases() {
        let (state, _, [mut c, mut d]) = dispute();
        for round in 0..20 {
            for env in [&mut c, &mut d] {
                env.add_fact(Atom::from(round));
            }
            assert_eq!(c.union_with(&d, resolve::fail).unwrap_err().0.len(), 2, "round {round}");
            (c, d) = (
                c.union_with(&d, resolve::ours).unwrap(),
                d.union_with(&c, resolve::ours).unwrap(),
            );
        }
        assert_eq!((held(&c, state), held(&d, state)), ("X X".into(), "Y Y".into()));
    }

    /// A change that one of the merge bases already includes is taken.
    #[test]
    fn an_outdated_merge_base_disputes_nothing() {
        let mut base = world(&[]);
        let state = base.new_state(atom("0"));
        let (mut a, mut b) = (base.clone(), base);
        for round in 0..20 {
            a.change_state(state, Atom::from(round));
            b.add_fact(Atom::from(round));
            (a, b) = (
                a.union_with(&b, resolve::fail).unwrap(),
                b.union_with(&a, resolve::fail).unwrap(),
            );
            assert_eq!(
                (a.state(state), b.state(state)),
                (Some(&Atom::from(round)), Some(&Atom::from(round)))
            );
        }
    }

    #[test]
    fn a_disputed_cell_may_be_absent() {
        let base = world(&[]);
        let mut x = base.clone();
        x.bind("b", atom("X"));
        let removal: Patch = x.diff(&base);
        let y = base.clone();
        let (mut x1, mut y1) = (x.clone(), x.clone());
        x1.bind("b", atom("Y"));
        y1.apply(&removal);
        let c = x1.union_with(&y1, resolve::ours).unwrap();
        let d = y1.union_with(&x1, resolve::ours).unwrap();
        assert_eq!((c.binding("b"), d.binding("b")), (Some(&atom("Y")), None));
        let conflicts = c.union_with(&d, resolve::fail).unwrap_err();
        assert_eq!(
            (&conflicts.0[0].ours, &conflicts.0[0].theirs),
            (&Some(atom("Y")), &None)
        );
        assert_eq!(c.union(&d).binding("b"), None);
        assert_eq!(y.union_with(&c, resolve::fail).unwrap().binding("b"), Some(&atom("Y")));
    }

    #[test]
    fn conflicts_are_listed_and_resolved() {
        let mut env = world(&[]);
        let states: Vec<_> = (0..4).map(|i| env.new_state(Atom::from(i))).collect();
        let (mut left, mut right) = (env.clone(), env.clone());
        for (handle, by) in [(&mut left, 10), (&mut right, 20)] {
            handle.change_state(states[0], Atom::from(by));
            handle.change_state(states[2], Atom::from(by + 2));
            handle.bind("n", Atom::from(by));
            handle.change_state(states[3], atom("alike"));
        }
        left.change_state(states[1], Atom::string("left only"));

        let conflicts = left.union_with(&right, resolve::fail).unwrap_err();
        let listed: Vec<_> = conflicts
            .0
            .iter()
            .map(|conflict| (conflict.base.clone(), conflict.ours.clone()))
            .collect();
        let number = |n: i64| Some(Atom::from(n));
        assert_eq!(
            listed,
            [(number(0), number(10)), (number(2), number(12)), (None, number(10))]
        );
        let with = |resolver: fn(&pleach::env::Conflict) -> Resolution| {
            let union = left.union_with(&right, resolver).unwrap();
            [0, 1, 2, 3]
                .map(|i| union.state(states[i]).unwrap().to_string())
                .join(", ")
        };
        assert_eq!(with(resolve::ours), "10, \"left only\", 12, alike");
        assert_eq!(
            with(resolve::theirs),
            with(|conflict| Resolution::Value(conflict.theirs.clone().unwrap()))
        );

        // A patch whose cell has another content than its old one.
        let patch: Patch = env.diff(&right);
        let before = left.clone();
        assert_eq!(left.apply_with(&patch, resolve::fail).unwrap_err().0.len(), 3);
        assert!(left.ptr_eq(&before), "a patch that fails changes nothing");
    }
}

mod stress {
    use super::*;

    #[test]
    fn a_thousand_clones_with_random_mutations() {
        let mut env: Environment = (0..1_000).map(Atom::from).collect();
        let mut random = 1u64;
        let mut clones = Vec::new();
        for i in 0..1_000 {
            random = random
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let mut clone = env.clone();
            let n = (random >> 33) as i64 % 1_000;
            assert!(clone.remove_fact(&Atom::from(n)));
            clone.add_fact(Atom::from(10_000 + i));
            clones.push((clone, n, 10_000 + i));
        }
        env.add_fact(atom("original"));
        for (clone, removed, added) in &clones {
            assert_eq!(clone.len(), 1_000);
            assert!(!clone.contains(&Atom::from(*removed)) && clone.contains(&Atom::from(*added)));
            assert!(!clone.contains(&atom("original")));
        }
        let united = Environment::union_all(clones.iter().map(|(clone, ..)| clone));
        let removed: std::collections::BTreeSet<_> = clones.iter().map(|(_, removed, _)| removed).collect();
        assert_eq!(united.len(), 2_000 - removed.len() as u64);
    }

    #[test]
    fn a_chain_of_clones_ten_thousand_deep() {
        let mut chain = vec![Environment::new()];
        for i in 0..10_000 {
            let mut next = chain[i].clone();
            next.add_fact(Atom::from(i as i64));
            chain.push(next);
        }
        assert_eq!(chain.iter().map(|env| env.len()).sum::<u64>(), 10_000 * 10_001 / 2);
        assert!(chain[0].union(&chain[10_000]).ptr_eq(&chain[10_000]));
        let last = chain.pop();
        drop(chain);
        assert_eq!(last.unwrap().len(), 10_000);
    }

    #[test]
    fn ten_thousand_rules_cloned_and_merged() {
        let mut env = Environment::new();
        env.add_rules_bulk((0..10_000).map(|i| (atom(&format!("(f{i} $x)")), Atom::from(i))));
        let (mut a, mut b) = (env.clone(), env.clone());
        a.add_rule(atom("(f7 $x)"), atom("a"));
        b.add_rule(atom("(f7 $x)"), atom("b"));
        let union = a.union(&b);
        union.check();
        assert_eq!(union.rule_count(), 10_002);
        assert_eq!(
            rules(&union, "f7", 1),
            ["(= (f7 $x) 7)", "(= (f7 $x) a)", "(= (f7 $x) b)"]
        );
    }

    #[test]
    fn clones_are_made_and_mutated_by_many_threads() {
        let env: Environment = (0..1_000).map(Atom::from).collect();
        let counts: Vec<u64> = std::thread::scope(|threads| {
            let workers: Vec<_> = (0..8)
                .map(|thread| {
                    let env = env.clone();
                    threads.spawn(move || {
                        let mut mine = env.clone();
                        for i in 0..500 {
                            mine = mine.clone();
                            mine.add_fact(Atom::from(10_000 + thread * 1_000 + i));
                            assert!(env.contains(&Atom::from(i)) && env.len() == 1_000);
                        }
                        mine.len()
                    })
                })
                .collect();
            workers.into_iter().map(|worker| worker.join().unwrap()).collect()
        });
        assert_eq!((counts, env.len()), (vec![1_500; 8], 1_000));
    }
}

/// A term type whose `view` panics after a number of calls.
mod hostile_terms {
    use std::cell::Cell;

    use super::*;

    thread_local! {
        /// The number of calls of `view` until it panics.
        static LOOKS: Cell<usize> = const { Cell::new(usize::MAX) };
    }

    #[derive(Clone, Debug, PartialEq)]
    enum Sexp {
        Word(String),
        List(Vec<Sexp>),
    }

    impl Term for Sexp {
        fn view(&self) -> View<'_, Self> {
            assert!(LOOKS.get() > 0, "no more looks");
            LOOKS.set(LOOKS.get() - 1);
            match self {
                Self::Word(word) => View::Leaf(Leaf::Symbol(word)),
                Self::List(items) => View::Expression(items),
            }
        }

        fn leaf(leaf: Leaf<'_>) -> Option<Self> {
            match leaf {
                Leaf::Symbol(word) => Some(Self::Word(word.to_owned())),
                _ => None,
            }
        }

        fn expression(items: Vec<Self>) -> Self {
            Self::List(items)
        }
    }

    #[test]
    fn a_panic_in_a_term_leaves_every_handle_as_it_was() {
        let word = |word: &str| Sexp::Word(word.to_owned());
        let mut env = Environment::<Sexp>::new();
        env.add_rule(word("f"), word("x"));
        env.add_fact(Sexp::List(vec![word("a"), word("b")]));
        let before: Vec<_> = env.iter().collect();
        for looks in 0..40 {
            for shared in [false, true] {
                let keep = shared.then(|| env.clone());
                LOOKS.set(looks);
                let write = catch_unwind(AssertUnwindSafe(|| {
                    env.add_facts_bulk([word("c"), Sexp::List(vec![word("="), word("f"), word("y")])]);
                }));
                LOOKS.set(usize::MAX);
                env.check();
                if write.is_ok() {
                    assert_eq!(env.len(), 4);
                    env.remove_fact(&word("c"));
                    env.remove_rule(word("f"), word("y"));
                } else {
                    assert!(keep.is_none_or(|keep| keep.ptr_eq(&env)));
                }
                assert_eq!(env.iter().collect::<Vec<_>>(), before);
            }
        }
    }
}
