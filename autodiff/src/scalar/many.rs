//! Operations with any number of inputs, each of which is one node.

use super::number::chain;
use super::tape::{Block, SINK};
use super::trace::{Operation, Step};
use super::{Scalar, Tape, Var, sweep::common_tape};
use smallvec::SmallVec;
use std::iter::{Product, Sum};
use std::panic::Location;

/// What is set aside on the stack; longer lists go to the heap.
const INLINE: usize = 32;

/// The dot product `Σᵢ aᵢ bᵢ`, as one node.
///
/// ```
/// use autodiff::scalar::{Tape, dot};
///
/// let tape = Tape::new();
/// let [x, y] = tape.variables([3.0, 4.0]);
/// let gradients = dot(&[x, y], &[y, y]).gradients();
/// assert_eq!((gradients.wrt(x), gradients.wrt(y)), (4.0, 11.0));
/// ```
///
/// # Panics
///
/// If the lengths differ, or if the operands lie on different tapes.
#[must_use]
#[track_caller]
#[inline]
pub fn dot<'t, T: Scalar>(a: &[Var<'t, T>], b: &[Var<'t, T>]) -> Var<'t, T> {
    assert!(
        a.len() == b.len(),
        "dot: the lengths are {} and {}",
        a.len(),
        b.len()
    );
    let value = sum_of(a.len(), |i| a[i].value * b[i].value);
    let Some(tape) = common_tape("dot", a.iter().chain(b)) else {
        return Var::constant(value);
    };
    let result = tape.many(value, a.len(), |i| {
        // A constant has slope 0 towards the sink, so it needs no case of its own.
        let (a, b) = (a[i], b[i]);
        (
            [a.node, b.node],
            [chain(a.slope, b.value), chain(b.slope, a.value)],
        )
    });
    traced(result, Operation::Dot, || {
        a.iter().chain(b).copied().collect()
    })
}

/// The linear combination `Σᵢ cᵢ xᵢ` with plain numbers cᵢ, as one node.
///
/// # Panics
///
/// If the lengths differ, or if the operands lie on different tapes.
#[must_use]
#[track_caller]
#[inline]
pub fn linear_combination<'t, T: Scalar>(c: &[T], x: &[Var<'t, T>]) -> Var<'t, T> {
    assert!(
        c.len() == x.len(),
        "linear_combination: the lengths are {} and {}",
        c.len(),
        x.len()
    );
    let value = sum_of(x.len(), |i| c[i] * x[i].value);
    let result = with_slopes("linear_combination", value, x, |i| c[i]);
    traced(result, Operation::LinearCombination, || {
        x.iter()
            .copied()
            .chain(c.iter().map(|&c| Var::constant(c)))
            .collect()
    })
}

/// The Euclidean norm `√(Σᵢ xᵢ²)`, without overflow or underflow, as one node.
///
/// At the origin all slopes are 0, the subgradient of least norm.
///
/// # Panics
///
/// If the operands lie on different tapes.
#[must_use]
#[track_caller]
pub fn norm<'t, T: Scalar>(x: &[Var<'t, T>]) -> Var<'t, T> {
    let zero = T::from_f64(0.0);
    let scale = T::from_f64(largest(x.iter().map(|x| x.value.to_f64().abs())));
    let value = if scale == zero || scale.to_f64().is_infinite() {
        // Without a derivative of its own: an infinite norm has none, and that at the origin is 0.
        scale
    } else {
        (sum_of(x.len(), |i| (x[i].value / scale).square())).sqrt() * scale
    };
    let result = with_slopes("norm", value, x, |i| {
        if value == zero {
            zero
        } else {
            x[i].value / value
        }
    });
    traced(result, Operation::Norm, || x.to_vec())
}

