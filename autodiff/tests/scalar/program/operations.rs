//! Everything that a tape records, in a program: at ordinary points, at zeros of both signs, subnormal and huge numbers,
//! infinities and NaN, it computes what the tape does.

use super::{Function, SHARED, by_tape};
use autodiff::scalar::program::{Points, Program};
use autodiff::scalar::{
    Dual, Var, checkpoint, dot, general, linear_combination, log_sum_exp, norm, preaccumulate,
};
use num_traits::Float;

const INF: f64 = f64::INFINITY;

/// The sums of a few of these numbers do not overflow, or else they would depend on the order of the terms.
const EDGES: [f64; 11] = [
    0.7,
    -1.3,
    2.0,
    0.0,
    -0.0,
    3e-310,
    -2e-310,
    1e307,
    INF,
    -INF,
    f64::NAN,
];

/// Not so small or so large that a result would depend on the order of the factors.
const MILD: [f64; 8] = [0.7, -1.3, 2.0, 0.0, -0.0, INF, -INF, f64::NAN];

/// All points whose inputs are of these numbers, from the point with this number on.
fn points(edges: &[f64], first: usize) -> Vec<[f64; 3]> {
    let n = edges.len();
    let point = |i: usize| [i, i / n, i / (n * n)].map(|i| edges[i % n]);
    (first..first + n * n * n).map(point).collect()
}

fn is_close(found: f64, expected: f64, error: f64) -> bool {
    let scale = expected.abs().max(f64::MIN_POSITIVE);
    found == expected
        || found.is_nan() && expected.is_nan()
        || expected.is_finite() && (found - expected).abs() <= (1e-12 * scale).max(error)
}

/// Asserts that the values and the gradients of the functions are the tape's at all points of these numbers. If terms
/// `may_cancel`, a result also has the rounding error of the largest.
#[track_caller]
fn check(functions: &[(&str, Function)], edges: &[f64], may_cancel: bool) {
    for (name, f) in functions {
        // Recorded at an ordinary point, and at a point of which one input is infinite.
        for first in [0, 4 * edges.len() - 3] {
            let points = points(edges, first);
            let data = points.concat();
            let mut program = Program::new(2, 3, f).max_variants(100);
            let (values, gradients) = program
                .values_and_gradients(&SHARED, Points::Rows(&data))
                .unwrap();
            for (i, point) in points.iter().enumerate() {
                let (y, j) = by_tape(*f, point);
                let found = [&values[i..=i], &gradients[3 * i..][..3]].concat();
                let expected = [y, j.concat()].concat();
                let finite = expected.iter().filter(|x| x.is_finite());
                let largest = finite.fold(0.0_f64, |largest, x| largest.max(x.abs()));
                let error = if may_cancel { 1e-15 * largest } else { 0.0 };
                assert!(
                    found
                        .iter()
                        .zip(&expected)
                        .all(|(a, b)| is_close(*a, *b, error)),
                    "{name} at {point:?}: {found:?} and not {expected:?}"
                );
            }
        }
    }
}

const FUNCTIONS: [(&str, Function); 20] = [
    ("sum", |s, x| vec![[s, x, x, s].concat().iter().sum()]),
    ("sum of many", |s, x| {
        vec![
            (0..20)
                .flat_map(|i| [x[i % 3] * s[0], s[1] + i as f64, Var::constant(0.5)])
                .sum(),
        ]
    }),
    ("product", |s, x| vec![[x[0], s[0], x[1]].iter().product()]),
    ("dot", |s, x| vec![dot(&x[..2], &[x[1], s[0]])]),
    ("dot with itself", |_, x| vec![dot(x, x)]),
    ("linear_combination", |_, x| {
        vec![linear_combination(&[0.5, -2.0, 3.0], x)]
    }),
    ("norm", |_, x| vec![norm(x)]),
    ("norm with constants", |s, x| {
        vec![norm(&[x[0], s[0], Var::constant(2.0)])]
    }),
    ("log_sum_exp", |_, x| vec![log_sum_exp(x)]),
    ("log_sum_exp with constants", |s, x| {
        vec![log_sum_exp(&[x[0], s[0], Var::constant(2.0)])]
    }),
    ("remainder", |_, x| vec![x[0] % x[1] + x[2]]),
    ("select_less", |s, x| {
        vec![Var::select_less(x[0], x[1], x[2] * s[0], x[0].exp())]
    }),
    ("select_equal", |s, x| {
        vec![Var::select_equal(x[0], x[1], x[2] * s[0], x[0].exp())]
    }),
    ("copysign", |_, x| {
        vec![Float::copysign(x[0], x[1]) * 2.0 + x[2]]
    }),
    ("is_nan", |_, x| {
        vec![if Float::is_nan(x[0]) {
            x[1]
        } else {
            x[2] * x[0]
        }]
    }),
    ("is_finite", |_, x| {
        vec![if Float::is_finite(x[0]) {
            x[1] * x[0]
        } else {
            x[2]
        }]
    }),
    ("signs", |_, x| {
        let y = if Float::is_sign_negative(x[0]) {
            x[1]
        } else {
            x[2]
        };
        vec![if Float::is_sign_positive(x[1]) {
            -y
        } else {
            y * x[0]
        }]
    }),
    ("clamp", |_, x| vec![Float::clamp(x[0], x[1], x[2])]),
    ("max and min", |_, x| vec![Float::max(x[0], x[1]).min(x[2])]),
    ("detach", |s, x| {
        vec![x[0] * x[1].detach() + (x[2] * s[0]).detach()]
    }),
];

