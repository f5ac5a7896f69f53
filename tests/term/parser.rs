use std::sync::Arc;

use pleach::term::parser::{ParseErrorKind, parse_one};
use pleach::term::{Atom, Item, Leaf, Parser, Print, Term, View};
use pleach_testkit::quick_check;
use quickcheck::{Arbitrary, Gen};

use pleach_testkit::atoms::{AnyAtom, Few};

fn atom(source: &str) -> Atom {
    source.parse().unwrap_or_else(|error| panic!("{source}: {error}"))
}

fn items(source: &str) -> Vec<String> {
    Parser::<Atom>::new(source)
        .map(|item| item.unwrap().atom.to_string())
        .collect()
}

#[test]
fn printing_and_parsing_round_trip() {
    fn property(AnyAtom(atom): AnyAtom) -> Result<(), String> {
        let text = atom.to_string();
        match text.parse::<Atom>() {
            Ok(read) if read == atom && Print(&atom).to_string() == text => Ok(()),
            other => Err(format!("{text} read as {other:?}")),
        }
    }
    quick_check(10_000).quickcheck(property as fn(_) -> _);
}

#[test]
fn items_keep_their_spans_in_a_source_of_many() {
    fn property(Few(atoms): Few<(AnyAtom, bool)>) -> bool {
        let mut source = String::from("; (a comment \" \n");
        for (AnyAtom(atom), bang) in &atoms {
            source += &format!("{}{atom} ; end)\n\n", if *bang { "! " } else { "" });
        }
        let items: Vec<Item> = Parser::new(&source).collect::<Result<_, _>>().unwrap();
        items.len() == atoms.len()
            && items.iter().zip(&atoms).all(|(item, (AnyAtom(atom), bang))| {
                item.atom == *atom && item.bang == *bang && source[item.span.clone()] == atom.to_string()
            })
    }
    quick_check(2_000).quickcheck(property as fn(_) -> _);
}

/// Text of the characters that are significant to the lexer.
#[derive(Clone, Debug)]
struct Soup(String);

impl Arbitrary for Soup {
    fn arbitrary(g: &mut Gen) -> Self {
        const PARTS: [&str; 28] = [
            "(",
            ")",
            "(",
            ")",
            " ",
            "\n",
            "\"",
            "\\",
            "\\n",
            "\\u{e9}",
            "\\u{",
            "}",
            "#",
            "#\"",
            "$",
            "!",
            ";",
            "x",
            "é",
            "1",
            "9999999999",
            ".",
            "e",
            "-",
            "+",
            "inf.0",
            "\u{2003}",
            "\u{feff}",
        ];
        let length = usize::arbitrary(g) % 24;
        Soup((0..length).map(|_| *g.choose(&PARTS).unwrap()).collect())
    }

    fn shrink(&self) -> Box<dyn Iterator<Item = Self>> {
        Box::new(self.0.shrink().map(Soup))
    }
}

#[test]
fn any_text_gives_atoms_or_an_error_within_it() {
    fn property(Soup(source): Soup) -> bool {
        let mut parser = Parser::<Atom>::new(&source);
        let mut end = 0;
        for item in parser.by_ref() {
            match item {
                Ok(item) => {
                    // Each item parses alike on its own, and after printing.
                    let alone: Atom = source[item.span.clone()].parse().unwrap();
                    if alone != item.atom || atom(&item.atom.to_string()) != item.atom || item.span.start < end {
                        return false;
                    }
                    end = item.span.end;
                }
                Err(error) => {
                    let before = &source[..error.span.start];
                    let line = before.split('\n').count();
                    let column = before.split('\n').next_back().unwrap().chars().count() + 1;
                    return source.get(error.span.clone()).is_some()
                        && (error.line, error.column) == (line, column)
                        && parser.next().is_none();
                }
            }
        }
        true
    }
    quick_check(10_000).quickcheck(property as fn(_) -> _);
}

