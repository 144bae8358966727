//! The one function that shares work among threads.

/// Does some work in parallel. The work is halved recursively until `cut` returns `Err` with the work itself, which
/// `run` then does. An idle thread of the surrounding rayon pool takes the largest remaining part. `join` combines the
/// results of two halves, in the same way on any number of threads.
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
