//! Adam, for as long as `nn` has none. Only `trainer.rs` knows of it.

use autodiff::tensor::vectorized;

/// Adam with β = (0.9, 0.999) and ε = 1e-8 (Kingma and Ba, 2015).
#[derive(Clone, Debug)]
pub(crate) struct Adam {
    learning_rate: f32,
    mean: Vec<f32>,
    square: Vec<f32>,
    steps: i32,
}

impl Adam {
    pub(crate) fn new(learning_rate: f64) -> Adam {
        Adam {
            learning_rate: learning_rate as f32,
            mean: Vec::new(),
            square: Vec::new(),
            steps: 0,
        }
    }

    pub(crate) fn step(&mut self, parameters: &mut [f32], gradient: &[f32]) {
        self.mean.resize(parameters.len(), 0.0);
        self.square.resize(parameters.len(), 0.0);
        self.steps += 1;
        // The corrections of the means, which began at zero, are those of the step and of the root.
        let step = self.learning_rate / (1.0 - 0.9_f64.powi(self.steps)) as f32;
        let root = (1.0 / (1.0 - 0.999_f64.powi(self.steps)).sqrt()) as f32;
        let means = self.mean.iter_mut().zip(&mut self.square);
        vectorized(
            #[inline(always)]
            || {
                for ((parameter, &g), (m, v)) in parameters.iter_mut().zip(gradient).zip(means) {
                    *m = 0.9 * *m + 0.1 * g;
                    *v = 0.999 * *v + 0.001 * (g * g);
                    *parameter -= step * *m / (v.sqrt() * root + 1e-8);
                }
            },
        );
    }
}
