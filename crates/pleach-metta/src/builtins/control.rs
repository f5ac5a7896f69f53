//! Control: choices, steps of reduction, and several results.

use smallvec::SmallVec;

use crate::bindings::from_atom;
use crate::builtin::Role::{Clauses, Code, Data, Tuple};
use crate::builtin::{Call, Entry, Outcome, unit_atom, wrong};
use crate::canonical::same;
use crate::references::space_in;
use crate::subst::Subst;
use crate::symbols::{is_empty_symbol, is_error, symbols};
use crate::traversal::variables;
use pleach::term::Atom;

pub(super) const ENTRIES: &[Entry] = &[
    Entry::function("empty", &["(-> %Undefined%)"], |_| Outcome::Nothing).ruled(),
    Entry::function("id", &["(-> $t $t)"], first).ruled(),
    Entry::function("noeval", &["(-> Atom Atom)"], first).ruled(),
    Entry::function("nop", &["(-> (->))", "(-> $t (->))"], |_| Outcome::Value(unit_atom())),
    Entry::function("eval", &["(-> Atom Atom)"], eval)
        .reads(&[Code])
        .instruction(),
    Entry::function("evalc", &["(-> Atom SpaceType Atom)"], evalc)
        .reads(&[Code, Code])
        .instruction(),
    Entry::function("sealed", &["(-> Expression Atom Atom)"], sealed),
    Entry::function("atom-subst", &["(-> Atom Variable Atom Atom)"], atom_subst),
    Entry::rules(
        "unquote",
        &["(-> %Undefined% %Undefined%)"],
        &["(= (unquote (quote $a)) $a)"],
    ),
    Entry::rules(
        "noreduce-eq",
        &["(-> Atom Atom Bool)"],
        &["(= (noreduce-eq $a $b) (== (quote $a) (quote $b)))"],
    ),
    Entry::function("return-on-error", &["(-> Atom Atom %Undefined%)"], return_on_error).reads(&[Data, Code]),
    Entry::rules(
        "first-from-pair",
        &[],
        &["(= (first-from-pair $pair)
              (unify $pair ($first $second) $first (Error (first-from-pair $pair) \"incorrect pair format\")))"],
    ),
    Entry::rules(
        "if-decons-expr",
        &["(-> Expression Variable Variable Atom Atom %Undefined%)"],
        &["(= (if-decons-expr $list $head $tail $then $else)
              (if-equal $list () $else
                 (chain (decons-atom $list) $parts (unify $parts ($head $tail) $then $else))))"],
    )
    .reads(&[Data, Data, Data, Code, Code])
    .binds(&[(2, 4), (3, 4)]),
    Entry::rules(
        "switch-minimal",
        &["(-> Atom Expression %Undefined%)"],
        &["(= (switch-minimal $atom $cases)
              (if-equal $cases () (empty)
                 (chain (decons-atom $cases) $parts
                    (unify $parts (($pattern $body) $others)
                       (unify $atom $pattern $body (switch-minimal $atom $others))
                       (empty)))))"],
    )
    .reads(&[Data, Clauses]),
    Entry::function("superpose", &["(-> Expression Atom)"], superpose).reads(&[Tuple]),
    Entry::function("hyperpose", &["(-> Expression Atom)"], hyperpose).reads(&[Tuple]),
    Entry::function("superpose-bind", &["(-> Expression Atom)"], superpose_bind).instruction(),
    Entry::function("if-equal", &["(-> Atom Atom Atom Atom %Undefined%)"], if_equal)
        .reads(&[Data, Data, Code, Code])
        .compares(),
    Entry::function("if-error", &["(-> Atom Atom Atom %Undefined%)"], if_error)
        .reads(&[Code, Code, Code])
        .ruled(),
];

fn first(call: &mut dyn Call) -> Outcome {
    Outcome::Known(call.value(1).clone())
}

fn eval(call: &mut dyn Call) -> Outcome {
    Outcome::Reduce(call.argument(1).clone(), None)
}

fn superpose(call: &mut dyn Call) -> Outcome {
    let list = call.value(1).clone();
    match list.atom.as_expression() {
        Some(_) => Outcome::EvalEach(call.items(&list)),
        None => wrong("superpose expects an expression as an argument"),
    }
}

/// Evaluates each item as `superpose` does, in tasks of their own.
fn hyperpose(call: &mut dyn Call) -> Outcome {
    call.spread();
    superpose(call)
}

fn superpose_bind(call: &mut dyn Call) -> Outcome {
    let answers = call
        .argument(1)
        .as_expression()
        .map(|items| items.iter().map(from_atom).collect());
    match answers {
        Some(Some(answers)) => Outcome::Bound(answers),
        _ => wrong("superpose-bind expects what collapse-bind returns"),
    }
}

fn if_equal(call: &mut dyn Call) -> Outcome {
    let chosen = if same(call.argument(1), call.argument(2)) { 3 } else { 4 };
    Outcome::Eval(call.value(chosen).clone())
}

/// Returns `(return atom)` for an error or `Empty`, to be returned at once, or evaluates the second argument.
fn return_on_error(call: &mut dyn Call) -> Outcome {
    let atom = call.argument(1);
    if is_error(atom) || is_empty_symbol(atom) {
        return Outcome::Value(Atom::expression([Atom::Symbol(symbols().return_), atom.clone()]));
    }
    Outcome::Eval(call.value(2).clone())
}

fn if_error(call: &mut dyn Call) -> Outcome {
    let chosen = if is_error(call.argument(1)) { 2 } else { 3 };
    Outcome::Eval(call.value(chosen).clone())
}

fn evalc(call: &mut dyn Call) -> Outcome {
    match call.space_of(call.argument(2)) {
        Some(space) if space_in(call.environment(), space).is_some() => {
            Outcome::Reduce(call.argument(1).clone(), Some(space))
        }
        _ => wrong("a space is expected as the second argument"),
    }
}

/// Replaces a variable by an atom in a template.
fn atom_subst(call: &mut dyn Call) -> Outcome {
    match call.argument(2) {
        Atom::Variable(variable) => {
            let entry = (*variable, call.argument(1).clone());
            Outcome::Value(Subst::new(vec![entry]).apply(call.argument(3)))
        }
        _ => Outcome::Stands,
    }
}

/// Renames the variables of an atom apart, except those of the first argument.
fn sealed(call: &mut dyn Call) -> Outcome {
    let (kept, atom) = (call.argument(1).clone(), call.argument(2).clone());
    let renamed = call.rename_apart(&Atom::expression([kept.clone(), atom]));
    let Some([new_kept, new]) = renamed.as_expression() else {
        return Outcome::Stands;
    };
    let (mut before, mut after) = (SmallVec::new(), SmallVec::new());
    variables(&kept, &mut before);
    variables(new_kept, &mut after);
    let back = after.into_iter().zip(before.into_iter().map(Atom::Variable));
    Outcome::Value(Subst::new(back.collect()).apply(new))
}
