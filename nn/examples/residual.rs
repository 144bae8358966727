//! A model of one's own: a residual network with dropout and a robust cost, trained on all threads.

use autodiff::tensor::{Algebra, Real, Tensor};
use nn::layers::{Dropout, Layer, Linear};
use nn::{Adam, Batch, BatchGradient, Builder, Layout, Model, Pass, mean_cost};
use std::ops::Range;
use std::sync::Arc;

/// x + W₂ dropout(tanh(W₁ x)).
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
        let linear = |name: String, from, to| Linear::new(&b.at(name), from, to);
        let block = |n| {
            let [first, second] = ["first", "second"].map(|part| format!("blocks.{n}.{part}"));
            let dropout = Dropout::new(b, 0.1);
            Block(
                linear(first, width, width),
                dropout,
                linear(second, width, width),
            )
        };
        Residual {
            input: linear("input".into(), 2, width),
            blocks: (0..blocks).map(block).collect(),
            output: linear("output".into(), width, 1),
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
            h = second.forward(pass, &dropout.forward(pass, &inner)) + &h;
        }
        let error = self.output.forward(pass, &h) - &pass.constant(y);
        ((error.square() + 1.0).sqrt() - 1.0).sum()
    }
}

/// Points (x, y), one per row.
struct Points([Tensor<f32>; 2]);

impl Batch<[Tensor<f32>; 2]> for Points {
    fn len(&self) -> usize {
        self.0[0].shape()[0]
    }

    fn load(&self, range: Range<usize>) -> [Tensor<f32>; 2] {
        self.0.each_ref().map(|column| column.rows(range.clone()))
    }
}

fn main() -> Result<(), nn::StepError> {
    let model = Residual::new(32, 3);
    let x = Tensor::from_fn([1000, 2], |i| ((i * 7919) % 2003) as f32 / 1001.5 - 1.0);
    let y = Tensor::from_fn([1000, 1], |i| (3.0 * x.at(&[i, 0])).sin() * x.at(&[i, 1]));
    let points = Points([x, y]);
    let mut parameters = model.layout().init(1);
    let mut gradient = BatchGradient::tape(&model).seed(7);
    let mut adam = Adam::new(0.003);
    println!(
        "cost before: {:.5}",
        mean_cost(&model, &parameters, &points)
    );
    for _ in 0..300 {
        gradient.step(&mut parameters, &points, &mut adam)?;
    }
    println!(
        "cost after:  {:.5}",
        mean_cost(&model, &parameters, &points)
    );
    Ok(())
}
