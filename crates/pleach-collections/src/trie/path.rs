//! The buffer of a path that changes at its end.

use super::node::Suffixes;
use alloc::vec::Vec;
use core::ops::Deref;

/// A path, in a buffer with some bytes behind it, so that short suffixes are copied without a call.
#[derive(Clone, Default)]
pub(super) struct PathBuffer {
    /// The path, and any bytes.
    bytes: Vec<u8>,
    len: usize,
}

/// Suffixes of up to this many bytes are short.
const SHORT: usize = 16;

impl Deref for PathBuffer {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

impl PathBuffer {
    #[inline]
    pub(super) fn truncate(&mut self, len: usize) {
        self.len = self.len.min(len);
    }

    #[inline]
    pub(super) fn extend_from_slice(&mut self, bytes: &[u8]) {
        let start = self.len;
        self.len += bytes.len();
        if self.bytes.len() < self.len {
            self.grow();
        }
        self.bytes[start..self.len].copy_from_slice(bytes);
    }

    #[cold]
    fn grow(&mut self) {
        self.bytes.resize(2 * self.len + 4 * SHORT, 0);
    }

    /// Puts a suffix behind the first `end` bytes, which are not more than there are.
    #[inline]
    pub(super) fn replace_end(&mut self, end: usize, suffixes: Suffixes<'_>, index: usize) {
        let (suffix, more) = suffixes.get_with_more(index);
        self.len = self.len.min(end);
        if suffix.len() <= SHORT
            && let Some(from) = more.first_chunk::<SHORT>()
            && let Some(to) = self.bytes.get_mut(self.len..).and_then(|to| to.first_chunk_mut())
        {
            *to = *from;
            self.len += suffix.len();
        } else {
            self.extend_from_slice(suffix);
        }
    }

    pub(super) fn into_vec(mut self) -> Vec<u8> {
        self.bytes.truncate(self.len);
        self.bytes
    }
}
