//! Atoms compiled for evaluation: a flat list of nodes, with variables as numbered slots.

use std::rc::Rc;
use std::sync::Arc;

use smallvec::SmallVec;

use crate::builtin::{Builtin, Special};
use crate::builtins;
use crate::subst::Subst;
use crate::symbols::is_token;
use crate::traversal::{Visited, each_variable, replace, variables};
use crate::value::Value;
use pleach::term::{Atom, Symbol, Variable};

/// The index of a node in its [`Block`].
pub(crate) type NodeIndex = u32;

/// A node of a compiled atom.
#[derive(Debug)]
pub(crate) enum Node {
    /// An atom without items, which stands for itself.
    Leaf(Atom),
    /// A symbol that may be bound.
    Token(Symbol),
    /// A variable, by its slot.
    Slot(u32),
    /// A non-empty expression.
    Call(Call),
    /// An atom too deep to be compiled: it is substituted, and compiled when it is evaluated.
    Deep(Atom),
}

/// A compiled expression. Its items are nodes `first .. first + len`.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) first: NodeIndex,
    pub(crate) len: u32,
    /// The head, if it is a symbol.
    pub(crate) head: Option<Symbol>,
    pub(crate) builtin: Option<&'static Builtin>,
    /// The atom, if it is ground.
    pub(crate) ground: Option<Atom>,
    /// Whether it is arithmetic on leaves and slots, nested at most [`MAX_COMPILED_DEPTH`] levels.
    pub(crate) is_arithmetic: bool,
}

impl Call {
    /// Returns the node of item `index`; 0 is the head.
    #[inline]
    pub(crate) fn item(&self, index: u32) -> NodeIndex {
        self.first + index
    }

    /// Returns the number of arguments.
    #[inline]
    pub(crate) fn arity(&self) -> u32 {
        self.len - 1
    }
}

/// The depth up to which expressions are compiled: bounds recursion over nodes.
const MAX_COMPILED_DEPTH: usize = 64;
/// The nodes after which expressions aren't compiled: a small atom with shared subterms may be a huge tree.
const MAX_COMPILED_NODES: usize = 4096;

/// The role of an expression in the enclosing one.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    /// Evaluated, or passed unevaluated.
    Item,
    /// An argument of a special form, possibly a list of pairs.
    List,
    /// An item of such a list, possibly a pair.
    Pair,
}

/// A compiled rule or query. Immutable, and shared by all threads.
#[derive(Debug)]
pub(crate) struct Compiled {
    nodes: Box<[Node]>,
    pub(crate) slots: Box<[SlotInfo]>,
    /// The left side of a rule.
    pub(crate) lhs: NodeIndex,
    /// The node to evaluate.
    pub(crate) body: NodeIndex,
    /// Whether this is a rule whose left side has a head symbol.
    pub(crate) headed: bool,
}

/// A variable of a compiled atom.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SlotInfo {
    pub(crate) variable: Variable,
    /// Whether a pattern can set the slot without reporting a binding: variables of a rule's left side, and those that
    /// occur only in one binder's pattern and scope.
    pub(crate) settable: bool,
}

impl Compiled {
    /// Compiles a rule.
    pub(crate) fn rule(lhs: &Atom, rhs: &Atom) -> Self {
        let mut compiler = Compiler::default();
        let sides = compiler.reserve(2);
        compiler.place(sides, lhs, 0, Role::Item);
        let own = compiler.slots.len();
        for info in &mut compiler.slots {
            info.settable = true;
        }
        compiler.place(sides + 1, rhs, 0, Role::Item);
        compiler.find_private_slots(own, sides + 1);
        let headed = matches!(lhs, Atom::Expression(items) if matches!(items.first(), Some(Atom::Symbol(_))));
        compiler.finish(sides, sides + 1, headed)
    }

    /// Compiles a top-level atom, whose variables occur nowhere else.
    pub(crate) fn query(atom: &Atom) -> Self {
        let mut compiler = Compiler::default();
        let body = compiler.reserve(1);
        compiler.place(body, atom, 0, Role::Item);
        compiler.find_private_slots(0, body);
        compiler.finish(body, body, false)
    }

    /// Compiles an atom whose variables may occur elsewhere.
    pub(crate) fn open(atom: &Atom) -> Self {
        let mut compiler = Compiler::default();
        let body = compiler.reserve(1);
        compiler.place(body, atom, 0, Role::Item);
        compiler.finish(body, body, false)
    }

    /// Returns its memory in bytes.
    pub(crate) fn bytes(&self) -> usize {
        size_of::<Self>() + size_of_val(&*self.nodes) + size_of_val(&*self.slots)
    }

