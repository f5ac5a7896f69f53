//! The evaluator. Each form takes the world by `&mut`: a fork is a clone, rolling back is to put the clone back.

use std::sync::Arc;

use pleach::Environment;
use pleach::env::BranchError;
use pleach::term::{ParseError, Parser};

use crate::value::{Closure, Scope, Value};

type World = Environment<Value>;

/// The maximum nesting of calls.
const MAX_DEPTH: usize = 200;

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Error {
    Syntax(ParseError),
    Undefined(String),
    NotAFunction(String),
    Arity {
        expected: usize,
        found: usize,
    },
    Form(String),
    Type {
        function: String,
        expected: &'static str,
        found: String,
    },
    Overflow,
    TooDeep,
    Panicked,
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Syntax(error) => error.fmt(f),
            Self::Undefined(name) => write!(f, "{name} isn't defined"),
            Self::NotAFunction(value) => write!(f, "{value} isn't a function"),
            Self::Arity { expected, found } => {
                write!(
                    f,
                    "a function of {expected} parameters was called with {found} arguments"
                )
            }
            Self::Form(form) => write!(f, "{form} is malformed"),
            Self::Type {
                function,
                expected,
                found,
            } => write!(f, "{function} expects {expected}, not {found}"),
            Self::Overflow => f.write_str("a number is too large"),
            Self::TooDeep => f.write_str("the program nests too deeply"),
            Self::Panicked => f.write_str("a parallel call panicked"),
        }
    }
}

pub(crate) struct Interpreter {
    world: World,
}

impl Interpreter {
    pub(crate) fn new() -> Self {
        Self { world: World::new() }
    }

    /// Evaluates the expressions of a program in order. An expression that fails changes nothing.
    pub(crate) fn run(&mut self, program: &str) -> Vec<Result<Value, Error>> {
        let mut results = Vec::new();
        for item in Parser::<Value>::new(program) {
            let expression = match item {
                Ok(item) => item.atom,
                Err(error) => {
                    results.push(Err(Error::Syntax(error)));
                    break;
                }
            };
            let before = self.world.clone();
            let result = eval(&mut self.world, &Scope::new(), &expression, 0);
            if result.is_err() {
                self.world = before;
            }
            results.push(result);
        }
        results
    }
}

fn eval(world: &mut World, scope: &Scope, expression: &Value, depth: usize) -> Result<Value, Error> {
    if depth > MAX_DEPTH {
        return Err(Error::TooDeep);
    }
    let items = match expression {
        Value::Name(name) => {
            let value = scope.get(name).or_else(|| world.binding(name));
            return value.cloned().ok_or_else(|| Error::Undefined(name.to_string()));
        }
        Value::List(items) => items,
        other => return Ok(other.clone()),
    };
    let Some((head, arguments)) = items.split_first() else {
        return Ok(expression.clone());
    };
    if let Value::Name(name) = head
        && !scope.contains_key(name)
        && let Some(result) = form(world, scope, name, arguments, depth)
    {
        return result;
    }
    let function = eval(world, scope, head, depth + 1);
    let mut values = Vec::new();
    for argument in arguments {
        values.push(eval(world, scope, argument, depth + 1)?);
    }
    match (head, function) {
        (_, Ok(function)) => apply(world, &function, values, depth),
        (Value::Name(name), Err(Error::Undefined(_))) => builtin(name, &values),
        (_, Err(error)) => Err(error),
    }
}

fn apply(world: &mut World, function: &Value, arguments: Vec<Value>, depth: usize) -> Result<Value, Error> {
    let Value::Closure(closure) = function else {
        return Err(Error::NotAFunction(function.to_string()));
    };
    if closure.parameters.len() != arguments.len() {
        return Err(Error::Arity {
            expected: closure.parameters.len(),
            found: arguments.len(),
        });
    }
    // A clone of the captured scope, and a path for each argument.
    let mut scope = closure.scope.clone();
    scope.extend(closure.parameters.iter().cloned().zip(arguments));
    eval(world, &scope, &closure.body, depth + 1)
}

