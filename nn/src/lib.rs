//! Neural networks and their training on the [`autodiff`] tape.
//!
//! `nn` trains models that are written as ordinary Rust: named parameters, and a function that returns the cost of some
//! samples. The tape differentiates the cost, and a batch engine runs it on all threads. The same inputs, seed, build
//! and class of CPU give the same bits on any number of threads.
//!
//! The crate is for Rust programmers who train networks of moderate size on a CPU, with layers, losses, optimizers or
//! whole models of their own. It is also for readers who want to see back-propagation done in two ways, by a tape and
//! by the formulas derived by hand, and checked against each other.
//!
//! # A first example
//!
//! ```
//! use autodiff::Tensor;
//! use nn::{Activation, BatchGradient, Initializer, Mlp, Sgd, StandardLoss, Supervised};
//!
//! // Exclusive or: two inputs, eight hidden neurons, two classes.
//! let network = Mlp::new(&[2, 8, 2], Activation::Tanh);
//! let mut parameters = network.init(Initializer::GlorotUniform, 7);
//! let inputs = Tensor::from([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]);
//! let classes = Tensor::from([0_u32, 1, 1, 0]);
//! let batch = (inputs.clone(), classes.clone().into());
//!
//! let model = Supervised::new(&network, StandardLoss::cross_entropy());
//! let mut gradient = BatchGradient::tape(model);
//! for _ in 0..300 {
//!     gradient.step(&mut parameters, &batch, &mut Sgd::new(1.0))?;
//! }
//! assert_eq!(network.predict(&parameters, &inputs).arg_max(1), classes);
//! # Ok::<(), nn::StepError>(())
//! ```
//!
//! # A model of your own
//!
//! A [`Model`] is a layout of parameters and the cost of some samples. It is trained and evaluated like the [`Mlp`] of
//! the first example, with the same bits on any number of threads. A model that can [describe](snapshot::Describe)
//! itself is also saved like the [`Mlp`].
//!
//! ```
//! use autodiff::tensor::{Algebra, Real, Tensor};
//! use nn::layers::{Dropout, Layer, Linear};
//! use nn::{Adam, BatchGradient, Builder, Layout, Model, Pass, mean_cost};
//! use std::sync::Arc;
//!
//! /// W₃ (h + W₂ dropout(tanh(h))) with h = W₁ x.
//! struct Residual {
//!     layers: [Linear; 3],
//!     dropout: Dropout,
//!     layout: Arc<Layout>,
//! }
//!
//! impl Model for Residual {
//!     type Chunk<T: Real> = [Tensor<T>; 2];
//!
//!     fn layout(&self) -> &Arc<Layout> {
//!         &self.layout
//!     }
//!
//!     /// Σ (f(x) − y)².
//!     fn cost<A: Algebra>(&self, pass: &Pass<'_, A>, [x, y]: [Tensor<A::Element>; 2]) -> A {
//!         let [input, inner, output] = &self.layers;
//!         let h = input.forward(pass, &pass.constant(x));
//!         let h = inner.forward(pass, &self.dropout.forward(pass, &h.tanh())) + h;
//!         output.forward(pass, &h).squared_distance(&pass.constant(y))
//!     }
//! }
//!
//! let b = Builder::new();
//! let model = Residual {
//!     layers: [("input", 1, 16), ("inner", 16, 16), ("output", 16, 1)]
//!         .map(|(name, inputs, outputs)| Linear::new(&b.at(name), inputs, outputs)),
//!     dropout: Dropout::new(&b, 0.1),
//!     layout: b.layout(),
//! };
//! let x = Tensor::from_fn([200, 1], |[i, _]| i as f32 / 100.0 - 1.0);
//! let points = [x.clone(), x.map(|x: f32| (3.0 * x).sin())];
//! let mut parameters = model.layout().init(1);
//! let (mut gradient, mut adam) = (BatchGradient::tape(&model), Adam::new(0.01));
//! for _ in 0..400 {
//!     gradient.step(&mut parameters, &points, &mut adam)?;
//! }
//! assert!(mean_cost(&model, &parameters, &points) < 0.05);
//! # Ok::<(), nn::StepError>(())
//! ```
//!
//! # Where to go next
//!
//! | to | see |
//! |---|---|
//! | train over epochs, in batches drawn from a seed | [`Training`], [`Batches`] |
//! | build a model from layers | [`layers`], [`Builder`], [`Model`] |
//! | write a network or a loss, and combine them | [`Network`], [`Loss`], [`Supervised`] |
//! | choose or write an optimizer | [`Sgd`], [`Adam`], [`AdamW`], [`UpdateRule`], [`Optimizer`] |
//! | feed samples of your own type | [`Batch`], [`Gather`], [`Dataset`] |
//! | measure a trained model | [`evaluate`], [`mean_cost`] |
//! | save a model, or interrupt a training and resume it | [`snapshot`] |
//! | train on several processes or machines | [`distributed`] |
//! | read the formulas of back-propagation | [`delta`], [`mod@reference`] |
//!
//! # How it works
//!
//! [`BatchGradient`] is the batch engine. It cuts a batch into shards and the shards into chunks, in a way that depends
//! only on the batch and the model ([`Sharding`]). It adds the gradients of the shards along a fixed binary tree. The
//! threads are those of the surrounding `rayon` pool: `ThreadPoolBuilder::new().num_threads(2).build()?.install(|| …)`
//! limits them. The shards may be divided among processes, too, with the same bits ([`distributed`]).
//!
//! The [`Parameters`] of a model are one flat buffer with named slices, and so is a gradient. An optimizer is one loop
//! over both buffers.
//!
//! The gradient of a chunk comes from a [`ShardGradient`]. [`TapeGradient`] is the tape, for any model.
//! [`delta::DeltaGradient`] is the formulas of a multilayer perceptron as they are derived by hand, without a tape.
//! [`mod@reference`] contains the same formulas in plain loops and double precision, which check both.
//!
//! # What it is not
//!
//! There are no convolutions and no attention layers. `nn` runs on CPUs, in `f32` or `f64`. It does
//! not exchange models with other frameworks: a snapshot is a safetensors file, but only models that can
//! [describe](snapshot::Describe) themselves are loaded from it. Downloading and decoding data is up to the program.

