use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::panic::{RefUnwindSafe, UnwindSafe};

use pleach::term::{Atom, Expression, Grounded, GroundedValue, Leaf, Term, Variable, View};
use pleach_testkit::quick_check;

use pleach_testkit::atoms::{AnyAtom, variables};

/// Copies an atom without sharing.
fn deep_copy(atom: &Atom) -> Atom {
    match atom {
        Atom::Expression(items) => items.iter().map(deep_copy).collect::<Expression>().into(),
        Atom::String(text) => Atom::string(text.as_str()),
        other => other.clone(),
    }
}

/// Equality by definition.
fn naive_eq(a: &Atom, b: &Atom) -> bool {
    match (a.view(), b.view()) {
        (View::Expression(a), View::Expression(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| naive_eq(a, b))
        }
        (View::Leaf(a), View::Leaf(b)) => a == b,
        _ => false,
    }
}

#[test]
fn equality_order_and_hash_agree() {
    fn property(a: AnyAtom, b: AnyAtom, c: AnyAtom) -> bool {
        let (AnyAtom(a), AnyAtom(b), AnyAtom(c)) = (a, b, c);
        let state = RandomState::new();
        let copy = deep_copy(&a);
        let lists = [&a, &b, &c].map(|atom| Atom::expression([b.clone(), atom.clone(), Atom::symbol("end")]));
        let mut sorted = [&a, &b, &c];
        sorted.sort();
        copy == a
            && copy.cmp(&a) == Ordering::Equal
            && state.hash_one(&copy) == state.hash_one(&a)
            && (a == b) == naive_eq(&a, &b)
            && (a == b) == (a.cmp(&b) == Ordering::Equal)
            && a.cmp(&b) == b.cmp(&a).reverse()
            && sorted[0] <= sorted[2]
            && (a != b || state.hash_one(&a) == state.hash_one(&b))
            && lists[0].cmp(&lists[1]) == a.cmp(&b)
            && (lists[0] == lists[2]) == (a == c)
    }
    quick_check(5_000).quickcheck(property as fn(_, _, _) -> _);
}

#[test]
fn ground_atoms_have_no_variables() {
    fn property(AnyAtom(atom): AnyAtom) -> bool {
        atom.is_ground() == variables(&atom).is_empty() && atom.known_ground() == atom.is_ground()
    }
    quick_check(5_000).quickcheck(property as fn(_) -> _);
}

/// The requirements of `Term`.
#[test]
fn leaves_and_expressions_are_rebuilt_from_their_views() {
    fn rebuild(atom: &Atom) -> Atom {
        match atom.view() {
            View::Leaf(leaf) => Atom::leaf(leaf).unwrap(),
            View::Expression(items) => Term::expression(items.iter().map(rebuild).collect()),
            View::Tagged(..) => unreachable!("atoms have no tags"),
        }
    }
    fn property(AnyAtom(atom): AnyAtom) -> bool {
        rebuild(&atom) == atom
    }
    quick_check(2_000).quickcheck(property as fn(_) -> _);
}

#[test]
fn values_of_different_types_differ() {
    let atoms = [
        Atom::symbol("1"),
        Atom::variable("1"),
        Atom::from(1),
        Atom::from(1.0),
        Atom::string("1"),
        Atom::expression([]),
        Atom::expression([Atom::from(1)]),
        Atom::grounded(Tag("T", 1)),
    ];
    for (i, a) in atoms.iter().enumerate() {
        for (j, b) in atoms.iter().enumerate() {
            assert_eq!(a == b, i == j, "{a} {b}");
            assert_eq!(a.cmp(b) == Ordering::Equal, i == j, "{a} {b}");
        }
    }
}

#[test]
fn nans_are_equal_and_zeros_differ() {
    let odd_nan = f64::from_bits(0xfff0_0000_dead_beef);
    assert!(odd_nan.is_nan());
    assert_eq!(Atom::from(odd_nan), Atom::from(f64::NAN));
    assert_ne!(Atom::from(0.0), Atom::from(-0.0));
    assert_eq!(Leaf::Float(odd_nan), Leaf::Float(f64::NAN));
    assert_ne!(Leaf::Float(0.0), Leaf::Float(-0.0));
    let mut floats = [f64::NAN, 0.0, f64::INFINITY, -1.5, -0.0, f64::NEG_INFINITY, 2.0].map(Atom::from);
    floats.sort_unstable();
    assert_eq!(
        floats.map(|float| float.to_string()),
        ["-inf.0", "-1.5", "-0.0", "0.0", "2.0", "+inf.0", "+nan.0"]
    );
}

