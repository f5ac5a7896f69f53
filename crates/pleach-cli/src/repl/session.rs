//! What the user has made so far: forks, of which one is the world that is worked in, and the steps that led there.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::io::{self, Write};
use std::mem;
use std::ops::Range;
use std::path::Path;

use pleach::env::{IdSeed, resolve};
use pleach::term::{Atom, Item, Symbol, parser};
use pleach::{Environment, env};
use pleach_metta::{BuildError, EvalError, Evaluator, EvaluatorBuilder, builtins};

use super::command::{COMMANDS, Command};
use crate::diagnostic::Severity;
use crate::escape::escaped_lines;
use crate::interrupt::CtrlC;
use crate::options::Options;
use crate::printer::Printer;
use crate::run::is_error;
use crate::source::Source;
use crate::{count, diagnostic};

pub(super) struct Session {
    state: State,
    /// The steps that can be undone: what was typed, and the state before it. A fork costs nothing, so all are kept.
    steps: Vec<(String, State)>,
    options: Options,
    settings: EvaluatorBuilder,
    evaluator: Evaluator,
    printer: Printer,
    ctrl_c: CtrlC,
    /// Is there somebody to talk to?
    talks: bool,
    evaluations: u64,
    error_seen: bool,
    output_is_closed: bool,
}

/// In larger worlds nothing is checked: it would be noticed.
const CHECKED: usize = 10_000;

#[derive(Clone)]
struct State {
    world: Environment,
    name: String,
    /// The forks that are not worked in.
    others: BTreeMap<String, Environment>,
}

#[derive(Debug, thiserror::Error)]
enum Refusal {
    #[error("there is nothing to undo")]
    NothingToUndo,
    #[error("there is no fork {0}; :forks lists those that there are")]
    NoFork(String),
    #[error("there is a fork {0} already; :switch {0} goes there")]
    Taken(String),
    #[error("this world is {0} itself")]
    Itself(String),
    #[error("the name of a fork is one word")]
    BadName,
    #[error("this is not one atom: {0}")]
    NoAtom(pleach::term::ParseError),
}

impl Session {
    pub(super) fn new(
        world: Environment,
        options: Options,
        settings: EvaluatorBuilder,
        printer: Printer,
        ctrl_c: CtrlC,
        talks: bool,
    ) -> Result<Self, BuildError> {
        let evaluator = options.build(settings.clone())?;
        Ok(Self {
            state: State {
                world,
                name: "main".to_owned(),
                others: BTreeMap::new(),
            },
            steps: Vec::new(),
            evaluator,
            options,
            settings,
            printer,
            ctrl_c,
            talks,
            evaluations: 0,
            error_seen: false,
            output_is_closed: false,
        })
    }

    pub(super) fn world(&self) -> &Environment {
        &self.state.world
    }

    /// The name of the fork that is worked in.
    pub(super) fn name(&self) -> &str {
        &self.state.name
    }

    pub(super) fn other_forks(&self) -> impl Iterator<Item = &str> {
        self.state.others.keys().map(String::as_str)
    }

    pub(super) fn error_seen(&self) -> bool {
        self.error_seen
    }

    pub(super) fn output_is_closed(&self) -> bool {
        self.output_is_closed
    }

    // ---- what is said ----

    /// Says something that was asked for.
    pub(super) fn tell(&mut self, text: impl Display) {
        let mut stdout = io::stdout().lock();
        let written = writeln!(stdout, "{}", escaped_lines(text)).and_then(|()| stdout.flush());
        self.written(written);
    }

    /// Says something to somebody who types.
    fn remark(&mut self, text: impl Display) {
        if self.talks {
            self.tell(text);
        }
    }

    fn written(&mut self, written: io::Result<()>) {
        self.output_is_closed |= written.is_err();
    }

    pub(super) fn complain(&mut self, error: &dyn Display) {
        self.error_seen = true;
        diagnostic::error(error);
    }

    pub(super) fn complain_at(&mut self, error: &dyn Display, path: &str, text: &str, span: &Range<usize>) {
        self.error_seen = true;
        diagnostic::error_at(error, path, text, span);
    }

    /// Lets Ctrl-C stop what is done, and nothing else.
    fn busy<R>(&mut self, act: impl FnOnce(&mut Self) -> R) -> R {
        self.ctrl_c.heed();
        let result = act(self);
        self.ctrl_c.done();
        result
    }

    // ---- programs ----

    /// Runs items of a text. If one fails, those before it stay done.
    pub(super) fn run(&mut self, items: Vec<Item>, path: &str, text: &str) {
        let before = self.state.clone();
        if self.talks && before.world.fact_count() <= CHECKED {
            self.warn(&items, path, text);
        }
        self.run_items(items, path, text);
        self.step(text.trim(), before);
    }

