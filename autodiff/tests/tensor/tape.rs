//! The tensor tape: backward passes, constants, retained nodes, reuse and depth.

use crate::refusals::refused;
use autodiff::Tensor;
use autodiff::tensor::{Tape, Var};

#[test]
fn one_recording_can_be_walked_back_many_times() {
    let tape = Tape::new();
    let x = tape.var([2.0, 3.0]);
    let y = (x * x * x).sum();
    let z = (x * 5.0).sum();
    assert_eq!(y.gradients().wrt(x).data(), [12.0, 27.0]);
    assert_eq!(z.gradients().wrt(x).data(), [5.0, 5.0]);
    assert_eq!(y.gradients().wrt(x).data(), [12.0, 27.0]);
    assert_eq!((x * x).vjp([1.0, 10.0]).wrt(x).data(), [4.0, 60.0]);
}

#[test]
fn a_variable_used_on_both_sides_gets_both_terms() {
    let tape = Tape::new();
    let x = tape.var([3.0]);
    assert_eq!((x * x).sum().gradients().wrt(x).data(), [6.0]);
    assert_eq!((x / x).sum().gradients().wrt(x).data(), [0.0]);
    let weight = tape.var([[2.0, 1.0], [0.0, 1.0]]);
    let gradient = weight.matmul(weight).sum().gradients().wrt(weight);
    assert_eq!(gradient, Tensor::from([[5.0, 3.0], [5.0, 3.0]]));
}

#[test]
fn a_shorter_sweep_after_a_longer_one_sees_nothing_of_it() {
    let tape = Tape::new();
    let x = tape.var([1.0, 2.0]);
    let y = x * x;
    let z = (y * y).sum();
    assert_eq!(z.gradients().wrt(x).data(), [4.0, 32.0]);
    assert_eq!(y.sum().gradients().wrt(x).data(), [2.0, 4.0]);
    assert_eq!(z.gradients().wrt(x).data(), [4.0, 32.0]);
}

#[test]
fn numbers_can_be_on_either_side() {
    let tape = Tape::new();
    let x = tape.var([2.0_f32, 4.0]);
    let y = (1.0 - x) / 2.0 + 3.0 * x - 1.0 / x + Tensor::from([0.5, 0.25]) - -x;
    let slope = 1.0 - 0.5 + 3.0;
    assert_eq!(y.value().data(), [7.5 - 0.5 + 0.5, 14.5 - 0.25 + 0.25]);
    assert_eq!(
        y.sum().gradients().wrt(x).data(),
        [slope + 0.25, slope + 0.0625]
    );
}

#[test]
fn no_gradient_flows_through_a_constant() {
    let tape = Tape::new();
    let x = tape.var([2.0]);
    let y = (x * x.detach() * tape.constant([10.0])).sum();
    assert_eq!(y.gradients().wrt(x).data(), [20.0]);
    let unused = tape.var([[1.0, 2.0]]);
    assert_eq!(y.gradients().wrt(unused), Tensor::zeros([1, 2]));
}

#[test]
fn zero_times_an_infinite_slope_is_zero() {
    let tape = Tape::new();
    let x = tape.var([0.0, 4.0]);
    let roots = x.sqrt() * Tensor::from([0.0, 1.0]);
    assert_eq!(roots.sum().gradients().wrt(x).data(), [0.0, 0.25]);
    let slope = roots.sum().recorded_gradients(&[x])[0];
    assert_eq!(slope.value().data(), [0.0, 0.25]);
    assert_eq!(
        x.sqrt().sum().gradients().wrt(x).data(),
        [f64::INFINITY, 0.25]
    );
}

#[test]
fn a_hessian_is_the_jacobian_of_a_recorded_gradient() {
    let tape = Tape::new();
    let x = tape.var([1.0, 2.0]);
    let [a, b] =
        [0, 1].map(|i| (x * Tensor::from_flat_fn([2], |j| f64::from(u8::from(i == j)))).sum());
    let rosenbrock = (1.0 - a).square() + 100.0 * (b - a.square()).square();
    let gradient = rosenbrock.recorded_gradients(&[x])[0];
    assert_eq!(
        gradient.jacobian(x),
        Tensor::from([[402.0, -400.0], [-400.0, 200.0]])
    );
}

#[test]
fn a_reset_tape_computes_the_same_and_holds_no_more() {
    let mut tape = Tape::new();
    let mut run = |scale: f32| {
        tape.reset();
        let x = tape.var(Tensor::full([50, 20], scale));
        let gradient = (x.tanh() * x).mean().gradients().wrt(x);
        (gradient, tape.len(), tape.bytes())
    };
    let first = run(0.5);
    for _ in 0..100 {
        assert_eq!(run(0.5), first);
        assert_ne!(run(0.25).0, first.0);
    }
}

