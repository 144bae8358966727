//! The likelihood of a Gaussian mixture.

use super::number::{add_scaled, dot, softmax_in_place};
use super::{Number, Problem, random, uniform};
use std::f64::consts::{LN_2, PI};

/// The logarithm of the likelihood of `n` points under a mixture of `k` Gaussians in `d` dimensions, with a Wishart
/// prior on the inverse covariances: the objective of ADBench,
///
/// f = Σᵢ ln Σ꜀ exp(α꜀ + Σⱼ q꜀ⱼ − ½ ‖F꜀ (μ꜀ − pᵢ)‖²) − n ln Σ꜀ exp α꜀ + ln prior,
///
/// where F꜀ is lower triangular with e^q on its diagonal, and ln prior = Σ꜀ (m Σⱼ q꜀ⱼ − ½ γ² ‖F꜀‖²), both up to
/// constants, which the value contains.
///
/// The parameters are α (k), μ (k×d), q (k×d), and the strictly lower triangles of the F꜀, each row by row.
pub struct Gmm {
    dimensions: usize,
    components: usize,
    points: Vec<f64>,
    start: Vec<f64>,
}

/// The prior's γ.
const WISHART_GAMMA: f64 = 1.0;
/// The prior's m.
const WISHART_M: u32 = 2;

/// The parameters, split by meaning.
struct Parameters<'a, N> {
    alpha: &'a [N],
    mu: &'a [N],
    q: &'a [N],
    lower: &'a [N],
}

impl Gmm {
    /// Creates a problem with `points` points and `components` Gaussians in `dimensions` dimensions.
    pub fn new(dimensions: usize, components: usize, points: usize, seed: u64) -> Self {
        let random = &mut random(seed);
        let per_component = 1 + 2 * dimensions + dimensions * (dimensions - 1) / 2;
        Gmm {
            dimensions,
            components,
            points: uniform(random, points * dimensions, -1.5, 1.5),
            start: uniform(random, components * per_component, -1.0, 1.0),
        }
    }

    fn split<'a, N>(&self, x: &'a [N]) -> Parameters<'a, N> {
        let (alpha, x) = x.split_at(self.components);
        let (mu, x) = x.split_at(self.components * self.dimensions);
        let (q, lower) = x.split_at(self.components * self.dimensions);
        Parameters {
            alpha,
            mu,
            q,
            lower,
        }
    }

    /// The number of entries of a triangle F.
    fn triangle(&self) -> usize {
        self.dimensions * (self.dimensions + 1) / 2
    }

    /// The triangles F꜀ one after the other, row by row. Each row ends with the diagonal.
    fn factors<N: Number>(&self, q: &[N], lower: &[N]) -> Vec<N> {
        let mut factors = Vec::with_capacity(self.components * self.triangle());
        let mut lower = lower.iter();
        for q in q.chunks_exact(self.dimensions) {
            for (row, q) in q.iter().enumerate() {
                factors.extend(lower.by_ref().take(row));
                factors.push(q.exp());
            }
        }
        factors
    }

    /// The terms of the value that do not depend on the parameters.
    fn constant(&self) -> f64 {
        let d = self.dimensions as f64;
        let samples = (self.points.len() / self.dimensions) as f64;
        let freedom = self.dimensions as u32 + WISHART_M + 1;
        // The logarithm of the multivariate gamma function of half the degrees of freedom.
        let ln_gamma: f64 = (0..self.dimensions as u32)
            .map(|j| ln_gamma_of_half(freedom - j))
            .sum();
        let ln_gamma = ln_gamma + d * (d - 1.0) / 4.0 * PI.ln();
        let prior = f64::from(freedom) * d * (WISHART_GAMMA.ln() - 0.5 * LN_2) - ln_gamma;
        self.components as f64 * prior - samples * d * 0.5 * (2.0 * PI).ln()
    }
}

/// ln Γ(n/2) for n ≥ 1, by Γ(x + 1) = x Γ(x).
fn ln_gamma_of_half(n: u32) -> f64 {
    match n {
        1 => 0.5 * PI.ln(),
        2 => 0.0,
        _ => ln_gamma_of_half(n - 2) + (f64::from(n - 2) / 2.0).ln(),
    }
}

impl Problem for Gmm {
    fn name(&self) -> String {
        format!(
            "gmm d={} k={} n={}",
            self.dimensions,
            self.components,
            self.points.len() / self.dimensions
        )
    }

    fn parameters(&self) -> &[f64] {
        &self.start
    }

