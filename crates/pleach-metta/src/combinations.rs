//! Calls with arguments that have no or several answers, or that bind variables: each combination of answers is a row.

use std::rc::Rc;

use crate::code::{Activation, Node, NodeIndex};
use crate::error::EvalError;
use crate::frame::{Combination, Combinations, Frame, Product, Step, Task, TaskKind, TaskSource};
use crate::head::HeadInfo;
use crate::heap_size::HeapSize;
use crate::machine::Machine;
use crate::sibling::PendingSibling;
use crate::subst::Subst;
use crate::symbols::{is_empty_symbol, is_error};
use crate::value::{Answer, Answers, Value};
use pleach::term::Atom;

impl Combinations {
    /// Returns the arguments after this one that another thread may evaluate, once for all rows.
    pub(crate) fn pending(&self, machine: &Machine) -> Vec<PendingSibling> {
        let Node::Call(call) = self.act.node(self.at) else {
            return Vec::new();
        };
        let mut mentioned = vec![self.act.instantiate(call.item(self.item))];
        for subst in self.rows.iter().chain(&self.grown).map(|row| &row.subst) {
            let entries = subst.iter();
            mentioned.extend(entries.flat_map(|(variable, value)| [Atom::Variable(*variable), value.clone()]));
        }
        machine.pending_items(&self.act, self.at, self.item, &self.info, self.signature, &mentioned)
    }
}

impl Machine {
    #[allow(clippy::too_many_arguments)]
    pub(crate) fn combinations(
        &mut self,
        act: Rc<Activation>,
        at: NodeIndex,
        item: u32,
        info: Rc<HeadInfo>,
        signature: Option<u16>,
        base: usize,
        grouped: bool,
    ) -> Box<Combinations> {
        let row = Combination {
            values: self.vals.drain(base..).collect(),
            act: Rc::clone(&act),
            subst: Subst::EMPTY,
            error: None,
        };
        Box::new(Combinations {
            act,
            at,
            item,
            info,
            signature,
            rows: vec![row],
            columns: Vec::new(),
            current: None,
            grown: Vec::new(),
            grouped,
        })
    }

    /// Takes the answers of an argument. `evaluated` tells whether a sibling has just ended.
    pub(crate) fn resume_combinations(
        &mut self,
        mut rows: Box<Combinations>,
        mut answers: Answers,
        evaluated: bool,
    ) -> Result<Step, EvalError> {
        if evaluated {
            self.end_sibling();
            answers = self.checked_argument(&rows.info, rows.item, answers);
        }
        let answers = answers.into_vec();
        match rows.current {
            None if rows.are_independent(&answers) => {
                let values = answers.into_iter().map(|answer| answer.value).collect();
                rows.columns.push(values);
                rows.grown = std::mem::take(&mut rows.rows);
            }
            None if answers.is_empty() => {
                rows.columns.clear();
                rows.rows.retain(|row| row.error.is_some());
                rows.grown = std::mem::take(&mut rows.rows);
            }
            None => {
                self.expand(&mut rows)?;
                for row in std::mem::take(&mut rows.rows) {
                    self.grow(&mut rows.grown, row, &answers)?;
                }
            }
            Some(current) => {
                let row = rows.rows[current].clone();
                self.grow(&mut rows.grown, row, &answers)?;
            }
        }
        self.continue_combinations(rows)
    }

    /// Expands the product of the columns into rows.
    fn expand(&mut self, rows: &mut Combinations) -> Result<(), EvalError> {
        for column in std::mem::take(&mut rows.columns) {
            let answers: Vec<_> = column.into_iter().map(Answer::new).collect();
            let mut grown = Vec::new();
            for row in std::mem::take(&mut rows.rows) {
                self.grow(&mut grown, row, &answers)?;
            }
            rows.rows = grown;
        }
        Ok(())
    }

