//! A network, whose outputs are compared with targets by a loss: the usual kind of model.

use crate::refusal::reporting;
use crate::{
    Chunking, Context, Layout, Loss, Mlp, Model, Observed, Parameters, Pass, StandardLoss,
};
use autodiff::tensor::{Algebra, Real, Tensor};
use std::ops::Range;
use std::sync::Arc;

/// A function of parameters and inputs.
pub trait Network: Sync {
    /// Some samples without their targets.
    type Input<T: Real>;

    /// The parameters.
    fn layout(&self) -> &Arc<Layout>;

    /// The outputs, a row for each sample.
    fn outputs<A: Algebra>(&self, pass: &Pass<'_, A>, input: Self::Input<A::Element>) -> A;

    /// How a batch may be cut, as in [`Model::chunking`].
    fn chunking(&self) -> Chunking {
        Chunking::usual(self.layout())
    }

    /// The number of outputs of a sample, if targets can be compared with it before the outputs are computed.
    fn width(&self) -> Option<usize> {
        None
    }

    /// Why inputs, of the samples in this range of a batch, do not fit the network, if they do not.
    fn misfit<T: Real>(&self, input: &Self::Input<T>, samples: Range<usize>) -> Option<String> {
        let _ = (input, samples);
        None
    }

    /// The outputs for `samples` inputs, evaluated as one chunk.
    ///
    /// # Panics
    ///
    /// If the parameters are those of another layout, or the inputs do not fit the network.
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

/// A network together with a loss: a model.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Supervised<N, L> {
    /// The network.
    pub network: N,
    /// What its outputs cost.
    pub loss: L,
}

impl<N: Network, L: Loss> Supervised<N, L> {
    /// A network together with a loss.
    ///
    /// # Panics
    ///
    /// If a setting of the loss makes no sense.
    #[must_use]
    #[track_caller]
    pub fn new(network: N, loss: L) -> Self {
        if let Some(fault) = loss.fault() {
            panic!("{fault}");
        }
        Supervised { network, loss }
    }

    /// The outputs, refused where they do not fit the targets.
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

/// A perceptron with one of the standard losses: the model that the [closed form](crate::delta) knows.
pub type MlpModel = Supervised<Mlp, StandardLoss>;

impl<N: Network> Supervised<N, StandardLoss> {
    /// Refuses parameters of another layout, and samples that do not fit.
    ///
    /// # Panics
    ///
    /// With the reason, and the name of the operation.
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
