//! Serialization: what is written can be read, and what does not fit together is refused.

use autodiff::Tensor;
use autodiff::tensor::Element;
use serde::Serialize;
use serde::de::DeserializeOwned;

fn read<T: Element + DeserializeOwned>(text: &str) -> Result<Tensor<T>, String> {
    serde_json::from_str(text).map_err(|error| error.to_string())
}

#[track_caller]
fn round_trip<T: Element + Serialize + DeserializeOwned>(x: &Tensor<T>, expected: &str) {
    let text = serde_json::to_string(x).unwrap();
    assert_eq!(text, expected);
    assert_eq!(&read(&text).unwrap(), x);
}

#[test]
fn a_tensor_is_a_shape_and_its_elements() {
    round_trip(
        &Tensor::from([[1.5, -0.1], [3.0, 4e300]]),
        r#"{"shape":[2,2],"data":[1.5,-0.1,3.0,4e+300]}"#,
    );
    round_trip(&Tensor::scalar(7_u8), r#"{"shape":[],"data":[7]}"#);
    round_trip(
        &Tensor::<i64>::zeros([3, 0]),
        r#"{"shape":[3,0],"data":[]}"#,
    );
    round_trip(
        &Tensor::arange(0_u32..6).reshape([2, 3]).rows(1..2),
        r#"{"shape":[1,3],"data":[3,4,5]}"#,
    );
    let scaled = Tensor::<f32>::from_scaled_bytes(&Tensor::from([0, 2]), 0.5);
    round_trip(&scaled, r#"{"shape":[2],"data":[0.0,1.0]}"#);
}

#[test]
fn a_shape_that_does_not_fit_is_an_error() {
    for (text, message) in [
        (
            r#"{"shape":[2,2],"data":[1,2,3]}"#,
            "a tensor of shape [2, 2] cannot have 3 elements",
        ),
        (
            r#"{"shape":[4611686018427387904,4],"data":[]}"#,
            "cannot have 0 elements",
        ),
        (
            r#"{"shape":[0,4611686018427387904,8],"data":[]}"#,
            "cannot have 0 elements",
        ),
        (
            r#"{"shape":[18446744073709551615],"data":[1]}"#,
            "cannot have 1 elements",
        ),
        (
            r#"{"shape":[18446744073709551616],"data":[1]}"#,
            "invalid type",
        ),
        (r#"{"shape":[-1],"data":[1]}"#, "invalid value"),
        (r#"{"shape":[1],"data":[256]}"#, "invalid value"),
        (r#"{"shape":[1]}"#, "missing field `data`"),
    ] {
        let error = read::<u8>(text).unwrap_err();
        assert!(error.contains(message), "{text}: {error}");
    }
}