const NESTED: [(&str, Function); 7] = [
    ("variables of the tape", |s, x| {
        let tape = x[0].tape().unwrap();
        vec![tape.var(3.0) * x[0] * tape.var(0.5) + s[0] * x[1]]
    }),
    ("retain", |s, x| {
        vec![(x[0] * s[0]).retain() * x[1].retain() + x[2]]
    }),
    ("checkpoint", |s, x| {
        let y = checkpoint(|[x, s]| vec![x[0] * x[1], s[0] - x[1]], [&x[..2], &s[..1]]);
        vec![y[0] * y[1] + x[2]]
    }),
    ("preaccumulate", |s, x| {
        let y = preaccumulate(|z| vec![z[0] * z[1], z[2] - z[1]], &[x[0], x[1], s[0]]);
        vec![y[0] * y[1] + x[2]]
    }),
    ("gradient", |s, x| {
        let gradient = general::gradient(|z| z[0] * z[1] * z[0] + (z[2] * z[1]).sin(), x);
        vec![gradient[0] * s[0] + gradient[1] * gradient[2]]
    }),
    ("derivative", |s, x| {
        vec![general::derivative(|z| z * z * Dual::constant(x[0]) + z.tanh(), x[1]) * s[0]]
    }),
    ("gradient of log_sum_exp", |_, x| {
        let gradient = general::gradient(|x| log_sum_exp(x), x);
        vec![gradient[0] * 2.0 - gradient[1]]
    }),
];

/// Its slopes are differences, which are 0 at points on an axis.
const DIFFERENCES: [(&str, Function); 1] = [("gradient of norm", |_, x| {
    let gradient = general::gradient(|x| norm(x), x);
    vec![gradient[0] * 2.0 + gradient[1]]
})];

/// Functions that a careless identity would change: of zeros, infinities and NaN.
const IDENTITIES: [(&str, Function); 17] = [
    ("the absorbing product with 1", |_, x| {
        vec![x[0].absorbing_mul(1.0)]
    }),
    ("0 x", |_, x| vec![x[0] * 0.0]),
    ("-0 x", |_, x| vec![-0.0 * x[0]]),
    ("0 x + y", |_, x| vec![x[0] * 0.0 + x[1]]),
    ("x + 0", |_, x| vec![x[0] + 0.0]),
    ("x - 0", |_, x| vec![x[0] - 0.0]),
    ("0 - x", |_, x| vec![0.0 - x[0]]),
    ("0 / x", |_, x| vec![0.0 / x[0]]),
    ("x - x", |_, x| vec![x[0] - *x.first().unwrap()]),
    ("x / x", |_, x| vec![x[0] / *x.first().unwrap()]),
    ("1 x", |_, x| vec![x[0] * 1.0 + 1.0 * x[1] * -1.0]),
    ("x / 1", |_, x| vec![x[0] / 1.0 + x[1] / -1.0]),
    ("--x", |_, x| vec![-(-x[0]) - -x[1]]),
    ("-x + y", |_, x| vec![-x[0] + x[1]]),
    ("-x -y", |_, x| vec![(-x[0] * -x[1]) * -x[2]]),
    ("x to the 1", |_, x| vec![x[0].powi(1) * x[1].powi(0)]),
    ("equal choices", |_, x| {
        vec![Var::select_less(x[0], x[1], x[2], x[2]) + x[2]]
    }),
];

#[test]
fn only_exact_identities_are_applied() {
    check(&IDENTITIES, &EDGES, false);
    for (name, f) in IDENTITIES {
        let points = points(&EDGES, 0);
        let values = Program::new(2, 3, f).values(&SHARED, Points::Rows(&points.concat()));
        for (value, point) in values.unwrap().into_iter().zip(&points) {
            let expected = by_tape(f, point).0[0];
            assert!(
                value.to_bits() == expected.to_bits() || value.is_nan() && expected.is_nan(),
                "{name} at {point:?}: {value:?} and not {expected:?}"
            );
        }
    }
}

#[test]
fn operations_are_replayed_at_the_edges() {
    check(&FUNCTIONS, &EDGES, false);
}

#[test]
fn functions_that_use_tapes_are_replayed() {
    check(&NESTED, &MILD, false);
    check(&DIFFERENCES, &MILD, true);
}

#[test]
fn the_norm_of_subnormal_numbers_has_slopes() {
    let mut program = Program::new(0, 2, |_, x| vec![norm(x)]);
    let (values, gradients) = program
        .values_and_gradients(&[], Points::Rows(&[3.0, 4.0, 3e-320, 4e-320]))
        .unwrap();
    assert!(is_close(values[0], 5.0, 0.0) && (values[1] - 5e-320).abs() <= 5e-324);
    for (found, expected) in gradients.iter().zip([0.6, 0.8, 0.6, 0.8]) {
        assert!((found - expected).abs() < 1e-3, "{gradients:?}");
    }
    let mut single = Program::new_f32(0, 2, |_, x| vec![norm(x)]);
    let (_, gradients) = single
        .values_and_gradients(&[], Points::Rows(&[3e-42, 4e-42]))
        .unwrap();
    assert!((gradients[0] - 0.6).abs() < 1e-2, "{gradients:?}");
}
