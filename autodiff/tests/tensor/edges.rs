//! At the edges of every function of the table, the tensor tape agrees with the scalar tape: in the value, the slopes
//! and the second derivatives. An exactly zero adjoint or slope absorbs an infinite or NaN factor.

mod derivatives;

use autodiff::Number;
use autodiff::elementwise::{Binary, Unary};
use autodiff::scalar::Scalar;
use autodiff::tensor::{Float, Real};
use derivatives::{
    Derivatives, binary_of_scalars, binary_of_tensors, unary_of_scalars, unary_of_tensors,
};

const INF: f64 = f64::INFINITY;
const NAN: f64 = f64::NAN;

/// A precision in which the two tapes are compared.
trait Precision: Real + Scalar {
    /// The smallest positive number, the smallest normal number, and the largest number.
    const LIMITS: [Self; 3];
    fn up(self) -> Self;
    fn down(self) -> Self;
}

macro_rules! precision {
    ($($T:ident)*) => { $(
        impl Precision for $T {
            const LIMITS: [$T; 3] = [$T::from_bits(1), $T::MIN_POSITIVE, $T::MAX];

            fn up(self) -> $T {
                self.next_up()
            }

            fn down(self) -> $T {
                self.next_down()
            }
        }
    )* };
}
precision!(f32 f64);

fn number<T: Real>(x: f64) -> T {
    <T as Float>::from_f64(x)
}

fn plain<T: Real>(x: T) -> f64 {
    Float::to_f64(x)
}

/// Zeros, poles, branch points, half-integers and the bounds of `clamp`. Each is used with its neighbours.
const SPECIAL: [f64; 17] = [
    0.5,
    1.0,
    1.5,
    2.0,
    2.5,
    3.0,
    4.0,
    10.0,
    std::f64::consts::FRAC_PI_2,
    std::f64::consts::PI,
    std::f64::consts::LN_2,
    1.461_632_144_968_362_3, // a zero of digamma
    2.457_024_738_220_800_6, // minus a zero of lgamma
    0.504_083_008_264_455_4, // minus a zero of digamma
    18.0,
    20.0,
    40.0,
];

/// Small and large numbers, and numbers near which exponentials and powers overflow and underflow in either precision.
const MAGNITUDES: [f64; 37] = [
    1e-310, 1e-300, 1e-160, 1e-80, 1e-44, 1e-38, 1e-30, 1e-20, 1e-16, 1e-10, 1e-8, 1e-5, 0.1, 0.25,
    0.9, 1.1, 6.0, 9.0, 26.0, 30.0, 36.0, 88.0, 89.0, 104.0, 170.6, 171.7, 700.0, 709.78, 710.0,
    746.0, 1e5, 1e10, 1e19, 1e38, 1e80, 1e160, 1e300,
];

/// The edges for functions of one variable, with both signs.
fn edges<T: Precision>() -> Vec<T> {
    let special = SPECIAL.map(number::<T>);
    let special = special.into_iter().flat_map(|x| [x.down(), x, x.up()]);
    let zero_and_infinity = [0.0, INF].map(number::<T>);
    let positive = special
        .chain(MAGNITUDES.map(number::<T>))
        .chain(T::LIMITS)
        .chain(zero_and_infinity);
    let edges = positive.flat_map(|x| [x, -x]);
    edges.chain([number(NAN)]).collect()
}

/// All pairs of fewer edges, for functions of two variables.
fn pairs<T: Precision>() -> Vec<[T; 2]> {
    let some = [
        0.0, 1e-160, 1e-80, 1e-30, 1e-20, 1e-10, 0.3, 0.5, 1.0, 2.0, 3.0, 10.0, 1e10, 1e20, 1e80,
        1e160, INF,
    ];
    let near_one = [number::<T>(1.0).down(), number::<T>(1.0).up()];
    let positive = some.map(number::<T>).into_iter();
    let positive = positive.chain(near_one).chain(T::LIMITS);
    let mut edges: Vec<T> = positive.flat_map(|x| [x, -x]).collect();
    edges.push(number(NAN));
    let with = |&a: &T| edges.iter().map(move |&b| [a, b]).collect::<Vec<_>>();
    edges.iter().flat_map(with).collect()
}

