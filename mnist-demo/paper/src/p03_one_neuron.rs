//! P3, *One Layer of One Neuron*: ∂C/∂w = 2 (a⁽¹⁾ − y) µ′(z⁽¹⁾) a⁽⁰⁾ and ∂C/∂b = 2 (a⁽¹⁾ − y) µ′(z⁽¹⁾).

use autodiff::{scalar, tensor};
use mnist_core::Error;
use nn::Activation;

use super::Scaled;
use super::mu::{mu, mu_prime, on_tape};
use super::{Findings, Reader, Table, number};

/// ∂C/∂w and ∂C/∂b.
fn by_hand(activation: Activation, w: f64, b: f64, a0: f64, y: f64) -> Vec<Scaled> {
    let z = w * a0 + b;
    let a = Scaled::from(mu(activation, z));
    let mu_prime = Scaled::from(mu_prime(activation, z));
    let y = Scaled::from(y);

    let dw = 2.0 * (a - y) * mu_prime * Scaled::from(a0);
    let db = 2.0 * (a - y) * mu_prime;
    vec![dw, db]
}

fn by_scalar_tape(activation: Activation, w: f64, b: f64, a0: f64, y: f64) -> Vec<f64> {
    let tape = scalar::Tape::new();
    let [w, b] = tape.vars([w, b]);
    let a = on_tape(activation, w * a0 + b);
    let cost = (a - y) * (a - y);
    cost.gradients().wrt_all(&[w, b])
}

fn by_tensor_tape(activation: Activation, w: f64, b: f64, a0: f64, y: f64) -> Vec<f64> {
    let tape = tensor::Tape::new();
    let (w, b) = (tape.var(w), tape.var(b));
    let a = on_tape(activation, w * a0 + b);
    let cost = (a - y) * (a - y);
    let gradients = cost.gradients();
    vec![gradients.wrt(w).item(), gradients.wrt(b).item()]
}

pub(super) fn run(_: &Reader, found: &mut Findings) -> Result<(), Error> {
    found.formula(r"\frac{∂C}{∂w} = 2(a^{(1)} − y) µ′(z^{(1)}) a^{(0)}");
    found.formula(r"\frac{∂C}{∂b} = 2(a^{(1)} − y) µ′(z^{(1)})");
    found.formula(r"ReLU′(x) = 1 \text{if} x > 0, 0 \text{if} x ≤ 0");

    let (w, a0, y) = (0.75, 1.5, 0.4);
    let mut table = Table {
        caption: "ReLU on both sides of its kink, and on it".into(),
        head: vec!["z⁽¹⁾", "∂C/∂w by hand", "scalar tape", "tensor tape"],
        rows: Vec::new(),
    };
    // w a⁽⁰⁾ is exactly 1.125, so the last bias puts z on the kink itself.
    for (side, b) in [("z > 0", -0.5), ("z < 0", -2.0), ("z = 0", -1.125)] {
        let hand = by_hand(Activation::Relu, w, b, a0, y);
        let scalar = by_scalar_tape(Activation::Relu, w, b, a0, y);
        let tensor = by_tensor_tape(Activation::Relu, w, b, a0, y);
        table.rows.push(vec![
            number(w * a0 + b),
            number(hand[0].value),
            number(scalar[0]),
            number(tensor[0]),
        ]);
        found.compare(format!("ReLU, {side}, scalar tape"), &hand, &scalar);
        found.compare(format!("ReLU, {side}, tensor tape"), &hand, &tensor);
    }
    found.tables.push(table);
    for activation in Activation::ALL
        .into_iter()
        .filter(|&mu| mu != Activation::Relu)
    {
        let hand = by_hand(activation, w, -0.5, a0, y);
        found.compare(
            format!("{activation}, scalar tape"),
            &hand,
            &by_scalar_tape(activation, w, -0.5, a0, y),
        );
        found.compare(
            format!("{activation}, tensor tape"),
            &hand,
            &by_tensor_tape(activation, w, -0.5, a0, y),
        );
    }
    Ok(())
}
