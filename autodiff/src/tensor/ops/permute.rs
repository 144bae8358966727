//! Permutation of axes, and the transpose.
//!
//! ```text
//! vjp   x̄ = ȳ, in the inverse order
//! ```

use super::prelude::*;
use smallvec::SmallVec;

/// The order: axis `i` of the output is axis `order[i]` of the input.
#[derive(Clone, Debug)]
pub(crate) struct Permute(SmallVec<[usize; 4]>);

impl<T: Real> Op<T> for Permute {
    fn name(&self) -> &'static str {
        "permute"
    }

    #[track_caller]
    fn value(&self, x: &[&Tensor<T>]) -> Tensor<T> {
        x[0].permute(&self.0[..])
    }

    fn vjp<A: Algebra<Element = T>>(
        &self,
        _at: &Point<'_, A>,
        y_bar: A,
        x_bar: &mut Adjoints<'_, A>,
    ) {
        x_bar.add(0, || y_bar.permute(&inverse(&self.0)[..]));
    }

    built_in!(Permute);
}

/// The inverse of a permutation of axes.
pub(super) fn inverse(order: &[usize]) -> SmallVec<[usize; 4]> {
    let mut inverse = SmallVec::from_elem(0, order.len());
    for (to, &from) in order.iter().enumerate() {
        inverse[from] = to;
    }
    inverse
}

/// The order of the axes of a tensor of the given shape, as numbers.
///
/// # Panics
///
/// If an axis does not exist, or is not named exactly once.
#[track_caller]
fn order_of(shape: &Shape, axes: &Axes) -> SmallVec<[usize; 4]> {
    let order = axes.in_order(shape, "permute");
    let is_permutation =
        order.len() == shape.rank() && (0..shape.rank()).all(|axis| order.contains(&axis));
    assert!(
        is_permutation,
        "permute: {order:?} is not an order of the axes of shape {shape}"
    );
    order
}

/// The permutation that transposes a matrix.
///
/// # Panics
///
/// If the shape does not have two axes.
#[track_caller]
fn transposition(shape: &Shape) -> [usize; 2] {
    assert!(
        shape.rank() == 2,
        "transpose: shape {shape} is not that of a matrix"
    );
    [1, 0]
}

/// The permutation that exchanges two axes.
///
/// # Panics
///
/// If an axis does not exist.
#[track_caller]
fn exchange(shape: &Shape, a: Axis, b: Axis) -> SmallVec<[usize; 4]> {
    let (a, b) = (a.of(shape, "swap_axes"), b.of(shape, "swap_axes"));
    let mut order: SmallVec<[usize; 4]> = (0..shape.rank()).collect();
    order.swap(a, b);
    order
}

methods! {
    /// Permutation of axes.
    pub trait PermuteMethods for any element;

    /// Permutes the axes: axis `i` of the result is axis `order[i]` of `self`. The data are copied.
    ///
    /// ```
    /// # use autodiff::Tensor;
    /// let x = Tensor::<f32>::zeros([2, 3, 4]);
    /// assert_eq!(x.permute([2, 0, -2]).shape()[..], [4, 2, 3]);
    /// ```
    ///
    /// # Panics
    ///
    /// If `order` does not name every axis exactly once.
    #[doc(alias("moveaxis", "movedim", "transpose"))]
    pub fn permute(self, order: impl Into<Axes>) -> Self {
        Self::apply(Permute(order_of(&self.shape(), &order.into())), &[self])
    } on tensors {
        let order = order_of(self.shape(), &order.into());
        let mut shape = self.shape().clone();
        for (to, &from) in order.iter().enumerate() {
            shape.set(to, self.shape()[from]);
        }
        Tensor::made(shape, |out| {
            autodiff_kernels::permute(self.data(), self.shape(), &order, out);
        })
    }

    /// Returns the transpose of a matrix. The data are copied. For a tensor with more axes,
    /// [`swap_axes`](Tensor::swap_axes) by `(-2, -1)` transposes each matrix in the last two.
    ///
    /// # Panics
    ///
    /// If the tensor does not have two axes.
    #[doc(alias("t", "mT"))]
    pub fn transpose(self) -> Self {
        self.permute(transposition(&self.shape()))
    } on tensors {
        self.permute(transposition(self.shape()))
    }

    /// Exchanges two axes. The data are copied.
    ///
    /// ```
    /// # use autodiff::Tensor;
    /// let x = Tensor::<f32>::zeros([2, 3, 4]);
    /// assert_eq!(x.swap_axes(-2, -1).shape()[..], [2, 4, 3]);
    /// ```
    ///
    /// # Panics
    ///
    /// If there is no such axis.
    #[doc(alias("swapaxes", "swapdims", "transpose"))]
    pub fn swap_axes(self, a: impl Into<Axis>, b: impl Into<Axis>) -> Self {
        self.permute(&exchange(&self.shape(), a.into(), b.into())[..])
    }
}

pub(super) fn check_cases() -> Vec<CheckCase> {
    let cases: [(&[usize], &[usize]); 9] = [
        (&[], &[]),
        (&[1], &[0]),
        (&[0], &[0]),
        (&[3, 4], &[1, 0]),
        (&[3, 4], &[0, 1]),
        (&[1, 5], &[1, 0]),
        (&[2, 0], &[1, 0]),
        (&[2, 3, 4], &[2, 0, 1]),
        (&[2, 3, 4, 2], &[3, 1, 0, 2]),
    ];
    let permuted = |(shape, order): (&[usize], &'static [usize])| {
        CheckCase::new("permute", &[shape], move |x| x[0].permute(order))
    };
    let mut checks: Vec<CheckCase> = cases.into_iter().map(permuted).collect();
    let matrices = [
        [1, 1],
        [1, 5],
        [5, 1],
        [3, 4],
        [0, 2],
        [2, 0],
        [17, 18],
        [32, 16],
    ];
    checks
        .extend(matrices.map(|shape| CheckCase::new("transpose", &[&shape], |x| x[0].transpose())));
    let cases: [(&[usize], isize, isize); 8] = [
        (&[1], 0, 0),
        (&[0], -1, 0),
        (&[3, 4], 0, 1),
        (&[4, 2], -1, 0),
        (&[2, 0], 0, -1),
        (&[2, 3, 4], -2, -1),
        (&[3, 2, 2], 0, 2),
        (&[2, 3, 1, 2], -1, 1),
    ];
    for (shape, a, b) in cases {
        checks.push(CheckCase::new("swap_axes", &[shape], move |x| {
            x[0].swap_axes(a, b)
        }));
    }
    checks
}
