//! Sparse Jacobian and Hessian matrices of recorded functions, against dense ones.

use autodiff::Number;
use autodiff::scalar::program::ProgramError;
use autodiff::scalar::sparse::{Pattern, SparseHessian, SparseJacobian};
use autodiff::scalar::{Scalar, Tape, Var, general, norm};
use proptest::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// The outputs and the dense Jacobian matrix on a tape, row after row.
fn dense_jacobian(
    f: impl for<'t> Fn(&[Var<'t>]) -> Vec<Var<'t>>,
    x: &[f64],
) -> (Vec<f64>, Vec<f64>) {
    let tape = Tape::new();
    let x = tape.vars(x);
    let y = f(&x);
    let rows = y.iter().flat_map(|y| y.gradients().wrt_all(&x));
    (y.iter().map(|y| y.value()).collect(), rows.collect())
}

/// The dense matrix with these nonzeros.
fn dense(pattern: &Pattern, nonzeros: &[f64]) -> Vec<f64> {
    let mut dense = vec![0.0; pattern.rows() * pattern.columns()];
    let mut nonzeros = nonzeros.iter();
    for i in 0..pattern.rows() {
        for &j in pattern.row(i) {
            dense[i * pattern.columns() + j as usize] = *nonzeros.next().expect("a nonzero");
        }
    }
    dense
}

/// Whether all numbers agree, relative to the largest.
fn agree(a: &[f64], b: &[f64]) -> bool {
    let largest = |x: &[f64]| x.iter().fold(1.0, |m: f64, x| m.max(x.abs()));
    let bound = 1e-12 * largest(a).max(largest(b));
    let same = |(a, b): (&f64, &f64)| (a - b).abs() <= bound || a.to_bits() == b.to_bits();
    a.len() == b.len() && a.iter().zip(b).all(same)
}

/// A function of variables of any kind.
trait Function: Copy + Send + Sync {
    fn outputs<'t, T: Scalar>(self, x: &[Var<'t, T>]) -> Vec<Var<'t, T>>;

    fn output<'t, T: Scalar>(self, x: &[Var<'t, T>]) -> Var<'t, T> {
        let outputs = self.outputs(x);
        let zero = x[0].constant(0.0);
        outputs.into_iter().fold(zero, |sum, y| sum + y)
    }
}

/// Checks the Jacobian matrix at several points, the first of which is recorded.
#[track_caller]
fn check_jacobian(f: impl Function, points: &[Vec<f64>]) -> Pattern {
    let mut jacobian = SparseJacobian::new(|x| f.outputs(x), &points[0]).expect("replayable");
    for x in points {
        if let Err(error) = jacobian.value_and_jacobian(x) {
            assert!(matches!(error, ProgramError::Pattern { .. }), "{error}");
            jacobian.extend(x).expect("replayable");
        }
        let (y, nonzeros) = jacobian.value_and_jacobian(x).expect("replayable");
        let (expected_y, expected) = dense_jacobian(|x| f.outputs(x), x);
        assert!(agree(&y, &expected_y), "{y:?} {expected_y:?}");
        let found = dense(jacobian.pattern(), &nonzeros);
        assert!(agree(&found, &expected), "{found:?} {expected:?}");
    }
    jacobian.pattern().clone()
}

/// Checks the Hessian matrix of the sum of the outputs, in the same way.
#[track_caller]
fn check_hessian(f: impl Function, points: &[Vec<f64>]) -> Pattern {
    let mut hessian = SparseHessian::new(|x| f.output(x), &points[0]).expect("replayable");
    for x in points {
        if let Err(error) = hessian.value_gradient_and_hessian(x) {
            assert!(matches!(error, ProgramError::Pattern { .. }), "{error}");
            hessian.extend(x).expect("replayable");
        }
        let (value, gradient, nonzeros) =
            hessian.value_gradient_and_hessian(x).expect("replayable");
        let (y, expected_gradient) = dense_jacobian(|x| vec![f.output(x)], x);
        assert!(agree(&[value], &y), "{value} {y:?}");
        assert!(
            agree(&gradient, &expected_gradient),
            "{gradient:?} {expected_gradient:?}"
        );
        let mut expected = general::hessian(|x| f.output(x), x);
        for (i, row) in expected.iter_mut().enumerate() {
            row[i + 1..].fill(0.0);
        }
        let found = dense(hessian.pattern(), &nonzeros);
        assert!(agree(&found, &expected.concat()), "{found:?} {expected:?}");
    }
    hessian.pattern().clone()
}

