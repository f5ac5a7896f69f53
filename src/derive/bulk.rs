//! Closures from nothing: semi-naive evaluation over relations of interned values.
//!
//! A component of rules whose patterns and heads are all of the form `(name argument…)`, and match ground facts only, is
//! evaluated as a database would: the arguments of facts are numbered, each relation is a table of numbers with hash indexes
//! by the columns that joins need, and each new tuple is joined with the others once, in the order of insertion. At the
//! end, the new tuples of a relation are sorted and become facts at once. Other components are evaluated by unification.
//!
//! Programs of many components cost what each one matches, not the state again and again: a relation is loaded once, until a
//! component by unification derives facts of it; or of one that no other rule needs, the facts that begin with a pattern's ground
//! arguments; ground arguments that come later are looked up in an index; and only the values of new tuples are ranked.

mod plan;
mod table;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Bound;

use smallvec::SmallVec;

use self::plan::{Column, Piece, Row, Variables};
use self::table::{NONE, Ranks, Table, Values};
use super::rule::Rule;
use crate::env::{Index, Multiplicity, Space, SpaceKind, sorted};
use crate::term::Term;
use crate::term::path::{Extent, NEW_VARIABLE, with_encoder};

/// Why a component wasn't evaluated.
pub(super) enum Failure {
    /// It isn't of the form that this module evaluates.
    Unsuitable,
    /// It derives too many facts.
    Limit,
}

/// The relations that components have in common.
#[derive(Default)]
pub(super) struct Relations {
    values: Values,
    tables: Vec<Table>,
    /// The number of the table of each relation, and of parts of relations, by the common prefix of their paths.
    numbers: BTreeMap<Vec<u8>, usize>,
    ranks: Ranks,
    scratch: Scratch,
}

#[derive(Default)]
struct Scratch {
    /// The values of a rule's variables.
    variables: Vec<u32>,
    /// The current tuple of each step.
    tuples: Vec<u32>,
    key: Vec<u32>,
    path: Vec<u8>,
}

/// A rule with its rows.
struct Compiled {
    head: Row,
    positive: Vec<Row>,
    negative: Vec<Row>,
    variables: usize,
}

impl Compiled {
    fn new<T: Term>(rule: &Rule<T>) -> Option<Self> {
        let mut variables = Variables::default();
        let positive: Option<Vec<Row>> = rule
            .positive
            .iter()
            .map(|pattern| Row::new(pattern, &mut variables))
            .collect();
        let bound = variables.len;
        let negative: Option<Vec<Row>> = rule
            .negative
            .iter()
            .map(|pattern| Row::new(pattern, &mut variables)?.opened(bound))
            .collect();
        let head = Row::new(&rule.head, &mut variables);
        Some(Self {
            head: head?,
            positive: positive?,
            negative: negative?,
            variables: variables.len,
        })
    }

    fn rows(&self) -> impl Iterator<Item = &Row> {
        self.positive.iter().chain(&self.negative).chain([&self.head])
    }

    fn patterns_mut(&mut self) -> impl Iterator<Item = &mut Row> {
        self.positive.iter_mut().chain(&mut self.negative)
    }
}

/// The order in which the patterns of a rule are matched, perhaps after a tuple that one of them matches.
struct Plan {
    seed: Vec<Match>,
    steps: Vec<Step>,
    negative: Vec<Lookup>,
    head: Vec<Operand>,
    /// The table of the head.
    table: usize,
    variables: usize,
}

/// The plans that begin with a tuple of one table.
#[derive(Default)]
struct Plans {
    /// By a ground column of the pattern that the tuple matches, the one with the fewest others: the column and its value.
    by_value: HashMap<(usize, u32), Vec<Plan>>,
    /// The columns that occur in `by_value`, ascending.
    columns: Vec<usize>,
    others: Vec<Plan>,
}

