use super::*;
use crate::model::Model;
use nn::{Activation, Output};

fn comparison(change: impl FnOnce(&mut Comparing<'_>)) -> Result<Comparison, Error> {
    let pixels: Vec<u8> = (0..50 * 9).map(|i| (i * i % 251) as u8).collect();
    let classes: Vec<u8> = (0..50).map(|i| i % 10).collect();
    let data = Dataset::new(&pixels, 9, &classes).unwrap();
    let model = Model::default();
    let network = model.network(9).unwrap();
    let mut what = Comparing {
        network: &network,
        loss: model.loss,
        parameters: &model.initial(&network, 3),
        data: &data,
        batches: 5,
        batch: 20,
        seed: 3,
        planted: None,
    };
    change(&mut what);
    compare(&what)
}

#[test]
fn all_agree_for_every_cost() {
    for loss in [
        Loss::cross_entropy(),
        Loss::squared_difference(Activation::Sigmoid),
        Loss::SquaredDifference {
            output: Output::Softmax,
        },
    ] {
        let comparison = comparison(|what| what.loss = loss).unwrap();
        assert!(comparison.passed, "{comparison:#?}");
        assert_eq!(comparison.pairs.len(), 4);
        assert_eq!(comparison.pairs[0].parameters.len(), 4);
    }
}

#[test]
fn an_error_planted_in_either_side_is_caught_and_found() {
    for (method, innocent) in [(Method::Tape, 3), (Method::ClosedForm, 2)] {
        let comparison = comparison(|what| what.planted = Some(method)).unwrap();
        assert!(!comparison.passed);
        for (number, pair) in comparison.pairs.iter().enumerate() {
            assert_eq!(pair.passed, number == innocent, "{pair:#?}");
            if !pair.passed {
                assert_eq!(pair.worst().unwrap().name, "layers.0.weight");
            }
        }
    }
}

#[test]
fn a_relative_difference_is_that_to_the_sum_of_absolute_terms() {
    let mut difference =
        blank_pairs(&Model::default().network(2).unwrap())[0].parameters[0].clone();
    let scales = [4.0, 0.5, 1.0].map(|scale| Sum { value: 1.0, scale });
    difference.measure(7, &[1.5, 1.25, 3.0], &[1.0, 1.0, 3.0], &scales);
    assert_eq!((difference.absolute, difference.relative), (0.5, 0.5));
    assert_eq!(
        (difference.index, difference.batch),
        (Some(vec![0, 1]), Some(7))
    );
}

#[test]
fn what_is_no_number_does_not_pass() {
    let mut difference =
        blank_pairs(&Model::default().network(4).unwrap())[0].parameters[0].clone();
    let scales = [Sum {
        value: 1.0,
        scale: 1.0,
    }; 40];
    let mut left = [1.0; 40];
    left[9] = f64::NAN;
    left[11] = 2.0;
    difference.measure(0, &left, &[1.0; 40], &scales);
    assert!(difference.relative.is_nan() && difference.absolute.is_nan());
    assert_eq!(difference.index, Some(vec![2, 1]));
}

#[test]
fn senseless_numbers_are_refused() {
    let message = |change: fn(&mut Comparing<'_>)| comparison(change).unwrap_err().to_string();
    assert!(message(|what| what.batch = 0).starts_with("--batch: "));
    assert!(message(|what| what.batch = 51).starts_with("--batch: "));
    assert!(message(|what| what.batches = 0).starts_with("--batches: "));
}