#[test]
fn a_deep_chain_fits_a_small_stack() {
    let walk = || {
        let tape = Tape::<f32>::with_capacity(1_000_002);
        let x = tape.var([1.0]);
        let mut y = x;
        for _ in 0..1_000_000 {
            y = -y;
        }
        assert_eq!(y.gradients().wrt(x).data(), [1.0]);
    };
    std::thread::Builder::new()
        .stack_size(1 << 20)
        .spawn(walk)
        .unwrap()
        .join()
        .unwrap();
}

#[test]
fn edge_values_are_as_documented() {
    let tape = Tape::new();
    let at = |x: f64, f: for<'t> fn(Var<'t, f64>) -> Var<'t, f64>| {
        let x = tape.var([x]);
        let y = f(x);
        (y.item(), y.sum().gradients().wrt(x).item())
    };
    assert_eq!(at(0.0, |x| x.relu()), (0.0, 0.0), "relu at its kink");
    assert_eq!(at(0.0, |x| x.abs()), (0.0, 0.0), "abs at its kink");
    assert_eq!(
        at(-0.0, |x| x.abs()),
        (0.0, 0.0),
        "abs at its kink, from below"
    );
    assert_eq!(at(2.0, |x| x.max(2.0)), (2.0, 0.5), "max at a tie");
    assert_eq!(at(2.0, |x| x.min(2.0)), (2.0, 0.5), "min at a tie");
    assert_eq!(at(0.0, |x| x.powf(0.0)), (1.0, 0.0), "the power 0");
    assert_eq!(at(0.0, |x| x.powi(0)), (1.0, 0.0), "the power 0");
    assert_eq!(at(0.0, |x| x.xlogy(0.0)), (0.0, 0.0), "0 ln 0");
    assert_eq!(at(0.0, |x| x.hypot(0.0)), (0.0, 0.0), "hypot at the origin");
    assert_eq!(
        at(1e200, |x| x.hypot(1e200)).1,
        1e200 / 1e200_f64.hypot(1e200),
        "hypot does not overflow"
    );
    assert!(
        at(1e-200, |x| x.atan2(1e-200)).1.is_finite(),
        "atan2 does not underflow"
    );
    assert!(
        at(f64::NAN, |x| x.relu()).0.is_nan(),
        "a NaN passes through relu"
    );
    assert!(
        at(f64::NAN, |x| x.max(1.0)).0.is_nan(),
        "a NaN passes through max"
    );
}

#[test]
fn reductions_of_nothing_are_as_documented() {
    let nothing = Tensor::<f64>::zeros([0]);
    assert_eq!(nothing.sum().item(), 0.0);
    assert!(nothing.mean().item().is_nan());
}

#[test]
fn the_adjoint_of_a_retained_result_is_kept() {
    let mut tape = Tape::new();
    for _ in 0..2 {
        {
            let x = tape.var([3.0]);
            let z = x * 2.0;
            let y = (z * z).sum();
            let before = y.gradients();
            let (retained, again) = (z.retain(), z.retain());
            let advice = "`mul` was not kept; call `retain()` on it before the backward pass";
            refused(advice, || before.wrt(z));
            refused(advice, || before.add_to(z, 1.0, &mut [0.0]));
            let after = y.gradients();
            assert_eq!(after.wrt(z).data(), [12.0]);
            assert_eq!(after.wrt(retained).data(), after.wrt(again).data());
            assert_eq!(after.wrt(x).data(), [24.0]);
            // The gradient with respect to a result that `y` does not depend on is zero.
            let (unused, late) = ((x * 3.0).retain(), tape.var([1.0, 2.0]));
            let gradients = y.gradients();
            assert_eq!(gradients.wrt(unused).data(), [0.0]);
            assert_eq!(gradients.wrt(late).data(), [0.0, 0.0]);
        }
        tape.reset();
    }
}

#[test]
fn variables_may_be_named_in_any_order() {
    let tape = Tape::new();
    let (a, b, c) = (tape.var([2.0]), tape.var([3.0]), tape.var([5.0]));
    let y = (a * b * c).sum();
    let value = |x: Var<'_, f64>| x.value().data()[0];
    for wrt in [
        [a, b, c],
        [a, c, b],
        [b, a, c],
        [b, c, a],
        [c, a, b],
        [c, b, a],
    ] {
        let slopes = y.recorded_gradients(&wrt);
        for (x, slope) in wrt.into_iter().zip(slopes) {
            assert_eq!(value(slope), 30.0 / value(x), "{wrt:?}");
        }
    }
}

