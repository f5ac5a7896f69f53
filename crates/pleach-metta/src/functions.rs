//! Built-ins that are functions of their arguments and the environment.

use super::arithmetic::{Operation, Trouble, float_of, rounded};
use super::builtin::Outcome;
use super::forms::bound::from_atom;
use super::machine::Machine;
use super::parts::is_settled;
use super::results::{canonical, difference, same};
use super::types::metatype;
use super::value::Value;
use super::{error, names};
use pleach::term::{Atom, Symbol};

/// The head of a tuple that is dropped once its items are evaluated.
pub(super) const TUPLE: &str = "(tuple)";
/// The head of conditions whose first argument quotes the atoms that they choose from.
pub(super) const FILTER: &str = "(filter)";

impl Machine {
    /// Argument `index`, from 1.
    pub(super) fn argument(&self, base: usize, index: usize) -> &Atom {
        &self.vals[base + index].atom
    }

    fn expression(&self, base: usize, index: usize) -> Option<&[Atom]> {
        self.argument(base, index).as_expression()
    }

    /// What an ill-typed argument makes of a call that wants `expected` there: an error if its type is known to be
    /// another, else the call stands.
    fn ill_typed(&mut self, base: usize, expected: Symbol) -> Outcome {
        for index in 1..self.vals.len() - base {
            let atom = self.argument(base, index).clone();
            let actual = self.types_of(&atom).into_iter().next();
            let Some(actual) = actual else { continue };
            let wanted = Atom::Symbol(expected);
            if actual != wanted && actual != Atom::Symbol(names().undefined) && !matches!(actual, Atom::Variable(_)) {
                return bad_type(index, wanted, actual);
            }
        }
        Outcome::Stands
    }
}

fn bad_type(index: usize, expected: Atom, actual: Atom) -> Outcome {
    Outcome::Error(Atom::expression([
        Atom::symbol("BadArgType"),
        Atom::Integer(index as i64),
        expected,
        actual,
    ]))
}

pub(super) fn unit_atom() -> Atom {
    Atom::expression([])
}

pub(super) fn wrong(message: &str) -> Outcome {
    Outcome::Error(Atom::string(message))
}

fn trouble(m: &mut Machine, base: usize, trouble: Trouble) -> Outcome {
    match trouble {
        Trouble::NotNumbers => m.ill_typed(base, names().number),
        Trouble::Overflow => Outcome::Error(Atom::symbol("Overflow")),
        Trouble::DivisionByZero => Outcome::Error(Atom::symbol("DivisionByZero")),
    }
}

pub(super) fn arithmetic(m: &mut Machine, base: usize, operation: Operation) -> Outcome {
    match operation.compute(m.argument(base, 1), m.argument(base, 2)) {
        Ok(atom) => Outcome::Value(atom),
        Err(reason) => trouble(m, base, reason),
    }
}

pub(super) fn equal(m: &mut Machine, base: usize) -> Outcome {
    let (a, b) = (m.argument(base, 1), m.argument(base, 2));
    if let Some(equal) = Operation::Equal.of(a, b) {
        return Outcome::Value(equal);
    }
    if a == b {
        return Outcome::Value(Atom::boolean(true));
    }
    // Atoms of types that can't be the same are not to be compared.
    let (a, b) = (a.clone(), b.clone());
    if m.is_undefined(&a) || m.is_undefined(&b) {
        return Outcome::Value(Atom::boolean(false));
    }
    let (left, right) = (m.types_of(&a), m.types_of(&b));
    let mut bindings = pleach::term::Bindings::new();
    let fits = left.iter().any(|left| {
        right
            .iter()
            .any(|right| super::types::compatible(left, right, &mut bindings))
    });
    match (fits, left.into_iter().next(), right.into_iter().next()) {
        (false, Some(left), Some(right)) => bad_type(2, left, right),
        _ => Outcome::Value(Atom::boolean(false)),
    }
}

pub(super) fn logic(m: &mut Machine, base: usize, of: fn(bool, bool) -> bool) -> Outcome {
    match (m.argument(base, 1).as_boolean(), m.argument(base, 2).as_boolean()) {
        (Some(a), Some(b)) => Outcome::Value(Atom::boolean(of(a, b))),
        _ => m.ill_typed(base, names().bool),
    }
}

pub(super) fn not(m: &mut Machine, base: usize) -> Outcome {
    match m.argument(base, 1).as_boolean() {
        Some(value) => Outcome::Value(Atom::boolean(!value)),
        None => m.ill_typed(base, names().bool),
    }
}

pub(super) fn first(m: &mut Machine, base: usize) -> Outcome {
    Outcome::Known(m.vals[base + 1].clone())
}

pub(super) fn unit(_: &mut Machine, _: usize) -> Outcome {
    Outcome::Value(unit_atom())
}

pub(super) fn eval(m: &mut Machine, base: usize) -> Outcome {
    Outcome::Eval(m.vals[base + 1].clone())
}

