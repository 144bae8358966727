//! The affine layer, `Z = X Wᵀ + b`, and a layer of neurons, `Y = f(X Wᵀ + b)`. A sample is a row, and `W` is (out, in)
//! as in the paper.
//!
//! ```text
//! vjp   Z̄ = Ȳ ⊙ f′(Z),   X̄ = Z̄ W,   W̄ = Z̄ᵀ X,   b̄ = Σ rows of Z̄
//! ```
//!
//! Read as column-major matrices, with samples as columns, these are the paper's `Z = W A + B`, `∂C/∂W = Δ Aᵀ` and
//! `∂C/∂b = Σ columns of Δ` (Worked Example, Backpropagation).

use super::prelude::*;
use crate::elementwise::Unary;
use crate::tensor::engine::factor::{multiply, plain, transposed};
use crate::tensor::loops::Loops;
use autodiff_kernels::Write;

/// Fused matrix product, bias and optional function of the table.
///
/// Only the value of the function is stored. Its slope must be computable [from the
/// value](Unary::slope_from_value).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Dense(Option<Unary>);

impl<T: Real> Op<T> for Dense {
    fn name(&self) -> &'static str {
        match self.0 {
            None => "linear",
            Some(_) => "dense",
        }
    }

    #[track_caller]
    fn value(&self, x: &[&Tensor<T>]) -> Tensor<T> {
        let (input, weight, bias) = (x[0], x[1], x[2]);
        let extents = extents(input.shape(), weight.shape(), bias.shape());
        let samples = extents[0];
        let mut y = Tensor::made(extents, |z| {
            fill_rows(z, bias.data());
            let (x, weight) = (plain(input), transposed(weight));
            let one = T::from_f64(1.0);
            multiply("linear", one, x, weight, 0..samples, z, Write::Add);
        });
        if let Some(function) = self.0 {
            Loops::unary_in_place(function, y.data_mut());
        }
        y
    }

    fn vjp<A: Algebra<Element = T>>(
        &self,
        at: &Point<'_, A>,
        y_bar: A,
        x_bar: &mut Adjoints<'_, A>,
    ) {
        let z_bar = match self.0 {
            None => y_bar,
            Some(function) => A::unary_vjp(function, at.y, at.y, y_bar),
        };
        let (x, weight) = (at.x[0], at.x[1]);
        x_bar.add_product(0, plain(&z_bar), plain(weight));
        x_bar.add_product(1, transposed(&z_bar), plain(x));
        x_bar.add_rows(2, z_bar);
    }

    built_in!(Dense);
}

/// The shape of the affine layer's output, from the shapes of input, weight and bias.
///
/// # Panics
///
/// If the shapes do not fit.
#[track_caller]
fn extents(input: &Shape, weight: &Shape, bias: &Shape) -> Shape {
    match (&input[..], &weight[..], &bias[..]) {
        (&[samples, columns], &[out, inputs], &[biases]) if columns == inputs && out == biases => {
            Shape::from([samples, out])
        }
        _ => panic!(
            "linear: input {input}, weight {weight} and bias {bias} are not [samples, in], [out, in] and [out]"
        ),
    }
}

/// Copies a row to all rows. The filled part is doubled each time, since a short copy takes as long as a copy of a few
/// rows.
fn fill_rows<T: Real>(rows: &mut [T], row: &[T]) {
    let mut filled = row.len().min(rows.len());
    rows[..filled].copy_from_slice(&row[..filled]);
    while filled < rows.len() {
        let more = filled.min(rows.len() - filled);
        rows.copy_within(..more, filled);
        filled += more;
    }
}

// All layers of a network are recorded here, so that the code of a small step fits into the instruction cache.
#[inline(never)]
#[track_caller]
fn dense<A: Algebra>(x: &A, weight: &A, bias: &A, function: Option<Unary>) -> A {
    A::apply(Dense(function), &[x, weight, bias])
}

