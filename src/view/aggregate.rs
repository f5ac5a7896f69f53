//! Aggregates of answers by group.

use std::cmp::Ordering;

use super::answers::Answers;
use crate::env::UnboundVariable;
use crate::term::path::{Extent, FLOATS, INTEGERS};
use crate::term::walk::for_each;
use crate::term::{Bindings, Leaf, Term, View, rename_apart, unify};

/// A function of the answers of a group: see [`View::grouped`](crate::view::View::grouped).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Aggregate {
    /// The number of answers, with multiplicities.
    Count,
    /// The sum of the numbers, each as often as its answer.
    Sum,
    /// The least number.
    Min,
    /// The greatest number.
    Max,
}

/// How answers are grouped, and the template of a group.
pub(super) struct Grouping<T: Term> {
    aggregate: Aggregate,
    /// With the aggregate's variable.
    template: T,
    /// The variables of the template, the aggregate's last. A group is an instance of those before.
    variables: Vec<T>,
    /// The expression of the variables that the conjunction binds, whose instances are aggregated.
    tuple: T,
    /// The least id above those of the variables.
    fresh: u64,
}

impl<T: Term> Grouping<T> {
    /// # Errors
    /// The variable, if the language doesn't have it.
    pub(super) fn new(template: T, aggregate: Aggregate, variable: &str) -> Result<Self, UnboundVariable> {
        let Some(last) = T::leaf(Leaf::Variable { name: variable, id: 0 }) else {
            return Err(UnboundVariable { name: variable.into() });
        };
        let (mut variables, mut fresh): (Vec<T>, u64) = (Vec::new(), 1);
        let is = |a: &T, b: &T| matches!((a.view(), b.view()), (View::Leaf(a), View::Leaf(b)) if a == b);
        for_each(&template, |term| match term.view() {
            View::Expression(items) | View::Tagged(_, items) => items,
            View::Leaf(Leaf::Variable { id, .. }) => {
                fresh = fresh.max(id.saturating_add(1));
                if !is(term, &last) && !variables.iter().any(|known| is(known, term)) {
                    variables.push(term.clone());
                }
                &[]
            }
            View::Leaf(_) => &[],
        });
        let grouped_by = variables.clone();
        variables.push(last);
        let tuple = match aggregate {
            Aggregate::Count => grouped_by,
            _ => variables.clone(),
        };
        Ok(Self {
            aggregate,
            template,
            variables,
            tuple: T::expression(tuple),
            fresh,
        })
    }

    /// The template of the conjunction whose answers are grouped.
    pub(super) fn tuple(&self) -> &T {
        &self.tuple
    }

    /// The items of a group, of a tuple.
    fn group<'a>(&self, tuple: &'a T) -> &'a [T] {
        let items = tuple.view().items().unwrap_or_default();
        &items[..items.len().min(self.variables.len() - 1)]
    }

    /// The instance of the template for a group with this aggregate.
    fn instance(&self, group: &[T], value: T) -> T {
        let mut items = group.to_vec();
        items.push(value);
        let tuple = rename_apart(&T::expression(items), &mut { self.fresh });
        let mut bindings = Bindings::new();
        let is_instance = unify(&T::expression(self.variables.clone()), &tuple, &mut bindings);
        debug_assert!(is_instance, "the variables are different");
        bindings.resolve(&self.template)
    }
}

/// The answers that are aggregated.
pub(super) struct Groups<T: Term> {
    /// The tuples. Those of a group are below a common prefix, and their numbers in order.
    tuples: Answers<T>,
    /// The sums of the integers of each group, as multiplicities, if sums are asked for.
    sums: Answers<T>,
}

impl<T: Term> Clone for Groups<T> {
    fn clone(&self) -> Self {
        Self {
            tuples: self.tuples.clone(),
            sums: self.sums.clone(),
        }
    }
}

impl<T: Term> Groups<T> {
    pub(super) fn new() -> Self {
        Self {
            tuples: Answers::new(),
            sums: Answers::new(),
        }
    }

    /// Takes the difference of the tuples, and returns that of the instances of the template. O(log n) a tuple, but for floats.
    pub(super) fn take(&mut self, grouping: &Grouping<T>, difference: &Answers<T>) -> Answers<T> {
        let before = self.clone();
        self.tuples.add_all(difference);
        let mut instances = Answers::new();
        let mut last = Vec::new();
        let mut changed = Vec::new();
        let mut cursor = difference.tallies.cursor();
        while let Some(tally) = cursor.next_entry() {
            let path = cursor.path();
            let tuple = tally.atom(path);
            let group = grouping.group(&tuple);
            if grouping.aggregate == Aggregate::Sum
                && let Some([.., value]) = tuple.view().items()
                && let View::Leaf(Leaf::Integer(value)) = value.view()
            {
                let by = i128::from(value).wrapping_mul(tally.get());
                self.sums.add(&T::expression(group.to_vec()), by);
            }
            let prefix = prefix(path, group.len());
            if changed.is_empty() || last != prefix {
                last = prefix.to_vec();
                changed.push((last.clone(), group.to_vec()));
            }
        }
        for (prefix, group) in changed {
            for (groups, sign) in [(&before, -1), (&*self, 1)] {
                if let Some(value) = groups.aggregate(grouping, &prefix, &group) {
                    instances.add(&grouping.instance(&group, value), sign);
                }
            }
        }
        instances
    }

