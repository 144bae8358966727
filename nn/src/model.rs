//! The models that can be trained: a layout of parameters, and the cost of some samples.

use crate::parallel::in_halves;
use crate::refusal::{refuse, reporting};
use crate::{Batch, Context, Layout, Observed, Parameters, Pass, Sharding};
use autodiff::tensor::{Algebra, Real};
use std::ops::Range;
use std::sync::Arc;

/// A cost as a function of parameters and samples, which training minimizes.
///
/// The cost is written once, against [`Algebra`]: tensors evaluate it, and a tape differentiates it.
/// [`BatchGradient`](crate::BatchGradient) trains any model.
///
/// ```
/// use autodiff::tensor::{Algebra, Real, Tensor};
/// use nn::{Adam, BatchGradient, Builder, Initializer, Layout, Model, Param, Pass, mean_cost};
/// use std::sync::Arc;
///
/// /// A line through points (x, y), by least squares.
/// struct Line {
///     slope: Param,
///     offset: Param,
///     layout: Arc<Layout>,
/// }
///
/// impl Model for Line {
///     /// Points of the plane, one per row of `x` and `y`.
///     type Chunk<T: Real> = [Tensor<T>; 2];
///
///     fn layout(&self) -> &Arc<Layout> {
///         &self.layout
///     }
///
///     fn cost<A: Algebra>(&self, pass: &Pass<'_, A>, [x, y]: [Tensor<A::Element>; 2]) -> A {
///         let line = pass.constant(x) * &pass[self.slope] + &pass[self.offset];
///         line.squared_distance(&pass.constant(y))
///     }
/// }
///
/// let b = Builder::new();
/// let line = Line {
///     slope: b.param("slope", [1], Initializer::Constant(0.0)),
///     offset: b.param("offset", [1], Initializer::Constant(0.0)),
///     layout: b.layout(),
/// };
/// let x = Tensor::from_fn([100, 1], |[i, _]| i as f64 / 100.0);
/// let points = [x.clone(), x.map(|x: f64| 3.0 * x - 1.0)];
/// let mut parameters = line.layout().init(1);
/// let (mut gradient, mut adam) = (BatchGradient::tape(&line), Adam::new(0.1));
/// for _ in 0..500 {
///     gradient.step(&mut parameters, &points, &mut adam)?;
/// }
/// assert!(mean_cost(&line, &parameters, &points) < 1e-6);
/// assert!((parameters.get("slope").unwrap().item() - 3.0).abs() < 1e-2);
/// # Ok::<(), nn::StepError>(())
/// ```
pub trait Model: Sync {
    /// The samples of a chunk, as tensors in any structure that the model takes.
    type Chunk<T: Real>;

    /// The layout of the parameters.
    fn layout(&self) -> &Arc<Layout>;

    /// Returns the sum of the costs of the chunk's samples, a scalar.
    fn cost<A: Algebra>(&self, pass: &Pass<'_, A>, chunk: Self::Chunk<A::Element>) -> A;

    /// Returns how a batch may be cut into chunks.
    ///
    /// By default a chunk has at most 64 samples. A batch is not cut if the model has statistics.
    fn chunking(&self) -> Chunking {
        Chunking::usual(self.layout())
    }

    /// Returns why a chunk does not fit the model, or `None` if it fits. `samples` is the range of the batch that the
    /// chunk contains.
    ///
    /// The engine panics with this text at the line that passed the batch.
    fn misfit<T: Real>(&self, chunk: &Self::Chunk<T>, samples: Range<usize>) -> Option<String> {
        let _ = (chunk, samples);
        None
    }
}

/// A reference to a model is a model.
impl<M: Model> Model for &M {
    type Chunk<T: Real> = M::Chunk<T>;

    fn layout(&self) -> &Arc<Layout> {
        M::layout(self)
    }

    fn cost<A: Algebra>(&self, pass: &Pass<'_, A>, chunk: Self::Chunk<A::Element>) -> A {
        M::cost(self, pass, chunk)
    }

    fn chunking(&self) -> Chunking {
        M::chunking(self)
    }

    fn misfit<T: Real>(&self, chunk: &Self::Chunk<T>, samples: Range<usize>) -> Option<String> {
        M::misfit(self, chunk, samples)
    }
}

/// How a batch may be cut into chunks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Chunking {
    /// The approximate number of floats that one sample takes, values and adjoints together. The engine chooses chunks
    /// that fit into cache.
    Floats(usize),
    /// Chunks of at most this many samples.
    Samples(usize),
    /// The batch is one chunk, because the cost of a sample depends on the other samples.
    Whole,
}

