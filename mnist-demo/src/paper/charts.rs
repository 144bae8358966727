//! Pictures that are drawn for the report alone, in colours that follow its light or dark page.

use std::fmt::Write;

use autodiff::tensor::Tensor;

use super::Figure;
use super::math::escape;
use crate::compare::{Comparison, Pair};

/// The steps of the colour scale of weights, on either side of 0.
const SHADES: i32 = 8;

/// The weights of each neuron of the first layer as a picture of the images' own size.
pub(super) fn weight_images(weight: &Tensor<f32>, side: usize) -> Figure {
    let neurons = weight.shape()[0];
    let cols = neurons.min(5);
    let gap = side / 7;
    let (width, height) = (
        cols * (side + gap) + gap,
        neurons.div_ceil(cols) * (side + gap) + gap,
    );
    let mut svg = format!(
        r#"<svg class="weights" viewBox="0 0 {width} {height}" shape-rendering="crispEdges" xmlns="http://www.w3.org/2000/svg">"#
    );
    for (neuron, weights) in weight.data().chunks_exact(side * side).enumerate() {
        let largest = weights
            .iter()
            .fold(f32::MIN_POSITIVE, |max, w| max.max(w.abs()));
        let (x0, y0) = (
            gap + neuron % cols * (side + gap),
            gap + neuron / cols * (side + gap),
        );
        let _ = write!(
            svg,
            r#"<g transform="translate({x0} {y0})"><rect class="ground" width="{side}" height="{side}"/>"#
        );
        for shade in (-SHADES..=SHADES).filter(|&shade| shade != 0) {
            let shade_of = |&w: &f32| (w / largest * SHADES as f32).round() as i32;
            let mut path = String::new();
            for (row, line) in weights.chunks_exact(side).enumerate() {
                let mut col = 0;
                for run in line.chunk_by(|a, b| shade_of(a) == shade_of(b)) {
                    if shade_of(&run[0]) == shade {
                        let length = run.len();
                        let _ = write!(path, "M{col} {row}h{length}v1h-{length}z");
                    }
                    col += run.len();
                }
            }
            if !path.is_empty() {
                let class = if shade > 0 { "plus" } else { "minus" };
                let opacity = f64::from(shade.abs()) / f64::from(SHADES);
                let _ = write!(
                    svg,
                    r#"<path class="{class}" fill-opacity="{opacity}" d="{path}"/>"#
                );
            }
        }
        svg.push_str("</g>");
    }
    svg.push_str("</svg>");
    Figure {
        svg,
        caption: format!(
            "The learned weights W⁽¹⁾ of the {neurons} hidden neurons, as {side}×{side} images: blue adds, orange takes away."
        ),
        description: format!(
            "{neurons} images of {side} by {side} pixels, blotches of positive and negative weights in the middle and next to nothing at the rim"
        ),
        themed: true,
    }
}

/// The largest relative difference between tape and formulas for each weight matrix and bias, on a logarithmic scale.
pub(super) fn gradient_differences(comparison: &Comparison) -> Figure {
    const LEFT: f64 = 150.0;
    const WIDTH: f64 = 640.0;
    const ROW: f64 = 46.0;
    const EXPONENTS: (f64, f64) = (-18.0, -4.0);
    let place = |x: f64| {
        let exponent = x.max(1e-300).log10().clamp(EXPONENTS.0, EXPONENTS.1);
        LEFT + (exponent - EXPONENTS.0) / (EXPONENTS.1 - EXPONENTS.0) * (WIDTH - LEFT - 40.0)
    };
    let pairs: [(&str, &Pair); 2] = [("f64", &comparison.pairs[0]), ("f32", &comparison.pairs[1])];
    let rows = pairs[0].1.parameters.len();
    let bottom = 40.0 + ROW * rows as f64;
    let mut svg = format!(
        r#"<svg class="bars" viewBox="0 0 {WIDTH} {}" xmlns="http://www.w3.org/2000/svg">"#,
        bottom + 34.0
    );
    for exponent in (EXPONENTS.0 as i32..=EXPONENTS.1 as i32).step_by(2) {
        let x = place(10_f64.powi(exponent));
        let _ = write!(
            svg,
            r#"<path class="grid" d="M{x:.1} 30V{bottom}"/><text class="faint" text-anchor="middle" x="{x:.1}" y="{}">1e{exponent}</text>"#,
            bottom + 20.0
        );
    }
    for (which, (kind, pair)) in pairs.iter().enumerate() {
        let x = place(pair.bound);
        let _ = write!(
            svg,
            r#"<path class="bound" d="M{x:.1} 30V{bottom}"/><text class="faint" text-anchor="middle" x="{x:.1}" y="20">bound, {kind}</text>"#
        );
        for (row, parameter) in pair.parameters.iter().enumerate() {
            let y = 40.0 + ROW * row as f64 + 17.0 * which as f64;
            if which == 0 {
                let _ = write!(
                    svg,
                    r#"<text text-anchor="end" x="{}" y="{}">{}</text>"#,
                    LEFT - 10.0,
                    y + 20.0,
                    escape(&parameter.name)
                );
            }
            let end = place(parameter.relative);
            let _ = write!(
                svg,
                r#"<rect class="{kind}" x="{LEFT}" y="{y}" width="{:.1}" height="14"/><text class="faint" x="{:.1}" y="{}">{kind} {:.0e}</text>"#,
                (end - LEFT).max(1.0),
                end.max(LEFT) + 6.0,
                y + 12.0,
                parameter.relative
            );
        }
    }
    svg.push_str("</svg>");
    Figure {
        svg,
        caption: "Largest relative difference between the tape's gradient and the δ formulas', for each weight matrix and bias.".into(),
        description: format!("Bars on a logarithmic scale, two for each parameter; all end well below their bounds, {:.0e} in double and {:.0e} in single precision", pairs[0].1.bound, pairs[1].1.bound),
        themed: true,
    }
}
