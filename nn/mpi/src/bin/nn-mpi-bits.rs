//! Prints the digests of weights after short trainings, which must be the same on any number of ranks and threads:
//! `mpirun -n 3 nn-mpi-bits 2` trains on three ranks of two threads, and `nn-mpi-bits plain` without ranks.

#![forbid(unsafe_code)]

// A model and its points, which the tests of `nn` train on ranks that are threads.
#[path = "../../../tests/formulas/residual.rs"]
mod residual;

use autodiff::tensor::Real;
use mnist_core::data::Splits;
use nn::distributed::{Alone, Communicator};
use nn::{
    Activation, Adam, AdamW, BatchGradient, Gather, Initializer, Mlp, Model, Optimizer, Sgd,
    StandardLoss, Supervised, Training,
};
use nn_mpi::Mpi;
use residual::{Residual, points};
use sha2::{Digest, Sha256};
use std::error::Error;

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
    let points = points::<T>(1000);
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
