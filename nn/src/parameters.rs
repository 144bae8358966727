//! Parameters as one flat buffer with named, shaped slices.

use crate::Initializer;
use autodiff::tensor::{KeptGradients, Real, Shape, Tape, Tensor, Var};
use smallvec::SmallVec;
use std::ops::Range;
use std::sync::Arc;

/// Slices begin at multiples of so many elements, which is 64 bytes in `f32`; the padding between them is zero.
const ALIGNMENT: usize = 16;

/// Up to this number of slices, a list of their tensors is stored inline.
const INLINE: usize = 16;

/// A tensor or variable for each slice.
pub type Slices<A> = SmallVec<[A; INLINE]>;

/// A named slice of the flat buffer.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Slice {
    /// The name, such as `layers.0.weight`.
    pub name: String,
    /// The shape.
    pub shape: Shape,
    /// The index of its first element in the buffer.
    pub offset: usize,
    /// How its initial values are drawn.
    pub initializer: Initializer,
}

impl Slice {
    /// The indices of its elements in the buffer.
    #[must_use]
    pub fn range(&self) -> Range<usize> {
        self.offset..self.offset + self.shape.size()
    }

    /// The number of rows: the extent along the first axis.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.shape.first().copied().unwrap_or(1)
    }
}

/// The slices of a flat buffer, and those of the statistics beside it.
///
/// [`Builder`](crate::Builder) makes one while the layers of a model are made.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Layout {
    slices: Vec<Slice>,
    size: usize,
    statistics: Option<Arc<Layout>>,
}

impl Layout {
    /// Appends a slice.
    ///
    /// # Panics
    ///
    /// If the name is already taken, or the size overflows.
    #[track_caller]
    pub fn push(&mut self, name: impl Into<String>, shape: impl Into<Shape>) {
        self.push_with(name.into(), shape.into(), Initializer::Constant(0.0));
    }

    #[track_caller]
    pub(crate) fn push_with(&mut self, name: String, shape: Shape, initializer: Initializer) {
        assert!(
            self.slices.iter().all(|slice| slice.name != name),
            "a parameter `{name}` exists already"
        );
        self.append(name, shape, initializer);
    }

    /// As [`push_with`](Layout::push_with), of a name that is known to be new: looking for it takes long among thousands.
    #[track_caller]
    pub(crate) fn append(&mut self, name: String, shape: Shape, initializer: Initializer) {
        let offset = self.size;
        let end = offset
            .checked_add(shape.size())
            .and_then(|end| end.checked_next_multiple_of(ALIGNMENT));
        self.size = end.expect("more parameters than can be counted");
        self.slices.push(Slice {
            name,
            shape,
            offset,
            initializer,
        });
    }

    /// The same layout with statistics beside the parameters.
    pub(crate) fn with_statistics(self, statistics: Layout) -> Layout {
        let statistics = (!statistics.slices.is_empty()).then(|| Arc::new(statistics));
        Layout { statistics, ..self }
    }

    /// The layout of the statistics: state that is observed while training and not trained. There may be none.
    #[must_use]
    pub fn statistics(&self) -> Option<&Arc<Layout>> {
        self.statistics.as_ref()
    }

    /// Initial parameters and statistics, drawn from a seed, each slice as its [`Initializer`] says.
    ///
    /// # Panics
    ///
    /// If the standard deviation or bound of an initializer is negative or not finite.
    #[must_use]
    #[track_caller]
    pub fn init<T: Real>(self: &Arc<Self>, seed: u64) -> Parameters<T> {
        let mut rng = Initializer::generator(seed);
        let mut parameters = Parameters::zeros(Arc::clone(self));
        for (number, slice) in self.slices.iter().enumerate() {
            let rows = slice.rows();
            let columns = slice.shape.size() / rows.max(1);
            let values = slice.initializer.draw::<T>(rows, columns, &mut rng);
            parameters.slice_mut(number).copy_from_slice(values.data());
        }
        if let Some(statistics) = &self.statistics {
            parameters.statistics = Some(Box::new(statistics.init(seed)));
        }
        parameters
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
    fn difference<'a>(&'a self, other: &'a Layout) -> Option<String> {
        let told = |slice: &Slice| format!("`{}` of shape {}", slice.name, slice.shape);
        let same = |a: &Slice, b: &Slice| a.name == b.name && a.shape == b.shape;
        let count = self.slices.len().max(other.slices.len());
        let difference = (0..count).find_map(|number| {
            match (self.slices.get(number), other.slices.get(number)) {
                (Some(found), Some(wanted)) if same(found, wanted) => None,
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
            }
        });
        let none = Layout::default();
        let statistics = |layout: &'a Layout| layout.statistics.as_deref();
        difference.or_else(|| match (statistics(self), statistics(other)) {
            (None, None) => None,
            (found, wanted) => {
                let difference = found.unwrap_or(&none).difference(wanted.unwrap_or(&none))?;
                Some(format!("statistics: {difference}"))
            }
        })
    }
}

/// A value for each parameter of a network: the parameters themselves, their gradient, or an optimizer's moments.
///
/// All lie in one flat buffer, so that an optimizer is a single loop, and every slice has a name. The statistics of a
/// model that has some lie in a buffer of their own, which optimizers do not see.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameters<T: Real> {
    layout: Arc<Layout>,
    flat: Tensor<T>,
    statistics: Option<Box<Parameters<T>>>,
}

impl<T: Real> Parameters<T> {
    /// Zeros for every parameter.
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

    /// The statistics that were observed while training, if the model has some.
    #[must_use]
    pub fn statistics(&self) -> Option<&Parameters<T>> {
        self.statistics.as_deref()
    }

    /// The statistics, for writing.
    pub fn statistics_mut(&mut self) -> Option<&mut Parameters<T>> {
        self.statistics.as_deref_mut()
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
        let range = self.layout.slice(number).range();
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
    pub fn tensors(&self) -> Slices<Tensor<T>> {
        (0..self.layout.slices.len())
            .map(|number| self.tensor(number))
            .collect()
    }

    /// Every slice, in order, as a variable of the tape, without copying.
    #[must_use]
    pub fn record<'t>(&self, tape: &'t Tape<T>) -> Slices<Var<'t, T>> {
        let mut variables = SmallVec::new();
        self.record_in(tape, &mut variables);
        variables
    }

    /// As [`record`](Parameters::record), at the end of a list that is there, which is then copied nowhere.
    #[inline]
    pub(crate) fn record_in<'t>(&self, tape: &'t Tape<T>, variables: &mut Slices<Var<'t, T>>) {
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
            gradient.add_to(scale, &mut flat[slice.range()]);
        }
    }

    /// Scales the elements so that their Euclidean norm is at most `limit`, and returns the norm before.
    ///
    /// ```
    /// use nn::{Activation, BatchGradient, Dataset, Initializer, Mlp, Sgd, StandardLoss, Supervised};
    ///
    /// # let data = Dataset::new(&[0, 255, 255, 0], 2, &[0, 1])?;
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