    #[inline]
    pub(crate) fn node(&self, at: NodeIndex) -> &Node {
        &self.nodes[at as usize]
    }
}

/// A form that binds variables: for each alternative, the pattern and its scope.
type Binder = Vec<(NodeIndex, Vec<NodeIndex>)>;

#[derive(Default)]
struct Compiler {
    nodes: Vec<Option<Node>>,
    slots: Vec<SlotInfo>,
    visited: Visited,
}

impl Compiler {
    fn reserve(&mut self, count: usize) -> NodeIndex {
        let first = self.nodes.len();
        self.nodes.resize_with(first + count, || None);
        first as NodeIndex
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

    /// Returns whether to leave an expression uncompiled: never a list that a special form inspects, nor a pair in it.
    fn is_far(&self, items: &[Atom], depth: usize, role: Role, special: bool) -> bool {
        let far = depth >= MAX_COMPILED_DEPTH || (depth > 0 && self.nodes.len() >= MAX_COMPILED_NODES);
        far && match role {
            Role::Item => true,
            Role::List => special,
            Role::Pair => items.len() != 2,
        }
    }

    fn place(&mut self, at: NodeIndex, atom: &Atom, depth: usize, role: Role) {
        let node = match atom {
            Atom::Variable(variable) => Node::Slot(self.slot(*variable)),
            Atom::Expression(items) if items.is_empty() => Node::Leaf(atom.clone()),
            Atom::Expression(items) => {
                let head = items[0].as_symbol();
                let builtin = head.and_then(builtins::find);
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
                    self.place(first + index as NodeIndex, item, depth + 1, within);
                }
                let len = items.len() as u32;
                Node::Call(Call {
                    first,
                    len,
                    head,
                    builtin,
                    ground: atom.is_ground().then(|| atom.clone()),
                    is_arithmetic: self.is_arithmetic(builtin, first, len),
                })
            }
            Atom::Symbol(name) if is_token(*name) => Node::Token(*name),
            leaf => Node::Leaf(leaf.clone()),
        };
        self.nodes[at as usize] = Some(node);
    }

    fn is_arithmetic(&self, builtin: Option<&'static Builtin>, first: NodeIndex, len: u32) -> bool {
        let is_operand = |at: NodeIndex| match &self.nodes[at as usize] {
            Some(Node::Leaf(_) | Node::Slot(_)) => true,
            Some(Node::Call(call)) => call.is_arithmetic,
            _ => false,
        };
        len == 3
            && builtin.is_some_and(|builtin| builtin.arithmetic.is_some())
            && (first + 1..first + len).all(is_operand)
    }

    /// Marks variables, from slot `own` on, as settable that occur only in one binder and its scope.
    fn find_private_slots(&mut self, own: usize, body: NodeIndex) {
        let mut total = vec![0u32; self.slots.len()];
        self.count(body, &mut total);
        let mut binders = Vec::new();
        self.binders(body, &mut binders);
        for alternatives in binders {
            let mut bound = vec![0u32; self.slots.len()];
            let mut inside = bound.clone();
            let mut unbound = vec![false; self.slots.len()];
            for (pattern, scope) in alternatives {
                let mut in_pattern = vec![0u32; self.slots.len()];
                let mut in_scope = in_pattern.clone();
                self.count(pattern, &mut in_pattern);
                scope.iter().for_each(|at| self.count(*at, &mut in_scope));
                for index in own..self.slots.len() {
                    bound[index] += in_pattern[index];
                    inside[index] += in_pattern[index] + in_scope[index];
                    // A variable of another case, which this one doesn't bind.
                    unbound[index] |= in_scope[index] > 0 && in_pattern[index] == 0;
                }
            }
            for index in own..self.slots.len() {
                if bound[index] > 0 && inside[index] == total[index] && !unbound[index] {
                    self.slots[index].settable = true;
                }
            }
        }
    }