/// `ln Σᵢ eˣⁱ` without overflow, as one node. Its slopes are the softmax of x.
///
/// A term of −∞ counts for nothing and has slope 0. Of nothing the value is −∞.
///
/// # Panics
///
/// If the operands lie on different tapes.
#[must_use]
#[track_caller]
pub fn log_sum_exp<'t, T: Scalar>(x: &[Var<'t, T>]) -> Var<'t, T> {
    let (zero, one) = (T::from_f64(0.0), T::from_f64(1.0));
    let max = T::from_f64(largest_signed(x.iter().map(|x| x.value.to_f64())));
    // A term that equals the maximum is written as e⁰ where both are infinite, since their difference is NaN.
    let infinite = max.to_f64().is_infinite();
    let powers: SmallVec<[T; INLINE]> = x
        .iter()
        .map(|x| match x.value == max && infinite {
            true if max < zero => zero,
            true => one,
            false => (x.value - max).exp(),
        })
        .collect();
    let sum = sum_of(powers.len(), |i| powers[i]);
    let value = if sum == zero { max } else { sum.ln() + max };
    let factor = if sum == zero { zero } else { sum.recip() };
    let result = with_slopes("log_sum_exp", value, x, |i| powers[i] * factor);
    traced(result, Operation::LogSumExp, || x.to_vec())
}

/// A function of several variables given by the caller: `f` maps the values to the function's value and slopes.
///
/// For a function of one variable there is the method [`Var::custom`].
///
/// ```
/// use autodiff::scalar::{Tape, custom};
///
/// let tape = Tape::new();
/// let [x, y] = tape.variables([3.0, 4.0]);
/// let area = custom(&[x, y], |v| (v[0] * v[1], vec![v[1], v[0]]));
/// assert_eq!(area.gradients().wrt(x), 4.0);
/// ```
///
/// # Panics
///
/// If there are not as many slopes as variables, or if the operands lie on different tapes.
#[must_use]
#[track_caller]
pub fn custom<'t, T: Scalar>(x: &[Var<'t, T>], f: impl FnOnce(&[T]) -> (T, Vec<T>)) -> Var<'t, T> {
    let values: SmallVec<[T; INLINE]> = x.iter().map(|x| x.value).collect();
    let (value, slopes) = f(&values);
    assert!(
        slopes.len() == x.len(),
        "custom: {} slopes for {} variables",
        slopes.len(),
        x.len()
    );
    let result = with_slopes("custom", value, x, |i| slopes[i]);
    traced(result, Operation::Custom, || x.to_vec())
}

impl<'t, T: Scalar> Sum for Var<'t, T> {
    /// The sum, as one node.
    #[inline]
    fn sum<I: Iterator<Item = Self>>(terms: I) -> Self {
        // The terms may be recorded while they are asked for, so they come first.
        let x: SmallVec<[Self; INLINE]> = terms.collect();
        let value = sum_of(x.len(), |i| x[i].value);
        let result = with_slopes("sum", value, &x, |_| T::from_f64(1.0));
        traced(result, Operation::Sum, || x.to_vec())
    }
}

impl<'t, T: Scalar> Product for Var<'t, T> {
    /// The product, as one node.
    fn product<I: Iterator<Item = Self>>(factors: I) -> Self {
        let one = T::from_f64(1.0);
        let x: SmallVec<[Self; INLINE]> = factors.collect();
        // The slope towards a factor is the product of the others: of those before and of those after it.
        let mut slopes: SmallVec<[T; INLINE]> = SmallVec::with_capacity(x.len());
        let mut value = one;
        for x in &x {
            slopes.push(value);
            value = value * x.value;
        }
        let mut after = one;
        for (slope, x) in slopes.iter_mut().zip(&x).rev() {
            *slope = *slope * after;
            after = after * x.value;
        }
        let result = with_slopes("product", value, &x, |i| slopes[i]);
        traced(result, Operation::Product, || x.to_vec())
    }
}

impl<'a, 't: 'a, T: Scalar> Sum<&'a Var<'t, T>> for Var<'t, T> {
    #[inline]
    fn sum<I: Iterator<Item = &'a Self>>(terms: I) -> Self {
        terms.copied().sum()
    }
}

impl<'a, 't: 'a, T: Scalar> Product<&'a Var<'t, T>> for Var<'t, T> {
    #[inline]
    fn product<I: Iterator<Item = &'a Self>>(factors: I) -> Self {
        factors.copied().product()
    }
}