/// An operation of a random function on earlier results.
#[derive(Clone, Copy, Debug)]
enum Step {
    Add(usize, usize),
    Subtract(usize, usize),
    Multiply(usize, usize),
    Divide(usize, usize),
    Sine(usize),
    Power(usize, usize),
    Branch(usize, usize),
    Larger(usize, usize),
}

fn step() -> impl Strategy<Value = Step> {
    (0..8, any::<usize>(), any::<usize>()).prop_map(|(kind, a, b)| match kind {
        0 => Step::Add(a, b),
        1 => Step::Subtract(a, b),
        2 => Step::Multiply(a, b),
        3 => Step::Divide(a, b),
        4 => Step::Sine(a),
        5 => Step::Power(a, b),
        6 => Step::Branch(a, b),
        _ => Step::Larger(a, b),
    })
}

/// A random function, whose outputs are its last results.
#[derive(Clone, Copy, Debug)]
struct Random<'a> {
    steps: &'a [Step],
    outputs: usize,
}

impl Function for Random<'_> {
    fn outputs<'t, T: Scalar>(self, x: &[Var<'t, T>]) -> Vec<Var<'t, T>> {
        let mut results = x.to_vec();
        for step in self.steps {
            let of = |index: usize| results[index % results.len()];
            let one = x[0].constant(1.0);
            let half = x[0].constant(0.5);
            // All results are small and no slope is steep, so that rounding is not amplified.
            let result = match *step {
                Step::Add(a, b) => (of(a) + of(b)) * half,
                Step::Subtract(a, b) => (of(a) - of(b)) * half,
                Step::Multiply(a, b) => of(a).sin() * of(b).sin(),
                Step::Divide(a, b) => of(a) / (of(b).square() + one),
                Step::Sine(a) => of(a).sin(),
                Step::Power(a, b) => (of(a).tanh().square() + one).powf(of(b).tanh()) * half,
                Step::Branch(a, b) if of(a) < of(b) => of(a).cos(),
                Step::Branch(_, b) => of(b).tanh().exp() * half,
                Step::Larger(a, b) => Var::select_less(of(a), of(b), of(b), of(a).sin().square()),
            };
            results.push(result);
        }
        results.split_off(results.len() - self.outputs)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn derivatives_of_random_functions_are_the_tapes(
        steps in proptest::collection::vec(step(), 6..40),
        inputs in 1..12_usize,
        seed in any::<u64>(),
    ) {
        let f = Random { steps: &steps, outputs: 5 };
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let mut point = || (0..inputs).map(|_| random.random_range(-1.5..1.5)).collect();
        let points: Vec<Vec<f64>> = (0..4).map(|_| point()).collect();
        check_jacobian(f, &points);
        check_hessian(f, &points);
    }
}

/// The outputs share an expensive part, so tangents cost less than cones.
#[derive(Clone, Copy)]
struct Shared;

impl Function for Shared {
    fn outputs<'t, T: Scalar>(self, x: &[Var<'t, T>]) -> Vec<Var<'t, T>> {
        let mut state = x[..2].to_vec();
        for _ in 0..40 {
            let [a, b] = [state[0], state[1]];
            state = vec![(a + b).sin(), (a * b).cos()];
        }
        let mut outputs: Vec<_> = x[2..]
            .iter()
            .map(|&x| x.square() * state[0] + state[1])
            .collect();
        // A dense row.
        outputs.push(norm(x));
        outputs
    }
}

