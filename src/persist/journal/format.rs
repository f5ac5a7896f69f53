//! Constants and identities of the files of a journal.

pub(super) const LOG_MAGIC: [u8; 8] = *b"\x89pleajl\n";
pub(super) const SNAPSHOT_MAGIC: [u8; 8] = *b"\x89pleajs\n";
pub(super) const VERSION: u32 = 3;

/// Kinds of blocks.
pub(super) mod kind {
    /// Header of a log.
    pub(in super::super) const LOG: u8 = 16;
    /// Record: a patch.
    pub(in super::super) const PATCH: u8 = 17;
    /// Record: a whole environment, in the format of a file of its own.
    pub(in super::super) const WHOLE: u8 = 18;
    /// Record: the end of a log that another log follows.
    pub(in super::super) const END: u8 = 19;
    /// Header of a snapshot.
    pub(in super::super) const SNAPSHOT: u8 = 20;
}

/// Random identity of a journal, in each of its files.
pub(super) type JournalId = [u8; 16];

/// Identity of a log, stored in the snapshot that the log continues.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LogId {
    pub(super) journal: JournalId,
    /// Hash of the header.
    pub(super) chain: u64,
}

/// End of a log, stored in the log that continues it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct LogPosition {
    pub(super) length: u64,
    /// Hash of all blocks before this position.
    pub(super) chain: u64,
}