/// The node that has this value and these slopes towards `x`.
#[track_caller]
#[inline(always)]
fn with_slopes<'t, T: Scalar>(
    name: &str,
    value: T,
    x: &[Var<'t, T>],
    slope: impl Fn(usize) -> T,
) -> Var<'t, T> {
    let Some(tape) = common_tape(name, x) else {
        return Var::constant(value);
    };
    let input = |i: usize| (x[i].node, chain(x[i].slope, slope(i)));
    tape.many(value, x.len().div_ceil(2), |i| {
        let (a, a_slope) = input(2 * i);
        let (b, b_slope) = if 2 * i + 1 < x.len() {
            input(2 * i + 1)
        } else {
            (SINK, T::from_f64(0.0))
        };
        ([a, b], [a_slope, b_slope])
    })
}

/// Keeps the operation on a traced tape.
#[track_caller]
#[inline(always)]
fn traced<'t, T: Scalar>(
    result: Var<'t, T>,
    operation: Operation,
    operands: impl FnOnce() -> Vec<Var<'t, T>>,
) -> Var<'t, T> {
    if let Some(tape) = result.tape
        && tape.is_traced()
    {
        tape.keep(Step {
            operation,
            operands: operands().into_iter().map(Var::operand).collect(),
            value: result.value,
            node: result.node,
            location: Location::caller(),
        });
    }
    result
}

impl<T: Scalar> Tape<T> {
    /// Appends a node whose inputs fill `count` slots.
    #[track_caller]
    #[inline(always)]
    pub(super) fn many(
        &self,
        value: T,
        count: usize,
        slot: impl Fn(usize) -> ([u32; 2], [T; 2]),
    ) -> Var<'_, T> {
        if count == 1 {
            let (inputs, slopes) = slot(0);
            return Var::node(self, self.pair(inputs, slopes), value);
        }
        let (node, first) = (self.next_node(), self.slots.len());
        self.slots.reserve(count);
        for i in 0..count {
            let (inputs, slopes) = slot(i);
            self.pair(inputs, slopes);
        }
        self.block(Block {
            slot: first,
            slots: count as u32,
            node,
            nodes: 1,
        });
        Var::node(self, node, value)
    }
}

/// The sum of `count` terms, in an order in which the error grows with the logarithm of their number.
#[inline]
fn sum_of<T: Scalar>(count: usize, term: impl Fn(usize) -> T + Copy) -> T {
    sum_between(0, count, term)
}

fn sum_between<T: Scalar>(start: usize, end: usize, term: impl Fn(usize) -> T + Copy) -> T {
    // A few sums side by side do not wait for each other.
    const LANES: usize = 4;
    if end - start > 256 {
        let middle = usize::midpoint(start, end);
        return sum_between(start, middle, term) + sum_between(middle, end, term);
    }
    if end - start < 2 * LANES {
        let Some(first) = (start..end).next() else {
            return T::from_f64(0.0);
        };
        return (start + 1..end).fold(term(first), |sum, i| sum + term(i));
    }
    let mut sums: [T; LANES] = std::array::from_fn(|lane| term(start + lane));
    let mut i = start + LANES;
    while i + LANES <= end {
        for (lane, sum) in sums.iter_mut().enumerate() {
            *sum = *sum + term(i + lane);
        }
        i += LANES;
    }
    let sum = (sums[0] + sums[1]) + (sums[2] + sums[3]);
    (i..end).fold(sum, |sum, i| sum + term(i))
}

/// The largest of numbers that are not negative, and 0 of nothing; NaN if one is.
fn largest(values: impl Iterator<Item = f64>) -> f64 {
    values.fold(0.0, |max, x| if x <= max { max } else { x })
}

/// The largest of numbers, and −∞ of nothing; NaN if one is.
fn largest_signed(values: impl Iterator<Item = f64>) -> f64 {
    values.fold(f64::NEG_INFINITY, |max, x| {
        if x <= max || max.is_nan() { max } else { x }
    })
}
