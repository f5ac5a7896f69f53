//! Answers of random logic programs equal those of a naive interpreter, which applies substitutions as it goes: so no form
//! loses a binding, and none shares variables that it should rename apart.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::HashMap;
use std::fmt::{self, Display, Formatter};

use pleach::Environment;
use pleach::term::Atom;
use pleach_metta::Evaluator;
use pleach_testkit::{cases, quick_check};
use quickcheck::{Arbitrary, Gen, TestResult};

/// A term, and an expression without calls.
#[derive(Clone, Debug, PartialEq)]
enum Term {
    Variable(u64),
    Symbol(&'static str),
    Compound(&'static str, Vec<Term>),
}

/// An expression that evaluates to terms.
#[derive(Clone, Debug)]
enum Expression {
    Term(Term),
    /// A call of a function with evaluated arguments.
    Call(usize, Vec<Expression>),
    /// A constructor with evaluated arguments.
    Build(&'static str, Vec<Expression>),
    Let(Term, Box<Expression>, Box<Expression>),
    LetStar(Vec<(Term, Expression)>, Box<Expression>),
    Chain(u64, Box<Expression>, Box<Expression>),
    Case(Box<Expression>, Vec<(Term, Expression)>),
    If(Box<Expression>, Box<Expression>, Box<Expression>),
    Unify(Term, Term, Box<Expression>, Box<Expression>),
    Match(Term, Box<Expression>),
    Superpose(Vec<Expression>),
}

use Expression as E;

/// Clauses of functions, facts and a query. A function calls only those after it, so all calls end; its last clause matches
/// everything, so none stands.
#[derive(Clone, Debug)]
struct Program {
    clauses: Vec<(usize, Vec<Term>, Expression)>,
    facts: Vec<Term>,
    query: Expression,
}

const FUNCTIONS: usize = 4;
const SYMBOLS: [&str; 3] = ["a", "b", "c"];
/// The condition of every `if`: of one argument.
const TEST: usize = FUNCTIONS;

impl Display for Term {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Term::Variable(variable) => write!(f, "$v{variable}"),
            Term::Symbol(name) => f.write_str(name),
            Term::Compound(head, items) => write!(f, "({head}{})", spaced(items)),
        }
    }
}

fn spaced(items: &[impl Display]) -> String {
    items.iter().map(|item| format!(" {item}")).collect()
}

fn pairs(pairs: &[(Term, Expression)]) -> String {
    pairs.iter().map(|(pattern, of)| format!("({pattern} {of})")).collect()
}

impl Display for Expression {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            E::Term(term) => term.fmt(f),
            E::Call(function, arguments) => write!(f, "(f{function}{})", spaced(arguments)),
            E::Build(head, arguments) => write!(f, "({head}{})", spaced(arguments)),
            E::Let(pattern, value, body) => write!(f, "(let {pattern} {value} {body})"),
            E::LetStar(list, body) => write!(f, "(let* ({}) {body})", pairs(list)),
            E::Chain(variable, value, body) => write!(f, "(chain {value} $v{variable} {body})"),
            E::Case(value, cases) => write!(f, "(case {value} ({}))", pairs(cases)),
            E::If(condition, then, other) => write!(f, "(if {condition} {then} {other})"),
            E::Unify(left, right, then, other) => write!(f, "(unify {left} {right} {then} {other})"),
            E::Match(pattern, body) => write!(f, "(match &self {pattern} {body})"),
            E::Superpose(items) => write!(f, "(superpose ({}))", spaced(items)),
        }
    }
}

impl Display for Program {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.facts.iter().try_for_each(|fact| writeln!(f, "{fact}"))?;
        for (function, patterns, body) in &self.clauses {
            writeln!(f, "(= (f{function}{}) {body})", spaced(patterns))?;
        }
        writeln!(f, "!{}", self.query)
    }
}

// --- The naive interpreter. ---

type Bindings = HashMap<u64, Term>;

fn walk(term: &Term, bindings: &Bindings) -> Term {
    match term {
        Term::Variable(variable) => bindings
            .get(variable)
            .map_or_else(|| term.clone(), |term| walk(term, bindings)),
        Term::Symbol(_) => term.clone(),
        Term::Compound(head, items) => Term::Compound(head, items.iter().map(|item| walk(item, bindings)).collect()),
    }
}

fn occurs(variable: u64, term: &Term) -> bool {
    match term {
        Term::Variable(other) => *other == variable,
        Term::Symbol(_) => false,
        Term::Compound(_, items) => items.iter().any(|item| occurs(variable, item)),
    }
}