impl Plans {
    fn insert(&mut self, plan: Plan) {
        let ground = plan.seed.iter().filter_map(|part| match part {
            Match::Equal {
                column,
                operand: Operand::Value(value),
            } => Some((*column, *value)),
            _ => None,
        });
        match { ground }.min_by_key(|key| self.by_value.get(key).map_or(0, Vec::len)) {
            None => self.others.push(plan),
            Some(key) => {
                if let Err(at) = self.columns.binary_search(&key.0) {
                    self.columns.insert(at, key.0);
                }
                self.by_value.entry(key).or_default().push(plan);
            }
        }
    }

    /// Those that may match a tuple.
    fn of(&self, tuple: &[u32]) -> impl Iterator<Item = &Plan> {
        let columns = self.columns.iter();
        let found = columns.filter_map(|column| self.by_value.get(&(*column, *tuple.get(*column)?)));
        found.flatten().chain(&self.others)
    }
}

/// Where the evaluation of a rule starts.
#[derive(Clone, Copy)]
enum Start {
    /// A rule without positive patterns.
    Nothing,
    /// A tuple for the positive pattern of this position.
    Tuple(usize),
    /// The tuples that the positive pattern of this position matches in its ground columns.
    Ground(usize),
}

/// A pattern that is matched by an index.
struct Step {
    lookup: Lookup,
    matches: Vec<Match>,
}

/// The tuples of a table that have these values in these columns.
struct Lookup {
    table: usize,
    /// The index by the columns of the key; `None` if it has all.
    index: Option<usize>,
    key: Vec<Operand>,
}

/// A value that is known once earlier patterns match.
enum Operand {
    Value(u32),
    Variable(usize),
    Nested(Vec<Piece>),
}

/// A test or a binding of one column.
enum Match {
    Bind { column: usize, variable: usize },
    Equal { column: usize, operand: Operand },
    Destructure { column: usize, parts: Vec<Part> },
}

/// A part of the path of a column's value.
enum Part {
    Literal(Vec<u8>),
    Bind(usize),
    Equal(usize),
}

impl Relations {
    /// Evaluates a component, and adds what it derives to `closure`: at most `allowed` facts, from which they are subtracted.
    pub(super) fn evaluate<T: Term>(
        &mut self,
        rules: &[&Rule<T>],
        closure: &mut Space<T>,
        allowed: &mut usize,
    ) -> Result<(), Failure> {
        let compiled: Option<Vec<Compiled>> = rules.iter().map(|rule| Compiled::new(rule)).collect();
        let mut rules = compiled.ok_or(Failure::Unsuitable)?;
        let mut heads: Vec<Vec<u8>> = rules.iter().map(|rule| rule.head.relation.clone()).collect();
        heads.sort_unstable();
        heads.dedup();
        let is_definition =
            |relation: &Vec<u8>| closure.kind == SpaceKind::Program && Index::KEYWORDS.contains(&&relation[..]);
        if heads.iter().any(is_definition) {
            return Err(Failure::Unsuitable);
        }
        for pattern in rules.iter_mut().flat_map(Compiled::patterns_mut) {
            if heads.binary_search(&pattern.relation).is_err() && !self.numbers.contains_key(&pattern.relation) {
                pattern.narrow();
            }
        }
        for row in rules.iter().flat_map(Compiled::rows) {
            self.load(row, closure)?;
        }
        let used: BTreeSet<usize> = rules
            .iter()
            .flat_map(Compiled::rows)
            .map(|row| self.table(row))
            .collect();
        let known = used
            .into_iter()
            .map(|table| (table, self.tables[table].len()))
            .collect();
        self.fixpoint(&rules, &known, allowed)?;
        for relation in heads {
            let table = self.numbers.get(&relation).copied().unwrap_or_default();
            if self.tables[table].len() > known[&table] {
                self.store(table, &relation, known[&table], closure);
                self.drop_parts(&relation);
            }
        }
        Ok(())
    }

