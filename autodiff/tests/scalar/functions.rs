//! Every function of the table: values, slopes and second derivatives, in forward and in reverse mode, compared with
//! 50-digit values and with finite differences.

use crate::grid::{SLOPES_OF_ONE, SLOPES_OF_TWO};
use crate::reference::{Format, Points, rows};
use crate::ways::{Way, of_one, of_two};
use autodiff::Number;
use autodiff::elementwise::{Binary, Unary};
use autodiff::scalar::{Dual, Tape};
use autodiff::tensor::raw::elementary;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// The bound of the errors, 99 ε.
const EXACT: f64 = 99.0 * f64::EPSILON;

/// The difference relative to max(1, |reference|); infinite if exactly one of the two is NaN.
fn error(computed: f64, reference: f64) -> f64 {
    if computed == reference || computed.is_nan() && reference.is_nan() {
        return 0.0;
    }
    let error = (computed - reference).abs() / reference.abs().max(1.0);
    if error.is_nan() { f64::INFINITY } else { error }
}

/// The random points of a function in the reference: the arguments, the value, the slopes, and the second derivatives.
fn reference(function: &str) -> &'static [Vec<f64>] {
    rows(Points::Random, Format::F64, function)
        .unwrap_or_else(|| panic!("{function} is not in the table"))
}

/// The largest error of any order in any way of computing.
fn worst<const N: usize>(ways: &[Way<N>], reference: [f64; N]) -> f64 {
    let errors = ways.iter().flat_map(|way| {
        let pairs = way.orders.into_iter().zip(reference);
        pairs.filter_map(|(computed, exact)| Some(error(computed?, exact)))
    });
    errors.fold(0.0, f64::max)
}

/// The largest error of a function of one variable at a random point of the reference.
fn error_of_one(function: Unary, row: &[f64]) -> f64 {
    let &[x, value, slope, curvature] = row else {
        panic!("{row:?}")
    };
    worst(&of_one(function, x), [value, slope, curvature])
}

/// The largest error of a function of two variables at a random point of the reference.
fn error_of_two(function: Binary, row: &[f64]) -> f64 {
    let &[a, b, value, of_a, of_b, aa, ab, bb] = row else {
        panic!("{row:?}")
    };
    worst(&of_two(function, a, b), [value, of_a, of_b, aa, ab, ab, bb])
}

/// Describes the points of the reference at which the error of a function exceeds the bound.
fn failures(name: &str, bound: f64, error: impl Fn(&[f64]) -> f64) -> Vec<String> {
    let off = reference(name).iter().filter(|row| error(row) > bound);
    off.map(|row| format!("{name}: {:.0} ε at {row:?}", error(row) / f64::EPSILON))
        .collect()
}

/// The bound is 99 ε for a function. It is larger for a slope that is a row: its second derivatives are third
/// derivatives of a function, which the documentation does not promise to the last digits.
fn bound(is_slope: bool) -> f64 {
    if is_slope { 1e-11 } else { EXACT }
}

#[test]
fn values_and_derivatives_of_one_variable_have_their_50_digit_values() {
    let off = Unary::catalogue().into_iter().flat_map(|(f, _)| {
        let bound = bound(SLOPES_OF_ONE.contains(&f));
        failures(&format!("{f:?}"), bound, |row| error_of_one(f, row))
    });
    let off: Vec<_> = off.collect();
    assert!(off.is_empty(), "{off:#?}");
}

#[test]
fn values_and_derivatives_of_two_variables_have_their_50_digit_values() {
    let off = Binary::catalogue().into_iter().flat_map(|(f, _)| {
        let bound = bound(SLOPES_OF_TWO.contains(&f));
        failures(&format!("{f:?}"), bound, |row| error_of_two(f, row))
    });
    let off: Vec<_> = off.collect();
    assert!(off.is_empty(), "{off:#?}");
}

