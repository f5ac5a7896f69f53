//! Ctrl-C.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use pleach::persist;
use pleach_metta::Interrupt;

/// The exit code of who was interrupted, as shells have it: 128 and the number of the signal.
pub(crate) const EXIT_CODE: u8 = 130;

/// Nothing heeds the interrupt, so the process ends.
const IDLE: u8 = 0;
/// What is done looks at the interrupt, and ends by itself.
const BUSY: u8 = 1;
/// The interrupt was raised, and not yet heeded: the next one ends the process.
const RAISED: u8 = 2;

/// What Ctrl-C does: it raises an interrupt while that is heeded, and else ends the process at once. What the process was
/// writing is removed then, and what it was to replace is as it was.
#[derive(Clone)]
pub(crate) struct CtrlC {
    interrupt: Interrupt,
    state: Arc<AtomicU8>,
}

impl CtrlC {
    /// Takes over Ctrl-C. If there can be no handler, it ends the process, as ever.
    pub(crate) fn take_over() -> Self {
        let ctrl_c = Self {
            interrupt: Interrupt::new(),
            state: Arc::new(AtomicU8::new(IDLE)),
        };
        let handler = ctrl_c.clone();
        // Runs on a thread of its own. Relaxed: nothing else is told by the state.
        let _ = ctrlc::set_handler(move || {
            let raised = (handler.state).compare_exchange(BUSY, RAISED, Ordering::Relaxed, Ordering::Relaxed);
            match raised {
                Ok(_) => handler.interrupt.raise(),
                Err(_) => persist::exit(EXIT_CODE.into()),
            }
        });
        ctrl_c
    }

    pub(crate) fn interrupt(&self) -> &Interrupt {
        &self.interrupt
    }

    /// From now on the interrupt is heeded. It isn't raised.
    pub(crate) fn heed(&self) {
        self.interrupt.clear();
        self.state.store(BUSY, Ordering::Relaxed);
    }

    /// From now on the interrupt isn't heeded. Returns whether Ctrl-C was pressed while it was.
    pub(crate) fn done(&self) -> bool {
        self.state.swap(IDLE, Ordering::Relaxed) == RAISED
    }
}
