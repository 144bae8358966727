//! Refusals: an error that a worker thread finds becomes a panic at the line that called the library.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// The payload of the panic that carries a refusal from a worker thread to the caller.
struct Refusal(String);

/// Stops the work inside [`reporting`], which then panics with this message. No panic hook runs before that.
pub(crate) fn refuse(message: String) -> ! {
    resume_unwind(Box::new(Refusal(message)))
}

/// Runs `work`. Panics at the caller's line if any thread of `work` calls [`refuse`].
#[track_caller]
pub(crate) fn reporting<R>(operation: &str, work: impl FnOnce() -> R) -> R {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(result) => result,
        Err(payload) => match payload.downcast::<Refusal>() {
            Ok(refusal) => panic!("{operation}: {}", refusal.0),
            Err(payload) => resume_unwind(payload),
        },
    }
}
