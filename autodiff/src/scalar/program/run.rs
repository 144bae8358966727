//! The execution of a program on many points: in strips, on several threads, with sums in a fixed order.

use super::code::{Code, STRIP};
use super::compile::Compiled;
use super::error::ProgramError;
use super::points::{Part, StripPorts, Table};
use super::strip::{Deviating, Ports, Register, execute, execute_scalars, numbers};
use crate::scalar::number::Scalar;
use crate::scalar::pairwise::PartialSums;
use crate::tensor::Real;
use std::ops::Range;

/// The number of points whose contributions are summed in order, before these sums are added pairwise. Threads take
/// whole chunks, so that the bits of a sum do not depend on their number.
const CHUNK: usize = 16 * STRIP;

/// The memory of a thread, which is reused.
#[derive(Debug, Default)]
pub(super) struct Workspace<T> {
    registers: Vec<Register<T>>,
    scalars: Vec<T>,
    /// The scalars of the code with absorbing products; empty until it is needed.
    absorbing_scalars: Vec<T>,
    /// For each sum, the contributions of a chunk, by their place in the strip.
    lanes: Vec<[T; STRIP]>,
    /// The sums of each chunk.
    sums: Vec<T>,
    /// The points on which the recording does not hold.
    deviating: Vec<usize>,
}

/// What is computed: a program, its inputs, and their number.
#[derive(Clone, Copy)]
pub(super) struct Task<'a, T> {
    pub(super) compiled: &'a Compiled<T>,
    pub(super) shared: &'a [T],
    pub(super) points: Table<'a, T>,
    pub(super) directions: Option<Table<'a, T>>,
    /// The number of outputs that go to the first place.
    pub(super) first_outputs: usize,
}

