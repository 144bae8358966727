//! PNG images of every kind are read.

use std::io::Cursor;

use crate::png;
use mnist_core::data::Sketch;

/// The same digit with every colour type, depth and interlacing, opaque or on a transparent background.
#[test]
fn every_kind_of_image_gives_the_same_digit() {
    let (width, height) = (19, 23);
    let is_ink = |y: usize, x: usize| (4..18).contains(&y) && x.abs_diff(12 - y / 3) < 2;
    let shade = |i: usize| if is_ink(i / width, i % width) { 255 } else { 0 };
    let sketch = Sketch::new((0..width * height).map(shade).collect(), width);
    let expected = sketch.prepare(28, 28).unwrap();
    // The samples of background and ink. An image with fewer bits uses the low bits.
    let (none, most) = (0, u16::MAX);
    let mut kinds = Vec::new();
    for depth in [1, 2, 4, 8, 16] {
        kinds.push((0, depth, [none; 4], [most; 4], None));
        kinds.push((0, depth, [most; 4], [none; 4], None));
        // A background of one shade is transparent, so the ink need not be black or white.
        let transparent = |shade: u16| {
            Some((
                b"tRNS",
                (shade & ((1 << depth.min(15)) - 1)).to_be_bytes().to_vec(),
            ))
        };
        if depth > 1 && depth < 16 {
            kinds.push((0, depth, [1; 4], [none; 4], transparent(1)));
        }
    }
    for depth in [1, 2, 4, 8] {
        let palette = Some((b"PLTE", vec![40, 40, 40, 200, 20, 230]));
        kinds.push((3, depth, [none; 4], [1; 4], palette.clone()));
        kinds.push((3, depth, [1; 4], [none; 4], palette));
    }
    for depth in [8, 16] {
        kinds.push((2, depth, [none; 4], [most; 4], None));
        kinds.push((2, depth, [most; 4], [most, none, none, 0], None));
        for (color, alpha) in [(4, 1), (6, 3)] {
            for ink in [none, most] {
                let [mut off, mut on] = [[none; 4], [ink; 4]];
                (off[alpha], on[alpha]) = (none, most);
                kinds.push((color, depth, off, on, None));
            }
        }
    }
    for (color, depth, background, ink, extra) in kinds {
        for interlaced in [false, true] {
            let header = png::header(width as u32, height as u32, depth, color, interlaced);
            let pixel = |y, x| if is_ink(y, x) { ink } else { background };
            let rows = png::rows(&header.1, || 0, pixel);
            let mut chunks = vec![header];
            chunks.extend(extra.clone().map(|(kind, data)| (*kind, data)));
            chunks.push((*b"IDAT", png::deflate(&rows[..])));
            chunks.push((*b"IEND", vec![]));
            let found = Sketch::read_png(Cursor::new(png::assemble(&chunks)));
            let found = found.unwrap().prepare(28, 28).unwrap();
            assert_eq!(
                found, expected,
                "colour {color}, depth {depth}, {interlaced}, {extra:?}"
            );
        }
    }
}

/// Of an animation, the image for viewers without animation is read.
#[test]
fn of_an_animation_the_first_image_is_read() {
    let header = png::header(2, 1, 8, 0, false);
    let frame = |number: u32, width: u32| {
        let size = [width, 1, 0, 0].map(u32::to_be_bytes).concat();
        (
            *b"fcTL",
            [&number.to_be_bytes(), &size[..], &[0, 1, 0, 1, 0, 0]].concat(),
        )
    };
    let animation = (*b"acTL", vec![0, 0, 0, 2, 0, 0, 0, 0]);
    let image = (*b"IDAT", png::deflate(&[0, 9, 200][..]));
    let other = |number: u32| {
        (
            *b"fdAT",
            [&number.to_be_bytes(), &png::deflate(&[0, 77][..])[..]].concat(),
        )
    };
    let end = (*b"IEND", vec![]);
    let of_it = [
        header.clone(),
        animation.clone(),
        frame(0, 2),
        image.clone(),
        frame(1, 1),
        other(2),
        end.clone(),
    ];
    let before_it = [header, animation, image, frame(0, 1), other(1), end];
    for chunks in [&of_it[..], &before_it[..]] {
        let read = Sketch::read_png(Cursor::new(png::assemble(chunks))).unwrap();
        assert_eq!(read, Sketch::new(vec![9, 200], 2));
    }
}
