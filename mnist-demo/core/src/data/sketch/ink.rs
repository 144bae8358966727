//! The ink of a digit: cropped, scaled, and placed as in the data set.

/// The ink of each pixel of a rectangle, apart from the background.
#[derive(Clone, Debug)]
pub(super) struct Ink {
    /// The ink of the pixels, row by row, from 0 (none) to 255 (the strongest).
    pixels: Vec<u8>,
    width: usize,
}

impl Ink {
    /// Creates a rectangle of ink from at least one row of `width` pixels.
    pub(super) fn new(pixels: Vec<u8>, width: usize) -> Self {
        debug_assert!(
            width > 0 && !pixels.is_empty() && pixels.len().is_multiple_of(width),
            "{} pixels of ink are not rows of {width}",
            pixels.len()
        );
        Self { pixels, width }
    }

    /// Returns the ink of the pixels, row by row.
    pub(super) fn into_pixels(self) -> Vec<u8> {
        self.pixels
    }

    /// Crops to the smallest rectangle that contains all pixels whose ink is at least `threshold`.
    ///
    /// # Panics
    ///
    /// If there is no such pixel.
    pub(super) fn crop(&self, threshold: u8) -> Self {
        let (mut top, mut left, mut bottom, mut right) = (self.height(), self.width, 0, 0);
        for (i, &ink) in self.pixels.iter().enumerate() {
            if ink >= threshold {
                let (y, x) = (i / self.width, i % self.width);
                (top, left, bottom, right) = (top.min(y), left.min(x), bottom.max(y), right.max(x));
            }
        }
        let rows = self.rows().take(bottom + 1).skip(top);
        let pixels = rows.flat_map(|row| &row[left..=right]).copied().collect();
        Self::new(pixels, right + 1 - left)
    }

    /// Scales to the largest size that fits into `rows`×`cols` pixels. Each new pixel is the average of the area that
    /// it covers, relative to the largest average.
    pub(super) fn scale_into(&self, rows: usize, cols: usize) -> Self {
        let (old_rows, old_cols) = (self.height(), self.width);
        let scale = (rows as f32 / old_rows as f32).min(cols as f32 / old_cols as f32);
        let scaled = |size: usize| ((size as f32 * scale).round() as usize).max(1);
        let (new_rows, new_cols) = (scaled(old_rows), scaled(old_cols));
        let (down, across) = (coverage(old_rows, new_rows), coverage(old_cols, new_cols));
        let mut averages = Vec::with_capacity(new_rows * new_cols);
        for covered_rows in &down {
            for covered_cols in &across {
                averages.push(self.average(covered_rows, covered_cols));
            }
        }
        let largest = averages.iter().copied().fold(f32::MIN_POSITIVE, f32::max);
        let ink = |average: &f32| (average / largest * 255.0).round() as u8;
        Self::new(averages.iter().map(ink).collect(), new_cols)
    }

    /// Returns the average ink of an area, given as the rows and columns that it covers, with their weights.
    fn average(&self, rows: &[(usize, f32)], cols: &[(usize, f32)]) -> f32 {
        let mut sum = 0.0;
        for &(y, row_weight) in rows {
            let row = &self.pixels[y * self.width..][..self.width];
            let ink = |&(x, col_weight): &(usize, f32)| col_weight * f32::from(row[x]);
            sum += row_weight * cols.iter().map(ink).sum::<f32>();
        }
        sum
    }

    /// Returns a black image with the ink on it, its centre of mass as close to the middle as possible without
    /// cropping.
    pub(super) fn place(&self, rows: usize, cols: usize) -> Vec<u8> {
        // Of the two middle pixels MNIST uses the right and lower one: its centres of mass are between 14 and 15, and
        // not around 14.
        let offset = |size: usize, centre: f32, taken: usize| {
            (((size / 2) as f32 + 0.5 - centre).round().max(0.0) as usize).min(size - taken)
        };
        let (y, x) = self.centre_of_mass();
        let (top, left) = (offset(rows, y, self.height()), offset(cols, x, self.width));
        let mut image = vec![0; rows * cols];
        for (y, row) in self.rows().enumerate() {
            image[(top + y) * cols + left..][..self.width].copy_from_slice(row);
        }
        image
    }

    /// Returns the distances of the centre of mass from the upper and the left edge, in pixels.
    fn centre_of_mass(&self) -> (f32, f32) {
        let (mut mass, mut moment_y, mut moment_x) = (0.0, 0.0, 0.0);
        for (i, &ink) in self.pixels.iter().enumerate() {
            let ink = f32::from(ink);
            mass += ink;
            moment_y += ink * ((i / self.width) as f32 + 0.5);
            moment_x += ink * ((i % self.width) as f32 + 0.5);
        }
        (moment_y / mass, moment_x / mass)
    }

    fn rows(&self) -> impl Iterator<Item = &[u8]> {
        self.pixels.chunks_exact(self.width)
    }

    fn height(&self) -> usize {
        self.pixels.len() / self.width
    }
}

/// Returns, for each of the `new` pixels of a line, the indices and weights of the `old` pixels that it covers.
fn coverage(old: usize, new: usize) -> Vec<Vec<(usize, f32)>> {
    let step = old as f64 / new as f64;
    let cover = |i: usize| {
        let (start, end) = (i as f64 * step, (i + 1) as f64 * step);
        let last = (end.ceil() as usize).min(old);
        let share = |x: usize| ((x + 1) as f64).min(end) - (x as f64).max(start);
        (start as usize..last)
            .map(|x| (x, (share(x) / step) as f32))
            .collect()
    };
    (0..new).map(cover).collect()
}