    /// Drops the tables of parts of a relation, which lack its new facts.
    fn drop_parts(&mut self, relation: &[u8]) {
        let after = (Bound::Excluded(relation), Bound::Unbounded);
        let tables = self.numbers.range::<[u8], _>(after).map(|(prefix, _)| prefix);
        let parts: Vec<Vec<u8>> = tables
            .take_while(|prefix| prefix.starts_with(relation))
            .cloned()
            .collect();
        for part in parts {
            self.drop_table(&part);
        }
    }

    fn drop_table(&mut self, prefix: &[u8]) {
        if let Some(table) = self.numbers.remove(prefix) {
            self.tables[table] = Table::new(0);
        }
    }

    /// Drops the tables that lack added facts, of these paths in ascending order.
    pub(super) fn drop_outdated<'p>(&mut self, added: impl Iterator<Item = &'p [u8]>) {
        let mut last: Option<&[u8]> = None;
        for path in added {
            if last.is_some_and(|relation| path.starts_with(relation)) {
                continue;
            }
            let first = Extent::of(path).filter(|whole| whole.items > 0);
            let head = first.and_then(|whole| Some((whole.length, Extent::of(&path[whole.length..])?)));
            let Some((start, head)) = head else {
                // No fact of a relation.
                continue;
            };
            if head.variable {
                // Perhaps of any relation.
                *self = Self::default();
                return;
            }
            let relation = &path[..start + head.length];
            self.drop_table(relation);
            self.drop_parts(relation);
            last = Some(relation);
        }
    }

    fn table(&self, row: &Row) -> usize {
        self.numbers.get(&row.relation).copied().unwrap_or_default()
    }

    /// Loads the relation of a row, or the part of it, unless it is known.
    fn load<T: Term>(&mut self, row: &Row, closure: &Space<T>) -> Result<(), Failure> {
        if self.numbers.contains_key(&row.relation) {
            return Ok(());
        }
        // A fact may match that has a variable where the prefix has a ground atom.
        let mut start = 0;
        while let Some(token) = row.relation.get(start..).and_then(Extent::of) {
            let open = [&row.relation[..start], &[NEW_VARIABLE]].concat();
            if closure.facts.count_prefix(open) > 0 {
                return Err(Failure::Unsuitable);
            }
            start += token.length;
        }
        let arity = row.columns.len();
        let mut table = Table::new(arity);
        let mut tuple: SmallVec<[u32; 8]> = SmallVec::new();
        if let Some(mut cursor) = closure.facts.cursor_at(&row.relation) {
            // The relation itself is the path of an expression without arguments.
            let mut entry = cursor.value().or_else(|| cursor.next_entry());
            while let Some(multiplicity) = entry {
                let is_opaque = |atom| with_encoder(|encoder| encoder.encode(atom).opaque);
                let kept = multiplicity.record().and_then(|record| record.atom.as_ref());
                if kept.is_some_and(is_opaque) || self.values.len().max(table.len() as usize) >= NONE as usize / 2 {
                    return Err(Failure::Unsuitable);
                }
                tuple.clear();
                let mut rest = &cursor.path()[row.relation.len()..];
                for _ in 0..arity {
                    let Some((length, false)) = Extent::of_atom(rest) else {
                        return Err(Failure::Unsuitable);
                    };
                    let (value, after) = rest.split_at(length);
                    tuple.push(self.values.intern(value));
                    rest = after;
                }
                table.insert(&tuple);
                entry = cursor.next_entry();
            }
        }
        self.numbers.insert(row.relation.clone(), self.tables.len());
        self.tables.push(table);
        Ok(())
    }

    /// Derives all that follows; `known` has the number of tuples at the start, of each table that the rules name.
    fn fixpoint(
        &mut self,
        rules: &[Compiled],
        known: &BTreeMap<usize, u32>,
        allowed: &mut usize,
    ) -> Result<(), Failure> {
        // Consequences of known tuples.
        for rule in rules {
            let start = self.start(rule, known);
            let plan = self.plan(rule, start);
            let Start::Tuple(position) = start else {
                self.run(&plan, None, allowed)?;
                continue;
            };
            let table = self.table(&rule.positive[position]);
            for tuple in 0..known[&table] {
                self.run(&plan, Some((table, tuple)), allowed)?;
            }
        }
        // Consequences of new ones. Those of a table are all of one component.
        let heads: BTreeSet<usize> = rules.iter().map(|rule| self.table(&rule.head)).collect();
        let mut plans: BTreeMap<usize, Plans> = heads.into_iter().map(|table| (table, Plans::default())).collect();
        for rule in rules {
            for (position, row) in rule.positive.iter().enumerate() {
                if let Some(plans) = plans.get_mut(&self.table(row)) {
                    plans.insert(self.plan(rule, Start::Tuple(position)));
                }
            }
        }
        let mut next = known.clone();
        loop {
            let mut is_done = true;
            for (table, plans) in &plans {
                let mut tuple = next[table];
                while tuple < self.tables[*table].len() {
                    is_done = false;
                    let values: SmallVec<[u32; 8]> = SmallVec::from_slice(self.tables[*table].tuple(tuple));
                    for plan in plans.of(&values) {
                        self.run(plan, Some((*table, tuple)), allowed)?;
                    }
                    tuple += 1;
                }
                next.insert(*table, tuple);
            }
            if is_done {
                return Ok(());
            }
        }
    }

    /// The positive pattern that the fewest known tuples match in its ground columns. Those of all patterns are counted side by
    /// side, so it costs the least count.
    fn start(&mut self, rule: &Compiled, known: &BTreeMap<usize, u32>) -> Start {
        let mut counts: Vec<(Start, Option<Lookup>, u32)> = Vec::new();
        for (position, row) in rule.positive.iter().enumerate() {
            let key = self.ground(row);
            counts.push(if key.is_empty() {
                (Start::Tuple(position), None, known[&self.table(row)])
            } else {
                let lookup = self.lookup(row, key);
                let tuple = self.scratch.find(&lookup, &self.tables, &mut self.values);
                (Start::Ground(position), Some(lookup), tuple)
            });
        }
        if let [(start, ..)] = counts[..] {
            return start;
        }
        while !counts.is_empty() {
            for (start, lookup, rest) in &mut counts {
                *rest = match (lookup, *rest) {
                    (None, 0) | (Some(_), NONE) => return *start,
                    (None, count) => count - 1,
                    (Some(lookup), tuple) => lookup.next(&self.tables, tuple),
                };
            }
        }
        Start::Nothing
    }

    /// The ground columns of a row.
    fn ground(&mut self, row: &Row) -> Vec<(usize, Operand)> {
        let columns = row.columns.iter().enumerate();
        let values = columns.filter_map(|(column, argument)| match argument {
            Column::Ground(path) => Some((column, Operand::Value(self.values.intern(path)))),
            _ => None,
        });
        values.collect()
    }

    /// Plans the evaluation of a rule. The next pattern is always the one with the most columns that follow from bound variables,
    /// and then of known ones: one with ground columns alone would be joined with everything so far.
    fn plan(&mut self, rule: &Compiled, start: Start) -> Plan {
        let mut bound = vec![false; rule.variables];
        let mut rest: Vec<usize> = (0..rule.positive.len()).collect();
        let (mut seed, mut steps) = (Vec::new(), Vec::new());
        match start {
            Start::Nothing => {}
            Start::Tuple(position) => {
                rest.remove(position);
                seed = self.matches(&rule.positive[position], &mut bound, false).1;
            }
            Start::Ground(position) => {
                rest.remove(position);
                steps.push(self.step(&rule.positive[position], &mut bound));
            }
        }
        while !rest.is_empty() {
            let known = |position: &usize| {
                let columns = rule.positive[*position].columns.iter();
                let known = columns.filter(|column| column.is_known(&bound));
                let (ground, joined): (Vec<&Column>, Vec<&Column>) =
                    known.partition(|column| matches!(column, Column::Ground(_)));
                (joined.len(), ground.len())
            };
            let most = (0..rest.len()).max_by_key(|index| (known(&rest[*index]), std::cmp::Reverse(*index)));
            let row = &rule.positive[rest.remove(most.unwrap_or(0))];
            steps.push(self.step(row, &mut bound));
        }
        let negative = rule.negative.iter().map(|row| {
            let key = self.matches(row, &mut bound, true).0;
            self.lookup(row, key)
        });
        Plan {
            seed,
            steps,
            negative: negative.collect(),
            head: rule
                .head
                .columns
                .iter()
                .filter_map(|column| self.operand(column))
                .collect(),
            table: self.table(&rule.head),
            variables: rule.variables,
        }
    }

    fn step(&mut self, row: &Row, bound: &mut [bool]) -> Step {
        let (key, matches) = self.matches(row, bound, true);
        let lookup = self.lookup(row, key);
        Step { lookup, matches }
    }

    fn lookup(&mut self, row: &Row, key: Vec<(usize, Operand)>) -> Lookup {
        let table = self.table(row);
        let columns: Vec<usize> = key.iter().map(|(column, _)| *column).collect();
        let index = (columns.len() < row.columns.len()).then(|| self.tables[table].index_by(&columns));
        let key = key.into_iter().map(|(_, operand)| operand).collect();
        Lookup { table, index, key }
    }

    /// The columns of a row that are known, if a key is wanted, and what to do with the others.
    fn matches(&mut self, row: &Row, bound: &mut [bool], keyed: bool) -> (Vec<(usize, Operand)>, Vec<Match>) {
        let (mut key, mut matches, mut nested) = (Vec::new(), Vec::new(), Vec::new());
        let before = bound.to_vec();
        for (column, argument) in row.columns.iter().enumerate() {
            if argument.is_known(&before)
                && let Some(operand) = self.operand(argument)
            {
                if keyed {
                    key.push((column, operand));
                } else {
                    matches.push(Match::Equal { column, operand });
                }
                continue;
            }
            match argument {
                Column::Variable(variable) if bound[*variable] => {
                    let operand = Operand::Variable(*variable);
                    matches.push(Match::Equal { column, operand });
                }
                Column::Variable(variable) => {
                    bound[*variable] = true;
                    let variable = *variable;
                    matches.push(Match::Bind { column, variable });
                }
                Column::Nested(pieces) => nested.push((column, pieces)),
                Column::Any | Column::Ground(_) => {}
            }
        }
        for (column, pieces) in nested {
            let parts = pieces.iter().map(|piece| match piece {
                Piece::Literal(bytes) => Part::Literal(bytes.clone()),
                Piece::Variable(variable) if std::mem::replace(&mut bound[*variable], true) => Part::Equal(*variable),
                Piece::Variable(variable) => Part::Bind(*variable),
            });
            let parts = parts.collect();
            matches.push(Match::Destructure { column, parts });
        }
        (key, matches)
    }

    fn operand(&mut self, column: &Column) -> Option<Operand> {
        Some(match column {
            Column::Ground(path) => Operand::Value(self.values.intern(path)),
            Column::Variable(variable) => Operand::Variable(*variable),
            Column::Nested(pieces) => Operand::Nested(pieces.clone()),
            Column::Any => return None,
        })
    }

    /// Derives what follows by a plan from a tuple.
    fn run(&mut self, plan: &Plan, seed: Option<(usize, u32)>, allowed: &mut usize) -> Result<(), Failure> {
        let Self {
            values,
            tables,
            scratch,
            ..
        } = self;
        scratch.variables.resize(plan.variables, 0);
        if let Some((table, tuple)) = seed
            && !scratch.matches(&plan.seed, tables[table].tuple(tuple), values)
        {
            return Ok(());
        }
        let mut tuples = std::mem::take(&mut scratch.tuples);
        tuples.clear();
        if let Some(first) = plan.steps.first() {
            tuples.push(scratch.find(&first.lookup, tables, values));
        }
        let mut is_allowed = true;
        loop {
            if tuples.len() == plan.steps.len() {
                // All steps have a tuple; of the last one, each that matches gives a head.
                let Some((tuple, step)) = tuples.last_mut().zip(plan.steps.last()) else {
                    is_allowed = scratch.emit(plan, tables, values, allowed);
                    break;
                };
                while *tuple != NONE {
                    let current = *tuple;
                    *tuple = step.lookup.next(tables, current);
                    if scratch.matches(&step.matches, tables[step.lookup.table].tuple(current), values)
                        && !scratch.emit(plan, tables, values, allowed)
                    {
                        is_allowed = false;
                        break;
                    }
                }
                tuples.pop();
                if !is_allowed {
                    break;
                }
            }
            let depth = tuples.len();
            let Some(tuple) = tuples.last_mut() else {
                break;
            };
            if *tuple == NONE {
                tuples.pop();
                continue;
            }
            let step = &plan.steps[depth - 1];
            let current = *tuple;
            *tuple = step.lookup.next(tables, current);
            if scratch.matches(&step.matches, tables[step.lookup.table].tuple(current), values) {
                tuples.push(scratch.find(&plan.steps[depth].lookup, tables, values));
            }
        }
        scratch.tuples = tuples;
        if is_allowed { Ok(()) } else { Err(Failure::Limit) }
    }

    /// Adds the tuples from `first` on to the facts, in the order of their paths.
    fn store<T: Term>(&mut self, table: usize, relation: &[u8], first: u32, closure: &mut Space<T>) {
        // No path is a prefix of another one, so the order of paths is that of the ranks, column by column.
        let table = &self.tables[table];
        let tuples = first..table.len();
        let ranks = self
            .ranks
            .of(&self.values, tuples.clone().flat_map(|tuple| table.tuple(tuple)));
        let rank = |tuple: u32, column: usize| table.tuple(tuple).get(column).map_or(0, |value| ranks[*value as usize]);
        let mut order: Vec<(u64, u32)> = tuples
            .map(|tuple| (u64::from(rank(tuple, 0)) << 32 | u64::from(rank(tuple, 1)), tuple))
            .collect();
        order.sort_unstable_by(|a, b| {
            let rest = |tuple: u32| table.tuple(tuple).iter().skip(2).map(|value| ranks[*value as usize]);
            a.0.cmp(&b.0).then_with(|| rest(a.1).cmp(rest(b.1)))
        });
        let facts = order.into_iter().map(|(_, tuple)| {
            let mut path: SmallVec<[u8; 48]> = SmallVec::from_slice(relation);
            for value in table.tuple(tuple) {
                path.extend_from_slice(self.values.get(*value));
            }
            (path, Multiplicity::ONCE)
        });
        closure.add_plain(&sorted(facts));
    }
}

