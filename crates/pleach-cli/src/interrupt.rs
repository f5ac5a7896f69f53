//! Ctrl-C.

use std::process;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use pleach_metta::Interrupt;

/// The exit code of who was interrupted, as shells have it: 128 and the number of the signal.
pub(crate) const EXIT_CODE: u8 = 130;

/// Makes Ctrl-C raise the interrupt that is returned. Where it was raised already, and nobody heeded it, the next one
/// ends the process.
pub(crate) fn on_ctrl_c() -> Interrupt {
    on_ctrl_c_while(Arc::new(AtomicBool::new(true)))
}

/// As [`on_ctrl_c`], but ends the process at once unless it is busy.
pub(crate) fn on_ctrl_c_while(busy: Arc<AtomicBool>) -> Interrupt {
    let interrupt = Interrupt::new();
    let raised = interrupt.clone();
    // If there can be no handler, Ctrl-C ends the process, as ever. Relaxed: nothing else is told by it.
    let _ = ctrlc::set_handler(move || {
        if !busy.load(Ordering::Relaxed) || raised.is_raised() {
            process::exit(EXIT_CODE.into());
        }
        raised.raise();
    });
    interrupt
}
