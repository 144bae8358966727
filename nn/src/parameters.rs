//! Parameters as one flat buffer with named, shaped slices.

use autodiff::tensor::{KeptGradients, Real, Shape, Tape, Tensor, Var};
use smallvec::SmallVec;
use std::sync::Arc;

/// Slices begin at multiples of so many elements, which is 64 bytes in `f32`; the padding between them is zero.
const ALIGNMENT: usize = 16;

/// As many parameter tensors as are handled without asking for memory.
const INLINE: usize = 16;

/// A named slice of the flat buffer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slice {
    /// The name, such as `layers.0.weight`.
    pub name: String,
    /// The shape.
    pub shape: Shape,
    /// The index of its first element in the buffer.
    pub offset: usize,
}

/// The slices of a flat buffer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Layout {
    slices: Vec<Slice>,
    size: usize,
}

impl Layout {
    /// Appends a slice.
    ///
    /// # Panics
    ///
    /// If the name is already taken, or the size overflows.
    #[track_caller]
    pub fn push(&mut self, name: impl Into<String>, shape: impl Into<Shape>) {
        let (name, shape) = (name.into(), shape.into());
        assert!(
            self.slices.iter().all(|slice| slice.name != name),
            "a parameter `{name}` exists already"
        );
        self.append(name, shape);
    }

    /// As [`push`](Layout::push), of a name that is known to be new: looking for it takes long among thousands.
    #[track_caller]
    pub(crate) fn append(&mut self, name: String, shape: Shape) {
        let offset = self.size;
        let end = offset
            .checked_add(shape.size())
            .and_then(|end| end.checked_next_multiple_of(ALIGNMENT));
        self.size = end.expect("more parameters than can be counted");
        self.slices.push(Slice {
            name,
            shape,
            offset,
        });
    }

    /// The slices, in the order of the buffer.
    #[must_use]
    pub fn slices(&self) -> &[Slice] {
        &self.slices
    }

    /// The slice with the given number.
    #[track_caller]
    fn slice(&self, number: usize) -> &Slice {
        match self.slices.get(number) {
            Some(slice) => slice,
            None => panic!(
                "there is no slice {number}: there are {}",
                self.slices.len()
            ),
        }
    }

    /// The size of the buffer in elements, including padding.
    #[must_use]
    pub fn size(&self) -> usize {
        self.size
    }

    /// The number of parameters, without the padding.
    #[must_use]
    pub fn parameters(&self) -> usize {
        self.slices.iter().map(|slice| slice.shape.size()).sum()
    }

    /// The first slice of `self` that differs from that of another layout, in words.
    #[cold]
    fn difference(&self, other: &Layout) -> Option<String> {
        let told = |slice: &Slice| format!("`{}` of shape {}", slice.name, slice.shape);
        let count = self.slices.len().max(other.slices.len());
        (0..count).find_map(
            |number| match (self.slices.get(number), other.slices.get(number)) {
                (Some(found), Some(wanted)) if found == wanted => None,
                (Some(found), Some(wanted)) => Some(format!(
                    "slice {number} is {}, not {}",
                    told(found),
                    told(wanted)
                )),
                (Some(found), None) => {
                    Some(format!("slice {number}, {}, is one too many", told(found)))
                }
                (None, wanted) => {
                    wanted.map(|wanted| format!("there is no slice {number}, {}", told(wanted)))
                }
            },
        )
    }
}

/// A value for each parameter of a network: the parameters themselves, their gradient, or an optimizer's moments.
///
/// All lie in one flat buffer, so that an optimizer is a single loop, and every slice has a name.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameters<T: Real> {
    layout: Arc<Layout>,
    flat: Tensor<T>,
}

impl<T: Real> Parameters<T> {
    /// Zeros for every parameter.
    #[must_use]
    #[track_caller]
    pub fn zeros(layout: Arc<Layout>) -> Self {
        let flat = Tensor::zeros([layout.size()]);
        Parameters { layout, flat }
    }

    /// The slices: their names, shapes and offsets.
    #[must_use]
    pub fn layout(&self) -> &Arc<Layout> {
        &self.layout
    }

