//! Residuals of which each depends on a few of many variables.

use super::Real;
use crate::scalar_problems::{random, uniform};
use autodiff::scalar::{Gradients, Tape};
use rand::RngExt;

/// The number of variables on which a residual depends.
pub const SUPPORT: usize = 12;

/// Residuals of which each is one function of 12 of the variables and of 12 coefficients of its own. Their Jacobian is
/// sparse: a row for each residual, with 12 entries, which are in the order of the residual's [`Self::indices`].
pub struct SparseResiduals {
    x: Vec<f64>,
    indices: Vec<[usize; SUPPORT]>,
    coefficients: Vec<[f64; SUPPORT]>,
}

/// The residual tanh(Σⱼ cⱼ xⱼ) + Σⱼ xⱼ xⱼ₊₁ for 12 variables and 12 coefficients.
pub fn residual<N: Real>(x: &[N; SUPPORT], coefficients: &[N; SUPPORT]) -> N {
    let linear: N = x.iter().zip(coefficients).map(|(&x, &c)| c * x).sum();
    let products: N = x.array_windows().map(|&[x, next]| x * next).sum();
    linear.tanh() + products
}

impl SparseResiduals {
    /// Creates 2,000 residuals of 600 variables.
    pub fn at_full_size(seed: u64) -> Self {
        SparseResiduals::new(2000, 600, seed)
    }

    /// Creates `residuals` residuals of `variables` variables, at a point between −1 and 1.
    ///
    /// # Panics
    /// If there are fewer than 12 variables.
    pub fn new(residuals: usize, variables: usize, seed: u64) -> Self {
        assert!(variables >= SUPPORT, "too few variables");
        let random = &mut random(seed);
        let x = uniform(random, variables, -1.0, 1.0);
        let mut indices = Vec::with_capacity(residuals);
        for _ in 0..residuals {
            let mut chosen = [usize::MAX; SUPPORT];
            for place in 0..SUPPORT {
                chosen[place] = loop {
                    let index = random.random_range(0..variables);
                    if !chosen[..place].contains(&index) {
                        break index;
                    }
                };
            }
            indices.push(chosen);
        }
        let coefficients = uniform(random, residuals * SUPPORT, -0.5, 0.5);
        SparseResiduals {
            x,
            indices,
            coefficients: coefficients.as_chunks().0.to_vec(),
        }
    }

    /// The point at which the residuals are differentiated.
    pub fn x(&self) -> &[f64] {
        &self.x
    }

    /// For each residual, the variables on which it depends.
    pub fn indices(&self) -> &[[usize; SUPPORT]] {
        &self.indices
    }

    /// For each residual, its coefficients.
    pub fn coefficients(&self) -> &[[f64; SUPPORT]] {
        &self.coefficients
    }

    /// The residuals as one function of all variables.
    pub fn residuals<'a, N: Real>(&'a self, x: &'a [N]) -> impl Iterator<Item = N> + 'a {
        let each = self.indices.iter().zip(&self.coefficients);
        each.map(|(indices, coefficients)| {
            let coefficients = coefficients.map(|c| x[0].constant(c));
            residual(&indices.map(|i| x[i]), &coefficients)
        })
    }

    /// Overwrites `rows` with the Jacobian at `x`, and `values` with the residuals, by formulas that are written by hand.
    ///
    /// With t = tanh(Σⱼ cⱼ xⱼ), the entry for the variable xⱼ is (1 − t²) cⱼ + xⱼ₋₁ + xⱼ₊₁, where the neighbours that do
    /// not exist are zero.
    pub fn by_hand(&self, x: &[f64], values: &mut [f64], rows: &mut [[f64; SUPPORT]]) {
        use autodiff::Number;
        let each = self.indices.iter().zip(&self.coefficients);
        for (((indices, c), value), row) in each.zip(values).zip(rows) {
            let x = indices.map(|i| x[i]);
            let (mut linear, mut products) = (0.0, 0.0);
            for j in 0..SUPPORT {
                linear += c[j] * x[j];
            }
            for j in 1..SUPPORT {
                products += x[j - 1] * x[j];
            }
            let squashed = Number::tanh(linear);
            let slope = 1.0 - squashed * squashed;
            *value = squashed + products;
            *row = c.map(|c| slope * c);
            for j in 1..SUPPORT {
                row[j - 1] += x[j];
                row[j] += x[j - 1];
            }
        }
    }

    /// Does the same as [`by_hand`](Self::by_hand) with a recording for each residual.
    pub fn on_tape(
        &self,
        x: &[f64],
        tape: &mut Tape,
        gradients: &mut Gradients,
        values: &mut [f64],
        rows: &mut [[f64; SUPPORT]],
    ) {
        let each = self.indices.iter().zip(&self.coefficients);
        for (((indices, coefficients), value), row) in each.zip(values).zip(rows) {
            tape.reset();
            let x = tape.vars(indices.map(|i| x[i]));
            let output = residual(&x, &coefficients.map(|c| tape.constant(c)));
            gradients.update([output]);
            *row = x.map(|x| gradients.wrt(x));
            *value = output.value();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scalar_problems::disagreement;

    #[test]
    fn derivatives_by_hand_are_the_tapes() {
        let problem = SparseResiduals::new(40, 30, 1);
        let (mut values, mut tape_values) = ([f64::NAN; 40], [f64::NAN; 40]);
        let (mut rows, mut tape_rows) = ([[f64::NAN; SUPPORT]; 40], [[f64::NAN; SUPPORT]; 40]);
        problem.by_hand(problem.x(), &mut values, &mut rows);
        let (mut tape, mut gradients) = (Tape::new(), Gradients::default());
        problem.on_tape(
            problem.x(),
            &mut tape,
            &mut gradients,
            &mut tape_values,
            &mut tape_rows,
        );
        let plain: Vec<f64> = problem.residuals(problem.x()).collect();
        assert!(disagreement(&values, &plain) <= 1e-12);
        assert!(disagreement(&tape_values, &plain) <= 1e-12);
        for (row, tape_row) in rows.iter_mut().zip(&tape_rows) {
            assert!(disagreement(row, tape_row) <= 1e-12);
            row[3] += 1e-9;
            assert!(disagreement(row, tape_row) > 1e-12);
        }
    }

    #[test]
    fn a_residual_depends_on_different_variables() {
        let problem = SparseResiduals::at_full_size(1);
        assert_eq!((problem.x().len(), problem.indices().len()), (600, 2000));
        for indices in problem.indices() {
            let mut sorted = *indices;
            sorted.sort_unstable();
            assert!(sorted.array_windows().all(|[a, b]| a < b));
            assert!(sorted[SUPPORT - 1] < 600);
        }
    }
}
