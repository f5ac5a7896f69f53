//! Following a pattern through the trie.

use std::sync::atomic::{AtomicBool, Ordering};

use smallvec::SmallVec;

use super::shape::Shape;
use crate::env::facts::{Bytes, Cursor, Entry};
use crate::term::path::{CUT, Extent, Head};
use crate::varint::Decoder;

/// A search of the trie for the entries that may match a pattern, in key order, by depth first and without recursion.
///
/// At each token boundary of a stored path there are these ways to go on, in the order of their bytes:
///
/// | what the pattern says | ways |
/// |---|---|
/// | a symbol, a value, the head of an expression | `00`: every entry below; `01` and `02`: over the whole subterm of the pattern; the token itself |
/// | a variable for the first time | each atom there is |
/// | a variable again, that stands for a ground part of the stored path | as if the pattern had that part here |
/// | a variable again, else | each atom there is |
/// | only variables for the first time, from here to the end | every entry below |
///
/// So each entry that it yields has the pattern's structure where neither has a variable, or has a cut path below the
/// place where that is known. As long as the stored path is ground, the variables' parts are tracked, and the entry
/// [matches for certain](Descent::is_match).
pub(super) struct Descent<'a, E: Entry> {
    cursor: Cursor<'a, E>,
    shape: Shape,
    /// Whether a variable that occurs again is taken for a new one.
    linear: bool,
    state: State,
    goal: Goal,
    /// The ways that were not taken yet, shallowest first.
    frames: Vec<Frame>,
    /// What each variable of the pattern stands for.
    parts: SmallVec<[Option<Part>; 8]>,
    /// The variables that were given a part, in order, so that it can be taken back.
    trail: SmallVec<[usize; 8]>,
    /// The token of the pattern that it does not go down by, if there is one; only what stands before that, by its bytes.
    stop: usize,
    /// How many more steps it may take.
    pub(super) budget: u64,
    /// What ends it from outside.
    pub(super) halt: Option<&'a AtomicBool>,
}

/// How many steps it takes between two looks at what may end it.
const PATIENCE: u64 = 1024;

/// A part of the path: one atom.
#[derive(Clone, Copy, Debug)]
struct Part {
    start: usize,
    end: usize,
    ground: bool,
}

#[derive(Clone, Copy, Debug)]
enum State {
    /// To go down, towards the goal.
    Down,
    /// To yield all entries below this depth; at the cursor is the last.
    Below(usize),
    /// To go back to the last frame.
    Back,
    /// At the end.
    Done,
    /// There was one more step to take than it may.
    Exhausted,
    /// It was ended from outside.
    Stopped,
}

/// What must come below the cursor: first the rest of `skip`, then `again`, then the pattern from `token` on.
#[derive(Clone, Copy, Debug)]
struct Goal {
    skip: Option<Skip>,
    /// The bounds of a part of the path that must come again.
    again: (usize, usize),
    token: usize,
    /// Whether the path down to here is ground.
    ground: bool,
}

/// An atom of the path that may be anything.
#[derive(Clone, Copy, Debug)]
struct Skip {
    start: usize,
    /// The variable of the pattern that stands for it.
    variable: Option<usize>,
    /// How many atoms must still come until it is complete.
    missing: usize,
    ground: bool,
    /// The number that is being read, if any.
    number: Option<(Number, Decoder)>,
}

/// What a number of the path counts.
#[derive(Clone, Copy, Debug)]
enum Number {
    Variable,
    Bytes,
    Items,
}

#[derive(Debug)]
struct Frame {
    /// Where the ways part.
    depth: usize,
    /// The goal there; for `Ways::Leaves`, at their ends.
    goal: Goal,
    /// How long the trail was.
    trail: usize,
    ways: Ways,
}

#[derive(Debug)]
enum Ways {
    /// Skipping: by these bytes.
    Bytes(Bytes),
    /// Skipping: over the other strings of this length.
    Leaves(usize),
    /// At a token of the pattern: by these bytes, which are no token's of a pattern, and then by the token.
    Token(Bytes),
}

/// Is there such a flag, and is it set?
pub(super) fn is_set(halt: Option<&AtomicBool>) -> bool {
    // Relaxed: nothing else is told by it.
    halt.is_some_and(|halt| halt.load(Ordering::Relaxed))
}

impl<'a, E: Entry> Descent<'a, E> {
    /// A search from the cursor, which is at the root. If `linear`, variables that occur several times in the pattern may
    /// stand for a different atom each time.
    pub(super) fn new(cursor: Cursor<'a, E>, shape: Shape, linear: bool) -> Self {
        let variables = if linear { 0 } else { shape.variables() };
        Descent {
            cursor,
            linear,
            state: State::Down,
            goal: Goal {
                skip: None,
                again: (0, 0),
                token: 0,
                ground: true,
            },
            frames: Vec::new(),
            parts: SmallVec::from_elem(None, variables),
            trail: SmallVec::new(),
            stop: usize::MAX,
            budget: u64::MAX,
            halt: None,
            shape,
        }
    }

