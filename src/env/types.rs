//! The types of terms, by what was declared.

use std::convert::Infallible;
use std::ops::ControlFlow;
use std::slice;

use super::space::Space;
use crate::term::walk::{Visitor, walk};
use crate::term::{Bindings, Leaf, Term, View, alpha_eq, rename_apart, unify};

/// Types that every term has.
const ANY: [&str; 2] = ["Atom", "%Undefined%"];

impl<T: Term> Space<T> {
    /// The types of `term` by what was declared: of a symbol, its [`types`](Space::types); of an expression whose head is
    /// a symbol, the results of those of its function types `(-> parameters… result)` that the arguments fit, in the order
    /// of their declarations, each once.
    ///
    /// Empty if nothing is known: of a variable, a value, a symbol that was not declared; and of an ill-typed application.
    /// An argument of which nothing is known fits every parameter; an ill-typed one, none. Type variables stand for the
    /// same type throughout one function type. Every argument is an `Atom` and an `%Undefined%`; `Symbol`, `Variable`,
    /// `Expression` and `Grounded` say of what kind it must be, as in MeTTa.
    ///
    /// O(size of the term × declarations of a symbol in it × size of a declaration).
    ///
    /// ```
    /// # use pleach::{Atom, Environment};
    /// let mut env = Environment::<Atom>::new();
    /// env.add_type("length".parse()?, "(-> (List $t) Int)".parse()?);
    /// env.add_type("head".parse()?, "(-> (List $t) $t)".parse()?);
    /// env.add_type("names".parse()?, "(List Name)".parse()?);
    /// env.add_type("one".parse()?, "Int".parse()?);
    /// let types = |term: &str| env.types_of(&term.parse().unwrap());
    /// assert_eq!(types("(head names)"), [Atom::symbol("Name")]);
    /// assert_eq!(types("(length names)"), [Atom::symbol("Int")]);
    /// assert_eq!(types("(length one)"), []);
    /// assert_eq!(types("(length whatever)"), [Atom::symbol("Int")]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn types_of(&self, term: &T) -> Vec<T> {
        let whole = Application {
            head: "",
            arguments: slice::from_ref(term),
            known: Vec::with_capacity(1),
        };
        let ControlFlow::Continue(mut whole) = walk(whole.arguments.iter(), whole, &mut TypeInference(self));
        match whole.known.pop() {
            Some(Known::Types(types)) => types,
            _ => Vec::new(),
        }
    }

    fn declared(&self, term: &T) -> Known<T> {
        let types: Vec<T> = match term.view() {
            View::Leaf(Leaf::Symbol(name)) => self.types(name).cloned().collect(),
            _ => Vec::new(),
        };
        if types.is_empty() {
            Known::Nothing
        } else {
            Known::Types(types)
        }
    }

    /// The application that `term` is, if its head has a function type.
    fn application<'t>(&self, term: &'t T) -> Option<Application<'t, T>> {
        let View::Expression([head, arguments @ ..]) = term.view() else {
            return None;
        };
        let View::Leaf(Leaf::Symbol(head)) = head.view() else {
            return None;
        };
        self.types(head)
            .any(|of_type| function(of_type).is_some())
            .then(|| Application {
                head,
                arguments,
                known: Vec::with_capacity(arguments.len()),
            })
    }

    /// What is known of an application, by what is known of its arguments.
    fn results(&self, application: &Application<'_, T>) -> Known<T> {
        let mut results: Vec<T> = Vec::new();
        for declared in self.types(application.head) {
            if let Some(result) = apply(declared, application)
                && !results.iter().any(|known| alpha_eq(known, &result))
            {
                results.push(result);
            }
        }
        if results.is_empty() {
            Known::IllTyped
        } else {
            Known::Types(results)
        }
    }
}

/// Infers types from the inside out. A level is an application, or the whole term as the only argument of no function.
struct TypeInference<'e, T: Term>(&'e Space<T>);

