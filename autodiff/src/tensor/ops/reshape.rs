//! The same elements in another shape.
//!
//! ```text
//! vjp   x̄ = ȳ, in the shape of x
//! ```

use super::prelude::*;

/// Reshaping. The data are not moved.
#[derive(Clone, Debug)]
pub(crate) struct Reshape(Shape);

impl<T: Real> Op<T> for Reshape {
    fn name(&self) -> &'static str {
        "reshape"
    }

    #[track_caller]
    fn value(&self, x: &[&Tensor<T>]) -> Tensor<T> {
        x[0].reshape(&self.0)
    }

    fn vjp<A: Algebra<Element = T>>(
        &self,
        at: &Point<'_, A>,
        y_bar: A,
        x_bar: &mut Adjoints<'_, A>,
    ) {
        x_bar.add(0, || y_bar.reshape(at.x[0].shape()));
    }

    built_in!(Reshape);
}

methods! {
    /// Reshaping.
    pub trait ReshapeMethods for any element;

    /// Returns the same elements, in row-major order, in another shape. Tensors share memory.
    ///
    /// ```
    /// # use autodiff::Tensor;
    /// let x = Tensor::from([[1, 2, 3], [4, 5, 6]]);
    /// assert_eq!(x.reshape([3, 2]), Tensor::from([[1, 2], [3, 4], [5, 6]]));
    /// ```
    ///
    /// # Panics
    ///
    /// If the shapes do not have the same number of elements.
    #[doc(alias = "view")]
    pub fn reshape(self, shape: impl Into<Shape>) -> Self {
        Self::apply(Reshape(shape.into()), &[self])
    } on tensors {
        let shape = shape.into();
        assert!(
            shape.size() == self.size(),
            "reshape: a tensor of shape {} cannot take shape {shape}",
            self.shape()
        );
        self.piece(0, &shape)
    }
}

pub(super) fn check_cases() -> Vec<CheckCase> {
    let cases: [(&[usize], &[usize]); 10] = [
        (&[3, 1, 2], &[6]),
        (&[1, 1], &[1]),
        (&[], &[]),
        (&[], &[1, 1]),
        (&[1], &[]),
        (&[0], &[3, 0]),
        (&[6], &[2, 3]),
        (&[2, 3], &[6]),
        (&[2, 3], &[3, 2]),
        (&[2, 3, 4], &[4, 6]),
    ];
    let sample = |(from, to): (&[usize], &'static [usize])| {
        CheckCase::new("reshape", &[from], move |x| x[0].reshape(to))
    };
    cases.into_iter().map(sample).collect()
}
