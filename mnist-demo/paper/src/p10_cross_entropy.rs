//! P10, cross-entropy: δ⁽ᴸ⁾ = a⁽ᴸ⁾ − y, fused and unfused, and each step of the appendix's proof.

use autodiff::Tensor;
use autodiff::tensor::{CrossEntropy, Tape, Targets, Var};
use mnist_core::Error;

use super::Scaled;
use super::matrix::Matrix;
use super::mu::softmax;
use super::network::draw;
use super::{Findings, Reader};

/// A name and a line of the proof, as a function on the tape.
type Line<'a> = (
    &'static str,
    Box<dyn for<'t> Fn(Var<'t, f64>) -> Var<'t, f64> + 'a>,
);

/// The value and the gradient of a formula at z, by the tape.
fn on_tape(
    z: &Tensor<f64>,
    line: &dyn for<'t> Fn(Var<'t, f64>) -> Var<'t, f64>,
) -> (f64, Vec<f64>) {
    let tape = Tape::new();
    let z = tape.var(z.clone());
    let value = line(z).sum();
    (value.item(), value.gradients().wrt(z).data().to_vec())
}

pub(super) fn run(reader: &Reader, found: &mut Findings) -> Result<(), Error> {
    found.formula(r"C = −∑_{i=1}^{n_L} y_i log a_i^{(L)}");
    found.formula(r"δ^{(L)} = a^{(L)} − y");
    found.formula(r"C = \frac{1}{N} ∑_{l=1}^N (−∑_{i=1}^{10} (y_l)_i log (a_l)_i^{(2)})");
    found.formula(r"\frac{∂C}{∂Z^{(2)}} = \frac{1}{N} (A^{(2)} − Y)");
    found.formula(
        r"S = ∑_{j=1}^{n_L} e^{z_j}, \frac{∂S}{∂z_k} = e^{z_k}, \frac{∂log S}{∂z_k} = a_k^{(L)}",
    );

    let n = 10;
    let z = draw(n, 1, 1.5, reader.seed() + 100);
    let y = Matrix::new(n, 1, |i, _| f64::from(u8::from(i == 3)).into());
    let a = softmax(&z);
    let delta = &a - &y;
    let cost: Scaled = -(0..n)
        .map(|i| y.at(i, 0) * a.at(i, 0).value.ln().into())
        .sum::<Scaled>();

    let (row, y_t) = (z.t().tensor(), y.t().tensor());
    let one_hot = |y: Tensor<f64>| CrossEntropy::new(Targets::Probabilities(y));
    // Every line of the proof is the same C, so its value and its gradient are the same.
    let lines: [Line<'_>; 6] = [
        (
            "fused, cross-entropy from z",
            Box::new(|z| z.cross_entropy(one_hot(y_t.clone()))),
        ),
        (
            "−Σ yᵢ log aᵢ, a = Softmax(z)",
            Box::new(|z| -(z.softmax(1).ln() * &y_t).sum()),
        ),
        (
            "−Σ yᵢ log(e^zᵢ / Σ e^zⱼ)",
            Box::new(|z| {
                let e = z.exp();
                -((e / e.sum()).ln() * &y_t).sum()
            }),
        ),
        (
            "−Σ yᵢ (zᵢ − log Σ e^zⱼ)",
            Box::new(|z| -((z - z.exp().sum().ln()) * &y_t).sum()),
        ),
        (
            "−Σ yᵢ zᵢ + Σ yᵢ log Σ e^zⱼ",
            Box::new(|z| {
                let log_sum = z.exp().sum().ln();
                (log_sum * &y_t).sum() - (z * &y_t).sum()
            }),
        ),
        (
            "−Σ yᵢ zᵢ + log Σ e^zⱼ",
            Box::new(|z| z.exp().sum().ln() - (z * &y_t).sum()),
        ),
    ];
    // The lines that separate the terms compute C as a difference of terms that may be larger than C.
    let terms: Scaled = (0..n).map(|i| y.at(i, 0) * z.at(i, 0)).sum::<Scaled>() + 1.0_f64.into();
    let cost = Scaled {
        scale: cost.scale + terms.scale,
        ..cost
    };
    for (name, line) in &lines {
        let (value, gradient) = on_tape(&row, &**line);
        found.compare(format!("C as {name}"), &cost, &[value]);
        found.compare(format!("∂C/∂z = a − y, C as {name}"), &delta, &gradient);
    }

    // The derivatives of the individual terms.
    let (_, first) = on_tape(&row, &|z| -(z * &y_t).sum());
    found.compare("∂/∂zₖ (−Σ yᵢ zᵢ) = −yₖ", &(-1.0 * y.clone()), &first);
    let (_, s) = on_tape(&row, &|z| z.exp().sum());
    found.compare("∂S/∂zₖ = e^zₖ", &z.map(f64::exp), &s);
    let (_, log_s) = on_tape(&row, &|z| z.exp().sum().ln());
    found.compare("∂ log S/∂zₖ = aₖ", &a, &log_s);

    // Over N samples both C and ∂C/∂Z have the factor 1/N.
    let samples = 7;
    let z = draw(n, samples, 1.5, reader.seed() + 101);
    let y = Matrix::new(n, samples, |i, l| {
        f64::from(u8::from(i == 3 * l % n)).into()
    });
    let delta = 1.0 / samples as f64 * (softmax(&z) - &y);
    let (row, y_t) = (z.t().tensor(), y.t().tensor());
    let (_, fused) = on_tape(&row, &|z| z.cross_entropy(one_hot(y_t.clone())));
    found.compare(
        format!("∂C/∂Z over {samples} samples, fused"),
        &delta.t(),
        &fused,
    );
    let (_, unfused) = on_tape(&row, &|z| {
        -(z.softmax(1).ln() * &y_t).sum() * (1.0 / samples as f64)
    });
    found.compare(
        format!("∂C/∂Z over {samples} samples, unfused"),
        &delta.t(),
        &unfused,
    );
    Ok(())
}
