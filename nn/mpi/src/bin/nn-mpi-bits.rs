//! Prints the digests of weights after short trainings, which must be the same on any number of ranks and threads:
//! `mpirun -n 3 nn-mpi-bits 2` trains on three ranks of two threads, and `nn-mpi-bits plain` without ranks.

#![forbid(unsafe_code)]

use autodiff::tensor::{Algebra, Real, Tensor};
use mnist_core::data::Splits;
use nn::distributed::{Alone, Communicator};
use nn::layers::{Dropout, Layer, Linear};
use nn::{
    Activation, Adam, AdamW, BatchGradient, Builder, Gather, Initializer, Layout, Mlp, Model,
    Optimizer, Pass, Sgd, StandardLoss, Supervised, Training,
};
use nn_mpi::Mpi;
use sha2::{Digest, Sha256};
use std::error::Error;
use std::sync::Arc;

/// A residual network with dropout and a robust cost.
struct Residual {
    layers: [Linear; 3],
    dropout: Dropout,
    layout: Arc<Layout>,
}

impl Residual {
    fn new(width: usize) -> Residual {
        let b = Builder::new();
        let sizes = [
            ("input", 2, width),
            ("inner", width, width),
            ("output", width, 1),
        ];
        Residual {
            layers: sizes.map(|(name, inputs, outputs)| Linear::new(&b.at(name), inputs, outputs)),
            dropout: Dropout::new(&b, 0.25),
            layout: b.layout(),
        }
    }
}

impl Model for Residual {
    type Chunk<T: Real> = [Tensor<T>; 2];

    fn layout(&self) -> &Arc<Layout> {
        &self.layout
    }

    fn cost<A: Algebra>(&self, pass: &Pass<'_, A>, [x, y]: [Tensor<A::Element>; 2]) -> A {
        let [input, inner, output] = &self.layers;
        let h = input.forward(pass, &pass.constant(x));
        let h = inner.forward(pass, &self.dropout.forward(pass, &h.tanh())) + h;
        let error = output.forward(pass, &h) - pass.constant(y);
        ((error.square() + 1.0).sqrt() - 1.0).sum()
    }
}

/// Takes some steps, and prints the digest of the parameters on rank 0.
fn check<T: Real, M: Model, D: Gather<M::Chunk<T>>>(
    name: &str,
    ranks: &dyn Communicator,
    training: Training<'_, T, M, D>,
    steps: usize,
) -> Result<(), Box<dyn Error>> {
    let mut training = training;
    for _ in 0..steps {
        training.step()?;
    }
    let bits = training.parameters.data().iter();
    let bytes: Vec<u8> = bits.flat_map(|x| x.to_f64().to_le_bytes()).collect();
    if ranks.rank() == 0 {
        let digest: String = Sha256::digest(bytes)
            .iter()
            .map(|b| format!("{b:02x}"))
            .collect();
        println!("{digest}  {name}, {} bytes a number", size_of::<T>());
    }
    Ok(())
}

/// Trains in one precision.
fn check_all<T: Real>(splits: &Splits, ranks: &dyn Communicator) -> Result<(), Box<dyn Error>> {
    let model = Supervised::new(
        Mlp::new(&[784, 48, 10], Activation::Relu),
        StandardLoss::cross_entropy(),
    );
    let data = splits.train.range(0..4_000);
    let start = |optimizer: Box<dyn Optimizer<T>>| {
        let initial = model.network.init::<T>(Initializer::HeNormal, 1);
        Training::new(BatchGradient::tape(&model), initial, optimizer, &data)
    };
    let sgd = start(Box::new(Sgd::new(0.1))).among(ranks)?;
    check("multilayer perceptron by SGD", ranks, sgd, 10)?;
    let adam = start(Box::new(Adam::new(0.001)))
        .batches(512, 1)
        .among(ranks)?;
    check("multilayer perceptron by Adam", ranks, adam, 20)?;

    let residual = Residual::new(64);
    let x = Tensor::from_flat_fn([1000, 2], |i| T::from_f64((i as f64 * 0.7).sin()));
    let y = Tensor::from_flat_fn([1000, 1], |i| {
        T::from_f64((3.0 * x.at([i, 0]).to_f64()).sin())
    });
    let points = [x, y];
    let gradient = BatchGradient::tape(&residual).seed(7).shards(6);
    let initial = residual.layout().init(1);
    let training = Training::new(gradient, initial, Box::new(AdamW::new(0.003)), &points)
        .batches(600, 3)
        .among(ranks)?;
    check("residual model with dropout by AdamW", ranks, training, 20)
}

fn main() -> Result<(), Box<dyn Error>> {
    let argument = std::env::args().nth(1).unwrap_or_else(|| "1".to_owned());
    let splits = Splits::embedded()?;
    if argument == "plain" {
        check_all::<f32>(&splits, &Alone)?;
        return check_all::<f64>(&splits, &Alone);
    }
    let ranks = Mpi::new();
    let threads = argument.parse()?;
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()?;
    let outcome = pool.install(|| {
        check_all::<f32>(&splits, &ranks)
            .and_then(|()| check_all::<f64>(&splits, &ranks))
            .map_err(|error| error.to_string())
    });
    outcome.map_err(Into::into)
}
