//! A lane: some consecutive samples of a batch, and what the gradient of their cost is made of.

use super::blocks::{Block, Blocks};
use super::first::FirstLayer;
use super::fit::misfit;
use super::plan::MOST_KEPT;
use super::{Batch, Method, Plan};
use crate::delta::{self, Deltas};
use crate::{Loss, Mlp, Parameters};
use autodiff::tensor::{
    Gradient, KeptGradients, Real, Tape, Targets, Tensor, largest_magnitude, vectorized,
};
use smallvec::SmallVec;
use std::ops::Range;
use std::sync::Arc;

/// What all lanes of a batch are to go through.
pub(super) struct Pass<'a, T: Real, B> {
    pub(super) network: &'a Mlp,
    pub(super) loss: Loss,
    pub(super) parameters: &'a Parameters<T>,
    pub(super) batch: &'a B,
    pub(super) plan: &'a Plan,
    /// The batch with its first layer, if that was formed before.
    pub(super) first: Option<&'a FirstLayer<T>>,
    /// In which a lane's chunks are added up.
    pub(super) blocks: &'a Blocks,
}

/// What one lane leaves behind: the terms of its one chunk, or the sum over its chunks.
#[derive(Debug)]
pub(super) struct Lane<T: Real> {
    pub(super) cost: f64,
    /// An upper bound of the magnitudes of its gradient's elements; not finite if what they are made of is not.
    pub(super) bound: f64,
    /// Why some of its samples do not fit the network, where the rest of the lane was left alone.
    pub(super) misfit: Option<String>,
    terms: Terms<T>,
    /// The sum over the chunks, once there were several.
    sum: Option<Parameters<T>>,
    /// Whether there were several in the latest batch, so that the sum is the gradient and the terms are not.
    is_summed: bool,
}

impl<T: Real> Lane<T> {
    pub(super) fn by(method: Method) -> Self {
        Lane {
            cost: 0.0,
            bound: 0.0,
            misfit: None,
            terms: Terms::by(method),
            sum: None,
            is_summed: false,
        }
    }

    /// Forward and backward pass of a run of samples, chunk after chunk, on a tape that is used again.
    ///
    /// The terms of one chunk are kept as they are. Those of several are added up, for all of them would take more
    /// memory than their sum.
    pub(super) fn run(
        &mut self,
        tape: &mut Tape<T>,
        pass: &Pass<'_, T, impl Batch<T>>,
        samples: Range<usize>,
    ) {
        let plan = pass.plan;
        self.terms.clear();
        self.misfit = None;
        self.cost = 0.0;
        self.is_summed = plan.are_summed;
        let mut begin = samples.start;
        while begin < samples.end {
            let end = samples.end.min(begin + plan.chunk);
            let (x, targets) = match pass.first {
                Some(first) => first.load(begin..end),
                None => pass.batch.load(begin..end),
            };
            if let Some(misfit) = misfit(pass.network, begin..end, &x, &targets) {
                self.misfit = Some(misfit);
                return;
            }
            let z = pass.first.map(|first| first.z(begin..end));
            self.cost += self.terms.compute(tape, pass, x, z, targets);
            if self.is_summed {
                self.add_up(pass.network, begin == samples.start, pass.blocks);
            }
            begin = end;
        }
        self.bound = match &self.sum {
            Some(sum) if self.is_summed => largest_magnitude(sum.data()),
            _ => self.terms.magnitude_bound(),
        };
    }

    /// Adds the terms of a chunk to the sum, and forgets them.
    fn add_up(&mut self, network: &Mlp, is_first: bool, blocks: &Blocks) {
        let layout = network.layout();
        let sum = self
            .sum
            .get_or_insert_with(|| Parameters::zeros(Arc::clone(layout)))
            .data_mut();
        for block in blocks.iter() {
            let sum = &mut sum[block.place.clone()];
            if is_first {
                sum.fill(T::default());
            }
            self.terms.add_to(T::from_f64(1.0), block, sum);
        }
        self.terms.clear();
    }