    /// The aggregate of a group, unless it is empty or has no number.
    fn aggregate(&self, grouping: &Grouping<T>, prefix: &[u8], group: &[T]) -> Option<T> {
        let numbers = || Numbers {
            tuples: &self.tuples,
            prefix,
        };
        let leaf = match grouping.aggregate {
            Aggregate::Count => {
                let count = self.tuples.tallies.get(prefix)?.get();
                Leaf::Integer(i64::try_from(count).unwrap_or(i64::MAX))
            }
            Aggregate::Sum => numbers().sum(self.sums.multiplicity(&T::expression(group.to_vec())))?,
            Aggregate::Min => numbers().extreme(Ordering::Less)?,
            Aggregate::Max => numbers().extreme(Ordering::Greater)?,
        };
        T::leaf(leaf)
    }
}

/// The length of a tuple's path up to the items after the first `group` ones.
fn prefix(path: &[u8], group: usize) -> &[u8] {
    let head = Extent::of(path).map_or(0, |head| head.length);
    let end = (0..group).fold(head, |end, _| {
        end + Extent::of_atom(&path[end..]).map_or(0, |(length, _)| length)
    });
    &path[..end]
}

/// The numbers of a group: the last items of the tuples below a prefix.
struct Numbers<'a, T: Term> {
    tuples: &'a Answers<T>,
    prefix: &'a [u8],
}

impl<T: Term> Numbers<'_, T> {
    /// The tuples whose last items begin with a byte of this range.
    fn range(&self, range: [u8; 2]) -> impl DoubleEndedIterator<Item = (T, i128)> {
        let [start, end] = range.map(|byte| [self.prefix, &[byte]].concat());
        let tuples = self.tuples.tallies.range(start..end);
        tuples.map(|(path, tally)| (tally.atom(&path), tally.get()))
    }

    /// The sum of all numbers, of which that of the integers is known.
    fn sum(&self, integers: i128) -> Option<Leaf<'static>> {
        let floats = self.range(FLOATS).filter_map(|(tuple, multiplicity)| {
            let number = last(&tuple)?;
            match number {
                Number::Float(float) => Some(float * multiplicity as f64),
                Number::Integer(_) => None,
            }
        });
        let floats = floats.reduce(|sum, float| sum + float);
        let has_integers = self.range(INTEGERS).next().is_some();
        match (floats, i64::try_from(integers)) {
            (None, _) if !has_integers => None,
            (None, Ok(sum)) => Some(Leaf::Integer(sum)),
            (floats, _) => Some(Leaf::Float(floats.unwrap_or(0.0) + integers as f64)),
        }
    }

    /// The number that compares to all others like this, or as equal.
    fn extreme(&self, wanted: Ordering) -> Option<Leaf<'static>> {
        let ends = [INTEGERS, FLOATS].map(|range| {
            let mut tuples = self.range(range);
            let end = match wanted {
                Ordering::Less => tuples.next(),
                _ => tuples.next_back(),
            };
            end.and_then(|(tuple, _)| last(&tuple))
        });
        let [integer, float] = ends;
        let best = match (integer, float) {
            (Some(integer), Some(float)) if float.compare(integer) == wanted => float,
            (integer, float) => integer.or(float)?,
        };
        Some(match best {
            Number::Integer(integer) => Leaf::Integer(integer),
            Number::Float(float) => Leaf::Float(float),
        })
    }
}

#[derive(Clone, Copy)]
enum Number {
    Integer(i64),
    Float(f64),
}

/// The last item of a tuple, if it is a number.
fn last<T: Term>(tuple: &T) -> Option<Number> {
    match tuple.view().items()?.last()?.view() {
        View::Leaf(Leaf::Integer(integer)) => Some(Number::Integer(integer)),
        View::Leaf(Leaf::Float(float)) => Some(Number::Float(float)),
        _ => None,
    }
}

impl Number {
    /// Compares a float with an integer, exactly; NaN is greater than all others.
    fn compare(self, other: Self) -> Ordering {
        match (self, other) {
            (Self::Integer(a), Self::Integer(b)) => a.cmp(&b),
            (Self::Float(a), Self::Float(b)) => a.total_cmp(&b),
            (Self::Integer(_), Self::Float(_)) => other.compare(self).reverse(),
            (Self::Float(float), Self::Integer(integer)) => {
                /// The least float above all integers.
                const LIMIT: f64 = 9_223_372_036_854_775_808.0;
                if float.is_nan() || float >= LIMIT {
                    return Ordering::Greater;
                }
                if float < -LIMIT {
                    return Ordering::Less;
                }
                let whole = (float.trunc() as i64).cmp(&integer);
                whole.then_with(|| float.fract().partial_cmp(&0.0).unwrap_or(Ordering::Equal))
            }
        }
    }
}