#[test]
fn nothing_is_differentiated_with_respect_to_a_constant() {
    let tape = Tape::new();
    let x = tape.var([3.0]);
    let constants = [
        tape.constant([2.0]),
        tape.constant([2.0]).exp() * 3.0,
        x.detach(),
    ];
    for c in constants {
        let y = (c * x).sum();
        let advice = "which depends on no variable: record its value with `var` instead";
        refused(advice, || c.retain());
        refused(advice, || y.gradients().wrt(c));
        refused(advice, || y.gradients().add_to(c, 1.0, &mut [0.0]));
        refused(advice, || y.recorded_gradients(&[c]));
        refused(advice, || y.jacobian(c));
        // The panic's advice works.
        let v = tape.var(c.value());
        assert_eq!((v * x).sum().gradients().wrt(v).data(), [3.0]);
    }
}

#[test]
fn a_recording_after_a_longer_one_is_walked_back() {
    let mut tape = Tape::new();
    for nodes in [100, 10, 65, 64, 1] {
        {
            let x = tape.var(2.0);
            let y = (0..nodes).fold(x, |y, _| y + x);
            let expected = f64::from(nodes + 1);
            assert_eq!(y.gradients().wrt(x).item(), expected);
            assert_eq!(y.recorded_gradients(&[x])[0].item(), expected);
        }
        tape.reset();
    }
}

#[test]
fn cast_converts_like_the_operator_as() {
    let floats = Tensor::from([1.9_f64, -2.5, 300.0, f64::NAN]);
    assert_eq!(floats.cast::<u8>().data(), [1, 0, 255, 0]);
    assert_eq!(floats.cast::<f32>().data()[1], -2.5);
    assert_eq!(Tensor::from([1_u32, 7]).cast::<f32>().data(), [1.0, 7.0]);
}

#[test]
fn arg_max_finds_the_largest_along_either_axis() {
    let x = Tensor::from([[1.0, 5.0, 5.0], [f64::NAN, 9.0, 2.0]]);
    assert_eq!(x.arg_max(1).data(), [1, 0]);
    assert_eq!(x.arg_max(0).data(), [1, 1, 0]);
}

#[test]
fn a_tensor_of_bytes_is_the_tensor_of_their_multiples() {
    let bytes = Tensor::from_flat_fn([9, 40], |i| (i * 37 % 256) as u8);
    let x = Tensor::<f64>::from_scaled_bytes(&bytes, 1.0 / 255.0);
    let numbers = Tensor::from_flat_fn([9, 40], |i| f64::from(bytes.data()[i]) * (1.0 / 255.0));
    // Narrow layers, which read the bytes, and a wide layer; as the first and as a later layer; gradients of both
    // factors.
    for outputs in [1, 3, 10, 16, 17, 40] {
        let gradients = |x: &Tensor<f64>| {
            let tape = Tape::new();
            let weight = tape.var(Tensor::from_flat_fn([outputs, 40], |i| (i as f64).sin()));
            let bias = tape.var(Tensor::from_flat_fn([outputs], |i| (i as f64).cos()));
            let z = tape.constant(x).linear(weight, bias);
            let gradients = (z * z).sum().gradients();
            [z.value(), gradients.wrt(weight), gradients.wrt(bias)]
        };
        for (of_bytes, of_numbers) in gradients(&x).iter().zip(gradients(&numbers)) {
            let scale = of_numbers
                .abs()
                .data()
                .iter()
                .fold(1.0_f64, |a, &b| a.max(b));
            let error = (of_bytes - &of_numbers).abs();
            assert!(
                error.data().iter().all(|&error| error <= 1e-13 * scale),
                "{outputs}"
            );
        }
    }
    assert_eq!(x, numbers);
    assert_eq!(x.rows(3..5), numbers.rows(3..5));
    assert_eq!(&x + 1.0, &numbers + 1.0);
    let mut written = x.clone();
    written.data_mut()[0] = 7.0;
    assert_eq!((written.data()[0], x.data()[0]), (7.0, 0.0));
}

#[test]
fn a_tensor_of_bytes_can_be_a_variable() {
    let bytes = Tensor::from_flat_fn([5, 20], |i| (i * 11 % 256) as u8);
    let tape = Tape::new();
    let x = tape.var(Tensor::<f64>::from_scaled_bytes(&bytes, 0.5));
    let y = (x.linear(Tensor::full([3, 20], 2.0), Tensor::zeros([3])) * x.sum()).sum();
    let sum: f64 = bytes.data().iter().map(|&byte| 0.5 * f64::from(byte)).sum();
    // y = 6 (Σ x)².
    assert!((y.item() - 6.0 * sum * sum).abs() < 1e-9 * sum * sum);
    let gradient = y.gradients().wrt(x);
    assert!(
        gradient
            .data()
            .iter()
            .all(|slope| (slope - 12.0 * sum).abs() < 1e-9 * sum)
    );
}
