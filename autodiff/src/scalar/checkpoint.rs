//! `checkpoint`: parts of a computation that are recomputed in the backward pass.

use super::backward::Products;
use super::number::{Scalar, chain};
use super::tape::{Checkpoint, Span, Tape};
use super::trace::Operation;
use super::var::{Var, common_tape, refuse};

/// Returns `f(inputs)` without recording its operations. The backward pass recomputes and records `f` when it reaches
/// the checkpoint, which saves memory and costs a second evaluation.
///
/// A loop of n steps, cut into √n checkpoints of √n steps each, takes memory for about 2√n steps instead of n, and is
/// computed twice. The gradient equals the gradient of the plain recording with inputs and outputs
/// [retained](Var::retain), to the bit if no input is given twice.
///
/// `f` must compute the same values each time. The tape stores `f`, so `f` cannot borrow, and it cannot capture a
/// variable, which borrows its tape. Pass every variable as an input:
///
/// ```compile_fail,E0277
/// # use autodiff::scalar::{Tape, checkpoint};
/// # let tape = Tape::new();
/// # let [x, y] = tape.vars([0.5, 2.0]);
/// let z = checkpoint(move |x| vec![x[0] * y], &[x]); // error: the function captures a variable
/// ```
///
/// ```
/// # use autodiff::scalar::{Tape, checkpoint};
/// # let tape = Tape::new();
/// # let [x, y] = tape.vars([0.5, 2.0]);
/// let z = checkpoint(|x| vec![x[0] * x[1]], &[x, y]);
/// assert_eq!(z[0].gradients().wrt(y), 0.5);
/// ```
///
/// A loop of 10,000 steps, of which at most 100 are on a tape at a time:
///
/// ```
/// use autodiff::scalar::{Tape, checkpoint};
///
/// let tape = Tape::new();
/// let x = tape.var(0.5);
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
/// If the inputs lie on different tapes, or if `f` returns a variable of a tape other than the tape of its arguments.
/// The backward pass panics if `f` returns a different number of outputs when it is recomputed.
#[must_use]
#[track_caller]
pub fn checkpoint<'t, T, F>(f: F, inputs: &[Var<'t, T>]) -> Vec<Var<'t, T>>
where
    T: Scalar,
    F: for<'s> Fn(&[Var<'s, T>]) -> Vec<Var<'s, T>> + Recomputable,
{
    let tape = common_tape("checkpoint", inputs.iter().map(|x| [x]));
    if tape.is_some_and(Tape::is_for_program) {
        // A program keeps no values, so there is nothing to save.
        return f(inputs);
    }
    // A loop and not a closure, which would hide the caller's line.
    let mut retained = Vec::with_capacity(inputs.len());
    for &input in inputs {
        retained.push(match input.tape {
            Some(_) => input.retain(),
            None => input,
        });
    }
    let node = |input: &Var<'t, T>| input.tape.map(|_| input.index());
    let mut checkpoint = Checkpoint {
        first_output: 0,
        outputs: 0,
        f: Box::new(f),
        inputs: retained.iter().map(|x| (x.value, node(x))).collect(),
    };
    let mut scratch = tape
        .and_then(|tape| tape.scratch.take())
        .unwrap_or_default();
    let values: Vec<T> = {
        let (_, outputs) = checkpoint.record(&scratch.tape);
        outputs.iter().map(|output| output.value).collect()
    };
    let Some(tape) = tape else {
        return values.into_iter().map(Var::constant).collect();
    };
    scratch.tape.reset();
    tape.scratch.set(Some(scratch));

    let first = tape.push_nodes_without_inputs(values.len());
    checkpoint.first_output = first;
    checkpoint.outputs = values.len() as u32;
    if !values.is_empty() {
        let Ok(mut checkpoints) = tape.checkpoints.try_borrow_mut() else {
            panic!("checkpoint: recorded on a tape that is recomputing another one");
        };
        checkpoints.push(checkpoint);
    }
    let mut outputs = Vec::with_capacity(values.len());
    for (index, value) in (first..).zip(values) {
        let output = Var::at(tape, tape.node_ref(index), value);
        outputs.push(output.traced(Operation::Checkpoint, || retained.clone()));
    }
    outputs
}

/// A function that a tape can store for its [`checkpoint`]s: it borrows nothing, and can be sent to another thread with
/// the tape.
///
/// It is implemented for every `Send + 'static` type. A variable borrows its tape, so a closure that captures a
/// variable does not implement it.
#[diagnostic::on_unimplemented(
    message = "the function of a `checkpoint` captures a variable, or another value that is not `Send`",
    label = "a tape cannot keep this function",
    note = "pass each variable as an input: `checkpoint(|inputs| ..., &[x, y])`",
    note = "capture plain numbers instead of variables: `let c = x.value();` before a `move` closure"
)]
pub trait Recomputable: Send + 'static {}

