//! Canonical results: independent of variable ids, for display and comparison.

use std::collections::HashMap;

use crate::traversal::replace;
use pleach::term::{Atom, Variable, alpha_eq};

/// Renumbers variables in order of first occurrence, from the smallest id for each name: the ids of evaluation depend
/// on what was evaluated before.
pub(crate) fn canonical(atom: &Atom) -> Atom {
    if atom.is_ground() {
        return atom.clone();
    }
    let mut known: Vec<(Variable, Variable)> = Vec::new();
    replace(atom, &mut |variable| {
        if let Some((_, new)) = known.iter().find(|(old, _)| old == variable) {
            return Some(Atom::Variable(*new));
        }
        let namesakes = known.iter().filter(|(old, _)| old.name() == variable.name()).count();
        let new = Variable::numbered(variable.name(), namesakes as u64)?;
        known.push((*variable, new));
        Some(Atom::Variable(new))
    })
}

/// Returns the multiset difference `of` − `without`. Ground atoms are compared by equality, in O(n); others pairwise by
/// `same`.
pub(crate) fn difference(of: &[Atom], without: &[Atom], same: impl Fn(&Atom, &Atom) -> bool) -> Vec<Atom> {
    let mut ground: HashMap<&Atom, usize> = HashMap::new();
    let mut open: Vec<&Atom> = Vec::new();
    for atom in without {
        if atom.is_ground() {
            *ground.entry(atom).or_default() += 1;
        } else {
            open.push(atom);
        }
    }
    of.iter()
        .filter(|atom| {
            if atom.is_ground() {
                return match ground.get_mut(*atom) {
                    Some(left) if *left > 0 => {
                        *left -= 1;
                        false
                    }
                    _ => true,
                };
            }
            match open.iter().position(|other| same(atom, other)) {
                Some(index) => {
                    open.swap_remove(index);
                    false
                }
                None => true,
            }
        })
        .cloned()
        .collect()
}

/// Returns whether two atoms are equal up to renaming of variables.
pub(crate) fn same(a: &Atom, b: &Atom) -> bool {
    a == b || (!a.is_ground() && !b.is_ground() && alpha_eq(a, b))
}

/// Formats atoms as `a, b, c`.
pub(crate) fn list(atoms: &[Atom]) -> String {
    atoms
        .iter()
        .map(|atom| canonical(atom).to_string())
        .collect::<Vec<_>>()
        .join(", ")
}
