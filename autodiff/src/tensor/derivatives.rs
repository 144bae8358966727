//! Derivatives of functions of a few tensors, without a tape of one's own: wrappers of the functions in [`general`].

pub mod general;
pub mod recorded;

use super::storage::array::Tensor;
use super::storage::element::Real;
use super::var::Var;
use std::borrow::Borrow;

/// Returns the gradient of a function whose value is one number, by one backward pass.
///
/// ```
/// use autodiff::tensor::{Tensor, gradient};
///
/// let x = Tensor::from([1.0, 2.0, 3.0]);
/// assert_eq!(gradient(|[x]| x.square().sum(), [&x])[0].data(), [2.0, 4.0, 6.0]);
///
/// let [dw, db] = gradient(|[w, b]| (w * 5.0 + b).sum(), [x, Tensor::scalar(1.0)]);
/// assert_eq!((dw.data(), db.item()), (&[5.0; 3][..], 3.0));
/// ```
///
/// # Panics
///
/// If the value does not have exactly one element.
#[doc(alias = "grad")]
#[must_use]
#[track_caller]
pub fn gradient<T: Real, B: Borrow<Tensor<T>>, const N: usize, F>(f: F, x: [B; N]) -> [Tensor<T>; N]
where
    F: for<'t> FnOnce([Var<'t, T>; N]) -> Var<'t, T>,
{
    value_and_gradient(f, x).1
}

/// Returns the value and the gradient of a function whose value is one number, by one backward pass.
///
/// ```
/// use autodiff::tensor::{Tensor, value_and_gradient};
///
/// let (y, [dx]) = value_and_gradient(|[x]| x.powi(3).sum(), [Tensor::from([1.0, 2.0])]);
/// assert_eq!((y, dx.data()), (9.0, &[3.0, 12.0][..]));
/// ```
///
/// # Panics
///
/// If the value does not have exactly one element.
#[doc(alias = "value_and_grad")]
#[must_use]
#[track_caller]
pub fn value_and_gradient<T: Real, B: Borrow<Tensor<T>>, const N: usize, F>(
    f: F,
    x: [B; N],
) -> (T, [Tensor<T>; N])
where
    F: for<'t> FnOnce([Var<'t, T>; N]) -> Var<'t, T>,
{
    let (y, gradient) = general::value_and_gradient(|x| f(array(x)), &owned(x));
    (y, array(&gradient))
}

/// Returns the value of a function, and the product `J ẋ` of its Jacobian with `x_dot`: the rate of change of the value
/// when the point moves along `x_dot`.
///
/// It is computed by two backward passes: `Jᵀ ȳ` is linear in ȳ, and the gradient of ⟨`Jᵀ ȳ`, ẋ⟩ with respect to ȳ is
/// `J ẋ`.
///
/// ```
/// use autodiff::tensor::{Tensor, jvp};
///
/// let (x, x_dot) = (Tensor::from([1.0, 2.0]), Tensor::from([1.0, 10.0]));
/// let (y, y_dot) = jvp(|[x]| x.square(), [x], [x_dot]);
/// assert_eq!((y.data(), y_dot.data()), (&[1.0, 4.0][..], &[2.0, 40.0][..]));
/// ```
///
/// # Panics
///
/// If the shapes of `x_dot` and `x` differ.
#[must_use]
#[track_caller]
pub fn jvp<T: Real, B: Borrow<Tensor<T>>, const N: usize, F>(
    f: F,
    x: [B; N],
    x_dot: [B; N],
) -> (Tensor<T>, Tensor<T>)
where
    F: for<'t> FnOnce([Var<'t, T>; N]) -> Var<'t, T>,
{
    general::jvp(|x| f(array(x)), &owned(x), &owned(x_dot))
}