pub(super) fn superpose(m: &mut Machine, base: usize) -> Outcome {
    let list = m.vals[base + 1].clone();
    match list.atom.as_expression() {
        Some(items) => {
            let parts = m.parts_of(&list);
            let items = items.iter().enumerate();
            Outcome::EvalEach(items.map(|(index, item)| parts.part(index, item)).collect())
        }
        None => wrong("superpose expects an expression as an argument"),
    }
}

/// The same; the program says that each is worth a task.
pub(super) fn hyperpose(m: &mut Machine, base: usize) -> Outcome {
    m.spread = true;
    superpose(m, base)
}

pub(super) fn get_type(m: &mut Machine, base: usize) -> Outcome {
    let atom = m.argument(base, 1).clone();
    Outcome::Final(m.types_of(&atom))
}

pub(super) fn get_metatype(m: &mut Machine, base: usize) -> Outcome {
    Outcome::Value(Atom::Symbol(metatype(m.argument(base, 1)).name(names())))
}

pub(super) fn if_equal(m: &mut Machine, base: usize) -> Outcome {
    let chosen = if same(m.argument(base, 1), m.argument(base, 2)) {
        3
    } else {
        4
    };
    Outcome::Eval(m.vals[base + chosen].clone())
}

pub(super) fn if_error(m: &mut Machine, base: usize) -> Outcome {
    let chosen = if super::machine::is_error(m.argument(base, 1)) {
        2
    } else {
        3
    };
    Outcome::Eval(m.vals[base + chosen].clone())
}

pub(super) fn car_atom(m: &mut Machine, base: usize) -> Outcome {
    let list = m.vals[base + 1].clone();
    match list.atom.as_expression() {
        Some([first, ..]) => Outcome::Eval(m.parts_of(&list).part(0, first)),
        _ => wrong("car-atom expects a non-empty expression as an argument"),
    }
}

pub(super) fn cdr_atom(m: &mut Machine, base: usize) -> Outcome {
    let list = m.vals[base + 1].clone();
    match list.atom.as_expression() {
        Some([_, rest @ ..]) => {
            let known = m.parts_of(&list).all(1, rest);
            Outcome::Eval(m.tuple_of(rest.to_vec(), known))
        }
        _ => wrong("cdr-atom expects a non-empty expression as an argument"),
    }
}

pub(super) fn cons_atom(m: &mut Machine, base: usize) -> Outcome {
    let (first, list) = (m.vals[base + 1].clone(), m.vals[base + 2].clone());
    match list.atom.as_expression() {
        Some(rest) => {
            let known = is_settled(&first, m.meaning) && m.parts_of(&list).all(0, rest);
            let items = std::iter::once(first.atom).chain(rest.iter().cloned()).collect();
            Outcome::Known(m.tuple_of(items, known))
        }
        None => wrong("cons-atom expects an expression as its second argument"),
    }
}

pub(super) fn decons_atom(m: &mut Machine, base: usize) -> Outcome {
    let list = m.vals[base + 1].clone();
    match list.atom.as_expression() {
        Some([first, rest @ ..]) => {
            let parts = m.parts_of(&list);
            let known = parts.all(0, std::slice::from_ref(first));
            let others = parts.all(1, rest);
            let rest = m.tuple_of(rest.to_vec(), others);
            let known = known && rest.is_normal(m.meaning);
            Outcome::Known(m.tuple_of(vec![first.clone(), rest.atom], known))
        }
        _ => wrong("decons-atom expects a non-empty expression as an argument"),
    }
}

pub(super) fn size_atom(m: &mut Machine, base: usize) -> Outcome {
    match m.expression(base, 1) {
        Some(items) => Outcome::Value(Atom::Integer(items.len() as i64)),
        None => wrong("size-atom expects an expression as an argument"),
    }
}

pub(super) fn index_atom(m: &mut Machine, base: usize) -> Outcome {
    let list = m.vals[base + 1].clone();
    let (Some(items), Atom::Integer(index)) = (list.atom.as_expression(), m.argument(base, 2)) else {
        return wrong("index-atom expects an expression and a whole number");
    };
    let index = usize::try_from(*index).unwrap_or(usize::MAX);
    match items.get(index) {
        Some(item) => Outcome::Known(m.parts_of(&list).part(index, item)),
        None => wrong("index-atom: the index is out of bounds"),
    }
}

pub(super) fn extreme(m: &mut Machine, base: usize, better: Operation) -> Outcome {
    let Some([first, rest @ ..]) = m.expression(base, 1) else {
        return wrong("a non-empty expression of numbers is expected");
    };
    let mut best = first;
    if float_of(best).is_none() {
        return wrong("a non-empty expression of numbers is expected");
    }
    for item in rest {
        match better.of(item, best).and_then(|answer| answer.as_boolean()) {
            Some(true) => best = item,
            Some(false) => {}
            None => return wrong("a non-empty expression of numbers is expected"),
        }
    }
    Outcome::Value(best.clone())
}

