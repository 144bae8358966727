//! Forward mode in several directions, compared with the tape and with one direction at a time.

use crate::generic_text::{POINT, outputs};
use autodiff::Number;
use autodiff::elementwise::{Binary, Unary};
use autodiff::scalar::forward::{jacobian, jvp, value_and_jacobian};
use autodiff::scalar::{Dual, Scalar, general};

fn assert_close(a: &[f64], b: &[f64]) {
    assert_eq!(a.len(), b.len());
    for (&a, &b) in a.iter().zip(b) {
        assert!((a - b).abs() <= 1e-12 * a.abs().max(1.0), "{a} and {b}");
    }
}

fn check_jacobian<const K: usize>() {
    for inputs in 1..=POINT.len() {
        let x = &POINT[..inputs];
        let (y, rows) = value_and_jacobian::<K, _>(outputs, x);
        assert_close(&y, &outputs(x));
        let expected = general::jacobian(|x| outputs(x), x);
        assert_eq!(rows.len(), expected.len());
        for (row, expected) in rows.iter().zip(&expected) {
            assert_close(row, expected);
        }
        assert_eq!(jacobian::<K, _>(outputs, x), rows);
    }
}

#[test]
fn jacobians_in_any_number_of_directions_are_those_of_the_tape() {
    check_jacobian::<1>();
    check_jacobian::<4>();
    check_jacobian::<7>();
    check_jacobian::<16>();
}

#[test]
fn a_function_without_inputs_or_outputs_has_an_empty_jacobian() {
    let constant = |_: &[Dual<f64, 4>]| vec![Dual::from(2.0), Dual::from(3.0)];
    let (y, rows) = value_and_jacobian(constant, &[]);
    assert_eq!((y, rows), (vec![2.0, 3.0], vec![vec![]; 2]));
    let (y, rows) = value_and_jacobian::<4, _>(|_| vec![], &[1.0; 9]);
    assert!(y.is_empty() && rows.is_empty());
}

#[test]
fn nested_directions_are_blocks_of_the_hessian() {
    let x = &POINT[..5];
    let f = 5;
    let hessian = general::hessian(|x| outputs(x)[f], x);
    // The outer directions move the inputs 0, 1 and 2, the inner ones the inputs 3 and 4.
    let point: Vec<Dual<Dual<f64, 2>, 3>> = (0..5)
        .map(|i| match i {
            0..3 => Dual::seeded(Dual::constant(x[i]), i),
            _ => Dual::constant(Dual::seeded(x[i], i - 3)),
        })
        .collect();
    let y = outputs(&point)[f];
    for (slope, row) in y.tangents.iter().zip(&hessian) {
        assert_close(&slope.tangents, &row[3..]);
    }
    let gradient = general::gradient(|x| outputs(x)[f], x);
    assert_close(&y.tangents.map(|slope| slope.value), &gradient[..3]);
    assert_close(&y.value.tangents, &gradient[3..]);
}

#[test]
fn directions_are_chosen_by_the_caller() {
    // One direction moves all inputs, one moves the first three, and one rests.
    let directions: Vec<[f64; 3]> = (0..9)
        .map(|i| [1.0, if i < 3 { -0.5 } else { 0.0 }, 0.0])
        .collect();
    let (y, y_dot) = jvp(outputs, &POINT, &directions);
    assert_close(&y, &outputs(&POINT));
    for (i, row) in general::jacobian(|x| outputs(x), &POINT).iter().enumerate() {
        let all: f64 = row.iter().sum();
        let first: f64 = row[..3].iter().map(|slope| -0.5 * slope).sum();
        assert_close(&y_dot[i], &[all, first, 0.0]);
    }
}

/// Tangents that a product of slopes may have to absorb, and others.
const TANGENTS: [f64; 4] = [0.0, f64::INFINITY, -2.5, f64::NAN];

fn same(a: f64, b: f64) -> bool {
    a == b || a.is_nan() && b.is_nan()
}

/// The points at which every function of the table is computed: kinks, poles, and others.
const SPECIAL: [f64; 9] = [
    0.0,
    -0.0,
    1.0,
    -1.0,
    0.5,
    -2.0,
    3.0,
    f64::INFINITY,
    f64::NAN,
];

#[test]
fn a_direction_does_not_depend_on_its_neighbours() {
    let lanes = |value| Dual {
        value,
        tangents: TANGENTS,
    };
    let mut count = 0;
    let mut check = |name: &dyn Fn() -> String, y: Dual<f64, 4>, single: &dyn Fn(f64) -> Dual| {
        for (&along, &tangent) in TANGENTS.iter().zip(&y.tangents) {
            let expected = single(along);
            assert!(same(y.value, expected.value), "{}", name());
            let right = same(tangent, expected.tangent());
            assert!(right, "{}: {tangent} {}", name(), expected.tangent());
            count += 1;
        }
    };
    for (f, _) in Unary::catalogue() {
        for x in SPECIAL {
            let name = || format!("{f:?} at {x}");
            check(&name, lanes(x).unary(f), &|along| {
                Dual::new(x, along).unary(f)
            });
        }
    }
    for (f, _) in Binary::catalogue() {
        for a in SPECIAL {
            for b in SPECIAL {
                let name = || format!("{f:?} at {a}, {b}");
                let both = lanes(a).binary(f, lanes(b));
                check(&name, both, &|along| {
                    Dual::new(a, along).binary(f, Dual::new(b, along))
                });
                let one = Dual::constant(a).binary(f, lanes(b));
                check(&name, one, &|along| {
                    Dual::constant(a).binary(f, Dual::new(b, along))
                });
            }
        }
    }
    assert!(count > 10_000);
}

#[test]
fn a_zero_absorbs_infinite_slopes_in_each_direction() {
    let x = Dual {
        value: 0.0,
        tangents: [0.0, 1.0, -1.0],
    };
    assert_eq!((x * x).sqrt().tangents, [0.0; 3]);
    assert_eq!(x.sqrt().tangents, [0.0, f64::INFINITY, f64::NEG_INFINITY]);
    assert_eq!(Scalar::norm(&[x, x]).tangents, [0.0; 3]);
}

#[test]
fn several_directions_are_printed_in_brackets() {
    assert_eq!(
        format!("{:?}", Dual::<f64, 2>::seeded(1.5, 1)),
        "(1.5 + [0.0, 1.0]ε)"
    );
    assert_eq!(
        format!("{:?}", Dual::<f64, 0>::constant(1.5)),
        "(1.5 + []ε)"
    );
    assert_eq!(format!("{:.1}", Dual::<f32, 3>::from(1.5)), "1.5");
}
