//! A differential equation, integrated by the classical Runge–Kutta method.

use super::{Number, Problem, random, uniform};

/// The time to which the equation is integrated.
const END: f64 = 2.0;

/// The differential equation y₀' = x₀, yᵢ' = xᵢ yᵢ₋₁ with y = 0 at the start, integrated to time 2 in steps of the
/// classical Runge–Kutta method. The value is the last component at that time, which is close to Πᵢ xᵢ · 2ⁿ/n!.
///
/// The parameters xᵢ are near (i + 1)/2, which makes the value about 1; GradBench's are near 1.
pub struct Ode {
    steps: usize,
    start: Vec<f64>,
}

impl Ode {
    /// Creates a problem with `components` equations and parameters, integrated in `steps` steps.
    pub fn new(components: usize, steps: usize, seed: u64) -> Self {
        let factors = uniform(&mut random(seed), components, 0.8, 1.2);
        let start = factors
            .iter()
            .enumerate()
            .map(|(i, factor)| factor * (i + 1) as f64 / END)
            .collect();
        Ode { steps, start }
    }

    /// The step size h.
    fn step(&self) -> f64 {
        END / self.steps as f64
    }
}

/// Writes the right-hand side of the equation at y to `slope`.
fn right_hand_side<N: Number>(x: &[N], y: &[N], slope: &mut [N]) {
    slope[0] = x[0];
    for ((slope, &x), &y) in slope[1..].iter_mut().zip(&x[1..]).zip(y) {
        *slope = x * y;
    }
}

/// Writes y + h k to `out`.
fn advance<N: Number>(y: &[N], h: f64, k: &[N], out: &mut [N]) {
    for ((out, &y), &k) in out.iter_mut().zip(y).zip(k) {
        *out = y + k * h;
    }
}

impl Problem for Ode {
    fn name(&self) -> String {
        format!("ode n={} s={}", self.start.len(), self.steps)
    }

    fn parameters(&self) -> &[f64] {
        &self.start
    }

    fn value<N: Number>(&self, x: &[N]) -> N {
        let h = self.step();
        let weights = [h / 6.0, h / 3.0, h / 3.0, h / 6.0];
        let zeros = vec![x[0].constant(0.0); x.len()];
        let mut y = zeros.clone();
        let mut moved = zeros.clone();
        let [mut k1, mut k2, mut k3, mut k4] = [zeros.clone(), zeros.clone(), zeros.clone(), zeros];
        for _ in 0..self.steps {
            right_hand_side(x, &y, &mut k1);
            advance(&y, h / 2.0, &k1, &mut moved);
            right_hand_side(x, &moved, &mut k2);
            advance(&y, h / 2.0, &k2, &mut moved);
            right_hand_side(x, &moved, &mut k3);
            advance(&y, h, &k3, &mut moved);
            right_hand_side(x, &moved, &mut k4);
            for (i, y) in y.iter_mut().enumerate() {
                *y = *y + N::dot_constants(&[k1[i], k2[i], k3[i], k4[i]], &weights);
            }
        }
        y[x.len() - 1]
    }

    fn gradient(&self, x: &[f64], out: &mut [f64]) -> f64 {
        let n = x.len();
        let h = self.step();
        // The four points in each step at which the right-hand side is evaluated.
        let mut points = vec![0.0; self.steps * 4 * n];
        let mut y = vec![0.0; n];
        let [mut k1, mut k2, mut k3, mut k4] = [y.clone(), y.clone(), y.clone(), y.clone()];
        for points in points.chunks_exact_mut(4 * n) {
            let (p1, points) = points.split_at_mut(n);
            let (p2, points) = points.split_at_mut(n);
            let (p3, p4) = points.split_at_mut(n);
            p1.copy_from_slice(&y);
            right_hand_side(x, p1, &mut k1);
            advance(&y, h / 2.0, &k1, p2);
            right_hand_side(x, p2, &mut k2);
            advance(&y, h / 2.0, &k2, p3);
            right_hand_side(x, p3, &mut k3);
            advance(&y, h, &k3, p4);
            right_hand_side(x, p4, &mut k4);
            for i in 0..n {
                y[i] += (k1[i] + 2.0 * (k2[i] + k3[i]) + k4[i]) * (h / 6.0);
            }
        }

        out.fill(0.0);
        let mut y_bar = vec![0.0; n];
        let [mut before_bar, mut point_bar] = [y_bar.clone(), y_bar.clone()];
        y_bar[n - 1] = 1.0;
        // In reverse order: each stage's weight in the update, and the step along its slope to the next stage.
        let stages = [
            (h / 6.0, 0.0),
            (h / 3.0, h),
            (h / 3.0, h / 2.0),
            (h / 6.0, h / 2.0),
        ];
        for points in points.chunks_exact(4 * n).rev() {
            before_bar.copy_from_slice(&y_bar);
            for (point, (weight, distance)) in points.chunks_exact(n).rev().zip(stages) {
                let slope_bar =
                    |i: usize, point_bar: &[f64]| weight * y_bar[i] + distance * point_bar[i];
                out[0] += slope_bar(0, &point_bar);
                // `point_bar` belongs to the next stage when it is read, and to this stage when it is written.
                for i in 1..n {
                    let slope_bar = slope_bar(i, &point_bar);
                    out[i] += slope_bar * point[i - 1];
                    point_bar[i - 1] = slope_bar * x[i];
                    before_bar[i - 1] += point_bar[i - 1];
                }
                point_bar[n - 1] = 0.0;
            }
            std::mem::swap(&mut y_bar, &mut before_bar);
        }
        y[n - 1]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gradient_matches_differences() {
        crate::scalar_problems::checks::check(&Ode::new(5, 8, 1));
    }

    #[test]
    fn value_is_close_to_the_exact_solution() {
        let problem = Ode::new(5, 1000, 1);
        let x = problem.parameters();
        let exact = x
            .iter()
            .enumerate()
            .fold(1.0, |product, (i, x)| product * x * END / (i + 1) as f64);
        assert!((problem.value(x) - exact).abs() < 1e-9 * exact);
    }
}