fn unify(a: &Term, b: &Term, bindings: &Bindings) -> Option<Bindings> {
    match (walk(a, bindings), walk(b, bindings)) {
        (a, b) if a == b => Some(bindings.clone()),
        (Term::Variable(variable), term) | (term, Term::Variable(variable)) => {
            let mut more = bindings.clone();
            more.insert(variable, term.clone());
            (!occurs(variable, &term)).then_some(more)
        }
        (Term::Compound(a, left), Term::Compound(b, right)) if a == b && left.len() == right.len() => {
            let mut items = left.iter().zip(&right);
            items.try_fold(bindings.clone(), |bindings, (a, b)| unify(a, b, &bindings))
        }
        _ => None,
    }
}

/// More answers than this, or a `case` over none, end the comparison.
const MOST: usize = 60;

struct Interpreter<'p> {
    program: &'p Program,
    fresh: u64,
}

type Found = Option<Vec<(Term, Bindings)>>;

impl Interpreter<'_> {
    fn each(&mut self, found: Found, mut then: impl FnMut(&mut Self, Term, Bindings) -> Found) -> Found {
        let mut all = Vec::new();
        for (term, bindings) in found? {
            all.extend(then(self, term, bindings)?);
        }
        (all.len() <= MOST).then_some(all)
    }

    fn items(&mut self, items: &[Expression], bindings: &Bindings) -> Option<Vec<(Vec<Term>, Bindings)>> {
        let mut rows = vec![(Vec::new(), bindings.clone())];
        for item in items {
            let mut grown = Vec::new();
            for (row, bindings) in rows {
                for (term, bindings) in self.evaluate(item, &bindings)? {
                    grown.push(([&row[..], &[term]].concat(), bindings));
                }
            }
            rows = grown;
        }
        (rows.len() <= MOST).then_some(rows)
    }

    fn evaluate(&mut self, expression: &Expression, bindings: &Bindings) -> Found {
        match expression {
            E::Term(term) => Some(vec![(walk(term, bindings), bindings.clone())]),
            E::Build(head, items) => {
                let rows = self.items(items, bindings)?;
                let built = rows
                    .into_iter()
                    .map(|(row, bindings)| (Term::Compound(head, row), bindings));
                Some(built.collect())
            }
            E::Call(function, arguments) => {
                let mut all = Vec::new();
                for (row, bindings) in self.items(arguments, bindings)? {
                    for (head, patterns, body) in &self.program.clauses {
                        if head != function {
                            continue;
                        }
                        self.fresh += 1000;
                        let patterns = patterns.iter().map(|pattern| renamed(pattern, self.fresh));
                        let body = renamed_in(body, self.fresh);
                        let mut both = patterns.zip(&row);
                        let bound = both.try_fold(bindings.clone(), |bindings, (a, b)| unify(&a, b, &bindings));
                        if let Some(bindings) = bound {
                            all.extend(self.evaluate(&body, &bindings)?);
                        }
                    }
                }
                (all.len() <= MOST).then_some(all)
            }
            E::Let(pattern, value, body) => {
                let found = self.evaluate(value, bindings);
                self.each(found, |this, term, bindings| match unify(pattern, &term, &bindings) {
                    Some(bindings) => this.evaluate(body, &bindings),
                    None => Some(Vec::new()),
                })
            }
            E::LetStar(list, body) => match list.split_first() {
                Some(((pattern, value), rest)) => {
                    let rest = E::LetStar(rest.to_vec(), body.clone());
                    self.evaluate(
                        &E::Let(pattern.clone(), Box::new(value.clone()), Box::new(rest)),
                        bindings,
                    )
                }
                None => self.evaluate(body, bindings),
            },
            E::Chain(variable, value, body) => {
                let bound = E::Let(Term::Variable(*variable), value.clone(), body.clone());
                self.evaluate(&bound, bindings)
            }
            E::Case(value, cases) => {
                let found = self.evaluate(value, bindings)?;
                if found.is_empty() {
                    return None;
                }
                self.each(Some(found), |this, term, bindings| {
                    let mut matching = cases.iter();
                    let chosen = matching.find_map(|(pattern, body)| Some((unify(pattern, &term, &bindings)?, body)));
                    match chosen {
                        Some((bindings, body)) => this.evaluate(body, &bindings),
                        None => Some(Vec::new()),
                    }
                })
            }
            E::If(condition, then, other) => {
                let found = self.evaluate(condition, bindings);
                self.each(found, |this, term, bindings| match term {
                    Term::Symbol("True") => this.evaluate(then, &bindings),
                    Term::Symbol("False") => this.evaluate(other, &bindings),
                    _ => None,
                })
            }
            E::Unify(left, right, then, other) => match unify(left, right, bindings) {
                Some(bindings) => self.evaluate(then, &bindings),
                None => self.evaluate(other, bindings),
            },
            E::Match(pattern, body) => {
                let mut all = Vec::new();
                for fact in &self.program.facts {
                    self.fresh += 1000;
                    if let Some(bindings) = unify(pattern, &renamed(fact, self.fresh), bindings) {
                        all.extend(self.evaluate(body, &bindings)?);
                    }
                }
                (all.len() <= MOST).then_some(all)
            }
            E::Superpose(items) => {
                let mut all = Vec::new();
                for item in items {
                    all.extend(self.evaluate(item, bindings)?);
                }
                (all.len() <= MOST).then_some(all)
            }
        }
    }
}

