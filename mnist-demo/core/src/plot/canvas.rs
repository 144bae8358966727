//! The drawing surface and the styles that all plots share.

use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::FontStyle;
use plotters::style::text_anchor::{HPos, Pos, VPos};

/// A plot that could not be drawn.
#[derive(Debug, thiserror::Error)]
#[error("cannot draw {title:?}: {cause}")]
#[non_exhaustive]
pub struct Error {
    /// The title of the plot.
    pub title: String,
    /// The error message of the drawing library.
    pub cause: String,
}

/// The style of an SVG that is shown at its own size where there is room, and scaled down where there is not.
pub(crate) const SHRINKING: &str = "max-width:100%;height:auto";

/// The distance of text and axes from the left and right border.
pub(super) const MARGIN: i32 = px(24);

/// The colour of important text.
pub(super) const TEXT: RGBColor = RGBColor(0x22, 0x26, 0x2b);

/// The colour of secondary text.
pub(super) const FAINT_TEXT: RGBColor = RGBColor(0x5b, 0x63, 0x6b);

/// The colour of grid lines.
pub(super) const GRID: RGBColor = RGBColor(0xe7, 0xe9, 0xec);

/// Converts pixels to the library's unit. The unit is finer than a pixel, because the library rounds coordinates to
/// whole units and curves would be jagged.
pub(super) const fn px(length: i32) -> i32 {
    length * 4
}

/// The drawing surface.
pub(super) type Canvas<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// The result of a drawing operation.
pub(super) type Drawn = Result<(), DrawingAreaErrorKind<std::io::Error>>;

/// Draws on a blank surface under a title, and returns the SVG.
pub(super) fn draw(
    title: &str,
    size: (i32, i32),
    body: impl FnOnce(&Canvas<'_>) -> Drawn,
) -> Result<String, Error> {
    let mut svg = String::new();
    let units = (px(size.0) as u32, px(size.1) as u32);
    let root = SVGBackend::with_string(&mut svg, units).into_drawing_area();
    let drawn = root.fill(&WHITE).and_then(|()| {
        let style = ("sans-serif", px(22), FontStyle::Bold)
            .into_font()
            .color(&TEXT);
        root.draw(&Text::new(title, (MARGIN, px(18)), style))?;
        body(&root)?;
        root.present()
    });
    drop(root);
    match drawn {
        // The viewBox keeps the fine unit; width and height are in pixels, and scale down where there is less room.
        Ok(()) => Ok(svg.replacen(
            &format!(r#"width="{}" height="{}""#, units.0, units.1),
            &format!(
                r#"width="{}" height="{}" style="{SHRINKING}""#,
                size.0, size.1
            ),
            1,
        )),
        Err(cause) => Err(Error {
            title: title.to_owned(),
            cause: cause.to_string(),
        }),
    }
}

/// A line style, with a width in pixels.
pub(super) fn line(width: i32, colour: RGBColor) -> ShapeStyle {
    colour.stroke_width(px(width) as u32)
}

/// A text style, with a height in pixels.
pub(super) fn text(size: i32, colour: RGBColor) -> TextStyle<'static> {
    ("sans-serif", px(size)).into_font().color(&colour)
}

/// The same text style, anchored at the centre.
pub(super) fn centred<'a>(style: &TextStyle<'a>) -> TextStyle<'a> {
    style.pos(Pos::new(HPos::Center, VPos::Center))
}
