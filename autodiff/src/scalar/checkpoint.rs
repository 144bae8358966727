//! `checkpoint`: parts of a computation that are recomputed in the backward pass.

use super::backward::Products;
use super::node_ref::SINK;
use super::number::{Scalar, chain};
use super::tape::{Checkpoint, Function, Nodes, Span, Tape};
use super::trace::Operation;
use super::var::{Var, common_tape, refuse};

/// Returns `f(inputs)` without recording its operations. The backward pass recomputes and records `f` when it reaches
/// the checkpoint, which saves memory and costs a second evaluation.
///
/// A loop of n steps, cut into √n checkpoints of √n steps each, takes memory for about 2√n steps instead of n, and is
/// computed twice. The gradient equals the gradient of the plain recording with inputs and outputs
/// [retained](Var::retain), to the bit if no input is given twice.
///
/// `f` takes any number of arguments, each a slice. It must compute the same values each time.
///
/// ```
/// # use autodiff::scalar::{Tape, checkpoint};
/// # let tape = Tape::new();
/// # let x = tape.vars([0.5, 2.0]);
/// # let [rate] = tape.vars([3.0]);
/// let z = checkpoint(|[x, rate]| vec![x[0] * x[1] * rate[0]], [&x, &[rate]]);
/// assert_eq!(z[0].gradients().wrt(x[1]), 1.5);
/// ```
///
/// The tape stores `f`, so `f` cannot borrow; in a [scope](Tape::scope) it can. It cannot capture a variable, which
/// borrows its tape. Pass every variable as an input:
///
/// ```compile_fail,E0277
/// # use autodiff::scalar::{Tape, checkpoint};
/// # let tape = Tape::new();
/// # let [x, y] = tape.vars([0.5, 2.0]);
/// let z = checkpoint(move |[x]| vec![x[0] * y], [&[x]]); // error: the function captures a variable
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
///     y = checkpoint(|[y]| vec![(0..100).fold(y[0], |y, _| (y + 1.0).sin())], [&y]);
/// }
/// assert_eq!(tape.len(), 101);
/// assert!(y[0].gradients().wrt(x).is_finite());
/// ```
///
/// # Panics
///
/// If the inputs lie on different tapes, or if `f` returns a variable of a tape other than the tape of its arguments.
/// The backward pass panics if `f` returns a different number of variables when it is recomputed.
#[must_use]
#[track_caller]
pub fn checkpoint<'t, T, F, const N: usize>(f: F, inputs: [&[Var<'t, T>]; N]) -> Vec<Var<'t, T>>
where
    T: Scalar,
    F: for<'s> Fn([&[Var<'s, T>]; N]) -> Vec<Var<'s, T>> + Recomputable,
{
    match tape_of(&inputs) {
        Some(tape) => tape.push_checkpoint(joined(f, &inputs), &inputs),
        None => f(inputs),
    }
}

/// A function that a tape can store for its [`checkpoint`]s: it borrows nothing, and can be sent to another thread with
/// the tape.
///
/// It is implemented for every `Send + 'static` type. A variable borrows its tape, so a closure that captures a
/// variable does not implement it.
#[diagnostic::on_unimplemented(
    message = "the function of a `checkpoint` captures a variable, or another value that is not `Send`",
    label = "a tape cannot keep this function",
    note = "pass each variable as an input: `checkpoint(|[x, y]| ..., [&x, &y])`",
    note = "capture plain numbers instead of variables: `let c = x.value();` before a `move` closure"
)]
pub trait Recomputable: Send + 'static {}

// Without this attribute the compiler would report which field of a tape is not `Sync`, instead of the trait above.
#[diagnostic::do_not_recommend]
impl<F: Send + 'static> Recomputable for F {}

/// The tape on which a function of these inputs is a checkpoint; `None` if the function is computed in place.
#[track_caller]
pub(super) fn tape_of<'t, T: Scalar>(inputs: &[&[Var<'t, T>]]) -> Option<&'t Tape<T>> {
    let tape = common_tape("checkpoint", inputs.iter().copied().flatten().map(|x| [x]));
    // A program keeps no values, so there is nothing to save.
    tape.filter(|tape| !tape.is_for_program())
}