#![forbid(unsafe_code)]

mod activation;
mod batch;
mod builder;
mod data;
pub mod delta;
pub mod distributed;
mod gradient;
mod init;
pub mod layers;
mod loss;
mod metrics;
mod mlp;
mod model;
mod network;
mod optim;
mod parallel;
mod parameters;
mod pass;
pub mod reference;
mod refusal;
pub mod snapshot;
mod train;

pub use activation::{Activation, UnknownActivation};
pub use batch::{BatchGradient, Sharding};
pub use builder::{Builder, Param, Statistic, Stream};
pub use data::{Batch, Batches, Dataset, DatasetError, Gather, Labelled, Rows, Selection, Which};
pub use gradient::{ChunkTask, ShardGradient, TapeGradient};
pub use init::Initializer;
pub use loss::{Loss, Output, StandardLoss};
pub use metrics::{Evaluation, evaluate, evaluate_among};
pub use mlp::Mlp;
pub use model::{Chunking, Model, mean_cost};
pub use network::{MlpModel, Network, Supervised};
pub use optim::{
    Adam, AdamSettings, AdamW, Decoupled, ElementwiseOptimizer, Optimizer, OptimizerSettings,
    OptimizerState, Quantity, Setting, SettingError, Sgd, SgdSettings, StateError, StepError,
    Update, UpdateRule,
};
pub use parameters::{Layout, Parameters, Slice, Slices};
pub use pass::{Context, Observed, Pass};
pub use snapshot::{Snapshot, SnapshotError};
pub use train::Training;
