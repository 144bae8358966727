//! The messages of the protocol and their answers.

use crate::call::{Answer, Call};
use crate::error::Error;
use crate::evals;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use std::any::Any;
use std::fmt::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// The tool, as its command line sets it up.
#[derive(Default)]
pub(crate) struct Tool {
    /// Whether the operations of the reference implementations are recorded one by one.
    pub(crate) literal: bool,
}

#[derive(Deserialize)]
struct Message<'a> {
    kind: String,
    module: Option<String>,
    function: Option<String>,
    #[serde(borrow)]
    input: Option<&'a RawValue>,
}

/// The number of a message, read apart, so that a message that is otherwise wrong can be answered.
#[derive(Deserialize)]
struct Numbered {
    id: Value,
}

impl Tool {
    /// Returns the answer to a line.
    pub(crate) fn answer(&self, line: &[u8]) -> String {
        let numbered = serde_json::from_slice::<Numbered>(line);
        let id = numbered.map_or(Value::Null, |message| message.id);
        match self.respond(line, &id) {
            Ok(answer) => answer,
            Err(error) => {
                json!({ "id": id, "success": false, "error": error.to_string() }).to_string()
            }
        }
    }

    fn respond(&self, line: &[u8], id: &Value) -> Result<String, Error> {
        let message: Message<'_> = serde_json::from_slice(line).map_err(Error::Message)?;
        let module = message.module.unwrap_or_default();
        match message.kind.as_str() {
            "start" => Ok(json!({ "id": id, "tool": "autodiff" }).to_string()),
            "define" => match evals::find(&module) {
                Some(_) => Ok(json!({ "id": id, "success": true }).to_string()),
                None => Err(Error::Module(module)),
            },
            "evaluate" => {
                let Some(eval) = evals::find(&module) else {
                    return Err(Error::Module(module));
                };
                let call = Call {
                    module,
                    function: message.function.unwrap_or_default(),
                    input: message.input.unwrap_or(RawValue::NULL),
                    literal: self.literal,
                };
                // What the evals do not check themselves, for instance that a tape is full.
                let answer = catch_unwind(AssertUnwindSafe(|| eval(&call)));
                let answer = answer.unwrap_or_else(|panic| Err(Error::Panic(reason(&*panic))))?;
                Ok(written(id, &answer))
            }
            _ => Ok(json!({ "id": id }).to_string()),
        }
    }
}

fn reason(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_default()
}

/// The answer to an evaluation. It may have millions of timings.
fn written(id: &Value, answer: &Answer) -> String {
    let mut text = format!(
        r#"{{"id":{id},"success":true,"output":{},"timings":["#,
        answer.output
    );
    for (i, nanoseconds) in answer.nanoseconds.iter().enumerate() {
        let comma = if i == 0 { "" } else { "," };
        let _ = write!(
            text,
            r#"{comma}{{"name":"evaluate","nanoseconds":{nanoseconds}}}"#
        );
    }
    text.push_str("]}");
    text
}
