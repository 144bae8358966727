//! Derivatives where calculus leaves a choice: one test for each case, on plain and traced tapes and in forward mode.

use autodiff::Number;
use autodiff::elementwise::{Binary, Unary};
use autodiff::scalar::{Dual, Tape, Var, log_sum_exp, norm};

const INF: f64 = f64::INFINITY;
const NAN: f64 = f64::NAN;

/// Returns the gradient at a point. Asserts that it is the same on a plain and on a traced tape.
fn gradient<const N: usize>(f: impl for<'t> Fn([Var<'t>; N]) -> Var<'t>, x: [f64; N]) -> [f64; N] {
    let on = |tape: Tape| {
        let x = tape.vars(x);
        let gradients = f(x).gradients();
        x.map(|x| gradients.wrt(x))
    };
    let (plain, traced) = (on(Tape::new()), on(Tape::traced()));
    let same = plain
        .iter()
        .zip(&traced)
        .all(|(a, b)| a == b || a.is_nan() && b.is_nan());
    assert!(same, "plain {plain:?}, traced {traced:?}");
    plain
}

/// Returns the slope of a function of one variable. Asserts that it is the same in forward and in reverse mode.
fn slope(f: Unary, x: f64) -> f64 {
    let [reverse] = gradient(|[x]| x.unary(f), [x]);
    let forward = Dual::var(x).unary(f).tangent();
    assert!(
        reverse == forward || reverse.is_nan() && forward.is_nan(),
        "{reverse} {forward}"
    );
    reverse
}

/// Returns the slopes of a function of two variables. Asserts that they are the same in forward and in reverse mode.
fn slopes(f: Binary, a: f64, b: f64) -> [f64; 2] {
    let reverse = gradient(|[a, b]| a.binary(f, b), [a, b]);
    let forward = [
        Dual::var(a).binary(f, Dual::from(b)).tangent(),
        Dual::from(a).binary(f, Dual::var(b)).tangent(),
    ];
    for (reverse, forward) in reverse.iter().zip(forward) {
        assert!(
            *reverse == forward || reverse.is_nan() && forward.is_nan(),
            "{reverse} {forward}"
        );
    }
    reverse
}

#[test]
fn relu_at_zero_has_slope_zero() {
    assert_eq!(
        (slope(Unary::Relu, 0.0), slope(Unary::Relu, -0.0)),
        (0.0, 0.0)
    );
    assert_eq!(slope(Unary::LeakyRelu { leak: 0.1 }, 0.0), 0.1);
    assert_eq!(
        [0.0, -0.0].map(|x| slope(Unary::Elu { alpha: 0.1 }, x)),
        [0.1; 2]
    );
}

#[test]
fn abs_at_zero_has_slope_zero() {
    assert_eq!(
        (slope(Unary::Abs, 0.0), slope(Unary::Abs, -0.0)),
        (0.0, 0.0)
    );
}

#[test]
fn max_and_min_share_a_tie() {
    assert_eq!(slopes(Binary::Max, 2.0, 2.0), [0.5, 0.5]);
    assert_eq!(slopes(Binary::Min, 2.0, 2.0), [0.5, 0.5]);
    assert_eq!(gradient(|[x]| x.max(x), [3.0]), [1.0]);
}

#[test]
fn rounding_has_slope_zero_and_the_fraction_slope_one_at_jumps_too() {
    for x in [1.0, 0.5, -2.0, 0.0] {
        for f in [
            Unary::Floor,
            Unary::Ceil,
            Unary::Round,
            Unary::Trunc,
            Unary::Sign,
            Unary::Signum,
        ] {
            assert_eq!(slope(f, x), 0.0, "{f:?}");
        }
        assert_eq!(slope(Unary::Fract, x), 1.0);
    }
}

