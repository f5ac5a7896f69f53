//! Workers that evaluate the shares of one program, each as if on a machine of its own, and meet in a remote.
//!
//! The first process pushes the rules and facts of the program to the branch `main` of the remote. Each worker clones it,
//! evaluates a share of the top-level expressions, and pushes what they wrote to a branch of its own. At the end the first
//! process merges the branches in the order of the shares, so the result is that of one process: by the law for unions, what
//! all inherited counts once, and new definitions come in the order of the operands.
//!
//! ```text
//! cargo run --package pleach-metta --example many_machines
//! cargo run --package pleach-metta --example many_machines -- 's3://bucket/prefix?endpoint=http://localhost:8333'
//! ```

use std::env;
use std::error::Error;
use std::fs;
use std::path::Path;
use std::process::{Child, Command};
use std::time::Duration;

use pleach::persist::remote::open_store;
use pleach::persist::{Archive, Remote};
use pleach::term::{Item, Parser};
use pleach::{Atom, Environment};
use pleach_metta::Evaluator;

/// A table of squares. Each expression writes a fact and a rule; the order of the rules is that of the results of `(known)`.
const PROGRAM: &str = "
    (limit 12)
    (= (square $n) (* $n $n))
    (= (note $n)
       (let $square (square $n)
          (let $noted (add-atom &self (squared $n $square))
             (add-atom &self (= (known) $n)))))
    !(note 1) !(note 2) !(note 3) !(note 4) !(note 5) !(note 6)
    !(note 7) !(note 8) !(note 9) !(note 10) !(note 11) !(note 12)";

const WORKERS: usize = 3;

const TIMEOUT: Duration = Duration::from_secs(60);

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match &arguments[..] {
        [command, share, url, folder] if command == "worker" => work(share.parse()?, url, Path::new(folder)),
        [] => in_folder(|folder| coordinate(&format!("file:{}", folder.join("remote").display()), folder)),
        [url] => in_folder(|folder| coordinate(url, folder)),
        _ => Err("expected the URL of a remote, or nothing".into()),
    }
}

/// Calls a function with a temporary folder.
fn in_folder(call: impl FnOnce(&Path) -> Result<(), Box<dyn Error>>) -> Result<(), Box<dyn Error>> {
    let folder = env::temp_dir().join(format!("pleach-many-machines-{}", std::process::id()));
    fs::create_dir_all(&folder)?;
    let called = call(&folder);
    fs::remove_dir_all(&folder)?;
    called
}

/// The facts and rules of the program, and its top-level expressions.
fn program() -> Result<(Environment, Vec<Atom>), Box<dyn Error>> {
    let items: Vec<Item> = Parser::new(PROGRAM).collect::<Result<_, _>>()?;
    let (expressions, facts): (Vec<_>, Vec<_>) = items.into_iter().partition(|item| item.bang);
    let mut environment = Environment::new();
    environment.add_facts_bulk(facts.into_iter().map(|item| item.atom));
    Ok((environment, expressions.into_iter().map(|item| item.atom).collect()))
}

/// Evaluates expressions, one after the other.
fn evaluate(mut environment: Environment, expressions: &[Atom]) -> Result<Environment, Box<dyn Error>> {
    let evaluator = Evaluator::new();
    for expression in expressions {
        environment = evaluator.evaluate(environment, expression)?.environment;
    }
    Ok(environment)
}

/// A worker's part.
fn work(share: usize, url: &str, folder: &Path) -> Result<(), Box<dyn Error>> {
    let remote = Remote::open(open_store(url)?)?;
    let archive = Archive::<Atom>::clone_from(&remote, folder)?;
    let (_, expressions) = program()?;
    let expressions = expressions
        .chunks(expressions.len().div_ceil(WORKERS))
        .nth(share)
        .unwrap_or_default();
    let environment = evaluate(archive.checkout("main")?, expressions)?;
    let branch = format!("share-{share}");
    archive.branch(&branch, "main")?;
    archive.commit(&branch, &environment, "a share")?;
    archive.push(&remote, &branch, TIMEOUT)?;
    Ok(())
}

/// The first process's part.
fn coordinate(url: &str, folder: &Path) -> Result<(), Box<dyn Error>> {
    let (environment, expressions) = program()?;
    let remote = Remote::open(open_store(url)?)?;
    let archive = Archive::<Atom>::open(folder.join("first"))?;
    archive.commit("main", &environment, "rules and facts")?;
    archive.push(&remote, "main", TIMEOUT)?;

    let start = |share: usize| -> Result<Child, Box<dyn Error>> {
        let mut worker = Command::new(env::current_exe()?);
        worker
            .args(["worker", &share.to_string(), url])
            .arg(folder.join(share.to_string()));
        Ok(worker.spawn()?)
    };
    let workers: Vec<Child> = (0..WORKERS).map(start).collect::<Result<_, _>>()?;
    for mut worker in workers {
        if !worker.wait()?.success() {
            return Err("a worker failed".into());
        }
    }
    for share in 0..WORKERS {
        let revision = archive.fetch(&remote, &format!("share-{share}"))?;
        archive.merge("main", &revision.to_string())?;
    }
    archive.push(&remote, "main", TIMEOUT)?;

    let together = archive.checkout("main")?;
    let alone = evaluate(environment, &expressions)?;
    assert_eq!(together, alone);
    let known = |world: &Environment| -> Result<Vec<String>, Box<dyn Error>> {
        let evaluation = Evaluator::new().evaluate(world.clone(), &"(known)".parse()?)?;
        Ok(evaluation.results.iter().map(ToString::to_string).collect())
    };
    assert_eq!(known(&together)?, known(&alone)?);
    println!(
        "{WORKERS} workers, {} expressions, {} atoms",
        expressions.len(),
        together.len()
    );
    println!("known, in the order of one process: {}", known(&together)?.join(" "));
    Ok(())
}
