//! `match`, and `unify` with a space: the template for each answer of a query.
//!
//! Answers are found in portions, each three times as large as those before, and evaluated before the next: so the
//! first results of a join come early, and all of them cost little more than in one portion. Each portion runs the
//! query anew and skips the answers before, since a query can't be stored beside the snapshot that it borrows.

use std::rc::Rc;
use std::sync::Arc;

use smallvec::SmallVec;

use crate::builtins::spaces::NO_SPACE;
use crate::code::{Activation, Node, NodeIndex};
use crate::error::EvalError;
use crate::forms::with_subst;
use crate::frame::{Query, Step, Task, TaskKind, TaskSource};
use crate::machine::Machine;
use crate::pattern::{mentioned_by_slots, settle};
use crate::references::space_in;
use crate::shared::interrupted;
use crate::signature::Mismatch;
use crate::subst::Subst;
use crate::symbols::{error_atom, is_error, symbols};
use crate::traversal::variables;
use crate::value::{Answers, Value};
use pleach::env::{Answer, JoinAnswer, QueryError, SpaceId};
use pleach::term::{Atom, Bindings, Variable};

/// The size of the first portion.
const FIRST_PORTION: usize = 1024;

/// An answer that isn't decoded yet: most of those that were passed in earlier portions never are.
enum Found {
    One(Answer<Atom>),
    All(JoinAnswer<Atom>),
}

impl Found {
    /// Decodes the bindings. Returns them with the multiplicity.
    fn into_bindings(self) -> (Bindings<Atom>, u64) {
        match self {
            Found::One(answer) => {
                let multiplicity = answer.multiplicity();
                (answer.into_bindings(), multiplicity)
            }
            Found::All(answer) => {
                let multiplicity = answer.multiplicity();
                (answer.into_bindings(), multiplicity)
            }
        }
    }
}

impl Query {
    /// Makes a sibling for each answer of the next portion. `beside` are the bytes of the answers before.
    pub(crate) fn next(&mut self, machine: &mut Machine, beside: usize) -> Result<Vec<Task>, EvalError> {
        // An observer sees all branches at once.
        let most = if machine.tracing {
            usize::MAX
        } else {
            self.found.saturating_mul(3).max(FIRST_PORTION)
        };
        let found = self.find(machine, most, beside)?;
        let all = found.len();
        self.found += all;
        self.ended = all < most;
        let mut others = SmallVec::new();
        variables(&self.pattern, &mut others);
        let mut tasks = Vec::with_capacity(found.len());
        let values = self.act.values.len().max(self.act.values.inline_size());
        let size = size_of::<Task>() + size_of::<Activation>() + values * size_of::<Value>();
        for (bindings, multiplicity) in found {
            for _ in 0..multiplicity {
                machine.count(|_| self.pattern.clone())?;
                if tasks.len().is_multiple_of(1024) {
                    let bytes = all * size_of::<(Bindings<Atom>, u64)>() + tasks.len() * size;
                    machine.shared.check_more(beside, bytes)?;
                }
                let matched = settle(Rc::clone(&self.act), &bindings, &others, &self.met);
                tasks.push(Machine::task(matched, self.body, &Subst::EMPTY));
            }
        }
        Ok(tasks)
    }

