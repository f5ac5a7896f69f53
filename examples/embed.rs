//! A host program that stores its facts in pleach, with its own term type.
//!
//! Two planners write forks of one environment in parallel; then the forks are merged and queried.
//!
//! ```text
//! cargo run --example embed
//! ```

use std::sync::Arc;
use std::thread;

use pleach::term::{Leaf, ParseError, Print, View, parser};
use pleach::{Environment, Term};

/// The host's terms: names, variables, numbers and lists.
#[derive(Clone)]
enum Expr {
    Name(Arc<str>),
    Hole(Arc<str>, u64),
    Number(i64),
    List(Arc<[Expr]>),
}

/// The trait that pleach requires of them.
impl Term for Expr {
    fn view(&self) -> View<'_, Expr> {
        match self {
            Expr::Name(name) => View::Leaf(Leaf::Symbol(name)),
            Expr::Hole(name, id) => View::Leaf(Leaf::Variable { name, id: *id }),
            Expr::Number(number) => View::Leaf(Leaf::Integer(*number)),
            Expr::List(items) => View::Expression(items),
        }
    }

    fn leaf(leaf: Leaf<'_>) -> Option<Expr> {
        Some(match leaf {
            Leaf::Symbol(name) => Expr::Name(name.into()),
            Leaf::Variable { name, id } => Expr::Hole(name.into(), id),
            Leaf::Integer(number) => Expr::Number(number),
            _ => return None, // the language has no other leaves
        })
    }

    fn expression(items: Vec<Expr>) -> Expr {
        Expr::List(items.into())
    }
}

fn expr(source: &str) -> Result<Expr, ParseError> {
    parser::parse_one(source)
}

/// Prints the rules for calls of `route` with two arguments, in definition order.
fn print_rules(title: &str, world: &Environment<Expr>) {
    println!("{title}: {} rules, {} atoms", world.rule_count(), world.len());
    for rule in world.get_matching_rules("route", 2) {
        println!("  {} times {}", rule.multiplicity(), Print(rule.atom()));
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut world = Environment::new();
    world.add_rule(expr("(route $a $a)")?, expr("stay")?);
    world.add_fact(expr("(distance ulm graz 500)")?);
    world.add_type(expr("route")?, expr("(-> City City Plan)")?);

    // A fork costs one reference-count increment. Each planner writes its own fork, in isolation.
    let plan = |findings: &'static [[&str; 2]]| {
        let mut fork = world.clone();
        thread::spawn(move || -> Result<_, ParseError> {
            for [call, route] in findings {
                fork.add_rule(expr(call)?, expr(route)?);
            }
            Ok(fork)
        })
    };
    let by_rail = plan(&[["(route ulm graz)", "(train 6)"], ["(route ulm bern)", "(train 4)"]]);
    let by_road = plan(&[["(route ulm graz)", "(car 5)"], ["(route ulm bern)", "(train 4)"]]);
    let by_rail = by_rail.join().map_err(|_| "a planner panicked")??;
    let by_road = by_road.join().map_err(|_| "a planner panicked")??;

    print_rules("before", &world);
    // Inherited facts count once, facts that both added count twice, and the order is that of the operands.
    let united = by_rail.union(&by_road);
    print_rules("after", &united);
    print!("{}", world.diff(&united));

    ask(&united)
}

/// Queries the environment in the host's terms.
fn ask(world: &Environment<Expr>) -> Result<(), Box<dyn std::error::Error>> {
    // All routes out of Ulm, by pattern.
    let pattern = expr("(= (route ulm $where) $how)")?;
    for answer in world.query(&pattern) {
        println!(
            "found {} times: {}",
            answer.multiplicity(),
            Print(&answer.resolve(&pattern))
        );
    }

    // A join of several patterns by their common variables: here, a route and its distance. A query from an untrusted
    // source is checked first, and bounded.
    let patterns = ["(distance $from $to $far)", "(= (route $from $to) $how)"].map(expr);
    let patterns = patterns.into_iter().collect::<Result<Vec<_>, _>>()?;
    let template = expr("($from $to is $far by $how)")?;
    let join = world.query_all(&patterns).with_limit(10_000);
    join.check_template(&template)?;
    for answer in join {
        println!("joined: {}", Print(&answer?.resolve(&template)));
    }
    if let Err(error) = world.query_all(&patterns).check_template(&expr("($from via $stop)")?) {
        println!("refused: {error}");
    }

    // The rules that can match a call, in definition order.
    let call = expr("(route ulm graz)")?;
    for rule in world.rules_for(&call) {
        println!("may rewrite {}: {}", Print(&call), Print(rule.atom()));
    }

    // The type of an expression, by the declarations; and suggestions for an unknown name.
    let types = world.types_of(&call);
    println!(
        "{} is a {}",
        Print(&call),
        types
            .iter()
            .map(|of_type| Print(of_type).to_string())
            .collect::<String>()
    );
    println!(
        "unknown: rotue; did you mean {}?",
        world.suggest("rotue", 3).join(" or ")
    );
    Ok(())
}
