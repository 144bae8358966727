//! `ProblemError`: why a problem cannot be computed.

use crate::scalar::program::ProgramError;

/// Why a problem cannot be computed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProblemError {
    /// The solver has another number of parameters than the program.
    #[error("there are {found} parameters, and the program has {expected}")]
    Parameters {
        /// The number of parameters of the program.
        expected: usize,
        /// The number of parameters of the solver.
        found: usize,
    },
    /// The data are not a list of points.
    #[error("the data have {length} numbers, and a point of the program has {inputs}")]
    Data {
        /// The length of the data.
        length: usize,
        /// The number of inputs of a point.
        inputs: usize,
    },
    /// A cost has several outputs.
    #[error("a cost is one number, and the program has {0} outputs")]
    Outputs(usize),
    /// A matrix is not square.
    #[error("the matrix, of {rows} rows and {columns} columns, is not square")]
    NotSquare {
        /// The number of rows.
        rows: usize,
        /// The number of columns.
        columns: usize,
    },
    /// A matrix has no inverse.
    #[error("the matrix has no inverse")]
    Singular,
    /// The function of a program cannot be replayed.
    #[error(transparent)]
    Program(#[from] ProgramError),
}
