//! What helps who types: completion of names, the parenthesis that belongs to the one at the cursor, and that an entry
//! goes on while one is open.

use std::borrow::Cow;
use std::collections::BTreeSet;

use pleach::term::Parser;
use pleach::term::parser::ParseErrorKind;
use pleach::term::walk::for_each;
use pleach::{Atom, Environment};
use pleach_metta::builtins;
use rustyline::completion::{Completer, FilenameCompleter, Pair};
use rustyline::highlight::{CmdKind, Highlighter, MatchingBracketHighlighter};
use rustyline::hint::Hinter;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{Context, Helper};

use super::command::{COMMANDS, is_command};
use super::session::Session;
use crate::escape::is_control;

/// The names of no more atoms are looked at, so that a key press takes no longer than one notices.
const LOOKED_AT: usize = 100_000;

#[derive(Default)]
pub(super) struct Assistant {
    /// A fork of the world: it costs nothing to look at what there is now.
    world: Environment,
    forks: Vec<String>,
    files: FilenameCompleter,
    brackets: MatchingBracketHighlighter,
}

impl Assistant {
    /// Helps with what there is now.
    pub(super) fn look_at(&mut self, session: &Session) {
        self.world = session.world().clone();
        self.forks = session.other_forks().map(str::to_owned).collect();
    }

    /// The names that begin so.
    fn names(&self, beginning: &str) -> Vec<String> {
        let mut names: BTreeSet<&str> = builtins().chain(["True", "False", "&self"]).collect();
        let atoms: Vec<Atom> = self.world.iter().take(LOOKED_AT).map(|(atom, _)| atom).collect();
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
        // One that must be quoted does not begin so where it is typed, and may hold what a terminal obeys.
        let fits = |name: &&str| name.starts_with(beginning) && Atom::symbol(*name).to_string() == **name;
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
        let beginning_with = |names: Vec<String>| names.into_iter().filter(|name| name.starts_with(word)).collect();
        Ok(match before.split_whitespace().next() {
            Some(":load") if start > 0 => {
                let (start, found) = self.files.complete(line, pos, context)?;
                let names = |found: Vec<Pair>| {
                    let names = found.into_iter().map(|pair| pair.replacement);
                    names.filter(|name| !name.contains(is_control)).collect()
                };
                (start, names(found))
            }
            Some(":merge" | ":switch" | ":diff") if start > 0 => (
                start,
                beginning_with(
                    self.forks
                        .iter()
                        .filter(|name| !name.contains(is_control))
                        .cloned()
                        .collect(),
                ),
            ),
            Some(first) if first.starts_with(':') && start == 0 => {
                let commands = COMMANDS.iter().map(|(name, ..)| (*name).to_owned()).collect();
                (start, beginning_with(commands))
            }
            _ if word.is_empty() => (start, Vec::new()),
            _ => (start, self.names(word)),
        })
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

/// Must there be more, for this to be a program?
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
