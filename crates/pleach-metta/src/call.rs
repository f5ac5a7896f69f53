//! Calls: choosing a function type and evaluating arguments.

use std::rc::Rc;

use crate::builtin::{Builtin, Kind};
use crate::builtins;
use crate::code::{Activation, Call, Node, NodeIndex};
use crate::error::EvalError;
use crate::frame::{Args, Frame, Step};
use crate::head::HeadInfo;
use crate::machine::Machine;
use crate::sibling::PendingSibling;
use crate::signature::{Mode, Signature, metatype};
use crate::symbols::{is_empty_symbol, is_error, symbols};
use crate::value::{Answers, Value};
use pleach::term::Atom;

impl Machine {
    /// Returns what is known of the head of an expression.
    pub(crate) fn info_of(&mut self, items: &[Value]) -> Rc<HeadInfo> {
        let arity = items.len().saturating_sub(1) as u32;
        match items.first().map(|head| &head.atom) {
            Some(Atom::Symbol(symbol)) => self.head(*symbol, arity),
            _ => Rc::new(HeadInfo::new(&self.shared, self.home(), self.epoch, None, arity)),
        }
    }

    /// Evaluates an expression that isn't a special form.
    pub(crate) fn eval_call(&mut self, act: Rc<Activation>, at: NodeIndex) -> Result<Step, EvalError> {
        let Node::Call(call) = act.node(at) else {
            return Ok(Step::Atom(act.instantiate(at)));
        };
        let head = match act.node(call.item(0)) {
            Node::Leaf(Atom::Symbol(symbol)) => Some(*symbol),
            Node::Slot(slot) => match act.slot(*slot) {
                Atom::Symbol(symbol) => {
                    // A variable bound to the name of a special form.
                    if builtins::is_special(symbol) {
                        let open = Activation::open(&act.instantiate(at));
                        let body = open.block.body;
                        return Ok(Step::Eval(Rc::new(open), body));
                    }
                    Some(symbol)
                }
                _ => None,
            },
            _ => None,
        };
        let info = match head {
            Some(symbol) => self.head(symbol, call.arity()),
            None => self.unevaluated(&act, call.item(0)),
        };
        if info.is_empty {
            return Ok(Step::Return(Answers::None));
        }
        let mut signature = None;
        if !info.signatures.is_empty() {
            if let Some(Kind::Typed) = info.builtin.map(|builtin| builtin.entry.kind)
                && head == Some(symbols().return_)
                && self.returns(&info, &act, call)
            {
                let node = call.item(1);
                return Ok(Step::Eval(act, node));
            }
            match self.choose_signature(&info, &act, call) {
                Ok(chosen) => signature = Some(chosen),
                Err(errors) => {
                    self.count(|_| act.instantiate(at))?;
                    return Ok(Step::Return(errors));
                }
            }
        }
        let base = self.vals.len();
        let first = u32::from(head.is_some());
        if let Some(symbol) = head {
            self.vals.push(Value::raw(Atom::Symbol(symbol)));
        }
        self.args_from(act, at, first, info, signature, base, false)
    }

    /// Returns what is known of a head that isn't evaluated yet: its function types, if the type of the expression
    /// tells.
    fn unevaluated(&mut self, act: &Activation, at: NodeIndex) -> Rc<HeadInfo> {
        if let Node::Call(call) = act.node(at)
            && let Some(head) = call.head
            && call.builtin.and_then(Builtin::special).is_none()
            && self.head(head, call.arity()).may_make_functions()
        {
            let types = self.types_of(&act.instantiate(at));
            return Rc::new(HeadInfo::unknown().with_types(types.iter().filter_map(Signature::of).collect()));
        }
        Rc::new(HeadInfo::unknown())
    }

    /// Returns whether only a `function` waits for this `(return …)`. Its frame is then popped: a tail call in `return`
    /// takes no stack.
    fn returns(&mut self, info: &HeadInfo, act: &Activation, call: &Call) -> bool {
        let returns = info.has_no_rules()
            && !self.tracing
            && call.arity() == 1
            && matches!(act.node(call.item(1)), Node::Call(inner) if !inner.is_arithmetic)
            && matches!(self.stack.last(), Some(Frame::Form(waiting)) if waiting.is_function());
        if returns {
            self.stack.pop();
        }
        returns
    }

