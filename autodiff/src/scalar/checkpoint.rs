//! Parts of a computation that are recomputed in the backward pass.

use super::backward::Products;
use super::number::chain;
use super::sweep::common_tape;
use super::tape::{Block, SINK};
use super::trace::{Operation, Step};
use super::var::refuse;
use super::{Scalar, Tape, Var};
use std::panic::Location;

/// A function of variables that can be recorded again.
type Function<T> = Box<dyn for<'s> Fn(&[Var<'s, T>]) -> Vec<Var<'s, T>> + Send>;

/// A part that is recomputed: its function and where it was called.
pub(super) struct Segment<T: Scalar> {
    /// The index of the first output.
    node: u32,
    /// The number of outputs.
    outputs: u32,
    f: Function<T>,
    /// The value of each input, with its node; a constant has none.
    inputs: Vec<(T, Option<u32>)>,
}

/// Computes `f(inputs)` without recording it; the walk back records it for itself when it gets there.
///
/// A loop of n steps, cut into √n checkpoints of √n steps each, takes memory for about 2√n steps instead of n, and is
/// computed twice. The gradient is that of the plain recording with inputs and outputs
/// [anchored](Var::anchor), to the bit if no input is given twice.
///
/// `f` must compute the same thing each time. It cannot borrow, since the tape keeps it; neither can it capture a variable,
/// which borrows its tape. Pass every variable as an input:
///
/// ```compile_fail,E0277
/// # use autodiff::scalar::{Tape, checkpoint};
/// # let tape = Tape::new();
/// # let [x, y] = tape.variables([0.5, 2.0]);
/// let z = checkpoint(move |x| vec![x[0] * y], &[x]); // error: the function captures a variable
/// ```
///
/// ```
/// # use autodiff::scalar::{Tape, checkpoint};
/// # let tape = Tape::new();
/// # let [x, y] = tape.variables([0.5, 2.0]);
/// let z = checkpoint(|x| vec![x[0] * x[1]], &[x, y]);
/// assert_eq!(z[0].gradients().wrt(y), 0.5);
/// ```
///
/// Many steps, of which one at a time is on the tape:
///
/// ```
/// use autodiff::scalar::{Tape, checkpoint};
///
/// let tape = Tape::new();
/// let x = tape.variable(0.5);
/// let mut y = vec![x];
/// for _ in 0..100 {
///     y = checkpoint(|y| vec![(0..100).fold(y[0], |y, _| (y + 1.0).sin())], &y);
/// }
/// assert_eq!(tape.len(), 101);
/// assert!(y[0].gradients().wrt(x).is_finite());
/// ```
///
/// # Panics
///
/// If the inputs lie on different tapes, or if `f` returns a variable of another tape than that of its arguments. The
/// walk back panics if `f` then returns another number of outputs.
#[must_use]
#[track_caller]
pub fn checkpoint<'t, T, F>(f: F, inputs: &[Var<'t, T>]) -> Vec<Var<'t, T>>
where
    T: Scalar,
    F: for<'s> Fn(&[Var<'s, T>]) -> Vec<Var<'s, T>> + Recomputable,
{
    let tape = common_tape("checkpoint", inputs);
    let anchored = inputs.iter().map(|&input| match input.tape {
        Some(_) => (input.value, Some(input.anchor().node())),
        None => (input.value, None),
    });
    let mut segment = Segment {
        node: SINK,
        outputs: 0,
        f: Box::new(f),
        inputs: anchored.collect(),
    };
    let mut scratch = tape.map_or_else(Tape::default, Tape::scratch);
    let values: Vec<T> = {
        let (_, outputs) = segment.run(&scratch);
        outputs.iter().map(|output| output.value).collect()
    };
    let Some(tape) = tape else {
        return values.into_iter().map(Var::constant).collect();
    };
    scratch.reset();
    tape.give_back(scratch);

    let first = tape.leaves(values.len());
    segment.node = first;
    segment.outputs = values.len() as u32;
    let operands: Option<Vec<_>> = tape.is_traced().then(|| segment.operands().collect());
    if !values.is_empty() {
        tape.keep_segment(segment);
    }
    let outputs = (first..).zip(&values);
    let outputs: Vec<_> = outputs
        .map(|(node, &value)| Var::at(tape, tape.place(node), value))
        .collect();
    if let Some(operands) = operands {
        tape.trace_checkpoint(&operands, &outputs);
    }
    outputs
}

/// A function that a tape can keep for its [`checkpoint`]s: it borrows nothing, and can go where the tape goes.
///
/// A variable borrows its tape, so a closure that captures one is no such function.
#[diagnostic::on_unimplemented(
    message = "the function of a `checkpoint` captures a variable, or another value that is not `Send`",
    label = "a tape cannot keep this function",
    note = "pass each variable as an input: `checkpoint(|inputs| ..., &[x, y])`",
    note = "capture plain numbers instead of variables: `let c = x.value();` before a `move` closure"
)]
pub trait Recomputable: Send + 'static {}

// Without a recommendation the compiler reports the trait above, and not which field of a tape is not `Sync`.
#[diagnostic::do_not_recommend]
impl<F: Send + 'static> Recomputable for F {}

