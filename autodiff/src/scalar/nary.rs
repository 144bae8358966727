//! Operations on any number of variables that are recorded as one node.

use super::node_ref::NodeRef;
use super::number::{Scalar, chain_two};
use super::pairwise::sum_map;
use super::slices::assert_equal_lengths;
use super::softmax::softmax;
use super::tape::{InputPair, Span, Tape};
use super::trace::Operation;
use super::var::{Var, common_tape};
use smallvec::SmallVec;
use std::iter::Product;

/// Lists up to this length are stored on the stack, longer ones on the heap.
pub(super) const INLINE: usize = 32;

/// [`dot`](super::dot) of variables.
#[track_caller]
#[inline]
pub(super) fn dot<'t, T: Scalar>(a: &[Var<'t, T>], b: &[Var<'t, T>]) -> Var<'t, T> {
    assert_equal_lengths("dot", a.len(), b.len());
    let value = sum_map(a, b, |a, b| a.value * b.value);
    let inputs = || a.iter().chain(b).copied().collect();
    if std::ptr::eq(a, b) {
        // The square of a norm needs one input for each number, with the slope 2 a.
        let slope = |a: &Var<'t, T>, _: &_| a.value + a.value;
        return record_many(Operation::Dot, value, a, a, slope, inputs);
    }
    let Some(tape) = common_tape("dot", a.iter().zip(b).map(|(a, b)| [a, b])) else {
        return Var::constant(value);
    };
    let pairs = a.iter().zip(b);
    let pairs = pairs.map(|(a, b)| input_pair([a, b], [b.value, a.value]));
    let node = tape.push_many(pairs, None);
    Var::at(tape, node, value).traced(Operation::Dot, inputs)
}

/// [`linear_combination`](super::linear_combination) of variables.
#[track_caller]
#[inline]
pub(super) fn linear_combination<'t, T: Scalar>(c: &[T::Plain], x: &[Var<'t, T>]) -> Var<'t, T> {
    assert_equal_lengths("linear_combination", c.len(), x.len());
    let value = sum_map(c, x, |&c, x| x.value * c);
    let constants = || c.iter().map(|&c| Var::from_plain(c));
    let inputs = || x.iter().copied().chain(constants()).collect();
    let slope = |_: &_, &c: &T::Plain| T::from_plain(c);
    record_many(Operation::LinearCombination, value, x, c, slope, inputs)
}

/// [`norm`](super::norm) of variables.
#[track_caller]
pub(super) fn norm<'t, T: Scalar>(x: &[Var<'t, T>]) -> Var<'t, T> {
    let zero = T::from_f64(0.0);
    let value = T::norm_of(x, |x| x.value);
    let slope = |x: &Var<'t, T>, _: &_| if value == zero { zero } else { x.value / value };
    record_many(Operation::Norm, value, x, x, slope, || x.to_vec())
}

/// [`log_sum_exp`](super::log_sum_exp) of variables.
#[track_caller]
pub(super) fn log_sum_exp<'t, T: Scalar>(x: &[Var<'t, T>]) -> Var<'t, T> {
    let tape = x.iter().find_map(|x| x.tape);
    let mut powers = tape.map_or_else(Vec::new, |tape| tape.powers.take());
    let (value, factor) = softmax(x.iter().map(|x| x.value), &mut powers);
    let slope = |_: &_, &power: &T| power * factor;
    let inputs = || x.to_vec();
    let result = record_many(Operation::LogSumExp, value, x, &powers, slope, inputs);
    if let Some(tape) = tape {
        tape.powers.put(powers);
    }
    result
}

impl<'t, T: Scalar> Product for Var<'t, T> {
    /// Returns the product as one node.
    fn product<I: Iterator<Item = Self>>(factors: I) -> Self {
        let one = T::from_f64(1.0);
        let x: SmallVec<[Self; INLINE]> = factors.collect();
        // The slope towards a factor is the product of the factors before it and the factors after it.
        let mut slopes: SmallVec<[T; INLINE]> = SmallVec::with_capacity(x.len());
        let mut value = one;
        for x in &x {
            slopes.push(value);
            value *= x.value;
        }
        let mut after = one;
        for (slope, x) in slopes.iter_mut().zip(&x).rev() {
            *slope *= after;
            after *= x.value;
        }
        let slope = |_: &_, &slope: &T| slope;
        record_many(Operation::Product, value, &x, &slopes, slope, || x.to_vec())
    }
}

impl<'a, 't, T: Scalar> Product<&'a Var<'t, T>> for Var<'t, T> {
    #[inline]
    fn product<I: Iterator<Item = &'a Self>>(factors: I) -> Self {
        factors.copied().product()
    }
}

/// Records one node with this value and the inputs `x`. The slope towards `x[i]` is `slope(x[i], s[i])`.
#[track_caller]
#[inline(always)]
pub(super) fn record_many<'t, T: Scalar, S>(
    operation: Operation,
    value: T,
    x: &[Var<'t, T>],
    s: &[S],
    slope: impl Fn(&Var<'t, T>, &S) -> T,
    inputs: impl FnOnce() -> Vec<Var<'t, T>>,
) -> Var<'t, T> {
    let Some(tape) = common_tape(operation.name(), x.iter().map(|x| [x])) else {
        return Var::constant(value);
    };
    let (pairs, last) = input_pairs(x, s, slope);
    let node = tape.push_many(pairs, last);
    Var::at(tape, node, value).traced(operation, inputs)
}

/// The inputs of [`record_many`] in pairs. If their number is odd, the last input has no partner.
#[inline(always)]
pub(super) fn input_pairs<'t, T: Scalar, S>(
    x: &[Var<'t, T>],
    s: &[S],
    slope: impl Fn(&Var<'t, T>, &S) -> T,
) -> (
    impl ExactSizeIterator<Item = InputPair<T>>,
    Option<InputPair<T>>,
) {
    let (pairs, last) = x.as_chunks();
    let (s_pairs, s_last) = s.as_chunks();
    let nothing = Var::default();
    let last = last.first().zip(s_last.first());
    let last = last.map(|(a, s)| input_pair([a, &nothing], [slope(a, s), nothing.value]));
    let pairs = pairs.iter().zip(s_pairs);
    let pairs = pairs.map(move |([a, b], [s, t])| input_pair([a, b], [slope(a, s), slope(b, t)]));
    (pairs, last)
}

/// Two inputs of a node with many inputs. A constant is the sink with slope 0, so it needs no special case.
#[inline(always)]
fn input_pair<T: Scalar>([a, b]: [&Var<'_, T>; 2], slopes: [T; 2]) -> InputPair<T> {
    InputPair {
        inputs: [a.index(), b.index()],
        slopes: chain_two([a.slope, b.slope], slopes),
    }
}

impl<T: Scalar> Tape<T> {
    /// Appends a node with these inputs.
    #[track_caller]
    #[inline(always)]
    pub(super) fn push_many(
        &self,
        pairs: impl ExactSizeIterator<Item = InputPair<T>>,
        last: Option<InputPair<T>>,
    ) -> NodeRef {
        let first_pair = self.pairs.len();
        let node = self.node_of_pair(first_pair);
        self.pairs.extend(pairs);
        if let Some(last) = last {
            self.pairs.push(last);
        }
        let pair_count = self.pairs.len() - first_pair;
        // A single pair makes a node without a span.
        if pair_count > 1 {
            self.push_span(Span {
                first_pair,
                pair_count,
                first_node: node.index(),
                node_count: 1,
            });
        }
        node
    }
}
