//! Panics of user code at a chosen call.

use std::cell::Cell;
use std::sync::Once;

thread_local! {
    /// Number of calls of user code on this thread before one panics; `None` if none does.
    static FUSE: Cell<Option<usize>> = const { Cell::new(None) };
}

/// Payload of the planned panics.
pub struct AsPlanned;

/// Sets the number of calls of user code on this thread before one panics, once; `None` for never.
pub fn set(calls: Option<usize>) {
    FUSE.set(calls);
}

/// Returns whether no panic is pending: the planned one has happened, or none was planned.
pub fn is_burnt() -> bool {
    FUSE.get().is_none()
}

/// Counts a call of user code. Panics if it is the planned one.
pub fn burn() {
    match FUSE.get() {
        Some(0) => {
            FUSE.set(None);
            panic_as_planned();
        }
        left => FUSE.set(left.map(|left| left - 1)),
    }
}

/// Panics with [`AsPlanned`].
pub fn panic_as_planned() -> ! {
    std::panic::panic_any(AsPlanned)
}

/// Runs `f` without planned panics.
pub fn quietly<R>(f: impl FnOnce() -> R) -> R {
    let before = FUSE.take();
    let result = f();
    FUSE.set(before);
    result
}

/// Suppresses the messages of planned panics.
pub fn quiet() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let report = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if !info.payload().is::<AsPlanned>() {
                report(info);
            }
        }));
    });
}