impl Column {
    /// Whether its value follows from variables that are bound.
    fn is_known(&self, bound: &[bool]) -> bool {
        match self {
            Column::Ground(_) => true,
            Column::Variable(variable) => bound[*variable],
            Column::Any => false,
            Column::Nested(pieces) => pieces.iter().all(|piece| match piece {
                Piece::Literal(_) => true,
                Piece::Variable(variable) => bound[*variable],
            }),
        }
    }
}

impl Lookup {
    #[inline]
    fn next(&self, tables: &[Table], tuple: u32) -> u32 {
        self.index.map_or(NONE, |index| tables[self.table].before(index, tuple))
    }
}

impl Scratch {
    /// Whether a tuple matches; binds variables.
    #[inline]
    fn matches(&mut self, matches: &[Match], tuple: &[u32], values: &mut Values) -> bool {
        matches.iter().all(|found| match found {
            Match::Bind { column, variable } => {
                self.variables[*variable] = tuple[*column];
                true
            }
            Match::Equal { column, operand } => self.value(operand, values, false) == Some(tuple[*column]),
            Match::Destructure { column, parts } => self.destructure(parts, tuple[*column], values),
        })
    }

    fn destructure(&mut self, parts: &[Part], value: u32, values: &mut Values) -> bool {
        let path = values.get(value).to_vec();
        let mut rest = &path[..];
        for part in parts {
            let (length, variable) = match part {
                Part::Literal(bytes) => match rest.strip_prefix(&bytes[..]) {
                    Some(after) => {
                        rest = after;
                        continue;
                    }
                    None => return false,
                },
                Part::Bind(variable) | Part::Equal(variable) => match Extent::of_atom(rest) {
                    Some((length, _)) => (length, *variable),
                    None => return false,
                },
            };
            let (value, after) = rest.split_at(length);
            rest = after;
            if let Part::Bind(_) = part {
                self.variables[variable] = values.intern(value);
            } else if values.get(self.variables[variable]) != value {
                return false;
            }
        }
        true
    }

