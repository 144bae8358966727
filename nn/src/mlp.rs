//! The multilayer perceptron: the paper's `aˡ = µ(Wˡ aˡ⁻¹ + bˡ)` for each layer l.

use crate::{Activation, Chunking, Initializer, Layout, Network, Parameters, Pass};
use autodiff::tensor::{Algebra, Real, Shape, Tensor};
use std::ops::Range;
use std::sync::Arc;

/// A multilayer perceptron: affine layers, with an activation between them.
///
/// An `Mlp` has widths and an activation, but no values of parameters. The parameters are an argument of its methods,
/// so that the same network is evaluated on tensors or recorded on a tape.
#[derive(Clone, Debug, PartialEq)]
pub struct Mlp {
    widths: Vec<usize>,
    hidden: Activation,
    layout: Arc<Layout>,
}

impl Mlp {
    /// Returns a network with the given widths, from n₀ inputs to n_L outputs, and the activation µ = `hidden` on every
    /// layer except the last. The map on the last layer belongs to the [loss](crate::StandardLoss).
    ///
    /// # Panics
    ///
    /// If there are fewer than two widths, a width is 0, or the number of parameters overflows.
    #[must_use]
    #[track_caller]
    pub fn new(widths: &[usize], hidden: Activation) -> Mlp {
        assert!(
            widths.len() >= 2 && !widths.contains(&0),
            "a network cannot have the widths {widths:?}"
        );
        let mut layout = Layout::default();
        for (layer, pair) in widths.windows(2).enumerate() {
            let name = |part| format!("layers.{layer}.{part}");
            let [weight, zeros] = [Initializer::HeNormal, Initializer::Constant(0.0)];
            layout.append(name("weight"), [pair[1], pair[0]].into(), weight);
            layout.append(name("bias"), [pair[1]].into(), zeros);
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

    /// The names, shapes and offsets of the parameters: `layers.0.weight`, `layers.0.bias`, ….
    #[must_use]
    pub fn layout(&self) -> &Arc<Layout> {
        &self.layout
    }

    /// Returns initial parameters: weights drawn by `initializer` from a seed, and biases of 0.
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

    /// Returns the pre-activations zᴸ of the last layer. Each row of `x` is a sample.
    ///
    /// `parameters` contains weights and biases alternately, as [`Parameters::tensors`] and [`Parameters::record`]
    /// return them.
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
        self.layers_of(parameters, x.clone())
    }

    /// Refuses inputs that are not a matrix with n₀ columns.
    #[track_caller]
    fn check_inputs(&self, operation: &str, found: &Shape) {
        let samples = found.first().copied().unwrap_or(0);
        if let Some(misfit) = self.misfit_of_shape(found, samples) {
            panic!("{operation}: {misfit}");
        }
    }

    /// Returns why inputs of shape `found` do not fit `samples` samples, or `None` if they fit.
    pub(crate) fn misfit_of_shape(&self, found: &Shape, samples: usize) -> Option<String> {
        let inputs = self.widths[0];
        (found[..] != [samples, inputs]).then(|| {
            format!("inputs of shape {found} are not {samples} samples of {inputs} numbers")
        })
    }

    #[track_caller]
    fn layers_of<A: Algebra>(&self, parameters: &[A], mut a: A) -> A {
        let (hidden, last) = parameters.split_at(parameters.len() - 2);
        for layer in hidden.chunks_exact(2) {
            a = self.hidden.layer(&a, &layer[0], &layer[1]);
        }
        a.linear(&last[0], &last[1])
    }

    /// Returns the pre-activations zᴸ of the last layer, a row for each sample. The index of the largest element of a
    /// row is the predicted class.
    ///
    /// # Panics
    ///
    /// If the parameters have another layout, or `x` is not a matrix with n₀ columns.
    #[must_use]
    #[track_caller]
    pub fn predict<T: Real>(&self, parameters: &Parameters<T>, x: &Tensor<T>) -> Tensor<T> {
        parameters.check_layout("predict", &self.layout);
        self.check_inputs("predict", x.shape());
        self.layers_of(&parameters.tensors(), x.clone())
    }
}

impl Network for Mlp {
    type Input<T: Real> = Tensor<T>;

    fn layout(&self) -> &Arc<Layout> {
        &self.layout
    }

    fn outputs<A: Algebra>(&self, pass: &Pass<'_, A>, x: Tensor<A::Element>) -> A {
        self.layers_of(pass.slices(), pass.constant(x))
    }

    fn chunking(&self) -> Chunking {
        // A value and an adjoint for every neuron.
        Chunking::Floats(2 * self.widths.iter().sum::<usize>())
    }

    fn width(&self) -> Option<usize> {
        Some(self.outputs())
    }

    fn misfit<T: Real>(&self, x: &Tensor<T>, samples: Range<usize>) -> Option<String> {
        self.misfit_of_shape(x.shape(), samples.len())
    }
}
