//! The backward pass over a recording.
//!
//! The `unsafe` code omits the bounds checks of inputs. It relies on one invariant of every tape: **the inputs of a
//! node precede it.** The invariant is established where input pairs are appended (only in `push_node`, `try_push_node`
//! and `push_many`):
//!
//! 1. Every input is the node of a variable, or the sink, which precedes all nodes. The callers check that the
//!    variables are recorded on this tape (`is_on`, `common_tape`).
//! 2. A variable's node is on the tape before any operation uses the variable, and stays there while the variable
//!    lives: removing nodes takes `&mut Tape`, which the variable borrows. The variables that survive a rewind lie
//!    before their mark, and are returned only while the marked part of the recording exists.
//! 3. A new node gets the next index. Each input pair between spans has one node, and a span holds the number of nodes
//!    of its pairs. So the backward pass meets each pair with the index of its node.
//!
//! Builds with debug assertions check every input.

#![allow(unsafe_code)]

use super::node_ref::SINK;
use super::number::{Scalar, times};
use super::tape::{InputPair, Tape};
use std::ops::Range;

/// How a backward pass multiplies adjoints with slopes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Products {
    /// By the plain product.
    Plain,
    /// By the product in which a zero absorbs an infinity or NaN.
    Absorbing,
}

impl<T: Scalar> Tape<T> {
    /// Propagates the adjoints from the last node to the first: x̄ += ∂y/∂x · ȳ, for each node y and its inputs x.
    pub(super) fn walk_back<const K: usize>(&self, adjoints: &mut [[T; K]], products: Products) {
        match products {
            Products::Plain => self.walk_back_with(adjoints, products, |a, b| times(a, b)),
            Products::Absorbing => self.walk_back_with(adjoints, products, T::absorbing_mul),
        }
    }

    fn walk_back_with<const K: usize>(
        &self,
        adjoints: &mut [[T; K]],
        products: Products,
        mul: impl Fn(T, T) -> T + Copy,
    ) {
        let (pairs, spans) = (self.pairs.read(), self.spans.read());
        // The pairs from this position on have been processed.
        let mut end = pairs.len();
        for span in spans.iter().rev() {
            let (of_span, nodes) = (span.pairs(), span.nodes());
            // SAFETY: the pairs between this span and the next have one node each, and the first of these nodes follows
            // the nodes of the span.
            unsafe { walk_pairs(&pairs[of_span.end..end], nodes.end, adjoints, mul) };
            end = of_span.start;
            // Nodes after the last output have no adjoint.
            let Some(&adjoint) = adjoints.get(nodes.start) else {
                continue;
            };
            if of_span.is_empty() {
                self.with_checkpoint(span, |checkpoint, scratch| {
                    checkpoint.walk_back(scratch, adjoints, products);
                });
            } else {
                let before = adjoints[..nodes.start].as_mut_ptr_range();
                // SAFETY: the inputs of all pairs of the span precede its node.
                let step = |pair: &_| unsafe { spread(pair, adjoint, before.clone(), mul) };
                each_back(&pairs[of_span], step);
            }
        }
        // SAFETY: the pairs before the first span have one node each, from the first node on.
        unsafe { walk_pairs(&pairs[..end], SINK as usize + 1, adjoints, mul) };
    }
}

/// Processes, from the last to the first, input pairs with one node each. The first pair's node has the index `first`.
///
/// # Safety
///
/// The pairs must be the pairs of these nodes, so that the inputs of each pair precede its node.
#[inline(always)]
unsafe fn walk_pairs<T: Scalar, const K: usize>(
    pairs: &[InputPair<T>],
    first: usize,
    adjoints: &mut [[T; K]],
    mul: impl Fn(T, T) -> T + Copy,
) {
    // Nodes after the last output have no adjoint.
    let Some(count) = adjoints.len().checked_sub(first) else {
        return;
    };
    let count = pairs.len().min(count);
    if count == 0 {
        return;
    }
    let adjoints = &mut adjoints[..first + count];
    // A pointer that moves with the pairs takes fewer instructions than an index.
    let Range { start, end } = adjoints.as_mut_ptr_range();
    let mut node = end;
    let step = |pair: &_| {
        // SAFETY: the pointer moves once for each of the `count` pairs, over the last `count` of the `first + count`
        // adjoints. The inputs precede the node.
        unsafe {
            node = node.sub(1);
            spread(pair, *node, start..node, mul);
        }
    };
    each_back(&pairs[..count], step);
}

/// Calls `step` with each pair, from the last to the first. The loop is unrolled four times.
#[inline(always)]
fn each_back<T>(pairs: &[InputPair<T>], mut step: impl FnMut(&InputPair<T>)) {
    let (rest, fours) = pairs.as_rchunks::<4>();
    fours
        .iter()
        .rev()
        .for_each(|four| four.iter().rev().for_each(&mut step));
    rest.iter().rev().for_each(step);
}

/// Adds the products of `adjoint` and the slopes of a pair to the adjoints of its two inputs.
///
/// # Safety
///
/// The adjoints of both inputs must lie in the range `before`, and nothing else may access this range.
#[inline(always)]
unsafe fn spread<T: Scalar, const K: usize>(
    pair: &InputPair<T>,
    adjoint: [T; K],
    before: Range<*mut [T; K]>,
    mul: impl Fn(T, T) -> T + Copy,
) {
    for (input, slope) in pair.inputs.into_iter().zip(pair.slopes) {
        let sum = before.start.wrapping_add(input as usize);
        debug_assert!(
            sum < before.end || size_of::<T>() == 0,
            "an input after its node"
        );
        // SAFETY: the caller guarantees that the adjoint lies in `before`, and that nothing else accesses it.
        let sum = unsafe { &mut *sum };
        for k in 0..K {
            sum[k] += mul(adjoint[k], slope);
        }
    }
}
