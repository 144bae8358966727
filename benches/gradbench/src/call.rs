//! A call of a function: its input, and its timed runs.

use crate::error::Error;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::time::{Duration, Instant};

/// A call of a function of an eval.
pub(crate) struct Call<'a> {
    /// The eval.
    pub(crate) module: String,
    /// The function.
    pub(crate) function: String,
    /// The input, as JSON.
    pub(crate) input: &'a RawValue,
    /// Whether the operations of the reference implementation are recorded one by one.
    pub(crate) literal: bool,
}

/// The result of a call.
pub(crate) struct Answer {
    /// The output, as JSON.
    pub(crate) output: String,
    /// The time of each run.
    pub(crate) nanoseconds: Vec<u64>,
}

/// How often a function runs: until both bounds are reached.
#[derive(Deserialize)]
struct Runs {
    #[serde(default = "one")]
    min_runs: u64,
    #[serde(default)]
    min_seconds: f64,
}

fn one() -> u64 {
    1
}

impl<'a> Call<'a> {
    /// Returns the input as a value of a type.
    pub(crate) fn input<I: Deserialize<'a>>(&self) -> Result<I, Error> {
        serde_json::from_str(self.input.get()).map_err(Error::Input)
    }

    /// Returns the error for a function that the eval does not have.
    pub(crate) fn unknown(&self) -> Error {
        Error::Function {
            module: self.module.clone(),
            function: self.function.clone(),
        }
    }

    /// Runs a function that returns its output.
    pub(crate) fn time<O: Serialize>(&self, mut f: impl FnMut() -> O) -> Result<Answer, Error> {
        self.time_into(None, |output| *output = Some(f()), |output| output)
    }

    /// Runs a function that writes its output into a value, whose memory each run uses again. `written` turns the last
    /// output into what the eval asks for.
    pub(crate) fn time_into<O, W: Serialize>(
        &self,
        mut output: O,
        mut f: impl FnMut(&mut O),
        written: impl FnOnce(O) -> W,
    ) -> Result<Answer, Error> {
        let runs = self.runs()?;
        let mut nanoseconds = Vec::new();
        let mut elapsed = Duration::ZERO;
        while (nanoseconds.len() as u64) < runs.min_runs || elapsed.as_secs_f64() < runs.min_seconds
        {
            let start = Instant::now();
            f(&mut output);
            let time = start.elapsed();
            elapsed += time;
            nanoseconds.push(time.as_nanos() as u64);
        }
        let output = serde_json::to_string(&written(output)).map_err(Error::Output)?;
        Ok(Answer {
            output,
            nanoseconds,
        })
    }

    /// The bounds, which stand among the fields of the input; an input without fields has none.
    fn runs(&self) -> Result<Runs, Error> {
        let input = self.input.get();
        let text = if input.starts_with('{') { input } else { "{}" };
        let mut runs: Runs = serde_json::from_str(text).map_err(Error::Input)?;
        runs.min_runs = runs.min_runs.max(1);
        Ok(runs)
    }
}
