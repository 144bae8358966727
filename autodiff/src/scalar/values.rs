//! `Values`: several numbers, as an array or a slice.

use super::number::Scalar;

/// Several numbers: an array, or a slice or vector of any length. [`Tape::vars`](super::Tape::vars) takes them.
///
/// The variables have the same form: an array for an array, a vector for a slice or a vector.
///
/// The trait is sealed. A tape appends a node for each number of [`as_slice`](Values::as_slice), and relies on
/// [`map`](Values::map) visiting the same number of them:
///
/// ```compile_fail,E0277
/// use autodiff::scalar::Values;
///
/// struct Longer;
///
/// impl Values for Longer {
///     type Number = f64;
///     type Like<U> = Vec<U>;
///
///     fn as_slice(&self) -> &[f64] {
///         &[0.0]
///     }
///
///     fn map<U>(&self, f: impl FnMut(f64) -> U) -> Vec<U> {
///         [0.0; 1000].into_iter().map(f).collect()
///     }
/// }
/// ```
pub trait Values: private::Sealed {
    /// The type of the numbers.
    type Number: Scalar;
    /// The same form with elements of another type: an array or a vector.
    type Like<U>: AsRef<[U]> + AsMut<[U]>;

    /// Returns the numbers in order.
    fn as_slice(&self) -> &[Self::Number];

    /// Applies `f` to each number in order, and returns the results in the same form.
    fn map<U>(&self, f: impl FnMut(Self::Number) -> U) -> Self::Like<U>;
}

impl<T: Scalar, const N: usize> private::Sealed for [T; N] {}

impl<T: Scalar, const N: usize> Values for [T; N] {
    type Number = T;
    type Like<U> = [U; N];

    fn as_slice(&self) -> &[T] {
        self
    }

    fn map<U>(&self, f: impl FnMut(T) -> U) -> [U; N] {
        (*self).map(f)
    }
}

impl<T: Scalar> private::Sealed for [T] {}

impl<T: Scalar> Values for [T] {
    type Number = T;
    type Like<U> = Vec<U>;

    fn as_slice(&self) -> &[T] {
        self
    }

    fn map<U>(&self, f: impl FnMut(T) -> U) -> Vec<U> {
        self.iter().copied().map(f).collect()
    }
}

impl<T: Scalar> private::Sealed for Vec<T> {}

impl<T: Scalar> Values for Vec<T> {
    type Number = T;
    type Like<U> = Vec<U>;

    fn as_slice(&self) -> &[T] {
        self
    }

    fn map<U>(&self, f: impl FnMut(T) -> U) -> Vec<U> {
        self.as_slice().map(f)
    }
}

impl<P: Values + ?Sized> private::Sealed for &P {}

impl<P: Values + ?Sized> Values for &P {
    type Number = P::Number;
    type Like<U> = P::Like<U>;

    fn as_slice(&self) -> &[P::Number] {
        P::as_slice(self)
    }

    fn map<U>(&self, f: impl FnMut(P::Number) -> U) -> P::Like<U> {
        P::map(self, f)
    }
}

mod private {
    pub trait Sealed {}
}
