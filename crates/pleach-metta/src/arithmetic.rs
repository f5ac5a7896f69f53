//! Arithmetic and comparison of numbers.

use pleach::term::Atom;

/// A binary operation on numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
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

/// The result of an operation.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Scalar {
    Integer(i64),
    Float(f64),
    Boolean(bool),
}

impl From<Scalar> for Atom {
    #[inline]
    fn from(scalar: Scalar) -> Self {
        match scalar {
            Scalar::Integer(value) => Atom::Integer(value),
            Scalar::Float(value) => Atom::from(value),
            Scalar::Boolean(value) => Atom::boolean(value),
        }
    }
}

/// Returns the value of a number, rounded to the nearest float.
pub(crate) fn float_of(atom: &Atom) -> Option<f64> {
    match atom {
        Atom::Integer(value) => Some(*value as f64),
        Atom::Float(value) => Some(value.get()),
        _ => None,
    }
}

/// Why an operation has no result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ArithmeticError {
    NotNumbers,
    Overflow,
    DivisionByZero,
}

impl Operation {
    /// All operations, with their names in programs.
    pub(crate) const ALL: [(&'static str, Self); 10] = [
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

    /// Computes on two atoms: on integers if both are, else on floats.
    pub(crate) fn compute(self, a: &Atom, b: &Atom) -> Result<Atom, ArithmeticError> {
        if let (Atom::Integer(a), Atom::Integer(b)) = (a, b) {
            return self.on_integers(*a, *b).map(Atom::from);
        }
        match (float_of(a), float_of(b)) {
            (Some(a), Some(b)) => Ok(self.on_floats(a, b).into()),
            _ => Err(ArithmeticError::NotNumbers),
        }
    }

    #[inline]
    pub(crate) fn on_integers(self, a: i64, b: i64) -> Result<Scalar, ArithmeticError> {
        let checked = |value: Option<i64>| value.map(Scalar::Integer).ok_or(ArithmeticError::Overflow);
        match self {
            Self::Add => checked(a.checked_add(b)),
            Self::Subtract => checked(a.checked_sub(b)),
            Self::Multiply => checked(a.checked_mul(b)),
            Self::Divide | Self::Remainder if b == 0 => Err(ArithmeticError::DivisionByZero),
            Self::Divide => checked(a.checked_div(b)),
            Self::Remainder => checked(a.checked_rem(b)),
            Self::Less => Ok(Scalar::Boolean(a < b)),
            Self::LessEqual => Ok(Scalar::Boolean(a <= b)),
            Self::Greater => Ok(Scalar::Boolean(a > b)),
            Self::GreaterEqual => Ok(Scalar::Boolean(a >= b)),
            Self::Equal => Ok(Scalar::Boolean(a == b)),
        }
    }

    fn on_floats(self, a: f64, b: f64) -> Scalar {
        match self {
            Self::Add => Scalar::Float(a + b),
            Self::Subtract => Scalar::Float(a - b),
            Self::Multiply => Scalar::Float(a * b),
            Self::Divide => Scalar::Float(a / b),
            Self::Remainder => Scalar::Float(a % b),
            Self::Less => Scalar::Boolean(a < b),
            Self::LessEqual => Scalar::Boolean(a <= b),
            Self::Greater => Scalar::Boolean(a > b),
            Self::GreaterEqual => Scalar::Boolean(a >= b),
            Self::Equal => Scalar::Boolean(a == b),
        }
    }
}
