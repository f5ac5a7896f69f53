//! URLs of object stores.

use std::io;
use std::sync::Arc;

use super::folder::FolderStore;
use super::object_store::ObjectStore;
use super::percent::decode;
#[cfg(feature = "s3")]
use super::s3::{S3Store, S3UrlError};

/// Opens the object store that a URL names: `file:PATH` a [`FolderStore`], and with the feature `s3`
/// `s3://BUCKET/PREFIX` an `S3Store`. Asks no server.
///
/// # Errors
/// If the URL isn't one of these, or the store can't be opened.
///
/// # Examples
/// ```
/// use pleach::persist::remote::{ObjectStore, open_store};
///
/// # let path = std::env::temp_dir().join(format!("pleach-doc-url-{}", std::process::id()));
/// let store = open_store(&format!("file:{}", path.display()))?;
/// assert!(store.list("")?.objects.is_empty());
/// assert!(open_store("ftp://example.org/world").is_err());
/// # std::fs::remove_dir_all(&path)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn open_store(url: &str) -> Result<Arc<dyn ObjectStore>, OpenStoreError> {
    match url.split_once(':') {
        Some(("file", path)) => {
            // `file:///path`, `file:/path` and `file:path`.
            let path = path.strip_prefix("//").unwrap_or(path);
            let path = decode(path).ok_or(OpenStoreError::Escape)?;
            Ok(Arc::new(FolderStore::open(path)?))
        }
        #[cfg(feature = "s3")]
        Some(("s3", _)) => Ok(Arc::new(S3Store::open(url)?)),
        _ => Err(OpenStoreError::Scheme),
    }
}

/// Whether a text is a URL that [`open_store`] may open, rather than a path.
///
/// ```
/// use pleach::persist::remote::is_store_url;
///
/// assert!(is_store_url("s3://bucket/world") && is_store_url("file:///mnt/shared/world"));
/// assert!(!is_store_url("world") && !is_store_url("C:\\world"));
/// ```
pub fn is_store_url(text: &str) -> bool {
    text.starts_with("s3://") || text.starts_with("file:")
}

/// An error of [`open_store`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenStoreError {
    /// The URL has another scheme than `file` and, with the feature `s3`, `s3`.
    #[error("the URL of a remote begins with `s3://` or `file:`, and is one that this program supports")]
    Scheme,
    /// The path has a `%` that isn't followed by two hexadecimal digits, or isn't UTF-8.
    #[error("the URL has an invalid percent-encoding")]
    Escape,
    /// The folder can't be opened.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The URL of an S3 store is invalid, or the environment lacks variables.
    #[cfg(feature = "s3")]
    #[error(transparent)]
    S3(#[from] S3UrlError),
}
