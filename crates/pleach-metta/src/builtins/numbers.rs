//! Numbers, comparison and logic.

use crate::arithmetic::{ArithmeticError, Operation, float_of};
use crate::builtin::{Call, Entry, Outcome, wrong_natively};
use crate::canonical::{canonical, same};
use crate::signature::{Mismatch, compatible};
use crate::symbols::symbols;
use pleach::term::{Atom, Bindings, Symbol};

const NUMBERS: &[&str] = &["(-> Number Number Number)"];
const NUMBER: &[&str] = &["(-> Number Number)"];
const TEST: &[&str] = &["(-> Number Bool)"];
const COMPARE: &[&str] = &["(-> Number Number Bool)"];
const LOGIC: &[&str] = &["(-> Bool Bool Bool)"];

pub(super) const ENTRIES: &[Entry] = &[
    Entry::function("+", NUMBERS, |call| arithmetic(call, Operation::Add)),
    Entry::function("-", NUMBERS, |call| arithmetic(call, Operation::Subtract)),
    Entry::function("*", NUMBERS, |call| arithmetic(call, Operation::Multiply)),
    Entry::function("/", NUMBERS, |call| arithmetic(call, Operation::Divide)),
    Entry::function("%", NUMBERS, |call| arithmetic(call, Operation::Remainder)),
    Entry::function("<", COMPARE, |call| arithmetic(call, Operation::Less)),
    Entry::function("<=", COMPARE, |call| arithmetic(call, Operation::LessEqual)),
    Entry::function(">", COMPARE, |call| arithmetic(call, Operation::Greater)),
    Entry::function(">=", COMPARE, |call| arithmetic(call, Operation::GreaterEqual)),
    Entry::function("==", &["(-> $t $t Bool)"], equal).compares(),
    Entry::function("=alpha", &["(-> Atom Atom Bool)"], |call| {
        Outcome::Value(Atom::boolean(same(call.argument(1), call.argument(2))))
    }),
    Entry::function("and", LOGIC, |call| logic(call, |a, b| a && b)),
    Entry::function("or", LOGIC, |call| logic(call, |a, b| a || b)),
    Entry::function("xor", LOGIC, |call| logic(call, |a, b| a != b)),
    Entry::function("not", &["(-> Bool Bool)"], not),
    Entry::function("min-atom", &["(-> %Undefined% Number)"], |call| {
        extreme(call, Operation::Less)
    }),
    Entry::function("max-atom", &["(-> %Undefined% Number)"], |call| {
        extreme(call, Operation::Greater)
    }),
    Entry::function("sqrt-math", NUMBER, sqrt),
    Entry::function("sin-math", NUMBER, |call| math(call, "sin-math", f64::sin)),
    Entry::function("cos-math", NUMBER, |call| math(call, "cos-math", f64::cos)),
    Entry::function("tan-math", NUMBER, |call| math(call, "tan-math", f64::tan)),
    Entry::function("asin-math", NUMBER, |call| math(call, "asin-math", f64::asin)),
    Entry::function("acos-math", NUMBER, |call| math(call, "acos-math", f64::acos)),
    Entry::function("atan-math", NUMBER, |call| math(call, "atan-math", f64::atan)),
    Entry::function("isnan-math", TEST, |call| is(call, "isnan-math", f64::is_nan)),
    Entry::function("isinf-math", TEST, |call| is(call, "isinf-math", f64::is_infinite)),
    Entry::function("abs-math", NUMBER, abs),
    Entry::function("pow-math", NUMBERS, pow),
    Entry::function("log-math", NUMBERS, log),
    Entry::function("trunc-math", NUMBER, |call| round(call, "trunc-math", f64::trunc)),
    Entry::function("ceil-math", NUMBER, |call| round(call, "ceil-math", f64::ceil)),
    Entry::function("floor-math", NUMBER, |call| round(call, "floor-math", f64::floor)),
    Entry::function("round-math", NUMBER, |call| round(call, "round-math", f64::round)),
];

/// Returns the outcome of a call that wants arguments of type `expected`: an error if an argument is known to be of
/// another type, else irreducible.
fn ill_typed(call: &mut dyn Call, expected: Symbol) -> Outcome {
    for index in 1..=call.values().len() {
        let atom = call.argument(index).clone();
        let actual = call.types_of(&atom).into_iter().next();
        let Some(actual) = actual else { continue };
        let wanted = Atom::Symbol(expected);
        if actual != wanted && actual != Atom::Symbol(symbols().undefined) && !matches!(actual, Atom::Variable(_)) {
            return bad_argument(index, wanted, actual);
        }
    }
    Outcome::Stands
}

