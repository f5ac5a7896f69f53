//! A fixpoint computed naively, and random programs.

use std::collections::BTreeMap;

use pleach::derive::{Program, ProgramError};
use pleach::term::{Bindings, View, alpha_eq, rename_apart, unify};
use pleach::{Atom, Environment, Term};
use pleach_testkit::Random;

/// The predicates, in an order in which negations go back. Rules about facts of any predicate, and definitions, come after them.
const LEVELS: usize = 3;

fn argument(random: &mut Random, variables: &[&str]) -> String {
    let leaf = |random: &mut Random| match random.below(2 + 2 * variables.len()) {
        0 => "a".to_owned(),
        1 => "7".to_owned(),
        n => format!("${}", variables[n % variables.len()]),
    };
    match random.below(8) {
        0 => format!("(f {})", leaf(random)),
        _ => leaf(random),
    }
}

fn pattern(random: &mut Random, level: usize, variables: &[&str]) -> String {
    match random.below(2) {
        0 => format!("(p{level} {})", argument(random, variables)),
        _ => format!(
            "(p{level} {} {})",
            argument(random, variables),
            argument(random, variables)
        ),
    }
}

/// A fact of some predicate, now and then one with variables.
pub(super) fn random_fact(random: &mut Random) -> Atom {
    let constants = ["a", "b", "c", "7"];
    let constant = |random: &mut Random| match random.below(6) {
        0 => format!("(f {})", constants[random.below(4)]),
        _ => constants[random.below(4)].to_owned(),
    };
    match random.below(60) {
        0 => return "$any".parse().unwrap(),
        1 => return format!("($r {})", constant(random)).parse().unwrap(),
        2 => return format!("(= (p0 {}) $v)", constant(random)).parse().unwrap(),
        3..8 => {
            let level = random.below(LEVELS);
            return pattern(random, level, &["v", "w"]).parse().unwrap();
        }
        _ => {}
    }
    let (level, first) = (random.below(LEVELS), constant(random));
    let text = match random.below(3) {
        0 => format!("(p{level} {first})"),
        _ => format!("(p{level} {first} {})", constant(random)),
    };
    text.parse().unwrap()
}

/// A program whose negations go back to earlier predicates.
pub(super) fn random_program(random: &mut Random, limit: usize) -> Program {
    loop {
        let count = 1 + random.below(7);
        let rules: Vec<Atom> = (0..count).map(|_| random_rule(random)).collect();
        match Program::new(rules.iter().cloned()) {
            Ok(program) => return program.with_limit(limit),
            // Negations depend on each head of a rule that may derive facts of any predicate.
            Err(ProgramError::NotStratified { .. }) => {
                let heads = rules.iter().map(|rule| &items(rule)[2]);
                let mut first = heads.map(|head| items(head).first().unwrap_or(head));
                assert!(first.any(|first| first.to_string().starts_with('$')), "{rules:?}");
            }
            Err(error) => panic!("{error}: {rules:?}"),
        }
    }
}

fn random_rule(random: &mut Random) -> Atom {
    const VARIABLES: [&str; 3] = ["x", "y", "z"];
    let level = match random.below(8) {
        0 => LEVELS,
        _ => random.below(LEVELS),
    };
    let mut body: Vec<String> = Vec::new();
    for _ in 0..(1 + random.below(3)) * usize::from(random.below(12) > 0) {
        let from = random.below(level + 1);
        body.push(match (from, random.below(3)) {
            (LEVELS, 0) => "(= $x $y)".to_owned(),
            (LEVELS, 1) => format!("($y {})", argument(random, &VARIABLES)),
            (LEVELS, _) => "$z".to_owned(),
            _ => pattern(random, from, &VARIABLES),
        });
    }
    let text = body.concat();
    let bound: Vec<&str> = VARIABLES
        .into_iter()
        .filter(|name| text.contains(&format!("${name}")))
        .collect();
    if level > 0 && random.below(3) == 0 {
        let from = random.below(level);
        // A variable that only negated patterns have stands for any term.
        let variables = if random.below(4) == 0 { &VARIABLES[..] } else { &bound };
        body.push(format!("(not {})", pattern(random, from, variables)));
    }
    let head_argument = |random: &mut Random| match random.below(1 + 3 * bound.len()) {
        0 => "b".to_owned(),
        n => format!("${}", bound[n % bound.len()]),
    };
    let head = match random.below(2) {
        _ if level == LEVELS => match random.below(5) {
            // One variable each, since two could double the size of facts in each step.
            0 => format!("(= {} a)", head_argument(random)),
            1 => format!("(: {} b)", head_argument(random)),
            2 => head_argument(random),
            3 => format!("({} c)", head_argument(random)),
            _ => format!("(q {})", head_argument(random)),
        },
        0 => format!("(p{level} {})", head_argument(random)),
        _ => format!("(p{level} {} {})", head_argument(random), head_argument(random)),
    };
    format!("(=> (, {}) {head})", body.join(" ")).parse().unwrap()
}