/// Whether both numbers are NaN, or the same infinity, or finite and at most `bound · max(|expected|, scale)` apart.
fn agree(found: f64, expected: f64, bound: f64, scale: f64) -> bool {
    found == expected
        || found.is_nan() && expected.is_nan()
        || found.is_finite()
            && expected.is_finite()
            && (found - expected).abs() <= bound * expected.abs().max(scale)
}

/// The largest slope on the domain where a function is smooth, and at least 1.
fn largest_slope(slopes: impl Iterator<Item = f64>) -> f64 {
    slopes.fold(1.0, |largest, slope| largest.max(slope.abs()))
}

/// The differences between two lists of derivatives.
fn differences<T: Precision, P: std::fmt::Debug>(
    function: &str,
    points: &[P],
    [found, expected]: [&Derivatives; 2],
    scale: f64,
) -> Vec<String> {
    // A second derivative may combine several kernels, each with the error of its own.
    let bound = 8.0 * plain(<T as Float>::EPSILON);
    let mut all = Vec::new();
    for ((name, found), (_, expected)) in found.iter().zip(expected) {
        for ((point, &found), &expected) in points.iter().zip(found).zip(expected) {
            if !agree(found, expected, bound, scale) {
                all.push(format!(
                    "{function} at {point:?}, {name}: {found:e}, on the scalar tape {expected:e}"
                ));
            }
        }
    }
    all
}

#[track_caller]
fn assert_none(differences: &[String]) {
    let some = &differences[..differences.len().min(100)];
    assert!(
        differences.is_empty(),
        "{} differ\n{}",
        differences.len(),
        some.join("\n")
    );
}

fn unary_differences<T: Precision>() -> Vec<String> {
    let edges = edges::<T>();
    let mut all = Vec::new();
    for (function, smooth) in Unary::catalogue() {
        let points = smooth.iter().flat_map(|(low, high)| {
            (0..=20).map(move |i| low + (high - low) * f64::from(i) / 20.0)
        });
        let scale = largest_slope(points.map(|x| function.slope(x, x.unary(function))));
        let found = unary_of_tensors(function, &edges);
        let expected = unary_of_scalars(function, &edges);
        all.extend(differences::<T, _>(
            &format!("{function:?}"),
            &edges,
            [&found, &expected],
            scale,
        ));
    }
    all
}

fn binary_differences<T: Precision>() -> Vec<String> {
    let pairs = pairs::<T>();
    let mut all = Vec::new();
    for (function, smooth) in Binary::catalogue() {
        let along =
            |(low, high): (f64, f64)| (0..=8).map(move |i| low + (high - low) * f64::from(i) / 8.0);
        let points = smooth
            .iter()
            .flat_map(|&(a, b)| along(a).flat_map(move |a| along(b).map(move |b| (a, b))));
        let slopes = points.flat_map(|(a, b)| {
            let slopes = function.slopes(a, b, a.binary(function, b));
            [slopes.0, slopes.1]
        });
        let scale = largest_slope(slopes);
        let found = binary_of_tensors(function, &pairs);
        let expected = binary_of_scalars(function, &pairs);
        all.extend(differences::<T, _>(
            function.name(),
            &pairs,
            [&found, &expected],
            scale,
        ));
    }
    all
}

#[test]
fn functions_of_one_variable_agree_with_the_scalar_tape_in_double_precision() {
    assert_none(&unary_differences::<f64>());
}

#[test]
fn functions_of_one_variable_agree_with_the_scalar_tape_in_single_precision() {
    assert_none(&unary_differences::<f32>());
}

#[test]
fn functions_of_two_variables_agree_with_the_scalar_tape_in_double_precision() {
    assert_none(&binary_differences::<f64>());
}

