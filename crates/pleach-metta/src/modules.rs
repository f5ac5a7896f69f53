//! The files that `import!` reads, in the directories that a host allows.

use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use crate::error::{EvalError, ImportError};
use pleach::term::{Atom, Item, Parser};

/// Why a module isn't read.
pub(crate) enum Unread {
    /// The name isn't one, or imports aren't enabled.
    Invalid(&'static str),
    /// No directory has it.
    Missing(String),
    /// It is there, and can't be read or parsed.
    Failed(EvalError),
}

/// A module: where it is, and its items.
pub(crate) struct Module {
    pub(crate) path: PathBuf,
    pub(crate) items: Vec<Item>,
}

/// The directories in which modules are looked for, in order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Modules {
    folders: Vec<PathBuf>,
}

impl Modules {
    pub(crate) fn new(folders: Vec<PathBuf>) -> Self {
        Self { folders }
    }

    /// Reads the module of this name.
    pub(crate) fn read(&self, name: &Atom) -> Result<Module, Unread> {
        let name = match name {
            Atom::Symbol(name) => name.as_str().to_owned(),
            Atom::String(name) => name.to_string(),
            _ => return Err(Unread::Invalid("a module is expected as the second argument")),
        };
        if self.folders.is_empty() {
            return Err(Unread::Invalid("imports are not enabled"));
        }
        let parts = parts(&name).ok_or(Unread::Invalid("names separated by `:` or `/` are expected"))?;
        let path = self.find(&parts)?.ok_or_else(|| Unread::Missing(name.clone()))?;
        let failed = |source| {
            let path = path.clone();
            Unread::Failed(EvalError::Import { path, source })
        };
        let text = std::fs::read_to_string(&path).map_err(|error| failed(ImportError::Read(Arc::new(error))))?;
        let items: Result<Vec<Item>, _> = Parser::new(&text).collect();
        let items = items.map_err(|error| failed(ImportError::Parse(error)))?;
        Ok(Module { path, items })
    }

    /// Returns the file of a module: `a/b`, `a/b.metta` or `a/b/module.metta` in the first directory that has one.
    fn find(&self, parts: &[&str]) -> Result<Option<PathBuf>, Unread> {
        for folder in &self.folders {
            let plain: PathBuf = parts.iter().fold(folder.clone(), |path, part| path.join(part));
            let mut with_extension = plain.clone().into_os_string();
            with_extension.push(".metta");
            for path in [with_extension.into(), plain.join("module.metta"), plain] {
                match is_file_within(&path, folder) {
                    Ok(true) => return Ok(Some(path)),
                    Ok(false) => {}
                    Err(error) => {
                        let source = ImportError::Read(Arc::new(error));
                        return Err(Unread::Failed(EvalError::Import { path, source }));
                    }
                }
            }
        }
        Ok(None)
    }
}

/// The parts of a module's name, without a `top` before them; `None` if one isn't the plain name of a file.
fn parts(name: &str) -> Option<Vec<&str>> {
    let name = name.strip_prefix("top:").unwrap_or(name);
    let parts: Vec<&str> = name.split([':', '/']).collect();
    let is_plain = |part: &&str| {
        let mut components = Path::new(part).components();
        matches!((components.next(), components.next()), (Some(Component::Normal(name)), None) if name == *part)
            && !part.contains('\\')
    };
    parts.iter().all(is_plain).then_some(parts)
}

/// Whether there is a file at a path, which must be within a folder, also if symbolic links lead to it.
fn is_file_within(path: &Path, folder: &Path) -> io::Result<bool> {
    let folder = if folder.as_os_str().is_empty() {
        Path::new(".")
    } else {
        folder
    };
    match path.metadata() {
        Ok(metadata) if !metadata.is_file() => Ok(false),
        Ok(_) if path.canonicalize()?.starts_with(folder.canonicalize()?) => Ok(true),
        Ok(_) => Err(io::Error::new(
            io::ErrorKind::PermissionDenied,
            "it is outside of the directory",
        )),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(false),
        Err(error) => Err(error),
    }
}
