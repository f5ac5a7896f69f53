//! `import!`: a file of the program's folder, once into each space.
//!
//! That a file was imported is a binding, by a name that no program can write, so it is forked, united and undone with the
//! world. It is there before the file's first atom: files may import each other.

use std::path::{Component, Path, PathBuf};
use std::rc::Rc;
use std::vec;

use super::{Part, Waiting, names};
use crate::code::{Activation, At};
use crate::machine::{Frame, Machine, Step, is_error};
use crate::value::Answers;
use crate::{EvalError, Stop};
use pleach::env::SpaceId;
use pleach::term::{Atom, Item, Parser};

impl Machine {
    /// Imports a file into the space of this name.
    pub(crate) fn begin_import(&mut self, act: Rc<Activation>, at: At, name: &Atom, file: &Atom) -> Result<Step, Stop> {
        let failed = |reason| Ok(Step::value(crate::error(act.instantiate(at), reason)));
        let path = match self.path_of(file) {
            Ok(path) => path,
            Err(reason) => return failed(reason),
        };
        let mut items = read(&path)?;
        let space = match self.import_space(name) {
            Ok(space) => space,
            Err(reason) => return failed(reason),
        };
        let into = space.map_or_else(|| names().this_space.to_string(), |space| space.to_string());
        let mark = format!("(import! {into} {})", path.display());
        self.note_read();
        if self.env.binding(&mark).is_some() {
            return Ok(Step::value(Atom::expression([])));
        }
        self.write_meaning(|env| env.bind(&mark, Atom::boolean(true)));
        if space.is_some() {
            for item in &mut items {
                item.atom = with_home(&item.atom, name);
            }
        }
        self.import(act, at, space, items.into_iter())
    }

    /// Where a file of the program's folder is.
    fn path_of(&self, file: &Atom) -> Result<PathBuf, Atom> {
        let name = match file {
            Atom::Symbol(name) => name.as_str().to_owned(),
            Atom::String(name) => name.to_string(),
            _ => return Err(Atom::string("a file is expected as the second argument")),
        };
        let Some(folder) = &self.shared.folder else {
            return Err(Atom::string("imports are not enabled"));
        };
        let plain = Path::new(&name);
        // A file of the same folder: no way out of it.
        if plain.components().count() != 1 || !matches!(plain.components().next(), Some(Component::Normal(_))) {
            return Err(Atom::string("a file of the same folder is expected"));
        }
        let mut path = folder.join(&name);
        if !path.exists() && path.extension().is_none() {
            path.set_extension("metta");
        }
        Ok(path)
    }

    /// The items of a file of the program's folder.
    pub(crate) fn read(&self, file: &Atom) -> Result<Result<Vec<Item>, Atom>, Stop> {
        match self.path_of(file) {
            Ok(path) => read(&path).map(Ok),
            Err(reason) => Ok(Err(reason)),
        }
    }

    /// Goes on after an item of the file was evaluated, unless it came to an error.
    pub(crate) fn imported(
        &mut self,
        act: Rc<Activation>,
        at: At,
        rest: (Option<SpaceId>, vec::IntoIter<Item>),
        answers: Answers,
    ) -> Result<Step, Stop> {
        let mut answers = answers.into_vec();
        answers.retain(|answer| is_error(&answer.value.atom));
        if !answers.is_empty() {
            return Ok(Step::Return(answers.into()));
        }
        self.import(act, at, rest.0, rest.1)
    }

    /// Adds a file's items up to the first that is to be evaluated, and evaluates that.
    fn import(
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
            facts.push((item.atom, item.count));
        }
        if !facts.is_empty() {
            self.write(|env| match space {
                None => env.add_multiplicities(facts),
                Some(id) => {
                    if let Some(mut space) = env.space_mut(id) {
                        space.add_multiplicities(facts);
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
                Ok(self.eval_in(space, atom))
            }
            None => Ok(Step::value(Atom::expression([]))),
        }
    }
}

fn read(path: &Path) -> Result<Vec<Item>, Stop> {
    let failed = |reason: String| EvalError::Import {
        path: path.to_owned(),
        reason,
    };
    let text = std::fs::read_to_string(path).map_err(|error| failed(error.to_string()))?;
    let items: Result<Vec<Item>, _> = Parser::new(&text).collect();
    items.map_err(|error| failed(error.to_string()))
}

/// An atom of a file, in which `&self` is the space that the file is imported into: this one. Iterative.
fn with_home(atom: &Atom, home: &Atom) -> Atom {
    let of_leaf = |leaf: &Atom| match leaf {
        Atom::Symbol(name) if *name == names().this_space => home.clone(),
        leaf => leaf.clone(),
    };
    let mut levels: Vec<(&[Atom], Vec<Atom>)> = vec![(std::slice::from_ref(atom), Vec::new())];
    while let Some((items, done)) = levels.last_mut() {
        match items.get(done.len()) {
            Some(Atom::Expression(inner)) => levels.push((inner, Vec::with_capacity(inner.len()))),
            Some(leaf) => done.push(of_leaf(leaf)),
            None => {
                let Some((_, mut done)) = levels.pop() else { break };
                match levels.last_mut() {
                    Some((_, outer)) => outer.push(Atom::Expression(done.into())),
                    None => return done.pop().unwrap_or_else(|| atom.clone()),
                }
            }
        }
    }
    atom.clone()
}
