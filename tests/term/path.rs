use std::collections::BTreeSet;

use pleach::term::path::{PathErrorKind, Token, Tokens, decode, read_token, skip};
use pleach::term::{Atom, Encoder, Expression, Term, Variable, alpha_eq};
use pleach_testkit::quick_check;

use pleach_testkit::atoms::{AnyAtom, canonical, replace, variables};

fn path(atom: &Atom) -> Vec<u8> {
    Encoder::new().encode(atom).bytes.to_vec()
}

fn path_of(source: &str) -> Vec<u8> {
    path(&source.parse().unwrap())
}

/// Renames the variables of an atom: one to one, or, if `merge`, two of them to the same.
fn renamed(atom: &Atom, merge: bool) -> Atom {
    let known: BTreeSet<Variable> = variables(atom).into_iter().collect();
    let number = |variable| known.iter().rev().position(|other| *other == variable).unwrap();
    replace(atom, &|variable| {
        let number = number(variable);
        Atom::variable(format!("r{}", if merge { number / 2 } else { number }).as_str())
    })
}

#[test]
fn equal_paths_mean_alpha_equivalence() {
    fn property(a: AnyAtom, b: AnyAtom) -> bool {
        let (AnyAtom(a), AnyAtom(b)) = (a, b);
        [&b, &renamed(&a, false), &renamed(&a, true), &a]
            .into_iter()
            .all(|other| {
                let expected = canonical(&a) == canonical(other);
                alpha_eq(&a, other) == expected && (path(&a) == path(other)) == expected
            })
    }
    quick_check(4_000).quickcheck(property as fn(_, _) -> _);
}

#[test]
fn alpha_equivalence_is_one_to_one() {
    let eq = |a: &str, b: &str| alpha_eq::<Atom>(&a.parse().unwrap(), &b.parse().unwrap());
    assert!(eq("($x $y)", "($y $x)"));
    assert!(!eq("($x $x)", "($x $y)"));
    assert!(!eq("($x $y)", "($x $x)"));
    assert!(eq("($x $x#1)", "($x#1 $x)"));
    assert!(!eq("(a)", "(a a)"));
    assert!(!eq("(())", "((()))"));
}

#[test]
fn decoding_inverts_encoding() {
    fn property(AnyAtom(atom): AnyAtom) -> bool {
        let bytes = path(&atom);
        decode::<Atom>(&bytes).as_ref() == Ok(&canonical(&atom)) && path(&canonical(&atom)) == bytes
    }
    quick_check(10_000).quickcheck(property as fn(_) -> _);
}

#[test]
fn no_path_is_a_prefix_of_another() {
    fn property(a: AnyAtom, b: AnyAtom) -> bool {
        let (a, b) = (path(&a.0), path(&b.0));
        a == b || !(a.starts_with(&b) || b.starts_with(&a))
    }
    quick_check(10_000).quickcheck(property as fn(_, _) -> _);
}

/// Bytes that decode are the path of the decoded term, so each term has one path.
#[test]
fn only_canonical_bytes_decode() {
    fn canonical_or_error(bytes: &[u8]) -> bool {
        let walked: Result<Vec<Token<'_>>, _> = Tokens::new(bytes).collect();
        match decode::<Atom>(bytes) {
            Ok(atom) => path(&atom) == bytes && skip(bytes) == Ok(bytes.len()) && walked.is_ok(),
            Err(error) => error.offset <= bytes.len(),
        }
    }
    fn noise(bytes: Vec<u8>) -> bool {
        canonical_or_error(&bytes)
    }
    fn damage(AnyAtom(atom): AnyAtom, position: usize, bits: u8, cut: bool) -> bool {
        let mut bytes = path(&atom);
        let position = position % bytes.len();
        bytes[position] ^= bits;
        if cut {
            bytes.truncate(position);
        }
        canonical_or_error(&bytes)
    }
    /// Few bytes that exercise many cases: reserved heads, variables, numbers, varints.
    fn heads(choices: Vec<u8>) -> bool {
        const BYTES: [u8; 24] = [
            0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x0c, 0x13, 0x14, 0x15, 0x1c, 0x1d, 0x2f, 0x30, 0x31, 0x32, 0x33, 0x40,
            0x41, 0x80, 0x81, 0xc1, 0xc2, 0xff,
        ];
        let bytes: Vec<u8> = choices
            .iter()
            .take(12)
            .map(|choice| BYTES[usize::from(*choice) % BYTES.len()])
            .collect();
        canonical_or_error(&bytes)
    }
    quick_check(10_000).quickcheck(noise as fn(_) -> _);
    quick_check(10_000).quickcheck(damage as fn(_, _, _, _) -> _);
    quick_check(10_000).quickcheck(heads as fn(_) -> _);
}

