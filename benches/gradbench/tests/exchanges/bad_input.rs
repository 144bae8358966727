//! Messages that the tool must refuse.

use crate::{answers, exchanges};
use serde_json::{Value, json};

/// An evaluation of an eval's first function in the exchanges, with a field of its input changed.
fn with(module: &str, pointer: &str, value: Value) -> String {
    let exchange = exchanges()
        .into_iter()
        .find(|exchange| exchange["module"] == module);
    let mut exchange = exchange.unwrap();
    *exchange["input"].pointer_mut(pointer).unwrap() = value;
    crate::evaluate(7, &exchange)
}

/// As [`with`], for another function.
fn with_function(module: &str, function: &str, pointer: &str, value: Value) -> String {
    let mut message: Value = serde_json::from_str(&with(module, pointer, value)).unwrap();
    message["function"] = json!(function);
    message.to_string()
}

#[test]
fn bad_messages_are_refused_with_a_reason() {
    let huge = json!(1_u64 << 52);
    let cases = [
        ("no JSON".into(), "not a message"),
        (r#"{"id": 7, "kind": "evaluate""#.into(), "not a message"),
        ("[7]".into(), "not a message"),
        ("7".into(), "not a message"),
        ("\"\u{1}\"".into(), "not a message"),
        (json!({"id": 7}).to_string(), "kind"),
        (json!({"id": 7, "kind": 1}).to_string(), "not a message"),
        (json!({"id": 7, "kind": "define"}).to_string(), "no module \"\""),
        (json!({"id": 7, "kind": "define", "module": "lstsq"}).to_string(), "no module \"lstsq\""),
        (json!({"id": 7, "kind": "evaluate", "module": "x", "function": "f", "input": 1}).to_string(), "no module"),
        (json!({"id": 7, "kind": "evaluate", "module": "lse", "function": "primal"}).to_string(), "not that of"),
        (json!({"id": 7, "kind": "evaluate", "module": "lse", "input": {"x": [1]}}).to_string(), "no function \"\""),
        (json!({"id": 7, "kind": "evaluate", "module": "hello", "function": "square", "input": "1"}).to_string(), "not that of"),
        (with_function("lse", "objective", "/x", json!([1])), "no function \"objective\""),
        (with_function("saddle", "r", "/start", json!([1, 1])), "no function \"r\""),
        (with("lse", "/x", json!([])), "wrong shape"),
        (with("lse", "/x", json!([1, "2"])), "not that of"),
        (with("lse", "/x", json!([1, null])), "not that of"),
        (with("lse", "/min_runs", json!(-1)), "not that of"),
        (with("lse", "/min_seconds", json!("1")), "not that of"),
        (with("llsq", "/n", json!(2.5)), "not that of"),
        (with("llsq", "/n", json!(-2)), "not that of"),
        (with("ode", "/x", json!([])), "wrong shape"),
        (with_function("ode", "gradient", "/s", huge.clone()), "bytes are needed"),
        (with("det", "/ell", json!(2)), "wrong shape"),
        (with("det", "/ell", json!(0)), "wrong shape"),
        (with("det", "/ell", json!(u64::MAX)), "wrong shape"),
        (with("kmeans", "/points", json!([])), "wrong shape"),
        (with("kmeans", "/points", json!([[], []])), "wrong shape"),
        (with("kmeans", "/points/1", json!([1])), "wrong shape"),
        (with("kmeans", "/centroids", json!([])), "wrong shape"),
        (with("kmeans", "/centroids/1", json!([1, 2, 3])), "wrong shape"),
        (with("gmm", "/d", json!(3)), "wrong shape"),
        (with("gmm", "/k", json!(0)), "wrong shape"),
        (with("gmm", "/n", json!(4)), "wrong shape"),
        (with("gmm", "/l/0", json!([1, 2])), "wrong shape"),
        (with("gmm", "/m", json!(-1)), "not that of"),
        (with("lstm", "/sequence", json!([[1, 0]])), "wrong shape"),
        (with("lstm", "/sequence/1", json!([1])), "wrong shape"),
        (with("lstm", "/main_params/0", json!([1])), "wrong shape"),
        (with("lstm", "/extra_params", json!([[1, 1], [1, 1]])), "wrong shape"),
        (with("lstm", "/state", json!([[1, 1]])), "wrong shape"),
        (with("ba", "/cam", json!([1, 2])), "not that of"),
        (with("ba", "/n", json!(0)), "wrong shape"),
        (with("ba", "/p", json!(0)), "wrong shape"),
        (with("ba", "/p", huge.clone()), "bytes are needed"),
        (with("ba", "/n", json!(u64::MAX)), "bytes are needed"),
        (with("ht", "/theta", json!([1])), "wrong shape"),
        (with("ht", "/us", json!([[1, 1], [1, 1]])), "wrong shape"),
        (with("ht", "/data/correspondences", json!([1])), "wrong shape"),
        (with("ht", "/data/correspondences", json!([-1])), "not that of"),
        (with("ht", "/data/correspondences", json!([])), "wrong shape"),
        (with("ht", "/data/model/parents/3", json!(3)), "wrong shape"),
        (with("ht", "/data/model/parents", json!([-1])), "wrong shape"),
        (with("ht", "/data/model/triangles/0", json!([0, 1, 3])), "wrong shape"),
        (with("ht", "/data/model/weights/0", json!([1])), "wrong shape"),
        (with("ht", "/data/model/base_relatives/0", json!([[1]])), "not that of"),
        (with("saddle", "/start", json!([1])), "not that of"),
        (with("particle", "/w", json!([1])), "not that of"),
    ];
    let lines = cases.clone().map(|(line, _): (String, &str)| line);
    for ((line, reason), answer) in cases.iter().zip(answers(&[], &lines)) {
        assert_eq!(answer["success"], false, "{line}: {answer}");
        let error = answer["error"].as_str().unwrap();
        assert!(error.contains(reason), "{line}: {error}");
        if serde_json::from_str::<Value>(line).is_ok_and(|message| message.is_object()) {
            assert_eq!(answer["id"], 7, "{line}");
        }
    }
}

#[test]
fn a_line_that_is_no_text_is_refused_and_the_next_is_answered() {
    let lines = [
        "\u{0}".to_owned(),
        json!({"id": 1, "kind": "start"}).to_string(),
    ];
    let answers = answers(&[], &lines);
    assert_eq!(answers[0]["success"], false);
    assert_eq!(answers[1]["tool"], "autodiff");
}
