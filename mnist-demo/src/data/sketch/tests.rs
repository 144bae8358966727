use super::*;
use crate::data::Splits;
use proptest::prelude::*;
use std::io::Cursor;

fn png_file(color: ColorType, depth: png::BitDepth, size: (u32, u32), samples: &[u8]) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, size.0, size.1);
    encoder.set_color(color);
    encoder.set_depth(depth);
    if color == ColorType::Indexed {
        encoder.set_palette(vec![0, 0, 0, 255, 255, 255]);
    }
    encoder
        .write_header()
        .unwrap()
        .write_image_data(samples)
        .unwrap();
    file
}

fn shades(color: ColorType, depth: png::BitDepth, samples: &[u8]) -> Vec<u8> {
    Sketch::read_png(Cursor::new(png_file(color, depth, (2, 1), samples)))
        .unwrap()
        .shades
}

#[test]
fn every_kind_of_png_becomes_grey() {
    use png::BitDepth::{Eight, One, Sixteen};
    assert_eq!(shades(ColorType::Grayscale, Eight, &[7, 200]), [7, 200]);
    assert_eq!(shades(ColorType::Grayscale, One, &[0b0100_0000]), [0, 255]);
    assert_eq!(
        shades(ColorType::Grayscale, Sixteen, &[7, 99, 200, 99]),
        [7, 200]
    );
    assert_eq!(shades(ColorType::Indexed, One, &[0b1000_0000]), [255, 0]);
    assert_eq!(
        shades(ColorType::Rgb, Eight, &[255, 0, 0, 255, 255, 255]),
        [76, 255]
    );
    assert_eq!(
        shades(ColorType::GrayscaleAlpha, Eight, &[0, 255, 90, 0]),
        [0, 255]
    );
    assert_eq!(
        shades(ColorType::Rgba, Eight, &[255, 255, 255, 255, 0, 0, 0, 0]),
        [255, 0]
    );
}

#[test]
fn what_is_no_whole_picture_is_refused() {
    let whole = png_file(ColorType::Grayscale, png::BitDepth::Eight, (9, 9), &[3; 81]);
    assert!(matches!(
        Sketch::read_png(Cursor::new(b"no picture")),
        Err(Cause::Png(_))
    ));
    for len in 0..whole.len() - 12 {
        assert!(
            Sketch::read_png(Cursor::new(&whole[..len])).is_err(),
            "cut to {len}"
        );
    }
    let wide = png_file(
        ColorType::Grayscale,
        png::BitDepth::Eight,
        (4097, 1),
        &[0; 4097],
    );
    let refused = Sketch::read_png(Cursor::new(wide));
    assert!(matches!(
        refused,
        Err(Cause::PictureTooLarge {
            width: 4097,
            height: 1
        })
    ));
}

#[test]
fn a_blank_picture_is_refused() {
    for shade in [0, 128, 255] {
        assert!(matches!(
            Sketch::new(vec![shade; 100 * 50], 100).prepare(28, 28),
            Err(Cause::Blank)
        ));
        assert!(matches!(
            Sketch::new(vec![shade; 784], 28).prepare(28, 28),
            Err(Cause::Blank)
        ));
    }
}

#[test]
fn a_prepared_picture_stays_as_it_is() {
    let test = Splits::embedded().unwrap().test;
    for index in 0..200 {
        let digit = test.image(index).to_vec();
        let inverted = digit.iter().map(|shade| 255 - shade).collect();
        assert_eq!(
            Sketch::new(digit.clone(), 28).prepare(28, 28).unwrap(),
            digit
        );
        assert_eq!(Sketch::new(inverted, 28).prepare(28, 28).unwrap(), digit);
    }
}

#[test]
fn a_large_drawing_becomes_the_digit_that_it_was_made_from() {
    let test = Splits::embedded().unwrap().test;
    let mut exact = 0;
    for index in 0..200 {
        let digit = test.image(index);
        // Eleven times as large, in brown on beige paper and off the middle.
        let (size, zoom, margin) = (28 * 11, 11, 60);
        let width = size + margin;
        let mut drawing = vec![230; width * (size + 2 * margin)];
        for (i, shade) in drawing.iter_mut().enumerate() {
            let (y, x) = (i / width, i % width);
            if y < size && x >= margin {
                *shade =
                    230 - (u32::from(digit[y / zoom * 28 + (x - margin) / zoom]) * 190 / 255) as u8;
            }
        }
        let prepared = Sketch::new(drawing, width).prepare(28, 28).unwrap();
        let off: u32 = prepared
            .iter()
            .zip(digit)
            .map(|(&a, &b)| u32::from(a.abs_diff(b)))
            .sum();
        let ink: u32 = digit.iter().map(|&shade| u32::from(shade)).sum();
        exact += usize::from(off * 20 < ink);
    }
    // A centre of mass half way between two pixels may go either way.
    assert!(exact >= 195, "{exact} of 200 digits came back within 5 %");
}

proptest! {
    #[test]
    fn any_bytes_give_a_picture_or_an_error(bytes: Vec<u8>, width in 1_usize..40, rows in 1_usize..40, cols in 1_usize..40) {
        let signed = [&b"\x89PNG\r\n\x1a\n"[..], &bytes].concat();
        let _ = Sketch::read_png(Cursor::new(signed));
        let whole = bytes.len() / width * width;
        if whole > 0 && let Ok(picture) = Sketch::new(bytes[..whole].to_vec(), width).prepare(rows, cols) {
            prop_assert_eq!(picture.len(), rows * cols);
        }
    }
}