    /// Adds the row extended by each answer. Each is a step if there are several, so that limits and interrupts apply
    /// before memory is exhausted; a single answer takes none, since without others a thread may have no rows at all.
    fn grow(&mut self, grown: &mut Vec<Combination>, row: Combination, answers: &[Answer]) -> Result<(), EvalError> {
        if row.error.is_some() {
            grown.push(row);
            return Ok(());
        }
        for answer in answers {
            grown.push(next_row(&row, answer));
            // No siblings are spawned here: the frame of their group isn't on the stack.
            self.steps += u64::from(answers.len() > 1);
            if grown.len().is_multiple_of(PORTION) {
                self.shared.check_interrupt(|| {
                    Atom::Expression(row.values.iter().map(|value| value.atom.clone()).collect())
                })?;
                if self.shared.memory.is_some() {
                    // Extrapolated from the last ones: measuring all would be quadratic.
                    let mut sum = HeapSize::default();
                    grown[grown.len() - PORTION..]
                        .iter()
                        .for_each(|row| row.measure(&mut sum));
                    self.shared
                        .check_more(0, sum.total().saturating_mul(grown.len() / PORTION))?;
                }
                self.spend()?;
            }
        }
        Ok(())
    }

    /// Continues with the next row, or with the next argument.
    pub(crate) fn continue_combinations(&mut self, mut rows: Box<Combinations>) -> Result<Step, EvalError> {
        loop {
            let Node::Call(call) = rows.act.node(rows.at) else {
                return Ok(Step::Return(Answers::None));
            };
            // The same argument for another row?
            if let Some(current) = rows.current {
                let mut next = current + 1;
                while let Some(row) = rows.rows.get(next)
                    && row.error.is_some()
                {
                    let row = row.clone();
                    rows.grown.push(row);
                    next += 1;
                }
                if next < rows.rows.len() {
                    rows.current = Some(next);
                    let (act, node) = (Rc::clone(&rows.rows[next].act), call.item(rows.item));
                    self.begin_sibling(u64::from(rows.item) | (next as u64) << 32);
                    self.stack.push(Frame::Combinations(rows));
                    return Ok(Step::Eval(act, node));
                }
            }
            // The next argument.
            rows.rows = std::mem::take(&mut rows.grown);
            rows.current = None;
            rows.item += 1;
            let dead = rows.rows.iter().all(|row| row.error.is_some());
            if rows.item >= call.len || (dead && self.is_sequential()) {
                return self.finish_combinations(*rows);
            }
            let node = call.item(rows.item);
            let (info, signature, item) = (Rc::clone(&rows.info), rows.signature, rows.item);
            let act = Rc::clone(&rows.act);
            // With an observer, each argument is evaluated once for each row.
            if self.shared.trace.is_none()
                && let Some(value) = self.argument_at_hand(&act, node, item, &info, signature)
            {
                // It binds nothing, so rows stay independent.
                let fails = is_error(&value.atom) && !self.is_lazy(&info, signature, item, &value.atom);
                let ends = fails || (signature.is_none() && is_empty_symbol(&value.atom));
                if !(ends || rows.columns.is_empty()) {
                    rows.columns.push(vec![value]);
                    rows.grown = std::mem::take(&mut rows.rows);
                    continue;
                }
                self.expand(&mut rows)?;
                // The value is the same for each row, except for the row's bindings.
                let mut ready = true;
                let mut grown = Vec::with_capacity(rows.rows.len());
                for row in &rows.rows {
                    if row.error.is_some() {
                        grown.push(row.clone());
                        continue;
                    }
                    match self.argument_at_hand(&row.act, node, item, &info, signature) {
                        Some(value) => {
                            let mut row = row.clone();
                            if is_error(&value.atom) && !self.is_lazy(&info, signature, item, &value.atom) {
                                row.error = Some(value);
                            } else if signature.is_none() && is_empty_symbol(&value.atom) {
                                continue;
                            } else {
                                row.values.push(value);
                            }
                            grown.push(row);
                        }
                        None => ready = false,
                    }
                }
                if ready {
                    rows.grown = grown;
                    continue;
                }
            }
            if !rows.grouped {
                rows.grouped = true;
                self.open_group();
            }
            self.begin_sibling(u64::from(rows.item));
            if rows.have_bound(&act.instantiate(node)) {
                rows.current = None;
                let first = rows.rows.iter().position(|row| row.error.is_none());
                let Some(first) = first else { continue };
                rows.grown.extend(rows.rows[..first].iter().cloned());
                rows.current = Some(first);
                let act = Rc::clone(&rows.rows[first].act);
                self.begin_sibling(u64::from(rows.item) | (first as u64) << 32);
                self.stack.push(Frame::Combinations(rows));
                return Ok(Step::Eval(act, node));
            }
            self.stack.push(Frame::Combinations(rows));
            if let Some(answers) = self.join_sibling(u64::from(item))? {
                return Ok(Step::Return(answers));
            }
            return Ok(Step::Eval(act, node));
        }
    }

