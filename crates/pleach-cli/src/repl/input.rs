//! What the user types, or a file or pipe holds: one entry after another, each as long as its parentheses are open.

use std::env;
use std::fs;
use std::io::{self, BufRead, IsTerminal};
use std::path::PathBuf;

use rustyline::error::ReadlineError;
use rustyline::history::DefaultHistory;
use rustyline::{Config, Editor};

use super::completion::{Assistant, is_open};
use super::session::Session;
use crate::escape::escaped;

pub(super) enum Input {
    /// Somebody types.
    Terminal {
        editor: Box<Editor<Assistant, DefaultHistory>>,
        history: Option<PathBuf>,
    },
    /// Lines are read.
    Lines,
}

pub(super) enum Entry {
    Text(String),
    /// An empty line, or one that was given up.
    Nothing,
    End,
}

/// As many entries are remembered.
const REMEMBERED: usize = 10_000;

impl Input {
    pub(super) fn new(history: Option<PathBuf>) -> rustyline::Result<Self> {
        if !(io::stdin().is_terminal() && io::stdout().is_terminal()) {
            return Ok(Self::Lines);
        }
        let config = Config::builder()
            .max_history_size(REMEMBERED)?
            .completion_type(rustyline::CompletionType::List)
            .build();
        let mut editor = Editor::with_config(config)?;
        editor.set_helper(Some(Assistant::default()));
        let history = history.or_else(usual_history);
        if let Some(path) = &history {
            // At first there is none.
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

    /// The next entry.
    pub(super) fn entry(&mut self, session: &Session) -> io::Result<Entry> {
        let text = match self {
            Self::Lines => return lines(),
            Self::Terminal { editor, history } => {
                if let Some(assistant) = editor.helper_mut() {
                    assistant.look_at(session);
                }
                let prompt = match session.name() {
                    "main" => "pleach> ".to_owned(),
                    name => format!("pleach {}> ", escaped(name)),
                };
                match editor.readline(&prompt) {
                    Ok(text) => {
                        if !text.trim().is_empty() && editor.add_history_entry(&text).unwrap_or(false) {
                            remember(editor, history.as_ref());
                        }
                        text
                    }
                    Err(ReadlineError::Interrupted) => return Ok(Entry::Nothing),
                    Err(ReadlineError::Eof) => return Ok(Entry::End),
                    Err(ReadlineError::Io(error)) => return Err(error),
                    Err(error) => return Err(io::Error::other(error)),
                }
            }
        };
        Ok(entry(text))
    }
}

/// Adds the newest entry to the history file. After each, so that nothing is lost; it does no harm if it fails.
fn remember(editor: &mut Editor<Assistant, DefaultHistory>, path: Option<&PathBuf>) {
    if let Some(path) = path {
        if let Some(folder) = path.parent() {
            let _ = fs::create_dir_all(folder);
        }
        let _ = editor.append_history(path);
    }
}

/// Where programs keep what they remember from one time to the next.
fn usual_history() -> Option<PathBuf> {
    let folder = |name: &str| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let state = folder("XDG_STATE_HOME")
        .or_else(|| Some(folder("HOME")?.join(".local/state")))
        .or_else(|| folder("LOCALAPPDATA"))?;
    Some(state.join("pleach").join("history"))
}

/// Reads lines until they are an entry.
fn lines() -> io::Result<Entry> {
    let mut text = String::new();
    let mut stdin = io::stdin().lock();
    loop {
        if stdin.read_line(&mut text)? == 0 {
            // What is not complete is an error now, and is reported as one.
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
        Entry::Nothing
    } else {
        Entry::Text(text)
    }
}
