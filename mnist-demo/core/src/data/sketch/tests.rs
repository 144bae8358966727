use super::*;
use crate::data::Splits;
use png::ColorType;
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
fn invalid_images_are_refused() {
    let whole = png_file(ColorType::Grayscale, png::BitDepth::Eight, (9, 9), &[3; 81]);
    assert!(matches!(
        Sketch::read_png(Cursor::new(b"no image")),
        Err(DataCause::Png(_))
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
        Err(DataCause::PngTooLarge {
            width: 4097,
            height: 1
        })
    ));
}

#[test]
fn a_blank_image_is_refused() {
    for shade in [0, 128, 255] {
        assert!(matches!(
            Sketch::new(vec![shade; 100 * 50], 100).prepare(28, 28),
            Err(DataCause::Blank)
        ));
        assert!(matches!(
            Sketch::new(vec![shade; 784], 28).prepare(28, 28),
            Err(DataCause::Blank)
        ));
    }
}

#[test]
fn a_prepared_image_stays_as_it_is() {
    let test = Splits::embedded().unwrap().test;
    for index in 0..1_000 {
        let digit = test.sample(index);
        let inverted: Vec<u8> = digit.iter().map(|shade| 255 - shade).collect();
        for shown in [digit, &inverted] {
            let file = crate::render::encode_png(shown, 28).unwrap();
            let sketch = Sketch::read_png(Cursor::new(file)).unwrap();
            assert_eq!(sketch.prepare(28, 28).unwrap(), digit, "test image {index}");
        }
    }
}

/// A background between black and white becomes black, and the ink white.
#[test]
fn shades_are_stretched_at_any_size() {
    let mut shades = vec![100; 28 * 28];
    shades[10 * 28..][8..20].fill(160);
    shades[20 * 28..][8..20].fill(130);
    for (flip, rows) in [(false, 28), (true, 28), (false, 29), (true, 29)] {
        let mut drawn: Vec<u8> = shades.clone();
        drawn.resize(rows * 28, 100);
        if flip {
            drawn.iter_mut().for_each(|shade| *shade = 255 - *shade);
        }
        let mut found = Sketch::new(drawn, 28).prepare(28, 28).unwrap();
        found.sort_unstable();
        assert_eq!(found[0], 0);
        assert_eq!(found[783], 255);
        assert!(rows > 28 || (found[760 - 1], found[760], found[772]) == (0, 128, 255));
    }
}

#[test]
fn a_digit_along_a_side_is_not_taken_for_uneven_light() {
    // A seven that fills its image: the whole top side is ink.
    let seven = |y: usize, x: usize| y < 4 || (x + y / 2).abs_diff(18) < 2;
    let shades = |background: u8, ink: u8| {
        let shade = |i: usize| {
            if seven(i / 20, i % 20) {
                ink
            } else {
                background
            }
        };
        (0..600).map(shade).collect()
    };
    let expected = Sketch::new(shades(0, 255), 20).prepare(28, 28).unwrap();
    let is_bar = |row: &[u8]| row.iter().filter(|&&ink| ink > 250).count() > 10;
    assert!(expected.chunks_exact(28).any(is_bar));
    for (background, ink) in [(255, 0), (90, 190), (190, 90)] {
        let found = Sketch::new(shades(background, ink), 20).prepare(28, 28);
        assert_eq!(found.unwrap(), expected, "{ink} on {background}");
    }
}

/// As in a screenshot of a window.
#[test]
fn transparent_corners_of_an_opaque_window_are_background() {
    let read = |corner_alpha: u8| {
        let mut pixels = vec![[240, 255]; 40 * 40];
        for y in 12..28 {
            pixels[y * 40..][18..22].fill([20, 255]);
        }
        for corner in [0, 36, 36 * 40, 36 * 41] {
            for y in 0..4 {
                pixels[corner + y * 40..][..4].fill([0, corner_alpha]);
            }
        }
        let (kind, depth) = (ColorType::GrayscaleAlpha, png::BitDepth::Eight);
        let file = png_file(kind, depth, (40, 40), pixels.as_flattened());
        let sketch = Sketch::read_png(Cursor::new(file)).unwrap();
        sketch.prepare(28, 28).unwrap()
    };
    let mut upright = vec![0; 40 * 40];
    for y in 12..28 {
        upright[y * 40..][18..22].fill(255);
    }
    let expected = Sketch::new(upright, 40).prepare(28, 28).unwrap();
    assert_eq!(read(0), expected);
    assert_ne!(read(255), expected, "opaque corners are ink");
}

#[test]
fn dust_does_not_turn_ink_into_background() {
    let mut shades = vec![128; 60 * 60];
    for row in shades.chunks_exact_mut(60).skip(20).take(20) {
        row[28..32].fill(80);
    }
    let clean = Sketch::new(shades.clone(), 60).prepare(28, 28).unwrap();
    for dust in [11, 700, 3_000] {
        shades[dust] = 255;
    }
    let dusty = Sketch::new(shades, 60).prepare(28, 28).unwrap();
    assert_eq!(dusty, clean);
}

#[test]
fn a_large_drawing_becomes_the_original_digit() {
    let test = Splits::embedded().unwrap().test;
    let mut exact = 0;
    for index in 0..200 {
        let digit = test.sample(index);
        // Eleven times as large, in brown on beige paper and off centre.
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
    // A centre of mass half-way between two pixels may be rounded either way.
    assert!(exact >= 195, "{exact} of 200 digits came back within 5 %");
}

proptest! {
    #[test]
    fn any_bytes_give_an_image_or_an_error(bytes: Vec<u8>, width in 1_usize..40, rows in 1_usize..40, cols in 1_usize..40) {
        let signed = [&b"\x89PNG\r\n\x1a\n"[..], &bytes].concat();
        let _ = Sketch::read_png(Cursor::new(signed));
        let whole = bytes.len() / width * width;
        if whole > 0 && let Ok(image) = Sketch::new(bytes[..whole].to_vec(), width).prepare(rows, cols) {
            prop_assert_eq!(image.len(), rows * cols);
        }
    }
}
