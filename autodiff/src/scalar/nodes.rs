//! Looking at a recording.

use super::tape::{Block, SINK};
use super::{Scalar, Tape};

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
        // The block that is reached next, the position of the next slot, and the index of the next node.
        let (mut block, mut slot, mut index) = (0, 0, SINK + 1);
        let mut leaves = 0;
        std::iter::from_fn(move || {
            let mut slots = 0;
            if leaves > 0 {
                leaves -= 1;
            } else {
                let at = loop {
                    match self.blocks.get(block) {
                        Some(at) if at.slot == slot => block += 1,
                        _ => break None,
                    }
                    let at = self.blocks.get(block - 1)?;
                    if at.nodes > 0 {
                        break Some(at);
                    }
                };
                match at {
                    Some(Block {
                        slots: 0, nodes, ..
                    }) => leaves = nodes - 1,
                    Some(many) => slots = many.slots,
                    None if slot < self.slots.len() => slots = 1,
                    None => return None,
                }
            }
            let inputs = (slot..slot + slots).filter_map(|slot| self.slots.get(slot));
            let inputs = inputs.flat_map(|slot| slot.inputs.into_iter().zip(slot.slopes));
            let node = Node {
                index,
                inputs: inputs.filter(|(input, _)| *input != SINK).collect(),
            };
            slot += slots;
            index += 1;
            Some(node)
        })
    }
}