    /// Evaluates the items from `item` on.
    #[allow(clippy::too_many_arguments)]
    fn args_from(
        &mut self,
        act: Rc<Activation>,
        at: NodeIndex,
        mut item: u32,
        info: Rc<HeadInfo>,
        signature: Option<u16>,
        base: usize,
        mut grouped: bool,
    ) -> Result<Step, EvalError> {
        let Node::Call(call) = act.node(at) else {
            return Ok(Step::Return(Answers::None));
        };
        while item < call.len {
            let node = call.item(item);
            if let Some(value) = self.argument_at_hand(&act, node, item, &info, signature) {
                if is_error(&value.atom) && !self.is_lazy(&info, signature, item, &value.atom) {
                    // Errors are rare: use the general path for the remaining siblings.
                    let rows = self.combinations(act, at, item, info, signature, base, grouped);
                    return self.resume_combinations(rows, Answers::one(value), false);
                }
                // Without a parameter type, `Empty` is no result.
                if signature.is_none() && is_empty_symbol(&value.atom) {
                    let rows = self.combinations(act, at, item, info, signature, base, grouped);
                    return self.resume_combinations(rows, Answers::None, false);
                }
                self.vals.push(value);
                item += 1;
                continue;
            }
            if !grouped && self.has_siblings(&act, call) {
                grouped = true;
                self.open_group();
            }
            if grouped {
                self.begin_sibling(u64::from(item));
            }
            self.stack.push(Frame::Args(Args {
                act: Rc::clone(&act),
                at,
                item,
                base,
                signature,
                info,
                grouped,
            }));
            if grouped
                && self.shared.threads > 1
                && let Some(answers) = self.join_sibling(u64::from(item))?
            {
                return Ok(Step::Return(answers));
            }
            return Ok(Step::Eval(act, node));
        }
        if grouped {
            self.close_group();
        }
        self.apply_chosen(info, signature, base)
    }

    /// Returns whether more than one item may need evaluation: an expression, or a variable that may be bound to one.
    /// Doesn't depend on what is known of values, which varies with the number of threads.
    fn has_siblings(&self, act: &Activation, call: &Call) -> bool {
        let may_evaluate = |at: &NodeIndex| match act.node(*at) {
            Node::Leaf(atom) => matches!(atom, Atom::Expression(_)),
            Node::Token(_) => false,
            Node::Deep(_) | Node::Call(_) => true,
            Node::Slot(slot) => {
                let value = &act.values[*slot as usize];
                !value.is_set() || matches!(value.atom, Atom::Expression(_) | Atom::Variable(_))
            }
        };
        (call.first..call.first + call.len)
            .filter(may_evaluate)
            .nth(1)
            .is_some()
    }

    /// Returns an argument that needs no frame: one that is passed unevaluated, or an immediate value.
    #[inline]
    pub(crate) fn argument_at_hand(
        &self,
        act: &Activation,
        node: NodeIndex,
        item: u32,
        info: &HeadInfo,
        signature: Option<u16>,
    ) -> Option<Value> {
        if let Some(signature) = signature
            && item > 0
        {
            match info.signatures[signature as usize].modes[item as usize - 1] {
                Mode::Eval => {}
                Mode::Lazy => return Some(self.lazily(act, node)),
                Mode::Metatype(meta) => {
                    let value = self.lazily(act, node);
                    if metatype(&value.atom) == meta {
                        return Some(value);
                    }
                }
            }
        }
        self.immediate(act, node)
    }

    /// Returns the atom at a node, unevaluated.
    pub(crate) fn lazily(&self, act: &Activation, node: NodeIndex) -> Value {
        match act.node(node) {
            Node::Slot(slot) if act.values[*slot as usize].is_set() => act.values[*slot as usize].clone(),
            _ => Value::raw(act.instantiate(node)),
        }
    }

    /// Returns whether this argument was passed unevaluated.
    pub(crate) fn is_lazy(&self, info: &HeadInfo, signature: Option<u16>, item: u32, atom: &Atom) -> bool {
        match signature {
            Some(signature) if item > 0 => info.signatures[signature as usize].modes[item as usize - 1].leaves(atom),
            _ => false,
        }
    }

    pub(crate) fn resume_args(&mut self, args: Args, answers: Answers) -> Result<Step, EvalError> {
        if args.grouped {
            self.end_sibling();
        }
        let answers = if Self::is_met(&args.info, args.item, &answers) {
            answers
        } else {
            self.checked_argument(&args.info, args.item, answers)
        };
        match answers.only_value() {
            Ok(value) if !is_error(&value.atom) => {
                self.vals.push(value);
                self.args_from(
                    args.act,
                    args.at,
                    args.item + 1,
                    args.info,
                    args.signature,
                    args.base,
                    args.grouped,
                )
            }
            answers => {
                let answers = answers.map_or_else(|answers| answers, Answers::one);
                let rows = self.combinations(
                    args.act,
                    args.at,
                    args.item,
                    args.info,
                    args.signature,
                    args.base,
                    args.grouped,
                );
                self.resume_combinations(rows, answers, false)
            }
        }
    }
}

impl Args {
    /// Returns the arguments after this one that another thread may evaluate.
    pub(crate) fn pending(&self, machine: &Machine) -> Vec<PendingSibling> {
        let Node::Call(call) = self.act.node(self.at) else {
            return Vec::new();
        };
        let current = self.act.instantiate(call.item(self.item));
        machine.pending_items(&self.act, self.at, self.item, &self.info, self.signature, &[current])
    }
}

impl Call {
    /// Returns the nodes of the arguments.
    pub(crate) fn arguments(&self) -> std::ops::Range<NodeIndex> {
        self.first + 1..self.first + self.len
    }
}
