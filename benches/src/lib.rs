//! The code that the benchmarks share: networks, training steps, tape nodes, scalar problems, and timing.

pub mod models;
mod networks;
pub mod nodes;
pub mod peer;
pub mod program_problems;
pub mod scalar_problems;
pub mod scaling;
mod timing;
mod trainer;
mod workloads;

pub use networks::{Case, FULL, Images, NETWORKS, Network};
pub use timing::{Side, Turns, median, take_turns};
pub use trainer::{Trainer, pool, steps};
pub use workloads::{WORKLOADS, Workload};

pub use nn::OptimizerSettings;
