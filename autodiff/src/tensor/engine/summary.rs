//! `Summary`: how large a recording is, and what its backward pass needs.

use super::tape::Tape;
use crate::tensor::storage::element::Real;
use std::collections::BTreeMap;
use std::fmt;

/// The size of a recording; see [`Tape::summary`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Summary {
    /// The number of nodes: variables, constants and results of operations.
    pub nodes: usize,
    /// The bytes of the nodes, their values and their saved tensors, as [`Tape::bytes`] counts them.
    pub bytes: usize,
    /// The largest number of bytes that adjoints take at one time in a backward pass from the last node, if each is
    /// formed. Gradients of variables are counted until the end. A gradient that stays lazy takes less.
    pub peak_adjoint_bytes: usize,
    /// For each operation, in alphabetical order: its name, the number of its nodes and the bytes of their values.
    /// Variables and constants are listed as `variable` and `constant`.
    pub operations: Vec<(&'static str, usize, usize)>,
}

/// Size of the recording.
impl<T: Real> Tape<T> {
    /// Returns the size of the recording, and of the adjoints of a backward pass from its last node.
    ///
    /// ```
    /// use autodiff::tensor::{Tape, Tensor};
    ///
    /// let tape = Tape::new();
    /// let x = tape.var(Tensor::<f64>::zeros([1000]));
    /// let _ = x.exp().sin().sum();
    /// let summary = tape.summary();
    /// assert_eq!(summary.nodes, 4);
    /// // The adjoints of the results of exp and sin, one at a time, together with the adjoint of their input.
    /// assert_eq!(summary.peak_adjoint_bytes, 2 * 8000);
    /// println!("{summary}");
    /// ```
    #[must_use]
    pub fn summary(&self) -> Summary {
        let nodes = self.nodes();
        let mut operations: BTreeMap<&'static str, (usize, usize)> = BTreeMap::new();
        for node in nodes.iter() {
            let (count, bytes) = operations.entry(node.operation.name()).or_default();
            *count += 1;
            *bytes += node.value.size() * size_of::<T>();
        }
        let operations = operations.into_iter();
        Summary {
            nodes: nodes.len(),
            bytes: self.bytes(),
            peak_adjoint_bytes: self.peak_adjoint_bytes(),
            operations: operations
                .map(|(name, (n, bytes))| (name, n, bytes))
                .collect(),
        }
    }

    /// Follows the backward pass from the last node, without computing it.
    fn peak_adjoint_bytes(&self) -> usize {
        let nodes = self.nodes();
        let bytes = |index: usize| nodes[index].value.size() * size_of::<T>();
        let mut held = vec![false; nodes.len()];
        let (mut current, mut peak) = (0, 0);
        if let Some(last) = nodes.len().checked_sub(1)
            && nodes[last].requires_grad
        {
            held[last] = true;
            (current, peak) = (bytes(last), bytes(last));
        }
        for (index, node) in nodes.iter().enumerate().rev() {
            if !held[index] || node.operation.is_leaf() {
                continue;
            }
            for edge in node.inputs.iter().filter(|edge| edge.needs_grad) {
                let input = edge.node as usize;
                if !held[input] {
                    held[input] = true;
                    current += bytes(input);
                }
            }
            peak = peak.max(current);
            if node.retained == 0 {
                current -= bytes(index);
            }
        }
        peak
    }
}

impl fmt::Display for Summary {
    /// Writes the totals in one line, and a line for each operation.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Summary {
            nodes,
            bytes,
            peak_adjoint_bytes,
            operations,
        } = self;
        write!(
            f,
            "{nodes} nodes, {bytes} bytes; adjoints: at most {peak_adjoint_bytes} bytes"
        )?;
        for (name, count, bytes) in operations {
            write!(f, "\n  {name:<16} {count:>8} × {bytes:>12} bytes")?;
        }
        Ok(())
    }
}
