//! burn in training, on its CPU backend: see `benches::peer`. The number of threads is that of the cores.

use benches::OptimizerSettings;
use benches::peer::{Layer, Peer, Start, serve};
use burn::module::{Module, Param};
use burn::nn::Linear;
use burn::nn::loss::{CrossEntropyLoss, CrossEntropyLossConfig};
use burn::optim::{AdamConfig, GradientsParams, ModuleOptimizer, SgdConfig};
use burn::tensor::activation::relu;
use burn::tensor::{Device, Int, Tensor, TensorData};

#[derive(Module, Debug)]
struct Mlp {
    layers: Vec<Linear>,
}

impl Mlp {
    fn new(layers: &[Layer], device: &Device) -> Mlp {
        let linear = |layer: &Layer| {
            // A row for each input.
            let shape = [layer.outputs, layer.inputs];
            let weight =
                Tensor::<2>::from_data(TensorData::new(layer.weight.clone(), shape), device);
            let bias =
                Tensor::from_data(TensorData::new(layer.bias.clone(), [layer.outputs]), device);
            // Written out in the new order, which `transpose` alone does not do.
            let weight = Tensor::from_data(weight.transpose().into_data(), device);
            Linear {
                weight: Param::from_tensor(weight),
                bias: Some(Param::from_tensor(bias)),
            }
        };
        Mlp {
            layers: layers.iter().map(linear).collect(),
        }
    }

    fn forward(&self, images: Tensor<2>) -> Tensor<2> {
        let (last, hidden) = self.layers.split_last().expect("a network has a layer");
        last.forward(
            hidden
                .iter()
                .fold(images, |a, layer| relu(layer.forward(a))),
        )
    }
}

struct Burn {
    start: Start,
    device: Device,
    network: Mlp,
    loss: CrossEntropyLoss,
    optimizer: ModuleOptimizer,
    batches: Vec<(Tensor<2>, Tensor<1, Int>)>,
    cost: Option<Tensor<1>>,
}

impl Burn {
    fn new(start: Start) -> Burn {
        let device = Device::flex().autodiff();
        let pixels = start.workload.widths[0];
        let batches = start.float_batches().map(|(images, classes)| {
            let images = TensorData::new(images, [classes.len(), pixels]);
            let classes: Vec<i64> = classes.iter().map(|&class| class.into()).collect();
            let count = classes.len();
            (
                Tensor::from_data(images, &device),
                Tensor::from_data(TensorData::new(classes, [count]), &device),
            )
        });
        Burn {
            batches: batches.collect(),
            network: Mlp::new(&start.layers, &device),
            loss: CrossEntropyLossConfig::new().init(&device),
            optimizer: optimizer(&start),
            cost: None,
            start,
            device,
        }
    }
}

fn optimizer(start: &Start) -> ModuleOptimizer {
    match start.workload.optimizer {
        OptimizerSettings::Sgd(_) => SgdConfig::new().init(),
        OptimizerSettings::Adam(_) | OptimizerSettings::AdamW(_) => AdamConfig::new().with_epsilon(1e-8).init(),
    }
}

impl Peer for Burn {
    fn setting(&self) -> String {
        "backend flex".into()
    }

    fn reset(&mut self) {
        self.network = Mlp::new(&self.start.layers, &self.device);
        self.optimizer = optimizer(&self.start);
    }

    fn step(&mut self, batch: usize) {
        let (images, classes) = self.batches[batch].clone();
        let cost = self.loss.forward(self.network.forward(images), classes);
        let gradients = GradientsParams::from_grads(cost.backward(), &self.network);
        let learning_rate = self.start.workload.optimizer.learning_rate();
        let none = Mlp { layers: Vec::new() };
        let network = std::mem::replace(&mut self.network, none);
        self.network = self.optimizer.step(learning_rate, network, gradients);
        self.cost = Some(cost);
    }

    fn cost(&mut self) -> f64 {
        let cost = self.cost.clone().expect("a step was made");
        f64::from(cost.into_scalar::<f32>())
    }
}

fn main() {
    serve(Burn::new);
}
