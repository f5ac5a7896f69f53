//! Branches and tags of a remote.

use super::super::format::{MAGIC, VERSION, kind};
use super::super::ref_name::{self, RefKind};
use super::super::revision::RevisionId;
use super::Remote;
use super::error::RemoteError;
use crate::persist::block::{BlockReader, BlockWriter, FILE_HEADER, write_bytes};
use crate::persist::error::{Flaw, LoadError};
use crate::persist::nonce::nonce;
use crate::persist::remote::{ObjectVersion, Put};
use crate::varint;

/// Prefix of the keys of names.
pub(super) const FOLDER: &str = "names/";

/// Content of the object of a name. A writer replaces it only if it is the version that the writer read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct NameRecord {
    /// The revision; `None` if the name is removed, or reserved by a writer that is about to create it.
    pub(super) target: Option<RevisionId>,
    /// The number of prunings so far. What a writer uploaded in an earlier epoch may be gone.
    pub(super) epoch: u64,
}

/// A name as it was read.
pub(super) struct NameState {
    pub(super) record: NameRecord,
    pub(super) version: ObjectVersion,
}

pub(super) fn key(kind: RefKind, name: &str) -> String {
    format!("{FOLDER}{}", ref_name::to_file_name(kind, name))
}

impl NameRecord {
    /// The content of an object, different each time.
    fn encode(self, name: &str) -> Result<Vec<u8>, RemoteError> {
        let mut bytes = Vec::new();
        let mut blocks = BlockWriter::new(&mut bytes, MAGIC, VERSION).map_err(RemoteError::encoding)?;
        let out = blocks.content();
        write_bytes(out, name.as_bytes());
        match self.target {
            None => out.push(0),
            Some(RevisionId(id)) => {
                out.push(1);
                out.extend(id);
            }
        }
        varint::write(out, self.epoch);
        out.extend(nonce());
        blocks.end(kind::REMOTE_NAME).map_err(RemoteError::encoding)?;
        Ok(bytes)
    }

    fn decode(bytes: &[u8], name: &str) -> Result<Self, LoadError> {
        let mut blocks = BlockReader::new(bytes, MAGIC, VERSION)?;
        let (found, mut content) = blocks.next()?;
        if found != kind::REMOTE_NAME {
            return Err(LoadError::at(FILE_HEADER, Flaw::Block(found)));
        }
        let start = content.offset();
        if content.text()? != name {
            return Err(LoadError::at(start, Flaw::Entry));
        }
        let start = content.offset();
        let target = match content.byte()? {
            0 => None,
            1 => Some(RevisionId(content.array()?)),
            _ => return Err(LoadError::at(start, Flaw::Entry)),
        };
        let epoch = content.number()?;
        content.array::<16>()?;
        content.end()?;
        blocks.end()?;
        Ok(Self { target, epoch })
    }
}

impl Remote {
    /// Reads a name; `None` if it never existed. One request.
    pub(super) fn name(&self, kind: RefKind, name: &str) -> Result<Option<NameState>, RemoteError> {
        let key = key(kind, name);
        let Some(object) = self.store.get(&key)? else {
            return Ok(None);
        };
        let record = NameRecord::decode(&object.content, name);
        let record = record.map_err(|source| RemoteError::Corrupt { key, source })?;
        let version = object.version;
        Ok(Some(NameState { record, version }))
    }

    /// Writes a name, which must be the given version, or absent. Returns the new version, or `None` if the name has
    /// changed. One request.
    pub(super) fn put_name(
        &self,
        kind: RefKind,
        name: &str,
        record: NameRecord,
        before: Option<&ObjectVersion>,
    ) -> Result<Option<ObjectVersion>, RemoteError> {
        let (key, content) = (key(kind, name), record.encode(name)?);
        let put = match before {
            Some(version) => self.store.put_if_unchanged(&key, &content, version)?,
            None => self.store.put_if_absent(&key, &content)?,
        };
        Ok(match put {
            Put::Written { version, .. } => Some(version),
            Put::Refused => None,
        })
    }
}
