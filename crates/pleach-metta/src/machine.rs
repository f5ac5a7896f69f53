//! The machine: an explicit stack of frames, so that a deep evaluation is a question of memory, not of native stack.
//!
//! A [`Step`] is what is to be done next. Evaluating a node either gives its answers at once or pushes a [`Frame`] that
//! waits for the answers of a part. A call in tail position pushes none.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;

use smallvec::SmallVec;

use super::builtin::Kind;
use super::code::{Activation, At, Compiled, Node};
use super::forms::Waiting;
use super::head::{HeadInfo, Heads};
use super::inert::Inert;
use super::meaning::{Home, new_meaning};
use super::memo::{Memo, Remembering};
use super::memory::Holding;
use super::quick::Plain;
use super::rows::Rows;
use super::sibling::{Branches, Group, Task};
use super::space::space_in;
use super::types::KnownTypes;
use super::value::{Answer, Answers, Delta, Value, compose, substitute, variables};
use super::{Shared, Stop};
use pleach::Environment;
use pleach::env::{Space, SpaceId};
use pleach::term::{Atom, Symbol, Variable};

/// What to do next.
pub(super) enum Step {
    /// Evaluate a node.
    Eval(Rc<Activation>, At),
    /// Evaluate an atom.
    Atom(Atom),
    /// Evaluate a sibling, unless another thread has: this one, of the innermost group.
    Sibling(Box<Task>, u64),
    /// Hand answers to the frame on top.
    Return(Answers),
}

impl Step {
    pub(super) fn value(atom: Atom) -> Self {
        Self::Return(Answers::one(Value::raw(atom)))
    }
}

/// What waits for the answers of a part.
pub(super) enum Frame {
    /// A call whose arguments have had one answer each so far; they are on the value stack, from `base` on.
    Args(Args),
    /// A call some of whose arguments have had several answers, or none.
    Rows(Box<Rows>),
    /// Siblings that are evaluated one after another.
    Branches(Box<Branches>),
    /// Answers bind the variables that these values mention; those above want to know of these variables.
    Compose(Vec<(Variable, Atom)>),
    /// A built-in that evaluates its parts itself.
    Form(Waiting),
    /// What is evaluated reduces by the rules of another space; afterwards by those of this.
    Home(Box<Home>),
    /// The answers are to be of this type.
    Expected(Box<Atom>),
    /// The answers of a call are to be remembered.
    Memo(Box<Remembering>),
    /// This is a task: what waits for its answers is elsewhere.
    Task,
}

pub(super) struct Args {
    pub(super) act: Rc<Activation>,
    pub(super) at: At,
    /// The item that is being evaluated.
    pub(super) item: u32,
    pub(super) base: usize,
    pub(super) info: Rc<HeadInfo>,
    /// The function type that the arguments are evaluated by.
    pub(super) signature: Option<u16>,
    /// Were siblings announced?
    pub(super) grouped: bool,
}

// There is one for each level of a program's recursion.
const _: () = assert!(size_of::<Frame>() <= 48);

/// One task's evaluation.
pub(super) struct Machine {
    pub(super) shared: Arc<Shared>,
    pub(super) env: Environment,
    /// The stamp of the environment.
    pub(super) epoch: u64,
    /// The stamp of what decides whether an atom evaluates to itself, and which types it has: another one whenever a rule,
    /// a type, what a name stands for or the type of a state has changed.
    pub(super) meaning: u64,
    pub(super) stack: Vec<Frame>,
    /// The values of arguments of calls whose other arguments are being evaluated.
    pub(super) vals: Vec<Value>,
    /// What is known of heads, by the definitions of this stamp: those of the environment of `heads_epoch`.
    heads: Heads,
    heads_definitions: u64,
    heads_epoch: u64,
    pub(super) plain: Plain,
    pub(super) known_types: KnownTypes,
    pub(super) inert: Inert,
    /// The next id for a variable.
    pub(super) fresh: u64,
    pub(super) steps: u64,
    /// The steps that were reported already.
    reported: u64,
    /// The step at which to report again.
    next_report: u64,
    /// How many of the outermost groups were asked for siblings that wait.
    pub(super) asked: usize,
    /// Are the siblings that follow worth a task each, as the program says?
    pub(super) spread: bool,
    /// How many tasks this one is nested in.
    pub(super) level: u32,
    /// The groups of siblings that are being evaluated, the innermost last.
    pub(super) groups: Vec<Group>,
    /// Where the current sibling is in the whole evaluation, and how often names were given there.
    pub(super) path: u128,
    pub(super) named: u64,
    /// How many names were given in all.
    pub(super) names: u64,
    /// Environments as they were when a group of siblings began, by stamp, for groups that have been written in since.
    pub(super) bases: Vec<(u64, Environment)>,
    pub(super) output: String,
    pub(super) holding: Holding,
    /// The space whose rules and types reduce; `None` is `&self`.
    pub(super) home: Option<SpaceId>,
    /// The answers of calls that are remembered, if they are to be.
    pub(super) memo: Option<Memo>,
    /// How often anything was done but compute: written, named, printed, asked of the host.
    pub(super) effects: u64,
    /// How often anything was looked at but rules and types: facts, states, names, other spaces.
    pub(super) reads: Cell<u64>,
    /// Does an observer watch?
    pub(super) tracing: bool,
    /// What is being reduced, if an observer wants to know.
    pub(super) reducing: Option<Atom>,
}

