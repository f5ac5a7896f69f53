//! Shared by the benches: rivals behind traits, interleaved timing, a counting allocator, a report.

pub(crate) mod alloc;
pub(crate) mod im_world;
pub(crate) mod locked;
pub(crate) mod memory;
#[allow(dead_code, reason = "each bench uses a part")]
pub(crate) mod paths;
pub(crate) mod report;
pub(crate) mod rivals;
pub(crate) mod timing;
pub(crate) mod units;
pub(crate) mod whole;
pub(crate) mod worlds;
