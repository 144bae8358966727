//! The sum of an iterator of variables, as one node.

use super::nary::{input_pairs, record_many};
use super::node_ref::SINK;
use super::number::Scalar;
use super::pairwise::{Sums, sum_over};
use super::tape::{InputPair, Tape};
use super::trace::Operation;
use super::var::{Var, common_tape, refuse};
use std::iter::Sum;

impl<'t, T: Scalar> Sum for Var<'t, T> {
    /// The sum, as one node.
    #[inline]
    fn sum<I: Iterator<Item = Self>>(mut terms: I) -> Self {
        // Terms are taken in one place and only stored there, which leaves the registers to how they are computed. They are
        // processed many at a time, out of line.
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

/// How many terms of a sum are taken before they are processed: an even number, for two of them make a pair.
const CHUNK: usize = 32;

/// The sum of a few terms, as one node.
#[inline(never)]
#[track_caller]
fn sum_of_few<'t, T: Scalar>(terms: &[Var<'t, T>]) -> Var<'t, T> {
    let one = T::from_f64(1.0);
    let value = sum_over(terms, terms, |x, _| x.value);
    let inputs = || {
        let variables = terms.iter().copied().filter(|x| x.tape.is_some());
        let constant = sum_of_constants(terms).map(Var::constant);
        variables.chain(constant).collect()
    };
    record_many(Operation::Sum, value, terms, terms, |_, _| one, inputs)
}

/// The sum of those terms that are constants, if there are any.
fn sum_of_constants<T: Scalar>(terms: &[Var<'_, T>]) -> Option<T> {
    let constants = terms.iter().filter(|x| x.tape.is_none());
    constants.map(|x| x.value).reduce(|sum, x| sum + x)
}

/// What a sum of many terms is made of. The terms may be recorded while they are taken, so their pairs are appended after
/// all of them.
struct Chunks<'t, T: Scalar> {
    values: Sums<T>,
    tape: Option<&'t Tape<T>>,
    pairs: Vec<InputPair<T>>,
    /// The sum of the constants, for the trace.
    constant: Option<T>,
}

impl<T: Scalar> Default for Chunks<'_, T> {
    fn default() -> Self {
        Chunks {
            values: Sums::default(),
            tape: None,
            pairs: Vec::new(),
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
        let tape = common_tape("sum", terms.iter().map(|x| [x]));
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
                self.pairs = tape.pairs_of_sum.take();
            }
        }
        let one = T::from_f64(1.0);
        let (pairs, last) = input_pairs(terms, terms, |_, _| one);
        self.pairs.extend(pairs);
        self.pairs.extend(last);
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
        let node = tape.push_many(self.pairs.iter().copied(), None);
        let result = Var::at(tape, node, value).traced(Operation::Sum, || {
            let nodes = self.pairs.iter().flat_map(|pair| pair.inputs);
            let variables = nodes.filter(|&node| node != SINK);
            let variables = variables.map(|node| Var::at(tape, tape.node_ref(node), value));
            let constant = self.constant.map(Var::constant);
            variables.chain(constant).collect()
        });
        self.pairs.clear();
        tape.pairs_of_sum.set(self.pairs);
        result
    }
}
