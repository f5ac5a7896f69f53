//! A small Scheme whose world is a pleach environment: definitions and facts that are forked, rolled back and merged.
//!
//! ```text
//! cargo run --features rayon --example lisp
//! ```
//!
//! | module | contents |
//! |---|---|
//! | `value` | the host's own terms: numbers, strings, names, lists, closures, worlds |
//! | `eval` | the evaluator |

mod eval;
mod value;
use eval::Interpreter;

const PROGRAM: &str = r#"
    (define (fact n) (if (= n 0) 1 (* n (fact (- n 1)))))
    (fact 10)
    ; Closures capture their scope, a persistent map.
    (define (adder n) (lambda (x) (+ x n)))
    ((adder 3) 4)
    ; Facts, and questions to them.
    (assert! (parent ann bob))
    (assert! (parent bob carl))
    (ask (parent $who carl))
    ; A failure rolls the world back to where `try` began.
    (try (begin (assert! (parent carl nobody)) (car 1)) "rolled back")
    (ask (parent carl $child))
    ; A fork is a world of its own, until it is merged.
    (define draft (fork (assert! (parent carl dora))))
    (ask (parent carl $child))
    (merge! draft)
    (ask (parent carl $child))
    ; Each call runs in a fork of its own, in parallel; then all are merged.
    (pmap (lambda (n) (begin (assert! (square n (* n n))) (* n n))) (list 1 2 3 4))
    (ask (square 3 $x))
"#;

fn main() {
    let mut interpreter = Interpreter::new();
    for result in interpreter.run(PROGRAM) {
        match result {
            Ok(value) => println!("{value}"),
            Err(error) => println!("error: {error}"),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn run(program: &str) -> Vec<String> {
        let results = Interpreter::new().run(program);
        let text = |result: Result<value::Value, eval::Error>| {
            result.map_or_else(|error| error.to_string(), |value| value.to_string())
        };
        results.into_iter().map(text).collect()
    }

    #[test]
    fn the_tour_runs() {
        let printed = run(PROGRAM);
        let expected = [
            "fact",
            "3628800",
            "adder",
            "7",
            "()",
            "()",
            "((parent bob carl))",
            "\"rolled back\"",
            "()",
            "draft",
            "()",
            "()",
            "((parent carl dora))",
            "(1 4 9 16)",
            "((square 3 9))",
        ];
        assert_eq!(printed, expected);
    }

    #[test]
    fn definitions_are_rolled_back_and_forked() {
        assert_eq!(
            run("(define x 1) (try (begin (define x 2) (car 1)) x) x")[1..],
            ["1", "1"]
        );
        assert_eq!(
            run("(define x 1) (define w (fork (define x 2))) x (merge! w) x")[2..],
            ["1", "()", "2"]
        );
    }

    #[test]
    fn a_branch_that_fails_leaves_the_world_as_it_was() {
        let printed =
            run("(pmap (lambda (n) (begin (assert! (p n)) (if (= n 2) (car n) n))) (list 1 2 3)) (ask (p $n))");
        assert_eq!(printed, ["car expects a list that isn't empty, not 2", "()"]);
    }

    #[test]
    fn equal_closures_are_one_fact_and_others_are_not() {
        let program = "(define f (lambda (x) x)) (define g (lambda (x) x)) (assert! (handler f)) (assert! (handler f))
            (assert! (handler g)) (ask (handler $f))";
        let printed = run(program);
        assert_eq!(printed[5].matches("handler").count(), 2, "{printed:?}");
    }

    #[test]
    fn errors_are_values_of_the_host() {
        for (program, expected) in [
            ("nobody", "nobody isn't defined"),
            ("(1 2)", "1 isn't a function"),
            (
                "((lambda (x) x))",
                "a function of 1 parameters was called with 0 arguments",
            ),
            ("(+ 1 \"a\")", "+ expects numbers, not \"a\""),
            ("(define (loop) (+ 1 (loop))) (loop)", "the program nests too deeply"),
            ("(car", "line 1, column 1: this parenthesis is never closed"),
        ] {
            assert_eq!(run(program).last().map(String::as_str), Some(expected));
        }
    }
}
