//! A training on several ranks has the bits of one process, sends as many bytes as documented, and is refused where it
//! cannot have the bits.

use crate::own_models::bits;
use crate::residual::{Residual, points};
use autodiff::Tensor;
use autodiff::tensor::Real;
use nn::distributed::{Communicator, DistributionError, Threads, on_threads};
use nn::{
    Activation, Adam, AdamW, BatchGradient, Dataset, Gather, Initializer, Mlp, Model, Optimizer,
    OptimizerState, SettingError, Sgd, Snapshot, StandardLoss, StateError, StepError, Supervised,
    Training, evaluate, evaluate_among, snapshot,
};
use std::sync::atomic::{AtomicUsize, Ordering};

/// Images of which most pixels are black.
fn images() -> Dataset {
    let pixels: Vec<u8> = (0..300 * 40_usize)
        .map(|i| if i % 3 == 0 { (i * i % 251) as u8 } else { 0 })
        .collect();
    let classes: Vec<u8> = (0..300).map(|i| (i % 5) as u8).collect();
    Dataset::new(&pixels, [40], &classes).unwrap()
}

fn mlp() -> nn::MlpModel {
    let network = Mlp::new(&[40, 30, 12, 5], Activation::Tanh);
    Supervised::new(network, StandardLoss::cross_entropy())
}

/// Takes five steps of a training on some ranks, each with some threads. Returns the parameters and costs of each rank.
fn steps<'a, T, M, D>(
    training: impl Fn() -> Training<'a, T, M, D> + Sync,
    ranks: usize,
    threads: usize,
) -> Vec<(Vec<u64>, Vec<f64>)>
where
    T: Real,
    M: Model + Send,
    D: Gather<M::Chunk<T>> + 'a,
{
    on_threads(ranks, |communicator| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        pool.unwrap().install(|| {
            let mut training = training().among(communicator).unwrap();
            let costs = (0..5).map(|_| training.step().unwrap()).collect();
            (bits(&training.parameters), costs)
        })
    })
}

/// Checks that all ranks have the bits of the plain training.
fn check<'a, T, M, D>(name: &str, training: impl Fn() -> Training<'a, T, M, D> + Sync)
where
    T: Real,
    M: Model + Send,
    D: Gather<M::Chunk<T>> + 'a,
{
    let mut plain = training();
    let costs: Vec<f64> = (0..5).map(|_| plain.step().unwrap()).collect();
    let wanted = (bits(&plain.parameters), costs);
    for ranks in 1..=4 {
        for threads in [1, 2] {
            for (rank, found) in steps(&training, ranks, threads).into_iter().enumerate() {
                assert_eq!(
                    found, wanted,
                    "{name}: rank {rank} of {ranks}, {threads} threads"
                );
            }
        }
    }
}

/// The cases of each precision.
fn check_all<T: Real>() {
    let images = images();
    let start = |shards: Option<usize>, optimizer: fn() -> Box<dyn Optimizer<T>>| {
        let images = &images;
        move || {
            let (model, gradient) = (mlp(), BatchGradient::tape(mlp()));
            let initial = model.network.init::<T>(Initializer::GlorotUniform, 3);
            let gradient = match shards {
                Some(shards) => gradient.shards(shards),
                None => gradient,
            };
            Training::new(gradient, initial, optimizer(), images)
        }
    };
    let sgd: fn() -> Box<dyn Optimizer<T>> = || Box::new(Sgd::new(0.1));
    let adam: fn() -> Box<dyn Optimizer<T>> = || Box::new(Adam::new(0.01));
    // With one and two shards, some ranks have no samples; some runs of 7 and 16 shards on 3 and 4 ranks are several
    // subtrees.
    for shards in [None, Some(1), Some(7), Some(16)] {
        check(&format!("SGD, {shards:?} shards"), start(shards, sgd));
        check(&format!("Adam, {shards:?} shards"), start(shards, adam));
    }
    let batches = start(Some(5), adam);
    check("Adam, batches", move || batches().batches(128, 4));

    let (model, points) = (Residual::new(24), points::<T>(200));
    for shards in [2, 8] {
        check(&format!("residual, {shards} shards"), || {
            let gradient = BatchGradient::tape(&model).seed(9).shards(shards);
            let initial = model.layout().init(1);
            Training::new(gradient, initial, Box::new(AdamW::new(0.01)), &points).batches(150, 2)
        });
    }
}

#[test]
fn any_number_of_ranks_and_threads_has_the_bits_of_one_process() {
    check_all::<f32>();
    check_all::<f64>();
}

/// Counts the bytes that a rank sends.
#[derive(Debug)]
struct Counting<'a> {
    inner: &'a Threads,
    sent: AtomicUsize,
}

