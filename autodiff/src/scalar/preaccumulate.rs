//! `preaccumulate`: parts of a computation of which only the slopes are recorded.

use super::node_ref::SINK;
use super::number::{Scalar, chain};
use super::scratch::{LANES, Scratch};
use super::sweep::Gradients;
use super::tape::{InputPair, Tape};
use super::trace::Operation;
use super::var::{Var, common_tape, refuse};

/// Returns `f(inputs)`, and records each output as one node, with its slopes towards the inputs.
///
/// `f` is recorded on a tape of its own, from which one backward pass for every few outputs computes the slopes. This
/// saves memory, and time in each later backward pass, if `f` has many more operations than inputs times outputs. Other
/// than for a [`checkpoint`](super::checkpoint()), `f` is computed once, and may borrow from its surroundings.
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
    let Scratch {
        tape: inside,
        inputs: memory,
        of_one,
        of_several,
    } = &mut *scratch;
    let mut copies = memory.take();
    let values = inputs.iter().map(|x| (x.value, x.tape.is_none()));
    let _ = inside.push_copies(values, &mut copies);
    let outputs = f(&copies);
    if !outputs.iter().all(|y| y.is_on_or_constant(inside)) {
        refuse("preaccumulate");
    }
    let mut recorded = Vec::with_capacity(outputs.len());
    if let [_] = outputs[..] {
        push_outputs(tape, inputs, &copies, &outputs, of_one, &mut recorded);
    } else {
        for outputs in outputs.chunks(LANES) {
            push_outputs(tape, inputs, &copies, outputs, of_several, &mut recorded);
        }
    }
    memory.give_back(copies);
    scratch.tape.reset();
    tape.scratch.set(Some(scratch));
    recorded
}

/// Records at most `K` outputs of a function. The function is recorded on the tape of `copies` and `outputs`.
#[track_caller]
fn push_outputs<'t, T: Scalar, const K: usize>(
    tape: &'t Tape<T>,
    inputs: &[Var<'t, T>],
    copies: &[Var<'_, T>],
    outputs: &[Var<'_, T>],
    gradients: &mut Gradients<T, K>,
    recorded: &mut Vec<Var<'t, T>>,
) {
    // Lanes without an output hold a constant, whose gradient is zero.
    gradients.update(std::array::from_fn(|lane| {
        outputs.get(lane).copied().unwrap_or_default()
    }));
    let zero = T::from_f64(0.0);
    for (lane, output) in outputs.iter().enumerate() {
        let mut pairs = tape.pairs_of_sum.take();
        let mut unpaired: Option<(u32, T)> = None;
        for (input, copy) in inputs.iter().zip(copies) {
            if input.tape.is_none() {
                continue;
            }
            let slope = gradients.each_wrt(*copy)[lane];
            if slope.is_constant_zero() {
                continue;
            }
            let (node, slope) = (input.index(), chain(input.slope, slope));
            match unpaired.take() {
                None => unpaired = Some((node, slope)),
                Some(other) => pairs.push(InputPair {
                    inputs: [other.0, node],
                    slopes: [other.1, slope],
                }),
            }
        }
        if pairs.is_empty() && tape.is_traced() && output.tape.is_some() {
            unpaired.get_or_insert((SINK, zero));
        }
        let last = unpaired.map(|(node, slope)| InputPair {
            inputs: [node, SINK],
            slopes: [slope, zero],
        });
        recorded.push(if pairs.is_empty() && last.is_none() {
            Var::constant(output.value)
        } else {
            let node = tape.push_many(pairs.iter().copied(), last);
            let output = Var::at(tape, node, output.value);
            output.traced(Operation::Preaccumulated, || inputs.to_vec())
        });
        pairs.clear();
        tape.pairs_of_sum.set(pairs);
    }
}
