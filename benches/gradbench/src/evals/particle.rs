//! `particle`: where a charged particle lands.
//!
//! It flies from (0, 8) with the velocity (0.75, 0) towards charges at (10, 10 − w) and (10, 0), in the potential
//! p(z) = Σ 1 / |z − charge|. A step of time takes the acceleration −∇p, by an inner gradient, until the particle crosses
//! the ground. The eval asks for the w that minimises the square of the place where it lands, by gradient descent, whose
//! gradient with respect to w goes through all steps of the flight. The first letter of a function's name is the mode of
//! that outer gradient, the second the mode of ∇p.

use super::nested::{Differentiator, Mode, Objective};
use crate::call::{Answer, Call};
use crate::descent::argmin;
use crate::error::Error;
use autodiff::scalar::Scalar;
use serde::Deserialize;

#[derive(Deserialize)]
struct Input {
    w: f64,
}

/// The length of a step in time.
const STEP: f64 = 0.1;

/// Steps after which a flight is given up: it never lands.
const MOST: usize = 1_000_000;

/// The potential of two charges.
struct Potential<T>([[T; 2]; 2]);

impl<T: Scalar> Objective<T, 2> for Potential<T> {
    fn value<S: Scalar>(&self, z: [S; 2], constant: impl Fn(T) -> S) -> S {
        let [a, b] = self.0.map(|charge| {
            let [x, y] = charge.map(&constant);
            distance(z, [x, y]).recip()
        });
        a + b
    }
}

fn distance<T: Scalar>(a: [T; 2], b: [T; 2]) -> T {
    let [x, y] = [a[0] - b[0], a[1] - b[1]];
    (x * x + y * y).sqrt()
}

/// The square of the place of landing.
struct Landing {
    mode: Mode,
}

impl Objective<f64, 1> for Landing {
    fn value<S: Scalar>(&self, [w]: [S; 1], _: impl Fn(f64) -> S) -> S {
        let mut differentiator = Differentiator::new(self.mode);
        let number = S::from_f64;
        let charges = Potential([
            [number(10.0), number(10.0) - w],
            [number(10.0), number(0.0)],
        ]);
        let mut z = [0.0, 8.0].map(number);
        let mut v = [0.75, 0.0].map(number);
        for _ in 0..MOST {
            let slope = differentiator.gradient(&charges, z);
            for i in 0..2 {
                z[i] += v[i] * number(STEP);
            }
            if z[1].to_f64() <= 0.0 {
                let since = -z[1] / v[1];
                let x = z[0] + v[0] * since;
                return x * x;
            }
            for i in 0..2 {
                v[i] -= slope[i] * number(STEP);
            }
        }
        number(f64::NAN)
    }
}

pub(super) fn evaluate(call: &Call<'_>) -> Result<Answer, Error> {
    let [outer, inner] = Mode::pair(&call.function).ok_or_else(|| call.unknown())?;
    let Input { w } = call.input()?;
    let landing = Landing { mode: inner };
    let mut differentiator = Differentiator::new(outer);
    call.time(|| {
        let gradient = |w| differentiator.gradient(&landing, w);
        let [w] = argmin(|w| landing.value(w, f64::from), gradient, [w]);
        w
    })
}
