//! The rows of standing queries.

use std::time::Instant;

use pleach::view::View;
use pleach::{Atom, Environment};

use super::env::symbol;
use super::yardsticks;
use crate::common::alloc::bytes_kept;
use crate::common::report::Report;
use crate::common::timing::SideBySide;

pub(crate) fn rows(report: &mut Report, wanted: &dyn Fn(&str) -> bool) {
    for (name, row) in ROWS {
        if wanted(name) {
            row(report, name);
        }
    }
}

type Row = fn(&mut Report, &str);

const ROWS: [(&str, Row); 2] = [("view advance", advance), ("view memory of a fork", memory)];

/// The fact that relates `a` to `b`.
fn fact(relation: &str, a: String, b: String) -> Atom {
    Atom::expression([Atom::symbol(relation), symbol(a), symbol(b)])
}

/// A fact of one of three relations, by its number modulo 3: a member of a group, a resource that it is granted, or the owner of
/// the resource. Each member, resource and owner of `i` is of `i` alone, so that each fact is part of one answer.
fn link(i: usize, of: usize) -> Atom {
    match i % 3 {
        0 => fact("member", format!("user{i}"), format!("group{of}")),
        1 => fact("grants", format!("group{of}"), format!("resource{of}")),
        _ => fact("owns", format!("owner{of}"), format!("resource{of}")),
    }
}

/// `n` facts, and a view of a join of three patterns over them with `n / 3` answers.
fn world(n: usize) -> (Environment, View) {
    let env: Environment = (0..n).map(|i| link(i, i / 3)).collect();
    let patterns =
        ["(member $u $g)", "(grants $g $r)", "(owns $o $r)"].map(|text| text.parse::<Atom>().expect("an atom"));
    let view = View::new(&env, patterns, "(serves $o $u)".parse().expect("an atom")).expect("a view");
    assert_eq!(view.count(), n / 3);
    (env, view)
}

/// Brings a view to a fork in which one fact is missing, so that one answer is.
fn times(n: usize) -> SideBySide {
    let (env, view) = world(n);
    SideBySide::singly(
        |run| {
            let i = run * 7919 % n;
            let (mut fork, mut view) = (env.clone(), view.clone());
            assert!(fork.remove_fact(&link(i, i / 3)));
            let start = Instant::now();
            let difference = view.advance(&fork);
            let time = start.elapsed();
            assert_eq!(difference.count(), 1);
            time.as_secs_f64()
        },
        yardsticks::fork_insert(n, 1),
    )
}

fn advance(report: &mut Report, name: &str) {
    let yardstick = yardsticks::FORK_INSERT;
    let (small, large) = (times(999), times(999_999));
    report.over(
        &format!("{name}, a join of three patterns, 1 M"),
        &large,
        yardstick,
        11.0,
    );
    report.growth(
        &format!("{name}, a join of three patterns, 1 M over 1 K"),
        &small,
        &large,
        yardstick,
        0.48,
    );
}

/// The bytes that a fork of a view keeps after an advance to a fork of its state, without those of the state.
fn memory(report: &mut Report, name: &str) {
    let (env, view) = world(999_999);
    let runs = (0..100).map(|run| {
        let i = run * 7919 % 999_999;
        let (mut state, mut fork) = (env.clone(), view.clone());
        state.remove_fact(&link(i, i / 3));
        bytes_kept(|| {
            fork.advance(&state);
            fork
        })
        .0 as f64
    });
    let bytes = runs.sum::<f64>() / 100.0;
    report.at_most(&format!("{name} with a change, 1 M"), bytes, "bytes", 5.0 * 1024.0);
}
