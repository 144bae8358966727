use super::*;
use crate::gradcheck::Gradcheck;

const CONVERGENCE: Convergence = Convergence {
    tolerance: 1e-15,
    max_iterations: 200,
};

fn check_three_orders(f: for<'t> fn(&[Var<'t, f64>]) -> Var<'t, f64>, inputs: &[Tensor<f64>]) {
    let check = Gradcheck::new();
    check.first_order(f, inputs).unwrap();
    check.second_order(f, inputs).unwrap();
    let checked = check.bound(1e-6).first_order(
        |x| {
            let slope = f(x).sum().recorded_gradients(&x[..1])[0];
            slope.square().sum().recorded_gradients(&x[..1])[0]
        },
        inputs,
    );
    checked.unwrap();
}

/// A contraction: its slope in x is at most 1/2.
fn layer<'t>(x: Var<'t, f64>, of: &[Var<'t, f64>]) -> Var<'t, f64> {
    (x.matmul(of[0]) * 0.5 + of[1]).tanh()
}

fn inputs() -> [Tensor<f64>; 2] {
    [
        Tensor::from([[0.3, -0.2], [0.4, 0.1]]),
        Tensor::from([[0.5, -0.7]]),
    ]
}

#[test]
fn derivatives_of_fixed_points_are_right_in_every_order() {
    fn solved<'t>(x: &[Var<'t, f64>]) -> Var<'t, f64> {
        let solution = fixed_point(layer, Tensor::zeros([1, 2]), x, CONVERGENCE);
        solution.unwrap().square()
    }
    check_three_orders(solved, &inputs());
}

#[test]
fn the_gradient_of_a_fixed_point_is_that_of_many_recorded_iterations() {
    let tape = Tape::new();
    let [w, b] = inputs().map(|x| tape.var(x));
    let implicit = fixed_point(layer, Tensor::zeros([1, 2]), &[w, b], CONVERGENCE).unwrap();
    let mut unrolled = tape.constant(Tensor::zeros([1, 2]));
    for _ in 0..80 {
        unrolled = layer(unrolled, &[w, b]);
    }
    let [a, b] = [implicit, unrolled].map(|y| y.sum().gradients().wrt_all(&[w, b]));
    for (a, b) in a.iter().zip(&b) {
        assert!(largest(&(a - b)) < 1e-14, "{a} {b}");
    }
}

#[test]
fn an_iteration_that_does_not_converge_is_an_error() {
    let tape = Tape::new();
    let a = tape.var(2.0);
    let error = fixed_point(|x, a| x * a[0], 1.0, &[a], CONVERGENCE).unwrap_err();
    assert_eq!(error.iterations, 200);
    let error = fixed_point(|x, a| x * x * a[0], 2.0, &[a], CONVERGENCE).unwrap_err();
    assert!(!error.change.is_finite());
    let error = fixed_point(|x, a| x * a[0] * f64::NAN, 1.0, &[a], CONVERGENCE).unwrap_err();
    assert!(error.change.is_nan());
}

/// A cost with a positive definite Hessian that depends on everything.
fn cost<'t>(x: Var<'t, f64>, of: &[Var<'t, f64>]) -> Var<'t, f64> {
    (x - of[0]).square().sum() + (x * of[1]).sum().exp() + 0.1 * x.powi(4).sum()
}

/// The minimiser of the cost, by Newton's method.
fn minimiser(of: &[Tensor<f64>]) -> Tensor<f64> {
    let mut x = Tensor::zeros([2]);
    for _ in 0..50 {
        let tape = Tape::new();
        let of: Vec<_> = of.iter().map(|x| tape.constant(x)).collect();
        let at = tape.var(&x);
        let slope = cost(at, &of).recorded_gradients(&[at])[0];
        let step = conjugate_gradients(&slope.value(), |w| slope.vjp(w).wrt(at));
        x -= step;
    }
    x
}

#[test]
fn derivatives_of_minima_are_right_in_every_order() {
    let inputs = [Tensor::from([0.5, -0.25]), Tensor::from([0.3, 0.7])];
    fn solved<'t>(x: &[Var<'t, f64>]) -> Var<'t, f64> {
        let values: Vec<_> = x.iter().map(|x| x.value()).collect();
        minimum(cost, minimiser(&values), x).square()
    }
    check_three_orders(solved, &inputs);
}

#[test]
fn the_gradient_at_a_maximum_is_nan() {
    let tape = Tape::new();
    let a = tape.var([1.0_f64, 2.0]);
    let x = minimum(|x, a| -(x - a[0]).square().sum(), [1.0, 2.0], &[a]);
    assert!(x.sum().gradients().wrt(a).data()[0].is_nan());
}

#[test]
fn adjoints_of_any_magnitude_are_found() {
    let tape = Tape::new();
    let a = tape.var([3.0_f32]);
    // A cost of one element is one number, whatever its rank.
    let x = minimum(|x, a| (x - a[0]).square(), [3.0_f32], &[a]);
    for x_bar in [1e30_f32, 1.0, 1e-30, 0.0] {
        let found = x.vjp([x_bar]).wrt(a).item();
        assert!((found - x_bar).abs() <= 1e-6 * x_bar, "{found} {x_bar}");
    }
}
