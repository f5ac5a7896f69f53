//! Expressions as lists.

use std::collections::HashSet;

use crate::builtin::{Call, Entry, Outcome, wrong, wrong_natively};
use crate::canonical::{difference, same};
use crate::symbols::error_atom;
use crate::value::Value;
use pleach::term::{Atom, Expression};

/// The head of an expanded `map-atom`, dropped once its items are evaluated.
pub(crate) const TUPLE: &str = "(tuple)";
/// The head of an expanded `filter-atom`: its first argument quotes the items that the conditions select.
pub(crate) const FILTER: &str = "(filter)";

const LISTS: &[&str] = &["(-> Expression Expression Atom)"];

pub(super) const ENTRIES: &[Entry] = &[
    Entry::function("car-atom", &["(-> Expression %Undefined%)"], car_atom)
        .ruled()
        .constant(),
    Entry::function("cdr-atom", &["(-> Expression Expression)"], cdr_atom)
        .ruled()
        .constant(),
    Entry::function("cons-atom", &["(-> Atom Expression Atom)"], cons_atom)
        .instruction()
        .constant(),
    Entry::function("decons-atom", &["(-> Expression Atom)"], decons_atom)
        .instruction()
        .constant()
        .constant(),
    Entry::function("size-atom", &["(-> Expression Number)"], size_atom).constant(),
    Entry::function("index-atom", &["(-> Expression Number Atom)"], index_atom).constant(),
    Entry::function("unique-atom", &["(-> Expression Atom)"], unique_atom),
    Entry::function("union-atom", LISTS, union_atom),
    Entry::function("intersection-atom", LISTS, intersection_atom),
    Entry::function("subtraction-atom", LISTS, subtraction_atom),
    Entry::rules(
        "for-each-in-atom",
        &["(-> Expression Atom (->))"],
        &["(= (for-each-in-atom $list $function)
              (if-equal $list () ()
                 (chain (decons-atom $list) $parts
                    (unify $parts ($item $others)
                       (let $done ($function $item) (for-each-in-atom $others $function))
                       ()))))"],
    ),
    // Internal names, which programs can't write: results of expanding `map-atom` and `filter-atom`.
    Entry::function(TUPLE, &[], tuple),
    Entry::function(FILTER, &[], filter),
];

fn car_atom(call: &mut dyn Call) -> Outcome {
    let list = call.value(1).clone();
    match list.atom.as_list().and_then(Expression::first) {
        Some(first) => Outcome::Eval(call.item(&list, 0, first)),
        _ => wrong("car-atom expects a non-empty expression as an argument"),
    }
}

fn cdr_atom(call: &mut dyn Call) -> Outcome {
    let list = call.value(1).clone();
    match list.atom.as_list().and_then(Expression::without_first) {
        Some(rest) => {
            let known = call.are_normal(&list, 1);
            Outcome::Eval(call.tuple_of(rest, known))
        }
        None => wrong("cdr-atom expects a non-empty expression as an argument"),
    }
}

fn cons_atom(call: &mut dyn Call) -> Outcome {
    let (first, list) = (call.value(1).clone(), call.value(2).clone());
    match list.atom.as_list() {
        Some(rest) => {
            let known = call.is_normal(&first) && call.are_normal(&list, 0);
            Outcome::Known(call.tuple_of(rest.with_first(first.atom), known))
        }
        None => wrong("cons-atom expects an expression as its second argument"),
    }
}

fn decons_atom(call: &mut dyn Call) -> Outcome {
    let list = call.value(1).clone();
    let parts = list.atom.as_list();
    match parts.and_then(|list| Some((list.first()?, list.without_first()?))) {
        Some((first, rest)) => {
            let head = call.item(&list, 0, first);
            let known = call.is_normal(&head);
            let others = call.are_normal(&list, 1);
            let rest = call.tuple_of(rest, others);
            let known = known && call.is_normal(&rest);
            Outcome::Known(call.tuple_of(Expression::new([first.clone(), rest.atom]), known))
        }
        None => wrong_natively("expected: (decons-atom (: <expr> Expression)), found: (decons-atom ())"),
    }
}

fn size_atom(call: &mut dyn Call) -> Outcome {
    match call.argument(1).as_list() {
        Some(items) => Outcome::Value(Atom::Integer(items.len() as i64)),
        None => wrong("size-atom expects an expression as an argument"),
    }
}

fn index_atom(call: &mut dyn Call) -> Outcome {
    let list = call.value(1).clone();
    let (Some(items), Atom::Integer(index)) = (list.atom.as_expression(), call.argument(2)) else {
        return wrong("index-atom expects an expression and a whole number");
    };
    let index = usize::try_from(*index).unwrap_or(usize::MAX);
    match items.get(index) {
        Some(item) => Outcome::Known(call.item(&list, index, item)),
        None => wrong_natively("Index is out of bounds"),
    }
}

fn unique_atom(call: &mut dyn Call) -> Outcome {
    let Some(items) = call.argument(1).as_expression() else {
        return wrong("unique-atom expects an expression as an argument");
    };
    // Ground atoms by hash, others pairwise.
    let mut seen = HashSet::new();
    let mut open: Vec<&Atom> = Vec::new();
    let mut unique = Vec::new();
    for item in items {
        let new = if item.is_ground() {
            seen.insert(item)
        } else {
            let new = !open.iter().any(|known| same(known, item));
            open.push(item);
            new
        };
        if new {
            unique.push(item.clone());
        }
    }
    Outcome::Value(Atom::Expression(unique.into()))
}

/// Applies `of` to two expressions.
fn lists(call: &dyn Call, of: impl FnOnce(&[Atom], &[Atom]) -> Vec<Atom>) -> Outcome {
    match (call.argument(1).as_expression(), call.argument(2).as_expression()) {
        (Some(a), Some(b)) => Outcome::Value(Atom::Expression(of(a, b).into())),
        _ => wrong("two expressions are expected"),
    }
}

fn union_atom(call: &mut dyn Call) -> Outcome {
    lists(call, |a, b| [a, b].concat())
}

fn intersection_atom(call: &mut dyn Call) -> Outcome {
    lists(call, |a, b| {
        let only = difference(a, b, Atom::eq);
        difference(a, &only, Atom::eq)
    })
}

fn subtraction_atom(call: &mut dyn Call) -> Outcome {
    lists(call, |a, b| difference(a, b, Atom::eq))
}

fn tuple(call: &mut dyn Call) -> Outcome {
    let known = call.values().iter().all(|value| call.is_normal(value));
    let items = call.values().iter().map(|value| value.atom.clone());
    Outcome::Known(call.tuple_of(Expression::new(items), known))
}

fn filter(call: &mut dyn Call) -> Outcome {
    // (filter (quote items) condition …)
    let Some([_, Atom::Expression(items)]) = call.argument(1).as_expression() else {
        return Outcome::Nothing;
    };
    let mut kept = Vec::new();
    for (item, condition) in items.iter().zip(&call.values()[1..]) {
        match condition.atom.as_boolean() {
            Some(true) => kept.push(item.clone()),
            Some(false) => {}
            None => {
                let reason = Atom::string("filter-atom expects a condition that is True or False");
                return Outcome::Value(error_atom(condition.atom.clone(), reason));
            }
        }
    }
    Outcome::Eval(Value::raw(Atom::Expression(kept.into())))
}
