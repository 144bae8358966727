//! The layout of a flat buffer: names, shapes and offsets of its slices.

use super::Parameters;
use crate::Initializer;
use autodiff::tensor::{Real, Shape};
use std::ops::Range;
use std::sync::Arc;

/// Slices begin at multiples of this number of elements, which is 64 bytes in `f32`. The padding between slices is
/// zero.
const ALIGNMENT: usize = 16;

/// A named slice of the flat buffer.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Slice {
    /// The name, such as `layers.0.weight`.
    pub name: String,
    /// The shape.
    pub shape: Shape,
    /// The index of the slice's first element in the buffer.
    pub offset: usize,
    /// The distribution of its initial values.
    pub initializer: Initializer,
}

impl Slice {
    /// The range of the slice in the buffer.
    #[must_use]
    pub fn range(&self) -> Range<usize> {
        self.offset..self.offset + self.shape.size()
    }

    /// The number of rows: the extent along the first axis, or 1 for a scalar.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.shape.first().copied().unwrap_or(1)
    }
}

/// The slices of a flat buffer of parameters, and the layout of the statistics, if there are any.
///
/// A [`Builder`](crate::Builder) collects one while the layers of a model are made.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Layout {
    slices: Vec<Slice>,
    size: usize,
    statistics: Option<Arc<Layout>>,
}

impl Layout {
    /// Appends a slice whose initial values are 0.
    ///
    /// # Panics
    ///
    /// If the name is already taken, or the size overflows.
    #[track_caller]
    pub fn push(&mut self, name: impl Into<String>, shape: impl Into<Shape>) {
        self.push_with(name.into(), shape.into(), Initializer::Constant(0.0));
    }

    #[track_caller]
    pub(crate) fn push_with(&mut self, name: String, shape: Shape, initializer: Initializer) {
        assert!(
            self.slices.iter().all(|slice| slice.name != name),
            "a parameter `{name}` exists already"
        );
        self.append(name, shape, initializer);
    }

    /// Like [`push_with`](Layout::push_with), for a name that is known to be new. Comparing it with thousands of names
    /// would be slow.
    #[track_caller]
    pub(crate) fn append(&mut self, name: String, shape: Shape, initializer: Initializer) {
        let offset = self.size;
        let end = offset
            .checked_add(shape.size())
            .and_then(|end| end.checked_next_multiple_of(ALIGNMENT));
        self.size = end.expect("more parameters than can be counted");
        self.slices.push(Slice {
            name,
            shape,
            offset,
            initializer,
        });
    }

    /// Returns the layout with the given layout of statistics.
    pub(crate) fn with_statistics(self, statistics: Layout) -> Layout {
        let statistics = (!statistics.slices.is_empty()).then(|| Arc::new(statistics));
        Layout { statistics, ..self }
    }

    /// The layout of the statistics, if there are any. Statistics are state that is observed during training and not
    /// trained.
    #[must_use]
    pub fn statistics(&self) -> Option<&Arc<Layout>> {
        self.statistics.as_ref()
    }

    /// Returns initial parameters and statistics. Each slice is drawn by its [`Initializer`] from the seed.
    ///
    /// # Panics
    ///
    /// If the standard deviation or bound of an initializer is negative or not finite.
    #[must_use]
    #[track_caller]
    pub fn init<T: Real>(self: &Arc<Self>, seed: u64) -> Parameters<T> {
        let mut rng = Initializer::generator(seed);
        let mut parameters = Parameters::zeros(Arc::clone(self));
        for (number, slice) in self.slices.iter().enumerate() {
            let rows = slice.rows();
            let columns = slice.shape.size() / rows.max(1);
            let values = slice.initializer.draw::<T>(rows, columns, &mut rng);
            parameters.slice_mut(number).copy_from_slice(values.data());
        }
        if let Some(statistics) = &self.statistics {
            parameters.statistics = Some(Box::new(statistics.init(seed)));
        }
        parameters
    }

    /// The slices, in the order of the buffer.
    #[must_use]
    pub fn slices(&self) -> &[Slice] {
        &self.slices
    }

    /// Returns the slice with the given number.
    #[track_caller]
    pub(super) fn slice(&self, number: usize) -> &Slice {
        match self.slices.get(number) {
            Some(slice) => slice,
            None => panic!(
                "there is no slice {number}: there are {}",
                self.slices.len()
            ),
        }
    }

    /// The size of the buffer in elements, including padding.
    #[must_use]
    pub fn size(&self) -> usize {
        self.size
    }

    /// The number of parameters, without padding.
    #[must_use]
    pub fn parameters(&self) -> usize {
        self.slices.iter().map(|slice| slice.shape.size()).sum()
    }

    /// Describes the first slice in which `self` and `other` differ; `None` if they agree.
    #[cold]
    pub(super) fn difference<'a>(&'a self, other: &'a Layout) -> Option<String> {
        let told = |slice: &Slice| format!("`{}` of shape {}", slice.name, slice.shape);
        let same = |a: &Slice, b: &Slice| a.name == b.name && a.shape == b.shape;
        let count = self.slices.len().max(other.slices.len());
        let difference = (0..count).find_map(|number| {
            match (self.slices.get(number), other.slices.get(number)) {
                (Some(found), Some(wanted)) if same(found, wanted) => None,
                (Some(found), Some(wanted)) => Some(format!(
                    "slice {number} is {}, not {}",
                    told(found),
                    told(wanted)
                )),
                (Some(found), None) => {
                    Some(format!("slice {number}, {}, is one too many", told(found)))
                }
                (None, wanted) => {
                    wanted.map(|wanted| format!("there is no slice {number}, {}", told(wanted)))
                }
            }
        });
        let none = Layout::default();
        let statistics = |layout: &'a Layout| layout.statistics.as_deref();
        difference.or_else(|| match (statistics(self), statistics(other)) {
            (None, None) => None,
            (found, wanted) => {
                let difference = found.unwrap_or(&none).difference(wanted.unwrap_or(&none))?;
                Some(format!("statistics: {difference}"))
            }
        })
    }
}
