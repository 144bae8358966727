//! Cutting several buffers in one place.

/// What lies before `at` and what lies behind, in each of some buffers of one size. An empty one stays empty.
pub(crate) fn split<T, const N: usize>(
    buffers: [&mut [T]; N],
    at: usize,
) -> ([&mut [T]; N], [&mut [T]; N]) {
    let mut behind = [const { None }; N];
    let mut number = 0;
    let before = buffers.map(|buffer| {
        let (before, rest) = buffer.split_at_mut(at.min(buffer.len()));
        behind[number] = Some(rest);
        number += 1;
        before
    });
    (before, behind.map(Option::unwrap_or_default))
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn every_buffer_is_cut_in_the_same_place() {
        let (mut a, mut b) = ([1, 2, 3], [4, 5, 6]);
        let (before, behind) = split([&mut a[..], &mut [], &mut b], 1);
        assert_eq!(before, [&[1][..], &[], &[4]]);
        assert_eq!(behind, [&[2, 3][..], &[], &[5, 6]]);
    }
}
