//! The evals: a file for each, which holds the formula and says how its derivative is made.
//!
//! A function that is generic over [`Scalar`](autodiff::scalar::Scalar) computes with plain numbers, and records itself
//! when it is given variables of a tape.

use crate::call::{Answer, Call};
use crate::error::Error;

mod ba;
mod det;
mod gmm;
mod hello;
mod ht;
mod kmeans;
mod llsq;
mod lse;
mod lstm;
mod nested;
mod ode;
mod particle;
mod saddle;

/// A function that answers the calls of an eval.
pub(crate) type Eval = fn(&Call<'_>) -> Result<Answer, Error>;

/// Returns the eval with this name.
pub(crate) fn find(module: &str) -> Option<Eval> {
    Some(match module {
        "ba" => ba::evaluate,
        "det" => det::evaluate,
        "gmm" => gmm::evaluate,
        "hello" => hello::evaluate,
        "ht" => ht::evaluate,
        "kmeans" => kmeans::evaluate,
        "llsq" => llsq::evaluate,
        "lse" => lse::evaluate,
        "lstm" => lstm::evaluate,
        "ode" => ode::evaluate,
        "particle" => particle::evaluate,
        "saddle" => saddle::evaluate,
        _ => return None,
    })
}
