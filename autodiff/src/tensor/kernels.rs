//! The loops over plain slices. They know nothing of tensors, tapes or gradients.

pub(crate) mod broadcast;
pub mod elementary;
pub(crate) mod elementwise;
pub(crate) mod matmul;
pub(crate) mod permute;
pub(crate) mod reduce;
pub(crate) mod simd;
pub(crate) mod softmax;
pub(crate) mod unpacked;

/// What a kernel does with what it computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Write {
    /// It replaces what the output held.
    Set,
    /// It is added to what the output holds.
    Add,
}

/// What a kernel of combinations does with their sum.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum End<T> {
    /// It is written or added.
    Write(Write),
    /// That many times the sum is subtracted from what the output holds; the product is rounded first.
    Descend(T),
}
