//! What can be wrong with a message.

/// Why a message is answered with `success: false`.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The line is not a message.
    #[error("the line is not a message: {0}")]
    Message(#[source] serde_json::Error),
    /// There is no such eval.
    #[error("there is no module {0:?}")]
    Module(String),
    /// The eval has no such function.
    #[error("the module {module:?} has no function {function:?}")]
    Function {
        /// The eval.
        module: String,
        /// The name that is unknown.
        function: String,
    },
    /// The input lacks a field, or a field has another type.
    #[error("the input is not that of the function: {0}")]
    Input(#[source] serde_json::Error),
    /// The sizes of the input contradict each other.
    #[error("wrong shape: {0}")]
    Shape(String),
    /// The memory does not suffice.
    #[error("{needed} bytes are needed, and {available} are available")]
    Memory {
        /// The estimate.
        needed: u64,
        /// What the system reports.
        available: u64,
    },
    /// The output cannot be written as JSON.
    #[error("the output cannot be written: {0}")]
    Output(#[source] serde_json::Error),
    /// The evaluation panicked.
    #[error("the evaluation failed: {0}")]
    Panic(String),
}

/// Returns [`Error::Shape`] unless a condition holds.
macro_rules! ensure {
    ($condition:expr, $($message:tt)*) => {
        if !$condition {
            return Err($crate::error::Error::Shape(format!($($message)*)));
        }
    };
}
pub(crate) use ensure;
