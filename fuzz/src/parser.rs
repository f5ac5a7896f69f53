//! Source text: parsed atoms print as text that parses to the same atoms, and equal their decoded paths.

use std::cmp::Ordering;

use pleach::Atom;
use pleach::term::{Bindings, Encoder, Item, ParseError, Parser, alpha_eq, parser, path, rename_apart, unify};

/// Depth limit of the second parser.
const DEPTH: usize = 4;

/// Interprets the bytes as text, up to the first invalid byte.
pub(crate) fn text(data: &[u8]) -> &str {
    match std::str::from_utf8(data) {
        Ok(text) => text,
        Err(error) => std::str::from_utf8(&data[..error.valid_up_to()]).expect("it is valid up to there"),
    }
}

/// Parses the bytes as source text.
pub fn run(data: &[u8]) {
    let source = text(data);
    let mut items: Vec<Item> = Vec::new();
    let mut error = None;
    for item in Parser::new(source) {
        match item {
            Ok(item) => items.push(item),
            Err(failed) => error = Some(failed),
        }
    }
    if let Some(error) = &error {
        is_in_place(source, error);
    }
    for item in &items {
        reads_back(source, item);
    }
    for pair in items.windows(2) {
        compare(&pair[0].atom, &pair[1].atom);
    }
    is_limited(source, &items);
    match parser::parse_one::<Atom>(source) {
        Ok(atom) => {
            assert_eq!((items.len(), &atom, items[0].bang), (1, &items[0].atom, false));
            assert!(error.is_none());
        }
        Err(error) => {
            is_in_place(source, &error);
            assert!(items.len() != 1 || items[0].bang || items[0].count != 1 || error.span.start >= items[0].span.end);
        }
    }
}

fn is_in_place(source: &str, error: &ParseError) {
    let before = source.get(..error.span.start).expect("it starts between characters");
    assert!(source.get(error.span.clone()).is_some(), "it ends between characters");
    let last = before.rsplit('\n').next().unwrap_or_default();
    assert_eq!(error.line, before.split('\n').count());
    assert_eq!(error.column, 1 + last.chars().count());
    assert!(!error.to_string().is_empty());
}

fn reads_back(source: &str, item: &Item) {
    let atom = &item.atom;
    assert_eq!(parser::parse_one::<Atom>(&source[item.span.clone()]).as_ref(), Ok(atom));
    let printed = atom.to_string();
    let again: Atom = printed.parse().expect("what was printed can be read");
    assert_eq!(again, *atom);
    assert_eq!(again.to_string(), printed);

    let spans = parser::spans(source, item);
    assert_eq!(spans[0], item.span);
    let last = spans.iter().map(|span| span.end).max();
    assert_eq!(last, Some(item.span.end));

    let mut encoder = Encoder::new();
    let encoded = encoder.encode(atom);
    let (bytes, variables) = (encoded.bytes.to_vec(), encoded.variables);
    assert_eq!(variables == 0, atom.is_ground());
    let decoded: Atom = path::decode(&bytes).expect("a path can be decoded");
    assert!(alpha_eq(&decoded, atom));
    assert_eq!(encoder.encode(&decoded).bytes, bytes);
    assert_eq!(path::skip(&bytes), Ok(bytes.len()));

    let renamed = rename_apart(atom, &mut 1);
    assert!(alpha_eq(&renamed, atom));
    assert_eq!(encoder.encode(&renamed).bytes, bytes);
}

fn compare(a: &Atom, b: &Atom) {
    assert_eq!(a == b, a.cmp(b) == Ordering::Equal);
    assert_eq!(a.cmp(b), b.cmp(a).reverse());
    let path = |atom| Encoder::new().encode(atom).bytes.to_vec();
    assert_eq!(alpha_eq(a, b), path(a) == path(b));

    let (mut bindings, mut mirrored) = (Bindings::new(), Bindings::new());
    let unifies = unify(a, b, &mut bindings);
    assert_eq!(unifies, unify(b, a, &mut mirrored));
    assert!(unifies || bindings.is_empty());
    // As a tree, the value of a variable can be exponentially larger than the bindings.
    if unifies && bindings.len() < 8 {
        assert_eq!(bindings.resolve(a), bindings.resolve(b));
        assert!(alpha_eq(&bindings.resolve(a), &mirrored.resolve(a)));
    }
}

/// Asserts that a depth limit has no effect but to reject the first deeper item.
fn is_limited(source: &str, items: &[Item]) {
    let mut limited = Parser::<Atom>::new(source).max_depth(DEPTH);
    for item in items {
        let is_deep = depth(&item.atom) > DEPTH;
        match limited.next() {
            Some(Ok(found)) => assert!(found == *item && !is_deep),
            Some(Err(error)) => {
                is_in_place(source, &error);
                assert!(is_deep && limited.next().is_none());
                return;
            }
            None => panic!("an item is missing"),
        }
    }
}

/// Greatest depth of nested expressions.
fn depth(atom: &Atom) -> usize {
    let (mut deepest, mut todo) = (0, vec![(atom, 0)]);
    while let Some((atom, outer)) = todo.pop() {
        deepest = deepest.max(outer);
        if let Some(items) = atom.as_expression() {
            deepest = deepest.max(outer + 1);
            todo.extend(items.iter().map(|item| (item, outer + 1)));
        }
    }
    deepest
}
