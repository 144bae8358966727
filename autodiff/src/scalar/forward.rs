//! Derivatives in forward mode, in `K` directions at a time, without a tape.
//!
//! Forward mode computes the derivatives along with the values, with the numbers [`Dual<T, K>`](Dual). It needs no
//! memory, and suits functions with few inputs, or with many more outputs than inputs. A function is called once for
//! every `K` inputs, so it is a closure that can be called again. A good `K` is 4 to 16, or the number of inputs if it is
//! not much larger.
//!
//! ```
//! use autodiff::scalar::forward::value_and_jacobian;
//!
//! // Points on a circle, in polar coordinates.
//! let (y, jacobian) = value_and_jacobian::<2, _>(|x| vec![x[0] * x[1].cos(), x[0] * x[1].sin()], &[2.0, 0.0]);
//! assert_eq!(y, [2.0, 0.0]);
//! assert_eq!(jacobian, [[1.0, 0.0], [0.0, 2.0]]);
//! ```
//!
//! The directions need not be those of single inputs: [`jvp`] takes them from the caller. Here one direction moves all
//! inputs, and the other one moves the second input only.
//!
//! ```
//! use autodiff::scalar::forward::jvp;
//!
//! let directions = [[1.0, 0.0], [1.0, 1.0]];
//! let (y, y_dot) = jvp(|x| vec![x[0] * x[1]], &[2.0, 3.0], &directions);
//! assert_eq!((y, y_dot), (vec![6.0], vec![[5.0, 2.0]]));
//! ```
//!
//! The number of outputs must be the same in every call.

use super::dual::Dual;
use super::number::Scalar;

/// Returns the Jacobian matrix of a function with several outputs: row `i` is the gradient of output `i`.
///
/// # Panics
///
/// If the number of outputs differs between two calls of the function, or if `K` is 0.
#[must_use]
#[track_caller]
pub fn jacobian<const K: usize, T: Scalar>(
    f: impl FnMut(&[Dual<T, K>]) -> Vec<Dual<T, K>>,
    x: &[T],
) -> Vec<Vec<T>> {
    value_and_jacobian(f, x).1
}

/// Returns the outputs of a function and its Jacobian matrix, whose row `i` is the gradient of output `i`.
///
/// ```
/// use autodiff::scalar::forward::value_and_jacobian;
///
/// let (y, jacobian) = value_and_jacobian::<8, _>(|x| vec![x[0] * x[1], x[0] + x[1]], &[2.0, 3.0]);
/// assert_eq!((y, jacobian), (vec![6.0, 5.0], vec![vec![3.0, 2.0], vec![1.0, 1.0]]));
/// ```
///
/// # Panics
///
/// If the number of outputs differs between two calls of the function, or if `K` is 0.
#[must_use]
#[track_caller]
pub fn value_and_jacobian<const K: usize, T: Scalar>(
    mut f: impl FnMut(&[Dual<T, K>]) -> Vec<Dual<T, K>>,
    x: &[T],
) -> (Vec<T>, Vec<Vec<T>>) {
    assert!(K > 0, "jacobian: the number of directions is 0");
    let (mut values, mut rows) = (Vec::new(), Vec::new());
    let mut point = Vec::with_capacity(x.len());
    // Without inputs, one call returns the outputs.
    for first in (0..x.len().max(1)).step_by(K) {
        let columns = first..x.len().min(first + K);
        point.clear();
        point.extend(x.iter().enumerate().map(|(i, &x)| {
            if columns.contains(&i) {
                Dual::seeded(x, i - first)
            } else {
                Dual::constant(x)
            }
        }));
        let y = f(&point);
        if first == 0 {
            values.extend(y.iter().map(|y| y.value));
            rows.resize_with(y.len(), || Vec::with_capacity(x.len()));
        }
        assert!(
            y.len() == rows.len(),
            "jacobian: {} outputs, and {} in the first call",
            y.len(),
            rows.len()
        );
        for (row, y) in rows.iter_mut().zip(&y) {
            row.extend(&y.tangents[..columns.len()]);
        }
    }
    (values, rows)
}

/// Returns the outputs of a function, and for each output its derivatives in `K` directions: the products of its
/// Jacobian matrix with `K` vectors. Row `i` of `directions` is what the directions do to input `i`.
///
/// # Panics
///
/// If the number of rows of `directions` differs from the number of inputs.
#[must_use]
#[track_caller]
pub fn jvp<const K: usize, T: Scalar>(
    f: impl FnOnce(&[Dual<T, K>]) -> Vec<Dual<T, K>>,
    x: &[T],
    directions: &[[T; K]],
) -> (Vec<T>, Vec<[T; K]>) {
    assert!(
        directions.len() == x.len(),
        "jvp: {} rows of directions for {} inputs",
        directions.len(),
        x.len()
    );
    let point = x.iter().zip(directions);
    let point: Vec<_> = point
        .map(|(&value, &tangents)| Dual { value, tangents })
        .collect();
    let y = f(&point);
    let outputs = y.iter().map(|y| (y.value, y.tangents));
    outputs.unzip()
}
