//! Numbers: arithmetic, comparison and functions of them.

use pleach::term::Atom;

/// A binary operation on two numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    Equal,
}

/// A set of operations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Operations(u16);

impl Operations {
    pub(super) const NONE: Self = Self(0);

    pub(super) fn of(operation: Operation) -> Self {
        Self(1 << operation as u16)
    }

    pub(super) fn with(self, others: Self) -> Self {
        Self(self.0 | others.0)
    }

    pub(super) fn has(self, others: Self) -> bool {
        self.0 & others.0 == others.0
    }
}

/// Two numbers of one kind.
enum Pair {
    Integers(i64, i64),
    Floats(f64, f64),
}

pub(super) fn float_of(atom: &Atom) -> Option<f64> {
    match atom {
        Atom::Integer(value) => Some(*value as f64),
        Atom::Float(value) => Some(value.get()),
        _ => None,
    }
}

fn pair(a: &Atom, b: &Atom) -> Option<Pair> {
    Some(match (a, b) {
        (Atom::Integer(a), Atom::Integer(b)) => Pair::Integers(*a, *b),
        _ => Pair::Floats(float_of(a)?, float_of(b)?),
    })
}

/// Why there is no number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    NotNumbers,
    Overflow,
    DivisionByZero,
}

impl Operation {
    /// All of them, with the names that programs call them by.
    pub(super) const ALL: [(&'static str, Self); 10] = [
        ("+", Self::Add),
        ("-", Self::Subtract),
        ("*", Self::Multiply),
        ("/", Self::Divide),
        ("%", Self::Remainder),
        ("<", Self::Less),
        ("<=", Self::LessEqual),
        (">", Self::Greater),
        (">=", Self::GreaterEqual),
        ("==", Self::Equal),
    ];

    /// The result, if both are numbers and there is one.
    #[inline]
    pub(super) fn of(self, a: &Atom, b: &Atom) -> Option<Atom> {
        if let (Atom::Integer(x), Atom::Integer(y)) = (a, b) {
            return match self {
                Self::Add => x.checked_add(*y).map(Atom::Integer),
                Self::Subtract => x.checked_sub(*y).map(Atom::Integer),
                Self::Multiply => x.checked_mul(*y).map(Atom::Integer),
                Self::Less => Some(Atom::boolean(x < y)),
                Self::Greater => Some(Atom::boolean(x > y)),
                Self::Equal => Some(Atom::boolean(x == y)),
                _ => self.compute(a, b).ok(),
            };
        }
        self.compute(a, b).ok()
    }

    pub(super) fn compute(self, a: &Atom, b: &Atom) -> Result<Atom, Trouble> {
        let numbers = pair(a, b).ok_or(Trouble::NotNumbers)?;
        let integer = |value: Option<i64>| value.map(Atom::Integer).ok_or(Trouble::Overflow);
        Ok(match (self, numbers) {
            (Self::Add, Pair::Integers(a, b)) => integer(a.checked_add(b))?,
            (Self::Subtract, Pair::Integers(a, b)) => integer(a.checked_sub(b))?,
            (Self::Multiply, Pair::Integers(a, b)) => integer(a.checked_mul(b))?,
            (Self::Divide | Self::Remainder, Pair::Integers(_, 0)) => return Err(Trouble::DivisionByZero),
            (Self::Divide, Pair::Integers(a, b)) => integer(a.checked_div(b))?,
            (Self::Remainder, Pair::Integers(a, b)) => integer(a.checked_rem(b))?,
            (Self::Add, Pair::Floats(a, b)) => Atom::from(a + b),
            (Self::Subtract, Pair::Floats(a, b)) => Atom::from(a - b),
            (Self::Multiply, Pair::Floats(a, b)) => Atom::from(a * b),
            (Self::Divide, Pair::Floats(a, b)) => Atom::from(a / b),
            (Self::Remainder, Pair::Floats(a, b)) => Atom::from(a % b),
            (Self::Less, Pair::Integers(a, b)) => Atom::boolean(a < b),
            (Self::LessEqual, Pair::Integers(a, b)) => Atom::boolean(a <= b),
            (Self::Greater, Pair::Integers(a, b)) => Atom::boolean(a > b),
            (Self::GreaterEqual, Pair::Integers(a, b)) => Atom::boolean(a >= b),
            (Self::Equal, Pair::Integers(a, b)) => Atom::boolean(a == b),
            (Self::Less, Pair::Floats(a, b)) => Atom::boolean(a < b),
            (Self::LessEqual, Pair::Floats(a, b)) => Atom::boolean(a <= b),
            (Self::Greater, Pair::Floats(a, b)) => Atom::boolean(a > b),
            (Self::GreaterEqual, Pair::Floats(a, b)) => Atom::boolean(a >= b),
            (Self::Equal, Pair::Floats(a, b)) => Atom::boolean(a == b),
        })
    }
}

/// A whole number, if the result of rounding fits.
pub(super) fn rounded(value: f64) -> Option<Atom> {
    // 2^63 is a float, i64::MAX is not.
    let limit = 9_223_372_036_854_775_808.0;
    (value >= -limit && value < limit).then_some(Atom::Integer(value as i64))
}
