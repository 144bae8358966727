//! A picture of the user's own, brought into the form of the data set.

use std::io::{BufRead, Seek};

use png::{ColorType, Decoder, Transformations};

use super::Cause;

/// The largest side of a picture that is read, in pixels.
pub const MAX_PICTURE_SIDE: u32 = 4096;

/// The least difference in shade between ink and background, of 255.
const LEAST_CONTRAST: u8 = 16;

/// How much ink a pixel needs to belong to the digit, of 255; less is the grain of a photograph or
/// the rim of a stroke.
const INK: u8 = 51;

/// A grey picture of any size, with its digit anywhere in it, drawn dark on light or light on dark.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sketch {
    /// One shade a pixel, row after row, from black to white.
    shades: Vec<u8>,
    width: usize,
}

impl Sketch {
    /// Makes a sketch of shades, row after row, each from 0 (black) to 255 (white).
    ///
    /// # Panics
    ///
    /// When `shades` is empty or not a whole number of rows.
    #[track_caller]
    pub fn new(shades: Vec<u8>, width: usize) -> Self {
        assert!(
            width > 0 && !shades.is_empty() && shades.len().is_multiple_of(width),
            "{} shades are not rows of {width}",
            shades.len()
        );
        Self { shades, width }
    }

    /// Reads a PNG picture of any kind: grey, coloured or with a palette, 1 to 16 bits,
    /// transparent, interlaced.
    ///
    /// What is transparent becomes white behind dark ink and black behind light ink.
    ///
    /// # Errors
    ///
    /// When it is not a whole PNG picture, or has more than [`MAX_PICTURE_SIDE`] pixels a side.
    pub fn read_png(input: impl BufRead + Seek) -> Result<Self, Cause> {
        let mut decoder = Decoder::new(input);
        decoder.set_transformations(Transformations::normalize_to_color8());
        let (width, height) = decoder.read_header_info().map_err(Cause::Png)?.size();
        if width.max(height) > MAX_PICTURE_SIDE {
            return Err(Cause::PictureTooLarge { width, height });
        }
        let mut reader = decoder.read_info().map_err(Cause::Png)?;
        let size = reader
            .output_buffer_size()
            .ok_or(Cause::PictureTooLarge { width, height })?;
        let mut samples = vec![0; size];
        let frame = reader.next_frame(&mut samples).map_err(Cause::Png)?;
        samples.truncate(frame.buffer_size());
        let shades = match frame.color_type {
            ColorType::Grayscale | ColorType::Indexed => samples,
            ColorType::Rgb => samples.as_chunks().0.iter().map(luma).collect(),
            ColorType::GrayscaleAlpha => flatten(
                &samples
                    .as_chunks()
                    .0
                    .iter()
                    .map(|&[shade, alpha]| [shade, alpha])
                    .collect::<Vec<_>>(),
            ),
            ColorType::Rgba => flatten(
                &samples
                    .as_chunks()
                    .0
                    .iter()
                    .map(|&[r, g, b, alpha]| [luma(&[r, g, b]), alpha])
                    .collect::<Vec<_>>(),
            ),
        };
        Ok(Self::new(shades, frame.width as usize))
    }

