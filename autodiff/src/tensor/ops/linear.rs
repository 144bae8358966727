//! The affine layer, `Z = X Wᵀ + b`: a sample a row, `W` (out, in) as in the paper.
//!
//! ```text
//! vjp   X̄ = Z̄ W,   W̄ = Z̄ᵀ X,   b̄ = Σ rows of Z̄
//! ```
//!
//! Read as column-major matrices, with samples as columns, these are the paper's `Z = W A + B`, `∂C/∂W = Δ Aᵀ` and
//! `∂C/∂b = Σ columns of Δ` (Worked Example, Backpropagation).

use super::super::algebra::{Algebra, plain, transposed};
use super::super::array::Tensor;
use super::super::element::Real;
use super::super::kernels::Write;
use super::super::kernels::matmul::matmul;
use super::super::op::{Op, Point, Value};
use super::super::sample::Sample;
use super::super::shape::Shape;
use super::super::sweep::Adjoints;
use super::super::var::{Operand, Var};

/// Matrix product and bias in one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Linear;

impl<T: Real> Op<T> for Linear {
    fn name(&self) -> &'static str {
        "linear"
    }

    #[track_caller]
    fn value(&self, x: &[&Tensor<T>]) -> Value<T> {
        x[0].linear(x[1], x[2]).into()
    }

    fn vjp<A: Algebra<Element = T>>(&self, at: &Point<'_, A>, z_bar: A, x_bar: &mut Adjoints<'_, A>) {
        let (x, weight) = (at.x[0], at.x[1]);
        x_bar.add_product(0, plain(&z_bar), plain(weight));
        x_bar.add_product(1, transposed(&z_bar), plain(x));
        x_bar.add(2, || z_bar);
    }
}

impl<T: Real> Tensor<T> {
    /// The affine layer `self · weightᵀ + bias`, for samples as rows.
    ///
    /// # Panics
    ///
    /// If the shapes are not `[samples, in]`, `[out, in]` and `[out]`.
    #[must_use]
    #[track_caller]
    pub fn linear(&self, weight: &Tensor<T>, bias: &Tensor<T>) -> Tensor<T> {
        let fit = match (&self.shape()[..], &weight.shape()[..], &bias.shape()[..]) {
            (&[_, columns], &[out, inputs], &[biases]) => columns == inputs && out == biases,
            _ => false,
        };
        assert!(
            fit,
            "linear: input {}, weight {} and bias {} are not [samples, in], [out, in] and [out]",
            self.shape(),
            weight.shape(),
            bias.shape()
        );
        let (x, weight) = (plain(self).matrix("linear"), transposed(weight).matrix("linear"));
        let shape = Shape::from([x.rows(), weight.columns()]);
        Tensor::made(shape, |z| {
            for row in z.chunks_exact_mut(bias.size().max(1)) {
                row.copy_from_slice(bias.data());
            }
            matmul(T::from_f64(1.0), x, weight, z, Write::Add);
        })
    }
}

impl<'t, T: Real> Var<'t, T> {
    /// The affine layer `self · weightᵀ + bias`, for samples as rows.
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
    #[must_use]
    #[track_caller]
    pub fn linear(self, weight: impl Operand<'t, T>, bias: impl Operand<'t, T>) -> Var<'t, T> {
        let (weight, bias) = (weight.on(self.tape), bias.on(self.tape));
        self.tape.record(Linear, [self, weight, bias])
    }
}

pub(super) fn samples() -> Vec<Sample> {
    let extents = [(1, 1, 1), (3, 4, 2), (1, 5, 3), (4, 1, 2), (0, 3, 2), (3, 0, 2), (3, 2, 0), (9, 17, 10), (2, 30, 10)];
    let sample = |(samples, inputs, outputs)| {
        Sample::new("linear", &[&[samples, inputs], &[outputs, inputs], &[outputs]], |x| x[0].linear(x[1], x[2]))
    };
    let mut samples: Vec<Sample> = extents.map(sample).into();
    // A weight that is used twice gets both products.
    samples.push(Sample::new("linear", &[&[2, 3], &[3, 3], &[3]], |x| x[0].linear(x[1], x[2]).linear(x[1], x[2])));
    samples
}
