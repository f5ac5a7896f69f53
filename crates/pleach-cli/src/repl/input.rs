//! Entries from a terminal, a file or a pipe. An entry goes on in the next line while a parenthesis is open.

use std::env;
use std::fs;
use std::io::{self, BufRead, IsTerminal};
use std::path::PathBuf;

use rustyline::error::ReadlineError;
use rustyline::history::DefaultHistory;
use rustyline::{Config, Editor};

use super::command::Command;
use super::completion::{Assistant, is_open};
use super::forks::{Forks, MAIN};
use crate::escape::escaped;

pub(super) enum Input {
    Terminal {
        editor: Box<Editor<Assistant, DefaultHistory>>,
        history: Option<PathBuf>,
    },
    Lines,
}

pub(super) enum Entry {
    Text(String),
    /// An empty line, or an entry cancelled by Ctrl-C.
    Empty,
    End,
}

const MAX_HISTORY_ENTRIES: usize = 10_000;

impl Input {
    pub(super) fn new(history: Option<PathBuf>) -> rustyline::Result<Self> {
        if !(io::stdin().is_terminal() && io::stdout().is_terminal()) {
            return Ok(Self::Lines);
        }
        let config = Config::builder()
            .max_history_size(MAX_HISTORY_ENTRIES)?
            .completion_type(rustyline::CompletionType::List)
            .build();
        let mut editor = Editor::with_config(config)?;
        editor.set_helper(Some(Assistant::default()));
        let history = history.or_else(default_history);
        if let Some(path) = &history {
            // The file doesn't exist before the first session.
            let _ = editor.load_history(path);
        }
        Ok(Self::Terminal {
            editor: Box::new(editor),
            history,
        })
    }

    pub(super) fn is_terminal(&self) -> bool {
        matches!(self, Self::Terminal { .. })
    }

    /// Reads the next entry.
    pub(super) fn entry(&mut self, forks: &Forks) -> io::Result<Entry> {
        let (editor, history) = match self {
            Self::Lines => return lines(),
            Self::Terminal { editor, history } => (editor, history),
        };
        if let Some(assistant) = editor.helper_mut() {
            let others = forks.iter().skip(1).map(|(name, _)| name.to_owned());
            assistant.set_world(forks.world().clone(), others.collect());
        }
        let prompt = match forks.name() {
            MAIN => "pleach> ".to_owned(),
            name => format!("pleach {}> ", escaped(name)),
        };
        let entry = read(editor, &prompt)?;
        if let Entry::Text(text) = &entry
            && Command::parse(text) != Ok(Command::Quit)
            && editor.add_history_entry(text).unwrap_or(false)
        {
            append_history(editor, history.as_ref());
        }
        Ok(entry)
    }

    /// Asks a question at the terminal. `None` without a terminal.
    pub(super) fn ask(&mut self, question: &str) -> io::Result<Option<Entry>> {
        match self {
            Self::Lines => Ok(None),
            Self::Terminal { editor, .. } => read(editor, question).map(Some),
        }
    }
}

fn read(editor: &mut Editor<Assistant, DefaultHistory>, prompt: &str) -> io::Result<Entry> {
    match editor.readline(prompt) {
        Ok(text) => Ok(entry(text)),
        Err(ReadlineError::Interrupted) => Ok(Entry::Empty),
        Err(ReadlineError::Eof) => Ok(Entry::End),
        Err(ReadlineError::Io(error)) => Err(error),
        Err(error) => Err(io::Error::other(error)),
    }
}

/// Appends the last entry to the history file, at once, so that a crash loses none. Errors are ignored.
fn append_history(editor: &mut Editor<Assistant, DefaultHistory>, path: Option<&PathBuf>) {
    if let Some(path) = path {
        if let Some(folder) = path.parent() {
            let _ = fs::create_dir_all(folder);
        }
        let _ = editor.append_history(path);
    }
}

/// Returns the history file in the folder for such files, by the convention of the system.
fn default_history() -> Option<PathBuf> {
    let folder = |name: &str| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let state = folder("XDG_STATE_HOME")
        .or_else(|| Some(folder("HOME")?.join(".local/state")))
        .or_else(|| folder("LOCALAPPDATA"))?;
    Some(state.join("pleach").join("history"))
}

/// Reads lines until they make an entry.
fn lines() -> io::Result<Entry> {
    let mut text = String::new();
    let mut stdin = io::stdin().lock();
    loop {
        if stdin.read_line(&mut text)? == 0 {
            // The parser reports an incomplete entry.
            return Ok(if text.trim().is_empty() {
                Entry::End
            } else {
                Entry::Text(text)
            });
        }
        if !is_open(&text) {
            return Ok(entry(text));
        }
    }
}

fn entry(text: String) -> Entry {
    if text.trim().is_empty() {
        Entry::Empty
    } else {
        Entry::Text(text)
    }
}