    /// Finds at most `most` answers after those found before.
    fn find(&self, machine: &mut Machine, most: usize, beside: usize) -> Result<Vec<(Bindings<Atom>, u64)>, EvalError> {
        let conjuncts = match self.pattern.as_expression() {
            Some([Atom::Symbol(comma), conjuncts @ ..]) if *comma == symbols().comma => conjuncts,
            _ => std::slice::from_ref(&self.pattern),
        };
        let Some(space) = space_in(&self.env, self.space) else {
            return Ok(Vec::new());
        };
        let shared = Arc::clone(&machine.shared);
        let stop = shared.interrupt.flag();
        let (mut passed, mut found) = (0, Vec::new());
        let mut free = SmallVec::new();
        variables(&self.pattern, &mut free);
        let size = size_of::<(Bindings<Atom>, u64)>();
        // Vectors grow to powers of two.
        let bound = free.len().next_power_of_two() * size_of::<(Variable, Atom)>();
        // Returns whether the portion is complete.
        let mut take = |answer: Result<Found, QueryError>| -> Result<bool, EvalError> {
            let answer = answer.map_err(|error| match error {
                QueryError::Stopped => interrupted(&self.pattern),
                _ => EvalError::OutOfFuel { limit: shared.fuel },
            })?;
            passed += 1;
            if passed > self.found {
                if found.len() == found.capacity() {
                    // Growing doubles the buffer, with the old one alive meanwhile.
                    shared.check_more(beside, found.len() * (3 * size + bound))?;
                }
                found.push(answer.into_bindings());
                if found.len().is_multiple_of(1024) {
                    shared.check_interrupt(|| self.pattern.clone())?;
                }
            }
            Ok(found.len() == most)
        };
        if let [goal] = conjuncts {
            let query = space.query(goal).with_fresh(machine.fresh);
            let mut query = query.with_limit(u64::MAX).with_stop(stop);
            for answer in query.by_ref() {
                if take(answer.map(Found::One))? {
                    break;
                }
            }
            machine.fresh = query.fresh();
        } else {
            let join = space.query_all(conjuncts).with_fresh(machine.fresh);
            let mut join = join.with_limit(shared.fuel).with_stop(stop);
            for answer in join.by_ref() {
                if take(answer.map(Found::All))? {
                    break;
                }
            }
            machine.fresh = join.fresh();
        }
        Ok(found)
    }
}

impl Machine {
    /// Begins a query and makes a sibling for each answer of the first portion.
    pub(crate) fn query(
        &mut self,
        space: Option<SpaceId>,
        act: &Rc<Activation>,
        pattern: NodeIndex,
        body: NodeIndex,
    ) -> Result<(Vec<Task>, Query), EvalError> {
        self.track_read();
        let mut query = Query {
            env: self.env.clone(),
            space,
            act: Rc::clone(act),
            pattern: act.instantiate(pattern),
            met: mentioned_by_slots(act, std::iter::once(pattern)),
            body,
            found: 0,
            ended: false,
        };
        let tasks = query.next(self, 0)?;
        Ok((tasks, query))
    }

    /// Evaluates a `match` in the space that its first argument evaluated to.
    pub(crate) fn match_in(&mut self, act: Rc<Activation>, at: NodeIndex, space: &Atom) -> Result<Step, EvalError> {
        let Node::Call(call) = act.node(at) else {
            return Ok(Step::Return(Answers::None));
        };
        if is_error(space) {
            return Ok(Step::value(space.clone()));
        }
        let Some(space) = self.space_of(space) else {
            let reason = match self.types_of(space).into_iter().next() {
                Some(actual) if actual != Atom::Symbol(symbols().undefined) => Mismatch::Argument {
                    index: 0,
                    expected: Atom::Symbol(symbols().space),
                    actual,
                }
                .reason(),
                _ => Atom::string(NO_SPACE),
            };
            return Ok(Step::value(error_atom(act.instantiate(at), reason)));
        };
        let (tasks, query) = self.query(space, &act, call.item(2), call.item(3))?;
        drop(act);
        self.branches_from(tasks, Some(TaskSource::Query(query)))
    }

    /// Evaluates a `match` in each of several spaces.
    pub(crate) fn match_in_each(
        &mut self,
        act: &Rc<Activation>,
        at: NodeIndex,
        answers: Answers,
    ) -> Result<Step, EvalError> {
        let mut tasks = Vec::with_capacity(answers.len());
        for answer in answers.into_vec() {
            let own = with_subst(act, &answer.subst);
            let Atom::Expression(items) = own.instantiate(at) else {
                continue;
            };
            let mut items = items.to_vec();
            if let Some(space) = items.get_mut(1) {
                *space = answer.value.atom;
            }
            tasks.push(Task {
                kind: TaskKind::Atom(Atom::Expression(items.into())),
                subst: answer.subst,
            });
        }
        self.branches(tasks)
    }
}
