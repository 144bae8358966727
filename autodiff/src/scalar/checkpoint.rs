//! Parts of a computation that are recomputed in the backward pass.

use super::tape::Block;
use super::{Scalar, Tape};
use std::rc::Rc;

/// placeholder
pub(super) struct Segment<T: Scalar> {
    _t: std::marker::PhantomData<T>,
}

impl<T: Scalar> Tape<T> {
    pub(super) fn segment(&self, block: &Block) -> Option<Rc<Segment<T>>> {
        let segments = self.segments.borrow();
        let at = segments
            .binary_search_by_key(&block.node, |(first, _)| *first)
            .ok()?;
        Some(Rc::clone(&segments[at].1))
    }
}
