//! The model of the costs of a step.

/// The seconds of a step's parts in one process, and its sizes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Costs {
    pub(crate) step: f64,
    /// The update of all parameters.
    pub(crate) update: f64,
    /// The sum of as many numbers as there are parameters.
    pub(crate) add: f64,
    pub(crate) parameters: f64,
    pub(crate) shards: usize,
}

/// The seconds before a byte arrives, and the bytes in a second.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Network {
    pub(crate) latency: f64,
    pub(crate) bandwidth: f64,
}

/// Predicts the seconds of a step.
pub(crate) fn predict(costs: &Costs, ranks: usize, network: Network) -> f64 {
    if ranks == 1 {
        return costs.step;
    }
    let [shards, subtrees, all] = division(costs.shards, ranks);
    let n = ranks as f64;
    let share = shards / costs.shards as f64;
    let message = |count: f64| {
        (n - 1.0) * (network.latency + count * 4.0 * costs.parameters / n / network.bandwidth)
    };
    let communication = message(subtrees) + message(1.0) + (n - 1.0) * network.latency;
    let sums = costs.add * (subtrees + (all - 1.0) / n);
    (costs.step - costs.update) * share + sums + costs.update / n + communication
}

/// Returns the numbers of shards and subtrees of the rank that has most, and the number of all subtrees.
fn division(shards: usize, ranks: usize) -> [f64; 3] {
    fn subtrees(tree: [usize; 2], run: [usize; 2]) -> usize {
        let ([start, end], [from, to]) = (tree, run);
        if start >= to || from >= end {
            return 0;
        }
        if from <= start && end <= to {
            return 1;
        }
        let middle = start + (end - start).next_power_of_two() / 2;
        subtrees([start, middle], run) + subtrees([middle, end], run)
    }
    let runs = (0..ranks).map(|rank| [shards * rank / ranks, shards * (rank + 1) / ranks]);
    let most = runs.clone().map(|[from, to]| to - from).max().unwrap_or(0);
    let counts = runs.map(|run| subtrees([0, shards], run));
    let (most_subtrees, all) = counts.fold((0, 0), |(most, all), n| (most.max(n), all + n));
    [most, most_subtrees, all].map(|number| number as f64)
}