impl Chunking {
    /// Chunks of at most 64 samples, or a single chunk if the model has statistics.
    pub(crate) fn usual(layout: &Layout) -> Chunking {
        match layout.statistics() {
            Some(_) => Chunking::Whole,
            None => Chunking::Samples(64),
        }
    }
}

/// Returns the mean cost of a batch, evaluated in chunks on the threads of the surrounding rayon pool.
///
/// # Panics
///
/// If the batch does not fit the model, the parameters have another layout, or the cost is not a scalar.
#[must_use]
#[track_caller]
pub fn mean_cost<T: Real, M: Model>(
    model: &M,
    parameters: &Parameters<T>,
    batch: &impl Batch<M::Chunk<T>>,
) -> f64 {
    let all = |chunks| 0..chunks;
    let evaluated = each_chunk("mean_cost", model, parameters, batch, all, |pass, chunk| {
        let cost = model.cost(pass, chunk);
        check_scalar(&cost);
        cost.item().to_f64()
    });
    evaluated.results.into_iter().sum::<f64>() / evaluated.weight
}

/// The results of some chunks of a batch, in their order.
pub(crate) struct Evaluated<R> {
    pub(crate) results: Vec<R>,
    /// The number of chunks in the batch.
    pub(crate) chunks: usize,
    /// The weight of the batch.
    pub(crate) weight: f64,
}

/// Evaluates a run of the chunks of a batch on the threads of the surrounding rayon pool. `run` returns the run, given the
/// number of chunks.
///
/// # Panics
///
/// If the batch does not fit the model, or the parameters have another layout.
#[track_caller]
pub(crate) fn each_chunk<T: Real, M: Model, R: Send>(
    operation: &str,
    model: &M,
    parameters: &Parameters<T>,
    batch: &impl Batch<M::Chunk<T>>,
    run: impl FnOnce(usize) -> Range<usize>,
    evaluate: impl Fn(&Pass<'_, autodiff::Tensor<T>>, M::Chunk<T>) -> R + Sync,
) -> Evaluated<R> {
    parameters.check_layout(operation, model.layout());
    let slices = parameters.tensors();
    let sharding = Sharding::new::<T>(model.chunking(), batch.len(), None);
    let chunks: Vec<Range<usize>> = sharding.chunks().collect();
    reporting(operation, || {
        check_whole(model, batch, sharding.samples);
        let one = |samples: &Range<usize>| {
            let chunk = load(model, batch, samples.clone());
            let context = Context::evaluation(samples.clone());
            let pass = Pass::new(parameters, &slices, &context);
            evaluate(&pass.in_engine(&mut Observed::default()), chunk)
        };
        let results = in_halves(
            &chunks[run(chunks.len())],
            &|chunks| match chunks.len() {
                0 | 1 => Err(chunks),
                count => Ok(chunks.split_at(count / 2).into()),
            },
            &|chunks| chunks.iter().map(one).collect(),
            &|mut first: Vec<R>, rest| {
                first.extend(rest);
                first
            },
        );
        Evaluated {
            results,
            chunks: chunks.len(),
            weight: batch.weight(sharding.samples),
        }
    })
}

/// Refuses a batch whose tensors do not fit together. Also refuses a batch that does not fit the model, if the batch
/// can be loaded as a whole.
pub(crate) fn check_whole<T: Real, M: Model>(
    model: &M,
    batch: &impl Batch<M::Chunk<T>>,
    samples: usize,
) {
    if let Some(chunk) = batch.whole()
        && let Some(misfit) = model.misfit(&chunk, 0..samples)
    {
        refuse(misfit);
    }
    if let Some(fault) = batch.fault() {
        refuse(fault);
    }
}

/// Loads a chunk of a batch. Refuses a chunk that does not fit the model.
pub(crate) fn load<T: Real, M: Model>(
    model: &M,
    batch: &impl Batch<M::Chunk<T>>,
    samples: Range<usize>,
) -> M::Chunk<T> {
    let chunk = batch.load(samples.clone());
    if let Some(misfit) = model.misfit(&chunk, samples) {
        refuse(misfit);
    }
    chunk
}

/// Refuses a cost that is not a scalar.
pub(crate) fn check_scalar<A: Algebra>(cost: &A) {
    // `cost.value()` shares memory; `cost.shape()` would copy the shape.
    let value = cost.value();
    let shape = value.shape();
    if shape.rank() > 0 {
        refuse(format!(
            "the cost of a chunk has shape {shape}, and is no scalar"
        ));
    }
}