    /// The number of an operand's value, which gets one if `interned` is set.
    #[inline]
    fn value(&mut self, operand: &Operand, values: &mut Values, interned: bool) -> Option<u32> {
        match operand {
            Operand::Value(value) => Some(*value),
            Operand::Variable(variable) => Some(self.variables[*variable]),
            Operand::Nested(pieces) => {
                self.path.clear();
                for piece in pieces {
                    match piece {
                        Piece::Literal(bytes) => self.path.extend_from_slice(bytes),
                        Piece::Variable(variable) => self.path.extend_from_slice(values.get(self.variables[*variable])),
                    }
                }
                if interned {
                    Some(values.intern(&self.path))
                } else {
                    values.find(&self.path)
                }
            }
        }
    }

    /// The values of a row; `false` if one has no number.
    #[inline]
    fn fill(&mut self, operands: &[Operand], values: &mut Values, interned: bool) -> bool {
        self.key.clear();
        operands
            .iter()
            .all(|operand| match self.value(operand, values, interned) {
                Some(value) => {
                    self.key.push(value);
                    true
                }
                None => false,
            })
    }

    /// The last tuple of a lookup.
    #[inline]
    fn find(&mut self, lookup: &Lookup, tables: &[Table], values: &mut Values) -> u32 {
        if !self.fill(&lookup.key, values, false) {
            return NONE;
        }
        let table = &tables[lookup.table];
        match lookup.index {
            Some(index) => table.last(index, &self.key),
            None => table.find(&self.key),
        }
    }

