//! Depth-first matching of a pattern against the trie.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use smallvec::SmallVec;

use super::shape::Shape;
use crate::term::path::{Extent, Head, OLD_VARIABLE};
use crate::trie_map::{Bytes, Cursor};
use crate::varint::Decoder;

/// A depth-first search of the trie for the entries that may match a pattern, in key order, without recursion.
///
/// At each token boundary of a stored path, these branches can match, in the order of their bytes:
///
/// | token of the pattern | branches |
/// |---|---|
/// | a symbol, a value, the head of an expression | `01` and `02`: a stored variable, which matches the whole subterm of the pattern; the token itself |
/// | the first occurrence of a variable | every atom |
/// | a variable that is bound to a ground part of the stored path | as if the pattern had that part here |
/// | any other variable | every atom |
/// | first occurrences of variables only, from here to the end | every entry below |
///
/// So each entry that it yields agrees with the pattern wherever neither has a variable. In a [one-sided](Mode::OneSided)
/// search, a token of the pattern is followed by itself alone. As long as the stored path is ground,
/// the bindings of variables are known, and the entry [matches for certain](Descent::is_match).
pub(super) struct Descent<'a, V> {
    cursor: Cursor<'a, V>,
    shape: Arc<Shape>,
    mode: Mode,
    state: State,
    goal: Goal,
    /// The branches that were not taken yet, shallowest first.
    frames: Vec<Frame>,
    /// The binding of each variable of the pattern.
    parts: SmallVec<[Option<Span>; 8]>,
    /// The variables that were bound, in order, so that bindings can be undone.
    trail: SmallVec<[usize; 8]>,
    /// The token of the pattern that isn't followed, if any. The branches before it are.
    stop: usize,
    /// The number of steps left.
    pub(super) budget: u64,
    /// Ends the search once it is set.
    pub(super) halt: Option<&'a AtomicBool>,
}

/// The terms that variables match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// A variable of either side matches any atom.
    Unify,
    /// As `Unify`, and each occurrence of a variable of the pattern may match a different atom.
    Linear,
    /// A variable of the pattern matches any atom. Stored variables are constants.
    OneSided,
}

/// A find of a search.
#[derive(Debug)]
pub(super) enum Found<'a, V> {
    /// An entry that may match.
    Entry(&'a V),
    /// This number of entries, which all match.
    All(usize),
}

/// The number of steps between two reads of `halt`.
const HALT_INTERVAL: u64 = 1024;

/// The bounds of an atom within the path.
#[derive(Clone, Copy, Debug)]
struct Span {
    start: usize,
    end: usize,
    ground: bool,
}

#[derive(Clone, Copy, Debug)]
enum State {
    /// Goes down, towards the goal.
    Down,
    /// Yields all entries below this depth; the last one is at the cursor.
    Below(usize),
    /// Goes back to the last frame.
    Back,
    Done,
    /// No steps were left.
    Exhausted,
    /// `halt` was set.
    Stopped,
}

/// The paths that a search descends to below the cursor: the rest of `skip`, then `again`, then the pattern from `token` on.
#[derive(Clone, Copy, Debug)]
struct Goal {
    skip: Option<Skip>,
    /// The bounds of the part of the path that must occur again.
    again: (usize, usize),
    token: usize,
    /// Whether the path down to here is ground.
    ground: bool,
}

/// An arbitrary atom of the path that is being passed.
#[derive(Clone, Copy, Debug)]
struct Skip {
    start: usize,
    /// The variable of the pattern that is bound to it.
    variable: Option<usize>,
    /// The number of atoms that complete it.
    missing: usize,
    ground: bool,
    /// The varint that is being read, if any.
    number: Option<(Number, Decoder)>,
}

/// The meaning of a varint in a path.
#[derive(Clone, Copy, Debug)]
enum Number {
    Variable,
    Bytes,
    Items,
}

#[derive(Debug)]
struct Frame {
    /// The depth of the branch.
    depth: usize,
    /// The goal there; for `Branches::Leaves`, at their ends.
    goal: Goal,
    /// The length of the trail.
    trail: usize,
    branches: Branches,
}

#[derive(Debug)]
enum Branches {
    /// Within an arbitrary atom: by these bytes.
    Bytes(Bytes),
    /// Within an arbitrary atom: by the other byte strings of this length.
    Leaves(usize),
    /// At a token of the pattern: by these bytes, which stand for stored variables, then by the token.
    Token(Bytes),
}

/// Whether there is such a flag, and it is set.
pub(super) fn is_set(halt: Option<&AtomicBool>) -> bool {
    // Relaxed: it publishes nothing else.
    halt.is_some_and(|halt| halt.load(Ordering::Relaxed))
}

impl<'a, V> Descent<'a, V> {
    /// A search from the cursor, which is at the root.
    pub(super) fn new(cursor: Cursor<'a, V>, shape: Arc<Shape>, mode: Mode) -> Self {
        let variables = if mode == Mode::Linear { 0 } else { shape.variables() };
        Descent {
            cursor,
            mode,
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

    /// Excludes the atoms with the head of the pattern, which come last. Left are those with a variable as head, or that are
    /// a variable.
    pub(super) fn without_head(mut self) -> Self {
        self.stop = 1;
        self
    }

    pub(super) fn shape(&self) -> &Arc<Shape> {
        &self.shape
    }

    /// The next entry that may match.
    pub(super) fn next_entry(&mut self) -> Option<&'a V> {
        match self.next_found::<false>()? {
            Found::Entry(entry) => Some(entry),
            Found::All(_) => unreachable!("entries are yielded one by one"),
        }
    }

    /// The next entry that may match, or the number of the next ones if all match for certain: those below the ground part of
    /// a pattern. Costs O(depth) for these.
    pub(super) fn next_counted(&mut self) -> Option<Found<'a, V>> {
        self.next_found::<true>()
    }

