//! Standing queries: answers that follow an environment.
//!
//! | item | use |
//! |---|---|
//! | [`View`] | a standing query with its current answers |
//! | [`Aggregate`] | the count, sum, minimum or maximum of a group of answers |
//! | [`answers_between`] | the answers of a conjunction that came or went between two states |
//! | [`Literal`] | a pattern of a conjunction, in a space, possibly negated |
//! | [`Answers`] | a persistent multiset of answers with signed multiplicities |

mod aggregate;
mod answers;
mod between;
mod conjunction;
mod literal;
mod standing;
mod transition;

pub use self::aggregate::Aggregate;
pub use self::answers::{Answers, Iter};
pub use self::between::answers_between;
pub use self::literal::Literal;
pub use self::standing::View;
