//! The checker: static analysis of programs.
//!
//! It follows evaluation: it knows which arguments of which forms are evaluated, and which are patterns or data
//! ([`roles`]). It infers types bottom-up, as `get-type` does, and reports ill-typed applications. A variable has the
//! type that the declared type of its rule's left side gives it, or any.
//!
//! A name without rules isn't an error in this language: an irreducible expression is data. So a name is reported only
//! if nothing else in the program uses it as data, and it is either close to the name of a function or the head of a
//! top-level query.

mod names;
mod problem;
mod roles;
mod suggestion;
#[cfg(test)]
mod tests;
mod walk;

use std::sync::Arc;

use self::names::Names;
pub use self::problem::{Problem, ProblemKind};
use self::walk::Walk;
use crate::error::EvalError;
use crate::evaluator::Evaluator;
use crate::machine::Machine;
use crate::modules::Unread;
use crate::shared::Shared;
use crate::symbols::symbols;
use pleach::Environment;
use pleach::env::IdSeed;
use pleach::term::{Atom, Item};

impl Evaluator {
    /// Checks a program against an environment and returns its problems, in source order. Evaluates nothing, but reads
    /// imported files for their definitions.
    ///
    /// Definitions anywhere in the program, also in `add-atom`, count from its first line on. O(size of the program and
    /// of the environment), times the number of declared types for each application.
    ///
    /// ```
    /// use pleach::Environment;
    /// use pleach_metta::Evaluator;
    /// use pleach::term::{Item, Parser, parser};
    ///
    /// let program = "(: shout (-> String String))
    ///                (= (twice $x) (* 2 $x))
    ///                !(twcie 1)
    ///                !(shout (twice 3))";
    /// let items: Vec<Item> = Parser::new(program).collect::<Result<_, _>>()?;
    /// let problems = Evaluator::new().check(&Environment::new(), &items);
    ///
    /// assert_eq!(problems[0].kind.to_string(), "`twcie` is undefined, so this is irreducible");
    /// assert_eq!(problems[0].kind.suggestion().unwrap().as_str(), "twice");
    /// assert_eq!(problems.len(), 1);
    ///
    /// let items: Vec<Item> = Parser::new("!(+ 1 (abs-math \"2\"))").collect::<Result<_, _>>()?;
    /// let problems = Evaluator::new().check(&Environment::new(), &items);
    /// assert_eq!(problems[0].kind.to_string(), "`abs-math` expects Number as argument 1, but this is String");
    /// assert_eq!(problems[0].part, 5);
    /// # Ok::<(), pleach::term::ParseError>(())
    /// ```
    #[must_use]
    pub fn check(&self, environment: &Environment, items: &[Item]) -> Vec<Problem> {
        let mut world = environment.clone();
        let facts = items.iter().filter(|item| !item.bang);
        world.add_multiplicities(facts.map(|item| (item.atom.clone(), item.count)));
        let shared = Arc::new(Shared::new(&self.settings, None, IdSeed::root()));
        let mut machine = Machine::new(shared, world, 1, 0);
        let mut problems = Vec::new();
        let mut names = Names::default();
        for (atom, _) in environment.iter() {
            names.mention_fact(&atom);
        }
        for (index, item) in items.iter().enumerate() {
            import(&mut machine, &mut names, index, &item.atom, &mut problems);
        }
        let mut walk = Walk::new(&mut machine, &mut names, &mut problems);
        for (index, item) in items.iter().enumerate() {
            walk.item(index, item);
        }
        names.problems(&machine, &mut problems);
        problems.sort_by_key(|problem| (problem.item, problem.part));
        problems
    }
}

/// Adds the definitions of files imported by an item, and of those they import.
fn import(machine: &mut Machine, names: &mut Names, index: usize, atom: &Atom, problems: &mut Vec<Problem>) {
    let mut pending = vec![atom.clone()];
    while let Some(atom) = pending.pop() {
        let Some([Atom::Symbol(head), Atom::Symbol(space), file]) = atom.as_expression() else {
            continue;
        };
        if head.as_str() != "import!" || !names.import(*space, file) {
            continue;
        }
        let mut report = |path, reason| {
            problems.push(Problem {
                item: index,
                part: 3,
                kind: ProblemKind::Import { path, reason },
            });
        };
        let items = match machine.shared.modules.read(file) {
            Ok(module) => module.items,
            Err(Unread::Missing(name)) => {
                report(name.into(), "no such module".to_owned());
                continue;
            }
            Err(Unread::Failed(EvalError::Import { path, source })) => {
                report(path, source.to_string());
                continue;
            }
            // Reported when it is evaluated.
            Err(_) => continue,
        };
        let (queries, facts): (Vec<Item>, Vec<Item>) = items.into_iter().partition(|item| item.bang);
        for item in queries.iter().chain(&facts) {
            names.mention(&item.atom);
        }
        pending.extend(queries.into_iter().map(|item| item.atom));
        if *space == symbols().this_space {
            machine.write(|world| world.add_multiplicities(facts.into_iter().map(|item| (item.atom, item.count))));
        }
    }
}
