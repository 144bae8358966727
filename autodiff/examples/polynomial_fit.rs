//! Fits a polynomial by gradient descent on one tape, which is reused for every step.

use autodiff::scalar::{Gradients, Tape, Var, linear_combination};

/// The sum of (p(xᵢ) − yᵢ)² over the points, where p is the polynomial with coefficients `k`.
fn cost<'t>(k: &[Var<'t>], points: &[(f64, f64)]) -> Var<'t> {
    let error = |&(x, y): &(f64, f64)| {
        let powers: Vec<f64> = (0..k.len()).map(|j| x.powi(j as i32)).collect();
        linear_combination(&powers, k) - y
    };
    points.iter().map(error).map(Var::square).sum()
}

fn main() {
    // Points on the curve x³ − x.
    let points: Vec<_> = (-10..=10)
        .map(|i| f64::from(i) / 10.0)
        .map(|x| (x, x.powi(3) - x))
        .collect();
    let mut k = [0.5, -0.5, 0.5, -0.5];
    let mut tape = Tape::new();
    let mut gradients = Gradients::default();
    for step in 0..=20_000 {
        tape.reset();
        let variables = tape.vars(k);
        let cost = cost(&variables, &points);
        if step % 5_000 == 0 {
            println!("step {step:5}: cost {:.3e}, k = {k:.4?}", cost.value());
        }
        gradients.update([cost]);
        for (k, variable) in k.iter_mut().zip(variables) {
            *k -= 0.02 * gradients.wrt(variable);
        }
    }
    let exact = [0.0, -1.0, 0.0, 1.0];
    assert!(
        k.iter()
            .zip(exact)
            .all(|(k, exact)| (k - exact).abs() < 1e-6)
    );
}