    fn next_found<const COUNT: bool>(&mut self) -> Option<Found<'a, V>> {
        loop {
            match self.budget.checked_sub(1) {
                Some(rest) => self.budget = rest,
                None if matches!(self.state, State::Done) => {}
                None => self.state = State::Exhausted,
            }
            if self.budget.is_multiple_of(HALT_INTERVAL) && is_set(self.halt) {
                self.state = State::Stopped;
            }
            match self.state {
                State::Down => {
                    if let Some(entry) = self.down() {
                        self.state = State::Back;
                        return Some(Found::Entry(entry));
                    }
                }
                State::Below(_) if COUNT && self.goal.ground && self.mode == Mode::Unify => {
                    self.state = State::Back;
                    return Some(Found::All(self.cursor.count()));
                }
                State::Below(depth) => match self.cursor.next_entry_below(depth) {
                    Some(entry) => return Some(Found::Entry(entry)),
                    None => self.state = State::Back,
                },
                State::Back => self.back(),
                State::Done | State::Exhausted | State::Stopped => return None,
            }
        }
    }

    /// Whether the search ended because no steps were left.
    pub(super) fn is_exhausted(&self) -> bool {
        matches!(self.state, State::Exhausted)
    }

    /// Whether the search ended because `halt` was set.
    pub(super) fn is_stopped(&self) -> bool {
        matches!(self.state, State::Stopped)
    }

    /// The path of the entry.
    pub(super) fn path(&self) -> &[u8] {
        self.cursor.path()
    }

    /// Whether the entry is ground and matches for certain. Then [`part`](Self::part) has the binding of each variable of the
    /// pattern.
    pub(super) fn is_match(&mut self) -> bool {
        if !self.goal.ground || self.mode == Mode::Linear {
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
                *part = Some(Span {
                    start,
                    end,
                    ground: true,
                });
            }
            start = end;
        }
        true
    }

    /// The path of the atom that this variable of the pattern is bound to, after [`is_match`](Self::is_match).
    pub(super) fn part(&self, variable: usize) -> Option<&[u8]> {
        let part = (*self.parts.get(variable)?)?;
        self.cursor.path().get(part.start..part.end)
    }

    /// Takes a step towards the goal. Returns the entry if it is reached.
    fn down(&mut self) -> Option<&'a V> {
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
            let entry = self.cursor.value();
            debug_assert!(entry.is_some(), "a complete path leads to an entry");
            self.state = State::Back;
            return entry;
        }
        None
    }

    /// Handles a variable of the pattern.
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

    /// Handles a token of the pattern, or of a part that must occur again: the other branches that can match come first.
    fn token(&mut self) {
        if self.mode != Mode::OneSided && self.cursor.first_byte().is_some_and(|byte| byte <= OLD_VARIABLE) {
            let others = self.cursor.bytes().below(OLD_VARIABLE + 1);
            self.push(self.cursor.depth(), Branches::Token(others));
            self.state = State::Back;
        } else {
            self.follow_token();
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

    /// Goes down by a stored variable, which matches the whole atom that begins at the token of the pattern.
    fn follow_variable(&mut self, byte: u8) {
        self.cursor.descend_byte(byte);
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

    /// Goes down by a byte of an arbitrary atom.
    fn skip(&mut self) {
        let mut bytes = self.cursor.bytes();
        let Some(byte) = bytes.next() else {
            self.state = State::Back;
            return;
        };
        if !bytes.is_empty() {
            self.push(self.cursor.depth(), Branches::Bytes(bytes));
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

    /// Reads a byte that the cursor went down by, and passes the leaf if it begins one.
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
                    Head::Reserved => unreachable!("a stored path has tokens only"),
                }
            }
        };
        let Some(bytes) = leaf else { return };
        skip.missing -= 1;
        if bytes > 0 {
            let depth = self.cursor.depth();
            if self.cursor.first_of_length(bytes) {
                self.goal.skip = Some(*skip);
                self.push(depth, Branches::Leaves(bytes));
            } else {
                self.state = State::Back;
            }
        }
    }

    /// Binds the variable of an arbitrary atom that is complete.
    fn skipped(&mut self, skip: Skip) {
        self.goal.skip = None;
        if let Some(variable) = skip.variable
            && let Some(part) = self.parts.get_mut(variable)
        {
            *part = Some(Span {
                start: skip.start,
                end: self.cursor.depth(),
                ground: skip.ground,
            });
            self.trail.push(variable);
        }
    }

    fn push(&mut self, depth: usize, branches: Branches) {
        self.frames.push(Frame {
            depth,
            goal: self.goal,
            trail: self.trail.len(),
            branches,
        });
    }

    /// Goes back to the last frame and takes its next branch.
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
        match &mut frame.branches {
            Branches::Leaves(length) => {
                let length = *length;
                self.cursor.ascend(below - length);
                if self.cursor.next_of_length(length) {
                    self.state = State::Down;
                } else {
                    self.frames.pop();
                }
            }
            Branches::Bytes(bytes) => {
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
            Branches::Token(bytes) => {
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
