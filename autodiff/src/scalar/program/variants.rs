//! The paths through a function: each is recorded at the first point that takes it, up to a limit.

use super::code::STRIP;
use super::compile::Computation;
use super::error::ProgramError;
use super::fallback::Fallback;
use super::listing::Listing;
use super::paths::Paths;
use super::points::{Points, check_length};
use super::recording::{Function, Recorded, record};
use super::request::{Request, Scratch, scatter};
use super::run::Workspace;
use super::variant::Variant;
use crate::scalar::number::Scalar;
use crate::tensor::Real;

/// The recorded paths of a program.
pub(super) struct Variants<T: Scalar> {
    /// The largest number of paths that are compiled.
    pub(super) limit: usize,
    outputs: Option<usize>,
    variants: Vec<Variant<T>>,
    on_tape: u64,
    workspaces: Vec<Workspace<T>>,
    fallback: Fallback<T>,
    scratch: Scratch<T>,
    results: Vec<T>,
}

/// A function, what is asked of it, and where the results go.
struct Work<'w, 'a, T: Scalar> {
    f: &'w Function<'w, T>,
    request: &'w Request<'a, T>,
    outputs: [&'w mut [T]; 2],
    results: &'w mut [T],
}

impl<T: Real + Scalar> Default for Variants<T> {
    fn default() -> Self {
        Variants {
            limit: 8,
            outputs: None,
            variants: Vec::new(),
            on_tape: 0,
            workspaces: vec![Workspace::default()],
            fallback: Fallback::default(),
            scratch: Scratch::default(),
            results: Vec::new(),
        }
    }
}

impl<T: Real + Scalar> Variants<T> {
    pub(super) fn set_threads(&mut self, threads: usize) {
        self.workspaces.resize_with(threads, Workspace::default);
    }

    /// Returns the settings without recordings.
    #[cfg(feature = "argmin")]
    pub(super) fn empty(&self) -> Self {
        let mut variants = Variants {
            limit: self.limit,
            ..Self::default()
        };
        variants.set_threads(self.workspaces.len());
        variants
    }

    pub(super) fn paths(&self) -> Paths {
        Paths {
            compiled: self.variants.iter().map(|variant| variant.points).collect(),
            on_tape: self.on_tape,
        }
    }

    pub(super) fn listing(&mut self, computation: Computation) -> Option<Listing> {
        let variant = self.variants.first_mut()?;
        let guards = variant.recorded.guards.len();
        Some(Listing::new(&variant.compiled(computation).plain, guards))
    }

    /// Room for results that are sums over the points.
    pub(super) fn take_results(&mut self, count: usize) -> Vec<T> {
        let mut results = std::mem::take(&mut self.results);
        results.clear();
        results.resize(count, T::default());
        results
    }

    /// Takes the room back, and returns the first result.
    pub(super) fn give_back(&mut self, results: Vec<T>) -> T {
        self.results = results;
        self.results[0]
    }

    /// The number of outputs, from a recording at the first point; 0 if there is none.
    #[track_caller]
    pub(super) fn output_count(
        &mut self,
        f: &Function<'_, T>,
        inputs: [usize; 2],
        shared: &[T],
        points: Points<'_, T>,
    ) -> Result<usize, ProgramError> {
        if self.outputs.is_none() && !points.data().is_empty() {
            let count = points.data().len() / inputs[1];
            let point = (0..inputs[1]).map(|number| points.get(0, number, count, inputs[1]));
            let point: Vec<T> = point.collect();
            let recorded = record(f, shared, &point)?;
            self.outputs = Some(recorded.outputs.len());
            self.add(recorded);
        }
        Ok(self.outputs.unwrap_or(0))
    }

    /// Adds a path, unless points like this one are left to the tape. Returns whether it was added.
    fn add(&mut self, recorded: Recorded<T>) -> bool {
        let is_compiled = !recorded.is_singular && self.variants.len() < self.limit;
        if is_compiled {
            self.variants.push(Variant::new(recorded));
        }
        is_compiled
    }

    /// Computes the request, for each point on its path.
    #[track_caller]
    pub(super) fn run(
        &mut self,
        f: &Function<'_, T>,
        request: &Request<'_, T>,
        outputs: [&mut [T]; 2],
        results: &mut [T],
    ) -> Result<(), ProgramError> {
        self.check(request, &outputs);
        if request.count == 0 {
            return Ok(());
        }
        let mut scratch = std::mem::take(&mut self.scratch);
        let mut work = Work {
            f,
            request,
            outputs,
            results,
        };
        let done = self.run_with(&mut work, &mut scratch);
        self.scratch = scratch;
        done
    }

    #[track_caller]
    fn check(&self, request: &Request<'_, T>, outputs: &[&mut [T]; 2]) {
        let operation = request.computation.name();
        let (count, outputs_each) = (request.count, self.outputs.unwrap_or(0));
        if count > 0 && request.computation.has_one_output() {
            assert!(
                outputs_each == 1,
                "{operation}: the function has {outputs_each} outputs, and should have 1"
            );
        }
        let inputs = request.points.data().len();
        let directions = match request.computation {
            Computation::Vjp => count * outputs_each,
            _ => inputs,
        };
        if let Some(direction) = request.direction {
            check_length(operation, "the vectors", direction.len(), directions);
        }
        let names = ["the first results", "the second results"];
        for ((output, width), name) in outputs.iter().zip(request.widths).zip(names) {
            check_length(operation, name, output.len(), count * width);
        }
    }

