//! Worlds on remotes: `clone`, `fetch`, `pull`, `push`, and URLs in place of archives.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::process::Command;

use crate::sandbox::{Sandbox, ended};

/// A sandbox whose remote is its folder `remote`.
struct Remote(Sandbox);

impl Remote {
    fn new(name: &str) -> Self {
        let remote = Self(Sandbox::new(name));
        remote.0.file("first.metta", "(tea) (= (best) tea)");
        remote
            .0
            .file("second.metta", "(= (best) coffee) !(add-atom &self (milk)) !(best)");
        remote
    }

    /// The command, in whose arguments `URL` is that of the remote.
    fn command(&self, arguments: &str) -> Command {
        let url = format!("file:{}", self.0.path().join("remote").display());
        let arguments = arguments.replace("URL", &url);
        self.0.command(arguments.split_whitespace())
    }

    #[track_caller]
    fn prints(&self, arguments: &str, code: i32) -> String {
        ended(self.command(arguments).output().unwrap(), code).0
    }

    #[track_caller]
    fn complains(&self, arguments: &str, code: i32) -> String {
        ended(self.command(arguments).output().unwrap(), code).1
    }
}

#[test]
fn archives_meet_in_a_remote() {
    let remote = Remote::new("remote-archives");
    remote.prints("save first.metta mine@main -m first", 0);
    remote.prints("push mine URL", 0);
    assert_eq!(remote.prints("clone URL yours", 0), "yours: 1 branch\n");
    assert_eq!(remote.prints("diff mine@main yours@main", 0), "");

    remote.prints("save --world yours second.metta yours@main", 0);
    remote.prints("push yours URL", 0);
    remote.prints("tag yours v1", 0);
    remote.prints("push yours@v1 URL", 0);
    remote.prints("fetch mine URL", 0);
    assert!(remote.prints("branches mine", 0).contains("tag "));
    assert!(!remote.prints("diff mine@main yours@main", 1).is_empty());
    remote.prints("pull mine URL", 0);
    assert_eq!(remote.prints("diff mine@main yours@main", 0), "");
}

#[test]
fn a_url_stands_for_an_archive() {
    let remote = Remote::new("remote-urls");
    remote.prints("save first.metta URL@main -m first", 0);
    assert_eq!(
        remote.prints("run --world URL second.metta", 0),
        "[()]\n[tea, coffee]\n"
    );
    // Nothing was saved.
    assert_eq!(remote.prints("load URL@main", 0).lines().count(), 2);
    assert_eq!(
        remote.prints("run --world URL@main --push -m second second.metta", 0),
        "[()]\n[tea, coffee]\n"
    );
    assert_eq!(remote.prints("load URL", 0).lines().count(), 4);
    let log = remote.prints("log URL", 0);
    assert!(
        log.contains("(main)") && log.contains("second") && log.lines().count() == 2,
        "{log}"
    );
    let first = log.lines().nth(1).unwrap().split(' ').next().unwrap();
    assert_eq!(
        remote.prints(&format!("diff URL@{first} URL@main"), 1).lines().count(),
        2
    );
    assert!(remote.prints("branches URL", 0).starts_with("branch "));
    assert!(remote.prints("verify URL", 0).ends_with(": 4 atoms\n"));
}

#[test]
fn pushes_to_a_branch_that_moved_on_are_merged() {
    let remote = Remote::new("remote-merge");
    remote.prints("save first.metta mine@main", 0);
    remote.prints("push mine URL", 0);
    remote.prints("clone URL yours", 0);
    remote.0.file("mine.metta", "!(bind! &cell 1) (mine)");
    remote.0.file("yours.metta", "!(bind! &cell 2) (yours)");
    remote.prints("save --world mine mine.metta mine@main", 0);
    remote.prints("save --world yours yours.metta yours@main", 0);
    remote.prints("push mine URL", 0);
    assert!(remote.complains("push yours URL", 1).contains("cell"));
    assert!(remote.complains("pull yours URL", 1).contains("cell"));
    remote.prints("push yours URL --on-conflict theirs", 0);
    let merged = remote.prints("load URL", 0);
    assert!(merged.contains("(mine)") && merged.contains("(yours)"), "{merged}");
}

#[test]
fn processes_that_share_a_cache_lose_nothing() {
    let remote = Remote::new("remote-cache");
    remote.0.file("add.metta", "(once) !(add-atom &self (added))");
    remote.prints("save first.metta URL@main", 0);
    let run = || remote.command("run --world URL@main --push add.metta").spawn().unwrap();
    let running: Vec<_> = (0..6).map(|_| run()).collect();
    for mut process in running {
        assert!(process.wait().unwrap().success());
    }
    let world = remote.prints("load URL --query (added)", 0);
    assert!(world.contains("6") || world.lines().count() == 6, "{world}");
}

#[test]
fn a_remote_that_is_made_anew_gets_nothing_of_the_old_one() {
    let remote = Remote::new("remote-anew");
    remote.prints("save first.metta URL@main", 0);
    std::fs::remove_dir_all(remote.0.path().join("remote")).unwrap();
    remote.prints("save second.metta URL@main", 0);
    assert!(!remote.prints("load URL", 0).contains("(tea)"));
    assert_eq!(remote.prints("log URL", 0).lines().count(), 1);
}

#[test]
fn mistakes_are_explained() {
    let remote = Remote::new("remote-mistakes");
    remote.prints("save first.metta mine@main", 0);
    assert!(remote.complains("load URL@main", 2).contains("no branch or tag"));
    assert!(
        remote
            .complains("push mine elsewhere", 2)
            .contains("s3://BUCKET/PREFIX")
    );
    assert!(remote.complains("push mine URL@main", 2).contains("without a name"));
    assert!(remote.complains("push missing URL", 2).contains("no archive"));
    assert!(remote.complains("push mine@other URL", 2).contains("other"));
    assert!(remote.complains("tag URL v1", 2).contains("a remote, not an archive"));
    assert!(remote.complains("run --push second.metta", 2).contains("--world"));
    assert!(
        remote
            .complains("run --push --world mine second.metta", 2)
            .contains("--push")
    );
    // Not a store of objects.
    assert!(remote.complains("clone file:mine copy", 2).contains("something else"));
    let mut command = remote.command("load s3://bucket/world");
    command.env_remove("AWS_ACCESS_KEY_ID");
    assert!(ended(command.output().unwrap(), 2).1.contains("AWS_ACCESS_KEY_ID"));
}
