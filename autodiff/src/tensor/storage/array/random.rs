//! Random elements.

use super::Tensor;
use crate::tensor::storage::element::{Element, Real};
use crate::tensor::storage::shape::Shape;
use rand::Rng;
use rand::distr::{Distribution, Uniform};
use rand_distr::StandardNormal;
use std::ops::Range;

/// Random elements.
///
/// The generator is any of the crate `rand`, for example one of `rand_chacha`. The same seed gives the same elements on
/// every platform if the generator's documentation promises so; `ChaCha8Rng` does, `StdRng` does not.
///
/// ```
/// use autodiff::Tensor;
/// use rand_chacha::ChaCha8Rng;
/// use rand_chacha::rand_core::SeedableRng;
///
/// let mut rng = ChaCha8Rng::seed_from_u64(7);
/// let x = Tensor::uniform([100, 3], -1.0..1.0, &mut rng);
/// let noise = Tensor::normal([100, 3], 0.0, 0.1, &mut rng);
///
/// let mut again = ChaCha8Rng::seed_from_u64(7);
/// assert_eq!(Tensor::uniform([100, 3], -1.0..1.0, &mut again), x);
/// assert_eq!(Tensor::normal([100, 3], 0.0, 0.1, &mut again), noise);
/// ```
impl<T: Element> Tensor<T> {
    /// Creates a tensor of independent numbers, each drawn uniformly from `range`, whose end is excluded.
    ///
    /// # Panics
    ///
    /// If the range is empty or not finite, or there is not enough memory.
    #[must_use]
    #[track_caller]
    #[doc(alias("rand", "random"))]
    pub fn uniform(
        shape: impl Into<Shape>,
        range: Range<T>,
        rng: &mut (impl Rng + ?Sized),
    ) -> Self {
        let Ok(distribution) = Uniform::new(range.start, range.end) else {
            panic!("uniform: the range {range:?} is empty or not finite")
        };
        Tensor::from_flat_fn(shape, |_| distribution.sample(rng))
    }
}

impl<T: Real> Tensor<T> {
    /// Creates a tensor of independent numbers, each drawn from the normal distribution with the given mean and standard
    /// deviation.
    ///
    /// Both precisions draw in `f64`, so they consume the same random numbers.
    ///
    /// # Panics
    ///
    /// If `deviation` is negative or NaN, or there is not enough memory.
    #[must_use]
    #[track_caller]
    #[doc(alias("randn", "gaussian"))]
    pub fn normal(
        shape: impl Into<Shape>,
        mean: T,
        deviation: T,
        rng: &mut (impl Rng + ?Sized),
    ) -> Self {
        assert!(
            deviation >= T::default(),
            "normal: the standard deviation {deviation} is not at least 0"
        );
        let [mean, deviation]: [f64; 2] = [mean, deviation].map(|x| x.as_());
        Tensor::from_flat_fn(shape, |_| {
            let z: f64 = StandardNormal.sample(rng);
            T::from_f64(mean + deviation * z)
        })
    }
}
