//! Reads PNG files as shades of grey.

use std::io::{BufRead, Seek};

use png::{ColorType, Decoder, InterlaceInfo, Limits, Transformations};

use super::background::{median, sides};
use super::{MAX_PNG_SIDE, Sketch};
use crate::data::DataCause;
use crate::data::contain::contain;

/// The maximum number of bytes that the decoder may allocate for chunks and rows.
///
/// The image itself is not included; [`MAX_PNG_SIDE`] bounds its size.
const MAX_DECODER_BYTES: usize = 8 << 20;

/// Reads a PNG image. A panic of the decoder becomes an error.
pub(super) fn png(input: impl BufRead + Seek) -> Result<Sketch, DataCause> {
    contain(|| decode(input)).unwrap_or_else(|message| Err(DataCause::PngDecoder { message }))
}

fn decode(input: impl BufRead + Seek) -> Result<Sketch, DataCause> {
    let limits = Limits {
        bytes: MAX_DECODER_BYTES,
    };
    let mut decoder = Decoder::new_with_limits(input, limits);
    decoder.set_transformations(Transformations::normalize_to_color8());
    // A few bytes of compressed text or colour profile can decompress to gigabytes.
    decoder.set_ignore_text_chunk(true);
    decoder.set_ignore_iccp_chunk(true);
    let (width, height) = decoder.read_header_info().map_err(DataCause::Png)?.size();
    if width.max(height) > MAX_PNG_SIDE {
        return Err(DataCause::PngTooLarge { width, height });
    }
    let mut reader = decoder.read_info().map_err(DataCause::Png)?;
    let (color, _) = reader.output_color_type();
    let opaque = !matches!(color, ColorType::GrayscaleAlpha | ColorType::Rgba);

    // A pixel is its shade, followed by its opacity if the image has transparency. Rows are converted one by one, so
    // a colour image takes no more memory than a grey one.
    let channels = if opaque { 1 } else { 2 };
    let stride = width as usize * channels;
    let mut pixels = vec![0; stride * height as usize];
    let mut grey = Vec::with_capacity(stride);
    let mut y = 0;
    while let Some(row) = reader.next_interlaced_row().map_err(DataCause::Png)? {
        grey.clear();
        append_grey(color, row.data(), &mut grey);
        match row.interlace() {
            InterlaceInfo::Null(_) => {
                pixels[y * stride..][..stride].copy_from_slice(&grey);
                y += 1;
            }
            InterlaceInfo::Adam7(pass) => {
                png::expand_interlaced_row(&mut pixels, stride, &grey, pass, 8 * channels as u8);
            }
        }
    }
    let shades = if opaque {
        pixels
    } else {
        flatten(pixels.as_chunks().0, width as usize)
    };
    Ok(Sketch::new(shades, width as usize))
}

/// Appends a row of pixels with 8 bits per channel as shades, each followed by its opacity if there is one.
fn append_grey(color: ColorType, row: &[u8], grey: &mut Vec<u8>) {
    match color {
        ColorType::Grayscale | ColorType::Indexed | ColorType::GrayscaleAlpha => {
            grey.extend_from_slice(row);
        }
        ColorType::Rgb => grey.extend(row.as_chunks().0.iter().map(luma)),
        ColorType::Rgba => {
            let pixels = row.as_chunks().0.iter();
            grey.extend(pixels.flat_map(|&[r, g, b, alpha]| [luma(&[r, g, b]), alpha]));
        }
    }
}

/// The luma of a colour (ITU-R BT.601).
fn luma(&[r, g, b]: &[u8; 3]) -> u8 {
    ((299 * u32::from(r) + 587 * u32::from(g) + 114 * u32::from(b) + 500) / 1000) as u8
}

/// Blends shades over the background, by their opacities.
///
/// If most of the border is opaque, it is the background. Otherwise the background contrasts with the ink: white if the opaque
/// pixels are mostly dark, and black otherwise.
fn flatten(pixels: &[[u8; 2]], width: usize) -> Vec<u8> {
    let mut border = sides(pixels, width).concat();
    let length = border.len();
    border.retain(|&[_, alpha]| alpha >= 128);
    let background = if 2 * border.len() > length {
        median(&mut border.iter().map(|&[shade, _]| shade).collect::<Vec<_>>())
    } else {
        let (mut darkness, mut lightness) = (0, 0);
        for &[shade, alpha] in pixels {
            darkness += u64::from(255 - shade) * u64::from(alpha);
            lightness += u64::from(shade) * u64::from(alpha);
        }
        if darkness > lightness { 255 } else { 0 }
    };
    let over = |&[shade, alpha]: &[u8; 2]| {
        let [shade, alpha, background] = [shade, alpha, background].map(u32::from);
        ((shade * alpha + background * (255 - alpha) + 127) / 255) as u8
    };
    pixels.iter().map(over).collect()
}
