//! Built-ins that are functions of their arguments and the environment.

use crate::arithmetic::{ArithmeticError, Operation, float_of, rounded};
use crate::builtin::{Function, Outcome, unit_atom, wrong};
use crate::canonical::{canonical, difference, same};
use crate::forms::bindings::from_atom;
use crate::machine::Machine;
use crate::normal_form::is_normal_item;
use crate::signature::{Mismatch, compatible, metatype};
use crate::spaces;
use crate::symbols::{error_atom, is_error, symbols};
use crate::value::Value;
use pleach::term::{Atom, Symbol};

impl Machine {
    /// Returns argument `index`, from 1.
    pub(crate) fn argument(&self, base: usize, index: usize) -> &Atom {
        &self.vals[base + index].atom
    }

    /// Calls a function with the arguments on the value stack: they follow the head, which is at index `base`.
    pub(crate) fn call_function(&mut self, function: Function, base: usize) -> Outcome {
        match function {
            Function::NewSpace => spaces::new_space(self, base),
            Function::Bind => spaces::bind(self, base),
            Function::NewState => spaces::new_state(self, base),
            Function::GetState => spaces::get_state(self, base),
            Function::ChangeState => spaces::change_state(self, base),
            Function::Equal => equal(self, base),
            Function::Not => not(self, base),
            Function::First => first(self, base),
            Function::Unit => unit(self, base),
            Function::Eval => eval(self, base),
            Function::Evalc => spaces::evalc(self, base),
            Function::Superpose => superpose(self, base),
            Function::Hyperpose => hyperpose(self, base),
            Function::SuperposeBind => superpose_bind(self, base),
            Function::GetType => get_type(self, base),
            Function::GetMetatype => get_metatype(self, base),
            Function::IfEqual => if_equal(self, base),
            Function::IfError => if_error(self, base),
            Function::AddAtom => spaces::add_atom(self, base),
            Function::RemoveAtom => spaces::remove_atom(self, base),
            Function::GetAtoms => spaces::get_atoms(self, base),
            Function::CarAtom => car_atom(self, base),
            Function::CdrAtom => cdr_atom(self, base),
            Function::ConsAtom => cons_atom(self, base),
            Function::DeconsAtom => decons_atom(self, base),
            Function::SizeAtom => size_atom(self, base),
            Function::IndexAtom => index_atom(self, base),
            Function::UniqueAtom => unique_atom(self, base),
            Function::UnionAtom => union_atom(self, base),
            Function::IntersectionAtom => intersection_atom(self, base),
            Function::SubtractionAtom => subtraction_atom(self, base),
            Function::Abs => abs(self, base),
            Function::Pow => pow(self, base),
            Function::Log => log(self, base),
            Function::Println => println(self, base),
            Function::Trace => trace(self, base),
            Function::Tuple => tuple(self, base),
            Function::Filter => filter(self, base),
            Function::Arithmetic(of) => arithmetic(self, base, of),
            Function::Logic(of) => logic(self, base, of),
            Function::Empty => Outcome::Nothing,
            Function::Extreme(of) => extreme(self, base, of),
            Function::Math(of) => math(self, base, of),
            Function::Round(of) => round(self, base, of),
        }
    }

    fn expression(&self, base: usize, index: usize) -> Option<&[Atom]> {
        self.argument(base, index).as_expression()
    }

    /// Returns the outcome of a call that wants arguments of type `expected`: an error if an argument is known to be of
    /// another type, else irreducible.
    fn ill_typed(&mut self, base: usize, expected: Symbol) -> Outcome {
        for index in 1..self.vals.len() - base {
            let atom = self.argument(base, index).clone();
            let actual = self.types_of(&atom).into_iter().next();
            let Some(actual) = actual else { continue };
            let wanted = Atom::Symbol(expected);
            if actual != wanted && actual != Atom::Symbol(symbols().undefined) && !matches!(actual, Atom::Variable(_)) {
                return bad_argument(index, wanted, actual);
            }
        }
        Outcome::Stands
    }
}

/// Returns the error of argument `index`, from 1, whose type isn't the expected one.
fn bad_argument(index: usize, expected: Atom, actual: Atom) -> Outcome {
    let mismatch = Mismatch::Argument {
        index: index - 1,
        expected,
        actual,
    };
    Outcome::Error(mismatch.reason())
}

