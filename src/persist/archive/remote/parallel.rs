//! Requests that run at once.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError, mpsc};
use std::thread;

/// Number of requests that run at once.
const MAX_REQUESTS: usize = 16;

/// Performs a request for each item, some at once on threads of their own, and passes each result to `receive` on this
/// thread, in the order in which they come. Ends with the first error; requests that have begun run to their end.
pub(super) fn for_each<I: Send, R: Send, E: Send>(
    items: Vec<I>,
    request: impl Fn(I) -> Result<R, E> + Sync,
    mut receive: impl FnMut(R) -> Result<(), E>,
) -> Result<(), E> {
    if items.len() < 2 {
        return items.into_iter().try_for_each(|item| receive(request(item)?));
    }
    let workers = items.len().min(MAX_REQUESTS);
    let (items, is_over) = (Mutex::new(items.into_iter()), AtomicBool::new(false));
    let (results, received) = mpsc::channel();
    thread::scope(|threads| {
        for _ in 0..workers {
            let results = results.clone();
            threads.spawn(|| {
                let results = results;
                // Relaxed: a worker that sees it late makes one request more.
                while !is_over.load(Ordering::Relaxed) {
                    let item = items.lock().unwrap_or_else(PoisonError::into_inner).next();
                    let Some(item) = item else { break };
                    if results.send(request(item)).is_err() {
                        break;
                    }
                }
            });
        }
        drop(results);
        let received = received.into_iter().try_for_each(|result| receive(result?));
        is_over.store(true, Ordering::Relaxed);
        received
    })
}
