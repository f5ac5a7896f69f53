//! Symbols that the language gives a meaning, and predicates on atoms that use them.

use std::sync::LazyLock;

use pleach::term::{Atom, Symbol};

/// Symbols that the language gives a meaning.
pub(crate) struct Symbols {
    pub(crate) arrow: Symbol,
    pub(crate) atom: Symbol,
    pub(crate) bool: Symbol,
    pub(crate) comma: Symbol,
    pub(crate) empty: Symbol,
    pub(crate) error: Symbol,
    pub(crate) expression: Symbol,
    pub(crate) grounded: Symbol,
    pub(crate) number: Symbol,
    pub(crate) return_: Symbol,
    pub(crate) space: Symbol,
    pub(crate) string: Symbol,
    pub(crate) symbol: Symbol,
    pub(crate) this_space: Symbol,
    pub(crate) undefined: Symbol,
    pub(crate) variable: Symbol,
}

/// Returns the symbols, interned once.
pub(crate) fn symbols() -> &'static Symbols {
    static SYMBOLS: LazyLock<Symbols> = LazyLock::new(|| Symbols {
        arrow: Symbol::new("->"),
        atom: Symbol::new("Atom"),
        bool: Symbol::new("Bool"),
        comma: Symbol::new(","),
        empty: Symbol::new("Empty"),
        error: Symbol::new("Error"),
        expression: Symbol::new("Expression"),
        grounded: Symbol::new("Grounded"),
        number: Symbol::new("Number"),
        return_: Symbol::new("return"),
        space: Symbol::new("SpaceType"),
        string: Symbol::new("String"),
        symbol: Symbol::new("Symbol"),
        this_space: Symbol::new("&self"),
        undefined: Symbol::new("%Undefined%"),
        variable: Symbol::new("Variable"),
    });
    &SYMBOLS
}

/// Returns `(Error atom reason)`.
pub(crate) fn error_atom(atom: Atom, reason: Atom) -> Atom {
    Atom::expression([Atom::Symbol(symbols().error), atom, reason])
}

/// Returns whether `bind!` can bind a name: whether it begins with `&`.
pub(crate) fn is_token(name: Symbol) -> bool {
    name.as_str().starts_with('&')
}

/// Returns whether an atom is the symbol `Empty`, which stands for no result.
pub(crate) fn is_empty_symbol(atom: &Atom) -> bool {
    matches!(atom, Atom::Symbol(symbol) if *symbol == symbols().empty)
}

/// Returns whether an atom is `(Error …)`.
pub(crate) fn is_error(atom: &Atom) -> bool {
    matches!(atom, Atom::Expression(items)
        if matches!(items.first(), Some(Atom::Symbol(head)) if *head == symbols().error))
}