    /// Adds `scale` times a block of the gradient to `sum`, lane by lane in their order.
    pub(super) fn add_all(lanes: &[Self], scale: T, block: &Block, sum: &mut [T]) {
        if let [lane] = lanes {
            return lane.add_to(scale, block, sum);
        }
        let mut of_tape: SmallVec<[Gradient<'_, T>; MOST_KEPT]> = SmallVec::new();
        let mut by_hand: SmallVec<[&Deltas<T>; MOST_KEPT]> = SmallVec::new();
        for lane in lanes {
            match &lane.terms {
                _ if lane.is_summed => lane.add_to(scale, block, sum),
                Terms::OfTape(gradients) => of_tape.extend(gradients.get(block.slice)),
                Terms::ByHand(deltas) => by_hand.extend(deltas),
            }
        }
        let rows = block.rows.clone();
        Gradient::add_rows_of_sum(&of_tape, scale, rows.clone(), sum);
        Deltas::add_rows_of_sum(&by_hand, scale, block.slice, rows, sum);
    }

    /// Adds `scale` times a block of the lane's gradient to `sum`.
    fn add_to(&self, scale: T, block: &Block, sum: &mut [T]) {
        match &self.sum {
            Some(terms) if self.is_summed => {
                add_scaled(scale, &terms.data()[block.place.clone()], sum);
            }
            _ => self.terms.add_to(scale, block, sum),
        }
    }
}

fn add_scaled<T: Real>(scale: T, terms: &[T], sum: &mut [T]) {
    vectorized(
        #[inline(always)]
        move || {
            for (sum, &term) in sum.iter_mut().zip(terms) {
                *sum = *sum + scale * term;
            }
        },
    );
}

/// What the gradient of a chunk is made of, before it is formed: it holds nothing of the parameters, so it may be
/// added to them.
#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "there is one a lane, and putting it elsewhere would ask for memory at each step"
)]
enum Terms<T: Real> {
    /// The gradient of each slice of the parameters.
    OfTape(KeptGradients<T>),
    /// Activations and δ of each layer.
    ByHand(Option<Deltas<T>>),
}

impl<T: Real> Terms<T> {
    fn by(method: Method) -> Self {
        match method {
            Method::Tape => Terms::OfTape(KeptGradients::default()),
            Method::ClosedForm => Terms::ByHand(None),
        }
    }

    /// Forward and backward pass of some samples, the pre-activations of whose first layer may be known; gives the sum of
    /// their costs.
    fn compute(
        &mut self,
        tape: &mut Tape<T>,
        pass: &Pass<'_, T, impl Batch<T>>,
        x: Tensor<T>,
        z: Option<Tensor<T>>,
        targets: Targets<T>,
    ) -> f64 {
        let Pass {
            network,
            loss,
            parameters,
            plan,
            ..
        } = *pass;
        let weight = 1.0 / plan.samples as f64;
        match self {
            Terms::OfTape(gradients) => {
                let cost = {
                    let mut variables = SmallVec::new();
                    parameters.record_in(tape, &mut variables);
                    let x = tape.constant(x);
                    let output = match z {
                        Some(z) => network.forward_known(&variables, x, z),
                        None => network.forward_from(0, &variables, x),
                    };
                    let cost = loss.weighted(&output, targets, weight);
                    cost.gradients().keep_in(&variables, gradients);
                    cost.item().to_f64() / weight
                };
                // The recording is forgotten on the thread that made it, so that its memory is there for the next
                // chunk.
                tape.reset();
                cost
            }
            Terms::ByHand(terms) => {
                let weight = T::from_f64(weight);
                let deltas =
                    delta::propagate_known(network, loss, parameters, &x, z, &targets, weight);
                terms.insert(deltas).cost
            }
        }
    }

    /// Adds `scale` times a block of the gradient to `sum`; nothing, if there are no terms.
    fn add_to(&self, scale: T, block: &Block, sum: &mut [T]) {
        let rows = block.rows.clone();
        match self {
            Terms::OfTape(gradients) => {
                if let Some(gradient) = gradients.get(block.slice) {
                    gradient.add_rows_to(scale, rows, sum);
                }
            }
            Terms::ByHand(terms) => {
                if let Some(deltas) = terms {
                    deltas.add_known_rows(scale, block.slice, rows, sum);
                }
            }
        }
    }

    fn magnitude_bound(&self) -> f64 {
        match self {
            Terms::OfTape(gradients) => gradients.magnitude_bound(),
            Terms::ByHand(terms) => terms.as_ref().map_or(0.0, Deltas::magnitude_bound),
        }
    }

    fn clear(&mut self) {
        match self {
            Terms::OfTape(gradients) => gradients.clear(),
            Terms::ByHand(terms) => *terms = None,
        }
    }
}
