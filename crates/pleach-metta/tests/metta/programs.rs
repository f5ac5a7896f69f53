//! Runs each program below `tests/programs` as a test of its own name and compares what it prints with the file beside it.
//!
//! `NAME.expected` has a line for each `!` of `NAME.metta`. `NAME.sequential.expected`, where it exists, has those of the
//! sequential policy. Each program runs under both policies, on one, two and eight threads, with and without a memo table:
//! results and environment are the same.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeSet;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use pleach::Environment;
use pleach::env::IdSeed;
use pleach_metta::{Evaluator, Policy};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/programs");

/// Declares a test for each program: those of the folder itself, then those of each subfolder. Names are written with `_`
/// for `-`.
macro_rules! programs {
    ({ $($name:ident),* $(,)? } $($folder:ident { $($inner:ident),* $(,)? })*) => {
        $(#[test] fn $name() { check(&path(&[stringify!($name)])); })*
        $(mod $folder {
            $(#[test] fn $inner() { super::check(&super::path(&[stringify!($folder), stringify!($inner)])); })*
        })*

        /// The programs that have a test.
        fn listed() -> BTreeSet<PathBuf> {
            [$(path(&[stringify!($name)]),)* $($(path(&[stringify!($folder), stringify!($inner)]),)*)*].into()
        }
    };
}

programs! {
    {
        all_rules, arithmetic, assertions, backward_chaining, bind, binding_through_call, binding_through_case,
        binding_through_forms, binding_through_if, binding_through_patterns, caller_variable_name, case,
        case_of_nothing, chain, chain_locals, circle_one, circle_two, collapse, collapse_bind, collatz, comparison,
        condition_types, conjunction, constants, control, deep_recursion, dependent_types, empty, errors, eval_one_step,
        evalc, expression_head_type, failing, family, get_atoms, hanoi, higher_order, hyperpose, hyperpose_writes, r#if,
        if_equal, import, import_library, import_once, irreducible, lambda, lazy_types, r#let, let_star, library,
        list_pipelines, lists, logic, map_atom_locals, map_filter_fold, r#match, match_variables, math, multiset,
        multiset_forms, names_of_callers, nondeterminism, number_tables, numbers_match, occurs_check, overflow,
        overloaded_types, own_arithmetic_rules, parametric_constructors, parametric_types, peano, queens,
        query_under_way, quicksort, quote, recursion, remove_rule, rules_from_siblings, self_definition, sets,
        shadowing, shared_rules, siblings_arguments, siblings_branches, siblings_removal, small_forms, spaces,
        spaces_in_siblings, state_conflict, states, strings, switch, template_variables, trace, type_errors, types,
        types_are_evaluated, unbound_variables, unify, variable_head_stands, variables_of_other_cases, wildcard_rules,
        writes, wrong_arity,
    }
    built_ins {
        alpha_assertions, arithmetic, assertions, bind_and_new_space, car_and_cdr, case, chain, collapse, collapse_bind,
        colon, comparison, conjunction, cons_and_decons, empty, equality_and_renaming, equals, eval, evalc,
        failed_assertion, filter_atom, foldl_atom, function, functions_of_results, hyperpose, r#if, if_equal, if_error, library,
        if_with_a_variable, ill_typed_assertions, ill_typed_forms, lazy_assertions, r#let, let_star, list_sets, logic,
        map_atom, mathematics, min_and_max, noeval, nop_and_id, pragma, println_and_trace, quote, remove_atom,
        sealed_and_quoted, size_and_index, states, superpose, switch, text_and_renaming, unify,
    }
    evaluated_again {
        lazy_constructor, new_binding, new_rule, new_rule_in_another_space, new_type_of_a_state, noeval,
    }
    memo {
        definitions_change, effects_are_repeated, kinds_of_results, other_spaces, recursion,
    }
    multiset {
        added_again, alpha_equal_rules, conjunction_pairs_copies, get_atoms_lists_definitions, present_twice,
        removal_is_not_unification, removal_of_an_absent_atom, removal_takes_one_copy, removal_up_to_renaming,
        rule_twice,
    }
    numbers {
        division_by_zero, integer_division, integer_equals_float, integer_is_not_float, mixed_arithmetic,
        overflow,
    }
    reduction {
        add_atom_and_add_reduct, arguments_first, atom_arguments_are_lazy, bare_symbols_are_not_reduced,
        call_binds_variables, collapse_gathers, empty_symbol, error_in_a_let, error_in_an_argument,
        error_is_a_value_for_chain_and_case, every_rule_that_unifies, irreducible_call, lazy_forms, match_space,
        match_template, metatype_arguments_are_lazy, no_result_ends_the_expression, no_rules_for_forms,
        occurs_check, rules_for_built_ins, rules_for_built_ins_come_and_go, superpose_branches,
        two_sided_unification,
    }
    siblings {
        arguments, branches, writes_are_united,
    }
    syntax {
        atom_is_added, bang_evaluates, comments, underscore_is_a_symbol, variables,
    }
    types {
        atom_with_several_types, built_ins_check_types, dependent_types, get_type, grounded_arguments,
        higher_order_types, ill_typed_argument, ill_typed_call_is_not_evaluated, ill_typed_result,
        ill_typed_results_of_arguments, overloaded_function, parametric_types, result_type_atom,
        result_types_are_evaluated, typed_heads, types_of_built_ins, undeclared_symbols, untyped_forms,
        wrong_number_of_arguments,
    }
    writing {
        at_the_top_level, in_chain, in_let, in_let_star, query_sees_its_first_state, write_without_effect,
    }
}

/// The program that a test is named after.
fn path(names: &[&str]) -> PathBuf {
    let names = names.iter().map(|name| name.trim_start_matches("r#").replace('_', "-"));
    let path: PathBuf = [FOLDER.to_owned()].into_iter().chain(names).collect();
    path.with_extension("metta")
}

/// The programs in a folder and its subfolders.
fn programs_in(folder: &Path) -> BTreeSet<PathBuf> {
    let mut programs = BTreeSet::new();
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let path = entry.path();
        if entry.file_type().unwrap().is_dir() {
            programs.extend(programs_in(&path));
        } else if path.extension().is_some_and(|extension| extension == "metta") {
            programs.insert(path);
        }
    }
    programs
}

#[test]
fn every_program_has_a_test() {
    assert_eq!(listed(), programs_in(Path::new(FOLDER)));
}

/// The names that the language promises, in the order in which programs need them.
#[test]
fn every_built_in_has_a_program() {
    let promised = "= match let + * assertEqual assertEqualToResult - : < == , empty get-type if import! add-atom and bind!
        case collapse new-space superpose remove-atom get-atoms let* unify quote / % > <= >= or not xor car-atom cdr-atom
        cons-atom decons-atom size-atom index-atom map-atom filter-atom foldl-atom min-atom max-atom new-state get-state
        change-state! nop id println! trace! add-reduct eval evalc chain function return switch if-equal noeval
        assertAlphaEqual assertAlphaEqualToResult assertIncludes if-error unique-atom union-atom intersection-atom
        subtraction-atom sqrt-math pow-math abs-math log-math trunc-math ceil-math floor-math round-math sin-math cos-math
        tan-math pragma! hyperpose =alpha assert parse repr union intersection subtraction unique
        sealed unquote noreduce-eq";
    let programs: String = listed().iter().map(|path| fs::read_to_string(path).unwrap()).collect();
    for name in promised.split_whitespace() {
        assert!(
            programs.contains(&format!("({name} ")) || programs.contains(&format!("({name})")),
            "{name}"
        );
    }
}

/// The output of the program, and the environment that it leaves, evaluated in a fork of `empty` with a memo table of that
/// size.
fn output(program: &Path, policy: Policy, threads: usize, memo: usize, empty: &Environment) -> (String, Environment) {
    let evaluator = Evaluator::builder()
        .policy(policy)
        .threads(threads)
        .memo(memo)
        .spawn_after(if threads == 8 { 0 } else { 50 })
        .fuel(10_000_000)
        .module_folders([FOLDER])
        .output(|_| {})
        .build()
        .unwrap();
    // Names of spaces and states are the same each time if the environment's seed is.
    let mut environment = empty.clone();
    environment.set_id_seed(IdSeed::root());
    let run = evaluator
        .run(environment, &fs::read_to_string(program).unwrap())
        .unwrap_or_else(|error| panic!("{error}"));
    run.environment.check();
    let lines = run.results.iter().map(|results| {
        let results: Vec<String> = results.iter().map(ToString::to_string).collect();
        format!("[{}]\n", results.join(", "))
    });
    (lines.collect(), run.environment)
}

fn expected(program: &Path, policy: Policy) -> String {
    if policy == Policy::Sequential {
        match fs::read_to_string(program.with_extension("sequential.expected")) {
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            text => return text.unwrap(),
        }
    }
    fs::read_to_string(program.with_extension("expected")).unwrap()
}

fn check(program: &Path) {
    for policy in [Policy::Isolated, Policy::Sequential] {
        let empty = Environment::new();
        let (printed, environment) = output(program, policy, 1, 0, &empty);
        assert_eq!(printed, expected(program, policy), "{policy:?}");
        for (threads, memo) in [(2, 0), (8, 0), (1, 1_000), (1, 3), (2, 20), (8, 3)] {
            let (found, left) = output(program, policy, threads, memo, &empty);
            let what = format!("{policy:?} on {threads} threads with a memo table of {memo}");
            assert_eq!(found, printed, "{what}");
            assert_eq!(left, environment, "{what}");
            assert!(environment.diff(&left).is_empty(), "{what}");
        }
    }
}
