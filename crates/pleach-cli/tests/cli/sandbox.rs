//! The command, run in a temporary folder.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use pleach_testkit::folder::Folder;

/// A temporary folder that commands run in.
pub(crate) struct Sandbox(pub(crate) Folder);

impl Sandbox {
    pub(crate) fn new(name: &str) -> Self {
        let folder = Folder::fast(name);
        fs::create_dir_all(&folder.0).unwrap();
        Self(folder)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0.0
    }

    pub(crate) fn file(&self, name: &str, content: &str) {
        fs::write(self.path().join(name), content).unwrap();
    }

    pub(crate) fn command(&self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pleach"));
        command.current_dir(self.path()).args(arguments);
        command.env("PLEACH_CACHE", self.path().join("cache"));
        command
    }

    pub(crate) fn run(&self, arguments: &str) -> Output {
        self.command(arguments.split_whitespace()).output().unwrap()
    }

    /// Runs a command that exits with `code`. Returns its output and its errors.
    #[track_caller]
    pub(crate) fn ends(&self, arguments: &str, code: i32) -> (String, String) {
        ended(self.run(arguments), code)
    }

    #[track_caller]
    pub(crate) fn prints(&self, arguments: &str, code: i32) -> String {
        self.ends(arguments, code).0
    }

    #[track_caller]
    pub(crate) fn complains(&self, arguments: &str, code: i32) -> String {
        let complaint = self.ends(arguments, code).1;
        assert!(!complaint.is_empty(), "{arguments}");
        complaint
    }
}

/// Checks the exit code. Returns standard output and standard error.
#[track_caller]
pub(crate) fn ended(output: Output, code: i32) -> (String, String) {
    let [stdout, stderr] = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
    assert!(!stderr.contains("panicked"), "{stderr}");
    assert_eq!(output.status.code(), Some(code), "{stdout}{stderr}");
    (stdout, stderr)
}