/// A function as a tape stores it, apart from its lifetime: of all inputs in one slice.
pub(super) type Joined<'f, T> = Box<dyn for<'s> Fn(&[Var<'s, T>]) -> Vec<Var<'s, T>> + Send + 'f>;

/// Returns `f` as a function of all inputs in one slice. Its arguments have the lengths of these inputs.
pub(super) fn joined<'f, T, F, const N: usize>(f: F, inputs: &[&[Var<'_, T>]; N]) -> Joined<'f, T>
where
    T: Scalar,
    F: for<'s> Fn([&[Var<'s, T>]; N]) -> Vec<Var<'s, T>> + Send + 'f,
{
    let lengths = inputs.map(<[_]>::len);
    Box::new(move |mut inputs: &[Var<'_, T>]| {
        f(lengths.map(|length| {
            let (argument, rest) = inputs.split_at(length);
            inputs = rest;
            argument
        }))
    })
}

impl<T: Scalar> Tape<T> {
    /// Computes a function of variables of this tape, and stores it with its inputs. Returns the outputs.
    #[track_caller]
    pub(super) fn push_checkpoint<'t>(
        &'t self,
        f: Function<T>,
        inputs: &[&[Var<'t, T>]],
    ) -> Vec<Var<'t, T>> {
        let mut checkpoint = Checkpoint {
            first_output: 0,
            outputs: 0,
            f,
            values: Vec::with_capacity(inputs.iter().map(|argument| argument.len()).sum()),
            nodes: Vec::new(),
        };
        // A loop and not a closure, which would hide the caller's line.
        for &input in inputs.iter().copied().flatten() {
            checkpoint.add_input(match input.tape {
                Some(_) => input.retain(),
                None => input,
            });
        }
        let mut scratch = self.scratch.take().unwrap_or_default();
        let (_, inside) = checkpoint.record(&scratch);
        let variables = inside.iter().filter(|output| output.tape.is_some()).count();
        let first = self.push_nodes_without_inputs(variables);
        let mut nodes = first..;
        let mut outputs = Vec::with_capacity(inside.len());
        for output in inside {
            outputs.push(match output.tape.and_then(|_| nodes.next()) {
                Some(index) => Var::at(self, self.node_ref(index), output.value)
                    .traced(Operation::Checkpoint, || checkpoint.inputs_on(self)),
                None => Var::constant(output.value),
            });
        }
        scratch.reset();
        self.scratch.set(Some(scratch));

        checkpoint.first_output = first;
        checkpoint.outputs = variables as u32;
        if variables > 0 {
            let Ok(mut checkpoints) = self.checkpoints.try_borrow_mut() else {
                panic!("checkpoint: recorded on a tape that is recomputing another one");
            };
            checkpoints.push(checkpoint);
        }
        outputs
    }

    /// Appends a node for each input of a function, and adds the inputs as numbers of this tape to `copies`. An input
    /// is a value, and whether it is a constant. Returns the first node.
    #[track_caller]
    pub(super) fn push_copies<'s>(
        &'s self,
        inputs: impl ExactSizeIterator<Item = (T, bool)>,
        copies: &mut Vec<Var<'s, T>>,
    ) -> u32 {
        let first = self.push_nodes_without_inputs(inputs.len());
        copies.extend((first..).zip(inputs).map(|(index, (value, is_constant))| {
            if is_constant {
                Var::constant(value)
            } else {
                Var::at(self, self.node_ref(index), value)
            }
        }));
        first
    }

    /// Calls `act` with the checkpoint whose outputs are `span`, and with a tape on which to record it. Does nothing if
    /// the nodes of `span` are variables.
    pub(super) fn with_checkpoint(&self, span: &Span, act: impl FnOnce(&Checkpoint<T>, &Tape<T>)) {
        let checkpoints = self.checkpoints.borrow();
        let first_output = |checkpoint: &Checkpoint<T>| checkpoint.first_output;
        if let Ok(found) = checkpoints.binary_search_by_key(&span.first_node, first_output) {
            let mut scratch = self.scratch.take().unwrap_or_default();
            act(&checkpoints[found], &scratch);
            scratch.reset();
            self.scratch.set(Some(scratch));
        }
    }
}