#[test]
fn invalid_paths_are_errors_with_offsets() {
    use PathErrorKind::*;
    let huge = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01];
    let cases: Vec<(Vec<u8>, PathErrorKind, usize)> = vec![
        (vec![], Truncated, 0),
        (vec![0xc2, 0x14], Truncated, 0),
        (vec![0xc2, 0x81, b'f'], Truncated, 3),
        (vec![0x82, b'a'], Truncated, 0),
        (vec![0x05, 0], Truncated, 0),
        (vec![0x02], Truncated, 0),
        (vec![0x14, 0x14], Trailing, 1),
        (vec![0x00], Reserved(0x00), 0),
        (vec![0xc1, 0x06], Reserved(0x06), 1),
        (vec![0x1d], Reserved(0x1d), 0),
        (vec![0x2f], Reserved(0x2f), 0),
        (vec![0x3f], Reserved(0x3f), 0),
        (vec![0x15, 0], NotCanonical, 0),
        (vec![0x16, 0, 1], NotCanonical, 0),
        (vec![0x13, 0xff], NotCanonical, 0),
        (vec![0x12, 0xff, 0], NotCanonical, 0),
        (vec![0x1c, 0x80, 0, 0, 0, 0, 0, 0, 0], OutOfRange, 0),
        (
            vec![0x0c, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe],
            OutOfRange,
            0,
        ),
        (vec![0x30, 3, 1, 2, 3], NotCanonical, 0),
        (vec![0x31, 63], NotCanonical, 0),
        (vec![0x32, 2, 1, 1], NotCanonical, 0),
        (vec![0x31, 0xc0, 0x00], NotCanonical, 0),
        ([&[0x32][..], &huge].concat(), Truncated, 0),
        ([&[0x31][..], &huge].concat(), Truncated, 0),
        ([&[0x03][..], &huge].concat(), Truncated, 0),
        ([&[0x32][..], &[0xff; 9], &[0x02]].concat(), OutOfRange, 0),
        ([&[0x32][..], &[0x80; 10], &[0x01]].concat(), OutOfRange, 0),
        (vec![0x02, 0], UnknownVariable(0), 0),
        (vec![0xc2, 0x01, 0x02, 0x01], UnknownVariable(1), 2),
        (vec![0xc2, 0x01, 0x02, 0x80, 0x00], NotCanonical, 2),
        (vec![0x81, 0xff], NotUtf8, 0),
        (vec![0x42, 0xc3, 0x28], NotUtf8, 0),
        (vec![0x03, 0], NotInLanguage, 0),
        (vec![0xc1, 0x04, 1, 7], NotInLanguage, 1),
        (
            [&[0x05][..], &((f64::NAN.to_bits() + 1) | (1 << 63)).to_be_bytes()].concat(),
            NotCanonical,
            0,
        ),
    ];
    for (bytes, kind, offset) in cases {
        let error = decode::<Atom>(&bytes).unwrap_err();
        assert_eq!((error.kind, error.offset), (kind, offset), "{bytes:02x?}");
    }
}