    /// Tells who types of names that are likely misspelled: else the answer is but what was typed.
    fn warn(&self, items: &[Item], path: &str, text: &str) {
        for problem in self.evaluator.check(self.world(), items) {
            if let (Some(name), Some(item)) = (problem.kind.suggestion(), items.get(problem.item)) {
                let span = parser::spans(text, item).into_iter().nth(problem.part);
                let help = format!("did you mean `{name}`?");
                let span = span.unwrap_or_default();
                diagnostic::at(Severity::Warning, &problem.kind, path, text, &span, Some(&help));
            }
        }
    }

    fn run_items(&mut self, items: Vec<Item>, path: &str, text: &str) {
        let mut facts: Vec<(Atom, u64)> = Vec::new();
        for item in items {
            if !item.bang {
                facts.push((item.atom, item.count));
                continue;
            }
            self.add(mem::take(&mut facts));
            if let Err(error) = self.busy(|session| session.evaluate(&item.atom)) {
                self.complain_at(&error, path, text, &item.span);
                return;
            }
            if self.output_is_closed {
                return;
            }
        }
        self.add(facts);
    }

    /// Runs a file: imports are looked for beside it.
    pub(super) fn load(&mut self, path: &Path) {
        let Ok(source) = self.busy(|session| Source::read(path, session.ctrl_c.interrupt())) else {
            self.error_seen = true;
            return;
        };
        let beside = match self.options.build(self.settings.clone().folder(source.folder())) {
            Ok(evaluator) => evaluator,
            Err(error) => {
                diagnostic::error_with_sources(&error);
                self.error_seen = true;
                return;
            }
        };
        let evaluator = mem::replace(&mut self.evaluator, beside);
        let Source { path, text, items } = source;
        let before = self.state.clone();
        self.run_items(items, &path.display().to_string(), &text);
        self.evaluator = evaluator;
        self.step(&format!(":load {}", path.display()), before);
    }

    fn add(&mut self, facts: Vec<(Atom, u64)>) {
        let lonely = match &*facts {
            [] => return,
            [(fact, 1)] => Some(fact.clone()),
            _ => None,
        };
        let number = facts.iter().fold(0, |sum: u64, (_, count)| sum.saturating_add(*count));
        self.state.world.add_multiplicities(facts);
        match lonely.filter(|atom| is_call(&self.state.world, atom)) {
            Some(atom) => self.remark(format_args!("added as it is; to evaluate it, type !{atom}")),
            None => self.remark(format_args!("added {}", atoms(number))),
        }
    }

    /// Evaluates an atom. After an error the world is as before.
    fn evaluate(&mut self, atom: &Atom) -> Result<(), EvalError> {
        let seed = IdSeed::root().child(self.evaluations);
        self.evaluations += 1;
        let mut results = self.evaluator.results_seeded(self.state.world.clone(), atom, seed);
        for result in results.by_ref() {
            let Ok(result) = result else { break };
            self.error_seen |= is_error(&result);
            if self.printer.result(&result).is_err() {
                self.output_is_closed = true;
                return Ok(());
            }
        }
        match results.finish() {
            Ok(evaluation) => {
                self.state.world = evaluation.environment;
                let written = self.printer.end();
                self.written(written);
                Ok(())
            }
            Err(error) => {
                self.printer.fail();
                Err(error)
            }
        }
    }

    /// Something was done: it can be undone, if it changed anything.
    fn step(&mut self, what: &str, before: State) {
        if !self.state.is(&before) {
            self.steps.push((what.to_owned(), before));
        }
    }

    // ---- commands ----

    pub(super) fn command(&mut self, command: Command) {
        let before = self.state.clone();
        let (what, done) = match command {
            Command::Help => {
                self.help();
                return;
            }
            Command::Forks => {
                self.forks();
                return;
            }
            Command::Stats => {
                self.stats();
                return;
            }
            Command::Load(path) => {
                self.load(&path);
                return;
            }
            Command::Quit => return,
            Command::Undo => {
                if let Err(refusal) = self.undo() {
                    self.complain(&refusal);
                }
                return;
            }
            Command::Fork(name) => (format!(":fork {name}"), self.fork(name)),
            Command::Switch(name) => (format!(":switch {name}"), self.switch(name)),
            Command::Merge(name) => (format!(":merge {name}"), self.merge(&name)),
            Command::Diff(name) => (String::new(), self.diff(name)),
            Command::Types(atom) => (String::new(), self.types(atom)),
        };
        match done {
            Ok(()) => self.step(&what, before),
            Err(refusal) => self.complain(&refusal),
        }
    }

    fn help(&mut self) {
        for (name, argument, what) in COMMANDS {
            self.tell(format_args!("{:<16}{what}", format!("{name} {argument}")));
        }
    }

    fn undo(&mut self) -> Result<(), Refusal> {
        let (what, before) = self.steps.pop().ok_or(Refusal::NothingToUndo)?;
        self.state = before;
        let mut lines = what.lines();
        let more = if lines.by_ref().nth(1).is_some() { " …" } else { "" };
        self.tell(format_args!(
            "undone: {}{more}",
            what.lines().next().unwrap_or_default()
        ));
        Ok(())
    }

