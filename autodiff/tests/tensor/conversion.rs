//! Tensors made from arrays, vectors and iterators, and turned into them.

#[cfg(feature = "ndarray")]
mod ndarray;
#[cfg(feature = "npy")]
mod npy;
#[cfg(feature = "serde")]
mod serde;

use autodiff::Tensor;

#[test]
fn nested_arrays_and_vectors_have_the_same_elements() {
    let x = Tensor::arange(0..24).reshape([2, 3, 2, 2]);
    let array: [[[[i32; 2]; 2]; 3]; 2] =
        [0, 1].map(|i| [0, 1, 2].map(|j| [0, 1].map(|k| [0, 1].map(|l| x.at([i, j, k, l])))));
    assert_eq!(Tensor::from(array), x);
    assert_eq!(Tensor::from(array[1]), x.rows(1..2).reshape([3, 2, 2]));
    assert_eq!(Tensor::from(array[0][2]), Tensor::from([[8, 9], [10, 11]]));
    let vectors: Vec<Vec<Vec<Vec<i32>>>> = array
        .iter()
        .map(|x| {
            x.iter()
                .map(|x| x.iter().map(|x| x.to_vec()).collect())
                .collect()
        })
        .collect();
    assert_eq!(Tensor::from(vectors[1].clone()), Tensor::from(array[1]));
    assert_eq!(
        Tensor::from(vectors[0][2].clone()),
        Tensor::from(array[0][2])
    );
    assert_eq!(Tensor::from(&vectors[0][2][1]), Tensor::from([10, 11]));
    assert_eq!(Tensor::from(vectors), x);
    assert_eq!(Tensor::from(&[1.5, 2.5]), Tensor::from([1.5, 2.5]));
    assert_eq!(Tensor::from(vec![[1, 2], [3, 4], [5, 6]]).shape(), [3, 2]);
}

#[test]
fn empty_arrays_and_vectors_keep_their_rank() {
    assert_eq!(Tensor::from(Vec::<f64>::new()).shape(), [0]);
    assert_eq!(Tensor::from(Vec::<Vec<f64>>::new()).shape(), [0, 0]);
    assert_eq!(Tensor::from(vec![Vec::<f64>::new(); 3]).shape(), [3, 0]);
    assert_eq!(
        Tensor::from(vec![Vec::<Vec<Vec<f32>>>::new(); 2]).shape(),
        [2, 0, 0, 0]
    );
    assert_eq!(Tensor::from([[[0_u8; 0]; 4]; 2]).shape(), [2, 4, 0]);
    assert_eq!(Tensor::from(Vec::<[f32; 5]>::new()).shape(), [0, 5]);
}

#[test]
fn elements_are_iterated_in_row_major_order() {
    let x = Tensor::from([[1, 2, 3], [4, 5, 6]]);
    assert_eq!(x.iter().copied().collect::<Vec<_>>(), [1, 2, 3, 4, 5, 6]);
    let mut sum = 0;
    for x in &x.rows(1..2) {
        sum += x;
    }
    assert_eq!(sum, 15);
    assert_eq!((1..=6).collect::<Tensor<i32>>().reshape([2, 3]), x);
    assert_eq!(std::iter::empty().collect::<Tensor<f32>>().shape(), [0]);
    assert_eq!(
        (Vec::from(&x), x.to_vec()),
        (vec![1, 2, 3, 4, 5, 6], x.data().into())
    );
    assert_eq!(Vec::from(Tensor::scalar(2.0)), [2.0]);
    let scaled = Tensor::<f32>::from_scaled_bytes(&Tensor::from([1, 2]), 2.0);
    assert_eq!(Vec::from(scaled), [2.0, 4.0]);
}
