//! One evaluation of a model: its parameters, its place in the training, and what it observes.

use crate::refusal::refuse;
use crate::{Layout, Param, Parameters, Statistic, Stream};
use autodiff::tensor::{Algebra, Real, Tensor};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use std::cell::RefCell;
use std::ops::{Index, Range};

/// Where in the training a cost is evaluated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Context {
    /// Whether the cost is differentiated: dropout drops, and batch normalization uses the statistics of the chunk.
    pub training: bool,
    /// The seed of everything that is random.
    pub seed: u64,
    /// The number of the step.
    pub step: u64,
    /// The positions of the chunk's samples in the batch.
    pub samples: Range<usize>,
}

impl Context {
    /// The context of an evaluation.
    #[must_use]
    pub fn evaluation(samples: Range<usize>) -> Context {
        Context {
            training: false,
            seed: 0,
            step: 0,
            samples,
        }
    }
}

/// Values that passes have observed, for statistics that outlive them.
#[derive(Debug)]
pub struct Observed<T: Real>(pub(crate) Vec<(Statistic, usize, Tensor<T>)>);

impl<T: Real> Default for Observed<T> {
    fn default() -> Self {
        Observed(Vec::new())
    }
}

/// Mixes what was observed into statistics, each value weighted by its samples.
pub(crate) fn mix_observed<'a, T: Real>(
    observed: &(impl Iterator<Item = &'a Observed<T>> + Clone),
    statistics: &mut Parameters<T>,
) {
    for number in 0..statistics.layout().slices().len() {
        let values = observed.clone().flat_map(|observed| &observed.0);
        let found = values.filter(|(statistic, ..)| statistic.number as usize == number);
        let samples: usize = found.clone().map(|(_, samples, _)| samples).sum();
        let Some((statistic, ..)) = found.clone().next().filter(|_| samples > 0) else {
            continue;
        };
        let kept = 1.0 - statistic.rate;
        let slice = statistics.slice_mut(number);
        slice.iter_mut().for_each(|x| *x = T::from_f64(kept) * *x);
        for (_, count, value) in found {
            let share = T::from_f64((1.0 - kept) * *count as f64 / samples as f64);
            for (x, &value) in slice.iter_mut().zip(value.data()) {
                *x = *x + share * value;
            }
        }
    }
}

/// One evaluation of a model: its parameters in one reading of the [`Algebra`], and its [`Context`].
///
/// A parameter is read by its number: `pass[self.weight]`.
#[derive(Debug)]
pub struct Pass<'a, A: Algebra> {
    parameters: &'a Parameters<A::Element>,
    slices: &'a [A],
    context: &'a Context,
    observed: RefCell<Observed<A::Element>>,
    is_reported: bool,
}

impl<'a, A: Algebra> Pass<'a, A> {
    /// A pass with these parameters, of which `slices` are the readings in the order of the layout, as
    /// [`Parameters::tensors`] and [`Parameters::record`] return them.
    ///
    /// # Panics
    ///
    /// If there are no slices, or not as many as the layout has.
    #[must_use]
    #[track_caller]
    pub fn new(
        parameters: &'a Parameters<A::Element>,
        slices: &'a [A],
        context: &'a Context,
    ) -> Self {
        let count = parameters.layout().slices().len();
        assert!(
            slices.len() == count && count > 0,
            "pass: {} slices for a layout of {count}",
            slices.len()
        );
        Pass {
            parameters,
            slices,
            context,
            observed: RefCell::default(),
            is_reported: false,
        }
    }

    /// The same pass in the engine, which reports refusals, and collects what is observed behind what was there.
    pub(crate) fn in_engine(self, observed: &mut Observed<A::Element>) -> Self {
        Pass {
            observed: RefCell::new(std::mem::take(observed)),
            is_reported: true,
            ..self
        }
    }

    /// What was observed.
    pub(crate) fn into_observed(self) -> Observed<A::Element> {
        self.observed.into_inner()
    }

    /// All slices of the parameters, in the order of the layout.
    #[must_use]
    pub fn slices(&self) -> &'a [A] {
        self.slices
    }

    /// The layout of the parameters.
    #[must_use]
    pub fn layout(&self) -> &'a Layout {
        self.parameters.layout()
    }

    /// Whether the cost is differentiated.
    #[must_use]
    pub fn is_training(&self) -> bool {
        self.context.training
    }

    /// The step and the samples.
    #[must_use]
    pub fn context(&self) -> &'a Context {
        self.context
    }

    /// The number of samples.
    #[must_use]
    pub fn samples(&self) -> usize {
        self.context.samples.len()
    }

    /// Data to calculate with beside the parameters.
    #[must_use]
    #[track_caller]
    pub fn constant(&self, data: impl Into<Tensor<A::Element>>) -> A {
        self.slices[0].constant(data.into())
    }

    /// The random numbers of a sample of this step in a stream: the same however the batch is cut. `sample` is its number
    /// in the chunk.
    #[must_use]
    pub fn rng(&self, stream: Stream, sample: usize) -> ChaCha8Rng {
        let Context { seed, step, .. } = *self.context;
        let mut key = [0; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        key[8..16].copy_from_slice(&step.to_le_bytes());
        key[16..20].copy_from_slice(&stream.0.to_le_bytes());
        let mut rng = ChaCha8Rng::from_seed(key);
        rng.set_stream((self.context.samples.start + sample) as u64);
        rng
    }

    /// The value of a statistic.
    ///
    /// # Panics
    ///
    /// If the layout has no such statistic.
    #[must_use]
    #[track_caller]
    pub fn statistic(&self, statistic: Statistic) -> A {
        self.constant(self.value_of("statistic", statistic))
    }

    /// Passes on the value of a statistic over this chunk. A step mixes it into the statistic at the rate that the
    /// statistic was made with.
    ///
    /// # Panics
    ///
    /// If the layout has no such statistic, or the value has another shape.
    #[track_caller]
    pub fn observe(&self, statistic: Statistic, value: Tensor<A::Element>) {
        let (found, wanted) = (value.shape(), self.value_of("observe", statistic));
        assert!(
            *found == *wanted.shape(),
            "observe: a value of shape {found} for a statistic of shape {}",
            wanted.shape()
        );
        let mut observed = self.observed.borrow_mut();
        observed.0.push((statistic, self.samples(), value));
    }

    /// The value of a statistic, if the layout has it.
    #[track_caller]
    fn value_of(&self, operation: &str, statistic: Statistic) -> Tensor<A::Element> {
        let number = statistic.number as usize;
        let statistics = self.parameters.statistics();
        let count = statistics.map_or(0, |statistics| statistics.layout().slices().len());
        match statistics.filter(|_| number < count) {
            Some(statistics) => statistics.tensor(number),
            None => panic!("{operation}: there is no statistic {number}: the layout has {count}"),
        }
    }

    /// Refuses the samples. Where the engine evaluates the model, this is reported at the line that called it.
    ///
    /// # Panics
    ///
    /// Always.
    #[track_caller]
    pub fn refuse(&self, message: impl Into<String>) -> ! {
        let message = message.into();
        if self.is_reported {
            refuse(message);
        }
        panic!("{message}")
    }
}

impl<A: Algebra> Index<Param> for Pass<'_, A> {
    type Output = A;

    #[inline]
    #[track_caller]
    fn index(&self, param: Param) -> &A {
        match self.slices.get(param.0 as usize) {
            Some(slice) => slice,
            None => panic!(
                "there is no parameter {}: the layout has {} slices",
                param.0,
                self.slices.len()
            ),
        }
    }
}
