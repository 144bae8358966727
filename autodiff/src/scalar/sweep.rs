//! Derivatives from a recording: `Gradients`, by a backward pass, and the forward pass for tangents.

use super::backward::Products;
use super::leaves::Leaves;
use super::node_ref::SINK;
use super::number::{Scalar, chain, unit};
use super::tape::{InputPair, Span, Tape};
use super::var::{Var, common_tape};

/// The derivatives of one number (or of `K` numbers) with respect to every node of a tape, computed by a backward pass.
///
/// They are separate from the tape, which does not change. So one recording serves many backward passes, and the
/// gradients of several results can be kept at the same time.
///
/// ```
/// use autodiff::scalar::Tape;
///
/// let tape = Tape::new();
/// let [x, y] = tape.vars([3.0, 4.0]);
/// let gradients = (x * y).gradients();
/// assert_eq!(gradients.wrt(x), 4.0);
/// assert_eq!(gradients.wrt_all(&[x, y]), [4.0, 3.0]);
/// ```
#[derive(Clone, Debug)]
pub struct Gradients<T: Scalar = f64, const K: usize = 1> {
    adjoints: Vec<[T; K]>,
    /// The recording to which the adjoints belong; `None` if all outputs were constants.
    recording: Option<u64>,
}

impl<T: Scalar, const K: usize> Gradients<T, K> {
    /// Returns the derivatives of all `outputs`, by a single backward pass over the tape.
    ///
    /// ```
    /// use autodiff::scalar::{Gradients, Tape};
    ///
    /// let tape = Tape::new();
    /// let [x, y] = tape.vars([3.0, 4.0]);
    /// let polar = Gradients::of([x.hypot(y), y.atan2(x)]);
    /// assert_eq!(polar.each_wrt(x), [0.6, -0.16]);
    /// ```
    ///
    /// # Panics
    ///
    /// If the outputs lie on different tapes.
    #[must_use]
    #[track_caller]
    pub fn of(outputs: [Var<'_, T>; K]) -> Self {
        let mut gradients = Gradients::default();
        gradients.update(outputs);
        gradients
    }

    /// Replaces these gradients by the gradients of `outputs`, and reuses their memory.
    ///
    /// # Panics
    ///
    /// If the outputs lie on different tapes.
    #[track_caller]
    pub fn update(&mut self, outputs: [Var<'_, T>; K]) {
        let seeds: [_; K] = std::array::from_fn(|lane| (outputs[lane], unit(lane)));
        self.pull_back(&seeds);
    }

    /// Runs a backward pass from `outputs`, each of which comes with its adjoint.
    #[track_caller]
    pub(super) fn pull_back(&mut self, outputs: &[(Var<'_, T>, [T; K])]) {
        let Some(tape) = common_tape("gradients", outputs.iter().map(|(output, _)| [output]))
        else {
            self.adjoints.clear();
            self.recording = None;
            return;
        };
        if tape.is_traced() {
            tape.note_escape("gradients");
        }
        self.recording = Some(tape.recording());
        self.sweep(tape, outputs, Products::Plain);
        if tape.any_leaf(&self.adjoints, |adjoint| {
            adjoint.iter().fold(false, |any, a| any | a.has_nan())
        }) {
            // A product of zero and infinity may have made the NaN. If so, the zero must absorb the infinity. A NaN
            // inside the tape makes a variable's adjoint NaN, so it is enough to test the variables after the pass.
            self.sweep(tape, outputs, Products::Absorbing);
        }
    }

    fn sweep(&mut self, tape: &Tape<T>, outputs: &[(Var<'_, T>, [T; K])], products: Products) {
        let nodes = outputs.iter().map(|(output, _)| output.index());
        let last = nodes.max().unwrap_or(SINK);
        self.adjoints.clear();
        self.adjoints
            .resize(last as usize + 1, [T::from_f64(0.0); K]);
        for (output, seed) in outputs {
            let adjoint = &mut self.adjoints[output.index() as usize];
            *adjoint = std::array::from_fn(|k| adjoint[k] + chain(output.slope, seed[k]));
        }
        tape.walk_back(&mut self.adjoints, products);
    }

    /// Returns the derivative of each output with respect to `variable`.
    ///
    /// # Panics
    ///
    /// If `variable` is a constant, belongs to another recording, or is not a node; see [`wrt`](Gradients::wrt).
    #[must_use]
    #[track_caller]
    #[inline]
    pub fn each_wrt(&self, variable: Var<'_, T>) -> [T; K] {
        let Some(tape) = variable.tape else {
            panic!(
                "wrt: {} is a constant, which depends on no variable, or on one with slope 0; \
                 to differentiate with respect to it, record it with `Tape::var`",
                { variable.value }
            );
        };
        assert!(
            self.is_of(tape),
            "wrt: the variable {} belongs to another recording than these gradients",
            { variable.value }
        );
        assert!(
            variable.node.is_node(),
            "wrt: {} is not a node of the tape but a function of one; call `retain()` on it before using it",
            { variable.value }
        );
        // Nodes recorded after the outputs have no influence on them.
        let none = [T::from_f64(0.0); K];
        self.adjoints
            .get(variable.index() as usize)
            .copied()
            .unwrap_or(none)
    }
}

impl<T: Scalar, const K: usize> Gradients<T, K> {
    /// Whether these are gradients of what `tape` has recorded since its last reset, or gradients of constants.
    #[inline]
    pub(super) fn is_of(&self, tape: &Tape<T>) -> bool {
        self.recording
            .is_none_or(|recording| recording == tape.recording())
    }

    /// The gradients of constants, with this memory for others.
    pub(super) fn with_memory(adjoints: Vec<[T; K]>) -> Self {
        Gradients {
            adjoints,
            recording: None,
        }
    }

    /// The memory.
    pub(super) fn into_memory(self) -> Vec<[T; K]> {
        self.adjoints
    }

    /// The adjoints of `count` nodes from index `first` on. Nodes recorded after the outputs have none.
    pub(super) fn adjoints(&self, first: u32, count: usize) -> &[[T; K]] {
        let adjoints = self.adjoints.get(first as usize..).unwrap_or_default();
        &adjoints[..count.min(adjoints.len())]
    }
}

impl<T: Scalar> Gradients<T> {
    /// Returns the derivative with respect to `variable`.
    ///
    /// # Panics
    ///
    /// If `variable` is a constant (record it with [`Tape::var`] instead), belongs to another recording, or is not a
    /// node: a function of one variable, for instance `2 x`, is not on the tape unless it is [retained](Var::retain).
    #[must_use]
    #[track_caller]
    #[inline]
    pub fn wrt(&self, variable: Var<'_, T>) -> T {
        self.each_wrt(variable)[0]
    }

    /// Returns the derivatives with respect to several variables, in their order.
    ///
    /// # Panics
    ///
    /// If one of the variables is a constant, belongs to another recording, or is not a node; see
    /// [`wrt`](Gradients::wrt).
    #[must_use]
    #[track_caller]
    pub fn wrt_all(&self, variables: &[Var<'_, T>]) -> Vec<T> {
        // A loop and not a closure, which would hide the caller's line.
        let mut derivatives = Vec::with_capacity(variables.len());
        for &variable in variables {
            derivatives.push(self.wrt(variable));
        }
        derivatives
    }

    /// Returns the derivatives with respect to [leaves](Leaves), in their order.
    ///
    /// # Panics
    ///
    /// If the leaves belong to another recording.
    #[must_use]
    #[track_caller]
    pub fn wrt_leaves(&self, leaves: &Leaves<'_, '_, T>) -> Vec<T> {
        let mut derivatives = vec![T::from_f64(0.0); leaves.len()];
        self.wrt_leaves_into(leaves, &mut derivatives);
        derivatives
    }

    /// Writes the derivatives with respect to [leaves](Leaves) to `derivatives`, in their order.
    ///
    /// # Panics
    ///
    /// If the leaves belong to another recording, or if `derivatives` has another length.
    #[track_caller]
    pub fn wrt_leaves_into(&self, leaves: &Leaves<'_, '_, T>, derivatives: &mut [T]) {
        assert!(
            derivatives.len() == leaves.len(),
            "wrt_leaves_into: {} derivatives for {} leaves",
            derivatives.len(),
            leaves.len()
        );
        assert!(
            self.is_of(leaves.tape),
            "wrt_leaves: the leaves belong to another recording than these gradients"
        );
        // Leaves recorded after the output have no influence on it.
        let known = self.adjoints(leaves.first, leaves.len()).as_flattened();
        let (before, after) = derivatives.split_at_mut(known.len());
        before.copy_from_slice(known);
        after.fill(T::from_f64(0.0));
    }
}

impl<T: Scalar, const K: usize> Default for Gradients<T, K> {
    /// Returns the gradients of constants, which are 0. [`update`](Gradients::update) replaces them.
    fn default() -> Self {
        Gradients {
            adjoints: Vec::new(),
            recording: None,
        }
    }
}

/// # Derivatives
impl<T: Scalar> Var<'_, T> {
    /// Returns the derivatives of this number with respect to every node of its tape, by a backward pass.
    ///
    /// ```
    /// let tape = autodiff::scalar::Tape::new();
    /// let x = tape.var(2.0);
    /// assert_eq!((x * x).gradients().wrt(x), 4.0);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn gradients(self) -> Gradients<T> {
        Gradients::of([self])
    }
}

/// The tangents of all nodes of a tape in `K` directions, by a forward pass.
pub(super) struct Tangents<T, const K: usize>(Vec<[T; K]>);

impl<T: Scalar, const K: usize> Tangents<T, K> {
    /// Computes the tangents from those of the `inputs`, in the given memory. Panics if one of the `outputs` lies on
    /// another tape.
    #[track_caller]
    pub(super) fn along<'t>(
        tape: &'t Tape<T>,
        inputs: impl Iterator<Item = (Var<'t, T>, [T; K])>,
        outputs: &[Var<'t, T>],
        mut memory: Vec<[T; K]>,
    ) -> Self {
        if let Some(other) = common_tape("jvp", outputs.iter().map(|y| [y])) {
            assert!(
                std::ptr::eq(tape, other),
                "jvp: the outputs lie on another tape than the inputs"
            );
        }
        memory.clear();
        memory.resize(tape.next_node() as usize, [T::from_f64(0.0); K]);
        for (input, seed) in inputs {
            memory[input.index() as usize] = seed;
        }
        tape.walk_forward(&mut memory);
        Tangents(memory)
    }

    /// The tangent of a variable.
    pub(super) fn of(&self, y: Var<'_, T>) -> [T; K] {
        self.0[y.index() as usize].map(|tangent| chain(y.slope, tangent))
    }

    /// The memory.
    pub(super) fn into_memory(self) -> Vec<[T; K]> {
        self.0
    }
}

impl<T: Scalar> Tape<T> {
    /// Returns whether `is` holds for the adjoint of any node without inputs.
    fn any_leaf<A>(&self, adjoints: &[A], is: impl Fn(&A) -> bool) -> bool {
        let spans = self.spans.read();
        let mut leaves = spans.iter().filter(|span| span.pair_count == 0);
        leaves.any(|span| {
            let end = adjoints.len().min(span.nodes().end);
            let start = end.min(span.nodes().start);
            // Tests all adjoints, without a branch for each.
            let of_span = adjoints[start..end].iter();
            of_span.fold(false, |any, adjoint| any | is(adjoint))
        })
    }

    /// Computes the tangent of each node from the tangents of its inputs: ẏ = Σ ∂y/∂x · ẋ. The tangents of the
    /// variables are given.
    pub(super) fn walk_forward<const K: usize>(&self, tangents: &mut [[T; K]]) {
        let (pairs, spans) = (self.pairs.read(), self.spans.read());
        let contribution = |pair: &InputPair<T>, tangents: &[[T; K]]| -> [T; K] {
            let [a, b] = pair.inputs.map(|input| tangents[input as usize]);
            std::array::from_fn(|k| chain(pair.slopes[0], a[k]) + chain(pair.slopes[1], b[k]))
        };
        let mut start = 0;
        let mut node = SINK as usize + 1;
        let end = Span {
            first_pair: pairs.len() as u32,
            pair_count: 0,
            first_node: self.next_node(),
            node_count: 0,
        };
        for span in spans.iter().chain([&end]) {
            let of_span = span.pairs();
            for pair in &pairs[start..of_span.start] {
                tangents[node] = contribution(pair, tangents);
                node += 1;
            }
            start = of_span.end;
            node = span.nodes().end;
            if of_span.is_empty() {
                self.with_checkpoint(span, |checkpoint, scratch| {
                    checkpoint.walk_forward(scratch, tangents);
                });
            } else {
                let zero = [T::from_f64(0.0); K];
                tangents[span.nodes().start] = pairs[of_span].iter().fold(zero, |sum, pair| {
                    let terms = contribution(pair, tangents);
                    std::array::from_fn(|k| sum[k] + terms[k])
                });
            }
        }
    }
}
