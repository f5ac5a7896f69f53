//! Functions that the host registers.

use std::fmt;

use super::types::Signature;
use pleach::term::{Atom, ParseError};

/// What a host's function came to.
#[derive(Clone, Debug)]
pub enum HostResult {
    /// These results, which are not evaluated again; none ends the branch.
    Values(Vec<Atom>),
    /// The call stands as it is.
    NotReducible,
    /// The call is the error `(Error call reason)`.
    Error(Atom),
}

type Body = dyn Fn(&[Atom]) -> HostResult + Send + Sync;

/// A function of the host, with its type.
///
/// It may be called from several threads at once, and must be a function of its arguments, or evaluation is not
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
    pub(super) signatures: Vec<Signature>,
    body: Box<Body>,
}

impl HostFunction {
    /// A function of this type, which decides what arguments are evaluated, and checked, before the call. A type that is
    /// no function type leaves all arguments to be evaluated.
    ///
    /// # Errors
    /// [`ParseError`] if the type can't be read.
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

    pub(super) fn call(&self, arguments: &[Atom]) -> HostResult {
        (self.body)(arguments)
    }
}

impl fmt::Debug for HostFunction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HostFunction").finish_non_exhaustive()
    }
}
