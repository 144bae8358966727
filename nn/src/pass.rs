//! One evaluation of a model: its parameters, its context in the training, and the values that it observes.

use crate::refusal::refuse;
use crate::{Layout, Param, Parameters, Statistic, Stream};
use autodiff::tensor::{Algebra, Real, Tensor};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use std::cell::RefCell;
use std::ops::{Index, Range};

/// The point of the training at which a cost is evaluated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Context {
    /// Whether the cost is differentiated. Dropout then zeroes elements, and batch normalization uses the statistics of
    /// the chunk.
    pub training: bool,
    /// The seed of the model's random numbers.
    pub seed: u64,
    /// The number of the step.
    pub step: u64,
    /// The positions of the chunk's samples in the batch.
    pub samples: Range<usize>,
}

impl Context {
    /// Returns the context of an evaluation, without training.
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

/// The values that passes have observed, to be mixed into statistics.
#[derive(Debug)]
pub struct Observed<T: Real>(pub(crate) Vec<(Statistic, usize, Tensor<T>)>);

impl<T: Real> Default for Observed<T> {
    fn default() -> Self {
        Observed(Vec::new())
    }
}

/// Mixes observed values into the statistics, each weighted by its number of samples.
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

/// One evaluation of a model: its parameters, as tensors or as variables of a tape, and its [`Context`].
///
/// `pass[self.weight]` is the parameter with the index `self.weight`.
#[derive(Debug)]
pub struct Pass<'a, A: Algebra> {
    parameters: &'a Parameters<A::Element>,
    slices: &'a [A],
    context: &'a Context,
    observed: RefCell<Observed<A::Element>>,
    is_reported: bool,
}

impl<'a, A: Algebra> Pass<'a, A> {
    /// Returns a pass with the given parameters. `slices` contains them as tensors or variables, in the order of the
    /// layout, as [`Parameters::tensors`] and [`Parameters::record`] return them.
    ///
    /// # Panics
    ///
    /// If there are no slices, or their number differs from the layout's.
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

    /// Returns the pass as the engine uses it: refusals are reported at the caller's line, and observed values are
    /// appended to `observed`.
    pub(crate) fn in_engine(self, observed: &mut Observed<A::Element>) -> Self {
        Pass {
            observed: RefCell::new(std::mem::take(observed)),
            is_reported: true,
            ..self
        }
    }

    /// Returns the observed values.
    pub(crate) fn into_observed(self) -> Observed<A::Element> {
        self.observed.into_inner()
    }

    /// The slices of the parameters, in the order of the layout.
    #[must_use]
    pub fn slices(&self) -> &'a [A] {
        self.slices
    }

    /// The layout of the parameters.
    #[must_use]
    pub fn layout(&self) -> &'a Layout {
        self.parameters.layout()
    }

    /// Whether this is a pass in training: see [`Context::training`].
    #[must_use]
    pub fn is_training(&self) -> bool {
        self.context.training
    }

    /// The context: the step and the samples.
    #[must_use]
    pub fn context(&self) -> &'a Context {
        self.context
    }

    /// The number of samples of the chunk.
    #[must_use]
    pub fn samples(&self) -> usize {
        self.context.samples.len()
    }

    /// Returns data as a constant: no gradient flows to it.
    #[must_use]
    #[track_caller]
    pub fn constant(&self, data: impl Into<Tensor<A::Element>>) -> A {
        self.slices[0].constant(data.into())
    }

    /// Returns the random number generator of a stream for one sample of this step. `sample` is its index in the chunk.
    /// The numbers do not depend on how the batch is cut.
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

    /// Returns the value of a statistic, as a constant.
    ///
    /// # Panics
    ///
    /// If the layout has no such statistic.
    #[must_use]
    #[track_caller]
    pub fn statistic(&self, statistic: Statistic) -> A {
        self.constant(self.value_of("statistic", statistic))
    }

    /// Records the value of a statistic on this chunk. A step mixes the value into the statistic at the
    /// [rate](crate::Builder::statistic) of the statistic.
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

    /// Returns the value of a statistic.
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

    /// Panics because the samples do not fit the model. If the engine evaluates the model, the panic is at the line
    /// that called the engine.
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
                "there is no parameter {}: the layout has {} slices; was it taken before all layers were made?",
                param.0,
                self.slices.len()
            ),
        }
    }
}
