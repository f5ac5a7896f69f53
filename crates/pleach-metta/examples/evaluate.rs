//! A host program that lets its users write rules: a shop that quotes deliveries.
//!
//! The rules are MeTTa; prices and distances are the host's, given to the rules as typed functions. The shop's world is
//! loaded once. Each request is evaluated in a fork of it, which costs one reference count; what a request decides is
//! united with the world only if the customer agrees.
//!
//! ```text
//! cargo run --package pleach-metta --example evaluate
//! ```

use std::collections::HashMap;
use std::error::Error;
use std::sync::Arc;

use pleach::term::{Atom, Parser};
use pleach::{Environment, Symbol};
use pleach_metta::{EvalError, Evaluator, HostFunction, HostResult, RunError};

/// Rules and facts that the shop's people have written.
const RULES: &str = "
    ; Where there is a lorry, and what it costs.
    (lorry leeds 2) (lorry york 1)
    (= (freight $from $to) (* (rate $from) (distance $from $to)))
    (= (rate $from) (match &self (lorry $from $rate) $rate))

    ; Each lorry makes an offer.
    (= (offer $good $to)
       (match &self (lorry $from $rate)
          (let $total (+ (price $good) (freight $from $to)) (from $from $total))))

    (= (accept (from $lorry $total) $to)
       (let $noted (add-atom &self (ordered $lorry $to)) $total))";

/// The tables of the host's own program.
struct Catalogue {
    prices: HashMap<Symbol, i64>,
    distances: HashMap<(Symbol, Symbol), i64>,
}

fn catalogue() -> Catalogue {
    let distance = |from: &str, to: &str, miles| ((Symbol::new(from), Symbol::new(to)), miles);
    Catalogue {
        prices: [("anvil", 120), ("kettle", 15)]
            .map(|(good, price)| (Symbol::new(good), price))
            .into(),
        distances: [distance("leeds", "hull", 60), distance("york", "hull", 40)].into(),
    }
}

/// The functions of the host that rules may call. Their types decide what is evaluated and checked before the call.
fn evaluator(catalogue: Arc<Catalogue>) -> Result<Evaluator, Box<dyn Error>> {
    let prices = Arc::clone(&catalogue);
    let price = HostFunction::new("(-> Symbol Number)", move |arguments| match arguments {
        [Atom::Symbol(good)] => match prices.prices.get(good) {
            Some(price) => HostResult::Values(vec![Atom::from(*price)]),
            // The call becomes `(Error (price …) "not in the catalogue")`.
            None => HostResult::Error(Atom::string("not in the catalogue")),
        },
        // Not yet: it stands as it is.
        _ => HostResult::NotReducible,
    })?;
    let distance = HostFunction::new("(-> Symbol Symbol Number)", move |arguments| match arguments {
        [Atom::Symbol(from), Atom::Symbol(to)] => {
            // No road, no result: the offer vanishes.
            let miles = catalogue.distances.get(&(*from, *to));
            HostResult::Values(miles.map(|miles| Atom::from(*miles)).into_iter().collect())
        }
        _ => HostResult::NotReducible,
    })?;
    let evaluator = Evaluator::builder()
        .register("price", price)
        .register("distance", distance)
        .threads(2)
        // Rules are written by people: bound what one request may take.
        .fuel(1_000_000)
        .memory(64 << 20)
        .output(|text| eprint!("rules say: {text}"))
        .build()?;
    Ok(evaluator)
}

fn main() -> Result<(), Box<dyn Error>> {
    let evaluator = evaluator(Arc::new(catalogue()))?;
    let mut shop = evaluator.run(Environment::new(), RULES)?.environment;

    // A request: all offers, in an order that is the same each time.
    let offers = evaluator
        .evaluate(shop.clone(), &"(offer kettle hull)".parse()?)?
        .results;
    println!("offers for a kettle: {}", shown(&offers));
    assert_eq!(shown(&offers), "(from york 55), (from leeds 135)");

    // The same one by one: the first that is cheap enough ends the search.
    for offer in evaluator.results(shop.clone(), &"(offer anvil hull)".parse()?) {
        let offer = offer?;
        if let Some([_, _, Atom::Integer(total)]) = offer.as_expression()
            && *total < 200
        {
            println!("an anvil, cheap enough: {offer}");
            break;
        }
    }

    // Two customers decide, each in a fork; only then does the shop know of both.
    let decide = |text: &str| -> Result<Environment, Box<dyn Error>> {
        Ok(evaluator.evaluate(shop.clone(), &text.parse()?)?.environment)
    };
    let first = decide("(accept (from york 55) hull)")?;
    let second = decide("(accept (from leeds 240) hull)")?;
    assert!(!shop.contains(&"(ordered york hull)".parse()?));
    shop = first.union(&second);
    let orders = evaluator.evaluate(shop.clone(), &"(match &self (ordered $lorry $to) $lorry)".parse()?)?;
    println!("lorries on the way: {}", shown(&orders.results));
    assert_eq!(orders.results.len(), 2);

    // Errors of a rule are results; that a rule has no end is an error of the evaluation, and the world stays as it was.
    let unknown = evaluator.evaluate(shop.clone(), &"(offer unicorn hull)".parse()?)?;
    println!("a unicorn: {}", shown(&unknown.results));
    let ill_typed = evaluator.evaluate(shop.clone(), &"(price 5)".parse()?)?;
    println!("a price of 5: {}", shown(&ill_typed.results));
    let mut program = evaluator.program(
        shop.clone(),
        Parser::new("(= (spin) (spin)) !(spin) !(offer kettle hull)"),
    );
    match program.next() {
        Some(Err(RunError::Eval(EvalError::OutOfFuel { limit }))) => {
            println!("spinning was stopped after {limit} steps");
        }
        other => return Err(format!("it should spin: {other:?}").into()),
    }
    Ok(())
}

fn shown(atoms: &[Atom]) -> String {
    let atoms: Vec<String> = atoms.iter().map(ToString::to_string).collect();
    atoms.join(", ")
}
