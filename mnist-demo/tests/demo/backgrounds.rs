//! Digits are recognised on any background: of any shade, noisy, or lit from one side.

use std::ops::ControlFlow;
use std::sync::OnceLock;

use mnist_core::data::{Sketch, Splits};
use mnist_core::mistakes::guess;
use mnist_core::train::{Length, Settings, Trained, train};
use nn::OptimizerSettings;
use nn::{Dataset, SgdSettings};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// The number of digits drawn on each background.
const DIGITS: usize = 60;

/// The background and the ink of a drawing.
#[derive(Clone, Copy, Debug)]
struct Drawing {
    /// The shade in the middle.
    shade: f32,
    /// The shade of the ink minus the shade of the background.
    ink: f32,
    /// The largest random deviation of a pixel.
    noise: f32,
    /// The shade of the last corner minus the shade of the first.
    tilt: f32,
}

impl Drawing {
    /// Draws ink, given as values from 0 to 1, on a square.
    fn draw(&self, ink: &[f32], size: usize, random: &mut ChaCha8Rng) -> Sketch {
        let mut chance = || random.next_u32() as f32 / u32::MAX as f32 - 0.5;
        let shade = |(i, ink): (usize, &f32)| {
            let way = (i / size + i % size) as f32 / (2 * size) as f32 - 0.5;
            let noise = self.noise * (chance() + chance());
            (self.shade + self.ink * ink + self.tilt * way + noise).round() as u8
        };
        Sketch::new(ink.iter().enumerate().map(shade).collect(), size)
    }
}

/// Resizes a digit of 28×28 pixels to a square of another size, with ink values from 0 to 1.
fn resize(digit: &[u8], size: usize) -> Vec<f32> {
    // Each new pixel is the mean of several sample points, interpolated between four old pixels.
    const POINTS: usize = 3;
    let at = |y: f32, x: f32| {
        f32::from(digit[y.clamp(0.0, 27.0) as usize * 28 + x.clamp(0.0, 27.0) as usize]) / 255.0
    };
    let place = |pixel: usize, point: usize| {
        let place = pixel as f32 + (point as f32 + 0.5) / POINTS as f32;
        place * 28.0 / size as f32 - 0.5
    };
    let mut ink = vec![0.0; size * size];
    for (i, ink) in ink.iter_mut().enumerate() {
        if size == 28 {
            *ink = at((i / 28) as f32, (i % 28) as f32);
            continue;
        }
        for point in 0..POINTS * POINTS {
            let (y, x) = (
                place(i / size, point / POINTS),
                place(i % size, point % POINTS),
            );
            let (top, left) = (y.floor(), x.floor());
            let (down, right) = (y - top, x - left);
            let upper = (1.0 - right) * at(top, left) + right * at(top, left + 1.0);
            let lower = (1.0 - right) * at(top + 1.0, left) + right * at(top + 1.0, left + 1.0);
            *ink += ((1.0 - down) * upper + down * lower) / (POINTS * POINTS) as f32;
        }
    }
    ink
}

/// A network after a short training, and the test data.
fn network() -> &'static (Trained<f32>, Dataset) {
    static NETWORK: OnceLock<(Trained<f32>, Dataset)> = OnceLock::new();
    NETWORK.get_or_init(learn)
}

fn learn() -> (Trained<f32>, Dataset) {
    let splits = Splits::embedded().unwrap();
    let settings = Settings {
        batch: Some(100),
        length: Length::Steps(300),
        optimizer: OptimizerSettings::Sgd(SgdSettings::new(0.5)),
        ..Settings::default()
    };
    let (data, test) = (splits.train.range(0..20_000), splits.test.range(0..DIGITS));
    let trained = train(&settings, &data, &test, &mut |_| ControlFlow::Continue(())).unwrap();
    (trained, splits.test)
}

/// The number of digits that the network recognises when `pixels` returns the image with a given index.
fn recognised(
    trained: &Trained<f32>,
    test: &Dataset,
    mut pixels: impl FnMut(usize) -> Vec<u8>,
) -> usize {
    let loss = Settings::default().model.loss;
    let is_right = |&index: &usize| {
        let (found, _) = guess(&trained.network, loss, &trained.parameters, &pixels(index));
        found == test.classes()[index] as usize
    };
    (0..DIGITS).filter(is_right).count()
}

/// Draws digits of every size with ink of every contrast, darker and lighter, on every background. Checks that nearly as
/// many are recognised as in the data set's own images.
fn check(sizes: &[usize], contrasts: &[f32]) {
    let (trained, test) = network();
    let own = recognised(trained, test, |index| test.sample(index).to_vec());
    println!("{own} of {DIGITS} in the data set's own images");
    assert!(own >= 50);
    for &size in sizes {
        let digits: Vec<Vec<f32>> = (0..DIGITS).map(|i| resize(test.sample(i), size)).collect();
        for (noise, tilt) in [(0.0, 0.0), (12.0, 0.0), (0.0, 30.0), (12.0, 30.0)] {
            for &contrast in contrasts {
                for shade in [0.0, 64.0, 128.0, 192.0, 255.0_f32] {
                    let inks = [contrast, -contrast].into_iter();
                    for ink in inks.filter(|ink| (0.0..=255.0).contains(&(shade + ink))) {
                        let drawing = Drawing {
                            shade,
                            ink,
                            noise,
                            tilt,
                        };
                        let mut random = ChaCha8Rng::seed_from_u64(1);
                        let found = recognised(trained, test, |index| {
                            let sketch = drawing.draw(&digits[index], size, &mut random);
                            sketch.prepare(28, 28).unwrap()
                        });
                        println!("{found} of {size}×{size} pixels in {drawing:?}");
                        assert!(found + 4 >= own, "{found} of {size}×{size} in {drawing:?}");
                    }
                }
            }
        }
    }
}

#[test]
fn digits_are_recognised_on_any_background() {
    check(&[20, 28, 29, 56], &[60.0]);
}

#[test]
#[ignore = "draws 23,000 images, some of them large: half a minute in a release build"]
fn digits_of_any_size_are_recognised_on_any_background() {
    check(&[20, 28, 29, 56, 100, 280, 500], &[60.0, 110.0]);
}

/// The checks above would fail without the preparation of the images.
#[test]
fn without_preparation_few_digits_are_recognised_on_grey() {
    let (trained, test) = network();
    let found = recognised(trained, test, |index| {
        let grey = |&ink: &u8| 128 + ink / 2;
        test.sample(index).iter().map(grey).collect()
    });
    assert!(found < 30, "{found} of {DIGITS}");
}
