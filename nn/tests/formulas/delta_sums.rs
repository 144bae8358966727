//! The formulas by hand add the gradient to the right slices and rows, with the right factor.

use autodiff::tensor::raw::largest_magnitude;
use autodiff::tensor::{Real, Targets, Tensor};
use nn::delta::propagate;
use nn::{
    Activation, Batch, Dataset, Initializer, Labelled, Mlp, Parameters, StandardLoss, reference,
};
use std::sync::Arc;

/// Returns a network whose slices all differ in shape, and a batch.
fn case<T: Real>() -> (Mlp, Parameters<T>, (Tensor<T>, Targets<T>)) {
    let network = Mlp::new(&[6, 5, 4, 3], Activation::Tanh);
    let parameters = network.init(Initializer::GlorotNormal, 1);
    let x = Tensor::from_flat_fn([7, 6], |i| T::from_f64((i as f64 * 0.7).sin()));
    let classes = Tensor::from_flat_fn([7], |i| (i % 3) as u32);
    (network, parameters, (x, classes.into()))
}

/// Returns the values of a sum before the gradient is added.
fn earlier<T: Real>(network: &Mlp) -> Parameters<T> {
    let mut sum = Parameters::zeros(Arc::clone(network.layout()));
    for number in 0..network.layout().slices().len() {
        let values = sum.slice_mut(number).iter_mut().enumerate();
        values.for_each(|(i, x)| *x = T::from_f64(0.5 + (i + number) as f64 / 8.0));
    }
    sum
}

#[test]
fn the_scaled_gradient_is_added_to_every_slice() {
    fn check<T: Real>(bound: f64) {
        let (network, parameters, (x, targets)) = case::<T>();
        let loss = StandardLoss::cross_entropy();
        let weight = T::from_f64(1.0 / 7.0);
        let deltas = propagate(&network, loss, &parameters, &x, &targets, weight);
        let gradient = reference::gradient(&network, loss, &parameters, &x, &targets).derivatives;
        let before = earlier::<T>(&network);
        for scale in [1.0, -0.5, 3.0, 0.0] {
            let mut sum = before.clone();
            deltas.add_to(T::from_f64(scale), &mut sum);
            for (number, expected) in gradient.iter().enumerate() {
                let (before, sum) = (before.tensor(number), sum.tensor(number));
                for (i, derivative) in expected.iter().enumerate() {
                    let expected = before.data()[i].to_f64() + scale * derivative.value;
                    let found = sum.data()[i].to_f64();
                    assert!(
                        (found - expected).abs() < bound,
                        "{scale} times slice {number}, element {i}: {found}, not {expected}"
                    );
                }
            }
        }
    }
    check::<f64>(1e-14);
    check::<f32>(1e-5);
}

#[test]
fn selected_rows_equal_the_rows_of_the_whole_gradient() {
    let (network, parameters, (x, targets)) = case::<f64>();
    let loss = StandardLoss::cross_entropy();
    let whole = propagate(&network, loss, &parameters, &x, &targets, 0.25);
    let before = earlier::<f64>(&network);
    let mut expected = before.clone();
    whole.add_to(-2.0, &mut expected);
    for (number, slice) in network.layout().slices().iter().enumerate() {
        let row = slice.shape.size() / slice.shape[0];
        for begin in 0..slice.shape[0] {
            for end in begin..=slice.shape[0] {
                let place = begin * row..end * row;
                let mut sum = before.tensor(number).data()[place.clone()].to_vec();
                whole.add_rows_to(-2.0, number, begin..end, &mut sum);
                let expected = expected.tensor(number);
                let expected = &expected.data()[place.clone()];
                let close = |(a, b): (&f64, &f64)| (a - b).abs() < 1e-14;
                assert!(
                    sum.iter().zip(expected).all(close),
                    "slice {number}, {begin}..{end}"
                );
            }
        }
    }
}

#[test]
fn the_magnitude_bound_holds_and_is_not_far_off() {
    let (network, parameters, (x, targets)) = case::<f64>();
    let loss = StandardLoss::cross_entropy();
    let deltas = propagate(&network, loss, &parameters, &x, &targets, 1.0);
    let mut gradient = Parameters::zeros(Arc::clone(network.layout()));
    deltas.add_to(1.0, &mut gradient);
    let largest = largest_magnitude(gradient.data());
    let bound = deltas.magnitude_bound();
    assert!(
        largest <= bound && bound < 100.0 * largest,
        "{largest}, {bound}"
    );
    // A NaN in the inputs makes the bound not finite.
    let mut x = x;
    x.data_mut()[3] = f64::NAN;
    let deltas = propagate(&network, loss, &parameters, &x, &targets, 1.0);
    assert!(!deltas.magnitude_bound().is_finite());
}

#[test]
fn the_bound_counts_every_sample() {
    // All terms of the gradient are equal, so that their sum reaches the bound.
    let network = Mlp::new(&[1, 2], Activation::Tanh);
    let parameters = Parameters::<f64>::zeros(Arc::clone(network.layout()));
    let x = Tensor::full([50, 1], 1.0);
    let targets = Tensor::<u32>::zeros([50]).into();
    let loss = StandardLoss::cross_entropy();
    let deltas = propagate(&network, loss, &parameters, &x, &targets, 1.0);
    let mut gradient = Parameters::zeros(Arc::clone(network.layout()));
    deltas.add_to(1.0, &mut gradient);
    assert!(largest_magnitude(gradient.data()) <= deltas.magnitude_bound());
}

#[test]
fn a_batch_is_empty_if_it_has_no_samples() {
    fn check(batch: &impl Batch<Labelled<f32>>, samples: usize) {
        assert_eq!((batch.len(), batch.is_empty()), (samples, samples == 0));
    }
    let data = Dataset::new(&[1, 2, 3, 4, 5, 6], [2], &[0, 1, 0]).unwrap();
    for samples in 0..=3 {
        let some = data.range(0..samples);
        check(&some, samples);
        assert_eq!((some.len(), some.is_empty()), (samples, samples == 0));
        check(&data.select(&[2, 0, 1][..samples]), samples);
        check(
            &(
                Tensor::zeros([samples, 2]),
                Targets::Classes(Tensor::zeros([samples])),
            ),
            samples,
        );
    }
}
