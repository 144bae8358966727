//! Products over axes.
//!
//! The first half of the elements is multiplied by the second half until one is left. Each step has the rule of the
//! elementwise product, which does not divide, so the derivatives of every order are right for factors of zero.
//!
//! ```text
//! vjp   x̄ᵢ = ȳ Πⱼ≠ᵢ xⱼ
//! ```

use super::prelude::*;
use super::reductions_macro::{Reduction, reduction_cases};

#[track_caller]
fn product<A: Algebra>(x: &A, axes: &AxisSet, keepdims: bool) -> A {
    let mut product = x.clone();
    for (first, last) in axes.runs() {
        let shape = product.shape();
        let (outer, extent, inner) = shape.split(first, last);
        let run: Vec<usize> = (first..=last).collect();
        product = product_of_middle(product.reshape([outer, extent, inner]));
        product = product.reshape(shape.reduced(&run, true));
    }
    kept_or_removed(product, axes, keepdims)
}

/// The product over the middle one of three axes, which keeps extent 1.
#[track_caller]
fn product_of_middle<A: Algebra>(mut x: A) -> A {
    if x.shape()[1] == 0 {
        return x.sum_over_keepdims(1) + 1.0;
    }
    let mut odd: Option<A> = None;
    loop {
        let extent = x.shape()[1];
        if extent == 1 {
            return match odd {
                Some(odd) => x * odd,
                None => x,
            };
        }
        let half = extent / 2;
        if extent % 2 == 1 {
            let last = x.narrow(1, extent - 1..extent);
            odd = Some(match odd {
                Some(odd) => odd * last,
                None => last,
            });
        }
        x = x.narrow(1, 0..half) * x.narrow(1, half..2 * half);
    }
}

reductions! {
    /// Products.
    pub trait ProdMethods;

    /// The gradient is the product of the other elements, also where some are 0. The elements are multiplied in a tree,
    /// so the product is NaN where one part of them overflows and another part underflows.
    ///
    /// ```
    /// # use autodiff::tensor::Tape;
    /// let tape = Tape::new();
    /// let x = tape.var([2.0, 0.0, 5.0]);
    /// let y = x.prod();
    /// assert_eq!(y.item(), 0.0);
    /// assert_eq!(y.gradients().wrt(x).data(), [0.0, 10.0, 0.0]);
    /// ```
    #[doc(alias("product"))]
    pub fn prod_over, prod_over_keepdims, prod = product: "the product", "1";
}

pub(super) fn check_cases() -> Vec<CheckCase> {
    let reductions: [(&str, Reduction); 3] = [
        ("prod", |x, _| x.prod()),
        ("prod_over", |x, axes| x.prod_over(axes)),
        ("prod_over_keepdims", |x, axes| x.prod_over_keepdims(axes)),
    ];
    let mut checks = reduction_cases(&reductions, true);
    // The first input is drawn from zero alone.
    let intervals = [(0.0, f64::from_bits(1)), (0.3, 1.0)];
    for shapes in [[&[1_usize][..], &[4]], [&[2], &[3]], [&[3], &[2]]] {
        checks.push(CheckCase::within("prod", &shapes, &intervals, |x| {
            Var::concat(&[x[0], x[1]], 0).prod()
        }));
    }
    checks
}

#[cfg(test)]
mod tests {
    use crate::tensor::{Tape, Tensor};

    #[test]
    fn products_have_their_values() {
        let x = Tensor::from_flat_fn([2, 3, 2], |i| 1.0 + i as f64);
        assert_eq!(x.prod().item(), 479_001_600.0);
        assert_eq!(x.prod_over(1).data(), [15.0, 48.0, 693.0, 960.0]);
        assert_eq!(x.prod_over([0, -1]).data(), [112.0, 1080.0, 3960.0]);
        assert_eq!(x.prod_over_keepdims([0, -1]).shape()[..], [1, 3, 1]);
        assert_eq!(Tensor::<f64>::zeros([2, 0]).prod_over(1).data(), [1.0, 1.0]);
        assert_eq!(Tensor::<f64>::zeros([2, 0]).prod().item(), 1.0);
    }

    #[test]
    fn derivatives_are_right_for_factors_of_zero() {
        let tape = Tape::new();
        let x = tape.var([0.0, 2.0, 0.0, 5.0, 7.0]);
        let gradient = x.prod().recorded_gradients(&[x])[0];
        assert_eq!(gradient.value().data(), [0.0; 5]);
        // ∂²/∂x₀∂x₂ is the product of the others, and its derivatives lack one more.
        let second = gradient.narrow(0, 0..1).sum().recorded_gradients(&[x])[0];
        assert_eq!(second.value().data(), [0.0, 0.0, 70.0, 0.0, 0.0]);
        let third = second.narrow(0, 2..3).sum().gradients().wrt(x);
        assert_eq!(third.data(), [0.0, 35.0, 0.0, 14.0, 10.0]);
    }
}
