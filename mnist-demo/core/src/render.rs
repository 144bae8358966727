//! Images of digits and their probabilities, rendered in the terminal, on an SVG sheet, or as PNG.

use std::fmt::Write;

use crate::plot::SHRINKING;

/// Draws an image for a terminal with 24-bit colours. Each character shows two pixels, one above the other, in their
/// shades of grey.
///
/// [`ascii`] works in every terminal.
///
/// # Panics
///
/// If `pixels` are not rows of `cols`.
#[track_caller]
pub fn greys(pixels: &[u8], cols: usize) -> String {
    check(pixels, cols);
    let mut text = String::new();
    for pair in pixels.chunks(2 * cols) {
        let (upper, lower) = pair.split_at(cols);
        for (x, top) in upper.iter().enumerate() {
            // If the height is odd, the last line ends half-way.
            let bottom = lower.get(x).unwrap_or(&0);
            let _ = write!(
                text,
                "\x1b[38;2;{top};{top};{top};48;2;{bottom};{bottom};{bottom}m▀"
            );
        }
        text.push_str("\x1b[0m\n");
    }
    text
}

/// Draws an image in plain characters, two per pixel. Lighter pixels get denser characters.
///
/// # Panics
///
/// If `pixels` are not rows of `cols`.
#[track_caller]
pub fn ascii(pixels: &[u8], cols: usize) -> String {
    const RAMP: &[u8; 10] = b" .:-=+*#%@";
    check(pixels, cols);
    let mut text = String::new();
    for row in pixels.chunks(cols) {
        let line: String = row
            .iter()
            .map(|&shade| char::from(RAMP[usize::from(shade) * RAMP.len() / 256]))
            .flat_map(|character| [character; 2])
            .collect();
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

#[track_caller]
fn check(pixels: &[u8], cols: usize) {
    assert!(
        cols > 0 && pixels.len().is_multiple_of(cols),
        "{} pixels are not rows of {cols}",
        pixels.len()
    );
}

/// Draws the probability of each class as a bar with a number, the largest emphasized.
///
/// `colour` allows terminal colours.
pub fn bars(probabilities: &[f32], colour: bool) -> String {
    let best = probabilities
        .iter()
        .copied()
        .fold(f32::NEG_INFINITY, f32::max);
    let mut text = String::new();
    for (class, &probability) in probabilities.iter().enumerate() {
        let (on, off) = match (colour, probability == best) {
            (true, true) => ("\x1b[1;32m", "\x1b[0m"),
            (true, false) => ("\x1b[2m", "\x1b[0m"),
            (false, _) => ("", ""),
        };
        let mark = if probability == best { '◀' } else { ' ' };
        let line = format!(
            "{class:2} │{} {:>7} {mark}",
            bar(probability),
            percent(probability, 1)
        );
        let _ = writeln!(text, "{on}{}{off}", line.trim_end());
    }
    text
}

/// Formats a fraction in percent, such as `99.8 %`. An output that is not a probability may be any number.
fn percent(share: f32, decimals: usize) -> String {
    let percent = 100.0 * f64::from(share);
    if percent.abs() < 1e5 {
        format!("{percent:.decimals$} %")
    } else {
        format!("{percent:.1e} %")
    }
}

/// Draws a bar of length 0 to 1, in steps of an eighth of a character.
fn bar(length: f32) -> String {
    const WIDTH: usize = 30;
    const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    // NaN becomes 0.
    let eighths = (length.clamp(0.0, 1.0) * (8 * WIDTH) as f32).round() as usize;
    let bar = "█".repeat(eighths / 8) + EIGHTHS[eighths % 8];
    format!("{bar:WIDTH$}")
}

/// A digit on a [`sheet`], with its true and its predicted class.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Thumbnail<'a> {
    /// The pixels, row by row.
    pub pixels: &'a [u8],
    /// The true class.
    pub truth: u8,
    /// The predicted class.
    pub guess: u8,
    /// The network's output for the predicted class, from 0 to 1.
    pub output: f32,
}

/// Draws digits in rows of `columns` as a self-contained SVG. The caption of a digit is its true class, its predicted
/// class and the network's output for the predicted class in percent.
///
/// `cols` is the width of each image in pixels.
///
/// # Errors
///
/// If an image has no pixels and cannot be encoded.
///
/// # Panics
///
/// If the number of an image's pixels is not a multiple of `cols`, or `columns` is 0.
#[track_caller]
pub fn sheet(
    title: &str,
    thumbnails: &[Thumbnail<'_>],
    cols: usize,
    columns: usize,
) -> Result<String, png::EncodingError> {
    const MARGIN: usize = 24;
    const TOP: usize = 64;
    const SIDE: usize = 84;
    const STEP_X: usize = 100;
    const STEP_Y: usize = 122;
    assert!(columns > 0, "a sheet needs columns");
    let width = 2 * MARGIN + columns * STEP_X - (STEP_X - SIDE);
    // A narrow sheet is about as wide as its title.
    let width = width.max(2 * MARGIN + 11 * title.chars().count());
    let height = TOP + thumbnails.len().div_ceil(columns) * STEP_Y + MARGIN / 2;
    let mut svg = format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" style="{SHRINKING}" viewBox="0 0 {width} {height}" font-family="sans-serif" text-anchor="middle">
<rect width="100%" height="100%" fill="#ffffff"/>
<text x="{MARGIN}" y="38" text-anchor="start" font-size="18" font-weight="bold" fill="#22262b">{}</text>
"##,
        escape(title)
    );
    for (i, thumbnail) in thumbnails.iter().enumerate() {
        let (left, top) = (MARGIN + i % columns * STEP_X, TOP + i / columns * STEP_Y);
        let (middle, below) = (left + SIDE / 2, top + SIDE + 18);
        let image = base64(&encode_png(thumbnail.pixels, cols)?);
        let Thumbnail {
            truth,
            guess,
            output,
            ..
        } = thumbnail;
        let colour = if truth == guess { "#007a59" } else { "#c04a00" };
        let _ = writeln!(
            svg,
            r##"<image x="{left}" y="{top}" width="{SIDE}" height="{SIDE}" style="image-rendering:pixelated" href="data:image/png;base64,{image}"/>
<text x="{middle}" y="{below}" font-size="13" fill="#5b636b">{truth} → <tspan font-weight="bold" fill="{colour}">{guess}</tspan> {}</text>"##,
            percent(*output, 0)
        );
    }
    svg.push_str("</svg>\n");
    Ok(svg)
}

/// Encodes a grey image as PNG.
///
/// # Errors
///
/// If there are no pixels.
///
/// # Panics
///
/// If `pixels` are not rows of `cols`.
#[track_caller]
pub fn encode_png(pixels: &[u8], cols: usize) -> Result<Vec<u8>, png::EncodingError> {
    check(pixels, cols);
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, cols as u32, (pixels.len() / cols) as u32);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(pixels)?;
    writer.finish()?;
    Ok(file)
}

