//! Whole programs with limits on steps and memory: equal results on one thread, on two, and with a memo table.

use std::sync::LazyLock;

use pleach::Environment;
use pleach::env::IdSeed;
use pleach::term::{Item, Parser};
use pleach_metta::{EvalError, Evaluator, Policy, Run, RunError};

use super::parser::text;

const FUEL: u64 = 500;
const MEMORY: usize = 4 << 20;

/// One evaluator for each configuration; each keeps its threads.
struct Evaluators {
    alone: Evaluator,
    together: Evaluator,
    remembering: Evaluator,
    sequential: Evaluator,
}

static EVALUATORS: LazyLock<Evaluators> = LazyLock::new(|| {
    let limited = Evaluator::builder().fuel(FUEL).memory(MEMORY);
    let builder = || limited.clone().spawn_after(0).output(|_| {});
    Evaluators {
        alone: builder().build().unwrap(),
        together: builder().threads(2).build().unwrap(),
        remembering: builder().threads(2).memo(16).build().unwrap(),
        sequential: builder().policy(Policy::Sequential).build().unwrap(),
    }
});

fn outcome(evaluator: &Evaluator, program: &str) -> Result<Run, RunError> {
    let mut environment = Environment::new();
    // Ids of spaces and states are equal in each run.
    environment.set_id_seed(IdSeed::root());
    let run = evaluator.run(environment, program)?;
    run.environment.check();
    Ok(run)
}

/// Evaluates the bytes as a program.
pub fn run(data: &[u8]) {
    let program = text(data);
    let expected = outcome(&EVALUATORS.alone, program);
    for evaluator in [&EVALUATORS.together, &EVALUATORS.remembering] {
        match (&expected, outcome(evaluator, program)) {
            (Ok(expected), Ok(found)) => {
                assert_eq!(found.results, expected.results);
                assert!(found.environment == expected.environment);
                assert!(found.environment.diff(&expected.environment).is_empty());
            }
            // Near the limit, memory use depends on the threads, as documented.
            (Err(RunError::Eval(EvalError::OutOfMemory { .. })), _)
            | (_, Err(RunError::Eval(EvalError::OutOfMemory { .. }))) => {}
            (Err(expected), Err(found)) => assert_eq!(found, *expected),
            (expected, found) => panic!("{expected:?} and {found:?}"),
        }
    }
    let _ = outcome(&EVALUATORS.sequential, program);
    let items: Vec<Item> = Parser::new(program).map_while(Result::ok).collect();
    for problem in EVALUATORS.alone.check(&Environment::new(), &items) {
        assert!(!problem.kind.to_string().is_empty());
    }
}
