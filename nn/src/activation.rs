//! Activations: the paper's µ.

use autodiff::elementwise::Unary;
use autodiff::tensor::Algebra;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Writes the enum from its table. A row is a name as Rust has it, its documentation, the name that is typed and stored,
/// and the function of autodiff's table, of which the identity has none.
macro_rules! activations {
    ($($(#[$doc:meta])* $Name:ident $name:literal $function:expr;)*) => {
        /// An elementwise activation function, the paper's µ.
        ///
        /// The list is exhaustive on purpose: code that matches on an activation has a formula for each of them, and no
        /// formula serves for one that it does not know. So a new activation is a compile error there.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Activation {
            $($(#[$doc])* $Name,)*
        }

        impl Activation {
            /// Every activation.
            pub const ALL: [Activation; [$($name),*].len()] = [$(Activation::$Name),*];

            /// The name that [`FromStr`] reads.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Activation::$Name => $name,)*
                }
            }

            /// The function of autodiff's table that this is; there is none for the identity.
            #[must_use]
            pub const fn function(self) -> Option<Unary> {
                match self {
                    $(Activation::$Name => $function,)*
                }
            }
        }
    };
}

activations! {
    /// The rectifier, `max(z, 0)`; its slope at 0 is 0.
    Relu "relu" Some(Unary::Relu);
    /// The logistic function, `1 / (1 + e⁻ᶻ)`.
    Sigmoid "sigmoid" Some(Unary::Sigmoid);
    /// The hyperbolic tangent.
    Tanh "tanh" Some(Unary::Tanh);
    /// `ln(1 + eᶻ)`.
    Softplus "softplus" Some(Unary::Softplus);
    /// `z` itself: a linear layer.
    Identity "identity" None;
}

impl Activation {
    /// µ(z), elementwise.
    #[must_use]
    pub fn apply<A: Algebra>(self, z: &A) -> A {
        self.function()
            .map_or_else(|| z.clone(), |function| z.unary(function))
    }

    /// µ(W a + b), a layer of neurons, where each row of `a` is a sample.
    ///
    /// # Panics
    ///
    /// If the shapes are not `[samples, in]`, `[out, in]` and `[out]`.
    #[must_use]
    #[track_caller]
    pub fn layer<A: Algebra>(self, a: &A, weight: &A, bias: &A) -> A {
        match self.function() {
            Some(function) => a.dense(weight, bias, function),
            None => a.linear(weight, bias),
        }
    }
}

impl fmt::Display for Activation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A name that is not that of an [`Activation`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown activation `{0}`; known are relu, sigmoid, tanh, softplus and identity")]
pub struct UnknownActivation(String);

impl FromStr for Activation {
    type Err = UnknownActivation;

    fn from_str(name: &str) -> Result<Self, UnknownActivation> {
        let found = Activation::ALL
            .into_iter()
            .find(|activation| activation.name() == name);
        found.ok_or_else(|| UnknownActivation(name.to_owned()))
    }
}
