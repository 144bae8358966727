//! Plots of a run as SVG: curves over its steps, and the confusion matrix.
//!
//! Text stays text, in the viewer's sans-serif font. Drawing needs no font, and the text can be searched and copied.

mod axis;
mod canvas;
mod confusion;

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use axis::PlotAxis;
pub use axis::Scale;
pub use canvas::Error;
pub(crate) use canvas::SHRINKING;
use canvas::{Canvas, Drawn, FAINT_TEXT, GRID, MARGIN, TEXT, centred, draw, line, px, text};
pub use confusion::Confusion;

/// The size of a plot in pixels. It is narrow enough for the text to stay readable when the plot is scaled down.
const SIZE: (i32, i32) = (720, 430);

/// Colours that colour-blind readers can distinguish too (after Okabe and Ito).
const COLOURS: [RGBColor; 6] = [
    RGBColor(0x00, 0x72, 0xb2),
    RGBColor(0xd5, 0x5e, 0x00),
    RGBColor(0x00, 0x9e, 0x73),
    RGBColor(0xcc, 0x79, 0xa7),
    RGBColor(0x56, 0xb4, 0xe9),
    RGBColor(0xe6, 0x9f, 0x00),
];

/// One curve.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// The name in the legend.
    pub name: String,
    /// The points, from left to right.
    pub points: Vec<(f64, f64)>,
}

impl Series {
    /// Creates a curve.
    pub fn new(name: impl Into<String>, points: impl IntoIterator<Item = (f64, f64)>) -> Self {
        Self {
            name: name.into(),
            points: points.into_iter().collect(),
        }
    }
}

/// A plot of curves over a common horizontal axis.
///
/// ```
/// use mnist_core::plot::{LinePlot, Scale, Series};
///
/// let losses = [2.3, 1.9, 1.4, 1.1];
/// let points = losses.iter().enumerate().map(|(step, &loss)| (step as f64, loss));
/// let svg = LinePlot {
///     title: "Loss".into(),
///     x_label: "step".into(),
///     y_label: "cross-entropy".into(),
///     y_scale: Scale::Log,
///     series: vec![Series::new("training loss", points)],
/// }
/// .to_svg()?;
/// assert!(svg.starts_with("<svg") && svg.contains("training loss"));
/// # Ok::<(), mnist_core::plot::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct LinePlot {
    /// The title above the plot.
    pub title: String,
    /// The label of the horizontal axis.
    pub x_label: String,
    /// The label of the vertical axis.
    pub y_label: String,
    /// The scale of the vertical axis.
    pub y_scale: Scale,
    /// The curves; any number of them, of any length.
    pub series: Vec<Series>,
}

impl LinePlot {
    /// Draws the plot.
    ///
    /// A point that has no position (infinite, NaN, or not above zero on a logarithmic axis) leaves a gap in its curve.
    /// A point without neighbours is drawn as a dot.
    ///
    /// # Errors
    ///
    /// If the drawing library fails.
    pub fn to_svg(&self) -> Result<String, Error> {
        draw(&self.title, SIZE, |root| self.draw(root))
    }

    fn draw(&self, root: &Canvas<'_>) -> Drawn {
        let pieces: Vec<Vec<Vec<(f64, f64)>>> = self
            .series
            .iter()
            .map(|series| self.pieces(&series.points))
            .collect();
        let points = || pieces.iter().flatten().flatten();
        let x_axis = PlotAxis::new(Scale::Linear, 0.0, points().map(|point| point.0));
        let y_axis = PlotAxis::new(self.y_scale, 0.04, points().map(|point| point.1));

        self.draw_legend(root)?;
        let mut chart = ChartBuilder::on(root)
            .margin_top(px(78))
            .margin_bottom(px(10))
            .margin_left(px(12))
            .margin_right(MARGIN)
            .x_label_area_size(px(50))
            .y_label_area_size(px(72))
            .build_cartesian_2d(x_axis, y_axis)?;
        chart
            .configure_mesh()
            .x_desc(self.x_label.as_str())
            .y_desc(self.y_label.as_str())
            .set_all_tick_mark_size(px(5))
            .bold_line_style(line(1, GRID))
            .light_line_style(TRANSPARENT)
            .axis_style(line(1, FAINT_TEXT))
            .label_style(text(14, FAINT_TEXT))
            .axis_desc_style(text(15, TEXT))
            .draw()?;
        for (pieces, colour) in pieces.iter().zip(COLOURS.iter().cycle()) {
            for piece in pieces {
                match piece[..] {
                    [dot] => chart.draw_series([Circle::new(dot, px(3), colour.filled())])?,
                    _ => {
                        chart.draw_series([PathElement::new(thin_out(piece), line(2, *colour))])?
                    }
                };
            }
        }
        if points().next().is_none() {
            let middle = (px(SIZE.0 / 2), px(SIZE.1 / 2));
            root.draw(&Text::new(
                "no data",
                middle,
                centred(&text(18, FAINT_TEXT)),
            ))?;
        }
        Ok(())
    }

    /// Draws the names of the curves in a row below the title, where they cross no curve.
    fn draw_legend(&self, root: &Canvas<'_>) -> Drawn {
        let mut left = MARGIN;
        for (series, colour) in self.series.iter().zip(COLOURS.iter().cycle()) {
            let sample = vec![(left, px(61)), (left + px(26), px(61))];
            root.draw(&PathElement::new(sample, line(3, *colour)))?;
            let style = text(15, TEXT).pos(Pos::new(HPos::Left, VPos::Center));
            root.draw(&Text::new(
                series.name.as_str(),
                (left + px(34), px(61)),
                style,
            ))?;
            left += px(62 + 8 * series.name.chars().count() as i32);
        }
        Ok(())
    }

