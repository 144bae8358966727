//! `saddle`: the saddle point of f(x, y) = |x|² − |y|², by gradient descent in two levels.
//!
//! x* = argmin_x max_y f(x, y), and y* = argmax_y f(x*, y). The gradient of the maximum with respect to x goes through the
//! inner search: it is the derivative of all its steps. The first letter of a function's name is the mode of that outer
//! gradient, the second the mode of the inner gradient with respect to y.

use super::nested::{Differentiator, Mode, Objective};
use crate::call::{Answer, Call};
use crate::descent::{argmax, argmin};
use crate::error::Error;
use autodiff::scalar::Scalar;
use serde::Deserialize;

#[derive(Deserialize)]
struct Input {
    start: [f64; 2],
}

fn f<T: Scalar>(x: [T; 2], y: [T; 2]) -> T {
    (x[0] * x[0] + x[1] * x[1]) - (y[0] * y[0] + y[1] * y[1])
}

/// f(x, ·)
struct At<T>([T; 2]);

impl<T: Scalar> Objective<T, 2> for At<T> {
    fn value<S: Scalar>(&self, y: [S; 2], constant: impl Fn(T) -> S) -> S {
        f(self.0.map(constant), y)
    }
}

/// argmax_y f(x, y)
fn highest<T: Scalar>(mode: Mode, x: [T; 2], start: [f64; 2]) -> [T; 2] {
    let mut differentiator = Differentiator::new(mode);
    let gradient = |y| differentiator.gradient(&At(x), y);
    argmax(|y| f(x, y), gradient, start.map(T::from_f64))
}

/// max_y f(·, y)
struct Max {
    start: [f64; 2],
    mode: Mode,
}

impl Objective<f64, 2> for Max {
    fn value<S: Scalar>(&self, x: [S; 2], _: impl Fn(f64) -> S) -> S {
        f(x, highest(self.mode, x, self.start))
    }
}

pub(super) fn evaluate(call: &Call<'_>) -> Result<Answer, Error> {
    let [outer, inner] = Mode::pair(&call.function).ok_or_else(|| call.unknown())?;
    let Input { start } = call.input()?;
    let max = Max { start, mode: inner };
    let mut differentiator = Differentiator::new(outer);
    call.time(|| {
        let gradient = |x| differentiator.gradient(&max, x);
        let x = argmin(|x| max.value(x, f64::from), gradient, start);
        let y = highest(inner, x, start);
        [x[0], x[1], y[0], y[1]]
    })
}
