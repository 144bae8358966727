//! Sums: of an iterator of variables, as one node, and of plain numbers, with a small error.

use super::many::{common_tape, gather, slots, traced};
use super::tape::{SINK, Slot};
use super::trace::Operation;
use super::var::refuse;
use super::{Scalar, Tape, Var};
use smallvec::SmallVec;
use std::iter::Sum;

impl<'t, T: Scalar> Sum for Var<'t, T> {
    /// The sum, as one node.
    #[inline]
    fn sum<I: Iterator<Item = Self>>(mut terms: I) -> Self {
        // Terms are asked for in one place and only put down there, which leaves the registers to how they are computed.
        // What becomes of them is decided for many at once, out of line.
        let mut chunk = [Var::default(); CHUNK];
        let mut chunks: Option<Chunks<'t, T>> = None;
        loop {
            let mut count = 0;
            for (place, term) in chunk.iter_mut().zip(terms.by_ref()) {
                *place = term;
                count += 1;
            }
            if count == CHUNK {
                chunks.get_or_insert_default().add(&chunk);
                continue;
            }
            let last = &chunk[..count];
            return match chunks {
                None => sum_of_few(last),
                Some(chunks) => chunks.record(last),
            };
        }
    }
}

impl<'a, 't: 'a, T: Scalar> Sum<&'a Var<'t, T>> for Var<'t, T> {
    #[inline]
    fn sum<I: Iterator<Item = &'a Self>>(terms: I) -> Self {
        terms.copied().sum()
    }
}

/// How many terms of a sum are asked for before they are looked at: an even number, for two of them share a slot.
const CHUNK: usize = 32;

/// The sum of a few terms, as one node.
#[inline(never)]
#[track_caller]
fn sum_of_few<'t, T: Scalar>(terms: &[Var<'t, T>]) -> Var<'t, T> {
    let one = T::from_f64(1.0);
    let value = sum_over(terms, terms, |x, _| x.value);
    let result = gather("sum", value, terms, terms, |_, _| one);
    traced(result, Operation::Sum, || {
        let variables = terms.iter().copied().filter(|x| x.tape.is_some());
        let constant = sum_of_constants(terms).map(Var::constant);
        variables.chain(constant).collect()
    })
}

/// The sum of those terms that are constants, if there are any.
fn sum_of_constants<T: Scalar>(terms: &[Var<'_, T>]) -> Option<T> {
    let constants = terms.iter().filter(|x| x.tape.is_none());
    constants.map(|x| x.value).reduce(|sum, x| sum + x)
}

/// What a sum of many terms is made of. The terms may be recorded while they are asked for, so their slots come after
/// all of them.
struct Chunks<'t, T: Scalar> {
    values: Sums<T>,
    tape: Option<&'t Tape<T>>,
    slots: Vec<Slot<T>>,
    /// The sum of the constants, for the trace.
    constant: Option<T>,
}

impl<T: Scalar> Default for Chunks<'_, T> {
    fn default() -> Self {
        Chunks {
            values: Sums::default(),
            tape: None,
            slots: Vec::new(),
            constant: None,
        }
    }
}

