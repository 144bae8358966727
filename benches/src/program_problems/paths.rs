//! Functions with branches, which take different paths at different points.

use super::{Points, Problem, Real};
use crate::scalar_problems::{random, uniform};

/// A function of 8 variables with 8 logistic functions σ and two paths:
///
/// m = x₀ s if x₀ > 0, and s − x₀ otherwise, where s = σ(x₀) + … + σ(x₃); f(x) = m + σ(m x₄) + … + σ(m x₇).
pub struct TwoPaths {
    points: Points,
}

impl TwoPaths {
    /// Creates a problem with `points` points, about half of which take each path, in no order.
    pub fn new(points: usize, seed: u64) -> Self {
        TwoPaths {
            points: Points::new(8, uniform(&mut random(seed), points * 8, -2.0, 2.0)),
        }
    }
}

impl Problem<1> for TwoPaths {
    fn name(&self) -> String {
        "two-paths".into()
    }

    fn points(&self) -> &Points {
        &self.points
    }

    fn values<N: Real>(&self, _: &[N], x: &[N]) -> [N; 1] {
        let (before, after) = x.split_at(4);
        let sum: N = before.iter().map(|x| x.sigmoid()).sum();
        let middle = if x[0] > 0.0 { sum * x[0] } else { sum - x[0] };
        let rest: N = after.iter().map(|&x| (middle * x).sigmoid()).sum();
        [middle + rest]
    }

    /// The adjoint of m is 1 + Σ xᵢ σ'(m xᵢ) over the last four variables, and the derivative with respect to these is
    /// m σ'(m xᵢ). The adjoint of s is that of m times x₀ or 1, and the branch adds that of m times s or −1 to the
    /// derivative with respect to x₀. The slope is σ' = σ (1 − σ).
    fn by_hand(&self, x: &[f64], _: &mut Vec<f64>, derivatives: &mut [f64]) -> [f64; 1] {
        use autodiff::Number;
        let (before, after) = x.split_at(4);
        let (before_bars, after_bars) = derivatives.split_at_mut(4);
        let mut sum = 0.0;
        for (x, slope) in before.iter().zip(before_bars.iter_mut()) {
            let y = x.sigmoid();
            sum += y;
            *slope = y * (1.0 - y);
        }
        let (middle, to_sum, to_first) = if x[0] > 0.0 {
            (sum * x[0], x[0], sum)
        } else {
            (sum - x[0], 1.0, -1.0)
        };
        let (mut value, mut middle_bar) = (middle, 1.0);
        for (x, bar) in after.iter().zip(after_bars) {
            let y = (middle * x).sigmoid();
            let slope = y * (1.0 - y);
            value += y;
            middle_bar += x * slope;
            *bar = middle * slope;
        }
        for slope in before_bars.iter_mut() {
            *slope *= middle_bar * to_sum;
        }
        before_bars[0] += middle_bar * to_first;
        [value]
    }
}

/// A function of 5 variables that consists of 5 steps of 4 operations, of which each has two paths: beginning with
/// y = 1, y ← y x + x² − ½ if x > 0, and y ← ½ (y − x) + y x otherwise.
///
/// The signs of a point are the bits of its number, so that each of the first 32 points takes a path of its own.
pub struct ManyPaths {
    points: Points,
}

/// The number of variables of [`ManyPaths`].
const STEPS: usize = 5;

impl ManyPaths {
    /// Creates a problem with `points` points.
    pub fn new(points: usize, seed: u64) -> Self {
        let mut numbers = uniform(&mut random(seed), points * STEPS, 0.25, 1.0);
        for (point, row) in numbers.chunks_exact_mut(STEPS).enumerate() {
            for (bit, x) in row.iter_mut().enumerate() {
                if point >> bit & 1 == 1 {
                    *x = -*x;
                }
            }
        }
        ManyPaths {
            points: Points::new(STEPS, numbers),
        }
    }
}

impl Problem<1> for ManyPaths {
    fn name(&self) -> String {
        format!("many-paths-{}", self.points.count())
    }

    fn points(&self) -> &Points {
        &self.points
    }

    fn values<N: Real>(&self, _: &[N], x: &[N]) -> [N; 1] {
        let step = |y: N, &x: &N| {
            if x > 0.0 {
                y * x + x.square() - 0.5
            } else {
                (y - x) * 0.5 + y * x
            }
        };
        [x.iter().fold(x[0].constant(1.0), step)]
    }

    /// A step has the slopes (x, y + 2 x) with respect to y and x if x > 0, and (½ + x, y − ½) otherwise. The derivative
    /// with respect to a variable is its slope times the product of the slopes of all later steps with respect to y.
    fn by_hand(&self, x: &[f64], _: &mut Vec<f64>, derivatives: &mut [f64]) -> [f64; 1] {
        let mut y = 1.0;
        let mut to_y = [0.0; STEPS];
        for ((&x, to_y), to_x) in x.iter().zip(&mut to_y).zip(derivatives.iter_mut()) {
            if x > 0.0 {
                (*to_y, *to_x) = (x, y + 2.0 * x);
                y = y * x + x * x - 0.5;
            } else {
                (*to_y, *to_x) = (0.5 + x, y - 0.5);
                y = (y - x) * 0.5 + y * x;
            }
        }
        let mut bar = 1.0;
        for (to_y, to_x) in to_y.iter().zip(derivatives).rev() {
            *to_x *= bar;
            bar *= to_y;
        }
        [y]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::program_problems::checks::check;
    use std::collections::BTreeSet;

    #[test]
    fn derivatives_by_hand_are_the_tapes() {
        check(&TwoPaths::new(16, 1), 0);
        check(&ManyPaths::new(20, 1), 0);
    }

    #[test]
    fn both_paths_are_taken() {
        let points = TwoPaths::new(64, 1).points;
        let above = points.rows().filter(|point| point[0] > 0.0).count();
        assert!((16..=48).contains(&above), "{above}");
    }

    #[test]
    fn every_point_has_its_own_path() {
        let points = ManyPaths::new(20, 1).points;
        let signs = |point: &[f64]| point.iter().map(|&x| x > 0.0).collect::<Vec<_>>();
        assert_eq!(points.rows().map(signs).collect::<BTreeSet<_>>().len(), 20);
    }
}
