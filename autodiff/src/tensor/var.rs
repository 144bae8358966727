//! `Var`: a tensor on a tape, and its value.

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

    /// Makes later backward passes keep the adjoint of this intermediate result, so that
    /// [`Gradients::wrt`](crate::tensor::Gradients::wrt) can return it.
    ///
    /// ```
    /// # use autodiff::tensor::Tape;
    /// let tape = Tape::new();
    /// let x = tape.var([3.0]);
    /// let z = (x * 2.0).retain();
    /// let gradients = (z * z).sum().gradients();
    /// assert_eq!(gradients.wrt(z).data(), [12.0]);
    /// assert_eq!(gradients.wrt(x).data(), [24.0]);
    /// ```
    ///
    /// # Panics
    ///
    /// If it depends on no variable. To differentiate with respect to a constant, record its value with [`Tape::var`].
    #[doc(alias = "retain_grad")]
    #[must_use]
    #[track_caller]
    pub fn retain(self) -> Self {
        self.tape.retain(self.index);
        self
    }
}
