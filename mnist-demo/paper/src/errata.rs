//! The mistakes in the printed paper, decided by the tape.
//!
//! Each erratum evaluates the printed formula, the corrected formula and the tape. If the shapes in the printed formula
//! do not fit, the erratum shows this, and evaluates the formula on equal widths, where they fit.

mod backward;
mod costs;
mod forward;
mod notation;

use std::fmt::Write;

use super::Scaled;
use super::findings::{Agreement, BOUND};
use super::matrix::{Matrix, Misfit};
use super::{Reader, math};

/// The smallest relative difference from the tape that counts as wrong. It is far above rounding errors.
pub const FAR: f64 = 1e-3;

/// The kind of a mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The value of the printed formula differs from the tape.
    Wrong,
    /// The shapes in the printed formula do not fit. On equal widths, where they fit, its value differs from the tape.
    Misfit,
    /// A slip of notation: the literal meaning is not the intended one.
    Notation,
    /// A case is left undefined.
    Open,
}

impl Kind {
    /// The verdict in words.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Wrong => "wrong",
            Kind::Misfit => "shapes do not fit",
            Kind::Notation => "notation",
            Kind::Open => "case left open",
        }
    }
}

/// A mistake in the paper, with its correction.
#[derive(Debug)]
pub struct Erratum {
    /// The number. Related errata share it and differ by a letter.
    pub id: &'static str,
    /// The section of the paper.
    pub place: &'static str,
    /// The printed formula, in the notation of [`math`].
    pub printed: &'static str,
    /// The corrected formula.
    pub corrected: &'static str,
    /// The reason, in one line.
    pub reason: &'static str,
    /// The kind of the mistake.
    pub kind: Kind,
    run: fn() -> Evidence,
}

/// The result of evaluating the printed formula.
#[derive(Clone, Debug)]
enum Printed {
    /// The formula's value, to be compared with the tape.
    Gives(Matrix),
    /// The shapes do not fit. `equal` is the formula's and the tape's value in a reading in which they fit.
    DoesNotFit {
        why: Misfit,
        reading: &'static str,
        equal: (Matrix, Matrix),
    },
    /// The formula has no value; the text says why, and in which case.
    DoesNotSay(&'static str),
}

/// The printed formula's result, and the values of the corrected formula and the tape.
#[derive(Clone, Debug)]
struct Evidence {
    printed: Printed,
    corrected: Matrix,
    tape: Vec<f64>,
}

/// The result of running an erratum.
#[derive(Clone, Debug)]
pub struct Trial {
    /// The erratum.
    pub erratum: &'static Erratum,
    /// Why the printed formula cannot be evaluated.
    pub obstacle: Option<String>,
    /// The reading in which the shapes fit.
    pub reading: Option<&'static str>,
    /// The printed formula against the tape, on equal widths if there is an obstacle; `None` without a value.
    pub printed: Option<Agreement>,
    /// The corrected formula against the tape.
    pub corrected: Agreement,
    /// Whether the results confirm the verdict and the correction.
    pub passed: bool,
}

impl Erratum {
    /// Evaluates both formulas and the tape.
    fn run(&'static self, planted: bool) -> Trial {
        let Evidence {
            printed,
            corrected,
            tape,
        } = (self.run)();
        let mut by_hand = corrected.entries().to_vec();
        if planted {
            by_hand[0] = 1.001 * by_hand[0] + Scaled::from(0.001);
        }
        let corrected = Agreement::new(&by_hand, &tape, BOUND);
        let against =
            |printed: &Matrix, tape: &[f64]| Agreement::new(printed.entries(), tape, BOUND);
        let mut instead = None;
        let (obstacle, printed) = match &printed {
            Printed::Gives(printed) => (None, Some(against(printed, &tape))),
            Printed::DoesNotFit {
                why,
                reading,
                equal,
            } => {
                instead = Some(*reading);
                (
                    Some(why.to_string()),
                    Some(against(&equal.0, &equal.1.values())),
                )
            }
            Printed::DoesNotSay(why) => (Some((*why).to_owned()), None),
        };
        // NaN counts as far from the tape.
        let far = printed.is_some_and(|printed| printed.apart.is_nan() || printed.apart > FAR);
        let as_judged = match self.kind {
            Kind::Wrong => obstacle.is_none() && far,
            Kind::Misfit => obstacle.is_some() && far,
            Kind::Notation => obstacle.is_some() || far,
            Kind::Open => obstacle.is_some() && printed.is_none() || far,
        };
        Trial {
            erratum: self,
            obstacle,
            reading: instead,
            printed,
            corrected,
            passed: as_judged && corrected.passed(),
        }
    }
}

/// Returns all errata, by number.
pub fn all() -> Vec<&'static Erratum> {
    let lists = [
        forward::ERRATA,
        backward::ERRATA,
        costs::ERRATA,
        notation::ERRATA,
    ];
    let mut all: Vec<&Erratum> = lists.into_iter().flatten().collect();
    all.sort_by_key(|erratum| {
        let number = erratum
            .id
            .trim_end_matches(|c: char| c.is_ascii_lowercase());
        (number.parse::<usize>().unwrap_or(usize::MAX), erratum.id)
    });
    all
}

