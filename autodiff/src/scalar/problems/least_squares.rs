//! `LeastSquares`: residuals, whose sum of squares is to be minimized.

use super::at_data::AtData;
use super::error::ProblemError;
use super::matrix::{Matrix, add_multiple, sum_of};
use super::source::Source;
use crate::scalar::general;
use crate::scalar::number::Scalar;
use crate::scalar::program::Program;
use crate::scalar::tape::Tape;
use crate::scalar::var::Var;
use crate::tensor::Real;
use ::argmin::core::{CostFunction, Error, Gradient, Hessian, Jacobian, Operator};
use argmin_math::{ArgminDot, ArgminTranspose};
use std::fmt;

/// A list of residuals `r`, whose sum of squares is to be minimized: a problem for `argmin`.
///
/// For the solvers of least squares, such as `GaussNewton`, the operator is `r` and has its Jacobian matrix `J`. For
/// all others the cost is `½ rᵀr`, with the gradient `Jᵀr`. Its Hessian matrix is `JᵀJ`, which leaves out the curvature
/// of the residuals: with the solver `TrustRegion` this is a method of Levenberg and Marquardt.
///
/// ```
/// use argmin::core::{CostFunction, Gradient, Hessian, Jacobian, Operator};
/// use autodiff::scalar::problems::LeastSquares;
///
/// let problem = LeastSquares::on_tape(|x| vec![x[0] * x[1] - 4.0, x[1] - 1.0]);
/// let x = vec![1.0, 2.0];
/// assert_eq!(problem.apply(&x)?, [-2.0, 1.0]);
/// assert_eq!(Vec::from(problem.jacobian(&x)?), [[2.0, 1.0], [0.0, 1.0]]);
/// assert_eq!(problem.cost(&x)?, 2.5);
/// assert_eq!(problem.gradient(&x)?, [-4.0, -1.0]);
/// assert_eq!(Vec::from(problem.hessian(&x)?), [[4.0, 2.0], [2.0, 2.0]]);
/// # Ok::<(), argmin::core::Error>(())
/// ```
pub struct LeastSquares<'f, T: Real + Scalar = f64>(Source<'f, T, OnTape<'f, T>>);

/// A function for a tape, with a list of outputs.
type OnTape<'f, T> = dyn for<'t> Fn(&[Var<'t, T>]) -> Vec<Var<'t, T>> + Send + Sync + 'f;

impl<'f, T: Real + Scalar> LeastSquares<'f, T> {
    /// Makes a problem of a program, whose outputs are the residuals. Its parameters are the inputs of the program,
    /// shared ones first.
    #[must_use]
    pub fn new(program: Program<'f, T>) -> Self {
        LeastSquares(Source::of(AtData::without_data(program)))
    }

    /// Makes a problem of a program at points that are given in rows. The parameters are the shared inputs, and the
    /// outputs of all points are the residuals.
    ///
    /// # Errors
    ///
    /// [`ProblemError::Data`] if the length of the points is not a multiple of the number of inputs.
    pub fn with_data(program: Program<'f, T>, data: &[T]) -> Result<Self, ProblemError> {
        Ok(LeastSquares(Source::of(AtData::new(program, data)?)))
    }

    /// Makes a problem of a function that a tape records at each point.
    #[must_use]
    pub fn on_tape<F>(f: F) -> Self
    where
        F: for<'t> Fn(&[Var<'t, T>]) -> Vec<Var<'t, T>> + Send + Sync + 'f,
    {
        LeastSquares(Source::Tape(Box::new(f)))
    }

    fn values_and_jacobian(&self, x: &[T]) -> Result<(Vec<T>, Matrix<T>), ProblemError> {
        Ok(match &self.0 {
            Source::Program(program) => program.lock().jacobian(x)?,
            Source::Tape(f) => {
                let jacobian = general::jacobian(f, x);
                (values(f, x), Matrix::from(jacobian))
            }
        })
    }
}

/// Returns the values of the outputs.
fn values<T: Real + Scalar>(f: &OnTape<'_, T>, x: &[T]) -> Vec<T> {
    let tape = Tape::default();
    let y = f(&tape.vars(x));
    y.iter().map(|y| y.value()).collect()
}

/// The residuals.
impl<T: Real + Scalar> Operator for LeastSquares<'_, T> {
    type Param = Vec<T>;
    type Output = Vec<T>;

    fn apply(&self, x: &Vec<T>) -> Result<Vec<T>, Error> {
        Ok(match &self.0 {
            Source::Program(program) => program.lock().values(x)?,
            Source::Tape(f) => values(f, x),
        })
    }
}

/// The Jacobian matrix of the residuals.
impl<T: Real + Scalar> Jacobian for LeastSquares<'_, T> {
    type Param = Vec<T>;
    type Jacobian = Matrix<T>;

    fn jacobian(&self, x: &Vec<T>) -> Result<Matrix<T>, Error> {
        Ok(self.values_and_jacobian(x)?.1)
    }
}

/// Half of the sum of the squares of the residuals.
impl<T: Real + Scalar> CostFunction for LeastSquares<'_, T> {
    type Param = Vec<T>;
    type Output = T;

    fn cost(&self, x: &Vec<T>) -> Result<T, Error> {
        let residuals = self.apply(x)?;
        let squares = residuals.iter().map(|&r| r * r);
        Ok(sum_of(squares) * <T as Scalar>::from_f64(0.5))
    }
}

/// The gradient of half of the sum of the squares of the residuals.
impl<T: Real + Scalar> Gradient for LeastSquares<'_, T> {
    type Param = Vec<T>;
    type Gradient = Vec<T>;

    fn gradient(&self, x: &Vec<T>) -> Result<Vec<T>, Error> {
        let (residuals, jacobian) = self.values_and_jacobian(x)?;
        let mut gradient = vec![T::default(); jacobian.columns()];
        for (&residual, row) in residuals.iter().zip(jacobian.each_row()) {
            add_multiple(&mut gradient, residual, row);
        }
        Ok(gradient)
    }
}

/// The product of the transposed Jacobian matrix and the Jacobian matrix.
impl<T: Real + Scalar> Hessian for LeastSquares<'_, T> {
    type Param = Vec<T>;
    type Hessian = Matrix<T>;

    fn hessian(&self, x: &Vec<T>) -> Result<Matrix<T>, Error> {
        let jacobian = self.values_and_jacobian(x)?.1;
        Ok(jacobian.clone().t().dot(&jacobian))
    }
}

impl<T: Real + Scalar> fmt::Debug for LeastSquares<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LeastSquares").finish_non_exhaustive()
    }
}