impl<T: Real + Scalar> Task<'_, T> {
    /// Computes the outputs of all points, adds the results to `results`, and appends the points on which the recording
    /// does not hold to `deviating`.
    pub(super) fn run(
        &self,
        workspaces: &mut [Workspace<T>],
        outputs: [&mut [T]; 2],
        results: &mut [T],
        deviating: &mut Vec<usize>,
    ) -> Result<(), ProgramError> {
        let count = self.points.count;
        let is_rows = self.points.points.is_rows();
        let widths = self.widths();
        let chunks = count.div_ceil(CHUNK);
        let threads = workspaces.len().min(chunks).max(1);
        let workspaces = &mut workspaces[..threads];
        for workspace in &mut *workspaces {
            workspace.reserve(self.compiled.plain.registers)?;
        }
        if let [workspace] = workspaces {
            let [values, derivatives] = outputs;
            let mut parts = [
                Part::whole(values, is_rows, count, widths[0]),
                Part::whole(derivatives, is_rows, count, widths[1]),
            ];
            self.run_part(workspace, &mut parts, 0..count);
        } else {
            let ranges: Vec<Range<usize>> = (0..threads)
                .map(|thread| {
                    let start = |thread: usize| (thread * chunks / threads * CHUNK).min(count);
                    start(thread)..start(thread + 1)
                })
                .collect();
            let lengths: Vec<usize> = ranges.iter().map(Range::len).collect();
            let [values, derivatives] = outputs;
            let values = Part::split(values, is_rows, count, widths[0], &lengths);
            let derivatives = Part::split(derivatives, is_rows, count, widths[1], &lengths);
            let parts = values.into_iter().zip(derivatives);
            std::thread::scope(|scope| {
                for ((workspace, parts), range) in workspaces.iter_mut().zip(parts).zip(ranges) {
                    let mut parts: [Part<'_, T>; 2] = parts.into();
                    scope.spawn(move || self.run_part(workspace, &mut parts, range));
                }
            });
        }
        for workspace in &*workspaces {
            deviating.extend_from_slice(&workspace.deviating);
        }
        self.add_results(workspaces, results);
        Ok(())
    }

    /// The numbers of outputs of both kinds.
    fn widths(&self) -> [usize; 2] {
        [
            self.first_outputs,
            self.compiled.output_count - self.first_outputs,
        ]
    }

    /// Computes the outputs of a range of points.
    fn run_part(
        &self,
        workspace: &mut Workspace<T>,
        outputs: &mut [Part<'_, T>; 2],
        range: Range<usize>,
    ) {
        let code = &self.compiled.plain;
        workspace.prepare(code);
        begin(code, self.shared, &mut workspace.scalars);
        workspace.absorbing_scalars.clear();
        workspace.deviating.clear();
        workspace.sums.clear();
        for chunk in range.clone().step_by(CHUNK) {
            workspace.lanes.fill([T::default(); STRIP]);
            let end = (chunk + CHUNK).min(range.end);
            for start in (chunk..end).step_by(STRIP) {
                let mut ports = StripPorts {
                    points: self.points,
                    directions: self.directions,
                    outputs: &mut *outputs,
                    first_outputs: self.first_outputs,
                    first_derivative: self.compiled.first_derivative,
                    start,
                    output_start: start - range.start,
                    live: (end - start).min(STRIP),
                    has_nan: false,
                };
                self.run_strip(workspace, &mut ports);
            }
            let sums = workspace.lanes.iter().map(sum_of_lanes);
            workspace.sums.extend(sums);
        }
    }

    /// Computes a strip, and adds its contributions to the sums.
    fn run_strip(&self, workspace: &mut Workspace<T>, ports: &mut StripPorts<'_, '_, T>) {
        let live = u64::MAX >> (STRIP - ports.live);
        let mut code = &self.compiled.plain;
        let (scalars, registers) = (&workspace.scalars, &mut workspace.registers);
        let deviating = live & execute(code, scalars, registers, ports, live);
        let followed = live & !deviating;
        workspace.note_deviating(ports.start, deviating);
        if followed == 0 {
            return;
        }
        store_scalars(code, &workspace.scalars, ports);
        let summed_nan = workspace.has_nan_to_sum(code, followed);
        if (ports.has_nan || summed_nan) && self.compiled.has_products() {
            // As on a tape: a product of zero and infinity may have made the NaN. If so, the zero must absorb the
            // infinity.
            code = self.compiled.absorbing();
            workspace.prepare(code);
            if workspace.absorbing_scalars.is_empty() {
                begin(code, self.shared, &mut workspace.absorbing_scalars);
            }
            let (scalars, registers) = (&workspace.absorbing_scalars, &mut workspace.registers);
            execute(code, scalars, registers, ports, live);
            store_scalars(code, &workspace.absorbing_scalars, ports);
            workspace.add_to_sums(code, true, followed);
        } else {
            workspace.add_to_sums(code, false, followed);
        }
    }

    /// Adds what follows from the sums over the points to `results`.
    fn add_results(&self, workspaces: &mut [Workspace<T>], results: &mut [T]) {
        let mut code = &self.compiled.plain;
        if code.results.is_empty() {
            return;
        }
        let mut scalars = std::mem::take(&mut workspaces[0].scalars);
        self.finish(code, workspaces, &mut scalars);
        if code
            .results
            .iter()
            .any(|slot| scalars[slot.index()].has_nan())
        {
            code = self.compiled.absorbing();
            begin(code, self.shared, &mut scalars);
            self.finish(code, workspaces, &mut scalars);
        }
        for (result, slot) in results.iter_mut().zip(&code.results) {
            *result += scalars[slot.index()];
        }
        workspaces[0].scalars = scalars;
    }

    /// Adds the chunks' sums in the order of the points, and computes what follows from them.
    fn finish(&self, code: &Code<T>, workspaces: &[Workspace<T>], scalars: &mut [T]) {
        for (number, (_, to)) in code.sums.iter().enumerate() {
            let mut total = PartialSums::default();
            for workspace in workspaces {
                let of_chunks = workspace.sums.iter().skip(number);
                of_chunks
                    .step_by(code.sums.len())
                    .for_each(|&sum| total.add(sum));
            }
            scalars[to.index()] = total.total(T::default());
        }
        execute_scalars(code, &code.after, self.shared, scalars);
    }
}

/// Computes what precedes the points.
fn begin<T: Real + Scalar>(code: &Code<T>, shared: &[T], scalars: &mut Vec<T>) {
    scalars.clear();
    scalars.extend_from_slice(&code.scalars);
    execute_scalars(code, &code.before, shared, scalars);
}

/// Stores the outputs that are the same for all points.
fn store_scalars<T: Real + Scalar>(
    code: &Code<T>,
    scalars: &[T],
    ports: &mut StripPorts<'_, '_, T>,
) {
    for &(number, slot) in &code.scalar_outputs {
        ports.store(number as usize, &[scalars[slot.index()]; STRIP]);
    }
}

fn sum_of_lanes<T: Real>(lanes: &[T; STRIP]) -> T {
    let mut sums = *lanes;
    let mut width = STRIP;
    while width > 1 {
        width /= 2;
        for lane in 0..width {
            sums[lane] = sums[lane] + sums[lane + width];
        }
    }
    sums[0]
}

impl<T: Real + Scalar> Workspace<T> {
    /// Reserves memory for registers.
    fn reserve(&mut self, registers: usize) -> Result<(), ProgramError> {
        let more = registers.saturating_sub(self.registers.len());
        let reserved = self.registers.try_reserve_exact(more);
        reserved.map_err(|_| ProgramError::Memory {
            bytes: registers.saturating_mul(size_of::<Register<T>>()),
        })
    }

    fn prepare(&mut self, code: &Code<T>) {
        if self.registers.len() < code.registers {
            let empty = Register::<T>::default();
            self.registers.resize(code.registers, empty);
        }
        self.lanes.resize(code.sums.len(), [T::default(); STRIP]);
    }

    /// Notes the points of a strip on which the recording does not hold.
    fn note_deviating(&mut self, start: usize, mut deviating: Deviating) {
        while deviating != 0 {
            let lane = deviating.trailing_zeros() as usize;
            self.deviating.push(start + lane);
            deviating &= deviating - 1;
        }
    }

    /// Whether a contribution of one of the points to a sum is NaN.
    fn has_nan_to_sum(&self, code: &Code<T>, points: Deviating) -> bool {
        code.sums.iter().any(|(slot, _)| {
            if slot.is_scalar() {
                return self.scalars[slot.index()].has_nan();
            }
            let x = numbers(&self.registers[slot.index()]).iter().enumerate();
            x.fold(false, |any, (lane, x)| {
                any | (x.has_nan() & (points >> lane & 1 == 1))
            })
        })
    }

    /// Adds the contributions of the points to the sums. Comes after all comparisons: the contribution of a point that
    /// deviates later must not be added.
    fn add_to_sums(&mut self, code: &Code<T>, absorbing: bool, points: Deviating) {
        let scalars = if absorbing {
            &self.absorbing_scalars
        } else {
            &self.scalars
        };
        for (lanes, (slot, _)) in self.lanes.iter_mut().zip(&code.sums) {
            let scalar;
            let x = if slot.is_scalar() {
                scalar = [scalars[slot.index()]; STRIP];
                &scalar
            } else {
                numbers(&self.registers[slot.index()])
            };
            if points == Deviating::MAX {
                for (lane, x) in lanes.iter_mut().zip(x) {
                    *lane += *x;
                }
            } else {
                for (number, (lane, x)) in lanes.iter_mut().zip(x).enumerate() {
                    if points >> number & 1 == 1 {
                        *lane += *x;
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_registers_than_memory_are_an_error() {
        let mut workspace = Workspace::<f64>::default();
        assert_eq!(workspace.reserve(10), Ok(()));
        let bytes = usize::MAX;
        let refused = workspace.reserve(usize::MAX / 8);
        assert_eq!(refused, Err(ProgramError::Memory { bytes }));
    }
}
