//! Multilayer perceptrons on the [`autodiff`] tape, and their gradients by hand.
//!
//! ```
//! use autodiff::Tensor;
//! use nn::{Activation, BatchGradient, Initializer, Loss, Mlp, Sgd};
//!
//! // Exclusive or: two inputs, eight hidden neurons, two classes.
//! let network = Mlp::new(&[2, 8, 2], Activation::Tanh);
//! let loss = Loss::cross_entropy();
//! let mut parameters = network.init(Initializer::GlorotUniform, 7);
//! let inputs = Tensor::from([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]);
//! let classes = Tensor::from([0_u32, 1, 1, 0]);
//! let batch = (inputs.clone(), classes.clone().into());
//!
//! let mut gradient = BatchGradient::tape(&network, loss);
//! for _ in 0..300 {
//!     gradient.step(&mut parameters, &batch, &mut Sgd::new(1.0))?;
//! }
//! assert_eq!(network.predict(&parameters, &inputs).arg_max(1), classes);
//! # Ok::<(), nn::StepError>(())
//! ```
//!
//! The [`Parameters`] of a network are one flat buffer with named slices, and so is a gradient; an optimizer is one
//! loop over both. [`BatchGradient`] cuts a batch into chunks and lanes that depend only on the batch and the network,
//! so its bits do not depend on the number of threads. [`delta`] contains the formulas as they are derived by hand,
//! without a tape; every test and benchmark compares the tape with them. [`mod@reference`] is the same in plain loops, slow
//! and easy to read, to check both.

mod activation;
mod batch;
mod builder;
pub mod checkpoint;
mod data;
pub mod delta;
mod gradient;
mod init;
pub mod layers;
mod loss;
mod metrics;
mod mlp;
mod model;
mod network;
mod optim;
mod parameters;
mod pass;
pub mod reference;
mod refusal;

pub use activation::{Activation, UnknownActivation};
pub use batch::{Batch, BatchGradient, Labelled, Sharding};
pub use builder::{Builder, Param, Statistic, Stream};
pub use checkpoint::{CheckpointError, Saved};
pub use data::{Dataset, DatasetError, Selection};
pub use gradient::{ChunkTask, ShardGradient, TapeGradient};
pub use init::Initializer;
pub use loss::{Loss, Output, StandardLoss};
pub use metrics::{Evaluation, evaluate};
pub use mlp::Mlp;
pub use model::{Chunking, Model, mean_cost};
pub use network::{Network, Supervised};
pub use optim::{
    Adam, AdamSettings, AdamW, Decoupled, Elementwise, Optimizer, OptimizerSettings,
    OptimizerState, Quantity, Rule, Setting, SettingError, Sgd, SgdSettings, StateError, StepError,
    Update,
};
pub use parameters::{Layout, Parameters, Slice, Slices};
pub use pass::{Context, Observed, Pass};