/// The layout, byte by byte: the format of files depends on it.
#[test]
fn layout() {
    assert_eq!(path_of("(edge a \"b\")"), b"\xc3\x84edge\x81a\x41b");
    assert_eq!(path_of("($x $y $x $y)"), [0xc4, 1, 1, 2, 0, 2, 1]);
    assert_eq!(path_of("()"), [0xc0]);
    assert_eq!(path_of("#\"\""), [0x80]);
    assert_eq!(path_of("0"), [0x14]);
    assert_eq!(path_of("1"), [0x15, 1]);
    assert_eq!(path_of("255"), [0x15, 255]);
    assert_eq!(path_of("256"), [0x16, 1, 0]);
    assert_eq!(path_of("-1"), [0x13, 0xfe]);
    assert_eq!(path_of("-256"), [0x12, 0xfe, 0xff]);
    assert_eq!(
        path_of("9223372036854775807"),
        [0x1c, 0x7f, 255, 255, 255, 255, 255, 255, 255]
    );
    assert_eq!(
        path_of("-9223372036854775808"),
        [0x0c, 0x7f, 255, 255, 255, 255, 255, 255, 255]
    );
    assert_eq!(path_of("1.0"), [0x05, 0xbf, 0xf0, 0, 0, 0, 0, 0, 0]);
    assert_eq!(path_of("-1.0"), [0x05, 0x40, 0x0f, 255, 255, 255, 255, 255, 255]);
    let long = "n".repeat(200);
    assert_eq!(path(&Atom::symbol(long.as_str()))[..4], [0x31, 200, 1, b'n']);
    assert_eq!(path(&Atom::string(long.as_str()))[..4], [0x30, 200, 1, b'n']);
    assert_eq!(path(&Atom::symbol(&long[..63]))[..2], [0xbf, b'n']);
    assert_eq!(path(&Atom::symbol(&long[..64]))[..3], [0x31, 64, b'n']);
    let wide = |arity| Atom::from(vec![Atom::from(0); arity]);
    assert_eq!(path(&wide(63))[..2], [0xff, 0x14]);
    assert_eq!(path(&wide(64))[..3], [0x32, 64, 0x14]);
}

#[test]
fn numbers_sort_as_their_bytes() {
    fn integers(a: i64, b: i64, shift: (u8, u8)) -> bool {
        let (a, b) = (a >> (shift.0 % 64), b >> (shift.1 % 64));
        path(&a.into()).cmp(&path(&b.into())) == a.cmp(&b)
    }
    fn floats(a: u64, b: u64) -> bool {
        let (a, b) = (Atom::from(f64::from_bits(a)), Atom::from(f64::from_bits(b)));
        path(&a).cmp(&path(&b)) == a.cmp(&b)
    }
    quick_check(10_000).quickcheck(integers as fn(_, _, _) -> _);
    quick_check(10_000).quickcheck(floats as fn(_, _) -> _);
}

#[test]
fn encoding_reports_variables_and_opacity() {
    fn property(AnyAtom(atom): AnyAtom) -> bool {
        let mut encoder = Encoder::new();
        let encoded = encoder.encode(&atom);
        let known: BTreeSet<Variable> = variables(&atom).into_iter().collect();
        encoded.variables == known.len() && !encoded.opaque
    }
    quick_check(10_000).quickcheck(property as fn(_) -> _);

    let mut encoder = Encoder::default();
    let grounded = Atom::expression([Atom::symbol("f"), Atom::grounded(Handle)]);
    assert!(encoder.encode(&grounded).opaque);
    assert_eq!(
        encoder.encode(&grounded).bytes,
        b"\xc2\x81f\x04\x0f\0\0\0\0\0\0\0\x06Handle\x01"
    );
}

struct Handle;

impl pleach::term::Grounded for Handle {
    fn type_name(&self) -> &str {
        "Handle"
    }

    fn identity(&self) -> std::borrow::Cow<'_, [u8]> {
        (&[1][..]).into()
    }

    fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        Ok(())
    }
}