fn arithmetic_error(m: &mut Machine, base: usize, error: ArithmeticError) -> Outcome {
    match error {
        ArithmeticError::NotNumbers => m.ill_typed(base, symbols().number),
        ArithmeticError::Overflow => Outcome::Error(Atom::symbol("Overflow")),
        ArithmeticError::DivisionByZero => Outcome::Error(Atom::symbol("DivisionByZero")),
    }
}

pub(crate) fn arithmetic(m: &mut Machine, base: usize, operation: Operation) -> Outcome {
    match operation.compute(m.argument(base, 1), m.argument(base, 2)) {
        Ok(atom) => Outcome::Value(atom),
        Err(reason) => arithmetic_error(m, base, reason),
    }
}

pub(crate) fn equal(m: &mut Machine, base: usize) -> Outcome {
    let (a, b) = (m.argument(base, 1), m.argument(base, 2));
    if let Ok(equal) = Operation::Equal.compute(a, b) {
        return Outcome::Value(equal);
    }
    if a == b {
        return Outcome::Value(Atom::boolean(true));
    }
    // Comparing atoms of incompatible types is an error.
    let (a, b) = (a.clone(), b.clone());
    if m.is_undefined(&a) || m.is_undefined(&b) {
        return Outcome::Value(Atom::boolean(false));
    }
    let (left, right) = (m.types_of(&a), m.types_of(&b));
    let mut bindings = pleach::term::Bindings::new();
    let fits = left
        .iter()
        .any(|left| right.iter().any(|right| compatible(left, right, &mut bindings)));
    match (fits, left.into_iter().next(), right.into_iter().next()) {
        (false, Some(left), Some(right)) => bad_argument(2, left, right),
        _ => Outcome::Value(Atom::boolean(false)),
    }
}

pub(crate) fn logic(m: &mut Machine, base: usize, of: fn(bool, bool) -> bool) -> Outcome {
    match (m.argument(base, 1).as_boolean(), m.argument(base, 2).as_boolean()) {
        (Some(a), Some(b)) => Outcome::Value(Atom::boolean(of(a, b))),
        _ => m.ill_typed(base, symbols().bool),
    }
}

pub(crate) fn not(m: &mut Machine, base: usize) -> Outcome {
    match m.argument(base, 1).as_boolean() {
        Some(value) => Outcome::Value(Atom::boolean(!value)),
        None => m.ill_typed(base, symbols().bool),
    }
}

pub(crate) fn first(m: &mut Machine, base: usize) -> Outcome {
    Outcome::Known(m.vals[base + 1].clone())
}

pub(crate) fn unit(_: &mut Machine, _: usize) -> Outcome {
    Outcome::Value(unit_atom())
}

pub(crate) fn eval(m: &mut Machine, base: usize) -> Outcome {
    Outcome::Reduce(m.argument(base, 1).clone(), None)
}

pub(crate) fn superpose(m: &mut Machine, base: usize) -> Outcome {
    let list = m.vals[base + 1].clone();
    match list.atom.as_expression() {
        Some(items) => {
            let normal = m.normal_items(&list);
            let items = items.iter().enumerate();
            Outcome::EvalEach(items.map(|(index, item)| normal.item(index, item)).collect())
        }
        None => wrong("superpose expects an expression as an argument"),
    }
}

/// Evaluates each item as `superpose` does, in tasks of their own.
pub(crate) fn hyperpose(m: &mut Machine, base: usize) -> Outcome {
    m.spread = true;
    superpose(m, base)
}

pub(crate) fn get_type(m: &mut Machine, base: usize) -> Outcome {
    let atom = m.argument(base, 1).clone();
    // A type may depend on values: the calls in it are evaluated.
    Outcome::EvalEach(m.types_of(&atom).into_iter().map(Value::raw).collect())
}

pub(crate) fn get_metatype(m: &mut Machine, base: usize) -> Outcome {
    Outcome::Value(Atom::Symbol(metatype(m.argument(base, 1)).name(symbols())))
}

pub(crate) fn if_equal(m: &mut Machine, base: usize) -> Outcome {
    let chosen = if same(m.argument(base, 1), m.argument(base, 2)) {
        3
    } else {
        4
    };
    Outcome::Eval(m.vals[base + chosen].clone())
}

