//! A policy engine: policies are reloaded while readers decide, every change is kept with its author, and can be undone.
//!
//! ```text
//! cargo run --example policy
//! ```
//!
//! | module | contents |
//! |---|---|
//! | `policy` | the language of policies, and decisions: deny overrides allow |
//! | `store` | the current policy, shared with readers; its history on disk |

mod policy;
mod store;

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use policy::{Decision, PolicyError, Request};
use store::{PolicyStore, StoreError};

const FIRST: &str = "
    (member ann editors)  (member bob interns)  (member editors staff)  (member interns staff)
    (inside (document q3) (folder reports))
    (allow staff read (folder reports))
    (allow editors write (folder reports))
";

/// Interns may not read reports any more, and Bob becomes an editor.
const SECOND: &str = "
    (member ann editors)  (member bob editors)  (member bob interns)  (member editors staff)  (member interns staff)
    (inside (document q3) (folder reports))
    (allow staff read (folder reports))
    (allow editors write (folder reports))
    (deny interns read (folder reports))
";

fn main() -> Result<(), StoreError> {
    let folder = std::env::temp_dir().join(format!("pleach-policy-{}", std::process::id()));
    let store = PolicyStore::open(&folder)?;
    store.reload(FIRST, "ann: first policy")?;

    // Readers decide all the time. Each decision is made by one whole policy, the one before a reload or the one after it.
    let request = Request::parse("(bob read (document q3))")?;
    let (done, decisions) = (AtomicBool::new(false), AtomicUsize::new(0));
    std::thread::scope(|threads| {
        for _ in 0..4 {
            threads.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    let policy = store.current();
                    let decision = policy::decide(&policy, &request);
                    assert_eq!(decision, policy::decide(&policy, &request));
                    decisions.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        while decisions.load(Ordering::Relaxed) == 0 {
            std::thread::yield_now();
        }
        let reloaded = store.reload(SECOND, "bob: promoted");
        done.store(true, Ordering::Relaxed);
        reloaded
    })?;

    show(&store, "after the reload")?;
    if let Err(error) = store.reload("(allow staff read (folder reports)\n(deny", "carl: a typo") {
        println!("refused: {error}");
    }

    println!("audit:");
    for entry in store.audit()? {
        println!("  {}", entry.message);
        for line in entry.patch.to_string().lines() {
            println!("    {line}");
        }
    }

    store.undo("ann: undo")?;
    show(&store, "after undo")?;
    drop(store);

    // A new process begins with the last policy.
    let store = PolicyStore::open(&folder)?;
    show(&store, "after a restart")?;
    std::fs::remove_dir_all(&folder)?;
    Ok(())
}

/// Prints the decisions about a few requests, with their reasons.
fn show(store: &PolicyStore, when: &str) -> Result<(), PolicyError> {
    println!("{when}:");
    let policy = store.current();
    for text in [
        "(bob read (document q3))",
        "(bob write (document q3))",
        "(ann write (document q3))",
    ] {
        let request = Request::parse(text)?;
        match policy::decide(&policy, &request) {
            Decision::Allowed(reason) => println!("  {text}: allowed by {reason}"),
            Decision::Denied(Some(reason)) => println!("  {text}: denied by {reason}"),
            Decision::Denied(None) => println!("  {text}: denied, since nothing allows it"),
        }
    }
    Ok(())
}
