//! The language, statement by statement: each row is a program and the results of each of its `!`, as multisets.
#![allow(clippy::unwrap_used, clippy::panic)]

use pleach::Environment;
use pleach::term::{Atom, Item, Parser, alpha_eq};
use pleach_metta::{Evaluator, Policy};

/// What is said of the language, a program, and for each `!` of it an expression of its results in any order.
type Row = (&'static str, &'static str, &'static str);

/// Both policies agree on these.
const SYNTAX: &[Row] = &[
    (
        "`!` evaluates",
        "!(+ 1 2) !a !\"s\" !1.5 !()",
        "(3) (a) (\"s\") (1.5) (())",
    ),
    (
        "any other atom is added to &self",
        "(a b) c 5 \"s\" !(get-atoms &self)",
        "((a b) c 5 \"s\")",
    ),
    (
        "comments",
        "; one\n(p 1) ; two ( \n!(match &self (p $x) $x) ; three",
        "(1)",
    ),
    ("variables", "!(let $x 1 ($x $y $x))", "((1 $y 1))"),
    (
        "`_` is an ordinary symbol",
        "(= (f _) wild) !(f 1) !(f _) !(let _ 5 reached) !(let _ _ reached) !(let $_ 5 reached)",
        "((f 1)) (wild) () (reached) (reached)",
    ),
];

const MULTISET: &[Row] = &[
    ("present twice", "(p 1) (p 1) !(match &self (p $x) $x)", "(1 1)"),
    (
        "added again",
        "(p 1) (p 1) !(add-atom &self (p 1)) !(match &self (p $x) $x)",
        "(()) (1 1 1)",
    ),
    (
        "a conjunction pairs copies",
        "(p 1) (p 1) (p 1) !(match &self (, (p $x) (p $y)) ($x $y))",
        "((1 1) (1 1) (1 1) (1 1) (1 1) (1 1) (1 1) (1 1) (1 1))",
    ),
    (
        "removal takes one copy",
        "(p 1) (p 1) !(remove-atom &self (p 1)) !(match &self (p $x) $x)",
        "(()) (1)",
    ),
    (
        "removal of what is absent",
        "!(remove-atom &self (p 1)) !(get-atoms &self)",
        "(()) ()",
    ),
    ("a rule twice reduces twice", "(= (f) a) (= (f) a) !(f)", "(a a)"),
    (
        "rules the same but for variables are the same rule twice",
        "(= (al $x) (r $x)) (= (al $y) (r $y)) !(al 1)",
        "((r 1) (r 1))",
    ),
    (
        "rules, facts and annotations are listed",
        "(= (f) a) (: f T) (p f) !(get-atoms &self) !(match &self (: f $t) $t) !(match &self (= (f) $b) $b)",
        "((= (f) a) (: f T) (p f)) (T) (a)",
    ),
    (
        "removal is up to renaming of variables",
        "(p $x $y) (= (f $x) $x) !(remove-atom &self (p $a $b)) !(remove-atom &self (= (f $z) $z)) !(get-atoms &self)",
        "(()) (()) ()",
    ),
    (
        "removal is not up to more than that",
        "(p $x $y) !(remove-atom &self (p $a $a)) !(remove-atom &self (p 1 2)) !(match &self (p 1 2) there)",
        "(()) (()) (there)",
    ),
];

const REDUCTION: &[Row] = &[
    (
        "every rule that unifies",
        "(= (g 0) base) (= (g $n) (general $n)) !(g 0) !(g 1)",
        "(base (general 0)) ((general 1))",
    ),
    (
        "superpose makes several results",
        "!(superpose (1 2 3)) !(superpose ())",
        "(1 2 3) ()",
    ),
    (
        "collapse gathers them",
        "!(collapse (superpose (1 2 3))) !(collapse (empty))",
        "((1 2 3)) (())",
    ),
    ("arguments first", "(= (f $x) (got $x)) !(f (+ 1 1))", "((got 2))"),
    (
        "unless the type says Atom",
        "(: f (-> Atom Atom)) (= (f $x) (quote $x)) !(f (+ 1 1))",
        "((quote (+ 1 1)))",
    ),
    (
        "or another meta-type",
        "(: e (-> Expression Atom)) (= (e $x) (quote $x)) !(e (+ 1 1))
         (: v (-> Variable Atom)) (= (v $x) (quote $x)) !(v $y)
         (: s (-> Symbol Atom)) (= (s $x) (quote $x)) !(s a)",
        "((quote (+ 1 1))) ((quote $y)) ((quote a))",
    ),
    (
        "if, let, case, match, quote and the asserts are lazy",
        "(= (boom) (add-atom &self exploded))
         !(if True 1 (boom)) !(if False (boom) 2) !(let 1 2 (boom)) !(case 1 ((1 one) ($x (boom))))
         !(match &self nothing (boom)) !(quote (boom)) !(match &self exploded yes)",
        "(1) (2) () (one) () ((quote (boom))) ()",
    ),
    (
        "no rule: it stands, arguments reduced",
        "!(f (+ 1 1)) !(a (b (+ 1 2)))",
        "((f 2)) ((a (b 3)))",
    ),
    (
        "bare symbols do not fire rules",
        "(= A B) (= (use $x) (got $x)) !(use A) !A",
        "((got A)) (A)",
    ),
    (
        "no result kills the enclosing expression",
        "(= (e) (empty)) (= (n) Empty) !(wrap (e)) !(wrap (match &self (no $x) $x)) !(wrap (n)) !(n) !(wrap 1 (empty))",
        "() () () () ()",
    ),
    (
        "so does Empty, where no type says what is expected",
        "(= (f Empty) yes) (= (g $x) (got $x)) !(a Empty) !(Empty) !(a (b Empty) c) !(f Empty) !(g Empty) !(let $x (a Empty) 1)
         !(id Empty) !(let $x Empty ($x)) !(cdr-atom (1 2 Empty)) !(map-atom (1 Empty) $x $x)
         !(== Empty Empty) !(cons-atom Empty (1)) !(quote Empty) !(+ 1 Empty) !(let $x Empty 1) !(case Empty ((Empty yes)))
         !(add-atom &self (p Empty)) !(match &self (p $x) ($x)) !(match &self (p Empty) yes)
         !(pair (superpose (1 2)) (superpose (a Empty))) !(pair (superpose (1 2)) Empty)",
        "() () () () () () () () () () (True) ((Empty 1)) ((quote Empty)) ((+ 1 Empty)) (1) (yes) (()) () (yes)
         ((pair 1 a) (pair 2 a)) ()",
    ),
    (
        "a built-in function reduces by every rule for its name, and then by itself",
        "(= (id $x) (mine $x)) !(id 3) (= (size-atom $x) mine) !(size-atom (a b)) (= (+ 1 2) one-two) !(+ 1 2) !(+ 1 3)
         !(+ 0 (+ 1 3)) (= (+ (V $x) (V $y)) (V (+ $x $y))) !(+ (V 2) (V 3)) !(+ (V 2) 3) (= (+ 1 2) again) !(* 2 (+ 1 3)) !(+ 1 2)
         !(let $r (id $x) $r) (= (abs-math -1) one) !(let $r (abs-math $x) ($x $r))",
        "((mine 3) 3) (mine 2) (one-two 3) (4) (4) ((V 5)) ((+ (V 2) 3)) (8) (one-two again 3) ((mine $x) $x) ((-1 one))",
    ),
    (
        "rules that come and go count for built-ins",
        "!(+ 1 2) !(add-atom &self (= (+ 1 2) mine)) !(+ 1 2) !(remove-atom &self (= (+ 1 2) mine)) !(+ 1 2)
         !(let $u (add-atom &self (= (id 1) mine)) (id 1)) !(bind! &s (new-space)) !(add-atom &s (= (+ 1 2) there))
         !(evalc (+ 1 2) &s) !(+ 1 2)",
        "(3) (()) (mine 3) (()) (3) (mine 1) (()) (()) (there 3) (3)",
    ),
    (
        "no rule applies to a form, and no wildcard rule to a built-in",
        "(= (if maybe $a $b) $a) !(if maybe 1 2) (= ($f 7) (wild $f)) !(id 7) !(g 7)",
        "((if maybe 1 2)) (7) ((wild g))",
    ),
    (
        "an error in an argument is the result of the whole",
        "(= (bad) (Error here why)) !(f (bad)) !(f 1 (g (bad))) !(+ 1 (bad))",
        "((Error here why)) ((Error here why)) ((Error here why))",
    ),
    (
        "of a let, a let* or a switch too, unless it was written there",
        "(= (bad) (Error here why)) (: id-n (-> Number Number)) (= (id-n $x) $x) (= (f $x) (let $y $x ok))
         !(let $x (bad) ok) !(let* (($x (bad)) ($y 1)) ok) !(let* (($y 1) ($x (bad))) ok) !(let (Error $a $b) (bad) ($a $b))
         !(let $x (id-n \"s\") ok) !(switch (bad) (((Error $a $b) caught) ($x no)))
         !(let $x (superpose (1 (bad) 2)) ($x ok)) !(let* (($x (superpose (1 (bad)))) ($y $x)) ($y ok))
         !(let $x (Error a b) (caught $x)) !(let $x (quote (bad)) ok) !(chain (bad) $e (let $x $e ok))",
        "((Error here why)) ((Error here why)) ((Error here why)) ((Error here why))
         ((Error (id-n \"s\") (BadArgType 1 Number String))) ((Error here why))
         ((1 ok) (Error here why) (2 ok)) ((1 ok) (Error here why))
         ((Error a b)) (ok) (ok)",
    ),
    (
        "chain and case take an error for a value",
        "(= (bad) (Error here why)) !(chain (bad) $x ok) !(case (bad) (((Error $a $b) (caught $b)) ($x no)))
         (: caught-by (-> Atom %Undefined%)) (= (caught-by $cases) (case (bad) $cases)) !(caught-by (((Error $a $b) (caught $b)) ($x no)))",
        "(ok) ((caught why)) ((caught why))",
    ),
    (
        "matching binds the caller's variables",
        "(= (f 1) one) (= (f 2) two) !(let $r (f $x) ($x $r))",
        "((1 one) (2 two))",
    ),
    (
        "unification is two-sided",
        "(= (f (s $x) $y) ($x $y)) !(f $a z) !(let $r (f $a z) ($a $r)) (p $x) !(match &self (p 1) yes)",
        "(($x z)) (((s $x) ($x z))) (yes)",
    ),
    (
        "occurs check",
        "(= (same $x $x) yes) !(same $y (s $y)) !(same $y $y) !(let ($x $x) ($y (s $y)) infinite)",
        "((same $y (s $y))) (yes) ()",
    ),
    (
        "a template of match is evaluated",
        "(p 1) (p 2) !(match &self (p $x) (+ $x 10))",
        "(11 12)",
    ),
    (
        "the space of a match is evaluated",
        "(fact 1) (= (here) &self) !(match (here) (fact $x) $x) !(bind! &a (new-space)) !(add-atom &a (fact 2))
         (= (either) &self) (= (either) &a) !(match (either) (fact $x) $x) !(match (empty) (fact $x) $x)
         (= (named one) &self) (= (named two) &a) !(match (named $n) (fact $x) ($n $x)) (= (bad) (Error a b)) !(match (bad) (fact $x) $x)
         !(match nowhere a b)",
        "(1) (()) (()) (1 2) () ((one 1) (two 2)) ((Error a b))
         ((Error (match nowhere a b) \"a space is expected as the first argument\"))",
    ),
    (
        "the atom given to add-atom is not, that given to add-reduct is",
        "!(add-atom &self (p (+ 1 2))) !(match &self (p $x) (quote $x)) !(add-reduct &self (q (+ 1 2))) !(match &self (q 3) yes)",
        "(()) ((quote (+ 1 2))) (()) (yes)",
    ),
];

const WRITING: &[Row] = &[
    (
        "visible to what follows in a let",
        "!(let $u (add-atom &self (= (dyn2) first)) (dyn2))",
        "(first)",
    ),
    (
        "in a let*",
        "!(let* (($a (add-atom &self (= (d) 1))) ($b (d))) (got $b))",
        "((got 1))",
    ),
    ("in a chain", "!(chain (add-atom &self (= (d) 1)) $u (d))", "(1)"),
    ("at the top level", "!(add-atom &self (= (d) 1)) !(d)", "(()) (1)"),
    (
        "a write that changes nothing, among siblings",
        "!(pair (foo) (let* (($a (pair (foo) (bind! &t 5))) ($b (pair (foo) (bind! &t 5)))) 1))
         !(pair $v (foldl-atom (1 2) 0 $acc $i (pair $acc (bind! &u 5))))
         !(superpose ((pair (foo) (bind! &t 5)) (pair (add-atom &self p) (bind! &t 5)) (pair (foo) (bind! &t 5))))
         !(match &self p here) !&t !&u",
        "((pair (foo) 1)) ((pair $v (pair (pair 0 ()) ()))) ((pair (foo) ()) (pair () ()) (pair (foo) ())) (here) (5) (5)",
    ),
    (
        "a query sees the state it began with",
        "(n z) !(match &self (n $x) (add-atom &self (n (s $x)))) !(match &self (n $x) $x)",
        "(()) (z (s z))",
    ),
];

const TYPES: &[Row] = &[
    (
        "get-type",
        "(: f (-> A B)) (: a A) !(get-type f) !(get-type (f a)) !(get-type a)",
        "((-> A B)) (B) (A)",
    ),
    (
        "undeclared symbols are %Undefined% and pass anywhere",
        "(: f (-> A B)) (= (f $x) (got $x)) !(get-type u) !(f u)",
        "(%Undefined%) ((got u))",
    ),
    (
        "ill-typed",
        "(: id-n (-> Number Number)) (= (id-n $x) $x) !(id-n \"str\") !(id-n 1)",
        "((Error (id-n \"str\") (BadArgType 1 Number String))) (1)",
    ),
    (
        "wrong number",
        "(: id-n (-> Number Number)) (= (id-n $x) $x) !(id-n 1 2) !(id-n)",
        "((Error (id-n 1 2) IncorrectNumberOfArguments)) ((Error (id-n) IncorrectNumberOfArguments))",
    ),
    (
        "several declared types: each is tried, one error each",
        "(: g (-> Number Number)) (: g (-> String String)) (= (g $x) $x) (: c C) !(g 1) !(g \"a\") !(g c)",
        "(1) (\"a\") ((Error (g c) (BadArgType 1 Number C)) (Error (g c) (BadArgType 1 String C)))",
    ),
    (
        "several types of an atom",
        "(: a A) (: a B) (: f (-> B C)) (= (f $x) ok) !(get-type a) !(f a)",
        "(A B) (ok)",
    ),
    (
        "result type Atom stops evaluation of the result",
        "(: mk (-> Atom)) (= (mk) (+ 1 2)) !(mk) (: mk1 (-> $t Atom)) (= (mk1 $x) (+ $x 2)) !(mk1 (+ 1 1))",
        "((+ 1 2)) ((+ 2 2))",
    ),
    (
        "no other result type does",
        "(: dbl (-> Expression Expression)) (= (dbl $l) (map-atom $l $x (* 2 $x))) !(dbl (1 2 3))
         (: sum (-> Expression)) (= (sum) (+ 1 2)) !(sum) (: both (-> Expression)) (= (both) (+ 1 2)) (= (both) (a b)) !(both)
         (= (bad) (Error here why)) !(cdr-atom ((bad) (bad))) !(cdr-atom (1 (+ 1 2))) !(filter-atom ((+ 1 2) 5) $x True)",
        "((2 4 6)) (3) (3 (a b)) ((Error here why)) ((3)) ((3 5))",
    ),
    (
        "a result is of the declared type",
        "(: f (-> Number)) (= (f) \"str\") !(f) !(+ 1 (f)) (= (unk) \"str\") (: g (-> Number)) (= (g) (unk)) !(g)
         (: loop (-> Number Number)) (= (loop $n) (if (== $n 0) \"end\" (loop (- $n 1)))) !(loop 3)
         (: a A) (: h (-> Number)) (= (h) a) (= (h) 1) (= (h) (unk)) (= (h) (b c)) !(h) (: t (-> A B)) (: k (-> Number)) (= (k) (t a)) !(k)
         (: b (-> Bool)) (= (b) True) (= (b) 1) !(b) (: s (-> Symbol)) (= (s) (+ 1 2)) (= (s) a) !(s) (: e (-> Expression)) (= (e) 5) !(e)
         (: l (-> (List Number))) (: Nil (List $t)) (: Cons (-> $t (List $t) (List $t))) (= (l) (Cons 1 Nil)) (= (l) (Cons \"a\" Nil)) !(l)",
        "((Error \"str\" (BadType Number String))) ((Error \"str\" (BadType Number String))) ((Error \"str\" (BadType Number String)))
         ((Error \"end\" (BadType Number String))) ((Error a (BadType Number A)) 1 (Error \"str\" (BadType Number String)) (b c))
         ((Error (t a) (BadType Number B))) (True (Error 1 (BadType Bool Number))) ((Error (+ 1 2) (BadType Symbol Number)) a) (5)
         ((Cons 1 Nil) (Error (Cons \"a\" Nil) (BadType (List Number) (List String))))",
    ),
    (
        "a call that is declared to be of another type is not evaluated for it",
        "(: f (-> Number)) (= (f) (add-atom &self (hit))) !(f) !(match &self (hit) hit)",
        "((Error (add-atom &self (hit)) (BadType Number (->)))) ()",
    ),
    (
        "what a form without a type comes to is not compared",
        "(fact \"a\") (: f (-> Number)) (= (f) (let $x \"s\" $x)) (= (f) (match &self (fact $x) $x)) (= (f) (superpose (1 \"a\")))
         (= (f) (case 1 ((1 \"a\")))) !(f) (: e (-> Number)) (= (e) (Error a b)) !(e) (: v (-> Number)) (= (v) $x) !(v)
         (: two (-> Number Number)) (: two (-> String String)) (= (two $x) x) !(two 1)",
        "(\"s\" \"a\" 1 \"a\" \"a\") ((Error a b)) ($x) (x)",
    ),
    (
        "so is what an argument comes to, wherever it is from",
        "(: f (-> Number Number)) (= (f $x) $x) (= (unk) \"str\") (fact \"a\") (= (many) (superpose (1 \"a\")))
         !(f (unk)) !(f (f (unk))) !(f (match &self (fact $x) $x)) !(f (let $x \"s\" $x)) !(f (many)) !(f (b c)) !(+ (many) (many))
         !(if (unk) 1 2) !(if (f 1) 1 2) (: s (-> Symbol Number)) (= (s $x) 1) (= (five) 5) !(s (five)) !(let $x (unk) (f $x))",
        "((Error \"str\" (BadType Number String))) ((Error \"str\" (BadType Number String))) ((Error \"a\" (BadType Number String)))
         ((Error \"s\" (BadType Number String))) (1 (Error \"a\" (BadType Number String))) ((b c))
         (2 (Error \"a\" (BadType Number String)) (Error \"a\" (BadType Number String)))
         ((Error \"str\" (BadType Bool String))) ((Error (if (f 1) 1 2) (BadArgType 1 Bool Number)))
         ((Error 5 (BadType Symbol Number))) ((Error (f \"str\") (BadArgType 1 Number String)))",
    ),
    (
        "a head that is an expression has a type too",
        "(: opt (-> Number Number (-> Number Number))) (= (opt $x $y) (opt-impl $x $y))
         !((opt 1 2) \"a\") !((opt 1 2) 3) !((opt 1 2) 3 4) (: f (-> Number Number)) (= (f $x) (got $x)) !((id f) \"s\") !((id f) 1)
         (= (pick) f) !((pick) \"s\") !((pick) 1) !((opt 1 \"s\") 1) (: lazy (-> Number (-> Atom Atom))) (= (lazy $x) quote) !((lazy 1) (+ 1 2))",
        "((Error ((opt 1 2) \"a\") (BadArgType 1 Number String))) (((opt-impl 1 2) 3)) ((Error ((opt 1 2) 3 4) IncorrectNumberOfArguments))
         ((Error ((id f) \"s\") (BadArgType 1 Number String))) ((got 1)) ((Error (f \"s\") (BadArgType 1 Number String))) ((got 1))
         ((Error (opt 1 \"s\") (BadArgType 2 Number String))) ((quote (+ 1 2)))",
    ),
    (
        "arguments of meta-type Grounded",
        "(: g (-> Grounded Atom)) (= (g $x) (got $x)) (= (five) 5) !(g 1) !(g \"s\") !(g (+ 1 2)) !(g (five)) (: a A) !(g a)",
        "((got 1)) ((got \"s\")) ((got 3)) ((got 5)) ((Error (g a) (BadArgType 1 Grounded A)))",
    ),
    (
        "parametric types",
        "(: Cons (-> $t (List $t) (List $t))) (: Nil (List $t)) (: len (-> (List $t) Number)) (= (len Nil) 0)
         (= (len (Cons $h $r)) (+ 1 (len $r)))
         !(get-type (Cons 1 Nil)) !(len (Cons 1 (Cons 2 Nil))) !(get-type (Cons 1 (Cons \"a\" Nil)))
         (: pair (-> $t $t (Pair $t))) !(get-type (pair 1 2)) !(pair 1 \"a\")",
        "((List Number)) (2) () ((Pair Number)) ((Error (pair 1 \"a\") (BadArgType 2 Number String)))",
    ),
    (
        "dependent types",
        "(: Z Nat) (: S (-> Nat Nat)) (: VNil (Vec $t Z)) (: VCons (-> $t (Vec $t $n) (Vec $t (S $n))))
         !(get-type (VCons 1 VNil)) !(get-type (VCons 1 (VCons 2 VNil)))
         (: first (-> (Vec $t (S $n)) $t)) (= (first (VCons $h $r)) $h) !(first (VCons 1 VNil)) !(get-type (first VNil))",
        "((Vec Number (S Z))) ((Vec Number (S (S Z)))) (1) ()",
    ),
    (
        "higher-order types",
        "(: apply (-> (-> $a $b) $a $b)) (= (apply $f $x) ($f $x)) (: inc (-> Number Number)) (= (inc $x) (+ $x 1))
         !(apply inc 1) !(get-type (apply inc 1)) !(apply inc \"a\")",
        "(2) (Number) ((Error (apply inc \"a\") (BadArgType 2 Number String)))",
    ),
    (
        "built-ins have types",
        "!(get-type +) !(get-type -) !(get-type *) !(get-type <) !(get-type >=) !(get-type ==) !(get-type if)
         !(get-type 1) !(get-type 1.5) !(get-type \"s\") !(get-type True) !(get-type (+ 1 2)) !(get-type (== 1 2))",
        "((-> Number Number Number)) ((-> Number Number Number)) ((-> Number Number Number)) ((-> Number Number Bool))
         ((-> Number Number Bool)) ((-> $t $t Bool)) ((-> Bool Atom Atom $t))
         (Number) (Number) (String) (Bool) (Number) (Bool)",
    ),
    (
        "built-ins check them",
        "!(+ 1 \"a\") !(< a \"b\") !(== 1 \"a\") !(if 1 2 3) !(+ 1) !(+ 1 u)",
        "((Error (+ 1 \"a\") (BadArgType 2 Number String))) ((Error (< a \"b\") (BadArgType 2 Number String)))
         ((Error (== 1 \"a\") (BadArgType 2 Number String))) ((Error (if 1 2 3) (BadArgType 1 Bool Number)))
         ((Error (+ 1) IncorrectNumberOfArguments)) ((+ 1 u))",
    ),
];

const BUILT_INS: &[Row] = &[
    ("= and match", "(= (f $x) $x) !(match &self (= (f $y) $b) found)", "(found)"),
    ("let", "!(let $x (+ 1 2) (* $x $x)) !(let ($a $b) (1 2) ($b $a)) !(let (1 $b) (2 3) no)", "(9) ((2 1)) ()"),
    ("+ - * / %", "!(+ 1 2) !(- 1 2) !(* 3 4) !(/ 7 2) !(% 7 2)", "(3) (-1) (12) (3) (1)"),
    ("< > <= >= ==", "!(< 1 2) !(> 1 2) !(<= 2 2) !(>= 1 2) !(== a a) !(== (a 1) (a 2))", "(True) (False) (True) (False) (True) (False)"),
    (
        "assertEqual and its kin",
        "!(assertEqual (+ 1 2) 3) !(assertEqual (superpose (1 2)) (superpose (2 1))) !(assertEqualToResult (superpose (1 2)) (2 1))
         !(assertAlphaEqual (quote $x) (quote $y)) !(assertAlphaEqualToResult (quote $x) ((quote $y)))
         !(assertIncludes (superpose (1 2 3)) (3 1))",
        "(()) (()) (()) (()) (()) (())",
    ),
    (
        "the asserts are lazy, and evaluate what they compare",
        "!(let $u (assertEqual (add-atom &self (p)) ()) (match &self (p) there))
         !(if False (assertEqual (add-atom &self (q)) ()) no) !(match &self (q) there)
         (: lazy (-> Atom Atom)) (= (lazy $x) (quote $x)) !(lazy (assertEqual 1 2))",
        "(there) (no) () ((quote (assertEqual 1 2)))",
    ),
    (
        "only assertAlpha… does not care for the names of variables",
        "!(is-ok (assertEqual (lz $x) (lz $x))) !(is-ok (assertAlphaEqual (lz $x) (lz $y)))
         !(is-ok (assertAlphaEqualToResult (lz $x) ((lz $y)))) (= (is-ok ()) ok) (= (is-ok (Error $a $b)) failed)
         !(chain (assertEqual (lz $x) (lz $y)) $r (if-error $r failed ok))
         !(chain (assertEqualToResult (lz $x) ((lz $y))) $r (if-error $r failed ok))
         !(chain (assertIncludes (lz $x) ((lz $y))) $r (if-error $r failed ok))",
        "((is-ok ())) ((is-ok ())) ((is-ok ())) (failed) (failed) (failed)",
    ),
    (
        "an assertion wants an expression of results",
        "!(assertEqualToResult (empty) 5) !(assertIncludes (empty) 5) !(assertEqualToResult (+ 1 2) 3)
         !(assertAlphaEqualToResult (+ 1 2) a) !(assertIncludes (empty) $x)",
        "((Error (assertEqualToResult (empty) 5) (BadArgType 2 Expression Number)))
         ((Error (assertIncludes (empty) 5) (BadArgType 2 Expression Number)))
         ((Error (assertEqualToResult (+ 1 2) 3) (BadArgType 2 Expression Number)))
         ((Error (assertAlphaEqualToResult (+ 1 2) a) (BadArgType 2 Expression Symbol)))
         ((Error (assertIncludes (empty) $x) (BadArgType 2 Expression Variable)))",
    ),
    (
        "forms check the kinds of their arguments",
        "!(chain 1 2 3) !(chain (+ 1 2) x x) !(chain 1 ($x $y) 2) !(case 1 2) !(switch 1 \"a\") !(map-atom (1 2) x (+ 1 2))
         !(filter-atom 1 $x True) !(foldl-atom (1 2) 0 $a b 3) !(let* 5 1) !(match 5 a b) (= (f $v) (chain 1 $v $v)) !(f 2) !(f $x)
         (: a A) !(size-atom 5) !(size-atom a)",
        "((Error (chain 1 2 3) (BadArgType 2 Variable Number))) ((Error (chain (+ 1 2) x x) (BadArgType 2 Variable Symbol)))
         ((Error (chain 1 ($x $y) 2) (BadArgType 2 Variable Expression)))
         ((Error (case 1 2) (BadArgType 2 Expression Number))) ((Error (switch 1 \"a\") (BadArgType 2 Expression String)))
         ((Error (map-atom (1 2) x (+ 1 2)) (BadArgType 2 Variable Symbol)))
         ((Error (filter-atom 1 $x True) (BadArgType 1 Expression Number)))
         ((Error (foldl-atom (1 2) 0 $a b 3) (BadArgType 4 Variable Symbol))) ((Error (let* 5 1) (BadArgType 1 Expression Number)))
         ((Error (match 5 a b) (BadArgType 1 SpaceType Number))) ((Error (chain 1 2 2) (BadArgType 2 Variable Number))) (1)
         ((Error (size-atom 5) (BadArgType 1 Expression Number))) ((Error (size-atom a) (BadArgType 1 Expression A)))",
    ),
    (
        "== compares atoms as they are, if-equal up to the names of variables",
        "!(== $x $y) !(== $x $x) !(== (foo $x) (foo $y)) !(== (foo $x) (foo $x)) !(if-equal (foo $x) (foo $y) same other)
         !(intersection-atom ((a $x)) ((a $y))) !(subtraction-atom ((a $x)) ((a $y))) !(unique-atom ((a $x) (a $y)))",
        "(False) (True) (False) (True) (same) (()) (((a $x))) (((a $x)))",
    ),
    (
        "if tries both for a condition that is a variable",
        "!(if $x 1 2) !(let $r (if $x (a $x) (b $x)) ($x $r)) !(let $c $x (if $c 1 2)) !(if (superpose (True $x)) 1 2)
         (= (f 1) $y) (= (f 2) False) !(let $r (if (f $n) yes no) ($n $r)) !(if maybe 1 2)",
        "(1 2) ((True (a True)) (False (b False))) (1 2) (1 1 2) ((1 yes) (1 no) (2 no)) ((if maybe 1 2))",
    ),
    (":", "(: a A) !(match &self (: a $t) $t)", "(A)"),
    (
        ", is conjunction in match",
        "(parent a b) (parent b c) !(match &self (, (parent $x $y) (parent $y $z)) ($x $z)) !(match &self (,) once)",
        "((a c)) (once)",
    ),
    ("empty", "!(empty) !(f (empty))", "() ()"),
    ("if", "!(if (< 1 2) yes no) !(if (> 1 2) yes no) !(if (superpose (True False)) yes no)", "(yes) (no) (yes no)"),
    ("and or not xor", "!(and True False) !(or True False) !(not True) !(xor True False)", "(False) (True) (False) (True)"),
    (
        "bind! and new-space",
        "!(bind! &kb (new-space)) !(add-atom &kb (p 1)) !(match &kb (p $x) $x) !(match &self (p $x) $x) !(get-atoms &kb)",
        "(()) (()) (1) () ((p 1))",
    ),
    (
        "case",
        "!(case (+ 1 1) ((1 one) (2 two) ($x other))) !(case (superpose (1 5)) ((1 one) ($x (other $x))))
         !(case (empty) ((Empty none) ($x some))) !(case 3 ((1 one)))",
        "(two) (one (other 5)) (none) ()",
    ),
    ("switch", "!(switch 2 ((1 one) (2 two))) !(switch (+ 1 1) ((2 two)))", "(two) (two)"),
    ("collapse", "(p 1) (p 2) !(collapse (match &self (p $x) $x))", "((1 2))"),
    ("superpose", "!(superpose ((+ 1 1) b)) !(f (superpose (1 2)))", "(2 b) ((f 1) (f 2))"),
    ("hyperpose", "!(hyperpose ((+ 1 1) b)) !(f (hyperpose (1 2)))", "(2 b) ((f 1) (f 2))"),
    ("remove-atom and get-atoms", "(p 1) (p 2) !(remove-atom &self (p 1)) !(get-atoms &self)", "(()) ((p 2))"),
    ("let*", "!(let* (($x 1) ($y (+ $x 1))) ($x $y)) !(let* () 1)", "((1 2)) (1)"),
    (
        "unify",
        "!(unify (a $x) (a 1) $x no) !(unify a b yes no) (p 1) !(unify &self (p $x) $x no) !(unify &self (q $x) $x no)",
        "(1) (no) (1) (no)",
    ),
    ("quote", "!(quote (+ 1 2)) !(let $x (quote (+ 1 2)) $x)", "((quote (+ 1 2))) ((quote (+ 1 2)))"),
    ("car-atom cdr-atom", "!(car-atom (1 2 3)) !(cdr-atom (1 2 3)) !(cdr-atom (1))", "(1) ((2 3)) (())"),
    ("cons-atom decons-atom", "!(cons-atom 1 (2 3)) !(cons-atom a ()) !(decons-atom (1 2 3))", "((1 2 3)) ((a)) ((1 (2 3)))"),
    ("size-atom index-atom", "!(size-atom (a b c)) !(size-atom ()) !(index-atom (a b c) 1)", "(3) (0) (b)"),
    ("map-atom", "!(map-atom (1 2 3) $x (* $x 2)) !(map-atom () $x $x)", "((2 4 6)) (())"),
    ("filter-atom", "!(filter-atom (1 2 3 4) $x (> $x 2))", "((3 4))"),
    ("foldl-atom", "!(foldl-atom (1 2 3) 0 $a $x (+ $a $x)) !(foldl-atom () z $a $x w)", "(6) (z)"),
    ("min-atom max-atom", "!(min-atom (3 1 2)) !(max-atom (3 1.5 2)) !(max-atom (collapse (superpose (1 1 2)))) !(min-atom ((+ 1 2) 5)) !(get-type min-atom)",
        "(1) (3) (2) (3) ((-> %Undefined% Number))"),
    (
        "states",
        "!(bind! &s (new-state 1)) !(get-state &s) !(let $u (change-state! &s 2) (get-state &s)) !(get-type &s)",
        "(()) (1) (2) ((StateMonad Number))",
    ),
    ("nop id", "!(nop) !(nop (+ 1 2)) !(id (+ 1 2))", "(()) (()) (3)"),
    ("println! trace!", "!(println! \"\") !(trace! \"\" (+ 1 2))", "(()) (3)"),
    ("eval", "(= (f) 1) !(eval (f)) !(eval (quote (f)))", "(1) ((quote (f)))"),
    (
        "evalc evaluates in a space",
        "(= (f) here) !(bind! &other (new-space)) !(add-atom &other (= (f) there)) !(evalc (f) &other) !(evalc (f) &self) !(f)",
        "(()) (()) (there) (here) (here)",
    ),
    ("chain", "!(chain (+ 1 2) $x (* $x $x)) !(chain (superpose (1 2)) $x (f $x))", "(9) ((f 1) (f 2))"),
    (
        "function and return",
        "!(function (return 1)) !(function (chain (+ 1 2) $x (return $x))) !(function 5)",
        "(1) (3) ((Error (function 5) NoReturn))",
    ),
    ("if-equal", "!(if-equal a a yes no) !(if-equal a b yes no) !(if-equal (+ 1 1) 2 yes no)", "(yes) (no) (no)"),
    ("noeval", "!(noeval (+ 1 2))", "((+ 1 2))"),
    ("if-error", "!(if-error (Error a b) yes no) !(if-error a yes no)", "(yes) (no)"),
    (
        "lists as sets",
        "!(unique-atom (a b a)) !(union-atom (a b) (b c)) !(intersection-atom (a b b c) (b c d)) !(subtraction-atom (a b b) (b))",
        "((a b)) ((a b b c)) ((b c)) ((a b))",
    ),
    (
        "mathematics",
        "!(sqrt-math 9) !(pow-math 2 10) !(abs-math -3) !(log-math 2 8) !(trunc-math 1.7) !(ceil-math 1.2) !(floor-math 1.7)
         !(round-math 1.6) !(sin-math 0) !(cos-math 0) !(tan-math 0)",
        "(3.0) (1024) (3) (3.0) (1) (2) (1) (2) (0.0) (1.0) (0.0)",
    ),
    (
        "pragma! is taken for what another interpreter is told",
        "!(pragma! interpreter bare-minimal) !(pragma! max-stack-depth 1) !(pragma! no-such-thing (+ 1 2)) !(pragma! type-check auto) !(+ 1 2)",
        "(()) (()) (()) (()) (3)",
    ),
    (
        "collapse-bind and superpose-bind",
        "(= (f a) 1) (= (f b) 2) !(collapse-bind (superpose (1 2))) !(let $all (collapse-bind (f $x)) (size-atom $all))
         !(let $all (collapse-bind (f $x)) ($x (superpose-bind $all)))
         !(let $all (collapse-bind (f $x)) (let $r (superpose-bind $all) ($x $r))) !(superpose-bind (1))",
        "(((1 (bindings)) (2 (bindings)))) (2) ((a 1) (b 2)) ((a 1) (b 2))
         ((Error (superpose-bind (1)) \"superpose-bind expects what collapse-bind returns\"))",
    ),
];

const NUMBERS: &[Row] = &[
    ("(== 1 1.0)", "!(== 1 1.0)", "(True)"),
    (
        "different atoms for matching",
        "(p 1) !(match &self (p 1.0) yes) !(match &self (p 1) yes)",
        "() (yes)",
    ),
    (
        "integers divide to an integer",
        "!(/ 5 2) !(/ 5.0 2) !(/ -5 2)",
        "(2) (2.5) (-2)",
    ),
    (
        "overflow is an error",
        "!(+ 9223372036854775807 1) !(* 9223372036854775807 2) !(- -9223372036854775808 1)",
        "((Error (+ 9223372036854775807 1) Overflow)) ((Error (* 9223372036854775807 2) Overflow))
         ((Error (- -9223372036854775808 1) Overflow))",
    ),
    (
        "division by zero is an error",
        "!(/ 1 0) !(% 1 0)",
        "((Error (/ 1 0) DivisionByZero)) ((Error (% 1 0) DivisionByZero))",
    ),
    ("integers and floats mix", "!(+ 1 0.5) !(< 1 1.5)", "(1.5) (True)"),
];

fn run(policy: Policy, program: &str) -> Vec<Vec<Atom>> {
    let evaluator = Evaluator::builder()
        .policy(policy)
        .fuel(1_000_000)
        .output(|_| {})
        .build()
        .unwrap();
    let run = evaluator.run(Environment::new(), program).unwrap();
    run.environment.check();
    run.results
}

fn same(found: &[Atom], expected: &[Atom]) -> bool {
    let mut rest: Vec<&Atom> = expected.iter().collect();
    found.len() == expected.len()
        && found.iter().all(|atom| {
            let index = rest.iter().position(|other| alpha_eq(*other, atom));
            index.map(|index| rest.swap_remove(index)).is_some()
        })
}

/// Says what differs.
fn check(policy: Policy, rows: &[Row]) {
    let mut wrong = Vec::new();
    for (statement, program, expected) in rows {
        let expected: Vec<Item> = Parser::new(expected).collect::<Result<_, _>>().unwrap();
        let expected: Vec<Vec<Atom>> = expected
            .iter()
            .map(|item| item.atom.as_expression().unwrap().to_vec())
            .collect();
        let found = run(policy, program);
        let agrees = found.len() == expected.len() && found.iter().zip(&expected).all(|(a, b)| same(a, b));
        if !agrees {
            wrong.push(format!(
                "{statement}, {policy:?}\n  {program}\n  expected {expected:?}\n  found    {found:?}"
            ));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

fn check_both(rows: &[Row]) {
    check(Policy::Isolated, rows);
    check(Policy::Sequential, rows);
}

#[test]
fn syntax() {
    check_both(SYNTAX);
}

#[test]
fn one_space_is_a_multiset() {
    check_both(MULTISET);
}

#[test]
fn reduction() {
    check_both(REDUCTION);
}

#[test]
fn writing_during_evaluation() {
    check_both(WRITING);
}

#[test]
fn types() {
    check_both(TYPES);
}

#[test]
fn built_ins() {
    check_both(BUILT_INS);
}

#[test]
fn numbers() {
    check_both(NUMBERS);
}

#[test]
fn siblings() {
    let program = "!((add-atom &self (= (dyn4) late)) (dyn4)) !(dyn4)";
    check(
        Policy::Sequential,
        &[("arguments share one space", program, "((() late)) (late)")],
    );
    check(
        Policy::Isolated,
        &[("arguments have a fork each", program, "((() (dyn4))) (late)")],
    );
    let program = "!(superpose ((add-atom &self p) (match &self p seen))) !(match &self p seen)";
    check(
        Policy::Sequential,
        &[("branches share one space", program, "(() seen) (seen)")],
    );
    check(
        Policy::Isolated,
        &[("branches have a fork each", program, "(()) (seen)")],
    );
    // What they write is united: multiplicities sum, what was inherited counts once.
    let program = "(p 0) !(superpose ((add-atom &self (p 1)) (add-atom &self (p 1)) (remove-atom &self (p 0))))
        !(match &self (p $x) $x)";
    check_both(&[("writes of siblings are united", program, "(() () ()) (1 1)")]);
}

/// Every name that the language promises, in the order in which programs need it.
#[test]
fn every_built_in_is_in_the_table() {
    let promised = "= match let + * assertEqual assertEqualToResult - : < == , empty get-type if import! add-atom and bind!
        case collapse new-space superpose remove-atom get-atoms let* unify quote / % > <= >= or not xor car-atom cdr-atom
        cons-atom decons-atom size-atom index-atom map-atom filter-atom foldl-atom min-atom max-atom new-state get-state
        change-state! nop id println! trace! add-reduct eval evalc chain function return switch if-equal noeval
        assertAlphaEqual assertAlphaEqualToResult assertIncludes if-error unique-atom union-atom intersection-atom
        subtraction-atom sqrt-math pow-math abs-math log-math trunc-math ceil-math floor-math round-math sin-math cos-math
        tan-math pragma! hyperpose";
    let tables = [SYNTAX, MULTISET, REDUCTION, WRITING, TYPES, BUILT_INS, NUMBERS];
    let programs: String = tables
        .concat()
        .iter()
        .map(|(_, program, _)| format!("{program}\n"))
        .collect();
    for name in promised.split_whitespace().filter(|name| *name != "import!") {
        assert!(
            programs.contains(&format!("({name} ")) || programs.contains(&format!("({name})")),
            "{name}"
        );
    }
}

#[test]
fn import_reads_a_file_of_the_same_folder() {
    let folder = std::env::temp_dir().join(format!("pleach-import-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let lib = "(= (f) lib) (p 1) !(add-atom &self (p 2)) (= (g) (match &self (p $x) $x)) !(add-atom &self (got (f)))";
    std::fs::write(folder.join("lib.metta"), lib).unwrap();
    let evaluator = Evaluator::builder().folder(&folder).build().unwrap();
    let program =
        "!(import! &self lib) !(f) !(match &self (p $x) $x) !(import! &named lib) !(match &named (p $x) $x) !(f)
        !(evalc (g) &named) !(collapse (match &self (got $x) $x))";
    let run = evaluator.run(Environment::new(), program).unwrap();
    let results: Vec<String> = run.results.iter().map(|results| format!("{results:?}")).collect();
    assert_eq!(
        results,
        [
            "[()]", "[lib]", "[1, 2]", "[()]", "[1, 2]", "[lib]", "[1, 2]", "[(lib)]"
        ]
    );
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn a_failed_assertion_says_what_differs() {
    let found = run(Policy::Isolated, "!(assertEqual (+ 1 2) 4)");
    assert_eq!(
        found[0][0].to_string(),
        r#"(Error (assertEqual (+ 1 2) 4) "\nExpected: [4]\nGot: [3]\nMissed result: 4\nExcessive result: 3")"#
    );
}
