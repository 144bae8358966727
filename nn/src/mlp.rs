//! The multilayer perceptron: the paper's `a = µ(W a + b)`, layer after layer.

use crate::batch::misfit_of_inputs;
use crate::{Activation, Initializer, Layout, Parameters};
use autodiff::tensor::{Algebra, Real, Shape, Tensor, Var};
use std::sync::Arc;

/// A multilayer perceptron: affine layers, with an activation between them.
///
/// It has a shape but no parameters, which are passed to it, so that the same network can be evaluated on plain tensors or
/// recorded on a tape.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mlp {
    widths: Vec<usize>,
    hidden: Activation,
    layout: Arc<Layout>,
}

impl Mlp {
    /// A network of the given widths, n₀ inputs first and n_L outputs last, with µ = `hidden` on every layer but the
    /// last. The map on the last layer belongs to the [`Loss`](crate::Loss).
    ///
    /// # Panics
    ///
    /// If there are fewer than two widths, one of them is 0, or the parameters are more than can be counted.
    #[must_use]
    #[track_caller]
    pub fn new(widths: &[usize], hidden: Activation) -> Mlp {
        assert!(
            widths.len() >= 2 && !widths.contains(&0),
            "a network cannot have the widths {widths:?}"
        );
        let mut layout = Layout::default();
        for (layer, pair) in widths.windows(2).enumerate() {
            layout.append(format!("layers.{layer}.weight"), [pair[1], pair[0]].into());
            layout.append(format!("layers.{layer}.bias"), [pair[1]].into());
        }
        Mlp {
            widths: widths.to_vec(),
            hidden,
            layout: Arc::new(layout),
        }
    }

    /// The number of neurons of each layer, inputs first.
    #[must_use]
    pub fn widths(&self) -> &[usize] {
        &self.widths
    }

    /// The number n_L of outputs.
    #[must_use]
    pub fn outputs(&self) -> usize {
        self.widths[self.layers()]
    }

    /// The number L of layers with parameters.
    #[must_use]
    pub fn layers(&self) -> usize {
        self.widths.len() - 1
    }

    /// The activation µ of the hidden layers.
    #[must_use]
    pub fn hidden(&self) -> Activation {
        self.hidden
    }

    /// Names, shapes and offsets of the parameters: `layers.0.weight`, `layers.0.bias`, ….
    #[must_use]
    pub fn layout(&self) -> &Arc<Layout> {
        &self.layout
    }

    /// Initial parameters, drawn from a seed.
    ///
    /// # Panics
    ///
    /// If the initializer's standard deviation or bound is negative or not finite.
    #[must_use]
    #[track_caller]
    pub fn init<T: Real>(&self, initializer: Initializer, seed: u64) -> Parameters<T> {
        let mut rng = Initializer::generator(seed);
        let mut parameters = Parameters::zeros(Arc::clone(&self.layout));
        for (layer, pair) in self.widths.windows(2).enumerate() {
            let weight = initializer.draw::<T>(pair[1], pair[0], &mut rng);
            parameters
                .slice_mut(2 * layer)
                .copy_from_slice(weight.data());
        }
        parameters
    }

    /// The pre-activations zᴸ of the last layer, where each row of `x` is a sample.
    ///
    /// `parameters` are weights and biases in turn, as returned by [`Parameters::tensors`] and [`Parameters::record`].
    ///
    /// # Panics
    ///
    /// If `x` or the parameters do not have the shapes that the network needs.
    #[must_use]
    #[track_caller]
    pub fn forward<A: Algebra>(&self, parameters: &[A], x: &A) -> A {
        let slices = self.layout.slices();
        assert!(
            parameters.len() == slices.len(),
            "forward: {} parameters for a network of {}",
            parameters.len(),
            slices.len()
        );
        for (parameter, slice) in parameters.iter().zip(slices) {
            let found = parameter.shape();
            assert!(
                found == slice.shape,
                "forward: a parameter of shape {found} for `{}` of shape {}",
                slice.name,
                slice.shape
            );
        }
        self.check_inputs("forward", &x.shape());
        self.forward_from(0, parameters, x.clone())
    }

    /// Refuses inputs that are not rows as wide as the network.
    #[track_caller]
    fn check_inputs(&self, operation: &str, found: &Shape) {
        let samples = found.first().copied().unwrap_or(0);
        if let Some(misfit) = misfit_of_inputs(self, samples, found) {
            panic!("{operation}: {misfit}");
        }
    }

    /// The pre-activations of the last layer, given the activations of the layer of the given number, where 0 are the
    /// inputs.
    #[track_caller]
    pub(crate) fn forward_from<A: Algebra>(&self, layer: usize, parameters: &[A], mut a: A) -> A {
        let (hidden, last) = parameters.split_at(parameters.len() - 2);
        for layer in hidden.chunks_exact(2).skip(layer) {
            a = self.hidden.layer(&a, &layer[0], &layer[1]);
        }
        a.linear(&last[0], &last[1])
    }

    /// What [`forward`](Mlp::forward) records, where the pre-activations of the first layer are known, which is not the
    /// last.
    #[inline(never)]
    #[track_caller]
    pub(crate) fn forward_known<'t, T: Real>(
        &self,
        parameters: &[Var<'t, T>],
        x: Var<'t, T>,
        z: Tensor<T>,
    ) -> Var<'t, T> {
        let a = self.hidden.layer_known(x, parameters[0], parameters[1], z);
        self.forward_from(1, parameters, a)
    }

    /// The pre-activations zᴸ of the last layer; the index of the largest is the predicted class.
    ///
    /// # Panics
    ///
    /// If the parameters are those of another layout, or the rows of `x` are not as wide as the network.
    #[must_use]
    #[track_caller]
    pub fn predict<T: Real>(&self, parameters: &Parameters<T>, x: &Tensor<T>) -> Tensor<T> {
        parameters.check_layout("predict", &self.layout);
        self.check_inputs("predict", x.shape());
        self.forward_from(0, &parameters.tensors(), x.clone())
    }
}
