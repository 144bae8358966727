//! A custom model: a residual network with dropout and a robust cost, trained on all threads.

use autodiff::tensor::{Algebra, Real, Tensor};
use nn::layers::{Dropout, Layer, Linear};
use nn::{Adam, BatchGradient, Builder, Layout, Model, Pass, mean_cost};
use std::sync::Arc;

/// x + W₂ dropout(tanh(W₁ x + b₁)) + b₂.
struct Block(Linear, Dropout, Linear);

struct Residual {
    input: Linear,
    blocks: Vec<Block>,
    output: Linear,
    layout: Arc<Layout>,
}

impl Residual {
    fn new(width: usize, blocks: usize) -> Residual {
        let b = &Builder::new();
        let block = |n| {
            let [first, second] =
                ["first", "second"].map(|part| b.at(format!("blocks.{n}.{part}")));
            let [first, second] = [first, second].map(|b| Linear::new(&b, width, width));
            Block(first, Dropout::new(b, 0.1), second)
        };
        Residual {
            input: Linear::new(&b.at("input"), 2, width),
            blocks: (0..blocks).map(block).collect(),
            output: Linear::new(&b.at("output"), width, 1),
            layout: b.layout(),
        }
    }
}

impl Model for Residual {
    type Chunk<T: Real> = [Tensor<T>; 2];

    fn layout(&self) -> &Arc<Layout> {
        &self.layout
    }

    /// Σ √(1 + (f(x) − y)²) − 1.
    fn cost<A: Algebra>(&self, pass: &Pass<'_, A>, [x, y]: [Tensor<A::Element>; 2]) -> A {
        let mut h = self.input.forward(pass, &pass.constant(x));
        for Block(first, dropout, second) in &self.blocks {
            let inner = first.forward(pass, &h).tanh();
            h = second.forward(pass, &dropout.forward(pass, &inner)) + h;
        }
        let error = self.output.forward(pass, &h) - pass.constant(y);
        ((error.square() + 1.0).sqrt() - 1.0).sum()
    }
}

fn main() -> Result<(), nn::StepError> {
    let model = Residual::new(32, 3);
    let x = Tensor::from_flat_fn([1000, 2], |i| ((i * 7919) % 2003) as f32 / 1001.5 - 1.0);
    let y = Tensor::from_flat_fn([1000, 1], |i| (3.0 * x.at([i, 0])).sin() * x.at([i, 1]));
    let points = [x, y];
    let mut parameters = model.layout().init(1);
    let (mut gradient, mut adam) = (BatchGradient::tape(&model).seed(7), Adam::new(0.003));
    println!("before: {:.5}", mean_cost(&model, &parameters, &points));
    for _ in 0..300 {
        gradient.step(&mut parameters, &points, &mut adam)?;
    }
    println!("after:  {:.5}", mean_cost(&model, &parameters, &points));
    Ok(())
}
