//! A reaction–diffusion equation, integrated by the classical Runge–Kutta method.

use super::{Points, Problem, Real};
use crate::scalar_problems::{random, uniform};

/// Fisher's equation on a ring of 20 cells, yᵢ' = d (yᵢ₋₁ − 2 yᵢ + yᵢ₊₁) + ρ yᵢ (1 − yᵢ), integrated in 100 steps of the
/// classical Runge–Kutta method. A point is the state at the start, the output is Σᵢ yᵢ² at the end, and the gradient is
/// with respect to the state at the start.
pub struct Diffusion {
    points: Points,
}

const CELLS: usize = 20;
const STEPS: usize = 100;

/// The step size h.
const STEP: f64 = 0.02;

/// The coefficient d.
const DIFFUSION: f64 = 0.8;

/// The coefficient ρ.
const REACTION: f64 = 1.5;

/// The state of the ring.
type State<N> = [N; CELLS];

/// The right-hand side of the equation at y.
#[inline]
fn right_hand_side<N: Real>(y: &State<N>) -> State<N> {
    std::array::from_fn(|i| {
        let neighbours = y[(i + CELLS - 1) % CELLS] + y[(i + 1) % CELLS];
        (neighbours - y[i] * 2.0) * DIFFUSION + (y[i] - y[i].square()) * REACTION
    })
}

/// y + h k.
#[inline]
fn advanced<N: Real>(y: &State<N>, h: f64, k: &State<N>) -> State<N> {
    std::array::from_fn(|i| y[i] + k[i] * h)
}

/// The product of the transposed Jacobian of the right-hand side at y and a vector. The Jacobian is symmetric: the
/// matrix of the diffusion plus the diagonal ρ (1 − 2 yᵢ).
#[inline]
fn pulled_back(y: &State<f64>, adjoint: &State<f64>) -> State<f64> {
    std::array::from_fn(|i| {
        let neighbours = adjoint[(i + CELLS - 1) % CELLS] + adjoint[(i + 1) % CELLS];
        let own = REACTION * (1.0 - 2.0 * y[i]) - 2.0 * DIFFUSION;
        DIFFUSION * neighbours + own * adjoint[i]
    })
}

impl Diffusion {
    /// Creates a problem with `points` states, whose entries are between 0 and 1.
    pub fn new(points: usize, seed: u64) -> Self {
        Diffusion {
            points: Points::new(CELLS, uniform(&mut random(seed), points * CELLS, 0.0, 1.0)),
        }
    }
}

impl Problem<1> for Diffusion {
    fn name(&self) -> String {
        "ode".into()
    }

    fn points(&self) -> &Points {
        &self.points
    }

    fn values<N: Real>(&self, _: &[N], start: &[N]) -> [N; 1] {
        let mut y: State<N> = start.try_into().expect("a number for each cell");
        for _ in 0..STEPS {
            let k1 = right_hand_side(&y);
            let k2 = right_hand_side(&advanced(&y, STEP / 2.0, &k1));
            let k3 = right_hand_side(&advanced(&y, STEP / 2.0, &k2));
            let k4 = right_hand_side(&advanced(&y, STEP, &k3));
            for i in 0..CELLS {
                y[i] = y[i] + (k1[i] + (k2[i] + k3[i]) * 2.0 + k4[i]) * (STEP / 6.0);
            }
        }
        [y.iter().map(|y| y.square()).sum()]
    }

    /// The forward pass stores the four states p₁ … p₄ in each step at which the right-hand side is evaluated. In the
    /// backward pass, ȳ is the adjoint of the state after the step. The slope kⱼ has the adjoint
    /// k̄ⱼ = wⱼ ȳ + dⱼ p̄ⱼ₊₁, where w = (h/6, h/3, h/3, h/6) are the weights of the method and d = (h/2, h/2, h) the
    /// distances to the next state, and with the Jacobian J of the right-hand side p̄ⱼ = J(pⱼ)ᵀ k̄ⱼ. The adjoint of
    /// the state before the step is ȳ + p̄₁ + p̄₂ + p̄₃ + p̄₄.
    fn by_hand(&self, start: &[f64], scratch: &mut Vec<f64>, derivatives: &mut [f64]) -> [f64; 1] {
        scratch.resize(STEPS * 4 * CELLS, 0.0);
        let stages = scratch.as_chunks_mut::<CELLS>().0.as_chunks_mut::<4>().0;
        let mut y: State<f64> = start.try_into().expect("a number for each cell");
        for [p1, p2, p3, p4] in stages.iter_mut() {
            *p1 = y;
            let k1 = right_hand_side(p1);
            *p2 = advanced(&y, STEP / 2.0, &k1);
            let k2 = right_hand_side(p2);
            *p3 = advanced(&y, STEP / 2.0, &k2);
            let k3 = right_hand_side(p3);
            *p4 = advanced(&y, STEP, &k3);
            let k4 = right_hand_side(p4);
            for i in 0..CELLS {
                y[i] += (k1[i] + (k2[i] + k3[i]) * 2.0 + k4[i]) * (STEP / 6.0);
            }
        }

        let mut bar = y.map(|y| 2.0 * y);
        for [p1, p2, p3, p4] in stages.iter().rev() {
            let adjoint = |weight: f64, distance: f64, next: &State<f64>| {
                std::array::from_fn(|i| weight * bar[i] + distance * next[i])
            };
            let p4 = pulled_back(p4, &bar.map(|bar| STEP / 6.0 * bar));
            let p3 = pulled_back(p3, &adjoint(STEP / 3.0, STEP, &p4));
            let p2 = pulled_back(p2, &adjoint(STEP / 3.0, STEP / 2.0, &p3));
            let p1 = pulled_back(p1, &adjoint(STEP / 6.0, STEP / 2.0, &p2));
            for i in 0..CELLS {
                bar[i] += (p1[i] + p2[i]) + (p3[i] + p4[i]);
            }
        }
        derivatives.copy_from_slice(&bar);
        [y.iter().map(|y| y * y).sum()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn derivatives_by_hand_are_the_tapes() {
        crate::program_problems::checks::check(&Diffusion::new(3, 1), 0);
    }

    #[test]
    fn a_uniform_state_follows_the_logistic_curve() {
        let start = 0.2_f64;
        let [value] = Diffusion::new(1, 1).values(&[], &[start; CELLS]);
        let end = STEP * STEPS as f64;
        let exact = start / (start + (1.0 - start) * (-REACTION * end).exp());
        assert!((value - CELLS as f64 * exact * exact).abs() < 1e-7);
    }
}
