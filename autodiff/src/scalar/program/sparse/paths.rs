//! The paths that were recorded through a function, each with the code for a single point.

use super::point::PointCode;
use super::structure::{Matrix, Structure};
use crate::scalar::number::Scalar;
use crate::scalar::program::derive::Products;
use crate::scalar::program::error::ProgramError;
use crate::scalar::program::recording::{Function, Recorded, record};
use crate::scalar::sparse::Pattern;
use crate::scalar::tape::Tape;
use crate::tensor::Real;

/// The largest number of paths that are kept.
const PATHS: usize = 8;

/// Recorded paths, and the pattern that they have in common.
#[derive(Debug)]
pub(super) struct Paths<T> {
    pub(super) pattern: Pattern,
    /// The number of outputs of the function.
    outputs: usize,
    matrix: Matrix,
    /// The path that was taken last comes first.
    paths: Vec<Path<T>>,
    nonzeros: Vec<T>,
}

#[derive(Debug)]
struct Path<T> {
    recorded: Recorded<T>,
    structure: Structure,
    plain: PointCode<T>,
    /// The code in whose products a zero absorbs an infinity. It is compiled when a derivative is NaN.
    absorbing: Option<PointCode<T>>,
    /// For each nonzero of the path, its place among those of the common pattern, unless the patterns are equal.
    places: Option<Vec<usize>>,
}

impl<T: Real + Scalar> Paths<T> {
    /// Records a function at a point.
    #[track_caller]
    pub(super) fn new(matrix: Matrix, f: &Function<'_, T>, at: &[T]) -> Result<Self, ProgramError> {
        let path = Path::new(matrix, record(f, &[], at)?);
        Ok(Paths {
            pattern: path.structure.pattern.clone(),
            outputs: path.recorded.outputs.len(),
            matrix,
            paths: vec![path],
            nonzeros: Vec::new(),
        })
    }

    /// The number of outputs of the function.
    pub(super) fn outputs(&self) -> usize {
        self.outputs
    }

    /// Adds the nonzeros of the path at a point to the pattern.
    #[track_caller]
    pub(super) fn extend(&mut self, f: &Function<'_, T>, at: &[T]) -> Result<(), ProgramError> {
        let mut path = self.record(f, at)?;
        let additional = &path.structure.pattern;
        if places(additional, &self.pattern).is_err() {
            let rows = (0..additional.rows()).map(|i| {
                let mut row = [self.pattern.row(i), additional.row(i)].concat();
                row.sort_unstable();
                row.dedup();
                row
            });
            self.pattern = Pattern::from_rows(self.pattern.columns(), rows);
        }
        for path in self.paths.iter_mut().chain([&mut path]) {
            path.find_places(&self.pattern)?;
        }
        self.add(path);
        Ok(())
    }

    /// Computes the outputs and nonzeros at a point.
    #[track_caller]
    pub(super) fn compute(
        &mut self,
        f: &Function<'_, T>,
        point: &[T],
        outputs: &mut [T],
        nonzeros: &mut [T],
    ) -> Result<(), ProgramError> {
        for number in 0..self.paths.len() {
            let (path, scratch) = (&mut self.paths[number], &mut self.nonzeros);
            if path.compute(point, scratch, outputs, nonzeros) {
                self.paths[..=number].rotate_right(1);
                return Ok(());
            }
        }
        let mut path = self.record(f, point)?;
        path.find_places(&self.pattern)?;
        // The path was recorded at this point, so it holds.
        path.compute(point, &mut self.nonzeros, outputs, nonzeros);
        if path.recorded.is_singular {
            return self.compute_on_tape(f, point, outputs, nonzeros);
        }
        self.add(path);
        Ok(())
    }