// Without this attribute the compiler would report which field of a tape is not `Sync`, instead of the trait above.
#[diagnostic::do_not_recommend]
impl<F: Send + 'static> Recomputable for F {}

impl<T: Scalar> Checkpoint<T> {
    /// Records the function on an empty tape. Returns the node of its first input, and its outputs.
    #[track_caller]
    fn record<'s>(&self, scratch: &'s Tape<T>) -> (u32, Vec<Var<'s, T>>) {
        let first = scratch.push_nodes_without_inputs(self.inputs.len());
        let inputs = (first..).zip(&self.inputs);
        let inputs = inputs.map(|(index, &(value, node))| match node {
            Some(_) => Var::at(scratch, scratch.node_ref(index), value),
            None => Var::constant(value),
        });
        let outputs = (self.f)(&inputs.collect::<Vec<_>>());
        if !outputs
            .iter()
            .all(|output| output.is_on_or_constant(scratch))
        {
            refuse("checkpoint");
        }
        (first, outputs)
    }

    /// Records the function again, for a pass over the tape, and checks the number of outputs.
    #[track_caller]
    fn record_again<'s>(&self, scratch: &'s Tape<T>) -> (u32, Vec<Var<'s, T>>) {
        let (first, outputs) = self.record(scratch);
        assert!(
            outputs.len() == self.outputs as usize,
            "checkpoint: the function had {} outputs, and {} when it was computed again",
            self.outputs,
            outputs.len()
        );
        (first, outputs)
    }

    /// The node of each input that is not a constant: on the scratch tape, and on the tape.
    fn input_nodes(&self, first: u32) -> impl Iterator<Item = (usize, usize)> {
        let nodes = (first as usize..).zip(&self.inputs);
        nodes.filter_map(|(inside, (_, node))| node.map(|node| (inside, node as usize)))
    }

    /// Propagates the adjoints of the outputs to the inputs.
    pub(super) fn walk_back<const K: usize>(
        &self,
        scratch: &Tape<T>,
        adjoints: &mut [[T; K]],
        products: Products,
    ) {
        let zero = [T::from_f64(0.0); K];
        let (first, outputs) = self.record_again(scratch);
        let mut inside = vec![zero; scratch.next_node() as usize];
        // The inputs start from their accumulated adjoints, so terms are added in the order of a plain recording, with
        // the same bits.
        for (input, node) in self.input_nodes(first) {
            inside[input] = std::mem::replace(&mut adjoints[node], zero);
        }
        for (k, output) in outputs.iter().enumerate().rev() {
            // Outputs after the last differentiated node have no adjoint.
            let adjoint = adjoints.get(self.first_output as usize + k);
            let adjoint = adjoint.copied().unwrap_or(zero);
            let sum = &mut inside[output.index() as usize];
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
        for (input, node) in self.input_nodes(first) {
            let sum = &mut adjoints[node];
            *sum = std::array::from_fn(|lane| sum[lane] + inside[input][lane]);
        }
    }

    /// Propagates the tangents of the inputs to the outputs.
    pub(super) fn walk_forward<const K: usize>(&self, scratch: &Tape<T>, tangents: &mut [[T; K]]) {
        let (first, outputs) = self.record_again(scratch);
        let mut inside = vec![[T::from_f64(0.0); K]; scratch.next_node() as usize];
        for (input, node) in self.input_nodes(first) {
            inside[input] = tangents[node];
        }
        scratch.walk_forward(&mut inside);
        let tangents = &mut tangents[self.first_output as usize..];
        for (output, tangent) in outputs.iter().zip(tangents) {
            *tangent = inside[output.index() as usize].map(|tangent| chain(output.slope, tangent));
        }
    }
}

impl<T: Scalar> Tape<T> {
    /// Calls `act` with the checkpoint whose outputs are `span`, and with a tape on which to record it. Does nothing if
    /// the nodes of `span` are variables.
    pub(super) fn with_checkpoint(&self, span: &Span, act: impl FnOnce(&Checkpoint<T>, &Tape<T>)) {
        let checkpoints = self.checkpoints.borrow();
        let first_output = |checkpoint: &Checkpoint<T>| checkpoint.first_output;
        if let Ok(found) = checkpoints.binary_search_by_key(&span.first_node, first_output) {
            let mut scratch = self.scratch.take().unwrap_or_default();
            act(&checkpoints[found], &scratch.tape);
            scratch.tape.reset();
            self.scratch.set(Some(scratch));
        }
    }
}
