//! Fault injection: failures of operations on the file system, by plan.

use std::cell::Cell;
use std::io::{self, ErrorKind};

/// Plan of which operations of this thread fail.
#[derive(Clone, Copy, Debug)]
pub(in crate::persist) struct Plan {
    /// Number of operations that succeed first.
    pub(in crate::persist) after: usize,
    /// Whether the failing operation takes effect nevertheless.
    pub(in crate::persist) done: bool,
    /// Whether all later operations fail too, as if the process had died.
    pub(in crate::persist) ever: bool,
}

thread_local! {
    static PLAN: Cell<Option<Plan>> = const { Cell::new(None) };
    static KIND: Cell<ErrorKind> = const { Cell::new(ErrorKind::Other) };
    static MET: Cell<bool> = const { Cell::new(false) };
    static SYNCS: Cell<usize> = const { Cell::new(0) };
}

/// Makes this thread's operations fail as planned.
pub(in crate::persist) fn start(plan: Plan) {
    start_as(plan, ErrorKind::Other);
}

/// Like [`start`], with errors of this kind.
pub(in crate::persist) fn start_as(plan: Plan, kind: ErrorKind) {
    PLAN.set(Some(plan));
    KIND.set(kind);
    MET.set(false);
}

/// Ends the plan. Returns whether an operation failed.
pub(in crate::persist) fn stop() -> bool {
    PLAN.set(None);
    MET.get()
}

/// Number of syncs of files and folders that this thread made.
pub(in crate::persist) fn syncs() -> usize {
    SYNCS.get()
}

pub(super) fn count_sync() {
    SYNCS.set(SYNCS.get() + 1);
}

/// Runs `test` with each plan, which it starts and stops: the first operation fails, then the second, and so on until
/// `test` returns that none did. Returns the number of runs.
pub(in crate::persist) fn each(mut test: impl FnMut(Plan) -> bool) -> usize {
    let mut runs = 0;
    for (done, ever) in [(false, false), (false, true), (true, false), (true, true)] {
        for after in 0.. {
            runs += 1;
            if !test(Plan { after, done, ever }) {
                break;
            }
        }
    }
    runs
}

pub(super) fn attempt<R>(operation: impl FnOnce() -> io::Result<R>) -> io::Result<R> {
    let Some(plan) = PLAN.get() else { return operation() };
    if plan.after > 0 {
        PLAN.set(Some(Plan {
            after: plan.after - 1,
            ..plan
        }));
        return operation();
    }
    MET.set(true);
    if !plan.ever {
        PLAN.set(None);
    }
    if plan.done {
        // Whatever it returns: a missing file is an error too, which a caller may take for an absent one.
        drop(operation());
    }
    Err(io::Error::new(KIND.get(), "as planned"))
}

/// Returns the bytes of one write: few under a plan, so that a write can fail in the middle.
pub(super) fn prefix(bytes: &[u8]) -> &[u8] {
    match PLAN.get() {
        Some(_) => bytes.get(..16).unwrap_or(bytes),
        None => bytes,
    }
}
