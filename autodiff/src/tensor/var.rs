//! `Var`: a tensor on a tape; its value, and its derivatives.

use crate::tensor::engine::gradients::Gradients;
use crate::tensor::engine::sweep::{pull_back, record_pull_back};
use crate::tensor::engine::tape::Tape;
use crate::tensor::storage::array::Tensor;
use crate::tensor::storage::element::Real;
use crate::tensor::storage::shape::Shape;
use std::fmt;

/// A tensor on a tape: a variable, a constant, or the result of an operation.
///
/// It is a reference and a number, and is copied freely. Operations on it are computed at once and recorded. Their
/// operands may be other variables of the tape, plain numbers, or tensors, which then are constants.
///
/// ```
/// use autodiff::tensor::Tape;
///
/// let tape = Tape::new();
/// let x = tape.var([[1.0_f64, 2.0], [3.0, 4.0]]);
/// let y = (2.0 * x + 1.0).ln().sum();
/// let gradients = y.gradients();
/// assert_eq!(gradients.wrt(x).at(&[1, 0]), 2.0 / 7.0);
/// ```
pub struct Var<'t, T: Real> {
    pub(crate) tape: &'t Tape<T>,
    pub(crate) index: u32,
}

impl<T: Real> Clone for Var<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: Real> Copy for Var<'_, T> {}

impl<T: Real> fmt::Debug for Var<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.tape.nodes()[self.index as usize].operation.name();
        write!(f, "%{} = {name} {:?}", self.index, self.value())
    }
}

impl<'t, T: Real> Var<'t, T> {
    /// The value.
    #[must_use]
    pub fn value(self) -> Tensor<T> {
        self.tape.nodes()[self.index as usize].value.clone()
    }

    /// The extent along each axis.
    #[must_use]
    pub fn shape(self) -> Shape {
        self.tape.nodes()[self.index as usize].value.shape().clone()
    }

    /// The number of elements.
    #[must_use]
    pub fn size(self) -> usize {
        self.tape.nodes()[self.index as usize].value.size()
    }

    /// The one element of a value that has just one.
    ///
    /// # Panics
    ///
    /// If it has none or several.
    #[must_use]
    #[track_caller]
    pub fn item(self) -> T {
        self.tape.nodes()[self.index as usize].value.item()
    }

    /// The tape that it is on.
    #[must_use]
    pub fn tape(self) -> &'t Tape<T> {
        self.tape
    }

    /// The same value as a constant: no adjoint goes through it.
    #[must_use]
    #[track_caller]
    pub fn detach(self) -> Var<'t, T> {
        self.tape.constant(self.value())
    }

    /// Has later backward passes keep the adjoint of this intermediate result, so that
    /// [`Gradients::wrt`] can tell it.
    ///
    /// A constant, which is all that depends on no variable, has no adjoint to keep. To differentiate with respect to it,
    /// record its value with [`Tape::var`].
    ///
    /// ```
    /// # use autodiff::tensor::Tape;
    /// let tape = Tape::new();
    /// let x = tape.var([3.0]);
    /// let z = (x * 2.0).anchor();
    /// let gradients = (z * z).sum().gradients();
    /// assert_eq!(gradients.wrt(z).data(), [12.0]);
    /// assert_eq!(gradients.wrt(x).data(), [24.0]);
    /// ```
    ///
    /// # Panics
    ///
    /// If it depends on no variable.
    #[must_use]
    #[track_caller]
    pub fn anchor(self) -> Var<'t, T> {
        self.tape.anchor(self.index);
        self
    }

    /// The gradients of this one number with respect to every variable, by one backward pass.
    ///
    /// # Panics
    ///
    /// If it has not just one element.
    #[must_use]
    #[track_caller]
    pub fn gradients(self) -> Gradients<'t, T> {
        let y_bar = {
            let node = &self.tape.nodes()[self.index as usize];
            match node.value.shape() {
                // Almost every cost is one, and its shape need not be copied.
                scalar if scalar.is_scalar() => self.tape.one(),
                shape => {
                    assert!(
                        shape.size() == 1,
                        "gradients: of a tensor of shape {shape}; reduce it to one number, or use `vjp`"
                    );
                    Tensor::full(shape, T::from_f64(1.0))
                }
            }
        };
        pull_back(self, y_bar)
    }

    /// The gradients of ⟨ȳ, y⟩ with respect to every variable: the vector–Jacobian product.
    ///
    /// # Panics
    ///
    /// If `y_bar` has not the shape of this tensor.
    #[must_use]
    #[track_caller]
    pub fn vjp(self, y_bar: impl Into<Tensor<T>>) -> Gradients<'t, T> {
        let y_bar = y_bar.into();
        {
            let node = &self.tape.nodes()[self.index as usize];
            assert!(
                y_bar.shape() == node.value.shape(),
                "vjp: an adjoint of shape {} for a tensor of shape {}",
                y_bar.shape(),
                node.value.shape()
            );
        }
        pull_back(self, y_bar)
    }

    /// The gradient of this one number with respect to each variable in `wrt`, recorded on the same tape, so that it
    /// can be calculated with and differentiated again.
    ///
    /// ```
    /// # use autodiff::tensor::Tape;
    /// let tape = Tape::new();
    /// let x = tape.var([2.0]);
    /// let y = x.powi(4).sum();
    /// let slope = y.differentiate(&[x])[0]; // 4 x³
    /// let curvature = slope.sum().differentiate(&[x])[0]; // 12 x²
    /// assert_eq!(curvature.value().data(), [48.0]);
    /// ```
    ///
    /// # Panics
    ///
    /// If it has not just one element, or one in `wrt` is of another tape or depends on no variable.
    #[must_use]
    #[track_caller]
    pub fn differentiate(self, wrt: &[Var<'t, T>]) -> Vec<Var<'t, T>> {
        let shape = self.shape();
        assert!(
            shape.size() == 1,
            "differentiate: a tensor of shape {shape} is not one number"
        );
        for x in wrt {
            assert!(
                std::ptr::eq(self.tape, x.tape),
                "differentiate: with respect to a variable of another tape"
            );
            self.tape.nodes()[x.index as usize].check_tracked("differentiate: with respect to");
        }
        let y_bar = self.tape.constant(Tensor::full(shape, T::from_f64(1.0)));
        record_pull_back(self, y_bar, wrt)
    }

    /// The Jacobian ∂yᵢ/∂xⱼ of this tensor with respect to `x`, as a matrix with a row for each element of this one
    /// and a column for each of `x`. It takes a backward pass a row.
    ///
    /// # Panics
    ///
    /// As [`Gradients::wrt`].
    #[must_use]
    #[track_caller]
    pub fn jacobian(self, x: Var<'t, T>) -> Tensor<T> {
        let (shape, columns) = (self.shape(), x.shape().size());
        let rows = shape.size();
        let mut jacobian = Tensor::zeros([rows, columns]);
        for (i, row) in jacobian
            .data_mut()
            .chunks_exact_mut(columns.max(1))
            .enumerate()
        {
            let unit = Tensor::from_fn(&shape, |j| T::from_f64(f64::from(u8::from(i == j))));
            row.copy_from_slice(pull_back(self, unit).wrt(x).data());
        }
        jacobian
    }
}
