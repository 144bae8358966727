//! Matrices in the paper's convention: columns are samples. The loops are plain and share no code with the tapes.

use std::fmt;
use std::ops::{Add, Mul, Sub};

use autodiff::Tensor;

use super::Scaled;

/// A matrix computed by hand. A vector is a matrix with one column.
#[derive(Clone, Debug, PartialEq)]
pub struct Matrix {
    rows: usize,
    cols: usize,
    entries: Vec<Scaled>,
}

/// An operation on two matrices whose shapes do not fit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Misfit {
    /// The operation.
    pub operation: &'static str,
    /// Rows and columns of the first matrix.
    pub left: (usize, usize),
    /// Rows and columns of the second matrix.
    pub right: (usize, usize),
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Misfit {
            operation,
            left,
            right,
        } = self;
        write!(
            f,
            "{}×{} {operation} {}×{}",
            left.0, left.1, right.0, right.1
        )
    }
}

impl Matrix {
    /// Creates the matrix with the entry `entry(i, j)` in row i and column j.
    pub fn new(rows: usize, cols: usize, mut entry: impl FnMut(usize, usize) -> Scaled) -> Self {
        let entries = (0..rows * cols)
            .map(|n| entry(n / cols, n % cols))
            .collect();
        Matrix {
            rows,
            cols,
            entries,
        }
    }

    /// Creates a vector.
    pub fn column<N: Into<Scaled> + Copy>(numbers: &[N]) -> Self {
        Matrix::new(numbers.len(), 1, |i, _| numbers[i].into())
    }

    /// Converts a tensor of rank 2 to a matrix, or of rank 1 to a vector.
    pub fn of(tensor: &Tensor<f64>) -> Self {
        let rows = tensor.shape()[0];
        let cols = tensor.size() / rows.max(1);
        Matrix::new(rows, cols, |i, j| tensor.data()[i * cols + j].into())
    }

    /// Converts the matrix to a tensor, without the scales.
    pub fn tensor(&self) -> Tensor<f64> {
        Tensor::new([self.rows, self.cols], self.values())
    }

    /// The number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The number of columns.
    pub fn cols(&self) -> usize {
        self.cols
    }

    /// The entries, row by row.
    pub fn entries(&self) -> &[Scaled] {
        &self.entries
    }

    /// The values of the entries, row by row.
    pub fn values(&self) -> Vec<f64> {
        self.entries.iter().map(|entry| entry.value).collect()
    }

    /// The entry in row i and column j, counted from 0.
    pub fn at(&self, i: usize, j: usize) -> Scaled {
        self.entries[i * self.cols + j]
    }

    /// Column j as a vector.
    pub fn col(&self, j: usize) -> Self {
        Matrix::new(self.rows, 1, |i, _| self.at(i, j))
    }

    /// The transpose, Xᵀ.
    pub fn t(&self) -> Self {
        Matrix::new(self.cols, self.rows, |i, j| self.at(j, i))
    }

    /// Applies a function to each entry. Each result is a single term.
    pub fn map(&self, f: impl Fn(f64) -> f64) -> Self {
        Matrix::new(self.rows, self.cols, |i, j| f(self.at(i, j).value).into())
    }

    /// Applies a function to each entry, with scale |f(x)| + |f′(x)| · scale(x): `slope` is f′.
    ///
    /// An activation whose z is a sum with cancellation has a rounding error proportional to the terms of z. Only these
    /// terms count, not the terms that they consist of.
    pub fn through(&self, f: impl Fn(f64) -> f64, slope: impl Fn(f64) -> f64) -> Self {
        Matrix::new(self.rows, self.cols, |i, j| {
            let Scaled { value, scale } = self.at(i, j);
            let result = f(value);
            Scaled {
                value: result,
                scale: result.abs() + slope(value).abs() * scale,
            }
        })
    }

    /// The same values, each as a single term.
    pub fn plain(&self) -> Self {
        self.map(|x| x)
    }

    /// The matrix times a factor.
    pub fn scaled(&self, factor: f64) -> Self {
        Matrix::new(self.rows, self.cols, |i, j| factor * self.at(i, j))
    }

