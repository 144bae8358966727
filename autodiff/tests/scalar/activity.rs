//! Operations on a variable and a constant whose slope is exactly 0 return a constant, and nothing is recorded.

use autodiff::scalar::program::{Points, Program};
use autodiff::scalar::{Dual, Tape, Var, checkpoint, general, gradient, hessian};

const INF: f64 = f64::INFINITY;

#[test]
fn an_operation_with_slope_0_towards_its_variable_is_a_constant() {
    let tape = Tape::new();
    let x = tape.var(3.0);
    let zero = Var::constant(0.0);
    let passive = [
        (x * 0.0, 0.0),
        (0.0 * x, 0.0),
        (x * -0.0, -0.0),
        (x * zero, 0.0),
        (zero * x, 0.0),
        (zero / x, 0.0),
        (x / INF, 0.0),
        (x.max(5.0), 5.0),
        (x.min(Var::constant(2.0)), 2.0),
        (Var::constant(5.0).max(x), 5.0),
        (x.powf(0.0), 1.0),
        (x.mul_add(zero, 7.0), 7.0),
    ];
    for (number, value) in passive {
        assert!(number.tape().is_none(), "{number:?}");
        assert_eq!(number.value(), value);
    }
    // The smallest slope is one.
    let tiny = f64::from_bits(1);
    for active in [x * tiny, x * Var::constant(tiny), x * tiny * tiny] {
        assert!(active.tape().is_some());
    }
    assert_eq!((x * tiny).gradients().wrt(x), tiny);
    // The product of slopes may be 0; the operation has a slope all the same.
    assert_eq!((x * tiny * tiny).gradients().wrt(x), 0.0);
}

#[test]
fn what_stays_0_is_not_recorded() {
    // The components of a chain become positive one after another; those after it are 0 until then.
    let tape = Tape::new();
    let x = tape.vars([2.0; 100]);
    let mut y = [Var::constant(0.0); 100];
    for _ in 0..3 {
        let before = y;
        y[0] = before[0] + x[0];
        for i in 1..100 {
            y[i] = before[i] + x[i] * before[i - 1] * 0.5;
        }
    }
    assert!(tape.len() < 110, "{} nodes", tape.len());
    assert!(y[3].tape().is_none() && y[2].tape().is_some());
    assert_eq!(y[2].value(), 2.0);
    assert_eq!(y[2].gradients().wrt_all(&x[..4]), [1.0, 1.0, 1.0, 0.0]);
    assert_eq!(y[99].gradients().wrt(x[99]), 0.0);
}

#[test]
fn a_zero_absorbs_infinite_slopes_and_nan() {
    for bad in [INF, f64::NAN] {
        // The value keeps what happened, and the derivative is 0, as it is where both are variables.
        assert!(
            Tape::new()
                .var(bad)
                .custom(|x| (x * 0.0, 0.0))
                .value()
                .is_nan()
        );
        let tape = Tape::new();
        let product = tape.var(bad) * 0.0;
        assert!(product.value().is_nan() && product.tape().is_none());
        assert_eq!(gradient(|[x]| x * 0.0, [bad]), [0.0]);
        assert_eq!(gradient(|[x, y]| x * y, [bad, 0.0])[0], 0.0);
    }
    assert_eq!(gradient(|[x]| x.sqrt() * Var::constant(0.0), [0.0]), [0.0]);
    assert_eq!(gradient(|[x]| (x * 0.0).sqrt(), [3.0]), [0.0]);
    assert_eq!(
        gradient(|[x, y]| (x * 0.0 + y).sqrt(), [3.0, 0.0]),
        [0.0, INF]
    );
    // A slope that is NaN is none of 0.
    assert!((Tape::new().var(2.0) * f64::NAN).tape().is_some());
}

