//! Constants of the format of archives.

pub(super) const MAGIC: [u8; 8] = *b"\x89pleaar\n";
pub(super) const VERSION: u32 = 3;

/// Kinds of blocks.
pub(super) mod kind {
    /// Facts of a chunk; the kind is that of facts in a saved environment.
    pub(in super::super) const FACTS: u8 = crate::persist::format::kind::FACTS;
    /// The patch of a revision; the kind is that of a patch in a journal.
    pub(in super::super) const PATCH: u8 = 17;
    /// Header of a revision.
    pub(in super::super) const REVISION: u8 = 32;
    /// Target of a name.
    pub(in super::super) const NAME: u8 = 33;
    /// Target of a name of a remote.
    #[cfg(feature = "remote")]
    pub(in super::super) const REMOTE_NAME: u8 = 34;
    /// Chunks of a whole state.
    pub(in super::super) const CHUNKS: u8 = 35;
}
