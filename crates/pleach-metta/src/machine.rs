//! The abstract machine: an explicit stack of frames, so that deep evaluations use the heap, not the native stack.
//!
//! A [`Step`] is the next transition. Evaluating a node either returns answers or pushes a [`Frame`] that waits for the
//! answers of a subexpression. A tail call pushes none.

mod memo;
mod memory;
mod normal_form;

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;

use crate::code::{Activation, Compiled, Node, NodeIndex};
use crate::error::EvalError;
use crate::frame::{Frame, Group, Step};
use crate::head::{HeadInfo, Heads};
use crate::memo::Memo;
use crate::memory::MemoryAccount;
use crate::normal_form::{NormalForms, new_normal_stamp};
use crate::policy::Policy;
use crate::shared::Shared;
use crate::subst::Scope;
use crate::subst::Subst;
use crate::symbols::{is_empty_symbol, is_token};
use crate::type_cache::TypeCache;
use crate::value::{Answer, Answers, Value};
use pleach::Environment;
use pleach::env::SpaceId;
use pleach::term::{Atom, Symbol, Variable};

/// The state of one task's evaluation.
pub(crate) struct Machine {
    pub(crate) shared: Arc<Shared>,
    pub(crate) env: Environment,
    /// The stamp of the environment.
    pub(crate) epoch: u64,
    /// The [normal stamp](crate::normal_form): changes with rules, types, bindings of names and types of states.
    pub(crate) normal_stamp: u64,
    pub(crate) stack: Vec<Frame>,
    /// The value stack: arguments of calls whose other arguments are being evaluated.
    pub(crate) vals: Vec<Value>,
    /// A cache of heads, valid for the definitions of this stamp, last checked at `heads_epoch`.
    pub(crate) heads: Heads,
    heads_definitions: u64,
    pub(crate) heads_epoch: u64,
    pub(crate) type_cache: TypeCache,
    pub(crate) normal_forms: NormalForms,
    /// The next free variable id.
    pub(crate) fresh: u64,
    pub(crate) steps: u64,
    /// The steps that were added to the shared count.
    reported: u64,
    /// The step at which to add to it again.
    next_report: u64,
    /// Number of outermost groups whose pending siblings were spawned, or can't be.
    pub(crate) spawned: usize,
    /// Whether the next group of siblings was marked parallel by `hyperpose`.
    pub(crate) spread: bool,
    /// The nesting depth of tasks.
    pub(crate) level: u32,
    /// The open groups of siblings, innermost last.
    pub(crate) groups: Vec<Group>,
    /// The position of the current sibling in the whole evaluation, and the number of names generated there.
    pub(crate) path: u128,
    pub(crate) named: u64,
    /// Number of names generated in all.
    pub(crate) names: u64,
    /// Environments before groups of siblings that have since written, by stamp.
    pub(crate) bases: Vec<(u64, Environment)>,
    pub(crate) output: String,
    pub(crate) account: MemoryAccount,
    /// The home space; `None` is `&self`.
    pub(crate) home: Option<SpaceId>,
    /// The memo table, if enabled.
    pub(crate) memo: Option<Memo>,
    /// Number of side effects: writes, generated names, output, calls of host functions.
    pub(crate) effects: u64,
    /// Number of tracked reads: of anything but rules and types, such as facts, states, bindings and other spaces.
    pub(crate) reads: Cell<u64>,
    /// Whether an observer is attached.
    pub(crate) tracing: bool,
    /// The current redex, if an observer is attached.
    pub(crate) reducing: Option<Atom>,
}

/// Steps between two updates of the shared count.
const REPORT_INTERVAL: u64 = 1024;

