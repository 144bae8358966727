//! Where a variable lies on a tape.

use super::tape::SINK;

/// A node, and how a variable lies to it, in one word: it is written by one store, and made by one addition where an
/// operation appends the node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place(u64);

/// How a variable lies to its node: the upper half of a place.
mod relation {
    /// It is a function of the node, or a constant.
    pub(super) const BESIDE: u64 = 0;
    /// It is the node itself.
    pub(super) const NODE: u64 = 1 << 32;
    /// It is a node of a traced tape, on which every variable is one. So a function of one variable need not ask the
    /// tape whether it is traced.
    pub(super) const TRACED: u64 = 2 << 32;
}

impl Place {
    /// That of a constant.
    pub(super) const NOWHERE: Place = Place(relation::BESIDE + SINK as u64);

    /// The node itself.
    #[inline(always)]
    pub(super) fn on(node: u32, traced: bool) -> Self {
        let relation = if traced {
            relation::TRACED
        } else {
            relation::NODE
        };
        Place(relation + u64::from(node))
    }

    /// The same node, for a function of it.
    #[inline(always)]
    pub(super) fn beside(self) -> Self {
        Place(relation::BESIDE + u64::from(self.node()))
    }

    /// The index of the node.
    #[inline(always)]
    pub(super) fn node(self) -> u32 {
        self.0 as u32
    }

    /// Whether the variable is the node itself.
    #[inline(always)]
    pub(super) fn is_node(self) -> bool {
        self.0 >= relation::NODE
    }

    /// Whether it is one of a traced tape.
    #[inline(always)]
    pub(super) fn is_traced(self) -> bool {
        self.0 >= relation::TRACED
    }
}

/// The places of the nodes to be recorded next, less the positions of their slots.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shift(u64);

impl Shift {
    /// That after which the node at `place` has its slot at `slot`.
    #[inline]
    pub(super) fn between(place: Place, slot: u32) -> Self {
        Shift(place.0.wrapping_sub(slot.into()))
    }

    /// That after a block of `slots` slots and `nodes` nodes.
    #[inline(always)]
    pub(super) fn after(self, slots: u32, nodes: u32) -> Self {
        Shift(self.0.wrapping_add(nodes.into()).wrapping_sub(slots.into()))
    }

    /// The place of the node whose slot is at `slot`.
    #[inline(always)]
    pub(super) fn place(self, slot: u32) -> Place {
        Place(self.0.wrapping_add(slot.into()))
    }
}
