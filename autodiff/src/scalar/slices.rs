//! Functions of slices of numbers: for every number, and how they are computed without a node for all.

use super::number::{Plain, Scalar};
use super::pairwise::{PartialSums, sum_map};

/// Returns the dot product `Σᵢ aᵢ bᵢ`. The dot product of empty slices is 0.
///
/// The dot product of variables is one node, with the slopes bᵢ towards aᵢ, and aᵢ towards bᵢ.
///
/// ```
/// use autodiff::scalar::{Tape, dot};
///
/// let tape = Tape::new();
/// let [x, y] = tape.vars([3.0, 4.0]);
/// let gradients = dot(&[x, y], &[y, y]).gradients();
/// assert_eq!((gradients.wrt(x), gradients.wrt(y)), (4.0, 11.0));
/// assert_eq!(dot(&[3.0, 4.0], &[4.0, 4.0]), 28.0);
/// ```
///
/// # Panics
///
/// If the lengths differ, or if the inputs lie on different tapes.
#[must_use]
#[track_caller]
#[inline]
pub fn dot<T: Scalar>(a: &[T], b: &[T]) -> T {
    T::dot(a, b)
}

/// Returns the linear combination `Σᵢ cᵢ xᵢ` with plain numbers cᵢ.
///
/// The linear combination of variables is one node, with the slope cᵢ towards xᵢ.
///
/// ```
/// use autodiff::scalar::{Tape, linear_combination};
///
/// let tape = Tape::new();
/// let [x, y] = tape.vars([3.0, 4.0]);
/// let z = linear_combination(&[2.0, -1.0], &[x, y]);
/// assert_eq!((z.value(), z.gradients().wrt(y)), (2.0, -1.0));
/// ```
///
/// # Panics
///
/// If the lengths differ, or if the inputs lie on different tapes.
#[must_use]
#[track_caller]
#[inline]
pub fn linear_combination<T: Scalar>(c: &[T::Plain], x: &[T]) -> T {
    T::linear_combination(c, x)
}

/// Returns the Euclidean norm `‖x‖ = √(Σᵢ xᵢ²)`. Intermediate results neither overflow nor underflow.
///
/// The norm of variables is one node, with the slope `xᵢ / ‖x‖` towards xᵢ. At the origin all slopes are 0, the
/// subgradient of least norm. The norm of an empty slice is 0.
///
/// ```
/// use autodiff::scalar::{Tape, norm};
///
/// let tape = Tape::new();
/// let [x, y] = tape.vars([3.0, 4.0]);
/// assert_eq!(norm(&[x, y]).value(), 5.0);
/// assert_eq!(norm(&[x, y]).gradients().wrt(x), 0.6);
/// ```
///
/// # Panics
///
/// If the inputs lie on different tapes.
#[must_use]
#[track_caller]
#[inline]
pub fn norm<T: Scalar>(x: &[T]) -> T {
    T::norm(x)
}

/// Returns `ln Σᵢ exp xᵢ`. Intermediate results do not overflow. The value for an empty slice is −∞.
///
/// Of variables it is one node. The slope towards xᵢ is the softmax, `exp xᵢ / Σⱼ exp xⱼ`.
///
/// ```
/// use autodiff::scalar::{Tape, log_sum_exp};
///
/// let tape = Tape::new();
/// let x = tape.vars([1000.0, 1000.0]);
/// let y = log_sum_exp(&x);
/// assert_eq!(y.value(), 1000.0 + 2.0_f64.ln());
/// assert_eq!(y.gradients().wrt_all(&x), [0.5, 0.5]);
/// ```
#[doc = include_str!("../infinite_logits.md")]
///
/// # Panics
///
/// If the inputs lie on different tapes.
#[must_use]
#[track_caller]
#[inline]
pub fn log_sum_exp<T: Scalar>(x: &[T]) -> T {
    T::log_sum_exp(x)
}

/// Panics unless both lengths are equal.
#[track_caller]
#[inline(always)]
pub(super) fn assert_equal_lengths(operation: &str, a: usize, b: usize) {
    assert!(a == b, "{operation}: the lengths are {a} and {b}");
}

