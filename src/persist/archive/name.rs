//! Names of branches and tags, and the files that they are written to.

use super::ArchiveError;

/// A name has no more bytes: as the name of a file it may take three times as many.
const LONGEST: usize = 60;

/// What a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Branch,
    Tag,
}

impl Kind {
    /// What the names of files begin with: so none begins with a dot, and none is one that a system keeps to itself.
    fn prefix(self) -> &'static str {
        match self {
            Self::Branch => "branch-",
            Self::Tag => "tag-",
        }
    }

    /// That there is none of this name.
    pub(super) fn missing(self, name: &str) -> ArchiveError {
        match self {
            Self::Branch => ArchiveError::NoBranch(name.to_owned()),
            Self::Tag => ArchiveError::NoTag(name.to_owned()),
        }
    }
}

/// That this can be a name.
pub(super) fn check(name: &str) -> Result<(), ArchiveError> {
    let fits = name.len() <= LONGEST
        && name.starts_with(char::is_alphanumeric)
        && name
            .chars()
            .all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '.'));
    if fits {
        Ok(())
    } else {
        Err(ArchiveError::Name(name.chars().take(200).collect()))
    }
}

/// The file of a name. Bytes that file systems may not tell apart (`A` and `a`, `é` and `é`) or not keep (a dot at the
/// end) are written as `%` and two digits.
pub(super) fn to_file(kind: Kind, name: &str) -> String {
    let mut file = kind.prefix().to_owned();
    for (at, byte) in name.bytes().enumerate() {
        match byte {
            b'.' if name.len().checked_sub(1) == Some(at) => file += "%2e",
            b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' => file.push(byte.into()),
            _ => file += &format!("%{byte:02x}"),
        }
    }
    file
}

/// The name that a file is of, if it is of one.
pub(super) fn of_file(file: &str) -> Option<(Kind, String)> {
    let kind = [Kind::Branch, Kind::Tag]
        .into_iter()
        .find(|kind| file.starts_with(kind.prefix()))?;
    let mut bytes = Vec::new();
    let mut rest = file.strip_prefix(kind.prefix())?.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let mut digit = || char::from(rest.next()?).to_digit(16);
                (digit()? << 4 | digit()?) as u8
            }
            byte => byte,
        });
    }
    let name = String::from_utf8(bytes).ok()?;
    // Each name has one file.
    (check(&name).is_ok() && to_file(kind, &name) == file).then_some((kind, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_no_paths() {
        let long = "n".repeat(61);
        for name in [
            "", ".", "..", "../x", "a/b", "a\\b", "/", "-x", ".x", "a b", "a\0", "a:b", "a@b", "a\n", "*", &long,
        ] {
            assert!(matches!(check(name), Err(ArchiveError::Name(_))), "{name:?}");
        }
    }

    #[test]
    fn names_come_back_from_files_that_any_system_tells_apart() {
        let long = "Ä".repeat(30);
        let mut files = std::collections::BTreeSet::new();
        for name in [
            "main", "Main", "MAIN", "con", "NUL", "v1.0", "v1.", "a..b", "a-b_c", "世界", "é", &long, "deadbeef",
        ] {
            check(name).unwrap();
            for kind in [Kind::Branch, Kind::Tag] {
                let file = to_file(kind, name);
                assert!(file.is_ascii() && !file.ends_with('.') && file.len() < 200, "{file}");
                assert_eq!(of_file(&file), Some((kind, name.to_owned())));
                assert!(files.insert(file.to_lowercase()), "{file}");
            }
        }
        for file in [
            "branch-",
            "branch-A",
            "branch-%61",
            "branch-%4",
            "branch-%zz",
            "tag-x.",
            "x",
            "branch-a%2f",
            "tag-%ff",
        ] {
            assert_eq!(of_file(file), None, "{file}");
        }
    }
}
