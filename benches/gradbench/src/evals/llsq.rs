//! `llsq`: least squares, y(x) = ½ Σᵢ (sᵢ − Σⱼ xⱼ tᵢʲ)², with tᵢ = −1 + 2 i / (n − 1) and sᵢ = sign tᵢ.
//!
//! The inner sum is a linear combination with the constants tᵢʲ, one node of the tape. The gradient of a sum is the sum
//! of the gradients of its terms: a few rows at a time are recorded on the same small tape, which stays in the cache.

use crate::call::{Answer, Call};
use crate::error::Error;
use autodiff::scalar::{Scalar, Tape};
use serde::Deserialize;
use std::ops::Range;

#[derive(Deserialize)]
struct Input {
    x: Vec<f64>,
    n: usize,
}

/// The rows that are recorded at a time.
const ROWS: usize = 32;

/// Returns tᵢ.
fn place(i: usize, n: usize) -> f64 {
    -1.0 + 2.0 * i as f64 / (n as f64 - 1.0)
}

/// Returns the sign of a number, 0 for 0.
fn sign(t: f64) -> f64 {
    f64::from(i8::from(t > 0.0) - i8::from(t < 0.0))
}

/// Writes the powers t⁰, t¹, … into a slice.
fn write_powers(t: f64, into: &mut [f64]) {
    // Several powers at a time, so that no product waits for the one before it.
    let mut powers = [1.0; 8];
    for j in 1..8 {
        powers[j] = powers[j - 1] * t;
    }
    let step = powers[7] * t;
    let (eights, rest) = into.as_chunks_mut();
    for into in eights {
        *into = powers;
        powers = powers.map(|power| power * step);
    }
    rest.copy_from_slice(&powers[..rest.len()]);
}

/// Returns the terms of y in some rows. `powers` is memory for the powers of a row.
fn cost<T: Scalar<Plain = f64>>(rows: Range<usize>, n: usize, x: &[T], powers: &mut [f64]) -> T {
    let squares = rows.map(|i| {
        let t = place(i, n);
        write_powers(t, powers);
        (T::linear_combination(powers, x) - sign(t)).square()
    });
    squares.sum::<T>() * 0.5
}

/// Returns y by the operations of the reference implementation.
fn literal_cost<T: Scalar<Plain = f64>>(n: usize, x: &[T]) -> T {
    let mut sum = T::from_f64(0.0);
    for i in 0..n {
        let t = place(i, n);
        let mut residual = T::from_f64(sign(t));
        let mut power = 1.0;
        for &x in x {
            residual -= x * power;
            power *= t;
        }
        sum += residual * residual;
    }
    sum * 0.5
}

pub(super) fn evaluate(call: &Call<'_>) -> Result<Answer, Error> {
    let Input { x, n } = call.input()?;
    let mut tape = Tape::new();
    let mut powers = vec![0.0; x.len()];
    let mut of_rows = vec![0.0; x.len()];
    match call.function.as_str() {
        "primal" => call.time(|| cost(0..n, n, &x, &mut powers)),
        "gradient" if call.literal => call.time(|| tape.gradient(|x| literal_cost(n, x), &x)),
        "gradient" => call.time(|| {
            let mut gradient = vec![0.0; x.len()];
            for start in (0..n).step_by(ROWS) {
                let rows = start..n.min(start + ROWS);
                tape.value_and_gradient_into(|x| cost(rows, n, x, &mut powers), &x, &mut of_rows);
                for (sum, term) in gradient.iter_mut().zip(&of_rows) {
                    *sum += term;
                }
            }
            gradient
        }),
        _ => Err(call.unknown()),
    }
}
