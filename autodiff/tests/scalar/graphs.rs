//! Random expression graphs: the backward pass agrees with the forward pass, with forward-mode numbers, with a traced
//! tape, with a checkpoint and with the slopes of a preaccumulated function.

use autodiff::Number;
use autodiff::elementwise::{Binary, Unary};
use autodiff::scalar::{
    Dual, Gradients, Tape, Var, checkpoint, dot, linear_combination, log_sum_exp, norm,
    preaccumulate,
};
use proptest::prelude::*;

/// An operation of a random graph. The operands are indices of earlier results, modulo their number.
#[derive(Clone, Debug)]
enum Step {
    Unary(usize, usize),
    Binary(usize, usize, usize),
    WithConstant(usize, usize, f64),
    Many(usize, Vec<usize>),
}

pub(crate) const UNARY: usize = 9;
pub(crate) const BINARY: usize = 7;
pub(crate) const MANY: usize = 6;

/// Functions whose values stay in a moderate range, so that long graphs stay finite.
pub(crate) fn unary<N: Number>(function: usize, x: N) -> N {
    match function {
        0 => x.sin(),
        1 => x.cos(),
        2 => x.tanh(),
        3 => x.sigmoid(),
        4 => x.softplus().tanh(),
        5 => -x,
        6 => x.square().atan(),
        7 => (x.square() + x.constant(1.0)).sqrt().recip(),
        _ => (x.square() + x.constant(0.5)).ln().erf(),
    }
}

pub(crate) fn binary<N: Number>(function: usize, a: N, b: N) -> N {
    match function {
        0 => a + b,
        1 => a - b,
        2 => a * b,
        3 => a / (b.square() + b.constant(1.0)),
        4 => a.max(b),
        5 => a.hypot(b),
        _ => a.atan2(b.square() + b.constant(1.0)),
    }
}

/// The operations with many inputs, composed of operations of any [`Number`].
pub(crate) fn many<N: Number>(function: usize, x: &[N]) -> N {
    let zero = x[0].constant(0.0);
    let sum = |terms: &mut dyn Iterator<Item = N>| terms.fold(zero, |sum, x| sum + x);
    match function {
        0 => sum(&mut x.iter().copied()),
        1 => x.iter().fold(x[0].constant(1.0), |product, &x| product * x),
        2 => sum(&mut x.iter().zip(x.iter().rev()).map(|(&a, &b)| a * b)),
        3 => sum(&mut x
            .iter()
            .enumerate()
            .map(|(i, &x)| x * x.constant(coefficient(i)))),
        4 => (sum(&mut x.iter().map(|x| x.square())) + zero.constant(1.0)).sqrt(),
        _ => sum(&mut x.iter().map(|x| x.exp())).ln(),
    }
}

pub(crate) fn coefficient(i: usize) -> f64 {
    0.5 - 0.25 * i as f64
}

/// The same operations, each recorded as one node.
fn many_at_once<'t>(function: usize, x: &[Var<'t>]) -> Var<'t> {
    let reversed: Vec<_> = x.iter().rev().copied().collect();
    let coefficients: Vec<_> = (0..x.len()).map(coefficient).collect();
    match function {
        0 => x.iter().sum(),
        1 => x.iter().product(),
        2 => dot(x, &reversed),
        3 => linear_combination(&coefficients, x),
        4 => norm(
            &x.iter()
                .copied()
                .chain([Var::from(1.0)])
                .collect::<Vec<_>>(),
        ),
        _ => log_sum_exp(x),
    }
}

/// Evaluates the graph, and returns the last number.
fn run<N: Number>(steps: &[Step], inputs: &[N], many: impl Fn(usize, &[N]) -> N) -> N {
    let mut computed = inputs.to_vec();
    for step in steps {
        let pick = |i: usize| computed[i % computed.len()];
        let next = match step {
            Step::Unary(function, x) => unary(*function, pick(*x)),
            Step::Binary(function, a, b) => binary(*function, pick(*a), pick(*b)),
            Step::WithConstant(function, x, c) => {
                let x = pick(*x);
                binary(*function, x, x.constant(*c))
            }
            Step::Many(function, x) => {
                many(*function, &x.iter().map(|&x| pick(x)).collect::<Vec<_>>())
            }
        };
        // A contraction brings the number back into range. An expansion would let the rounding errors of the values
        // grow.
        computed.push(next.tanh());
    }
    computed[computed.len() - 1]
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let index = || 0..1000_usize;
    let step = prop_oneof![
        (0..UNARY, index()).prop_map(|(f, x)| Step::Unary(f, x)),
        (0..BINARY, index(), index()).prop_map(|(f, a, b)| Step::Binary(f, a, b)),
        (0..BINARY, index(), -2.0..2.0).prop_map(|(f, x, c)| Step::WithConstant(f, x, c)),
        (0..MANY, prop::collection::vec(index(), 1..6)).prop_map(|(f, x)| Step::Many(f, x)),
    ];
    prop::collection::vec(step, 1..40)
}

