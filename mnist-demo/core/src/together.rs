//! Errors on several ranks: one rank reports, and all end.

use nn::distributed::Communicator;

use crate::Error;

/// Returns the result of this rank, if all ranks have succeeded. All ranks call this function together.
///
/// # Errors
///
/// If a rank has failed: its own error on the first such rank, in an [`Error::OnRank`] if another has succeeded,
/// and [`Error::OtherRank`] on the others.
pub fn together<R>(ranks: &dyn Communicator, result: Result<R, Error>) -> Result<R, Error> {
    const SUCCEEDED: u8 = 0;
    const FAILED: u8 = 1;
    const HAS_CAUSE: u8 = 2;
    let rank = ranks.rank();
    let mut outcomes = vec![SUCCEEDED; ranks.size()];
    outcomes[rank] = match &result {
        Ok(_) => SUCCEEDED,
        Err(Error::OtherRank) => FAILED,
        Err(_) => HAS_CAUSE,
    };
    let bounds: Vec<usize> = (0..=ranks.size()).collect();
    ranks.gather(&mut outcomes, &bounds);
    let first = outcomes.iter().position(|&outcome| outcome == HAS_CAUSE);
    match result {
        // The ranks may have different files, so that the cause is to be looked for on this one. If none has succeeded,
        // the cause is the same on all, or they have agreed on it before.
        Err(cause) if first == Some(rank) && outcomes.contains(&SUCCEEDED) => Err(Error::OnRank {
            rank,
            cause: Box::new(cause),
        }),
        Err(error) if first == Some(rank) => Err(error),
        Ok(result) if outcomes.iter().all(|&outcome| outcome == SUCCEEDED) => Ok(result),
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
                        let wanted = match failing.len() {
                            _ if rank != first => "another rank has failed".to_owned(),
                            4 => "--data: is damaged".to_owned(),
                            _ => format!("rank {first}: --data: is damaged"),
                        };
                        let found = found.unwrap_err().to_string();
                        assert_eq!(found, wanted, "{rank} of {failing:?}");
                    }
                }
            }
        }
    }
}
