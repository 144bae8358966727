//! Checking gradients against finite differences.
//!
//! A gradient is checked along random directions `v`: the tape's ⟨∇f, v⟩ against the difference quotient of `f` along
//! `v`, extrapolated from several steps. If they part, every element is looked at, and the report names the one that
//! is furthest off.
//!
//! ```
//! use autodiff::gradcheck;
//!
//! let report = gradcheck::first_order(|x| (x[0] * x[1].sin()).sum(), &[[2.0, 3.0].into(), [0.5, 0.7].into()]);
//! assert!(report.unwrap().largest_error < 1e-9);
//! ```

use crate::tensor::{Tape, Tensor, Var};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::fmt;

/// The first-order bound: relative to max(1, |g|), where g is the derivative along the direction.
pub const FIRST_ORDER_BOUND: f64 = 1e-8;

/// The second-order bound, likewise.
pub const SECOND_ORDER_BOUND: f64 = 1e-7;

/// The number of random directions that are tried.
const DIRECTIONS: usize = 3;

/// What a check that succeeded has seen.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Report {
    /// The largest difference between the two derivatives, relative to max(1, |g|).
    pub largest_error: f64,
    /// The number of directions that were tried.
    pub directions: usize,
}

/// A gradient that is not the function's: where, and by how much.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub struct Mismatch {
    /// The number of the input.
    pub input: usize,
    /// The index of the element in that input.
    pub element: Vec<usize>,
    /// Its derivative as the tape gives it.
    pub tape: f64,
    /// Its derivative as finite differences give it.
    pub difference: f64,
    /// The derivative's order: 1, or 2 for that of a gradient.
    pub order: usize,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Mismatch {
            input,
            element,
            tape,
            difference,
            order,
        } = self;
        write!(
            f,
            "the derivative of order {order} with respect to element {element:?} of input {input} is {tape:e} on the \
             tape, and {difference:e} by finite differences"
        )
    }
}

/// Checks the gradient of `f` at the inputs `x`.
///
/// The result of `f` may have any shape: it is multiplied by fixed random weights and summed up.
///
/// # Errors
///
/// The element whose derivative is furthest off, if one is off by more than [`FIRST_ORDER_BOUND`].
pub fn first_order(
    f: impl for<'t> Fn(&[Var<'t, f64>]) -> Var<'t, f64>,
    x: &[Tensor<f64>],
) -> Result<Report, Mismatch> {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let tape = Tape::new();
    let vars = record(&tape, x);
    let y = f(&vars);
    let weights = random(&mut rng, &y.value());
    let gradients = y.vjp(&weights);
    let gradient: Vec<Tensor<f64>> = vars.iter().map(|&x| gradients.wrt(x)).collect();

    let value = |x: &[Tensor<f64>]| {
        let tape = Tape::new();
        let y = f(&record(&tape, x)).value();
        dot(&y, &weights)
    };
    let along = |direction: &[Tensor<f64>]| inner(&gradient, direction);
    compare(value, along, x, 1, FIRST_ORDER_BOUND, &mut rng)
}

/// Checks the derivative of the recorded gradient of `f` at the inputs `x`, as differences of the exact gradient.
///
/// # Errors
///
/// The element whose second derivative is furthest off, if one is off by more than [`SECOND_ORDER_BOUND`].
pub fn second_order(
    f: impl for<'t> Fn(&[Var<'t, f64>]) -> Var<'t, f64>,
    x: &[Tensor<f64>],
) -> Result<Report, Mismatch> {
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    let tape = Tape::new();
    let vars = record(&tape, x);
    let y = f(&vars);
    let weights = random(&mut rng, &y.value());
    // Weighted by constants that differ from element to element, so that nothing cancels by symmetry.
    let probes: Vec<Tensor<f64>> = x.iter().map(|x| random(&mut rng, x)).collect();
    let gradient = (y * &weights).sum().differentiate(&vars);
    let mut sum = tape.constant(0.0);
    for (g, probe) in gradient.iter().zip(&probes) {
        sum += (*g * probe).sum();
    }
    let gradients = sum.gradients();
    let second: Vec<Tensor<f64>> = vars.iter().map(|&x| gradients.wrt(x)).collect();

    let probed_gradient = |x: &[Tensor<f64>]| {
        let tape = Tape::new();
        let vars = record(&tape, x);
        let gradients = f(&vars).vjp(&weights);
        vars.iter()
            .zip(&probes)
            .map(|(&x, probe)| dot(&gradients.wrt(x), probe))
            .sum()
    };
    let along = |direction: &[Tensor<f64>]| inner(&second, direction);
    compare(probed_gradient, along, x, 2, SECOND_ORDER_BOUND, &mut rng)
}

