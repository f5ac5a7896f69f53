//! Lookup and memoization of calls.

use crate::error::EvalError;
use crate::frame::{Frame, Step};
use crate::head::HeadInfo;
use crate::machine::Machine;
use crate::memo::{MemoEntry, MemoFrame};
use crate::value::{Answer, Answers};
use pleach::term::Expression;

impl Machine {
    /// Looks up the call from `base` on. If it isn't memoized yet, pushes a frame to do so.
    pub(crate) fn recall(
        &mut self,
        info: &HeadInfo,
        signature: Option<u16>,
        base: usize,
    ) -> Result<Option<Step>, EvalError> {
        let Some(memo) = &self.memo else { return Ok(None) };
        if info.has_no_rules() || self.home.is_some() || !self.vals[base..].iter().all(|value| value.atom.is_ground()) {
            return Ok(None);
        }
        let call = Expression::new(self.vals[base..].iter().map(|value| value.atom.clone()));
        let key = (call, signature, self.env.definitions_stamp());
        if let Some(known) = memo.get(&key, self.epoch, self.normal_stamp) {
            let (results, steps) = (known.results.clone(), known.steps);
            if known.reads {
                self.track_read();
            }
            self.vals.truncate(base);
            self.skip(steps)?;
            let answers = results.into_iter().map(Answer::new);
            return Ok(Some(Step::Return(answers.collect::<Vec<_>>().into())));
        }
        // A tail call belongs to a call that is being memoized: the stack doesn't grow.
        if !matches!(
            &self.stack[..],
            [.., Frame::Memo(_)] | [.., Frame::Memo(_), Frame::Expected(_)]
        ) {
            self.stack.push(Frame::Memo(Box::new(MemoFrame {
                key,
                effects: self.effects,
                reads: self.reads.get(),
                steps: self.steps,
            })));
        }
        Ok(None)
    }

    /// Memoizes the answers of a call, if evaluating it had no side effects.
    pub(crate) fn memoize(&mut self, call: MemoFrame, answers: &Answers) {
        if call.effects != self.effects || call.key.2 != self.env.definitions_stamp() {
            return;
        }
        if !answers
            .iter()
            .all(|answer| answer.value.atom.is_ground() && answer.subst.is_empty())
        {
            return;
        }
        let known = MemoEntry {
            results: answers.iter().map(|answer| answer.value.clone()).collect(),
            steps: self.steps - call.steps,
            stamp: self.epoch,
            normal_stamp: self.normal_stamp,
            reads: call.reads != self.reads.get(),
        };
        if let Some(memo) = &mut self.memo {
            memo.insert(call.key, known);
        }
    }
}
