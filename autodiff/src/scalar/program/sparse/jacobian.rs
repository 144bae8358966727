//! `SparseJacobian`: the sparse Jacobian matrix of a function that was recorded once.

use super::paths::Paths;
use super::structure::Matrix;
use crate::scalar::number::Scalar;
use crate::scalar::program::error::ProgramError;
use crate::scalar::program::points::check_length;
use crate::scalar::program::recording::Function;
use crate::scalar::sparse::Pattern;
use crate::scalar::var::Var;
use crate::tensor::Real;
use std::fmt;

/// The sparse Jacobian matrix of a function of many variables.
///
/// The function is recorded once, and its derivatives are compiled. At other points the instructions are executed
/// again, without the function.
///
/// ```
/// use autodiff::scalar::sparse::SparseJacobian;
///
/// // The differences of neighbours, squared.
/// let mut jacobian = SparseJacobian::new(
///     |x| x.windows(2).map(|pair| (pair[1] - pair[0]).square()).collect(),
///     &[0.0, 1.0, 3.0],
/// )?;
/// assert_eq!(jacobian.pattern().to_string(), "× × ·\n· × ×");
///
/// let (y, nonzeros) = jacobian.value_and_jacobian(&[1.0, 2.0, 5.0])?;
/// assert_eq!(y, [1.0, 9.0]);
/// assert_eq!(nonzeros, [-2.0, 2.0, -6.0, 6.0]);
/// # Ok::<(), autodiff::scalar::program::ProgramError>(())
/// ```
///
/// # How the nonzeros are computed
///
/// Each row is the gradient of an output. It is computed in reverse, over the nodes on which the output depends, its
/// cone. If the cones have many nodes in common, tangents cost less: those of groups of columns, by a
/// [`Colouring`](crate::scalar::sparse::Colouring), 64 groups at a time. To choose, the
/// operands of the nodes are counted: a strip of 64 groups
/// costs eight times the operands of the function, and the rows cost the operands in their cones.
///
/// # Branches
///
/// The recording holds as long as all comparisons of the function have the same outcome. At a point where one has
/// another, the function is recorded again; the last eight paths are kept. The pattern stays, and entries that the path
/// does not have are 0. A path with a nonzero outside the pattern is an error; see [`extend`](Self::extend).
pub struct SparseJacobian<'f, T: Real + Scalar = f64> {
    f: Box<Function<'f, T>>,
    inputs: usize,
    paths: Paths<T>,
}

impl<'f> SparseJacobian<'f> {
    /// Records a function at a point, and compiles its Jacobian matrix.
    ///
    /// # Errors
    ///
    /// If the function cannot be replayed.
    ///
    /// # Panics
    ///
    /// If there are no inputs.
    #[track_caller]
    pub fn new<F>(f: F, at: &[f64]) -> Result<Self, ProgramError>
    where
        F: for<'t> Fn(&[Var<'t>]) -> Vec<Var<'t>> + Send + Sync + 'f,
    {
        Self::from_function(of_point(f), at)
    }
}

impl<'f> SparseJacobian<'f, f32> {
    /// Records a function in single precision, as [`SparseJacobian::new`] does in double precision.
    ///
    /// # Errors
    ///
    /// If the function cannot be replayed.
    ///
    /// # Panics
    ///
    /// If there are no inputs.
    #[track_caller]
    pub fn new_f32<F>(f: F, at: &[f32]) -> Result<Self, ProgramError>
    where
        F: for<'t> Fn(&[Var<'t, f32>]) -> Vec<Var<'t, f32>> + Send + Sync + 'f,
    {
        Self::from_function(of_point(f), at)
    }
}

impl<'f, T: Real + Scalar> SparseJacobian<'f, T> {
    #[track_caller]
    fn from_function(f: Box<Function<'f, T>>, at: &[T]) -> Result<Self, ProgramError> {
        assert!(!at.is_empty(), "SparseJacobian::new: there are no inputs");
        Ok(SparseJacobian {
            inputs: at.len(),
            paths: Paths::new(Matrix::Jacobian, &*f, at)?,
            f,
        })
    }

