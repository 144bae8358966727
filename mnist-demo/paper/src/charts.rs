//! Figures of the report, in colours that follow the light or dark page.

use std::fmt::Write;

use autodiff::tensor::Tensor;
use mnist_core::compare::Comparison;

use super::Figure;
use super::math::escape;

/// The number of steps of the colour scale of weights, on either side of 0.
const SHADES: i32 = 8;

/// Draws the weights of each neuron of the first layer as an image of the size of the input images.
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
            r#"<g transform="translate({x0} {y0})"><rect class="background" width="{side}" height="{side}"/>"#
        );
        for shade in (-SHADES..=SHADES).filter(|&shade| shade != 0) {
            let path = path_of_shade(weights, side, shade, largest);
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

/// Returns the SVG path of the pixels whose weights have this shade, which is ±[`SHADES`] for weights of ±`largest`.
fn path_of_shade(weights: &[f32], side: usize, shade: i32, largest: f32) -> String {
    let shade_of = |&w: &f32| (w / largest * SHADES as f32).round() as i32;
    let mut path = String::new();
    for (y, row) in weights.chunks_exact(side).enumerate() {
        let mut x = 0;
        for run in row.chunk_by(|a, b| shade_of(a) == shade_of(b)) {
            let length = run.len();
            if shade_of(&run[0]) == shade {
                let _ = write!(path, "M{x} {y}h{length}v1h-{length}z");
            }
            x += length;
        }
    }
    path
}

/// The left end of the bars of relative differences, and the width of the figure.
const LEFT: f64 = 130.0;
const WIDTH: f64 = 640.0;

/// The decimal exponents at the ends of the axis of relative differences.
const MIN_EXPONENT: f64 = -18.0;
const MAX_EXPONENT: f64 = -4.0;

/// The place of a relative difference on the axis, which is logarithmic.
fn x_of(difference: f64) -> f64 {
    let exponent = difference
        .max(1e-300)
        .log10()
        .clamp(MIN_EXPONENT, MAX_EXPONENT);
    LEFT + (exponent - MIN_EXPONENT) / (MAX_EXPONENT - MIN_EXPONENT) * (WIDTH - LEFT - 40.0)
}

/// Draws the largest relative differences between the tape and the other methods for each weight matrix and bias, on a
/// logarithmic scale.
pub(super) fn gradient_differences(comparison: &Comparison) -> Figure {
    const BAR: f64 = 17.0;
    let kinds = [
        ("both", "δ, f64", &comparison.pairs[0]),
        ("loops", "loops, f64", &comparison.pairs[2]),
        ("single", "δ, f32", &comparison.pairs[1]),
    ];
    let row_height = BAR * kinds.len() as f64 + 14.0;
    let bottom = 40.0 + row_height * kinds[0].2.parameters.len() as f64;
    let mut svg = format!(
        r#"<svg class="bars" viewBox="0 0 {WIDTH} {}" xmlns="http://www.w3.org/2000/svg">"#,
        bottom + 34.0
    );
    for exponent in (MIN_EXPONENT as i32..=MAX_EXPONENT as i32).step_by(2) {
        let x = x_of(10_f64.powi(exponent));
        let _ = write!(
            svg,
            r#"<path class="grid" d="M{x:.1} 30V{bottom}"/><text class="faint" text-anchor="middle" x="{x:.1}" y="{}">1e{exponent}</text>"#,
            bottom + 20.0
        );
    }
    for (precision, pair) in [("f64", kinds[0].2), ("f32", kinds[2].2)] {
        let x = x_of(pair.bound);
        let _ = write!(
            svg,
            r#"<path class="bound" d="M{x:.1} 30V{bottom}"/><text class="faint" text-anchor="middle" x="{x:.1}" y="20">bound, {precision}</text>"#
        );
    }
    for (which, (class, name, pair)) in kinds.into_iter().enumerate() {
        for (row, parameter) in pair.parameters.iter().enumerate() {
            let y = 40.0 + row_height * row as f64 + BAR * which as f64;
            if which == 0 {
                let _ = write!(
                    svg,
                    r#"<text text-anchor="end" x="{}" y="{}">{}</text>"#,
                    LEFT - 10.0,
                    y + 29.0,
                    escape(&parameter.name)
                );
            }
            let end = x_of(parameter.relative);
            let difference = match parameter.relative {
                0.0 => "the same bits".to_owned(),
                relative => format!("{relative:.0e}"),
            };
            let _ = write!(
                svg,
                r#"<rect class="{class}" x="{LEFT}" y="{y}" width="{:.1}" height="13"/><text class="faint" x="{:.1}" y="{}">{name}: {difference}</text>"#,
                (end - LEFT).max(1.5),
                end.max(LEFT) + 6.0,
                y + 11.0
            );
        }
    }
    svg.push_str("</svg>");
    let within = kinds.iter().all(|(_, _, pair)| pair.passed);
    Figure {
        svg,
        caption: "Largest relative difference of the tape's gradient from the δ formulas and from plain loops, for each weight matrix and bias.".into(),
        description: format!(
            "Bars on a logarithmic scale, three for each parameter; {} below their bounds, {:.0e} in double and {:.0e} in single precision",
            if within { "all end" } else { "not all end" },
            kinds[0].2.bound,
            kinds[2].2.bound
        ),
        themed: true,
    }
}
