//! `Cost`: a number that is to be minimized.

use super::at_data::AtData;
use super::error::ProblemError;
use super::matrix::Matrix;
use super::source::Source;
use crate::scalar::dual::Dual;
use crate::scalar::general;
use crate::scalar::number::Scalar;
use crate::scalar::program::Program;
use crate::scalar::tape::Tape;
use crate::scalar::var::Var;
use crate::tensor::Real;
use ::argmin::core::{CostFunction, Error, Gradient, Hessian};
use std::fmt;

/// A number that is to be minimized: a problem for `argmin`, with its gradient and its Hessian matrix.
///
/// The [module](super) has an example with a program. The following one has a function for a tape:
///
/// ```
/// use argmin::core::{CostFunction, Gradient, Hessian};
/// use autodiff::scalar::problems::Cost;
///
/// let cost = Cost::on_tape(|x| x[0].square() * x[1]);
/// let x = vec![2.0, 3.0];
/// assert_eq!(cost.cost(&x)?, 12.0);
/// assert_eq!(cost.gradient(&x)?, [12.0, 4.0]);
/// assert_eq!(Vec::from(cost.hessian(&x)?), [[6.0, 4.0], [4.0, 0.0]]);
/// # Ok::<(), argmin::core::Error>(())
/// ```
pub struct Cost<'f, T: Real + Scalar = f64>(Source<'f, T, OnTape<'f, T>>);

/// A function of numbers that carry second derivatives.
type OnTape<'f, T> = dyn for<'t> Fn(&[Var<'t, Dual<T>>]) -> Var<'t, Dual<T>> + Send + Sync + 'f;

impl<'f, T: Real + Scalar> Cost<'f, T> {
    /// Makes a problem of a program of one output. Its parameters are the inputs of the program, shared ones first.
    #[must_use]
    pub fn new(program: Program<'f, T>) -> Self {
        Cost(Source::of(AtData::without_data(program)))
    }

    /// Makes a problem of a program of one output, at points that are given in rows. The parameters are the shared
    /// inputs, and the cost is the sum of the output over the points.
    ///
    /// ```
    /// use argmin::core::{Gradient, Hessian};
    /// use autodiff::scalar::problems::Cost;
    /// use autodiff::scalar::program::Program;
    ///
    /// // The squared distance of the points from the line s₀ + s₁ x.
    /// let error = Program::new(2, 2, |s, x| vec![(s[0] + s[1] * x[0] - x[1]).square()]);
    /// let cost = Cost::with_data(error, &[0.0, 1.0, 1.0, 3.0, 2.0, 5.0])?;
    /// assert_eq!(cost.gradient(&vec![1.0, 1.0])?, [-6.0, -10.0]);
    /// assert_eq!(Vec::from(cost.hessian(&vec![1.0, 1.0])?), [[6.0, 6.0], [6.0, 10.0]]);
    /// # Ok::<(), argmin::core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ProblemError::Data`] if the length of the points is not a multiple of the number of inputs.
    pub fn with_data(program: Program<'f, T>, data: &[T]) -> Result<Self, ProblemError> {
        Ok(Cost(Source::of(AtData::new(program, data)?)))
    }

    /// Makes a problem of a function that a tape records at each point. The gradient costs one recording, and each row
    /// of the Hessian matrix another.
    #[must_use]
    pub fn on_tape<F>(f: F) -> Self
    where
        F: for<'t> Fn(&[Var<'t, Dual<T>>]) -> Var<'t, Dual<T>> + Send + Sync + 'f,
    {
        Cost(Source::Tape(Box::new(f)))
    }
}

impl<T: Real + Scalar> CostFunction for Cost<'_, T> {
    type Param = Vec<T>;
    type Output = T;

    fn cost(&self, x: &Vec<T>) -> Result<T, Error> {
        Ok(match &self.0 {
            Source::Program(program) => program.lock().sum(x)?,
            Source::Tape(f) => {
                let tape = Tape::default();
                let x: Vec<_> = x.iter().map(|&x| tape.var(Dual::constant(x))).collect();
                f(&x).value().value
            }
        })
    }
}

impl<T: Real + Scalar> Gradient for Cost<'_, T> {
    type Param = Vec<T>;
    type Gradient = Vec<T>;

    fn gradient(&self, x: &Vec<T>) -> Result<Vec<T>, Error> {
        Ok(match &self.0 {
            Source::Program(program) => program.lock().sum_and_gradient(x)?.1,
            Source::Tape(f) => general::hvp(f, x, &vec![T::default(); x.len()]).0,
        })
    }
}

impl<T: Real + Scalar> Hessian for Cost<'_, T> {
    type Param = Vec<T>;
    type Hessian = Matrix<T>;

    fn hessian(&self, x: &Vec<T>) -> Result<Matrix<T>, Error> {
        Ok(match &self.0 {
            Source::Program(program) => program.lock().hessian(x)?,
            Source::Tape(f) => Matrix::from(general::hessian(f, x)),
        })
    }
}

impl<T: Real + Scalar> fmt::Debug for Cost<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cost").finish_non_exhaustive()
    }
}
