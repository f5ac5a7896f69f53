//! Serialization of patches: a sequence of changes, with atoms as text for the parser and ids in hexadecimal.
//!
//! Grounded values of an interpreter are written as they print, which the parser reads as other terms.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::{Change, Patch};
use crate::env::{Cell, SpaceId, StateId};
use crate::term::{Print, Symbol, Term, parser};

/// The serialized form of a change.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum SerializedChange {
    Atom {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        space: Option<String>,
        atom: String,
        from: u64,
        to: u64,
    },
    SpaceCreated(String),
    SpaceRemoved(String),
    State {
        id: String,
        from: Option<String>,
        to: Option<String>,
    },
    Binding {
        name: String,
        from: Option<String>,
        to: Option<String>,
    },
}

fn text<T: Term>(term: &T) -> String {
    Print(term).to_string()
}

fn hex(bytes: [u8; 16]) -> String {
    format!("{:032x}", u128::from_be_bytes(bytes))
}

fn unhex<E: de::Error>(id: &str) -> Result<[u8; 16], E> {
    let digits = id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    let number = u128::from_str_radix(id, 16).ok().filter(|_| digits);
    number
        .map(u128::to_be_bytes)
        .ok_or_else(|| E::custom(format_args!("{id:?} isn't an id: 32 hexadecimal digits")))
}

fn parse<T: Term, E: de::Error>(text: &str) -> Result<T, E> {
    parser::parse_one(text).map_err(E::custom)
}

impl<T: Term> Serialize for Patch<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter().map(|change| match change {
            Change::Atom { space, atom, from, to } => {
                let space = space.map(|id| hex(id.to_bytes()));
                SerializedChange::Atom {
                    space,
                    atom: text(atom),
                    from: *from,
                    to: *to,
                }
            }
            Change::SpaceCreated(id) => SerializedChange::SpaceCreated(hex(id.to_bytes())),
            Change::SpaceRemoved(id) => SerializedChange::SpaceRemoved(hex(id.to_bytes())),
            Change::Cell { cell, from, to } => {
                let (from, to) = (from.as_ref().map(text), to.as_ref().map(text));
                match cell {
                    Cell::State(id) => SerializedChange::State {
                        id: hex(id.to_bytes()),
                        from,
                        to,
                    },
                    Cell::Binding(name) => SerializedChange::Binding {
                        name: name.as_str().to_owned(),
                        from,
                        to,
                    },
                }
            }
        }))
    }
}

impl<'de, T: Term> Deserialize<'de> for Patch<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let term = |text: Option<String>| text.map(|text| parse(&text)).transpose();
        let written: Vec<SerializedChange> = Vec::deserialize(deserializer)?;
        let read = written.into_iter().map(|change| {
            Ok(match change {
                SerializedChange::Atom { space, atom, from, to } => {
                    let space = space.map(|id| unhex(&id)).transpose()?.map(SpaceId::from_bytes);
                    Change::Atom {
                        space,
                        atom: parse(&atom)?,
                        from,
                        to,
                    }
                }
                SerializedChange::SpaceCreated(id) => Change::SpaceCreated(SpaceId::from_bytes(unhex(&id)?)),
                SerializedChange::SpaceRemoved(id) => Change::SpaceRemoved(SpaceId::from_bytes(unhex(&id)?)),
                SerializedChange::State { id, from, to } => {
                    let cell = Cell::State(StateId::from_bytes(unhex(&id)?));
                    Change::Cell {
                        cell,
                        from: term(from)?,
                        to: term(to)?,
                    }
                }
                SerializedChange::Binding { name, from, to } => Change::Cell {
                    cell: Cell::Binding(Symbol::new(&name)),
                    from: term(from)?,
                    to: term(to)?,
                },
            })
        });
        read.collect()
    }
}

#[cfg(test)]
mod tests {
    use crate::env::Patch;
    use crate::{Atom, Environment};

    #[test]
    fn patches_round_trip() {
        let mut env = Environment::<Atom>::new();
        let before = env.clone();
        for text in [
            "(p 1)",
            "(p 1)",
            "(p \"a \\\" b\")",
            "(= (f $x) (g $x 1.0))",
            "(: f (-> A B))",
        ] {
            env.add_fact(text.parse().unwrap());
        }
        let space = env.new_space();
        env.space_mut(space).unwrap().add_fact(Atom::symbol("inside"));
        let state = env.new_state(Atom::from(1));
        env.bind("name", Atom::from(2.5));
        let without = serde_json::to_string(&env.diff(&before)).unwrap();

        let json = serde_json::to_string(&before.diff(&env)).unwrap();
        let patch: Patch = serde_json::from_str(&json).unwrap();
        assert_eq!(patch, before.diff(&env));
        let mut elsewhere = before.clone();
        elsewhere.apply(&patch);
        assert_eq!(elsewhere, env);
        assert_eq!(elsewhere.state(state), Some(&Atom::from(1)));
        elsewhere.apply(&serde_json::from_str(&without).unwrap());
        assert_eq!(elsewhere, before);
    }

    #[test]
    fn malformed_patches_are_errors() {
        for (json, complaint) in [
            (r#"[{"atom":{"atom":"(p","from":0,"to":1}}]"#, "column 1"),
            (r#"[{"atom":{"atom":"p","from":-1,"to":1}}]"#, "-1"),
            (r#"[{"space_created":"12"}]"#, "32 hexadecimal digits"),
            (
                r#"[{"space_removed":"+0000000000000000000000000000001"}]"#,
                "32 hexadecimal digits",
            ),
            (r#"[{"other":1}]"#, "other"),
            (r#"[{"atom":{"atom":"p","from":0,"to":1,"more":1}}]"#, "more"),
        ] {
            let error = serde_json::from_str::<Patch>(json).unwrap_err().to_string();
            assert!(error.contains(complaint), "{json}: {error}");
        }
    }
}
