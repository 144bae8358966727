//! Broadcasting to a larger shape, as in NumPy, and summing back to a smaller one: each is the other's rule.
//!
//! ```text
//! broadcast_to   x̄ = Σ ȳ, over the broadcast axes
//! sum_to         x̄ = ȳ, broadcast over the summed axes
//! ```

use super::prelude::*;
use super::sum::sum_over_axes;
use crate::tensor::storage::buffer::Pooled;
use autodiff_kernels::broadcast::Walk;
use autodiff_kernels::{Write, reduce};

/// Broadcasting to a shape.
#[derive(Clone, Debug)]
pub(crate) struct Broadcast(Shape);

impl<T: Real> Op<T> for Broadcast {
    fn name(&self) -> &'static str {
        "broadcast_to"
    }

    #[track_caller]
    fn value(&self, x: &[&Tensor<T>]) -> Tensor<T> {
        stretched(x[0], &self.0)
    }

    fn vjp<A: Algebra<Element = T>>(
        &self,
        _at: &Point<'_, A>,
        y_bar: A,
        x_bar: &mut Adjoints<'_, A>,
    ) {
        // The adjoint has the output's shape; `Adjoints` sums every such term to the input's shape.
        x_bar.add(0, || y_bar);
    }

    built_in!(Broadcast);
}

/// Summing to a shape that can be broadcast to the input's shape.
#[derive(Clone, Debug)]
pub(crate) struct SumTo(Shape);

impl<T: Real> Op<T> for SumTo {
    fn name(&self) -> &'static str {
        "sum_to"
    }

    #[track_caller]
    fn value(&self, x: &[&Tensor<T>]) -> Tensor<T> {
        let (x, shape) = (x[0], &self.0);
        // The usual case: a bias is broadcast over the samples. The rows are summed without a search for axes.
        if x.shape().ends_with(shape) {
            let before = x.shape().rank() - shape.rank();
            let rows: usize = x.shape()[..before].iter().product();
            return if rows == 1 {
                x.reshape(shape)
            } else {
                Tensor::made(shape.clone(), |out| {
                    reduce::sum(x.data(), rows, out.len(), out, Write::Set, &Pooled);
                })
            };
        }
        assert!(
            shape.stretches_to(x.shape()),
            "sum_to: shape {shape} cannot be stretched to {}",
            x.shape()
        );
        sum_over_axes(x, &stretched_axes(x.shape(), shape)).reshape(shape)
    }

    fn vjp<A: Algebra<Element = T>>(
        &self,
        at: &Point<'_, A>,
        y_bar: A,
        x_bar: &mut Adjoints<'_, A>,
    ) {
        x_bar.add(0, || y_bar.broadcast_to(at.x[0].shape()));
    }

    built_in!(SumTo);
}

/// The shape to which several operands are broadcast together.
///
/// # Panics
///
/// If the shapes do not fit together.
#[inline]
#[track_caller]
pub(super) fn common_shape<const N: usize>(operation: &str, shapes: [&Shape; N]) -> Shape {
    let mut common = shapes[0].clone();
    for shape in &shapes[1..] {
        match common.broadcast(shape) {
            Some(both) => common = both,
            None => cannot_be_broadcast(operation, &shapes),
        }
    }
    common
}

#[cold]
#[track_caller]
fn cannot_be_broadcast(operation: &str, shapes: &[&Shape]) -> ! {
    let (last, others) = (shapes[shapes.len() - 1], &shapes[..shapes.len() - 1]);
    let others: Vec<String> = others.iter().map(|shape| shape.to_string()).collect();
    panic!(
        "{operation}: shapes {} and {last} cannot be broadcast together",
        others.join(", ")
    )
}

/// The axes of `target` along which `shape` is broadcast.
fn stretched_axes(target: &Shape, shape: &Shape) -> AxisSet {
    let added = target.rank() - shape.rank();
    let is_stretched =
        |&axis: &usize| axis < added || (shape[axis - added] == 1 && target[axis] != 1);
    AxisSet::filtered(target.rank(), is_stretched)
}

