//! Computes the price of an Asian call option and its Greeks by simulation, with their confidence intervals.
//!
//! The derivative of the mean payoff is the mean of the payoff's derivative along each path. So one path is recorded as
//! a program, and replayed on many. The same is done with the geometric mean of the prices, for which there is a closed
//! form to compare with.

use autodiff::Number;
use autodiff::scalar::program::{Points, Program};
use autodiff::scalar::{Var, value_and_gradient};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;
use std::f64::consts::FRAC_1_SQRT_2;

/// The number of dates at which the price is observed.
const DATES: usize = 16;

/// The spot price, the strike price, the rate, the volatility, and the time to expiry.
const MARKET: [f64; 5] = [100.0, 102.0, 0.03, 0.25, 1.0];

/// The discounted payoff of a path with these normal increments: what the mean of its prices is above the strike price.
fn payoff<'t>(mean: fn(&[Var<'t>]) -> Var<'t>, market: &[Var<'t>], normals: &[Var<'t>]) -> Var<'t> {
    let &[spot, strike, rate, volatility, time] = market else {
        unreachable!("five shared inputs");
    };
    let step = time / DATES as f64;
    let drift = (rate - volatility.square() * 0.5) * step;
    let spread = volatility * step.sqrt();
    let mut growth = Var::constant(0.0);
    let prices = normals.iter().map(|&normal| {
        growth += drift + spread * normal;
        spot * growth.exp()
    });
    let prices: Vec<Var<'t>> = prices.collect();
    (mean(&prices) - strike).max(0.0) * (-rate * time).exp()
}

fn arithmetic_mean<'t>(prices: &[Var<'t>]) -> Var<'t> {
    prices.iter().copied().sum::<Var<'t>>() / prices.len() as f64
}

fn geometric_mean<'t>(prices: &[Var<'t>]) -> Var<'t> {
    let logarithms = prices.iter().map(|price| price.ln());
    (logarithms.sum::<Var<'t>>() / prices.len() as f64).exp()
}

/// The price of the option on the geometric mean, which is log-normal (Kemna and Vorst).
fn geometric_price<N: Number>([spot, strike, rate, volatility, time]: [N; 5]) -> N {
    let n = DATES as f64;
    let c = |x: f64| spot.constant(x);
    let normal = |x: N| (-(x * c(FRAC_1_SQRT_2))).erfc() * c(0.5);
    let drift = (rate - volatility.square() * c(0.5)) * time * c((n + 1.0) / (2.0 * n));
    let variance = volatility.square() * time * c((n + 1.0) * (2.0 * n + 1.0) / (6.0 * n * n));
    let d2 = ((spot / strike).ln() + drift) / variance.sqrt();
    let d1 = d2 + variance.sqrt();
    let forward = spot * (drift + variance * c(0.5)).exp();
    (-rate * time).exp() * (forward * normal(d1) - strike * normal(d2))
}

/// The means of price and derivatives over all paths, each with its standard error. The error is estimated from the
/// means of batches, since a program returns sums.
fn simulate(mean: for<'t> fn(&[Var<'t>]) -> Var<'t>) -> [(f64, f64); 6] {
    const BATCHES: usize = 40;
    const PATHS: usize = 500;
    let mut program = Program::new(5, DATES, |market, normals| {
        vec![payoff(mean, market, normals)]
    });
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let batches: Vec<[f64; 6]> = (0..BATCHES)
        .map(|_| {
            let normals: Vec<f64> = (0..PATHS * DATES)
                .map(|_| rng.sample(StandardNormal))
                .collect();
            let (sum, gradient) = program
                .sum_and_gradient(&MARKET, Points::Columns(&normals))
                .expect("the payoff uses operations of variables only");
            let of_path = |i: usize| if i == 0 { sum } else { gradient[i - 1] };
            std::array::from_fn(|i| of_path(i) / PATHS as f64)
        })
        .collect();
    std::array::from_fn(|i| {
        let n = BATCHES as f64;
        let mean = batches.iter().map(|batch| batch[i]).sum::<f64>() / n;
        let squares = batches.iter().map(|batch| (batch[i] - mean).powi(2));
        (mean, (squares.sum::<f64>() / (n * (n - 1.0))).sqrt())
    })
}

fn main() {
    let names = ["price", "delta", "d/d strike", "rho", "vega", "d/d time"];
    let arithmetic = simulate(arithmetic_mean);
    let geometric = simulate(geometric_mean);
    let (price, slopes) = value_and_gradient(|x| geometric_price(x), MARKET);
    println!("95 % intervals    arithmetic mean     geometric mean  closed form");
    for (i, name) in names.iter().enumerate() {
        let closed = if i == 0 { price } else { slopes[i - 1] };
        let [(a, a_error), (g, g_error)] = [arithmetic[i], geometric[i]];
        println!(
            "{name:10} {a:14.4} ± {:.4} {g:10.4} ± {:.4} {closed:12.4}",
            1.96 * a_error,
            1.96 * g_error,
        );
        assert!((g - closed).abs() < 4.0 * g_error);
        assert!(a_error < 0.05 * a.abs());
    }
    // The payoff doubles with spot and strike price, on every path.
    let [(price, _), (delta, _), (of_strike, _), ..] = arithmetic;
    assert!((price - MARKET[0] * delta - MARKET[1] * of_strike).abs() < 1e-11 * price);
}
