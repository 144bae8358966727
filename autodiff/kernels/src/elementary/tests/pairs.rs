//! Functions with two results or two arguments.

use super::{units_apart, units_off, value};
use crate::Float;
use crate::simd::MultiplyAdd;

const WAYS: [MultiplyAdd; 2] = [MultiplyAdd::Fused, MultiplyAdd::Separate];

#[test]
fn sine_and_cosine_together_have_the_bits_of_each() {
    fn check<T: Float>(x: T) {
        for how in WAYS {
            let bits = |x: T| x.to_f64().to_bits();
            let (sine, cosine) = value::sin_cos(x, how);
            let alone = (value::sin(x, how), value::cos(x, how));
            assert_eq!((bits(sine), bits(cosine)), (bits(alone.0), bits(alone.1)));
        }
    }
    for i in -3000..3000 {
        check(i as f32 * 1.071);
        check(f64::from(i) * 531.3);
    }
}

#[test]
fn a_value_and_its_slope_together_are_close_to_each_alone() {
    fn check<T: Float>(x: T) {
        for how in WAYS {
            let pairs = [
                (
                    value::tanh_and_slope(x, how),
                    (value::tanh(x, how), value::tanh_slope(x, how)),
                ),
                (
                    value::sigmoid_and_slope(x, how),
                    (value::sigmoid(x, how), value::sigmoid_slope(x, how)),
                ),
            ];
            for (together, alone) in pairs {
                for (found, expected) in [(together.0, alone.0), (together.1, alone.1)] {
                    let (found, expected) = (found.to_f64(), expected.to_f64());
                    let bound =
                        6.0 * T::EPSILON.to_f64() * expected.abs().max(T::MIN_NORMAL.to_f64());
                    assert!(
                        (found - expected).abs() <= bound,
                        "{x:?}: {found} and {expected}"
                    );
                }
            }
        }
    }
    for i in -4000..4000 {
        check(i as f32 * 0.03);
        check(f64::from(i) * 0.2);
        check(f64::from(i) * 1e-4);
    }
    check(f64::INFINITY);
    check(-f64::INFINITY);
    assert!(value::tanh_and_slope(f64::NAN, WAYS[0]).1.is_nan());
    assert!(value::sigmoid_and_slope(f64::NAN, WAYS[0]).1.is_nan());
}

#[test]
fn small_powers_stay_within_the_documented_error() {
    for n in -15..=15 {
        let mut worst = (0.0_f64, 0);
        for x in magnitudes() {
            let computed = value::powi(x, n);
            worst.0 = worst.0.max(units_off(computed, f64::from(x).powi(n)));
        }
        for x in double_magnitudes() {
            let expected = x.powf(f64::from(n));
            worst.1 = worst.1.max(units_apart(value::powi(x, n), expected));
        }
        println!("power {n}: {worst:?} units in the last place");
        let bound = n.unsigned_abs() + 3;
        assert!(
            worst.0 <= f64::from(bound) && worst.1 <= u64::from(bound),
            "power {n}: off by {worst:?} units in the last place"
        );
    }
}

#[test]
fn small_powers_of_zeros_infinities_and_nan_are_those_of_the_standard_library() {
    for n in -15..=15 {
        for x in [
            0.0,
            -0.0,
            1.0,
            -1.0,
            f64::INFINITY,
            -f64::INFINITY,
            f64::NAN,
        ] {
            let (computed, expected) = (value::powi(x, n), x.powi(n));
            let same =
                computed.to_bits() == expected.to_bits() || computed.is_nan() && expected.is_nan();
            assert!(same, "{x} to the power {n} is {computed}, not {expected}");
        }
    }
}

#[test]
fn distances_stay_within_the_documented_error() {
    let numbers: Vec<f32> = magnitudes().step_by(7).collect();
    let doubles: Vec<f64> = double_magnitudes().step_by(7).collect();
    for how in WAYS {
        let mut worst = (0.0_f64, 0);
        for (i, &a) in numbers.iter().enumerate() {
            // Numbers of all magnitudes, and neighbours, of which neither is negligible.
            for b in numbers
                .iter()
                .copied()
                .chain((0..20).map(|k| a * 0.9_f32.powi(k)))
            {
                let exact = f64::from(a).hypot(f64::from(b));
                worst.0 = worst.0.max(units_off(value::hypot(a, b, how), exact));
            }
            let a = doubles[i % doubles.len()];
            for b in doubles
                .iter()
                .copied()
                .chain((0..20).map(|k| a * 0.9_f64.powi(k)))
            {
                let apart = units_apart(value::hypot(a, b, how), a.hypot(b));
                worst.1 = worst.1.max(apart);
            }
        }
        println!("hypot: {worst:?} units in the last place");
        assert!(worst.0 <= 2.2 && worst.1 <= 3, "{worst:?}");
    }
}

#[test]
fn distances_of_zeros_infinities_and_nan_are_those_of_the_standard_library() {
    let numbers = [
        0.0,
        -0.0,
        2.5,
        -2.5,
        f64::INFINITY,
        -f64::INFINITY,
        f64::NAN,
    ];
    for a in numbers {
        for b in numbers {
            if a.abs() == 2.5 && b.abs() == 2.5 {
                continue;
            }
            for how in WAYS {
                let (computed, expected) = (value::hypot(a, b, how), a.hypot(b));
                let same = computed.to_bits() == expected.to_bits()
                    || computed.is_nan() && expected.is_nan();
                assert!(same, "{computed} is not {expected} at ({a}, {b})");
            }
        }
    }
}

/// Numbers of every magnitude and both signs.
fn magnitudes() -> impl Iterator<Item = f32> {
    (0..u32::MAX).step_by(999_983).map(f32::from_bits)
}

/// Numbers of every magnitude and both signs.
fn double_magnitudes() -> impl Iterator<Item = f64> {
    let numbers = (0..4000_u64).map(|i| f64::from_bits(i.wrapping_mul(0x9e37_79b9_7f4a_7c15)));
    // The standard library distinguishes signalling NaN.
    numbers.filter(|x| !x.is_nan())
}
