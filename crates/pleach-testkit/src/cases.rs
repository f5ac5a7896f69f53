//! Number of cases of the property tests.

use std::env::VarError;

use quickcheck::QuickCheck;

/// The environment variable that scales the number of cases of all properties.
const VARIABLE: &str = "PLEACH_CASES";

/// The value of the variable with which all properties run their default number of cases.
const UNSCALED: u64 = 10_000;

/// The default maximum of cases that `QuickCheck` generates, discarded ones included.
const QUICKCHECK_MAX_TESTS: u64 = 10_000;

/// Returns the number of cases of a property: `default`, scaled by the environment variable `PLEACH_CASES`.
///
/// With `PLEACH_CASES=100000` each property runs on ten times as many cases, with `PLEACH_CASES=1000` on a tenth, and
/// on one at least.
pub fn cases(default: u64) -> u64 {
    match std::env::var(VARIABLE) {
        Ok(value) => scaled(default, value.parse().expect("PLEACH_CASES is a whole number")),
        Err(VarError::NotPresent) => default,
        Err(error) => panic!("{VARIABLE}: {error}"),
    }
}

fn scaled(default: u64, wanted: u64) -> u64 {
    (u128::from(default) * u128::from(wanted) / u128::from(UNSCALED))
        .try_into()
        .unwrap_or(u64::MAX)
        .max(1)
}

/// Returns a `QuickCheck` that runs a property on [`cases`]`(default)` cases.
pub fn quick_check(default: u64) -> QuickCheck {
    let cases = cases(default);
    QuickCheck::new()
        .tests(cases)
        .max_tests(cases.max(QUICKCHECK_MAX_TESTS))
}

#[cfg(test)]
mod tests {
    use super::scaled;

    #[test]
    fn cases_scale_and_are_never_none() {
        assert_eq!(scaled(300, 10_000), 300);
        assert_eq!(scaled(300, 100_000), 3_000);
        assert_eq!(scaled(10_000, 100_000), 100_000);
        assert_eq!(scaled(150, 10), 1);
        assert_eq!(scaled(u64::MAX, u64::MAX), u64::MAX);
    }
}
