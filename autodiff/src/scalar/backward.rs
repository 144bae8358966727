//! The backward walk over a recording.
//!
//! The `unsafe` code leaves out the bounds checks of inputs. It rests on one invariant of every tape: **the inputs of a
//! node precede it.** It is established where input pairs are appended (`push_node`, `try_push_node` and `push_many`, and
//! nowhere else):
//!
//! 1. Every input is the node of a variable, or the sink, which precedes all nodes. That the variables are of this tape
//!    is checked before (`is_on`, `common_tape`).
//! 2. A variable's node lies on the tape before anything that uses the variable, and stays there while it lives: to
//!    forget nodes takes `&mut Tape`, which the variable borrows. Those that survive lie before the mark that keeps them,
//!    and are handed back only as long as what it marked is not forgotten.
//! 3. A new node gets the index after all before. Input pairs between spans have a node each, and spans say how many nodes
//!    their pairs have, so walking back meets each pair with the index of its node.
//!
//! Builds with debug assertions check every input.

#![allow(unsafe_code)]

use super::node_ref::SINK;
use super::number::Scalar;
use super::tape::{InputPair, Tape};
use std::ops::Range;

/// The products of adjoints and slopes in a walk back.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Products {
    /// As they are.
    Plain,
    /// A zero wins over an infinity.
    Absorbing,
}

impl<T: Scalar> Tape<T> {
    /// Spreads the adjoints of the later nodes over the earlier ones: x̄ += ∂y/∂x · ȳ, for each node y and its inputs x.
    pub(super) fn walk_back<const K: usize>(&self, adjoints: &mut [[T; K]], products: Products) {
        match products {
            Products::Plain => self.walk_back_with(adjoints, products, |a, b| a * b),
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
        // From here on lie the pairs that have been walked over.
        let mut end = pairs.len();
        for span in spans.iter().rev() {
            let (of_span, nodes) = (span.pairs(), span.nodes());
            // SAFETY: the pairs from this span to the next have a node each, from the one after the span on.
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
        // SAFETY: so have the pairs before the first span, from the first node on.
        unsafe { walk_pairs(&pairs[..end], SINK as usize + 1, adjoints, mul) };
    }
}

/// Walks back over input pairs of a node each, of which the first has index `first`.
///
/// # Safety
///
/// They must be those nodes' pairs, so that the inputs of each precede its node.
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
    // A pointer that goes along with the pairs takes fewer instructions than an index.
    let Range { start, end } = adjoints.as_mut_ptr_range();
    let mut node = end;
    let step = |pair: &_| {
        // SAFETY: of the `first + count` adjoints the last `count` are passed, one with each pair. The inputs precede
        // the node.
        unsafe {
            node = node.sub(1);
            spread(pair, *node, start..node, mul);
        }
    };
    each_back(&pairs[..count], step);
}

/// Takes a step with each pair, from the last to the first: four at a time, which spares the loop's own instructions.
#[inline(always)]
fn each_back<T>(pairs: &[InputPair<T>], mut step: impl FnMut(&InputPair<T>)) {
    let (rest, fours) = pairs.as_rchunks::<4>();
    fours
        .iter()
        .rev()
        .for_each(|four| four.iter().rev().for_each(&mut step));
    rest.iter().rev().for_each(step);
}

/// Adds what an adjoint contributes to those of the two inputs of a pair.
///
/// # Safety
///
/// Nobody else has the adjoints in the range `before`, and both inputs have theirs there.
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
        // SAFETY: what the caller promises.
        let sum = unsafe { &mut *sum };
        for k in 0..K {
            sum[k] = sum[k] + mul(adjoint[k], slope);
        }
    }
}
