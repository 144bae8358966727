//! The problems on this project's tape.

use super::Problem;
use autodiff::scalar::{Gradients, Tape, Var};

/// A tape and adjoints that are reused from point to point.
pub struct OnTape<const OUTPUTS: usize> {
    tape: Tape,
    gradients: Gradients<f64, OUTPUTS>,
    /// The inputs of a point with respect to which no derivatives are wanted.
    constants: Vec<Var<'static>>,
}

impl<const OUTPUTS: usize> Default for OnTape<OUTPUTS> {
    fn default() -> Self {
        OnTape {
            tape: Tape::new(),
            gradients: Gradients::default(),
            constants: Vec::new(),
        }
    }
}

impl<const OUTPUTS: usize> OnTape<OUTPUTS> {
    /// Records `problem` at one point, and computes its outputs and derivatives as [`Problem::by_hand`] does.
    pub fn differentiate<P: Problem<OUTPUTS>>(
        &mut self,
        problem: &P,
        point: &[f64],
        derivatives: &mut [f64],
    ) -> [f64; OUTPUTS] {
        self.tape.reset();
        let is_summed = problem.is_summed();
        let (variables, outputs) = if is_summed {
            self.constants.clear();
            self.constants
                .extend(point.iter().map(|&x| Var::constant(x)));
            let shared = self.tape.vars(problem.shared());
            let outputs = problem.values(&shared, &self.constants);
            (shared, outputs)
        } else {
            let point = self.tape.vars(point);
            let outputs = problem.values(&[], &point);
            (point, outputs)
        };
        self.gradients.update(outputs);
        let inputs = variables.len();
        for (input, &variable) in variables.iter().enumerate() {
            for (output, derivative) in self.gradients.each_wrt(variable).into_iter().enumerate() {
                let place = &mut derivatives[output * inputs + input];
                *place = if is_summed {
                    *place + derivative
                } else {
                    derivative
                };
            }
        }
        outputs.map(Var::value)
    }

    /// The nodes and bytes of the last recording.
    pub fn size(&self) -> (usize, usize) {
        (self.tape.len(), self.tape.bytes())
    }
}
