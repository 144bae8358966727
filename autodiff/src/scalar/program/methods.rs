//! `Program`: how it is made, its settings, and what can be seen of it.

use super::compile::Computation;
use super::listing::Listing;
use super::paths::Paths;
use super::recording::Function;
use super::variants::Variants;
use crate::scalar::number::Scalar;
use crate::scalar::var::Var;
use crate::tensor::Real;
use std::fmt;
use std::sync::Arc;

/// A function of numbers that is recorded once and replayed on many points.
///
/// The function takes two slices of variables, the inputs that all points share and the inputs of a point, and returns
/// its outputs. The numbers of both kinds of inputs are given to [`Program::new`]; the number of outputs is found when
/// the function is recorded, at the first point of the first call.
///
/// A program owns the memory that it needs to run, so its methods take `&mut self`. It can be sent to another thread.
///
/// ```
/// # fn main() -> Result<(), autodiff::scalar::program::ProgramError> {
/// use autodiff::scalar::program::{Points, Program};
///
/// let mut f = Program::new(1, 2, |s, x| vec![s[0] * x[0] * x[0] * x[1]]);
/// // The points (1, 2) and (3, 4).
/// let (values, gradients) = f.values_and_gradients(&[10.0], Points::Rows(&[1.0, 2.0, 3.0, 4.0]))?;
/// assert_eq!(values, [20.0, 360.0]);
/// assert_eq!(gradients, [40.0, 10.0, 240.0, 90.0]);
/// # fn is_send<T: Send>(_: &T) {}
/// # is_send(&f);
/// # Ok(()) }
/// ```
///
/// The [module](super) says how it works, and when it pays.
pub struct Program<'f, T: Real + Scalar = f64> {
    pub(super) f: Arc<Function<'f, T>>,
    /// The numbers of shared inputs and of inputs of each point.
    pub(super) inputs: [usize; 2],
    pub(super) variants: Variants<T>,
}

impl<'f> Program<'f> {
    /// Makes a program of a function of `shared` inputs that all points share, and `inputs` inputs of each point.
    ///
    /// The function is not called yet. It must compute the same whenever it is called with the same numbers: what it
    /// captures becomes a constant of a recording.
    ///
    /// ```
    /// # fn main() -> Result<(), autodiff::scalar::program::ProgramError> {
    /// use autodiff::scalar::Var;
    /// use autodiff::scalar::program::{Points, Program};
    ///
    /// // A function with a name is written with a lifetime.
    /// fn rotated<'t>(angle: &[Var<'t>], x: &[Var<'t>]) -> Vec<Var<'t>> {
    ///     let (sin, cos) = (angle[0].sin(), angle[0].cos());
    ///     vec![cos * x[0] - sin * x[1], sin * x[0] + cos * x[1]]
    /// }
    ///
    /// let mut program = Program::new(1, 2, rotated);
    /// assert_eq!(program.values(&[0.0], Points::Rows(&[1.0, 2.0]))?, [1.0, 2.0]);
    /// # Ok(()) }
    /// ```
    ///
    /// # Panics
    ///
    /// If `inputs` is 0: the number of points would be unknown.
    #[must_use]
    #[track_caller]
    pub fn new<F>(shared: usize, inputs: usize, f: F) -> Self
    where
        F: for<'t> Fn(&[Var<'t>], &[Var<'t>]) -> Vec<Var<'t>> + Send + Sync + 'f,
    {
        Program::from_function(shared, inputs, Arc::new(f))
    }
}

impl<'f> Program<'f, f32> {
    /// Makes a program in single precision, as [`Program::new`] does in double precision. A vector then holds twice as
    /// many points.
    ///
    /// ```
    /// # fn main() -> Result<(), autodiff::scalar::program::ProgramError> {
    /// use autodiff::scalar::program::{Points, Program};
    ///
    /// let mut square = Program::new_f32(0, 1, |_, x| vec![x[0] * x[0]]);
    /// assert_eq!(square.values(&[], Points::Rows(&[1.5_f32, 2.0]))?, [2.25, 4.0]);
    /// # Ok(()) }
    /// ```
    ///
    /// # Panics
    ///
    /// If `inputs` is 0.
    #[must_use]
    #[track_caller]
    pub fn new_f32<F>(shared: usize, inputs: usize, f: F) -> Self
    where
        F: for<'t> Fn(&[Var<'t, f32>], &[Var<'t, f32>]) -> Vec<Var<'t, f32>> + Send + Sync + 'f,
    {
        Program::from_function(shared, inputs, Arc::new(f))
    }
}