#[test]
fn outputs_with_much_in_common_are_computed_by_tangents() {
    for inputs in [60, 200] {
        let point = |seed| {
            let mut random = ChaCha8Rng::seed_from_u64(seed);
            (0..inputs)
                .map(|_| random.random_range(-1.5..1.5))
                .collect()
        };
        let pattern = check_jacobian(Shared, &[point(1), point(2)]);
        assert_eq!(pattern.nonzeros(), (inputs - 2) * 3 + inputs);
    }
}

/// Neighbours interact.
#[derive(Clone, Copy)]
struct Chain;

impl Function for Chain {
    fn outputs<'t, T: Scalar>(self, x: &[Var<'t, T>]) -> Vec<Var<'t, T>> {
        let terms = x.windows(3).map(|x| (x[0] * x[1] - x[2].exp()).square());
        terms.chain([x[0] + x[x.len() - 1]]).collect()
    }
}

#[test]
fn the_hessian_of_a_chain_is_a_band() {
    let point = |n: usize, shift: f64| (0..n).map(|i| (i as f64 + shift).sin()).collect();
    for n in [3, 10, 300] {
        let found = check_hessian(Chain, &[point(n, 0.0), point(n, 0.5)]);
        let band = super::pattern(n, n, |i, j| j <= i && i <= j + 2);
        assert_eq!(found, band);
    }
}

/// All variables interact with each other, in more than 64 groups.
#[derive(Clone, Copy)]
struct Dense;

impl Function for Dense {
    fn outputs<'t, T: Scalar>(self, x: &[Var<'t, T>]) -> Vec<Var<'t, T>> {
        let sum = x.iter().fold(x[0].constant(0.0), |sum, &x| sum + x.sin());
        vec![sum.cos(), x[0] * x[70]]
    }
}

#[test]
fn a_dense_hessian_takes_more_than_one_strip() {
    let point = |shift: f64| (0..71).map(|i| 0.1 * (i as f64 + shift).sin()).collect();
    let pattern = check_hessian(Dense, &[point(0.0), point(0.5)]);
    assert_eq!(pattern.nonzeros(), 71 * 72 / 2);
    check_jacobian(Dense, &[point(0.0), point(0.5)]);
}

#[test]
fn a_linear_function_has_an_empty_hessian() {
    let mut hessian = SparseHessian::new(|x| x[0] * 2.0 - x[1], &[1.0, 2.0]).unwrap();
    assert_eq!(hessian.pattern().nonzeros(), 0);
    assert_eq!(
        hessian.value_gradient_and_hessian(&[3.0, 4.0]),
        Ok((2.0, vec![2.0, -1.0], vec![]))
    );
}

#[test]
fn constant_outputs_and_detached_inputs_have_no_nonzeros() {
    let mut jacobian = SparseJacobian::new(
        |x| vec![x[0].constant(3.0), x[0].detach() * x[1], x[1]],
        &[1.0, 2.0],
    )
    .unwrap();
    assert_eq!(jacobian.pattern().to_string(), "· ·\n· ×\n· ×");
    let found = jacobian.value_and_jacobian(&[5.0, 7.0]).unwrap();
    assert_eq!(found, (vec![3.0, 35.0, 7.0], vec![5.0, 1.0]));
}

#[test]
fn other_paths_are_recorded_and_kept() {
    fn f<'t>(x: &[Var<'t>]) -> Vec<Var<'t>> {
        let y = if x[0] < x[1] { x[0] * x[1] } else { x[0] };
        vec![y, x[1].sin()]
    }
    let mut jacobian = SparseJacobian::new(f, &[1.0, 2.0]).unwrap();
    assert_eq!(jacobian.pattern().to_string(), "× ×\n· ×");
    // The other path has fewer nonzeros.
    for x in [
        [3.0, 2.0],
        [1.0, 4.0],
        [5.0, 2.0],
        [f64::NAN, 1.0],
        [2.0, 2.0],
    ] {
        let (y, nonzeros) = jacobian.value_and_jacobian(&x).unwrap();
        let (expected_y, expected) = dense_jacobian(f, &x);
        assert!(agree(&y, &expected_y));
        assert!(
            agree(&dense(jacobian.pattern(), &nonzeros), &expected),
            "{x:?}"
        );
    }
}

