//! Standing queries: answers that follow an environment.
//!
//! | item | use |
//! |---|---|
//! | [`answers_between`] | the answers of a conjunction that came or went between two states |
//! | [`Literal`] | a pattern of a conjunction, in a space, possibly negated |
//! | [`Answers`] | a persistent multiset of answers with signed multiplicities |

mod answers;
mod between;
mod conjunction;
mod literal;

pub use self::answers::{Answers, Iter};
pub use self::between::answers_between;
pub use self::literal::Literal;
