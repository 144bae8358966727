//! Parameters in one flat buffer with named, shaped slices.

mod layout;

pub use layout::{Layout, Slice};

use autodiff::tensor::{Real, Tape, Tensor, Var};
use smallvec::SmallVec;
use std::sync::Arc;

/// Lists of tensors of up to this number of slices are stored inline.
const INLINE: usize = 16;

/// A list with a tensor or a variable for each slice.
pub type Slices<A> = SmallVec<[A; INLINE]>;

/// A number for each parameter of a model: the parameters themselves, their gradient, or an optimizer's moment.
///
/// All slices are in one flat buffer, so that an optimizer is a single loop. Statistics, if the model has any, are in a
/// separate buffer that optimizers do not see.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameters<T: Real> {
    layout: Arc<Layout>,
    flat: Tensor<T>,
    statistics: Option<Box<Parameters<T>>>,
}

impl<T: Real> Parameters<T> {
    /// Returns a buffer of zeros with the given layout.
    #[must_use]
    #[track_caller]
    pub fn zeros(layout: Arc<Layout>) -> Self {
        let flat = Tensor::zeros([layout.size()]);
        let zeros = |layout| Box::new(Parameters::zeros(Arc::clone(layout)));
        Parameters {
            statistics: layout.statistics().map(zeros),
            layout,
            flat,
        }
    }

    /// The layout: names, shapes and offsets of the slices.
    #[must_use]
    pub fn layout(&self) -> &Arc<Layout> {
        &self.layout
    }

    /// Checks that the parameters have the given layout, such as the layout of a network that `operation` is about to
    /// evaluate. The check compares only the pointers if both are the same [`Arc`].
    ///
    /// ```should_panic
    /// use nn::{Activation, Initializer, Mlp};
    ///
    /// let network = Mlp::new(&[3, 2], Activation::Relu);
    /// let parameters = network.init::<f32>(Initializer::HeNormal, 1);
    /// let other = Mlp::new(&[4, 2], Activation::Relu);
    /// // test: parameters of another layout: slice 0 is `layers.0.weight` of shape [2, 3],
    /// // not `layers.0.weight` of shape [2, 4]
    /// parameters.check_layout("test", other.layout());
    /// ```
    ///
    /// # Panics
    ///
    /// If the layouts differ. The message names `operation`, the first slice that differs, and both shapes.
    #[inline]
    #[track_caller]
    pub fn check_layout(&self, operation: &str, layout: &Arc<Layout>) {
        if !Arc::ptr_eq(&self.layout, layout)
            && let Some(difference) = self.layout.difference(layout)
        {
            panic!("{operation}: parameters of another layout: {difference}");
        }
    }

    /// The whole flat buffer, including padding.
    #[must_use]
    pub fn data(&self) -> &[T] {
        self.flat.data()
    }

    /// The whole flat buffer, for writing. The buffer is copied first if a tensor or a recording still shares it.
    pub fn data_mut(&mut self) -> &mut [T] {
        self.flat.data_mut()
    }

    /// The statistics observed during training, if the model has any.
    #[must_use]
    pub fn statistics(&self) -> Option<&Parameters<T>> {
        self.statistics.as_deref()
    }

    /// The statistics, for writing.
    pub fn statistics_mut(&mut self) -> Option<&mut Parameters<T>> {
        self.statistics.as_deref_mut()
    }

    /// Returns the slice with the given number. The tensor shares the memory of the buffer.
    ///
    /// # Panics
    ///
    /// If there is no such slice.
    #[must_use]
    #[inline]
    #[track_caller]
    pub fn tensor(&self, number: usize) -> Tensor<T> {
        let slice = self.layout.slice(number);
        self.flat.view(slice.offset, &slice.shape)
    }

