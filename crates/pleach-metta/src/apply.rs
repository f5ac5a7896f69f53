//! Application of a head to evaluated arguments: a built-in, a host function, or rules.

use std::rc::Rc;

use smallvec::SmallVec;

use crate::builtin::{Builtin, Outcome};
use crate::builtins;
use crate::code::{Activation, Block};
use crate::error::EvalError;
use crate::frame::{Step, Task, TaskKind};
use crate::head::{HeadInfo, Rules, Verdict, has_wildcards, is_headed, own_rules, verdict};
use crate::host::{HostFunction, HostResult};
use crate::machine::Machine;
use crate::pattern::Match;
use crate::references::space_in;
use crate::signature::Signature;
use crate::subst::Subst;
use crate::symbols::{error_atom, is_empty_symbol};
use crate::value::{Answer, Answers, Value};
use pleach::term::{Atom, Expression};

/// Rules that match a call.
pub(crate) type Matches = SmallVec<[(Match, Verdict); 1]>;

impl Machine {
    /// Applies a head to evaluated arguments by the function type chosen before. They are on the value stack, the head
    /// first.
    pub(crate) fn apply_chosen(
        &mut self,
        mut info: Rc<HeadInfo>,
        mut signature: Option<u16>,
        base: usize,
    ) -> Result<Step, EvalError> {
        if self.tracing {
            self.reducing = Some(self.call_from(base));
        }
        self.count(|m| m.call_from(base))?;
        if info.symbol.is_none() {
            // The head was evaluated too, and may be callable now.
            let arity = (self.vals.len() - base - 1) as u32;
            info = match self.vals.get(base).map(|value| &value.atom) {
                Some(Atom::Symbol(symbol)) => {
                    let symbol = *symbol;
                    if builtins::is_special(symbol) {
                        let atom = self.take_expression(base);
                        return Ok(Step::Atom(atom));
                    }
                    let info = self.head(symbol, arity);
                    signature = None;
                    if !info.signatures.is_empty() {
                        let arguments = self.vals[base + 1..].iter().map(|value| value.atom.clone()).collect();
                        match self.fitting(&info, Atom::Symbol(symbol), arguments) {
                            Ok(chosen) => signature = Some(chosen),
                            Err(errors) => {
                                self.vals.truncate(base);
                                return Ok(Step::Return(errors));
                            }
                        }
                    }
                    info
                }
                Some(head) if is_open(head) => {
                    return Ok(Step::Return(Answers::one(self.stands(&info, signature, base))));
                }
                _ => self.expression_head(&info, arity),
            };
        } else if info.epoch.get() != self.epoch
            && !info.alone
            && let Some(symbol) = info.symbol
        {
            let arity = (self.vals.len() - base - 1) as u32;
            let now = self.head(symbol, arity);
            // The function type stays the one that arguments were evaluated by.
            if signature.is_none_or(|chosen| usize::from(chosen) < now.signatures.len()) {
                info = now;
            }
        }
        if let Some((entry, function)) = info.builtin.and_then(Builtin::function) {
            if !info.has_no_rules() {
                let mut matched = Matches::new();
                self.matching_rules(&info, base, &mut matched)?;
                if !matched.is_empty() {
                    return self.rules_and_builtin(matched, &info, signature, base);
                }
            }
            let outcome = match self.call_function(entry, function, base) {
                // A rule has reduced the call already.
                Outcome::Stands if info.alone => Outcome::Nothing,
                outcome => outcome,
            };
            return self.conclude(outcome, &info, signature, base);
        }
        if let Some(host) = &info.host {
            let outcome = self.call_host(host, base);
            return self.conclude(outcome, &info, signature, base);
        }
        self.apply_rules(&info, signature, base)
    }

    /// Calls a host function with the arguments on the value stack.
    pub(crate) fn call_host(&mut self, host: &HostFunction, base: usize) -> Outcome {
        let arguments: Vec<Atom> = self.vals[base + 1..].iter().map(|value| value.atom.clone()).collect();
        self.effects += 1;
        match host.call(&arguments) {
            HostResult::Values(mut atoms) if atoms.len() == 1 => atoms.pop().map_or(Outcome::Nothing, Outcome::Value),
            HostResult::Values(atoms) => Outcome::Final(atoms),
            HostResult::NotReducible => Outcome::Stands,
            HostResult::Error(reason) => Outcome::Error(reason),
        }
    }

    /// Returns what is known of a head that isn't a symbol, with the function types by which arguments were evaluated.
    pub(crate) fn expression_head(&mut self, typed: &Rc<HeadInfo>, arity: u32) -> Rc<HeadInfo> {
        if has_wildcards(self.home()) {
            let info = HeadInfo::new(&self.shared, self.home(), self.epoch, None, arity);
            Rc::new(info.with_types(Rc::clone(&typed.signatures)))
        } else {
            Rc::clone(typed)
        }
    }

