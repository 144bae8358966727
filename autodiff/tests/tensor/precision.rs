//! The value and the vector–Jacobian product of every operation in the catalogue are the same in single as in double
//! precision, but for rounding.

use autodiff::Tensor;
use autodiff::tensor::{CheckCase, Real, Tape, Var, catalogue, general};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// The largest error of a number in single precision, relative to `f32::EPSILON` times the sum of the absolute values
/// of its terms.
const BOUND: f64 = 8.0;

/// Numbers in double precision, and for each the sum of the absolute values of its terms.
struct Exact {
    values: Vec<f64>,
    /// To first order, a function `f` of numbers xₖ has the terms `f` and `xₖ ∂f/∂xₖ`: what changes by ε of itself if the
    /// result or an input is rounded. The terms of a sum are those that are summed, and the result.
    magnitudes: Vec<f64>,
}

impl Exact {
    fn new(f: impl for<'t> Fn(&[Var<'t, f64>]) -> Var<'t, f64>, x: &[Tensor<f64>]) -> Exact {
        let (y, jacobians) = general::value_and_jacobian(f, x);
        let values = y.data().to_vec();
        let mut magnitudes: Vec<f64> = values.iter().map(|y| y.abs()).collect();
        for (jacobian, x) in jacobians.iter().zip(x) {
            let rows = jacobian.data().chunks_exact(x.size().max(1));
            for (magnitude, row) in magnitudes.iter_mut().zip(rows) {
                *magnitude += row
                    .iter()
                    .zip(x.data())
                    .map(|(d, x)| (d * x).abs())
                    .sum::<f64>();
            }
        }
        assert!(magnitudes.iter().all(|magnitude| magnitude.is_finite()));
        Exact { values, magnitudes }
    }

    /// The largest error of numbers in single precision, as [`BOUND`] counts it.
    fn error(&self, found: &[f32]) -> f64 {
        assert_eq!(found.len(), self.values.len());
        let exact = self.values.iter().zip(&self.magnitudes);
        let errors = exact.zip(found).map(|((value, magnitude), &found)| {
            let unit = f64::from(f32::EPSILON) * magnitude.max(f64::from(f32::MIN_POSITIVE));
            (f64::from(found) - value).abs() / unit
        });
        // NaN counts as larger than any other.
        errors.fold(0.0, |a: f64, b| if a.is_nan() || a >= b { a } else { b })
    }
}

/// The adjoints of some inputs, one after the other.
fn joined<'t, T: Real>(adjoints: &[Var<'t, T>]) -> Var<'t, T> {
    let flat: Vec<_> = adjoints.iter().map(|adjoint| adjoint.flatten()).collect();
    Var::concat(&flat, 0)
}

/// The errors in single precision of the value, of the computed and of the recorded vector–Jacobian product.
fn errors(case: &CheckCase, rng: &mut ChaCha8Rng) -> [f64; 3] {
    let tape = Tape::<f32>::new();
    let x: Vec<Tensor<f32>> = case.inputs().iter().map(Tensor::cast).collect();
    let vars: Vec<_> = x.iter().map(|x| tape.var(x)).collect();
    let y = case.record_in(&vars);
    let y_bar = Tensor::<f32>::uniform(y.shape(), -1.0..1.0, rng);

    // The same inputs, which single precision represents, in double precision.
    let mut inputs: Vec<Tensor<f64>> = x.iter().map(Tensor::cast).collect();
    let value = Exact::new(|x| case.record(x), &inputs);
    inputs.push(y_bar.cast());
    let product = Exact::new(
        |v| {
            let (y_bar, x) = v.split_last().unwrap();
            joined(&case.record(x).recorded_vjp(*y_bar, x))
        },
        &inputs,
    );

    let computed = y.vjp(&y_bar).wrt_all(&vars);
    let computed: Vec<f32> = computed
        .iter()
        .flat_map(|x_bar| x_bar.data().to_vec())
        .collect();
    let recorded = joined(&y.recorded_vjp(&y_bar, &vars[..])).value();
    let found = [
        (&value, y.value().data().to_vec()),
        (&product, computed),
        (&product, recorded.data().to_vec()),
    ];
    found.map(|(exact, found)| exact.error(&found))
}

#[test]
fn single_precision_agrees_with_double_precision() {
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let mut failures = Vec::new();
    for case in catalogue() {
        let errors = errors(&case, &mut rng);
        // An error that is NaN fails too.
        if !errors.iter().all(|&error| error <= BOUND) {
            failures.push(format!("{case:?}: {errors:.1?}"));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
