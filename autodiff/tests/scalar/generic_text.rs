//! One text for plain numbers, forward-mode numbers and variables: the same values and derivatives everywhere.

use autodiff::scalar::{
    Dual, Plain, Scalar, Tape, Var, dot, forward, general, linear_combination, log_sum_exp, norm,
};
use std::ops::{Add, Div, Mul, Sub};

/// A function that uses everything that a number is bound to have. Its last output is the norm of the others.
pub(crate) fn outputs<T: Scalar<Plain = f64>>(x: &[T]) -> Vec<T> {
    let mut total = T::default();
    let mut scaled = T::from_plain(1.0);
    for (i, &x) in x.iter().enumerate() {
        total += x * 2.0 - x.sin() / 3.0;
        scaled *= x.cos() + 1.5;
        scaled -= 0.25;
        scaled /= 1.25;
        total *= 0.5;
        total -= scaled / (x * x + 1.0);
        total /= x.exp() + i as f64;
        total += 0.125;
        scaled += x % T::from_f64(0.75);
    }
    let reversed: Vec<T> = x.iter().rev().copied().collect();
    let weights: Vec<f64> = (0..x.len()).map(|i| 0.3 - 0.1 * i as f64).collect();
    let mut outputs = vec![
        total,
        scaled,
        x.iter().sum::<T>() + x.iter().copied().sum::<T>() * x[0],
        x.iter().copied().product::<T>(),
        dot(x, &reversed) + T::dot(x, x),
        linear_combination(&weights, x).tanh(),
        log_sum_exp(x),
        if total > scaled {
            total - 1.0
        } else {
            scaled.max(total)
        },
    ];
    outputs.push(norm(&outputs));
    outputs
}

/// A function with plain numbers on the left.
fn from_the_left<T>(x: T) -> T
where
    T: Scalar<Plain = f64>,
    f64: Add<T, Output = T> + Sub<T, Output = T> + Mul<T, Output = T> + Div<T, Output = T>,
{
    1.0 + 2.0 * x - 3.0 / (4.0 - x)
}

fn assert_close(a: &[f64], b: &[f64]) {
    assert_eq!(a.len(), b.len());
    for (&a, &b) in a.iter().zip(b) {
        assert!((a - b).abs() <= 1e-13 * a.abs().max(1.0), "{a} and {b}");
    }
}

pub(crate) const POINT: [f64; 9] = [0.7, -1.3, 0.2, 2.1, 1.1, -0.4, 0.9, 1.7, 0.05];

#[test]
fn every_number_gives_the_values_of_plain_numbers() {
    let plain = outputs(&POINT);
    let tape = Tape::new();
    let variables: Vec<_> = outputs(&tape.vars(&POINT[..]));
    let values: Vec<_> = variables.iter().map(|y| y.value()).collect();
    assert_close(&plain, &values);
    let duals = outputs(&POINT.map(Dual::<f64, 3>::constant));
    assert_close(&plain, &duals.iter().map(|y| y.value).collect::<Vec<_>>());
    let outer = Tape::new();
    let inner = Tape::default();
    let nested = outputs(&inner.vars(&outer.vars(&POINT[..])[..]));
    let values: Vec<_> = nested.iter().map(|y| y.value().value()).collect();
    assert_close(&plain, &values);
}

#[test]
fn plain_numbers_stand_on_the_left_where_the_bound_says_so() {
    let expected = 1.0 + 2.0 * 0.5 - 3.0 / 3.5;
    assert_eq!(from_the_left(0.5), expected);
    let y = from_the_left(Dual::var(0.5));
    assert_close(&[y.value, y.tangent()], &[expected, 2.0 - 3.0 / 12.25]);
    let tape = Tape::default();
    let x = tape.var(Dual::var(0.5));
    let y = from_the_left(x);
    assert_eq!(
        y.gradients().wrt(x).value,
        from_the_left(Dual::var(0.5)).tangent()
    );
}

#[test]
fn forward_and_reverse_mode_agree_on_one_text() {
    let (y, rows) = forward::value_and_jacobian::<4, _>(outputs, &POINT);
    assert_close(&y, &outputs(&POINT));
    let reverse = general::jacobian(|x| outputs(x), &POINT);
    for (row, reverse) in rows.iter().zip(&reverse) {
        assert_close(row, reverse);
    }
}

