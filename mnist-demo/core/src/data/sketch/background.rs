//! Separates ink from background: the shade of the paper at each pixel, and how far the ink stands out.

use super::ink::Ink;

/// A shade that varies linearly across an image, as on paper that is lit from one side.
#[derive(Clone, Copy)]
struct Plane {
    /// The shade in the middle of the image.
    shade: f32,
    /// The change of shade from one row to the next.
    down: f32,
    /// The change of shade from one column to the next.
    across: f32,
    /// The row and column of the middle.
    middle: (f32, f32),
}

impl Plane {
    fn at(&self, y: usize, x: usize) -> f32 {
        self.shade
            + self.down * (y as f32 - self.middle.0)
            + self.across * (x as f32 - self.middle.1)
    }
}

/// The background of an image, and the contrast of its ink.
pub(super) struct Background {
    plane: Plane,
    /// The median shade of the border.
    pub(super) shade: u8,
    /// Whether the ink is darker than the background.
    pub(super) dark_ink: bool,
    /// The difference in shade between the background and the strongest ink.
    pub(super) contrast: f32,
    /// The noise of the background: nine in ten pixels of the border differ from the plane by less than this.
    pub(super) noise: u8,
}

impl Background {
    /// Estimates the background of an image of `width` pixels a row from its border.
    ///
    /// Medians ignore a digit that touches the border.
    pub(super) fn find(shades: &[u8], width: usize) -> Self {
        let height = shades.len() / width;
        let mut sides = sides(shades, width);
        let shade = median(&mut sides.concat());
        let [top, bottom, left, right] = sides.each_mut().map(|side| f32::from(median(side)));

        let level = Plane {
            shade: f32::from(shade),
            down: 0.0,
            across: 0.0,
            middle: ((height - 1) as f32 / 2.0, (width - 1) as f32 / 2.0),
        };
        let (_, contrast) = ink_on(shades, width, level);
        // A larger difference of opposite sides is not uneven light, but a digit along one side.
        let slope = |begin: f32, end: f32, pixels: usize| match end - begin {
            rise if rise.abs() < contrast / 2.0 => rise / (pixels - 1).max(1) as f32,
            _ => 0.0,
        };
        let plane = Plane {
            down: slope(top, bottom, height),
            across: slope(left, right, width),
            ..level
        };
        let (dark_ink, contrast) = ink_on(shades, width, plane);
        Self {
            plane,
            shade,
            dark_ink,
            contrast,
            noise: noise_on_border(shades, width, plane),
        }
    }

    /// Returns the ink on the background, stretched so that the strongest is 255.
    pub(super) fn ink(&self, shades: &[u8], width: usize) -> Ink {
        let scale = if self.dark_ink { -255.0 } else { 255.0 } / self.contrast;
        let ink = deviations(shades, width, self.plane)
            .map(|deviation| (deviation * scale).round() as u8)
            .collect();
        Ink::new(ink, width)
    }
}

/// The shade of each pixel minus the shade of the plane.
fn deviations(shades: &[u8], width: usize, plane: Plane) -> impl Iterator<Item = f32> {
    let rows = shades.chunks_exact(width).enumerate();
    rows.flat_map(move |(y, row)| {
        let pixels = row.iter().enumerate();
        pixels.map(move |(x, &shade)| f32::from(shade) - plane.at(y, x))
    })
}

/// Returns whether the ink is darker than the plane, and the largest difference of the ink from the plane.
///
/// The side with the larger sum of squares is the ink. A digit outweighs a few specks of dust, however strong, and
/// noise is the same on both sides.
fn ink_on(shades: &[u8], width: usize, plane: Plane) -> (bool, f32) {
    let mut sums = [0.0; 2];
    let mut most = [0.0_f32; 2];
    for deviation in deviations(shades, width, plane) {
        let dark = usize::from(deviation < 0.0);
        sums[dark] += f64::from(deviation * deviation);
        most[dark] = most[dark].max(deviation.abs());
    }
    let dark = sums[1] > sums[0];
    (dark, most[usize::from(dark)])
}

/// The ninth decile of the border's absolute deviations from the plane.
fn noise_on_border(shades: &[u8], width: usize, plane: Plane) -> u8 {
    let bottom = shades.len() / width - 1;
    let is_border = |y: usize, x: usize| y == 0 || y == bottom || x == 0 || x == width - 1;
    let mut differences: Vec<u8> = deviations(shades, width, plane)
        .enumerate()
        .filter(|(i, _)| is_border(i / width, i % width))
        .map(|(_, deviation)| deviation.abs().round() as u8)
        .collect();
    let most = differences.len() * 9 / 10;
    *differences.select_nth_unstable(most).1
}

/// The pixels along each side of an image: top, bottom, left and right.
pub(super) fn sides<T: Copy>(pixels: &[T], width: usize) -> [Vec<T>; 4] {
    let row = |y: usize| pixels[y * width..][..width].to_vec();
    let column = |x: usize| pixels.iter().skip(x).step_by(width).copied().collect();
    let bottom = pixels.len() / width - 1;
    [row(0), row(bottom), column(0), column(width - 1)]
}

/// The median of at least one shade.
pub(super) fn median(shades: &mut [u8]) -> u8 {
    let middle = shades.len() / 2;
    *shades.select_nth_unstable(middle).1
}