/// After so many steps a task tells the others how many it took.
const REPORT: u64 = 1024;

impl Machine {
    pub(super) fn new(shared: Arc<Shared>, env: Environment, fresh: u64, level: u32) -> Self {
        Self {
            holding: Holding::new(&shared, env.fact_count()),
            home: None,
            memo: shared.memo.map(Memo::new),
            effects: 0,
            reads: Cell::new(0),
            tracing: shared.trace.is_some(),
            shared,
            epoch: env.stamp(),
            meaning: new_meaning(),
            env,
            stack: Vec::new(),
            vals: Vec::new(),
            heads: Heads::default(),
            heads_definitions: 0,
            heads_epoch: 0,
            plain: Plain::default(),
            known_types: KnownTypes::default(),
            inert: Inert::default(),
            fresh,
            steps: 0,
            reported: 0,
            next_report: REPORT,
            asked: 0,
            spread: false,
            level,
            groups: Vec::new(),
            path: 0,
            named: 0,
            names: 0,
            bases: Vec::new(),
            output: String::new(),
            reducing: None,
        }
    }

    /// Evaluates an atom of the top level, whose variables are its own.
    pub(super) fn evaluate(&mut self, atom: &Atom) -> Result<Answers, Stop> {
        let step = self.begin(atom);
        let answers = self.run(step);
        if answers.is_err() {
            self.abandon();
        }
        answers
    }

    /// The first step of that.
    pub(super) fn begin(&mut self, atom: &Atom) -> Step {
        let block = Rc::new(Arc::new(Compiled::query(atom)));
        let act = Activation::blank(block, &mut self.fresh);
        let body = act.block.body;
        Step::Eval(Rc::new(act), body)
    }

    /// Runs until the stack is as it was.
    pub(super) fn run(&mut self, mut step: Step) -> Result<Answers, Stop> {
        if self.tracing {
            return self.run_watched(step);
        }
        loop {
            step = match step {
                Step::Eval(act, at) => self.eval(act, at)?,
                Step::Atom(atom) => self.eval_atom(atom)?,
                Step::Sibling(task, index) => self.begin_task(*task, index)?,
                Step::Return(answers) => match self.stack.pop() {
                    Some(frame) => self.resume(frame, answers)?,
                    None => {
                        self.spend()?;
                        return Ok(answers);
                    }
                },
            };
        }
    }

    /// One step of [`run`](Self::run), or `None` if it was the last.
    pub(super) fn step(&mut self, step: Step) -> Result<Option<Step>, Stop> {
        let step = match step {
            Step::Eval(act, at) => self.eval(act, at)?,
            Step::Atom(atom) => self.eval_atom(atom)?,
            Step::Sibling(task, index) => self.begin_task(*task, index)?,
            Step::Return(answers) => match self.stack.pop() {
                Some(frame) => self.resume(frame, answers)?,
                None => return self.spend().map(|()| None),
            },
        };
        if self.tracing {
            self.reduced(&step);
        }
        Ok(Some(step))
    }

    /// Counts a step. `at` says what is being reduced, should the evaluation be interrupted here.
    #[inline]
    pub(super) fn count(&mut self, at: impl FnOnce(&Self) -> Atom) -> Result<(), Stop> {
        self.steps += 1;
        if self.steps >= self.next_report {
            return self.report(at);
        }
        Ok(())
    }

    /// Counts steps that were taken before.
    pub(super) fn skip(&mut self, steps: u64) -> Result<(), Stop> {
        self.steps = self.steps.saturating_add(steps);
        self.spend()
    }

    /// Adds steps that other tasks took, and reported.
    pub(super) fn add_steps(&mut self, steps: u64) {
        self.steps += steps;
        self.reported += steps;
    }

    #[cold]
    fn report(&mut self, at: impl FnOnce(&Self) -> Atom) -> Result<(), Stop> {
        self.next_report = self.steps + REPORT;
        self.shared.check_interrupt(|| at(self))?;
        self.check_memory()?;
        self.spend()?;
        self.share()
    }

