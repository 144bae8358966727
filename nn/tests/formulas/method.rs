//! The gradient of a perceptron by a source that is chosen at run time.

use autodiff::tensor::Real;
use nn::delta::DeltaGradient;
use nn::{
    Batch, BatchGradient, Labelled, Mlp, Optimizer, Parameters, StandardLoss, StepError, Supervised,
};

/// The source of a gradient.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Method {
    Tape,
    Delta,
}

type Model<'n> = Supervised<&'n Mlp, StandardLoss>;

/// The batch engine with one of the sources.
pub(crate) enum Gradient<'n, T: Real> {
    Tape(BatchGradient<T, Model<'n>>),
    Delta(BatchGradient<T, Model<'n>, DeltaGradient<T>>),
}

/// Evaluates the same expression for both variants.
macro_rules! both {
    ($self:expr, $gradient:ident => $call:expr) => {
        match $self {
            Gradient::Tape($gradient) => $call,
            Gradient::Delta($gradient) => $call,
        }
    };
}

impl<'n, T: Real> Gradient<'n, T> {
    #[track_caller]
    pub(crate) fn new(network: &'n Mlp, loss: StandardLoss, method: Method) -> Self {
        let model = Supervised::new(network, loss);
        match method {
            Method::Tape => Gradient::Tape(BatchGradient::new(model)),
            Method::Delta => Gradient::Delta(BatchGradient::new(model)),
        }
    }

    #[track_caller]
    pub(crate) fn compute(
        &mut self,
        parameters: &Parameters<T>,
        batch: &impl Batch<Labelled<T>>,
    ) -> f64 {
        both!(self, gradient => gradient.compute(parameters, batch).0)
    }

    #[track_caller]
    pub(crate) fn step(
        &mut self,
        parameters: &mut Parameters<T>,
        batch: &impl Batch<Labelled<T>>,
        optimizer: &mut (impl Optimizer<T> + ?Sized),
    ) -> Result<f64, StepError> {
        both!(self, gradient => gradient.step(parameters, batch, optimizer))
    }

    pub(crate) fn gradient(&self) -> &Parameters<T> {
        both!(self, gradient => gradient.gradient())
    }
}