fn renamed(term: &Term, by: u64) -> Term {
    match term {
        Term::Variable(variable) => Term::Variable(variable + by),
        Term::Symbol(_) => term.clone(),
        Term::Compound(head, items) => Term::Compound(head, items.iter().map(|item| renamed(item, by)).collect()),
    }
}

fn renamed_in(expression: &Expression, by: u64) -> Expression {
    let inner = |expression: &Expression| Box::new(renamed_in(expression, by));
    let list = |items: &[Expression]| items.iter().map(|item| renamed_in(item, by)).collect();
    let pairs = |pairs: &[(Term, Expression)]| {
        let pairs = pairs
            .iter()
            .map(|(pattern, of)| (renamed(pattern, by), renamed_in(of, by)));
        pairs.collect()
    };
    match expression {
        E::Term(term) => E::Term(renamed(term, by)),
        E::Call(function, arguments) => E::Call(*function, list(arguments)),
        E::Build(head, arguments) => E::Build(head, list(arguments)),
        E::Let(pattern, value, body) => E::Let(renamed(pattern, by), inner(value), inner(body)),
        E::LetStar(list, body) => E::LetStar(pairs(list), inner(body)),
        E::Chain(variable, value, body) => E::Chain(variable + by, inner(value), inner(body)),
        E::Case(value, cases) => E::Case(inner(value), pairs(cases)),
        E::If(condition, then, other) => E::If(inner(condition), inner(then), inner(other)),
        E::Unify(left, right, then, other) => {
            E::Unify(renamed(left, by), renamed(right, by), inner(then), inner(other))
        }
        E::Match(pattern, body) => E::Match(renamed(pattern, by), inner(body)),
        E::Superpose(items) => E::Superpose(list(items)),
    }
}

// --- Generation. ---

/// A source of terms and expressions in which some variables are in scope.
struct Source<'g> {
    g: &'g mut Gen,
    /// The variables in scope.
    scope: Vec<u64>,
    /// The next variable that occurs nowhere else.
    next: u64,
    /// The first function that may be called.
    first: usize,
}