#[test]
fn functions_of_two_variables_agree_with_the_scalar_tape_in_single_precision() {
    assert_none(&binary_differences::<f32>());
}

/// Whether a row of the table is a derivative of another row: its second derivatives are of third or fourth order.
fn is_derivative(function: Binary) -> bool {
    ["_slope", "_curvature", "_mixed"]
        .iter()
        .any(|part| function.name().contains(part))
}

/// The points at which the two mixed second derivatives differ.
fn asymmetries<T: Precision>() -> Vec<String> {
    let pairs = pairs::<T>();
    // A second derivative may combine several kernels, each with the error of its own.
    let bound = 8.0 * plain(<T as Float>::EPSILON);
    let mut all = Vec::new();
    for (function, _) in Binary::catalogue() {
        if is_derivative(function) {
            continue;
        }
        let derivatives = binary_of_tensors(function, &pairs);
        let (ab, ba) = (&derivatives[6].1, &derivatives[7].1);
        for ((point, &ab), &ba) in pairs.iter().zip(ab).zip(ba) {
            if !agree(ab, ba, bound, 1.0) {
                all.push(format!(
                    "{} at {point:?}: {ab:e} and {ba:e}",
                    function.name()
                ));
            }
        }
    }
    all
}

#[test]
fn mixed_second_derivatives_are_symmetric_or_both_nan() {
    assert_none(&asymmetries::<f64>());
    assert_none(&asymmetries::<f32>());
}

/// Slopes that tensors compute from the value have the documented absolute error, compared with slopes of scalars in
/// double precision.
#[test]
fn slopes_read_from_the_value_are_within_four_epsilon() {
    fn check<T: Precision>() {
        let x: Vec<T> = (-4000..=4000)
            .map(|i| number(f64::from(i) * 0.01))
            .collect();
        let numbers: Vec<f64> = x.iter().map(|&x| plain(x)).collect();
        for function in [Unary::Tanh, Unary::Sigmoid] {
            let found = &unary_of_tensors(function, &x)[1].1;
            for (&x, &found) in numbers.iter().zip(found) {
                // Both are slopes of the logistic function σ: σ′(x) = σ(x) σ(−x).
                let logistic = |x: f64| 1.0 / (1.0 + (-x).exp());
                let expected = match function {
                    Unary::Tanh => 4.0 * logistic(2.0 * x) * logistic(-2.0 * x),
                    _ => logistic(x) * logistic(-x),
                };
                // A second derivative may combine several kernels, each with the error of its own.
                let bound = 8.0 * plain(<T as Float>::EPSILON);
                assert!(
                    (found - expected).abs() <= bound,
                    "{function:?} at {x}: {found} and not {expected}"
                );
            }
        }
    }
    check::<f32>();
    check::<f64>();
}

#[test]
fn a_derivative_of_another_class_or_too_far_off_is_caught() {
    let bound = 4.0 * f64::EPSILON;
    let agree = |found, expected| agree(found, expected, bound, 1.0);
    for (found, expected) in [
        (0.0, NAN),
        (NAN, 0.0),
        (INF, -INF),
        (INF, 1e300),
        (1e300, INF),
        (1.0, 1.0 + 1e-14),
        (0.0, 1e-14),
    ] {
        assert!(!agree(found, expected), "{found} and {expected}");
    }
    for (found, expected) in [
        (NAN, NAN),
        (-INF, -INF),
        (1.0, 1.0 + 1e-16),
        (0.0, 1e-16),
        (-0.0, 0.0),
    ] {
        assert!(agree(found, expected), "{found} and {expected}");
    }
    // The slope of tanh instead of the slope of its inverse, at every edge.
    let edges = edges::<f64>();
    let found = unary_of_tensors(Unary::Atanh, &edges);
    let expected = unary_of_scalars(Unary::Tanh, &edges);
    assert!(differences::<f64, _>("", &edges, [&found, &expected], 1.0).len() > edges.len());
}
