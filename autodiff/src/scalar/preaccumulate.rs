//! `preaccumulate`: parts of a computation of which only the slopes are recorded.

use super::node_ref::{NodeRef, SINK};
use super::number::{Scalar, chain};
use super::store::kept::Kept;
use super::sweep::Gradients;
use super::tape::{InputPair, Tape};
use super::trace::Operation;
use super::var::{Var, common_tape, refuse};

/// Returns `f(inputs)`, and records each output as one node, with its slopes towards the inputs.
///
/// `f` is recorded on a tape of its own, from which one backward pass for every few outputs computes the slopes. This
/// saves memory, and time in each later backward pass, if `f` has many more operations than inputs times outputs. Unlike
/// the function of a [`checkpoint`](super::checkpoint()), `f` is called once, and may borrow from its surroundings.
///
/// A variable must be passed as an input. An output on which no input has an influence is a constant. Derivatives equal
/// those of the plain recording up to rounding. While a [program](super::program) is being recorded, `f` is a part of
/// the program.
///
/// A determinant by minors has some n! operations. Those of each minor of three rows are recorded as one node:
///
/// ```
/// use autodiff::scalar::{Tape, Var, preaccumulate};
///
/// /// The determinant of the lowest rows of a matrix of `n` columns, without the columns whose bits are set in `used`.
/// fn determinant<'t>(matrix: &[Var<'t>], n: usize, used: u32) -> Var<'t> {
///     let row = used.count_ones() as usize;
///     let columns = (0..n).filter(|column| used & 1 << column == 0);
///     let mut sign = -1.0;
///     let terms = columns.map(|column| {
///         sign = -sign;
///         let rest = used | 1 << column;
///         let minor = match n - row {
///             1 => Var::from(1.0),
///             4 => preaccumulate(|matrix| vec![determinant(matrix, n, rest)], matrix)[0],
///             _ => determinant(matrix, n, rest),
///         };
///         sign * matrix[row * n + column] * minor
///     });
///     terms.sum()
/// }
///
/// let tape = Tape::new();
/// #[rustfmt::skip]
/// let matrix = tape.vars([
///     2.0, 1.0, 0.0, 0.0, 0.0,
///     1.0, 2.0, 1.0, 0.0, 0.0,
///     0.0, 1.0, 2.0, 1.0, 0.0,
///     0.0, 0.0, 1.0, 2.0, 1.0,
///     0.0, 0.0, 0.0, 1.0, 2.0,
/// ]);
/// let result = determinant(&matrix, 5, 0);
/// // The slope towards an entry is its cofactor.
/// let gradients = result.gradients();
/// assert_eq!((result.value(), gradients.wrt(matrix[0])), (6.0, 5.0));
/// assert!(tape.len() < 80);
/// ```
///
/// # Panics
///
/// If the inputs lie on different tapes, or if `f` returns a variable of a tape other than the tape of its arguments.
#[must_use]
#[track_caller]
pub fn preaccumulate<'t, T, F>(f: F, inputs: &[Var<'t, T>]) -> Vec<Var<'t, T>>
where
    T: Scalar,
    F: for<'s> FnOnce(&[Var<'s, T>]) -> Vec<Var<'s, T>>,
{
    let tape = match common_tape("preaccumulate", inputs.iter().map(|x| [x])) {
        // A program has the operations of `f`, and not their slopes at one point.
        Some(tape) if !tape.is_for_program() => tape,
        _ => return f(inputs),
    };
    let mut scratch = tape.scratch.take().unwrap_or_default();
    let mut copies = scratch.buffers.take_variables();
    let values = inputs.iter().map(|x| (x.value, x.tape.is_none()));
    let first = scratch.push_copies(values, &mut copies);
    let outputs = f(&copies);
    if !outputs.iter().all(|y| y.is_on_or_constant(&scratch)) {
        refuse("preaccumulate");
    }
    let recorded = match outputs.len() {
        1 => push_outputs(tape, inputs, first, &outputs, &scratch.buffers.one),
        _ => push_outputs(tape, inputs, first, &outputs, &scratch.buffers.many),
    };
    drop(outputs);
    scratch.buffers.put_variables(copies);
    scratch.reset();
    tape.scratch.set(Some(scratch));
    recorded
}

/// Records the outputs of a function as one node each. The slopes of `K` outputs at a time are computed from the
/// recording of the function, on which the nodes of the inputs begin with `first`.
#[track_caller]
fn push_outputs<'t, T: Scalar, const K: usize>(
    tape: &'t Tape<T>,
    inputs: &[Var<'t, T>],
    first: u32,
    outputs: &[Var<'_, T>],
    memory: &Kept<[T; K]>,
) -> Vec<Var<'t, T>> {
    let mut gradients = Gradients::with_memory(memory.take());
    let mut recorded = Vec::with_capacity(outputs.len());
    for outputs in outputs.chunks(K) {
        // Lanes without an output hold a constant, whose gradient is zero.
        gradients.update(std::array::from_fn(|lane| {
            outputs.get(lane).copied().unwrap_or_default()
        }));
        let slopes = gradients.adjoints(first, inputs.len());
        for (lane, output) in outputs.iter().enumerate() {
            let slopes = slopes.iter().map(|slopes| slopes[lane]);
            recorded.push(match tape.push_slopes(inputs, slopes) {
                Some(node) => Var::at(tape, node, output.value)
                    .traced(Operation::Preaccumulated, || inputs.to_vec()),
                None => Var::constant(output.value),
            });
        }
    }
    memory.put(gradients.into_memory());
    recorded
}

impl<T: Scalar> Tape<T> {
    /// Appends a node with these slopes towards the first inputs, and 0 towards the others. Returns `None` if all slopes
    /// are 0, unless the tape is traced.
    #[track_caller]
    fn push_slopes(
        &self,
        inputs: &[Var<'_, T>],
        slopes: impl Iterator<Item = T>,
    ) -> Option<NodeRef> {
        let zero = T::from_f64(0.0);
        let mut pairs = self.pairs_of_sum.take();
        // An input that waits for a second one.
        let mut last = None;
        for (input, slope) in inputs.iter().zip(slopes) {
            if slope.is_constant_zero() {
                continue;
            }
            let (node, slope) = (input.index(), chain(input.slope, slope));
            last = match last {
                None => Some(InputPair {
                    inputs: [node, SINK],
                    slopes: [slope, zero],
                }),
                Some(mut pair) => {
                    pair.inputs[1] = node;
                    pair.slopes[1] = slope;
                    pairs.push(pair);
                    None
                }
            };
        }
        if pairs.is_empty() && self.is_traced() {
            last.get_or_insert(InputPair {
                inputs: [SINK; 2],
                slopes: [zero; 2],
            });
        }
        let is_constant = pairs.is_empty() && last.is_none();
        let node = (!is_constant).then(|| self.push_many(pairs.iter().copied(), last));
        self.pairs_of_sum.put(pairs);
        node
    }
}
