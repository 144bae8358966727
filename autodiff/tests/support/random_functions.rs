//! Random functions for tests of the gradient checker: expressions of functions of the elementwise table, at inputs of
//! any scale, in which one slope can be made wrong.

use autodiff::Number;
use autodiff::elementwise::{Binary, Interval, Unary};
use autodiff::gradcheck::{Error, Report};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::fmt::Write;
use std::ops::Range;

/// A number whose functions can be given a wrong slope.
pub(crate) trait Skewed: Number {
    /// Returns the function, with its slope multiplied by `factor`.
    fn skewed_unary(self, function: Unary, factor: f64) -> Self;

    /// Returns the function, with its slope towards `self` multiplied by `factor`.
    fn skewed_binary(self, function: Binary, other: Self, factor: f64) -> Self;
}

/// A random expression.
#[derive(Clone, Debug)]
pub(crate) struct Expression {
    /// The scale of each input.
    pub(crate) scales: Vec<f64>,
    steps: Vec<Step>,
    /// The scale of the result.
    scale: f64,
    /// The step whose slope can be made wrong.
    skewed: usize,
}

/// A function of earlier results, each of which is mapped into an interval in which the function is smooth.
#[derive(Clone, Debug)]
enum Step {
    Unary(Unary, Interval, usize),
    Binary(Binary, (Interval, Interval), [usize; 2]),
}

impl Expression {
    /// Returns the expression with this number.
    pub(crate) fn new(number: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(number);
        let scale = |rng: &mut ChaCha8Rng| 10.0_f64.powf(rng.random_range(-8.0..8.0));
        let inputs = rng.random_range(1..=4);
        let count = rng.random_range(1..=8);
        let (unary, binary) = (Unary::catalogue(), Binary::catalogue());
        let steps = (0..count).map(|step| {
            let operand = |rng: &mut ChaCha8Rng| {
                // Mostly the last result, so that most steps have an influence.
                let last = inputs + step - 1;
                if rng.random_range(0..3) == 0 {
                    rng.random_range(0..=last)
                } else {
                    last
                }
            };
            if rng.random::<bool>() {
                let (function, intervals) = unary[rng.random_range(0..unary.len())];
                let interval = intervals[rng.random_range(0..intervals.len())];
                Step::Unary(function, interval, operand(&mut rng))
            } else {
                let (function, rectangles) = binary[rng.random_range(0..binary.len())];
                let rectangle = rectangles[rng.random_range(0..rectangles.len())];
                let operands = [operand(&mut rng), rng.random_range(0..inputs + step)];
                Step::Binary(function, rectangle, operands)
            }
        });
        let steps: Vec<Step> = steps.collect();
        Expression {
            scales: (0..inputs).map(|_| scale(&mut rng)).collect(),
            skewed: rng.random_range(0..steps.len()),
            steps,
            scale: scale(&mut rng),
        }
    }

    /// Returns random inputs of the expression's scales, with `size` elements each.
    pub(crate) fn inputs(&self, number: u64, size: usize) -> Vec<Vec<f64>> {
        let mut rng = ChaCha8Rng::seed_from_u64(!number);
        let scales = self.scales.iter();
        scales
            .map(|scale| {
                (0..size)
                    .map(|_| scale * rng.random_range(-1.0..1.0))
                    .collect()
            })
            .collect()
    }

