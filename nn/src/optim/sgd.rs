//! Gradient descent.

use autodiff::tensor::{Real, vectorized};

/// Gradient descent, `θ ← θ − α ∂C/∂θ` (Worked Example, Backpropagation).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sgd {
    learning_rate: f64,
}

impl Sgd {
    /// Gradient descent with the learning rate α.
    ///
    /// # Panics
    ///
    /// If α is negative or not finite.
    #[must_use]
    pub fn new(learning_rate: f64) -> Sgd {
        let sound = learning_rate.is_finite() && learning_rate >= 0.0;
        assert!(
            sound,
            "a learning rate of {learning_rate} is not a finite number of 0 or more"
        );
        Sgd { learning_rate }
    }

    /// One step against the gradient.
    ///
    /// # Panics
    ///
    /// If the buffers differ in size.
    pub fn step<T: Real>(&mut self, parameters: &mut [T], gradient: &[T]) {
        assert_eq!(
            parameters.len(),
            gradient.len(),
            "parameters and gradient differ in size"
        );
        let rate = T::from_f64(self.learning_rate);
        vectorized(
            #[inline(always)]
            || {
                for (parameter, &gradient) in parameters.iter_mut().zip(gradient) {
                    *parameter = *parameter - rate * gradient;
                }
            },
        );
    }
}
