//! The state of a REPL session, and what each command does.

use std::mem;
use std::path::Path;

use pleach::Environment;
use pleach::env::{Head, SpaceKind};
use pleach::term::{Atom, Item, ParseError, Symbol, parser};
use pleach::view::View;
use pleach_metta::{Batch, Batches, BuildError, EvalError, Evaluator, EvaluatorBuilder, builtins};

use super::command::{COMMANDS, Command, CommandInfo};
use super::console::Console;
use super::forks::{ForkError, Forks};
use super::saves::{NoWorld, Saves};
use super::undo::UndoStack;
use crate::diagnostic::{self, Severity};
use crate::diff::Difference;
use crate::escape::escaped;
use crate::interrupt::CtrlC;
use crate::options::EvalOptions;
use crate::plural::plural;
use crate::seed::TextSeed;
use crate::source::Source;
use crate::standing;
use crate::world::WorldPath;

pub(super) struct Session {
    forks: Forks,
    /// A fork costs nothing, so all steps are kept.
    steps: UndoStack<Forks>,
    saves: Saves,
    /// At the world after the last step.
    watches: Vec<View>,
    pub(super) console: Console,
    interpreter: Interpreter,
    ctrl_c: CtrlC,
}

/// The evaluator, and how to build another.
struct Interpreter {
    evaluator: Evaluator,
    builder: EvaluatorBuilder,
    options: EvalOptions,
    seed: TextSeed,
    evaluations: u64,
}

/// Entries aren't checked for misspelled names in larger worlds, where the delay would be noticeable.
const MAX_FACTS_CHECKED: usize = 10_000;

