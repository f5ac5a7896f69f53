//! Expressions as lists, against vectors.

use std::hash::{BuildHasher, RandomState};
use std::thread;

use pleach::term::{Allocation, Atom, Encoder, Expression};
use pleach_testkit::{Random, quick_check};

/// Lists of all kinds, each with its items.
struct Lists {
    all: Vec<(Expression, Vec<Atom>)>,
    hasher: RandomState,
}

impl Lists {
    fn new() -> Self {
        // Long ones are lists that share items, short ones arrays.
        let long = |length: i64| (0..length).map(Atom::from).collect::<Vec<_>>();
        let open = [long(12), vec![Atom::variable("x")], long(14)].concat();
        let all = [Vec::new(), long(15), long(20), open].into_iter();
        Self {
            all: all.map(|items| (items.iter().cloned().collect(), items)).collect(),
            hasher: RandomState::new(),
        }
    }

    fn item(&self, random: &mut Random) -> Atom {
        match random.below(8) {
            0 => Atom::variable(if random.below(2) == 0 { "x" } else { "y" }),
            1 => Atom::symbol("a"),
            2 => Atom::Expression(self.all[random.below(self.all.len())].0.clone()),
            _ => Atom::from(random.below(3) as i64),
        }
    }

    fn step(&mut self, random: &mut Random) {
        let (list, items) = self.all[random.below(self.all.len())].clone();
        let next = match random.below(8) {
            0..4 => {
                let mut item = self.item(random);
                if items.len() > 64 {
                    item = Atom::from(1);
                }
                let items = std::iter::once(item.clone()).chain(items).collect();
                (list.with_first(item), items)
            }
            4..6 => match list.without_first() {
                Some(rest) => (rest, items[1..].to_vec()),
                None => {
                    assert!(items.is_empty());
                    return;
                }
            },
            6 => (items.iter().cloned().collect(), items),
            // Now it is a slice too.
            _ => return assert_eq!(&list[..], items),
        };
        self.all.push(next);
    }

    /// Compares a list with an array of the same items, without looking at it as a slice before.
    fn check(&self, (list, items): &(Expression, Vec<Atom>)) {
        let array: Expression = items.iter().cloned().collect();
        assert_eq!((list.len(), list.is_empty()), (items.len(), items.is_empty()));
        assert_eq!(list.first(), items.first());
        assert_eq!(list.is_ground(), array.is_ground());
        assert_eq!(self.hasher.hash_one(list), self.hasher.hash_one(&array));
        let [of_list, of_array] = [list.clone(), array.clone()].map(Atom::Expression);
        assert_eq!(
            Encoder::new().encode(&of_list).bytes,
            Encoder::new().encode(&of_array).bytes
        );
        assert_eq!(*list, array);
        assert_eq!(array, *list);
        assert_eq!(list.cmp(&array), std::cmp::Ordering::Equal);
        assert_eq!(&list[..], items);
    }
}

#[test]
fn lists_are_vectors() {
    fn lists_of(seed: u64) -> bool {
        let mut random = Random::new(seed);
        let mut lists = Lists::new();
        for _ in 0..120 {
            lists.step(&mut random);
        }
        lists.all.iter().for_each(|list| lists.check(list));
        // Unequal ones are told apart.
        for (a, items) in &lists.all {
            for (b, others) in &lists.all {
                assert_eq!(a == b, items == others);
            }
        }
        true
    }
    quick_check(300).quickcheck(lists_of as fn(u64) -> bool);
}

#[test]
fn a_matrix_and_its_transpose_have_different_hashes() {
    let matrix = |rows: [[i64; 2]; 2]| Atom::expression(rows.map(|row| Atom::expression(row.map(Atom::from))));
    let hasher = RandomState::new();
    let [a, b] = [matrix([[1, 2], [3, 4]]), matrix([[1, 3], [2, 4]])].map(|matrix| hasher.hash_one(&matrix));
    assert_ne!(a, b);
}

#[test]
fn lists_share_their_items() {
    let long: Expression = (0..100).map(Atom::from).collect();
    let (rest, more) = (long.without_first().unwrap(), long.with_first(Atom::from(7)));
    assert!(matches!(rest.allocation(), Allocation::Suffix(whole) if whole.ptr_eq(&long)));
    assert!(matches!(more.allocation(), Allocation::Cons(_, rest, None) if rest.ptr_eq(&long)));
    assert!(more.without_first().unwrap().ptr_eq(&long));
    assert_eq!(more[100], Atom::from(99));
    assert!(matches!(more.allocation(), Allocation::Cons(_, _, Some(items)) if items.len() == 101));
    // A suffix of a suffix holds the array, and no chain.
    let last = rest.without_first().unwrap();
    assert!(matches!(last.allocation(), Allocation::Suffix(whole) if whole.ptr_eq(&long)));
}

/// Of which some are slices too, and some nest others.
#[test]
fn a_million_items_need_little_stack() {
    let test = || {
        let mut list = Expression::default();
        let mut middle = None;
        for i in 0..1_000_000_i64 {
            list = match i {
                700_000 => list.with_first(Atom::Expression(list.clone())),
                _ => list.with_first(Atom::from(i)),
            };
            if i == 500_000 {
                assert_eq!(list.iter().count(), 500_001);
                middle = Some(list.clone());
            }
        }
        assert_eq!(list[1_000_000 - 500_001..], middle.unwrap()[..]);
        let mut rest = list.clone();
        drop(list);
        for _ in 0..999_000 {
            rest = rest.without_first().unwrap();
        }
        assert_eq!(rest.len(), 1_000);
        // Nested by their first items.
        let nested = (0..200_000).fold(rest, |list, _| {
            list.with_first(Atom::from(0)).with_first(Atom::Expression(list))
        });
        drop(nested);
    };
    thread::Builder::new()
        .stack_size(256 << 10)
        .spawn(test)
        .unwrap()
        .join()
        .unwrap();
}

#[test]
fn threads_share_the_slice_of_a_list() {
    let list = (0..10_000).fold(Expression::default(), |list, i| list.with_first(Atom::from(i)));
    thread::scope(|threads| {
        let slices: Vec<_> = (0..4).map(|_| threads.spawn(|| list.as_ptr() as usize)).collect();
        let mut slices = slices.into_iter().map(|slice| slice.join().unwrap());
        let first = slices.next().unwrap();
        assert!(slices.all(|slice| slice == first));
    });
}
