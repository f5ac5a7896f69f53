//! `match`, and `unify` with a space: a template for each answer to a pattern.
//!
//! Answers are found some at a time, each time three times as many as before, and evaluated before more are asked for: so the
//! first results of a join come early, and all of them take little more than to find them at once. Finding more begins anew
//! and passes over those that were found, for a query can't be kept beside the state that it looks at.

use std::rc::Rc;
use std::sync::Arc;

use smallvec::SmallVec;

use super::{widened, with_delta};
use crate::code::{Activation, At, Node};
use crate::machine::{Machine, Step, is_error};
use crate::pattern::{mentioned_by_slots, settle};
use crate::shared::interrupted;
use crate::sibling::{More, Task, TaskKind};
use crate::space::{NO_SPACE, space_in};
use crate::types::Misfit;
use crate::value::{Answers, Value, variables};
use crate::{EvalError, Stop, error, names};
use pleach::Environment;
use pleach::env::{Answer as Found, QueryError, SpaceId};
use pleach::term::{Atom, Bindings, Variable};

/// So many answers are found at first.
const FIRST: usize = 1024;

/// A query under way. It sees the state that it began with.
pub(crate) struct Query {
    env: Environment,
    space: Option<SpaceId>,
    act: Rc<Activation>,
    pattern: Atom,
    /// The variables in the values of the pattern's slots.
    met: SmallVec<[Variable; 4]>,
    body: At,
    /// How many answers were found.
    found: usize,
    /// Are there no others?
    ended: bool,
}

impl Query {
    pub(crate) fn act(&self) -> &Rc<Activation> {
        &self.act
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.ended
    }

    /// The template for each of the next answers: for none if there are no others.
    /// The answers before have come to so many bytes.
    pub(crate) fn next(&mut self, machine: &mut Machine, beside: usize) -> Result<Vec<Task>, Stop> {
        // An observer is shown all of them at once.
        let most = if machine.tracing {
            usize::MAX
        } else {
            self.found.saturating_mul(3).max(FIRST)
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
                tasks.push(machine.task(&self.act, matched, self.body, None));
            }
        }
        Ok(tasks)
    }

    /// At most so many answers after those that were found.
    fn find(&self, machine: &mut Machine, most: usize, beside: usize) -> Result<Vec<(Bindings<Atom>, u64)>, Stop> {
        let conjuncts = match self.pattern.as_expression() {
            Some([Atom::Symbol(comma), conjuncts @ ..]) if *comma == names().comma => conjuncts,
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
        let size = size_of::<(Bindings<Atom>, u64)>() + free.len() * size_of::<(Variable, Atom)>();
        // Says whether that is enough.
        let mut take = |answer: Result<Found<Atom>, QueryError>| -> Result<bool, Stop> {
            let answer = answer.map_err(|error| match error {
                QueryError::Stopped => interrupted(&self.pattern),
                _ => EvalError::OutOfFuel { limit: shared.fuel },
            })?;
            passed += 1;
            if passed > self.found {
                if found.len() == found.capacity() {
                    // There will be room for twice as many, and the old room for a moment.
                    shared.check_more(beside, 3 * found.len() * size)?;
                }
                found.push((answer.bindings, answer.multiplicity));
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
                if take(answer)? {
                    break;
                }
            }
            machine.fresh = query.fresh();
        } else {
            let join = space.query_all(conjuncts).with_fresh(machine.fresh);
            let mut join = join.with_limit(shared.fuel).with_stop(stop);
            for answer in join.by_ref() {
                if take(answer)? {
                    break;
                }
            }
            machine.fresh = join.fresh();
        }
        Ok(found)
    }
}

impl Machine {
    /// The query for a pattern, and the template at `body` for each of its first answers.
    pub(crate) fn query(
        &mut self,
        space: Option<SpaceId>,
        act: &Rc<Activation>,
        pattern: At,
        body: At,
    ) -> Result<(Vec<Task>, Query), Stop> {
        self.note_read();
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

    /// A `match` in the space that its first argument has come to.
    pub(crate) fn match_in(&mut self, act: Rc<Activation>, at: At, space: &Atom) -> Result<Step, Stop> {
        let Node::Call(call) = act.node(at) else {
            return Ok(Step::Return(Answers::None));
        };
        if is_error(space) {
            return Ok(Step::value(space.clone()));
        }
        let Some(space) = self.space_of(space) else {
            let reason = match self.types_of(space).into_iter().next() {
                Some(actual) if actual != Atom::Symbol(names().undefined) => Misfit::Argument {
                    index: 0,
                    expected: Atom::Symbol(names().space),
                    actual,
                }
                .reason(),
                _ => Atom::string(NO_SPACE),
            };
            return Ok(Step::value(error(act.instantiate(at), reason)));
        };
        let (tasks, query) = self.query(space, &act, call.item(2), call.item(3))?;
        drop(act);
        self.branches_of(tasks, Some(More::Query(query)))
    }

    /// The same in each of several.
    pub(crate) fn match_in_each(&mut self, act: &Rc<Activation>, at: At, answers: Answers) -> Result<Step, Stop> {
        let mut tasks = Vec::with_capacity(answers.len());
        for answer in answers.into_vec() {
            let own = with_delta(act, answer.delta.as_ref());
            let Atom::Expression(items) = own.instantiate(at) else {
                continue;
            };
            let mut items = items.to_vec();
            if let Some(space) = items.get_mut(1) {
                *space = answer.value.atom;
            }
            tasks.push(Task {
                kind: TaskKind::Atom(Atom::Expression(items.into())),
                delta: widened(&own, answer.delta),
            });
        }
        self.branches(tasks)
    }
}
