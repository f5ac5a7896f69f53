use std::collections::HashSet;
use std::thread;

use pleach::term::{Symbol, symbol};

/// Eight threads intern 125,000 names that all share and 125,000 each of their own: over a million in all.
#[test]
fn threads_agree_on_a_million_names() {
    const EACH: usize = 125_000;
    let before = symbol::memory();
    let shared: Vec<Vec<Symbol>> = thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|thread| {
                scope.spawn(move || {
                    let mut shared = vec![Symbol::new("none"); EACH];
                    for step in 0..EACH {
                        // Each thread starts at another name, so that each interns some names first.
                        let number = (step + thread * EACH / 8) % EACH;
                        shared[number] = Symbol::new(&format!("shared {number}"));
                        let own = format!("own {thread} {number}");
                        assert_eq!(Symbol::new(&own).as_str(), own);
                    }
                    shared
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    for symbols in &shared {
        assert!(*symbols == shared[0]);
    }
    assert!(
        shared[0]
            .iter()
            .enumerate()
            .all(|(number, symbol)| *symbol == *format!("shared {number}"))
    );
    assert_eq!(shared[0].iter().collect::<HashSet<_>>().len(), EACH);
    // Each name takes 16 bytes beside its own, and two slots or more in a table.
    assert!(symbol::memory() >= before + 9 * EACH * (16 + 8));
}

#[test]
fn order_and_display_are_those_of_strings() {
    let mut names = ["b", "", "a b", "ä", "B", "aa", "a"];
    let mut symbols = names.map(Symbol::new);
    names.sort_unstable();
    symbols.sort_unstable();
    assert_eq!(symbols.map(|symbol| symbol.as_str()), names);
    assert_eq!(format!("{:>4}|{}", Symbol::new("ab"), Symbol::new("a b")), "  ab|a b");
    assert_eq!(size_of::<Option<Symbol>>(), 8);
}
