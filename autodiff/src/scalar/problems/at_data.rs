//! `AtData`: a program at a list of data, as a function of its parameters.

use super::error::ProblemError;
use super::matrix::{Matrix, add_multiple, one, sum_of};
use crate::scalar::number::Scalar;
use crate::scalar::program::{Points, Program};
use crate::tensor::Real;

/// A program at a list of data, as a function of its parameters.
pub(super) struct AtData<'f, T: Real + Scalar> {
    /// The program whose shared inputs are the parameters, and the data. `None` if all inputs are parameters.
    of_data: Option<(Program<'f, T>, Vec<T>)>,
    /// The program whose points are the parameters and a datum.
    joined: Program<'f, T>,
    parameters: usize,
    of_datum: usize,
    /// The points of `joined`, each as often as its derivatives are computed together.
    points: Vec<T>,
}

/// How many points are computed together at least, if there are as many.
const TOGETHER: usize = 64;

impl<'f, T: Real + Scalar> AtData<'f, T> {
    /// All inputs are parameters.
    pub(super) fn without_data(program: Program<'f, T>) -> Self {
        let [shared, inputs] = program.inputs();
        AtData {
            joined: if shared == 0 {
                program
            } else {
                program.joined()
            },
            of_data: None,
            parameters: shared + inputs,
            of_datum: 0,
            points: Vec::new(),
        }
    }

    /// The shared inputs are parameters, and each point is a datum.
    pub(super) fn new(program: Program<'f, T>, data: &[T]) -> Result<Self, ProblemError> {
        let ([parameters, inputs], length) = (program.inputs(), data.len());
        if !length.is_multiple_of(inputs) {
            return Err(ProblemError::Data { length, inputs });
        }
        Ok(AtData {
            joined: program.joined(),
            of_data: Some((program, data.to_vec())),
            parameters,
            of_datum: inputs,
            points: Vec::new(),
        })
    }

    /// Returns the number of points.
    fn count(&self) -> usize {
        let of_data = self.of_data.as_ref();
        of_data.map_or(1, |(_, data)| data.len() / self.of_datum)
    }

    /// Returns the outputs of all points.
    pub(super) fn values(&mut self, parameters: &[T]) -> Result<Vec<T>, ProblemError> {
        self.check(parameters)?;
        Ok(match &mut self.of_data {
            Some((program, data)) => program.values(parameters, Points::Rows(data))?,
            None => self.joined.values(&[], Points::Rows(parameters))?,
        })
    }

    /// Returns the sum of the output over all points.
    pub(super) fn sum(&mut self, parameters: &[T]) -> Result<T, ProblemError> {
        self.check_single_output(parameters)?;
        Ok(sum_of(self.values(parameters)?))
    }

    /// Returns the sum of the output over all points, and its gradient.
    pub(super) fn sum_and_gradient(
        &mut self,
        parameters: &[T],
    ) -> Result<(T, Vec<T>), ProblemError> {
        self.check_single_output(parameters)?;
        let points = Points::Rows(parameters);
        Ok(match &mut self.of_data {
            Some((program, data)) => program.sum_and_gradient(parameters, Points::Rows(data))?,
            None => {
                let (values, gradient) = self.joined.values_and_gradients(&[], points)?;
                (values[0], gradient)
            }
        })
    }

    /// Returns the Hessian matrix of the sum of the output over all points.
    pub(super) fn hessian(&mut self, parameters: &[T]) -> Result<Matrix<T>, ProblemError> {
        self.check_single_output(parameters)?;
        let (n, count) = (self.parameters, self.count());
        let mut hessian = Matrix::zeros(n, n);
        if count == 0 {
            return Ok(hessian);
        }
        let together = TOGETHER.div_ceil(count);
        for first in (0..n).step_by(together) {
            let axes = first..n.min(first + together);
            let points = self.repeat(parameters, axes.len());
            let width = n + self.of_datum;
            let mut directions = vec![T::default(); points.len()];
            let of_axis = count * width;
            for (axis, directions) in axes.clone().zip(directions.chunks_exact_mut(of_axis)) {
                for direction in directions.chunks_exact_mut(width) {
                    direction[axis] = one();
                }
            }
            let products = self.joined.hvp(&[], Points::Rows(&points), &directions);
            self.points = points;
            let (_, products) = products?;
            // The matrix is symmetric: its columns are its rows.
            let rows = hessian.entries_mut()[first * n..].chunks_exact_mut(n);
            for (row, products) in rows.zip(products.chunks_exact(of_axis)) {
                for product in products.chunks_exact(width) {
                    add_multiple(row, one(), product);
                }
            }
        }
        Ok(hessian)
    }

    /// Returns the outputs of all points, and their Jacobian matrix.
    pub(super) fn jacobian(
        &mut self,
        parameters: &[T],
    ) -> Result<(Vec<T>, Matrix<T>), ProblemError> {
        self.check(parameters)?;
        let points = self.repeat(parameters, 1);
        let (n, width) = (self.parameters, self.parameters + self.of_datum);
        let results = (self.joined).values_and_jacobians(&[], Points::Rows(&points));
        self.points = points;
        let (values, jacobians) = results?;
        let mut jacobian = Matrix::zeros(values.len(), n);
        let rows = jacobian.entries_mut().chunks_exact_mut(n.max(1));
        for (to, row) in rows.zip(jacobians.chunks_exact(width)) {
            to.copy_from_slice(&row[..n]);
        }
        Ok((values, jacobian))
    }

    /// Returns the points of `joined`, `times` times.
    fn repeat(&mut self, parameters: &[T], times: usize) -> Vec<T> {
        let mut points = std::mem::take(&mut self.points);
        points.clear();
        for _ in 0..times {
            match &self.of_data {
                Some((_, data)) => {
                    for datum in data.chunks_exact(self.of_datum) {
                        points.extend_from_slice(parameters);
                        points.extend_from_slice(datum);
                    }
                }
                None => points.extend_from_slice(parameters),
            }
        }
        points
    }

    fn check(&self, parameters: &[T]) -> Result<(), ProblemError> {
        let (expected, found) = (self.parameters, parameters.len());
        if found == expected {
            Ok(())
        } else {
            Err(ProblemError::Parameters { expected, found })
        }
    }

    /// Checks the parameters, and that the function has one output.
    fn check_single_output(&mut self, parameters: &[T]) -> Result<(), ProblemError> {
        self.check(parameters)?;
        let outputs = match &mut self.of_data {
            Some((program, data)) => program.output_count(parameters, Points::Rows(data))?,
            None => self.joined.output_count(&[], Points::Rows(parameters))?,
        };
        match outputs {
            // There are no points.
            0 | 1 => Ok(()),
            several => Err(ProblemError::Outputs(several)),
        }
    }
}
