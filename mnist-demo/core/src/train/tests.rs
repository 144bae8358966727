use super::*;
use crate::data::Splits;
use crate::model::ModelSettings;
use nn::distributed::on_threads;
use nn::{Activation, OptimizerSettings, SgdSettings, StandardLoss};
use std::fs::{self, File};

#[test]
fn the_result_is_the_state_after_the_last_step() {
    let pixels: Vec<u8> = (0..50 * 4).map(|i| (i * i % 251) as u8).collect();
    let classes: Vec<u8> = (0..50).map(|i| i % 10).collect();
    let data = Dataset::new(&pixels, [4], &classes).unwrap();
    let settings = Settings {
        length: Length::Steps(40),
        ..Settings::default()
    };
    // To the last step, and stopped before it.
    for steps in [40, 7] {
        let mut seen = Vec::new();
        let mut observe = |progress: &Progress| {
            seen.push(progress.step);
            match progress.step == steps {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            }
        };
        let trained = train::<f32>(&settings, &data, &data, &mut observe).unwrap();
        assert!(seen.into_iter().eq(1..=steps));
        let last = trained.records.last().unwrap();
        assert_eq!((trained.steps, last.step), (steps, steps));
        assert_eq!(trained.images, 50 * steps);
        assert_eq!(last.loss, trained.train.cost);
        assert_eq!(last.test_accuracy, Some(trained.test.accuracy()));
    }
}

#[test]
fn a_network_that_overflows_is_no_result_although_its_loss_is_finite() {
    // If the true class's unit is dead, a huge step sends the others to −∞ before the rectifier and 0 after it.
    let data = Dataset::new(&[255; 100], [100], &[3]).unwrap();
    let message = |seed| {
        let settings = Settings {
            model: ModelSettings {
                hidden: Vec::new(),
                activation: Activation::Relu,
                loss: StandardLoss::squared_difference(Activation::Relu),
            },
            length: Length::Steps(1),
            optimizer: OptimizerSettings::Sgd(SgdSettings::new(1e38)),
            seed,
            ..Settings::default()
        };
        let trained = train::<f32>(&settings, &data, &data, &mut |_| ControlFlow::Continue(()));
        trained.err().map(|error| error.to_string())
    };
    let messages: Vec<String> = (0..20).filter_map(message).collect();
    let wanted = "after 1 step layer 1 of 1 overflows on training image 0; try a smaller";
    assert!(
        messages.iter().any(|message| message.starts_with(wanted)),
        "{messages:?}"
    );
}

#[test]
fn an_image_that_cannot_be_read_ends_all_ranks_with_the_name_of_its_file() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, header: &[u8], data: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, [header, data].concat()).unwrap();
        path
    };
    let (images, labels) = (
        [0, 0, 8, 3, 0, 0, 0, 40, 0, 0, 0, 2, 0, 0, 0, 2],
        [0, 0, 8, 1, 0, 0, 0, 40],
    );
    for name in ["train-images-idx3-ubyte-0-of-1", "t10k-images-idx3-ubyte"] {
        write(name, &images, &[9; 160]);
    }
    for name in ["train-labels-idx1-ubyte-0-of-1", "t10k-labels-idx1-ubyte"] {
        write(name, &labels, &[1; 40]);
    }
    // In the evaluation before the first step, in a later step, and in the evaluation after the last.
    for broken_after in [0, 3, 5] {
        let path = write("train-images-idx3-ubyte-0-of-1", &images, &[9; 160]);
        let settings = Settings {
            length: Length::Steps(5),
            ..Settings::default()
        };
        let found = on_threads(2, |ranks| {
            let Splits { train, test } = Splits::open(folder.path()).unwrap();
            ranks.barrier();
            let cut = || File::options().write(true).open(&path)?.set_len(100);
            // Both ranks read the same file, of which the second half of the images is missing.
            let cut_at = |step| {
                if step == broken_after && ranks.rank() == 0 {
                    cut().unwrap();
                }
                ranks.barrier();
            };
            cut_at(0);
            let course = Course {
                ranks,
                checkpoints: Checkpoints::default(),
            };
            train_on::<f32>(&course, &settings, &train, &test, &mut |progress| {
                cut_at(progress.step);
                ControlFlow::Continue(())
            })
            .err()
            .map(|error| error.to_string())
        });
        let named = |error: &Option<String>| {
            let error = error.as_ref().unwrap();
            error.contains("train-images-idx3-ubyte-0-of-1: cannot be read")
        };
        assert_eq!(
            found.iter().filter(|error| named(error)).count(),
            1,
            "{found:?}"
        );
        let other = found.iter().find(|error| !named(error)).unwrap();
        assert_eq!(other.as_deref(), Some("another rank has failed"));
    }
}

#[test]
fn images_of_a_smaller_last_batch_are_counted() {
    assert_eq!(images_seen(2, 10, 4), 8);
    assert_eq!(images_seen(4, 10, 4), 14);
    assert_eq!(images_seen(3, 10, 10), 30);
}

#[test]
fn measuring_costs_little() {
    assert_eq!(measurements(1_000, 60_000, 20_000), 40);
    assert_eq!(measurements(4_690, 128, 20_000), 15);
    assert_eq!(measurements(1_000, 1, 20_000), 1);
}
