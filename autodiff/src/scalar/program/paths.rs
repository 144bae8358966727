//! `Paths`: how many points took which path.

/// How many points took which path through the function of a [`Program`](super::Program).
///
/// A path is a sequence of outcomes of comparisons. If there are many paths with few points each, the program gains
/// little over a tape: look for comparisons that [`Var::select_less`](crate::scalar::Var::select_less) or a function
/// such as `max` can replace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paths {
    /// The number of points on each compiled path, in the order in which they were recorded.
    pub compiled: Vec<u64>,
    /// The number of points that were left to a tape.
    pub on_tape: u64,
}
