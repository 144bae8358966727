//! Tensors that an operation saves for its rule.

use crate::tensor::storage::array::Tensor;
use crate::tensor::storage::element::{Element, element_types};
use smallvec::SmallVec;
use std::any::{Any, type_name};

/// Tensors of any element types that an operation saves for its rule; see
/// [`Op::value_and_saved`](crate::tensor::Op::value_and_saved).
#[derive(Clone, Debug, Default)]
pub struct Saved(SmallVec<[AnyTensor; 1]>);

impl Saved {
    /// An empty list.
    #[must_use]
    #[inline(always)]
    pub fn nothing() -> Saved {
        Saved(SmallVec::new_const())
    }

    /// Appends a tensor.
    #[must_use]
    #[inline]
    pub fn with<E: Element>(mut self, tensor: Tensor<E>) -> Saved {
        if let Some(tensor) = AnyTensor::of(tensor) {
            self.0.push(tensor);
        }
        self
    }

    /// The tensor at `position`, if there is one and its element type is `E`.
    #[inline]
    pub(crate) fn get<E: Element>(&self, position: usize) -> Option<&Tensor<E>> {
        self.0.get(position)?.downcast()
    }

    /// The names of the element types, in order, for messages.
    pub(crate) fn element_types(&self) -> Vec<&'static str> {
        self.0.iter().map(AnyTensor::element_type).collect()
    }

    /// The bytes of all elements.
    pub(crate) fn bytes(&self) -> usize {
        self.0.iter().map(AnyTensor::bytes).sum()
    }
}

/// Declares `AnyTensor` from the list of element types.
macro_rules! any_tensor {
    ($($T:ident)*) => {
        /// A tensor of any element type.
        #[derive(Clone, Debug)]
        #[expect(non_camel_case_types, reason = "the variants are the element types")]
        enum AnyTensor {
            $($T(Tensor<$T>),)*
        }

        impl AnyTensor {
            /// Wraps a tensor; `None` only for an element type that is not in the list, of which there is none.
            #[inline]
            fn of<E: Element>(tensor: Tensor<E>) -> Option<AnyTensor> {
                let mut tensor = Some(tensor);
                let any: &mut dyn Any = &mut tensor;
                $(
                    if let Some(tensor) = any.downcast_mut::<Option<Tensor<$T>>>() {
                        return tensor.take().map(AnyTensor::$T);
                    }
                )*
                None
            }

            #[inline]
            fn downcast<E: Element>(&self) -> Option<&Tensor<E>> {
                let any: &dyn Any = match self {
                    $(AnyTensor::$T(tensor) => tensor,)*
                };
                any.downcast_ref()
            }

            fn element_type(&self) -> &'static str {
                match self {
                    $(AnyTensor::$T(_) => type_name::<$T>(),)*
                }
            }

            fn bytes(&self) -> usize {
                match self {
                    $(AnyTensor::$T(tensor) => tensor.size() * size_of::<$T>(),)*
                }
            }
        }
    };
}
element_types!(any_tensor);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tensors_of_every_element_type_are_found_at_their_positions() {
        let saved = Saved::nothing()
            .with(Tensor::from([1_u8]))
            .with(Tensor::from([2_u32]))
            .with(Tensor::from([3_i32]))
            .with(Tensor::from([4_i64]))
            .with(Tensor::from([0.5_f32]))
            .with(Tensor::from([0.25_f64]));
        assert_eq!(saved.get::<u8>(0).unwrap().data(), [1]);
        assert_eq!(saved.get::<u32>(1).unwrap().data(), [2]);
        assert_eq!(saved.get::<i32>(2).unwrap().data(), [3]);
        assert_eq!(saved.get::<i64>(3).unwrap().data(), [4]);
        assert_eq!(saved.get::<f32>(4).unwrap().data(), [0.5]);
        assert_eq!(saved.get::<f64>(5).unwrap().data(), [0.25]);
        assert!(saved.get::<f64>(4).is_none() && saved.get::<f64>(6).is_none());
        assert_eq!(
            saved.element_types(),
            ["u8", "u32", "i32", "i64", "f32", "f64"]
        );
        assert_eq!(saved.bytes(), 1 + 4 + 4 + 8 + 4 + 8);
    }
}
