use super::{log_softmax, softmax, softmax_rows};

/// The bits of the softmax of each row of `x`, and of its logarithm.
fn rows(x: &[f32], extent: usize) -> (Vec<u32>, Vec<u32>) {
    let mut y = vec![0.0; x.len()];
    let mut logs = Vec::new();
    softmax_rows(x, extent, &mut y, |row, _, normalizer| {
        let x = &x[row * extent..][..extent];
        logs.extend(x.iter().map(|&x| normalizer.log_softmax(x).to_bits()));
    });
    (y.into_iter().map(f32::to_bits).collect(), logs)
}

#[test]
fn a_single_row_has_the_bits_that_it_has_among_others() {
    let (most, long) = if cfg!(miri) { (12, 70) } else { (40, 2000) };
    for extent in (1..most).chain([long]) {
        let mut x: Vec<f32> = (0..5 * extent)
            .map(|i| (i as f32 * 0.7).sin() * 9.0)
            .collect();
        x[extent] = f32::NEG_INFINITY;
        x[3 * extent - 1] = f32::INFINITY;
        let (all, all_logs) = rows(&x, extent);
        for (row, x) in x.chunks_exact(extent).enumerate() {
            let (alone, logs) = rows(x, extent);
            assert_eq!(alone, all[row * extent..][..extent], "{x:?}");
            assert_eq!(logs, all_logs[row * extent..][..extent]);
        }
    }
}

#[test]
fn a_nan_makes_its_row_nan_and_no_other() {
    for (extent, place) in [(1, 0), (7, 3), (10, 0), (10, 9), (16, 8), (17, 2)] {
        let mut x = vec![1.0; 2 * extent];
        x[place] = f32::NAN;
        let is_nan = |bits: &u32| f32::from_bits(*bits).is_nan();
        let (y, logs) = rows(&x, extent);
        for y in [y, logs] {
            assert!(y[..extent].iter().all(is_nan) && !y[extent..].iter().any(is_nan));
        }
        let (alone, logs) = rows(&x[..extent], extent);
        assert!(alone.iter().chain(&logs).all(is_nan));
    }
}

#[test]
#[cfg_attr(miri, ignore = "rounding over many terms, which Miri takes long for")]
fn the_error_of_a_long_sum_stays_small() {
    // A sequential sum of this many ones in single precision would stop at 2²⁴.
    let extent = (1 << 24) + (1 << 12);
    let x = vec![0.0_f32; extent];
    let expected = 1.0 / extent as f32;
    let mut y = vec![0.0; extent];
    softmax(&x, extent, 1, &mut y);
    assert!((y[extent - 1] / expected - 1.0).abs() < 1e-6);
    log_softmax(&x, extent, 1, &mut y);
    assert!((y[extent - 1] / expected.ln() - 1.0).abs() < 1e-6);
    softmax_rows(&x, extent, &mut y, |_, _, normalizer| {
        assert!((normalizer.log_softmax(0.0) / expected.ln() - 1.0).abs() < 1e-6);
    });
    assert!((y[0] / expected - 1.0).abs() < 1e-6);
    // Along an axis other than the last.
    let x: Vec<f32> = (0..6 * 4001).map(|i| (i % 7) as f32).collect();
    let mut y = vec![0.0; x.len()];
    softmax(&x, 4001, 3, &mut y);
    for first in (0..3).chain(3 * 4001..3 * 4002) {
        let line = || (first..).step_by(3).take(4001);
        let sum: f64 = line().map(|i| f64::from(x[i]).exp()).sum();
        for i in line() {
            let expected = f64::from(x[i]).exp() / sum;
            assert!((f64::from(y[i]) / expected - 1.0).abs() < 1e-6);
        }
    }
}
