//! The user's own images, converted to the form of the data set.

mod background;
mod ink;
mod read;

use std::io::{BufRead, Seek};

use super::DataCause;
use background::Background;

/// The largest accepted height or width of a PNG image, in pixels.
pub const MAX_PNG_SIDE: u32 = 4096;

/// The smallest accepted contrast between ink and background, on a scale of 0 to 255.
const MIN_CONTRAST: f32 = 16.0;

/// An image of the right size with at least this contrast is assumed to come from a data set.
const DATA_SET_CONTRAST: f32 = 128.0;

/// The lower limit of the ink threshold: pixels with less ink are noise or the edge of a stroke.
const MIN_INK_THRESHOLD: u8 = 51;

/// A pixel belongs to the digit if its ink is at least this multiple of the noise of the background.
const NOISE_MULTIPLE: u8 = 3;

/// The upper limit of the ink threshold, however noisy the background is.
const MAX_INK_THRESHOLD: u8 = 128;

/// A grey image of any size with a digit anywhere in it, dark on light or light on dark.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sketch {
    /// The shades of the pixels, row by row, from 0 (black) to 255 (white).
    shades: Vec<u8>,
    width: usize,
}

impl Sketch {
    /// Creates a sketch from shades, row by row, each from 0 (black) to 255 (white).
    ///
    /// # Panics
    ///
    /// If `shades` is empty or not a whole number of rows.
    #[track_caller]
    pub fn new(shades: Vec<u8>, width: usize) -> Self {
        assert!(
            width > 0 && !shades.is_empty() && shades.len().is_multiple_of(width),
            "{} shades are not rows of {width}",
            shades.len()
        );
        Self { shades, width }
    }

    /// Reads a PNG image of any kind: grey, coloured or with a palette, 1 to 16 bits, transparent, interlaced, or
    /// animated (the first frame is used).
    ///
    /// If most of the border is opaque, transparent pixels take its shade. Otherwise they become white behind dark ink
    /// and black behind light ink.
    ///
    /// # Errors
    ///
    /// If the input is not a complete PNG image or has more than [`MAX_PNG_SIDE`] pixels a side, or the decoder
    /// fails in another way, including a panic.
    pub fn read_png(input: impl BufRead + Seek) -> Result<Self, DataCause> {
        read::png(input)
    }

    /// Returns the digit as a data set of `rows`×`cols` pixels would show it: white on black, centred, at the usual
    /// size.
    ///
    /// The background is the shade of the border, which may change evenly across the image. The ink is what stands out
    /// from the background, darker or lighter. It is stretched to the full range of shades, which helps with thin pens and
    /// pale pencils.
    ///
    /// The digit is then cropped, scaled with antialiasing to fit into a box of 20×20 pixels (in an image of 28×28; in
    /// proportion otherwise) with its aspect ratio kept, and moved so that its centre of mass is in the middle. MNIST
    /// was made from larger images in the same way.
    ///
    /// An image of the right size is taken to be cropped, scaled and centred already. With strong contrast on pure
    /// black, as in MNIST, it is unchanged; on pure white it is inverted.
    ///
    /// # Errors
    ///
    /// If nothing stands out from the background.
    pub fn prepare(&self, rows: usize, cols: usize) -> Result<Vec<u8>, DataCause> {
        let background = Background::find(&self.shades, self.width);
        if background.contrast < MIN_CONTRAST {
            return Err(DataCause::Blank);
        }
        let ink = || background.ink(&self.shades, self.width);
        if (self.shades.len() / self.width, self.width) == (rows, cols) {
            return Ok(match background.shade {
                0 if background.contrast >= DATA_SET_CONTRAST => self.shades.clone(),
                255 if background.contrast >= DATA_SET_CONTRAST => {
                    self.shades.iter().map(|shade| 255 - shade).collect()
                }
                _ => ink().into_pixels(),
            });
        }
        let noise = f32::from(background.noise) / background.contrast * 255.0;
        let threshold = (f32::from(NOISE_MULTIPLE) * noise) as u8;
        let threshold = threshold.clamp(MIN_INK_THRESHOLD, MAX_INK_THRESHOLD);
        Ok(ink()
            .crop(threshold)
            .scale_into(rows * 20 / 28, cols * 20 / 28)
            .place(rows, cols))
    }
}

#[cfg(test)]
mod tests;
