//! Optimizers that do not keep their promises: the parameters are what they make of them, and the next gradient finds
//! nothing of it.

use crate::hostile_batches::{honest, network, on};
use nn::{
    BatchGradient, Initializer, Loss, Method, Optimizer, OptimizerState, Parameters, SettingError,
    Sgd, StateError, StepError, Update,
};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};

/// What an optimizer does wrong.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fault {
    /// It says that an update was applied, and there was none.
    AppliesNothing,
    /// It has an update applied twice.
    AppliesTwice,
    /// It says that no update was applied, and there was one.
    DeniesApplying,
    /// Its moments have another size than the parameters.
    OtherMoments,
    /// It says that it had another number of parameters before.
    OtherSize,
    /// Its step panics.
    StepPanics,
    /// Its rule panics, the first time or a later time.
    RulePanics(usize),
    /// Its rule, which it says to be safe, leaves numbers that are not finite.
    RuleIsUnsafe,
    /// Its rule forms another gradient.
    RuleNests,
    /// It says that it is plain descent, at a rate that is not finite.
    NoRate,
}

const FAULTS: [Fault; 11] = [
    Fault::AppliesNothing,
    Fault::AppliesTwice,
    Fault::DeniesApplying,
    Fault::OtherMoments,
    Fault::OtherSize,
    Fault::StepPanics,
    Fault::RulePanics(0),
    Fault::RulePanics(2),
    Fault::RuleIsUnsafe,
    Fault::RuleNests,
    Fault::NoRate,
];

/// Plain descent at a rate of 1, by pieces.
#[derive(Debug)]
struct Hostile {
    fault: Fault,
    honest: Sgd<f64>,
}

impl Optimizer<f64> for Hostile {
    fn step(&mut self, parameters: &mut [f64], gradient: &[f64]) -> Result<(), StepError> {
        if self.fault == Fault::StepPanics {
            resume_unwind(Box::new("in a step"));
        }
        self.honest.step(parameters, gradient)
    }

    fn step_by_pieces(
        &mut self,
        parameters: usize,
        apply: &mut dyn FnMut(Update<'_, f64>) -> bool,
    ) -> bool {
        let fault = self.fault;
        let calls = AtomicUsize::new(0);
        let rule = |values: &mut [f64], gradient: &[f64], [first, _]: [&mut [f64]; 2]| {
            assert!(values.len() == gradient.len() && first.is_empty());
            let call = calls.fetch_add(1, Ordering::Relaxed);
            match fault {
                Fault::RulePanics(time) if call >= time => resume_unwind(Box::new("in a rule")),
                Fault::RuleNests if call == 0 => {
                    let mut nested = BatchGradient::tape(&network(), Loss::cross_entropy());
                    let parameters = network().init(Initializer::GlorotNormal, 2);
                    assert!(nested.compute(&parameters, &honest(40)).is_finite());
                }
                _ => {}
            }
            for (x, g) in values.iter_mut().zip(gradient) {
                *x -= g;
                if fault == Fault::RuleIsUnsafe {
                    *x = f64::NAN;
                }
            }
        };
        let mut too_few = vec![0.0; parameters / 2];
        let mut apply = |first: &mut [f64]| {
            let update = Update::new([first, &mut []], &rule);
            apply(update.safe_up_to(f64::INFINITY))
        };
        match fault {
            Fault::AppliesNothing => true,
            Fault::AppliesTwice => apply(&mut []) && apply(&mut []),
            Fault::DeniesApplying => {
                apply(&mut []);
                false
            }
            Fault::OtherMoments => apply(&mut too_few),
            Fault::StepPanics => false,
            _ => apply(&mut []),
        }
    }

    fn size(&self) -> Option<usize> {
        (self.fault == Fault::OtherSize).then_some(7)
    }

    fn plain_descent(&self) -> Option<f64> {
        (self.fault == Fault::NoRate).then_some(f64::NAN)
    }

    fn learning_rate(&self) -> f64 {
        f64::NAN
    }

    fn set_learning_rate(&mut self, _: f64) -> Result<(), SettingError> {
        Ok(())
    }

    fn state(&self) -> OptimizerState<f64> {
        self.honest.state()
    }

    fn restore(&mut self, state: OptimizerState<f64>) -> Result<(), StateError> {
        self.honest.restore(state)
    }
}

#[test]
fn an_optimizer_that_breaks_its_promises_leaves_the_next_step_alone() {
    let (network, loss) = (network(), Loss::cross_entropy());
    let parameters = network.init::<f64>(Initializer::GlorotNormal, 1);
    for (samples, threads) in [(5, 1), (70, 3), (600, 3)] {
        for method in [Method::Tape, Method::ClosedForm] {
            let good = honest(samples);
            let mut gradient = BatchGradient::new(&network, loss, method);
            let mut fresh = BatchGradient::new(&network, loss, method);
            let cost = fresh.compute(&parameters, &good);
            let expected = fresh.gradient().clone();
            // After so many steps by that gradient the parameters are these.
            let after = |steps: usize| -> Parameters<f64> {
                let mut stepped = parameters.clone();
                for (x, g) in stepped.data_mut().iter_mut().zip(expected.data()) {
                    (0..steps).for_each(|_| *x -= g);
                }
                stepped
            };
            for fault in FAULTS {
                let honest = Sgd::new(1.0);
                let mut optimizer = Hostile { fault, honest };
                let mut stepped = parameters.clone();
                let outcome = on(threads, || {
                    let step = || gradient.step(&mut stepped, &good, &mut optimizer);
                    catch_unwind(AssertUnwindSafe(step))
                });
                let steps = match fault {
                    Fault::AppliesNothing | Fault::OtherSize | Fault::StepPanics => Some(0),
                    Fault::OtherMoments | Fault::RuleNests | Fault::NoRate => Some(1),
                    Fault::AppliesTwice | Fault::DeniesApplying => Some(2),
                    Fault::RulePanics(_) | Fault::RuleIsUnsafe => None,
                };
                if let Some(steps) = steps {
                    assert!(stepped == after(steps), "{fault:?} {samples}");
                }
                let panics = [Fault::OtherSize, Fault::StepPanics].contains(&fault)
                    || matches!(fault, Fault::RulePanics(_));
                assert_eq!(outcome.is_err(), panics, "{fault:?}");
                let (found, is_same) = on(threads, || {
                    let found = gradient.compute(&parameters, &good);
                    (found, *gradient.gradient() == expected)
                });
                assert!(found == cost && is_same, "{fault:?}");
            }
        }
    }
}