#[test]
fn booleans_are_symbols() {
    assert_eq!(Atom::boolean(true), Atom::symbol("True"));
    assert_eq!(Atom::from(false).as_boolean(), Some(false));
    assert_eq!("True".parse::<Atom>().unwrap().as_boolean(), Some(true));
    assert_eq!(Atom::symbol("true").as_boolean(), None);
    assert_eq!(Atom::string("True").as_boolean(), None);
}

#[test]
fn variable_ids_have_56_bits() {
    assert_eq!(Variable::MAX_ID, u64::MAX >> 8);
    for id in [0, 1, 255, 256, u64::from(u32::MAX) + 1, Variable::MAX_ID] {
        let variable = Variable::numbered("x", id).unwrap();
        assert_eq!((variable.id(), variable.name().as_str()), (id, "x"));
    }
    assert_eq!(Variable::numbered("x", Variable::MAX_ID + 1), None);
    assert_eq!(Variable::new("x"), Variable::numbered("x", 0).unwrap());
    assert!(Variable::numbered("x", 256) > Variable::numbered("x", 255));
    assert!(Variable::numbered("y", 0) > Variable::numbered("x", 9));
    assert_eq!(
        Atom::leaf(Leaf::Variable {
            name: "x",
            id: u64::MAX
        }),
        None
    );
}

#[test]
fn atoms_are_send_sync_and_unwind_safe() {
    fn shared<T: Send + Sync + Unpin + UnwindSafe + RefUnwindSafe + 'static>() {}
    shared::<Atom>();
    assert_eq!((size_of::<Atom>(), size_of::<Option<Atom>>()), (16, 16));
    assert_eq!(size_of::<Expression>(), size_of::<Atom>());
}

#[test]
fn cloning_shares() {
    let atom: Atom = "(f (g 1) \"text\")".parse().unwrap();
    let copy = atom.clone();
    let (Atom::Expression(a), Atom::Expression(b)) = (&atom, &copy) else {
        panic!("expressions")
    };
    assert!(a.ptr_eq(b));
}

#[derive(Debug)]
struct Tag(&'static str, u8);

impl Grounded for Tag {
    fn type_name(&self) -> &str {
        self.0
    }

    fn identity(&self) -> Cow<'_, [u8]> {
        Cow::Owned(vec![self.1])
    }

    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{} {}>", self.0, self.1)
    }
}

#[test]
fn grounded_values_are_equal_by_type_name_and_identity() {
    let a = Atom::grounded(Tag("A", 1));
    assert_eq!(a, Atom::grounded(Tag("A", 1)));
    assert_ne!(a, Atom::grounded(Tag("A", 2)));
    assert_ne!(a, Atom::grounded(Tag("B", 1)));
    assert_eq!(GroundedValue::new(Tag("A", 1)), GroundedValue::new(Tag("A", 1)));
    assert_eq!(a.downcast_grounded::<Tag>().map(|tag| tag.1), Some(1));
    assert_eq!(
        Atom::expression([Atom::symbol("f"), a.clone()]).to_string(),
        "(f <A 1>)"
    );
    let View::Leaf(leaf @ Leaf::Opaque(_)) = a.view() else {
        panic!("not opaque")
    };
    assert_eq!(Atom::leaf(leaf), None);
}

/// The boundary between type name and identity is significant.
#[test]
fn type_name_and_identity_are_separate() {
    struct Bytes(&'static str, &'static [u8]);
    impl Grounded for Bytes {
        fn type_name(&self) -> &str {
            self.0
        }

        fn identity(&self) -> Cow<'_, [u8]> {
            self.1.into()
        }

        fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
            Ok(())
        }
    }
    assert_ne!(Atom::grounded(Bytes("ab", b"c")), Atom::grounded(Bytes("a", b"bc")));
    assert!(Atom::grounded(Bytes("ab", b"c")).downcast_grounded::<Tag>().is_none());
}
