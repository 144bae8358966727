//! `lse`: y = a + ln Σᵢ exp(xᵢ − a), where a is the largest xᵢ.
//!
//! The gradient is one backward pass over a recording. A function of one variable records nothing, and y does not depend
//! on a, which is a constant here: all that is left on the tape is the sum. With `--literal`, a is one of the variables,
//! as in the reference implementation, and each difference is recorded.

use crate::call::{Answer, Call};
use crate::error::{Error, ensure};
use autodiff::scalar::{Gradients, Scalar, Tape};
use serde::Deserialize;
use std::ops::{Add, Sub};

#[derive(Deserialize)]
struct Input {
    x: Vec<f64>,
}

/// Returns the logarithm, given the largest number, as a plain one or as one of the variables.
fn log_sum_exp<T, A>(x: impl Iterator<Item = T>, largest: A) -> T
where
    T: Scalar + Sub<A, Output = T> + Add<A, Output = T>,
    A: Copy,
{
    x.map(|x| (x - largest).exp()).sum::<T>().ln() + largest
}

/// The first of the largest numbers.
fn largest<T: Scalar>(x: impl Iterator<Item = T>) -> T {
    x.reduce(|a, b| if b > a { b } else { a })
        .unwrap_or_default()
}

pub(super) fn evaluate(call: &Call<'_>) -> Result<Answer, Error> {
    let Input { x } = call.input()?;
    ensure!(!x.is_empty(), "x is empty");
    let values = || x.iter().copied();
    match call.function.as_str() {
        "primal" => call.time(|| log_sum_exp(values(), largest(values()))),
        "gradient" => {
            let (mut tape, mut gradients) = (Tape::new(), Gradients::default());
            let record = |gradient: &mut Vec<f64>| {
                tape.reset();
                let leaves = tape.leaves(&x);
                gradients.update([if call.literal {
                    log_sum_exp(leaves.iter(), largest(leaves.iter()))
                } else {
                    log_sum_exp(leaves.iter(), largest(values()))
                }]);
                gradients.wrt_leaves_into(&leaves, gradient);
            };
            call.time_into(vec![0.0; x.len()], record, |gradient| gradient)
        }
        _ => Err(call.unknown()),
    }
}