    /// Returns the slice with the given name, or `None` if there is none. The tensor shares the memory of the buffer.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Tensor<T>> {
        let slice = self
            .layout
            .slices()
            .iter()
            .find(|slice| slice.name == name)?;
        Some(self.flat.view(slice.offset, &slice.shape))
    }

    /// Returns the slice with the given number, for writing.
    ///
    /// # Panics
    ///
    /// If there is no such slice.
    #[track_caller]
    pub fn slice_mut(&mut self, number: usize) -> &mut [T] {
        let range = self.layout.slice(number).range();
        &mut self.flat.data_mut()[range]
    }

    /// Returns an iterator over the names and tensors of the slices, in the order of the layout. The tensors share the
    /// memory of the buffer.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Tensor<T>)> {
        self.layout.slices().iter().map(|slice| {
            (
                slice.name.as_str(),
                self.flat.view(slice.offset, &slice.shape),
            )
        })
    }

    /// Returns a tensor for each slice, in the order of the layout, to evaluate a model without a tape. The tensors
    /// share the memory of the buffer.
    #[must_use]
    pub fn tensors(&self) -> Slices<Tensor<T>> {
        (0..self.layout.slices().len())
            .map(|number| self.tensor(number))
            .collect()
    }

    /// Returns a variable of the tape for each slice, in the order of the layout. No values are copied.
    #[must_use]
    pub fn record<'t>(&self, tape: &'t Tape<T>) -> Slices<Var<'t, T>> {
        let mut variables = SmallVec::new();
        self.record_in(tape, &mut variables);
        variables
    }

    /// Like [`record`](Parameters::record), but appends to an existing list, which avoids moving the list.
    #[inline]
    pub(crate) fn record_in<'t>(&self, tape: &'t Tape<T>, variables: &mut Slices<Var<'t, T>>) {
        for number in 0..self.layout.slices().len() {
            variables.push(tape.var(self.tensor(number)));
        }
    }

    /// Scales the elements so that their Euclidean norm is at most `limit`. Returns the norm before the scaling.
    ///
    /// ```
    /// use nn::{Activation, BatchGradient, Dataset, Initializer, Mlp, Sgd, StandardLoss, Supervised};
    ///
    /// # let data = Dataset::new(&[0, 255, 255, 0], [2], &[0, 1])?;
    /// let network = Mlp::new(&[2, 3, 2], Activation::Tanh);
    /// let mut parameters = network.init::<f32>(Initializer::GlorotNormal, 1);
    /// let mut gradient = BatchGradient::tape(Supervised::new(network, StandardLoss::cross_entropy()));
    /// let (cost, gradient) = gradient.compute(&parameters, &data);
    /// let norm = gradient.clip_norm(1e-3);
    /// assert!(norm > 1e-3 && gradient.norm() <= 1.0001e-3);
    /// Sgd::new(0.1).step(parameters.data_mut(), gradient.data())?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn clip_norm(&mut self, limit: f64) -> f64 {
        let norm = self.norm();
        if norm > limit {
            let scale = T::from_f64(limit / norm);
            for x in self.data_mut() {
                *x = scale * *x;
            }
        }
        norm
    }

    /// The Euclidean norm of all elements.
    #[must_use]
    pub fn norm(&self) -> f64 {
        let squares = self.data().iter().map(|x| x.to_f64() * x.to_f64());
        squares.sum::<f64>().sqrt()
    }

    /// Sets every element to zero.
    pub fn clear(&mut self) {
        self.flat.data_mut().fill(T::default());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout() -> Arc<Layout> {
        let mut layout = Layout::default();
        layout.push("weight", [3, 5]);
        layout.push("bias", [3]);
        Arc::new(layout)
    }

    #[test]
    fn slices_are_aligned_and_padded() {
        let layout = layout();
        assert_eq!(
            (
                layout.slices()[1].offset,
                layout.size(),
                layout.parameters()
            ),
            (16, 32, 18)
        );
        let parameters = Parameters::<f32>::zeros(layout);
        assert_eq!(
            parameters.get("bias").unwrap().data().as_ptr().addr() % 64,
            0
        );
        assert!(parameters.get("nothing").is_none());
    }

    #[test]
    fn recording_copies_nothing_and_writing_afterwards_neither() {
        let mut parameters = Parameters::<f32>::zeros(layout());
        let before = parameters.data().as_ptr();
        let mut tape = Tape::new();
        let variables = parameters.record(&tape);
        assert!(
            variables[0]
                .value()
                .shares_memory_with(&parameters.tensor(1))
        );
        drop(variables);
        tape.reset();
        parameters.data_mut()[0] = 1.0;
        assert_eq!(parameters.data().as_ptr(), before);
    }

    #[test]
    fn a_recording_never_sees_later_values() {
        let mut parameters = Parameters::<f32>::zeros(layout());
        let tape = Tape::new();
        let variables = parameters.record(&tape);
        parameters.data_mut()[0] = 1.0;
        assert_eq!(variables[0].value().data()[0], 0.0);
    }
}