#[test]
fn skip_finds_the_end_of_each_subterm() {
    /// Checks every subterm of the atom, and returns its end.
    fn check(atom: &Atom, bytes: &[u8], start: usize) -> usize {
        let (token, length) = read_token(&bytes[start..]).unwrap();
        let end = match (atom.as_expression(), token) {
            (Some(items), Token::Expression(arity)) => {
                assert_eq!(items.len(), arity);
                items.iter().fold(start + length, |at, item| check(item, bytes, at))
            }
            (None, _) => start + length,
            _ => panic!("{atom} at {start}"),
        };
        assert_eq!(skip(&bytes[start..]), Ok(end - start));
        end
    }
    fn property(AnyAtom(atom): AnyAtom) -> bool {
        let mut bytes = path(&atom);
        let length = bytes.len();
        bytes.extend([0x00, 0xff]);
        check(&atom, &bytes, 0) == length
    }
    quick_check(5_000).quickcheck(property as fn(_) -> _);
}

#[test]
fn arity_names_and_variables_are_unlimited() {
    let mut encoder = Encoder::new();
    // 100,000 different variables, each twice.
    let variable = |number: usize| Atom::variable(format!("v{number}").as_str());
    let all: Expression = (0..100_000).chain((0..100_000).rev()).map(variable).collect();
    let all = Atom::from(all);
    let encoded = encoder.encode(&all);
    assert_eq!(encoded.variables, 100_000);
    let decoded: Atom = decode(encoded.bytes).unwrap();
    assert!(alpha_eq(&decoded, &all));
    assert_eq!(decoded.as_expression().unwrap()[100_000], Atom::variable("99999"));
    // A million items, a megabyte of name.
    let wide = Atom::from(vec![Atom::from(7); 1_000_000]);
    assert!(decode::<Atom>(encoder.encode(&wide).bytes) == Ok(wide));
    let long = Atom::symbol("é".repeat(500_000).as_str());
    assert!(decode::<Atom>(encoder.encode(&long).bytes) == Ok(long));
}

/// Decoding hostile bytes must not allocate the lengths that they claim.
#[test]
fn tokens_stop_at_an_error() {
    let mut tokens = Tokens::new(&[0x14, 0x00, 0x14]);
    assert_eq!(tokens.next(), Some(Ok(Token::Integer(0))));
    let error = tokens.next().unwrap().unwrap_err();
    assert_eq!((error.kind, error.offset), (PathErrorKind::Reserved(0), 1));
    assert_eq!(tokens.next(), None);
    assert_eq!(skip(&[0xc2, 0x14]).unwrap_err().kind, PathErrorKind::Truncated);
    assert!(skip(&[]).is_err());
}

/// A term type with rebuildable grounded values.
#[test]
fn grounded_values_are_rebuilt_from_their_bytes() {
    use pleach::term::{Leaf, View};

    #[derive(Clone, Debug, PartialEq)]
    enum Blob {
        Bytes(Vec<u8>),
        List(Vec<Blob>),
    }
    impl Term for Blob {
        fn view(&self) -> View<'_, Blob> {
            match self {
                Blob::Bytes(bytes) => View::Leaf(Leaf::Grounded(bytes.into())),
                Blob::List(items) => View::Expression(items),
            }
        }

        fn leaf(leaf: Leaf<'_>) -> Option<Blob> {
            if let Leaf::Grounded(bytes) = leaf {
                Some(Blob::Bytes(bytes.into()))
            } else {
                None
            }
        }

        fn expression(items: Vec<Blob>) -> Blob {
            Blob::List(items)
        }
    }
    let blob = Blob::List(vec![Blob::Bytes(vec![]), Blob::Bytes(vec![0xff; 300])]);
    let mut encoder = Encoder::new();
    let encoded = encoder.encode(&blob);
    assert_eq!(
        (&encoded.bytes[..7], encoded.opaque),
        (&[0xc2, 3, 0, 3, 0xac, 2, 0xff][..], false)
    );
    assert_eq!(decode(encoded.bytes), Ok(blob));
}