    /// Tells the other tasks of the steps since the last time.
    pub(super) fn spend(&mut self) -> Result<(), Stop> {
        let steps = self.steps - self.reported;
        self.reported = self.steps;
        self.shared.spend(steps)
    }

    fn resume(&mut self, frame: Frame, answers: Answers) -> Result<Step, Stop> {
        match frame {
            Frame::Args(args) => {
                let answers = restricted(&args.act, answers);
                self.resume_args(args, answers)
            }
            Frame::Rows(rows) => {
                let answers = restricted(rows.current_act(), answers);
                self.resume_rows(rows, answers, true)
            }
            Frame::Branches(branches) => self.resume_branches(branches, answers),
            Frame::Compose(entries) => Ok(Step::Return(match answers {
                Answers::None => Answers::None,
                Answers::One(answer) => Answers::One(with_entries(&entries, answer)),
                Answers::Many(answers) => Answers::Many(
                    answers
                        .into_iter()
                        .map(|answer| with_entries(&entries, answer))
                        .collect(),
                ),
            })),
            Frame::Home(home) => {
                self.leave_home(&home);
                // What is normal there need not be so here.
                let answers = answers.into_vec().into_iter().map(|answer| Answer {
                    value: Value::raw(answer.value.atom),
                    delta: answer.delta,
                });
                Ok(Step::Return(answers.collect::<Vec<_>>().into()))
            }
            Frame::Expected(expected) => Ok(Step::Return(self.checked(&expected, answers))),
            Frame::Memo(remembering) => {
                self.remember(*remembering, &answers);
                Ok(Step::Return(answers))
            }
            Frame::Task => Ok(Step::Return(answers)),
            Frame::Form(waiting) => {
                let answers = restricted(&waiting.act, answers);
                self.resume_form(waiting, answers)
            }
        }
    }

    fn eval(&mut self, act: Rc<Activation>, at: At) -> Result<Step, Stop> {
        let value = if self.tracing {
            self.quick_watched(&act, at)
        } else {
            self.quick(&act, at)
        };
        if let Some(value) = value {
            return Ok(Step::Return(if is_empty_symbol(&value.atom) {
                Answers::None
            } else {
                Answers::one(value)
            }));
        }
        match act.node(at) {
            Node::Call(call) => {
                if let Some(builtin) = call.builtin
                    && let Kind::Special(special) = builtin.kind
                {
                    self.count(|_| act.instantiate(at))?;
                    return self.eval_special(special, builtin, act, at);
                }
                self.eval_call(act, at)
            }
            Node::Slot(slot) => {
                let atom = act.slot(*slot);
                Ok(Step::Atom(atom))
            }
            Node::Deep(_) => {
                let atom = act.instantiate(at);
                Ok(Step::Atom(atom))
            }
            Node::Leaf(_) | Node::Token(_) => {
                let atom = act.instantiate(at);
                Ok(Step::value(atom))
            }
        }
    }

    fn eval_atom(&mut self, atom: Atom) -> Result<Step, Stop> {
        if let Atom::Symbol(name) = &atom
            && is_token(*name)
        {
            return Ok(Step::value(self.token(*name)));
        }
        if is_empty_symbol(&atom) {
            return Ok(Step::Return(Answers::None));
        }
        if self.is_inert(&atom) {
            return Ok(Step::Return(Answers::one(Value::normal(atom, self.meaning))));
        }
        let act = Activation::open(&atom);
        self.made(act.block.bytes())?;
        let body = act.block.body;
        match act.node(body) {
            Node::Call(_) => self.eval(Rc::new(act), body),
            _ => Ok(Step::value(atom)),
        }
    }

    /// What a name that begins with `&` stands for.
    pub(super) fn token(&self, name: Symbol) -> Atom {
        self.binding(name).cloned().unwrap_or(Atom::Symbol(name))
    }

    /// What a name is bound to.
    pub(super) fn binding(&self, name: Symbol) -> Option<&Atom> {
        self.note_read();
        self.env.binding(name.as_str())
    }

    /// More is looked at than rules and types.
    pub(super) fn note_read(&self) {
        self.reads.set(self.reads.get() + 1);
    }

    /// What is known of a symbol as the head of so many arguments.
    pub(super) fn head(&mut self, symbol: Symbol, arity: u32) -> Rc<HeadInfo> {
        if self.heads_epoch != self.epoch {
            self.heads_epoch = self.epoch;
            let definitions = self.home().definitions_stamp();
            if definitions != self.heads_definitions {
                self.heads_definitions = definitions;
                self.heads.clear();
            }
        }
        if let Some(info) = self.heads.get(&(symbol, arity)) {
            info.epoch.set(self.epoch);
            return Rc::clone(info);
        }
        let info = Rc::new(HeadInfo::new(
            &self.shared,
            self.home(),
            self.epoch,
            Some(symbol),
            arity,
        ));
        self.heads.insert((symbol, arity), Rc::clone(&info));
        info
    }

