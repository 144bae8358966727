//! Missing or misfitting buffers, slices, rows and samples are refused at the caller's line.

use crate::callers_line::{LOSS, batch, network, parameters, refused};
use crate::method::{Gradient, Method};
use autodiff::tensor::{Algebra, Real, Targets, Tensor};
use nn::{
    Activation, Adam, AdamW, Batch, Dataset, Initializer, Labelled, Layout, Mlp, Optimizer,
    Parameters, Sgd, SgdSettings, Update, delta,
};
use std::ops::Range;
use std::sync::Arc;

#[test]
fn optimizers_refuse_buffers_of_other_sizes() {
    fn check<T: Real>(mut optimizer: impl Optimizer<T>) {
        let size = 64;
        let (mut parameters, gradient) = (vec![T::default(); size], vec![T::EPSILON; size]);
        refused("parameters and gradient differ in size: 64 and 63", || {
            let _ = optimizer.step(&mut parameters, &gradient[1..]);
        });
        assert_eq!(optimizer.size(), None);
        optimizer.step(&mut parameters, &gradient).unwrap();
        let expected = "parameters and the optimizer's moments differ in size: 63 and 64";
        refused(expected, || {
            let _ = optimizer.step(&mut parameters[1..], &gradient[1..]);
        });
        refused(expected, || {
            let _ = optimizer.step_by_panels(63, &mut |_| true);
        });
        // Through the engine, with a trait object.
        let network = Mlp::new(&[3, 16, 2], Activation::Relu);
        let mut others = network.init::<T>(Initializer::HeNormal, 1);
        let mut gradient = Gradient::new(&network, LOSS, Method::Tape);
        let batch = (Tensor::zeros([5, 3]), Targets::Classes(Tensor::zeros([5])));
        let optimizer: &mut dyn Optimizer<T> = &mut optimizer;
        refused("differ in size: 112 and 64", || {
            let _ = gradient.step(&mut others, &batch, optimizer);
        });
    }
    for (gradient, moments) in [
        (2, [3, 3]),
        (4, [3, 3]),
        (3, [2, 3]),
        (3, [3, 4]),
        (3, [3, 0]),
    ] {
        refused("update: 3 parameters, a gradient of", || {
            let mut moments = moments.map(|size| vec![0.0; size]);
            let [first, second] = moments.each_mut().map(|moment| &mut moment[..]);
            let update = Update::new([first, second], &|_, _, _| {});
            let _ = update.apply(&mut [0.0; 3], &[0.0; 4][..gradient]);
        });
    }
    let momentum = SgdSettings {
        momentum: 0.9,
        ..SgdSettings::new(0.1)
    };
    check::<f32>(Sgd::by(momentum).unwrap());
    check::<f64>(Adam::new(0.1));
    check::<f32>(AdamW::new(0.1));
    refused("learning rate", || drop(Sgd::<f32>::new(-1.0)));
    refused("learning rate", || drop(Adam::<f32>::new(f64::NAN)));
    refused("learning rate", || drop(AdamW::<f64>::new(-1.0)));
    refused("differ in size", || {
        let _ = Sgd::new(0.1).step(&mut [0.0; 3], &[0.0; 2]);
    });
}

#[test]
fn slices_and_sums_that_do_not_fit_are_refused() {
    let network = network();
    let mut parameters = parameters(&network);
    for number in [4, usize::MAX] {
        let expected = format!("there is no slice {number}: there are 4");
        refused(&expected, || drop(parameters.tensor(number)));
        refused(&expected, || {
            parameters.slice_mut(number);
        });
    }
    refused("a parameter `weight` exists already", || {
        let mut layout = Layout::default();
        layout.push("weight", [1]);
        layout.push("weight", [2]);
    });
    refused("more elements than can be counted", || {
        Layout::default().push("weight", [1 << 40, 1 << 40]);
    });
    refused("more parameters than can be counted", || {
        Layout::default().push("weight", [usize::MAX]);
    });
    refused("a network cannot have the widths [3]", || {
        let _ = Mlp::new(&[3], Activation::Relu);
    });
    refused("a network cannot have the widths [3, 0]", || {
        let _ = Mlp::new(&[3, 0], Activation::Relu);
    });
    refused("than can be counted", || {
        let _ = Mlp::new(&[usize::MAX, 2], Activation::Relu);
    });
    refused("parameters of another layout", || {
        parameters.check_layout("test", Mlp::new(&[3, 2], Activation::Relu).layout());
    });
}

