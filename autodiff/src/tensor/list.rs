//! Lists whose length may be known to the compiler.

use std::array;

/// A reference to an array, a slice or a vector, with one result for each item. The results for an array are an array,
/// which can be taken apart by a pattern; those for a slice or a vector are a `Vec`.
///
/// The trait is sealed.
pub trait List<X>: Copy + private::Sealed {
    /// One result for each item.
    type Results<R>;

    /// The items.
    #[doc(hidden)]
    fn items(&self) -> &[X];

    /// Returns the result of each item.
    #[doc(hidden)]
    fn results<R>(self, of: impl FnMut(&X) -> R) -> Self::Results<R>;
}

impl<X, const N: usize> List<X> for &[X; N] {
    type Results<R> = [R; N];

    fn items(&self) -> &[X] {
        *self
    }

    fn results<R>(self, mut of: impl FnMut(&X) -> R) -> [R; N] {
        array::from_fn(|i| of(&self[i]))
    }
}

impl<X> List<X> for &[X] {
    type Results<R> = Vec<R>;

    fn items(&self) -> &[X] {
        self
    }

    fn results<R>(self, of: impl FnMut(&X) -> R) -> Vec<R> {
        self.iter().map(of).collect()
    }
}

impl<X> List<X> for &Vec<X> {
    type Results<R> = Vec<R>;

    fn items(&self) -> &[X] {
        self
    }

    fn results<R>(self, of: impl FnMut(&X) -> R) -> Vec<R> {
        self.iter().map(of).collect()
    }
}

mod private {
    pub trait Sealed {}

    impl<X, const N: usize> Sealed for &[X; N] {}
    impl<X> Sealed for &[X] {}
    impl<X> Sealed for &Vec<X> {}
}