    /// Σ(columns of X), a vector.
    pub fn sum_of_columns(&self) -> Self {
        Matrix::new(self.rows, 1, |i, _| {
            (0..self.cols).map(|j| self.at(i, j)).sum()
        })
    }

    /// The vector repeated as each of N columns: B from b.
    pub fn repeated(&self, columns: usize) -> Self {
        Matrix::new(self.rows, columns, |i, _| self.at(i, 0))
    }

    /// Returns the product X Y.
    ///
    /// # Errors
    ///
    /// If the number of X's columns is not the number of Y's rows.
    pub fn try_times(&self, other: &Matrix) -> Result<Matrix, Misfit> {
        if self.cols != other.rows {
            return Err(self.misfit("times", other));
        }
        Ok(Matrix::new(self.rows, other.cols, |i, j| {
            (0..self.cols).map(|k| self.at(i, k) * other.at(k, j)).sum()
        }))
    }

    /// Returns the product of the entries, X ⊙ Y.
    ///
    /// # Errors
    ///
    /// If the shapes differ.
    pub fn try_hadamard(&self, other: &Matrix) -> Result<Matrix, Misfit> {
        self.entrywise("⊙", other, Mul::mul)
    }

    /// The product of the entries, X ⊙ Y.
    ///
    /// # Panics
    ///
    /// If the shapes differ.
    #[track_caller]
    pub fn hadamard(&self, other: &Matrix) -> Matrix {
        fitting(self.try_hadamard(other))
    }

    fn entrywise(
        &self,
        operation: &'static str,
        other: &Matrix,
        f: impl Fn(Scaled, Scaled) -> Scaled,
    ) -> Result<Matrix, Misfit> {
        if (self.rows, self.cols) != (other.rows, other.cols) {
            return Err(self.misfit(operation, other));
        }
        Ok(Matrix::new(self.rows, self.cols, |i, j| {
            f(self.at(i, j), other.at(i, j))
        }))
    }

    fn misfit(&self, operation: &'static str, other: &Matrix) -> Misfit {
        Misfit {
            operation,
            left: (self.rows, self.cols),
            right: (other.rows, other.cols),
        }
    }
}

#[track_caller]
fn fitting(result: Result<Matrix, Misfit>) -> Matrix {
    match result {
        Ok(matrix) => matrix,
        Err(misfit) => panic!("the shapes do not fit: {misfit}"),
    }
}

/// Implements the operators for matrices by value and by reference, which keeps the formulas readable.
macro_rules! operators {
    ($($Left:ty, $Right:ty;)*) => { $(
        impl Mul<$Right> for $Left {
            type Output = Matrix;

            #[track_caller]
            fn mul(self, other: $Right) -> Matrix {
                fitting(self.try_times(&other))
            }
        }

        impl Add<$Right> for $Left {
            type Output = Matrix;

            #[track_caller]
            fn add(self, other: $Right) -> Matrix {
                fitting(self.entrywise("plus", &other, Add::add))
            }
        }

        impl Sub<$Right> for $Left {
            type Output = Matrix;

            #[track_caller]
            fn sub(self, other: $Right) -> Matrix {
                fitting(self.entrywise("minus", &other, Sub::sub))
            }
        }
    )* };
}
operators! {
    Matrix, Matrix;
    &Matrix, Matrix;
    Matrix, &Matrix;
    &Matrix, &Matrix;
}

impl Mul<Matrix> for f64 {
    type Output = Matrix;

    fn mul(self, matrix: Matrix) -> Matrix {
        matrix.scaled(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_are_correct_and_misfits_name_the_shapes() {
        let x = Matrix::new(2, 3, |i, j| ((3 * i + j) as f64).into());
        let product = &x * x.t();
        assert_eq!(product.values(), [5.0, 14.0, 14.0, 50.0]);
        assert_eq!(x.sum_of_columns().values(), [3.0, 12.0]);
        assert_eq!(x.try_times(&x).unwrap_err().to_string(), "2×3 times 2×3");
        assert_eq!(x.try_hadamard(&x.t()).unwrap_err().to_string(), "2×3 ⊙ 3×2");
    }
}
