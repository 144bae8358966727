//! candle in training: see `benches::peer`. The number of threads is that of the cores.

use benches::OptimizerSettings as Chosen;
use benches::peer::{Peer, Start, serve};
use candle_core::{Device, Result, Tensor, Var};
use candle_nn::{AdamW, Linear, Module, Optimizer, ParamsAdamW, SGD, loss};

struct Candle {
    start: Start,
    parameters: Vec<Var>,
    layers: Vec<Linear>,
    optimizer: Either,
    batches: Vec<(Tensor, Tensor)>,
    cost: Option<Tensor>,
}

enum Either {
    Sgd(SGD),
    Adam(AdamW),
}

impl Candle {
    fn new(start: Start) -> Result<Candle> {
        let (device, pixels) = (Device::Cpu, start.workload.widths[0]);
        let batches = start.float_batches().map(|(images, classes)| {
            let classes: Vec<u32> = classes.iter().map(|&class| class.into()).collect();
            let images = Tensor::from_vec(images, (classes.len(), pixels), &device)?;
            Ok((images, Tensor::new(classes, &device)?))
        });
        let batches = batches.collect::<Result<_>>()?;
        let mut parameters = Vec::new();
        let mut layers = Vec::new();
        for layer in &start.layers {
            let shape = (layer.outputs, layer.inputs);
            let weight = Var::from_vec(layer.weight.clone(), shape, &device)?;
            let bias = Var::from_vec(layer.bias.clone(), layer.outputs, &device)?;
            layers.push(Linear::new(
                weight.as_tensor().clone(),
                Some(bias.as_tensor().clone()),
            ));
            parameters.extend([weight, bias]);
        }
        let optimizer = optimizer(&start, &parameters)?;
        Ok(Candle {
            start,
            parameters,
            layers,
            optimizer,
            batches,
            cost: None,
        })
    }

    fn try_reset(&mut self) -> Result<()> {
        let first = self
            .start
            .layers
            .iter()
            .flat_map(|layer| [&layer.weight, &layer.bias]);
        for (parameter, first) in self.parameters.iter().zip(first) {
            parameter.set(&Tensor::from_slice(
                first,
                parameter.shape(),
                parameter.device(),
            )?)?;
        }
        self.optimizer = optimizer(&self.start, &self.parameters)?;
        Ok(())
    }

    fn try_step(&mut self, batch: usize) -> Result<()> {
        let (images, classes) = &self.batches[batch];
        let (last, hidden) = self.layers.split_last().expect("a network has a layer");
        let mut a = images.clone();
        for layer in hidden {
            a = layer.forward(&a)?.relu()?;
        }
        let cost = loss::cross_entropy(&last.forward(&a)?, classes)?;
        match &mut self.optimizer {
            Either::Sgd(sgd) => sgd.backward_step(&cost)?,
            Either::Adam(adam) => adam.backward_step(&cost)?,
        }
        self.cost = Some(cost);
        Ok(())
    }
}

fn optimizer(start: &Start, parameters: &[Var]) -> Result<Either> {
    let learning_rate = start.workload.optimizer.learning_rate();
    Ok(match start.workload.optimizer {
        Chosen::Sgd(_) => Either::Sgd(SGD::new(parameters.to_vec(), learning_rate)?),
        Chosen::Adam(_) | Chosen::AdamW(_) => {
            let settings = ParamsAdamW {
                lr: learning_rate,
                weight_decay: 0.0,
                ..ParamsAdamW::default()
            };
            Either::Adam(AdamW::new(parameters.to_vec(), settings)?)
        }
    })
}

impl Peer for Candle {
    fn setting(&self) -> String {
        "optimizers of candle-nn".into()
    }

    fn reset(&mut self) {
        self.try_reset().expect("candle goes back");
    }

    fn step(&mut self, batch: usize) {
        self.try_step(batch).expect("candle makes a step");
    }

    fn cost(&mut self) -> f64 {
        let cost = self.cost.as_ref().expect("a step was made");
        cost.to_scalar::<f32>()
            .expect("a cost is one number")
            .into()
    }
}

fn main() {
    serve(|start| Candle::new(start).expect("candle builds the network"));
}