    /// Returns the value, with one slope multiplied by `factor`.
    pub(crate) fn value<N: Skewed>(&self, x: &[N], factor: f64) -> N {
        let scaled = |(x, scale): (&N, &f64)| *x * x.constant(scale.recip());
        let mut values: Vec<N> = x.iter().zip(&self.scales).map(scaled).collect();
        for (number, step) in self.steps.iter().enumerate() {
            let is_skewed = number == self.skewed && factor != 1.0;
            let result = match *step {
                Step::Unary(function, interval, operand) => {
                    let x = within(interval, values[operand]);
                    if is_skewed {
                        x.skewed_unary(function, factor)
                    } else {
                        x.unary(function)
                    }
                }
                Step::Binary(function, intervals, [a, b]) => {
                    let (a, b) = (
                        within(intervals.0, values[a]),
                        within(intervals.1, values[b]),
                    );
                    if is_skewed {
                        a.skewed_binary(function, b, factor)
                    } else {
                        a.binary(function, b)
                    }
                }
            };
            // A large value would make the next step oscillate.
            values.push(result.asinh());
        }
        let result = values[values.len() - 1];
        result * result.constant(self.scale)
    }
}

/// Maps `x` into the interval, away from its ends.
fn within<N: Number>((low, high): Interval, x: N) -> N {
    let (middle, half) = (0.5 * (low + high), 0.5 * (high - low));
    x.constant(middle) + x.sin() * x.constant(0.9 * half)
}

/// A mistake in a slope, and the conditions under which the checker must find it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mistake {
    /// The factor of the slope.
    factor: f64,
    /// It changes a derivative by at least this fraction of the derivative.
    of_derivative: f64,
    /// It changes the same derivative times the input by at least this fraction of the value.
    of_value: f64,
}

impl Mistake {
    pub(crate) const DOUBLE: Mistake = Mistake {
        factor: 1.001,
        of_derivative: 1e-4,
        of_value: 0.0,
    };
    pub(crate) const SINGLE: Mistake = Mistake {
        factor: 1.05,
        of_derivative: 1e-3,
        of_value: 1e-3,
    };
}

/// The value of an expression, and its gradient.
pub(crate) struct Slopes {
    pub(crate) value: Vec<f64>,
    /// The slopes with respect to each input, element by element.
    pub(crate) slopes: Vec<Vec<f64>>,
}

/// Checks random expressions with right and with wrong slopes, and panics if the checker reports a false alarm or
/// misses a mistake.
///
/// `check` checks the gradient of an expression at given inputs, with one slope multiplied by a factor; `evaluate`
/// returns its value and gradient.
pub(crate) fn survey(
    numbers: Range<u64>,
    size: usize,
    mistake: Mistake,
    check: impl Fn(&Expression, &[Vec<f64>], f64) -> Result<Report, Error>,
    evaluate: impl Fn(&Expression, &[Vec<f64>], f64) -> Slopes,
) {
    let count = numbers.end - numbers.start;
    let (mut planted, mut failures) = (0, String::new());
    for number in numbers {
        let expression = Expression::new(number);
        let x = expression.inputs(number, size);
        if let Err(error) = check(&expression, &x, 1.0) {
            writeln!(failures, "false alarm: {number}: {error}").unwrap();
        }
        let right = evaluate(&expression, &x, 1.0);
        let wrong = evaluate(&expression, &x, mistake.factor);
        if mistake.matters(&x, &right, &wrong) {
            planted += 1;
            if let Ok(report) = check(&expression, &x, mistake.factor) {
                writeln!(failures, "miss: {number}: {report:?}").unwrap();
            }
        }
    }
    println!("{count} right functions, {planted} wrong ones");
    assert!(failures.is_empty(), "{failures}");
    assert!(4 * planted > count, "{planted} of {count} mistakes matter");
}

impl Mistake {
    /// Whether the checker must find the mistake.
    fn matters(self, x: &[Vec<f64>], right: &Slopes, wrong: &Slopes) -> bool {
        let slopes = x.iter().zip(right.slopes.iter().zip(&wrong.slopes));
        slopes.into_iter().any(|(x, (right_slopes, wrong_slopes))| {
            (0..x.len()).any(|i| {
                let moved = (right_slopes[i] - wrong_slopes[i]).abs();
                moved > 0.0
                    && moved >= self.of_derivative * right_slopes[i].abs()
                    && moved * x[i].abs() >= self.of_value * right.value[i].abs()
            })
        })
    }
}
