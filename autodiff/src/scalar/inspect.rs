//! `Node`: the nodes of a recording, as a user sees them.

use super::node_ref::SINK;
use super::number::Scalar;
use super::tape::Tape;

/// A node of a tape, as [`Tape::nodes`] returns it.
#[derive(Clone, Debug, PartialEq)]
pub struct Node<T = f64> {
    /// The index of the node. Indices start at 1, and grow in the order of recording.
    pub index: u32,
    /// The index of each input, and the slope towards it. Variables have no inputs. The outputs of a
    /// [checkpoint](super::checkpoint) have none either: their inputs are stored with the function of the checkpoint.
    pub inputs: Vec<(u32, T)>,
}

/// # Looking at a recording
impl<T: Scalar> Tape<T> {
    /// Returns the nodes in the order in which they were recorded. The inputs of a node precede it.
    ///
    /// ```
    /// use autodiff::scalar::{Node, Tape};
    ///
    /// let tape = Tape::new();
    /// let [x, y] = tape.vars([3.0, 4.0]);
    /// let _ = x * y;
    /// let product = tape.nodes().last().unwrap();
    /// assert_eq!(product, Node { index: 3, inputs: vec![(1, 4.0), (2, 3.0)] });
    /// ```
    pub fn nodes(&self) -> impl Iterator<Item = Node<T>> {
        // The next node, the position of its first input pair, and the first span that ends after this node.
        let (mut index, mut pair, mut next_span) = (SINK + 1, 0, 0);
        std::iter::from_fn(move || {
            if index == self.next_node() {
                return None;
            }
            let node = index as usize;
            if let Some(span) = self.spans.get(next_span)
                && span.nodes().end <= node
            {
                next_span += 1;
            }
            let pairs = match self.spans.get(next_span) {
                Some(span) if span.nodes().contains(&node) => span.pairs(),
                _ => pair..pair + 1,
            };
            pair = pairs.end;
            let pairs = pairs.filter_map(|pair| self.pairs.get(pair as u32));
            let inputs = pairs.flat_map(|pair| pair.inputs.into_iter().zip(pair.slopes));
            let node = Node {
                index,
                inputs: inputs.filter(|(input, _)| *input != SINK).collect(),
            };
            index += 1;
            Some(node)
        })
    }
}
