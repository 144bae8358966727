//! Upper bounds of the elements of tensors and gradients, found without forming a gradient.

use super::{Gradient, Gradients, gradient};
use crate::tensor::engine::adjoints::{Adjoint, IndexedSlices};
use crate::tensor::storage::array::Tensor;
use crate::tensor::storage::element::Real;
use autodiff_kernels::simd::{MIN_DISPATCH_LENGTH, vectorized};
use std::ops::BitAnd;

/// Returns the largest magnitude in `x`: NaN if any number is NaN, and 0 if there are no numbers.
///
/// ```
/// use autodiff::tensor::raw::largest_magnitude;
///
/// assert_eq!(largest_magnitude(&[1.0, -3.0, 2.0]), 3.0);
/// assert!(largest_magnitude(&[f64::INFINITY, f64::NAN]).is_nan());
/// ```
#[must_use]
#[inline]
pub fn largest_magnitude<T: Real>(x: &[T]) -> f64 {
    // Without the sign, floating-point numbers are ordered like their bits, with infinity after the others, and NaN
    // last.
    if size_of::<T>() == size_of::<f32>() {
        let bits = largest(bytemuck::cast_slice::<T, i32>(x), i32::MAX);
        f32::from_bits(bits as u32).into()
    } else {
        let bits = largest(bytemuck::cast_slice::<T, i64>(x), i64::MAX);
        f64::from_bits(bits as u64)
    }
}

/// The largest of the bit patterns after masking; 0 if there are none.
#[inline]
fn largest<B: Copy + Default + Ord + BitAnd<Output = B>>(bits: &[B], mask: B) -> B {
    let largest = move || {
        let magnitudes = bits.iter().map(|&bits| bits & mask);
        magnitudes.fold(B::default(), Ord::max)
    };
    if bits.len() < MIN_DISPATCH_LENGTH {
        largest()
    } else {
        vectorized(largest)
    }
}

/// Returns an upper bound of the magnitudes of a tensor's elements: the largest magnitude or, for a tensor of
/// [bytes](Tensor::from_scaled_bytes), the magnitude of the largest possible byte. NaN if any element is NaN, and 0 if
/// there are none.
#[must_use]
pub fn magnitude_bound<T: Real>(tensor: &Tensor<T>) -> f64 {
    match tensor.bytes() {
        Some((_, scale)) => f64::from(u8::MAX) * scale.to_f64().abs(),
        None => largest_magnitude(tensor.data()),
    }
}

/// Returns an upper bound of the magnitudes of the gradients with respect to the first `variables` variables of a tape,
/// from the magnitudes of the factors and terms that they consist of. Not finite if any of these is not.
#[must_use]
pub fn magnitude_bound_of<T: Real>(gradients: &Gradients<T>, variables: usize) -> f64 {
    // The rows of a bias's gradient are the matrix that is a factor of its weight's gradient; it is searched only once.
    let mut latest: Option<(&Tensor<T>, f64)> = None;
    let mut bound = |tensor| match latest {
        Some((known, bound)) if known.is_clone_of(tensor) => bound,
        _ => {
            let bound = magnitude_bound(tensor);
            latest = Some((tensor, bound));
            bound
        }
    };
    // A maximum of the bounds could hide a NaN, so they are summed.
    let gradients = (0..variables).filter_map(|variable| gradient(gradients, variable));
    let bounds = gradients.map(|Gradient(term)| match term {
        Adjoint::Array(sum) => bound(sum),
        Adjoint::RowSum(rows) => rows.shape()[0] as f64 * bound(rows),
        Adjoint::Scattered(IndexedSlices {
            indices, slices, ..
        }) => indices.size() as f64 * bound(slices),
        Adjoint::Product(a, b) => {
            let (a, b) = (a.as_factor(), b.as_factor());
            let [_, terms] = a.extents("gradient");
            terms as f64 * bound(b.array) * bound(a.array)
        }
    });
    bounds.sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensor::Tape;

    #[test]
    fn the_largest_magnitude_is_found_wherever_it_is() {
        fn check<T: Real>(from: fn(f64) -> T) {
            for size in [1, 3, 31, 32, 33, 100] {
                for place in 0..size {
                    let mut x: Vec<T> = (0..size).map(|i| from(0.5 - (i % 2) as f64)).collect();
                    for found in [-2.5, 2.5, 1e-30, f64::NEG_INFINITY] {
                        x[place] = from(found);
                        let rest = if size == 1 { 0.0 } else { 0.5 };
                        let found = from(found).to_f64().abs();
                        assert_eq!(largest_magnitude(&x), found.max(rest));
                    }
                    x[(place + 1) % size] = from(-f64::INFINITY);
                    x[place] = from(-f64::NAN);
                    assert!(largest_magnitude(&x).is_nan());
                }
            }
            assert_eq!(largest_magnitude::<T>(&[]), 0.0);
        }
        check::<f32>(|x| x as f32);
        check::<f64>(|x| x);
    }

    #[test]
    fn gradients_of_every_kind_stay_below_their_bound_and_have_their_variables_shape() {
        let x = Tensor::from_flat_fn([40, 3], |i| (i as f64 * 0.7).sin());
        // A product, rows, an array and slices, alone and together.
        for variables in [
            [1, 0, 0, 0],
            [0, 1, 0, 0],
            [0, 0, 1, 0],
            [0, 0, 0, 1],
            [1, 1, 1, 1],
        ] {
            let tape = Tape::new();
            let leaf = |value: Tensor<f64>, is_variable: i32| {
                if is_variable == 1 {
                    tape.var(value)
                } else {
                    tape.constant(value)
                }
            };
            let values = [
                Tensor::from_flat_fn([5, 3], |i| (i as f64).cos()),
                Tensor::zeros([5]),
                Tensor::scalar(3.0),
                Tensor::full([7, 5], 0.5),
            ];
            let [weight, bias, scale, table] =
                [0, 1, 2, 3].map(|i: usize| leaf(values[i].clone(), variables[i]));
            let rows = table.gather(0, [2, 2, 0]).sum_over_keepdims(0);
            let cost = (tape.constant(&x).linear(weight, bias).sin() * scale * rows).sum();
            let gradients = cost.gradients();
            let bound = magnitude_bound_of(&gradients, 4);
            assert!(bound < 1e3);
            for (variable, value) in values.iter().enumerate() {
                let found = gradient(&gradients, variable);
                assert_eq!(found.is_some(), variables[variable] == 1);
                let Some(found) = found else { continue };
                let largest = magnitude_bound(&found.tensor());
                assert!(0.0 < largest && largest <= bound);
                assert_eq!(found.shape(), *value.shape());
            }
        }
    }

    #[test]
    fn non_finite_elements_show_in_the_bound() {
        for (value, factor) in [(f64::NAN, 1.0), (1.0, f64::INFINITY)] {
            let tape = Tape::new();
            let bias = tape.var([0.0]);
            let weight = tape.var([[1.0, 1.0]]);
            let x = tape.constant([[0.5, value], [1.0, 0.25]]);
            let gradients = (x.linear(weight, bias) * factor).sum().gradients();
            assert_eq!(magnitude_bound_of(&gradients, 1).is_finite(), factor == 1.0);
            assert!(!magnitude_bound_of(&gradients, 2).is_finite());
        }
    }

    #[test]
    fn bytes_are_bounded_by_the_largest_byte() {
        let x = Tensor::<f64>::from_scaled_bytes(&Tensor::from([[0, 51, 102]]), -1.0 / 255.0);
        assert!((magnitude_bound(&x) - 1.0).abs() < 1e-12);
    }
}
