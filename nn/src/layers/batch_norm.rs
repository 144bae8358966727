//! Batch normalization.

use super::Layer;
use crate::{Builder, Initializer, Param, Pass, Statistic};
use autodiff::tensor::Algebra;

/// Batch normalization of features (Ioffe and Szegedy, 2015): `γ (x − m) / √(v + ε) + β` with the mean m and the
/// variance v of each feature over the samples.
///
/// In training, m and v are the mean and variance of the chunk's samples, and each step mixes the mean and the unbiased
/// variance into running statistics. In evaluation, m and v are the running statistics, which are saved with the
/// parameters.
///
/// A batch of a model with this layer is not cut into chunks, unless the model's [chunking](crate::Model::chunking)
/// says so; each chunk is then normalized separately.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BatchNorm1d {
    /// γ.
    pub scale: Param,
    /// β.
    pub shift: Param,
    /// The running mean.
    pub mean: Statistic,
    /// The running variance.
    pub variance: Statistic,
    epsilon: f64,
}

impl BatchNorm1d {
    /// Returns a layer for a number of features, with ε = 10⁻⁵. The running statistics are updated at the rate 0.1.
    ///
    /// # Panics
    ///
    /// If the builder already has parameters of these names.
    #[must_use]
    #[track_caller]
    pub fn new(b: &Builder, features: usize) -> BatchNorm1d {
        BatchNorm1d::with(b, features, 0.1, 1e-5)
    }

    /// Returns a layer with the given ε. Each step updates the running statistics at the given
    /// [rate](Builder::statistic).
    ///
    /// # Panics
    ///
    /// If the builder already has parameters of these names, the rate is not in [0, 1], or ε is not above 0.
    #[must_use]
    #[track_caller]
    pub fn with(b: &Builder, features: usize, rate: f64, epsilon: f64) -> BatchNorm1d {
        assert!(epsilon > 0.0, "batch_norm: ε = {epsilon} is not above 0");
        let [zeros, ones] = [0.0, 1.0].map(Initializer::Constant);
        BatchNorm1d {
            scale: b.param("scale", [features], ones),
            shift: b.param("shift", [features], zeros),
            mean: b.statistic("mean", [features], zeros, rate),
            variance: b.statistic("variance", [features], ones, rate),
            epsilon,
        }
    }
}

impl Layer for BatchNorm1d {
    /// # Panics
    ///
    /// If `x` is not a matrix with a column for each feature.
    #[track_caller]
    fn forward<A: Algebra>(&self, pass: &Pass<'_, A>, x: &A) -> A {
        let (shape, features) = (x.shape(), pass[self.scale].shape()[0]);
        let &[samples, columns] = &shape[..] else {
            panic!("batch_norm: a matrix is wanted, and the shape is {shape}")
        };
        assert!(
            columns == features,
            "batch_norm: shape {shape} does not have {features} columns"
        );
        let (centered, variance) = if pass.is_training() {
            let mean = x.mean_over_keepdims([0]);
            let centered = x - &mean;
            let variance = centered.square().mean_over_keepdims([0]);
            let unbiased = samples as f64 / samples.saturating_sub(1).max(1) as f64;
            pass.observe(self.mean, mean.value().reshape([features]));
            let unbiased = variance.value().reshape([features]) * unbiased;
            pass.observe(self.variance, unbiased);
            (centered, variance)
        } else {
            let [mean, variance] = [self.mean, self.variance].map(|of| pass.statistic(of));
            (x - mean, variance)
        };
        centered / (variance + self.epsilon).sqrt() * &pass[self.scale] + &pass[self.shift]
    }
}