impl Nodes {
    /// The node at position `i`. The node at position `count` would continue the run.
    fn node(self, i: u32) -> u32 {
        match self.first {
            SINK => SINK,
            first => first + i,
        }
    }
}

impl<T: Scalar> Checkpoint<T> {
    /// Adds an input, which is a node or a constant.
    fn add_input(&mut self, input: Var<'_, T>) {
        self.values.push(input.value);
        let index = input.index();
        match self.nodes.last_mut() {
            Some(last) if last.node(last.count) == index => last.count += 1,
            _ => self.nodes.push(Nodes {
                first: index,
                count: 1,
            }),
        }
    }

    /// The node of each input; the sink for a constant.
    fn input_nodes(&self) -> impl Iterator<Item = u32> {
        let each = |nodes: &Nodes| {
            let nodes = *nodes;
            (0..nodes.count).map(move |i| nodes.node(i))
        };
        self.nodes.iter().flat_map(each)
    }

    /// The inputs as variables of the tape.
    fn inputs_on<'t>(&self, tape: &'t Tape<T>) -> Vec<Var<'t, T>> {
        let inputs = self.input_nodes().zip(&self.values);
        let variable = |(node, &value)| match node {
            SINK => Var::constant(value),
            _ => Var::at(tape, tape.node_ref(node), value),
        };
        inputs.map(variable).collect()
    }

    /// Records the function on an empty tape. Returns the node of its first input, and its outputs.
    #[track_caller]
    fn record<'s>(&self, tape: &'s Tape<T>) -> (u32, Vec<Var<'s, T>>) {
        let mut inputs = tape.buffers.take_variables();
        let mut nodes = self.input_nodes();
        let values = self.values.iter();
        let values = values.map(|&value| (value, nodes.next() == Some(SINK)));
        let first = tape.push_copies(values, &mut inputs);
        let outputs = (self.f)(&inputs);
        if !outputs.iter().all(|output| output.is_on_or_constant(tape)) {
            refuse("checkpoint");
        }
        tape.buffers.put_variables(inputs);
        (first, outputs)
    }

    /// Records the function again, for a pass over the tape, and checks the number of outputs. Returns the node of its
    /// first input, and the outputs that are no constants.
    #[track_caller]
    fn record_again<'s>(&self, tape: &'s Tape<T>) -> (u32, Vec<Var<'s, T>>) {
        let (first, mut outputs) = self.record(tape);
        outputs.retain(|output| output.tape.is_some());
        assert!(
            outputs.len() == self.outputs as usize,
            "checkpoint: the function returned {} variables, and {} when it was computed again",
            self.outputs,
            outputs.len()
        );
        (first, outputs)
    }

    /// The node of each input that is not a constant: on the scratch tape, and on the tape.
    fn pairs_of_nodes(&self, first: u32) -> impl Iterator<Item = (usize, usize)> {
        let nodes = (first as usize..).zip(self.input_nodes());
        let nodes = nodes.filter(|&(_, node)| node != SINK);
        nodes.map(|(inside, node)| (inside, node as usize))
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
        for (input, node) in self.pairs_of_nodes(first) {
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
        for (input, node) in self.pairs_of_nodes(first) {
            let sum = &mut adjoints[node];
            *sum = std::array::from_fn(|lane| sum[lane] + inside[input][lane]);
        }
    }

    /// Propagates the tangents of the inputs to the outputs.
    pub(super) fn walk_forward<const K: usize>(&self, scratch: &Tape<T>, tangents: &mut [[T; K]]) {
        let (first, outputs) = self.record_again(scratch);
        let mut inside = vec![[T::from_f64(0.0); K]; scratch.next_node() as usize];
        for (input, node) in self.pairs_of_nodes(first) {
            inside[input] = tangents[node];
        }
        scratch.walk_forward(&mut inside);
        let tangents = &mut tangents[self.first_output as usize..];
        for (output, tangent) in outputs.iter().zip(tangents) {
            *tangent = inside[output.index() as usize].map(|tangent| chain(output.slope, tangent));
        }
    }
}
