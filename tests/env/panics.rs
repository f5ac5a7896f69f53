//! Law 8: user code that panics, at every one of its calls: methods of a term type, closures, iterators, codecs. Afterwards all
//! handles are as before the operation, sound and usable.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::fmt::Write as _;
use std::iter::repeat_with;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::{Context, Wake, Waker};
use std::time::Duration;

use pleach::env::{IdSeed, Resolution, SpaceId, StateId};
use pleach::term::{Bindings, Encoder, Print, alpha_eq, parser, rename_apart, unify};
use pleach::view::{Aggregate, Literal, View};
use pleach::{Event, SharedEnvironment};

use pleach_testkit::frail::{Frail, World, frail, load, sample, save};
use pleach_testkit::fuse::{self, burn};

/// The operands of an operation.
struct Subject {
    /// An environment with every kind of content.
    env: World,
    /// A fork of `env`; both were written since.
    fork: World,
    /// A shared environment that was written since `mine` was forked from it and written.
    cell: SharedEnvironment<Frail>,
    mine: World,
    /// An environment that is unrelated to these.
    stranger: World,
    space: SpaceId,
    state: StateId,
}

impl Subject {
    /// Whether nodes are shared with other handles.
    fn new((shared, space, state): &(World, SpaceId, StateId), own: bool) -> Self {
        let stranger = load(&save(shared));
        let mut env = if own { load(&save(shared)) } else { shared.clone() };
        env.set_id_seed(IdSeed::root().child(1));
        let mut fork = env.clone();
        env.add_fact(frail("(ours 1)"));
        env.bind("here", frail("(ours)"));
        fork.add_facts_bulk(["(theirs 1)", "(= (f $n) (h $n))", "(p 3 $z)"].map(frail));
        fork.remove_fact(&frail("a"));
        fork.bind("here", frail("(theirs)"));
        let cell = SharedEnvironment::new(env.clone());
        let mut mine = cell.snapshot();
        mine.add_facts_bulk(["(mine 1)", "(= (f $n) mine)"].map(frail));
        mine.bind("here", frail("(mine)"));
        cell.update(|env| {
            env.add_fact(frail("(published 1)"));
            env.bind("here", frail("(published)"));
        });
        Self {
            env,
            fork,
            cell,
            mine,
            stranger,
            space: *space,
            state: *state,
        }
    }

    /// The observable content.
    fn shown(&self) -> [Vec<u8>; 4] {
        [&self.env, &self.fork, &self.cell.snapshot(), &self.mine].map(save)
    }

    fn check(&self) {
        for world in [&self.env, &self.fork, &self.cell.snapshot(), &self.mine] {
            world.check();
        }
    }
}

fn print(terms: impl IntoIterator<Item = Frail>) -> String {
    terms.into_iter().fold(String::new(), |mut text, term| {
        writeln!(text, "{}", Print(&term)).unwrap();
        text
    })
}

