//! Plots of the results as SVG, in which text stays text.

use plotters::chart::MeshStyle;
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::FontStyle;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use std::ops::Range;

/// Colours that colour-blind readers can distinguish too (after Okabe and Ito).
const COLOURS: [RGBColor; 7] = [
    RGBColor(0x00, 0x72, 0xb2),
    RGBColor(0xd5, 0x5e, 0x00),
    RGBColor(0x00, 0x9e, 0x73),
    RGBColor(0xcc, 0x79, 0xa7),
    RGBColor(0x56, 0xb4, 0xe9),
    RGBColor(0xe6, 0x9f, 0x00),
    RGBColor(0x99, 0x99, 0x99),
];
const TEXT: RGBColor = RGBColor(0x22, 0x26, 0x2b);
const FAINT_TEXT: RGBColor = RGBColor(0x5b, 0x63, 0x6b);
const GRID: RGBColor = RGBColor(0xe7, 0xe9, 0xec);
const SIZE: (u32, u32) = (900, 460);
const MARGIN: i32 = 24;

/// An error of the drawing library.
pub(crate) type Error = DrawingAreaErrorKind<std::io::Error>;

type Sheet<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// A plot of curves or bars, with its labels.
pub(crate) struct Plot<'a> {
    /// The title above the plot.
    pub(crate) title: &'a str,
    /// The label of the horizontal axis.
    pub(crate) x_label: &'a str,
    /// The label of the vertical axis.
    pub(crate) y_label: &'a str,
    /// The names of the curves, or of the bars in each group.
    pub(crate) names: Vec<String>,
}

