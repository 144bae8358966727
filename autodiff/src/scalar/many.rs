//! Operations with any number of inputs, each of which is one node.

use super::number::chain_two;
use super::sum::sum_over;
use super::tape::{Block, Slot};
use super::trace::{Operation, Step};
use super::var::refuse;
use super::{Scalar, Tape, Var};
use smallvec::SmallVec;
use std::hint::cold_path;
use std::iter::Product;
use std::panic::Location;

/// What is set aside on the stack; longer lists go to the heap.
const INLINE: usize = 32;

/// The dot product `Σᵢ aᵢ bᵢ`, as one node. Its slopes are bᵢ towards aᵢ, and aᵢ towards bᵢ.
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
    let value = sum_over(a, b, |a, b| a.value * b.value);
    let result = if std::ptr::eq(a, b) {
        // A square norm: one input for each number, with the slope 2 a.
        gather("dot", value, a, a, |a, _| a.value + a.value)
    } else {
        let Some(tape) = common_tape("dot", a, b) else {
            return Var::constant(value);
        };
        let slots = a
            .iter()
            .zip(b)
            .map(|(a, b)| slot([a, b], [b.value, a.value]));
        tape.many(value, slots, None)
    };
    traced(result, Operation::Dot, || {
        a.iter().chain(b).copied().collect()
    })
}

/// The linear combination `Σᵢ cᵢ xᵢ` with constants cᵢ, as one node. Its slope towards xᵢ is cᵢ.
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
    let value = sum_over(c, x, |&c, x| c * x.value);
    let result = gather("linear_combination", value, x, c, |_, &c| c);
    traced(result, Operation::LinearCombination, || {
        x.iter()
            .copied()
            .chain(c.iter().map(|&c| Var::constant(c)))
            .collect()
    })
}

/// The Euclidean norm `‖x‖ = √(Σᵢ xᵢ²)`, without overflow or underflow, as one node. Its slope towards xᵢ is `xᵢ / ‖x‖`.
///
/// At the origin all slopes are 0, the subgradient of least norm. Of nothing the norm is 0.
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
        sum_over(x, x, |x, _| (x.value / scale).square()).sqrt() * scale
    };
    let slope = |x: &Var<'t, T>, _: &_| if value == zero { zero } else { x.value / value };
    let result = gather("norm", value, x, x, slope);
    traced(result, Operation::Norm, || x.to_vec())
}

/// `ln Σᵢ exp xᵢ` without overflow, as one node. Its slope towards xᵢ is the softmax, `exp xᵢ / Σⱼ exp xⱼ`.
///
/// Of nothing the value is −∞.
#[doc = include_str!("../infinite_logits.md")]
///
/// # Panics
///
/// If the operands lie on different tapes.
#[must_use]
#[track_caller]
pub fn log_sum_exp<'t, T: Scalar>(x: &[Var<'t, T>]) -> Var<'t, T> {
    // A NaN is passed over here, and found again in its power.
    let max = x.iter().fold(f64::NEG_INFINITY, |max, x| {
        let x = x.value.to_f64();
        if x > max { x } else { max }
    });
    if max.is_infinite() && x.iter().all(|x| !x.value.has_nan()) {
        cold_path();
        return log_sum_exp_at_infinity(x, T::from_f64(max));
    }
    let max = T::from_f64(max);
    let mut powers: SmallVec<[T; INLINE]> = x.iter().map(|x| x.value - max).collect();
    T::exp_each(&mut powers);
    let sum = sum_over(&powers, &powers, |&power, _| power);
    let (value, factor) = (sum.ln() + max, sum.recip());
    let result = gather("log_sum_exp", value, x, &powers, |_, &power| power * factor);
    traced(result, Operation::LogSumExp, || x.to_vec())
}

/// The same, where the largest xᵢ is infinite: the limit, if there is one.
#[track_caller]
fn log_sum_exp_at_infinity<'t, T: Scalar>(x: &[Var<'t, T>], max: T) -> Var<'t, T> {
    let [zero, one, nan] = [0.0, 1.0, f64::NAN].map(T::from_f64);
    let is_largest = |x: &&Var<'t, T>| x.value == max;
    let mut largest = x.iter().filter(is_largest);
    let (value, slopes) = match (largest.next(), largest.next()) {
        (Some(largest), None) if max > zero => (largest.value, [zero, one]),
        _ => (max, [nan; 2]),
    };
    let slope = |x: &Var<'t, T>, _: &_| slopes[usize::from(is_largest(&x))];
    let result = gather("log_sum_exp", value, x, x, slope);
    traced(result, Operation::LogSumExp, || x.to_vec())
}

