//! `Scope`: checkpoints whose functions borrow.
//!
//! The `unsafe` code extends the lifetime of a stored function. It relies on three invariants:
//!
//! 1. A function borrows only what outlives `'env`, and `'env` outlives the call of [`Tape::scope`]. `'env` is invariant,
//!    so a scope cannot be turned into one of a shorter lifetime.
//! 2. A function is stored in the tape of its scope, whose checkpoints only [`Tape::cut`] and the end of the scope
//!    remove from the tape. Both drop them.
//! 3. The scope has the only `&mut` of the tape, so the tape is neither moved nor replaced before the end of the scope,
//!    and the end drops all checkpoints, also if a panic unwinds through the scope.

#![allow(unsafe_code)]

use super::checkpoint::{Joined, joined, tape_of};
use super::number::Scalar;
use super::tape::{Function, Tape};
use super::var::{Var, refuse};
use std::marker::PhantomData;

/// A tape whose [checkpoints](super::checkpoint()) may borrow what outlives the scope. [`Tape::scope`] makes it.
pub struct Scope<'s, 'env, T: Scalar = f64> {
    tape: &'s Tape<T>,
    /// Makes `'env` invariant.
    env: PhantomData<fn(&'env ()) -> &'env ()>,
}

impl<T: Scalar> Clone for Scope<'_, '_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: Scalar> Copy for Scope<'_, '_, T> {}

/// # Checkpoints that borrow
impl<T: Scalar> Tape<T> {
    /// Calls `f` with a [`Scope`], in which the function of a checkpoint may borrow from its surroundings. The recording
    /// is empty at the beginning, and is removed at the end, with the functions.
    ///
    /// ```
    /// use autodiff::scalar::Tape;
    ///
    /// let inputs = vec![0.5; 1000];
    /// let mut tape = Tape::new();
    /// let slope = tape.scope(|scope| {
    ///     let x = scope.tape().var(0.1);
    ///     let mut state = vec![x];
    ///     for part in inputs.chunks(100) {
    ///         state = scope.checkpoint(
    ///             move |[state]| vec![part.iter().fold(state[0], |x, input| (x + input).sin())],
    ///             [&state],
    ///         );
    ///     }
    ///     state[0].gradients().wrt(x)
    /// });
    /// assert!(slope.is_finite());
    /// ```
    ///
    /// A function cannot borrow what the scope itself makes, for it may be dropped before the function:
    ///
    /// ```compile_fail,E0373
    /// # let mut tape = autodiff::scalar::Tape::new();
    /// tape.scope(|scope| {
    ///     let x = scope.tape().var(0.1);
    ///     let factor = 2.0;
    ///     let y = scope.checkpoint(|[x]| vec![x[0] * factor], [&[x]]); // error: `factor` is borrowed
    ///     y[0].gradients().wrt(x)
    /// });
    /// ```
    ///
    /// Nor can it capture a variable:
    ///
    /// ```compile_fail
    /// # let mut tape = autodiff::scalar::Tape::new();
    /// tape.scope(|scope| {
    ///     let [x, y] = scope.tape().vars([0.5, 2.0]);
    ///     let z = scope.checkpoint(move |[x]| vec![x[0] * y], [&[x]]); // error: `y` borrows the tape
    ///     z[0].value()
    /// });
    /// ```
    ///
    /// And no variable leaves the scope:
    ///
    /// ```compile_fail
    /// # let mut tape = autodiff::scalar::Tape::new();
    /// let x = tape.scope(|scope| scope.tape().var(0.1)); // error: lifetime may not live long enough
    /// ```
    pub fn scope<'env, R>(&mut self, f: impl for<'s> FnOnce(Scope<'s, 'env, T>) -> R) -> R {
        /// Removes the recording when it is dropped.
        struct Recording<'a, T: Scalar>(&'a mut Tape<T>);

        impl<T: Scalar> Drop for Recording<'_, T> {
            fn drop(&mut self) {
                // Taken first, so that they are dropped whatever happens.
                let checkpoints = std::mem::take(self.0.checkpoints.get_mut());
                self.0.reset();
                drop(checkpoints);
            }
        }

        self.reset();
        let recording = Recording(self);
        f(Scope {
            tape: &*recording.0,
            env: PhantomData,
        })
    }
}

impl<'s, 'env, T: Scalar> Scope<'s, 'env, T> {
    /// The tape, to record variables.
    #[must_use]
    pub fn tape(self) -> &'s Tape<T> {
        self.tape
    }

    /// Returns `f(inputs)` without recording its operations, as [`checkpoint`](super::checkpoint()) does. `f` may borrow
    /// what outlives the scope.
    ///
    /// # Panics
    ///
    /// If an input lies on another tape than the scope's, or if `f` returns a variable of a tape other than the tape of
    /// its arguments. The backward pass panics if `f` returns a different number of variables when it is recomputed.
    #[must_use]
    #[track_caller]
    pub fn checkpoint<F, const N: usize>(self, f: F, inputs: [&[Var<'s, T>]; N]) -> Vec<Var<'s, T>>
    where
        F: for<'a> Fn([&[Var<'a, T>]; N]) -> Vec<Var<'a, T>> + Send + 'env,
    {
        let Some(tape) = tape_of(&inputs) else {
            return f(inputs);
        };
        if !std::ptr::eq(tape, self.tape) {
            refuse("checkpoint");
        }
        let f = joined(f, &inputs);
        // SAFETY: only the lifetime changes. All that the function borrows outlives `'env`, hence the call of
        // `Tape::scope`, at whose end the function has been dropped (invariants 1 to 3).
        let f = unsafe { std::mem::transmute::<Joined<'env, T>, Function<T>>(f) };
        self.tape.push_checkpoint(f, &inputs)
    }
}