#[test]
fn deltas_refuse_sums_that_do_not_fit() {
    let network = network();
    let (x, targets) = batch(5);
    let parameters = parameters(&network);
    let deltas = delta::propagate(&network, LOSS, &parameters, &x, &targets, 1.0);
    let add = |slice, rows: Range<usize>, size| {
        let mut sum = vec![0.0; size];
        deltas.add_rows_to(1.0, slice, rows.clone(), &mut sum);
    };
    for (slice, rows, size) in [
        // The sum is too long or too short, for weights and for a bias.
        (0, 0..4, 11),
        (0, 0..4, 13),
        (0, 1..2, 4),
        (1, 0..4, 3),
        (1, 0..4, 5),
        (1, 0..4, 0),
        (3, 1..2, 2),
        // The rows do not exist.
        (0, 2..5, 9),
        (1, 2..5, 3),
        (1, 4..5, 1),
        // The slice does not exist.
        (4, 0..1, 1),
        (5, 0..1, 1),
        (usize::MAX, 0..1, 1),
    ] {
        let expected = format!("slice {slice}");
        refused(&expected, || add(slice, rows.clone(), size));
    }
    #[expect(
        clippy::reversed_empty_ranges,
        reason = "the test checks that a reversed range is refused"
    )]
    let reversed = 3..2;
    refused("rows 3..2", || add(1, reversed.clone(), 0));
    add(1, 1..3, 2);
    add(0, 1..3, 6);

    for (other, expected) in [
        (
            &[3, 4][..],
            "the gradient of 2 layers and a sum of 2 slices",
        ),
        (&[3, 4, 1], "[2, 4] for `layers.1.weight` of shape [1, 4]"),
        (&[4, 4, 2], "[4, 3] for `layers.0.weight` of shape [4, 4]"),
    ] {
        let other = Mlp::new(other, Activation::Relu);
        let mut sum = Parameters::zeros(Arc::clone(other.layout()));
        refused(expected, || deltas.add_to(1.0, &mut sum));
        assert!(sum.data().iter().all(|&x| x == 0.0));
    }
}

#[test]
fn data_and_initializers_refuse_invalid_arguments() {
    let data = Dataset::new(&[1, 2, 3, 4, 5, 6], [3], &[0, 1]).unwrap();
    refused("rows: 1..3 lies outside", || drop(data.range(1..3)));
    refused("there is no sample 2: there are 2", || {
        let _ = data.select(&[0, 2]);
    });
    refused("lies outside", || {
        let _ = Batch::<Labelled<f64>>::load(&data, 0..3);
    });
    refused("0..3 lies outside of 2 samples", || {
        let _ = Batch::<Labelled<f64>>::load(&data.select(&[1, 0]), 0..3);
    });
    refused("lies outside", || drop(batch(5).load(0..6)));
    refused("standard deviation NaN", || {
        let _ = network().init::<f64>(Initializer::Normal(f64::NAN), 1);
    });
    refused("bound -1", || {
        let mut rng = Initializer::generator(1);
        let _ = Initializer::Uniform(-1.0).draw::<f32>(2, 3, &mut rng);
    });
    let [a, weight, bias] = [&[5, 3][..], &[4, 2], &[4]].map(Tensor::<f64>::zeros);
    for activation in Activation::ALL {
        refused("linear: input [5, 3]", || {
            let _ = layer(activation, &a, &weight, &bias);
        });
    }
}

#[track_caller]
fn layer<A: Algebra>(activation: Activation, a: &A, weight: &A, bias: &A) -> A {
    activation.layer(a, weight, bias)
}
