//! Functions registered by the host program.

use std::fmt;

use crate::signature::Signature;
use pleach::term::{Atom, ParseError};

/// The outcome of a host function.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum HostResult {
    /// These results, not evaluated further; none ends the branch.
    Values(Vec<Atom>),
    /// The call is irreducible and stays as it is.
    NotReducible,
    /// The call evaluates to `(Error call reason)`.
    Error(Atom),
}

type HostBody = dyn Fn(&[Atom]) -> HostResult + Send + Sync;

/// A typed function of the host program.
///
/// It may be called from several threads at once. It must be a pure function of its arguments, or evaluation isn't
/// deterministic.
///
/// ```
/// use pleach_metta::{Evaluator, HostFunction, HostResult};
/// use pleach::{Atom, Environment};
///
/// let length = HostFunction::new("(-> String Number)", |arguments| match arguments {
///     [Atom::String(text)] => HostResult::Values(vec![Atom::from(text.chars().count() as i64)]),
///     _ => HostResult::NotReducible,
/// })?;
/// let evaluator = Evaluator::builder().register("length", length).build()?;
/// let evaluation = evaluator.evaluate(Environment::new(), &"(+ 1 (length \"abc\"))".parse()?)?;
/// assert_eq!(evaluation.results, [Atom::from(4)]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct HostFunction {
    pub(crate) signatures: Vec<Signature>,
    body: Box<HostBody>,
}

impl HostFunction {
    /// Creates a function of a type, which determines the arguments that are evaluated and checked before the call. If
    /// it isn't a function type, all arguments are evaluated and none is checked.
    ///
    /// # Errors
    /// [`ParseError`] if the type can't be parsed.
    pub fn new(
        of_type: &str,
        body: impl Fn(&[Atom]) -> HostResult + Send + Sync + 'static,
    ) -> Result<Self, ParseError> {
        let of_type: Atom = of_type.parse()?;
        Ok(Self {
            signatures: Signature::of(&of_type).into_iter().collect(),
            body: Box::new(body),
        })
    }

    pub(crate) fn call(&self, arguments: &[Atom]) -> HostResult {
        (self.body)(arguments)
    }
}

impl fmt::Debug for HostFunction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HostFunction").finish_non_exhaustive()
    }
}