    /// Splits a curve, in axis coordinates, at the points that have no position.
    fn pieces(&self, points: &[(f64, f64)]) -> Vec<Vec<(f64, f64)>> {
        let placed = points
            .iter()
            .map(|&(x, y)| Some((Scale::Linear.place(x)?, self.y_scale.place(y)?)));
        let mut pieces = vec![vec![]];
        for point in placed {
            match (point, pieces.last_mut()) {
                (Some(point), Some(piece)) => piece.push(point),
                _ => pieces.push(vec![]),
            }
        }
        pieces.retain(|piece| !piece.is_empty());
        pieces
    }
}

/// Keeps the lowest and the highest point of each group if there are more points than a screen has columns. The outline
/// stays the same.
fn thin_out(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    const COLUMNS: usize = 1_000;
    if points.len() <= 2 * COLUMNS {
        return points.to_vec();
    }
    let group = points.len().div_ceil(COLUMNS);
    let extremes = points.chunks(group).flat_map(|group| {
        let indices = 0..group.len();
        let low = indices
            .clone()
            .min_by(|&a, &b| group[a].1.total_cmp(&group[b].1))
            .unwrap_or(0);
        let high = indices
            .max_by(|&a, &b| group[a].1.total_cmp(&group[b].1))
            .unwrap_or(0);
        [group[low.min(high)], group[low.max(high)]]
    });
    extremes.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plot(y_scale: Scale, curves: &[&[(f64, f64)]]) -> String {
        let series = curves
            .iter()
            .map(|points| Series::new("a curve", points.iter().copied()))
            .collect();
        let (title, x_label, y_label) = ("Title".into(), "step".into(), "loss".into());
        LinePlot {
            title,
            x_label,
            y_label,
            y_scale,
            series,
        }
        .to_svg()
        .unwrap()
    }

    #[test]
    fn a_plot_has_its_own_size_and_scales_down() {
        let head = r#"<svg width="720" height="430" style="max-width:100%;height:auto" viewBox="0 0 2880 1720""#;
        let svg = plot(Scale::Linear, &[]);
        assert!(svg.starts_with(head), "{svg}");
    }

    const SCALES: [Scale; 3] = [Scale::Linear, Scale::Log, Scale::Percent];

    #[test]
    fn curves_of_any_length_are_drawn() {
        for scale in SCALES {
            let none = plot(scale, &[]);
            assert!(
                none.contains("no data") && !none.contains("#0072B2"),
                "{none}"
            );
            assert!(plot(scale, &[&[]]).contains("no data"));
            assert!(plot(scale, &[&[(3.0, 0.5)]]).contains("<circle"));
            assert!(plot(scale, &[&[(0.0, 0.5), (1.0, 0.5)], &[]]).contains("a curve"));
        }
    }

    #[test]
    fn points_without_a_position_leave_a_gap() {
        let with_gap = [
            (0.0, 1.0),
            (1.0, 0.5),
            (2.0, f64::NAN),
            (3.0, 0.5),
            (4.0, f64::INFINITY),
        ];
        for scale in SCALES {
            let svg = plot(scale, &[&with_gap]);
            assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
            assert!(
                svg.contains("<circle"),
                "the point between two gaps is a dot: {svg}"
            );
            assert!(plot(scale, &[&[(f64::NAN, f64::NAN)]]).contains("no data"));
        }
        assert!(plot(Scale::Log, &[&[(0.0, 0.0), (1.0, -1.0)]]).contains("no data"));
    }

    #[test]
    fn values_of_any_size_are_drawn() {
        let values = [
            0.0,
            -1.0,
            1e-300,
            1e-12,
            1.0,
            1e12,
            1e300,
            f64::MAX,
            f64::MIN,
            f64::MIN_POSITIVE,
        ];
        for scale in SCALES {
            for (a, b) in values.iter().flat_map(|&a| values.map(|b| (a, b))) {
                plot(scale, &[&[(a, b), (b, a)]]);
                plot(scale, &[&[(0.0, a), (1.0, b)]]);
            }
        }
    }

    #[test]
    fn a_long_curve_keeps_its_outline() {
        let mut points: Vec<(f64, f64)> = (0..60_000).map(|i| (f64::from(i), 1.0)).collect();
        points[41_234].1 = 9.0;
        let thin = thin_out(&points);
        assert!(thin.len() <= 2_000 && thin.contains(&(41_234.0, 9.0)));
        assert!(thin.is_sorted_by(|a, b| a.0 <= b.0));
    }

    #[test]
    fn names_are_escaped() {
        let svg = Series::new("a < b & \"c\"", [(0.0, 1.0)]);
        let (title, x_label, y_label) = ("<script>".into(), "&".into(), ">".into());
        let plot = LinePlot {
            title,
            x_label,
            y_label,
            y_scale: Scale::Linear,
            series: vec![svg],
        };
        let svg = plot.to_svg().unwrap();
        assert!(
            !svg.contains("<script>") && svg.contains("a &lt; b &amp;"),
            "{svg}"
        );
    }
}