impl Plot<'_> {
    /// Draws curves with a dot at each point, on logarithmic axes. Curves without a name are thin lines for comparison.
    pub(crate) fn log_log(&self, curves: &[Vec<(f64, f64)>]) -> Result<String, Error> {
        let points = || curves.iter().flatten();
        let x = spread(points().map(|point| point.0));
        let y = spread(points().map(|point| point.1));
        self.on_sheet(|sheet| {
            let mut chart = builder(sheet).build_cartesian_2d(x.log_scale(), y.log_scale())?;
            mesh(&mut chart.configure_mesh(), self)
                .x_label_formatter(&|x| scientific(*x))
                .y_label_formatter(&|y| scientific(*y))
                .draw()?;
            for (number, curve) in curves.iter().enumerate() {
                if number >= self.names.len() {
                    let line = PathElement::new(curve.clone(), FAINT_TEXT.stroke_width(1));
                    chart.draw_series([line])?;
                    continue;
                }
                let colour = COLOURS[number % COLOURS.len()];
                chart.draw_series([PathElement::new(curve.clone(), colour.stroke_width(2))])?;
                let dots = curve.iter().map(|&at| Circle::new(at, 4, colour.filled()));
                chart.draw_series(dots)?;
            }
            Ok(())
        })
    }

    /// Draws groups of bars from `base` up or down, without NaN values. The axis is logarithmic if `base` is not zero.
    pub(crate) fn bars(&self, base: f64, groups: &[(String, Vec<f64>)]) -> Result<String, Error> {
        let heights = groups.iter().flat_map(|group| &group.1).copied();
        let heights = heights.filter(|height| height.is_finite()).chain([base]);
        let high = heights.clone().fold(base, f64::max);
        let low = heights.fold(base, f64::min);
        self.on_sheet(|sheet| {
            let x = 0.0..groups.len() as f64;
            if base == 0.0 {
                let mut chart = builder(sheet).build_cartesian_2d(x, 0.0..high * 1.08)?;
                let mut style = chart.configure_mesh();
                mesh(&mut style, self)
                    .disable_x_mesh()
                    .x_labels(0)
                    .y_label_formatter(&|y| scientific(*y))
                    .draw()?;
                chart.draw_series(rectangles(base, groups))?;
            } else {
                let y = (low / 1.2..high * 1.2).log_scale();
                let mut chart = builder(sheet).build_cartesian_2d(x, y)?;
                let mut style = chart.configure_mesh();
                mesh(&mut style, self)
                    .disable_x_mesh()
                    .x_labels(0)
                    .y_label_formatter(&|y| scientific(*y))
                    .draw()?;
                chart.draw_series(rectangles(base, groups))?;
            }
            let width = (SIZE.0 as i32 - LEFT - MARGIN) as f64 / groups.len() as f64;
            for (number, (name, _)) in groups.iter().enumerate() {
                let middle = LEFT + ((number as f64 + 0.5) * width) as i32;
                let style = text(13, FAINT_TEXT).pos(Pos::new(HPos::Center, VPos::Center));
                sheet.draw(&Text::new(
                    name.as_str(),
                    (middle, SIZE.1 as i32 - 44),
                    style,
                ))?;
            }
            Ok(())
        })
    }

    fn on_sheet(
        &self,
        body: impl FnOnce(&Sheet<'_>) -> Result<(), Error>,
    ) -> Result<String, Error> {
        let mut svg = String::new();
        {
            let sheet = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
            sheet.fill(&WHITE)?;
            let title = ("sans-serif", 20, FontStyle::Bold).into_font().color(&TEXT);
            sheet.draw(&Text::new(self.title, (MARGIN, 18), title))?;
            let mut left = MARGIN;
            for (name, colour) in self.names.iter().zip(COLOURS.iter().cycle()) {
                let swatch = [(left, 54), (left + 16, 66)];
                sheet.draw(&Rectangle::new(swatch, colour.filled()))?;
                let style = text(14, TEXT).pos(Pos::new(HPos::Left, VPos::Center));
                sheet.draw(&Text::new(name.as_str(), (left + 22, 60), style))?;
                left += 42 + 8 * name.chars().count() as i32;
            }
            body(&sheet)?;
            sheet.present()?;
        }
        // Scales down where there is less room.
        Ok(svg.replacen("<svg ", r#"<svg style="max-width:100%;height:auto" "#, 1))
    }
}

/// The position of the vertical axis.
const LEFT: i32 = 12 + 72;

fn builder<'a, 'b>(sheet: &'a Sheet<'b>) -> ChartBuilder<'a, 'b, SVGBackend<'b>> {
    let mut builder = ChartBuilder::on(sheet);
    builder
        .margin_top(80)
        .margin_bottom(10)
        .margin_left(12)
        .margin_right(MARGIN)
        .x_label_area_size(50)
        .y_label_area_size(72);
    builder
}

fn mesh<'m, 'a, 'c, 's, X: Ranged, Y: Ranged>(
    mesh: &'m mut MeshStyle<'a, 'c, X, Y, SVGBackend<'s>>,
    plot: &Plot<'_>,
) -> &'m mut MeshStyle<'a, 'c, X, Y, SVGBackend<'s>> {
    mesh.x_desc(plot.x_label)
        .y_desc(plot.y_label)
        .bold_line_style(GRID.stroke_width(1))
        .light_line_style(TRANSPARENT)
        .axis_style(FAINT_TEXT.stroke_width(1))
        .label_style(text(13, FAINT_TEXT))
        .axis_desc_style(text(14, TEXT))
}

fn rectangles(base: f64, groups: &[(String, Vec<f64>)]) -> Vec<Rectangle<(f64, f64)>> {
    let mut rectangles = Vec::new();
    for (group, (_, heights)) in groups.iter().enumerate() {
        let width = 0.8 / heights.len() as f64;
        for (number, &height) in heights.iter().enumerate() {
            let left = group as f64 + 0.1 + width * number as f64;
            if height.is_finite() {
                let corners = [(left, base), (left + 0.92 * width, height)];
                let colour = COLOURS[number % COLOURS.len()];
                rectangles.push(Rectangle::new(corners, colour.filled()));
            }
        }
    }
    rectangles
}

fn text(size: i32, colour: RGBColor) -> TextStyle<'static> {
    ("sans-serif", size).into_font().color(&colour)
}

/// The range of some positive numbers, slightly extended, for a logarithmic axis.
fn spread(values: impl Iterator<Item = f64>) -> Range<f64> {
    let (low, high) = values.fold((f64::INFINITY, 0.0), |(low, high), value| {
        (f64::min(low, value), f64::max(high, value))
    });
    low / 1.3..high * 1.3
}

/// Formats a number in short form: 0, 0.5, 20, 1e6.
fn scientific(value: f64) -> String {
    if value == 0.0 || (1e-3..1e5).contains(&value) {
        format!("{}", (value * 1e6).round() / 1e6)
    } else {
        format!("{value:e}")
    }
}
