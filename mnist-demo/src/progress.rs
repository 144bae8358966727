//! The progress of the training: a bar on a terminal, a few plain lines elsewhere.

use std::io::{IsTerminal, Write};
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use autodiff::tensor::Real;
use indicatif::{ProgressBar, ProgressStyle};
use mnist_core::report::{cost, duration, percent};
use mnist_core::train::{Progress, Trained};

use crate::stop::Stop;

/// The approximate number of plain lines of a run.
const LINES: u64 = 10;

/// The time between two updates of the bar. Formatting its text takes longer than a small training step.
const PAUSE: Duration = Duration::from_millis(66);

/// Shows progress on standard error, and ends the training when a signal requests it.
pub(crate) struct Display<'a> {
    bar: Option<ProgressBar>,
    drawn: Option<Instant>,
    stop: &'a Stop,
}

impl<'a> Display<'a> {
    /// Creates a display that ends the training as soon as `stop` has received a signal.
    pub(crate) fn new(stop: &'a Stop) -> Self {
        Display {
            bar: std::io::stderr().is_terminal().then(bar),
            drawn: None,
            stop,
        }
    }

    fn show(&mut self, progress: &Progress) {
        let Some(bar) = &self.bar else {
            let width = progress.steps.to_string().len();
            // A closed standard error does not end the training.
            let _ = writeln!(
                std::io::stderr(),
                "  step {:>width$}/{}  {}",
                progress.step,
                progress.steps,
                line(progress)
            );
            return;
        };
        self.drawn = Some(Instant::now());
        bar.set_length(progress.steps);
        bar.set_message(line(progress));
        bar.set_position(progress.step);
    }

    /// Leaves the finished bar on a line of its own.
    fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.abandon();
            let _ = writeln!(std::io::stderr());
        }
    }
}

fn bar() -> ProgressBar {
    let template = "  {wide_bar:.cyan/black.bright} {pos:>5}/{len}  {msg}";
    let style =
        ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(0).with_style(style.progress_chars("━╸━"))
}

impl Display<'_> {
    /// Shows the progress after a step if an update is due. Returns `Break` if a signal requested the end.
    pub(crate) fn step(&mut self, progress: &Progress) -> ControlFlow<()> {
        if self.stop.is_requested() {
            return ControlFlow::Break(());
        }
        let due = match &self.bar {
            Some(_) => self.drawn.is_none_or(|drawn| drawn.elapsed() >= PAUSE),
            None => {
                let every = progress.steps.div_ceil(LINES);
                progress.step == 1 || progress.step.is_multiple_of(every)
            }
        };
        // The last step is shown at the end, with the accuracy after it.
        if due && progress.step < progress.steps {
            self.show(progress);
        }
        ControlFlow::Continue(())
    }

    /// Shows the result of a training of `steps` steps, unless it failed.
    pub(crate) fn end<T: Real>(&mut self, steps: u64, trained: Option<&Trained<T>>) {
        if let Some(trained) = trained {
            self.show(&Progress {
                step: trained.steps,
                steps,
                resumed: trained.resumed,
                images: trained.images,
                loss: trained.train.cost,
                test_accuracy: trained.test.accuracy(),
                seconds: trained.seconds,
            });
        }
        self.finish();
    }
}

/// Loss, accuracy, speed and time left.
fn line(progress: &Progress) -> String {
    let speed = progress.images as f64 / progress.seconds.max(1e-9);
    let taken = (progress.step - progress.resumed).max(1);
    let left = (progress.steps - progress.step) as f64 * progress.seconds / taken as f64;
    let time = match progress.steps - progress.step {
        0 => format!("in {}", duration(progress.seconds)),
        _ => format!("{} left", duration(left)),
    };
    format!(
        "loss {}  test {:>7}  {:>5} images/s  {time}",
        cost(progress.loss),
        percent(progress.test_accuracy),
        short(speed),
    )
}

/// Formats a large number in about five characters.
fn short(number: f64) -> String {
    match number {
        0.0..1e4 => format!("{number:.0}"),
        1e4..1e6 => format!("{:.0}k", number / 1e3),
        _ => format!("{:.2}M", number / 1e6),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speed_and_time_left_are_those_of_this_run() {
        let text = line(&Progress {
            step: 60,
            steps: 100,
            resumed: 50,
            images: 5_000,
            loss: 1.0,
            test_accuracy: 0.5,
            seconds: 5.0,
        });
        assert!(text.contains(" 1000 images/s  20.0 s left"), "{text}");
    }
}