impl Counting<'_> {
    fn count(&self, bytes: usize) {
        self.sent.fetch_add(bytes, Ordering::Relaxed);
    }
}

impl Communicator for Counting<'_> {
    fn rank(&self) -> usize {
        self.inner.rank()
    }

    fn size(&self) -> usize {
        self.inner.size()
    }

    fn exchange(&self, to: usize, outgoing: &[u8], from: usize, incoming: &mut [u8]) {
        self.count(outgoing.len());
        self.inner.exchange(to, outgoing, from, incoming);
    }

    fn gather(&self, bytes: &mut [u8], bounds: &[usize]) {
        let own = bounds[self.rank() + 1] - bounds[self.rank()];
        self.count(own * (self.size() - 1));
        self.inner.gather(bytes, bounds);
    }

    fn broadcast(&self, root: usize, bytes: &mut [u8]) {
        self.inner.broadcast(root, bytes);
    }

    fn barrier(&self) {
        self.inner.barrier();
    }

    fn abort(&self, message: &str) -> ! {
        self.inner.abort(message)
    }
}

#[test]
fn a_step_sends_the_documented_number_of_bytes() {
    let images = images();
    let size = mlp().layout().size();
    // Shards, ranks, and the number of subtrees of each rank.
    for (shards, subtrees) in [
        (16, &[1, 1, 1, 1][..]),
        (16, &[1, 1]),
        (2, &[0, 1, 0, 1]),
        (6, &[1, 2, 1, 1]),
        (5, &[1, 2]),
    ] {
        let ranks = subtrees.len();
        let sent = on_threads(ranks, |inner| {
            let counting = Counting {
                inner,
                sent: AtomicUsize::new(0),
            };
            let initial = mlp().network.init::<f32>(Initializer::GlorotUniform, 3);
            let gradient = BatchGradient::tape(mlp()).shards(shards);
            let adam = Box::new(Adam::new(0.01));
            let mut training = Training::new(gradient, initial, adam, &images)
                .among(&counting)
                .unwrap();
            training.step().unwrap();
            let own = training.optimizer.size().unwrap();
            drop(training);
            (counting.sent.into_inner(), own)
        });
        assert_eq!(sent.iter().map(|(_, own)| own).sum::<usize>(), size);
        for (rank, (sent, own)) in sent.into_iter().enumerate() {
            let own_shards = shards * (rank + 1) / ranks - shards * rank / ranks;
            let sums = subtrees[rank] * (size - own) * 4;
            let wanted = (ranks - 1) * 16 * own_shards + sums + (ranks - 1) * own * 4;
            assert_eq!(sent, wanted, "rank {rank} of {ranks}, {shards} shards");
            assert!(ranks < 4 || own as f64 <= 0.27 * size as f64);
        }
    }
}

/// Takes some steps.
fn take(training: &mut Training<'_, f32, nn::MlpModel, Dataset>, steps: usize) {
    for _ in 0..steps {
        training.step().unwrap();
    }
}

#[test]
fn a_training_saved_on_some_ranks_is_resumed_on_others() {
    let images = images();
    let folder = tempfile::tempdir().unwrap();
    let notes = snapshot::Notes::from([("seed".to_owned(), "8".to_owned())]);
    let start = |parameters, adam: Adam<f32>| {
        let gradient = BatchGradient::tape(mlp()).shards(4);
        Training::new(gradient, parameters, Box::new(adam), &images)
            .batches(100, 8)
            .notes(notes.clone())
    };
    let initial = || mlp().network.init::<f32>(Initializer::GlorotUniform, 3);
    let mut plain = start(initial(), Adam::new(0.01));
    take(&mut plain, 7);
    let wanted = (bits(&plain.parameters), plain.optimizer.state());
    let file = |ranks: usize| folder.path().join(ranks.to_string());
    for ranks in 1..=3 {
        on_threads(ranks, |communicator| {
            let mut training = start(initial(), Adam::new(0.01))
                .among(communicator)
                .unwrap();
            take(&mut training, 4);
            training.save(file(ranks)).unwrap();
        });
        let read = |ranks| std::fs::read(file(ranks)).unwrap();
        assert!(
            read(ranks) == read(1),
            "the files of {ranks} ranks and of one differ"
        );
    }
    for ranks in 1..=4 {
        on_threads(ranks, |communicator| {
            let mut adam = Adam::new(1.0);
            let saved: Snapshot<f32> = snapshot::load_training(file(2), &mut adam).unwrap();
            assert_eq!(saved.notes, notes);
            let mut training = start(saved.parameters, adam)
                .resumed_after(4)
                .among(communicator)
                .unwrap();
            take(&mut training, 3);
            let found = (bits(&training.parameters), training.optimizer_state());
            assert_eq!(found, wanted);
        });
    }
}

