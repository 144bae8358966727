//! Refusals: what a worker thread finds wrong is reported at the line that called the library.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// The payload of the panic that carries a refusal from a worker thread to the caller.
struct Refusal(String);

/// Refuses what the caller of [`reporting`] passed. No panic hook runs until it is reported there.
pub(crate) fn refuse(message: String) -> ! {
    resume_unwind(Box::new(Refusal(message)))
}

/// Runs `work`, and panics at the caller's line if it refuses something, on whichever thread.
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
