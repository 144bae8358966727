//! Initial values of parameters, drawn from a seed.

use autodiff::tensor::{Real, Tensor};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, Normal, Uniform};

/// The distribution of the initial parameters of a layer with `n` inputs and `m` outputs.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Initializer {
    /// The normal distribution with mean 0 and variance 2/n (He et al., 2015), for rectifiers.
    HeNormal,
    /// The uniform distribution with mean 0 and variance 2/n.
    HeUniform,
    /// The normal distribution with mean 0 and variance 2/(n + m) (Glorot and Bengio, 2010).
    GlorotNormal,
    /// The uniform distribution with mean 0 and variance 2/(n + m).
    GlorotUniform,
    /// The normal distribution with mean 0 and the given standard deviation.
    Normal(f64),
    /// The uniform distribution between minus and plus the given bound.
    Uniform(f64),
    /// The same number everywhere.
    Constant(f64),
}

impl Initializer {
    /// Returns a weight matrix of shape `[outputs, inputs]`.
    ///
    /// # Panics
    ///
    /// If the standard deviation or bound is negative or not finite.
    #[must_use]
    #[track_caller]
    pub fn draw<T: Real>(self, outputs: usize, inputs: usize, rng: &mut impl Rng) -> Tensor<T> {
        let he = 2.0 / inputs.max(1) as f64;
        let glorot = 2.0 / (inputs + outputs).max(1) as f64;
        match self {
            Initializer::HeNormal => normal(he.sqrt(), [outputs, inputs], rng),
            Initializer::GlorotNormal => normal(glorot.sqrt(), [outputs, inputs], rng),
            Initializer::Normal(deviation) => normal(deviation, [outputs, inputs], rng),
            // A uniform distribution between ±b has variance b²/3.
            Initializer::HeUniform => uniform((3.0 * he).sqrt(), [outputs, inputs], rng),
            Initializer::GlorotUniform => uniform((3.0 * glorot).sqrt(), [outputs, inputs], rng),
            Initializer::Uniform(bound) => uniform(bound, [outputs, inputs], rng),
            Initializer::Constant(value) => Tensor::full([outputs, inputs], T::from_f64(value)),
        }
    }

    /// Returns the random number generator for a seed. It draws the same numbers on every machine.
    #[must_use]
    pub fn generator(seed: u64) -> ChaCha8Rng {
        ChaCha8Rng::seed_from_u64(seed)
    }
}

#[track_caller]
fn normal<T: Real>(deviation: f64, shape: [usize; 2], rng: &mut impl Rng) -> Tensor<T> {
    // `Normal::new` accepts a negative standard deviation.
    let distribution = Normal::new(0.0, deviation).ok();
    let Some(distribution) = distribution.filter(|_| deviation >= 0.0) else {
        panic!("a normal distribution cannot have the standard deviation {deviation}")
    };
    Tensor::from_flat_fn(shape, |_| T::from_f64(distribution.sample(rng)))
}

#[track_caller]
fn uniform<T: Real>(bound: f64, shape: [usize; 2], rng: &mut impl Rng) -> Tensor<T> {
    let Ok(distribution) = Uniform::new_inclusive(-bound, bound) else {
        panic!("a uniform distribution cannot have the bound {bound}")
    };
    Tensor::from_flat_fn(shape, |_| T::from_f64(distribution.sample(rng)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variances_are_as_documented_and_seeds_are_repeatable() {
        let cases = [
            (Initializer::HeNormal, 2.0 / 300.0),
            (Initializer::HeUniform, 2.0 / 300.0),
            (Initializer::GlorotNormal, 2.0 / 500.0),
            (Initializer::GlorotUniform, 2.0 / 500.0),
            (Initializer::Normal(0.1), 0.01),
            (Initializer::Uniform(0.3), 0.03),
        ];
        for (initializer, variance) in cases {
            let draw = || initializer.draw::<f64>(200, 300, &mut Initializer::generator(5));
            let weights = draw();
            let found = weights.square().mean().item();
            assert!(
                (found / variance - 1.0).abs() < 0.05,
                "{initializer:?}: {found} instead of {variance}"
            );
            assert!(weights.mean().item().abs() < 3.0 * (variance / 60_000.0).sqrt());
            assert_eq!(weights, draw());
        }
    }

    #[test]
    fn invalid_deviations_and_bounds_are_refused() {
        for senseless in [-0.1, f64::NAN, f64::INFINITY] {
            for initializer in [
                Initializer::Normal(senseless),
                Initializer::Uniform(senseless),
            ] {
                let draw = || initializer.draw::<f32>(2, 3, &mut Initializer::generator(1));
                assert!(std::panic::catch_unwind(draw).is_err(), "{initializer:?}");
            }
        }
    }
}
