//! `NodeRef`: the node of a variable.

/// The index of an adjoint that is never read. The unused input of a pair and a constant refer to it.
pub(super) const SINK: u32 = 0;

/// The node of a variable, and whether the variable is that node or a function of it.
///
/// It is one word, so one store writes it, and one addition makes it when an operation appends a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NodeRef(u64);

// The flags in the upper half of the word. They are 0 for a function of the node, and for a constant.

/// The variable is the node itself.
const NODE: u64 = 1 << 32;
/// The variable is a node of a traced tape, where every variable is a node. With this flag a function of one variable
/// need not read the tape to find out whether it is traced. It is the sign bit, whose test needs no constant.
const TRACED: u64 = 1 << 63;

impl NodeRef {
    /// The reference of a constant: no node.
    pub(super) const CONSTANT: NodeRef = NodeRef(SINK as u64);

    /// A variable that is the node with this index.
    #[inline(always)]
    pub(super) fn node(index: u32, traced: bool) -> Self {
        let relation = if traced { TRACED } else { NODE };
        NodeRef(relation + u64::from(index))
    }

    /// A function of the same node.
    #[inline(always)]
    pub(super) fn derived(self) -> Self {
        NodeRef(u64::from(self.index()))
    }

    /// The index of the node; the sink for a constant.
    #[inline(always)]
    pub(super) fn index(self) -> u32 {
        self.0 as u32
    }

    /// Whether the variable is the node itself.
    #[inline(always)]
    pub(super) fn is_node(self) -> bool {
        self.0 >= NODE
    }

    /// Whether the tape is traced.
    #[inline(always)]
    pub(super) fn is_traced(self) -> bool {
        (self.0 as i64) < 0
    }
}

/// The difference `node − pair` between a node and the position of its input pair.
#[derive(Clone, Copy, Debug)]
pub(super) struct NodeOffset(u64);

impl NodeOffset {
    /// The offset between `node` and its pair at position `pair`.
    #[inline]
    pub(super) fn between(node: NodeRef, pair: u32) -> Self {
        NodeOffset(node.0.wrapping_sub(pair.into()))
    }

    /// The offset after a span of `pairs` pairs and `nodes` nodes.
    #[inline(always)]
    pub(super) fn after(self, pairs: u32, nodes: u32) -> Self {
        NodeOffset(self.0.wrapping_add(nodes.into()).wrapping_sub(pairs.into()))
    }

    /// The node of the pair at position `pair`.
    #[inline(always)]
    pub(super) fn node(self, pair: u32) -> NodeRef {
        NodeRef(self.0.wrapping_add(pair.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::{NodeOffset, NodeRef};

    #[test]
    fn a_function_of_a_node_refers_to_the_node() {
        for index in [1, 2, u32::MAX] {
            let [plain, traced] = [false, true].map(|traced| NodeRef::node(index, traced));
            assert_eq!((plain.index(), traced.index()), (index, index));
            assert_eq!((plain.is_node(), traced.is_node()), (true, true));
            assert_eq!((plain.is_traced(), traced.is_traced()), (false, true));
            let derived = plain.derived();
            assert_eq!((derived.index(), derived.is_node()), (index, false));
        }
        assert!(!NodeRef::CONSTANT.is_node());
    }

    #[test]
    fn pairs_may_run_ahead_of_nodes_or_behind_them() {
        let most = u32::MAX / 2;
        for traced in [false, true] {
            for (index, pair) in [(1, 0), (1, most), (u32::MAX, most), (most + 1, 0)] {
                let node = NodeRef::node(index, traced);
                let offset = NodeOffset::between(node, pair);
                assert_eq!(offset.node(pair), node);
                let before = NodeOffset::between(NodeRef::node(index - 1, traced), pair);
                assert_eq!(before.after(0, 1).node(pair), node);
                assert_eq!(before.after(7, 1).node(pair + 7), node);
            }
        }
    }
}
