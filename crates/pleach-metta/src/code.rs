//! Atoms compiled for evaluation: a flat list of nodes with numbered variable slots.

use std::rc::Rc;
use std::sync::Arc;

use smallvec::SmallVec;

use super::arithmetic::Operations;
use super::builtin::{self, Builtin, Special};
use super::machine::is_token;
use super::value::{Value, Visited, each_variable, replace};
use pleach::term::{Atom, Symbol, Variable};

/// An index of a node in its [`Block`].
pub(super) type At = u32;

/// One part of a compiled atom.
#[derive(Debug)]
pub(super) enum Node {
    /// It has no parts and stands for itself.
    Leaf(Atom),
    /// A symbol that may be bound to something.
    Token(Symbol),
    /// A variable.
    Slot(u32),
    /// An expression with at least one item.
    Call(Call),
    /// An atom too far within to be compiled: it is substituted and looked at when it is evaluated.
    Deep(Atom),
}

/// A compiled expression. Its items are nodes `first .. first + len`.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) first: At,
    pub(super) len: u32,
    /// The head, if it is a symbol.
    pub(super) head: Option<Symbol>,
    pub(super) builtin: Option<&'static Builtin>,
    /// The atom itself, if no variable occurs in it.
    pub(super) ground: Option<Atom>,
    /// The operations, if it is arithmetic on leaves and slots, nested at most [`DEEP`] levels.
    pub(super) simple: Operations,
}

impl Call {
    /// The node of item `index`, 0 for the head.
    #[inline]
    pub(super) fn item(&self, index: u32) -> At {
        self.first + index
    }

    /// The number of arguments.
    #[inline]
    pub(super) fn arity(&self) -> u32 {
        self.len - 1
    }
}

/// Expressions nested deeper than this in the source are not compiled: recursion over nodes is bounded by it.
const DEEP: usize = 64;
/// Nor are those after so many nodes: where parts are shared, a small atom may have more places than can be compiled.
const MANY: usize = 4096;

/// What an expression is to the one around it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    /// It is evaluated, or taken as it is.
    Item,
    /// An argument of a special form, which may be a list of pairs.
    List,
    /// An item of such an argument.
    Pair,
}

/// A rule, or an atom to be evaluated, compiled. Immutable and shared by all threads.
#[derive(Debug)]
pub(super) struct Compiled {
    nodes: Box<[Node]>,
    pub(super) slots: Box<[SlotInfo]>,
    /// The left side, if this is a rule.
    pub(super) lhs: At,
    /// What is evaluated.
    pub(super) body: At,
    /// The head's symbol, if this is a rule that has one.
    pub(super) headed: bool,
}

/// What is known of a variable when its block is compiled.
#[derive(Clone, Copy, Debug)]
pub(super) struct SlotInfo {
    pub(super) variable: Variable,
    /// May a pattern set it without telling anyone? So it is for the variables of a rule's left side, and for those that
    /// occur nowhere but in one binder's pattern and scope.
    pub(super) settable: bool,
}

impl Compiled {
    /// A rule's sides. Its variables are its own.
    pub(super) fn rule(lhs: &Atom, rhs: &Atom) -> Self {
        let mut compiler = Compiler::default();
        let sides = compiler.reserve(2);
        compiler.place(sides, lhs, 0, Role::Item);
        let own = compiler.slots.len();
        for info in &mut compiler.slots {
            info.settable = true;
        }
        compiler.place(sides + 1, rhs, 0, Role::Item);
        compiler.privatise(own, sides + 1);
        let headed = matches!(lhs, Atom::Expression(items) if matches!(items.first(), Some(Atom::Symbol(_))));
        compiler.finish(sides, sides + 1, headed)
    }

    /// An atom whose variables belong to it alone: one from the top level of a program.
    pub(super) fn query(atom: &Atom) -> Self {
        let mut compiler = Compiler::default();
        let body = compiler.reserve(1);
        compiler.place(body, atom, 0, Role::Item);
        compiler.privatise(0, body);
        compiler.finish(body, body, false)
    }

