//! The mistakes in the printed paper, with the tape as judge.
//!
//! Each erratum runs the formula as printed, the corrected one, and the tape; or shows why the printed shapes do not
//! fit, and then runs the printed formula on equal widths, where they do.

mod backward;
mod costs;
mod forward;
mod notation;

use std::fmt::Write;

use super::Scaled;
use super::findings::{Agreement, BOUND};
use super::matrix::{Matrix, Misfit};
use super::{Reader, math};

/// How far a wrong formula has to be from the tape at least, so that nobody takes it for rounding.
pub const FAR: f64 = 1e-3;

/// What kind of mistake it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The printed formula gives another number than the tape.
    Wrong,
    /// The shapes in the printed formula do not fit, and on equal widths, where they do, it gives another number.
    Misfit,
    /// A slip of notation: taken to the letter it says something else than is meant.
    Notation,
    /// A case is left open.
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

/// A place in the paper where something else should stand.
#[derive(Debug)]
pub struct Erratum {
    /// Its number; those that belong together share it, with a letter.
    pub id: &'static str,
    /// The section in which it stands.
    pub place: &'static str,
    /// What is printed, in the notation of [`math`].
    pub printed: &'static str,
    /// What should stand there.
    pub corrected: &'static str,
    /// Why, in a line.
    pub reason: &'static str,
    /// What kind of mistake it is.
    pub kind: Kind,
    run: fn() -> Evidence,
}

/// What the printed formula comes to.
#[derive(Clone, Debug)]
enum Printed {
    /// Numbers, to be held against the tape's.
    Gives(Matrix),
    /// It cannot be evaluated; read so that the shapes fit, it gives these numbers, where the tape gives those.
    DoesNotFit {
        why: Misfit,
        reading: &'static str,
        equal: (Matrix, Matrix),
    },
    /// It does not say: why, and which case it is.
    DoesNotSay(&'static str),
}

/// What a formula comes to as printed, as corrected, and on the tape.
#[derive(Clone, Debug)]
struct Evidence {
    printed: Printed,
    corrected: Matrix,
    tape: Vec<f64>,
}

/// An erratum that was tried.
#[derive(Clone, Debug)]
pub struct Trial {
    /// The erratum.
    pub erratum: &'static Erratum,
    /// What stands against evaluating the printed formula.
    pub obstacle: Option<String>,
    /// How it was read instead, so that the shapes fit.
    pub reading: Option<&'static str>,
    /// The printed formula against the tape, on equal widths if there is an obstacle; nothing if it says nothing.
    pub printed: Option<Agreement>,
    /// The corrected formula against the tape.
    pub corrected: Agreement,
    /// Whether the verdict is the one that it should be.
    pub passed: bool,
}

impl Erratum {
    /// Runs both formulas and the tape.
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
        // What is no number is as far from the tape as can be.
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

/// Every erratum, in the order of the list in the paper's notes, and then those found beside them.
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

/// Tries every erratum.
pub fn run(reader: &Reader) -> Vec<Trial> {
    let planted = reader.planted_in(0);
    all()
        .into_iter()
        .map(|erratum| erratum.run(planted))
        .collect()
}

/// The errata as a table in Markdown.
pub fn markdown() -> String {
    let mut text = String::from(
        "# Errata of the paper\n\n\
         The mistakes in the printed paper. `mnist-demo paper --errata` evaluates each formula as printed and as corrected,\n\
         and compares both with the tape.\n\n\
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

/// What most errata are tried on: a small network, a few samples, and what the tape says of them.
mod example {
    use nn::Activation;

    use super::Matrix;
    use crate::network::{Cost, Derivatives, Layers, PaperNetwork, draw};

    /// Widths that all differ, and the equal ones.
    pub(super) const WIDTHS: [usize; 4] = [5, 4, 3, 2];
    pub(super) const EQUAL: [usize; 4] = [3, 3, 3, 3];
    /// The number of samples, N.
    pub(super) const N: usize = 6;

    #[allow(non_snake_case, reason = "the paper's letters")]
    pub(super) struct Example {
        pub(super) network: PaperNetwork,
        pub(super) layers: Layers,
        pub(super) Y: Matrix,
        pub(super) tape: Derivatives,
    }

    impl Example {
        pub(super) fn new(widths: &[usize], mu: Activation, cost: Cost, samples: usize) -> Example {
            let network = PaperNetwork::draw(widths, mu, cost, 7);
            let a0 = draw(widths[0], samples, 1.0, 70);
            let classes = widths[widths.len() - 1];
            let y = Matrix::new(classes, samples, |i, l| {
                f64::from(u8::from(i == l % classes)).into()
            });
            Example {
                layers: network.forward(&a0),
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
            self.network.b[l - 1].repeated(self.layers.a[0].cols())
        }

        /// Z⁽ℓ⁾; what a neuron was computed from counts as one term.
        #[allow(non_snake_case, reason = "the paper's letter")]
        pub(super) fn Z(&self, l: usize) -> Matrix {
            self.layers.z[l - 1].plain()
        }

        /// A⁽ℓ⁾.
        #[allow(non_snake_case, reason = "the paper's letter")]
        pub(super) fn A(&self, l: usize) -> Matrix {
            self.layers.a[l].plain()
        }

        /// Δ⁽ℓ⁾ = ∂C/∂Z⁽ℓ⁾, by the tape.
        pub(super) fn delta(&self, l: usize) -> Matrix {
            let rows = self.network.b[l - 1].rows();
            let cols = self.layers.a[0].cols();
            Matrix::new(rows, cols, |i, j| self.tape.z[l - 1][i * cols + j].into())
        }
    }
}