    pub(crate) fn finish_combinations(&mut self, rows: Combinations) -> Result<Step, EvalError> {
        let Combinations {
            mut rows,
            columns,
            grouped,
            info,
            signature,
            ..
        } = rows;
        if grouped {
            self.close_group();
        }
        if !columns.is_empty()
            && let Some(row) = rows.pop()
        {
            let mut product = Product {
                values: row.values,
                indexes: vec![0; columns.len()],
                columns,
                info,
                signature,
                ended: false,
            };
            let tasks = product.next(self, 0)?;
            return self.branches_from(tasks, Some(TaskSource::Product(product)));
        }
        let tasks = rows
            .into_iter()
            .map(|row| Task {
                kind: match row.error {
                    Some(error) => TaskKind::Done(error),
                    None => TaskKind::Apply(row.values, Rc::clone(&info), signature),
                },
                subst: row.subst,
            })
            .collect();
        self.branches(tasks)
    }
}

/// Returns the row extended by an answer.
fn next_row(row: &Combination, answer: &Answer) -> Combination {
    let mut next = row.clone();
    let subst = &answer.subst;
    if !subst.is_empty() {
        next.values.iter_mut().for_each(|value| value.substitute(subst));
        let mut act = (*next.act).clone();
        act.substitute(subst);
        next.act = Rc::new(act);
        next.subst = row.subst.compose(subst);
    }
    if is_error(&answer.value.atom) {
        next.error = Some(answer.value.clone());
    } else {
        let mut value = answer.value.clone();
        if !next.subst.is_empty() {
            value.substitute(&next.subst);
        }
        next.values.push(value);
    }
    next
}

/// Number of calls made at a time, and of rows between two checks of limits.
const PORTION: usize = 1024;

impl Product {
    /// Makes the next portion. `beside` are the bytes of the answers before.
    pub(crate) fn next(&mut self, machine: &mut Machine, beside: usize) -> Result<Vec<Task>, EvalError> {
        // An observer sees all branches at once.
        let most = if machine.tracing { usize::MAX } else { PORTION };
        let bytes = size_of::<Task>() + (self.values.len() + self.columns.len()) * size_of::<Value>();
        let mut tasks = Vec::new();
        while !self.ended && tasks.len() < most {
            let chosen = self.columns.iter().zip(&self.indexes);
            let chosen = chosen.filter_map(|(column, index)| column.get(*index));
            let values: Vec<Value> = self.values.iter().chain(chosen).cloned().collect();
            machine.count(|_| Atom::Expression(values.iter().map(|value| value.atom.clone()).collect()))?;
            tasks.push(Task {
                kind: TaskKind::Apply(values, Rc::clone(&self.info), self.signature),
                subst: Subst::EMPTY,
            });
            if tasks.len().is_multiple_of(PORTION) {
                machine.shared.check_more(beside, tasks.len() * bytes)?;
            }
            self.ended = true;
            for (index, column) in self.indexes.iter_mut().zip(&self.columns).rev() {
                *index += 1;
                if *index < column.len() {
                    self.ended = false;
                    break;
                }
                *index = 0;
            }
        }
        Ok(tasks)
    }
}
