//! Files: bytes load as a valid environment, which round-trips, or are an error with the offset.

use pleach::persist::{LoadError, NoCodec};
use pleach::{Atom, Environment};

use super::forge;

/// Loads the bytes as a file, as they are and with valid lengths, counts and checksums.
pub fn run(data: &[u8]) {
    load(data);
    load(&forge::file(data));
}

fn load(file: &[u8]) {
    let env = match Environment::<Atom>::load_from(file, &NoCodec) {
        Ok(env) => env,
        Err(LoadError::Corrupt { offset, .. }) => {
            assert!(offset <= file.len() as u64);
            return;
        }
        Err(error) => panic!("{error}"),
    };
    env.check();
    let saved = save(&env);
    let again = Environment::<Atom>::load_from(&saved[..], &NoCodec).expect("what was saved can be loaded");
    assert!(again == env && again.diff(&env).is_empty());
    assert!(save(&again) == saved, "equal environments have equal files");
    // It can be modified like any other.
    let mut fork = env.clone();
    let facts: Vec<(Atom, u64)> = env.iter().take(16).collect();
    for (fact, count) in &facts {
        assert!(env.multiplicity(fact) == *count && fork.remove_fact(fact));
    }
    fork.check();
    fork.set_multiplicities(facts);
    assert!(fork == env);
    fork.check();
}

pub(crate) fn save(env: &Environment) -> Vec<u8> {
    let mut bytes = Vec::new();
    env.save_to(&mut bytes, &NoCodec).expect("there are no opaque values");
    bytes
}
