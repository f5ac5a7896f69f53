//! Suggestions for misspelled names.

use pleach::env::EditDistance;
use pleach::term::Symbol;

/// Returns the candidate closest to `name`, if it is likely what was meant: at most one edit away from a name of up to five
/// characters, two from a longer one. A candidate that `name` only extends is another word (`scouted` isn't `scout`), and
/// so is one where both have three letters or fewer.
///
/// Unlike [`suggest`](pleach::env::Snapshot::suggest), which searches all names of a world, this must raise few false
/// alarms.
pub(crate) fn closest(name: &str, candidates: impl Iterator<Item = Symbol>) -> Option<Symbol> {
    let length = name.chars().count();
    let max = match length {
        0..=2 => return None,
        3..=5 => 1,
        _ => 2,
    };
    let distance = EditDistance::new(name, max);
    candidates
        .filter_map(|candidate| {
            let other = candidate.as_str();
            let count = other.chars().count();
            let is_word = count.min(length) > 2 && count.max(length) > 3 && !name.starts_with(other);
            let edits = is_word.then(|| distance.to(other))??;
            (edits > 0).then_some((edits, candidate))
        })
        .min()
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::closest;
    use pleach::term::Symbol;

    #[test]
    fn misspelled_names_are_recognized() {
        let names = ["fact", "factorial", "f", "match", "get-type", "größe"];
        let closest = |name| closest(name, names.iter().map(|name| Symbol::new(name))).map(|name| name.as_str());
        for (misspelled, meant) in [
            ("facct", "fact"),
            ("fcat", "fact"),
            ("fat", "fact"),
            ("factoral", "factorial"),
            ("fatcorail", "factorial"),
            ("metch", "match"),
            ("getype", "get-type"),
            ("grösse", "größe"),
        ] {
            assert_eq!(closest(misspelled), Some(meant), "{misspelled}");
        }
        for other in ["", "f", "g", "fa", "fact", "matched", "tact-", "unknown"] {
            assert_eq!(closest(other), None, "{other}");
        }
    }
}