    /// Counts the occurrences of each slot at and below a node.
    fn count(&self, at: NodeIndex, counts: &mut [u32]) {
        match &self.nodes[at as usize] {
            Some(Node::Slot(slot)) => counts[*slot as usize] += 1,
            Some(Node::Call(call)) if call.ground.is_none() => {
                (call.first..call.first + call.len).for_each(|item| self.count(item, counts));
            }
            // Uncompiled occurrences aren't private to any binder.
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

    /// Collects the binders at and below a node.
    fn binders(&self, at: NodeIndex, list: &mut Vec<Binder>) {
        let Some(Node::Call(call)) = &self.nodes[at as usize] else {
            return;
        };
        if call.ground.is_some() {
            return;
        }
        if let Some(builtin) = call.builtin.filter(|builtin| builtin.takes(call.arity())) {
            let pairs = builtin.entry.binders.iter();
            list.extend(pairs.map(|(pattern, scope)| vec![(call.item(*pattern), vec![call.item(*scope)])]));
            match builtin.special() {
                Some(Special::LetStar) => {
                    let pairs = self.pairs(call.item(1));
                    for (index, (pattern, _)) in pairs.iter().enumerate() {
                        let later = pairs[index + 1..]
                            .iter()
                            .flat_map(|(pattern, value)| [*pattern, *value]);
                        list.push(vec![(*pattern, later.chain([call.item(2)]).collect())]);
                    }
                }
                // All cases together: they may use the same names.
                Some(Special::Case | Special::Switch) => {
                    let pairs = self.pairs(call.item(2));
                    list.push(pairs.into_iter().map(|(pattern, body)| (pattern, vec![body])).collect());
                }
                _ => {}
            }
        }
        (call.first..call.first + call.len).for_each(|item| self.binders(item, list));
    }

    /// Returns the items of those items of an expression that are pairs.
    fn pairs(&self, at: NodeIndex) -> Vec<(NodeIndex, NodeIndex)> {
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

    fn finish(self, lhs: NodeIndex, body: NodeIndex, headed: bool) -> Compiled {
        Compiled {
            nodes: self.nodes.into_iter().flatten().collect(),
            slots: self.slots.into(),
            lhs,
            body,
            headed,
        }
    }
}

/// A compiled atom as held by a task: the `Rc` keeps the shared reference count from being touched by every call.
pub(crate) type Block = Rc<Arc<Compiled>>;

/// An instance of a block: values of its slots.
#[derive(Clone, Debug)]
pub(crate) struct Activation {
    pub(crate) block: Block,
    /// The id of the variable of unset slot 0; those of later slots follow.
    pub(crate) base: u64,
    pub(crate) values: SmallVec<[Value; 4]>,
}

impl Activation {
    /// Returns the variables that occur in the slots.
    pub(crate) fn scope(&self) -> SmallVec<[Variable; 4]> {
        let mut scope = SmallVec::new();
        for (slot, value) in self.values.iter().enumerate() {
            if value.is_set() {
                if !value.atom.is_ground() {
                    variables(&value.atom, &mut scope);
                }
            } else if !self.block.slots[slot].settable
                && let Atom::Variable(variable) = self.variable(slot as u32)
            {
                scope.push(variable);
            }
        }
        scope
    }

    /// Creates an instance without values.
    pub(crate) fn blank(block: Block, fresh: &mut u64) -> Self {
        let base = *fresh;
        let count = block.slots.len();
        *fresh += count as u64;
        Self {
            block,
            base,
            values: std::iter::repeat_n(Value::unset(), count).collect(),
        }
    }

    /// Compiles an atom whose variables stand for themselves.
    pub(crate) fn open(atom: &Atom) -> Self {
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
    pub(crate) fn node(&self, at: NodeIndex) -> &Node {
        self.block.node(at)
    }

    /// Returns what a slot stands for.
    #[inline]
    pub(crate) fn slot(&self, slot: u32) -> Atom {
        let value = &self.values[slot as usize];
        if value.is_set() {
            value.atom.clone()
        } else {
            self.variable(slot)
        }
    }

    /// Returns the variable of an unset slot.
    pub(crate) fn variable(&self, slot: u32) -> Atom {
        let name = self.block.slots[slot as usize].variable.name();
        match Variable::numbered(name, self.base + u64::from(slot)) {
            Some(variable) => Atom::Variable(variable),
            // 56-bit ids last two years at one per nanosecond.
            None => Atom::variable(name),
        }
    }

    /// Builds the atom at a node, with slots replaced by what they stand for.
    pub(crate) fn instantiate(&self, at: NodeIndex) -> Atom {
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

    /// Returns the slots at and below these nodes.
    pub(crate) fn slots_at(&self, nodes: &[NodeIndex]) -> SmallVec<[u32; 4]> {
        let mut slots: SmallVec<[u32; 4]> = SmallVec::new();
        let mut pending: SmallVec<[NodeIndex; 16]> = nodes.iter().copied().collect();
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

    /// Applies a substitution to all slots.
    pub(crate) fn substitute(&mut self, subst: &Subst) {
        for slot in 0..self.values.len() {
            let value = &self.values[slot];
            if !value.is_set() {
                let Atom::Variable(variable) = self.variable(slot as u32) else {
                    continue;
                };
                if let Some(new) = subst.get(variable) {
                    self.values[slot] = Value::raw(new.clone());
                }
            } else {
                self.values[slot].substitute(subst);
            }
        }
    }
}