/// Your own function of several variables, as one node: `f` is given their values, and returns the function's value and
/// its slope towards each variable.
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
    let result = gather("custom", value, x, &slopes, |_, &slope| slope);
    traced(result, Operation::Custom, || x.to_vec())
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
        let result = gather("product", value, &x, &slopes, |_, &slope| slope);
        traced(result, Operation::Product, || x.to_vec())
    }
}

impl<'a, 't: 'a, T: Scalar> Product<&'a Var<'t, T>> for Var<'t, T> {
    #[inline]
    fn product<I: Iterator<Item = &'a Self>>(factors: I) -> Self {
        factors.copied().product()
    }
}

/// The tape of the variables of two lists of one length that are no constants.
#[track_caller]
#[inline(always)]
pub(super) fn common_tape<'t, T: Scalar>(
    operation: &'static str,
    a: &[Var<'t, T>],
    b: &[Var<'t, T>],
) -> Option<&'t Tape<T>> {
    let tape = a.iter().chain(b).find_map(|x| x.tape)?;
    let pairs = || a.iter().zip(b);
    // Most lists have no constants, which is found without a branch for each pair.
    let count = pairs().filter(|(a, b)| a.is_on(tape) & b.is_on(tape));
    if count.count() < a.len() {
        cold_path();
        if pairs().any(|(a, b)| !(a.suits(tape) && b.suits(tape))) {
            refuse(operation);
        }
    }
    Some(tape)
}

/// The node that has this value, and as inputs the variables, with the slope towards each that `slope` makes of it and
/// of its partner in `s`.
#[track_caller]
#[inline(always)]
pub(super) fn gather<'t, T: Scalar, S>(
    operation: &'static str,
    value: T,
    x: &[Var<'t, T>],
    s: &[S],
    slope: impl Fn(&Var<'t, T>, &S) -> T,
) -> Var<'t, T> {
    let Some(tape) = common_tape(operation, x, x) else {
        return Var::constant(value);
    };
    let (slots, last) = slots(x, s, slope);
    tape.many(value, slots, last)
}

/// The slots of these inputs, as for [`gather`]: two in each, but the last of an odd number, which shares its slot with
/// nothing.
#[inline(always)]
pub(super) fn slots<'t, T: Scalar, S>(
    x: &[Var<'t, T>],
    s: &[S],
    slope: impl Fn(&Var<'t, T>, &S) -> T,
) -> (impl ExactSizeIterator<Item = Slot<T>>, Option<Slot<T>>) {
    let (pairs, last) = x.as_chunks();
    let (s_pairs, s_last) = s.as_chunks();
    let nothing = Var::default();
    let last = last.first().zip(s_last.first());
    let last = last.map(|(a, s)| slot([a, &nothing], [slope(a, s), nothing.value]));
    let pairs = pairs.iter().zip(s_pairs);
    let pairs = pairs.map(move |([a, b], [s, t])| slot([a, b], [slope(a, s), slope(b, t)]));
    (pairs, last)
}

/// Keeps the operation on a traced tape.
#[track_caller]
#[inline(always)]
pub(super) fn traced<'t, T: Scalar>(
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
            node: result.node(),
            location: Location::caller(),
        });
    }
    result
}

/// Two inputs of a node of many. A constant is the sink with slope 0, so it needs no case of its own.
#[inline(always)]
fn slot<T: Scalar>([a, b]: [&Var<'_, T>; 2], slopes: [T; 2]) -> Slot<T> {
    Slot {
        inputs: [a.node(), b.node()],
        slopes: chain_two([a.slope, b.slope], slopes),
    }
}

impl<T: Scalar> Tape<T> {
    /// Appends the node that has these inputs.
    #[track_caller]
    #[inline(always)]
    pub(super) fn many(
        &self,
        value: T,
        slots: impl ExactSizeIterator<Item = Slot<T>>,
        last: Option<Slot<T>>,
    ) -> Var<'_, T> {
        let slot = self.slots.len();
        let place = self.shift.get().place(slot);
        self.slots.extend(slots);
        if let Some(last) = last {
            self.slots.push(last);
        }
        let slots = self.slots.len() - slot;
        // One slot is a node already.
        if slots > 1 {
            self.block(Block {
                slot,
                slots,
                node: place.node(),
                nodes: 1,
            });
        }
        Var::at(self, place, value)
    }
}

/// The largest of numbers that are not negative, and 0 of nothing; NaN if one is.
fn largest(values: impl Iterator<Item = f64>) -> f64 {
    values.fold(0.0, |max, x| if x <= max { max } else { x })
}
