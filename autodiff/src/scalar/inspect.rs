//! Looking at a recording.

use super::node_ref::SINK;
use super::number::Scalar;
use super::tape::Tape;

/// A node of a tape.
#[derive(Clone, Debug, PartialEq)]
pub struct Node<T = f64> {
    /// Its index.
    pub index: u32,
    /// Its inputs, each with the slope towards it. Variables have none, and neither do the outputs of a
    /// [checkpoint](super::checkpoint), whose inputs are kept with its function.
    pub inputs: Vec<(u32, T)>,
}

impl<T: Scalar> Tape<T> {
    /// The nodes in the order in which they were recorded; inputs precede what is computed from them.
    pub fn nodes(&self) -> impl Iterator<Item = Node<T>> {
        // The next node, the position of its first input pair, and the next span that has not been passed.
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