fn inputs() -> impl Strategy<Value = Vec<f64>> {
    prop::collection::vec(-2.0..2.0, 1..5)
}

/// A number with the sum of the absolute values of the terms of its derivative, to which a rounding error is relative.
///
/// The value has a rounding error too, which changes every slope. So a slope counts with its largest absolute value
/// within this error, and with its variation: if x is a sum that cancels, the slope 2 x of the square is 0 in one way
/// of computing and the rounding error of x in another.
#[derive(Clone, Copy, Debug)]
struct Scale {
    value: f64,
    /// A bound on the error of the value, to first order.
    error: f64,
    scale: f64,
    /// A bound on the error of the derivative that the errors of the values cause, to first order.
    variation: f64,
}

impl Scale {
    /// The value, and both ends of its error interval.
    fn around(self) -> [f64; 3] {
        [self.value, self.value - self.error, self.value + self.error]
    }
}

impl Number for Scale {
    type Mask = bool;

    fn constant(self, c: f64) -> Self {
        Scale {
            value: c,
            error: 0.0,
            scale: 0.0,
            variation: 0.0,
        }
    }

    fn less(self, other: Self) -> bool {
        self.value < other.value
    }

    fn equal(self, other: Self) -> bool {
        self.value == other.value
    }

    fn select(mask: &bool, a: Self, b: Self) -> Self {
        if *mask { a } else { b }
    }

    fn unary(self, function: Unary) -> Self {
        let slope = Slope::new(&self.around().map(|x| function.slope(x, x.unary(function))));
        let value = self.value.unary(function);
        Scale {
            value,
            error: slope.largest * self.error + f64::EPSILON * value.abs(),
            scale: slope.largest * self.scale,
            variation: slope.variation_along(self),
        }
    }

    fn binary(self, function: Binary, other: Self) -> Self {
        let slopes = |x: f64| {
            other
                .around()
                .map(|y| function.slopes(x, y, x.binary(function, y)))
        };
        let slopes = self.around().map(slopes).into_iter().flatten();
        let (a, b): (Vec<_>, Vec<_>) = slopes.unzip();
        let (a, b) = (Slope::new(&a), Slope::new(&b));
        let value = self.value.binary(function, other.value);
        Scale {
            value,
            error: a.largest * self.error + b.largest * other.error + f64::EPSILON * value.abs(),
            scale: a.largest * self.scale + b.largest * other.scale,
            variation: a.variation_along(self) + b.variation_along(other),
        }
    }
}

/// A slope, over the error intervals of its arguments.
struct Slope {
    largest: f64,
    /// The largest distance from the slope at the computed values.
    variation: f64,
}

impl Slope {
    /// From the slope at the computed values, which comes first, and the slopes at the ends of the intervals.
    fn new(slopes: &[f64]) -> Self {
        let first = slopes[0];
        let most = |of: &dyn Fn(f64) -> f64| slopes.iter().copied().map(of).fold(0.0, f64::max);
        Slope {
            largest: most(&f64::abs),
            variation: most(&|slope| (slope - first).abs()),
        }
    }

    fn variation_along(&self, x: Scale) -> f64 {
        self.largest * x.variation + self.variation * x.scale
    }
}

macro_rules! scale_operators {
    ($($Op:ident $op:ident)*) => { $(
        impl std::ops::$Op for Scale {
            type Output = Self;

            fn $op(self, other: Self) -> Self {
                self.binary(Binary::$Op, other)
            }
        }
    )* };
}
scale_operators!(Add add Sub sub Mul mul Div div);

impl std::ops::Neg for Scale {
    type Output = Self;

    fn neg(self) -> Self {
        self.unary(Unary::Neg)
    }
}

/// A safety factor, because the error bounds are of first order only.
const SAFETY: f64 = 4.0;

type Many = for<'t> fn(usize, &[Var<'t>]) -> Var<'t>;

/// `count` numbers: 1 at position `i` and 0 elsewhere.
fn unit(count: usize, i: usize) -> impl Iterator<Item = f64> {
    (0..count).map(move |k| if k == i { 1.0 } else { 0.0 })
}