impl<'t, T: Scalar> Chunks<'t, T> {
    /// Adds the next terms. Only the last may be an odd number.
    #[inline(never)]
    #[track_caller]
    fn add(&mut self, terms: &[Var<'t, T>]) {
        self.values.add(sum_over(terms, terms, |x, _| x.value));
        let tape = common_tape("sum", terms, terms);
        if tape.is_none_or(Tape::is_traced) {
            let constants = self.constant.into_iter().chain(sum_of_constants(terms));
            self.constant = constants.reduce(|sum, x| sum + x);
        }
        let Some(tape) = tape else { return };
        match self.tape {
            Some(same) if std::ptr::eq(same, tape) => {}
            Some(_) => refuse("sum"),
            None => {
                self.tape = Some(tape);
                self.slots = tape.slots_of_sum.take();
            }
        }
        let one = T::from_f64(1.0);
        let (slots, last) = slots(terms, terms, |_, _| one);
        self.slots.extend(slots);
        self.slots.extend(last);
    }

    /// Adds the last terms, and records the sum as one node.
    #[inline(never)]
    #[track_caller]
    fn record(mut self, last: &[Var<'t, T>]) -> Var<'t, T> {
        self.add(last);
        let value = self.values.total(T::from_f64(0.0));
        let Some(tape) = self.tape else {
            return Var::constant(value);
        };
        let result = tape.many(value, self.slots.iter().copied(), None);
        let result = traced(result, Operation::Sum, || {
            let nodes = self.slots.iter().flat_map(|slot| slot.inputs);
            let variables = nodes.filter(|&node| node != SINK);
            let variables = variables.map(|node| Var::at(tape, tape.place(node), value));
            let constant = self.constant.map(Var::constant);
            variables.chain(constant).collect()
        });
        self.slots.clear();
        tape.slots_of_sum.set(self.slots);
        result
    }
}

/// The sum of terms, in an order in which the error grows with the logarithm of their number.
#[inline(always)]
pub(super) fn sum_of<T: Scalar>(terms: impl Iterator<Item = T>) -> T {
    /// How many terms are added up in order.
    const ENOUGH: u32 = 64;
    let zero = T::from_f64(0.0);
    let mut chunks = Sums::default();
    let (mut sum, mut length) = (zero, 0);
    for term in terms {
        sum = sum + term;
        length += 1;
        if length == ENOUGH {
            chunks.add(sum);
            (sum, length) = (zero, 0);
        }
    }
    chunks.total(sum)
}

/// The sum of the terms that `term` makes of the partners in two slices of one length, with the same error.
#[inline(always)]
pub(super) fn sum_over<A, B, T: Scalar>(a: &[A], b: &[B], term: impl Fn(&A, &B) -> T + Copy) -> T {
    /// A few sums side by side do not wait for each other.
    const LANES: usize = 4;
    if a.len() > 64 * LANES {
        return sum_by_halves(a, b, term);
    }
    let zero = T::from_f64(0.0);
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
    let mut sums = [zero; LANES];
    for (a, b) in a.iter().zip(b) {
        sums = std::array::from_fn(|lane| sums[lane] + term(&a[lane], &b[lane]));
    }
    let rest = a_rest.iter().zip(b_rest);
    let rest = rest.fold(zero, |sum, (a, b)| sum + term(a, b));
    ((sums[0] + sums[1]) + (sums[2] + sums[3])) + rest
}

#[inline(never)]
fn sum_by_halves<A, B, T: Scalar>(a: &[A], b: &[B], term: impl Fn(&A, &B) -> T + Copy) -> T {
    let half = a.len() / 2;
    let ((a, a_rest), (b, b_rest)) = (a.split_at(half), b.split_at(half));
    sum_over(a, b, term) + sum_over(a_rest, b_rest, term)
}

/// Sums of 1, 2, 4, ... chunks of terms, each with the logarithm of that number, as in counting by twos. So the error of
/// the whole grows with the logarithm of the number of chunks.
struct Sums<T>(SmallVec<[(T, u32); 32]>);

impl<T> Default for Sums<T> {
    fn default() -> Self {
        Sums(SmallVec::new())
    }
}

impl<T: Scalar> Sums<T> {
    /// Adds the sum of the next chunk.
    fn add(&mut self, mut sum: T) {
        let mut level = 0;
        while let Some(&(half, same)) = self.0.last()
            && same == level
        {
            sum = half + sum;
            level += 1;
            self.0.pop();
        }
        self.0.push((sum, level));
    }

    /// The sum of all and of the `rest`, which makes no chunk.
    fn total(&self, rest: T) -> T {
        let sums = self.0.iter().rev();
        sums.fold(rest, |total, &(sum, _)| total + sum)
    }
}
