//! The atoms and patterns of a run: few, so that operations collide.

use std::cell::LazyCell;

use pleach::Atom;

fn parse(text: &str) -> Atom {
    text.parse().expect("an atom")
}

fn fixed() -> Vec<Atom> {
    let long = "s".repeat(150);
    let texts = [
        "a",
        "()",
        "$anything",
        "(p 1)",
        "(p 1.0)",
        "(p \"1\")",
        "(p -1)",
        "(p $x $y $x)",
        "(p $a $b $a)",
        "(p $x)",
        "((p 1) (p 1))",
        "(edge $x n3)",
        "(edge n3 $x)",
        "(edge $x $x)",
        "(edge $x $y)",
        "(= (f $x) (g $x))",
        "(= (f $y) (g $y))",
        "(= (f 1) one)",
        "(= (f 2) two)",
        "(= (f $x $y) $x)",
        "(= c d)",
        "(= $w wild)",
        "(= ($h 1) wilder)",
        "(= () empty)",
        "(= half a rule)",
        "(: f (-> A B))",
        "(: f (-> C D))",
        "(: (f 1) B)",
        "(: $x B)",
        "(: f $t)",
    ];
    let long = [
        format!("(doc {long} {long})"),
        format!("(doc {long} {long} $x)"),
        format!("(edge {long} n3)"),
        format!("(= (f {long}) ({long} {long}))"),
    ];
    texts
        .iter()
        .map(|text| parse(text))
        .chain(long.iter().map(|text| parse(text)))
        .collect()
}

fn name(number: u8) -> Atom {
    Atom::symbol(format!("n{}", number % 8).as_str())
}

fn edge(from: u8, to: u8) -> Atom {
    Atom::expression([Atom::symbol("edge"), name(from), name(to)])
}

fn all() -> Vec<Atom> {
    let fixed = fixed();
    (0..=255u8)
        .map(|byte| match byte {
            0..64 => edge(byte >> 3, byte),
            64..96 => Atom::expression([Atom::symbol("p"), name(byte)]),
            96..128 => parse(&format!("(= (f n{}) n{})", byte % 8, byte / 8 % 4)),
            128..160 => parse(&format!("(: n{} n{})", byte % 2, byte / 8 % 4)),
            _ => fixed[usize::from(byte - 160) % fixed.len()].clone(),
        })
        .collect()
}

thread_local! {
    static ALL: LazyCell<Vec<Atom>> = const { LazyCell::new(all) };
    static PATTERNS: LazyCell<Vec<Atom>> = const { LazyCell::new(patterns) };
}

/// One of 256 atoms, some of them alpha-equivalent.
pub(super) fn atom(byte: u8) -> Atom {
    ALL.with(|all| all[usize::from(byte)].clone())
}

/// 64 facts of one head: enough for an index.
pub(super) fn edges() -> Vec<Atom> {
    (0..64).map(atom).collect()
}

fn patterns() -> Vec<Atom> {
    let texts = [
        "$any",
        "(edge $x n3)",
        "(edge $x n5)",
        "(edge n1 $y)",
        "(edge $x $y)",
        "(edge $x $x)",
        "(edge $y $z)",
        "($h $x)",
        "($h n1 $x)",
        "(p $x)",
        "(p $v $v $v)",
        "(= (f $x) $y)",
        "(= (f n1) $y)",
        "(= $lhs one)",
        "(: $name $type)",
        "(: f (-> $a $b))",
    ];
    texts.iter().map(|text| parse(text)).collect()
}

/// A pattern, or an atom to look up.
pub(super) fn pattern(byte: u8) -> Atom {
    match byte {
        0..128 => PATTERNS.with(|patterns| patterns[usize::from(byte) % patterns.len()].clone()),
        _ => atom(byte),
    }
}
