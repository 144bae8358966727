//! Tensors made from shapes, ranges and random numbers; single elements; and how tensors are written.

use autodiff::Tensor;
use autodiff::tensor::Element;
use proptest::prelude::*;
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use std::ops::Range;

#[test]
fn ones_and_identity_matrices() {
    assert_eq!(Tensor::<u8>::ones([2, 0, 3]).size(), 0);
    assert_eq!(Tensor::ones([]), Tensor::scalar(1.0_f32));
    assert_eq!(Tensor::<i64>::ones([3]).data(), [1; 3]);
    assert_eq!(Tensor::<f64>::eye(0).shape(), [0, 0]);
    assert_eq!(Tensor::eye(1), Tensor::from([[1_u32]]));
    // On memory that held something else.
    drop(Tensor::full([3, 3], 7.0_f32));
    assert_eq!(
        Tensor::eye(3),
        Tensor::from([[1.0_f32, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    );
}

#[test]
fn functions_of_the_index_see_every_index_in_row_major_order() {
    let mut seen = Vec::new();
    let x = Tensor::from_fn([2, 3, 2], |index| {
        seen.push(index);
        (seen.len() - 1) as u32
    });
    assert_eq!(x, Tensor::from_flat_fn([2, 3, 2], |i| i as u32));
    assert!(seen.is_sorted() && seen.len() == 12);
    assert!(
        seen.iter()
            .all(|&index| seen[x.at(index) as usize] == index)
    );
    assert_eq!(Tensor::from_fn([], |[]| 3.0), Tensor::scalar(3.0));
    assert_eq!(Tensor::from_fn([3, 0], |_| 1.0).shape(), [3, 0]);
}

#[test]
fn ranges_end_before_their_end() {
    assert_eq!(
        Tensor::arange(250_u8..255).data(),
        [250, 251, 252, 253, 254]
    );
    let large = i64::MAX - 2..i64::MAX;
    assert_eq!(Tensor::arange(large).data(), [i64::MAX - 2, i64::MAX - 1]);
    assert_eq!(Tensor::arange(3..3).shape(), [0]);
    assert_eq!(Tensor::arange(0.0..2.5_f32).data(), [0.0, 1.0, 2.0]);
    assert_eq!(Tensor::arange(f64::NAN..1.0).size(), 0);
    assert_eq!(
        Tensor::arange_step(i32::MIN..i32::MAX, i32::MAX).data(),
        [i32::MIN, -1, i32::MAX - 1]
    );
    // The last element would round to the end.
    assert_eq!(Tensor::arange_step(1.0..1.3, 0.1).size(), 3);
}

/// The elements that a loop over integers finds.
fn by_loop(range: Range<i32>, step: i32) -> Vec<i32> {
    let all = std::iter::successors(Some(range.start), |x| Some(x + step));
    all.take_while(|&x| x < range.end).collect()
}

proptest! {
    #[test]
    fn steps_are_those_of_a_loop(start in -50..50, end in -50..50, step in 1..9) {
        let expected = by_loop(start..end, step);
        prop_assert_eq!(Tensor::arange_step(start..end, step).to_vec(), &expected[..]);
        let float = |x: i32| f64::from(x) / 4.0;
        let floats = Tensor::arange_step(float(start)..float(end), float(step));
        prop_assert_eq!(floats.to_vec(), expected.into_iter().map(float).collect::<Vec<_>>());
    }

    #[test]
    fn equally_spaced_numbers_have_both_ends(start in -1e3..1e3_f64, end in -1e3..1e3, count in 2..50_usize) {
        let x: Tensor<f64> = Tensor::linspace(start, end, count);
        prop_assert_eq!((x.size(), x[[0]], x[[count - 1]]), (count, start, end));
        let distance = (end - start) / (count - 1) as f64;
        for (i, x) in x.iter().enumerate() {
            prop_assert!((x - (start + distance * i as f64)).abs() <= 1e-12 * 1e3);
        }
    }
}

#[test]
fn equally_spaced_numbers_at_the_edges() {
    assert_eq!(Tensor::linspace(1.0, 2.0, 0).size(), 0);
    assert_eq!(Tensor::linspace(1.0, 2.0, 1).data(), [1.0]);
    assert_eq!(Tensor::linspace(1.0_f32, 2.0, 2).data(), [1.0, 2.0]);
    assert_eq!(Tensor::linspace(0.7, 0.7, 4).data(), [0.7; 4]);
    let tenths = Tensor::linspace(0.0, 1.0, 11);
    assert_eq!(
        tenths.data(),
        [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0]
    );
}

#[test]
fn random_tensors_have_their_distribution_and_repeat_with_their_seed() {
    let rng = || ChaCha8Rng::seed_from_u64(3);
    let x = Tensor::uniform([100, 100], -1.0..3.0_f64, &mut rng());
    assert_eq!(x, Tensor::uniform([100, 100], -1.0..3.0, &mut rng()));
    assert!(x.iter().all(|x| (-1.0..3.0).contains(x)));
    // The mean of 10,000 draws within five standard errors: of 4/√12, and of 2.
    assert!((x.mean().item() - 1.0).abs() < 5.0 * 4.0 / 12.0_f64.sqrt() / 100.0);
    let x = Tensor::normal([100, 100], 1.0_f64, 2.0, &mut rng());
    let (mean, square) = (x.mean().item(), (&x - 1.0).square().mean().item());
    // The standard error of a mean square is √2 σ² / √n.
    assert!((mean - 1.0).abs() < 5.0 * 2.0 / 100.0 && (square - 4.0).abs() < 5.0 * 5.7 / 100.0);
    let single = Tensor::normal([100, 100], 1.0_f32, 2.0, &mut rng());
    assert_eq!(single, x.cast());
    assert_eq!(Tensor::normal([3], 2.0, 0.0, &mut rng()).data(), [2.0; 3]);
    let mut all = [false; 256];
    for &x in &Tensor::uniform([10_000], 1_u8..255, &mut rng()) {
        all[usize::from(x)] = true;
    }
    assert_eq!(all.iter().filter(|&&drawn| drawn).count(), 254);
    // A generator behind a pointer, and a generic element.
    let dynamic: &mut dyn Rng = &mut rng();
    assert_eq!(Tensor::uniform([2], 0..5, dynamic).size(), 2);
    assert!(below_one::<f32>(&mut rng()).iter().all(|&x| x < 1.0));
    assert_eq!(below_one::<u8>(&mut rng()).data(), [0; 9]);
}

fn below_one<T: Element>(rng: &mut ChaCha8Rng) -> Tensor<T> {
    let one = Tensor::<T>::ones([]).item();
    Tensor::uniform([9], T::default()..one, rng)
}

#[test]
fn elements_are_read_and_written_by_their_index() {
    let mut x = Tensor::from([[[1, 2], [3, 4], [5, 6]]]);
    assert_eq!(
        (x.at([0, 1, 1]), x.at(&[0, 2, 0][..]), x.at(vec![0, 0, 1])),
        (4, 5, 2)
    );
    assert_eq!((x[[0, 1, 1]], Tensor::scalar(3.5)[[]]), (4, 3.5));
    let shared = x.clone();
    let row = x.rows(0..1).reshape([3, 2]);
    x[[0, 1, 1]] = 7;
    x[[0, 1, 0]] += 10;
    assert_eq!(x, Tensor::from([[[1, 2], [13, 7], [5, 6]]]));
    assert_eq!((shared.at([0, 1, 1]), row.at([1, 1])), (4, 4));
    // Elements that are stored as bytes.
    let bytes = Tensor::from([[0_u8, 2], [4, 6]]);
    let mut scaled = Tensor::from_scaled_bytes(&bytes, 0.5);
    scaled[[1, 0]] = -1.0;
    assert_eq!(scaled, Tensor::from([[0.0, 1.0], [-1.0, 3.0]]));
    assert_eq!(bytes[[1, 0]], 4);
}

#[test]
fn tensors_are_formatted_as_nested_brackets_in_aligned_columns() {
    let x = Tensor::from([[1.5, -2.0], [3.0, 40.0]]);
    assert_eq!(x.to_string(), "[[1.5,  -2],\n [  3,  40]]");
    assert_eq!(format!("{x:.2}"), "[[ 1.50, -2.00],\n [ 3.00, 40.00]]");
    assert_eq!(format!("{x:+.0}"), "[[ +2,  -2],\n [ +3, +40]]");
    assert_eq!(format!("{:3}", Tensor::from([1, 20])), "[  1,  20]");
    assert_eq!(
        format!("{x:.1?}"),
        "Tensor([[ 1.5, -2.0],\n [ 3.0, 40.0]], shape [2, 2])"
    );
    assert_eq!(
        autodiff::tensor::Tape::new().var(&x).to_string(),
        x.to_string()
    );
    assert_eq!(Tensor::scalar(7_u8).to_string(), "7");
    assert_eq!(Tensor::<f32>::zeros([2, 0]).to_string(), "[[],\n []]");
    let matrices = Tensor::arange(0..8).reshape([2, 2, 2]);
    assert_eq!(
        matrices.to_string(),
        "[[[0, 1],\n  [2, 3]],\n\n [[4, 5],\n  [6, 7]]]"
    );
}

#[test]
fn large_tensors_are_abbreviated() {
    let x = Tensor::arange(0..1000);
    assert!(x.to_string().contains(" 500,"));
    let x = Tensor::arange(0..1001);
    assert_eq!(x.to_string(), "[   0,    1,    2, …,  998,  999, 1000]");
    let x = Tensor::from_fn([7, 200], |[i, j]| (i * 200 + j) as u32);
    assert_eq!(
        x.to_string(),
        "[[   0,    1,    2, …,  197,  198,  199],
 [ 200,  201,  202, …,  397,  398,  399],
 [ 400,  401,  402, …,  597,  598,  599],
 …,
 [ 800,  801,  802, …,  997,  998,  999],
 [1000, 1001, 1002, …, 1197, 1198, 1199],
 [1200, 1201, 1202, …, 1397, 1398, 1399]]"
    );
    let short = Tensor::<u8>::zeros([6, 200]).to_string();
    assert_eq!(short.lines().count(), 6);
    assert_eq!(
        Tensor::<f32>::zeros([1 << 40, 0])
            .to_string()
            .lines()
            .count(),
        7
    );
    let (long, point) = (
        Tensor::<f32>::zeros([1 << 10, 1]),
        "[[0],\n [0],\n [0],\n …,\n [0],\n [0],\n [0]]",
    );
    assert_eq!(long.to_string(), point);
}
