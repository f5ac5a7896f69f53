//! Names of branches and tags, and of their files.

use super::error::ArchiveError;

/// Greatest length of a name in bytes; escaped for a file name, it may be three times as long.
const MAX_LENGTH: usize = 60;

/// The kind of a reference, which is a name for a revision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RefKind {
    Branch,
    Tag,
}

impl RefKind {
    /// Prefix of file names, so that none is hidden or reserved by the system (`con`).
    fn prefix(self) -> &'static str {
        match self {
            Self::Branch => "branch-",
            Self::Tag => "tag-",
        }
    }

    /// The error for a missing name.
    pub(super) fn missing(self, name: &str) -> ArchiveError {
        match self {
            Self::Branch => ArchiveError::NoBranch(name.to_owned()),
            Self::Tag => ArchiveError::NoTag(name.to_owned()),
        }
    }
}

/// # Errors
/// If the name is invalid.
pub(super) fn check(name: &str) -> Result<(), ArchiveError> {
    let fits = name.len() <= MAX_LENGTH
        && name.starts_with(char::is_alphanumeric)
        && name
            .chars()
            .all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '.'));
    if fits {
        Ok(())
    } else {
        Err(ArchiveError::InvalidName(name.chars().take(200).collect()))
    }
}

/// Returns the file name for a name. Bytes that file systems may fold (`A` and `a`, `é` and `é`) or drop (a dot at the
/// end) are percent-encoded.
pub(super) fn to_file_name(kind: RefKind, name: &str) -> String {
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

/// Parses a file name; `None` if it isn't that of a name.
pub(super) fn from_file_name(file: &str) -> Option<(RefKind, String)> {
    let kind = [RefKind::Branch, RefKind::Tag]
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
    // Only the canonical encoding of a name counts.
    (check(&name).is_ok() && to_file_name(kind, &name) == file).then_some((kind, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_could_be_paths_are_invalid() {
        let long = "n".repeat(61);
        for name in [
            "", ".", "..", "../x", "a/b", "a\\b", "/", "-x", ".x", "a b", "a\0", "a:b", "a@b", "a\n", "*", &long,
        ] {
            assert!(matches!(check(name), Err(ArchiveError::InvalidName(_))), "{name:?}");
        }
    }

    #[test]
    fn names_round_trip_through_file_names_that_differ_without_case() {
        let long = "Ä".repeat(30);
        let mut files = std::collections::BTreeSet::new();
        for name in [
            "main", "Main", "MAIN", "con", "NUL", "v1.0", "v1.", "a..b", "a-b_c", "世界", "é", &long, "deadbeef",
        ] {
            check(name).unwrap();
            for kind in [RefKind::Branch, RefKind::Tag] {
                let file = to_file_name(kind, name);
                assert!(file.is_ascii() && !file.ends_with('.') && file.len() < 200, "{file}");
                assert_eq!(from_file_name(&file), Some((kind, name.to_owned())));
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
            assert_eq!(from_file_name(file), None, "{file}");
        }
    }
}