impl Machine {
    pub(crate) fn new(shared: Arc<Shared>, env: Environment, fresh: u64, level: u32) -> Self {
        Self {
            account: MemoryAccount::new(&shared, env.fact_count()),
            home: None,
            memo: shared.memo.map(Memo::new),
            effects: 0,
            reads: Cell::new(0),
            tracing: shared.trace.is_some(),
            shared,
            epoch: env.stamp(),
            normal_stamp: new_normal_stamp(),
            env,
            stack: Vec::new(),
            vals: Vec::new(),
            heads: Heads::default(),
            heads_definitions: 0,
            heads_epoch: 0,
            type_cache: TypeCache::default(),
            normal_forms: NormalForms::default(),
            fresh,
            steps: 0,
            reported: 0,
            next_report: REPORT_INTERVAL,
            spawned: 0,
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

    /// Evaluates a top-level atom, whose variables occur nowhere else.
    pub(crate) fn evaluate(&mut self, atom: &Atom) -> Result<Answers, EvalError> {
        let step = self.begin(atom);
        let answers = self.run(step);
        if answers.is_err() {
            self.abandon();
        }
        answers
    }

    /// Returns the first step of evaluating a top-level atom.
    pub(crate) fn begin(&mut self, atom: &Atom) -> Step {
        let block = Rc::new(Arc::new(Compiled::query(atom)));
        let act = Activation::blank(block, &mut self.fresh);
        let body = act.block.body;
        Step::Eval(Rc::new(act), body)
    }

    /// Runs until the stack is empty.
    pub(crate) fn run(&mut self, mut step: Step) -> Result<Answers, EvalError> {
        if self.tracing {
            return self.run_traced(step);
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

    /// Runs one step. `None` if it was the last.
    pub(crate) fn step(&mut self, step: Step) -> Result<Option<Step>, EvalError> {
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

    /// Counts a step. `at` returns the redex, for the error of an interrupt.
    #[inline]
    pub(crate) fn count(&mut self, at: impl FnOnce(&Self) -> Atom) -> Result<(), EvalError> {
        self.count_more(1, at)
    }

    /// Counts several steps.
    #[inline]
    pub(crate) fn count_more(&mut self, steps: u64, at: impl FnOnce(&Self) -> Atom) -> Result<(), EvalError> {
        self.steps = self.steps.saturating_add(steps);
        if self.steps >= self.next_report {
            return self.report(at);
        }
        Ok(())
    }

    /// Counts steps of an evaluation that was memoized.
    pub(crate) fn skip(&mut self, steps: u64) -> Result<(), EvalError> {
        self.steps = self.steps.saturating_add(steps);
        self.spend()
    }

    /// Adds the steps of another task, which were added to the shared count already.
    pub(crate) fn add_steps(&mut self, steps: u64) {
        self.steps += steps;
        self.reported += steps;
    }

    #[cold]
    fn report(&mut self, at: impl FnOnce(&Self) -> Atom) -> Result<(), EvalError> {
        self.next_report = self.steps + REPORT_INTERVAL;
        self.shared.check_interrupt(|| at(self))?;
        self.check_memory()?;
        self.spend()?;
        self.spawn_siblings()
    }

    /// Adds the steps since the last update to the shared count.
    pub(crate) fn spend(&mut self) -> Result<(), EvalError> {
        let steps = self.steps - self.reported;
        self.reported = self.steps;
        self.shared.spend(steps)
    }

    fn resume(&mut self, frame: Frame, answers: Answers) -> Result<Step, EvalError> {
        match frame {
            Frame::Args(args) => {
                let answers = restricted(&args.act, answers);
                self.resume_args(args, answers)
            }
            Frame::Combinations(rows) => {
                let answers = restricted(rows.current_act(), answers);
                self.resume_combinations(rows, answers, true)
            }
            Frame::Branches(branches) => self.resume_branches(branches, answers),
            Frame::Scope(scope) => Ok(Step::Return(answers.map(|answer| Answer {
                subst: scope.close(&answer.subst),
                ..answer
            }))),
            Frame::Home(home) => {
                self.restore_home(&home);
                // Normal forms of one home space need not be normal in another.
                Ok(Step::Return(answers.map(|answer| Answer {
                    value: Value::raw(answer.value.atom),
                    ..answer
                })))
            }
            Frame::Expected(expected) => Ok(Step::Return(self.checked(&expected, answers))),
            Frame::Memo(call) => {
                self.memoize(*call, &answers);
                Ok(Step::Return(answers))
            }
            Frame::Task => Ok(Step::Return(answers)),
            Frame::Form(waiting) => {
                let answers = restricted(&waiting.act, answers);
                self.resume_form(waiting, answers)
            }
        }
    }

    fn eval(&mut self, act: Rc<Activation>, at: NodeIndex) -> Result<Step, EvalError> {
        let value = if self.tracing {
            self.immediate_traced(&act, at)
        } else {
            self.immediate(&act, at)
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
                    && let Some(special) = builtin.special()
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

    fn eval_atom(&mut self, atom: Atom) -> Result<Step, EvalError> {
        if let Atom::Symbol(name) = &atom
            && is_token(*name)
        {
            return Ok(Step::value(self.token(*name)));
        }
        if is_empty_symbol(&atom) {
            return Ok(Step::Return(Answers::None));
        }
        if self.is_in_normal_form(&atom) {
            return Ok(Step::Return(Answers::one(Value::normal(atom, self.normal_stamp))));
        }
        let act = Activation::open(&atom);
        self.allocated(act.block.bytes())?;
        let body = act.block.body;
        match act.node(body) {
            Node::Call(_) => self.eval(Rc::new(act), body),
            _ => Ok(Step::value(atom)),
        }
    }

    /// Resolves a name that begins with `&`.
    pub(crate) fn token(&self, name: Symbol) -> Atom {
        self.binding(name).cloned().unwrap_or(Atom::Symbol(name))
    }

    /// Looks up the binding of a name.
    pub(crate) fn binding(&self, name: Symbol) -> Option<&Atom> {
        self.track_read();
        self.env.binding(name.as_str())
    }

    /// Tracks a read of anything but rules and types.
    pub(crate) fn track_read(&self) {
        self.reads.set(self.reads.get() + 1);
    }

    /// Returns what is known of a head symbol with this number of arguments.
    pub(crate) fn head(&mut self, symbol: Symbol, arity: u32) -> Rc<HeadInfo> {
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

    /// Pushes a scope in which `subst` was bound and `body` are the variables of what is evaluated next. Frames below may
    /// hold the variables of both. A scope on top is reused, so that tail calls run in constant stack.
    pub(crate) fn push_scope(&mut self, subst: &Subst, body: &[Variable]) {
        match self.stack.last_mut() {
            None => {}
            Some(Frame::Scope(scope)) => scope.bind(subst),
            Some(_) => self.stack.push(Frame::Scope(Scope::new(subst, body))),
        }
    }

    /// Applies a change to the environment.
    pub(crate) fn write<R>(&mut self, change: impl FnOnce(&mut Environment) -> R) -> R {
        self.effects += 1;
        self.keep_base();
        let definitions = self.home().definitions_stamp();
        let result = change(&mut self.env);
        self.epoch = self.env.stamp();
        if self.home().definitions_stamp() != definitions {
            self.normal_stamp = new_normal_stamp();
        }
        result
    }

    /// Prints text, or buffers it in a task until its siblings before it have printed.
    pub(crate) fn print(&mut self, text: &str) {
        self.effects += 1;
        if self.level == 0 {
            (self.shared.output)(text);
        } else {
            self.output.push_str(text);
        }
    }

    pub(crate) fn is_sequential(&self) -> bool {
        self.shared.policy == Policy::Sequential
    }
}

/// Restricts the bindings of answers to the variables in the scope of the waiting activation: no other frame knows the
/// rest.
fn restricted(act: &Activation, answers: Answers) -> Answers {
    if answers.iter().all(|answer| answer.subst.is_empty()) {
        return answers;
    }
    let scope = act.scope();
    answers.map(|answer| Answer {
        subst: answer.subst.restrict(&scope),
        ..answer
    })
}
