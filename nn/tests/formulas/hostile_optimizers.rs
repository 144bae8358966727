//! Optimizers and rules that break their contracts may spoil the parameters, but do not affect the next gradient.

use crate::callers_line::{LOSS, refused};
use crate::hostile_batches::{caught, honest, nest, network, on, panic_with};
use crate::method::{Gradient, Method};
use autodiff::tensor::Real;
use nn::{
    ElementwiseOptimizer, Initializer, Labelled, Mlp, Optimizer, OptimizerState, Parameters,
    Quantity, SettingError, Sgd, StateError, StepError, Update, UpdateRule,
};
use serde::{Deserialize, Serialize};
use std::sync::atomic::{AtomicUsize, Ordering};

/// The fault of an optimizer.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fault {
    /// It returns that an update was applied, but applies none.
    AppliesNothing,
    /// It applies an update twice.
    AppliesTwice,
    /// It returns that no update was applied, but applies one.
    DeniesApplying,
    /// Its moments have another size than the parameters.
    OtherMoments,
    /// Its `size` returns another number of parameters.
    OtherSize,
    /// Its step panics.
    StepPanics,
    /// Its rule panics from the call with this number on.
    RulePanics(usize),
    /// Its rule is declared safe, but leaves numbers that are not finite.
    RuleIsUnsafe,
    /// Its rule computes another gradient.
    RuleNests,
    /// It declares plain descent with a rate that is not finite.
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

/// Plain descent with the rate 1, panel by panel, with a fault.
#[derive(Debug)]
struct Hostile {
    fault: Fault,
    honest: Sgd<f64>,
}

impl Optimizer<f64> for Hostile {
    fn step(&mut self, parameters: &mut [f64], gradient: &[f64]) -> Result<(), StepError> {
        if self.fault == Fault::StepPanics {
            panic_with("in a step");
        }
        self.honest.step(parameters, gradient)
    }