    /// An atom whose variables others may hold too.
    pub(super) fn open(atom: &Atom) -> Self {
        let mut compiler = Compiler::default();
        let body = compiler.reserve(1);
        compiler.place(body, atom, 0, Role::Item);
        compiler.finish(body, body, false)
    }

    /// The memory it takes.
    pub(super) fn bytes(&self) -> usize {
        size_of::<Self>() + size_of_val(&*self.nodes) + size_of_val(&*self.slots)
    }

    #[inline]
    pub(super) fn node(&self, at: At) -> &Node {
        &self.nodes[at as usize]
    }
}

#[derive(Default)]
struct Compiler {
    nodes: Vec<Option<Node>>,
    slots: Vec<SlotInfo>,
    visited: Visited,
}

impl Compiler {
    fn reserve(&mut self, count: usize) -> At {
        let first = self.nodes.len();
        self.nodes.resize_with(first + count, || None);
        first as At
    }

    fn slot(&mut self, variable: Variable) -> u32 {
        match self.slots.iter().position(|info| info.variable == variable) {
            Some(known) => known as u32,
            None => {
                self.slots.push(SlotInfo {
                    variable,
                    settable: false,
                });
                (self.slots.len() - 1) as u32
            }
        }
    }

    /// May an expression be left for later? Not a list that a special form looks at, nor a pair in it.
    fn is_far(&self, items: &[Atom], depth: usize, role: Role, special: bool) -> bool {
        let far = depth >= DEEP || (depth > 0 && self.nodes.len() >= MANY);
        far && match role {
            Role::Item => true,
            Role::List => special,
            Role::Pair => items.len() != 2,
        }
    }

    fn place(&mut self, at: At, atom: &Atom, depth: usize, role: Role) {
        let node = match atom {
            Atom::Variable(variable) => Node::Slot(self.slot(*variable)),
            Atom::Expression(items) if items.is_empty() => Node::Leaf(atom.clone()),
            Atom::Expression(items) => {
                let head = items[0].as_symbol();
                let builtin = head.and_then(builtin::find);
                let special = builtin.is_some_and(|builtin| builtin.special().is_some());
                if self.is_far(items, depth, role, special) {
                    let mut visited = std::mem::take(&mut self.visited);
                    each_variable(items, &mut visited, |variable| _ = self.slot(variable));
                    self.visited = visited;
                    self.nodes[at as usize] = Some(Node::Deep(atom.clone()));
                    return;
                }
                let within = match role {
                    _ if special => Role::List,
                    Role::List => Role::Pair,
                    Role::Item | Role::Pair => Role::Item,
                };
                let first = self.reserve(items.len());
                for (index, item) in items.iter().enumerate() {
                    self.place(first + index as At, item, depth + 1, within);
                }
                let len = items.len() as u32;
                Node::Call(Call {
                    first,
                    len,
                    head,
                    builtin,
                    ground: atom.is_ground().then(|| atom.clone()),
                    simple: self.operations(builtin, first, len),
                })
            }
            Atom::Symbol(name) if is_token(*name) => Node::Token(*name),
            leaf => Node::Leaf(leaf.clone()),
        };
        self.nodes[at as usize] = Some(node);
    }

    fn operations(&self, builtin: Option<&'static Builtin>, first: At, len: u32) -> Operations {
        let Some(operation) = builtin.and_then(|builtin| builtin.arithmetic).filter(|_| len == 3) else {
            return Operations::NONE;
        };
        let mut operations = Operations::of(operation);
        for at in first + 1..first + len {
            match &self.nodes[at as usize] {
                Some(Node::Leaf(_) | Node::Slot(_)) => {}
                Some(Node::Call(call)) if call.simple != Operations::NONE => operations = operations.with(call.simple),
                _ => return Operations::NONE,
            }
        }
        operations
    }

