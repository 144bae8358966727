//! `Source`: what computes a problem.

use super::at_data::AtData;
use crate::scalar::number::Scalar;
use crate::tensor::Real;
use std::sync::{Mutex, MutexGuard};

/// What computes a problem: a program, or a function `F` that a tape records.
pub(super) enum Source<'f, T: Real + Scalar, F: ?Sized> {
    Program(Box<Locked<'f, T>>),
    Tape(Box<F>),
}

/// A program behind a lock, because `argmin` computes by a shared reference.
pub(super) struct Locked<'f, T: Real + Scalar>(Mutex<AtData<'f, T>>);

impl<'f, T: Real + Scalar, F: ?Sized> Source<'f, T, F> {
    pub(super) fn of(program: AtData<'f, T>) -> Self {
        Source::Program(Box::new(Locked(Mutex::new(program))))
    }
}

impl<'f, T: Real + Scalar> Locked<'f, T> {
    pub(super) fn lock(&self) -> MutexGuard<'_, AtData<'f, T>> {
        self.0.lock().expect("no earlier computation has panicked")
    }
}
