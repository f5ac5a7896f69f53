//! Tests of ordered maps and sets against `BTreeMap` and `BTreeSet`, with panicking user code.

mod model;
