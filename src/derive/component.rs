//! Strata: groups of rules, ordered so that each depends on earlier ones and itself only.
//!
//! A rule depends on another one if one of its patterns unifies with the other's head. Rules whose heads unify, and those
//! that depend on each other in a circle, form one component, so that each derived fact has one component that derives it.
//! Components are the strongly connected components of a graph, found by Tarjan's algorithm ("Depth-First Search and Linear
//! Graph Algorithms", 1972) with a stack of its own.

use super::error::ProgramError;
use super::pattern_index::PatternIndex;
use super::rule::Rule;
use crate::term::{Bindings, Term, unify};

/// Rules that are evaluated together.
pub(super) struct Component {
    /// Their indexes, ascending.
    pub(super) rules: Vec<usize>,
}

/// Returns the components of a program, each after those that it depends on.
pub(super) fn components<T: Term>(rules: &[Rule<T>]) -> Result<Vec<Component>, ProgramError> {
    let mut heads = PatternIndex::default();
    for (index, rule) in rules.iter().enumerate() {
        heads.insert(&rule.head, index);
    }
    let unifying = |rule: &Rule<T>, term: &T| {
        let producers = heads.candidates(term).copied();
        let producers = producers.filter(|producer| {
            let head = rule.renamed(&rules[*producer].head);
            unify(term, &head, &mut Bindings::new())
        });
        producers.collect::<Vec<usize>>()
    };
    // The rules that each one depends on.
    let graph: Vec<Vec<usize>> = rules
        .iter()
        .map(|rule| {
            let patterns = rule.positive.iter().chain(&rule.negative).chain([&rule.head]);
            let mut targets: Vec<usize> = patterns.flat_map(|pattern| unifying(rule, pattern)).collect();
            targets.sort_unstable();
            targets.dedup();
            targets
        })
        .collect();
    let components = strongly_connected(&graph);
    let mut component_of = vec![0; rules.len()];
    for (number, members) in components.iter().enumerate() {
        members.iter().for_each(|rule| component_of[*rule] = number);
    }
    for (index, rule) in rules.iter().enumerate() {
        for (position, pattern) in rule.negative.iter().enumerate() {
            let own = unifying(rule, pattern)
                .into_iter()
                .any(|producer| component_of[producer] == component_of[index]);
            if own {
                return Err(ProgramError::NotStratified {
                    rule: index,
                    pattern: rule.index_of_negative(position),
                });
            }
        }
    }
    Ok(components.into_iter().map(|rules| Component { rules }).collect())
}

/// The strongly connected components of a graph of which each node lists its targets, each after those that it reaches.
fn strongly_connected(graph: &[Vec<usize>]) -> Vec<Vec<usize>> {
    const UNSEEN: usize = usize::MAX;
    let mut order = vec![UNSEEN; graph.len()];
    let mut lowest = vec![0; graph.len()];
    let mut open = vec![false; graph.len()];
    let (mut path, mut seen, mut components) = (Vec::new(), 0, Vec::new());
    for root in 0..graph.len() {
        if order[root] != UNSEEN {
            continue;
        }
        // Each node that is being visited, with its next target.
        let mut calls = vec![(root, 0)];
        while let Some((node, next)) = calls.last_mut() {
            let node = *node;
            if *next == 0 {
                (order[node], lowest[node], open[node]) = (seen, seen, true);
                seen += 1;
                path.push(node);
            }
            if let Some(&target) = graph[node].get(*next) {
                *next += 1;
                if order[target] == UNSEEN {
                    calls.push((target, 0));
                } else if open[target] {
                    lowest[node] = lowest[node].min(order[target]);
                }
                continue;
            }
            calls.pop();
            if let Some((caller, _)) = calls.last() {
                lowest[*caller] = lowest[*caller].min(lowest[node]);
            }
            if lowest[node] == order[node] {
                let start = path.iter().rposition(|member| *member == node).unwrap_or(0);
                let mut members = path.split_off(start);
                members.iter().for_each(|member| open[*member] = false);
                members.sort_unstable();
                components.push(members);
            }
        }
    }
    components
}

#[cfg(test)]
mod tests {
    use super::strongly_connected;

    #[test]
    fn components_come_after_those_that_they_reach() {
        let graph = [vec![1], vec![2, 3], vec![1], vec![], vec![4, 0]];
        assert_eq!(strongly_connected(&graph), [vec![3], vec![1, 2], vec![0], vec![4]]);
    }

    #[test]
    fn a_chain_of_a_million_nodes_needs_no_native_stack() {
        let graph: Vec<Vec<usize>> = (1..=1_000_000).map(|next| vec![next % 1_000_000]).collect();
        assert_eq!(strongly_connected(&graph).len(), 1);
    }
}
