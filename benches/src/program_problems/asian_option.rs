//! The price of an option on a mean, by simulation.

use super::{Points, Problem, Real};
use crate::scalar_problems::{random, uniform};
use std::f64::consts::TAU;

/// The discounted payoff of an Asian call option on the arithmetic mean of a simulated price, summed over the simulated
/// paths, with its derivatives with respect to the five shared inputs (the pathwise Greeks).
///
/// The shared inputs are the initial price (spot) S, the strike K, the interest rate r, the volatility σ and the maturity
/// T. A point is a path: 16 numbers zⱼ, drawn from the standard normal distribution. The price after step j is
/// Sⱼ = Sⱼ₋₁ exp((r − σ²/2) h + σ √h zⱼ) with h = T/16, and the output is e^(−rT) max(mean of the Sⱼ − K, 0).
pub struct AsianOption {
    shared: [f64; 5],
    points: Points,
}

/// The number of steps of a path.
const STEPS: usize = 16;

impl AsianOption {
    /// Creates a problem with `points` paths.
    pub fn new(points: usize, seed: u64) -> Self {
        let random = &mut random(seed);
        // The transformation of Box and Muller, from numbers that are not 0.
        let radii = uniform(random, points * STEPS, f64::MIN_POSITIVE, 1.0);
        let angles = uniform(random, points * STEPS, 0.0, TAU);
        let normal = |(radius, angle): (&f64, &f64)| (-2.0 * radius.ln()).sqrt() * angle.cos();
        AsianOption {
            shared: [100.0, 98.0, 0.03, 0.25, 1.5],
            points: Points::new(STEPS, radii.iter().zip(&angles).map(normal).collect()),
        }
    }
}

impl Problem<1> for AsianOption {
    fn name(&self) -> String {
        "asian-option".into()
    }

    fn shared(&self) -> &[f64] {
        &self.shared
    }

    fn points(&self) -> &Points {
        &self.points
    }

    fn values<N: Real>(&self, shared: &[N], normals: &[N]) -> [N; 1] {
        let &[spot, strike, rate, volatility, maturity] = shared else {
            panic!("five shared inputs are expected");
        };
        let step = maturity / STEPS as f64;
        let drift = (rate - volatility.square() / 2.0) * step;
        let spread = volatility * step.sqrt();
        let mut price = spot;
        let prices = normals.iter().map(|&normal| {
            price = price * (spread * normal + drift).exp();
            price
        });
        let mean = prices.sum::<N>() / STEPS as f64;
        [(mean - strike).relu() * (-rate * maturity).exp()]
    }

    /// With Wⱼ = z₁ + … + zⱼ, the price after step j is Sⱼ = S exp((r − σ²/2) j h + σ √h Wⱼ). So
    ///
    /// ∂Sⱼ/∂S = Sⱼ/S, ∂Sⱼ/∂r = j h Sⱼ, ∂Sⱼ/∂σ = (√h Wⱼ − σ j h) Sⱼ, ∂Sⱼ/∂h = ((r − σ²/2) j + σ Wⱼ / (2 √h)) Sⱼ,
    ///
    /// and the derivatives of the mean follow from the sums of Sⱼ, j Sⱼ and Wⱼ Sⱼ. Where the mean does not exceed the
    /// strike, all derivatives are zero.
    fn by_hand(&self, normals: &[f64], _: &mut Vec<f64>, derivatives: &mut [f64]) -> [f64; 1] {
        let [spot, strike, rate, volatility, maturity] = self.shared;
        let steps = STEPS as f64;
        let step = maturity / steps;
        let root = step.sqrt();
        let growth = rate - 0.5 * volatility * volatility;
        let (drift, spread) = (growth * step, volatility * root);
        let (mut price, mut time, mut walk) = (spot, 0.0, 0.0);
        let (mut sum, mut sum_by_time, mut sum_by_walk) = (0.0, 0.0, 0.0);
        for normal in normals {
            price *= (spread * normal + drift).exp();
            time += 1.0;
            walk += normal;
            sum += price;
            sum_by_time += time * price;
            sum_by_walk += walk * price;
        }
        let discount = (-rate * maturity).exp();
        let gain = sum / steps - strike;
        if gain <= 0.0 {
            return [0.0];
        }
        let value = discount * gain;
        let scale = discount / steps;
        derivatives[0] += scale * sum / spot;
        derivatives[1] -= discount;
        derivatives[2] += scale * step * sum_by_time - maturity * value;
        derivatives[3] += scale * (root * sum_by_walk - volatility * step * sum_by_time);
        let to_step = growth * sum_by_time + 0.5 * volatility / root * sum_by_walk;
        derivatives[4] += scale * to_step / steps - rate * value;
        [value]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn derivatives_by_hand_are_the_tapes() {
        let problem = AsianOption::new(32, 1);
        let pays = |point: &&[f64]| problem.values(&problem.shared, point)[0] > 0.0;
        let paying = problem.points.rows().filter(pays).count();
        assert!((1..32).contains(&paying), "{paying} paths pay");
        crate::program_problems::checks::check(&problem, 0);
    }

    #[test]
    fn the_normals_have_mean_0_and_variance_1() {
        let problem = AsianOption::new(1024, 1);
        let normals = problem.points.numbers();
        let count = normals.len() as f64;
        let mean = normals.iter().sum::<f64>() / count;
        let square = normals.iter().map(|z| z * z).sum::<f64>() / count;
        assert!(
            mean.abs() < 0.03 && (square - 1.0).abs() < 0.05,
            "{mean} {square}"
        );
    }
}