#[test]
fn a_step_that_is_not_finite_is_refused_by_all_ranks() {
    let (model, [x, y]) = (Residual::new(8), points::<f32>(64));
    let mut far = x.clone();
    far.data_mut()[3 * 50] = f32::MAX;
    for (points, learning_rate) in [([far, y.clone()], 0.1), ([x, y], 3e38)] {
        let start = || {
            let (gradient, initial) = (BatchGradient::tape(&model), model.layout().init(1));
            Training::new(
                gradient,
                initial,
                Box::new(Sgd::new(learning_rate)),
                &points,
            )
        };
        // The first step that fails.
        let run = |mut training: Training<'_, f32, &Residual, [Tensor<f32>; 2]>| {
            let error = (0..9).find_map(|_| training.step().err());
            let gradient = bits(training.gradient().gradient());
            let state = (bits(&training.parameters), training.steps());
            (error, gradient, state)
        };
        let (error, gradient, state) = run(start());
        let error = error.unwrap();
        for ranks in 2..=4 {
            for found in on_threads(ranks, |c| run(start().among(c).unwrap())) {
                let found_error = found.0.unwrap();
                assert_eq!(found_error.to_string(), error.to_string());
                assert_eq!((&found.1, &found.2), (&gradient, &state));
            }
        }
    }
}

/// An optimizer that uses the whole gradient.
#[derive(Debug)]
struct WholeGradient;

impl Optimizer<f32> for WholeGradient {
    fn step(&mut self, _: &mut [f32], _: &[f32]) -> Result<(), StepError> {
        Ok(())
    }

    fn learning_rate(&self) -> f64 {
        1.0
    }

    fn set_learning_rate(&mut self, _: f64) -> Result<(), SettingError> {
        Ok(())
    }

    fn state(&self) -> OptimizerState<f32> {
        OptimizerState {
            name: "l-bfgs".to_owned(),
            settings: Default::default(),
            steps: 0,
            moments: Vec::new(),
        }
    }

    fn restore(&mut self, _: OptimizerState<f32>) -> Result<(), StateError> {
        Ok(())
    }
}

/// A model with batch normalization.
struct Normalized(nn::layers::BatchNorm1d, std::sync::Arc<nn::Layout>);

impl Model for Normalized {
    type Chunk<T: Real> = [Tensor<T>; 2];

    fn layout(&self) -> &std::sync::Arc<nn::Layout> {
        &self.1
    }

    fn cost<A: autodiff::tensor::Algebra>(
        &self,
        pass: &nn::Pass<'_, A>,
        [x, _]: [Tensor<A::Element>; 2],
    ) -> A {
        use nn::layers::Layer;
        self.0.forward(pass, &pass.constant(x)).square().sum()
    }
}

#[test]
fn what_cannot_have_the_bits_is_refused_by_name() {
    let (model, points) = (Residual::new(8), points::<f32>(64));
    let b = nn::Builder::new();
    let normalized = Normalized(nn::layers::BatchNorm1d::new(&b.at("norm"), 3), b.layout());
    on_threads(2, |communicator| {
        let gradient = BatchGradient::tape(&model);
        let initial = model.layout().init(1);
        let training = Training::new(gradient, initial, Box::new(WholeGradient), &points);
        let refused = training.among(communicator).err().unwrap();
        let wanted =
            "the optimizer `l-bfgs` cannot be used on several ranks: it needs the whole gradient";
        assert_eq!(refused.to_string(), wanted);

        let gradient = BatchGradient::tape(&normalized);
        let initial = normalized.layout().init(1);
        let training = Training::new(gradient, initial, Box::new(Sgd::new(0.1)), &points);
        let refused = training.among(communicator).err().unwrap();
        let text = refused.to_string();
        assert!(
            text.contains("Normalized` cannot be trained on several ranks"),
            "{text}"
        );
        assert!(text.contains("whose statistic is `norm."), "{text}");

        let mut adam = Adam::new(0.1);
        adam.step(&mut [0.0], &[0.0]).unwrap();
        let (gradient, initial) = (BatchGradient::tape(&model), model.layout().init(1));
        let training = Training::new(gradient, initial, Box::new(adam), &points);
        let refused = training.among(communicator).err().unwrap();
        assert!(matches!(
            refused,
            DistributionError::Moments { found: 1, .. }
        ));
    });
}

#[test]
fn an_evaluation_on_several_ranks_is_that_of_one_process() {
    let (images, model) = (images(), mlp());
    let initial = model.network.init::<f32>(Initializer::GlorotUniform, 3);
    for samples in [300, 64, 1] {
        let images = images.range(0..samples);
        let wanted = evaluate(&model, &initial, &images);
        for ranks in 1..=4 {
            for found in on_threads(ranks, |c| evaluate_among(&model, &initial, &images, c)) {
                assert_eq!(found, wanted);
            }
        }
    }
}
