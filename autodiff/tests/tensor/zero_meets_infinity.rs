//! An exactly zero adjoint or slope absorbs an infinite or NaN factor: in a computed backward pass, in a recorded one,
//! and in the derivative of the latter.

use autodiff::elementwise::Unary;
use autodiff::scalar;
use autodiff::tensor::{Adjoints, Algebra, Op, Point, Real, Tape, Tensor, Var};
use autodiff::{Number, tensor};

const INF: f64 = f64::INFINITY;
const NAN: f64 = f64::NAN;

/// Several vectors of numbers, and a few more numbers.
const LENGTH: usize = 37;

/// The gradient of the sum of `f` at `x`, by a computed and by a recorded backward pass, and the derivative of the sum
/// of the recorded gradient.
fn derivatives<T: Real>(f: impl for<'t> Fn(Var<'t, T>) -> Var<'t, T>, x: &[f64]) -> [Vec<f64>; 3] {
    let tape = Tape::new();
    let x = tape.var(Tensor::from_flat_fn([x.len()], |i| T::from_f64(x[i])));
    let y = f(x);
    let computed = y.vjp(Tensor::full(y.shape(), T::from_f64(1.0))).wrt(x);
    let recorded = y.sum().recorded_gradients(&[x])[0];
    let second = recorded.sum().gradients().wrt(x);
    [computed, recorded.value(), second].map(|x| x.data().iter().map(|x| x.to_f64()).collect())
}

/// Whether two lists are equal, where NaN equals NaN.
fn same(a: &[f64], b: &[f64]) -> bool {
    let same = |(a, b): (&f64, &f64)| a == b || a.is_nan() && b.is_nan();
    a.len() == b.len() && a.iter().zip(b).all(same)
}

/// Checks the gradient of the sum of `f`, in both precisions and by both kinds of backward pass.
#[track_caller]
fn assert_gradient<F, G>(f: F, g: G, x: &[f64], gradient: &[f64])
where
    F: for<'t> Fn(Var<'t, f64>) -> Var<'t, f64>,
    G: for<'t> Fn(Var<'t, f32>) -> Var<'t, f32>,
{
    for [computed, recorded, _] in [derivatives(f, x), derivatives(g, x)] {
        assert!(same(&computed, gradient), "{computed:?}, not {gradient:?}");
        assert!(same(&recorded, gradient), "{recorded:?}, not {gradient:?}");
    }
}

/// Calls the function with one expression for both precisions.
macro_rules! assert_gradient {
    (|$x:ident| $f:expr, $at:expr, $gradient:expr) => {
        assert_gradient(|$x| $f, |$x| $f, &$at, &$gradient)
    };
}