#[test]
fn clamp_has_slope_one_at_its_bounds() {
    let clamp = Unary::Clamp {
        low: -1.0,
        high: 1.0,
    };
    assert_eq!(
        [-1.5, -1.0, 0.0, 1.0, 1.5].map(|x| slope(clamp, x)),
        [0.0, 1.0, 1.0, 1.0, 0.0]
    );
    // The same for `clamp` of `Float`, whose bounds may be variables.
    let between = |x| {
        gradient(
            |[x, low, high]| num_traits::Float::clamp(x, low, high),
            [x, -1.0, 1.0],
        )
    };
    assert_eq!(
        [-1.5, -1.0, 1.0, 1.5].map(between),
        [
            [0.0, 1.0, 0.0],
            [1.0, 0.0, 0.0],
            [1.0, 0.0, 0.0],
            [0.0, 0.0, 1.0]
        ]
    );
}

#[test]
fn sqrt_at_zero_has_an_infinite_slope_which_a_zero_adjoint_absorbs() {
    assert_eq!(slope(Unary::Sqrt, 0.0), INF);
    // The zero factor is a constant, a variable, or a node of its own.
    assert_eq!(gradient(|[x]| x.sqrt() * 0.0, [0.0]), [0.0]);
    assert_eq!(gradient(|[x, y]| x.sqrt() * y, [0.0, 0.0]), [0.0, 0.0]);
    assert_eq!(
        gradient(|[x, y]| (x + y).sqrt() * (x * y), [0.0, 0.0]),
        [0.0, 0.0]
    );
}

#[test]
fn zero_times_an_infinite_slope_is_zero_whichever_comes_first() {
    assert_eq!(gradient(|[x]| (x * x).sqrt(), [0.0]), [0.0]);
    assert_eq!(gradient(|[x, y]| (x * y).sqrt(), [0.0, 0.0]), [0.0, 0.0]);
    assert_eq!(
        gradient(|[x, y]| (x * x + y * y).sqrt(), [0.0, 0.0]),
        [0.0, 0.0]
    );
    assert_eq!(
        gradient(
            |[x, y]| [x * x, y * y, x * y].iter().sum::<Var<'_>>().sqrt(),
            [0.0, 0.0]
        ),
        [0.0, 0.0]
    );
    assert_eq!(gradient(|[x]| (x * 0.0).ln(), [3.0]), [0.0]);
    // A derivative without a zero factor stays infinite.
    assert_eq!(gradient(|[x, y]| (x * y).sqrt(), [0.0, 2.0]), [INF, 0.0]);
    // In forward mode.
    let x = Dual::var(0.0);
    assert_eq!((x * x).sqrt().tangent(), 0.0);
    assert_eq!(
        autodiff::scalar::jvp(|[x, y]| [(x * y).sqrt()], [0.0, 0.0], [1.0, 1.0]).1,
        [0.0]
    );
}

#[test]
fn poles_of_slopes() {
    assert_eq!(slope(Unary::Cbrt, 0.0), INF);
    assert_eq!(slope(Unary::Ln, 0.0), INF);
    assert_eq!(slope(Unary::Asin, 1.0), INF);
    assert_eq!(slope(Unary::Acos, -1.0), -INF);
    assert_eq!(slope(Unary::Acosh, 1.0), INF);
    assert_eq!(slope(Unary::Atanh, 1.0), INF);
    assert_eq!(slope(Unary::Recip, 0.0), -INF);
    assert!(slope(Unary::Polygamma { n: 1 }, -2.0).is_nan());
    assert_eq!((-2.0_f64).polygamma(1), INF);
}

#[test]
fn outside_its_domain_a_function_is_nan() {
    for f in [
        Unary::Ln,
        Unary::Log2,
        Unary::Log10,
        Unary::Sqrt,
        Unary::Acosh,
    ] {
        assert!((-2.0_f64).unary(f).is_nan(), "{f:?}");
    }
    for f in [Unary::Asin, Unary::Acos, Unary::Atanh] {
        assert!(2.0_f64.unary(f).is_nan(), "{f:?}");
    }
}

