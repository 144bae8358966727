//! `Training` takes the documented steps.

use crate::callers_line::refused;
use crate::own_models::bits;
use crate::residual::{Residual, points};
use autodiff::Tensor;
use nn::{
    Adam, Batch, BatchGradient, Batches, Dataset, Gather, Labelled, Model, Optimizer, Quantity,
    Selection, Sgd, Snapshot, Training, snapshot,
};

type Points = [Tensor<f64>; 2];

fn training<'a>(
    model: &'a Residual,
    points: &'a Points,
    optimizer: impl Optimizer<f64> + 'static,
) -> Training<'a, f64, &'a Residual, Points> {
    let gradient = BatchGradient::tape(model).seed(3);
    Training::new(
        gradient,
        model.layout().init(1),
        Box::new(optimizer),
        points,
    )
}

#[test]
fn steps_over_all_samples_are_those_of_the_engine() {
    let (model, points) = (Residual::new(8), points::<f64>(50));
    let mut training = training(&model, &points, Adam::new(0.01));
    let mut parameters = model.layout().init::<f64>(1);
    let (mut gradient, mut adam) = (BatchGradient::tape(&model).seed(3), Adam::new(0.01));
    for step in 0..5 {
        assert_eq!((training.steps(), training.steps_per_epoch()), (step, 1));
        let cost = gradient.step(&mut parameters, &points, &mut adam).unwrap();
        assert_eq!(training.step().unwrap(), cost);
        assert_eq!(training.gradient().cost(), cost);
    }
    assert_eq!(bits(&training.parameters), bits(&parameters));
}

#[test]
fn batches_are_drawn_and_gathered() {
    let (model, points) = (Residual::new(8), points::<f64>(50));
    let mut training = training(&model, &points, Sgd::new(0.1)).batches(20, 5);
    assert_eq!(training.steps_per_epoch(), 3);
    let mut parameters = model.layout().init::<f64>(1);
    let (mut gradient, mut sgd) = (BatchGradient::tape(&model).seed(3), Sgd::new(0.1));
    let mut batches = Batches::new(50, 20, 5);
    for _ in 0..2 {
        let mut sum = 0.0;
        for size in [20, 20, 10] {
            let numbers = batches.draw();
            assert_eq!(numbers.len(), size);
            let batch = points.gather(numbers);
            sum += gradient.step(&mut parameters, &batch, &mut sgd).unwrap();
        }
        assert_eq!(training.epoch().unwrap(), sum / 3.0);
    }
    assert_eq!(training.steps(), 6);
    assert_eq!(bits(&training.parameters), bits(&parameters));
}

#[test]
fn a_batch_as_large_as_the_data_is_the_data_in_its_order() {
    let (model, points) = (Residual::new(8), points::<f64>(50));
    let mut whole = training(&model, &points, Sgd::new(0.1));
    let mut drawn = training(&model, &points, Sgd::new(0.1)).batches(50, 5);
    for _ in 0..3 {
        assert_eq!(whole.step().unwrap(), drawn.step().unwrap());
    }
    assert_eq!(bits(&whole.parameters), bits(&drawn.parameters));
}

#[test]
fn a_resumed_training_has_the_bits_of_one_that_was_not_interrupted() {
    let (model, points) = (Residual::new(8), points::<f64>(50));
    let mut whole = training(&model, &points, Adam::new(0.01)).batches(20, 5);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("training");
    for step in 0..8 {
        if step == 4 {
            let (parameters, optimizer) = (&whole.parameters, &*whole.optimizer);
            snapshot::save_training(&path, &model, parameters, optimizer).unwrap();
        }
        whole.step().unwrap();
    }
    let mut adam = Adam::new(1.0);
    let saved: Snapshot<f64, Residual> = snapshot::load_training(&path, &mut adam).unwrap();
    let gradient = BatchGradient::tape(&saved.model).seed(3);
    let mut resumed = Training::new(gradient, saved.parameters, Box::new(adam), &points)
        .batches(20, 5)
        .resumed_after(4);
    for _ in 4..8 {
        resumed.step().unwrap();
    }
    assert_eq!(resumed.steps(), 8);
    assert_eq!(bits(&resumed.parameters), bits(&whole.parameters));
}

#[test]
fn a_failed_step_reports_its_cost_and_is_not_counted() {
    let (model, [x, y]) = (Residual::new(8), points::<f64>(50));
    let far = [x.map(|_: f64| f64::NAN), y];
    let mut training = training(&model, &far, Sgd::new(0.1));
    let before = bits(&training.parameters);
    let error = training.step().unwrap_err();
    assert_eq!(error.quantity, Quantity::Gradient);
    assert!(training.gradient().cost().is_nan());
    assert_eq!(training.steps(), 0);
    assert_eq!(bits(&training.parameters), before);
}

#[test]
fn invalid_trainings_are_refused_at_the_callers_line() {
    let (model, points) = (Residual::new(8), points::<f64>(50));
    refused("batches of 0 cannot be drawn from 50 samples", || {
        let _ = training(&model, &points, Sgd::new(0.1)).batches(0, 1);
    });
    refused("batches of 3 cannot be drawn from 0 samples", || {
        drop(Batches::new(0, 3, 1));
    });
    refused("training: there are no samples", || {
        let none: Points = [0, 0].map(|_| Tensor::zeros([0, 3]));
        let gradient = BatchGradient::tape(&model);
        let parameters = model.layout().init(1);
        let _ = Training::new(gradient, parameters, Box::new(Sgd::new(0.1)), &none);
    });
    refused("training: parameters of another layout", || {
        let other = Residual::new(7).layout().init(1);
        let sgd = Box::new(Sgd::new(0.1));
        let _ = Training::new(BatchGradient::tape(&model), other, sgd, &points);
    });
    let [x, y] = points;
    let uneven = [x, y.rows(0..49)];
    let expected = "not all tensors of the batch have 50 rows";
    refused(expected, || {
        let _ = training(&model, &uneven, Sgd::new(0.1)).step();
    });
    refused(expected, || {
        let _ = training(&model, &uneven, Sgd::new(0.1))
            .batches(20, 1)
            .epoch();
    });
    let data = Dataset::new(&[1, 2, 3, 4], [2], &[0, 1]).unwrap();
    refused("sample: there is no sample 2: there are 2", || {
        let _ = data.sample(2);
    });
    refused("row 2 lies outside", || {
        let _: Labelled<f64> = data.gather(&[2]);
    });
    refused("load: 1..2 lies outside of 1 samples", || {
        let _: Labelled<f64> = Selection::new(&data, Some(&[0])).load(1..2);
    });
}

#[test]
fn rows_are_selected_from_every_tensor() {
    let rows = (
        Tensor::from([[1.0, 2.0], [3.0, 4.0]]),
        [Tensor::from([5_u32, 6]), Tensor::from([7, 8])],
    );
    let expected = (
        Tensor::from([[3.0, 4.0], [1.0, 2.0], [3.0, 4.0]]),
        [Tensor::from([6_u32, 5, 6]), Tensor::from([8, 7, 8])],
    );
    assert_eq!(rows.gather(&[1, 0, 1]), expected);
}
