//! The user's own pictures, converted to the form of the data set.

mod background;
mod read;

use std::io::{BufRead, Seek};

use super::DataCause;
use background::Background;

/// The largest accepted height or width of a picture, in pixels.
pub const MAX_PICTURE_SIDE: u32 = 4096;

/// The smallest accepted contrast between ink and background, on a scale of 0 to 255.
const MIN_CONTRAST: f32 = 16.0;

/// A picture of the right size with at least this contrast is taken for one of a data set.
const DATA_SET_CONTRAST: f32 = 128.0;

/// The lower limit of the ink threshold: pixels with less ink are noise or the edge of a stroke.
const MIN_INK_THRESHOLD: u8 = 51;

/// A pixel belongs to the digit if its ink is at least this multiple of the noise of the background.
const NOISE_MULTIPLE: u8 = 3;

/// The upper limit of the ink threshold, however noisy the background is.
const MAX_INK_THRESHOLD: u8 = 128;

/// A grey picture of any size with a digit anywhere in it, dark on light or light on dark.
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

    /// Reads a PNG picture of any kind: grey, coloured or with a palette, 1 to 16 bits, transparent, interlaced, or
    /// animated (the first frame is used).
    ///
    /// If most of the border is opaque, transparent pixels take its shade. Otherwise they become white behind dark ink
    /// and black behind light ink.
    ///
    /// # Errors
    ///
    /// If the input is not a complete PNG picture or has more than [`MAX_PICTURE_SIDE`] pixels a side, or the decoder
    /// fails in another way, including a panic.
    pub fn read_png(input: impl BufRead + Seek) -> Result<Self, DataCause> {
        read::png(input)
    }

    /// Returns the digit as a data set of `rows`×`cols` pixels would show it: white on black, centred, at the usual
    /// size.
    ///
    /// The background is the shade of the border, which may change evenly across the picture. The ink is what stands out
    /// from the background, darker or lighter. It is stretched to the full range of shades, which helps with thin pens and
    /// pale pencils.
    ///
    /// The digit is then cropped, scaled with antialiasing to fit into a box of 20×20 pixels (in a picture of 28×28; in
    /// proportion otherwise) with its aspect ratio kept, and moved so that its centre of mass is in the middle. MNIST
    /// was made from larger pictures in the same way.
    ///
    /// A picture of the right size is taken to be cropped, scaled and centred already. With strong contrast on pure
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
        if (self.height(), self.width) == (rows, cols) {
            return Ok(match background.shade {
                0 if background.contrast >= DATA_SET_CONTRAST => self.shades.clone(),
                255 if background.contrast >= DATA_SET_CONTRAST => {
                    self.shades.iter().map(|shade| 255 - shade).collect()
                }
                _ => ink(),
            });
        }
        let noise = f32::from(background.noise) / background.contrast * 255.0;
        let threshold = (f32::from(NOISE_MULTIPLE) * noise) as u8;
        let threshold = threshold.clamp(MIN_INK_THRESHOLD, MAX_INK_THRESHOLD);
        let digit = Self::new(ink(), self.width).crop(threshold);
        Ok(digit
            .scale_into(rows * 20 / 28, cols * 20 / 28)
            .place(rows, cols))
    }

    fn height(&self) -> usize {
        self.shades.len() / self.width
    }

    /// Crops to the smallest rectangle that contains all pixels whose ink is at least `threshold`.
    fn crop(&self, threshold: u8) -> Self {
        let (mut top, mut left, mut bottom, mut right) = (self.height(), self.width, 0, 0);
        for (i, _) in self
            .shades
            .iter()
            .enumerate()
            .filter(|&(_, &ink)| ink >= threshold)
        {
            let (y, x) = (i / self.width, i % self.width);
            (top, left, bottom, right) = (top.min(y), left.min(x), bottom.max(y), right.max(x));
        }
        let rows = self
            .shades
            .chunks_exact(self.width)
            .take(bottom + 1)
            .skip(top);
        Self::new(
            rows.flat_map(|row| &row[left..=right]).copied().collect(),
            right + 1 - left,
        )
    }

    /// Scales to the largest size that fits. Each new pixel is the average of the area that it covers.
    fn scale_into(&self, rows: usize, cols: usize) -> Self {
        let (from_rows, from_cols) = (self.height(), self.width);
        let scale = (rows as f32 / from_rows as f32).min(cols as f32 / from_cols as f32);
        let to_rows = ((from_rows as f32 * scale).round() as usize).max(1);
        let to_cols = ((from_cols as f32 * scale).round() as usize).max(1);
        let (across, down) = (coverage(from_cols, to_cols), coverage(from_rows, to_rows));
        let mut averages = Vec::with_capacity(to_rows * to_cols);
        for row_parts in &down {
            for col_parts in &across {
                let mut sum = 0.0;
                for &(y, share_y) in row_parts {
                    let row = &self.shades[y * from_cols..][..from_cols];
                    sum += share_y
                        * col_parts
                            .iter()
                            .map(|&(x, share_x)| share_x * f32::from(row[x]))
                            .sum::<f32>();
                }
                averages.push(sum);
            }
        }
        let largest = averages.iter().copied().fold(f32::MIN_POSITIVE, f32::max);
        Self::new(
            averages
                .iter()
                .map(|average| (average / largest * 255.0).round() as u8)
                .collect(),
            to_cols,
        )
    }

    /// Places the digit on a black picture, its centre of mass as close to the middle as possible without cropping.
    fn place(&self, rows: usize, cols: usize) -> Vec<u8> {
        let (mut mass, mut moment_y, mut moment_x) = (0.0, 0.0, 0.0);
        for (i, &ink) in self.shades.iter().enumerate() {
            let ink = f32::from(ink);
            mass += ink;
            moment_y += ink * ((i / self.width) as f32 + 0.5);
            moment_x += ink * ((i % self.width) as f32 + 0.5);
        }
        // Of the two middle pixels MNIST uses the right and lower one: its centres of mass are between 14 and 15, and
        // not around 14.
        let offset = |size: usize, moment: f32, taken: usize| {
            (((size / 2) as f32 + 0.5 - moment / mass).round().max(0.0) as usize).min(size - taken)
        };
        let (top, left) = (
            offset(rows, moment_y, self.height()),
            offset(cols, moment_x, self.width),
        );
        let mut picture = vec![0; rows * cols];
        for (y, row) in self.shades.chunks_exact(self.width).enumerate() {
            picture[(top + y) * cols + left..][..self.width].copy_from_slice(row);
        }
        picture
    }
}

/// Returns, for each of the `to` new pixels of a line, the indices and weights of the old pixels that it covers.
fn coverage(from: usize, to: usize) -> Vec<Vec<(usize, f32)>> {
    let step = from as f64 / to as f64;
    let cover = |i: usize| {
        let (start, end) = (i as f64 * step, (i + 1) as f64 * step);
        let last = (end.ceil() as usize).min(from);
        let share = |x: usize| ((x + 1) as f64).min(end) - (x as f64).max(start);
        (start as usize..last)
            .map(|x| (x, (share(x) / step) as f32))
            .collect()
    };
    (0..to).map(cover).collect()
}

#[cfg(test)]
mod tests;