    /// Returns the pattern: a row for each output, and a column for each input.
    #[must_use]
    pub fn pattern(&self) -> &Pattern {
        &self.paths.pattern
    }

    /// Adds the nonzeros at a point on another path to the pattern.
    ///
    /// ```
    /// use autodiff::scalar::program::ProgramError;
    /// use autodiff::scalar::sparse::SparseJacobian;
    ///
    /// let mut jacobian = SparseJacobian::new(
    ///     |x| vec![if x[0] > x[1] { x[0] } else { x[1] }],
    ///     &[1.0, 0.0],
    /// )?;
    /// assert_eq!(jacobian.pattern().to_string(), "× ·");
    /// let error = jacobian.value_and_jacobian(&[0.0, 1.0]).unwrap_err();
    /// assert_eq!(error, ProgramError::Pattern { row: 0, column: 1 });
    ///
    /// jacobian.extend(&[0.0, 1.0])?;
    /// assert_eq!(jacobian.pattern().to_string(), "× ×");
    /// assert_eq!(jacobian.value_and_jacobian(&[0.0, 1.0])?.1, [0.0, 1.0]);
    /// # Ok::<(), ProgramError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// If the function cannot be replayed, or has another number of outputs at this point.
    ///
    /// # Panics
    ///
    /// If the point does not have as many inputs as the first one.
    #[track_caller]
    pub fn extend(&mut self, at: &[T]) -> Result<(), ProgramError> {
        check_length("extend", "the point", at.len(), self.inputs);
        self.paths.extend(&*self.f, at)
    }

    /// Returns the outputs at a point, and the nonzeros of the matrix, row after row in the order of the
    /// [`pattern`](Self::pattern).
    ///
    /// # Errors
    ///
    /// If the point is on a path that was not recorded, and the function cannot be replayed, has another number of
    /// outputs, or has a nonzero outside the pattern.
    ///
    /// # Panics
    ///
    /// If the point does not have as many inputs as the first one.
    #[track_caller]
    pub fn value_and_jacobian(&mut self, x: &[T]) -> Result<(Vec<T>, Vec<T>), ProgramError> {
        let mut outputs = vec![T::default(); self.paths.outputs()];
        let mut nonzeros = vec![T::default(); self.pattern().nonzeros()];
        self.value_and_jacobian_into(x, &mut outputs, &mut nonzeros)?;
        Ok((outputs, nonzeros))
    }

    /// Writes the same results into slices. On a recorded path it allocates nothing from the second point on.
    ///
    /// # Errors
    ///
    /// As [`value_and_jacobian`](Self::value_and_jacobian). The slices then hold numbers without meaning.
    ///
    /// # Panics
    ///
    /// If a slice does not have the length that [`value_and_jacobian`](Self::value_and_jacobian) returns.
    #[track_caller]
    pub fn value_and_jacobian_into(
        &mut self,
        x: &[T],
        outputs: &mut [T],
        nonzeros: &mut [T],
    ) -> Result<(), ProgramError> {
        let expected = [self.inputs, self.paths.outputs(), self.pattern().nonzeros()];
        check_length("value_and_jacobian", "the point", x.len(), expected[0]);
        check_length(
            "value_and_jacobian",
            "the outputs",
            outputs.len(),
            expected[1],
        );
        check_length(
            "value_and_jacobian",
            "the nonzeros",
            nonzeros.len(),
            expected[2],
        );
        self.paths.compute(&*self.f, x, outputs, nonzeros)
    }
}

/// The function as one of the inputs of a point, without shared inputs.
fn of_point<'f, T: Scalar>(
    f: impl for<'t> Fn(&[Var<'t, T>]) -> Vec<Var<'t, T>> + Send + Sync + 'f,
) -> Box<Function<'f, T>> {
    Box::new(move |_, x| f(x))
}

impl<T: Real + Scalar> fmt::Debug for SparseJacobian<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SparseJacobian")
            .field("pattern", self.pattern())
            .finish_non_exhaustive()
    }
}