    /// Checks that these are parameters of a layout, such as that of a network which `operation` is about to evaluate.
    /// If it is the same [`Arc`], this takes no time.
    ///
    /// ```should_panic
    /// use nn::{Activation, Initializer, Mlp};
    ///
    /// let network = Mlp::new(&[3, 2], Activation::Relu);
    /// let parameters = network.init::<f32>(Initializer::HeNormal, 1);
    /// let other = Mlp::new(&[4, 2], Activation::Relu);
    /// // test: parameters of another layout: slice 0 is `layers.0.weight` of shape [2, 3], not `layers.0.weight` of shape [2, 4]
    /// parameters.check_layout("test", other.layout());
    /// ```
    ///
    /// # Panics
    ///
    /// If they are not; names the first slice that differs, and both shapes.
    #[inline]
    #[track_caller]
    pub fn check_layout(&self, operation: &str, layout: &Arc<Layout>) {
        if !Arc::ptr_eq(&self.layout, layout)
            && let Some(difference) = self.layout.difference(layout)
        {
            panic!("{operation}: parameters of another layout: {difference}");
        }
    }

    /// The whole buffer, including padding.
    #[must_use]
    pub fn data(&self) -> &[T] {
        self.flat.data()
    }

    /// The whole buffer, for writing. It is copied first if a recording still uses it.
    pub fn data_mut(&mut self) -> &mut [T] {
        self.flat.data_mut()
    }

    /// The slice with the given number, sharing memory.
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

    /// The slice with the given name, sharing memory, if there is one.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Tensor<T>> {
        let slice = self.layout.slices.iter().find(|slice| slice.name == name)?;
        Some(self.flat.view(slice.offset, &slice.shape))
    }

    /// The slice with the given number, for writing.
    ///
    /// # Panics
    ///
    /// If there is no such slice.
    #[track_caller]
    pub fn slice_mut(&mut self, number: usize) -> &mut [T] {
        let slice = self.layout.slice(number);
        let range = slice.offset..slice.offset + slice.shape.size();
        &mut self.flat.data_mut()[range]
    }

    /// Every slice with its name, in order, sharing memory.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Tensor<T>)> {
        self.layout.slices.iter().map(|slice| {
            (
                slice.name.as_str(),
                self.flat.view(slice.offset, &slice.shape),
            )
        })
    }

    /// Every slice, in order, sharing memory, to evaluate a network without a tape.
    #[must_use]
    pub fn tensors(&self) -> SmallVec<[Tensor<T>; INLINE]> {
        (0..self.layout.slices.len())
            .map(|number| self.tensor(number))
            .collect()
    }

    /// Every slice, in order, as a variable of the tape, without copying.
    #[must_use]
    pub fn record<'t>(&self, tape: &'t Tape<T>) -> SmallVec<[Var<'t, T>; INLINE]> {
        let mut variables = SmallVec::new();
        self.record_in(tape, &mut variables);
        variables
    }

    /// As [`record`](Parameters::record), at the end of a list that is there, which is then copied nowhere.
    #[inline]
    pub(crate) fn record_in<'t>(
        &self,
        tape: &'t Tape<T>,
        variables: &mut SmallVec<[Var<'t, T>; INLINE]>,
    ) {
        for number in 0..self.layout.slices.len() {
            variables.push(tape.var(self.tensor(number)));
        }
    }

    /// Adds `scale` times the gradients, one for each slice in order.
    ///
    /// # Panics
    ///
    /// If they differ from the slices in number or shapes.
    #[track_caller]
    pub fn add(&mut self, scale: T, gradients: &KeptGradients<T>) {
        let slices = &self.layout.slices;
        assert!(
            gradients.len() == slices.len(),
            "add: {} gradients for {} slices",
            gradients.len(),
            slices.len()
        );
        // All are looked at before any is added.
        for (slice, gradient) in slices.iter().zip(gradients.iter()) {
            assert!(
                gradient.shape() == slice.shape,
                "add: a gradient of shape {} for `{}` of shape {}",
                gradient.shape(),
                slice.name,
                slice.shape
            );
        }
        let flat = self.flat.data_mut();
        for (slice, gradient) in slices.iter().zip(gradients.iter()) {
            let range = slice.offset..slice.offset + slice.shape.size();
            gradient.add_to(scale, &mut flat[range]);
        }
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
