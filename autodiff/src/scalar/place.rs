//! Where a variable lies on a tape.

use super::tape::SINK;

/// A node, and how a variable lies to it, in one word: it is written by one store, and made by one addition where an
/// operation appends the node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place(u64);

// How a variable lies to its node, as the upper half of a place says it.

/// It is a function of the node, or a constant.
const BESIDE: u64 = 0;
/// It is the node itself.
const NODE: u64 = 1 << 32;
/// It is a node of a traced tape, on which every variable is one. So a function of one variable need not ask the tape
/// whether it is traced. The bit is the sign, which is asked without a number to compare with.
const TRACED: u64 = 1 << 63;

impl Place {
    /// That of a constant.
    pub(super) const NOWHERE: Place = Place(BESIDE + SINK as u64);

    /// The node itself.
    #[inline(always)]
    pub(super) fn on(node: u32, traced: bool) -> Self {
        let relation = if traced { TRACED } else { NODE };
        Place(relation + u64::from(node))
    }

    /// The same node, for a function of it.
    #[inline(always)]
    pub(super) fn beside(self) -> Self {
        Place(BESIDE + u64::from(self.node()))
    }

    /// The index of the node.
    #[inline(always)]
    pub(super) fn node(self) -> u32 {
        self.0 as u32
    }

    /// Whether the variable is the node itself.
    #[inline(always)]
    pub(super) fn is_node(self) -> bool {
        self.0 >= NODE
    }

    /// Whether it is one of a traced tape.
    #[inline(always)]
    pub(super) fn is_traced(self) -> bool {
        (self.0 as i64) < 0
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

#[cfg(test)]
mod tests {
    use super::{Place, Shift};

    #[test]
    fn a_function_of_a_node_lies_beside_it() {
        for node in [1, 2, u32::MAX] {
            let [plain, traced] = [false, true].map(|traced| Place::on(node, traced));
            assert_eq!((plain.node(), traced.node()), (node, node));
            assert_eq!((plain.is_node(), traced.is_node()), (true, true));
            assert_eq!((plain.is_traced(), traced.is_traced()), (false, true));
            assert_eq!(
                (plain.beside().node(), plain.beside().is_node()),
                (node, false)
            );
        }
        assert!(!Place::NOWHERE.is_node());
    }

    #[test]
    fn slots_may_run_ahead_of_nodes_or_behind_them() {
        let most = u32::MAX / 2;
        for traced in [false, true] {
            for (node, slot) in [(1, 0), (1, most), (u32::MAX, most), (most + 1, 0)] {
                let place = Place::on(node, traced);
                let shift = Shift::between(place, slot);
                assert_eq!(shift.place(slot), place);
                let before = Shift::between(Place::on(node - 1, traced), slot);
                assert_eq!(before.after(0, 1).place(slot), place);
                assert_eq!(before.after(7, 1).place(slot + 7), place);
            }
        }
    }
}