pub(crate) fn if_error(m: &mut Machine, base: usize) -> Outcome {
    let chosen = if is_error(m.argument(base, 1)) { 2 } else { 3 };
    Outcome::Eval(m.vals[base + chosen].clone())
}

pub(crate) fn car_atom(m: &mut Machine, base: usize) -> Outcome {
    let list = m.vals[base + 1].clone();
    match list.atom.as_expression() {
        Some([first, ..]) => Outcome::Eval(m.normal_items(&list).item(0, first)),
        _ => wrong("car-atom expects a non-empty expression as an argument"),
    }
}

pub(crate) fn cdr_atom(m: &mut Machine, base: usize) -> Outcome {
    let list = m.vals[base + 1].clone();
    match list.atom.as_expression() {
        Some([_, rest @ ..]) => {
            let known = m.normal_items(&list).all(1, rest);
            Outcome::Eval(m.tuple_of(rest.to_vec(), known))
        }
        _ => wrong("cdr-atom expects a non-empty expression as an argument"),
    }
}

pub(crate) fn cons_atom(m: &mut Machine, base: usize) -> Outcome {
    let (first, list) = (m.vals[base + 1].clone(), m.vals[base + 2].clone());
    match list.atom.as_expression() {
        Some(rest) => {
            let known = is_normal_item(&first, m.normal_stamp) && m.normal_items(&list).all(0, rest);
            let items = std::iter::once(first.atom).chain(rest.iter().cloned()).collect();
            Outcome::Known(m.tuple_of(items, known))
        }
        None => wrong("cons-atom expects an expression as its second argument"),
    }
}

pub(crate) fn decons_atom(m: &mut Machine, base: usize) -> Outcome {
    let list = m.vals[base + 1].clone();
    match list.atom.as_expression() {
        Some([first, rest @ ..]) => {
            let normal = m.normal_items(&list);
            let known = normal.all(0, std::slice::from_ref(first));
            let others = normal.all(1, rest);
            let rest = m.tuple_of(rest.to_vec(), others);
            let known = known && rest.is_normal(m.normal_stamp);
            Outcome::Known(m.tuple_of(vec![first.clone(), rest.atom], known))
        }
        _ => wrong("decons-atom expects a non-empty expression as an argument"),
    }
}

pub(crate) fn size_atom(m: &mut Machine, base: usize) -> Outcome {
    match m.expression(base, 1) {
        Some(items) => Outcome::Value(Atom::Integer(items.len() as i64)),
        None => wrong("size-atom expects an expression as an argument"),
    }
}

pub(crate) fn index_atom(m: &mut Machine, base: usize) -> Outcome {
    let list = m.vals[base + 1].clone();
    let (Some(items), Atom::Integer(index)) = (list.atom.as_expression(), m.argument(base, 2)) else {
        return wrong("index-atom expects an expression and a whole number");
    };
    let index = usize::try_from(*index).unwrap_or(usize::MAX);
    match items.get(index) {
        Some(item) => Outcome::Known(m.normal_items(&list).item(index, item)),
        None => wrong("index-atom: the index is out of bounds"),
    }
}

pub(crate) fn extreme(m: &mut Machine, base: usize, better: Operation) -> Outcome {
    let Some([first, rest @ ..]) = m.expression(base, 1) else {
        return wrong("a non-empty expression of numbers is expected");
    };
    let mut best = first;
    if float_of(best).is_none() {
        return wrong("a non-empty expression of numbers is expected");
    }
    for item in rest {
        match better.compute(item, best).ok().and_then(|answer| answer.as_boolean()) {
            Some(true) => best = item,
            Some(false) => {}
            None => return wrong("a non-empty expression of numbers is expected"),
        }
    }
    Outcome::Value(best.clone())
}