#[test]
fn an_overflow_below_a_bound_has_gradient_zero() {
    let at = [1000.0; LENGTH];
    let zeros = [0.0; LENGTH];
    assert_gradient!(|x| x.exp().min(1.0), at, zeros);
    assert_gradient!(|x| x.exp().clamp(0.0, 1.0), at, zeros);
    assert_gradient!(|x| (x.exp() + 1.0).recip(), at, zeros);
    assert_gradient!(|x| 1.0 / (x.exp() + 1.0), at, zeros);
    assert_gradient!(|x| x.exp().atan(), at, zeros);
    assert_gradient!(|x| (-x.exp()).exp(), at, zeros);
    assert_gradient!(|x| (-x.exp()).relu(), at, zeros);
    assert_gradient!(|x| x.exp() * 0.0, at, zeros);
    // Numbers that overflow alternate with numbers that do not.
    let at: Vec<f64> = (0..LENGTH).map(|i| [0.0, 1000.0][i % 2]).collect();
    let some: Vec<f64> = (0..LENGTH).map(|i| [1.0, 0.0][i % 2]).collect();
    assert_gradient!(|x| x.exp().min(2.0), at, some);
    let [.., of_minimum] = derivatives(|x: Var<'_, f64>| x.exp().min(1.0), &[1000.0; LENGTH]);
    let [.., of_sigmoid] =
        derivatives(|x: Var<'_, f64>| (x.exp() + 1.0).recip(), &[1000.0; LENGTH]);
    assert!(of_minimum == zeros && of_sigmoid == zeros);
}

#[test]
fn a_branch_that_is_not_selected_has_gradient_zero() {
    let at = [INF; LENGTH];
    let zeros = [0.0; LENGTH];
    let none = Tensor::<u8>::zeros([LENGTH]);
    let all = Tensor::full([LENGTH], 1_u8);
    assert_gradient!(
        |x| Var::select(&none, x.cos(), x.tape().constant(3.0)),
        at,
        zeros
    );
    assert_gradient!(
        |x| Var::select(&all, x.tape().constant(3.0), x.cos()),
        at,
        zeros
    );
    assert_gradient!(
        |x| Var::select(&none, x.sin() * x, x.tape().constant(3.0)),
        at,
        zeros
    );
    assert_gradient!(
        |x| Var::select(&none, x.ln_1p().sqrt(), x.tape().constant(3.0)),
        [-1.0; LENGTH],
        zeros
    );
    assert_gradient!(
        |x| Var::select(&none, x * x.recip(), x.tape().constant(3.0)),
        [0.0; LENGTH],
        zeros
    );
    assert_gradient!(
        |x| Var::select(&none, x / x, x.tape().constant(3.0)),
        [0.0; LENGTH],
        zeros
    );
    assert_gradient!(
        |x| Var::select(&none, x.xlogy(x), x.tape().constant(3.0)),
        [-1.0; LENGTH],
        zeros
    );
    assert_gradient!(
        |x| Var::select(&none, x.powf(x), x.tape().constant(3.0)),
        [-0.5; LENGTH],
        zeros
    );
    assert_gradient!(
        |x| Var::select(&none, x.hypot(x), x.tape().constant(3.0)),
        at,
        zeros
    );
    assert_gradient!(
        |x| Var::select(&none, x.softmax(0), x.tape().constant(3.0)),
        at,
        zeros
    );
    assert_gradient!(
        |x| Var::select(&none, x.log_softmax(0), x.tape().constant(3.0)),
        at,
        zeros
    );
    assert_gradient!(
        |x| x.max_over(0) * 0.0 + x.mean() * 0.0,
        [NAN; LENGTH],
        zeros
    );
    let [.., second] = derivatives(
        |x: Var<'_, f64>| Var::select(&none, x.cos(), x.tape().constant(3.0)),
        &at,
    );
    assert_eq!(second, zeros);
}

#[test]
fn roots_of_sums_of_squares_have_gradient_zero_at_zero() {
    let zeros = [0.0; LENGTH];
    assert_gradient!(|x| x.square().sum().sqrt(), zeros, zeros);
    assert_gradient!(|x| (x * x).sum().sqrt(), zeros, zeros);
    assert_gradient!(|x| x.powf(2.0).sum().sqrt(), zeros, zeros);
    assert_gradient!(|x| x.square().mean().sqrt(), zeros, zeros);
    assert_gradient!(|x| x.square().max_over(0).sqrt(), zeros, zeros);
    assert_gradient!(|x| x.square().sum().ln(), zeros, zeros);
    assert_gradient!(
        |x| x.reshape([1, LENGTH]).hypot(0.0).sum().sqrt(),
        zeros,
        zeros
    );
    // Equal numbers: their distance from themselves, and their standard deviation.
    let equal = [0.75; LENGTH];
    assert_gradient!(|x| x.squared_distance(x.detach()).sqrt(), equal, zeros);
    assert_gradient!(|x| x.detach().squared_distance(x).sqrt(), equal, zeros);
    assert_gradient!(|x| (x - x.mean()).square().mean().sqrt(), equal, zeros);
    // The other numbers are below the largest, whatever adjoint the largest gets.
    let mut at = [-1.0; LENGTH];
    at[3] = 0.0;
    let mut gradient = zeros;
    gradient[3] = INF;
    assert_gradient!(|x| x.max_over(0).sqrt(), at, gradient);
}

#[test]
fn what_is_not_zero_stays_infinite() {
    assert_gradient!(|x| x.sqrt() * 0.5, [0.0, 4.0], [INF, 0.125]);
    assert_gradient!(|x| (x + 1e-30).exp() * x, [1000.0], [INF]);
    assert_gradient!(|x| x.recip() * 2.0, [0.0, 1.0], [-INF, -2.0]);
}

/// A layer whose neurons are all saturated or all off does not propagate an infinite adjoint.
#[test]
fn a_layer_without_slope_has_gradient_zero() {
    fn check<T: Real>(function: Unary, bias: f64) {
        let tape = Tape::new();
        let x = tape.constant(Tensor::full([3, 2], T::from_f64(1.0)));
        let weight = tape.var(Tensor::full([LENGTH, 2], T::from_f64(0.5)));
        let bias = tape.var(Tensor::full([LENGTH], T::from_f64(bias)));
        let y = x.dense(weight, bias, function);
        // The adjoint is infinite, since the root's argument is 0 for every neuron.
        let limit = y.value().data()[0];
        let cost = (y - y.tape().constant(limit)).sqrt().sum();
        let gradients = cost.gradients();
        let recorded = cost.recorded_gradients(&[weight, bias]);
        for (variable, recorded) in [weight, bias].into_iter().zip(recorded) {
            for gradient in [gradients.wrt(variable), recorded.value()] {
                assert!(
                    gradient.data().iter().all(|x| x.to_f64() == 0.0),
                    "{function:?}: {gradient:?}"
                );
            }
        }
    }
    for (function, bias) in [
        (Unary::Relu, -5.0),
        (Unary::Tanh, 1000.0),
        (Unary::Sigmoid, -1e5),
        (Unary::Sigmoid, 1000.0),
        (Unary::Softplus, -1e5),
    ] {
        check::<f32>(function, bias);
        check::<f64>(function, bias);
    }
}

#[test]
fn a_matrix_product_absorbs_nothing() {
    let tape = Tape::new();
    let a = tape.var([[1.0]]);
    let product = a.matmul(Tensor::from([[INF]])) * 0.0;
    assert!(product.sum().gradients().wrt(a).item().is_nan());
}

/// The square, with a rule that absorbs.
#[derive(Debug)]
struct Square;

impl<T: Real> Op<T> for Square {
    fn name(&self) -> &'static str {
        "square"
    }

    fn value(&self, x: &[&Tensor<T>]) -> Tensor<T> {
        x[0] * x[0]
    }

    fn vjp<A: Algebra<Element = T>>(
        &self,
        at: &Point<'_, A>,
        y_bar: A,
        x_bar: &mut Adjoints<'_, A>,
    ) {
        x_bar.add(0, || (2.0 * at.x[0]).absorbing_mul(&y_bar));
    }
}

#[test]
fn a_user_defined_operation_absorbs_by_its_rule() {
    let zeros = [0.0; LENGTH];
    assert_gradient!(|x| x.tape().apply(Square, &[x]).sum().sqrt(), zeros, zeros);
}

/// The gradient of two composed functions, at edges, is in the same class as on the scalar tape.
#[test]
fn compositions_have_the_class_of_the_scalar_tape() {
    let edges = [
        0.0, -0.0, 0.5, 1.0, -1.0, 2.0, -3.0, INF, -INF, NAN, 1e308, -1e308, 1e-300, 800.0, -800.0,
    ];
    let class = |x: f64| if x.is_finite() { 0.0 } else { x };
    let mut different = Vec::new();
    for (g, _) in Unary::catalogue() {
        for (f, _) in Unary::catalogue() {
            let [found, recorded, _] = derivatives(
                |x: Var<'_, f64>| Number::unary(Number::unary(x, g), f),
                &edges,
            );
            for (i, &x) in edges.iter().enumerate() {
                let [expected] = scalar::gradient(|[x]| x.unary(g).unary(f), [x]);
                if !same(
                    &[class(found[i]), class(recorded[i])],
                    &[class(expected); 2],
                ) {
                    different.push(format!(
                        "{f:?} of {g:?} at {x}: {}, {}, not {expected}",
                        found[i], recorded[i]
                    ));
                }
            }
        }
    }
    assert!(different.is_empty(), "{}", different.join("\n"));
}

/// With an adjoint of 0, every operation has gradients of 0, whatever its inputs.
#[test]
fn an_adjoint_of_zero_gives_zero_whatever_the_inputs_are() {
    for sample in tensor::catalogue() {
        // These are documented not to absorb.
        if ["matmul", "linear", "dense"].contains(&sample.name()) {
            continue;
        }
        for bad in [INF, -INF, NAN] {
            let tape = Tape::new();
            let inputs = sample.inputs().iter();
            let x: Vec<_> = inputs
                .map(|x| tape.var(Tensor::full(x.shape(), bad)))
                .collect();
            let y = sample.record(&x);
            let zeros = Tensor::zeros(y.shape());
            let gradients = y.vjp(zeros.clone());
            let recorded = (y.absorbing_mul(zeros)).sum().recorded_gradients(&x);
            for (&x, recorded) in x.iter().zip(recorded) {
                for gradient in [gradients.wrt(x), recorded.value()] {
                    assert!(
                        gradient.data().iter().all(|&x| x == 0.0),
                        "{sample:?} at {bad}: {gradient:?}"
                    );
                }
            }
        }
    }
}