#[test]
fn words_that_are_numbers() {
    for (source, value) in [
        ("0", 0),
        ("-0", 0),
        ("+1", 1),
        ("007", 7),
        ("-42", -42),
        ("9223372036854775807", i64::MAX),
    ] {
        assert_eq!(atom(source), Atom::from(value), "{source}");
    }
    assert_eq!(atom("-9223372036854775808"), Atom::from(i64::MIN));
    for (source, value) in [
        ("1.5", 1.5),
        ("-2.0", -2.0),
        ("1e3", 1000.0),
        ("1E3", 1000.0),
        ("+1.5e-3", 0.0015),
        ("1e+2", 100.0),
        ("-0.0", -0.0),
        ("1e-999", 0.0),
        ("+inf.0", f64::INFINITY),
        ("-inf.0", f64::NEG_INFINITY),
        ("+nan.0", f64::NAN),
    ] {
        assert_eq!(atom(source), Atom::from(value), "{source}");
    }
    for source in [
        "-", "+", "->", "--1", "+-1", "1a", "1.", ".5", "1.e3", "1e", "1e+", "e3", "1e3.5", "1.5.2", "0x10", "1_000",
        "inf", "-inf", "NaN", "nan", "infinity", "-nan.0", "+inf.00", "_", "|-", "a#b", "#", "#t", "١",
    ] {
        assert_eq!(atom(source), Atom::symbol(source), "{source}");
        assert_eq!(Atom::symbol(source).to_string(), source);
    }
}

#[test]
fn printed_forms() {
    for (atom, text) in [
        (Atom::symbol("two words"), "#\"two words\""),
        (Atom::symbol(""), "#\"\""),
        (Atom::symbol("42"), "#\"42\""),
        (Atom::symbol("-1.5e3"), "#\"-1.5e3\""),
        (Atom::symbol("+nan.0"), "#\"+nan.0\""),
        (Atom::symbol("$x"), "#\"$x\""),
        (Atom::symbol("!x"), "#\"!x\""),
        (Atom::expression([Atom::symbol("!=")]), "(!=)"),
        (Atom::symbol("a\"b\\"), "#\"a\\\"b\\\\\""),
        (Atom::symbol("a;b"), "#\"a;b\""),
        (Atom::symbol("\u{2003}"), "#\"\u{2003}\""),
        (Atom::symbol("\u{7}"), "#\"\\u{7}\""),
        (Atom::variable("x"), "$x"),
        (Atom::variable("1"), "$1"),
        (Atom::variable("$"), "$$"),
        (Atom::variable(""), "$\"\""),
        (Atom::variable("a#1"), "$\"a#1\""),
        (Atom::leaf(Leaf::Variable { name: "x", id: 7 }).unwrap(), "$x#7"),
        (Atom::leaf(Leaf::Variable { name: "a b", id: 7 }).unwrap(), "$\"a b\"#7"),
        (Atom::string("tab\there"), "\"tab\\there\""),
        (Atom::from(1.0), "1.0"),
        (Atom::from(1e21), "1e21"),
        (Atom::from(-1e-7), "-1e-7"),
        (Atom::expression([]), "()"),
        (
            Atom::expression([Atom::expression([]), Atom::expression([])]),
            "(() ())",
        ),
    ] {
        assert_eq!(atom.to_string(), text);
        assert_eq!(self::atom(text), atom);
    }
}

#[test]
fn white_space_is_optional_between_atoms_that_are_not_words() {
    assert_eq!(items("a(b)c"), ["a", "(b)", "c"]);
    assert_eq!(items("(a\"b\"(c)$d)"), ["(a \"b\" (c) $d)"]);
    assert_eq!(items("\"a\"\"b\"$\"c\"#1\"d\""), ["\"a\"", "\"b\"", "$c#1", "\"d\""]);
    assert_eq!(items("a;b\nc"), ["a", "c"]);
    assert_eq!(items("a\u{2003}b\u{a0}c"), ["a", "b", "c"]);
    assert_eq!(items("\u{feff}a\u{feff}b"), ["a", "b"]);
    assert_eq!(items("a!b"), ["a!b"]);
    assert!(items(" ; nothing").is_empty());
}

#[test]
fn bangs() {
    let source = "!(f) ! ; now\n g (! !x) !#\"!\"";
    let found: Vec<Item> = Parser::new(source).collect::<Result<_, _>>().unwrap();
    let found: Vec<_> = found.iter().map(|item| (item.bang, item.atom.to_string())).collect();
    let expected = [(true, "(f)"), (true, "g"), (false, "(! !x)"), (true, "#\"!\"")];
    assert_eq!(found, expected.map(|(bang, text)| (bang, text.to_owned())));
}

