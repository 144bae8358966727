//! dfdx in training: see `benches::peer`. The number of threads is that of the cores.

use benches::OptimizerSettings as Chosen;
use benches::peer::{Layer, Peer, Start, serve};
use dfdx::optim::{Adam, AdamConfig, Optimizer, Sgd, SgdConfig};
use dfdx::prelude::*;

type Hidden<const INPUTS: usize, const OUTPUTS: usize> = (Linear<INPUTS, OUTPUTS>, ReLU);
type Paper = (Hidden<784, 10>, Linear<10, 10>);
type Usual = (Hidden<784, 128>, Hidden<128, 64>, Linear<64, 10>);
type Wide = (Hidden<784, 512>, Hidden<512, 512>, Linear<512, 10>);

type Images<T = NoneTape> = Tensor<(usize, Const<784>), f32, Cpu, T>;
type Scores<T = NoneTape> = Tensor<(usize, Const<10>), f32, Cpu, T>;
type Traced = OwnedTape<f32, Cpu>;

/// A network whose weights can be set.
trait Load {
    fn load(&mut self, layers: &[Layer]);
}

impl<const INPUTS: usize, const OUTPUTS: usize> Load
    for modules::Linear<INPUTS, OUTPUTS, f32, Cpu>
{
    fn load(&mut self, layers: &[Layer]) {
        self.weight.copy_from(&layers[0].weight);
        self.bias.copy_from(&layers[0].bias);
    }
}

impl<L: Load> Load for (L, ReLU) {
    fn load(&mut self, layers: &[Layer]) {
        self.0.load(layers);
    }
}

impl<A: Load, B: Load> Load for (A, B) {
    fn load(&mut self, layers: &[Layer]) {
        self.0.load(layers);
        self.1.load(&layers[1..]);
    }
}

impl<A: Load, B: Load, C: Load> Load for (A, B, C) {
    fn load(&mut self, layers: &[Layer]) {
        self.0.load(layers);
        self.1.load(&layers[1..]);
        self.2.load(&layers[2..]);
    }
}

/// A network that is trained here.
trait Network:
    Load + ZeroGrads<f32, Cpu> + ModuleMut<Images<Traced>, Output = Scores<Traced>, Error = CpuError>
{
}

impl<N> Network for N where
    N: Load
        + ZeroGrads<f32, Cpu>
        + ModuleMut<Images<Traced>, Output = Scores<Traced>, Error = CpuError>
{
}

struct Dfdx<N: Network> {
    start: Start,
    network: N,
    gradients: Option<Gradients<f32, Cpu>>,
    optimizer: Either<N>,
    batches: Vec<(Images, Scores)>,
    cost: f32,
}

enum Either<N> {
    Sgd(Sgd<N, f32, Cpu>),
    Adam(Adam<N, f32, Cpu>),
}

impl<N: Network> Dfdx<N> {
    fn new(start: Start, device: &Cpu, mut network: N) -> Self {
        network.load(&start.layers);
        let batches = start.float_batches().map(|(images, classes)| {
            let mut wanted = vec![0.0; classes.len() * 10];
            for (row, &class) in wanted.chunks_exact_mut(10).zip(classes) {
                row[usize::from(class)] = 1.0;
            }
            (
                device.tensor_from_vec(images, (classes.len(), Const::<784>)),
                device.tensor_from_vec(wanted, (classes.len(), Const::<10>)),
            )
        });
        Dfdx {
            batches: batches.collect(),
            gradients: Some(network.alloc_grads()),
            optimizer: optimizer(&start, &network),
            network,
            start,
            cost: f32::NAN,
        }
    }
}

fn optimizer<N: Network>(start: &Start, network: &N) -> Either<N> {
    let learning_rate = start.workload.optimizer.learning_rate();
    match start.workload.optimizer {
        Chosen::Sgd(_) => Either::Sgd(Sgd::new(
            network,
            SgdConfig {
                lr: learning_rate,
                ..SgdConfig::default()
            },
        )),
        Chosen::Adam(_) | Chosen::AdamW(_) => Either::Adam(Adam::new(
            network,
            AdamConfig {
                lr: learning_rate,
                ..AdamConfig::default()
            },
        )),
    }
}

impl<N: Network> Peer for Dfdx<N> {
    fn setting(&self) -> String {
        "one-hot classes, denormals flushed".into()
    }

    fn reset(&mut self) {
        self.network.load(&self.start.layers);
        self.optimizer = optimizer(&self.start, &self.network);
    }

    fn step(&mut self, batch: usize) {
        let (images, wanted) = &self.batches[batch];
        let gradients = self.gradients.take().expect("gradients come back");
        let scores = self.network.forward_mut(images.clone().traced(gradients));
        let cost = cross_entropy_with_logits_loss(scores, wanted.clone());
        self.cost = cost.array();
        let mut gradients = cost.backward();
        match &mut self.optimizer {
            Either::Sgd(sgd) => sgd.update(&mut self.network, &gradients),
            Either::Adam(adam) => adam.update(&mut self.network, &gradients),
        }
        .expect("every parameter has a gradient");
        self.network.zero_grads(&mut gradients);
        self.gradients = Some(gradients);
    }

    fn cost(&mut self) -> f64 {
        self.cost.into()
    }
}

fn main() {
    dfdx::flush_denormals_to_zero();
    serve(|start| -> Box<dyn Peer> {
        let device = Cpu::default();
        match start.workload.widths {
            [784, 10, 10] => {
                let network = device.build_module::<Paper, f32>();
                Box::new(Dfdx::new(start, &device, network))
            }
            [784, 128, 64, 10] => {
                let network = device.build_module::<Usual, f32>();
                Box::new(Dfdx::new(start, &device, network))
            }
            [784, 512, 512, 10] => {
                let network = device.build_module::<Wide, f32>();
                Box::new(Dfdx::new(start, &device, network))
            }
            _ => panic!("no network of these widths is compiled in"),
        }
    });
}
