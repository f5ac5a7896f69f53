//! One step of reduction: `eval` and `evalc`. The arguments of the call aren't evaluated, nor is the result, unless it is an
//! instruction of the minimal language such as `function` or `chain`.

use std::rc::Rc;

use crate::apply::{Matches, is_open};
use crate::builtin::{Builtin, Outcome};
use crate::builtins;
use crate::code::Node;
use crate::error::EvalError;
use crate::frame::{Step, Task, TaskKind};
use crate::head::HeadInfo;
use crate::machine::Machine;
use crate::subst::Subst;
use crate::symbols::is_empty_symbol;
use crate::value::Value;
use pleach::env::SpaceId;
use pleach::term::Atom;

impl Machine {
    /// Reduces an atom by one step, by the rules of `space`, or of the home space. `whole` is the result if it is
    /// irreducible.
    pub(crate) fn reduce(
        &mut self,
        atom: Atom,
        space: Option<Option<SpaceId>>,
        whole: Atom,
    ) -> Result<Step, EvalError> {
        if let Some(space) = space {
            self.enter_home(space);
        }
        let items = match &atom {
            Atom::Expression(items) if !items.is_empty() && !is_open(&atom) => items,
            _ => return Ok(Step::value(whole)),
        };
        let arity = items.len() as u32 - 1;
        let info = match &items[0] {
            Atom::Symbol(head) if builtins::is_special(*head) => return Ok(Step::Atom(atom)),
            Atom::Symbol(head) => self.head(*head, arity),
            _ => self.expression_head(&Rc::new(HeadInfo::unknown()), arity),
        };
        if info.builtin.is_some_and(|builtin| !builtin.takes(arity)) {
            return Ok(Step::value(whole));
        }
        let base = self.vals.len();
        self.vals.extend(items.iter().cloned().map(Value::raw));
        let mut matched = Matches::new();
        self.matching_rules(&info, base, &mut matched)?;
        let reduces = !matched.is_empty();
        let mut tasks = Vec::with_capacity(matched.len());
        for (found, _) in matched {
            let body = found.act.block.body;
            let subst = found.subst;
            let kind = if is_instruction(found.act.node(body)) {
                TaskKind::Eval(found.act, body)
            } else {
                match found.act.instantiate(body) {
                    atom if is_empty_symbol(&atom) => continue,
                    atom => TaskKind::Done(Value::raw(atom)),
                }
            };
            tasks.push(Task { kind, subst });
        }
        if let Some((entry, function)) = info.builtin.and_then(Builtin::function) {
            if reduces {
                let values = self.vals.drain(base..).collect();
                tasks.push(Task {
                    kind: TaskKind::Apply(values, Rc::new(info.without_rules()), None),
                    subst: Subst::EMPTY,
                });
                return self.branches(tasks);
            }
            let outcome = self.call_function(entry, function, base);
            return self.reduced_by(outcome, &info, base, whole);
        }
        if let Some(host) = &info.host {
            let outcome = self.call_host(host, base);
            return self.reduced_by(outcome, &info, base, whole);
        }
        self.vals.truncate(base);
        if !reduces {
            return Ok(Step::value(whole));
        }
        self.branches(tasks)
    }

    fn reduced_by(&mut self, outcome: Outcome, info: &HeadInfo, base: usize, whole: Atom) -> Result<Step, EvalError> {
        match outcome {
            Outcome::Stands => {
                self.vals.truncate(base);
                Ok(Step::value(whole))
            }
            outcome => self.conclude(outcome, info, None, base),
        }
    }
}

/// Returns whether a result is evaluated on, as an instruction of the minimal language.
fn is_instruction(node: &Node) -> bool {
    let Node::Call(call) = node else { return false };
    call.builtin.is_some_and(|builtin| builtin.entry.is_instruction)
}
