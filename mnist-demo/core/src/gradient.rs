//! The gradient of a network's cost, by the tape or by the δ formulas.

use autodiff::tensor::Real;
use nn::delta::DeltaGradient;
use nn::{
    Batch, BatchGradient, Labelled, Mlp, MlpModel, Optimizer, Parameters, StandardLoss, StepError,
    Supervised,
};

/// How gradients are computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// By the tape: record, then sweep backward.
    Tape,
    /// By the δ formulas.
    Delta,
}

/// The gradient of a batch, by either method.
#[derive(Debug)]
pub enum EitherGradient<T: Real> {
    /// By the tape.
    Tape(BatchGradient<T, MlpModel>),
    /// By the δ formulas.
    Delta(BatchGradient<T, MlpModel, DeltaGradient<T>>),
}

impl<T: Real> EitherGradient<T> {
    /// Creates the gradient of a network's cost.
    ///
    /// # Panics
    ///
    /// If the loss has a label smoothing outside [0, 1].
    pub fn new(network: &Mlp, loss: StandardLoss, method: Method) -> Self {
        let model = Supervised::new(network.clone(), loss);
        match method {
            Method::Tape => EitherGradient::Tape(BatchGradient::new(model)),
            Method::Delta => EitherGradient::Delta(BatchGradient::new(model)),
        }
    }

    /// Returns the mean cost of a batch, and its gradient.
    ///
    /// # Panics
    ///
    /// If the batch or the parameters do not fit the network.
    pub fn compute(
        &mut self,
        parameters: &Parameters<T>,
        batch: &impl Batch<Labelled<T>>,
    ) -> (f64, &mut Parameters<T>) {
        match self {
            EitherGradient::Tape(gradient) => gradient.compute(parameters, batch),
            EitherGradient::Delta(gradient) => gradient.compute(parameters, batch),
        }
    }

    /// Takes a step of an optimizer, and returns the mean cost before the step.
    ///
    /// # Errors
    ///
    /// If the gradient or an updated parameter would not be finite; nothing is changed then.
    ///
    /// # Panics
    ///
    /// If the batch or the parameters do not fit the network.
    pub fn step(
        &mut self,
        parameters: &mut Parameters<T>,
        batch: &impl Batch<Labelled<T>>,
        optimizer: &mut dyn Optimizer<T>,
    ) -> Result<f64, StepError> {
        match self {
            EitherGradient::Tape(gradient) => gradient.step(parameters, batch, optimizer),
            EitherGradient::Delta(gradient) => gradient.step(parameters, batch, optimizer),
        }
    }
}
