//! `ProgramError`: why a function cannot be a program.

use std::panic::Location;

/// Why a function cannot be replayed as a [`Program`](super::Program).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProgramError {
    /// The value of a variable left the recording as a plain number: what the function does with it is unknown.
    #[error(
        "{operation}: a value leaves the recording at {location}, so the function cannot be replayed"
    )]
    Escaped {
        /// The method that returned the value.
        operation: &'static str,
        /// The line of code that called it.
        location: &'static Location<'static>,
    },
    /// An operation computes its value and slopes by a closure on plain numbers.
    #[error(
        "{operation}: the closure at {location} computes with plain numbers, so the function cannot be replayed"
    )]
    Opaque {
        /// The operation.
        operation: &'static str,
        /// The line of code that recorded it.
        location: &'static Location<'static>,
    },
    /// The function returned no outputs.
    #[error("the function returned no outputs")]
    NoOutputs,
    /// The function returned another number of outputs on another path.
    #[error("the function returned {found} outputs at one point, and {expected} before")]
    Outputs {
        /// The number at the first point.
        expected: usize,
        /// The number at this point.
        found: usize,
    },
    /// A sparse matrix has a nonzero at this point that is not in the pattern.
    #[error(
        "at this point, the entry in row {row} and column {column} is not zero, and it is not in the pattern"
    )]
    Pattern {
        /// The row of the nonzero.
        row: usize,
        /// The column of the nonzero.
        column: usize,
    },
    /// The program needs more memory than can be allocated.
    #[error("the program needs {bytes} bytes, which cannot be allocated")]
    Memory {
        /// The number of bytes.
        bytes: usize,
    },
}