impl<T: Scalar> Segment<T> {
    /// Records the function on an empty tape, and returns the node of its first input and its outputs.
    #[track_caller]
    fn run<'s>(&self, scratch: &'s Tape<T>) -> (u32, Vec<Var<'s, T>>) {
        let first = scratch.leaves(self.inputs.len());
        let inputs = (first..)
            .zip(&self.inputs)
            .map(|(leaf, (value, node))| match node {
                Some(_) => Var::at(scratch, scratch.place(leaf), *value),
                None => Var::constant(*value),
            });
        let inputs: Vec<_> = inputs.collect();
        let outputs = (self.f)(&inputs);
        if !outputs.iter().all(|output| output.suits(scratch)) {
            refuse("checkpoint");
        }
        (first, outputs)
    }

    /// The same again, for a walk over the tape.
    #[track_caller]
    fn run_again<'s>(&self, scratch: &'s Tape<T>) -> (u32, Vec<Var<'s, T>>) {
        let (first, outputs) = self.run(scratch);
        assert!(
            outputs.len() == self.outputs as usize,
            "checkpoint: the function had {} outputs, and {} when it was computed again",
            self.outputs,
            outputs.len()
        );
        (first, outputs)
    }

    /// The bytes that it takes.
    pub(super) fn bytes(&self) -> usize {
        size_of::<Self>() + size_of_val(&*self.f) + size_of_val(&self.inputs[..])
    }

    /// Each input that is no constant: its place among the inputs, and its node.
    fn active(&self) -> impl Iterator<Item = (usize, usize)> {
        let nodes = self.inputs.iter().enumerate();
        nodes.filter_map(|(i, (_, node))| node.map(|node| (i, node as usize)))
    }

    pub(super) fn operands(&self) -> impl Iterator<Item = super::Operand<T>> {
        self.inputs.iter().map(|(value, node)| match node {
            Some(node) => super::Operand::Node(*node),
            None => super::Operand::Constant(*value),
        })
    }

    /// Spreads the adjoints of the outputs over those of the inputs.
    fn walk_back<const K: usize>(
        &self,
        scratch: &Tape<T>,
        adjoints: &mut [[T; K]],
        products: Products,
    ) {
        let zero = [T::from_f64(0.0); K];
        let (first, outputs) = self.run_again(scratch);
        let mut inside = vec![zero; scratch.next_node() as usize];
        // Adding goes on from what the inputs have, in the order of a plain recording: the bits are the same.
        for (i, node) in self.active() {
            inside[first as usize + i] = std::mem::replace(&mut adjoints[node], zero);
        }
        for (k, output) in outputs.iter().enumerate().rev() {
            // Outputs after the last one that was differentiated have no adjoint.
            let adjoint = adjoints
                .get(self.node as usize + k)
                .copied()
                .unwrap_or(zero);
            let sum = &mut inside[output.node() as usize];
            *sum = std::array::from_fn(|lane| {
                let (adjoint, slope) = (adjoint[lane], output.slope);
                let term = if products == Products::Plain {
                    adjoint * slope
                } else {
                    chain(adjoint, slope)
                };
                sum[lane] + term
            });
        }
        scratch.walk_back(&mut inside, products);
        for (i, node) in self.active() {
            let sum = &mut adjoints[node];
            *sum = std::array::from_fn(|lane| sum[lane] + inside[first as usize + i][lane]);
        }
    }

    /// Spreads the tangents of the inputs over those of the outputs.
    fn walk_forward<const K: usize>(&self, scratch: &Tape<T>, tangents: &mut [[T; K]]) {
        let (first, outputs) = self.run_again(scratch);
        let mut inside = vec![[T::from_f64(0.0); K]; scratch.next_node() as usize];
        for (i, node) in self.active() {
            inside[first as usize + i] = tangents[node];
        }
        scratch.walk_forward(&mut inside);
        for (output, tangent) in outputs.iter().zip(&mut tangents[self.node as usize..]) {
            *tangent = inside[output.node() as usize].map(|tangent| chain(output.slope, tangent));
        }
    }
}

impl<T: Scalar> Tape<T> {
    /// A tape to record a segment on, with the memory of the last one that was given back.
    fn scratch(&self) -> Tape<T> {
        self.scratch
            .take()
            .map_or_else(Tape::default, |scratch| *scratch)
    }

    fn give_back(&self, scratch: Tape<T>) {
        self.scratch.set(Some(Box::new(scratch)));
    }

    /// Keeps a segment whose outputs are the nodes recorded last.
    #[track_caller]
    fn keep_segment(&self, segment: Segment<T>) {
        let Ok(mut segments) = self.segments.try_borrow_mut() else {
            panic!("checkpoint: recorded on a tape that is recomputing another one");
        };
        segments.push(segment);
    }

    #[cold]
    #[track_caller]
    fn trace_checkpoint(&self, operands: &[super::Operand<T>], outputs: &[Var<'_, T>]) {
        for output in outputs {
            self.keep(Step {
                operation: Operation::Checkpoint,
                operands: operands.to_vec(),
                value: output.value,
                node: output.node(),
                location: Location::caller(),
            });
        }
    }

    /// Does something with the segment whose outputs are this block, if it is of that kind.
    fn with_segment(&self, block: &Block, act: impl FnOnce(&Segment<T>, &Tape<T>)) {
        let segments = self.segments.borrow();
        if let Ok(at) = segments.binary_search_by_key(&block.node, |segment| segment.node) {
            let mut scratch = self.scratch();
            act(&segments[at], &scratch);
            scratch.reset();
            self.give_back(scratch);
        }
    }

    pub(super) fn segment_back<const K: usize>(
        &self,
        block: &Block,
        adjoints: &mut [[T; K]],
        products: Products,
    ) {
        self.with_segment(block, |segment, scratch| {
            segment.walk_back(scratch, adjoints, products);
        });
    }

    pub(super) fn segment_forward<const K: usize>(&self, block: &Block, tangents: &mut [[T; K]]) {
        self.with_segment(block, |segment, scratch| {
            segment.walk_forward(scratch, tangents);
        });
    }
}