    fn value<N: Number>(&self, x: &[N]) -> N {
        let d = self.dimensions;
        let Parameters {
            alpha,
            mu,
            q,
            lower,
        } = self.split(x);
        let q_sums: Vec<N> = q
            .chunks_exact(d)
            .map(|q| N::sum(q.iter().copied()))
            .collect();
        let heights: Vec<N> = alpha
            .iter()
            .zip(&q_sums)
            .map(|(&alpha, &q_sum)| alpha + q_sum)
            .collect();
        let factors = self.factors(q, lower);

        let mut centred = Vec::with_capacity(d);
        let mut scaled = Vec::with_capacity(d);
        let mut exponents = Vec::with_capacity(self.components);
        let mut likelihoods = Vec::with_capacity(self.points.len() / d);
        for point in self.points.chunks_exact(d) {
            exponents.clear();
            for (c, factor) in factors.chunks_exact(self.triangle()).enumerate() {
                centred.clear();
                centred.extend(mu[c * d..][..d].iter().zip(point).map(|(&mu, &p)| mu - p));
                scaled.clear();
                let mut rest = factor;
                for length in 1..=d {
                    let (row, below) = rest.split_at(length);
                    scaled.push(N::dot(row, &centred[..length]));
                    rest = below;
                }
                exponents.push(heights[c] - N::squared_norm(&scaled) * 0.5);
            }
            likelihoods.push(N::log_sum_exp(&exponents));
        }

        let samples = likelihoods.len() as f64;
        let likelihood = N::sum(likelihoods.into_iter()) - N::log_sum_exp(alpha) * samples;
        let prior = N::sum(q_sums.into_iter()) * f64::from(WISHART_M)
            - N::squared_norm(&factors) * (0.5 * WISHART_GAMMA * WISHART_GAMMA);
        likelihood + prior + self.constant()
    }

    fn gradient(&self, x: &[f64], out: &mut [f64]) -> f64 {
        let (d, k, triangle) = (self.dimensions, self.components, self.triangle());
        let Parameters {
            alpha,
            mu,
            q,
            lower,
        } = self.split(x);
        let q_sums: Vec<f64> = q.chunks_exact(d).map(|q| q.iter().sum()).collect();
        let factors = self.factors(q, lower);

        let (alpha_bar, rest) = out.split_at_mut(k);
        let (mu_bar, rest) = rest.split_at_mut(k * d);
        let (q_bar, lower_bar) = rest.split_at_mut(k * d);
        alpha_bar.fill(0.0);
        mu_bar.fill(0.0);
        let mut factors_bar = vec![0.0; factors.len()];

        let mut centred = vec![0.0; k * d];
        let mut scaled = vec![0.0; k * d];
        // The exponents of the components, then their responsibilities for the point.
        let mut shares = vec![0.0; k];
        let mut value = self.constant();
        for point in self.points.chunks_exact(d) {
            for c in 0..k {
                let own = c * d..(c + 1) * d;
                let centred = &mut centred[own.clone()];
                for ((centred, mu), p) in centred.iter_mut().zip(&mu[own.clone()]).zip(point) {
                    *centred = mu - p;
                }
                let scaled = &mut scaled[own];
                let mut rest = &factors[c * triangle..][..triangle];
                for (row, scaled) in scaled.iter_mut().enumerate() {
                    let (entries, below) = rest.split_at(row + 1);
                    *scaled = dot(entries, &centred[..=row]);
                    rest = below;
                }
                shares[c] = alpha[c] + q_sums[c] - 0.5 * dot(scaled, scaled);
            }
            value += softmax_in_place(&mut shares);

            for c in 0..k {
                alpha_bar[c] += shares[c];
                let centred = &centred[c * d..][..d];
                let mu_bar = &mut mu_bar[c * d..][..d];
                let mut start = c * triangle;
                for (row, scaled) in scaled[c * d..][..d].iter().enumerate() {
                    let entries = start..start + row + 1;
                    let scaled_bar = -shares[c] * scaled;
                    add_scaled(
                        &mut factors_bar[entries.clone()],
                        scaled_bar,
                        &centred[..=row],
                    );
                    add_scaled(mu_bar, scaled_bar, &factors[entries.clone()]);
                    start = entries.end;
                }
            }
        }

        let m = f64::from(WISHART_M);
        value += m * q_sums.iter().sum::<f64>()
            - 0.5 * WISHART_GAMMA * WISHART_GAMMA * dot(&factors, &factors);
        add_scaled(&mut factors_bar, -WISHART_GAMMA * WISHART_GAMMA, &factors);
        let mut lower_bar = lower_bar.iter_mut();
        let mut entries = factors.iter().zip(&factors_bar);
        for (c, q_bar) in q_bar.chunks_exact_mut(d).enumerate() {
            for (row, q_bar) in q_bar.iter_mut().enumerate() {
                for (lower_bar, (_, bar)) in lower_bar.by_ref().take(row).zip(entries.by_ref()) {
                    *lower_bar = *bar;
                }
                let (diagonal, bar) = entries.next().expect("a diagonal entry ends each row");
                *q_bar = alpha_bar[c] + m + diagonal * bar;
            }
        }
        let samples = (self.points.len() / d) as f64;
        let mut prior_shares = alpha.to_vec();
        value -= samples * softmax_in_place(&mut prior_shares);
        add_scaled(alpha_bar, -samples, &prior_shares);
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gradient_matches_differences() {
        crate::scalar_problems::checks::check(&Gmm::new(3, 4, 7, 1));
    }

    #[test]
    fn logarithms_of_the_gamma_function() {
        // Γ(5/2) = ¾ √π, Γ(3) = 2.
        assert!((ln_gamma_of_half(5) - (0.75 * PI.sqrt()).ln()).abs() < 1e-15);
        assert!((ln_gamma_of_half(6) - LN_2).abs() < 1e-15);
    }
}