/// Runs all errata.
pub fn run(reader: &Reader) -> Vec<Trial> {
    let planted = reader.planted_in(0);
    all()
        .into_iter()
        .map(|erratum| erratum.run(planted))
        .collect()
}

/// Formats the errata as a Markdown table.
pub fn markdown() -> String {
    let mut text = String::from(
        "# Errata of the paper\n\n\
         This table lists the mistakes in the printed paper.\n\
         `mnist-demo paper --errata` evaluates each formula as printed and as corrected, and compares both with the tape.\n\n\
         | # | where | printed | should be | verdict | reason |\n|---|---|---|---|---|---|\n",
    );
    for erratum in all() {
        let cell = |formula: &str| math::text(formula).replace('|', "\\|");
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} | {} |",
            erratum.id,
            erratum.place,
            cell(erratum.printed),
            cell(erratum.corrected),
            erratum.kind.name(),
            erratum.reason
        );
    }
    text
}

/// The example of most errata: a small network, a few samples, and the tape's derivatives.
mod example {
    use nn::Activation;

    use super::Matrix;
    use crate::network::{Cost, Derivatives, ForwardPass, PaperNetwork, draw};

    /// Different widths, and equal widths.
    pub(super) const WIDTHS: [usize; 4] = [5, 4, 3, 2];
    pub(super) const EQUAL: [usize; 4] = [3, 3, 3, 3];
    /// The number of samples, N.
    pub(super) const N: usize = 6;
    /// The seed of the weights and biases.
    const SEED: u64 = 7;

    #[allow(non_snake_case, reason = "the paper's letters")]
    pub(super) struct Example {
        pub(super) network: PaperNetwork,
        pub(super) forward: ForwardPass,
        pub(super) Y: Matrix,
        pub(super) tape: Derivatives,
    }

    impl Example {
        pub(super) fn new(widths: &[usize], mu: Activation, cost: Cost, samples: usize) -> Example {
            Example::of(PaperNetwork::draw(widths, mu, cost, SEED), samples)
        }

        /// An example of one sample, with Softmax and the squared difference.
        pub(super) fn squares_of_softmax() -> Example {
            let widths = &WIDTHS[..3];
            let network = PaperNetwork::draw(widths, Activation::Tanh, Cost::Squares, SEED);
            Example::of(network.with_softmax(), 1)
        }

        fn of(network: PaperNetwork, samples: usize) -> Example {
            let a0 = draw(network.W[0].cols(), samples, 1.0, 70);
            let classes = network.W[network.layer_count() - 1].rows();
            let y = Matrix::new(classes, samples, |i, l| {
                f64::from(u8::from(i == l % classes)).into()
            });
            Example {
                forward: network.forward(&a0),
                tape: network.by_tensor_tape(&a0, &y),
                network,
                Y: y,
            }
        }

        /// W⁽ℓ⁾.
        #[allow(non_snake_case, reason = "the paper's letter")]
        pub(super) fn W(&self, l: usize) -> &Matrix {
            &self.network.W[l - 1]
        }

        /// b⁽ℓ⁾ as each column of B⁽ℓ⁾.
        #[allow(non_snake_case, reason = "the paper's letter")]
        pub(super) fn B(&self, l: usize) -> Matrix {
            self.network.b[l - 1].repeated(self.forward.a[0].cols())
        }

        /// Z⁽ℓ⁾, each entry as a single term.
        #[allow(non_snake_case, reason = "the paper's letter")]
        pub(super) fn Z(&self, l: usize) -> Matrix {
            self.forward.z[l - 1].plain()
        }

        /// A⁽ℓ⁾, each entry as a single term.
        #[allow(non_snake_case, reason = "the paper's letter")]
        pub(super) fn A(&self, l: usize) -> Matrix {
            self.forward.a[l].plain()
        }

        /// Δ⁽ℓ⁾ = ∂C/∂Z⁽ℓ⁾, by the tape.
        pub(super) fn delta(&self, l: usize) -> Matrix {
            let rows = self.network.b[l - 1].rows();
            let cols = self.forward.a[0].cols();
            Matrix::new(rows, cols, |i, j| self.tape.dz[l - 1][i * cols + j].into())
        }
    }
}