#[track_caller]
fn stretched<T: Element>(x: &Tensor<T>, shape: &Shape) -> Tensor<T> {
    if x.shape() == shape {
        return x.clone();
    }
    assert!(
        x.shape().stretches_to(shape),
        "broadcast_to: shape {} cannot be stretched to {shape}",
        x.shape()
    );
    let walk = Walk::new(x.shape(), shape, shape);
    let x = x.data();
    Tensor::made(shape.clone(), |out| {
        walk.rows(|from, _, to| {
            let out = &mut out[to..to + walk.inner.extent];
            match walk.inner.a {
                0 => out.fill(x[from]),
                _ => out.copy_from_slice(&x[from..from + walk.inner.extent]),
            }
        });
    })
}

methods! {
    /// Broadcasting.
    pub trait BroadcastMethods for any element;

    /// Broadcasts to a shape: the shapes are aligned at the last axis, and axes of extent 1 are repeated.
    ///
    /// ```
    /// # use autodiff::Tensor;
    /// let x = Tensor::from([1.0, 2.0]);
    /// assert_eq!(x.broadcast_to([2, 2]), Tensor::from([[1.0, 2.0], [1.0, 2.0]]));
    /// ```
    ///
    /// # Panics
    ///
    /// If the tensor cannot be broadcast to that shape.
    #[doc(alias("expand", "expand_as"))]
    pub fn broadcast_to(self, shape: impl Into<Shape>) -> Self {
        Self::apply(Broadcast(shape.into()), &[self])
    } on tensors {
        stretched(self, &shape.into())
    }
}

methods! {
    /// Summing to a shape.
    pub trait SumToMethods;

    /// Returns the sum over the axes along which `shape` is broadcast to `self`'s shape: the transpose of broadcasting.
    ///
    /// ```
    /// # use autodiff::Tensor;
    /// let x = Tensor::from([[1.0, 2.0], [3.0, 4.0]]);
    /// assert_eq!(x.sum_to([2]), Tensor::from([4.0, 6.0]));
    /// ```
    ///
    /// # Panics
    ///
    /// If `shape` cannot be broadcast to the shape of `self`.
    pub fn sum_to(self, shape: impl Into<Shape>) -> Self {
        Self::apply(SumTo(shape.into()), &[self])
    }
}

/// Shapes of two operands: equal, scalar, of extent 1, empty, and broadcast in every way.
pub(super) const BROADCAST_SHAPES: [[&[usize]; 2]; 12] = [
    [&[], &[]],
    [&[1], &[1]],
    [&[0], &[0]],
    [&[5], &[5]],
    [&[3, 4], &[3, 4]],
    [&[3, 4], &[]],
    [&[], &[3, 4]],
    [&[3, 4], &[4]],
    [&[3, 1], &[1, 4]],
    [&[2, 3, 2], &[3, 1]],
    [&[0, 3], &[3]],
    [&[1], &[2, 1, 3]],
];

pub(super) fn check_cases() -> Vec<CheckCase> {
    let cases: [(&[usize], &[usize]); 11] = [
        (&[2, 1, 1], &[2, 2, 3]),
        (&[], &[]),
        (&[], &[3]),
        (&[1], &[1]),
        (&[1], &[4]),
        (&[0], &[2, 0]),
        (&[4], &[3, 4]),
        (&[3, 1], &[3, 4]),
        (&[3, 1, 2], &[2, 3, 4, 2]),
        (&[1], &[0]),
        (&[3, 4], &[3, 4]),
    ];
    let stretched = |(from, to): (&[usize], &'static [usize])| {
        CheckCase::new("broadcast_to", &[from], move |x| x[0].broadcast_to(to))
    };
    let summed = |(to, from): (&'static [usize], &[usize])| {
        CheckCase::new("sum_to", &[from], move |x| x[0].sum_to(to))
    };
    cases
        .into_iter()
        .flat_map(|case| [stretched(case), summed(case)])
        .collect()
}
