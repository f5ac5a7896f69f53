use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

/// A floating-point number with a total order: −∞ < … < −0.0 < 0.0 < … < ∞ < NaN, where all NaNs are equal.
///
/// ```
/// use pleach::term::Float;
///
/// assert_eq!(Float::new(f64::NAN), Float::new(-f64::NAN));
/// assert!(Float::new(-0.0) < Float::new(0.0));
/// ```
#[derive(Clone, Copy)]
pub struct Float(f64);

/// The sign bit.
const SIGN: u64 = 1 << 63;

impl Float {
    /// Creates a number; any NaN becomes `f64::NAN`.
    #[inline]
    pub fn new(value: f64) -> Float {
        Float(if value.is_nan() { f64::NAN } else { value })
    }

    /// Returns the number as an `f64`.
    #[inline]
    pub fn get(self) -> f64 {
        self.0
    }

    /// Returns an integer of the same order: the sign bit flipped, and for negative numbers all other bits too.
    #[inline]
    pub(crate) fn to_ordered_bits(self) -> u64 {
        let bits = self.0.to_bits();
        if bits & SIGN == 0 { bits | SIGN } else { !bits }
    }

    /// Returns the number with these ordered bits; `None` for a NaN that isn't canonical.
    pub(crate) fn from_ordered_bits(ordered: u64) -> Option<Float> {
        let bits = if ordered & SIGN == 0 { !ordered } else { ordered & !SIGN };
        let float = Float::new(f64::from_bits(bits));
        (float.0.to_bits() == bits).then_some(float)
    }
}

impl PartialEq for Float {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        self.0.to_bits() == other.0.to_bits()
    }
}

impl Eq for Float {}

impl Ord for Float {
    fn cmp(&self, other: &Self) -> Ordering {
        self.to_ordered_bits().cmp(&other.to_ordered_bits())
    }
}

impl PartialOrd for Float {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Hash for Float {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.0.to_bits());
    }
}

impl From<f64> for Float {
    fn from(value: f64) -> Float {
        Float::new(value)
    }
}

impl From<Float> for f64 {
    fn from(float: Float) -> f64 {
        float.0
    }
}

/// Writes the number as Rust does. Source text has another form for infinities and NaN; see
/// [`Print`](crate::term::Print).
impl fmt::Display for Float {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl fmt::Debug for Float {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}
