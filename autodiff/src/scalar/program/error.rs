//! `ProgramError`: why a function cannot be a program.

use std::panic::Location;

/// Why a function cannot be replayed as a [`Program`](super::Program).
///
/// The methods of a program return it when they record the function: in the first call, or later when a point takes a
/// path that was not recorded.
///
/// ```
/// use autodiff::scalar::program::{Points, Program, ProgramError};
///
/// let table = [1.0, 3.0, 2.0];
/// // The index depends on the input.
/// let mut f = Program::new(0, 1, |_, x| vec![x[0] * table[x[0].value() as usize]]);
/// let error = f.values(&[], Points::Rows(&[1.0])).unwrap_err();
/// assert!(matches!(error, ProgramError::Escaped { operation: "value", .. }));
/// assert!(error.to_string().starts_with("value: a value leaves the recording at "));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProgramError {
    /// The value of a variable left the recording as a plain number: what the function does with it is unknown.
    ///
    /// Compare variables instead of their values. If no derivative is to flow, call
    /// [`detach`](crate::scalar::Var::detach). For a derivative inside the function, call
    /// [`general::gradient`](crate::scalar::general::gradient), whose results are variables.
    ///
    /// Points beyond the [largest number of variants](super::Program::max_variants) are computed on a tape, on which a
    /// value may leave. `Debug` is not noticed, so that a function can be looked at.
    #[error(
        "{operation}: a value leaves the recording at {location}, so the function cannot be replayed"
    )]
    Escaped {
        /// The method that returned the value.
        operation: &'static str,
        /// The line of code that called it; if the value was printed, the line of the operation recorded before.
        location: &'static Location<'static>,
    },
    /// An operation computes its value and slopes by a closure on plain numbers, as
    /// [`custom`](crate::scalar::custom) does. Write the function with operations of variables, or as a
    /// [`CustomFunction`](crate::scalar::CustomFunction).
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
    /// The registers of the program need more memory than can be allocated.
    #[error("the program needs {bytes} bytes, which cannot be allocated")]
    Memory {
        /// The number of bytes.
        bytes: usize,
    },
}