type Operation = (&'static str, fn(&mut Subject) -> String);

/// Runs each operation repeatedly, with a panic one call of user code later each time, until there is none. Returns the
/// number of panics.
fn at_each_call(operations: &[Operation]) -> usize {
    fuse::quiet();
    let shared = sample();
    let whole = save(&shared.0);
    let mut panics = 0;
    for (name, operation) in operations {
        for own in [false, true] {
            let mut subject = Subject::new(&shared, own);
            let before = subject.shown();
            let result = operation(&mut subject);
            let after = subject.shown();
            for calls in 0.. {
                let mut subject = Subject::new(&shared, own);
                fuse::set(Some(calls));
                let ended = catch_unwind(AssertUnwindSafe(|| operation(&mut subject)));
                fuse::set(None);
                let context = format!("{name}, after {calls} calls, own {own}");
                subject.check();
                if let Ok(found) = ended {
                    assert_eq!(found, result, "{context}");
                    assert!(subject.shown() == after, "{context}");
                    break;
                }
                panics += 1;
                assert!(subject.shown() == before, "{context}");
                assert!(save(&shared.0) == whole, "{context}");
                // The operation succeeds afterwards.
                assert_eq!(operation(&mut subject), result, "{context}");
                assert!(subject.shown() == after, "{context}");
                subject.check();
            }
        }
    }
    shared.0.check();
    println!("{panics} panics");
    panics
}

/// An iterator that may panic.
fn items<const N: usize>(texts: [&'static str; N]) -> impl Iterator<Item = Frail> {
    texts.into_iter().map(|text| {
        burn();
        frail(text)
    })
}

#[test]
fn writes() {
    let panics = at_each_call(&[
        ("add_fact", |s| (s.env.add_fact(frail("(p 7 $x)")), String::new()).1),
        ("add_fact again", |s| {
            (s.env.add_fact(frail("(= (f 0) done)")), String::new()).1
        }),
        ("add_facts_bulk", |s| {
            s.env
                .add_facts_bulk(items(["(p 7 8)", "(= (f $x) 1)", "(: g T)", "(p 1 2)", "(opaque <2>)"]));
            String::new()
        }),
        ("add_rule", |s| {
            (s.env.add_rule(frail("(f $x $y)"), frail("$x")), String::new()).1
        }),
        ("add_rules_bulk", |s| {
            let rules = items(["(f 1)", "(f $x)", "$x"]).zip(repeat_with(|| frail("(r)")));
            s.env.add_rules_bulk(rules);
            String::new()
        }),
        ("add_type", |s| {
            (s.env.add_type(frail("f"), frail("T")), String::new()).1
        }),
        ("remove_fact", |s| s.env.remove_fact(&frail("(p 1 2)")).to_string()),
        ("remove_fact for good", |s| {
            s.env.remove_fact(&frail("(p $u $v)")).to_string()
        }),
        ("remove_fact of nothing", |s| {
            s.env.remove_fact(&frail("(p 9 9)")).to_string()
        }),
        ("remove_rule", |s| {
            s.env.remove_rule(frail("(f $q)"), frail("(g $q $q)")).to_string()
        }),
        ("remove wildcard", |s| {
            s.env.remove_rule(frail("$any"), frail("seen")).to_string()
        }),
        ("set_multiplicities", |s| {
            let counts = items(["(p 1 2)", "(= (f 0) done)", "(: f (-> Number Number))", "(new)"]);
            s.env.set_multiplicities(counts.zip([0, 0, 5, 3]));
            String::new()
        }),
        ("extend", |s| (s.env.extend(items(["b", "(c $x)"])), String::new()).1),
        #[cfg(all(feature = "pathmap", target_feature = "aes"))]
        ("update_pathmap", |s| {
            let space = s.fork.create_space();
            s.env.update_pathmap(space).unwrap();
            String::new()
        }),
        ("rebuild_rule_index", |s| (s.env.rebuild_rule_index(), String::new()).1),
        ("new_space", |s| s.env.new_space().to_string()),
        ("a write of a space", |s| {
            let mut space = s.env.space_mut(s.space).unwrap();
            space.add_facts_bulk(items(["(in 1)", "(within 1)", "(= (in $x) $x)"]));
            String::new()
        }),
        ("a removal from a space", |s| {
            s.env
                .space_mut(s.space)
                .unwrap()
                .remove_fact(&frail("(within 1)"))
                .to_string()
        }),
        ("change_state", |s| {
            s.env.change_state(s.state, frail("(s $x)")).to_string()
        }),
        ("new_state", |s| s.env.new_state(frail("(s $x)")).to_string()),
        ("bind", |s| (s.env.bind("there", frail("(s $x)")), String::new()).1),
        ("bind again", |s| (s.env.bind("here", frail("(s $x)")), String::new()).1),
        ("from_iter", |_| {
            World::from_iter(items(["b", "(= (c $x) 1)"])).len().to_string()
        }),
        ("make_owned", |s| (s.env.make_owned(), String::new()).1),
        ("forget_history", |s| (s.env.forget_history(), String::new()).1),
    ]);
    assert!(panics > 300, "{panics}");
}

#[test]
fn reads() {
    let panics = at_each_call(&[
        ("multiplicity", |s| s.env.multiplicity(&frail("(p $x $y)")).to_string()),
        ("contains", |s| s.env.contains(&frail("(p 2 2)")).to_string()),
        ("get_rule_count", |s| {
            s.env.get_rule_count(&frail("(f 0)"), &frail("done")).to_string()
        }),
        ("iter", |s| print(s.env.iter().map(|(atom, _)| atom))),
        ("get_matching_rules", |s| {
            print(s.env.get_matching_rules("f", 1).map(|rule| rule.rhs().clone()))
        }),
        ("rules", |s| print(s.env.rules().map(|rule| rule.lhs().clone()))),
        ("types", |s| print(s.env.types("f").cloned())),
        ("types_of", |s| print(s.env.types_of(&frail("(f 1)")))),
        #[cfg(all(feature = "pathmap", target_feature = "aes"))]
        ("create_space", |s| s.env.create_space().val_count().to_string()),
        ("query", |s| {
            print(
                s.env
                    .query(&frail("(p $x 2)"))
                    .map(|answer| answer.resolve(&frail("$x"))),
            )
        }),
        ("query with variables", |s| {
            print(
                s.env
                    .query(&frail("($f $x $x)"))
                    .map(|answer| answer.resolve(&frail("$x"))),
            )
        }),
        ("atoms of answers, and matches", |s| {
            let pattern = frail("(p $x 2)");
            let start = frail("$x");
            let mut bindings = Bindings::new();
            unify(&start, &frail("1"), &mut bindings);
            let atoms = s.env.query(&pattern).map(|answer| answer.atom());
            let values = s.env.query(&pattern).filter_map(|answer| answer.value(&start));
            let started = s
                .env
                .query(&pattern)
                .starting_from(&bindings)
                .map(|answer| answer.atom());
            let matches = s.env.matches(&pattern).map(|(atom, _)| atom);
            print(atoms.chain(values).chain(started).chain(matches))
        }),
        ("query until there is an index", |s| {
            let answers = || s.env.query(&frail("(edge $x 1)")).count();
            repeat_with(answers).take(8).map(|count| count.to_string()).collect()
        }),
        ("query_all", |s| {
            let patterns = [frail("(p $x $y)"), frail("(p $y $z)")];
            print(
                s.env
                    .query_all(&patterns)
                    .map(|answer| answer.unwrap().resolve(&frail("(r $x $z)"))),
            )
        }),
        ("rules_for", |s| s.env.rules_for(&frail("(f 0)")).count().to_string()),
        ("answers", |s| {
            let first = s.env.answers(&frail("(p 1 $y)")).len();
            format!("{first} {}", s.env.answers(&frail("(p 1 $y)")).len())
        }),
        ("suggest", |s| s.env.suggest("ff", 3).join(" ")),
        ("memory", |s| (s.env.memory().total().total() > 0).to_string()),
        ("sharing", |s| {
            (format!("{:?}", s.env.sharing(&s.fork)).len() > 1).to_string()
        }),
        ("diff", |s| s.env.diff(&s.fork).to_string()),
        ("inverse", |s| s.env.diff(&s.fork).inverse().to_string()),
        ("eq", |s| (s.env == s.fork).to_string()),
        ("debug", |s| (format!("{:?}", s.env).len() > 1).to_string()),
        ("save", |s| save(&s.env).len().to_string()),
        ("load", |s| load(&fuse::quietly(|| save(&s.env))).len().to_string()),
    ]);
    assert!(panics > 300, "{panics}");
}

type Make<'a> = dyn Fn(&World) -> View<Frail> + 'a;

/// A view that can't be advanced stays where it is.
#[test]
fn views() {
    fuse::quiet();
    let (shared, space, _) = sample();
    let mut other = shared.clone();
    other.add_facts_bulk(["(edge 3 1)", "(opaque <2>)", "(p 1 2)", "(q 1 <1>)", "(q $x <2>)"].map(frail));
    other.remove_fact(&frail("(edge 4 1)"));
    other.space_mut(space).unwrap().add_fact(frail("(within 2)"));
    let literals = || {
        [
            Literal::new(frail("(edge $x 1)")),
            Literal::new(frail("(opaque $o)")),
            Literal::new(frail("(within $z)")).in_space(space),
            Literal::not(frail("(q $x $o)")),
        ]
    };
    let shown = |view: &View<Frail>| {
        view.iter()
            .map(|(answer, count)| format!("{count} {}", Print(&answer)))
            .collect()
    };
    let makes: [&Make; 2] = [
        &|env| View::new(env, literals(), frail("($x $o $z)")).unwrap(),
        &|env| View::grouped(env, literals(), frail("(sum $o $x)"), Aggregate::Sum, "x").unwrap(),
    ];
    let mut panics = 0;
    for make in makes {
        let view = make(&shared);
        let (before, after): (Vec<String>, Vec<String>) = (shown(&view), shown(&make(&other)));
        assert!(before != after && !before.is_empty() && !after.is_empty());
        for calls in 0.. {
            let mut subject = view.clone();
            fuse::set(Some(calls));
            let ended = catch_unwind(AssertUnwindSafe(|| drop(subject.advance(&other))));
            fuse::set(None);
            if ended.is_ok() {
                assert_eq!(shown(&subject), after, "after {calls} calls");
                break;
            }
            panics += 1;
            assert!(subject.environment().ptr_eq(&shared), "after {calls} calls");
            assert_eq!(shown(&subject), before, "after {calls} calls");
            subject.advance(&other);
            assert_eq!(shown(&subject), after, "after {calls} calls");
        }
        for calls in 0.. {
            fuse::set(Some(calls));
            let ended = catch_unwind(AssertUnwindSafe(|| make(&other)));
            fuse::set(None);
            if let Ok(view) = ended {
                assert_eq!(shown(&view), after);
                break;
            }
            panics += 1;
        }
        other.check();
        shared.check();
    }
    assert!(panics > 300, "{panics}");
}

/// A resolver that may panic.
fn merge(conflict: &pleach::env::Conflict<Frail>) -> Resolution<Frail> {
    burn();
    Resolution::Value(conflict.theirs.clone().unwrap())
}

#[test]
fn merges() {
    let panics = at_each_call(&[
        ("union", |s| (s.env = s.env.union(&s.fork), String::new()).1),
        ("union the other way", |s| {
            (s.env = s.fork.union(&s.env), String::new()).1
        }),
        ("union of strangers", |s| {
            (s.env = s.env.union(&s.stranger), String::new()).1
        }),
        ("union_with", |s| {
            (s.env = s.env.union_with(&s.fork, merge).unwrap(), String::new()).1
        }),
        ("union_all", |s| {
            (s.env = World::union_all([&s.env, &s.fork, &s.mine]), String::new()).1
        }),
        ("apply", |s| {
            let patch = s.env.diff(&s.fork);
            s.mine.apply(&patch);
            String::new()
        }),
        ("apply_with", |s| {
            let patch = s.env.diff(&s.fork);
            s.mine.apply_with(&patch, merge).unwrap();
            String::new()
        }),
        ("apply a space", |s| {
            let mut other = s.env.clone();
            other.set_id_seed(IdSeed::root().child(2));
            let id = other.new_space();
            other
                .space_mut(id)
                .unwrap()
                .add_facts_bulk(items(["(in 1)", "(= (in $x) $x)"]));
            let patch = s.env.diff(&other);
            s.env.apply(&patch);
            String::new()
        }),
    ]);
    assert!(panics > 200, "{panics}");
}

#[test]
fn shared_worlds() {
    let panics = at_each_call(&[
        ("update", |s| {
            s.cell.update(|env| {
                burn();
                env.add_fact(frail("(u $x)"));
                burn();
            });
            String::new()
        }),
        ("try_update", |s| {
            let done = s.cell.try_update(|env| {
                env.add_rule(frail("(u $x)"), frail("1"));
                burn();
                Ok::<_, ()>(7)
            });
            format!("{done:?}")
        }),
        ("commit", |s| format!("{:?}", s.cell.commit(&mut s.mine).outcome)),
        ("commit_with", |s| {
            format!("{:?}", s.cell.commit_with(&mut s.mine, merge).unwrap().outcome)
        }),
        ("publish", |s| s.cell.publish(&s.env).len().to_string()),
        ("publish_if", |s| {
            let expected = s.cell.snapshot();
            s.cell.publish_if(&expected, &s.env).unwrap().to_string()
        }),
        ("a subscription", |s| {
            let mut news = s.cell.subscribe(4);
            let before = s.cell.snapshot();
            fuse::quietly(|| s.cell.update(|env| env.add_fact(frail("(news)"))));
            let told = catch_unwind(AssertUnwindSafe(|| match news.try_next() {
                Some(Event::Changed(update)) => update.patch.to_string(),
                other => panic!("{other:?}"),
            }));
            s.cell.publish(&before);
            told.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        }),
        ("debug", |s| (format!("{:?}", s.cell).len() > 1).to_string()),
    ]);
    assert!(panics > 60, "{panics}");
}

/// A waker that panics.
struct Alarm;

impl Wake for Alarm {
    fn wake(self: Arc<Self>) {
        burn();
    }
}

#[test]
fn a_panicking_waker_affects_no_other_caller() {
    fuse::quiet();
    let cell = SharedEnvironment::<Frail>::default();
    let waker = Waker::from(Arc::new(Alarm));
    let (mut bad, mut good) = (cell.subscribe(4), cell.subscribe(4));
    assert!(bad.poll_next(&mut Context::from_waker(&waker)).is_pending());
    fuse::set(Some(0));
    cell.publish(&World::new());
    assert!(fuse::is_burnt());
    assert!(good.next_timeout(Duration::ZERO).is_some() && bad.try_next().is_some());
    assert_eq!(cell.version(), 1);
}

#[test]
fn terms() {
    let panics = at_each_call(&[
        ("parse", |_| {
            print([parser::parse_one::<Frail>("(f $x 1 (g))").unwrap()])
        }),
        ("print", |_| Print(&frail("(f $x 1 (g))")).to_string()),
        ("encode", |_| {
            format!("{:?}", Encoder::new().encode(&frail("(f $x 1 (g))")).bytes)
        }),
        ("alpha_eq", |_| {
            alpha_eq(&frail("(f $x 1)"), &frail("(f $y 1)")).to_string()
        }),
        ("rename_apart", |_| print([rename_apart(&frail("(f $x 1)"), &mut 7)])),
        ("unify", |_| {
            let mut bindings = Bindings::new();
            assert!(unify(&frail("(f $x (g $x))"), &frail("(f (h $y) $z)"), &mut bindings));
            print([bindings.resolve(&frail("(r $x $z)"))])
        }),
    ]);
    assert!(panics > 60, "{panics}");
}