/// Returns the value of a function, and the product `Jᵀ ȳ` of its transposed Jacobian with `y_bar`: the gradient of
/// ⟨ȳ, f(x)⟩.
///
/// ```
/// use autodiff::tensor::{Tensor, vjp};
///
/// let (y, [x_bar]) = vjp(|[x]| x.square(), [Tensor::from([1.0, 2.0])], [1.0, 10.0]);
/// assert_eq!((y.data(), x_bar.data()), (&[1.0, 4.0][..], &[2.0, 40.0][..]));
/// ```
///
/// # Panics
///
/// If `y_bar` does not have the shape of the value.
#[must_use]
#[track_caller]
pub fn vjp<T: Real, B: Borrow<Tensor<T>>, const N: usize, F>(
    f: F,
    x: [B; N],
    y_bar: impl Into<Tensor<T>>,
) -> (Tensor<T>, [Tensor<T>; N])
where
    F: for<'t> FnOnce([Var<'t, T>; N]) -> Var<'t, T>,
{
    let (y, x_bar) = general::vjp(|x| f(array(x)), &owned(x), y_bar);
    (y, array(&x_bar))
}

/// Returns the gradient of a function whose value is one number, and the product `H v` of its Hessian with `v`, by a
/// backward pass over a recorded backward pass.
///
/// ```
/// use autodiff::tensor::{Tensor, hvp};
///
/// let (x, v) = (Tensor::from([1.0, 2.0]), Tensor::from([1.0, 0.0]));
/// let ([g], [hv]) = hvp(|[x]| x.powi(3).sum(), [x], [v]);
/// assert_eq!((g.data(), hv.data()), (&[3.0, 12.0][..], &[6.0, 0.0][..]));
/// ```
///
/// # Panics
///
/// If the value does not have exactly one element, or the shapes of `v` and `x` differ.
#[must_use]
#[track_caller]
pub fn hvp<T: Real, B: Borrow<Tensor<T>>, const N: usize, F>(
    f: F,
    x: [B; N],
    v: [B; N],
) -> ([Tensor<T>; N], [Tensor<T>; N])
where
    F: for<'t> FnOnce([Var<'t, T>; N]) -> Var<'t, T>,
{
    let (gradient, product) = general::hvp(|x| f(array(x)), &owned(x), &owned(v));
    (array(&gradient), array(&product))
}

/// Returns the Jacobian of a function: with respect to each input, the tensor of shape `[y…, x…]` whose element at
/// `[i…, j…]` is ∂yᵢ/∂xⱼ, where y is the value. It takes one backward pass for each element of the value.
///
/// ```
/// use autodiff::tensor::{Tensor, jacobian};
///
/// let [j] = jacobian(|[x]| x.square(), [Tensor::from([1.0, 2.0])]);
/// assert_eq!(j, Tensor::from([[2.0, 0.0], [0.0, 4.0]]));
/// ```
#[must_use]
#[track_caller]
pub fn jacobian<T: Real, B: Borrow<Tensor<T>>, const N: usize, F>(f: F, x: [B; N]) -> [Tensor<T>; N]
where
    F: for<'t> FnOnce([Var<'t, T>; N]) -> Var<'t, T>,
{
    value_and_jacobian(f, x).1
}

/// Returns the value and the [Jacobian](jacobian) of a function.
#[must_use]
#[track_caller]
pub fn value_and_jacobian<T: Real, B: Borrow<Tensor<T>>, const N: usize, F>(
    f: F,
    x: [B; N],
) -> (Tensor<T>, [Tensor<T>; N])
where
    F: for<'t> FnOnce([Var<'t, T>; N]) -> Var<'t, T>,
{
    let (y, jacobians) = general::value_and_jacobian(|x| f(array(x)), &owned(x));
    (y, array(&jacobians))
}

