//! The backward walk over a recording.
//!
//! The `unsafe` code leaves out the bounds checks of inputs. It rests on one invariant of every tape: **the inputs of a
//! node precede it.** It is established where slots are appended (`pair`, `try_pair` and `many`, and nowhere else):
//!
//! 1. Every input is the node of a variable, or the sink, which precedes all nodes. That the variables are of this tape
//!    is asked before (`is_on`, `common_tape`), or they are those of a trace's own step.
//! 2. A variable's node lies on the tape before anything that uses the variable, and stays there while it lives: to
//!    forget nodes takes `&mut Tape`, which the variable borrows. Those that survive lie before the mark that keeps them,
//!    and are handed back only as long as what it marked is not forgotten.
//! 3. A new node gets the index after all before. Slots between blocks have a node each, and blocks tell how many nodes
//!    their slots have, so walking back meets each slot with the index that it was given.
//!
//! Builds with debug assertions check every input.

#![allow(unsafe_code)]

use super::tape::{Block, SINK, Slot};
use super::{Scalar, Tape};
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
        let (slots, blocks) = self.read();
        // From here on lie the slots that have been walked over.
        let mut end = slots.len();
        for block in blocks.iter().rev() {
            let Block {
                slot,
                slots: inputs,
                node,
                nodes,
            } = *block;
            let first = (slot + inputs) as usize;
            // SAFETY: the slots from this block to the next have a node each, from the one after the block on.
            unsafe { walk_pairs(&slots[first..end], (node + nodes) as usize, adjoints, mul) };
            end = slot as usize;
            if inputs > 0 {
                if let Some(&adjoint) = adjoints.get(node as usize) {
                    let before = adjoints[..node as usize].as_mut_ptr_range();
                    // SAFETY: the inputs of all slots of the block precede its node.
                    let step = |slot: &_| unsafe { spread(slot, adjoint, before.clone(), mul) };
                    each_back(&slots[end..first], step);
                }
            } else if (node as usize) < adjoints.len() {
                self.segment_back(block, adjoints, products);
            }
        }
        // SAFETY: so have the slots before the first block, from the first node on.
        unsafe { walk_pairs(&slots[..end], SINK as usize + 1, adjoints, mul) };
    }
}

/// Walks back over slots of a node each, of which the first has index `first`.
///
/// # Safety
///
/// They must be those nodes' slots, so that the inputs of each precede its node.
#[inline(always)]
unsafe fn walk_pairs<T: Scalar, const K: usize>(
    slots: &[Slot<T>],
    first: usize,
    adjoints: &mut [[T; K]],
    mul: impl Fn(T, T) -> T + Copy,
) {
    // Nodes after the last output have no adjoint.
    let Some(count) = adjoints.len().checked_sub(first) else {
        return;
    };
    let count = slots.len().min(count);
    if count == 0 {
        return;
    }
    let adjoints = &mut adjoints[..first + count];
    // A pointer that goes along with the slots takes fewer instructions than an index.
    let Range { start, end } = adjoints.as_mut_ptr_range();
    let mut node = end;
    let step = |slot: &_| {
        // SAFETY: of the `first + count` adjoints the last `count` are passed, one with each slot. The inputs precede
        // the node.
        unsafe {
            node = node.sub(1);
            spread(slot, *node, start..node, mul);
        }
    };
    each_back(&slots[..count], step);
}

/// Takes a step with each slot, from the last to the first: four at a time, which spares the loop's own instructions.
#[inline(always)]
fn each_back<T>(slots: &[Slot<T>], mut step: impl FnMut(&Slot<T>)) {
    let (rest, fours) = slots.as_rchunks::<4>();
    fours
        .iter()
        .rev()
        .for_each(|four| four.iter().rev().for_each(&mut step));
    rest.iter().rev().for_each(step);
}

/// Adds what an adjoint contributes to those of the two inputs of a slot.
///
/// # Safety
///
/// Nobody else has the adjoints in the range `before`, and both inputs have theirs there.
#[inline(always)]
unsafe fn spread<T: Scalar, const K: usize>(
    slot: &Slot<T>,
    adjoint: [T; K],
    before: Range<*mut [T; K]>,
    mul: impl Fn(T, T) -> T + Copy,
) {
    for (input, slope) in slot.inputs.into_iter().zip(slot.slopes) {
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