#[test]
fn a_zero_with_derivatives_is_recorded() {
    // d/dx of x·c is c, whose own derivative is 1.
    let tape = Tape::default();
    let x = tape.var(Dual::constant(3.0));
    let moving = Var::constant(Dual::var(0.0));
    let product = x * moving;
    let slope = product.gradients().wrt(x);
    assert_eq!((slope.value, slope.tangent()), (0.0, 1.0));
    assert!((x * Var::constant(Dual::constant(0.0))).tape().is_none());
    // So it is with a variable of another tape.
    let mixed = general::gradient(
        |c| general::gradient(|x| x[0] * Var::constant(c[0]) * 2.0, &[Var::from(5.0)])[0],
        &[0.0],
    );
    assert_eq!(mixed, [2.0]);
    // At the order after next too.
    let third = general::derivative(
        |c| {
            let inner = |c: Dual<Dual<f64>>| {
                let tape = Tape::default();
                let x = tape.var(Dual::constant(Dual::constant(7.0)));
                (x * Var::constant(c * c)).gradients().wrt(x)
            };
            general::derivative(inner, c)
        },
        0.0,
    );
    assert_eq!(third, 2.0);
}

#[test]
fn second_derivatives_are_right_where_a_slope_is_0() {
    let second = hessian(
        |[x, y]| x * x * y * 0.0 + x.max(-1.0) * y + (x * 0.0 + y) * y,
        [0.0, 3.0],
    );
    assert_eq!(second, [[0.0, 1.0], [1.0, 2.0]]);
    let second = hessian(|[x, y]| x.max(5.0) * y * y, [0.0, 3.0]);
    assert_eq!(second, [[0.0, 0.0], [0.0, 10.0]]);
}

#[test]
fn a_checkpoint_takes_and_returns_such_constants() {
    let tape = Tape::new();
    let [x, y] = tape.vars([3.0, 4.0]);
    let outputs = checkpoint(
        |[v]| vec![v[0] * v[1], v[1] * 0.0 + v[2]],
        [&[x * 0.0, y, x]],
    );
    assert_eq!(outputs[0].value(), 0.0);
    let gradients = (outputs[0] + outputs[1]).gradients();
    assert_eq!(gradients.wrt_all(&[x, y]), [1.0, 0.0]);
}

#[test]
fn a_traced_tape_keeps_every_operation() {
    let tape = Tape::traced();
    let x = tape.var(3.0);
    let products = [
        x * 0.0,
        x * Var::constant(0.0),
        Var::constant(0.0) / x,
        x.max(5.0),
    ];
    assert!(products.iter().all(|product| product.tape().is_some()));
    assert_eq!(tape.trace().unwrap().len(), 5);
    assert_eq!(products[3].gradients().wrt(x), 0.0);
}

#[test]
fn a_program_holds_for_points_with_other_slopes() {
    let mut program = Program::new(1, 1, |s, x| {
        let of_shared = general::gradient(|y| y[0] * Var::constant(s[0]), &[x[0]])[0];
        vec![x[0].max(5.0) * x[0] + of_shared * x[0]]
    });
    // Recorded where the maximum is the constant, and where the factor of the inner gradient is 0.
    for (s, points, expected) in [
        (0.0, [3.0, 7.0], [5.0, 14.0]),
        (2.0, [3.0, 7.0], [7.0, 16.0]),
    ] {
        let (_, gradients) = program
            .values_and_gradients(&[s], Points::Rows(&points))
            .unwrap();
        assert_eq!(gradients, expected);
    }
}

#[test]
#[should_panic(
    expected = "retain: 0 is a constant, which depends on no variable, or on one with slope 0"
)]
fn a_constant_product_cannot_be_retained() {
    let tape = Tape::new();
    let x = tape.var(3.0);
    let _ = (x * 0.0).retain();
}

#[test]
#[should_panic(
    expected = "wrt: 0 is a constant, which depends on no variable, or on one with slope 0"
)]
fn nothing_is_differentiated_with_respect_to_a_constant_product() {
    let tape = Tape::new();
    let [x, y] = tape.vars([3.0, 4.0]);
    let product = x * 0.0;
    let _ = (product + y).gradients().wrt(product);
}
