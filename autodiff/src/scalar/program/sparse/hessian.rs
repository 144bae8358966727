//! `SparseHessian`: the sparse Hessian matrix of a function that was recorded once.

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

/// The lower triangle of the sparse Hessian matrix of a function of many variables.
///
/// The function is recorded once, and its derivatives are compiled. At other points the instructions are executed
/// again, without the function.
///
/// ```
/// use autodiff::scalar::sparse::SparseHessian;
///
/// let mut hessian = SparseHessian::new(
///     |x| x[0].square() * x[1] + x[1] * x[2] + x[2],
///     &[1.0, 2.0, 3.0],
/// )?;
/// assert_eq!(hessian.pattern().to_string(), "× · ·\n× · ·\n· × ·");
///
/// let (value, gradient, nonzeros) = hessian.value_gradient_and_hessian(&[3.0, 1.0, 2.0])?;
/// assert_eq!(value, 13.0);
/// assert_eq!(gradient, [6.0, 11.0, 2.0]);
/// assert_eq!(nonzeros, [2.0, 6.0, 1.0]);
/// # Ok::<(), autodiff::scalar::program::ProgramError>(())
/// ```
///
/// # How the nonzeros are computed
///
/// Variables that meet in an operation that is not linear interact: they have a nonzero. A star
/// [`Colouring`](crate::scalar::sparse::Colouring) divides the columns of the matrix into few groups, and the products
/// of the matrix with all groups are tangents of the gradient (forward over reverse), 64 groups at a time. For a band
/// matrix the number of groups does not depend on the number of variables, so the time is linear in it.
///
/// # Branches
///
/// As for [`SparseJacobian`](crate::scalar::sparse::SparseJacobian).
pub struct SparseHessian<'f, T: Real + Scalar = f64> {
    f: Box<Function<'f, T>>,
    inputs: usize,
    paths: Paths<T>,
    /// The value and the gradient.
    outputs: Vec<T>,
}

impl<'f> SparseHessian<'f> {
    /// Records a function at a point, and compiles its Hessian matrix.
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
        F: for<'t> Fn(&[Var<'t>]) -> Var<'t> + Send + Sync + 'f,
    {
        Self::from_function(of_point(f), at)
    }
}

impl<'f> SparseHessian<'f, f32> {
    /// Records a function in single precision, as [`SparseHessian::new`] does in double precision.
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
        F: for<'t> Fn(&[Var<'t, f32>]) -> Var<'t, f32> + Send + Sync + 'f,
    {
        Self::from_function(of_point(f), at)
    }
}

impl<'f, T: Real + Scalar> SparseHessian<'f, T> {
    #[track_caller]
    fn from_function(f: Box<Function<'f, T>>, at: &[T]) -> Result<Self, ProgramError> {
        assert!(!at.is_empty(), "SparseHessian::new: there are no inputs");
        Ok(SparseHessian {
            inputs: at.len(),
            paths: Paths::new(Matrix::Hessian, &*f, at)?,
            f,
            outputs: vec![T::default(); 1 + at.len()],
        })
    }

    /// Returns the pattern of the lower triangle, with the diagonal: a row and a column for each input.
    #[must_use]
    pub fn pattern(&self) -> &Pattern {
        &self.paths.pattern
    }

    /// Adds the nonzeros at a point on another path to the pattern.
    ///
    /// # Errors
    ///
    /// If the function cannot be replayed.
    ///
    /// # Panics
    ///
    /// If the point does not have as many inputs as the first one.
    #[track_caller]
    pub fn extend(&mut self, at: &[T]) -> Result<(), ProgramError> {
        check_length("extend", "the point", at.len(), self.inputs);
        self.paths.extend(&*self.f, at)
    }

    /// Returns the value and the gradient at a point, and the nonzeros of the lower triangle, row after row in the order
    /// of the [`pattern`](Self::pattern).
    ///
    /// # Errors
    ///
    /// If the point is on a path that was not recorded, and the function cannot be replayed or has a nonzero outside the
    /// pattern.
    ///
    /// # Panics
    ///
    /// If the point does not have as many inputs as the first one.
    #[track_caller]
    pub fn value_gradient_and_hessian(
        &mut self,
        x: &[T],
    ) -> Result<(T, Vec<T>, Vec<T>), ProgramError> {
        let mut gradient = vec![T::default(); self.inputs];
        let mut nonzeros = vec![T::default(); self.pattern().nonzeros()];
        let value = self.value_gradient_and_hessian_into(x, &mut gradient, &mut nonzeros)?;
        Ok((value, gradient, nonzeros))
    }

    /// Returns the value, and writes the gradient and the nonzeros into slices. On a recorded path it allocates nothing
    /// from the second point on.
    ///
    /// # Errors
    ///
    /// As [`value_gradient_and_hessian`](Self::value_gradient_and_hessian). The nonzeros are then numbers without meaning.
    ///
    /// # Panics
    ///
    /// If a slice does not have the length that [`value_gradient_and_hessian`](Self::value_gradient_and_hessian) returns.
    #[track_caller]
    pub fn value_gradient_and_hessian_into(
        &mut self,
        x: &[T],
        gradient: &mut [T],
        nonzeros: &mut [T],
    ) -> Result<T, ProgramError> {
        let expected = self.pattern().nonzeros();
        check_length(
            "value_gradient_and_hessian",
            "the point",
            x.len(),
            self.inputs,
        );
        check_length(
            "value_gradient_and_hessian",
            "the gradient",
            gradient.len(),
            self.inputs,
        );
        check_length(
            "value_gradient_and_hessian",
            "the nonzeros",
            nonzeros.len(),
            expected,
        );
        self.paths
            .compute(&*self.f, x, &mut self.outputs, nonzeros)?;
        gradient.copy_from_slice(&self.outputs[1..]);
        Ok(self.outputs[0])
    }
}

/// The function as one of the inputs of a point, without shared inputs, and with a list of outputs.
fn of_point<'f, T: Scalar>(
    f: impl for<'t> Fn(&[Var<'t, T>]) -> Var<'t, T> + Send + Sync + 'f,
) -> Box<Function<'f, T>> {
    Box::new(move |_, x| vec![f(x)])
}

impl<T: Real + Scalar> fmt::Debug for SparseHessian<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SparseHessian")
            .field("pattern", self.pattern())
            .finish_non_exhaustive()
    }
}
