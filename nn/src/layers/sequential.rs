//! A sequence of layers that is chosen at run time.

use super::Layer;
use crate::Pass;
use autodiff::tensor::{Algebra, Dispatch, Tensor, Var};
use std::fmt;

/// A sequence of layers that is chosen at run time. The output of each layer is the input of the next.
///
/// A model whose layers are known at compile time is a struct of layers, which needs no boxes.
///
/// ```
/// use nn::layers::{Dropout, Linear, Sequential};
/// use nn::{Activation, Builder};
///
/// let b = Builder::new();
/// let mut layers = Sequential::new();
/// let widths = [784, 128, 64, 10];
/// for (number, pair) in widths.windows(2).enumerate() {
///     if number > 0 {
///         layers.push(Activation::Relu).push(Dropout::new(&b, 0.2));
///     }
///     layers.push(Linear::new(&b.at(number), pair[0], pair[1]));
/// }
/// assert_eq!(layers.len(), 7);
/// ```
#[derive(Default)]
pub struct Sequential(Vec<Box<dyn Boxed>>);

impl Sequential {
    /// Returns an empty sequence, which is the identity.
    #[must_use]
    pub fn new() -> Self {
        Sequential::default()
    }

    /// Appends a layer. Returns the sequence, so that calls can be chained.
    pub fn push(&mut self, layer: impl Layer + 'static) -> &mut Self {
        self.0.push(Box::new(layer));
        self
    }

    /// The number of layers.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are no layers.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Layer for Sequential {
    #[track_caller]
    fn forward<A: Algebra>(&self, pass: &Pass<'_, A>, x: &A) -> A {
        let mut x = x.clone();
        for layer in &self.0 {
            x = A::dispatch(&**layer, (pass, &x));
        }
        x
    }
}

impl fmt::Debug for Sequential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.0.iter().map(|layer| layer.name()))
            .finish()
    }
}

/// Declares an object-safe layer, with a method for each implementation of `Algebra` and each precision.
macro_rules! boxed {
    ($($T:ty: $tensor:ident $var:ident),*) => {
        trait Boxed: Send + Sync {
            fn name(&self) -> &'static str;
            $(
                fn $tensor(&self, pass: &Pass<'_, Tensor<$T>>, x: &Tensor<$T>) -> Tensor<$T>;
                fn $var<'t>(&self, pass: &Pass<'_, Var<'t, $T>>, x: &Var<'t, $T>) -> Var<'t, $T>;
            )*
        }

        impl<L: Layer> Boxed for L {
            fn name(&self) -> &'static str {
                std::any::type_name::<L>()
            }

            $(
                fn $tensor(&self, pass: &Pass<'_, Tensor<$T>>, x: &Tensor<$T>) -> Tensor<$T> {
                    self.forward(pass, x)
                }

                fn $var<'t>(&self, pass: &Pass<'_, Var<'t, $T>>, x: &Var<'t, $T>) -> Var<'t, $T> {
                    self.forward(pass, x)
                }
            )*
        }

        impl Dispatch for &dyn Boxed {
            type Input<'i, A: Algebra + 'i> = (&'i Pass<'i, A>, &'i A);
            type Output<A: Algebra> = A;

            $(
                fn $tensor<'i>(
                    self,
                    (pass, x): (&'i Pass<'i, Tensor<$T>>, &'i Tensor<$T>),
                ) -> Tensor<$T> {
                    Boxed::$tensor(self, pass, x)
                }

                fn $var<'i, 't: 'i>(
                    self,
                    (pass, x): (&'i Pass<'i, Var<'t, $T>>, &'i Var<'t, $T>),
                ) -> Var<'t, $T> {
                    Boxed::$var(self, pass, x)
                }
            )*
        }
    };
}
boxed!(f32: tensor_f32 var_f32, f64: tensor_f64 var_f64);
