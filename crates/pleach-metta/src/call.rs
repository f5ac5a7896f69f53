//! Calls: the head, then the arguments.

use std::rc::Rc;

use super::builtin::{Builtin, Kind};
use super::code::{Activation, At, Call, Node};
use super::head::HeadInfo;
use super::machine::{Args, Frame, Machine, Step, is_empty_symbol, is_error};
use super::sibling::Waiting;
use super::types::{self, Mode, Signature};
use super::value::{Answer, Answers, Value};
use super::{Stop, names};
use pleach::term::Atom;

impl Machine {
    /// What is known of the head of these items.
    pub(super) fn info_of(&mut self, items: &[Value]) -> Rc<HeadInfo> {
        let arity = items.len().saturating_sub(1) as u32;
        match items.first().map(|head| &head.atom) {
            Some(Atom::Symbol(symbol)) => self.head(*symbol, arity),
            _ => Rc::new(HeadInfo::new(&self.shared, self.home(), self.epoch, None, arity)),
        }
    }

    /// Evaluates an expression that is no special form.
    pub(super) fn eval_call(&mut self, act: Rc<Activation>, at: At) -> Result<Step, Stop> {
        let Node::Call(call) = act.node(at) else {
            return Ok(Step::Atom(act.instantiate(at)));
        };
        let head = match act.node(call.item(0)) {
            Node::Leaf(Atom::Symbol(symbol)) => Some(*symbol),
            Node::Slot(slot) => match act.slot(*slot) {
                Atom::Symbol(symbol) => {
                    // A variable that stands for a special form.
                    if super::builtin::find(symbol).is_some_and(|builtin| builtin.special().is_some()) {
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
            if let Some(Kind::Typed) = info.builtin.map(|builtin| builtin.kind)
                && head == Some(names().return_)
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

    /// What is known of a head that is to be evaluated: its function types, if what makes it says so.
    fn unevaluated(&mut self, act: &Activation, at: At) -> Rc<HeadInfo> {
        if let Node::Call(call) = act.node(at)
            && let Some(head) = call.head
            && call.builtin.and_then(Builtin::special).is_none()
            && self.head(head, call.arity()).may_make_functions()
        {
            let types = self.types_of(&act.instantiate(at));
            return Rc::new(HeadInfo::of_types(types.iter().filter_map(Signature::of).collect()));
        }
        Rc::new(HeadInfo::unknown())
    }

    /// Does a `function` wait for this `(return …)` and for nothing else? Then what is returned is all that there is to wait
    /// for, and a function that returns what another call comes to takes no stack.
    fn returns(&mut self, info: &HeadInfo, act: &Activation, call: &Call) -> bool {
        let returns = info.has_no_rules()
            && !self.tracing
            && call.arity() == 1
            && matches!(act.node(call.item(1)), Node::Call(inner) if !self.is_plain(inner.simple))
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
        at: At,
        mut item: u32,
        info: Rc<HeadInfo>,
        signature: Option<u16>,
        base: usize,
        mut grouped: bool,
    ) -> Result<Step, Stop> {
        let Node::Call(call) = act.node(at) else {
            return Ok(Step::Return(Answers::None));
        };
        while item < call.len {
            let node = call.item(item);
            if let Some(value) = self.argument_at_hand(&act, node, item, &info, signature) {
                if is_error(&value.atom) && !self.is_lazy(&info, signature, item, &value.atom) {
                    // Errors are rare: let the general way deal with the siblings that are left.
                    let rows = self.rows(act, at, item, info, signature, base, grouped);
                    return self.resume_rows(rows, Answers::one(value), false);
                }
                // Where no type says what is expected, `Empty` is no result.
                if signature.is_none() && is_empty_symbol(&value.atom) {
                    let rows = self.rows(act, at, item, info, signature, base, grouped);
                    return self.resume_rows(rows, Answers::None, false);
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
                && let Some(answers) = self.claim(u64::from(item))?
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

    /// Is more than one item an expression, or a variable that may come to stand for one? It does not matter how much is
    /// known of their values: that depends on how the evaluation got here.
    fn has_siblings(&self, act: &Activation, call: &Call) -> bool {
        let may_evaluate = |at: &At| match act.node(*at) {
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

    /// An argument that needs no evaluation, or next to none.
    #[inline]
    pub(super) fn argument_at_hand(
        &self,
        act: &Activation,
        node: At,
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
                Mode::Meta(meta) => {
                    let value = self.lazily(act, node);
                    if types::metatype(&value.atom) == meta {
                        return Some(value);
                    }
                }
            }
        }
        self.quick(act, node)
    }

    /// The atom at a node as it is, with what is known of it.
    pub(super) fn lazily(&self, act: &Activation, node: At) -> Value {
        match act.node(node) {
            Node::Slot(slot) if act.values[*slot as usize].is_set() => act.values[*slot as usize].clone(),
            _ => Value::raw(act.instantiate(node)),
        }
    }

    /// Was this argument taken as it is?
    pub(super) fn is_lazy(&self, info: &HeadInfo, signature: Option<u16>, item: u32, atom: &Atom) -> bool {
        match signature {
            Some(signature) if item > 0 => info.signatures[signature as usize].modes[item as usize - 1].leaves(atom),
            _ => false,
        }
    }

    pub(super) fn resume_args(&mut self, args: Args, answers: Answers) -> Result<Step, Stop> {
        if args.grouped {
            self.end_sibling();
        }
        let answers = if Self::is_met(&args.info, args.item, &answers) {
            answers
        } else {
            self.checked_argument(&args.info, args.item, answers)
        };
        match answers {
            Answers::One(Answer { value, delta: None }) if !is_error(&value.atom) => {
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
                let rows = self.rows(
                    args.act,
                    args.at,
                    args.item,
                    args.info,
                    args.signature,
                    args.base,
                    args.grouped,
                );
                self.resume_rows(rows, answers, false)
            }
        }
    }
}

impl Args {
    /// The arguments after this one that another thread may evaluate.
    pub(super) fn waiting(&self, machine: &Machine) -> Vec<Waiting> {
        let Node::Call(call) = self.act.node(self.at) else {
            return Vec::new();
        };
        let current = self.act.instantiate(call.item(self.item));
        machine.waiting_items(&self.act, self.at, self.item, &self.info, self.signature, &[current])
    }
}

impl Call {
    /// The nodes of the arguments.
    pub(super) fn arguments(&self) -> std::ops::Range<At> {
        self.first + 1..self.first + self.len
    }
}