/// The number in the name of the predicate of a head; of any other head, the last level.
fn level(head: &Atom) -> usize {
    let name = items(head).first().map(Atom::to_string).unwrap_or_default();
    let number = name.strip_prefix('p').and_then(|number| number.parse().ok());
    number.unwrap_or(LEVELS)
}

fn items(term: &Atom) -> &[Atom] {
    match term.view() {
        View::Expression(items) => items,
        _ => &[],
    }
}

fn is_negated(pattern: &Atom) -> bool {
    items(pattern).first() == Some(&Atom::symbol("not"))
}

/// The closure of a state, with multiplicities, unless it has more derived facts than `limit`: all rules of one predicate
/// after the other, over and over.
pub(super) fn closure(rules: &[Atom], world: &Environment, limit: usize) -> Option<BTreeMap<String, u64>> {
    let mut facts: BTreeMap<String, u64> = world.iter().map(|(fact, count)| (canonical(&fact), count)).collect();
    loop {
        let before = facts.len();
        for current in 0..=LEVELS {
            saturate(rules, current, &mut facts, world.fact_count() + limit)?;
        }
        // A head may be a fact of any predicate, if there are no negations.
        if facts.len() == before {
            return Some(facts);
        }
    }
}

/// Adds what the rules of one predicate derive, unless there are more facts than `limit` then.
fn saturate(rules: &[Atom], current: usize, facts: &mut BTreeMap<String, u64>, limit: usize) -> Option<()> {
    loop {
        let known: Vec<Atom> = facts.keys().map(|fact| fact.parse().unwrap()).collect();
        for rule in rules {
            let [_, body, head] = items(rule) else { panic!("{rule}") };
            if level(head) == current {
                for bindings in substitutions(&items(body)[1..], &known) {
                    let numbered = canonical(&bindings.resolve(head));
                    facts.entry(numbered).or_insert(1);
                }
            }
        }
        if facts.len() > limit {
            return None;
        }
        if facts.len() == known.len() {
            return Some(());
        }
    }
}

/// The text of a fact with its variables numbered.
pub(super) fn canonical(fact: &Atom) -> String {
    let mut world = Environment::new();
    // Of a definition, an environment keeps the names.
    world.add_fact(Atom::expression([Atom::symbol("fact"), fact.clone()]));
    let (wrapped, _) = world.iter().next().unwrap();
    items(&wrapped)[1].to_string()
}

fn substitutions(body: &[Atom], facts: &[Atom]) -> Vec<Bindings<Atom>> {
    let (mut found, mut fresh) = (vec![Bindings::new()], 1);
    for pattern in body.iter().filter(|pattern| !is_negated(pattern)) {
        let mut next = Vec::new();
        for bindings in &found {
            for fact in facts {
                let mut bindings = bindings.clone();
                if unify(pattern, &rename_apart(fact, &mut fresh), &mut bindings) {
                    next.push(bindings);
                }
            }
        }
        found = next;
    }
    found.retain(|bindings| {
        let mut negated = body.iter().filter(|pattern| is_negated(pattern));
        negated.all(|pattern| {
            let pattern = bindings.resolve(&items(pattern)[1]);
            let mut fresh = 1_000_000_000;
            facts
                .iter()
                .all(|fact| !unify(&pattern, &rename_apart(fact, &mut fresh), &mut Bindings::new()))
        })
    });
    found
}

/// Whether a rule derives this head from these facts, one for each pattern that isn't negated.
pub(super) fn is_step(rule: &Atom, facts: &[Atom], head: &Atom) -> bool {
    let [_, body, conclusion] = items(rule) else {
        panic!("{rule}")
    };
    let patterns = items(body)[1..].iter().filter(|pattern| !is_negated(pattern));
    let (mut bindings, mut fresh) = (Bindings::new(), 1);
    let mut pairs = patterns.zip(facts);
    pairs.all(|(pattern, fact)| unify(pattern, &rename_apart(fact, &mut fresh), &mut bindings))
        && alpha_eq(&bindings.resolve(conclusion), head)
}
