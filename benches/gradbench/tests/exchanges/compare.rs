//! The comparison of outputs.

use serde_json::{Value, json};

/// Returns the first difference between two outputs, with its place. NaN, which JSON cannot hold and the tool writes as
/// null, differs from every number.
pub(crate) fn difference(expected: &Value, actual: &Value, tolerance: f64) -> Option<String> {
    match (expected, actual) {
        (Value::Object(expected), Value::Object(actual)) => {
            let keys = expected.keys().chain(actual.keys());
            let mut members = keys.map(|key| (key, expected.get(key), actual.get(key)));
            members.find_map(|(key, expected, actual)| {
                let null = &Value::Null;
                let found = difference(expected.unwrap_or(null), actual.unwrap_or(null), tolerance);
                found.map(|found| format!("{key}: {found}"))
            })
        }
        (Value::Array(expected), Value::Array(actual)) if expected.len() == actual.len() => {
            let mut pairs = expected.iter().zip(actual).enumerate();
            pairs.find_map(|(i, (expected, actual))| {
                difference(expected, actual, tolerance).map(|found| format!("[{i}] {found}"))
            })
        }
        _ => {
            let agree = match (expected.as_f64(), actual.as_f64()) {
                (Some(a), Some(b)) => (a - b).abs() <= tolerance * f64::max(1.0, a.abs() + b.abs()),
                _ => false,
            };
            (!agree).then(|| format!("{expected} is expected, and {actual} is the answer"))
        }
    }
}

#[test]
fn a_wrong_value_is_found() {
    for exchange in crate::exchanges() {
        let output = &exchange["output"];
        assert_eq!(difference(output, output, 0.0), None);
        let mut wrong = output.clone();
        let first = first_number(&mut wrong);
        *first = json!(first.as_f64().unwrap() + 1e-3);
        assert!(difference(output, &wrong, 1e-6).is_some());
        *first_number(&mut wrong) = json!(f64::NAN);
        assert!(difference(output, &wrong, 1e-6).is_some());
    }
}

#[test]
fn a_wrong_structure_is_found() {
    for (expected, actual) in [
        (json!([1, 2]), json!([1])),
        (json!([1]), json!([1, 2])),
        (json!([1]), json!(1)),
        (json!({"a": 1}), json!({"b": 1})),
        (json!({"a": 1}), json!({"a": 1, "b": 1})),
        (json!(1), json!("1")),
        (json!(1), json!(null)),
        (json!(null), json!(null)),
    ] {
        assert!(
            difference(&expected, &actual, 1.0).is_some(),
            "{expected} {actual}"
        );
    }
}

fn first_number(value: &mut Value) -> &mut Value {
    match value {
        Value::Array(list) => first_number(&mut list[0]),
        Value::Object(members) => first_number(members.values_mut().next().unwrap()),
        number => number,
    }
}
