mod cases;
mod edges;
mod pairs;

use super::{exp, sin, tanh, value};
use crate::simd::{MultiplyAdd, vectorized_with};
use cases::{Case, cases};

/// The error of a number in units in the last place of an `f32`. If the exact value is 0, infinite or NaN, the error is
/// 0 for the same value and infinite for any other.
fn units_off(computed: f32, exact: f64) -> f64 {
    let rounded = exact as f32;
    if rounded.is_nan() || rounded.is_infinite() || computed.is_infinite() || exact == 0.0 {
        let same = computed.to_bits() == rounded.to_bits() || computed.is_nan() && rounded.is_nan();
        return if same { 0.0 } else { f64::INFINITY };
    }
    let exponent = (exact.abs().to_bits() >> 52) as i32 - 1023;
    let unit = f64::from(exponent.clamp(f32::MIN_EXP - 1, f32::MAX_EXP - 1) - 23).exp2();
    let error = (f64::from(computed) - exact).abs() / unit;
    if error.is_nan() { f64::INFINITY } else { error }
}

/// The largest error over blocks of numbers with these bits, and the number at which it occurs.
fn worst(
    blocks: impl Iterator<Item = u32>,
    step: u32,
    apply: impl Fn(&mut [f32]),
    exact: fn(f64) -> f64,
) -> (f64, f32) {
    let mut at = (0.0, 0.0);
    let mut y = vec![0.0; BLOCK as usize];
    for block in blocks {
        let x = |i: usize| f32::from_bits(block.wrapping_add((i as u32).wrapping_mul(step)));
        y.iter_mut().enumerate().for_each(|(i, y)| *y = x(i));
        apply(&mut y);
        for (i, &y) in y.iter().enumerate() {
            let error = units_off(y, exact(f64::from(x(i))));
            if error > at.0 {
                at = (error, x(i));
            }
        }
    }
    at
}

const BLOCK: u32 = 1 << 12;

/// A function on a slice, compiled for the vectors of this machine, with the given way to multiply and add.
fn by(f: fn(f32, MultiplyAdd) -> f32, how: MultiplyAdd) -> impl Fn(&mut [f32]) {
    move |x| x.iter_mut().for_each(|x| *x = f(*x, how))
}

/// Checks a function against its bound at every `step`th number.
fn hold(case: &Case, step: u32, apply: impl Fn(&mut [f32])) {
    let count = u32::MAX / step / BLOCK + 1;
    let blocks = (0..count).map(|block| block.wrapping_mul(BLOCK).wrapping_mul(step));
    let (error, x) = worst(blocks, step, apply, case.exact);
    println!("{}: {error:.4} units in the last place at {x:e}", case.name);
    assert!(
        error <= case.bound,
        "{}: off by {error} units in the last place at {x:e}",
        case.name
    );
}

#[test]
fn a_few_million_numbers_of_every_magnitude_stay_within_the_documented_error() {
    for case in cases() {
        hold(&case, 1999, case.single_slice);
        hold(&case, 7919, by(case.single, MultiplyAdd::Separate));
    }
}

/// Every `f32`, with the instructions of this machine and with separate multiplication and addition.
mod every_number {
    use super::{MultiplyAdd, by, cases, hold};

    macro_rules! tests {
        ($($name:ident)*) => { $(
            #[test]
            #[ignore = "minutes"]
            fn $name() {
                let case = cases().into_iter().find(|case| case.name == stringify!($name)).unwrap();
                hold(&case, 1, case.single_slice);
                hold(&case, 1, by(case.single, MultiplyAdd::Separate));
            }
        )* };
    }
    tests! {
        exp exp_m1 exp2 exp2_slope ln ln_1p
        tanh tanh_slope sigmoid sigmoid_slope softplus log_sigmoid silu
        sin cos
        erf erf_slope erfc gaussian
    }
}

#[test]
fn an_error_of_a_unit_is_found() {
    let off = |x: &mut [f32]| {
        exp(x);
        x.iter_mut()
            .filter(|x| **x > 100.0 && **x < 101.0)
            .for_each(|x| *x = x.next_up().next_up());
    };
    let (error, x) = worst(
        (0..4).map(|i| 4.6_f32.to_bits() + i * BLOCK * 9),
        9,
        off,
        f64::exp,
    );
    assert!(error > 1.0 && (4.6..4.62).contains(&x), "{error} at {x}");
    assert_eq!(units_off(1.0, f64::INFINITY), f64::INFINITY);
    assert_eq!(units_off(f32::NAN, 1.0), f64::INFINITY);
    assert!(units_off(0.0, f64::MIN_POSITIVE) < 1e-9);
    assert_eq!(units_off(-0.0, 0.0), f64::INFINITY);
}