/// # Settings
impl<'f, T: Real + Scalar> Program<'f, T> {
    #[track_caller]
    fn from_function(shared: usize, inputs: usize, f: Arc<Function<'f, T>>) -> Self {
        assert!(inputs > 0, "program: a point has no inputs");
        Program {
            f,
            inputs: [shared, inputs],
            variants: Variants::default(),
        }
    }

    /// Sets the number of threads; the default is 1. The results do not depend on it.
    ///
    /// A thread takes at least 1,024 points, so fewer points run on fewer threads. Recording, compiling, and points that
    /// are left to a tape take the thread of the caller.
    ///
    /// # Panics
    ///
    /// If the number is 0.
    #[must_use]
    #[track_caller]
    pub fn threads(mut self, threads: usize) -> Self {
        assert!(threads > 0, "threads: the number of threads is 0");
        self.variants.set_threads(threads);
        self
    }

    /// Sets how many paths through the function are compiled; the default is 8. Points on other paths are left to a
    /// tape, one by one.
    ///
    /// Each path costs a recording, and a replay of the points that did not take the paths before it. A tape costs the
    /// same at each point. So a larger limit pays if many points share each of the paths.
    ///
    /// ```
    /// # fn main() -> Result<(), autodiff::scalar::program::ProgramError> {
    /// use autodiff::scalar::program::{Points, Program};
    ///
    /// let mut halved = Program::new(0, 1, |_, x| {
    ///     let mut y = x[0];
    ///     while y > 1.0 {
    ///         y *= 0.5;
    ///     }
    ///     vec![y]
    /// })
    /// .max_variants(2);
    /// let values = halved.values(&[], Points::Rows(&[1.0, 2.0, 4.0, 8.0, 1.0]))?;
    /// assert_eq!(values, [1.0; 5]);
    /// assert_eq!(halved.paths().compiled, [2, 1]);
    /// assert_eq!(halved.paths().on_tape, 2);
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn max_variants(mut self, variants: usize) -> Self {
        self.variants.limit = variants;
        self
    }
}

/// With the feature `argmin`.
#[cfg(feature = "argmin")]
impl<'f, T: Real + Scalar> Program<'f, T> {
    /// Returns the numbers of shared inputs and of inputs of each point.
    pub(in crate::scalar) fn inputs(&self) -> [usize; 2] {
        self.inputs
    }

    /// Returns a program of the same function, whose points have the shared inputs too, before their own.
    pub(in crate::scalar) fn joined(&self) -> Self {
        let ([shared, inputs], f) = (self.inputs, Arc::clone(&self.f));
        Program {
            f: Arc::new(move |_, x| f(&x[..shared], &x[shared..])),
            inputs: [0, shared + inputs],
            variants: self.variants.empty(),
        }
    }
}

/// # Seeing
impl<T: Real + Scalar> Program<'_, T> {
    /// Returns how many points took which path, since the program was made. A point counts once for each call that
    /// computes it.
    ///
    /// ```
    /// # fn main() -> Result<(), autodiff::scalar::program::ProgramError> {
    /// use autodiff::scalar::program::{Points, Program};
    ///
    /// let mut f = Program::new(0, 1, |_, x| vec![if x[0] < 0.0 { -x[0] } else { x[0].sqrt() }]);
    /// assert_eq!(f.values(&[], Points::Rows(&[4.0, -1.0, 9.0]))?, [2.0, 1.0, 3.0]);
    /// assert_eq!(f.paths().compiled, [2, 1]);
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn paths(&self) -> Paths {
        self.variants.paths()
    }

    /// Returns the instructions of a computation on the first recorded path, and compiles them if no method did so.
    /// Returns `None` if nothing was recorded yet.
    ///
    /// ```
    /// # fn main() -> Result<(), autodiff::scalar::program::ProgramError> {
    /// use autodiff::scalar::program::{Computation, Points, Program};
    ///
    /// let mut f = Program::new(0, 2, |_, x| vec![(x[0] * x[1]).exp()]);
    /// assert!(f.listing(Computation::Values).is_none());
    /// f.values(&[], Points::Rows(&[1.0, 2.0]))?;
    ///
    /// let listing = f.listing(Computation::Values).expect("recorded");
    /// // Two loads, a product, the exponential function, and a store.
    /// assert_eq!(listing.instructions, 5);
    /// assert!(listing.to_string().contains("exp("));
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn listing(&mut self, computation: Computation) -> Option<Listing> {
        self.variants.listing(computation)
    }
}

impl<T: Real + Scalar> fmt::Debug for Program<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Program")
            .field("inputs", &self.inputs)
            .field("paths", &self.paths())
            .finish()
    }
}
