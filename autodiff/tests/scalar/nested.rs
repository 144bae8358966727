//! Slopes of nested numbers whose value is 0 or 1, but which are not constant.

use autodiff::Number;
use autodiff::elementwise::Binary;
use autodiff::scalar::{Dual, Tape, Var};

#[test]
fn guards_of_nested_numbers_test_the_whole_number() {
    // ∂²(aᵇ)/∂a∂b at b = 0 is 1/a, and ∂²(a ln b)/∂a∂b at a = 0 is 1/b. The first slope is 0 there, but not constant.
    let mixed = |f: Binary, a: f64, b: f64| {
        let a = Dual::new(Dual::from(a), Dual::from(1.0));
        let b = Dual::new(Dual::var(b), Dual::from(0.0));
        a.binary(f, b).tangent().tangent()
    };
    assert_eq!(mixed(Binary::Powf, 2.0, 0.0), 0.5);
    assert_eq!(mixed(Binary::Xlogy, 0.0, 4.0), 0.25);
    // A product with a factor whose value is 0, but whose tangent is not.
    let zero = Dual::var(0.0);
    assert_eq!(zero.absorbing_mul(Dual::from(5.0)).tangent(), 5.0);
    assert_eq!(
        zero.absorbing_mul(Dual::from(f64::INFINITY)).tangent(),
        f64::INFINITY
    );
    // On nested tapes: the gradient of √(x²) at 0, with the infinite slope of the root, must not be NaN.
    let outer = Tape::new();
    let x = outer.var(0.0);
    let inner = Tape::default();
    let v = inner.var(x);
    let first = (v * v).sqrt().gradients().wrt(v);
    assert_eq!(first.value(), 0.0);
}

#[test]
fn a_nested_slope_of_1_that_depends_on_a_variable_is_multiplied() {
    // y = 2 a b, whose slope towards a is 2 b. At b = 1 the factor b has the value 1, but it is not constant.
    let b = Dual::var(1.0);
    let tape = Tape::default();
    let a = tape.var(Dual::from(3.0));
    let y = (a * 2.0) * Var::constant(b);
    assert_eq!(y.gradients().wrt(a).tangent(), 2.0);
    let a = Dual::new(Dual::from(3.0), Dual::from(2.0));
    let y = a * Dual::constant(b);
    assert_eq!(y.tangent().tangent(), 2.0);

    let outer = Tape::new();
    let b = outer.var(1.0);
    let inner = Tape::default();
    let [a, other] = inner.vars([Var::from(3.0), b]);
    let y = (a * 2.0) * other;
    let slope = y.gradients().wrt(a);
    assert_eq!(slope.gradients().wrt(b), 2.0);
    let slope = (a * 2.0 * (a + other)).gradients().wrt(other);
    assert_eq!(slope, 6.0);
}
