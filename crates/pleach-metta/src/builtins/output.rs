//! Output, and settings that have no effect.

use crate::builtin::Role::Code;
use crate::builtin::{Call, Entry, Outcome, unit_atom};
use crate::builtins::text::shown;

pub(super) const ENTRIES: &[Entry] = &[
    Entry::function("println!", &["(-> %Undefined% (->))"], println),
    Entry::function("trace!", &["(-> %Undefined% Atom %Undefined%)"], trace).reads(&[Code, Code]),
    Entry::function("pragma!", &["(-> Symbol %Undefined% (->))"], |_| {
        Outcome::Value(unit_atom())
    }),
];

fn println(call: &mut dyn Call) -> Outcome {
    let line = shown(call.argument(1)) + "\n";
    call.print(&line);
    Outcome::Value(unit_atom())
}

fn trace(call: &mut dyn Call) -> Outcome {
    let line = shown(call.argument(1)) + "\n";
    call.print(&line);
    Outcome::Eval(call.value(2).clone())
}
