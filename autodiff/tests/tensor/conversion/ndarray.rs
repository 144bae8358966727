//! Views of tensors as arrays of `ndarray`, and copies in both directions.

use autodiff::Tensor;
use ndarray::{Array, Array1, Array2, ArrayD, ArrayViewD, Ix2, Ix3, arr0, arr2, s};

#[test]
fn a_view_shares_memory_with_its_tensor() {
    let x = Tensor::from([[1, 2, 3], [4, 5, 6]]);
    let view = x.as_ndarray();
    assert_eq!(view, arr2(&[[1, 2, 3], [4, 5, 6]]).into_dyn());
    assert_eq!(view.as_ptr(), x.data().as_ptr());
    let last = x.rows(1..2);
    assert_eq!(ArrayViewD::from(&last).as_ptr(), x.data()[3..].as_ptr());
    assert!(x.as_ndarray().into_dimensionality::<Ix3>().is_err());
    assert_eq!(Tensor::scalar(2.5).as_ndarray(), arr0(2.5).into_dyn());
    assert_eq!(
        Tensor::<f32>::zeros([2, 0, 3]).as_ndarray().shape(),
        [2, 0, 3]
    );
}

#[test]
#[should_panic(expected = "as_ndarray: shape [9223372036854775808, 0]")]
fn a_shape_that_ndarray_refuses_is_reported() {
    let _ = Tensor::<u8>::zeros([1 << 63, 0]).as_ndarray();
}

#[test]
fn arrays_of_any_layout_are_copied_in_logical_order() {
    let x = Tensor::from_flat_fn([2, 3, 4], |i| i as f32);
    let array = ArrayD::from(&x);
    assert_eq!(Tensor::from(&array), x);
    assert_eq!(Tensor::from(array.view()), x);
    let order = array.permuted_axes(&[2, 0, 1][..]);
    assert_eq!(Tensor::from(&order), x.permute([2, 0, 1]));
    let reversed = order.slice(s![..;-1, .., 1..2]);
    let expected = Tensor::from_fn([4, 2, 1], |[i, j, _]| x.at([j, 1, 3 - i]));
    assert_eq!(Tensor::from(reversed), expected);
    let matrix: Array2<f64> = Array::eye(3);
    assert_eq!(Tensor::from(matrix), Tensor::eye(3));
    let broadcast = Array1::from_vec(vec![1_u8, 2]);
    assert_eq!(
        Tensor::from(broadcast.broadcast((2, 2)).unwrap()),
        Tensor::from([[1, 2], [1, 2]])
    );
    let back = ArrayD::from(Tensor::from([[1_u32, 2]])).into_dimensionality::<Ix2>();
    assert_eq!(back, Ok(arr2(&[[1, 2]])));
}
