//! Values, slopes and second derivatives of a function of the table at many points, on either tape.

use super::{Precision, number, plain};
use autodiff::Number;
use autodiff::elementwise::{Binary, Unary};
use autodiff::scalar;
use autodiff::tensor::{Real, Tape, Tensor, Var};

/// The value and the derivatives at each of many points, each with its name.
pub(super) type Derivatives = Vec<(&'static str, Vec<f64>)>;

pub(super) fn numbers<T: Real>(x: &Tensor<T>) -> Vec<f64> {
    x.data().iter().map(|&x| plain(x)).collect()
}

/// The derivative with respect to `wrt` at each point, by a computed backward pass.
pub(super) fn by_point<T: Real>(y: Var<'_, T>, wrt: Var<'_, T>) -> Vec<f64> {
    let ones = Tensor::full(y.shape(), number::<T>(1.0));
    numbers(&y.vjp(ones).wrt(wrt))
}

/// A function of one variable on the tensor tape, at all points together.
pub(super) fn unary_of_tensors<T: Precision>(function: Unary, x: &[T]) -> Derivatives {
    let tape = Tape::new();
    let x = tape.var(Tensor::new([x.len()], x));
    let y = Number::unary(x, function);
    let slope = y.sum().recorded_gradients(&[x])[0];
    vec![
        ("value", numbers(&y.value())),
        ("slope", by_point(y, x)),
        ("recorded slope", numbers(&slope.value())),
        ("second derivative", by_point(slope, x)),
    ]
}

/// A function of one variable on the scalar tape, point by point. A tape of a tape returns the second derivative.
pub(super) fn unary_of_scalars<T: Precision>(function: Unary, x: &[T]) -> Derivatives {
    let at = |&x: &T| {
        let outer = scalar::Tape::default();
        let inner = scalar::Tape::default();
        let x = outer.var(x);
        let inner_x = inner.var(x);
        let y = inner_x.unary(function);
        let slope = y.gradients().wrt(inner_x);
        let plain_tape = scalar::Tape::default();
        let plain_x = plain_tape.var(x.value());
        let plain_slope = plain_x.unary(function).gradients().wrt(plain_x);
        [
            y.value().value(),
            plain_slope,
            slope.value(),
            slope.gradients().wrt(x),
        ]
    };
    let names = ["value", "slope", "recorded slope", "second derivative"];
    collected(names, x.iter().map(at))
}

/// A function of two variables on the tensor tape, at all points together.
pub(super) fn binary_of_tensors<T: Precision>(function: Binary, points: &[[T; 2]]) -> Derivatives {
    let tape = Tape::new();
    let [a, b] =
        [0, 1].map(|side| tape.var(Tensor::from_flat_fn([points.len()], |i| points[i][side])));
    let y = Number::binary(a, function, b);
    let slopes = y.sum().recorded_gradients(&[a, b]);
    let [slope_a, slope_b] = [slopes[0], slopes[1]];
    vec![
        ("value", numbers(&y.value())),
        ("slope in a", by_point(y, a)),
        ("slope in b", by_point(y, b)),
        ("recorded slope in a", numbers(&slope_a.value())),
        ("recorded slope in b", numbers(&slope_b.value())),
        ("second derivative in a", by_point(slope_a, a)),
        ("second derivative in a, b", by_point(slope_a, b)),
        ("second derivative in b, a", by_point(slope_b, a)),
        ("second derivative in b", by_point(slope_b, b)),
    ]
}

/// A function of two variables on the scalar tape, point by point.
pub(super) fn binary_of_scalars<T: Precision>(function: Binary, points: &[[T; 2]]) -> Derivatives {
    let at = |&point: &[T; 2]| {
        let outer = scalar::Tape::default();
        let inner = scalar::Tape::default();
        let x = outer.vars(point);
        let [a, b] = inner.vars(x);
        let y = a.binary(function, b);
        let gradients = y.gradients();
        let slopes = [a, b].map(|x| gradients.wrt(x));
        let [second_a, second_b] = slopes.map(|slope| {
            let gradients = slope.gradients();
            x.map(|x| gradients.wrt(x))
        });
        let tape = scalar::Tape::default();
        let plain = tape.vars(point);
        let gradients = plain[0].binary(function, plain[1]).gradients();
        let plain = plain.map(|x| gradients.wrt(x));
        [
            y.value().value(),
            plain[0],
            plain[1],
            slopes[0].value(),
            slopes[1].value(),
            second_a[0],
            second_a[1],
            second_b[0],
            second_b[1],
        ]
    };
    let names = [
        "value",
        "slope in a",
        "slope in b",
        "recorded slope in a",
        "recorded slope in b",
        "second derivative in a",
        "second derivative in a, b",
        "second derivative in b, a",
        "second derivative in b",
    ];
    collected(names, points.iter().map(at))
}

pub(super) fn collected<T: Real, const N: usize>(
    names: [&'static str; N],
    rows: impl Iterator<Item = [T; N]>,
) -> Derivatives {
    let mut all = names.map(|name| (name, Vec::new()));
    for row in rows {
        for ((_, list), x) in all.iter_mut().zip(row) {
            list.push(plain(x));
        }
    }
    all.into()
}
