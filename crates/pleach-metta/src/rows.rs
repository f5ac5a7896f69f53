//! Calls some of whose arguments have several answers, or none, or bind variables: each way to evaluate the arguments is a
//! row.

use std::rc::Rc;

use smallvec::SmallVec;

use super::Stop;
use super::code::{Activation, At, Node};
use super::head::HeadInfo;
use super::machine::{Frame, Machine, Step, is_empty_symbol, is_error};
use super::memory::Sum;
use super::sibling::{More, Task, TaskKind, Waiting};
use super::value::{Answer, Answers, Delta, Value, substitute, variables};
use pleach::term::Atom;

/// A way to evaluate the arguments so far.
#[derive(Clone)]
struct Row {
    /// The head and the arguments so far.
    values: Vec<Value>,
    /// The activation, as the arguments have bound its variables.
    act: Rc<Activation>,
    delta: Option<Delta>,
    /// An error that an argument came to: it is the result of the whole.
    error: Option<Value>,
}

impl Row {
    fn measure(&self, sum: &mut Sum) {
        sum.bytes(size_of::<Self>());
        sum.activation(&self.act);
        self.values.iter().chain(&self.error).for_each(|value| sum.value(value));
        self.delta.iter().for_each(|delta| sum.delta(delta));
    }
}

/// A call that has several ways, or none, to evaluate its arguments.
pub(super) struct Rows {
    act: Rc<Activation>,
    at: At,
    item: u32,
    info: Rc<HeadInfo>,
    signature: Option<u16>,
    rows: Vec<Row>,
    /// The values of the arguments after those of the rows, if they don't depend on each other: the rows are the product.
    /// Then there is one row so far, which has bound nothing.
    columns: Vec<Vec<Value>>,
    /// The row whose argument is being evaluated; `None` if it is evaluated for all of them at once.
    current: Option<usize>,
    grown: Vec<Row>,
    /// Were siblings announced?
    grouped: bool,
}

impl Rows {
    /// The activation in which an argument is being evaluated.
    pub(super) fn current_act(&self) -> &Activation {
        match self.current.and_then(|current| self.rows.get(current)) {
            Some(row) => &row.act,
            None => &self.act,
        }
    }

    pub(super) fn measure(&self, sum: &mut Sum) {
        sum.activation(&self.act);
        for row in self.rows.iter().chain(&self.grown) {
            row.measure(sum);
        }
        self.columns.iter().flatten().for_each(|value| sum.value(value));
    }

    /// Can these answers be a column?
    fn are_independent(&self, answers: &[Answer]) -> bool {
        let plain = |answer: &Answer| answer.delta.is_none() && !is_error(&answer.value.atom);
        let one = matches!(&self.rows[..], [row] if row.delta.is_none() && row.error.is_none());
        one && (answers.len() > 1 || answers.len() == 1 && !self.columns.is_empty()) && answers.iter().all(plain)
    }

    /// The arguments after this one that another thread may evaluate, once for all rows.
    pub(super) fn waiting(&self, machine: &Machine) -> Vec<Waiting> {
        let Node::Call(call) = self.act.node(self.at) else {
            return Vec::new();
        };
        let mut mentioned = vec![self.act.instantiate(call.item(self.item))];
        for delta in self.rows.iter().chain(&self.grown).filter_map(|row| row.delta.as_ref()) {
            let entries = delta.iter();
            mentioned.extend(entries.flat_map(|(variable, value)| [Atom::Variable(*variable), value.clone()]));
        }
        machine.waiting_items(&self.act, self.at, self.item, &self.info, self.signature, &mentioned)
    }

    /// Has any row bound a variable of this atom?
    fn have_bound(&self, atom: &Atom) -> bool {
        let mut free = SmallVec::new();
        variables(atom, &mut free);
        let mut bound = self
            .rows
            .iter()
            .flat_map(|row| row.delta.iter().flat_map(|delta| delta.iter()));
        bound.any(|(variable, _)| free.contains(variable))
    }
}

