//! Type inference from declarations.

use std::convert::Infallible;
use std::ops::ControlFlow;
use std::slice;

use super::space::Space;
use crate::term::walk::{Visitor, walk};
use crate::term::{Bindings, Leaf, Term, View, alpha_eq, rename_apart, unify};

/// The types that every term has.
const ANY: [&str; 2] = ["Atom", "%Undefined%"];

impl<T: Term> Space<T> {
    /// Infers the types of `term` from declarations: the [`types`](Space::types) of a symbol; for an application of a symbol,
    /// the result types of its function types `(-> parameters… result)` that accept the arguments, in the order of
    /// declaration, each once.
    ///
    /// The result is empty for a variable, a value, an undeclared symbol, and an ill-typed application. A parameter accepts an
    /// argument of unknown type, and no ill-typed one. A type variable has one value throughout a function type. Every
    /// argument has the types `Atom` and `%Undefined%`; `Symbol`, `Variable`, `Expression` and `Grounded` are metatypes, as
    /// in MeTTa.
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
            Some(Inferred::Types(types)) => types,
            _ => Vec::new(),
        }
    }

    fn declared(&self, term: &T) -> Inferred<T> {
        let types: Vec<T> = match term.view() {
            View::Leaf(Leaf::Symbol(name)) => self.types(name).cloned().collect(),
            _ => Vec::new(),
        };
        if types.is_empty() {
            Inferred::Unknown
        } else {
            Inferred::Types(types)
        }
    }

    /// Views `term` as an application, if its head has a function type.
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

    /// The types of an application, given those of its arguments.
    fn results(&self, application: &Application<'_, T>) -> Inferred<T> {
        let mut results: Vec<T> = Vec::new();
        for declared in self.types(application.head) {
            if let Some(result) = apply(declared, application)
                && !results.iter().any(|known| alpha_eq(known, &result))
            {
                results.push(result);
            }
        }
        if results.is_empty() {
            Inferred::IllTyped
        } else {
            Inferred::Types(results)
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
    /// The types of the arguments so far.
    known: Vec<Inferred<T>>,
}

/// The inferred types of a term.
enum Inferred<T> {
    Unknown,
    /// One or more.
    Types(Vec<T>),
    /// An application whose arguments fit no function type of its head.
    IllTyped,
}

/// The result type of a declared type, if it is a function type that accepts the arguments.
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
        match fits_metatype(&parameter, argument) {
            Some(true) => continue,
            Some(false) => return None,
            None => {}
        }
        match known {
            Inferred::Unknown => {}
            Inferred::IllTyped => return None,
            Inferred::Types(types) => {
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

/// Whether a parameter that is a metatype, or any type, accepts an argument; `None` if it is another type.
fn fits_metatype<T: Term>(parameter: &T, argument: &T) -> Option<bool> {
    let View::Leaf(Leaf::Symbol(name)) = parameter.view() else {
        return None;
    };
    let kind = match argument.view() {
        View::Leaf(Leaf::Symbol(_)) => "Symbol",
        View::Leaf(Leaf::Variable { .. } | Leaf::Anonymous) => "Variable",
        View::Expression(_) | View::Tagged(..) => "Expression",
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
