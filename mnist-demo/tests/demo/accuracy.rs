//! The paper's network learns as well as the paper says, whatever it starts from.

use mnist_core::data::{self, Splits};
use mnist_core::train::{Settings, train};
use nn::Dataset;

fn dataset(data: &data::Dataset) -> Dataset {
    Dataset::new(data.images(), data.rows() * data.cols(), data.labels()).unwrap()
}

#[test]
#[ignore = "trains six networks: a minute in a release build"]
fn the_papers_setting_reaches_ninety_percent_from_any_seed() {
    let splits = Splits::embedded().unwrap();
    let (data, test) = (dataset(&splits.train), dataset(&splits.test));
    for seed in 1..=6 {
        let settings = Settings {
            seed,
            ..Settings::default()
        };
        let trained = train::<f32>(&settings, &data, &test, &mut ()).unwrap();
        let accuracy = trained.test.accuracy();
        println!("seed {seed}: {accuracy}");
        assert!(accuracy >= 0.9, "seed {seed}: {accuracy}");
    }
}