    /// Computes the outputs and the nonzeros of a Jacobian matrix at a point at which only the tape's own slopes hold.
    #[track_caller]
    fn compute_on_tape(
        &self,
        f: &Function<'_, T>,
        point: &[T],
        outputs: &mut [T],
        nonzeros: &mut [T],
    ) -> Result<(), ProgramError> {
        let tape = Tape::default();
        let x = tape.vars(point);
        let y = f(&[], &x);
        let values = y.iter().map(|y| y.value);
        let gradients = y.iter().map(|y| y.gradients().wrt_all(&x));
        match self.matrix {
            Matrix::Hessian => {
                let numbers = values.chain(gradients.flatten());
                outputs.iter_mut().zip(numbers).for_each(|(to, x)| *to = x);
            }
            Matrix::Jacobian => {
                outputs.iter_mut().zip(values).for_each(|(to, y)| *to = y);
                let mut to = nonzeros.iter_mut();
                for (i, gradient) in gradients.enumerate() {
                    for (&j, to) in self.pattern.row(i).iter().zip(&mut to) {
                        *to = gradient[j as usize];
                    }
                }
            }
        }
        Ok(())
    }

    #[track_caller]
    fn record(&self, f: &Function<'_, T>, point: &[T]) -> Result<Path<T>, ProgramError> {
        let recorded = record(f, &[], point)?;
        let (expected, found) = (self.outputs, recorded.outputs.len());
        if expected != found {
            return Err(ProgramError::Outputs { expected, found });
        }
        Ok(Path::new(self.matrix, recorded))
    }

    /// Adds a path, in place of the one that was not taken for the longest time if there are too many.
    fn add(&mut self, path: Path<T>) {
        self.paths.truncate(PATHS - 1);
        self.paths.insert(0, path);
    }
}

impl<T: Real + Scalar> Path<T> {
    fn new(matrix: Matrix, recorded: Recorded<T>) -> Self {
        let structure = Structure::new(matrix, &recorded);
        Path {
            plain: PointCode::new(&recorded, &structure, Products::Plain),
            absorbing: None,
            places: None,
            recorded,
            structure,
        }
    }

    /// Finds the places of the nonzeros in the common pattern.
    fn find_places(&mut self, pattern: &Pattern) -> Result<(), ProgramError> {
        let own = &self.structure.pattern;
        self.places = (own != pattern).then(|| places(own, pattern)).transpose()?;
        Ok(())
    }

    /// Computes the outputs and the nonzeros of the common pattern at a point, and returns whether the path holds there.
    fn compute(
        &mut self,
        point: &[T],
        scratch: &mut Vec<T>,
        outputs: &mut [T],
        nonzeros: &mut [T],
    ) -> bool {
        let Some(places) = self.places.take() else {
            return self.compute_own(point, outputs, nonzeros);
        };
        scratch.resize(places.len(), T::default());
        let holds = self.compute_own(point, outputs, scratch);
        if holds {
            nonzeros.fill(T::default());
            for (&place, &x) in places.iter().zip(&*scratch) {
                nonzeros[place] = x;
            }
        }
        self.places = Some(places);
        holds
    }

    /// Computes the outputs and the nonzeros of the path at a point, and returns whether the path holds there.
    fn compute_own(&mut self, point: &[T], outputs: &mut [T], nonzeros: &mut [T]) -> bool {
        let holds = self.plain.compute(point, outputs, nonzeros);
        if holds && self.has_nan(outputs, nonzeros) {
            // As on a tape: a product of zero and infinity may have made the NaN. If so, the zero must absorb the
            // infinity.
            let code = self.absorbing.get_or_insert_with(|| {
                PointCode::new(&self.recorded, &self.structure, Products::Absorbing)
            });
            code.compute(point, outputs, nonzeros);
        }
        holds
    }

    /// Whether a derivative is NaN.
    fn has_nan(&self, outputs: &[T], nonzeros: &[T]) -> bool {
        let gradient = match self.structure.matrix {
            Matrix::Jacobian => &[],
            Matrix::Hessian => &outputs[1..],
        };
        gradient
            .iter()
            .chain(nonzeros)
            .fold(false, |any, x| any | x.has_nan())
    }
}

/// The places of the nonzeros of a pattern among those of another one that contains it.
fn places(pattern: &Pattern, among: &Pattern) -> Result<Vec<usize>, ProgramError> {
    let place = |(row, column): (u32, u32)| {
        let (row, start) = (row as usize, among.offsets()[row as usize]);
        let place = among.row(row).binary_search(&column);
        place.map(|place| start + place).map_err(|_| {
            let column = column as usize;
            ProgramError::Pattern { row, column }
        })
    };
    pattern.entries().map(place).collect()
}
