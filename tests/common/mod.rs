//! What several test files share.

pub(crate) mod folder;
pub(crate) mod model;
pub(crate) mod worlds;
