//! The paper's network reaches the paper's accuracy from any seed.

use std::ops::ControlFlow;

use mnist_core::data::Splits;
use mnist_core::train::{Settings, train};

#[test]
#[ignore = "trains six networks: a minute in a release build"]
fn the_papers_setting_reaches_ninety_percent_from_any_seed() {
    let Splits { train: data, test } = Splits::embedded().unwrap();
    for seed in 1..=6 {
        let settings = Settings {
            seed,
            ..Settings::default()
        };
        let trained =
            train::<f32>(&settings, &data, &test, &mut |_| ControlFlow::Continue(())).unwrap();
        let accuracy = trained.test.accuracy();
        println!("seed {seed}: {accuracy}");
        assert!(accuracy >= 0.9, "seed {seed}: {accuracy}");
    }
}