#[test]
fn a_number_of_any_order_off_by_a_trillionth_is_caught() {
    let row = &reference("Exp")[0];
    let &[x, y, ..] = &row[..] else {
        panic!("{row:?}")
    };
    assert!(error_of_one(Unary::Exp, row) <= EXACT);
    for order in 0..3 {
        let mut ways = of_one(Unary::Exp, x);
        ways[5].orders[order] = Some(y * (1.0 + 1e-12) + 1e-12);
        assert!(worst(&ways, [y; 3]) > EXACT);
    }
}

/// The derivative by finite differences of fourth order, with a step relative to `x` that stays within `room`.
fn differences(f: impl Fn(f64) -> f64, x: f64, room: f64) -> f64 {
    let h = (4e-4 * x.abs().max(1.0)).min(room / 2.5);
    (8.0 * (f(x + h) - f(x - h)) - (f(x + 2.0 * h) - f(x - 2.0 * h))) / (12.0 * h)
}

/// Random points of an interval, each with its distance from the ends.
fn points(random: &mut ChaCha8Rng, (low, high): (f64, f64), count: usize) -> Vec<(f64, f64)> {
    let mut draw = || {
        let x = random.random_range(low..high);
        (x, (x - low).min(high - x))
    };
    (0..count)
        .map(|_| draw())
        .filter(|&(_, room)| room > 1e-2 * (high - low))
        .collect()
}

/// The largest errors of the first and the second derivative, compared with finite differences.
fn errors_against_differences(
    f: impl Fn(f64) -> f64,
    slope: impl Fn(f64) -> f64,
    curvature: impl Fn(f64) -> f64,
    points: &[(f64, f64)],
) -> (f64, f64) {
    let fold = |errors: &mut dyn Iterator<Item = f64>| errors.fold(0.0, f64::max);
    (
        fold(
            &mut points
                .iter()
                .map(|&(x, room)| error(differences(&f, x, room), slope(x))),
        ),
        fold(
            &mut points
                .iter()
                .map(|&(x, room)| error(differences(&slope, x, room), curvature(x))),
        ),
    )
}

#[test]
fn first_and_second_order_agree_with_differences() {
    let random = &mut ChaCha8Rng::seed_from_u64(1);
    let mut failures = Vec::new();
    for (function, intervals) in Unary::catalogue() {
        for &interval in intervals {
            let points = points(random, interval, 1000 / intervals.len());
            let (first, second) = errors_against_differences(
                |x| x.unary(function),
                |x| Dual::var(x).unary(function).tangent(),
                |x| Dual::var(Dual::var(x)).unary(function).tangent().tangent(),
                &points,
            );
            if first > 1e-9 || second > 1e-7 {
                failures.push(format!("{function:?}: {first:.1e}, {second:.1e}"));
            }
        }
    }
    for (function, rectangles) in Binary::catalogue() {
        for &(a, b) in rectangles {
            let (a, b) = (points(random, a, 40), points(random, b, 25));
            for &(fixed, _) in &b {
                let at = |x: Dual<Dual>| x.binary(function, Dual::from(fixed));
                check_both_orders(
                    function,
                    at,
                    |x| x.binary(function, fixed),
                    &a,
                    &mut failures,
                );
            }
            for &(fixed, _) in &a {
                let at = |y: Dual<Dual>| Dual::from(fixed).binary(function, y);
                check_both_orders(
                    function,
                    at,
                    |y| fixed.binary(function, y),
                    &b,
                    &mut failures,
                );
            }
            // The mixed second derivative is the derivative of the slope in a with respect to b.
            for (&(x, _), &(y, room)) in a.iter().zip(&b) {
                let slope = |y: f64| Dual::var(x).binary(function, y.into()).tangent();
                let inner = Dual::new(Dual::var(x), Dual::from(0.0));
                let outer = Dual::new(Dual::from(y), Dual::from(1.0));
                let mixed = inner.binary(function, outer).tangent().tangent();
                let error = error(differences(slope, y, room), mixed);
                if error > 1e-7 {
                    failures.push(format!("{function:?} mixed at {x}, {y}: {error:.1e}"));
                }
            }
        }
    }
    assert!(failures.is_empty(), "{failures:#?}");
}

