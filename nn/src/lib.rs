//! Networks and their training on the [`autodiff`] tape.
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
//! # Models of your own
//!
//! A [`Model`] is a layout of parameters and the cost of some samples. It is trained, evaluated and saved like the
//! [`Mlp`], on any number of threads with the same bits.
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
//! let x = Tensor::from_fn([200, 1], |i| i as f32 / 100.0 - 1.0);
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
//! # Parts
//!
//! What varies is a trait: a [`Model`], or a [`Network`] with a [`Loss`]; the formula of an optimizer, a [`Rule`]; the
//! samples, a [`Batch`]; and where gradients come from, a [`ShardGradient`]. [`BatchGradient`] is the engine. It cuts a
//! batch into shards and chunks that depend only on the batch and the model, and adds their gradients in a fixed order.
//! [`Training`] takes its steps: over all samples, or in [`Batches`] drawn from a seed. The threads are those of the
//! surrounding `rayon` pool: `ThreadPoolBuilder::new().num_threads(2).build()?.install(|| …)` limits them.
//!
//! The [`Parameters`] of a model are one flat buffer with named slices, and so is a gradient; an optimizer is one loop over
//! both. [`layers`] are made by a [`Builder`], which collects their parameters. [`snapshot`] writes models to files.
//!
//! [`delta`] contains the formulas of a perceptron as they are derived by hand, without a tape; every test and benchmark
//! compares the tape with them. [`mod@reference`] is the same in plain loops, slow and easy to read, to check both.

#![forbid(unsafe_code)]

mod activation;
mod batch;
mod builder;
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
pub use metrics::{Evaluation, evaluate};
pub use mlp::Mlp;
pub use model::{Chunking, Model, mean_cost};
pub use network::{MlpModel, Network, Supervised};
pub use optim::{
    Adam, AdamSettings, AdamW, Decoupled, Elementwise, Optimizer, OptimizerSettings,
    OptimizerState, Quantity, Rule, Setting, SettingError, Sgd, SgdSettings, StateError, StepError,
    Update,
};
pub use parameters::{Layout, Parameters, Slice, Slices};
pub use pass::{Context, Observed, Pass};
pub use snapshot::{Saved, SnapshotError};
pub use train::Training;
