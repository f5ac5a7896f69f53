//! The commands, which begin with `:`.

use std::path::PathBuf;

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Command {
    Help,
    Undo,
    Fork(String),
    Switch(String),
    Merge(String),
    Forks,
    Diff(Option<String>),
    Types(Option<String>),
    Stats,
    Load(PathBuf),
    Quit,
}

/// The commands, what follows them, and what they do.
pub(super) const COMMANDS: [(&str, &str, &str); 11] = [
    (":help", "", "list the commands"),
    (":undo", "", "take back the last step that changed something"),
    (":fork", "NAME", "fork this world, at no cost, and go on in the fork"),
    (":switch", "NAME", "go on in another fork; the first is called main"),
    (
        ":merge",
        "NAME",
        "unite this world with another fork: what both inherited counts once",
    ),
    (":forks", "", "list the forks; the one you are in has a *"),
    (
        ":diff",
        "[NAME]",
        "show what the last step changed, or what this world has more or less than a fork",
    ),
    (":types", "[ATOM]", "list the type annotations, or the types of an atom"),
    (":stats", "", "show how much there is"),
    (":load", "FILE", "run a program"),
    (":quit", "", "end; so does Ctrl-D"),
];

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum CommandError {
    #[error("there is no command {0}; :help lists those that there are")]
    Unknown(String),
    #[error("{0} needs a {1}")]
    Missing(&'static str, &'static str),
    #[error("nothing can follow {0}")]
    TooMuch(&'static str),
}

/// Does it begin as a command does? An atom can begin with a colon too, but not stand alone with it.
pub(super) fn is_command(text: &str) -> bool {
    text.trim_start().starts_with(':')
}

impl Command {
    pub(super) fn parse(text: &str) -> Result<Self, CommandError> {
        let text = text.trim();
        let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
        let rest = rest.trim();
        let mut fitting = COMMANDS
            .iter()
            .filter(|(name, ..)| name.starts_with(word) && word.len() > 1);
        let exact = COMMANDS.iter().find(|(name, ..)| *name == word);
        // A beginning that only one command has is enough.
        let (name, argument, _) = match (exact, fitting.next(), fitting.next()) {
            (Some(row), ..) | (None, Some(row), None) => *row,
            _ => return Err(CommandError::Unknown(word.to_owned())),
        };
        match argument {
            "" if !rest.is_empty() => return Err(CommandError::TooMuch(name)),
            "NAME" | "FILE" if rest.is_empty() => return Err(CommandError::Missing(name, argument)),
            _ => {}
        }
        let some = || (!rest.is_empty()).then(|| rest.to_owned());
        Ok(match name {
            ":help" => Self::Help,
            ":undo" => Self::Undo,
            ":fork" => Self::Fork(rest.to_owned()),
            ":switch" => Self::Switch(rest.to_owned()),
            ":merge" => Self::Merge(rest.to_owned()),
            ":forks" => Self::Forks,
            ":diff" => Self::Diff(some()),
            ":types" => Self::Types(some()),
            ":stats" => Self::Stats,
            ":load" => Self::Load(rest.into()),
            _ => Self::Quit,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_read() {
        assert_eq!(Command::parse(":fork  a b "), Ok(Command::Fork("a b".into())));
        assert_eq!(Command::parse(":fork a"), Ok(Command::Fork("a".into())));
        assert_eq!(Command::parse(" :q "), Ok(Command::Quit));
        assert_eq!(Command::parse(":diff"), Ok(Command::Diff(None)));
        assert_eq!(Command::parse(":di main"), Ok(Command::Diff(Some("main".into()))));
        assert_eq!(Command::parse(":merge"), Err(CommandError::Missing(":merge", "NAME")));
        assert_eq!(Command::parse(":undo 3"), Err(CommandError::TooMuch(":undo")));
        for unknown in [":", ":x", ":s", ":for"] {
            assert_eq!(Command::parse(unknown), Err(CommandError::Unknown(unknown.into())));
        }
    }
}
