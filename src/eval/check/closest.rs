//! What may have been meant by a name that is not known.

use crate::term::Symbol;

/// The name that is closest to `name`, if it is close enough to be what was meant: one slip in up to five characters,
/// two in longer names. A slip is a character too much, too few, another, or two that changed places. A word with an
/// ending more is another word (`scouted` is not `scout`), and so are two words of three letters. Cost: for each
/// candidate of about the same length, O(product of the lengths).
pub(super) fn closest(name: &str, candidates: impl Iterator<Item = Symbol>) -> Option<Symbol> {
    let name: Vec<char> = name.chars().collect();
    let most = match name.len() {
        0..=2 => return None,
        3..=5 => 1,
        _ => 2,
    };
    candidates
        .filter_map(|candidate| {
            let other: Vec<char> = candidate.as_str().chars().collect();
            let near = other.len().min(name.len()) > 2
                && other.len().max(name.len()) > 3
                && other.len().abs_diff(name.len()) <= most
                && !name.starts_with(&other);
            let slips = near.then(|| slips(&name, &other))?;
            (1..=most).contains(&slips).then_some((slips, candidate))
        })
        .min()
        .map(|(_, candidate)| candidate)
}

/// The number of slips that make `b` of `a` (optimal string alignment).
fn slips(a: &[char], b: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let mut least = (last[j] + usize::from(x != y)).min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *x == b[j - 1] && a[i - 1] == *y {
                least = least.min(before[j - 1] + 1);
            }
            row.push(least);
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::closest;
    use crate::term::Symbol;

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
