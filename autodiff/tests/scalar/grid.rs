//! Every function of the table at the edges: zeros, subnormal numbers, poles, branch points, the neighbours of 1, huge
//! numbers, infinities and NaN, and for functions of two variables every pair of these.
//!
//! Values, slopes and second derivatives, by every way to compute them, are compared with 50-digit values. Where
//! calculus leaves a choice, the scripts in `reference/` define the expected values.

use crate::reference::{Format, Points, rows};
use crate::ways::{Real, Way, of_one, of_two};
use autodiff::elementwise::{Binary, Unary};
use std::collections::BTreeSet;
use std::fmt::Debug;

/// The bound of the errors, in ε.
const BOUND: f64 = 99.0;

/// The bound of the errors of known outliers, in ε.
const BOUND_OF_EXCEPTIONS: f64 = 1e4;

/// A number whose error exceeds the bound: the format, the function with its parameters, the order, and the point.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Outlier {
    format: Format,
    function: String,
    order: &'static str,
    point: Vec<String>,
}

fn outlier<T: Real>(function: &str, order: &'static str, point: &[f64]) -> Outlier {
    Outlier {
        format: T::FORMAT,
        function: function.to_owned(),
        order,
        point: point.iter().map(|x| format!("{x:e}")).collect(),
    }
}

/// The known outliers, each with its reason. The documentation of the table says where others can occur.
fn exceptions<T: Real>() -> BTreeSet<Outlier> {
    if T::FORMAT == Format::F64 {
        return BTreeSet::new();
    }
    let mut all = BTreeSet::new();
    // The quotient a / b is a subnormal number with few digits. The slope in b, which is not, is computed from it.
    let (a, b) = (f64::from(1e-45_f32), f64::from(1.610_727_5e-4_f32));
    for [a, b] in [[a, b], [a, -b], [-a, b], [-a, -b]] {
        for order in ["b", "bb"] {
            all.insert(outlier::<T>("Div", order, &[a, b]));
        }
        if b > 0.0 {
            all.insert(outlier::<T>("Xlogy", "bb", &[a, b]));
        }
    }
    all
}

/// The difference in ε, relative to the reference or to the smallest normal number. It is infinite if only one of the
/// two is NaN or infinite, or if they are infinities of different signs.
pub(crate) fn error<T: Real>(computed: f64, reference: f64) -> f64 {
    if computed == reference || computed.is_nan() && reference.is_nan() {
        return 0.0;
    }
    if !computed.is_finite() || !reference.is_finite() {
        return f64::INFINITY;
    }
    (computed - reference).abs() / reference.abs().max(T::SMALLEST_NORMAL) / T::EPSILON
}

/// The findings on a grid.
#[derive(Default)]
struct Findings {
    numbers: usize,
    outliers: BTreeSet<Outlier>,
    /// Errors that are not allowed even as exceptions.
    failures: Vec<String>,
}