    /// Returns the expression of the values from `base` on.
    pub(crate) fn call_from(&self, base: usize) -> Atom {
        Atom::Expression(self.vals[base..].iter().map(|value| value.atom.clone()).collect())
    }

    /// Pops the values from `base` on and returns their expression.
    pub(crate) fn take_expression(&mut self, base: usize) -> Atom {
        Atom::Expression(Expression::new(self.vals.drain(base..).map(|value| value.atom)))
    }

    /// Continues with the outcome of a built-in.
    pub(crate) fn conclude(
        &mut self,
        outcome: Outcome,
        info: &HeadInfo,
        signature: Option<u16>,
        base: usize,
    ) -> Result<Step, EvalError> {
        Ok(match outcome {
            Outcome::Value(atom) if !is_empty_symbol(&atom) => {
                self.vals.truncate(base);
                Step::value(atom)
            }
            Outcome::Known(value) if !is_empty_symbol(&value.atom) => {
                self.vals.truncate(base);
                Step::Return(Answers::one(value))
            }
            Outcome::Value(_) | Outcome::Known(_) | Outcome::Nothing => {
                self.vals.truncate(base);
                Step::Return(Answers::None)
            }
            Outcome::Eval(value) => {
                self.vals.truncate(base);
                match value.atom {
                    // Names and `Empty` are resolved by evaluation.
                    Atom::Expression(_) if value.is_normal(self.normal_stamp) => Step::Return(Answers::one(value)),
                    atom => Step::Atom(atom),
                }
            }
            Outcome::Reduce(atom, space) => {
                let whole = self.take_expression(base);
                return self.reduce(atom, space, whole);
            }
            Outcome::Final(atoms) => {
                self.vals.truncate(base);
                let answers = atoms.into_iter().map(|atom| Answer::new(Value::raw(atom)));
                Step::Return(answers.collect::<Vec<_>>().into())
            }
            Outcome::Bound(answers) => {
                self.vals.truncate(base);
                Step::Return(answers.into())
            }
            Outcome::EvalEach(values) => {
                self.vals.truncate(base);
                let normal_stamp = self.normal_stamp;
                let tasks = values.into_iter().map(|value| Task {
                    kind: match value.atom {
                        Atom::Expression(_) if value.is_normal(normal_stamp) => TaskKind::Done(value),
                        atom => TaskKind::Atom(atom),
                    },
                    subst: Subst::EMPTY,
                });
                let tasks = tasks.collect();
                return self.branches(tasks);
            }
            Outcome::Ended(stop) => return Err(stop),
            Outcome::Stands => Step::Return(Answers::one(self.stands(info, signature, base))),
            Outcome::Error(reason) => {
                let atom = self.take_expression(base);
                Step::value(error_atom(atom, reason))
            }
        })
    }

    /// Pops an irreducible call and returns it.
    fn stands(&mut self, info: &HeadInfo, signature: Option<u16>, base: usize) -> Value {
        let normal_stamp = self.normal_stamp;
        let values = &self.vals[base..];
        // A built-in's result isn't evaluated here, but where it is used.
        let normal = match signature.and_then(|chosen| info.signatures.get(usize::from(chosen))) {
            Some(signature) => values
                .iter()
                .skip(1)
                .zip(&signature.modes)
                .all(|(value, mode)| value.is_normal(normal_stamp) || mode.leaves(&value.atom)),
            None => info.signatures.is_empty() && values.iter().all(|value| value.is_normal(normal_stamp)),
        };
        Value::normal(self.take_expression(base), if normal { normal_stamp } else { 0 })
    }

    /// Reduces by every rule whose left side unifies with the call.
    pub(crate) fn apply_rules(
        &mut self,
        info: &HeadInfo,
        signature: Option<u16>,
        base: usize,
    ) -> Result<Step, EvalError> {
        if self.memo.is_some()
            && let Some(step) = self.recall(info, signature, base)?
        {
            return Ok(step);
        }
        let mut matched = Matches::new();
        self.matching_rules(info, base, &mut matched)?;
        let of_type = signature.and_then(|chosen| info.signatures.get(usize::from(chosen)));
        if matched.len() <= 1 {
            let Some((found, verdict)) = matched.pop() else {
                return Ok(Step::Return(Answers::one(self.stands(info, signature, base))));
            };
            self.vals.truncate(base);
            if !found.subst.is_empty() {
                self.push_scope(&found.subst, &found.act.scope());
            }
            let body = found.act.block.body;
            if let Some(signature) = of_type {
                if signature.is_final {
                    return Ok(Step::Return(final_value(&found.act)));
                }
                if verdict != Verdict::Fits
                    && let Some(expected) = signature.result()
                {
                    if verdict == Verdict::Mismatch
                        && let Some(error) = self.bad_result(&found.act, expected)
                    {
                        return Ok(Step::Return(Answers::one(error)));
                    }
                    self.expect(expected);
                }
            }
            return Ok(Step::Eval(found.act, body));
        }
        self.vals.truncate(base);
        let tasks = self.rule_tasks(matched, of_type);
        self.branches(tasks)
    }