#[test]
fn numbers_beyond_the_range_leave_their_neighbours_as_they_are() {
    let mut x = [0.5_f32, 1e10, -3.0, f32::NEG_INFINITY, 100.0];
    let mut alone = x;
    alone.iter_mut().for_each(|x| sin(std::slice::from_mut(x)));
    sin(&mut x);
    assert!(x[3].is_nan() && x[1] == 1e10_f64.sin() as f32);
    assert_eq!(x.map(f32::to_bits), alone.map(f32::to_bits));
    let range = <f64 as super::format::Format>::TRIG_RANGE;
    let edges = [range, -range, range.next_up(), f64::INFINITY, f64::NAN];
    let beyond = edges.map(value::is_beyond_trig_range);
    assert_eq!(beyond, [false, false, true, true, false]);
}

/// Multiples of π/2 leave the smallest remainders.
#[test]
fn sine_and_cosine_are_accurate_near_their_zeros() {
    for n in 1..1_000_000 {
        let x = f64::from(n) * std::f64::consts::FRAC_PI_2;
        for how in [MultiplyAdd::Fused, MultiplyAdd::Separate] {
            for x in [x, x.next_up(), -x] {
                let apart = units_apart(value::sin(x, how), x.sin())
                    .max(units_apart(value::cos(x, how), x.cos()));
                assert!(apart <= 2, "{apart} units in the last place at {x:e}");
            }
        }
    }
}

/// The distance of two numbers of the same sign in units in the last place; 0 for two NaN.
fn units_apart(a: f64, b: f64) -> u64 {
    if a.is_nan() && b.is_nan() {
        0
    } else {
        a.to_bits().abs_diff(b.to_bits())
    }
}

#[test]
fn double_precision_agrees_with_the_standard_library() {
    for case in cases() {
        let mut worst = (0, 0.0);
        for i in 0..1_000_000_u64 {
            // Numbers of every magnitude alternate with numbers between −20 and 20.
            let bits = i.wrapping_mul(0x9e37_79b9_7f4a_7c15);
            let x = if i % 2 == 0 {
                f64::from_bits(bits)
            } else {
                (bits >> 11) as f64 / 2f64.powi(52) * 20.0 - 20.0
            };
            let exact = (case.exact)(x);
            for how in [MultiplyAdd::Fused, MultiplyAdd::Separate] {
                let apart = units_apart((case.double)(x, how), exact);
                if apart > worst.0 {
                    worst = (apart, x);
                }
            }
        }
        println!("{}: {} units apart at {:e}", case.name, worst.0, worst.1);
        assert!(
            worst.0 <= case.observed + 1,
            "{}: {} units apart at {:e}",
            case.name,
            worst.0,
            worst.1
        );
    }
}

#[test]
fn the_bits_do_not_depend_on_the_index_of_a_number() {
    let x: Vec<f32> = (0..300).map(|i| (i as f32 - 150.0) * 0.173).collect();
    for case in cases() {
        let alone: Vec<u32> = x
            .iter()
            .map(|&x| {
                let mut one = [x];
                (case.single_slice)(&mut one);
                one[0].to_bits()
            })
            .collect();
        for start in 0..70 {
            for end in start..x.len() {
                let mut slice = x[start..end].to_vec();
                (case.single_slice)(&mut slice);
                let same = slice
                    .iter()
                    .zip(&alone[start..end])
                    .all(|(y, bits)| y.to_bits() == *bits);
                assert!(same, "{} of numbers {start} to {end}", case.name);
            }
        }
    }
}

#[test]
fn slices_agree_with_single_numbers() {
    let how = vectorized_with(
        #[inline(always)]
        move |how| how,
    );
    let mut x = [-2.5_f64, 0.25, 3.0];
    tanh(&mut x);
    assert_eq!(x, [-2.5_f64, 0.25, 3.0].map(|x| value::tanh(x, how)));
}