#[derive(Debug, thiserror::Error)]
enum SessionError {
    #[error("there is nothing to undo")]
    NothingToUndo,
    #[error("there is nothing to redo")]
    NothingToRedo,
    #[error("expected a single atom: {0}")]
    InvalidAtom(ParseError),
    #[error(transparent)]
    Fork(#[from] ForkError),
    #[error(transparent)]
    NoWorld(#[from] NoWorld),
}

impl Session {
    /// Starts in `world`, loaded from `path`.
    pub(super) fn new(
        world: Environment,
        path: Option<WorldPath>,
        options: EvalOptions,
        builder: EvaluatorBuilder,
        console: Console,
        ctrl_c: CtrlC,
    ) -> Result<Self, BuildError> {
        let forks = Forks::new(world);
        Ok(Self {
            saves: Saves::new(path, &forks),
            forks,
            steps: UndoStack::new(),
            watches: Vec::new(),
            console,
            interpreter: Interpreter {
                evaluator: options.build(builder.clone())?,
                builder,
                options,
                seed: TextSeed::default(),
                evaluations: 0,
            },
            ctrl_c,
        })
    }

    pub(super) fn forks(&self) -> &Forks {
        &self.forks
    }

    /// Lets Ctrl-C interrupt a task instead of ending the process.
    fn interruptible<R>(&mut self, task: impl FnOnce(&mut Self) -> R) -> R {
        self.ctrl_c.begin();
        let result = task(self);
        self.ctrl_c.end();
        result
    }

    /// Records a step that can be undone, if it changed anything since `before`.
    fn record(&mut self, entry: &str, before: Forks) {
        if !self.forks.is_same(&before) {
            self.steps.push(entry, before);
        }
        self.show_watched();
    }

    /// Shows which watched answers changed since the last step.
    fn show_watched(&mut self) {
        for view in &mut self.watches {
            let difference = view.advance(self.forks.world());
            self.console
                .print_with(|mut out| standing::print(&mut out, &difference));
        }
    }
}

/// # Programs
impl Session {
    /// Runs an entry or a program. Items before one that fails keep their effect.
    pub(super) fn run(&mut self, items: Vec<Item>, path: &str, text: &str) {
        let before = self.forks.clone();
        if self.console.is_interactive && before.world().fact_count() <= MAX_FACTS_CHECKED {
            self.warn_of_misspellings(&items, path, text);
        }
        self.run_items(items, path, text);
        self.record(text.trim(), before);
    }

    /// Warns of names that are likely misspelled: such a call evaluates to itself.
    fn warn_of_misspellings(&self, items: &[Item], path: &str, text: &str) {
        for problem in self.interpreter.evaluator.check(self.forks.world(), items) {
            if let (Some(name), Some(item)) = (problem.kind.suggestion(), items.get(problem.item)) {
                let span = parser::spans(text, item).into_iter().nth(problem.part);
                let help = format!("did you mean `{name}`?");
                let span = span.unwrap_or_default();
                diagnostic::at(Severity::Warning, &problem.kind, path, text, &span, Some(&help));
            }
        }
    }

    fn run_items(&mut self, items: Vec<Item>, path: &str, text: &str) {
        self.interpreter.seed.push(text);
        let mut batches = Batches::of_items(items);
        while let Some(Ok(batch)) = batches.next_batch() {
            let item = match batch {
                Batch::Facts(facts) => {
                    self.add(facts.map(|item| (item.atom, item.count)).collect());
                    continue;
                }
                Batch::Query(item) => item,
            };
            if let Err(error) = self.interruptible(|session| session.evaluate(&item.atom)) {
                self.console
                    .error_at(diagnostic::with_sources(&error), path, text, &item.span);
                return;
            }
            if self.console.output_is_closed {
                return;
            }
        }
    }

    /// Runs a file. `import!` looks in its folder.
    pub(super) fn load(&mut self, path: &Path) {
        let Ok(source) = self.interruptible(|session| Source::read(path, session.ctrl_c.interrupt())) else {
            self.console.error_seen = true;
            return;
        };
        let interpreter = &mut self.interpreter;
        let folders = interpreter.options.imports.folders(source.folder());
        let builder = interpreter.builder.clone().module_folders(folders);
        let evaluator = match interpreter.options.build(builder) {
            Ok(evaluator) => mem::replace(&mut interpreter.evaluator, evaluator),
            Err(error) => {
                self.console
                    .error_from(format_args!("cannot run {}", path.display()), &error);
                return;
            }
        };
        let Source { path, text, items } = source;
        let before = self.forks.clone();
        self.run_items(items, &path.display().to_string(), &text);
        self.interpreter.evaluator = evaluator;
        self.record(&format!(":load {}", path.display()), before);
    }

    fn add(&mut self, facts: Vec<(Atom, u64)>) {
        let single = match &*facts {
            [] => return,
            [(fact, 1)] => Some(fact.clone()),
            _ => None,
        };
        let number = facts.iter().fold(0, |sum: u64, (_, count)| sum.saturating_add(*count));
        self.forks.world_mut().add_multiplicities(facts);
        match single.filter(|atom| is_call(self.forks.world(), atom)) {
            Some(atom) => self
                .console
                .confirm(format_args!("added as a fact; to evaluate it, type !{atom}")),
            None => self.console.confirm(format_args!("added {}", plural(number, "atom"))),
        }
    }

    /// Evaluates an atom. An error leaves the world unchanged.
    fn evaluate(&mut self, atom: &Atom) -> Result<(), EvalError> {
        let interpreter = &mut self.interpreter;
        let seed = interpreter.seed.seed().child(interpreter.evaluations);
        interpreter.evaluations += 1;
        let world = self.forks.world().clone();
        let mut results = interpreter.evaluator.results_seeded(world, atom, seed);
        for result in results.by_ref() {
            let Ok(result) = result else { break };
            if !self.console.result(&result) {
                return Ok(());
            }
        }
        match results.finish() {
            Ok(evaluation) => {
                *self.forks.world_mut() = evaluation.environment;
                self.console.end_results();
                Ok(())
            }
            Err(error) => {
                self.console.drop_results();
                Err(error)
            }
        }
    }
}

/// # Commands
impl Session {
    /// Runs a command. `:quit` is for the caller.
    pub(super) fn command(&mut self, command: Command) {
        let before = self.forks.clone();
        let (entry, done) = match command {
            Command::Load(path) => return self.load(&path),
            Command::Undo => return self.undo(),
            Command::Redo => return self.redo(),
            Command::Help(info) => return self.help(info),
            Command::Forks => return self.list_forks(),
            Command::Stats => return self.stats(),
            Command::Names => return self.list_names(),
            Command::Copy(name) => (format!(":copy {name}"), self.copy_space(&name)),
            Command::Drop(name) => (
                format!(":drop {name}"),
                self.forks.drop_named(&name).map_err(Into::into),
            ),
            Command::Save(path) => {
                self.save(path);
                return;
            }
            Command::Quit => return,
            Command::Fork(name) => (format!(":fork {name}"), self.forks.fork(name).map_err(Into::into)),
            Command::Switch(name) => (format!(":switch {name}"), self.forks.switch(name).map_err(Into::into)),
            Command::Merge(name) => (format!(":merge {name}"), self.merge(&name)),
            Command::Diff(name) => (String::new(), self.diff(name)),
            Command::Types(atom) => (String::new(), self.types(atom)),
            Command::Watch(pattern) => (String::new(), self.watch(pattern)),
        };
        match done {
            Ok(()) => self.record(&entry, before),
            Err(error) => self.console.error(error),
        }
    }

    fn help(&mut self, info: Option<&CommandInfo>) {
        match info {
            None => {
                for info in &COMMANDS {
                    let usage = format!("{} {}", info.name, info.argument.placeholder());
                    self.console.print(format_args!("{usage:<17}{}", info.summary));
                }
                self.console.print(
                    "Anything else is a program: an atom is added to the world, `!` before an atom evaluates it.",
                );
            }
            Some(info) => {
                let usage = format!("{} {}", info.name, info.argument.placeholder());
                self.console
                    .print(format_args!("{}: {}", usage.trim_end(), info.summary));
                if !info.details.is_empty() {
                    self.console.print(info.details);
                }
            }
        }
    }

    fn undo(&mut self) {
        match self.steps.undo(&mut self.forks) {
            Some(entry) => {
                self.console.print(format_args!("undone: {}", first_line(entry)));
                self.show_watched();
            }
            None => self.console.error(SessionError::NothingToUndo),
        }
    }

    fn redo(&mut self) {
        match self.steps.redo(&mut self.forks) {
            Some(entry) => {
                self.console.print(format_args!("redone: {}", first_line(entry)));
                self.show_watched();
            }
            None => self.console.error(SessionError::NothingToRedo),
        }
    }

    fn merge(&mut self, name: &str) -> Result<(), SessionError> {
        let merged = self.forks.merge(name)?;
        for subject in merged.conflicts {
            self.console
                .print(format_args!("conflict: {subject} is as in {name} now"));
        }
        self.console
            .print(format_args!("merged {name}: {}", plural(merged.changes, "change")));
        Ok(())
    }

    fn list_forks(&mut self) {
        let current = self.forks.name();
        let line = |(name, world): (&str, &Environment)| {
            let mark = if name == current { '*' } else { ' ' };
            (
                name.to_owned(),
                format!("{mark} {name}: {}", plural(world.len(), "atom")),
            )
        };
        let mut lines: Vec<_> = self.forks.iter().map(line).collect();
        lines.sort();
        for (_, line) in lines {
            self.console.print(line);
        }
    }

    fn diff(&mut self, name: Option<String>) -> Result<(), SessionError> {
        let world = self.forks.world();
        let old = match &name {
            Some(name) => self.forks.other(name)?,
            None => self.steps.last().map_or(world, Forks::world),
        };
        let difference = Difference::between(old, world);
        self.console.print_with(|mut out| difference.print(&mut out));
        if difference.is_empty() {
            self.console.confirm("no difference");
        }
        Ok(())
    }

    fn types(&mut self, atom: Option<String>) -> Result<(), SessionError> {
        let Some(atom) = atom else {
            let annotations: Vec<String> = self
                .forks
                .world()
                .iter()
                .filter(|(atom, _)| is_annotation(atom))
                .map(|(atom, _)| atom.to_string())
                .collect();
            if annotations.is_empty() {
                self.console.print("no type annotations; (: NAME TYPE) adds one");
            }
            for annotation in annotations {
                self.console.print(annotation);
            }
            return Ok(());
        };
        let atom: Atom = atom.parse().map_err(SessionError::InvalidAtom)?;
        let question = Atom::expression([Atom::symbol("get-type"), atom]);
        let before = self.forks.world().clone();
        if let Err(error) = self.interruptible(|session| session.evaluate(&question)) {
            self.console.error(error);
        }
        *self.forks.world_mut() = before;
        Ok(())
    }

    fn watch(&mut self, pattern: Option<String>) -> Result<(), SessionError> {
        let Some(pattern) = pattern else {
            self.watches.clear();
            return Ok(());
        };
        let pattern: Atom = pattern.parse().map_err(SessionError::InvalidAtom)?;
        let view = standing::view(self.forks.world(), &pattern);
        let answers = plural(view.count() as u64, "answer");
        self.console
            .confirm(format_args!("watching {}: {answers}", escaped(&pattern)));
        self.watches.push(view);
        Ok(())
    }

    fn list_names(&mut self) {
        let world = self.forks.world();
        let spaces = world.spaces().map(|(id, space)| {
            let atoms = plural(space.len(), "atom");
            let kind = if id.kind() == SpaceKind::Data { " of data" } else { "" };
            format!("{id}: {atoms}{kind}")
        });
        let states = world
            .states()
            .map(|(id, content)| format!("{id}: {}", escaped(content)));
        let bindings = world.bindings().map(|(name, content)| {
            let name = Atom::symbol(name);
            format!("{}: {}", escaped(&name), escaped(content))
        });
        let lines: Vec<_> = spaces.chain(states).chain(bindings).collect();
        if lines.is_empty() {
            self.console.print("no named spaces, states or bindings");
        }
        for line in lines {
            self.console.print(line);
        }
    }

    fn copy_space(&mut self, name: &str) -> Result<(), SessionError> {
        let copy = self.forks.copy_space(name)?;
        self.console.print(format_args!("copied {name} to {copy}"));
        Ok(())
    }

    fn stats(&mut self) {
        let world = self.forks.world();
        let memory = world.memory().total();
        let (undo, redo) = self.steps.len();
        let text = format!(
            "atoms   {} ({} distinct, including {})\n\
             memory  {} bytes of its own, {} shared with other forks and steps\n\
             forks   {}\n\
             steps   {undo} can be undone, {redo} redone",
            world.len(),
            world.fact_count(),
            plural(world.rule_count(), "rule"),
            memory.own,
            memory.shared,
            self.forks.iter().count(),
        );
        self.console.print(text);
    }

    /// Saves the current fork. Returns whether that succeeded.
    pub(super) fn save(&mut self, path: Option<WorldPath>) -> bool {
        let path = match self.saves.path_or_default(path) {
            Ok(path) => path,
            Err(error) => {
                self.console.error(error);
                return false;
            }
        };
        match self.saves.save(&self.forks, &path) {
            Ok(()) => {
                self.console
                    .print(format_args!("saved {} to {path}", self.forks.name()));
                true
            }
            Err(error) => {
                self.console.error_from(format_args!("cannot save {path}"), &error);
                false
            }
        }
    }

    /// Returns the forks with unsaved changes, and where to save them.
    pub(super) fn unsaved(&self) -> Option<Unsaved> {
        let forks = self.saves.unsaved(&self.forks);
        let path = self.saves.path().filter(|_| !forks.is_empty())?;
        Some(Unsaved {
            current: forks
                .first()
                .copied()
                .filter(|name| *name == self.forks.name())
                .map(str::to_owned),
            forks: forks.join(", "),
            path: path.clone(),
        })
    }
}

/// Forks with unsaved changes.
pub(super) struct Unsaved {
    /// The names of all of them.
    pub(super) forks: String,
    /// The name of the current fork, if it is one of them.
    pub(super) current: Option<String>,
    /// The saved world of the session.
    pub(super) path: WorldPath,
}

fn first_line(text: &str) -> String {
    let mut lines = text.lines();
    let first = lines.next().unwrap_or_default();
    let more = if lines.next().is_some() { " …" } else { "" };
    format!("{first}{more}")
}

/// Returns whether an atom is a call of a built-in function or of one with rules.
fn is_call(world: &Environment, atom: &Atom) -> bool {
    let Some([Atom::Symbol(head), arguments @ ..]) = atom.as_expression() else {
        return false;
    };
    *head != Symbol::new("=")
        && (builtins().any(|name| *head == name)
            || world
                .matching_rules(head.as_str(), arguments.len())
                .any(|rule| Head::of(rule.lhs()).is_some()))
}

fn is_annotation(atom: &Atom) -> bool {
    matches!(atom.as_expression(), Some([Atom::Symbol(colon), _, _]) if *colon == ":")
}
