//! `hello`: the square of a number, and its derivative in forward mode.

use crate::call::{Answer, Call};
use crate::error::Error;
use autodiff::scalar::{Scalar, derivative};

fn square<T: Scalar>(x: T) -> T {
    x * x
}

pub(super) fn evaluate(call: &Call<'_>) -> Result<Answer, Error> {
    let x: f64 = call.input()?;
    match call.function.as_str() {
        "square" => call.time(|| square(x)),
        "double" => call.time(|| derivative(square, x)),
        _ => Err(call.unknown()),
    }
}