methods! {
    /// Layers.
    pub trait LinearMethods;

    /// Returns the affine layer `self · weightᵀ + bias`, with samples as rows.
    ///
    /// In the product and its gradients 0 · ∞ is NaN: a zero [absorbs](crate::tensor::Op#zero-meets-infinity) an
    /// infinity in elementwise operations only.
    ///
    /// ```
    /// # use autodiff::tensor::{Tape, Tensor};
    /// let tape = Tape::new();
    /// let x = tape.constant([[1.0, 2.0], [3.0, 4.0]]); // two samples of two inputs
    /// let weight = tape.var([[0.5, -0.5]]); // one output
    /// let bias = tape.var([0.25]);
    /// let z = x.linear(weight, bias);
    /// assert_eq!(z.value(), Tensor::from([[-0.25], [-0.25]]));
    /// assert_eq!(z.sum().gradients().wrt(weight), Tensor::from([[4.0, 6.0]]));
    /// ```
    ///
    /// # Panics
    ///
    /// If the shapes are not `[samples, in]`, `[out, in]` and `[out]`.
    pub fn linear(self, weight: impl Operand<Self>, bias: impl Operand<Self>) -> Self {
        dense(self, weight.beside(self).borrow(), bias.beside(self).borrow(), None)
    }

    /// Returns a layer of neurons, `f(self · weightᵀ + bias)`, with samples as rows.
    ///
    /// It equals [`linear`](Self::linear) followed by the function. If the function's slope is computed [from the
    /// value](Unary::slope_from_value), the layer is a single node, and the pre-activations are not stored.
    ///
    /// A zero slope of the function [absorbs](crate::tensor::Op#zero-meets-infinity) an infinite adjoint. The product
    /// absorbs nothing, as in [`linear`](Self::linear).
    ///
    /// ```
    /// # use autodiff::{elementwise::Unary, tensor::Tape};
    /// let tape = Tape::new();
    /// let x = tape.constant([[1.0, 2.0]]);
    /// let weight = tape.var([[0.5, -0.5], [1.0, 1.0]]);
    /// let bias = tape.var([0.25, 0.0]);
    /// let y = x.dense(weight, bias, Unary::Relu);
    /// assert_eq!(y.value().data(), [0.0, 3.0]);
    /// assert_eq!(y.sum().gradients().wrt(weight).data(), [0.0, 0.0, 1.0, 2.0]);
    /// ```
    ///
    /// # Panics
    ///
    /// If the shapes are not `[samples, in]`, `[out, in]` and `[out]`.
    pub fn dense(self, weight: impl Operand<Self>, bias: impl Operand<Self>, function: Unary) -> Self {
        if function.has_slope_from_value() {
            dense(self, weight.beside(self).borrow(), bias.beside(self).borrow(), Some(function))
        } else {
            self.linear(weight, bias).unary(function)
        }
    }
}

pub(super) fn check_cases() -> Vec<CheckCase> {
    let extents = [
        (1, 1, 1),
        (3, 4, 2),
        (1, 5, 3),
        (4, 1, 2),
        (0, 3, 2),
        (3, 0, 2),
        (3, 2, 0),
        (9, 17, 10),
        (2, 30, 10),
    ];
    let sample = |(samples, inputs, outputs)| {
        CheckCase::new(
            "linear",
            &[&[samples, inputs], &[outputs, inputs], &[outputs]],
            |x| x[0].linear(x[1], x[2]),
        )
    };
    let mut checks: Vec<CheckCase> = extents.map(sample).into();
    let neurons = |function, intervals: [(f64, f64); 3]| {
        extents.map(|(samples, inputs, outputs)| {
            let shapes: [&[usize]; 3] = [&[samples, inputs], &[outputs, inputs], &[outputs]];
            CheckCase::within("dense", &shapes, &intervals, move |x| {
                x[0].dense(x[1], x[2], function)
            })
        })
    };
    for function in [Unary::Sigmoid, Unary::Tanh, Unary::Softplus] {
        checks.extend(neurons(function, [(-1.0, 1.0); 3]));
    }
    // On both sides of the kink, and away from it.
    checks.extend(neurons(Unary::Relu, [(0.3, 1.0), (0.1, 1.0), (0.1, 0.3)]));
    checks.extend(neurons(
        Unary::Relu,
        [(0.3, 1.0), (-1.0, -0.1), (-0.3, -0.1)],
    ));
    // A weight that is used twice gets both products.
    checks.push(CheckCase::new("linear", &[&[2, 3], &[3, 3], &[3]], |x| {
        x[0].linear(x[1], x[2]).linear(x[1], x[2])
    }));
    checks
}
