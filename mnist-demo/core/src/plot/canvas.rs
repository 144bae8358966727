//! What all pictures are drawn on and with.

use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::FontStyle;
use plotters::style::text_anchor::{HPos, Pos, VPos};

/// A picture that could not be drawn.
#[derive(Debug, thiserror::Error)]
#[error("cannot draw {title:?}: {cause}")]
#[non_exhaustive]
pub struct Error {
    /// The title of the picture.
    pub title: String,
    /// What the drawing library says.
    pub cause: String,
}

/// The style of a picture that has its own size where there is room for it, and scales where there is not.
pub(crate) const SHRINKING: &str = "max-width:100%;height:auto";

/// How far texts and axes keep from the left and right border.
pub(super) const MARGIN: i32 = px(24);

/// The colour of what is read first.
pub(super) const TEXT: RGBColor = RGBColor(0x22, 0x26, 0x2b);

/// The colour of what is read when it is needed.
pub(super) const FAINT_TEXT: RGBColor = RGBColor(0x5b, 0x63, 0x6b);

/// The colour of lines behind everything.
pub(super) const GRID: RGBColor = RGBColor(0xe7, 0xe9, 0xec);

/// A length in pixels, in the library's own unit, which is finer: it knows whole numbers only, and
/// curves would be jagged.
pub(super) const fn px(length: i32) -> i32 {
    length * 4
}

/// The sheet that is drawn on.
pub(super) type Canvas<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// Whether the library could draw.
pub(super) type Drawn = Result<(), DrawingAreaErrorKind<std::io::Error>>;

/// Draws on a blank sheet under a title.
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
        // The picture keeps its fine units inside, and is shown in pixels, or smaller where there is less room.
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

/// The pen for a line of a width in pixels.
pub(super) fn line(width: i32, colour: RGBColor) -> ShapeStyle {
    colour.stroke_width(px(width) as u32)
}

/// A text of a height in pixels.
pub(super) fn text(size: i32, colour: RGBColor) -> TextStyle<'static> {
    ("sans-serif", px(size)).into_font().color(&colour)
}

/// The same, with its middle where it is placed.
pub(super) fn centred<'a>(style: &TextStyle<'a>) -> TextStyle<'a> {
    style.pos(Pos::new(HPos::Center, VPos::Center))
}
