//! Answers of S3.

use std::io::{self, Read};
use std::time::SystemTime;

use ureq::Body;
use ureq::http::{HeaderMap, Response};

use super::{time, xml};
use crate::persist::remote::object_store::{Listed, Object, ObjectVersion, Put};

/// Greatest length of an object in bytes.
pub(super) const MAX_LENGTH: usize = 1 << 30;

/// An error of an [`S3Store`](super::S3Store), as the source of an
/// [`ObjectStoreError`](super::super::ObjectStoreError).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum S3Error {
    /// The server refused the request.
    #[error("the server answered {status}{}{}", if code.is_empty() { "" } else { ": " }, code)]
    Status {
        /// The status of HTTP.
        status: u16,
        /// The code of S3, such as `AccessDenied`; empty if the answer has none.
        code: String,
    },
    /// The connection failed, or the server didn't answer in time.
    #[error("the connection failed")]
    Connection(#[from] io::Error),
    /// The answer lacks a part.
    #[error("the answer lacks {0}, or has an invalid one")]
    Incomplete(&'static str),
    /// The object is longer than 1 GiB.
    #[error("the object is longer than 1 GiB")]
    TooLong,
}

impl S3Error {
    /// Whether the same request may succeed later.
    pub(super) fn is_temporary(&self) -> bool {
        match self {
            Self::Status { status, .. } => matches!(status, 408 | 429 | 500 | 502 | 503 | 504),
            Self::Connection(_) | Self::Incomplete(_) => true,
            Self::TooLong => false,
        }
    }

    /// Whether the server says that a concurrent write prevented this one.
    pub(super) fn is_conflict(&self) -> bool {
        matches!(self, Self::Status { status: 409, .. })
    }
}

impl From<ureq::Error> for S3Error {
    fn from(error: ureq::Error) -> Self {
        Self::Connection(error.into_io())
    }
}

/// An answer that was read to its end.
pub(super) struct Answer {
    pub(super) status: u16,
    headers: HeaderMap,
    content: Vec<u8>,
}

impl Answer {
    pub(super) fn read(response: Response<Body>) -> Result<Self, S3Error> {
        let (parts, body) = response.into_parts();
        let mut content = Vec::new();
        // One byte more than is allowed tells that there is more.
        let limit = MAX_LENGTH as u64 + 1;
        body.into_reader().take(limit).read_to_end(&mut content)?;
        if content.len() > MAX_LENGTH {
            return Err(S3Error::TooLong);
        }
        Ok(Self {
            status: parts.status.as_u16(),
            headers: parts.headers,
            content,
        })
    }

    /// The code in the content of an error; empty if there is none.
    fn code(&self) -> String {
        let text = str::from_utf8(&self.content).unwrap_or_default();
        let leaves = xml::leaves(text)
            .filter(|(root, _)| *root == "Error")
            .map(|(_, leaves)| leaves);
        let code = leaves
            .into_iter()
            .flatten()
            .find(|leaf| leaf.name == "Code")
            .map(|leaf| leaf.text);
        // Nothing else than a name is shown to users, whatever a server sends back to us.
        code.filter(|code| code.len() <= 64 && code.bytes().all(|byte| byte.is_ascii_alphabetic()))
            .unwrap_or_default()
    }

    /// Whether the answer says that there is no such object: not that there is no such bucket.
    pub(super) fn is_absent(&self) -> bool {
        self.status == 404 && self.code() == "NoSuchKey"
    }

    pub(super) fn into_error(self) -> S3Error {
        S3Error::Status {
            status: self.status,
            code: self.code(),
        }
    }

    fn header(&self, name: &'static str) -> Result<&str, S3Error> {
        let value = self.headers.get(name).and_then(|value| value.to_str().ok());
        value.ok_or(S3Error::Incomplete(name))
    }

    fn time(&self, name: &'static str) -> Result<SystemTime, S3Error> {
        time::parse_http(self.header(name)?).ok_or(S3Error::Incomplete(name))
    }

    fn version(&self) -> Result<ObjectVersion, S3Error> {
        self.header("etag").map(ObjectVersion::new)
    }

    pub(super) fn written(&self) -> Result<Put, S3Error> {
        Ok(Put::Written {
            version: self.version()?,
            time: self.time("date")?,
        })
    }

    pub(super) fn into_object(self) -> Result<Object, S3Error> {
        // Without a length, a connection that broke would look like the end.
        if self.header("content-length")?.parse() != Ok(self.content.len()) {
            return Err(S3Error::Incomplete("the end of its content"));
        }
        Ok(Object {
            version: self.version()?,
            modified: self.time("last-modified")?,
            now: self.time("date")?,
            content: self.content,
        })
    }
}

/// A page of a listing.
pub(super) struct Page {
    pub(super) objects: Vec<Listed>,
    /// The token that asks for the next page.
    pub(super) next: Option<String>,
    pub(super) now: SystemTime,
}

impl Page {
    /// Parses a page. The keys of its objects are those after the prefix.
    pub(super) fn parse(answer: &Answer, prefix: &str) -> Result<Self, S3Error> {
        let text = str::from_utf8(&answer.content).ok();
        let (_, leaves) = text
            .and_then(xml::leaves)
            .filter(|(root, _)| *root == "ListBucketResult")
            .ok_or(S3Error::Incomplete("a listing"))?;
        let mut entries: Vec<(usize, Entry)> = Vec::new();
        let (mut is_truncated, mut next) = (None, None);
        for leaf in leaves {
            match (leaf.parent, leaf.name) {
                ("ListBucketResult", "IsTruncated") => is_truncated = Some(leaf.text == "true"),
                ("ListBucketResult", "NextContinuationToken") => next = Some(leaf.text),
                ("Contents", name) => {
                    if entries.last().is_none_or(|(number, _)| *number != leaf.parent_number) {
                        entries.push((leaf.parent_number, Entry::default()));
                    }
                    if let Some((_, entry)) = entries.last_mut() {
                        entry.set(name, leaf.text);
                    }
                }
                _ => {}
            }
        }
        // An answer without the field could be one without the rest.
        let next = match is_truncated.ok_or(S3Error::Incomplete("`IsTruncated`"))? {
            true => Some(next.ok_or(S3Error::Incomplete("`NextContinuationToken`"))?),
            false => None,
        };
        let objects = entries.into_iter().map(|(_, entry)| entry.listed(prefix));
        Ok(Self {
            objects: objects.collect::<Result<_, _>>()?,
            next,
            now: answer.time("date")?,
        })
    }
}

/// The fields of an object in a page.
#[derive(Default)]
struct Entry {
    key: Option<String>,
    size: Option<u64>,
    version: Option<String>,
    modified: Option<SystemTime>,
}

impl Entry {
    fn set(&mut self, name: &str, text: String) {
        match name {
            "Key" => self.key = Some(text),
            "Size" => self.size = text.parse().ok(),
            "ETag" => self.version = Some(text),
            "LastModified" => self.modified = time::parse_iso(&text),
            _ => {}
        }
    }

    fn listed(self, prefix: &str) -> Result<Listed, S3Error> {
        let key = self.key.ok_or(S3Error::Incomplete("`Key`"))?;
        Ok(Listed {
            key: key
                .strip_prefix(prefix)
                .ok_or(S3Error::Incomplete("a key with the prefix"))?
                .to_owned(),
            size: self.size.ok_or(S3Error::Incomplete("`Size`"))?,
            version: ObjectVersion::new(self.version.ok_or(S3Error::Incomplete("`ETag`"))?),
            modified: self.modified.ok_or(S3Error::Incomplete("`LastModified`"))?,
        })
    }
}