impl Source<'_> {
    fn below(&mut self, bound: usize) -> usize {
        usize::from(u16::arbitrary(self.g)) % bound
    }

    fn symbol(&mut self) -> Term {
        Term::Symbol(SYMBOLS[self.below(SYMBOLS.len())])
    }

    fn term(&mut self, depth: u32) -> Term {
        match self.below(if depth == 0 { 4 } else { 6 }) {
            0 => self.symbol(),
            1..4 if !self.scope.is_empty() => {
                let index = self.below(self.scope.len());
                Term::Variable(self.scope[index])
            }
            1..4 => self.symbol(),
            4 => Term::Compound("s", vec![self.term(depth - 1)]),
            _ => Term::Compound("p", vec![self.term(depth - 1), self.term(depth - 1)]),
        }
    }

    /// A term with variables that are new, which then are in scope.
    fn pattern(&mut self, depth: u32) -> Term {
        if self.below(2) == 0 {
            self.scope.push(self.next);
            self.next += 1;
        }
        self.term(depth)
    }

    fn expressions(&mut self, count: usize, depth: u32) -> Vec<Expression> {
        (0..count).map(|_| self.expression(depth)).collect()
    }

    fn boxed(&mut self, depth: u32) -> Box<Expression> {
        Box::new(self.expression(depth))
    }

    fn call(&mut self, depth: u32) -> Expression {
        if self.first >= FUNCTIONS {
            return E::Term(self.term(1));
        }
        let function = self.first + self.below(FUNCTIONS - self.first);
        E::Call(function, self.expressions(arity(function), depth))
    }

    fn expression(&mut self, depth: u32) -> Expression {
        if depth == 0 {
            return E::Term(self.term(1));
        }
        let outside = self.scope.len();
        let made = match self.below(14) {
            0 => E::Term(self.term(2)),
            1..4 => self.call(depth - 1),
            4 => E::Build("p", self.expressions(2, depth - 1)),
            5 | 6 => {
                let value = self.boxed(depth - 1);
                E::Let(self.pattern(1), value, self.boxed(depth - 1))
            }
            7 => {
                let list = (0..2).map(|_| {
                    let value = self.call(depth - 1);
                    (self.pattern(1), value)
                });
                let list = list.collect();
                E::LetStar(list, self.boxed(depth - 1))
            }
            8 => {
                let value = self.boxed(depth - 1);
                let variable = self.next;
                self.next += 1;
                self.scope.push(variable);
                E::Chain(variable, value, self.boxed(depth - 1))
            }
            9 => {
                let value = Box::new(self.call(depth - 1));
                let cases = (0..2).map(|_| (self.pattern(1), self.expression(depth - 1)));
                E::Case(value, cases.collect())
            }
            10 => {
                let condition = Box::new(E::Call(TEST, vec![self.expression(depth - 1)]));
                E::If(condition, self.boxed(depth - 1), self.boxed(depth - 1))
            }
            11 => {
                let (left, right) = (self.term(2), self.pattern(2));
                let then = self.boxed(depth - 1);
                self.scope.truncate(outside);
                E::Unify(left, right, then, self.boxed(depth - 1))
            }
            12 => {
                let pattern = Term::Compound("fact", vec![self.pattern(1), self.pattern(1)]);
                E::Match(pattern, self.boxed(depth - 1))
            }
            _ => E::Superpose(self.expressions(2, depth - 1)),
        };
        self.scope.truncate(outside);
        made
    }
}

fn arity(function: usize) -> usize {
    if function == TEST { 1 } else { 1 + function % 2 }
}

impl Arbitrary for Program {
    fn arbitrary(g: &mut Gen) -> Self {
        let mut clauses = Vec::new();
        for function in 0..FUNCTIONS {
            for _ in 0..u8::arbitrary(g) % 3 {
                let (scope, first) = (vec![0, 1], function + 1);
                let mut source = Source {
                    g,
                    scope,
                    next: 2,
                    first,
                };
                let patterns = (0..arity(function)).map(|_| source.term(2)).collect();
                clauses.push((function, patterns, source.expression(2)));
            }
            let all = (0..arity(function) as u64).map(Term::Variable).collect();
            clauses.push((function, all, E::Term(Term::Symbol("k"))));
        }
        let truth = |name| E::Term(Term::Symbol(name));
        clauses.push((TEST, vec![Term::Symbol("a")], truth("True")));
        clauses.push((TEST, vec![Term::Compound("s", vec![Term::Variable(0)])], truth("True")));
        clauses.push((TEST, vec![Term::Variable(0)], truth("False")));
        let mut source = Source {
            g,
            scope: vec![0, 1],
            next: 2,
            first: 0,
        };
        let facts = (0..3).map(|_| Term::Compound("fact", vec![source.term(1), source.term(1)]));
        let facts = facts.collect();
        let shown = [Term::Variable(99), Term::Variable(0), Term::Variable(1)];
        let shown = Box::new(E::Term(Term::Compound("shown", shown.to_vec())));
        let query = E::Let(Term::Variable(99), source.boxed(3), shown);
        Program { clauses, facts, query }
    }

    fn shrink(&self) -> Box<dyn Iterator<Item = Self>> {
        let mut smaller = Vec::new();
        for index in 0..self.facts.len() {
            let mut program = self.clone();
            program.facts.remove(index);
            smaller.push(program);
        }
        for index in 0..self.clauses.len() {
            let mut program = self.clone();
            let (function, ..) = program.clauses.remove(index);
            if function != TEST && program.clauses.iter().any(|(other, ..)| *other == function) {
                smaller.push(program);
            }
        }
        for body in parts(&self.query) {
            smaller.push(Program {
                query: body,
                ..self.clone()
            });
        }
        for index in 0..self.clauses.len() {
            for body in parts(&self.clauses[index].2) {
                let mut program = self.clone();
                program.clauses[index].2 = body;
                smaller.push(program);
            }
        }
        Box::new(smaller.into_iter())
    }
}

