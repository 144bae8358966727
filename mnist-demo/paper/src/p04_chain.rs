//! P4, *L layers of one neuron*: the product formula for w⁽ᴸ⁻ʲ⁾ and b⁽ᴸ⁻ʲ⁾.

use std::time::Instant;

use autodiff::{scalar, tensor};
use mnist_core::Error;
use mnist_core::plot::{LinePlot, Scale, Series};
use nn::Activation;

use super::Scaled;
use super::mu::{mu, mu_prime, on_tape};
use super::network::draw;
use super::{Figure, Findings, Reader, Table, seconds};

const MU: Activation = Activation::Sigmoid;

/// A chain of L neurons with its data. `w[ℓ]` and `b[ℓ]` belong to layer ℓ; `w[0]` and `b[0]` are unused.
struct Chain {
    w: Vec<f64>,
    b: Vec<f64>,
    z: Vec<f64>,
    a: Vec<f64>,
    y: f64,
}

impl Chain {
    /// Chooses weights for which every w µ′ is near 1. With others the product soon becomes 0 or infinite.
    fn new(layer_count: usize, seed: u64) -> Chain {
        let near = draw(layer_count, 2, 1.0, seed).values();
        let (mut w, mut b) = (vec![0.0], vec![0.0]);
        let (mut z, mut a) = (vec![0.0], vec![0.3]);
        for l in 1..=layer_count {
            let wanted = near[2 * l - 2].clamp(-2.0, 2.0);
            w.push((1.0 + 0.02 * near[2 * l - 1]) / mu_prime(MU, wanted));
            b.push(wanted - w[l] * a[l - 1]);
            z.push(w[l] * a[l - 1] + b[l]);
            a.push(mu(MU, z[l]));
        }
        Chain { w, b, z, a, y: 0.2 }
    }

    /// ∂C/∂w⁽ᴸ⁻ʲ⁾ = 2 (a⁽ᴸ⁾ − y) (Πᵢ₌₁ʲ µ′(z⁽ᴸ⁻ⁱ⁺¹⁾) w⁽ᴸ⁻ⁱ⁺¹⁾) µ′(z⁽ᴸ⁻ʲ⁾) a⁽ᴸ⁻ʲ⁻¹⁾. For b⁽ᴸ⁻ʲ⁾ the last factor is
    /// omitted. As in the printed formula, the product is computed anew for every j.
    fn by_hand(&self) -> Vec<Scaled> {
        let last = self.w.len() - 1;
        let mu_prime = |l: usize| Scaled::from(mu_prime(MU, self.z[l]));
        let difference = 2.0 * (Scaled::from(self.a[last]) - Scaled::from(self.y));
        let mut derivatives = Vec::new();
        for j in 0..last {
            let mut product = Scaled::from(1.0);
            for i in 1..=j {
                product = product * mu_prime(last - i + 1) * Scaled::from(self.w[last - i + 1]);
            }
            let db = difference * product * mu_prime(last - j);
            derivatives.push(db * Scaled::from(self.a[last - j - 1]));
            derivatives.push(db);
        }
        derivatives
    }

    fn by_scalar_tape(&self, tape: &mut scalar::Tape) -> Vec<f64> {
        tape.reset();
        let (w, b) = (tape.vars(&self.w[..]), tape.vars(&self.b[..]));
        let mut a = scalar::Var::constant(self.a[0]);
        for l in 1..self.w.len() {
            a = on_tape(MU, w[l] * a + b[l]);
        }
        let gradients = ((a - self.y) * (a - self.y)).gradients();
        let pair = |l: usize| [gradients.wrt(w[l]), gradients.wrt(b[l])];
        (1..self.w.len()).rev().flat_map(pair).collect()
    }

    fn by_tensor_tape(&self, tape: &mut tensor::Tape<f64>) -> Vec<f64> {
        tape.reset();
        let variables = |x: &[f64]| -> Vec<_> { x.iter().map(|&x| tape.var(x)).collect() };
        let (w, b) = (variables(&self.w), variables(&self.b));
        let mut a = tape.constant(self.a[0]);
        for l in 1..self.w.len() {
            a = on_tape(MU, w[l] * a + b[l]);
        }
        let gradients = ((a - self.y) * (a - self.y)).gradients();
        let pair = |l: usize| [gradients.wrt(w[l]).item(), gradients.wrt(b[l]).item()];
        (1..self.w.len()).rev().flat_map(pair).collect()
    }
}

pub(super) fn run(reader: &Reader, found: &mut Findings) -> Result<(), Error> {
    found.formula(r"\frac{∂C}{∂w^{(L−j)}} = 2(a^{(L)} − y) (∏_{i=1}^j µ′(z^{(L−i+1)}) w^{(L−i+1)}) µ′(z^{(L−j)}) a^{(L−j−1)}");
    found.formula(r"\frac{∂C}{∂b^{(L−j)}} = 2(a^{(L)} − y) (∏_{i=1}^j µ′(z^{(L−i+1)}) w^{(L−i+1)}) µ′(z^{(L−j)})");

    let mut table = Table {
        caption: "Time for the derivatives of all weights and biases".into(),
        head: vec!["L", "product formula", "scalar tape", "tensor tape"],
        rows: Vec::new(),
    };
    let mut times: [Vec<(f64, f64)>; 3] = Default::default();
    let (mut scalar_tape, mut tensor_tape) = (scalar::Tape::new(), tensor::Tape::new());
    for layer_count in [1, 2, 5, 10, 30, 100, 200, 400, 600, 800, 1_000] {
        let chain = Chain::new(layer_count, reader.seed() + 40);
        let (hand, hand_time) = timed(|| chain.by_hand());
        let (scalar, scalar_time) = timed(|| chain.by_scalar_tape(&mut scalar_tape));
        let (tensor, tensor_time) = timed(|| chain.by_tensor_tape(&mut tensor_tape));
        found.compare(format!("L = {layer_count}, scalar tape"), &hand, &scalar);
        found.compare(format!("L = {layer_count}, tensor tape"), &hand, &tensor);
        let all = [hand_time, scalar_time, tensor_time];
        for (points, time) in times.iter_mut().zip(all) {
            points.push((layer_count as f64, time));
        }
        table.rows.push(
            std::iter::once(layer_count.to_string())
                .chain(all.map(seconds))
                .collect(),
        );
    }
    found.tables.push(table);
    found.remark("The product formula takes a product of j factors for each j, L²/2 in all; a tape takes one walk back, L.");

    let names = ["product formula", "scalar tape", "tensor tape"];
    let svg = LinePlot {
        title: "Time for all derivatives of a chain of L neurons".into(),
        x_label: "L".into(),
        y_label: "seconds".into(),
        y_scale: Scale::Log,
        series: names
            .into_iter()
            .zip(times)
            .map(|(name, points)| Series::new(name, points))
            .collect(),
    }
    .to_svg()?;
    found.figures.push(Figure {
        svg,
        caption: "Cost against depth: the product formula grows with L², the tapes with L.".into(),
        description: "Three curves of time over the number of layers on a logarithmic scale; that of the product formula overtakes those of both tapes".into(),
        themed: false,
    });
    Ok(())
}

/// Returns the result and the best time. `f` is repeated until its time stops falling by a fifth.
fn timed<R>(mut f: impl FnMut() -> R) -> (R, f64) {
    let mut best = f64::INFINITY;
    loop {
        let start = Instant::now();
        let result = f();
        let time = start.elapsed().as_secs_f64();
        // The first runs allocate memory that later runs reuse.
        if best.is_finite() && time >= 0.8 * best {
            return (result, best.min(time));
        }
        best = best.min(time);
    }
}