fn check_both_orders(
    function: Binary,
    f: impl Fn(Dual<Dual>) -> Dual<Dual>,
    value: impl Fn(f64) -> f64,
    points: &[(f64, f64)],
    failures: &mut Vec<String>,
) {
    let at = |x| f(Dual::var(Dual::var(x)));
    let (first, second) = errors_against_differences(
        value,
        |x| at(x).value.tangent(),
        |x| at(x).tangent().tangent(),
        points,
    );
    if first > 1e-9 || second > 1e-7 {
        failures.push(format!("{function:?}: {first:.1e}, {second:.1e}"));
    }
}

#[test]
fn differences_catch_a_wrong_slope_and_a_wrong_curvature() {
    let points = [(0.7, 1.0)];
    let check = |slope: f64, curvature: f64| {
        errors_against_differences(
            f64::sin,
            |x| slope * x.cos(),
            |x| -curvature * x.sin(),
            &points,
        )
    };
    assert!(check(1.0, 1.0).0 < 1e-9 && check(1.0, 1.0).1 < 1e-7);
    assert!(check(1.0 + 1e-8, 1.0).0 > 1e-9);
    assert!(check(1.0, 1.0 + 1e-6).1 > 1e-7);
}

#[test]
fn orders_mix_freely() {
    // The third derivative by forward over forward over reverse, and by three nested tapes.
    for (function, intervals) in Unary::catalogue() {
        let x = intervals[0].0 * 0.4 + intervals[0].1 * 0.6;
        let tape = Tape::default();
        let v = tape.var(Dual::var(Dual::var(x)));
        let mixed = v.unary(function).gradients().wrt(v).tangent().tangent();

        let outer = Tape::new();
        let u = outer.var(x);
        let middle = Tape::default();
        let v = middle.var(u);
        let inner = Tape::default();
        let w = inner.var(v);
        let reverse = w
            .unary(function)
            .gradients()
            .wrt(w)
            .gradients()
            .wrt(v)
            .gradients()
            .wrt(u);
        assert!(
            error(mixed, reverse) < 1e-13,
            "{function:?} at {x}: {mixed}, {reverse}"
        );
    }
}

#[test]
fn single_precision_follows_double() {
    for (function, intervals) in Unary::catalogue() {
        let x = (intervals[0].0 * 0.4 + intervals[0].1 * 0.6) as f32;
        let tape = Tape::default();
        let v = tape.var(x);
        let y = v.unary(function);
        let d = Dual::var(f64::from(x)).unary(function);
        assert!(
            error(f64::from(y.value()), d.value) < 1e-5,
            "{function:?} at {x}"
        );
        assert!(
            error(f64::from(y.gradients().wrt(v)), d.tangent()) < 1e-5,
            "{function:?} at {x}"
        );
    }
}

#[test]
fn functions_on_slices_agree_with_the_reference() {
    type Function = fn(&mut [f64]);
    let functions: [(&str, Function); 9] = [
        ("Exp", elementary::exp),
        ("Ln", elementary::ln),
        ("Tanh", elementary::tanh),
        ("Sigmoid", elementary::sigmoid),
        ("Softplus", elementary::softplus),
        ("LogSigmoid", elementary::log_sigmoid),
        ("Silu", elementary::silu),
        ("Sin", elementary::sin),
        ("Cos", elementary::cos),
    ];
    for (name, function) in functions {
        for row in reference(name) {
            let mut value = [row[0]];
            function(&mut value);
            let apart = value[0].to_bits().abs_diff(row[1].to_bits());
            assert!(
                apart <= 2,
                "{name}: {apart} units in the last place at {:e}",
                row[0]
            );
        }
    }
}
