//! One-sided matching: variables of stored atoms are constants.

use std::iter::FusedIterator;

use smallvec::SmallVec;

use super::entry::kept;
use super::pattern::{Parts, Pattern};
use super::search::Search;
use crate::env::record::Multiplicity;
use crate::env::space::{Space, decode};
use crate::term::path::{Extent, Head, read_number};
use crate::term::{Bindings, Term};

impl<T: Term> Space<T> {
    /// Returns the stored atoms that are instances of `pattern`, in the order of [`iter`](Space::iter), with their
    /// multiplicities: those that `pattern` becomes when its variables are replaced. This is one-sided matching. Variables of
    /// stored atoms are constants, different from those of the pattern; [`query`](Space::query) unifies both sides.
    ///
    /// A variable that occurs twice in the pattern must stand for the same term, with the same stored variables.
    ///
    /// Costs what a [query](Space::query) costs, without unification, and the atoms, which are built with the pattern's own
    /// subterms.
    ///
    /// ```
    /// # use pleach::{Atom, Environment};
    /// let mut env = Environment::<Atom>::new();
    /// env.extend(["(likes ann tea)", "(likes $x water)", "(likes $x $x)"].map(|a| a.parse().unwrap()));
    /// let matches = |pattern: &str| {
    ///     let pattern: Atom = pattern.parse().unwrap();
    ///     env.matches(&pattern).map(|(atom, _)| atom.to_string()).collect::<Vec<_>>()
    /// };
    /// assert_eq!(matches("(likes ann $what)"), ["(likes ann tea)"]);
    /// assert_eq!(matches("(likes $who water)"), ["(likes $0 water)"]);
    /// assert_eq!(matches("(likes $one $one)"), ["(likes $0 $0)"]);
    /// assert_eq!(env.query(&"(likes ann $what)".parse()?).count(), 3);
    /// # Ok::<(), pleach::term::ParseError>(())
    /// ```
    pub fn matches(&self, pattern: &T) -> Matches<'_, T> {
        let (pattern, _) = Pattern::new(pattern.clone(), Bindings::new(), 0);
        Matches {
            search: Search::one_sided(&self.facts, &self.arguments, std::sync::Arc::clone(&pattern.shape)),
            is_linear: pattern.is_linear(),
            pattern,
        }
    }
}

/// The atoms that are instances of a pattern: see [`Space::matches`].
#[must_use = "iterators are lazy"]
pub struct Matches<'a, T: Term> {
    pattern: Pattern<T>,
    /// Whether no variable occurs twice, so that what the search finds matches for certain.
    is_linear: bool,
    search: Search<'a, Multiplicity<T>>,
}

impl<T: Term> FusedIterator for Matches<'_, T> {}

impl<T: Term> Iterator for Matches<'_, T> {
    type Item = (T, u64);

    fn next(&mut self) -> Option<(T, u64)> {
        loop {
            let entry = self.search.next_entry()?;
            let (is_ground, path) = (self.search.is_match(), self.search.path());
            if !is_ground && !self.is_linear && !repeats(&self.pattern, path) {
                continue;
            }
            let atom = match kept(entry) {
                None if is_ground => self.pattern.atom(path),
                _ => decode(path, entry),
            };
            return Some((atom, entry.get()));
        }
    }
}

/// Whether each variable of the pattern stands for the same term wherever it occurs.
fn repeats<T: Term>(pattern: &Pattern<T>, path: &[u8]) -> bool {
    let mut firsts: SmallVec<[(usize, usize); 8]> = SmallVec::new();
    let mut parts = Parts::new(&pattern.shape, path);
    while let Some((number, first, start, end)) = parts.next_occurrence() {
        if first {
            firsts.push((start, end));
        } else if !firsts
            .get(number)
            .is_some_and(|first| is_same(path, *first, (start, end)))
        {
            return false;
        }
    }
    true
}

/// Whether two parts of a path are the same term. A variable's first occurrence is another token than its later ones.
fn is_same(path: &[u8], first: (usize, usize), second: (usize, usize)) -> bool {
    let [mut a, mut b] = [&path[first.0..first.1], &path[second.0..second.1]];
    // The number of the next variable whose first occurrence is in `a`; counted once it is needed.
    let mut next = None;
    while let (Some(x), Some(y)) = (Extent::of(a), Extent::of(b)) {
        let same = match Head::of(a[0]) {
            Head::NewVariable => {
                let number = next.unwrap_or_else(|| new_variables(&path[..first.0]));
                next = Some(number + 1);
                Head::of(b[0]) == Head::OldVariable && read_number(&b[1..]).is_some_and(|(found, _)| found == number)
            }
            _ => a[..x.length] == b[..y.length],
        };
        if !same {
            return false;
        }
        (a, b) = (&a[x.length..], &b[y.length..]);
    }
    a.is_empty() && b.is_empty()
}

/// The number of first occurrences of variables among these tokens.
fn new_variables(mut tokens: &[u8]) -> usize {
    let mut count = 0;
    while let Some(token) = Extent::of(tokens) {
        count += usize::from(Head::of(tokens[0]) == Head::NewVariable);
        tokens = &tokens[token.length..];
    }
    count
}