/// Returns the Hessian of a function whose value is one number: for each pair of inputs a and b, the tensor of shape
/// `[a…, b…]` of the second derivatives ∂²y/∂aᵢ∂bⱼ. It takes one backward pass for each element of the inputs.
///
/// ```
/// use autodiff::tensor::{Tensor, hessian};
///
/// let [[h]] = hessian(|[x]| x.powi(3).sum(), [Tensor::from([1.0, 2.0])]);
/// assert_eq!(h, Tensor::from([[6.0, 0.0], [0.0, 12.0]]));
/// ```
///
/// # Panics
///
/// If the value does not have exactly one element.
#[must_use]
#[track_caller]
pub fn hessian<T: Real, B: Borrow<Tensor<T>>, const N: usize, F>(
    f: F,
    x: [B; N],
) -> [[Tensor<T>; N]; N]
where
    F: for<'t> FnOnce([Var<'t, T>; N]) -> Var<'t, T>,
{
    let rows = general::hessian(|x| f(array(x)), &owned(x));
    std::array::from_fn(|i| array(&rows[i]))
}

/// Returns the gradient of each sample's cost with respect to each parameter, by one backward pass: tensors of shape
/// `[samples, parameter…]`.
///
/// `f` is called with a copy of the parameters for each sample, stacked along a leading axis of extent `samples`, and
/// returns costs of shape `[samples]`. The cost of a sample may depend only on its own copy of the parameters.
///
/// ```
/// use autodiff::tensor::{Tensor, per_sample_gradients};
///
/// let x = Tensor::from([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]); // one sample per row
/// let weight = Tensor::from([0.5, -0.5]);
/// let [gradients] = per_sample_gradients(|[w]| (w * &x).sum_over(1).square(), [weight], 3);
/// assert_eq!(gradients, Tensor::from([[-1.0, -2.0], [-3.0, -4.0], [-5.0, -6.0]]));
/// ```
///
/// # Panics
///
/// If `f` does not return one number for each sample.
#[must_use]
#[track_caller]
pub fn per_sample_gradients<T: Real, B: Borrow<Tensor<T>>, const N: usize, F>(
    f: F,
    parameters: [B; N],
    samples: usize,
) -> [Tensor<T>; N]
where
    F: for<'t> FnOnce([Var<'t, T>; N]) -> Var<'t, T>,
{
    let parameters = owned(parameters);
    array(&general::per_sample_gradients(
        |x| f(array(x)),
        &parameters,
        samples,
    ))
}

/// Returns the tensors, each of which may be borrowed.
fn owned<T: Real, B: Borrow<Tensor<T>>, const N: usize>(x: [B; N]) -> [Tensor<T>; N] {
    x.map(|x| x.borrow().clone())
}

/// Returns the slice, which has length `N`, as an array.
fn array<U: Clone, const N: usize>(slice: &[U]) -> [U; N] {
    std::array::from_fn(|i| slice[i].clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hessians_have_a_block_for_each_pair_of_inputs() {
        let (a, b) = (Tensor::from([1.0, 2.0]), Tensor::from([3.0, 4.0, 5.0]));
        // a₀ Σ b² has the mixed derivatives 2 b in the row of a₀.
        let [[aa, ab], [ba, bb]] =
            hessian(|[a, b]| a.narrow(0, 0..1).sum() * b.square().sum(), [a, b]);
        assert_eq!(aa, Tensor::zeros([2, 2]));
        assert_eq!(ab, Tensor::from([[6.0, 8.0, 10.0], [0.0, 0.0, 0.0]]));
        assert_eq!(ba, ab.transpose());
        assert_eq!(
            bb,
            Tensor::from([[2.0, 0.0, 0.0], [0.0, 2.0, 0.0], [0.0, 0.0, 2.0]])
        );
    }

    #[test]
    fn a_value_that_does_not_depend_on_an_input_has_derivative_zero() {
        let x = Tensor::from([1.0, 2.0]);
        let (y, y_dot) = jvp(|[x]| x.tape().constant([3.0, 4.0]), [&x], [&x]);
        assert_eq!((y.data(), y_dot.data()), (&[3.0, 4.0][..], &[0.0, 0.0][..]));
        assert_eq!(
            jacobian(|[x]| x.tape().constant([3.0, 4.0]), [&x]),
            [Tensor::zeros([2, 2])]
        );
        assert_eq!(hvp(|[x]| x.sum(), [&x], [&x]).1, [Tensor::zeros([2])]);
    }
}
