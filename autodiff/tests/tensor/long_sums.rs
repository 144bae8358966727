//! The rounding error of a sum does not grow with its length, whichever operation forms it.

use autodiff::tensor::raw::{add_product, plain, transposed};
use autodiff::tensor::{CrossEntropy, Real, Tape, Tensor};

/// The largest allowed error, relative to the sum, over ε: the error of about 500 equal terms added sequentially.
const BOUND: f64 = 64.0;

/// The relative errors, over ε, of sums of `length` equal terms, with the names of the operations.
struct Errors {
    length: usize,
    epsilon: f64,
    all: Vec<(&'static str, f64)>,
}

impl Errors {
    /// Compares each element of `sum` with `term` times the length. `term` may be rounded.
    fn check<T: Real>(&mut self, name: &'static str, sum: &Tensor<T>, term: f64) {
        let exact = term * self.length as f64;
        for x in sum.data() {
            let error = (x.to_f64() / exact - 1.0).abs() / self.epsilon;
            self.all.push((name, error));
        }
    }
}

fn errors<T: Real>(length: usize) -> Errors {
    let number = |x: f64| T::from_f64(x);
    // The terms as rounded in this precision.
    let tenth = number(0.1).to_f64();
    let mut errors = Errors {
        length,
        epsilon: T::EPSILON.to_f64(),
        all: Vec::new(),
    };
    let column = || Tensor::full([length, 1], number(0.1));

    let x = Tensor::full([length], number(0.1));
    errors.check("sum", &x.sum(), tenth);
    errors.check("mean", &x.mean(), tenth / length as f64);
    errors.check(
        "squared_distance",
        &x.squared_distance(Tensor::zeros([length])),
        tenth * tenth,
    );
    let x = x.reshape([length / 4, 4]);
    errors.check("sum of rows", &x.sum_over([0]), tenth / 4.0);
    errors.check(
        "sum of columns",
        &x.reshape([4, length / 4]).sum_over([1]),
        tenth / 4.0,
    );
    let middle = x.reshape([2, length / 4, 2]).sum_over([1]);
    errors.check("sum along a middle axis", &middle, tenth / 4.0);

    // Dot products and combinations in every orientation, and a packed product.
    let (a, b) = (column(), column());
    let [row, other] = [&a, &b].map(|x| x.reshape([1, length]));
    errors.check("matmul", &row.matmul(&b), tenth * tenth);
    let mut sums = Tensor::zeros([1, 1]);
    add_product(number(1.0), transposed(&a), plain(&b), sums.data_mut());
    add_product(
        number(2.0),
        plain(&row),
        transposed(&other),
        sums.data_mut(),
    );
    errors.check("add_product", &sums, 3.0 * tenth * tenth);
    let [wide, wider] = [3, 18].map(|columns| Tensor::full([length / 32, columns], number(0.1)));
    let mut sums = Tensor::zeros([3, 18]);
    add_product(
        number(1.0),
        transposed(&wide),
        plain(&wider),
        sums.data_mut(),
    );
    errors.check("combinations", &sums, tenth * tenth / 32.0);
    let [wide, wider] = [
        &wide.reshape([3, length / 32]),
        &wider.reshape([18, length / 32]),
    ];
    let mut sums = Tensor::zeros([3, 18]);
    add_product(number(1.0), plain(wide), transposed(wider), sums.data_mut());
    errors.check("dots", &sums, tenth * tenth / 32.0);

    // A layer of a long row, of numbers and of bytes, and its gradients for many samples.
    let bytes = Tensor::full([1, length], 1_u8);
    for (name, x) in [
        ("linear", row.clone()),
        (
            "linear of bytes",
            Tensor::from_scaled_bytes(&bytes, number(0.1)),
        ),
    ] {
        let z = x.linear(&other, Tensor::zeros([1]));
        errors.check(name, &z, tenth * tenth);
    }
    let bytes = Tensor::full([length, 1], 1_u8);
    for x in [a, Tensor::from_scaled_bytes(&bytes, number(0.1))] {
        let tape = Tape::new();
        let [weight, bias] = [
            tape.var(Tensor::zeros([1, 1])),
            tape.var(Tensor::zeros([1])),
        ];
        let z = tape.constant(x).linear(weight, bias);
        let gradients = z.vjp(b.clone());
        errors.check(
            "gradient of a weight",
            &gradients.wrt(weight),
            tenth * tenth,
        );
        errors.check("gradient of a bias", &gradients.wrt(bias), tenth);
        for (name, term, variable) in [
            ("added gradient of a weight", tenth * tenth, weight),
            ("added gradient of a bias", tenth, bias),
        ] {
            for scale in [1.0, 0.5] {
                let mut sum = Tensor::zeros([1]);
                gradients.add_to(variable, number(scale), sum.data_mut());
                errors.check(name, &sum, scale * term);
            }
        }
    }

    // A softmax over many classes, and the cross-entropy of many samples.
    let zeros = Tensor::<T>::zeros([1, length]);
    let p = zeros.softmax(1).rows(0..1).sum_over([1]);
    errors.check("softmax", &p, 1.0 / length as f64);
    let one = &zeros.softmax(1).reshape([length]).rows(0..1);
    errors.check("a probability", &one.recip(), 1.0);
    let logits = zeros.reshape([length / 2, 2]);
    let classes = Tensor::<u32>::zeros([length / 2]);
    let sum = logits.cross_entropy(CrossEntropy::new(classes).summed());
    errors.check("cross_entropy", &sum, std::f64::consts::LN_2 / 2.0);
    errors
}

#[track_caller]
fn assert_small(errors: &Errors) {
    for (name, error) in &errors.all {
        assert!(
            *error <= BOUND,
            "{name} of {} terms: {error:.1} ε",
            errors.length
        );
    }
}

#[test]
fn the_error_of_sums_does_not_grow_with_the_length() {
    for length in [1 << 16, 1 << 18] {
        assert_small(&errors::<f32>(length));
        assert_small(&errors::<f64>(length));
    }
}

#[test]
#[ignore = "2²⁵ terms of each, which take half a minute and 1 GB"]
fn the_error_of_the_longest_sums_is_no_larger() {
    assert_small(&errors::<f32>(1 << 25));
}

#[test]
fn neighbouring_axes_are_summed_as_one() {
    // The bits therefore do not depend on the shape of the summed axes.
    let terms = Tensor::from_flat_fn([2, 3, 100, 7], |i| (i as f64).sin());
    let columns = terms.reshape([600, 7]).sum_over([0]);
    assert_eq!(terms.sum_over([2, 0, 1]), columns);
    assert_eq!(terms.reshape([4200]).sum(), terms.sum());
}

#[test]
fn a_sequential_sum_is_caught() {
    let length = 1 << 16;
    let plain: f32 = std::iter::repeat_n(0.1, length).sum();
    let mut errors = Errors {
        length,
        epsilon: f64::from(f32::EPSILON),
        all: Vec::new(),
    };
    errors.check("plain", &Tensor::scalar(plain), f64::from(0.1_f32));
    assert!(errors.all[0].1 > BOUND);
}
