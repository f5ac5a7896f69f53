//! Modules: where `import!` finds them, and that no name leads elsewhere.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::fs;

use pleach::Environment;
use pleach_metta::{EvalError, Evaluator, ImportError, RunError};
use pleach_testkit::folder::Folder;

fn run(folders: &[&str], root: &Folder, name: &str) -> Result<String, RunError> {
    let folders = folders.iter().map(|folder| root.0.join(folder));
    let evaluator = Evaluator::builder().module_folders(folders).build().unwrap();
    let program = format!("!(import! &self {name}) !(where)");
    let run = evaluator.run(Environment::new(), &program)?;
    Ok(run.results[1].iter().map(ToString::to_string).collect())
}

#[test]
fn modules_are_found_in_the_order_of_folders_and_forms() {
    let root = Folder::new("modules");
    for path in [
        "one/a.metta",
        "one/b/module.metta",
        "one/b/c.metta",
        "two/a.metta",
        "two/d.metta",
        "two/d/module.metta",
        "two/plain",
        "two/v1.2.metta",
    ] {
        let file = root.0.join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, format!("(= (where) {path})")).unwrap();
    }
    for (name, path) in [
        ("a", "one/a.metta"),
        ("a.metta", "one/a.metta"),
        ("b", "one/b/module.metta"),
        ("b:c", "one/b/c.metta"),
        ("b/c", "one/b/c.metta"),
        ("top:b:c", "one/b/c.metta"),
        ("d", "two/d.metta"),
        ("plain", "two/plain"),
        ("v1.2", "two/v1.2.metta"),
        ("\"b/c\"", "one/b/c.metta"),
    ] {
        assert_eq!(run(&["one", "two"], &root, name).unwrap(), path, "{name}");
    }
    for missing in ["e", "a:b", "b:c:d", "one:a"] {
        assert_eq!(run(&["one", "two"], &root, missing).unwrap(), "(where)", "{missing}");
    }
}

#[test]
fn no_name_leads_out_of_the_folders() {
    let root = Folder::new("modules-outside");
    fs::create_dir_all(root.0.join("inside/deep")).unwrap();
    fs::write(root.0.join("secret.metta"), "(= (where) outside)").unwrap();
    let absolute = format!("\"{}\"", root.0.join("secret.metta").display());
    for name in [
        "..:secret",
        "../secret",
        "deep:..:..:secret",
        ".:secret",
        "/secret",
        ":secret",
        "secret:",
        "a::b",
        "\"\"",
        "top:",
        &absolute,
        "..",
        "\"..\\\\secret\"",
    ] {
        assert_eq!(run(&["inside"], &root, name).unwrap(), "(where)", "{name}");
    }
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(root.0.join("secret.metta"), root.0.join("inside/link.metta")).unwrap();
        std::os::unix::fs::symlink(&root.0, root.0.join("inside/up")).unwrap();
        for name in ["link", "up:secret"] {
            let error = run(&["inside"], &root, name).unwrap_err();
            assert!(
                matches!(
                    &error,
                    RunError::Eval(EvalError::Import {
                        source: ImportError::Read(_),
                        ..
                    })
                ),
                "{error:?}"
            );
        }
        // Links within a folder, and to the folder itself, are followed.
        fs::write(root.0.join("inside/here.metta"), "(= (where) inside)").unwrap();
        std::os::unix::fs::symlink(root.0.join("inside/here.metta"), root.0.join("inside/there.metta")).unwrap();
        std::os::unix::fs::symlink(root.0.join("inside"), root.0.join("alias")).unwrap();
        assert_eq!(run(&["alias"], &root, "there").unwrap(), "inside");
    }
}