    #[track_caller]
    fn run_with(
        &mut self,
        work: &mut Work<'_, '_, T>,
        scratch: &mut Scratch<T>,
    ) -> Result<(), ProgramError> {
        // The points that are still to be computed; at first they are all, and need not be gathered.
        let mut is_all = true;
        let mut fresh = None;
        let mut next = 0;
        loop {
            if next < self.variants.len() {
                scratch.deviating.clear();
                if is_all {
                    self.run_on_all(next, work, scratch)?;
                } else {
                    self.run_on_pending(next, work, scratch)?;
                }
                std::mem::swap(&mut scratch.pending, &mut scratch.deviating);
                (is_all, next) = (false, next + 1);
                if fresh.is_some() && scratch.pending.first().copied() == fresh {
                    // The path was recorded at this point and does not hold for it: its function differs each time.
                    self.run_on_tape(work, &mut scratch.pending, 1)?;
                }
                if scratch.pending.is_empty() {
                    return Ok(());
                }
                continue;
            }
            if is_all {
                (is_all, scratch.pending) = (false, (0..work.request.count).collect());
            }
            let count = scratch.pending.len();
            if self.variants.len() >= self.limit {
                return self.run_on_tape(work, &mut scratch.pending, count);
            }
            let point = self.fallback.point(work.request, scratch.pending[0]);
            let recorded = record(work.f, work.request.shared, point)?;
            self.check_outputs(recorded.outputs.len())?;
            fresh = Some(scratch.pending[0]);
            if !self.add(recorded) {
                self.run_on_tape(work, &mut scratch.pending, 1)?;
                if scratch.pending.is_empty() {
                    return Ok(());
                }
            }
        }
    }

    fn check_outputs(&self, found: usize) -> Result<(), ProgramError> {
        match self.outputs {
            Some(expected) if expected != found => Err(ProgramError::Outputs { expected, found }),
            _ => Ok(()),
        }
    }

    /// Computes all points by a compiled path. The points that deviate from it are then in `scratch.deviating`.
    fn run_on_all(
        &mut self,
        number: usize,
        work: &mut Work<'_, '_, T>,
        scratch: &mut Scratch<T>,
    ) -> Result<(), ProgramError> {
        let request = work.request;
        let [first, second] = &mut work.outputs;
        self.variants[number].compute(
            request,
            request.inputs(),
            &mut self.workspaces,
            [first, second],
            work.results,
            &mut scratch.deviating,
        )
    }

    /// Computes those of the pending points that take a compiled path. The others are then in `scratch.deviating`.
    ///
    /// If they are more than a strip, it is tested first which they are, by the comparisons of the path alone: to compute
    /// each path at each point would take longer than a tape.
    fn run_on_pending(
        &mut self,
        number: usize,
        work: &mut Work<'_, '_, T>,
        scratch: &mut Scratch<T>,
    ) -> Result<(), ProgramError> {
        let request = work.request;
        let variant = &mut self.variants[number];
        if scratch.pending.len() > STRIP {
            let points = scratch.gathered.points(request, &scratch.pending);
            let deviating = &mut scratch.deviating;
            variant.test(request.shared, points, &mut self.workspaces, deviating)?;
        }
        scratch.separate();
        if scratch.taking.is_empty() {
            return Ok(());
        }
        let tested = scratch.deviating.len();
        let taking = &scratch.taking;
        let inputs = scratch.gathered.inputs(request, taking);
        for (output, width) in scratch.outputs.iter_mut().zip(request.widths) {
            output.resize(taking.len() * width, T::default());
        }
        let [first, second] = &mut scratch.outputs;
        variant.compute(
            request,
            inputs,
            &mut self.workspaces,
            [first, second],
            work.results,
            &mut scratch.deviating,
        )?;
        for (to, from) in work.outputs.iter_mut().zip(&scratch.outputs) {
            scatter(from, taking, request, to);
        }
        // The last bits of a number that is compared may depend on what else is computed.
        for point in &mut scratch.deviating[tested..] {
            *point = taking[*point];
        }
        scratch.deviating.sort_unstable();
        Ok(())
    }

    /// Computes the first pending points on a tape, and removes them.
    #[track_caller]
    fn run_on_tape(
        &mut self,
        work: &mut Work<'_, '_, T>,
        pending: &mut Vec<usize>,
        count: usize,
    ) -> Result<(), ProgramError> {
        let request = work.request;
        for &point in &pending[..count] {
            let count = self.fallback.compute(work.f, request, point)?;
            self.check_outputs(count)?;
            let found = self.fallback.outputs.iter().zip(request.widths);
            for (to, (from, width)) in work.outputs.iter_mut().zip(found) {
                for (number, x) in from.iter().enumerate() {
                    to[request.place(point, number, width)] = *x;
                }
            }
            for (result, &x) in work.results.iter_mut().zip(&self.fallback.to_sums) {
                *result += x;
            }
        }
        self.on_tape += count as u64;
        pending.drain(..count);
        Ok(())
    }
}
