//! Random atoms: mostly small and similar, so that equal ones are common, with some unusual names and numbers.

use pleach::term::{Atom, Expression, Variable};
use quickcheck::{Arbitrary, Gen};

/// Any atom but grounded values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnyAtom(pub Atom);

/// An atom of two symbols, a few variables and expressions: often unifiable with another.
#[derive(Clone, Debug)]
pub struct PlainAtom(pub Atom);

/// A list of at most four elements.
#[derive(Clone, Debug)]
pub struct Few<T>(pub Vec<T>);

impl<T: Arbitrary> Arbitrary for Few<T> {
    fn arbitrary(g: &mut Gen) -> Self {
        let length = usize::arbitrary(g) % 5;
        Few((0..length).map(|_| T::arbitrary(g)).collect())
    }

    fn shrink(&self) -> Box<dyn Iterator<Item = Self>> {
        Box::new(self.0.shrink().map(Few))
    }
}

fn pick<T: Clone>(g: &mut Gen, from: &[T]) -> T {
    g.choose(from).unwrap().clone()
}

fn name(g: &mut Gen) -> String {
    const ODD: [&str; 32] = [
        "",
        " ",
        "a b",
        "(",
        "a)",
        "\"",
        "a\"b",
        ";",
        "$x",
        "!",
        "!x",
        "!=",
        "1",
        "-1",
        "+1",
        "1.5",
        "1e3",
        "-",
        "+",
        "->",
        ".5",
        "1.",
        "inf",
        "+inf.0",
        "-inf.0",
        "+nan.0",
        "\u{feff}",
        "a#b",
        "#",
        "#\"a\"",
        "\u{0}\u{7f}",
        "\\",
    ];
    match u8::arbitrary(g) % 8 {
        0 => String::arbitrary(g),
        1 | 2 => pick(g, &ODD).to_owned(),
        3 => "long".repeat(usize::arbitrary(g) % 40),
        _ => pick(g, &["a", "b", "edge", "="]).to_owned(),
    }
}

fn integer(g: &mut Gen) -> i64 {
    match u8::arbitrary(g) % 4 {
        0 => pick(g, &[0, 1, -1, 255, 256, -255, -256, i64::MAX, i64::MIN, i64::MIN + 1]),
        1 => i64::arbitrary(g) >> (u32::arbitrary(g) % 64),
        _ => i64::from(u8::arbitrary(g) % 3),
    }
}

fn float(g: &mut Gen) -> f64 {
    match u8::arbitrary(g) % 4 {
        0 => f64::from_bits(u64::arbitrary(g)),
        1 => pick(
            g,
            &[
                0.0,
                -0.0,
                f64::NAN,
                f64::INFINITY,
                f64::NEG_INFINITY,
                f64::MAX,
                f64::MIN_POSITIVE,
                1e21,
                5e-324,
            ],
        ),
        _ => f64::from(u8::arbitrary(g) % 3),
    }
}

fn variable(g: &mut Gen) -> Atom {
    let id = if bool::arbitrary(g) {
        0
    } else {
        u64::arbitrary(g) >> (8 + u32::arbitrary(g) % 56)
    };
    Atom::Variable(Variable::numbered(name(g).as_str(), id).unwrap())
}

fn atom(g: &mut Gen, depth: usize) -> Atom {
    match u8::arbitrary(g) % if depth == 0 { 6 } else { 12 } {
        0 => Atom::symbol(name(g).as_str()),
        1 => Atom::variable(pick(g, &["x", "y", "z"])),
        2 => variable(g),
        3 => integer(g).into(),
        4 => float(g).into(),
        5 => Atom::string(name(g)),
        _ => {
            let length = if u8::arbitrary(g) % 50 == 0 {
                60 + usize::arbitrary(g) % 8
            } else {
                usize::arbitrary(g) % 4
            };
            (0..length).map(|_| atom(g, depth - 1)).collect::<Expression>().into()
        }
    }
}

/// Shrinks an expression to its items, to itself without one of them, or with one of them shrunk.
fn shrink(atom: &Atom) -> Box<dyn Iterator<Item = Atom>> {
    let Some(items) = atom.as_expression() else {
        return Box::new(std::iter::empty());
    };
    let items = items.to_vec();
    let shorter = items.clone();
    let smaller = items.clone();
    Box::new(
        items
            .into_iter()
            .chain((0..shorter.len()).map(move |index| {
                let mut items = shorter.clone();
                items.remove(index);
                Atom::from(items)
            }))
            .chain((0..smaller.len()).flat_map(move |index| {
                let items = smaller.clone();
                shrink(&smaller[index]).map(move |item| {
                    let mut items = items.clone();
                    items[index] = item;
                    Atom::from(items)
                })
            })),
    )
}

impl Arbitrary for AnyAtom {
    fn arbitrary(g: &mut Gen) -> Self {
        AnyAtom(atom(g, 4))
    }

    fn shrink(&self) -> Box<dyn Iterator<Item = Self>> {
        Box::new(shrink(&self.0).map(AnyAtom))
    }
}

impl Arbitrary for PlainAtom {
    fn arbitrary(g: &mut Gen) -> Self {
        fn plain(g: &mut Gen, depth: usize) -> Atom {
            match u8::arbitrary(g) % if depth == 0 { 6 } else { 12 } {
                0 => Atom::symbol(pick(g, &["a", "b"])),
                1..=5 => Atom::variable(pick(g, &["x", "y", "z", "u", "v", "w"])),
                _ => {
                    let length = pick(g, &[1, 2, 2, 3]);
                    Atom::expression((0..length).map(|_| plain(g, depth - 1)).collect::<Vec<_>>())
                }
            }
        }
        PlainAtom(plain(g, 4))
    }

    fn shrink(&self) -> Box<dyn Iterator<Item = Self>> {
        Box::new(shrink(&self.0).map(PlainAtom))
    }
}

/// Returns the variables of an atom in order of occurrence, with repetitions.
pub fn variables(atom: &Atom) -> Vec<Variable> {
    match atom {
        Atom::Variable(variable) => vec![*variable],
        Atom::Expression(items) => items.iter().flat_map(variables).collect(),
        _ => Vec::new(),
    }
}

/// Replaces the variables of an atom: the naive model of substitution.
pub fn replace(atom: &Atom, with: &dyn Fn(Variable) -> Atom) -> Atom {
    match atom {
        Atom::Variable(variable) => with(*variable),
        Atom::Expression(items) => items
            .iter()
            .map(|item| replace(item, with))
            .collect::<Expression>()
            .into(),
        other => other.clone(),
    }
}

/// Renames the variables of an atom to `0`, `1`, … in order of first occurrence: the naive model of alpha-equivalence.
pub fn canonical(atom: &Atom) -> Atom {
    let mut known = Vec::new();
    for variable in variables(atom) {
        if !known.contains(&variable) {
            known.push(variable);
        }
    }
    replace(atom, &|variable| {
        let number = known.iter().position(|other| *other == variable).unwrap();
        Atom::variable(number.to_string().as_str())
    })
}