#[test]
fn strings_and_escapes() {
    assert_eq!(atom(r#""\n\t\r\"\\\u{e9}\u{1F600}""#), Atom::string("\n\t\r\"\\é😀"));
    assert_eq!(
        atom("\"two\nlines ; no comment (\""),
        Atom::string("two\nlines ; no comment (")
    );
    assert_eq!(atom(r#"#"\"""#), Atom::symbol("\""));
    assert_eq!(atom(r#""\u{0}a""#), Atom::string("\0a"));
}

#[test]
fn errors_have_kind_and_position() {
    use ParseErrorKind::*;
    for (source, kind, line, column, text) in [
        ("a\n (b (c) ", UnclosedExpression, 2, 2, "("),
        ("a\n é)", UnopenedExpression, 2, 3, ")"),
        ("(a \"b", UnclosedText, 1, 4, "\""),
        ("(a #\"b", UnclosedText, 1, 5, "\""),
        ("\"b\\\"", UnclosedText, 1, 1, "\""),
        ("\"b\\", BadEscape, 1, 3, "\\"),
        ("\"é\\q\"", BadEscape, 1, 3, "\\q"),
        ("\"\\é\"", BadEscape, 1, 2, "\\é"),
        ("\"\\u{}\"", BadEscape, 1, 2, "\\u"),
        ("\"\\u{d800}\"", BadEscape, 1, 2, "\\u"),
        ("\"\\u{110000}\"", BadEscape, 1, 2, "\\u"),
        ("\"\\u{+41}\"", BadEscape, 1, 2, "\\u"),
        ("\"\\u41\"", BadEscape, 1, 2, "\\u"),
        ("\"\\u{41\"", BadEscape, 1, 2, "\\u"),
        ("(f $)", NoVariableName, 1, 4, "$"),
        ("$#1", NoVariableName, 1, 1, "$"),
        ("$x#", BadVariableId, 1, 1, "$x#"),
        ("$x#a", BadVariableId, 1, 1, "$x#a"),
        ("$x#+1", BadVariableId, 1, 1, "$x#+1"),
        ("$x#1#2", BadVariableId, 1, 1, "$x#1#2"),
        (
            "$x#18446744073709551616",
            BadVariableId,
            1,
            1,
            "$x#18446744073709551616",
        ),
        (
            "$x#18446744073709551615",
            NotInLanguage,
            1,
            1,
            "$x#18446744073709551615",
        ),
        (
            "(f 9223372036854775808)",
            IntegerOutOfRange,
            1,
            4,
            "9223372036854775808",
        ),
        ("-9223372036854775809", IntegerOutOfRange, 1, 1, "-9223372036854775809"),
        ("1e999", FloatOutOfRange, 1, 1, "1e999"),
        ("a !", NothingToEvaluate, 1, 3, "!"),
        ("a ! ; b", NothingToEvaluate, 1, 3, "!"),
        ("!!a", NothingToEvaluate, 1, 1, "!"),
        ("!)", UnopenedExpression, 1, 2, ")"),
    ] {
        let error = Parser::<Atom>::new(source)
            .find_map(Result::err)
            .unwrap_or_else(|| panic!("{source}"));
        assert_eq!(
            (&error.kind, error.line, error.column),
            (&kind, line, column),
            "{source}"
        );
        assert_eq!(&source[error.span], text, "{source}");
    }
    for (source, kind, column) in [
        ("", NoAtom, 1),
        (" ; a", NoAtom, 5),
        ("a b", SecondAtom, 3),
        ("!a", UnexpectedBang, 2),
        ("a )", UnopenedExpression, 3),
    ] {
        let error = parse_one::<Atom>(source).unwrap_err();
        assert_eq!((&error.kind, error.column), (&kind, column), "{source}");
    }
    let mut parser = Parser::<Atom>::new("((a) (b (c)))").max_depth(2);
    let error = parser.next().unwrap().unwrap_err();
    assert_eq!((error.kind, error.column), (TooDeep { limit: 2 }, 9));
    assert!(parser.next().is_none());
}

#[test]
fn error_messages() {
    let message = |source: &str| source.parse::<Atom>().unwrap_err().to_string();
    assert_eq!(
        message("(f\n  99999999999999999999)"),
        "line 2, column 3: integer out of the range of 64 bits; append `.0` for a float"
    );
    assert_eq!(
        message(r#""\x""#),
        r#"line 1, column 2: unknown escape; valid ones are \n \t \r \" \\ and \u{1f600}"#
    );
}

/// A language with symbols only: other leaves are errors.
#[test]
fn leaves_that_the_language_lacks_are_errors() {
    #[derive(Clone)]
    enum Word {
        Word(Arc<str>),
        List(Arc<[Word]>),
    }
    impl Term for Word {
        fn view(&self) -> View<'_, Word> {
            match self {
                Word::Word(word) => View::Leaf(Leaf::Symbol(word)),
                Word::List(items) => View::Expression(items),
            }
        }

        fn leaf(leaf: Leaf<'_>) -> Option<Word> {
            if let Leaf::Symbol(word) = leaf {
                Some(Word::Word(word.into()))
            } else {
                None
            }
        }

        fn expression(items: Vec<Word>) -> Word {
            Word::List(items.into())
        }
    }
    let read = parse_one::<Word>("(a (b #\"1\") ())").unwrap();
    assert_eq!(Print(&read).to_string(), "(a (b #\"1\") ())");
    for source in ["(a 1)", "(a 1.0)", "(a $x)", "(a \"b\")"] {
        let Err(error) = parse_one::<Word>(source) else {
            panic!("{source}")
        };
        assert_eq!((error.kind, error.column), (ParseErrorKind::NotInLanguage, 4));
    }
}

#[test]
fn recovery_resumes_after_the_error() {
    let mut parser: Parser<'_> = Parser::new("(a) b) c\n(d \"e\n(f $)\n  (g)\n!(h)\n(i");
    let mut found = Vec::new();
    while let Some(item) = parser.next() {
        match item {
            Ok(item) => found.push(item.atom.to_string()),
            Err(error) => {
                found.push(format!("{}:{}", error.line, error.column));
                parser.recover();
            }
        }
    }
    assert_eq!(found, ["(a)", "b", "1:6", "c", "2:4", "3:4", "(h)", "6:1"]);
    parser.recover();
    assert!(parser.next().is_none());
}

#[test]
fn recovery_always_terminates() {
    fn law(parts: Vec<u8>) -> bool {
        let signs = ["(", ")", "\n", "!", "\"", "$", "a", "\\", " ", "é", ";", "\n("];
        let source: String = parts
            .iter()
            .map(|part| signs[usize::from(*part) % signs.len()])
            .collect();
        let mut parser: Parser<'_> = Parser::new(&source);
        let mut last = None;
        for _ in 0..=2 * source.len() {
            match parser.next() {
                None => return true,
                Some(Ok(item)) => assert!(source.get(item.span).is_some()),
                Some(Err(error)) => {
                    assert!(last < Some(error.span.start), "the same place again");
                    last = Some(error.span.start);
                    parser.recover();
                }
            }
        }
        false
    }
    quick_check(2000).quickcheck(law as fn(Vec<u8>) -> bool);
}

#[test]
fn counts_are_read_and_invalid_ones_are_errors() {
    let items: Vec<Item> = Parser::new("#*3 (p 1) #*18446744073709551615\n; so often\n x (#*2 a) #*007(b)")
        .collect::<Result<_, _>>()
        .unwrap();
    let found: Vec<_> = items.iter().map(|item| (item.count, item.atom.to_string())).collect();
    let expected = [(3, "(p 1)"), (u64::MAX, "x"), (1, "(#*2 a)"), (7, "(b)")];
    assert_eq!(found, expected.map(|(count, atom)| (count, atom.to_owned())));
    for (source, kind, span) in [
        ("a #*0 b", ParseErrorKind::BadCount, 2..5),
        ("#*18446744073709551616 b", ParseErrorKind::BadCount, 0..22),
        ("#*+1 b", ParseErrorKind::BadCount, 0..4),
        ("#* b", ParseErrorKind::BadCount, 0..2),
        ("#*x", ParseErrorKind::BadCount, 0..3),
        ("a\n#*3 ", ParseErrorKind::NothingToCount, 2..5),
        ("#*3 !a", ParseErrorKind::NothingToCount, 0..3),
        ("#*3 #*4 a", ParseErrorKind::NothingToCount, 0..3),
        ("! #*3 a", ParseErrorKind::NothingToEvaluate, 0..1),
    ] {
        let error = Parser::<Atom>::new(source).find_map(Result::err).unwrap();
        assert_eq!((error.kind, error.span), (kind, span), "{source}");
    }
    assert_eq!(
        parse_one::<Atom>("#*2 a").unwrap_err().kind,
        ParseErrorKind::UnexpectedCount
    );
    // A symbol of that form is quoted where it would be a count.
    let symbol = Atom::symbol("#*3");
    assert_eq!(symbol.to_string(), "#\"#*3\"");
    assert_eq!(symbol.to_string().parse(), Ok(symbol.clone()));
    assert_eq!(Atom::expression([symbol]).to_string(), "(#*3)");
}
