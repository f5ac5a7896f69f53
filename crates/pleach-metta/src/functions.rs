//! Calls of built-in functions with the arguments on the value stack.

use crate::builtin::{Call, Entry, Function, Outcome};
use crate::error::EvalError;
use crate::machine::Machine;
use crate::normal_form::is_normal_item;
use crate::value::{Answer, Value};
use pleach::Environment;
use pleach::env::{SpaceId, StateId};
use pleach::term::{Atom, Expression, Symbol, rename_apart};

impl Machine {
    /// Calls a function with the arguments on the value stack: they follow the head, which is at index `base`.
    pub(crate) fn call_function(&mut self, entry: &Entry, function: Function, base: usize) -> Outcome {
        let touched = (entry.touched)(&self.vals[base + 1..]);
        if touched > 0
            && let Err(error) = self.count_more(touched as u64, |machine| machine.call_from(base))
        {
            return Outcome::Ended(error);
        }
        function(&mut CallAt { machine: self, base })
    }
}

/// A call whose head is at index `base` of the value stack.
struct CallAt<'m> {
    machine: &'m mut Machine,
    base: usize,
}

impl Call for CallAt<'_> {
    fn value(&self, index: usize) -> &Value {
        &self.machine.vals[self.base + index]
    }

    fn values(&self) -> &[Value] {
        &self.machine.vals[self.base + 1..]
    }

    fn item(&mut self, list: &Value, index: usize, item: &Atom) -> Value {
        self.machine.normal_items(list).item(index, item)
    }

    fn items(&mut self, list: &Value) -> Vec<Value> {
        let normal = self.machine.normal_items(list);
        let items = list.atom.as_expression().unwrap_or_default().iter().enumerate();
        items.map(|(index, item)| normal.item(index, item)).collect()
    }

    fn are_normal(&mut self, list: &Value, first: usize) -> bool {
        match &list.atom {
            Atom::Expression(items) => self.machine.normal_items(list).all_from(first, items),
            _ => true,
        }
    }

    fn is_normal(&self, item: &Value) -> bool {
        is_normal_item(item, self.machine.normal_stamp)
    }

    fn tuple_of(&mut self, items: Expression, normal: bool) -> Value {
        self.machine.tuple_of(items, normal)
    }

    fn rename_apart(&mut self, atom: &Atom) -> Atom {
        rename_apart(atom, &mut self.machine.fresh)
    }

    fn types_of(&mut self, atom: &Atom) -> Vec<Atom> {
        self.machine.types_of(atom)
    }

    fn type_of_content(&mut self, content: &Atom) -> Atom {
        self.machine.type_of_content(content)
    }

    fn is_undefined(&self, atom: &Atom) -> bool {
        self.machine.is_undefined(atom)
    }

    fn environment(&self) -> &Environment {
        &self.machine.env
    }

    fn track_read(&self) {
        self.machine.track_read();
    }

    fn space_of(&self, atom: &Atom) -> Option<Option<SpaceId>> {
        self.machine.space_of(atom)
    }

    fn binding(&self, name: Symbol) -> Option<&Atom> {
        self.machine.binding(name)
    }

    fn write(&mut self, change: &mut dyn FnMut(&mut Environment)) {
        self.machine.write(change);
    }

    fn write_definitions(&mut self, change: &mut dyn FnMut(&mut Environment)) {
        self.machine.write_definitions(change);
    }

    fn new_space(&mut self) -> SpaceId {
        self.machine.prepare_name();
        self.machine.write(Environment::new_space)
    }

    fn new_state(&mut self, content: Atom) -> StateId {
        self.machine.prepare_name();
        self.machine.write(|env| env.new_state(content))
    }

    fn print(&mut self, text: &str) {
        self.machine.print(text);
    }

    fn spread(&mut self) {
        self.machine.spread = true;
    }

    fn check_limits(&self, atoms: usize) -> Result<(), EvalError> {
        let shared = &self.machine.shared;
        shared.check_interrupt(|| self.machine.call_from(self.base))?;
        shared.check_more(0, atoms * (size_of::<Atom>() + size_of::<Answer>()))
    }

    fn count_steps(&mut self, steps: u64) -> Result<(), EvalError> {
        self.machine.skip(steps)
    }
}
