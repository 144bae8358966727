//! Times the gradients of the scalar problems with several tools, and prints a table for each problem.
//!
//! Before a tool is timed, its gradient must agree with the one written out by hand.

mod timing;
mod tools;

use benches::scalar_problems::{Problem, Visitor, disagreement, visit_all};
use clap::Parser;
use std::hint::black_box;
use timing::{Competitor, time_in_turns};
use tools::{AdTrait, ByHand, Echidna, NumDual, Ours, Reverse, Tool, Xad};

/// The largest accepted difference of two gradients, as measured by [`disagreement`]. The problems sum up to a few
/// thousand terms, each with a rounding error of 1.1e-16.
const AGREEMENT: f64 = 1e-11;

/// The name of the function without its gradient.
const PLAIN: &str = "value only";

/// Times gradients of the scalar problems with several tools.
#[derive(Parser)]
struct Options {
    /// Only the problems whose name contains this.
    #[arg(long)]
    problem: Option<String>,

    /// Only the tools whose name contains this, in addition to the three baselines.
    #[arg(long)]
    tool: Option<String>,

    /// The number of turns of each tool; slow ones take fewer.
    #[arg(long, default_value_t = 15, value_parser = clap::value_parser!(u16).range(1..))]
    rounds: u16,
}

fn main() {
    visit_all(&mut Options::parse());
}

impl Visitor for Options {
    fn visit<P: Problem>(&mut self, problem: &P) {
        let name = problem.name();
        if self
            .problem
            .as_ref()
            .is_some_and(|wanted| !name.contains(wanted))
        {
            return;
        }
        let x = problem.parameters();
        let mut reference = vec![f64::NAN; x.len()];
        problem.gradient(x, &mut reference);

        let plain = Competitor {
            name: PLAIN,
            run: Box::new(|| _ = black_box(problem.value(black_box(x)))),
        };
        let mut competitors = vec![plain];
        competitors.push(enter(ByHand, problem, &reference));
        competitors.push(enter(Reverse::default(), problem, &reference));
        let others = [
            self.enter_if_wanted(Ours::default(), problem, &reference),
            self.enter_if_wanted(Echidna, problem, &reference),
            self.enter_if_wanted(Xad::default(), problem, &reference),
            self.enter_if_wanted(AdTrait::default(), problem, &reference),
            self.enter_if_wanted(NumDual::default(), problem, &reference),
        ];
        competitors.extend(others.into_iter().flatten());
        self.report(&name, competitors);
    }
}

impl Options {
    /// Enters a tool if its name is selected and it suits the problem.
    fn enter_if_wanted<'a, T: Tool + 'a, P: Problem>(
        &self,
        tool: T,
        problem: &'a P,
        reference: &[f64],
    ) -> Option<Competitor<'a>> {
        let wanted = self
            .tool
            .as_ref()
            .is_none_or(|wanted| T::NAME.contains(wanted));
        (wanted && T::suits(reference.len())).then(|| enter(tool, problem, reference))
    }

    /// Times the competitors and prints the times. The first three are the function, the formulas and `reverse`.
    fn report(&self, problem: &str, mut competitors: Vec<Competitor<'_>>) {
        let times = time_in_turns(&mut competitors, self.rounds.into());
        let [plain, _, reverse, ..] = &times[..] else {
            unreachable!("three are always entered")
        };
        println!("\n{problem}");
        println!(
            "{:36}{:>12}{:>12}{:>12}{:>12}{:>8}",
            "", "median µs", "min µs", "/ reverse", "/ value", "turns"
        );
        for (competitor, times) in competitors.iter().zip(&times) {
            println!(
                "{:36}{:12.1}{:12.1}{:12.3}{:12.2}{:8}",
                competitor.name,
                times.median() * 1e6,
                times.shortest() * 1e6,
                times.over(reverse),
                times.over(plain),
                times.turns()
            );
        }
    }
}

/// Makes a tool a competitor, after checking that its gradient agrees with `reference`.
///
/// # Panics
/// If it does not agree.
fn enter<'a, T: Tool + 'a, P: Problem>(
    mut tool: T,
    problem: &'a P,
    reference: &[f64],
) -> Competitor<'a> {
    let x = problem.parameters();
    let mut out = vec![f64::NAN; x.len()];
    tool.gradient(problem, x, &mut out);
    let error = disagreement(&out, reference);
    assert!(
        error <= AGREEMENT,
        "{}: the gradient of {} is off by {error:e}",
        T::NAME,
        problem.name()
    );
    let run = move || {
        black_box(tool.gradient(problem, black_box(x), &mut out));
        black_box(&out);
    };
    Competitor {
        name: T::NAME,
        run: Box::new(run),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use benches::scalar_problems::{Gmm, Lstm, Ode};

    /// The formulas with one component off by a billionth.
    struct Wrong;

    impl Tool for Wrong {
        const NAME: &'static str = "wrong";

        fn gradient<P: Problem>(&mut self, problem: &P, x: &[f64], out: &mut [f64]) -> f64 {
            let value = problem.gradient(x, out);
            out[3] *= 1.0 + 1e-9;
            value
        }
    }

    /// Enters `tool` for small problems that together use every method of a number.
    fn enter_for_all<T: Tool>(new: impl Fn() -> T) {
        fn enter_for<P: Problem>(tool: impl Tool, problem: &P) {
            let mut reference = vec![f64::NAN; problem.parameters().len()];
            problem.gradient(problem.parameters(), &mut reference);
            (enter(tool, problem, &reference).run)();
        }
        enter_for(new(), &Gmm::new(3, 4, 5, 1));
        enter_for(new(), &Lstm::new(2, 3, 5, 1));
        enter_for(new(), &Ode::new(5, 6, 1));
    }

    #[test]
    fn all_tools_agree() {
        enter_for_all(|| ByHand);
        enter_for_all(Reverse::default);
        enter_for_all(Ours::default);
        enter_for_all(|| Echidna);
        enter_for_all(Xad::default);
        enter_for_all(AdTrait::default);
        enter_for_all(NumDual::default);
    }

    #[test]
    #[should_panic = "wrong: the gradient of gmm"]
    fn a_tool_with_a_wrong_gradient_is_rejected() {
        enter_for_all(|| Wrong);
    }
}
