//! Identities of the derivatives of every operation in the catalogue, which hold without differences: the Jacobian's
//! product and its transpose's agree, and Hessians are symmetric.

use autodiff::Tensor;
use autodiff::tensor::{CheckCase, Tape, catalogue, general};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// A scalar product, and the sum of the magnitudes of its terms.
#[derive(Clone, Copy, Default)]
struct Product {
    value: f64,
    magnitude: f64,
}

fn dot(a: &[Tensor<f64>], b: &[Tensor<f64>]) -> Product {
    let mut product = Product::default();
    for (a, b) in a.iter().zip(b) {
        assert_eq!(a.shape(), b.shape());
        for (a, b) in a.data().iter().zip(b.data()) {
            product.value += a * b;
            product.magnitude += (a * b).abs();
        }
    }
    product
}

/// Whether two scalar products agree to 1e-12 of their terms.
fn agree(a: Product, b: Product) -> bool {
    (a.value - b.value).abs() <= 1e-12 * (a.magnitude + b.magnitude)
}

/// Random tensors of the shapes of `like`.
fn directions(like: &[Tensor<f64>], rng: &mut ChaCha8Rng) -> Vec<Tensor<f64>> {
    let draw = |x: &Tensor<f64>| Tensor::uniform(x.shape(), -1.0..1.0, rng);
    like.iter().map(draw).collect()
}

/// ⟨ȳ, J ẋ⟩ and ⟨Jᵀ ȳ, ẋ⟩, where `skew` is added to the last element of J ẋ.
fn products(case: &CheckCase, rng: &mut ChaCha8Rng, skew: f64) -> [Product; 2] {
    let x_dot = directions(case.inputs(), rng);
    let (y, mut y_dot) = general::jvp(|x| case.record(x), case.inputs(), &x_dot);
    if let Some(last) = y_dot.data_mut().last_mut() {
        *last += skew;
    }
    let y_bar = directions(&[y], rng);
    let (_, x_bar) = general::vjp(|x| case.record(x), case.inputs(), &y_bar[0]);
    [dot(&y_bar, &[y_dot]), dot(&x_bar, &x_dot)]
}

#[test]
fn products_with_the_jacobian_and_its_transpose_agree() {
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let mut caught = false;
    for case in catalogue() {
        let [a, b] = products(&case, &mut rng, 0.0);
        assert!(agree(a, b), "{case:?}: {} and {}", a.value, b.value);
        let [a, b] = products(&case, &mut rng, 1e-9);
        caught |= !agree(a, b);
    }
    assert!(caught, "an error of 1e-9 must be noticed");
}

/// ⟨u, H v⟩ and ⟨v, H u⟩ of a weighted sum of the outputs.
fn curvatures(case: &CheckCase, rng: &mut ChaCha8Rng) -> [Product; 2] {
    let tape = Tape::new();
    let x: Vec<_> = case.inputs().iter().map(|x| tape.var(x)).collect();
    let weights = Tensor::uniform(case.record(&x).shape(), 0.5..1.5, rng);
    let [u, v] = [(); 2].map(|()| directions(case.inputs(), rng));
    let [hv, hu] = [&v, &u].map(|direction| {
        general::hvp(
            |x| (case.record(x) * &weights).sum(),
            case.inputs(),
            direction,
        )
        .1
    });
    [dot(&u, &hv), dot(&v, &hu)]
}

#[test]
fn hessians_are_symmetric() {
    let mut rng = ChaCha8Rng::seed_from_u64(4);
    for case in catalogue() {
        let [a, b] = curvatures(&case, &mut rng);
        // A curvature may be a difference of terms of the order of 1, such as that of a deviation of two numbers.
        let rounding = 1e-14;
        let agree = agree(a, b) || (a.value - b.value).abs() <= rounding;
        assert!(agree, "{case:?}: {} and {}", a.value, b.value);
    }
}
