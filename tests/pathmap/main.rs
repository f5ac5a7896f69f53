//! The conversion from and to `PathMap`, and byte tries beside it.

#![cfg(all(feature = "pathmap", target_feature = "aes"))]
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use pathmap::PathMap;
use pleach::env::PathMapError;
use pleach::{Environment, TrieMap};
use pleach_testkit::quick_check;

fn world(facts: &[&str]) -> Environment {
    facts.iter().map(|text| text.parse().unwrap()).collect()
}

/// The rules of `head` without arguments, printed.
fn rules(env: &Environment, head: &str) -> Vec<String> {
    env.get_matching_rules(head, 0)
        .map(|rule| rule.atom().to_string())
        .collect()
}

#[test]
fn a_path_map_is_a_copy_that_can_be_written_back() {
    let mut env = world(&["(= (f) 2)", "(= (f) 1)", "(a)", "(a)"]);
    let donor = world(&["(= (f) 3)", "(b)"]);
    let mut space = env.create_space();
    for (path, multiplicity) in donor.create_space().iter() {
        space.set_val_at(path, multiplicity.clone());
    }
    assert_eq!(env.len(), 4, "the environment does not see it");
    env.update_pathmap(space).unwrap();
    env.check();
    assert_eq!(env.len(), 6);
    assert_eq!(rules(&env, "f"), ["(= (f) 2)", "(= (f) 1)", "(= (f) 3)"]);

    env.update_pathmap(donor.create_space()).unwrap();
    env.check();
    assert_eq!(env, donor);
}

/// `PathMap` as the oracle of byte tries, as far as it is sound: no dangling paths, short keys, equal values.
#[test]
fn byte_tries_agree_with_path_maps() {
    fn agree(steps: Vec<(u8, u8, u16)>) {
        let mut pairs: [(TrieMap<()>, PathMap<()>); 3] = Default::default();
        for (kind, which, number) in steps {
            let [which, other] = [which % 3, which / 3 % 3].map(usize::from);
            // Few bytes, so that keys are prefixes of others.
            let key: Vec<u8> = (0..1 + number % 5)
                .map(|at| (number >> (2 * at)) as u8 % 4 * 80)
                .collect();
            let (trie, map) = &mut pairs[which];
            match kind % 8 {
                0..4 => assert_eq!(trie.insert(&key, ()).is_some(), map.set_val_at(&key, ()).is_some()),
                4 => assert_eq!(trie.remove(&key).is_some(), map.remove_val_at(&key, true).is_some()),
                5 => pairs[which] = pairs[other].clone(),
                6 => {
                    let (theirs, their_map) = pairs[other].clone();
                    let (trie, map) = &mut pairs[which];
                    *trie = trie.union(&theirs);
                    *map = map.join(&their_map);
                }
                _ => {
                    let (theirs, their_map) = pairs[other].clone();
                    let (trie, map) = &mut pairs[which];
                    *trie = trie.difference(&theirs);
                    *map = map.subtract(&their_map);
                }
            }
            let (trie, map) = &pairs[which];
            assert_eq!((trie.check(), trie.len()), (Ok(()), map.val_count()));
            assert!(trie.keys().eq(map.iter().map(|(key, ())| key)));
        }
    }
    quick_check(1_000).quickcheck(agree as fn(Vec<(u8, u8, u16)>));
}

#[test]
fn a_path_that_encodes_no_atom_is_an_error() {
    let mut env = world(&["(a)"]);
    let before = env.clone();
    let good = env.create_space().iter().next().map(|(_, one)| one.clone()).unwrap();
    let mut space = env.create_space();
    space.set_val_at([0xff, 0xff], good.clone());
    assert!(matches!(
        env.update_pathmap(space),
        Err(PathMapError::Path { index: 1, .. })
    ));
    assert!(env.ptr_eq(&before));

    // The multiplicity of a rule keeps the atom, and can't be moved to another path.
    let rule = world(&["(= (f) 2)"]);
    let kept = rule.create_space().iter().next().map(|(_, one)| one.clone()).unwrap();
    let mut space = PathMap::new();
    space.set_val_at([0x80], kept);
    assert!(matches!(
        env.update_pathmap(space),
        Err(PathMapError::Mismatch { index: 0 })
    ));
    assert!(env.ptr_eq(&before));
}