    /// Reduces a call of a built-in by the rules for its name, then by the built-in.
    fn rules_and_builtin(
        &mut self,
        matched: Matches,
        info: &HeadInfo,
        signature: Option<u16>,
        base: usize,
    ) -> Result<Step, EvalError> {
        let of_type = signature.and_then(|chosen| info.signatures.get(usize::from(chosen)));
        let mut tasks = self.rule_tasks(matched, of_type);
        let values = self.vals.drain(base..).collect();
        tasks.push(Task {
            kind: TaskKind::Apply(values, Rc::new(info.without_rules()), signature),
            subst: Subst::EMPTY,
        });
        self.branches(tasks)
    }

    /// Finds the rules whose left side unifies with the call from `base` on, in definition order.
    #[inline]
    pub(crate) fn matching_rules(
        &mut self,
        info: &HeadInfo,
        base: usize,
        matched: &mut Matches,
    ) -> Result<(), EvalError> {
        match &info.rules {
            Rules::Listed(rules) => {
                for rule in rules {
                    self.try_rule(&rule.block, rule.multiplicity, rule.verdict, base, matched)?;
                }
            }
            Rules::Unlisted => self.many_rules(info, base, matched)?,
        }
        Ok(())
    }

    fn many_rules(&mut self, info: &HeadInfo, base: usize, matched: &mut Matches) -> Result<(), EvalError> {
        let env = self.env.clone();
        let call = self.call_from(base);
        let home = space_in(&env, self.home).unwrap_or(&env);
        for rule in home.rules_for(&call) {
            if info.builtin.is_none() || is_headed(&rule) {
                let block = self.shared.rules.compiled(&rule);
                let verdict = verdict(&block, &info.signatures, &self.shared, home);
                self.try_rule(&block, rule.multiplicity(), verdict, base, matched)?;
            }
        }
        for rule in own_rules(info.builtin, &info.signatures, &self.shared, home) {
            self.try_rule(&rule.block, rule.multiplicity, rule.verdict, base, matched)?;
        }
        Ok(())
    }

    /// Makes a sibling of each matching rule.
    fn rule_tasks(&mut self, matched: Matches, signature: Option<&Signature>) -> Vec<Task> {
        let is_final = signature.is_some_and(|signature| signature.is_final);
        let expected = signature.and_then(Signature::result);
        let tasks = matched.into_iter().map(|(found, verdict)| {
            let body = found.act.block.body;
            let subst = found.subst;
            if is_final && let Answers::One(answer) = final_value(&found.act) {
                return Task {
                    kind: TaskKind::Done(answer.value),
                    subst,
                };
            }
            let kind = match expected {
                Some(expected) if verdict != Verdict::Fits => {
                    let error = (verdict == Verdict::Mismatch).then(|| self.bad_result(&found.act, expected));
                    match error.flatten() {
                        Some(error) => TaskKind::Done(error),
                        None => TaskKind::Expect(found.act, body, expected.clone()),
                    }
                }
                _ => TaskKind::Eval(found.act, body),
            };
            Task { kind, subst }
        });
        tasks.collect()
    }

    pub(crate) fn try_rule(
        &mut self,
        block: &Block,
        multiplicity: u64,
        verdict: Verdict,
        base: usize,
        matched: &mut Matches,
    ) -> Result<(), EvalError> {
        let Some(found) = self.match_rule(block, base) else {
            return Ok(());
        };
        for _ in 1..multiplicity {
            self.count(|m| m.call_from(base))?;
            matched.push((found.clone(), verdict));
            if matched.len().is_multiple_of(1024) {
                let bytes = size_of::<(Match, Verdict)>() + size_of::<Task>();
                self.shared.check_more(0, matched.len() * bytes)?;
            }
        }
        matched.push((found, verdict));
        Ok(())
    }
}

/// Returns whether the innermost head is a variable: no rule applies, since any would.
pub(crate) fn is_open(mut head: &Atom) -> bool {
    while let Atom::Expression(items) = head
        && let Some(first) = items.first()
    {
        head = first;
    }
    matches!(head, Atom::Variable(_))
}

/// Returns the answer of a function whose result isn't evaluated.
fn final_value(act: &Activation) -> Answers {
    let atom = act.instantiate(act.block.body);
    if is_empty_symbol(&atom) {
        Answers::None
    } else {
        Answers::one(Value::raw(atom))
    }
}