/// Compares the derivative that `along` gives for a direction with the difference quotient of `value`.
fn compare(
    value: impl Fn(&[Tensor<f64>]) -> f64,
    along: impl Fn(&[Tensor<f64>]) -> f64,
    x: &[Tensor<f64>],
    order: usize,
    bound: f64,
    rng: &mut ChaCha8Rng,
) -> Result<Report, Mismatch> {
    let error = |direction: &[Tensor<f64>]| {
        let (tape, difference) = (along(direction), difference_quotient(&value, x, direction));
        let error = (tape - difference).abs() / difference.abs().max(1.0);
        // A derivative that is not a number agrees with nothing.
        (
            tape,
            difference,
            if error.is_nan() { f64::INFINITY } else { error },
        )
    };
    let mut largest_error = 0.0_f64;
    for _ in 0..DIRECTIONS {
        let direction: Vec<Tensor<f64>> = x.iter().map(|x| random(rng, x)).collect();
        largest_error = largest_error.max(error(&direction).2);
    }
    if largest_error <= bound {
        return Ok(Report {
            largest_error,
            directions: DIRECTIONS,
        });
    }
    let mut worst: Option<(f64, Mismatch)> = None;
    for (input, tensor) in x.iter().enumerate() {
        for element in 0..tensor.size() {
            let mut unit: Vec<Tensor<f64>> = x.iter().map(|x| Tensor::zeros(x.shape())).collect();
            unit[input].data_mut()[element] = 1.0;
            let (tape, difference, error) = error(&unit);
            if worst.as_ref().is_none_or(|(largest, _)| error > *largest) {
                let element = index_of(tensor.shape(), element);
                worst = Some((
                    error,
                    Mismatch {
                        input,
                        element,
                        tape,
                        difference,
                        order,
                    },
                ));
            }
        }
    }
    match worst {
        Some((_, mismatch)) => Err(mismatch),
        None => Ok(Report {
            largest_error,
            directions: DIRECTIONS,
        }),
    }
}

/// The derivative of `f` at `x` along a direction: central differences of three steps, extrapolated (Richardson).
fn difference_quotient(
    f: &impl Fn(&[Tensor<f64>]) -> f64,
    x: &[Tensor<f64>],
    direction: &[Tensor<f64>],
) -> f64 {
    let central = |step: f64| {
        let moved = |by: f64| {
            let point: Vec<Tensor<f64>> =
                x.iter().zip(direction).map(|(x, v)| x + v * by).collect();
            f(&point)
        };
        (moved(step) - moved(-step)) / (2.0 * step)
    };
    // The errors are of even powers of the step: two rounds of extrapolation leave one of its sixth power.
    const STEP: f64 = 4e-3;
    let (coarse, middle, fine) = (central(STEP), central(STEP / 2.0), central(STEP / 4.0));
    let (first, second) = ((4.0 * middle - coarse) / 3.0, (4.0 * fine - middle) / 3.0);
    (16.0 * second - first) / 15.0
}

fn record<'t>(tape: &'t Tape<f64>, x: &[Tensor<f64>]) -> Vec<Var<'t, f64>> {
    x.iter().map(|x| tape.var(x)).collect()
}

/// A tensor like the one given, with elements of size ½ to 1 and either sign.
fn random(rng: &mut ChaCha8Rng, like: &Tensor<f64>) -> Tensor<f64> {
    Tensor::from_fn(like.shape(), |_| {
        let size = rng.random_range(0.5..1.0);
        if rng.random::<bool>() { size } else { -size }
    })
}

fn dot(a: &Tensor<f64>, b: &Tensor<f64>) -> f64 {
    (a * b).sum().item()
}

fn inner(a: &[Tensor<f64>], b: &[Tensor<f64>]) -> f64 {
    a.iter().zip(b).map(|(a, b)| dot(a, b)).sum()
}

fn index_of(shape: &[usize], mut flat: usize) -> Vec<usize> {
    let mut index = vec![0; shape.len()];
    for (place, &extent) in index.iter_mut().zip(shape).rev() {
        *place = flat % extent;
        flat /= extent;
    }
    index
}
