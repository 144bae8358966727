//! A way to compute a problem, and what it computes.

/// A way to compute a problem at all points.
pub(super) struct Way<'a> {
    pub(super) name: &'static str,
    pub(super) run: Box<dyn FnMut(&mut Results) + 'a>,
}

impl<'a> Way<'a> {
    pub(super) fn new(name: &'static str, run: impl FnMut(&mut Results) + 'a) -> Self {
        Way {
            name,
            run: Box::new(run),
        }
    }
}

/// What a way computes: the outputs at each point, and the derivatives at each point, or one row of sums.
#[derive(Default)]
pub(super) struct Results {
    pub(super) values: Vec<f64>,
    pub(super) derivatives: Vec<f64>,
    pub(super) layout: Layout,
}

/// How derivatives are stored.
#[derive(Default)]
pub(super) enum Layout {
    /// Point after point.
    #[default]
    Rows,
    /// In columns with an entry for each of so many points. There may be more columns than derivatives are asked for.
    Columns(usize),
    /// In an order of its own: for each derivative in rows, its place.
    Places(Vec<usize>),
}

impl Results {
    /// The sum of all numbers, where derivative number i at each point counts i + 1 times.
    pub(super) fn checksum(&self, derivatives_of_a_point: usize) -> f64 {
        let weighted = |row: &[f64]| {
            let terms = row.iter().zip(1..).map(|(x, i)| x * f64::from(i));
            terms.sum::<f64>()
        };
        let of_rows = |derivatives: &[f64]| {
            let rows = derivatives.chunks_exact(derivatives_of_a_point);
            rows.map(weighted).sum::<f64>()
        };
        let derivatives = match &self.layout {
            Layout::Rows => of_rows(&self.derivatives),
            Layout::Columns(count) => {
                let columns = self.derivatives.chunks_exact(*count);
                let sums: Vec<f64> = columns.map(|column| column.iter().sum()).collect();
                weighted(&sums[..derivatives_of_a_point])
            }
            Layout::Places(places) => {
                let rows: Vec<f64> = places
                    .iter()
                    .map(|&place| self.derivatives[place])
                    .collect();
                of_rows(&rows)
            }
        };
        self.values.iter().sum::<f64>() + derivatives
    }
}