/// [`dot`] by operators.
#[track_caller]
#[inline(always)]
pub(super) fn dot_of<T: Scalar>(a: &[T], b: &[T]) -> T {
    assert_equal_lengths("dot", a.len(), b.len());
    sum_map(a, b, |&a, &b| a * b)
}

/// [`linear_combination`] by operators.
#[track_caller]
#[inline(always)]
pub(super) fn linear_combination_of<T: Scalar>(c: &[T::Plain], x: &[T]) -> T {
    assert_equal_lengths("linear_combination", c.len(), x.len());
    sum_map(c, x, |&c, &x| x * c)
}

/// The norm of the numbers `value(x)`, which are divided by the largest magnitude before they are squared.
#[track_caller]
pub(super) fn scaled_norm<A, T: Scalar>(x: &[A], value: impl Fn(&A) -> T + Copy) -> T {
    let [zero, infinity] = [0.0, f64::INFINITY].map(T::from_f64);
    let magnitudes = x.iter().map(|x| value(x).detached().abs());
    let scale = magnitudes.fold(zero, T::max);
    if scale == zero || scale == infinity {
        // As a constant of nested numbers: the derivative at the origin is 0, and an infinite norm has none.
        return scale;
    }
    sum_map(x, x, |x, _| (value(x) / scale).square()).sqrt() * scale
}

/// The norm of plain numbers. A sum of squares from `smallest` up to the largest finite number is accurate.
#[inline(always)]
pub(super) fn norm_of_plain<A, T: Plain>(
    x: &[A],
    value: impl Fn(&A) -> T + Copy,
    smallest: T,
) -> T {
    let sum = sum_map(x, x, |x, _| value(x).square());
    if smallest <= sum && sum < T::from_f64(f64::INFINITY) {
        sum.sqrt()
    } else {
        scaled_norm(x, value)
    }
}

/// [`log_sum_exp`] by operators.
#[track_caller]
pub(super) fn log_sum_exp_by_operators<T: Scalar>(x: &[T]) -> T {
    let infinity = T::from_f64(f64::INFINITY);
    let max = x.iter().map(|x| x.detached()).fold(-infinity, T::max);
    if (max == infinity || max == -infinity) && x.iter().all(|x| !x.has_nan()) {
        let mut largest = x.iter().filter(|&&x| x == max);
        return match (largest.next(), largest.next()) {
            (Some(&largest), None) if max == infinity => largest,
            _ => max,
        };
    }
    sum_map(x, x, |&x, _| (x - max).exp()).ln() + max
}

/// [`log_sum_exp`] of plain numbers, with the exponentials in vectors.
pub(super) fn log_sum_exp_of_plain<T: Plain>(x: &[T]) -> T {
    /// The number of exponentials that are computed at a time, on the stack.
    const CHUNK: usize = 64;
    let zero = T::from_f64(0.0);
    let max = largest_of_plain(x);
    if max.to_f64().is_infinite() && x.iter().all(|x| !x.has_nan()) {
        return max;
    }
    let mut sums = PartialSums::default();
    let mut powers = [zero; CHUNK];
    for x in x.chunks(CHUNK) {
        let powers = &mut powers[..x.len()];
        for (power, &x) in powers.iter_mut().zip(x) {
            *power = x - max;
        }
        T::exp_each(powers);
        sums.add(sum_map(powers, powers, |&power, _| power));
    }
    sums.total(zero).ln() + max
}

/// The largest of plain numbers, apart from NaNs; −∞ if there is none.
#[inline(always)]
fn largest_of_plain<T: Plain>(x: &[T]) -> T {
    /// The number of independent comparisons, which need not wait for each other.
    const LANES: usize = 8;
    let larger = |a: T, b: T| if b > a { b } else { a };
    let mut largest = [T::from_f64(f64::NEG_INFINITY); LANES];
    let (chunks, rest) = x.as_chunks::<LANES>();
    for x in chunks {
        largest = std::array::from_fn(|lane| larger(largest[lane], x[lane]));
    }
    largest.iter().chain(rest).copied().fold(largest[0], larger)
}
