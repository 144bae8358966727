//! `Var`: a tensor on a tape.

use crate::tensor::engine::tape::Tape;
use crate::tensor::storage::array::Tensor;
use crate::tensor::storage::element::Real;
use crate::tensor::storage::shape::Shape;
use std::fmt;

/// A tensor on a tape: a variable, a constant, or the result of an operation.
///
/// A variable is a reference to its tape and a node number; it is `Copy`. An operation on it is computed immediately
/// and recorded. The other operands may be variables of the same tape, numbers, or tensors; the latter two become
/// constants.
///
/// ```
/// use autodiff::tensor::Tape;
///
/// let tape = Tape::new();
/// let x = tape.var([[1.0_f64, 2.0], [3.0, 4.0]]);
/// let y = (2.0 * x + 1.0).ln().sum();
/// let gradients = y.gradients();
/// assert_eq!(gradients.wrt(x).at([1, 0]), 2.0 / 7.0);
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

/// Value, shape and tape.
impl<'t, T: Real> Var<'t, T> {
    /// Returns the value; the tensor shares its memory with the tape.
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

    /// Returns the only element of the value.
    ///
    /// # Panics
    ///
    /// If the value does not have exactly one element.
    #[must_use]
    #[track_caller]
    pub fn item(self) -> T {
        self.tape.nodes()[self.index as usize].value.item()
    }

    /// The tape that this variable is recorded on.
    #[must_use]
    pub fn tape(self) -> &'t Tape<T> {
        self.tape
    }
}

impl<T: Real> fmt::Display for Var<'_, T> {
    /// Prints the value, as [`Tensor`] does.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.value(), f)
    }
}

impl<'t, T: Real> Var<'t, T> {
    /// Records a node of its own with the same value. Derivatives with respect to it count no other use of `self`.
    pub(crate) fn as_new_node(self) -> Var<'t, T> {
        // A reshape is recorded, also to the same shape, and moves no data.
        self.reshape(self.shape())
    }
}

/// Control of the backward pass.
impl<'t, T: Real> Var<'t, T> {
    /// Records the value as a constant: no gradient flows through it.
    #[must_use]
    #[track_caller]
    pub fn detach(self) -> Var<'t, T> {
        self.tape.constant(self.value())
    }

    /// Retains the adjoint of this intermediate result in later backward passes, so that
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
    /// If `self` depends on no variable. To differentiate with respect to a constant, record its value with
    /// [`Tape::var`].
    #[doc(alias = "retain_grad")]
    #[must_use]
    #[track_caller]
    pub fn retain(self) -> Self {
        self.tape.retain(self.index);
        self
    }
}