pub(crate) fn unique_atom(m: &mut Machine, base: usize) -> Outcome {
    let Some(items) = m.expression(base, 1) else {
        return wrong("unique-atom expects an expression as an argument");
    };
    // Ground atoms by hash, others pairwise.
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

pub(crate) fn union_atom(m: &mut Machine, base: usize) -> Outcome {
    lists(m, base, |a, b| [a, b].concat())
}

pub(crate) fn intersection_atom(m: &mut Machine, base: usize) -> Outcome {
    lists(m, base, |a, b| {
        let only = difference(a, b, Atom::eq);
        difference(a, &only, Atom::eq)
    })
}

pub(crate) fn subtraction_atom(m: &mut Machine, base: usize) -> Outcome {
    lists(m, base, |a, b| difference(a, b, Atom::eq))
}

pub(crate) fn math(m: &mut Machine, base: usize, of: fn(f64) -> f64) -> Outcome {
    match float_of(m.argument(base, 1)) {
        Some(value) => Outcome::Value(Atom::from(of(value))),
        None => m.ill_typed(base, symbols().number),
    }
}

pub(crate) fn abs(m: &mut Machine, base: usize) -> Outcome {
    match m.argument(base, 1) {
        Atom::Integer(value) => match value.checked_abs() {
            Some(value) => Outcome::Value(Atom::Integer(value)),
            None => arithmetic_error(m, base, ArithmeticError::Overflow),
        },
        Atom::Float(value) => Outcome::Value(Atom::from(value.get().abs())),
        _ => m.ill_typed(base, symbols().number),
    }
}

pub(crate) fn pow(m: &mut Machine, base: usize) -> Outcome {
    match (m.argument(base, 1), m.argument(base, 2)) {
        (Atom::Integer(a), Atom::Integer(b)) if *b >= 0 => {
            match u32::try_from(*b).ok().and_then(|b| a.checked_pow(b)) {
                Some(value) => Outcome::Value(Atom::Integer(value)),
                None => arithmetic_error(m, base, ArithmeticError::Overflow),
            }
        }
        (a, b) => match (float_of(a), float_of(b)) {
            (Some(a), Some(b)) => Outcome::Value(Atom::from(a.powf(b))),
            _ => m.ill_typed(base, symbols().number),
        },
    }
}

pub(crate) fn log(m: &mut Machine, base: usize) -> Outcome {
    match (float_of(m.argument(base, 1)), float_of(m.argument(base, 2))) {
        (Some(radix), Some(value)) => Outcome::Value(Atom::from(value.ln() / radix.ln())),
        _ => m.ill_typed(base, symbols().number),
    }
}

pub(crate) fn round(m: &mut Machine, base: usize, of: fn(f64) -> f64) -> Outcome {
    match m.argument(base, 1) {
        Atom::Integer(value) => Outcome::Value(Atom::Integer(*value)),
        Atom::Float(value) => match rounded(of(value.get())) {
            Some(atom) => Outcome::Value(atom),
            None => arithmetic_error(m, base, ArithmeticError::Overflow),
        },
        _ => m.ill_typed(base, symbols().number),
    }
}

/// Formats an atom for `println!`: strings without quotes.
fn shown(atom: &Atom) -> String {
    match atom {
        Atom::String(text) => text.to_string(),
        atom => canonical(atom).to_string(),
    }
}

pub(crate) fn println(m: &mut Machine, base: usize) -> Outcome {
    let line = shown(m.argument(base, 1)) + "\n";
    m.print(&line);
    Outcome::Value(unit_atom())
}

pub(crate) fn trace(m: &mut Machine, base: usize) -> Outcome {
    let line = shown(m.argument(base, 1)) + "\n";
    m.print(&line);
    Outcome::Eval(m.vals[base + 2].clone())
}

pub(crate) fn tuple(m: &mut Machine, base: usize) -> Outcome {
    let normal_stamp = m.normal_stamp;
    let known = m.vals[base + 1..]
        .iter()
        .all(|value| is_normal_item(value, normal_stamp));
    let items = m.vals[base + 1..].iter().map(|value| value.atom.clone()).collect();
    Outcome::Known(m.tuple_of(items, known))
}

pub(crate) fn filter(m: &mut Machine, base: usize) -> Outcome {
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
                return Outcome::Value(error_atom(condition.atom.clone(), reason));
            }
        }
    }
    Outcome::Eval(Value::raw(Atom::Expression(kept.into())))
}

pub(crate) fn superpose_bind(m: &mut Machine, base: usize) -> Outcome {
    let answers = m.expression(base, 1).map(|items| items.iter().map(from_atom).collect());
    match answers {
        Some(Some(answers)) => Outcome::Bound(answers),
        _ => wrong("superpose-bind expects what collapse-bind returns"),
    }
}