/// Evaluates a special form; `None` if `name` isn't one.
fn form(
    world: &mut World,
    scope: &Scope,
    name: &str,
    arguments: &[Value],
    depth: usize,
) -> Option<Result<Value, Error>> {
    let malformed = || Err(Error::Form(name.to_owned()));
    Some(match (name, arguments) {
        ("quote", [value]) => Ok(value.clone()),
        ("if", [condition, then, other]) => match eval(world, scope, condition, depth + 1) {
            Ok(Value::Name(name)) if &*name == "false" => eval(world, scope, other, depth + 1),
            Ok(_) => eval(world, scope, then, depth + 1),
            Err(error) => Err(error),
        },
        ("begin", expressions) => {
            let mut last = Ok(Value::unit());
            for expression in expressions {
                last = eval(world, scope, expression, depth + 1);
                if last.is_err() {
                    break;
                }
            }
            last
        }
        ("lambda", [Value::List(parameters), body]) => lambda(scope, parameters, body),
        ("define", [Value::Name(name), value]) => {
            eval(world, scope, value, depth + 1).map(|value| define(world, name, value))
        }
        ("define", [Value::List(head), body]) => match head.split_first() {
            Some((Value::Name(name), parameters)) => {
                lambda(scope, parameters, body).map(|value| define(world, name, value))
            }
            _ => malformed(),
        },
        ("assert!", [fact]) => template(world, scope, fact, depth).map(|fact| {
            world.insert_fact(fact);
            Value::unit()
        }),
        ("ask", [question]) => template(world, scope, question, depth)
            .map(|question| Value::list(world.query(&question).map(|answer| answer.resolve(&question)))),
        ("try", [expression, handler]) => {
            let before = world.clone();
            eval(world, scope, expression, depth + 1).or_else(|_| {
                *world = before;
                eval(world, scope, handler, depth + 1)
            })
        }
        ("fork", [expression]) => {
            let mut fork = world.clone();
            eval(&mut fork, scope, expression, depth + 1).map(|_| Value::World(Arc::new(fork)))
        }
        ("merge!", [other]) => match eval(world, scope, other, depth + 1) {
            Ok(Value::World(other)) => {
                *world = world.union(&other);
                Ok(Value::unit())
            }
            Ok(other) => Err(type_error(name, "a world", &other)),
            Err(error) => Err(error),
        },
        ("pmap", [function, list]) => pmap(world, scope, function, list, depth),
        ("quote" | "if" | "lambda" | "define" | "assert!" | "ask" | "try" | "fork" | "merge!" | "pmap", _) => {
            malformed()
        }
        _ => return None,
    })
}

fn lambda(scope: &Scope, parameters: &[Value], body: &Value) -> Result<Value, Error> {
    let name = |parameter: &Value| match parameter {
        Value::Name(name) => Ok(Arc::clone(name)),
        other => Err(type_error("lambda", "names", other)),
    };
    Ok(Value::Closure(Arc::new(Closure {
        parameters: parameters.iter().map(name).collect::<Result<_, _>>()?,
        body: body.clone(),
        scope: scope.clone(),
    })))
}

fn define(world: &mut World, name: &Arc<str>, value: Value) -> Value {
    world.bind(name, value);
    Value::Name(Arc::clone(name))
}

/// A fact or question: its variables stay, nested calls are evaluated, and so are names that are defined.
fn template(world: &mut World, scope: &Scope, fact: &Value, depth: usize) -> Result<Value, Error> {
    let Value::List(items) = fact else {
        return Err(Error::Form(fact.to_string()));
    };
    let mut evaluated = Vec::new();
    for (at, item) in items.iter().enumerate() {
        evaluated.push(match item {
            Value::Name(name) if at > 0 => scope.get(name).or_else(|| world.binding(name)).unwrap_or(item).clone(),
            Value::List(_) => eval(world, scope, item, depth + 1)?,
            other => other.clone(),
        });
    }
    Ok(Value::list(evaluated))
}

/// Applies a function to each item in a fork of the world, in parallel, and merges the forks in the order of the items.
fn pmap(world: &mut World, scope: &Scope, function: &Value, list: &Value, depth: usize) -> Result<Value, Error> {
    let function = eval(world, scope, function, depth + 1)?;
    let items = match eval(world, scope, list, depth + 1)? {
        Value::List(items) => items.to_vec(),
        other => return Err(type_error("pmap", "a list", &other)),
    };
    let results = world.try_fork_join(items, |fork, item| apply(fork, &function, vec![item], depth + 1));
    match results {
        Ok(results) => Ok(Value::list(results)),
        Err(BranchError::Failed { error, .. }) => Err(error),
        Err(_) => Err(Error::Panicked),
    }
}

fn builtin(name: &str, arguments: &[Value]) -> Result<Value, Error> {
    let truth = |truth: bool| Value::Name(if truth { "true" } else { "false" }.into());
    Ok(match (name, arguments) {
        ("list", items) => Value::list(items.iter().cloned()),
        ("car", [Value::List(items)]) if !items.is_empty() => items[0].clone(),
        ("cdr", [Value::List(items)]) if !items.is_empty() => Value::list(items[1..].iter().cloned()),
        ("car" | "cdr", [other]) => return Err(type_error(name, "a list that isn't empty", other)),
        ("+" | "-" | "*" | "=" | "<", [a, b]) => {
            let [a, b] = [number(name, a)?, number(name, b)?];
            let result = match name {
                "+" => a.checked_add(b),
                "-" => a.checked_sub(b),
                "*" => a.checked_mul(b),
                "=" => return Ok(truth(a == b)),
                _ => return Ok(truth(a < b)),
            };
            Value::Number(result.ok_or(Error::Overflow)?)
        }
        _ => return Err(Error::Undefined(name.to_owned())),
    })
}

fn number(function: &str, value: &Value) -> Result<i64, Error> {
    match value {
        Value::Number(number) => Ok(*number),
        other => Err(type_error(function, "numbers", other)),
    }
}

fn type_error(function: &str, expected: &'static str, found: &Value) -> Error {
    Error::Type {
        function: function.to_owned(),
        expected,
        found: found.to_string(),
    }
}
