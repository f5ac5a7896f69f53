//! Files, archives and journals: round trips, corruption, faults and killed processes.

mod archive;
mod archive_faults;
mod archive_origins;
mod archive_panics;
mod compression;
mod faults;
mod files;
#[cfg(feature = "journal")]
mod journal;
#[cfg(feature = "journal")]
mod journal_damage;
#[cfg(feature = "journal")]
mod journal_panics;