/// Returns the error of a call with an argument that isn't a number.
fn no_number(call: &mut dyn Call, reason: &str) -> Outcome {
    match ill_typed(call, symbols().number) {
        Outcome::Stands => wrong_natively(reason),
        outcome => outcome,
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

fn arithmetic_error(call: &mut dyn Call, error: ArithmeticError) -> Outcome {
    match error {
        ArithmeticError::NotNumbers => ill_typed(call, symbols().number),
        ArithmeticError::Overflow => Outcome::Error(Atom::symbol("Overflow")),
        ArithmeticError::DivisionByZero => Outcome::Error(Atom::symbol("DivisionByZero")),
    }
}

fn arithmetic(call: &mut dyn Call, operation: Operation) -> Outcome {
    match operation.compute(call.argument(1), call.argument(2)) {
        Ok(atom) => Outcome::Value(atom),
        Err(reason) => arithmetic_error(call, reason),
    }
}

fn equal(call: &mut dyn Call) -> Outcome {
    let (a, b) = (call.argument(1), call.argument(2));
    if let Ok(equal) = Operation::Equal.compute(a, b) {
        return Outcome::Value(equal);
    }
    if a == b {
        return Outcome::Value(Atom::boolean(true));
    }
    // Comparing atoms of incompatible types is an error.
    let (a, b) = (a.clone(), b.clone());
    if call.is_undefined(&a) || call.is_undefined(&b) {
        return Outcome::Value(Atom::boolean(false));
    }
    let (left, right) = (call.types_of(&a), call.types_of(&b));
    let mut bindings = Bindings::new();
    let fits = left
        .iter()
        .any(|left| right.iter().any(|right| compatible(left, right, &mut bindings)));
    match (fits, left.into_iter().next(), right.into_iter().next()) {
        (false, Some(left), Some(right)) => bad_argument(2, left, right),
        _ => Outcome::Value(Atom::boolean(false)),
    }
}

fn logic(call: &mut dyn Call, of: fn(bool, bool) -> bool) -> Outcome {
    match (call.argument(1).as_boolean(), call.argument(2).as_boolean()) {
        (Some(a), Some(b)) => Outcome::Value(Atom::boolean(of(a, b))),
        _ => ill_typed(call, symbols().bool),
    }
}

fn not(call: &mut dyn Call) -> Outcome {
    match call.argument(1).as_boolean() {
        Some(value) => Outcome::Value(Atom::boolean(!value)),
        None => ill_typed(call, symbols().bool),
    }
}

fn extreme(call: &mut dyn Call, better: Operation) -> Outcome {
    let items = call.argument(1).as_expression().unwrap_or_default();
    let [first, rest @ ..] = items else {
        return wrong_natively("Empty expression");
    };
    if !items.iter().all(|item| float_of(item).is_some()) {
        let shown = canonical(call.argument(1));
        return wrong_natively(&format!("Only numbers are allowed in expression: {shown}"));
    }
    let best = rest.iter().fold(first, |best, item| match better.compute(item, best) {
        Ok(answer) if answer.as_boolean() == Some(true) => item,
        _ => best,
    });
    Outcome::Value(best.clone())
}

fn sqrt(call: &mut dyn Call) -> Outcome {
    match float_of(call.argument(1)) {
        Some(value) => Outcome::Value(Atom::from(value.sqrt())),
        None => no_number(call, "sqrt-math expects one argument: number"),
    }
}

fn math(call: &mut dyn Call, name: &str, of: fn(f64) -> f64) -> Outcome {
    match float_of(call.argument(1)) {
        Some(value) => Outcome::Value(Atom::from(of(value))),
        None => no_number(call, &format!("{name} expects one argument: input number")),
    }
}

fn is(call: &mut dyn Call, name: &str, of: fn(f64) -> bool) -> Outcome {
    match float_of(call.argument(1)) {
        Some(value) => Outcome::Value(Atom::boolean(of(value))),
        None => no_number(call, &format!("{name} expects one argument: input number")),
    }
}

fn abs(call: &mut dyn Call) -> Outcome {
    match call.argument(1) {
        Atom::Integer(value) => match value.checked_abs() {
            Some(value) => Outcome::Value(Atom::Integer(value)),
            None => arithmetic_error(call, ArithmeticError::Overflow),
        },
        Atom::Float(value) => Outcome::Value(Atom::from(value.get().abs())),
        _ => no_number(call, "abs-math expects one argument: number"),
    }
}

fn pow(call: &mut dyn Call) -> Outcome {
    match (float_of(call.argument(1)), float_of(call.argument(2))) {
        (Some(base), Some(exponent)) => Outcome::Value(Atom::from(base.powf(exponent))),
        _ => no_number(call, "pow-math expects two arguments: number (base) and number (power)"),
    }
}

fn log(call: &mut dyn Call) -> Outcome {
    match (float_of(call.argument(1)), float_of(call.argument(2))) {
        (Some(radix), Some(value)) => Outcome::Value(Atom::from(value.ln() / radix.ln())),
        _ => no_number(
            call,
            "log-math expects two arguments: base (number) and input value (number)",
        ),
    }
}

/// Rounds a float to a float.
fn round(call: &mut dyn Call, name: &str, of: fn(f64) -> f64) -> Outcome {
    match call.argument(1) {
        Atom::Integer(value) => Outcome::Value(Atom::Integer(*value)),
        Atom::Float(value) => Outcome::Value(Atom::from(of(value.get()))),
        _ => no_number(call, &format!("{name} expects one argument: input number")),
    }
}
