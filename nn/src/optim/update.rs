//! A step that has begun, and is applied to the parameters piece by piece.

use crate::split::split;
use autodiff::tensor::Real;
use std::fmt;

/// The most moments that an optimizer has for each parameter.
const MOMENTS: usize = 2;

/// What updates some parameters: the loop over them, their gradient, and their moments.
type Rule<'a, T> = dyn Fn(&mut [T], &[T], [&mut [T]; MOMENTS]) + Sync + 'a;

/// A step that an optimizer has begun: a rule that updates each parameter on its own, from its derivative and its moments.
///
/// ```
/// use nn::Update;
///
/// // AdaGrad (Duchi et al., 2011): one moment, the sum of squared derivatives, lowers the rate.
/// let (mut parameters, mut squares) = ([1.0, 2.0], [0.0, 0.0]);
/// let rule = |parameters: &mut [f64], gradient: &[f64], [squares, _]: [&mut [f64]; 2]| {
///     for ((x, g), sum) in parameters.iter_mut().zip(gradient).zip(squares) {
///         *sum += g * g;
///         *x -= 0.1 * g / sum.sqrt();
///     }
/// };
/// let update = Update::new([&mut squares, &mut []], &rule);
/// update.apply(&mut parameters, &[3.0, -0.5]);
/// assert_eq!((parameters, squares), ([0.9, 2.1], [9.0, 0.25]));
/// ```
pub struct Update<'a, T> {
    pub(crate) moments: [&'a mut [T]; MOMENTS],
    pub(crate) rule: &'a Rule<'a, T>,
}

impl<'a, T: Real> Update<'a, T> {
    /// An update by a rule, which is called with some of the parameters, their derivatives, and the corresponding elements
    /// of the moments. A moment that the optimizer does not have is empty.
    #[must_use]
    pub fn new(moments: [&'a mut [T]; MOMENTS], rule: &'a Rule<'a, T>) -> Self {
        Update { moments, rule }
    }

    /// Updates all parameters; many are shared among the threads of the surrounding rayon pool.
    pub fn apply(self, parameters: &mut [T], gradient: &[T]) {
        let [first, second] = self.moments;
        in_pieces([parameters, first, second], gradient, self.rule);
    }
}

impl<T> fmt::Debug for Update<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Update").finish_non_exhaustive()
    }
}

/// Half as many elements as are shared between two threads. Far fewer are updated before another thread has woken.
const PIECE: usize = 1 << 17;

/// Slices begin at multiples of so many elements, and so do the pieces of a buffer.
const LINE: usize = 16;

/// Applies a rule to parameters and moments, in pieces where there are many elements.
fn in_pieces<T: Real>(
    [parameters, first, second]: [&mut [T]; 1 + MOMENTS],
    gradient: &[T],
    rule: &Rule<'_, T>,
) {
    if parameters.len() < 2 * PIECE || rayon::current_num_threads() == 1 {
        return rule(parameters, gradient, [first, second]);
    }
    let half = (parameters.len() / 2).next_multiple_of(LINE);
    let (begin, end) = split([parameters, first, second], half);
    let (gradient, other_gradient) = gradient.split_at(half);
    rayon::join(
        || in_pieces(begin, gradient, rule),
        || in_pieces(end, other_gradient, rule),
    );
}
