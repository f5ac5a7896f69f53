//! The evaluator and fork–join with panicking host functions, outputs, observers and branches.

use std::borrow::Cow;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use pleach::env::{BranchError, IdSeed};
use pleach::term::Grounded;
use pleach::{Atom, Environment};
use pleach_metta::{Evaluator, EvaluatorBuilder, HostFunction, HostResult, Policy};

use pleach_testkit::frail::{self, World, frail as term, sample, save};
use pleach_testkit::fuse::{self, AsPlanned};

/// A fuse shared by all threads.
#[derive(Clone, Default)]
struct Fuse(Arc<AtomicUsize>);

impl Fuse {
    fn set(&self, calls: usize) {
        self.0.store(calls, Ordering::SeqCst);
    }

    fn burn(&self) {
        let left = self.0.fetch_sub(1, Ordering::SeqCst);
        if left == 0 {
            // Once only, as fuses are.
            self.set(usize::MAX / 2);
            std::panic::panic_any(AsPlanned);
        }
    }
}

struct Handle(Fuse);

impl Grounded for Handle {
    fn type_name(&self) -> &str {
        self.0.burn();
        "Handle"
    }
    fn identity(&self) -> Cow<'_, [u8]> {
        self.0.burn();
        Cow::Borrowed(b"1")
    }
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.burn();
        f.write_str("handle")
    }
}

const PROGRAM: &str = "
    (= (twice $n) (+ $n $n))
    (= (fib $n) (if (< $n 2) $n (+ (fib (- $n 1)) (fib (- $n 2)))))
    (= (each) (superpose (1 2 3)))
    (= (work $n) (let $m (host $n) (add-atom &self (done $m))))
    (= (say $n) (println! (saying $n (handle))))
";

const CALLS: &str =
    "(each-of (work (each)) (host (fib 5)) (host (+ (host 1) (twice (host 2)))) (say (host 3)) (== (handle) (handle)))";

fn evaluators(fuse: &Fuse) -> Vec<(&'static str, Evaluator)> {
    let builder = || -> EvaluatorBuilder {
        let (of_host, of_output, of_handle) = (fuse.clone(), fuse.clone(), fuse.clone());
        let host = HostFunction::new("(-> Number Number)", move |arguments| {
            of_host.burn();
            HostResult::Values(arguments.to_vec())
        });
        let handle = HostFunction::new("(-> Atom)", move |_| {
            HostResult::Values(vec![Atom::grounded(Handle(of_handle.clone()))])
        });
        Evaluator::builder()
            .register("host", host.unwrap())
            .register("handle", handle.unwrap())
            .output(move |_| of_output.burn())
            .spawn_after(0)
    };
    let of_trace = fuse.clone();
    vec![
        ("sequential", builder().policy(Policy::Sequential).build().unwrap()),
        ("isolated", builder().build().unwrap()),
        ("two threads", builder().threads(2).build().unwrap()),
        ("remembering", builder().memo(1000).build().unwrap()),
        ("observed", builder().trace(move |_| of_trace.burn()).build().unwrap()),
    ]
}

#[test]
fn evaluators_survive_panics() {
    fuse::quiet();
    let fuse = Fuse::default();
    fuse.set(usize::MAX / 2);
    let seed = IdSeed::root();
    let mut panics = 0;
    for (name, evaluator) in evaluators(&fuse) {
        let world = evaluator.run(Environment::new(), PROGRAM).unwrap().environment;
        let before = world.clone();
        let atom: Atom = CALLS.parse().unwrap();
        type Evaluate = fn(&Evaluator, &Environment, &Atom, IdSeed) -> (Vec<Atom>, Environment);
        let ways: [Evaluate; 2] = [
            |evaluator, world, atom, seed| {
                let done = evaluator.evaluate_seeded(world.clone(), atom, seed).unwrap();
                (done.results, done.environment)
            },
            |evaluator, world, atom, seed| {
                let mut results = evaluator.results_seeded(world.clone(), atom, seed);
                let mut found: Vec<Atom> = results.by_ref().take(1).map(Result::unwrap).collect();
                let rest = results.finish().unwrap();
                found.extend(rest.results);
                (found, rest.environment)
            },
        ];
        for evaluate in ways {
            let expected = evaluate(&evaluator, &world, &atom, seed);
            assert!(expected.1.contains(&"(done 2)".parse().unwrap()), "{:?}", expected.0);
            for calls in 0.. {
                fuse.set(calls);
                let ended = catch_unwind(AssertUnwindSafe(|| evaluate(&evaluator, &world, &atom, seed)));
                let context = format!("{name}, after {calls} calls");
                fuse.set(usize::MAX / 2);
                assert!(world.ptr_eq(&before));
                world.check();
                let again = evaluate(&evaluator, &world, &atom, seed);
                assert!(again.0 == expected.0 && again.1 == expected.1, "{context}");
                again.1.check();
                match ended {
                    Ok(found) => {
                        assert!(found.0 == expected.0 && found.1 == expected.1, "{context}");
                        break;
                    }
                    Err(panic) if panic.is::<AsPlanned>() => panics += 1,
                    Err(panic) => resume_unwind(panic),
                }
            }
        }
    }
    println!("{panics} panics");
    assert!(panics > 150, "{panics}");
}

/// Branches on other threads: the first panic is reported, and the environment stays as it was.
#[test]
fn branches() {
    fuse::quiet();
    let (base, ..) = sample();
    let before = save(&base);
    let mut panics = 0;
    for calls in 0.. {
        let mut world: World = base.clone();
        let result = world.fork_join([0, 1, 2, 3], |fork, branch: i64| {
            fuse::set((branch == 1).then_some(calls));
            fork.add_facts_bulk([frail::list("branch", [branch]), term("(p $x $z)")]);
            fork.add_rule(term("(f $x)"), term("$x"));
            fuse::set(None);
        });
        base.check();
        world.check();
        assert!(save(&base) == before);
        match result {
            Ok(_) => break,
            Err(BranchError::Panicked { branch: 1, payload }) => {
                assert!(payload.is::<AsPlanned>() && save(&world) == before);
                panics += 1;
            }
            Err(error) => panic!("{error}"),
        }
        let mut scoped: World = base.clone();
        let result = scoped.fork_scope(|scope| {
            scope.spawn(|fork| fork.add_fact(term("(scoped)")));
            scope.spawn(move |fork| {
                fuse::set(Some(calls));
                fork.add_fact(term("(p $x $z)"));
                fork.add_rule(term("(f $x)"), term("$x"));
                fuse::set(None);
            });
        });
        assert!(save(&scoped) == before || result.is_ok());
        scoped.check();
    }
    println!("{panics} panics");
    assert!(panics > 10, "{panics}");
}
