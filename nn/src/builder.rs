//! The builder, which collects the parameters of a model while its layers are made.

use crate::{Initializer, Layout};
use autodiff::tensor::Shape;
use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;
use std::sync::Arc;

/// The index of a parameter in its layout. A layer holds only such indices, so that it is cheap to copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Param(pub(crate) u32);

/// The index of a statistic, and the rate of its updates. A statistic is state that is observed during training and not
/// trained, such as a running mean.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Statistic {
    pub(crate) number: u32,
    pub(crate) rate: f64,
}

/// The number of a stream of random numbers, which [`Pass::rng`](crate::Pass::rng) draws from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stream(pub(crate) u32);

/// Collects the parameters of a model while its layers are made.
///
/// A model has one builder, and its parts get [`at`](Builder::at) of it: a [`Param`] is only a number, which means
/// another parameter in the layout of another builder. Take the [layout](Builder::layout) when all layers are made.
///
/// ```
/// use nn::Builder;
/// use nn::layers::Linear;
///
/// let b = Builder::new();
/// let layers = [
///     Linear::new(&b.at("hidden"), 2, 8),
///     Linear::new(&b.at("output"), 8, 1),
/// ];
/// let layout = b.layout();
/// assert_eq!(layout.slices()[2].name, "output.weight");
/// assert_eq!(layout.parameters(), 2 * 8 + 8 + 8 + 1);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Builder {
    collected: Rc<RefCell<Collected>>,
    prefix: String,
}

#[derive(Debug, Default)]
struct Collected {
    parameters: Layout,
    statistics: Layout,
    stream_count: u32,
}

impl Builder {
    /// Returns a builder without parameters.
    #[must_use]
    pub fn new() -> Builder {
        Builder::default()
    }

    /// Returns a builder that collects into the same layout and prefixes the names of its parameters with `name` and a
    /// dot.
    #[must_use]
    pub fn at(&self, name: impl fmt::Display) -> Builder {
        Builder {
            collected: Rc::clone(&self.collected),
            prefix: format!("{}{name}.", self.prefix),
        }
    }

    /// Adds a parameter.
    ///
    /// # Panics
    ///
    /// If the name is taken, or the number of parameters overflows.
    #[track_caller]
    pub fn param(&self, name: &str, shape: impl Into<Shape>, initializer: Initializer) -> Param {
        let layout = &mut self.collected.borrow_mut().parameters;
        Param(self.append(layout, name, shape.into(), initializer))
    }

    /// Adds a statistic. A step mixes the [observed](crate::Pass::observe) value into it:
    /// `s ← (1 − rate) s + rate · observed`.
    ///
    /// # Panics
    ///
    /// If the name is taken, or the rate is not in [0, 1].
    #[track_caller]
    pub fn statistic(
        &self,
        name: &str,
        shape: impl Into<Shape>,
        initializer: Initializer,
        rate: f64,
    ) -> Statistic {
        assert!(
            (0.0..=1.0).contains(&rate),
            "statistic: a rate of {rate} is not in [0, 1]"
        );
        let layout = &mut self.collected.borrow_mut().statistics;
        Statistic {
            number: self.append(layout, name, shape.into(), initializer),
            rate,
        }
    }

    /// Adds a stream of random numbers.
    #[must_use]
    pub fn stream(&self) -> Stream {
        let count = &mut self.collected.borrow_mut().stream_count;
        *count += 1;
        Stream(*count)
    }

    /// Returns the layout of the collected parameters and statistics.
    #[must_use]
    pub fn layout(&self) -> Arc<Layout> {
        let collected = self.collected.borrow();
        let parameters = collected.parameters.clone();
        Arc::new(parameters.with_statistics(collected.statistics.clone()))
    }

    #[track_caller]
    fn append(&self, layout: &mut Layout, name: &str, shape: Shape, init: Initializer) -> u32 {
        layout.push_with(format!("{}{name}", self.prefix), shape, init);
        (layout.slices().len() - 1) as u32
    }
}