    /// Inserts the head, if no negative pattern matches. Returns `false` if there are too many facts.
    #[inline]
    fn emit(&mut self, plan: &Plan, tables: &mut [Table], values: &mut Values, allowed: &mut usize) -> bool {
        if plan
            .negative
            .iter()
            .any(|lookup| self.find(lookup, tables, values) != NONE)
        {
            return true;
        }
        self.fill(&plan.head, values, true);
        if tables[plan.table].insert(&self.key) {
            match allowed.checked_sub(1) {
                Some(left) if tables[plan.table].len() < NONE && values.len() < NONE as usize => *allowed = left,
                _ => return false,
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Atom;

    #[test]
    fn patterns_that_join_come_before_ground_ones() {
        let rule: Atom = "(=> (, (type $x C) (knows $x $y) (type $y D)) (related $x $y))"
            .parse()
            .unwrap();
        let compiled = Compiled::new(&Rule::new(rule, 0).ok().unwrap()).unwrap();
        let mut relations = Relations::default();
        for row in compiled.rows() {
            relations.load(row, &Space::<Atom>::default()).ok().unwrap();
        }
        let knows = relations.table(&compiled.positive[1]);
        let plan = relations.plan(&compiled, Start::Ground(0));
        let order: Vec<usize> = plan.steps.iter().map(|step| step.lookup.table).collect();
        assert_eq!(
            order,
            [
                relations.table(&compiled.positive[0]),
                knows,
                relations.table(&compiled.positive[2])
            ]
        );
    }
}