#[test]
fn norm_at_zero_has_slope_zero() {
    assert_eq!(gradient(|[x, y]| norm(&[x, y]), [0.0, -0.0]), [0.0, 0.0]);
    for scale in [1e-200, 1e200] {
        let [a, b] = gradient(|[x, y]| norm(&[x, y]), [3.0 * scale, -4.0 * scale]);
        assert!((a - 0.6).abs() < 1e-15 && (b + 0.8).abs() < 1e-15);
    }
    let tape = Tape::new();
    assert!(
        (norm(&tape.vars([3e200, 4e200])) / 5e200 - 1.0)
            .value()
            .abs()
            < 1e-15
    );
    assert_eq!(norm(&tape.vars([INF, 1.0])), INF);
    assert!(norm(&tape.vars([1.0, NAN])).value().is_nan());
    assert_eq!(norm::<f64>(&[]), 0.0);
}

#[test]
fn hypot_and_atan2_at_the_origin_have_slope_zero() {
    assert_eq!(slopes(Binary::Hypot, 0.0, 0.0), [0.0, 0.0]);
    assert_eq!(slopes(Binary::Atan2, 0.0, 0.0), [0.0, 0.0]);
}

#[test]
fn hypot_and_atan2_neither_overflow_nor_underflow() {
    for scale in [1e-300, 1e300] {
        let [a, b] = slopes(Binary::Hypot, 3.0 * scale, 4.0 * scale);
        assert!((a - 0.6).abs() < 1e-15 && (b - 0.8).abs() < 1e-15);
        let [a, b] = slopes(Binary::Atan2, 3.0 * scale, 4.0 * scale).map(|s| s * scale);
        assert!((a - 0.16).abs() < 1e-15 && (b + 0.12).abs() < 1e-15);
    }
}

#[test]
fn powf_with_exponent_zero_has_slope_zero() {
    assert_eq!(slopes(Binary::Powf, 0.0, 0.0), [0.0, 0.0]);
    assert_eq!(slopes(Binary::Powf, 2.0, 0.0), [0.0, 2.0_f64.ln()]);
    assert_eq!(gradient(|[x]| x.powf(0.0), [0.0]), [0.0]);
    assert_eq!(gradient(|[x]| x.powi(0), [0.0]), [0.0]);
}

#[test]
fn powf_of_zero_has_slope_zero_in_the_exponent() {
    assert_eq!(slopes(Binary::Powf, 0.0, 2.0), [0.0, 0.0]);
    assert_eq!(slopes(Binary::Powf, 0.0, 1.0), [1.0, 0.0]);
}

#[test]
fn powf_of_a_negative_base_has_its_slope_in_the_base() {
    assert_eq!(gradient(|[x]| x.powf(3.0), [-2.0]), [12.0]);
    assert_eq!(gradient(|[x]| x.powf(-1.0), [-2.0]), [-0.25]);
    assert!(slopes(Binary::Powf, -2.0, 3.0)[1].is_nan());
}

#[test]
fn log_has_infinite_slopes_at_its_poles() {
    assert_eq!(
        (0.0_f64.log(2.0), slopes(Binary::Log, 0.0, 2.0)[0]),
        (-INF, INF)
    );
    assert_eq!(slopes(Binary::Log, 2.0, 1.0), [INF, -INF]);
    assert!(1.0_f64.log(1.0).is_nan() && 2.0_f64.log(-1.0).is_nan());
    assert_eq!(gradient(|[x]| (x * x).log(10.0), [0.0]), [0.0]);
}

#[test]
fn xlogy_at_zero_is_zero() {
    assert_eq!(0.0.xlogy(0.0), 0.0);
    assert_eq!(slopes(Binary::Xlogy, 0.0, 0.0), [0.0, 0.0]);
    assert_eq!(slopes(Binary::Xlogy, 0.0, 2.0), [2.0_f64.ln(), 0.0]);
    assert!(0.0.xlogy(NAN).is_nan());
}

#[test]
fn a_branch_that_is_not_selected_has_no_influence() {
    let safe_ln = |x: Var<'_>| x.value() > 0.0;
    for (x, expected) in [(-1.0, 0.0), (0.0, 0.0), (2.0, 0.5)] {
        assert_eq!(
            gradient(|[x]| Var::select(safe_ln(x), x.ln(), 0.0), [x]),
            [expected]
        );
        assert_eq!(
            gradient(|[x]| Var::select(!safe_ln(x), 1.0, x.ln()), [x]),
            [expected]
        );
    }
}

