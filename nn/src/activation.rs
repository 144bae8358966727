//! Activation functions, the paper's µ.

use autodiff::elementwise::Unary;
use autodiff::tensor::Algebra;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Writes the enum from its table. A row is the Rust name, its documentation, the name that is parsed and stored, and
/// the function in autodiff's table (`None` for the identity).
macro_rules! activations {
    ($($(#[$doc:meta])* $Name:ident $name:literal $function:expr;)*) => {
        /// An elementwise activation function, the paper's µ.
        ///
        /// The enum is exhaustive on purpose. Code that matches on an activation contains a formula for each variant,
        /// so a new variant must be a compile error there.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Activation {
            $($(#[$doc])* $Name,)*
        }

        impl Activation {
            /// Every activation.
            pub const ALL: [Activation; [$($name),*].len()] = [$(Activation::$Name),*];

            /// The name that [`FromStr`] parses.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Activation::$Name => $name,)*
                }
            }

            /// The function in autodiff's table; `None` for the identity.
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
    /// The logistic function `1 / (1 + e⁻ᶻ)`.
    Sigmoid "sigmoid" Some(Unary::Sigmoid);
    /// The hyperbolic tangent.
    Tanh "tanh" Some(Unary::Tanh);
    /// The smooth rectifier `ln(1 + eᶻ)`.
    Softplus "softplus" Some(Unary::Softplus);
    /// The identity, `z`: a linear layer.
    Identity "identity" None;
}

impl Activation {
    /// Returns µ(z), elementwise.
    #[must_use]
    pub fn apply<A: Algebra>(self, z: &A) -> A {
        self.function()
            .map_or_else(|| z.clone(), |function| z.unary(function))
    }

    /// Returns µ(W a + b), a layer of neurons. Each row of `a` is a sample.
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

/// The error for a name that no [`Activation`] has.
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
