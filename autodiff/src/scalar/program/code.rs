//! `Code`: a function as instructions, which are executed on strips of points or at one point.

use super::instruction::{Instruction, Slot};
use crate::elementwise::Unary;
use autodiff_kernels::broadcast::Walk;
use std::panic::Location;

/// The number of points in a strip.
pub(super) const STRIP: usize = 64;

/// A function as instructions.
#[derive(Clone, Debug)]
pub(super) struct Code<T> {
    /// The instructions that are executed once before the points, on scalars.
    pub(super) before: Vec<Instruction>,
    /// The instructions that are executed for each strip of points.
    pub(super) each: Vec<Instruction>,
    /// The instructions that are executed once after the points, on scalars.
    pub(super) after: Vec<Instruction>,
    /// The line of the caller's code of each instruction of `each`.
    pub(super) locations: Vec<&'static Location<'static>>,
    pub(super) functions: Vec<Unary>,
    /// The walk of a function of two variables over a strip.
    pub(super) walk: Walk,
    /// The initial scalars: the constants, and room for the others.
    pub(super) scalars: Vec<T>,
    pub(super) registers: usize,
    /// The slots that are summed over the points, and the scalars that take the sums.
    pub(super) sums: Vec<(Slot, Slot)>,
    /// The outputs that are the same for all points, by their numbers.
    pub(super) scalar_outputs: Vec<(u32, Slot)>,
    /// The scalars that are computed after the points.
    pub(super) results: Vec<Slot>,
}

impl<T> Code<T> {
    /// Returns code without instructions.
    pub(super) fn new() -> Self {
        Code {
            before: Vec::new(),
            each: Vec::new(),
            after: Vec::new(),
            locations: Vec::new(),
            functions: Vec::new(),
            walk: Walk::new(&[STRIP], &[STRIP], &[STRIP]),
            scalars: Vec::new(),
            registers: 0,
            sums: Vec::new(),
            scalar_outputs: Vec::new(),
            results: Vec::new(),
        }
    }
}
