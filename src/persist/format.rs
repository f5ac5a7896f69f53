//! Constants of the file format of an environment.

pub(super) const MAGIC: [u8; 8] = *b"\x89pleach\n";
pub(super) const VERSION: u32 = 3;

/// Kinds of blocks.
pub(super) mod kind {
    pub(in crate::persist) const END: u8 = 0;
    pub(in crate::persist) const SPACE: u8 = 1;
    pub(in crate::persist) const FACTS: u8 = 2;
    pub(in crate::persist) const OTHERS: u8 = 3;
    pub(in crate::persist) const DEFINITIONS: u8 = 4;
    pub(in crate::persist) const CELLS: u8 = 5;
}