#[test]
fn a_zero_absorbs_an_infinite_slope() {
    // The slope of the root is infinite at 0, and that of the square is 0.
    fn f<'t>(x: &[Var<'t>]) -> Vec<Var<'t>> {
        vec![x[0].square().sqrt(), x[0] * x[1], x[1].ln()]
    }
    let mut jacobian = SparseJacobian::new(f, &[1.0, 2.0]).unwrap();
    let (y, nonzeros) = jacobian.value_and_jacobian(&[0.0, 3.0]).unwrap();
    let (expected_y, expected) = dense_jacobian(f, &[0.0, 3.0]);
    assert_eq!(expected[0], 0.0);
    assert!(agree(&y, &expected_y));
    assert!(agree(&dense(jacobian.pattern(), &nonzeros), &expected));
    // A NaN that is the derivative stays, and the next point has none.
    let (_, nonzeros) = jacobian.value_and_jacobian(&[f64::NAN, 3.0]).unwrap();
    assert!(nonzeros[0].is_nan() && nonzeros[1] == 3.0 && nonzeros[2].is_nan());
    let (_, nonzeros) = jacobian.value_and_jacobian(&[2.0, 4.0]).unwrap();
    assert_eq!(nonzeros, [1.0, 4.0, 2.0, 0.25]);
}

#[test]
fn an_infinite_norm_has_the_slopes_of_the_tape() {
    fn f<'t>(x: &[Var<'t>]) -> Vec<Var<'t>> {
        vec![norm(&x[..2]), x[1] * x[2]]
    }
    let mut jacobian = SparseJacobian::new(f, &[1.0, 2.0, 3.0]).unwrap();
    for x in [[f64::INFINITY, 2.0, 3.0], [1.0, 3.0, 2.0]] {
        let (y, nonzeros) = jacobian.value_and_jacobian(&x).unwrap();
        let (expected_y, expected) = dense_jacobian(f, &x);
        assert!(agree(&y, &expected_y), "{y:?} {expected_y:?}");
        let found = dense(jacobian.pattern(), &nonzeros);
        assert!(agree(&found, &expected), "{found:?} {expected:?}");
    }
}

#[test]
fn single_precision() {
    let mut jacobian =
        SparseJacobian::new_f32(|x| vec![x[0] * x[1], x[1].square()], &[1.0, 2.0]).unwrap();
    assert_eq!(
        jacobian.value_and_jacobian(&[3.0, 4.0]).unwrap().1,
        [4.0, 3.0, 8.0]
    );
    let mut hessian = SparseHessian::new_f32(|x| x[0] * x[1].square(), &[1.0, 2.0]).unwrap();
    let expected = (48.0, vec![16.0, 24.0], vec![8.0, 6.0]);
    assert_eq!(
        hessian.value_gradient_and_hessian(&[3.0, 4.0]),
        Ok(expected)
    );
}

#[test]
fn a_function_that_cannot_be_replayed_is_an_error() {
    let error = SparseJacobian::new(|x| vec![x[0] * x[0].value()], &[1.0]).unwrap_err();
    assert!(matches!(error, ProgramError::Escaped { .. }));
    let error = SparseJacobian::new(|_| Vec::new(), &[1.0]).unwrap_err();
    assert_eq!(error, ProgramError::NoOutputs);
    let mut jacobian = SparseJacobian::new(
        |x| if x[0] < 0.0 { vec![x[0]] } else { x.to_vec() },
        &[1.0, 2.0],
    )
    .unwrap();
    let error = jacobian.value_and_jacobian(&[-1.0, 2.0]).unwrap_err();
    assert_eq!(
        error,
        ProgramError::Outputs {
            expected: 2,
            found: 1
        }
    );
}