impl<'t, T: Term> Visitor<slice::Iter<'t, T>> for TypeInference<'_, T> {
    type Level = Application<'t, T>;
    type Break = Infallible;

    fn enter(
        &mut self,
        term: &'t T,
        outer: &mut Application<'t, T>,
    ) -> ControlFlow<Infallible, Option<(slice::Iter<'t, T>, Application<'t, T>)>> {
        let application = self.0.application(term);
        if application.is_none() {
            outer.known.push(self.0.declared(term));
        }
        ControlFlow::Continue(application.map(|application| (application.arguments.iter(), application)))
    }

    fn leave(&mut self, inner: Application<'t, T>, outer: &mut Application<'t, T>) -> ControlFlow<Infallible> {
        outer.known.push(self.0.results(&inner));
        ControlFlow::Continue(())
    }
}

/// An application of a symbol that has a function type.
struct Application<'t, T> {
    head: &'t str,
    arguments: &'t [T],
    /// Of the arguments so far.
    known: Vec<Known<T>>,
}

/// What is known of a term's type.
enum Known<T> {
    Nothing,
    /// At least one.
    Types(Vec<T>),
    /// An application whose arguments fit no function type of its head.
    IllTyped,
}

/// The result of what was declared, if it is a function type that the arguments fit.
fn apply<T: Term>(declared: &T, application: &Application<'_, T>) -> Option<T> {
    let Application { arguments, known, .. } = application;
    // All are renamed, so ids from 1 on are free.
    let mut fresh = 1;
    let declared = rename_apart(declared, &mut fresh);
    let (parameters, result) = function(&declared)?;
    if parameters.len() != arguments.len() {
        return None;
    }
    let mut bindings = Bindings::new();
    for ((parameter, argument), known) in parameters.iter().zip(*arguments).zip(known) {
        let parameter = bindings.resolve(parameter);
        match fits_by_kind(&parameter, argument) {
            Some(true) => continue,
            Some(false) => return None,
            None => {}
        }
        match known {
            Known::Nothing => {}
            Known::IllTyped => return None,
            Known::Types(types) => {
                let fitting = types.iter().find_map(|of_type| {
                    let mut bindings = bindings.clone();
                    let mut fresh = fresh;
                    let of_type = rename_apart(of_type, &mut fresh);
                    let fits = is_any(&of_type) || unify(&parameter, &of_type, &mut bindings);
                    fits.then_some((bindings, fresh))
                });
                (bindings, fresh) = fitting?;
            }
        }
    }
    Some(bindings.resolve(result))
}

/// The parameters and the result of a function type.
fn function<T: Term>(of_type: &T) -> Option<(&[T], &T)> {
    match of_type.view() {
        View::Expression([arrow, parameters @ .., result]) if is_symbol(arrow, "->") => Some((parameters, result)),
        _ => None,
    }
}

/// Whether an argument fits a parameter that says of what kind it must be, or that it may be anything; `None` if it says
/// more.
fn fits_by_kind<T: Term>(parameter: &T, argument: &T) -> Option<bool> {
    let View::Leaf(Leaf::Symbol(name)) = parameter.view() else {
        return None;
    };
    let kind = match argument.view() {
        View::Leaf(Leaf::Symbol(_)) => "Symbol",
        View::Leaf(Leaf::Variable { .. }) => "Variable",
        View::Expression(_) => "Expression",
        View::Leaf(_) => "Grounded",
    };
    match name {
        name if ANY.contains(&name) => Some(true),
        "Symbol" | "Variable" | "Expression" | "Grounded" => Some(name == kind),
        _ => None,
    }
}

fn is_any<T: Term>(of_type: &T) -> bool {
    ANY.iter().any(|any| is_symbol(of_type, any))
}

fn is_symbol<T: Term>(term: &T, name: &str) -> bool {
    matches!(term.view(), View::Leaf(Leaf::Symbol(symbol)) if symbol == name)
}