impl Machine {
    #[allow(clippy::too_many_arguments)]
    pub(super) fn rows(
        &mut self,
        act: Rc<Activation>,
        at: At,
        item: u32,
        info: Rc<HeadInfo>,
        signature: Option<u16>,
        base: usize,
        grouped: bool,
    ) -> Box<Rows> {
        let row = Row {
            values: self.vals.drain(base..).collect(),
            act: Rc::clone(&act),
            delta: None,
            error: None,
        };
        Box::new(Rows {
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

    /// Takes the answers for an argument; `evaluated` says whether a sibling has just ended.
    pub(super) fn resume_rows(
        &mut self,
        mut rows: Box<Rows>,
        mut answers: Answers,
        evaluated: bool,
    ) -> Result<Step, Stop> {
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
        self.continue_rows(rows)
    }

    /// Makes a row of each combination of the columns.
    fn expand(&mut self, rows: &mut Rows) -> Result<(), Stop> {
        for column in std::mem::take(&mut rows.columns) {
            let answers: Vec<_> = column.into_iter().map(|value| Answer { value, delta: None }).collect();
            let mut grown = Vec::new();
            for row in std::mem::take(&mut rows.rows) {
                self.grow(&mut grown, row, &answers)?;
            }
            rows.rows = grown;
        }
        Ok(())
    }

    /// Adds each way to go on from `row` with one of the answers. Each is a step, so that limits and interrupts hold before
    /// there are more than memory can take; none if there is just one, for then there may be no rows on one thread.
    fn grow(&mut self, grown: &mut Vec<Row>, row: Row, answers: &[Answer]) -> Result<(), Stop> {
        if row.error.is_some() {
            grown.push(row);
            return Ok(());
        }
        for answer in answers {
            grown.push(next_row(&row, answer));
            // Nothing is offered to other threads from here, for the frame of these siblings is not on the stack.
            self.steps += u64::from(answers.len() > 1);
            if grown.len().is_multiple_of(PORTION) {
                self.shared.check_interrupt(|| {
                    Atom::Expression(row.values.iter().map(|value| value.atom.clone()).collect())
                })?;
                if self.shared.memory.is_some() {
                    // Those before are like the last ones: to measure all would take the square of their number.
                    let mut sum = Sum::default();
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

    /// The argument has been evaluated, for all rows or for the current one. Goes on with the next row or argument.
    pub(super) fn continue_rows(&mut self, mut rows: Box<Rows>) -> Result<Step, Stop> {
        loop {
            let Node::Call(call) = rows.act.node(rows.at) else {
                return Ok(Step::Return(Answers::None));
            };
            // Another row for the same argument?
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
                    self.stack.push(Frame::Rows(rows));
                    return Ok(Step::Eval(act, node));
                }
            }
            // Then the next argument.
            rows.rows = std::mem::take(&mut rows.grown);
            rows.current = None;
            rows.item += 1;
            let dead = rows.rows.iter().all(|row| row.error.is_some());
            if rows.item >= call.len || (dead && self.is_sequential()) {
                return self.finish_rows(*rows);
            }
            let node = call.item(rows.item);
            let (info, signature, item) = (Rc::clone(&rows.info), rows.signature, rows.item);
            let act = Rc::clone(&rows.act);
            // An observer should see once what happens once.
            if self.shared.trace.is_none()
                && let Some(value) = self.argument_at_hand(&act, node, item, &info, signature)
            {
                // What has bound nothing has changed nothing.
                let fails = is_error(&value.atom) && !self.is_lazy(&info, signature, item, &value.atom);
                let ends = fails || (signature.is_none() && is_empty_symbol(&value.atom));
                if !(ends || rows.columns.is_empty()) {
                    rows.columns.push(vec![value]);
                    rows.grown = std::mem::take(&mut rows.rows);
                    continue;
                }
                self.expand(&mut rows)?;
                // So it is for every row, but for what the row has bound its variables to.
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
                self.stack.push(Frame::Rows(rows));
                return Ok(Step::Eval(act, node));
            }
            self.stack.push(Frame::Rows(rows));
            if let Some(answers) = self.claim(u64::from(item))? {
                return Ok(Step::Return(answers));
            }
            return Ok(Step::Eval(act, node));
        }
    }

    pub(super) fn finish_rows(&mut self, rows: Rows) -> Result<Step, Stop> {
        let Rows {
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
                places: vec![0; columns.len()],
                columns,
                info,
                signature,
                ended: false,
            };
            let tasks = product.next(self, 0)?;
            return self.branches_of(tasks, Some(More::Product(product)));
        }
        let tasks = rows
            .into_iter()
            .map(|row| Task {
                kind: match row.error {
                    Some(error) => TaskKind::Done(error),
                    None => TaskKind::Apply(row.values, Rc::clone(&info), signature),
                },
                delta: row.delta,
            })
            .collect();
        self.branches(tasks)
    }
}

/// The row that follows with one of the answers.
fn next_row(row: &Row, answer: &Answer) -> Row {
    let mut next = row.clone();
    if let Some(delta) = &answer.delta {
        next.values.iter_mut().for_each(|value| value.substitute(delta));
        let mut act = (*next.act).clone();
        act.substitute(delta);
        next.act = Rc::new(act);
        let mut entries: Vec<_> = row.delta.iter().flat_map(|delta| delta.iter().cloned()).collect();
        for (_, value) in &mut entries {
            *value = substitute(value, delta);
        }
        entries.extend(
            delta
                .iter()
                .filter(|(variable, _)| !row.delta.iter().any(|known| known.iter().any(|(k, _)| k == variable)))
                .cloned(),
        );
        next.delta = Some(entries.into());
    }
    if is_error(&answer.value.atom) {
        next.error = Some(answer.value.clone());
    } else {
        let mut value = answer.value.clone();
        if let Some(delta) = &next.delta {
            value.substitute(delta);
        }
        next.values.push(value);
    }
    next
}

/// Calls with each combination of the values of independent arguments, the last argument changing fastest. A portion of
/// them is made at a time, so a product takes the memory of its factors and of its results, whatever its size.
pub(super) struct Product {
    /// The head and the arguments before the columns.
    values: Vec<Value>,
    /// None of them is empty.
    columns: Vec<Vec<Value>>,
    /// The next combination: an index for each column.
    places: Vec<usize>,
    info: Rc<HeadInfo>,
    signature: Option<u16>,
    ended: bool,
}

/// So many calls are made at a time, and so many rows without a look at limits and interrupts.
const PORTION: usize = 1024;

impl Product {
    pub(super) fn has_ended(&self) -> bool {
        self.ended
    }

    pub(super) fn measure(&self, sum: &mut Sum) {
        self.values
            .iter()
            .chain(self.columns.iter().flatten())
            .for_each(|value| sum.value(value));
    }

    /// The next calls. The answers before have come to so many bytes.
    pub(super) fn next(&mut self, machine: &mut Machine, beside: usize) -> Result<Vec<Task>, Stop> {
        // An observer is shown all of them at once.
        let most = if machine.tracing { usize::MAX } else { PORTION };
        let bytes = size_of::<Task>() + (self.values.len() + self.columns.len()) * size_of::<Value>();
        let mut tasks = Vec::new();
        while !self.ended && tasks.len() < most {
            let chosen = self.columns.iter().zip(&self.places);
            let chosen = chosen.filter_map(|(column, place)| column.get(*place));
            let values: Vec<Value> = self.values.iter().chain(chosen).cloned().collect();
            machine.count(|_| Atom::Expression(values.iter().map(|value| value.atom.clone()).collect()))?;
            tasks.push(Task {
                kind: TaskKind::Apply(values, Rc::clone(&self.info), self.signature),
                delta: None,
            });
            if tasks.len().is_multiple_of(PORTION) {
                machine.shared.check_more(beside, tasks.len() * bytes)?;
            }
            self.ended = true;
            for (place, column) in self.places.iter_mut().zip(&self.columns).rev() {
                *place += 1;
                if *place < column.len() {
                    self.ended = false;
                    break;
                }
                *place = 0;
            }
        }
        Ok(tasks)
    }
}
