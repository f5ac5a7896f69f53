//! `import!`.

use std::rc::Rc;
use std::vec;

use super::{Part, Waiting};
use crate::env::SpaceId;
use crate::eval::code::{Activation, At};
use crate::eval::machine::{Frame, Machine, Step};
use crate::eval::{EvalError, Stop};
use crate::term::{Atom, Item, Parser};

impl Machine {
    /// The items of a file of the program's folder.
    pub(in crate::eval) fn read(&mut self, file: &Atom) -> Result<Result<Vec<Item>, Atom>, Stop> {
        let name = match file {
            Atom::Symbol(name) => name.as_str().to_owned(),
            Atom::String(name) => name.to_string(),
            _ => return Ok(Err(Atom::string("a file is expected as the second argument"))),
        };
        let Some(folder) = &self.shared.folder else {
            return Ok(Err(Atom::string("imports are not enabled")));
        };
        let plain = std::path::Path::new(&name);
        // A file of the same folder: no way out of it.
        if plain.components().count() != 1
            || !matches!(plain.components().next(), Some(std::path::Component::Normal(_)))
        {
            return Ok(Err(Atom::string("a file of the same folder is expected")));
        }
        let mut path = folder.join(&name);
        if !path.exists() && path.extension().is_none() {
            path.set_extension("metta");
        }
        let failed = |reason: String| EvalError::Import {
            path: path.clone(),
            reason,
        };
        let text = std::fs::read_to_string(&path).map_err(|error| failed(error.to_string()))?;
        let items: Result<Vec<Item>, _> = Parser::new(&text).collect();
        Ok(Ok(items.map_err(|error| failed(error.to_string()))?))
    }

    /// Adds a file's items up to the first that is to be evaluated, and evaluates that.
    pub(in crate::eval) fn import(
        &mut self,
        act: Rc<Activation>,
        at: At,
        space: Option<SpaceId>,
        mut items: vec::IntoIter<Item>,
    ) -> Result<Step, Stop> {
        let mut facts = Vec::new();
        let mut query = None;
        for item in items.by_ref() {
            self.count(|_| act.instantiate(at))?;
            if item.bang {
                query = Some(item.atom);
                break;
            }
            facts.push(item.atom);
        }
        if !facts.is_empty() {
            self.write(|env| match space {
                None => env.add_facts_bulk(facts),
                Some(id) => {
                    if let Some(mut space) = env.space_mut(id) {
                        space.add_facts_bulk(facts);
                    }
                }
            });
        }
        match query {
            Some(atom) => {
                self.stack.push(Frame::Form(Waiting {
                    act,
                    at,
                    part: Part::Imported(Box::new((space, items))),
                }));
                Ok(Step::Atom(atom))
            }
            None => Ok(Step::value(Atom::expression([]))),
        }
    }
}