/// The expressions directly in an expression.
fn inner(expression: &mut Expression) -> Vec<&mut Expression> {
    match expression {
        E::Term(_) => Vec::new(),
        E::Call(_, items) | E::Build(_, items) | E::Superpose(items) => items.iter_mut().collect(),
        E::Let(_, value, body) | E::Chain(_, value, body) => vec![value, body],
        E::LetStar(list, body) => list.iter_mut().map(|(_, of)| of).chain([&mut **body]).collect(),
        E::Case(value, list) => [&mut **value]
            .into_iter()
            .chain(list.iter_mut().map(|(_, of)| of))
            .collect(),
        E::If(condition, then, other) => vec![condition, then, other],
        E::Unify(_, _, then, other) => vec![then, other],
        E::Match(_, body) => vec![body],
    }
}

/// Smaller expressions: one in place of the whole, or of a part, or without an item of a list.
fn parts(expression: &Expression) -> Vec<Expression> {
    let mut whole = expression.clone();
    let mut found: Vec<Expression> = inner(&mut whole).into_iter().map(|part| part.clone()).collect();
    match expression {
        E::Term(Term::Compound(_, items)) => found.extend(items.iter().cloned().map(E::Term)),
        E::LetStar(list, body) => {
            found.extend((0..list.len()).map(|index| {
                let mut list = list.clone();
                list.remove(index);
                E::LetStar(list, body.clone())
            }));
        }
        E::Case(value, cases) => {
            found.extend(cases.iter().map(|one| E::Case(value.clone(), vec![one.clone()])));
            let lets = cases.iter().cloned();
            found.extend(lets.map(|(pattern, body)| E::Let(pattern, value.clone(), Box::new(body))));
        }
        E::Term(Term::Variable(_)) => found.push(E::Term(Term::Symbol("a"))),
        _ => {}
    }
    for index in 0..inner(&mut whole).len() {
        let part = inner(&mut whole)[index].clone();
        for smaller in parts(&part) {
            let mut changed = expression.clone();
            *inner(&mut changed)[index] = smaller;
            found.push(changed);
        }
    }
    found
}

// --- The comparison. ---

/// Writes an atom with variables numbered in order of first occurrence.
fn written(atom: &Atom, known: &mut Vec<String>, out: &mut String) {
    match atom {
        Atom::Expression(items) => {
            out.push('(');
            for item in items.iter() {
                written(item, known, out);
                out.push(' ');
            }
            out.push(')');
        }
        Atom::Variable(_) => {
            let name = atom.to_string();
            let number = known.iter().position(|other| *other == name).unwrap_or_else(|| {
                known.push(name);
                known.len() - 1
            });
            out.push_str(&format!("${number}"));
        }
        leaf => out.push_str(&leaf.to_string()),
    }
}

fn sorted(atoms: impl Iterator<Item = Atom>) -> Vec<String> {
    let mut list: Vec<String> = atoms
        .map(|atom| {
            let mut text = String::new();
            written(&atom, &mut Vec::new(), &mut text);
            text
        })
        .collect();
    list.sort();
    list
}

fn agrees(program: &Program) -> TestResult {
    let mut interpreter = Interpreter { program, fresh: 0 };
    let Some(found) = interpreter.evaluate(&program.query, &Bindings::new()) else {
        return TestResult::discard();
    };
    let expected = found
        .iter()
        .map(|(term, bindings)| walk(term, bindings).to_string().parse().unwrap());
    let expected = sorted(expected);
    let text = program.to_string();
    let evaluator = Evaluator::builder().threads(1).fuel(1_000_000).build().unwrap();
    let run = evaluator.run(Environment::new(), &text).unwrap();
    let found = sorted(run.results.last().unwrap().iter().cloned());
    if found != expected {
        eprintln!("{text}expected: {expected:?}\nfound: {found:?}\n");
    }
    TestResult::from_bool(found == expected)
}

#[test]
fn answers_equal_those_of_a_naive_interpreter() {
    fn law(program: Program) -> TestResult {
        agrees(&program)
    }
    // Programs with too many answers are discarded.
    quick_check(10_000)
        .max_tests(cases(20_000))
        .min_tests_passed(cases(10_000))
        .quickcheck(law as fn(Program) -> TestResult);
}
