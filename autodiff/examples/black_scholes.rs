//! Computes the price of a European call option (Black and Scholes) and its Greeks, and compares the Greeks with their
//! closed forms.

use autodiff::Number;
use autodiff::scalar::{hessian, value_and_gradient};
use std::f64::consts::{FRAC_1_SQRT_2, PI};

/// The cumulative distribution function of the standard normal distribution.
fn normal<N: Number>(x: N) -> N {
    (-(x * x.constant(FRAC_1_SQRT_2))).erfc() * x.constant(0.5)
}

/// The price of a call on a stock that costs `spot`, with the strike price `strike` and the time to expiry `time`.
fn call<N: Number>([spot, strike, time, volatility, rate]: [N; 5]) -> N {
    let spread = volatility * time.sqrt();
    let d1 =
        ((spot / strike).ln() + (rate + volatility.square() * rate.constant(0.5)) * time) / spread;
    spot * normal(d1) - strike * (-rate * time).exp() * normal(d1 - spread)
}

fn main() {
    let x = [100.0, 105.0, 0.75, 0.2, 0.03];
    let (price, [delta, _, theta, vega, rho]) = value_and_gradient(|x| call(x), x);
    let second = hessian(|x| call(x), x);

    let [spot, strike, time, volatility, rate] = x;
    let spread = volatility * time.sqrt();
    let d1 = ((spot / strike).ln() + (rate + volatility * volatility / 2.0) * time) / spread;
    let (d2, density) = (d1 - spread, (-d1 * d1 / 2.0).exp() / (2.0 * PI).sqrt());
    let discounted = strike * (-rate * time).exp();
    let greeks = [
        ("delta", delta, normal(d1)),
        ("gamma", second[0][0], density / (spot * spread)),
        ("vega", vega, spot * density * time.sqrt()),
        (
            "theta",
            -theta,
            -spot * density * volatility / (2.0 * time.sqrt()) - rate * discounted * normal(d2),
        ),
        ("rho", rho, discounted * time * normal(d2)),
        ("vanna", second[0][3], -density * d2 / volatility),
        (
            "volga",
            second[3][3],
            spot * density * time.sqrt() * d1 * d2 / volatility,
        ),
    ];
    println!("price {price:.6}");
    for (name, tape, closed) in greeks {
        println!(
            "{name:6} {tape:12.8}, closed form {closed:12.8}, apart by {:.0e}",
            (tape - closed).abs()
        );
        assert!((tape - closed).abs() <= 1e-12 * closed.abs().max(1.0));
    }
}
