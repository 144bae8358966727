//! Linear least squares.

use super::number::{add_scaled, dot};
use super::{Number, Problem, random, uniform};

/// Linear least squares, f(x) = ½ ‖A x − b‖².
///
/// GradBench uses powers tʲ as the entries of A, which underflow for small t. Here they are random, so that no product
/// is slowed down by subnormal numbers.
pub struct LeastSquares {
    /// A, row by row.
    matrix: Vec<f64>,
    observations: Vec<f64>,
    start: Vec<f64>,
}

impl LeastSquares {
    /// Creates a problem with `rows` observations of `columns` unknowns.
    pub fn new(rows: usize, columns: usize, seed: u64) -> Self {
        let random = &mut random(seed);
        LeastSquares {
            matrix: uniform(random, rows * columns, -1.0, 1.0),
            observations: uniform(random, rows, -1.0, 1.0),
            start: uniform(random, columns, -1.0, 1.0),
        }
    }

    /// Each row of A with its observation.
    fn rows(&self) -> impl Iterator<Item = (&[f64], f64)> {
        self.matrix
            .chunks_exact(self.start.len())
            .zip(self.observations.iter().copied())
    }
}

impl Problem for LeastSquares {
    fn name(&self) -> String {
        format!(
            "least_squares {}x{}",
            self.observations.len(),
            self.start.len()
        )
    }

    fn parameters(&self) -> &[f64] {
        &self.start
    }

    fn value<N: Number>(&self, x: &[N]) -> N {
        let residuals: Vec<N> = self
            .rows()
            .map(|(row, observed)| N::dot_constants(x, row) - observed)
            .collect();
        N::squared_norm(&residuals) * 0.5
    }

    fn gradient(&self, x: &[f64], out: &mut [f64]) -> f64 {
        out.fill(0.0);
        let mut value = 0.0;
        for (row, observed) in self.rows() {
            let residual = dot(x, row) - observed;
            value += residual * residual;
            add_scaled(out, residual, row);
        }
        0.5 * value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gradient_matches_differences() {
        crate::scalar_problems::checks::check(&LeastSquares::new(30, 11, 1));
    }
}