/// Encodes bytes in Base64 (RFC 4648).
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let mut three = [0; 4];
        three[1..=chunk.len()].copy_from_slice(chunk);
        let bits = u32::from_be_bytes(three);
        for i in 0..4 {
            let digit = ALPHABET[(bits >> (18 - 6 * i)) as usize & 63];
            text.push(if i <= chunk.len() {
                char::from(digit)
            } else {
                '='
            });
        }
    }
    text
}

/// Escapes text for XML.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn greys_show_two_rows_a_line() {
        let text = greys(&[1, 2, 3, 4, 5, 6], 2);
        let expected = "\x1b[38;2;1;1;1;48;2;3;3;3m▀\x1b[38;2;2;2;2;48;2;4;4;4m▀\x1b[0m\n\
                        \x1b[38;2;5;5;5;48;2;0;0;0m▀\x1b[38;2;6;6;6;48;2;0;0;0m▀\x1b[0m\n";
        assert_eq!(text, expected);
    }

    #[test]
    fn ascii_covers_all_shades() {
        assert_eq!(
            ascii(&[255, 0, 128, 0, 0, 0, 26, 0, 25], 3),
            "@@  ++\n\n..\n"
        );
        assert_eq!(ascii(&[], 3), "");
    }

    #[test]
    fn bars_are_as_long_as_their_numbers() {
        let text = bars(&[0.0, 0.5, 1.0, 0.004], false);
        let expected = format!(
            " 0 │{}   0.0 %\n 1 │{}{}  50.0 %\n 2 │{} 100.0 % ◀\n 3 │▏{}   0.4 %\n",
            " ".repeat(30),
            "█".repeat(15),
            " ".repeat(15),
            "█".repeat(30),
            " ".repeat(29)
        );
        assert_eq!(text, expected);
    }

    #[test]
    fn outputs_that_are_not_probabilities_are_drawn() {
        for odd in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, -1.0, 7.0] {
            for colour in [false, true] {
                assert_eq!(bars(&[odd, 0.5], colour).lines().count(), 2);
            }
        }
        assert_eq!(bars(&[], true), "");
    }

    #[test]
    fn a_sheet_shows_each_digit_with_its_caption() {
        let thumbnail = Thumbnail {
            pixels: &[0, 255, 128, 7],
            truth: 7,
            guess: 1,
            output: 0.984,
        };
        for count in [0, 1, 5] {
            let svg = sheet("Hard <& easy>", &vec![thumbnail; count], 2, 3).unwrap();
            assert_eq!(svg.matches("<image").count(), count);
            assert_eq!(
                svg.matches(r##"7 → <tspan font-weight="bold" fill="#c04a00">1</tspan> 98 %"##)
                    .count(),
                count
            );
            assert!(svg.contains("Hard &lt;&amp; easy&gt;"));
        }
        assert!(
            sheet(
                "",
                &[Thumbnail {
                    pixels: &[],
                    ..thumbnail
                }],
                2,
                3
            )
            .is_err()
        );
    }

    #[test]
    fn png_files_decode_to_the_images() {
        let file = encode_png(&[0, 255, 128, 7, 8, 9], 3).unwrap();
        let mut reader = png::Decoder::new(std::io::Cursor::new(file))
            .read_info()
            .unwrap();
        let mut pixels = vec![0; 6];
        let frame = reader.next_frame(&mut pixels).unwrap();
        assert_eq!(
            (frame.width, frame.height, &pixels[..]),
            (3, 2, &[0, 255, 128, 7, 8, 9][..])
        );
    }

    #[test]
    fn base64_matches_the_rfc() {
        let cases = [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
        ];
        for (plain, coded) in cases {
            assert_eq!(base64(plain.as_bytes()), coded);
        }
        assert_eq!(base64(&[0xfb, 0xff, 0xfe]), "+//+");
    }
}
