//! The commands of the REPL, which begin with `:`.

use std::path::PathBuf;

use pleach::{Atom, Environment};

use crate::world::WorldPath;

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Command {
    Help(Option<&'static CommandInfo>),
    Undo,
    Redo,
    Fork(String),
    Switch(String),
    Merge(String),
    Forks,
    Diff(Option<String>),
    Types(Option<String>),
    Watch(Option<String>),
    Names,
    Copy(String),
    Drop(String),
    Stats,
    Load(PathBuf),
    Save(Option<WorldPath>),
    Quit,
}

/// The description of a command.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct CommandInfo {
    pub(super) name: &'static str,
    pub(super) argument: Argument,
    pub(super) summary: &'static str,
    /// Continues the summary in `:help COMMAND`.
    pub(super) details: &'static str,
}

/// The argument that a command takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Argument {
    None,
    Command,
    NewFork,
    Fork,
    OptionalFork,
    Atom,
    Pattern,
    /// The printed name of a space, a state or a binding.
    Named,
    File,
    World,
}

impl Argument {
    /// Returns the placeholder for help texts. Optional arguments are in brackets.
    pub(super) fn placeholder(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Command => "[COMMAND]",
            Self::NewFork | Self::Fork | Self::Named => "NAME",
            Self::OptionalFork => "[NAME]",
            Self::Atom => "[ATOM]",
            Self::Pattern => "[PATTERN]",
            Self::File => "FILE",
            Self::World => "[WORLD]",
        }
    }

    fn is_required(self) -> bool {
        matches!(self, Self::NewFork | Self::Fork | Self::Named | Self::File)
    }
}

pub(super) const COMMANDS: [CommandInfo; 17] = [
    CommandInfo {
        name: ":help",
        argument: Argument::Command,
        summary: "list the commands, or explain one",
        details: "",
    },
    CommandInfo {
        name: ":undo",
        argument: Argument::None,
        summary: "undo the last step that changed something",
        details: "Each entry, command and loaded file is one step. All steps of the session can be undone.",
    },
    CommandInfo {
        name: ":redo",
        argument: Argument::None,
        summary: "redo the step that was undone last",
        details: "A new step discards the steps that were undone.",
    },
    CommandInfo {
        name: ":fork",
        argument: Argument::NewFork,
        summary: "fork this world and switch to the fork",
        details: "A fork costs O(1). The session starts in the fork main.",
    },
    CommandInfo {
        name: ":switch",
        argument: Argument::Fork,
        summary: "switch to another fork",
        details: "",
    },
    CommandInfo {
        name: ":merge",
        argument: Argument::Fork,
        summary: "merge another fork into this world",
        details: "Atoms that both inherited count once. Of states and bindings that both changed, the other fork's are taken.",
    },
    CommandInfo {
        name: ":forks",
        argument: Argument::None,
        summary: "list the forks; * marks the current one",
        details: "",
    },
    CommandInfo {
        name: ":diff",
        argument: Argument::OptionalFork,
        summary: "show what the last step changed, or the changes since a fork",
        details: "The output is that of `pleach diff`: + for atoms that this world has more often, - for atoms that it has \
                  less often, ~ for rules in another order, and `NAME: OLD -> NEW` for states and bindings.",
    },
    CommandInfo {
        name: ":watch",
        argument: Argument::Pattern,
        summary: "show after each step which answers of a pattern changed",
        details: "The output is that of `pleach watch`: + for answers that came, - for those that went. PATTERN can be a \
                  conjunction, (, (order $n) (not (paid $n))). Several patterns can be watched; without one, all watches end.",
    },
    CommandInfo {
        name: ":types",
        argument: Argument::Atom,
        summary: "list the type annotations, or the types of an atom",
        details: "",
    },
    CommandInfo {
        name: ":names",
        argument: Argument::None,
        summary: "list the named spaces, states and bindings",
        details: "",
    },
    CommandInfo {
        name: ":copy",
        argument: Argument::Named,
        summary: "make a space with the content of another",
        details: "NAME is as :names prints it. The content is shared until one of the two is written.",
    },
    CommandInfo {
        name: ":drop",
        argument: Argument::Named,
        summary: "remove a space, a state or a binding",
        details: "NAME is as :names prints it. Atoms that mention a removed space or state stay.",
    },
    CommandInfo {
        name: ":stats",
        argument: Argument::None,
        summary: "show the size of the session",
        details: "",
    },
    CommandInfo {
        name: ":load",
        argument: Argument::File,
        summary: "run a program",
        details: "`import!` looks in the folder of the program. One :undo takes back all of it.",
    },
    CommandInfo {
        name: ":save",
        argument: Argument::World,
        summary: "save this world",
        details: "WORLD is a file, which is replaced atomically, or ARCHIVE@BRANCH, which gets a new revision. By default it \
                  is the world of --world, or of the first :save in a session without one. A file that isn't a saved world \
                  is never overwritten.",
    },
    CommandInfo {
        name: ":quit",
        argument: Argument::None,
        summary: "end the session; so does Ctrl-D",
        details: "If the session has a saved world, asks before it loses changes. Without a terminal, lists them instead.",
    },
];

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum CommandError {
    #[error("there is no command {0}; :help lists the commands")]
    Unknown(String),
    #[error("there is no command {word}; did you mean {suggestion}?")]
    Misspelled { word: String, suggestion: String },
    #[error("{word} is ambiguous: {}", .candidates.join(", "))]
    Ambiguous {
        word: String,
        candidates: Vec<&'static str>,
    },
    #[error("{0} needs a {1}")]
    MissingArgument(&'static str, &'static str),
    #[error("{0} takes no argument")]
    UnexpectedArgument(&'static str),
}

/// Returns whether an entry is a command. An atom can begin with a colon, but such an atom alone isn't an entry.
pub(super) fn is_command(text: &str) -> bool {
    text.trim_start().starts_with(':')
}

/// Finds a command by its name or an unambiguous prefix of it.
pub(super) fn find(word: &str) -> Result<&'static CommandInfo, CommandError> {
    if let Some(exact) = COMMANDS.iter().find(|info| info.name == word) {
        return Ok(exact);
    }
    let matching: Vec<_> = COMMANDS.iter().filter(|info| info.name.starts_with(word)).collect();
    let word = word.to_owned();
    match &matching[..] {
        [info] => Ok(info),
        [_, _, ..] if word.len() > 1 => Err(CommandError::Ambiguous {
            word,
            candidates: matching.iter().map(|info| info.name).collect(),
        }),
        _ => Err(match closest(&word) {
            Some(suggestion) => CommandError::Misspelled { word, suggestion },
            None => CommandError::Unknown(word),
        }),
    }
}