#[test]
fn log_sum_exp_ignores_minus_infinity_and_does_not_overflow() {
    assert_eq!(
        gradient(|x: [Var<'_>; 3]| log_sum_exp(&x), [1.0, -INF, 1.0]),
        [0.5, 0.0, 0.5]
    );
    assert_eq!(
        gradient(|x: [Var<'_>; 2]| log_sum_exp(&x), [INF, -1.0]),
        [1.0, 0.0]
    );
    for undefined in [[-INF, -INF], [INF, INF]] {
        let slopes = gradient(|x: [Var<'_>; 2]| log_sum_exp(&x), undefined);
        assert!(slopes.iter().all(|slope| slope.is_nan()));
        // A zero factor absorbs the NaN.
        let slopes = gradient(|x: [Var<'_>; 2]| log_sum_exp(&x) * 0.0, undefined);
        assert_eq!(slopes, [0.0, 0.0]);
    }
    assert_eq!(
        gradient(|x: [Var<'_>; 2]| log_sum_exp(&x), [1000.0, 1000.0]),
        [0.5, 0.5]
    );
    let tape = Tape::new();
    assert_eq!(
        log_sum_exp(&tape.vars([1000.0, 1000.0])),
        1000.0 + 2.0_f64.ln()
    );
    assert_eq!(log_sum_exp(&tape.vars([-INF, -INF])), -INF);
    assert_eq!(log_sum_exp(&tape.vars([INF, 1.0])), INF);
    assert!(log_sum_exp(&tape.vars([NAN, 1.0])).value().is_nan());
}

#[test]
fn empty_sums_and_products() {
    assert_eq!(std::iter::empty::<Var<'_>>().sum::<Var<'_>>(), 0.0);
    assert_eq!(std::iter::empty::<Var<'_>>().product::<Var<'_>>(), 1.0);
}

#[test]
fn a_product_with_zeros_has_its_slopes() {
    fn many<'t>(x: [Var<'t>; 3]) -> Var<'t> {
        x.into_iter().product()
    }
    assert_eq!(gradient(many, [0.0, 2.0, 3.0]), [6.0, 0.0, 0.0]);
    assert_eq!(gradient(many, [0.0, 2.0, 0.0]), [0.0, 0.0, 0.0]);
}

#[test]
fn nan_passes_through_every_function() {
    for (f, _) in Unary::catalogue() {
        // The power 0 is the constant 1, as in `f64`.
        assert!(
            NAN.unary(f).is_nan() || f == (Unary::Powi { n: 0 }),
            "{f:?}"
        );
    }
    for (f, _) in Binary::catalogue() {
        // A zero absorbs a NaN in `absorbing_mul` on purpose.
        if f != Binary::AbsorbingMul {
            assert!(
                NAN.binary(f, 2.5).is_nan() && 2.5.binary(f, NAN).is_nan(),
                "{f:?}"
            );
        }
    }
    assert!(gradient(|[x]| x.exp() * 2.0, [NAN])[0].is_nan());
}

#[test]
fn infinities_in_a_traced_and_a_plain_recording_agree() {
    for x in [0.0, -0.0, 1.0, -1.0, INF, -INF, NAN, 1e308, 1e-320] {
        for (f, _) in Unary::catalogue() {
            for (g, _) in Unary::catalogue() {
                // `gradient` compares the two recordings.
                let _ = gradient(|[x]| x.unary(f).unary(g) * 0.0 + x.unary(f), [x]);
            }
        }
    }
}

#[test]
fn the_remainder_agrees_with_plain_numbers() {
    assert_eq!(gradient(|[a, b]| a % b, [7.5, 2.0]), [1.0, -3.0]);
    assert_eq!(gradient(|[a, b]| a % b, [-7.5, 2.0]), [1.0, 3.0]);
    assert_eq!(Tape::new().var(-7.5) % 2.0, -7.5 % 2.0);
}
