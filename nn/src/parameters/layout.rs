//! Where named, shaped slices lie in a flat buffer.

use super::Parameters;
use crate::Initializer;
use autodiff::tensor::{Real, Shape};
use std::ops::Range;
use std::sync::Arc;

/// Slices begin at multiples of so many elements, which is 64 bytes in `f32`; the padding between them is zero.
const ALIGNMENT: usize = 16;

/// A named slice of the flat buffer.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Slice {
    /// The name, such as `layers.0.weight`.
    pub name: String,
    /// The shape.
    pub shape: Shape,
    /// The index of its first element in the buffer.
    pub offset: usize,
    /// How its initial values are drawn.
    pub initializer: Initializer,
}

impl Slice {
    /// The indices of its elements in the buffer.
    #[must_use]
    pub fn range(&self) -> Range<usize> {
        self.offset..self.offset + self.shape.size()
    }

    /// The number of rows: the extent along the first axis.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.shape.first().copied().unwrap_or(1)
    }
}

/// The slices of a flat buffer, and those of the statistics beside it.
///
/// [`Builder`](crate::Builder) makes one while the layers of a model are made.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Layout {
    slices: Vec<Slice>,
    size: usize,
    statistics: Option<Arc<Layout>>,
}

impl Layout {
    /// Appends a slice.
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

    /// As [`push_with`](Layout::push_with), of a name that is known to be new: looking for it takes long among thousands.
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

    /// The same layout with statistics beside the parameters.
    pub(crate) fn with_statistics(self, statistics: Layout) -> Layout {
        let statistics = (!statistics.slices.is_empty()).then(|| Arc::new(statistics));
        Layout { statistics, ..self }
    }

    /// The layout of the statistics: state that is observed while training and not trained. There may be none.
    #[must_use]
    pub fn statistics(&self) -> Option<&Arc<Layout>> {
        self.statistics.as_ref()
    }

    /// Initial parameters and statistics, drawn from a seed, each slice as its [`Initializer`] says.
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

    /// The slice with the given number.
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

    /// The number of parameters, without the padding.
    #[must_use]
    pub fn parameters(&self) -> usize {
        self.slices.iter().map(|slice| slice.shape.size()).sum()
    }

    /// The first slice of `self` that differs from that of another layout, in words.
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
