//! A folder, and the command run in it. For tests of the command alone: no other has it.

#![allow(dead_code, unreachable_pub, reason = "each test file uses a part")]

use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use crate::common::folder::Folder;

/// A folder that the commands run in.
pub struct Place(pub Folder);

impl Place {
    pub fn new(name: &str) -> Self {
        let folder = Folder::fast(name);
        fs::create_dir_all(&folder.0).unwrap();
        Self(folder)
    }

    pub fn path(&self) -> &Path {
        &self.0.0
    }

    pub fn file(&self, name: &str, content: &str) {
        fs::write(self.path().join(name), content).unwrap();
    }

    pub fn command(&self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pleach"));
        command.current_dir(self.path()).args(arguments);
        command
    }

    pub fn run(&self, arguments: &str) -> Output {
        self.command(arguments.split_whitespace()).output().unwrap()
    }

    /// Runs a command that ends so, and returns what it prints and complains of.
    #[track_caller]
    pub fn ends(&self, arguments: &str, code: i32) -> (String, String) {
        ended(self.run(arguments), code)
    }

    #[track_caller]
    pub fn prints(&self, arguments: &str, code: i32) -> String {
        self.ends(arguments, code).0
    }

    #[track_caller]
    pub fn complains(&self, arguments: &str, code: i32) -> String {
        let complaint = self.ends(arguments, code).1;
        assert!(!complaint.is_empty(), "{arguments}");
        complaint
    }
}

#[track_caller]
pub fn ended(output: Output, code: i32) -> (String, String) {
    let [stdout, stderr] = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
    assert!(!stderr.contains("panicked"), "{stderr}");
    assert_eq!(output.status.code(), Some(code), "{stdout}{stderr}");
    (stdout, stderr)
}
