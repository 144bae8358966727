//! Errors on several ranks: one rank reports, and all end.

use nn::distributed::Communicator;

use crate::Error;

/// Returns the result of this rank, if all ranks have succeeded. All ranks call this function together.
///
/// # Errors
///
/// If a rank has failed: its own error on the first such rank, and [`Error::OtherRank`] on the others.
pub fn together<R>(ranks: &dyn Communicator, result: Result<R, Error>) -> Result<R, Error> {
    const FAILED: u8 = 1;
    const HAS_CAUSE: u8 = 2;
    let rank = ranks.rank();
    let mut outcomes = vec![0; ranks.size()];
    outcomes[rank] = match &result {
        Ok(_) => 0,
        Err(Error::OtherRank) => FAILED,
        Err(_) => HAS_CAUSE,
    };
    let bounds: Vec<usize> = (0..=ranks.size()).collect();
    ranks.gather(&mut outcomes, &bounds);
    let first = outcomes.iter().position(|&outcome| outcome == HAS_CAUSE);
    match result {
        Err(error) if first == Some(rank) => Err(error),
        Ok(result) if outcomes.iter().all(|&outcome| outcome == 0) => Ok(result),
        _ => Err(Error::OtherRank),
    }
}

/// Does some work on rank 0 only, while the others wait for its outcome.
///
/// # Errors
///
/// If the work fails.
pub fn on_first<R>(
    ranks: &dyn Communicator,
    work: impl FnOnce() -> Result<R, Error>,
) -> Result<Option<R>, Error> {
    let result = match ranks.rank() {
        0 => work().map(Some),
        _ => Ok(None),
    };
    together(ranks, result)
}

#[cfg(test)]
mod tests {
    use super::*;
    use nn::distributed::on_threads;

    #[test]
    fn one_rank_reports_and_all_fail() {
        for failing in [&[][..], &[2], &[1, 3], &[0, 1, 2, 3]] {
            let found = on_threads(4, |ranks| {
                let result = match failing.contains(&ranks.rank()) {
                    true => Err(Error::setting("--data", "is damaged")),
                    false => Ok(()),
                };
                let agreed = together(ranks, result);
                // What is agreed already is reported by the same rank.
                together(ranks, agreed)
            });
            for (rank, found) in found.into_iter().enumerate() {
                match failing.first() {
                    None => assert!(found.is_ok()),
                    Some(&first) => {
                        let is_other = matches!(found, Err(Error::OtherRank));
                        assert_eq!(is_other, rank != first, "{rank} of {failing:?}");
                    }
                }
            }
        }
    }
}