    fn step_by_panels(
        &mut self,
        parameter_count: usize,
        apply: &mut dyn FnMut(Update<'_, f64>) -> bool,
    ) -> bool {
        let fault = self.fault;
        let calls = AtomicUsize::new(0);
        let rule = |values: &mut [f64], gradient: &[f64], moments: &mut [&mut [f64]]| {
            assert!(values.len() == gradient.len() && moments.is_empty());
            let call = calls.fetch_add(1, Ordering::Relaxed);
            match fault {
                Fault::RulePanics(time) if call >= time => panic_with("in a rule"),
                Fault::RuleNests if call == 0 => nest(),
                _ => {}
            }
            for (x, g) in values.iter_mut().zip(gradient) {
                *x -= g;
                if fault == Fault::RuleIsUnsafe {
                    *x = f64::NAN;
                }
            }
        };
        let mut too_few = vec![0.0; parameter_count / 2];
        let mut apply = |moments: Option<&mut [f64]>| {
            let update = Update::new(moments, &rule).safe_up_to(f64::INFINITY);
            apply(match fault {
                Fault::NoRate => update.plain_descent(f64::NAN),
                _ => update,
            })
        };
        match fault {
            Fault::AppliesNothing => true,
            Fault::AppliesTwice => apply(None) && apply(None),
            Fault::DeniesApplying => {
                apply(None);
                false
            }
            Fault::OtherMoments => apply(Some(&mut too_few)),
            Fault::StepPanics => false,
            _ => apply(None),
        }
    }

    fn size(&self) -> Option<usize> {
        (self.fault == Fault::OtherSize).then_some(7)
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

/// A batch, its cost and gradient by a fresh engine, and the engine under test.
struct Case<'n> {
    parameters: Parameters<f64>,
    good: Labelled<f64>,
    cost: f64,
    expected: Parameters<f64>,
    gradient: Gradient<'n, f64>,
}

impl<'n> Case<'n> {
    fn new(network: &'n Mlp, samples: usize, method: Method) -> Case<'n> {
        let parameters = network.init(Initializer::GlorotNormal, 1);
        let good = honest(samples);
        let mut fresh = Gradient::new(network, LOSS, method);
        Case {
            cost: fresh.compute(&parameters, &good),
            expected: fresh.gradient().clone(),
            gradient: Gradient::new(network, LOSS, method),
            parameters,
            good,
        }
    }

    /// Runs `check` for batches of one, two and eight shards, for both sources, on one and two threads.
    fn each(check: fn(&mut Case<'_>)) {
        let network = network();
        for threads in [1, 2] {
            for samples in [5, 70, 512] {
                for method in [Method::Tape, Method::Delta] {
                    on(threads, || check(&mut Case::new(&network, samples, method)));
                }
            }
        }
    }

    /// Returns the parameters after `steps` steps of plain descent with the rate 1 along the gradient of the batch.
    fn after(&self, steps: usize) -> Parameters<f64> {
        let mut stepped = self.parameters.clone();
        for (x, g) in stepped.data_mut().iter_mut().zip(self.expected.data()) {
            (0..steps).for_each(|_| *x -= g);
        }
        stepped
    }

    /// Checks that gradients and steps have the same bits as by a fresh engine.
    fn check_next(&mut self) {
        assert_eq!(
            self.gradient.compute(&self.parameters, &self.good),
            self.cost
        );
        assert!(*self.gradient.gradient() == self.expected);
        let mut stepped = self.parameters.clone();
        let mut sgd = Sgd::new(1.0);
        let cost = self.gradient.step(&mut stepped, &self.good, &mut sgd);
        assert_eq!(cost, Ok(self.cost));
        assert!(stepped == self.after(1));
    }
}

#[test]
fn an_optimizer_that_breaks_its_contract_does_not_affect_the_next_step() {
    Case::each(|case| {
        for fault in FAULTS {
            let honest = Sgd::new(1.0);
            let mut optimizer = Hostile { fault, honest };
            let mut stepped = case.parameters.clone();
            let mut step = || case.gradient.step(&mut stepped, &case.good, &mut optimizer);
            match fault {
                Fault::OtherSize => refused(
                    "step: parameters and the optimizer's moments differ in size: ",
                    || drop(step()),
                ),
                Fault::StepPanics => assert_eq!(caught(step), Err("in a step".to_owned())),
                Fault::RulePanics(_) => assert_eq!(caught(step), Err("in a rule".to_owned())),
                _ => assert_eq!(step(), Ok(case.cost), "{fault:?}"),
            }
            let steps = match fault {
                Fault::AppliesNothing | Fault::OtherSize | Fault::StepPanics => Some(0),
                Fault::OtherMoments | Fault::RuleNests | Fault::NoRate => Some(1),
                Fault::AppliesTwice | Fault::DeniesApplying => Some(2),
                Fault::RulePanics(_) | Fault::RuleIsUnsafe => None,
            };
            if let Some(steps) = steps {
                assert!(stepped == case.after(steps), "{fault:?}");
            }
            case.check_next();
        }
    });
}

/// The fault of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
enum RuleFault {
    /// Its formula panics.
    Panics,
    /// Its formula returns a parameter or a moment that is not finite.
    ParameterIsNotFinite,
    MomentIsNotFinite,
    /// Its formula computes another gradient.
    Nests,
    /// It declares plain descent with a rate that is not finite.
    NoRate,
}

const RULE_FAULTS: [RuleFault; 5] = [
    RuleFault::Panics,
    RuleFault::ParameterIsNotFinite,
    RuleFault::MomentIsNotFinite,
    RuleFault::Nests,
    RuleFault::NoRate,
];

/// Plain descent with the rate 1, with a moment that counts steps. The fault affects parameters whose derivative is not
/// 0.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct HostileRule {
    learning_rate: f64,
    fault: RuleFault,
}

impl UpdateRule<1> for HostileRule {
    const NAME: &'static str = "hostile";
    const MOMENTS: [&'static str; 1] = ["count"];

    fn learning_rate(&mut self) -> &mut f64 {
        &mut self.learning_rate
    }

    fn formula<T: Real>(&self, _: u64) -> impl Fn(T, T, [T; 1]) -> (T, [T; 1]) + Sync {
        let fault = self.fault;
        let calls = AtomicUsize::new(0);
        move |x, g, [count]| {
            let is_first = calls.fetch_add(1, Ordering::Relaxed) == 0;
            let (mut x, mut count) = (x - g, count + T::from_f64(1.0));
            match fault {
                RuleFault::Panics if g != T::default() => panic_with("in a formula"),
                RuleFault::ParameterIsNotFinite if g != T::default() => x = T::INFINITY,
                RuleFault::MomentIsNotFinite if g != T::default() => count = T::INFINITY,
                RuleFault::Nests if is_first => nest(),
                _ => {}
            }
            (x, [count])
        }
    }

    fn plain_descent(&self) -> Option<f64> {
        (self.fault == RuleFault::NoRate).then_some(f64::NAN)
    }

    /// Rules that return numbers that are not finite declare no safe gradient, so that the engine checks the step.
    fn safe_gradient<T: Real>(&self, _: u64) -> Option<f64> {
        matches!(self.fault, RuleFault::Nests | RuleFault::NoRate).then_some(1e100)
    }
}

#[test]
fn a_rule_that_breaks_its_contract_does_not_affect_the_next_step() {
    Case::each(|case| {
        for fault in RULE_FAULTS {
            let rule = HostileRule {
                learning_rate: 1.0,
                fault,
            };
            let mut optimizer = ElementwiseOptimizer::by(rule).unwrap();
            let before = optimizer.clone();
            let mut stepped = case.parameters.clone();
            let mut step = || case.gradient.step(&mut stepped, &case.good, &mut optimizer);
            let not_finite = match fault {
                RuleFault::Panics => {
                    assert_eq!(caught(step), Err("in a formula".to_owned()));
                    None
                }
                RuleFault::ParameterIsNotFinite => Some(Quantity::Parameter),
                RuleFault::MomentIsNotFinite => Some(Quantity::Moment),
                RuleFault::Nests | RuleFault::NoRate => {
                    assert_eq!(step(), Ok(case.cost), "{fault:?}");
                    assert!(stepped == case.after(1), "{fault:?}");
                    stepped = case.parameters.clone();
                    None
                }
            };
            if let Some(quantity) = not_finite {
                let error = case.gradient.step(&mut stepped, &case.good, &mut optimizer);
                let error = error.unwrap_err();
                assert_eq!(error.quantity, quantity);
                assert_eq!(error.slice.as_deref(), Some("layers.0.weight"));
                assert!(optimizer == before, "{fault:?}");
            }
            // A step that is not declared safe is tried on copies.
            assert!(stepped == case.parameters, "{fault:?}");
            case.check_next();
        }
    });
}