pub(super) fn unique_atom(m: &mut Machine, base: usize) -> Outcome {
    let Some(items) = m.expression(base, 1) else {
        return wrong("unique-atom expects an expression as an argument");
    };
    // Ground atoms by hash, the others one by one.
    let mut seen = std::collections::HashSet::new();
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
fn lists(m: &Machine, base: usize, of: impl FnOnce(&[Atom], &[Atom]) -> Vec<Atom>) -> Outcome {
    match (m.expression(base, 1), m.expression(base, 2)) {
        (Some(a), Some(b)) => Outcome::Value(Atom::Expression(of(a, b).into())),
        _ => wrong("two expressions are expected"),
    }
}

pub(super) fn union_atom(m: &mut Machine, base: usize) -> Outcome {
    lists(m, base, |a, b| [a, b].concat())
}

pub(super) fn intersection_atom(m: &mut Machine, base: usize) -> Outcome {
    lists(m, base, |a, b| {
        let only = difference(a, b, Atom::eq);
        difference(a, &only, Atom::eq)
    })
}

pub(super) fn subtraction_atom(m: &mut Machine, base: usize) -> Outcome {
    lists(m, base, |a, b| difference(a, b, Atom::eq))
}

pub(super) fn math(m: &mut Machine, base: usize, of: fn(f64) -> f64) -> Outcome {
    match float_of(m.argument(base, 1)) {
        Some(value) => Outcome::Value(Atom::from(of(value))),
        None => m.ill_typed(base, names().number),
    }
}

pub(super) fn abs(m: &mut Machine, base: usize) -> Outcome {
    match m.argument(base, 1) {
        Atom::Integer(value) => match value.checked_abs() {
            Some(value) => Outcome::Value(Atom::Integer(value)),
            None => trouble(m, base, Trouble::Overflow),
        },
        Atom::Float(value) => Outcome::Value(Atom::from(value.get().abs())),
        _ => m.ill_typed(base, names().number),
    }
}

pub(super) fn pow(m: &mut Machine, base: usize) -> Outcome {
    match (m.argument(base, 1), m.argument(base, 2)) {
        (Atom::Integer(a), Atom::Integer(b)) if *b >= 0 => {
            match u32::try_from(*b).ok().and_then(|b| a.checked_pow(b)) {
                Some(value) => Outcome::Value(Atom::Integer(value)),
                None => trouble(m, base, Trouble::Overflow),
            }
        }
        (a, b) => match (float_of(a), float_of(b)) {
            (Some(a), Some(b)) => Outcome::Value(Atom::from(a.powf(b))),
            _ => m.ill_typed(base, names().number),
        },
    }
}

pub(super) fn log(m: &mut Machine, base: usize) -> Outcome {
    match (float_of(m.argument(base, 1)), float_of(m.argument(base, 2))) {
        (Some(radix), Some(value)) => Outcome::Value(Atom::from(value.ln() / radix.ln())),
        _ => m.ill_typed(base, names().number),
    }
}

pub(super) fn round(m: &mut Machine, base: usize, of: fn(f64) -> f64) -> Outcome {
    match m.argument(base, 1) {
        Atom::Integer(value) => Outcome::Value(Atom::Integer(*value)),
        Atom::Float(value) => match rounded(of(value.get())) {
            Some(atom) => Outcome::Value(atom),
            None => trouble(m, base, Trouble::Overflow),
        },
        _ => m.ill_typed(base, names().number),
    }
}

/// An atom as `println!` shows it: a string without its quotes.
fn shown(atom: &Atom) -> String {
    match atom {
        Atom::String(text) => text.to_string(),
        atom => canonical(atom).to_string(),
    }
}

pub(super) fn println(m: &mut Machine, base: usize) -> Outcome {
    let line = shown(m.argument(base, 1)) + "\n";
    m.print(&line);
    Outcome::Value(unit_atom())
}

pub(super) fn trace(m: &mut Machine, base: usize) -> Outcome {
    let line = shown(m.argument(base, 1)) + "\n";
    m.print(&line);
    Outcome::Eval(m.vals[base + 2].clone())
}

pub(super) fn tuple(m: &mut Machine, base: usize) -> Outcome {
    let meaning = m.meaning;
    let known = m.vals[base + 1..].iter().all(|value| is_settled(value, meaning));
    let items = m.vals[base + 1..].iter().map(|value| value.atom.clone()).collect();
    Outcome::Known(m.tuple_of(items, known))
}

pub(super) fn filter(m: &mut Machine, base: usize) -> Outcome {
    // (filter (quote items) condition …)
    let Some([_, Atom::Expression(items)]) = m.expression(base, 1) else {
        return Outcome::Nothing;
    };
    let mut kept = Vec::new();
    for (item, condition) in items.iter().zip(&m.vals[base + 2..]) {
        match condition.atom.as_boolean() {
            Some(true) => kept.push(item.clone()),
            Some(false) => {}
            None => {
                let reason = Atom::string("filter-atom expects a condition that is True or False");
                return Outcome::Value(error(condition.atom.clone(), reason));
            }
        }
    }
    Outcome::Eval(Value::raw(Atom::Expression(kept.into())))
}

pub(super) fn superpose_bind(m: &mut Machine, base: usize) -> Outcome {
    let answers = m.expression(base, 1).map(|items| items.iter().map(from_atom).collect());
    match answers {
        Some(Some(answers)) => Outcome::Bound(answers),
        _ => wrong("superpose-bind expects what collapse-bind returns"),
    }
}
