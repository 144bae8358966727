//! Operations with any number of inputs, each of which is one node.

use super::number::chain_two;
use super::tape::{Block, SINK};
use super::trace::{Operation, Step};
use super::var::refuse;
use super::{Scalar, Tape, Var};
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
    let value = sum_of(a.iter().zip(b).map(|(a, b)| a.value * b.value));
    let Some(tape) = a.iter().chain(b).find_map(|x| x.tape) else {
        return Var::constant(value);
    };
    let first = (tape.next_node(), tape.slots.len());
    for (&a, &b) in a.iter().zip(b) {
        tape.slot(Operation::Dot, [a, b], [b.value, a.value]);
    }
    let result = tape.many(value, first);
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
    let value = sum_of(c.iter().zip(x).map(|(&c, x)| c * x.value));
    let result = gather(
        Operation::LinearCombination,
        value,
        x.iter().copied().zip(c.iter().copied()),
    );
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
        sum_of(x.iter().map(|x| (x.value / scale).square())).sqrt() * scale
    };
    let slope = |x: Var<'t, T>| if value == zero { zero } else { x.value / value };
    let result = gather(Operation::Norm, value, x.iter().map(|&x| (x, slope(x))));
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
    let sum = sum_of(powers.iter().copied());
    let value = if sum == zero { max } else { sum.ln() + max };
    let factor = if sum == zero { zero } else { sum.recip() };
    let result = gather(
        Operation::LogSumExp,
        value,
        x.iter()
            .copied()
            .zip(powers.iter().map(|&power| power * factor)),
    );
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
    let result = gather(
        Operation::Custom,
        value,
        x.iter().copied().zip(slopes.iter().copied()),
    );
    traced(result, Operation::Custom, || x.to_vec())
}

impl<'t, T: Scalar> Sum for Var<'t, T> {
    /// The sum, as one node.
    #[inline]
    fn sum<I: Iterator<Item = Self>>(terms: I) -> Self {
        let mut tape: Option<&'t Tape<T>> = None;
        // The terms may be recorded while they are asked for, so their slots come after all of them.
        let mut inputs = Vec::new();
        let mut constants: Option<T> = None;
        let value = sum_of(terms.map(|x| {
            match (x.tape, tape) {
                (None, _) => constants = Some(constants.map_or(x.value, |sum| sum + x.value)),
                (Some(new), None) => {
                    inputs = new.inputs.take();
                    inputs.push((x.node, x.slope));
                    tape = Some(new);
                }
                (Some(same), Some(tape)) if std::ptr::eq(same, tape) => {
                    inputs.push((x.node, x.slope))
                }
                _ => refuse(Operation::Sum),
            }
            x.value
        }));
        let Some(tape) = tape else {
            return Var::constant(value);
        };
        let first = (tape.next_node(), tape.slots.len());
        let (pairs, rest) = inputs.as_chunks();
        tape.slots.reserve(pairs.len() + rest.len());
        for &[a, b] in pairs {
            tape.pair([a.0, b.0], [a.1, b.1]);
        }
        if let [a] = *rest {
            tape.pair([a.0, SINK], [a.1, T::from_f64(0.0)]);
        }
        let result = tape.many(value, first);
        let result = traced(result, Operation::Sum, || {
            let nodes = inputs.iter().map(|&(node, _)| Var::node(tape, node, value));
            nodes.chain(constants.map(Var::constant)).collect()
        });
        inputs.clear();
        tape.inputs.set(inputs);
        result
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
        let result = gather(
            Operation::Product,
            value,
            x.iter().copied().zip(slopes.iter().copied()),
        );
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

/// The node that has this value, these inputs, and the slopes towards them.
#[track_caller]
#[inline(always)]
fn gather<'t, T: Scalar>(
    operation: Operation,
    value: T,
    mut inputs: impl Iterator<Item = (Var<'t, T>, T)> + Clone,
) -> Var<'t, T> {
    let Some(tape) = inputs.clone().find_map(|(x, _)| x.tape) else {
        return Var::constant(value);
    };
    let first = (tape.next_node(), tape.slots.len());
    // A constant is the sink with slope 0, so it needs no case of its own; nor does the last of an odd number.
    let end = (Var::constant(value), T::from_f64(0.0));
    while let Some((a, a_slope)) = inputs.next() {
        let (b, b_slope) = inputs.next().unwrap_or(end);
        tape.slot(operation, [a, b], [a_slope, b_slope]);
    }
    tape.many(value, first)
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
    /// Appends inputs of a node of many.
    #[track_caller]
    #[inline(always)]
    fn slot(&self, operation: Operation, inputs: [Var<'_, T>; 2], slopes: [T; 2]) {
        let [a, b] = inputs;
        if !(a.suits(self) && b.suits(self)) {
            refuse(operation);
        }
        self.pair([a.node, b.node], chain_two([a.slope, b.slope], slopes));
    }

    /// Makes the slots since `first` one node, where `first` is the next node and slot before them.
    #[track_caller]
    #[inline(always)]
    fn many(&self, value: T, (node, slot): (u32, u32)) -> Var<'_, T> {
        let slots = self.slots.len() - slot;
        // One slot is a node already.
        if slots > 1 {
            self.block(Block {
                slot,
                slots,
                node,
                nodes: 1,
            });
        }
        Var::node(self, node, value)
    }
}

/// The sum of terms, in an order in which the error grows with the logarithm of their number.
#[inline(always)]
fn sum_of<T: Scalar>(terms: impl Iterator<Item = T>) -> T {
    /// A few sums side by side do not wait for each other.
    const LANES: usize = 4;
    /// How many terms a lane adds up in order.
    const ENOUGH: usize = 64;
    let zero = T::from_f64(0.0);
    if terms.size_hint().1.is_some_and(|most| most <= 2 * LANES) {
        return terms.fold(zero, |sum, term| sum + term);
    }
    let mut sums = [zero; LANES];
    // Sums of 1, 2, 4, ... chunks, each with the logarithm of that number, as in counting by twos.
    let mut chunks: SmallVec<[(T, u32); 32]> = SmallVec::new();
    let (mut lane, mut length) = (0, 0);
    for term in terms {
        sums[lane] = sums[lane] + term;
        lane = (lane + 1) % LANES;
        length += 1;
        if length == ENOUGH * LANES {
            let mut sum = (sums[0] + sums[1]) + (sums[2] + sums[3]);
            let mut level = 0;
            while let Some(&(half, same)) = chunks.last()
                && same == level
            {
                sum = half + sum;
                level += 1;
                chunks.pop();
            }
            chunks.push((sum, level));
            (sums, length) = ([zero; LANES], 0);
        }
    }
    let rest = (sums[0] + sums[1]) + (sums[2] + sums[3]);
    chunks
        .iter()
        .rev()
        .fold(rest, |sum, (chunk, _)| sum + *chunk)
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
