//! The sum of an iterator of variables, as one node.

use super::nary::{input_pairs, record_many};
use super::node_ref::SINK;
use super::number::Scalar;
use super::pairwise::{PartialSums, sum_map};
use super::tape::{InputPair, Tape};
use super::trace::Operation;
use super::var::{Var, common_tape, refuse};
use std::iter::Sum;

impl<'t, T: Scalar> Sum for Var<'t, T> {
    /// Returns the sum as one node.
    #[inline]
    fn sum<I: Iterator<Item = Self>>(mut terms: I) -> Self {
        // This loop only stores the terms, which leaves the registers to the computation of the terms. They are
        // processed a chunk at a time, in functions that are not inlined.
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

impl<'a, 't, T: Scalar> Sum<&'a Var<'t, T>> for Var<'t, T> {
    #[inline]
    fn sum<I: Iterator<Item = &'a Self>>(terms: I) -> Self {
        terms.copied().sum()
    }
}

/// The number of terms in a chunk. It is even, because two terms make an input pair.
const CHUNK: usize = 32;

/// Returns the sum of at most one chunk of terms, as one node.
#[inline(never)]
#[track_caller]
fn sum_of_few<'t, T: Scalar>(terms: &[Var<'t, T>]) -> Var<'t, T> {
    let one = T::from_f64(1.0);
    let value = sum_map(terms, terms, |x, _| x.value);
    let inputs = || {
        let variables = terms.iter().copied().filter(|x| x.tape.is_some());
        let constant = sum_of_constants(terms).map(Var::constant);
        variables.chain(constant).collect()
    };
    record_many(Operation::Sum, value, terms, terms, |_, _| one, inputs)
}

/// Returns the sum of the terms that are constants; `None` if no term is a constant.
fn sum_of_constants<T: Scalar>(terms: &[Var<'_, T>]) -> Option<T> {
    let constants = terms.iter().filter(|x| x.tape.is_none());
    constants.map(|x| x.value).reduce(|sum, x| sum + x)
}

/// A sum of many terms in progress. Computing a term may record nodes, so the input pairs of the sum are collected here
/// and appended to the tape after the last term.
struct Chunks<'t, T: Scalar> {
    values: PartialSums<T>,
    tape: Option<&'t Tape<T>>,
    pairs: Vec<InputPair<T>>,
    /// The sum of the constants, for the trace.
    constant: Option<T>,
}

impl<T: Scalar> Default for Chunks<'_, T> {
    fn default() -> Self {
        Chunks {
            values: PartialSums::default(),
            tape: None,
            pairs: Vec::new(),
            constant: None,
        }
    }
}

impl<'t, T: Scalar> Chunks<'t, T> {
    /// Adds the next chunk of terms. Only the last chunk may have an odd number of terms.
    #[inline(never)]
    #[track_caller]
    fn add(&mut self, terms: &[Var<'t, T>]) {
        self.values.add(sum_map(terms, terms, |x, _| x.value));
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

    /// Adds the last chunk of terms, and records the sum as one node.
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
        tape.pairs_of_sum.put(self.pairs);
        result
    }
}
