//! Ctrl-C.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use pleach::persist;
use pleach_metta::Interrupt;

/// The exit code after an interrupt, by the convention of shells: 128 plus the number of the signal.
pub(crate) const EXIT_CODE: u8 = 130;

/// Nothing checks the interrupt: Ctrl-C ends the process.
const IDLE: u8 = 0;
/// The running task checks the interrupt.
const BUSY: u8 = 1;
/// The interrupt was raised, and the task hasn't ended yet: another Ctrl-C ends the process.
const RAISED: u8 = 2;

/// The handler of Ctrl-C. Raises an interrupt while a task checks it; otherwise ends the process at once, after removing
/// temporary files, so that a world about to be replaced stays as it was.
#[derive(Clone)]
pub(crate) struct CtrlC {
    interrupt: Interrupt,
    state: Arc<AtomicU8>,
}

impl CtrlC {
    /// Installs the handler. If that fails, Ctrl-C ends the process as it does by default.
    pub(crate) fn install() -> Self {
        let ctrl_c = Self {
            interrupt: Interrupt::new(),
            state: Arc::new(AtomicU8::new(IDLE)),
        };
        let handler = ctrl_c.clone();
        // Runs on a thread of its own. Relaxed: the state publishes no other data.
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

    /// Clears the interrupt and begins a task that checks it.
    pub(crate) fn begin(&self) {
        self.interrupt.clear();
        self.state.store(BUSY, Ordering::Relaxed);
    }

    /// Ends the task. Returns whether Ctrl-C was pressed during it.
    pub(crate) fn end(&self) -> bool {
        self.state.swap(IDLE, Ordering::Relaxed) == RAISED
    }
}