    /// Pushes what makes the answers to come tell of bindings made before. `entries` bind variables that frames below may
    /// hold; `scope` are variables that they may hold too, and that are not bound yet.
    pub(super) fn push_bindings(&mut self, delta: &[(Variable, Atom)], scope: &[Variable]) {
        match self.stack.last_mut() {
            None => {}
            Some(Frame::Compose(entries)) => {
                for (_, value) in entries {
                    *value = substitute(value, delta);
                }
            }
            Some(_) => {
                let mut entries = delta.to_vec();
                for variable in scope {
                    if !entries.iter().any(|(known, _)| known == variable) {
                        entries.push((*variable, Atom::Variable(*variable)));
                    }
                }
                self.stack.push(Frame::Compose(entries));
            }
        }
    }

    /// The space whose rules and types reduce: `&self`, but within `evalc`.
    pub(super) fn home(&self) -> &Space {
        space_in(&self.env, self.home).unwrap_or(&self.env)
    }

    /// Reduces by the rules of that space from now on.
    pub(super) fn set_home(&mut self, home: Option<SpaceId>) {
        self.home = home;
        self.heads.clear();
        self.heads_epoch = 0;
        self.plain = Plain::default();
        self.known_types.clear();
        self.inert.clear();
        self.note_read();
    }

    /// Evaluates an atom by the rules of that space.
    pub(super) fn eval_in(&mut self, space: Option<SpaceId>, atom: Atom) -> Step {
        if space != self.home {
            self.stack.push(Frame::Home(Box::new(self.leaving())));
            self.set_home(space);
        }
        Step::Atom(atom)
    }

    /// The state was written: `change` does it.
    pub(super) fn write<R>(&mut self, change: impl FnOnce(&mut Environment) -> R) -> R {
        self.effects += 1;
        self.keep_base();
        let definitions = self.home().definitions_stamp();
        let result = change(&mut self.env);
        self.epoch = self.env.stamp();
        if self.home().definitions_stamp() != definitions {
            self.meaning = new_meaning();
        }
        result
    }

    /// Shows text to people: at once if no siblings run beside this task.
    pub(super) fn print(&mut self, text: &str) {
        self.effects += 1;
        if self.level == 0 {
            (self.shared.output)(text);
        } else {
            self.output.push_str(text);
        }
    }

    pub(super) fn is_sequential(&self) -> bool {
        self.shared.policy == super::Policy::Sequential
    }
}

/// The variables that an activation's slots mention.
pub(super) fn scope_of(act: &Activation) -> SmallVec<[Variable; 4]> {
    let mut scope = SmallVec::new();
    for (slot, value) in act.values.iter().enumerate() {
        if value.is_set() {
            if !value.atom.is_ground() {
                variables(&value.atom, &mut scope);
            }
        } else if !act.block.slots[slot].settable
            && let Atom::Variable(variable) = act.variable(slot as u32)
        {
            scope.push(variable);
        }
    }
    scope
}

/// The answers without bindings of variables that the activation of what waits for them does not mention: nobody else
/// knows those.
fn restricted(act: &Activation, answers: Answers) -> Answers {
    fn one(scope: &[Variable], mut answer: Answer) -> Answer {
        if let Some(delta) = &answer.delta
            && !delta.iter().all(|(variable, _)| scope.contains(variable))
        {
            let known = delta.iter().filter(|(variable, _)| scope.contains(variable));
            let entries: Vec<_> = known.cloned().collect();
            answer.delta = (!entries.is_empty()).then(|| entries.into());
        }
        answer
    }
    match answers {
        Answers::One(answer) if answer.delta.is_some() => Answers::One(one(&scope_of(act), answer)),
        Answers::Many(answers) if answers.iter().any(|answer| answer.delta.is_some()) => {
            let scope = scope_of(act);
            Answers::Many(answers.into_iter().map(|answer| one(&scope, answer)).collect())
        }
        answers => answers,
    }
}

fn with_entries(entries: &[(Variable, Atom)], answer: Answer) -> Answer {
    let delta: Option<Delta> = compose(entries, answer.delta.as_ref());
    Answer {
        value: answer.value,
        delta,
    }
}

/// Is it a name that `bind!` can give a meaning?
pub(super) fn is_token(name: Symbol) -> bool {
    name.as_str().starts_with('&')
}

pub(super) fn is_empty_symbol(atom: &Atom) -> bool {
    matches!(atom, Atom::Symbol(symbol) if *symbol == super::names().empty)
}

/// Is it `(Error …)`?
pub(super) fn is_error(atom: &Atom) -> bool {
    matches!(atom, Atom::Expression(items)
        if matches!(items.first(), Some(Atom::Symbol(head)) if *head == super::names().error))
}