/// The largest difference between the ways to compute the gradient, relative to the sum of the absolute terms. The
/// first number compares ways that compute the same values. The second compares operations recorded as one node with
/// composed ones, whose values differ by rounding.
fn disagreement(steps: &[Step], x: &[f64], many_at_once: Many) -> (f64, f64) {
    let tape = Tape::new();
    let variables = tape.vars(x);
    let result = run(steps, &variables, many_at_once);
    let reverse = result.gradients().wrt_all(&variables);
    let written_out = run(steps, &variables, many).gradients().wrt_all(&variables);

    let both = Gradients::of([result, result * 2.0]);
    let traced = Tape::traced();
    let traced_variables = traced.vars(x);
    let from_traced = run(steps, &traced_variables, many_at_once).gradients();
    let owned = steps.to_vec();
    let recomputed = checkpoint(move |[x]| vec![run(&owned, x, many_at_once)], [&variables])[0];
    let recomputed = recomputed.gradients();
    let alone = preaccumulate(|x| vec![run(steps, x, many_at_once)], &variables)[0];
    let alone = alone.gradients();
    // The inputs are functions of nodes, and two backward passes compute the slopes of all outputs.
    let doubled: Vec<_> = variables.iter().map(|&x| x * 2.0).collect();
    let multiples = preaccumulate(
        |doubled| {
            let x: Vec<_> = doubled.iter().map(|&x| x * 0.5).collect();
            let result = run(steps, &x, many_at_once);
            (1..7).map(|factor| result * f64::from(factor)).collect()
        },
        &doubled,
    );
    let multiples = Gradients::of([multiples[1], multiples[5]]);

    let (mut same, mut rounded) = (0.0_f64, 0.0_f64);
    for (i, &variable) in variables.iter().enumerate() {
        let at = || x.iter().zip(unit(x.len(), i));
        let duals: Vec<_> = at()
            .map(|(&value, tangent)| Dual::new(value, tangent))
            .collect();
        let error = 0.0;
        let scales = at().map(|(&value, scale)| Scale {
            value,
            error,
            scale,
            variation: 0.0,
        });
        let scales: Vec<_> = scales.collect();
        let scale = run(steps, &scales, many);
        let error = |a: f64, b: f64, allowed: f64| {
            let error = ((a - b).abs() - allowed).max(0.0) / scale.scale.max(f64::MIN_POSITIVE);
            if (a - b).is_nan() {
                f64::INFINITY
            } else {
                error
            }
        };

        let along: Vec<_> = unit(x.len(), i).collect();
        let (_, forward) =
            autodiff::scalar::general::jvp(|x| vec![run(steps, x, many_at_once)], x, &along);
        let others = [
            forward[0],
            both.each_wrt(variable)[0],
            both.each_wrt(variable)[1] / 2.0,
            from_traced.wrt(traced_variables[i]),
            recomputed.wrt(variable),
            alone.wrt(variable),
            multiples.each_wrt(variable)[0] / 2.0,
            multiples.each_wrt(variable)[1] / 6.0,
        ];
        same = others.iter().fold(same, |worst, &other| {
            worst.max(error(reverse[i], other, 0.0))
        });
        same = same.max(error(
            written_out[i],
            run(steps, &duals, many).tangent(),
            0.0,
        ));
        rounded = rounded.max(error(reverse[i], written_out[i], SAFETY * scale.variation));
    }
    (same, rounded)
}

fn check(cases: u32) {
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
        cases,
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    let verdict = runner.run(&(steps(), inputs()), |(steps, x)| {
        let (same, rounded) = disagreement(&steps, &x, many_at_once);
        prop_assert!(
            same <= 1e-12 && rounded <= 1e-8,
            "{same:e}, {rounded:e} at {x:?}"
        );
        Ok(())
    });
    verdict.unwrap_or_else(|failure| panic!("{failure}"));
}

#[test]
fn reverse_equals_forward_on_random_graphs() {
    check(if cfg!(miri) { 3 } else { 300 });
}

#[test]
#[ignore = "100,000 graphs take long"]
fn reverse_equals_forward_on_very_many_random_graphs() {
    check(100_000);
}

#[test]
fn a_sum_that_cancels_has_the_scale_of_its_rounding() {
    // The linear combination of five equal numbers is zero up to rounding. As one node, ln Σ exp keeps that rounding
    // error; composed, it is zero. Then the result is squared.
    let steps = [
        Step::Many(3, vec![0; 5]),
        Step::WithConstant(3, 1, -0.13),
        Step::Many(5, vec![2]),
        Step::Binary(2, 3, 3),
    ];
    for i in 0..1000 {
        let (same, rounded) = disagreement(&steps, &[-2.0 + 0.00123 * f64::from(i)], many_at_once);
        assert!(same <= 1e-12 && rounded <= 1e-8, "{same:e}, {rounded:e}");
    }
}

#[test]
fn a_wrong_slope_is_found() {
    fn wrong<'t>(function: usize, x: &[Var<'t>]) -> Var<'t> {
        many_at_once(function, x).custom(|y| (y, 1.0 + 1e-7))
    }
    let steps = [Step::Many(2, vec![0, 1]), Step::Unary(0, 2)];
    let (same, rounded) = disagreement(&steps, &[0.5, 0.7], many_at_once);
    assert!(same <= 1e-12 && rounded <= 1e-12);
    // All ways with one node have the same wrong slope, so only the composed operations find it.
    assert!(disagreement(&steps, &[0.5, 0.7], wrong).1 > 1e-8);
}
