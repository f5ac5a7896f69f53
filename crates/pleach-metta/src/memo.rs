//! Remembering what calls came to.
//!
//! The memory is a persistent map: tasks take a fork of it along, and what they have found is united, in order.
//!
//! A call that looked at nothing but rules and types is known as long as these and what names stand for stay the same,
//! whatever facts are written meanwhile; any other in one state of the environment alone.

use smallvec::SmallVec;

use super::Stop;
use super::head::{HeadInfo, Rules};
use super::machine::{Frame, Machine, Step};
use super::value::{Answer, Answers, Value};
use pleach::Map;
use pleach::term::Expression;

/// A call, the function type that its arguments were evaluated by, and the stamp of the definitions.
type Key = (Expression, Option<u16>, u64);

/// What a call came to, and how many steps that took.
#[derive(Clone, Debug)]
struct Known {
    results: SmallVec<[Value; 1]>,
    steps: u64,
    /// The stamp of the environment, and its meaning.
    stamp: u64,
    meaning: u64,
    /// Does it depend on more than the definitions?
    reads: bool,
}

impl Known {
    /// Whether a value had to be evaluated again was seen by its mark, which another meaning takes from it.
    fn holds(&self, stamp: u64, meaning: u64) -> bool {
        self.meaning == meaning && (!self.reads || self.stamp == stamp)
    }
}

/// The calls that are remembered.
#[derive(Clone, Debug)]
pub(super) struct Memo {
    calls: Map<Key, Known>,
    /// There is room for so many.
    limit: usize,
}

impl Memo {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            calls: Map::new(),
            limit,
        }
    }

    fn insert(&mut self, key: Key, known: Known) {
        if self.calls.len() >= self.limit {
            self.calls = Map::new();
        }
        self.calls.insert(key, known);
    }

    /// Takes over what another task has found beside.
    pub(super) fn adopt(&mut self, theirs: Self) {
        // Either value of a call is as good as the other.
        let all = std::mem::take(&mut self.calls).union(&theirs.calls);
        if all.len() <= self.limit {
            self.calls = all;
        }
    }
}

/// A call that is being evaluated, to be remembered.
pub(super) struct Remembering {
    key: Key,
    effects: u64,
    reads: u64,
    steps: u64,
}

impl Machine {
    /// The answers of the call from `base` on, if it was evaluated before. If not, they will be remembered.
    pub(super) fn recall(
        &mut self,
        info: &HeadInfo,
        signature: Option<u16>,
        base: usize,
    ) -> Result<Option<Step>, Stop> {
        let Some(memo) = &self.memo else { return Ok(None) };
        let reducible = !matches!(&info.rules, Rules::Few(rules) if rules.is_empty());
        if !reducible || self.home.is_some() || !self.vals[base..].iter().all(|value| value.atom.is_ground()) {
            return Ok(None);
        }
        let call = Expression::new(self.vals[base..].iter().map(|value| value.atom.clone()));
        let key = (call, signature, self.env.definitions_stamp());
        if let Some(known) = memo
            .calls
            .get(&key)
            .filter(|known| known.holds(self.epoch, self.meaning))
        {
            let (results, steps) = (known.results.clone(), known.steps);
            if known.reads {
                self.note_read();
            }
            self.vals.truncate(base);
            self.skip(steps)?;
            let answers = results.into_iter().map(|value| Answer { value, delta: None });
            return Ok(Some(Step::Return(answers.collect::<Vec<_>>().into())));
        }
        // A call in tail position is part of one that is remembered already: so the stack stays as it is.
        if !matches!(
            &self.stack[..],
            [.., Frame::Memo(_)] | [.., Frame::Memo(_), Frame::Expected(_)]
        ) {
            self.stack.push(Frame::Memo(Box::new(Remembering {
                key,
                effects: self.effects,
                reads: self.reads.get(),
                steps: self.steps,
            })));
        }
        Ok(None)
    }

    /// Remembers the answers of a call, if to evaluate it did nothing but compute.
    pub(super) fn remember(&mut self, call: Remembering, answers: &Answers) {
        if call.effects != self.effects || call.key.2 != self.env.definitions_stamp() {
            return;
        }
        if !answers
            .iter()
            .all(|answer| answer.value.atom.is_ground() && answer.delta.is_none())
        {
            return;
        }
        let known = Known {
            results: answers.iter().map(|answer| answer.value.clone()).collect(),
            steps: self.steps - call.steps,
            stamp: self.epoch,
            meaning: self.meaning,
            reads: call.reads != self.reads.get(),
        };
        if let Some(memo) = &mut self.memo {
            memo.insert(call.key, known);
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
