//! The one way in which work is shared among threads.

/// Does some work: cuts it in two, and in two again, as long as `cut` returns halves, and not the work itself. An idle
/// thread of the surrounding rayon pool takes the largest part that is left. The results are joined as the work was cut,
/// whichever thread had them.
pub(crate) fn in_halves<W: Send, R: Send>(
    work: W,
    cut: &(impl Fn(W) -> Result<[W; 2], W> + Sync),
    run: &(impl Fn(W) -> R + Sync),
    join: &(impl Fn(R, R) -> R + Sync),
) -> R {
    match cut(work) {
        Err(whole) => run(whole),
        Ok([first, second]) => {
            let (first, second) = rayon::join(
                || in_halves(first, cut, run, join),
                || in_halves(second, cut, run, join),
            );
            join(first, second)
        }
    }
}
