//! Steps that can be undone and redone.

use std::mem;

/// The states before the steps that were done, and after those that were undone.
pub(super) struct UndoStack<S> {
    done: Vec<Step<S>>,
    undone: Vec<Step<S>>,
}

struct Step<S> {
    /// The entry as typed.
    entry: String,
    /// The state to restore.
    state: S,
}

impl<S> UndoStack<S> {
    pub(super) fn new() -> Self {
        Self {
            done: Vec::new(),
            undone: Vec::new(),
        }
    }

    /// Adds a step. Those that were undone can't be redone any more.
    pub(super) fn push(&mut self, entry: &str, before: S) {
        self.undone.clear();
        self.done.push(Step {
            entry: entry.to_owned(),
            state: before,
        });
    }

    /// Restores the state before the last step. Returns its entry.
    pub(super) fn undo(&mut self, current: &mut S) -> Option<&str> {
        Self::transfer(&mut self.done, &mut self.undone, current)
    }

    /// Restores the state after the last step that was undone. Returns its entry.
    pub(super) fn redo(&mut self, current: &mut S) -> Option<&str> {
        Self::transfer(&mut self.undone, &mut self.done, current)
    }

    fn transfer<'a>(from: &mut Vec<Step<S>>, to: &'a mut Vec<Step<S>>, current: &mut S) -> Option<&'a str> {
        let mut step = from.pop()?;
        mem::swap(&mut step.state, current);
        to.push(step);
        to.last().map(|step| step.entry.as_str())
    }

    /// Returns the state before the last step.
    pub(super) fn last(&self) -> Option<&S> {
        self.done.last().map(|step| &step.state)
    }

    /// Returns the number of steps that can be undone, and of those that can be redone.
    pub(super) fn len(&self) -> (usize, usize) {
        (self.done.len(), self.undone.len())
    }
}

#[cfg(test)]
mod tests {
    use super::UndoStack;

    #[test]
    fn steps_are_undone_and_redone_in_order() {
        let mut stack = UndoStack::new();
        let mut state = 0;
        assert_eq!(stack.undo(&mut state), None);
        assert_eq!(stack.redo(&mut state), None);
        for (entry, after) in [("one", 1), ("two", 2)] {
            stack.push(entry, state);
            state = after;
        }
        assert_eq!((stack.undo(&mut state), state), (Some("two"), 1));
        assert_eq!((stack.undo(&mut state), state), (Some("one"), 0));
        assert_eq!((stack.undo(&mut state), state), (None, 0));
        assert_eq!((stack.redo(&mut state), state), (Some("one"), 1));
        assert_eq!((stack.last(), stack.len()), (Some(&0), (1, 1)));
        // A new step replaces those that were undone.
        stack.push("three", state);
        state = 3;
        assert_eq!((stack.redo(&mut state), state), (None, 3));
        assert_eq!((stack.undo(&mut state), state), (Some("three"), 1));
        assert_eq!((stack.redo(&mut state), state), (Some("three"), 3));
    }
}