/// Returns the command that is closest to a misspelled one.
fn closest(word: &str) -> Option<String> {
    let names: Environment = COMMANDS.iter().map(|info| Atom::symbol(info.name)).collect();
    names.suggest(word, 1).pop()
}

impl Command {
    pub(super) fn parse(text: &str) -> Result<Self, CommandError> {
        let text = text.trim();
        let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
        let rest = rest.trim();
        let info = find(word)?;
        let (name, argument) = (info.name, info.argument);
        if argument == Argument::None && !rest.is_empty() {
            return Err(CommandError::UnexpectedArgument(name));
        }
        if argument.is_required() && rest.is_empty() {
            return Err(CommandError::MissingArgument(name, argument.placeholder()));
        }
        let optional = (!rest.is_empty()).then(|| rest.to_owned());
        Ok(match name {
            ":help" => Self::Help(match optional {
                None => None,
                Some(word) if word.starts_with(':') => Some(find(&word)?),
                Some(word) => Some(find(&format!(":{word}"))?),
            }),
            ":undo" => Self::Undo,
            ":redo" => Self::Redo,
            ":fork" => Self::Fork(rest.to_owned()),
            ":switch" => Self::Switch(rest.to_owned()),
            ":merge" => Self::Merge(rest.to_owned()),
            ":forks" => Self::Forks,
            ":diff" => Self::Diff(optional),
            ":types" => Self::Types(optional),
            ":watch" => Self::Watch(optional),
            ":names" => Self::Names,
            ":copy" => Self::Copy(rest.to_owned()),
            ":drop" => Self::Drop(rest.to_owned()),
            ":stats" => Self::Stats,
            ":load" => Self::Load(rest.into()),
            ":save" => Self::Save(optional.map(|path| WorldPath::from(std::ffi::OsString::from(path)))),
            ":quit" => Self::Quit,
            other => return Err(CommandError::Unknown(other.to_owned())),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_parsed() {
        assert_eq!(Command::parse(":fork  a b "), Ok(Command::Fork("a b".into())));
        assert_eq!(Command::parse(":fork a"), Ok(Command::Fork("a".into())));
        assert_eq!(Command::parse(" :q "), Ok(Command::Quit));
        assert_eq!(Command::parse(":diff"), Ok(Command::Diff(None)));
        assert_eq!(Command::parse(":di main"), Ok(Command::Diff(Some("main".into()))));
        assert_eq!(Command::parse(":save"), Ok(Command::Save(None)));
        assert_eq!(
            Command::parse(":merge"),
            Err(CommandError::MissingArgument(":merge", "NAME"))
        );
        assert_eq!(
            Command::parse(":undo 3"),
            Err(CommandError::UnexpectedArgument(":undo"))
        );
        for word in ["redo", ":redo", ":re", "re"] {
            let Ok(Command::Help(Some(info))) = Command::parse(&format!(":help {word}")) else {
                unreachable!("{word}");
            };
            assert_eq!(info.name, ":redo");
        }
    }

    #[test]
    fn every_command_is_parsed_by_its_own_name() {
        for info in &COMMANDS {
            let argument = if info.argument.is_required() { " x" } else { "" };
            assert!(
                Command::parse(&format!("{}{argument}", info.name)).is_ok(),
                "{}",
                info.name
            );
        }
    }

    #[test]
    fn prefixes_and_misspellings_are_told_apart() {
        let error = |word: &str| Command::parse(word).unwrap_err().to_string();
        assert_eq!(error(":s"), ":s is ambiguous: :switch, :stats, :save");
        assert_eq!(error(":for"), ":for is ambiguous: :fork, :forks");
        for (word, meant) in [
            (":frok", ":fork"),
            (":qiut", ":quit"),
            (":mrege", ":merge"),
            (":swich", ":switch"),
        ] {
            let expected = format!("there is no command {word}; did you mean {meant}?");
            assert_eq!(error(word), expected);
        }
        assert_eq!(error(":help udno"), "there is no command :udno; did you mean :undo?");
        for word in [":", ":x", ":exit", "::"] {
            assert_eq!(
                error(word),
                format!("there is no command {word}; :help lists the commands")
            );
        }
    }

    /// The table in this package's README lists the commands as `:help` does.
    #[test]
    fn the_readme_lists_the_commands() {
        let readme = include_str!("../../README.md");
        let rows: Vec<&str> = readme.lines().filter(|line| line.starts_with("| `:")).collect();
        let expected = COMMANDS.each_ref().map(|info| {
            let usage = format!("{} {}", info.name, info.argument.placeholder());
            format!("| `{}` | {} |", usage.trim_end(), info.summary)
        });
        assert_eq!(rows, expected);
    }
}