    /// Finds the variables, from slot `own` on, that only one binder and its scope mention, within the body.
    fn privatise(&mut self, own: usize, body: At) {
        let mut total = vec![0u32; self.slots.len()];
        self.count(body, &mut total);
        let mut binders = Vec::new();
        self.binders(body, &mut binders);
        for (patterns, scope) in binders {
            let mut in_pattern = vec![0u32; self.slots.len()];
            patterns.iter().for_each(|at| self.count(*at, &mut in_pattern));
            let mut inside = in_pattern.clone();
            scope.iter().for_each(|at| self.count(*at, &mut inside));
            for index in own..self.slots.len() {
                if in_pattern[index] > 0 && inside[index] == total[index] {
                    self.slots[index].settable = true;
                }
            }
        }
    }

    /// How often each slot occurs at and below a node.
    fn count(&self, at: At, counts: &mut [u32]) {
        match &self.nodes[at as usize] {
            Some(Node::Slot(slot)) => counts[*slot as usize] += 1,
            Some(Node::Call(call)) if call.ground.is_none() => {
                (call.first..call.first + call.len).for_each(|item| self.count(item, counts));
            }
            // Never private.
            Some(Node::Deep(atom)) => {
                replace(atom, &mut |variable| {
                    if let Some(slot) = self.slots.iter().position(|info| info.variable == *variable) {
                        counts[slot] = counts[slot].saturating_add(1 << 16);
                    }
                    None
                });
            }
            _ => {}
        }
    }

    /// The patterns and the scope of each binder at and below a node.
    fn binders(&self, at: At, list: &mut Vec<(Vec<At>, Vec<At>)>) {
        let Some(Node::Call(call)) = &self.nodes[at as usize] else {
            return;
        };
        if call.ground.is_some() {
            return;
        }
        if let Some(special) = call.builtin.and_then(Builtin::special) {
            match (special, call.arity()) {
                (Special::Let, 3) => list.push((vec![call.item(1)], vec![call.item(3)])),
                (Special::LetStar, 2) => {
                    let pairs = self.pairs(call.item(1));
                    for (index, (pattern, _)) in pairs.iter().enumerate() {
                        let later = pairs[index + 1..]
                            .iter()
                            .flat_map(|(pattern, value)| [*pattern, *value]);
                        list.push((vec![*pattern], later.chain([call.item(2)]).collect()));
                    }
                }
                (Special::Chain | Special::Match | Special::MapAtom | Special::FilterAtom, 3) | (Special::Unify, 4) => {
                    list.push((vec![call.item(2)], vec![call.item(3)]))
                }
                (Special::FoldlAtom, 5) => {
                    list.push((vec![call.item(3)], vec![call.item(5)]));
                    list.push((vec![call.item(4)], vec![call.item(5)]));
                }
                // Cases may use the same names.
                (Special::Case | Special::Switch, 2) => {
                    let pairs = self.pairs(call.item(2));
                    list.push(pairs.into_iter().unzip());
                }
                _ => {}
            }
        }
        (call.first..call.first + call.len).for_each(|item| self.binders(item, list));
    }

    /// The items of those items of an expression that are pairs.
    fn pairs(&self, at: At) -> Vec<(At, At)> {
        let Some(Node::Call(list)) = &self.nodes[at as usize] else {
            return Vec::new();
        };
        (list.first..list.first + list.len)
            .filter_map(|at| match &self.nodes[at as usize] {
                Some(Node::Call(pair)) if pair.len == 2 => Some((pair.item(0), pair.item(1))),
                _ => None,
            })
            .collect()
    }

    fn finish(self, lhs: At, body: At, headed: bool) -> Compiled {
        Compiled {
            nodes: self.nodes.into_iter().flatten().collect(),
            slots: self.slots.into(),
            lhs,
            body,
            headed,
        }
    }
}

/// A compiled atom as one task holds it: the counter that all threads share is touched once a task, not once a call.
pub(super) type Block = Rc<Arc<Compiled>>;