    /// The digit as a data set of `rows`×`cols` pixels would show it: white on black, in the
    /// middle, of the usual size.
    ///
    /// This is how MNIST itself was made from larger pictures. The digit is cut out, scaled to fit
    /// into a box of 20×20 pixels (of 28×28; in proportion otherwise) with its aspect ratio kept
    /// and its edges smoothed, and moved so that its centre of mass lies in the middle. The strokes
    /// are then stretched to the full range of shades, which helps thin pens and pale pencils.
    ///
    /// A picture that already has the right size is taken to be prepared, and at most inverted.
    ///
    /// # Errors
    ///
    /// When nothing stands out from the background, which is the shade found most around the
    /// border.
    pub fn prepare(&self, rows: usize, cols: usize) -> Result<Vec<u8>, Cause> {
        let background = self.border_median();
        let darkest = self.shades.iter().copied().min().unwrap_or(background);
        let lightest = self.shades.iter().copied().max().unwrap_or(background);
        let (below, above) = (background - darkest, lightest - background);
        let contrast = below.max(above);
        if contrast < LEAST_CONTRAST {
            return Err(Cause::Blank);
        }
        let dark_on_light = below > above;
        if (self.height(), self.width) == (rows, cols) {
            return Ok(self
                .shades
                .iter()
                .map(|&shade| if dark_on_light { 255 - shade } else { shade })
                .collect());
        }
        let ink = |shade: u8| {
            let (low, high) = if dark_on_light {
                (shade, background)
            } else {
                (background, shade)
            };
            (u32::from(high.saturating_sub(low)) * 255 / u32::from(contrast)) as u8
        };
        let digit = Self::new(
            self.shades.iter().map(|&shade| ink(shade)).collect(),
            self.width,
        )
        .cut_out();
        Ok(digit
            .scale_into(rows * 20 / 28, cols * 20 / 28)
            .place(rows, cols))
    }

    fn height(&self) -> usize {
        self.shades.len() / self.width
    }

    fn border_median(&self) -> u8 {
        let (height, width) = (self.height(), self.width);
        let at = |y: usize, x: usize| self.shades[y * width + x];
        let sides = (0..height).flat_map(|y| [at(y, 0), at(y, width - 1)]);
        let mut border: Vec<u8> = (0..width)
            .flat_map(|x| [at(0, x), at(height - 1, x)])
            .chain(sides)
            .collect();
        border.sort_unstable();
        border[border.len() / 2]
    }

    /// The smallest rectangle that holds all pixels with enough ink.
    fn cut_out(&self) -> Self {
        let (mut top, mut left, mut bottom, mut right) = (self.height(), self.width, 0, 0);
        for (i, _) in self
            .shades
            .iter()
            .enumerate()
            .filter(|&(_, &ink)| ink >= INK)
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

    /// Scales to the largest size that fits, each new pixel being the average of the area that it
    /// covers.
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
        let most = averages.iter().copied().fold(f32::MIN_POSITIVE, f32::max);
        Self::new(
            averages
                .iter()
                .map(|average| (average / most * 255.0).round() as u8)
                .collect(),
            to_cols,
        )
    }

    /// Lays the digit on a black picture, its centre of mass as near to the middle as it can go
    /// without being cut.
    fn place(&self, rows: usize, cols: usize) -> Vec<u8> {
        let (mut mass, mut moment_y, mut moment_x) = (0.0, 0.0, 0.0);
        for (i, &ink) in self.shades.iter().enumerate() {
            let ink = f32::from(ink);
            mass += ink;
            moment_y += ink * ((i / self.width) as f32 + 0.5);
            moment_x += ink * ((i % self.width) as f32 + 0.5);
        }
        // Of the two pixels in the middle MNIST takes the one to the right and below: its centres
        // of mass lie from 14 to 15, and not about 14.
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

/// For each of `to` pixels that a line of `from` pixels is scaled to, which old ones it covers, and
/// their shares.
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

/// How light a colour looks (ITU-R BT.601).
fn luma(&[r, g, b]: &[u8; 3]) -> u8 {
    ((299 * u32::from(r) + 587 * u32::from(g) + 114 * u32::from(b) + 500) / 1000) as u8
}

/// Lays shades with their opacities over the background from which they stand out: white if they
/// are mostly dark.
fn flatten(shades: &[[u8; 2]]) -> Vec<u8> {
    let (weighted, opacity) =
        shades
            .iter()
            .fold((0_u64, 0_u64), |(sum, total), &[shade, alpha]| {
                (
                    sum + u64::from(shade) * u64::from(alpha),
                    total + u64::from(alpha),
                )
            });
    let background: u32 = if weighted < 128 * opacity { 255 } else { 0 };
    let over = |&[shade, alpha]: &[u8; 2]| {
        let alpha = u32::from(alpha);
        ((u32::from(shade) * alpha + background * (255 - alpha) + 127) / 255) as u8
    };
    shades.iter().map(over).collect()
}

#[cfg(test)]
mod tests;