    /// Leaves out the atoms with the pattern's own head, which come last: those stay that have a variable in its place, or
    /// stand for the whole pattern.
    pub(super) fn without_head(mut self) -> Self {
        self.stop = 1;
        self
    }

    /// The pattern.
    pub(super) fn shape(&self) -> &Shape {
        &self.shape
    }

    /// The next entry that may match.
    pub(super) fn next_entry(&mut self) -> Option<&'a E> {
        loop {
            match self.budget.checked_sub(1) {
                Some(rest) => self.budget = rest,
                None if matches!(self.state, State::Done) => {}
                None => self.state = State::Exhausted,
            }
            if self.budget.is_multiple_of(PATIENCE) && is_set(self.halt) {
                self.state = State::Stopped;
            }
            match self.state {
                State::Down => {
                    if let Some(entry) = self.down() {
                        self.state = State::Back;
                        return Some(entry);
                    }
                }
                State::Below(depth) => match self.cursor.next_entry_below(depth) {
                    Some(entry) => return Some(entry),
                    None => self.state = State::Back,
                },
                State::Back => self.back(),
                State::Done | State::Exhausted | State::Stopped => return None,
            }
        }
    }

    /// Whether it ended for want of budget.
    pub(super) fn is_exhausted(&self) -> bool {
        matches!(self.state, State::Exhausted)
    }

    /// Whether it was ended from outside.
    pub(super) fn is_stopped(&self) -> bool {
        matches!(self.state, State::Stopped)
    }

    /// The path of the entry.
    pub(super) fn path(&self) -> &[u8] {
        self.cursor.path()
    }

    /// Whether the entry, which keeps no atom, has no variable and matches for certain. Then [`part`](Self::part) tells
    /// what each variable of the pattern stands for.
    pub(super) fn is_match(&mut self) -> bool {
        if !self.goal.ground || self.linear {
            return false;
        }
        let State::Below(mut start) = self.state else {
            return true;
        };
        let path = self.cursor.path();
        for token in &self.shape.tokens()[self.goal.token..] {
            let Some((length, false)) = path.get(start..).and_then(Extent::of_atom) else {
                return false;
            };
            let end = start + length;
            if let Some(part) = token.variable.and_then(|number| self.parts.get_mut(number)) {
                *part = Some(Part {
                    start,
                    end,
                    ground: true,
                });
            }
            start = end;
        }
        true
    }

    /// The path of what this variable of the pattern stands for, after [`is_match`](Self::is_match).
    pub(super) fn part(&self, variable: usize) -> Option<&[u8]> {
        let part = (*self.parts.get(variable)?)?;
        self.cursor.path().get(part.start..part.end)
    }

    /// A step towards the goal. The entry, if it is reached.
    fn down(&mut self) -> Option<&'a E> {
        if let Some(skip) = self.goal.skip {
            if skip.missing == 0 {
                self.skipped(skip);
            } else {
                self.skip();
            }
        } else if self.goal.again.0 < self.goal.again.1 {
            self.token();
        } else if let Some(token) = self.shape.token(self.goal.token) {
            match token.variable {
                _ if self.goal.token >= self.shape.tail() => self.state = State::Below(self.cursor.depth()),
                None => self.token(),
                Some(variable) => self.variable(variable),
            }
        } else {
            let entry = self.cursor.entry();
            debug_assert!(entry.is_some(), "a complete path leads to an entry");
            self.state = State::Back;
            return entry;
        }
        None
    }

    /// At a variable of the pattern.
    fn variable(&mut self, variable: usize) {
        self.goal.token += 1;
        match self.parts.get(variable) {
            Some(Some(part)) if part.ground => self.goal.again = (part.start, part.end),
            _ => {
                self.goal.skip = Some(Skip {
                    start: self.cursor.depth(),
                    variable: Some(variable),
                    missing: 1,
                    ground: true,
                    number: None,
                });
            }
        }
    }

    /// At a token of the pattern, or of a part that must come again: first everything else that can match.
    fn token(&mut self) {
        let others = self.cursor.children().below(CUT + 3);
        if others.is_empty() {
            self.follow_token();
        } else {
            self.push(self.cursor.depth(), Ways::Token(others));
            self.state = State::Back;
        }
    }

    /// Goes down by the token.
    fn follow_token(&mut self) {
        let (start, end) = self.goal.again;
        let found = if start < end {
            let rest = &self.cursor.path()[start..end];
            let length = Extent::of(rest).map_or(rest.len(), |token| token.length);
            let token: SmallVec<[u8; 64]> = SmallVec::from_slice(&rest[..length]);
            self.goal.again.0 += length;
            self.cursor.descend(&token)
        } else {
            let Some(token) = self.shape.token(self.goal.token) else {
                return;
            };
            let stops = self.goal.token == self.stop;
            self.goal.token += 1;
            !stops && self.cursor.descend(self.shape.bytes(token))
        };
        if !found {
            self.state = State::Back;
        }
    }

    /// Goes down by a byte that is no token's of the pattern: a variable of the stored path stands for the whole atom
    /// that begins with the token.
    fn follow_variable(&mut self, byte: u8) {
        self.cursor.descend_byte(byte);
        if byte == CUT {
            self.goal.ground = false;
            self.state = State::Below(self.cursor.depth());
            return;
        }
        let (start, end) = self.goal.again;
        if start < end {
            let length = Extent::of_atom(&self.cursor.path()[start..end]).map_or(end - start, |(length, _)| length);
            self.goal.again.0 += length;
        } else {
            self.goal.token = self.shape.token(self.goal.token).map_or(0, |token| token.next);
        }
        let mut skip = Skip {
            start: self.cursor.depth(),
            variable: None,
            missing: 1,
            ground: false,
            number: None,
        };
        self.skip_byte(&mut skip, byte);
        self.goal.skip = Some(skip);
    }

    /// Goes down by a byte of an atom that may be anything.
    fn skip(&mut self) {
        let mut bytes = self.cursor.children();
        let Some(byte) = bytes.next() else {
            self.state = State::Back;
            return;
        };
        if !bytes.is_empty() {
            self.push(self.cursor.depth(), Ways::Bytes(bytes));
        }
        self.follow_byte(byte);
    }

    fn follow_byte(&mut self, byte: u8) {
        self.cursor.descend_byte(byte);
        if let Some(mut skip) = self.goal.skip.take() {
            self.skip_byte(&mut skip, byte);
            self.goal.skip = Some(skip);
        }
    }

    /// Takes account of a byte that the cursor went down by, and goes on over the leaf if it is one.
    fn skip_byte(&mut self, skip: &mut Skip, byte: u8) {
        let leaf = match &mut skip.number {
            Some((counts, number)) => {
                // A stored path is sound, so no error can occur.
                let Ok(Some(value)) = number.push(byte) else { return };
                let value = usize::try_from(value).unwrap_or(usize::MAX);
                let counts = *counts;
                skip.number = None;
                match counts {
                    Number::Variable => Some(0),
                    Number::Bytes => Some(value),
                    Number::Items => {
                        skip.missing = (skip.missing - 1).saturating_add(value);
                        None
                    }
                }
            }
            None => {
                let head = Head::of(byte);
                skip.number = match head {
                    Head::OldVariable => Some(Number::Variable),
                    Head::LongLeaf => Some(Number::Bytes),
                    Head::LongExpression => Some(Number::Items),
                    _ => None,
                }
                .map(|counts| (counts, Decoder::default()));
                match head {
                    Head::NewVariable | Head::OldVariable => {
                        skip.ground = false;
                        self.goal.ground = false;
                        (head == Head::NewVariable).then_some(0)
                    }
                    Head::Leaf(bytes) => Some(bytes),
                    Head::Expression(items) => {
                        skip.missing = (skip.missing - 1).saturating_add(items);
                        None
                    }
                    Head::LongLeaf | Head::LongExpression => None,
                    Head::Reserved => {
                        self.goal.ground = false;
                        self.state = State::Below(self.cursor.depth());
                        None
                    }
                }
            }
        };
        let Some(bytes) = leaf else { return };
        skip.missing -= 1;
        if bytes > 0 {
            let depth = self.cursor.depth();
            if self.cursor.first_of_length(bytes) {
                self.goal.skip = Some(*skip);
                self.push(depth, Ways::Leaves(bytes));
            } else {
                self.state = State::Back;
            }
        }
    }

    /// An atom that may be anything is complete.
    fn skipped(&mut self, skip: Skip) {
        self.goal.skip = None;
        if let Some(variable) = skip.variable
            && let Some(part) = self.parts.get_mut(variable)
        {
            *part = Some(Part {
                start: skip.start,
                end: self.cursor.depth(),
                ground: skip.ground,
            });
            self.trail.push(variable);
        }
    }

    fn push(&mut self, depth: usize, ways: Ways) {
        self.frames.push(Frame {
            depth,
            goal: self.goal,
            trail: self.trail.len(),
            ways,
        });
    }

    /// Goes back to the last frame and takes its next way.
    fn back(&mut self) {
        let Some(frame) = self.frames.last_mut() else {
            self.state = State::Done;
            return;
        };
        for variable in self.trail.drain(frame.trail..) {
            self.parts[variable] = None;
        }
        self.goal = frame.goal;
        let below = self.cursor.depth() - frame.depth;
        match &mut frame.ways {
            Ways::Leaves(length) => {
                let length = *length;
                self.cursor.ascend(below - length);
                if self.cursor.next_of_length(length) {
                    self.state = State::Down;
                } else {
                    self.frames.pop();
                }
            }
            Ways::Bytes(bytes) => {
                self.cursor.ascend(below);
                let byte = bytes.next();
                if bytes.is_empty() {
                    self.frames.pop();
                }
                if let Some(byte) = byte {
                    self.state = State::Down;
                    self.follow_byte(byte);
                }
            }
            Ways::Token(bytes) => {
                self.cursor.ascend(below);
                self.state = State::Down;
                match bytes.next() {
                    Some(byte) => self.follow_variable(byte),
                    None => {
                        self.frames.pop();
                        self.follow_token();
                    }
                }
            }
        }
    }
}