/// One use of a block: its variables' values.
#[derive(Clone, Debug)]
pub(super) struct Activation {
    pub(super) block: Block,
    /// The id of the variable that stands for slot 0 while it has no value; those of the others follow.
    pub(super) base: u64,
    pub(super) values: SmallVec<[Value; 4]>,
}

impl Activation {
    /// All slots without value.
    pub(super) fn blank(block: Block, fresh: &mut u64) -> Self {
        let base = *fresh;
        let count = block.slots.len();
        *fresh += count as u64;
        Self {
            block,
            base,
            values: std::iter::repeat_n(Value::unset(), count).collect(),
        }
    }

    /// An open atom, whose variables stand for themselves.
    pub(super) fn open(atom: &Atom) -> Self {
        let compiled = Compiled::open(atom);
        let values = compiled
            .slots
            .iter()
            .map(|info| Value::raw(Atom::Variable(info.variable)))
            .collect();
        Self {
            block: Rc::new(Arc::new(compiled)),
            base: 0,
            values,
        }
    }

    #[inline]
    pub(super) fn node(&self, at: At) -> &Node {
        self.block.node(at)
    }

    /// What a slot stands for.
    #[inline]
    pub(super) fn slot(&self, slot: u32) -> Atom {
        let value = &self.values[slot as usize];
        if value.is_set() {
            value.atom.clone()
        } else {
            self.variable(slot)
        }
    }

    /// The variable that stands for a slot without value.
    pub(super) fn variable(&self, slot: u32) -> Atom {
        let name = self.block.slots[slot as usize].variable.name();
        match Variable::numbered(name, self.base + u64::from(slot)) {
            Some(variable) => Atom::Variable(variable),
            // Ids of 56 bits last for two years at one a nanosecond.
            None => Atom::variable(name),
        }
    }

    /// The atom at a node, its variables replaced by what they stand for.
    pub(super) fn instantiate(&self, at: At) -> Atom {
        match self.node(at) {
            Node::Leaf(atom) => atom.clone(),
            Node::Token(name) => Atom::Symbol(*name),
            Node::Slot(slot) => self.slot(*slot),
            Node::Call(call) => match &call.ground {
                Some(atom) => atom.clone(),
                None => Atom::expression((call.first..call.first + call.len).map(|item| self.instantiate(item))),
            },
            Node::Deep(atom) => replace(atom, &mut |variable| {
                let slot = self.block.slots.iter().position(|info| info.variable == *variable)?;
                Some(self.slot(slot as u32))
            }),
        }
    }

    /// The slots at and below these nodes.
    pub(super) fn slots_at(&self, nodes: &[At]) -> SmallVec<[u32; 4]> {
        let mut slots: SmallVec<[u32; 4]> = SmallVec::new();
        let mut pending: SmallVec<[At; 16]> = nodes.iter().copied().collect();
        while let Some(at) = pending.pop() {
            match self.node(at) {
                Node::Slot(slot) if !slots.contains(slot) => slots.push(*slot),
                Node::Call(call) if call.ground.is_none() => pending.extend(call.first..call.first + call.len),
                Node::Deep(atom) => each_variable(std::slice::from_ref(atom), &mut Visited::default(), |variable| {
                    if let Some(slot) = self.block.slots.iter().position(|info| info.variable == variable)
                        && !slots.contains(&(slot as u32))
                    {
                        slots.push(slot as u32);
                    }
                }),
                _ => {}
            }
        }
        slots
    }

    /// The instance's variables replaced as `delta` says.
    pub(super) fn substitute(&mut self, delta: &[(Variable, Atom)]) {
        for slot in 0..self.values.len() {
            let value = &self.values[slot];
            if !value.is_set() {
                let Atom::Variable(variable) = self.variable(slot as u32) else {
                    continue;
                };
                if let Some((_, new)) = delta.iter().find(|(bound, _)| *bound == variable) {
                    self.values[slot] = Value::raw(new.clone());
                }
            } else {
                self.values[slot].substitute(delta);
            }
        }
    }
}
