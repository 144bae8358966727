//! Several numbers at once: arrays and slices.

use super::Scalar;

/// The point at which a function is differentiated: an array, or a slice or vector of any length.
///
/// Variables and gradients come in the same shape: an array for an array, a vector for a slice.
pub trait Point {
    /// The number that the point is made of.
    type Number: Scalar;
    /// The same shape, holding another type.
    type Like<U>: AsRef<[U]> + AsMut<[U]>;

    /// The numbers in order.
    fn as_slice(&self) -> &[Self::Number];

    /// Applies `f` to each number in order.
    fn map<U>(&self, f: impl FnMut(Self::Number) -> U) -> Self::Like<U>;
}

impl<T: Scalar, const N: usize> Point for [T; N] {
    type Number = T;
    type Like<U> = [U; N];

    fn as_slice(&self) -> &[T] {
        self
    }

    fn map<U>(&self, f: impl FnMut(T) -> U) -> [U; N] {
        (*self).map(f)
    }
}

impl<T: Scalar> Point for [T] {
    type Number = T;
    type Like<U> = Vec<U>;

    fn as_slice(&self) -> &[T] {
        self
    }

    fn map<U>(&self, f: impl FnMut(T) -> U) -> Vec<U> {
        self.iter().copied().map(f).collect()
    }
}

impl<T: Scalar> Point for Vec<T> {
    type Number = T;
    type Like<U> = Vec<U>;

    fn as_slice(&self) -> &[T] {
        self
    }

    fn map<U>(&self, f: impl FnMut(T) -> U) -> Vec<U> {
        self.as_slice().map(f)
    }
}

impl<P: Point + ?Sized> Point for &P {
    type Number = P::Number;
    type Like<U> = P::Like<U>;

    fn as_slice(&self) -> &[P::Number] {
        P::as_slice(self)
    }

    fn map<U>(&self, f: impl FnMut(P::Number) -> U) -> P::Like<U> {
        P::map(self, f)
    }
}
