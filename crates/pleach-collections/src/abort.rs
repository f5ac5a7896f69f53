//! Ending the process where a node would become invalid.

/// Ends the process without unwinding.
#[cfg(feature = "std")]
#[cold]
pub(crate) fn abort() -> ! {
    std::process::abort()
}

/// Ends the process without unwinding: a panic must not leave a function with this calling convention.
#[cfg(not(feature = "std"))]
#[cold]
#[allow(clippy::panic, reason = "the only way to abort without the standard library")]
pub(crate) extern "C" fn abort() -> ! {
    panic!("a node would be invalid")
}