    fn fork(&mut self, name: String) -> Result<(), Refusal> {
        if name.contains(char::is_whitespace) {
            return Err(Refusal::BadName);
        }
        if name == self.state.name || self.state.others.contains_key(&name) {
            return Err(Refusal::Taken(name));
        }
        let from = mem::replace(&mut self.state.name, name);
        self.state.others.insert(from, self.state.world.clone());
        Ok(())
    }

    fn switch(&mut self, name: String) -> Result<(), Refusal> {
        if name == self.state.name {
            return Ok(());
        }
        let Some(world) = self.state.others.remove(&name) else {
            return Err(Refusal::NoFork(name));
        };
        let from = mem::replace(&mut self.state.name, name);
        let left = mem::replace(&mut self.state.world, world);
        self.state.others.insert(from, left);
        Ok(())
    }

    fn merge(&mut self, name: &str) -> Result<(), Refusal> {
        let other = self.other(name)?.clone();
        let mut conflicts = Vec::new();
        let united = self.state.world.union_with(&other, |conflict: &env::Conflict| {
            conflicts.push(conflict.cell);
            resolve::theirs(conflict)
        });
        // This resolver always decides.
        let Ok(united) = united else { return Ok(()) };
        let changed = self.state.world.diff(&united).len();
        self.state.world = united;
        for cell in conflicts {
            self.tell(format_args!("both changed {cell}: it is now as in {name}"));
        }
        self.tell(format_args!("merged {name}: {}", count(changed, "change")));
        Ok(())
    }

    fn forks(&mut self) {
        let mut lines: Vec<(String, String)> = Vec::new();
        for (name, world) in &self.state.others {
            lines.push((name.clone(), format!("  {name}: {}", atoms(world.len()))));
        }
        let (name, world) = (&self.state.name, &self.state.world);
        lines.push((name.clone(), format!("* {name}: {}", atoms(world.len()))));
        lines.sort();
        for (_, line) in lines {
            self.tell(line);
        }
    }

    fn diff(&mut self, name: Option<String>) -> Result<(), Refusal> {
        let base = match &name {
            Some(name) => self.other(name)?.clone(),
            None => match self.steps.last() {
                Some((_, before)) => before.world.clone(),
                None => self.state.world.clone(),
            },
        };
        let patch = base.diff(&self.state.world);
        if patch.is_empty() {
            self.tell("no difference");
        } else {
            self.tell(patch.to_string().trim_end());
        }
        Ok(())
    }

    fn types(&mut self, atom: Option<String>) -> Result<(), Refusal> {
        let Some(atom) = atom else {
            let annotations: Vec<String> = self
                .world()
                .iter()
                .filter(|(atom, _)| is_annotation(atom))
                .map(|(atom, _)| atom.to_string())
                .collect();
            if annotations.is_empty() {
                self.tell("nothing is annotated; (: NAME TYPE) does");
            }
            for annotation in annotations {
                self.tell(annotation);
            }
            return Ok(());
        };
        let atom: Atom = atom.parse().map_err(Refusal::NoAtom)?;
        let question = Atom::expression([Atom::symbol("get-type"), atom]);
        let before = self.state.world.clone();
        if let Err(error) = self.busy(|session| session.evaluate(&question)) {
            self.complain(&error);
        }
        self.state.world = before;
        Ok(())
    }

    fn stats(&mut self) {
        let world = self.world();
        let memory = world.memory().total();
        let text = format!(
            "atoms   {} ({} distinct, {} of them rules)\n\
             memory  {} bytes of its own, {} shared with other forks and steps\n\
             forks   {}\n\
             steps   {} can be undone",
            world.len(),
            world.fact_count(),
            world.rule_count(),
            memory.own,
            memory.shared,
            1 + self.state.others.len(),
            self.steps.len()
        );
        self.tell(text);
    }

    fn other(&self, name: &str) -> Result<&Environment, Refusal> {
        match self.state.others.get(name) {
            Some(world) => Ok(world),
            None if name == self.state.name => Err(Refusal::Itself(name.to_owned())),
            None => Err(Refusal::NoFork(name.to_owned())),
        }
    }
}

impl State {
    /// Has nothing changed?
    fn is(&self, other: &Self) -> bool {
        self.name == other.name
            && self.world.ptr_eq(&other.world)
            && self.others.len() == other.others.len()
            && self.others.keys().eq(other.others.keys())
    }
}

fn atoms(number: u64) -> String {
    format!("{number} {}", if number == 1 { "atom" } else { "atoms" })
}

/// Is it a call of something that there are rules for, or a built-in?
fn is_call(world: &Environment, atom: &Atom) -> bool {
    let Some([Atom::Symbol(head), arguments @ ..]) = atom.as_expression() else {
        return false;
    };
    *head != Symbol::new("=")
        && (builtins().any(|name| *head == name)
            || world
                .matching_rules(head.as_str(), arguments.len())
                .any(|rule| env::Head::of(rule.lhs()).is_some()))
}

fn is_annotation(atom: &Atom) -> bool {
    matches!(atom.as_expression(), Some([Atom::Symbol(colon), _, _]) if *colon == ":")
}
