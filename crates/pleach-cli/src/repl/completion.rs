//! Assistance at the terminal: completion, matching parentheses, and entries of several lines.

use std::borrow::Cow;
use std::collections::BTreeSet;

use pleach::term::Parser;
use pleach::term::parser::ParseErrorKind;
use pleach::term::walk::for_each;
use pleach::{Atom, Environment};
use pleach_metta::builtins;
use rustyline::completion::{Completer, FilenameCompleter};
use rustyline::highlight::{CmdKind, Highlighter, MatchingBracketHighlighter};
use rustyline::hint::Hinter;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{Context, Helper};

use super::command::{self, Argument, COMMANDS, is_command};
use crate::escape::{escaped, is_control};

/// Names are completed from this many atoms, so that a key press causes no noticeable delay.
const MAX_ATOMS_SEARCHED: usize = 100_000;

#[derive(Default)]
pub(super) struct Assistant {
    world: Environment,
    forks: Vec<String>,
    files: FilenameCompleter,
    brackets: MatchingBracketHighlighter,
}

impl Assistant {
    /// Sets the world and the forks whose names are completed. O(forks): the world is a fork.
    pub(super) fn set_world(&mut self, world: Environment, forks: Vec<String>) {
        self.world = world;
        self.forks = forks;
    }

    /// Returns the names in the world that begin with `prefix`.
    fn names(&self, prefix: &str) -> Vec<String> {
        if prefix.is_empty() {
            return Vec::new();
        }
        let mut names: BTreeSet<&str> = builtins().chain(["True", "False", "&self"]).collect();
        let atoms: Vec<Atom> = self
            .world
            .iter()
            .take(MAX_ATOMS_SEARCHED)
            .map(|(atom, _)| atom)
            .collect();
        for atom in &atoms {
            for_each(atom, |atom| {
                match atom {
                    Atom::Symbol(name) => _ = names.insert(name.as_str()),
                    Atom::Expression(items) => return items,
                    _ => {}
                }
                &[]
            });
        }
        // A name that must be quoted begins with a quote where it is typed, and may hold control characters.
        let fits = |name: &&str| name.starts_with(prefix) && Atom::symbol(*name).to_string() == **name;
        names.into_iter().filter(fits).map(str::to_owned).collect()
    }
}

impl Completer for Assistant {
    type Candidate = String;

    fn complete(&self, line: &str, pos: usize, context: &Context<'_>) -> rustyline::Result<(usize, Vec<String>)> {
        let before = line.get(..pos).unwrap_or(line);
        let word = before
            .rsplit(|c: char| c.is_whitespace() || matches!(c, '(' | ')' | '"' | '!'))
            .next()
            .unwrap_or_default();
        let start = before.len() - word.len();
        let matching = |names: &mut dyn Iterator<Item = &str>| -> Vec<String> {
            let names = names.filter(|name| name.starts_with(word) && !name.contains(is_control));
            names.map(str::to_owned).collect()
        };
        let mut commands = COMMANDS.iter().map(|info| info.name);
        if !is_command(before) {
            return Ok((start, self.names(word)));
        }
        let first = before.split_whitespace().next().unwrap_or_default();
        if before.trim_start() == first {
            return Ok((start, matching(&mut commands)));
        }
        let argument = command::find(first).map_or(Argument::None, |info| info.argument);
        let candidates = match argument {
            Argument::None | Argument::NewFork => Vec::new(),
            Argument::Command if word.starts_with(':') => matching(&mut commands),
            Argument::Command => matching(&mut commands.filter_map(|name| name.strip_prefix(':'))),
            Argument::Fork | Argument::OptionalFork => matching(&mut self.forks.iter().map(String::as_str)),
            Argument::Named => {
                let spaces = self.world.spaces().map(|(id, _)| id.to_string());
                let states = self.world.states().map(|(id, _)| id.to_string());
                let bindings = self
                    .world
                    .bindings()
                    .map(|(name, _)| escaped(Atom::symbol(name)).to_string());
                let names: Vec<String> = spaces.chain(states).chain(bindings).collect();
                matching(&mut names.iter().map(String::as_str))
            }
            Argument::Atom | Argument::Pattern => self.names(word),
            Argument::File | Argument::World => {
                let (start, found) = self.files.complete(line, pos, context)?;
                let paths = found.into_iter().map(|pair| pair.replacement);
                return Ok((start, paths.filter(|path| !path.contains(is_control)).collect()));
            }
        };
        Ok((start, candidates))
    }
}

impl Validator for Assistant {
    fn validate(&self, context: &mut ValidationContext<'_>) -> rustyline::Result<ValidationResult> {
        Ok(if is_open(context.input()) {
            ValidationResult::Incomplete
        } else {
            ValidationResult::Valid(None)
        })
    }
}

impl Highlighter for Assistant {
    fn highlight<'l>(&self, line: &'l str, pos: usize) -> Cow<'l, str> {
        self.brackets.highlight(line, pos)
    }

    fn highlight_char(&self, line: &str, pos: usize, kind: CmdKind) -> bool {
        self.brackets.highlight_char(line, pos, kind)
    }
}

impl Hinter for Assistant {
    type Hint = String;
}

impl Helper for Assistant {}

/// Returns whether an entry is incomplete, and so goes on in the next line.
pub(super) fn is_open(text: &str) -> bool {
    if is_command(text) {
        return false;
    }
    match Parser::<Atom>::new(text).find_map(Result::err).map(|error| error.kind) {
        Some(ParseErrorKind::UnclosedExpression | ParseErrorKind::UnclosedText) => true,
        Some(ParseErrorKind::NothingToCount) => {
            let last = text.trim_end().rsplit(char::is_whitespace).next();
            last.is_some_and(|word| word.starts_with("#*"))
        }
        Some(ParseErrorKind::NothingToEvaluate) => text.trim_end().ends_with('!') && !text.contains("!!"),
        _ => false,
    }
}
