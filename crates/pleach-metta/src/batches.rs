//! The items of a program in batches.

use std::convert::Infallible;
use std::iter::{Fuse, Map};

use pleach::term::Item;

/// The items of a program, grouped into runs of facts and single queries.
///
/// Adding a run of facts in one bulk write is much cheaper than adding them one by one.
///
/// ```
/// use pleach::Environment;
/// use pleach::term::{Item, Parser};
/// use pleach_metta::{Batch, Batches};
///
/// let items: Vec<Item> = Parser::new("(p 1) (p 2) !(p 3) (p 4)").collect::<Result<_, _>>()?;
/// let mut world = Environment::new();
/// let mut queries = Vec::new();
/// let mut batches = Batches::of_items(items);
/// while let Some(Ok(batch)) = batches.next_batch() {
///     match batch {
///         Batch::Facts(facts) => world.add_multiplicities(facts.map(|item| (item.atom, item.count))),
///         Batch::Query(item) => queries.push(item.atom.to_string()),
///     }
/// }
/// assert_eq!(world.fact_count(), 3);
/// assert_eq!(queries, ["(p 3)"]);
/// # Ok::<(), pleach::term::ParseError>(())
/// ```
#[derive(Debug)]
pub struct Batches<I, E> {
    items: Fuse<I>,
    /// An item that was read ahead: it didn't belong to the last batch.
    lookahead: Option<Result<Item, E>>,
}

/// A step of a program: see [`Batches`].
#[derive(Debug)]
pub enum Batch<'b, I, E> {
    /// Atoms to add, up to the next `!`. Those that aren't taken come again in the next batch.
    Facts(Facts<'b, I, E>),
    /// An atom after `!`, to evaluate.
    Query(Item),
}

/// An iterator over a run of facts: see [`Batch::Facts`].
#[derive(Debug)]
pub struct Facts<'b, I, E>(&'b mut Batches<I, E>);

/// A list of items as [`Batches`] takes it, without parse errors.
pub type Parsed<I> = Map<I, fn(Item) -> Result<Item, Infallible>>;

impl<I: Iterator<Item = Result<Item, E>>, E> Batches<I, E> {
    /// Groups the items of a parser.
    pub fn new(items: impl IntoIterator<Item = Result<Item, E>, IntoIter = I>) -> Self {
        Self {
            items: items.into_iter().fuse(),
            lookahead: None,
        }
    }

    /// Returns the next batch.
    ///
    /// # Errors
    /// The next item's, if that is an error.
    pub fn next_batch(&mut self) -> Option<Result<Batch<'_, I, E>, E>> {
        match self.next_item()? {
            Ok(item) if item.bang => Some(Ok(Batch::Query(item))),
            Ok(item) => {
                self.lookahead = Some(Ok(item));
                Some(Ok(Batch::Facts(Facts(self))))
            }
            Err(error) => Some(Err(error)),
        }
    }

    fn next_item(&mut self) -> Option<Result<Item, E>> {
        self.lookahead.take().or_else(|| self.items.next())
    }
}

impl<I: Iterator<Item = Item>> Batches<Parsed<I>, Infallible> {
    /// Groups a list of items.
    pub fn of_items(items: impl IntoIterator<Item = Item, IntoIter = I>) -> Self {
        Self::new(items.into_iter().map(Ok as fn(Item) -> Result<Item, Infallible>))
    }
}

impl<I: Iterator<Item = Result<Item, E>>, E> Iterator for Facts<'_, I, E> {
    type Item = Item;

    fn next(&mut self) -> Option<Item> {
        match self.0.next_item()? {
            Ok(item) if !item.bang => Some(item),
            other => {
                self.0.lookahead = Some(other);
                None
            }
        }
    }
}