impl Findings {
    /// Compares the results of all ways at a point with the reference, order by order.
    fn compare<T: Real, const N: usize>(
        &mut self,
        function: &str,
        orders: [&'static str; N],
        point: &[f64],
        ways: &[Way<N>],
        reference: [f64; N],
    ) {
        for (i, order) in orders.into_iter().enumerate() {
            self.numbers += 1;
            for way in ways {
                let Some(computed) = way.orders[i] else {
                    continue;
                };
                let error = error::<T>(computed, reference[i]);
                if error > BOUND {
                    self.outliers.insert(outlier::<T>(function, order, point));
                }
                if error > BOUND_OF_EXCEPTIONS {
                    self.failures.push(format!(
                        "{function}, {order} at {point:?} by {}: {computed:e} and not {:e}",
                        way.name, reference[i]
                    ));
                }
            }
        }
    }

    /// Compares the two mixed second derivatives of each way.
    fn compare_mixed<T: Real>(&mut self, function: &str, point: &[f64], ways: &[Way<7>]) {
        for way in ways {
            if let [.., Some(ab), Some(ba), _] = way.orders
                && error::<T>(ab, ba) > BOUND
            {
                self.failures.push(format!(
                    "{function} at {point:?} by {}: mixed {ab:e} and {ba:e}",
                    way.name
                ));
            }
        }
    }

    /// Panics if there is a failure, an outlier that is not known, or too many outliers.
    fn check<T: Real>(&self) {
        let known = exceptions::<T>();
        let new: Vec<_> = self.outliers.difference(&known).collect();
        assert!(new.is_empty(), "beyond {BOUND} ε: {new:#?}");
        assert!(self.failures.is_empty(), "{:#?}", self.failures);
        assert!(self.outliers.len() * 100 <= self.numbers);
    }

    /// The exceptions that did not occur.
    fn vanished<T: Real>(&self) -> Vec<Outlier> {
        exceptions::<T>()
            .difference(&self.outliers)
            .cloned()
            .collect()
    }
}

/// The name of a function in the reference, and its rows on the grid.
fn grid<T: Real>(function: impl Debug) -> (String, &'static [Vec<f64>]) {
    let name = format!("{function:?}");
    let rows = rows(Points::Edges, T::FORMAT, &name);
    let rows = rows.unwrap_or_else(|| panic!("{name} is not in the reference"));
    (name, rows)
}

/// Functions with parameters that the catalogue does not have.
pub(crate) const MORE: [Unary; 8] = [
    Unary::Powi { n: -1 },
    Unary::Powi { n: -3 },
    Unary::Powi { n: 1_000_000 },
    Unary::Powi { n: -1_000_000 },
    Unary::Powi { n: i32::MIN },
    Unary::Polygamma { n: 5 },
    Unary::Polygamma { n: 20 },
    Unary::Polygamma { n: 60 },
];

/// The slopes that are rows of the table. At the edges they are checked as slopes of their functions.
pub(crate) const SLOPES_OF_ONE: [Unary; 8] = [
    Unary::TanhSlope,
    Unary::SigmoidSlope,
    Unary::GeluSlope,
    Unary::GeluCurvature,
    Unary::GeluTanhSlope,
    Unary::GeluTanhCurvature,
    Unary::SiluSlope,
    Unary::SiluCurvature,
];
pub(crate) const SLOPES_OF_TWO: [Binary; 10] = [
    Binary::PowfSlopeA,
    Binary::PowfSlopeB,
    Binary::PowfCurvatureA,
    Binary::PowfCurvatureB,
    Binary::PowfMixed,
    Binary::LogSlopeA,
    Binary::LogSlopeB,
    Binary::LogMixed,
    Binary::Atan2Slope,
    Binary::HypotSlope,
];

fn functions_of_one<T: Real>() -> Findings {
    let mut findings = Findings::default();
    let catalogue = Unary::catalogue().into_iter().map(|(function, _)| function);
    let catalogue = catalogue.filter(|function| !SLOPES_OF_ONE.contains(function));
    for function in catalogue.chain(MORE) {
        let (name, rows) = grid::<T>(function);
        for row in rows {
            let &[x, value, slope, curvature] = &row[..] else {
                panic!("{row:?}")
            };
            let ways = of_one(function, T::from_f64(x));
            let reference = [value, slope, curvature];
            findings.compare::<T, 3>(
                &name,
                ["value", "slope", "curvature"],
                &[x],
                &ways,
                reference,
            );
        }
    }
    findings
}

fn functions_of_two<T: Real>() -> Findings {
    let mut findings = Findings::default();
    let catalogue = Binary::catalogue()
        .into_iter()
        .map(|(function, _)| function);
    for function in catalogue.filter(|function| !SLOPES_OF_TWO.contains(function)) {
        let (name, rows) = grid::<T>(function);
        for row in rows {
            let &[a, b, value, of_a, of_b, aa, ab, bb] = &row[..] else {
                panic!("{row:?}")
            };
            let ways = of_two(function, T::from_f64(a), T::from_f64(b));
            let orders = ["value", "a", "b", "aa", "ab", "ba", "bb"];
            let reference = [value, of_a, of_b, aa, ab, ab, bb];
            findings.compare::<T, 7>(&name, orders, &[a, b], &ways, reference);
            findings.compare_mixed::<T>(&name, &[a, b], &ways);
        }
    }
    findings
}

#[test]
fn functions_of_one_variable_are_right_at_the_edges_in_double_precision() {
    functions_of_one::<f64>().check::<f64>();
}

#[test]
fn functions_of_one_variable_are_right_at_the_edges_in_single_precision() {
    functions_of_one::<f32>().check::<f32>();
}

#[test]
fn functions_of_two_variables_are_right_at_the_edges_in_double_precision() {
    let findings = functions_of_two::<f64>();
    findings.check::<f64>();
    assert_eq!(findings.vanished::<f64>(), []);
}

#[test]
fn functions_of_two_variables_are_right_at_the_edges_in_single_precision() {
    let findings = functions_of_two::<f32>();
    findings.check::<f32>();
    assert_eq!(findings.vanished::<f32>(), []);
}

#[test]
fn errors_are_measured_in_epsilon_and_a_wrong_class_is_an_infinite_one() {
    assert_eq!(error::<f64>(f64::NAN, f64::NAN), 0.0);
    assert_eq!(error::<f64>(f64::INFINITY, f64::INFINITY), 0.0);
    assert_eq!(error::<f64>(-0.0, 0.0), 0.0);
    assert_eq!(error::<f64>(2.0 + 2.0 * f64::EPSILON, 2.0), 1.0);
    assert_eq!(error::<f32>(1.0 + f64::from(f32::EPSILON), 1.0), 1.0);
    assert_eq!(error::<f64>(0.0, 5e-324), 1.0);
    let wrong = [
        (f64::NAN, 1.0),
        (1.0, f64::NAN),
        (f64::INFINITY, f64::MAX),
        (f64::INFINITY, -f64::INFINITY),
    ];
    for (computed, reference) in wrong {
        assert_eq!(error::<f64>(computed, reference), f64::INFINITY);
    }
}

/// The findings if one way computes this second derivative of `exp` at 1.
fn with_curvature(curvature: f64) -> Findings {
    let mut findings = Findings::default();
    let mut ways = of_one(Unary::Exp, 1.0_f64);
    ways[5].orders[2] = Some(curvature);
    let e = std::f64::consts::E;
    findings.compare::<f64, 3>(
        "Exp",
        ["value", "slope", "curvature"],
        &[1.0],
        &ways,
        [e; 3],
    );
    findings
}

#[test]
fn an_error_in_one_way_is_an_outlier_and_a_large_one_a_failure() {
    let e = std::f64::consts::E;
    assert!(with_curvature(e).outliers.is_empty());
    let off = with_curvature(e * (1.0 + 200.0 * f64::EPSILON));
    assert_eq!((off.outliers.len(), off.failures.len()), (1, 0));
    let far_off = with_curvature(e * (1.0 + 1e-11));
    assert_eq!((far_off.outliers.len(), far_off.failures.len()), (1, 1));
    let mut asymmetric = Findings::default();
    let mut ways = of_two(Binary::Mul, 2.0, 3.0);
    asymmetric.compare_mixed::<f64>("Mul", &[2.0, 3.0], &ways);
    assert!(asymmetric.failures.is_empty());
    ways[6].orders[4] = Some(0.0);
    asymmetric.compare_mixed::<f64>("Mul", &[2.0, 3.0], &ways);
    assert_eq!(asymmetric.failures.len(), 1);
}

#[test]
#[should_panic(expected = "beyond 99 ε")]
fn an_outlier_that_is_not_known_is_refused() {
    with_curvature(3.0).check::<f64>();
}

#[test]
fn an_exception_that_does_not_occur_is_noticed() {
    let nothing_found = Findings::default();
    assert_eq!(
        nothing_found.vanished::<f32>().len(),
        exceptions::<f32>().len()
    );
}
