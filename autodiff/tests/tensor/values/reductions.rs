//! Reductions against plain loops.

use super::{indices, integers, made};

#[test]
fn reductions_run_over_the_named_axes() {
    let x = integers(&[2, 3, 4], 1);
    for axes in [
        &[][..],
        &[0],
        &[1],
        &[2],
        &[0, 1],
        &[2, 0],
        &[1, 2],
        &[2, 1, 0],
    ] {
        // The elements that are reduced to the element at `index`, where the reduced axes have extent 1.
        let group = |index: &[usize]| {
            let together = |other: &&Vec<usize>| {
                (0..3).all(|axis| axes.contains(&axis) || index[axis] == other[axis])
            };
            let all = indices(x.shape());
            let group: Vec<f64> = all
                .iter()
                .filter(together)
                .map(|index| x.at(index))
                .collect();
            group
        };
        let kept: Vec<usize> = (0..3)
            .map(|axis| {
                if axes.contains(&axis) {
                    1
                } else {
                    x.shape()[axis]
                }
            })
            .collect();
        let dropped: Vec<usize> = (0..3)
            .filter(|axis| !axes.contains(axis))
            .map(|axis| x.shape()[axis])
            .collect();

        let sum = made(&kept, |index| group(index).iter().sum());
        assert_eq!(x.sum_over_keepdims(axes), sum);
        assert_eq!(x.sum_over(axes), sum.reshape(&dropped[..]));
        let mean = made(&kept, |index| {
            let group = group(index);
            group.iter().sum::<f64>() / group.len() as f64
        });
        assert_eq!(x.mean_over_keepdims(axes), mean);
        assert_eq!(x.mean_over(axes), mean.reshape(&dropped[..]));
        let norm = made(&kept, |index| {
            let squares = group(index).into_iter().map(|x| x * x);
            squares.sum::<f64>().sqrt()
        });
        assert_eq!(x.norm_over(axes), norm.reshape(&dropped[..]));
        assert_eq!(x.norm_over_keepdims(axes), norm);
        let max = made(&kept, |index| {
            group(index).into_iter().fold(f64::MIN, f64::max)
        });
        assert_eq!(x.max_over_keepdims(axes), max);
        assert_eq!(x.max_over(axes), max.reshape(&dropped[..]));
        let min = made(&kept, |index| {
            group(index).into_iter().fold(f64::MAX, f64::min)
        });
        assert_eq!(x.min_over_keepdims(axes), min);
        assert_eq!(x.min_over(axes), min.reshape(&dropped[..]));
        let norm_1 = made(&kept, |index| group(index).iter().map(|x| x.abs()).sum());
        assert_eq!(x.norm_1_over_keepdims(axes), norm_1);
        assert_eq!(x.norm_1_over(axes), norm_1.reshape(&dropped[..]));
        assert_eq!(x.norm_inf_over_keepdims(axes), max.max(-min));
        // Products of 0, 1, −1, 2 and −2 are exact.
        let product = made(&kept, |index| {
            group(index).iter().map(|x| x % 3.0).product()
        });
        let remainders = x.map(|x| x % 3.0);
        assert_eq!(remainders.prod_over_keepdims(axes), product);
        assert_eq!(remainders.prod_over(axes), product.reshape(&dropped[..]));
    }
    assert_eq!(x.sum(), x.sum_over([0, 1, 2]));
    assert_eq!(x.mean(), x.mean_over([0, 1, 2]));
    assert_eq!(x.norm(), x.norm_over([0, 1, 2]));
    assert_eq!(x.norm_1(), x.norm_1_over([0, 1, 2]));
    assert_eq!(x.norm_inf(), x.norm_inf_over([0, 1, 2]));
    assert_eq!(x.variance(), x.variance_over([0, 1, 2]));
    assert_eq!(x.std(), x.std_over([0, 1, 2]));
    assert_eq!(x.log_sum_exp(), x.log_sum_exp_over([0, 1, 2]));
}
