//! Products of multiplicities.

/// The product of the multiplicities of the atoms that match the patterns of a join.
#[derive(Clone, Copy, Debug)]
pub(super) struct Product {
    saturated: u64,
    modular: u128,
}

impl Product {
    /// The product of no multiplicities.
    pub(super) const ONE: Self = Self {
        saturated: 1,
        modular: 1,
    };

    /// The product with one more multiplicity.
    pub(super) fn times(self, multiplicity: u64) -> Self {
        Self {
            saturated: self.saturated.saturating_mul(multiplicity),
            modular: self.modular.wrapping_mul(multiplicity.into()),
        }
    }

    /// The product, or `u64::MAX` if it is greater.
    pub(super) fn saturated(self) -> u64 {
        self.saturated
    }

    /// The product modulo 2¹²⁸: sums and differences of these are exact wherever the result is small.
    pub(super) fn modular(self) -> u128 {
        self.modular
    }
}
