use super::Algorithm;
use crate::matrix::Matrix;

#[test]
fn only_unpacked_products_are_taken() {
    let x = vec![0.0_f32; 128 * 784];
    let matrix = |rows, columns| Matrix::new(&x[..rows * columns], rows, columns);
    // The forward product of ten neurons, its gradient, and the adjoint of its input.
    assert_eq!(
        Algorithm::of(&matrix(64, 784), &matrix(10, 784).transposed()),
        Some(Algorithm::Dot)
    );
    assert_eq!(
        Algorithm::of(&matrix(64, 10).transposed(), &matrix(64, 784)),
        Some(Algorithm::Axpy)
    );
    assert_eq!(
        Algorithm::of(&matrix(64, 10), &matrix(10, 128)),
        Some(Algorithm::Axpy)
    );
    // A single sample, into a wide layer and into a narrow one.
    for (columns, inner) in [(128, 784), (10, 10)] {
        assert_eq!(
            Algorithm::of(&matrix(1, inner), &matrix(columns, inner).transposed()),
            Some(Algorithm::Dot)
        );
    }
    // A chunk of samples into a wide layer, into a narrow one and out of it.
    assert_eq!(
        Algorithm::of(&matrix(128, 784), &matrix(128, 784).transposed()),
        Some(Algorithm::Dot)
    );
    assert_eq!(
        Algorithm::of(&matrix(16, 128), &matrix(64, 128).transposed()),
        Some(Algorithm::Dot)
    );
    assert_eq!(
        Algorithm::of(&matrix(256, 64), &matrix(10, 64).transposed()),
        Some(Algorithm::Dot)
    );
    // The gradient of a wide layer, and the adjoint of its input.
    assert_eq!(
        Algorithm::of(&matrix(128, 128).transposed(), &matrix(128, 784)),
        Some(Algorithm::Axpy)
    );
    assert_eq!(
        Algorithm::of(&matrix(64, 128), &matrix(128, 784)),
        Some(Algorithm::Axpy)
    );
    // A gradient whose factors have columns and rows of 4096 bytes, in a short sum and in a long one.
    let gradient = |inner| {
        let x = vec![0.0_f64; inner * 512];
        let x = Matrix::new(&x, inner, 512);
        Algorithm::of(&x.transposed(), &x)
    };
    assert_eq!(gradient(128), Some(Algorithm::Axpy));
    assert_eq!(gradient(256), None);
    // Short dot products of many rows.
    for (rows, columns, inner) in [
        (128, 64, 128),
        (64, 128, 128),
        (64, 20, 10),
        (16, 10, 10),
        (64, 2, 10),
    ] {
        assert_eq!(
            Algorithm::of(&matrix(rows, inner), &matrix(columns, inner).transposed()),
            Some(Algorithm::AxpyTransposed)
        );
    }
    // Few short dot products, long combinations, and rows or columns that are not contiguous.
    for (rows, columns) in [(15, 10), (64, 1)] {
        assert_eq!(
            Algorithm::of(&matrix(rows, 10), &matrix(columns, 10).transposed()),
            None
        );
    }
    assert_eq!(
        Algorithm::of(&matrix(784, 64).transposed(), &matrix(784, 128)),
        None
    );
    assert_eq!(
        Algorithm::of(&matrix(784, 20).transposed(), &matrix(10, 784).transposed()),
        None
    );
}
