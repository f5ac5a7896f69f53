//! Faults on request: what no file system at hand does.

use std::cell::Cell;
use std::io::{self, ErrorKind};

/// What goes wrong on this thread.
#[derive(Clone, Copy, Debug)]
pub(in crate::persist) struct Plan {
    /// How many operations go well first.
    pub(in crate::persist) after: usize,
    /// Whether what fails is done nevertheless.
    pub(in crate::persist) done: bool,
    /// Whether all operations fail from then on, and not one only: as if the process had died.
    pub(in crate::persist) ever: bool,
}

thread_local! {
    static PLAN: Cell<Option<Plan>> = const { Cell::new(None) };
    static KIND: Cell<ErrorKind> = const { Cell::new(ErrorKind::Other) };
    static MET: Cell<bool> = const { Cell::new(false) };
    static SYNCS: Cell<usize> = const { Cell::new(0) };
}

/// Has this thread's operations fail as planned.
pub(in crate::persist) fn start(plan: Plan) {
    start_as(plan, ErrorKind::Other);
}

/// As [`start`], with errors of this kind.
pub(in crate::persist) fn start_as(plan: Plan, kind: ErrorKind) {
    PLAN.set(Some(plan));
    KIND.set(kind);
    MET.set(false);
}

/// Has nothing fail any more. Returns whether anything did.
pub(in crate::persist) fn stop() -> bool {
    PLAN.set(None);
    MET.get()
}

/// How many syncs this thread has made of files and folders.
pub(in crate::persist) fn syncs() -> usize {
    SYNCS.get()
}

pub(super) fn count_sync() {
    SYNCS.set(SYNCS.get() + 1);
}

/// Runs `test` with each plan, to be started and stopped by it: the first operation fails, the second, and so on until
/// `test` returns that none did. Returns how often it ran.
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
        operation()?;
    }
    Err(io::Error::new(KIND.get(), "as planned"))
}

/// As much as is written at once: little under a plan, so that it can fail in the middle.
pub(super) fn part_of(bytes: &[u8]) -> &[u8] {
    match PLAN.get() {
        Some(_) => bytes.get(..16).unwrap_or(bytes),
        None => bytes,
    }
}