/// A formula in the numbers of any precision.
fn of_any_precision<T: Scalar>(c: T::Plain, x: T) -> T {
    let mut y = x * c - c;
    y += c;
    y /= c;
    y + T::linear_combination(&[c, c], &[x, y])
}

#[test]
fn plain_numbers_mix_in_either_precision() {
    fn check<P: Plain>(two: P, three: P) {
        let expected = of_any_precision(two, three);
        let y = of_any_precision(two, Dual::<P, 2>::seeded(three, 1));
        assert!(y.value == expected && y.tangents[0] == P::from_f64(0.0));
        let tape = Tape::default();
        let x = tape.var(Dual::var(three));
        let y: Var<'_, Dual<P>> = of_any_precision(two, x);
        assert!(y.value().value == expected && y.value().tangent() == y.gradients().wrt(x).value);
    }
    check(2.0_f32, 3.0);
    check(2.0_f64, 3.0);
}

#[test]
fn norms_of_plain_numbers_neither_overflow_nor_underflow() {
    for scale in [1e-320, 1e-200, 1e-150, 1.0, 1e150, 1e200, 1e307] {
        let relative = norm(&[3.0 * scale, -4.0 * scale]) / (5.0 * scale);
        let allowed = if scale < 1e-300 { 1e-3 } else { 1e-15 };
        assert!(
            (relative - 1.0_f64).abs() <= allowed,
            "{scale:e}: {relative}"
        );
    }
    for scale in [1e-40_f32, 1e-25, 1e-15, 1.0, 1e15, 1e25, 5e37] {
        let relative = norm(&[3.0 * scale, -4.0 * scale]) / (5.0 * scale);
        assert!((relative - 1.0).abs() <= 2e-5, "{scale:e}: {relative}");
    }
    let [inf, nan] = [f64::INFINITY, f64::NAN];
    assert_eq!(norm::<f64>(&[]), 0.0);
    assert_eq!(norm(&[0.0, -0.0]), 0.0);
    assert_eq!(norm(&[-inf, 1.0]), inf);
    assert!(norm(&[nan, 1.0]).is_nan() && norm(&[1.0, nan]).is_nan());
}

#[test]
fn log_sum_exp_is_the_same_function_of_all_numbers() {
    let [inf, nan] = [f64::INFINITY, f64::NAN];
    let long: Vec<f64> = (0..1000).map(|i| f64::from(i % 37) - 20.0).collect();
    let lists: [&[f64]; 12] = [
        &[],
        &[1.5],
        &[1000.0, 1000.0],
        &[-inf, 2.0],
        &[-inf, -inf],
        &[inf, 1.0],
        &[inf, 1.0, inf],
        &[nan, 1.0],
        &[1.0, nan],
        &[inf, nan],
        &[-1e308, 1e308],
        &long,
    ];
    for x in lists {
        let tape = Tape::new();
        let on_tape = log_sum_exp(&tape.vars(x)).value();
        let plain = log_sum_exp(x);
        let same = plain == on_tape || (plain - on_tape).abs() <= 1e-14 * plain.abs();
        assert!(
            same || plain.is_nan() && on_tape.is_nan(),
            "{plain} {on_tape}"
        );
        let duals: Vec<_> = x.iter().map(|&x| Dual::<f64, 2>::seeded(x, 1)).collect();
        let y = log_sum_exp(&duals);
        assert!(y.value == on_tape || y.value.is_nan() && on_tape.is_nan());
        // All inputs move in direction 1, and none in direction 0.
        let expected = match x {
            [] => 0.0,
            x if x.iter().any(|x| x.is_nan()) => nan,
            [a, b] if a == b && *a == -inf => nan,
            [a, _, b] if a == b => nan,
            _ => 1.0,
        };
        let [at_rest, moved] = y.tangents;
        assert!(at_rest == 0.0 || expected.is_nan(), "{x:?} {at_rest}");
        let right = (moved - expected).abs() < 1e-12 || moved.is_nan() && expected.is_nan();
        assert!(right, "{x:?}: {moved}");
    }
}

#[test]
fn long_sums_of_plain_numbers_are_accurate() {
    let tenths = vec![0.1_f32; 100_000];
    for sum in [
        dot(&tenths, &vec![1.0; 100_000]),
        linear_combination(&vec![1.0; 100_000], &tenths),
        norm(&tenths) * norm(&tenths) * 10.0,
    ] {
        assert!((sum / 1e4 - 1.0).abs() < 1e-6, "{sum}");
    }
}
