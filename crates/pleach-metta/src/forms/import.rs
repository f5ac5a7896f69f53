//! `import!`: imports a module, once into each space.
//!
//! A binding, under a name that no program can write, records the import, so it is forked, merged and undone with the
//! environment. It is made before the file's first atom: files may import each other.

use std::rc::Rc;
use std::vec;

use crate::batches::{Batch, Batches};
use crate::builtin::unit_atom;
use crate::code::{Activation, NodeIndex};
use crate::error::EvalError;
use crate::frame::{Continuation, FormFrame, Frame, Step};
use crate::machine::Machine;
use crate::modules::{Module, Unread};
use crate::symbols::{error_atom, is_error, symbols};
use crate::value::Answers;
use pleach::env::SpaceId;
use pleach::term::{Atom, Item, Rewrite, rewrite};

impl Machine {
    /// Imports a file into the space of this name.
    pub(crate) fn begin_import(
        &mut self,
        act: Rc<Activation>,
        at: NodeIndex,
        name: &Atom,
        file: &Atom,
    ) -> Result<Step, EvalError> {
        let failed = |reason| Ok(Step::value(error_atom(act.instantiate(at), reason)));
        let Module { path, mut items } = match self.shared.modules.read(file) {
            Ok(module) => module,
            Err(Unread::Invalid(reason)) => return failed(Atom::string(reason)),
            Err(Unread::Missing(name)) => {
                // A symbol, as in the reference.
                return failed(Atom::symbol(format!("Failed to resolve module top:{name}").as_str()));
            }
            Err(Unread::Failed(error)) => return Err(error),
        };
        let space = match self.import_space(name) {
            Ok(space) => space,
            Err(reason) => return failed(reason),
        };
        let into = space.map_or_else(|| symbols().this_space.to_string(), |space| space.to_string());
        let mark = format!("(import! {into} {})", path.display());
        self.track_read();
        if self.env.binding(&mark).is_some() {
            return Ok(Step::value(unit_atom()));
        }
        self.write_definitions(|env| env.bind(&mark, Atom::boolean(true)));
        if space.is_some() {
            for item in &mut items {
                item.atom = with_home(&item.atom, name);
            }
        }
        self.import(act, at, space, items.into_iter())
    }

    /// Continues after an item of the file, unless it evaluated to an error.
    pub(crate) fn imported(
        &mut self,
        act: Rc<Activation>,
        at: NodeIndex,
        rest: (Option<SpaceId>, vec::IntoIter<Item>),
        answers: Answers,
    ) -> Result<Step, EvalError> {
        let mut answers = answers.into_vec();
        answers.retain(|answer| is_error(&answer.value.atom));
        if !answers.is_empty() {
            return Ok(Step::Return(answers.into()));
        }
        self.import(act, at, rest.0, rest.1)
    }

    /// Adds the items of a file up to the first query, and evaluates that.
    fn import(
        &mut self,
        act: Rc<Activation>,
        at: NodeIndex,
        space: Option<SpaceId>,
        mut items: vec::IntoIter<Item>,
    ) -> Result<Step, EvalError> {
        let mut batches = Batches::of_items(items.by_ref());
        let query = loop {
            match batches.next_batch() {
                Some(Ok(Batch::Facts(batch))) => {
                    let mut facts = Vec::new();
                    for item in batch {
                        self.count(|_| act.instantiate(at))?;
                        facts.push((item.atom, item.count));
                    }
                    self.write(|env| match space {
                        None => env.add_multiplicities(facts),
                        Some(id) => {
                            if let Some(mut space) = env.space_mut(id) {
                                space.add_multiplicities(facts);
                            }
                        }
                    });
                }
                Some(Ok(Batch::Query(item))) => break item.atom,
                None => return Ok(Step::value(unit_atom())),
            }
        };
        drop(batches);
        self.count(|_| act.instantiate(at))?;
        self.stack.push(Frame::Form(FormFrame {
            act,
            at,
            then: Continuation::Imported(Box::new((space, items))),
        }));
        self.enter_home(space);
        Ok(Step::Atom(query))
    }
}

/// Replaces `&self` in an atom of a file by the space that the file is imported into.
fn with_home(atom: &Atom, home: &Atom) -> Atom {
    rewrite(atom, |term| match term {
        Atom::Symbol(name) if *name == symbols().this_space => Rewrite::Replace(home.clone()),
        Atom::Expression(items) => Rewrite::Items(items),
        _ => Rewrite::Keep,
    })
}
