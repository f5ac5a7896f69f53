//! What may have been meant by a name that is not known.

use pleach::term::Symbol;

/// The name that is closest to `name`, if it is close enough to be what was meant: one slip in up to five characters,
/// two in longer names. A slip is a character too much, too few, another, or two that changed places. A word with an
/// ending more is another word (`scouted` is not `scout`), and so are two words of three letters. Cost: for each
/// candidate of about the same length, O(product of the lengths).
///
/// [`suggest`](pleach::env::Snapshot::suggest) looks for all names of a world; here only functions will do, built-ins
/// among them, and there must be few false alarms.
pub(super) fn closest(name: &str, candidates: impl Iterator<Item = Symbol>) -> Option<Symbol> {
    let length = name.chars().count();
    let most = match length {
        0..=2 => return None,
        3..=5 => 1,
        _ => 2,
    };
    candidates
        .filter_map(|candidate| {
            let other = candidate.as_str();
            let count = other.chars().count();
            let near = count.min(length) > 2
                && count.max(length) > 3
                && count.abs_diff(length) <= most
                && !name.starts_with(other);
            let slips = near.then(|| strsim::osa_distance(name, other))?;
            (1..=most).contains(&slips).then_some((slips, candidate))
        })
        .min()
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::closest;
    use pleach::term::Symbol;

    #[test]
    fn a_slip_is_understood() {
        let names = ["fact", "factorial", "f", "match", "get-type", "größe"];
        let closest = |name| closest(name, names.iter().map(|name| Symbol::new(name))).map(|name| name.as_str());
        for (slip, meant) in [
            ("facct", "fact"),
            ("fcat", "fact"),
            ("fat", "fact"),
            ("factoral", "factorial"),
            ("fatcorail", "factorial"),
            ("metch", "match"),
            ("getype", "get-type"),
            ("grösse", "größe"),
        ] {
            assert_eq!(closest(slip), Some(meant), "{slip}");
        }
        for other in ["", "f", "g", "fa", "fact", "matched", "tact-", "unknown"] {
            assert_eq!(closest(other), None, "{other}");
        }
    }
}
