//! The usual kind of model: a network, and a loss that compares its outputs with targets.

use crate::refusal::reporting;
use crate::{
    Chunking, Context, Layout, Loss, Mlp, Model, Observed, Parameters, Pass, StandardLoss,
};
use autodiff::tensor::{Algebra, Real, Tensor};
use std::ops::Range;
use std::sync::Arc;

/// A function from parameters and inputs to outputs. With a [`Loss`] it is a [`Model`]: [`Supervised`].
///
/// ```
/// use autodiff::tensor::{Algebra, Real, Tensor};
/// use nn::layers::{Layer, Linear};
/// use nn::{Builder, Layout, Network, Pass};
/// use std::sync::Arc;
///
/// /// Logistic regression: the logits W x + b.
/// struct Logits {
///     layer: Linear,
///     layout: Arc<Layout>,
/// }
///
/// impl Network for Logits {
///     type Input<T: Real> = Tensor<T>;
///
///     fn layout(&self) -> &Arc<Layout> {
///         &self.layout
///     }
///
///     fn outputs<A: Algebra>(&self, pass: &Pass<'_, A>, x: Tensor<A::Element>) -> A {
///         self.layer.forward(pass, &pass.constant(x))
///     }
/// }
///
/// let b = Builder::new();
/// let network = Logits { layer: Linear::new(&b, 3, 2), layout: b.layout() };
/// let parameters = network.layout().init::<f32>(1);
/// let logits = network.predict(&parameters, Tensor::zeros([5, 3]), 5);
/// assert_eq!(logits.shape()[..], [5, 2]);
/// ```
pub trait Network: Sync {
    /// The inputs of a chunk of samples.
    type Input<T: Real>;

    /// The layout of the parameters.
    fn layout(&self) -> &Arc<Layout>;

    /// Returns the outputs, a row for each sample.
    fn outputs<A: Algebra>(&self, pass: &Pass<'_, A>, input: Self::Input<A::Element>) -> A;

    /// Returns how a batch may be cut into chunks, as [`Model::chunking`] does.
    fn chunking(&self) -> Chunking {
        Chunking::usual(self.layout())
    }

    /// The number of outputs of a sample, if it is known before the outputs are computed. Targets are then checked
    /// earlier.
    fn width(&self) -> Option<usize> {
        None
    }

    /// Returns why inputs do not fit the network, or `None` if they fit. `samples` is the range of the batch that they
    /// belong to.
    fn misfit<T: Real>(&self, input: &Self::Input<T>, samples: Range<usize>) -> Option<String> {
        let _ = (input, samples);
        None
    }

    /// Returns the outputs for the inputs of `samples` samples, evaluated as one chunk.
    ///
    /// # Panics
    ///
    /// If the parameters have another layout, or the inputs do not fit the network.
    #[track_caller]
    fn predict<T: Real>(
        &self,
        parameters: &Parameters<T>,
        input: Self::Input<T>,
        samples: usize,
    ) -> Tensor<T> {
        parameters.check_layout("predict", self.layout());
        if let Some(misfit) = self.misfit(&input, 0..samples) {
            panic!("predict: {misfit}");
        }
        let (slices, context) = (parameters.tensors(), Context::evaluation(0..samples));
        reporting("predict", || {
            let pass = Pass::new(parameters, &slices, &context);
            self.outputs(&pass.in_engine(&mut Observed::default()), input)
        })
    }
}

/// A reference to a network is a network.
impl<N: Network> Network for &N {
    type Input<T: Real> = N::Input<T>;

    fn layout(&self) -> &Arc<Layout> {
        N::layout(self)
    }

    fn outputs<A: Algebra>(&self, pass: &Pass<'_, A>, input: Self::Input<A::Element>) -> A {
        N::outputs(self, pass, input)
    }

    fn chunking(&self) -> Chunking {
        N::chunking(self)
    }

    fn width(&self) -> Option<usize> {
        N::width(self)
    }

    fn misfit<T: Real>(&self, input: &Self::Input<T>, samples: Range<usize>) -> Option<String> {
        N::misfit(self, input, samples)
    }
}

/// A model: a network together with a loss.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Supervised<N, L> {
    /// The network.
    pub network: N,
    /// The loss, which compares the outputs with targets.
    pub loss: L,
}

impl<N: Network, L: Loss> Supervised<N, L> {
    /// Returns the model of a network and a loss.
    ///
    /// # Panics
    ///
    /// If a setting of the loss is out of its range.
    #[must_use]
    #[track_caller]
    pub fn new(network: N, loss: L) -> Self {
        if let Some(fault) = loss.fault() {
            panic!("{fault}");
        }
        Supervised { network, loss }
    }

    /// Returns the outputs. Refuses outputs that do not fit the samples or the targets.
    pub(crate) fn outputs<A: Algebra>(
        &self,
        pass: &Pass<'_, A>,
        input: N::Input<A::Element>,
        targets: &L::Targets<A::Element>,
    ) -> A {
        let outputs = self.network.outputs(pass, input);
        let (extents, samples) = (outputs.shape(), pass.context().samples.clone());
        let wanted = self.network.width();
        let fits = extents.rank() > 0
            && extents[0] == samples.len()
            && wanted.is_none_or(|width| extents[1..] == [width]);
        if !fits {
            let columns = wanted.map_or(String::new(), |width| format!(" of {width} numbers"));
            pass.refuse(format!(
                "outputs of shape {extents} are not {} rows{columns}",
                samples.len()
            ));
        }
        if wanted.is_none()
            && let Some(misfit) = self.loss.misfit(targets, samples, extents.get(1).copied())
        {
            pass.refuse(misfit);
        }
        outputs
    }
}

impl<N: Network, L: Loss> Model for Supervised<N, L> {
    type Chunk<T: Real> = (N::Input<T>, L::Targets<T>);

    fn layout(&self) -> &Arc<Layout> {
        self.network.layout()
    }

    fn cost<A: Algebra>(&self, pass: &Pass<'_, A>, (input, targets): Self::Chunk<A::Element>) -> A {
        self.loss.sum(&self.outputs(pass, input, &targets), targets)
    }

    fn chunking(&self) -> Chunking {
        self.network.chunking()
    }

    fn misfit<T: Real>(
        &self,
        (input, targets): &Self::Chunk<T>,
        samples: Range<usize>,
    ) -> Option<String> {
        let misfit = self.network.misfit(input, samples.clone());
        misfit.or_else(|| self.loss.misfit(targets, samples, self.network.width()))
    }
}

/// A perceptron with one of the standard losses: the model that the [δ formulas](crate::delta) cover.
pub type MlpModel = Supervised<Mlp, StandardLoss>;

impl<N: Network> Supervised<N, StandardLoss> {
    /// Checks that the parameters have the layout of the network, and that the samples fit.
    ///
    /// # Panics
    ///
    /// If they do not, with the name of the operation and the reason.
    #[track_caller]
    pub(crate) fn check<T: Real>(
        &self,
        operation: &str,
        parameters: &Parameters<T>,
        chunk: &<Self as Model>::Chunk<T>,
        samples: usize,
    ) {
        parameters.check_layout(operation, Model::layout(self));
        if let Some(misfit) = Model::misfit(self, chunk, 0..samples) {
            panic!("{operation}: {misfit}");
        }
    }
}
