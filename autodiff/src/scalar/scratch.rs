//! `Scratch`: a tape for parts of a computation that are recorded apart, with memory that is reused.

use super::node_ref::NodeRef;
use super::number::Scalar;
use super::sweep::Gradients;
use super::tape::Tape;
use super::var::Var;

/// The number of outputs whose slopes [`preaccumulate`](super::preaccumulate()) computes by one backward pass.
pub(super) const LANES: usize = 4;

/// A tape that a part of a computation is recorded on, and what else its recording needs.
pub(super) struct Scratch<T: Scalar> {
    pub(super) tape: Tape<T>,
    pub(super) inputs: Inputs<T>,
    /// The gradients of a single output.
    pub(super) of_one: Gradients<T>,
    /// The gradients of several outputs.
    pub(super) of_several: Gradients<T, LANES>,
}

impl<T: Scalar> Default for Scratch<T> {
    fn default() -> Self {
        Scratch {
            tape: Tape::default(),
            inputs: Inputs::default(),
            of_one: Gradients::default(),
            of_several: Gradients::default(),
        }
    }
}

impl<T: Scalar> Tape<T> {
    /// Appends a node for each input of a function, and adds the inputs as numbers of this tape to `copies`. An input
    /// is a value, and whether it is a constant. Returns the first node.
    #[track_caller]
    pub(super) fn push_copies<'s>(
        &'s self,
        inputs: impl ExactSizeIterator<Item = (T, bool)>,
        copies: &mut Vec<Var<'s, T>>,
    ) -> u32 {
        let first = self.push_nodes_without_inputs(inputs.len());
        copies.extend((first..).zip(inputs).map(|(index, (value, is_constant))| {
            if is_constant {
                Var::constant(value)
            } else {
                Var::at(self, self.node_ref(index), value)
            }
        }));
        first
    }
}

/// Memory for variables of any recording.
pub(super) struct Inputs<T>(Vec<Unbound<T>>);

/// The layout of a [`Var`] without its lifetime.
#[repr(C)]
struct Unbound<T> {
    value: T,
    tape: Option<Box<()>>,
    slope: T,
    node: NodeRef,
}

impl<T> Default for Inputs<T> {
    fn default() -> Self {
        Inputs(Vec::new())
    }
}

impl<T: Scalar> Inputs<T> {
    /// Returns an empty vector. It has the memory of the vector that was handed back last, because collecting from a
    /// vector into one with elements of the same layout reuses its memory.
    pub(super) fn take<'s>(&mut self) -> Vec<Var<'s, T>> {
        let memory = std::mem::take(&mut self.0);
        memory.into_iter().filter_map(|_| None).collect()
    }

    /// Keeps the memory of the vector.
    pub(super) fn give_back(&mut self, mut variables: Vec<Var<'_, T>>) {
        variables.clear();
        self.0 = variables.into_iter().filter_map(|_| None).collect();
    }
}

#[cfg(test)]
mod tests {
    use super::{Inputs, Tape};

    fn keeps_its_memory<T: super::Scalar>() {
        let tape = Tape::default();
        let mut inputs = Inputs::<T>::default();
        let mut variables = inputs.take();
        variables.extend((0..100).map(|i| tape.var(T::from_f64(f64::from(i)))));
        let address = variables.as_ptr();
        inputs.give_back(variables);
        let variables = inputs.take();
        assert!(variables.is_empty() && variables.capacity() >= 100);
        assert_eq!(variables.as_ptr(), address);
    }

    #[test]
    fn variables_of_another_recording_take_over_the_memory() {
        keeps_its_memory::<f64>();
        keeps_its_memory::<f32>();
        keeps_its_memory::<super::super::Dual<f32>>();
        keeps_its_memory::<super::Var<'_>>();
    }
}
