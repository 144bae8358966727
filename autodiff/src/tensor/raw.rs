//! Functions below the public interface, which `nn` and the benchmarks call for speed. They are exempt from the crate's
//! promise of stability.

pub use super::engine::factor::{Factor, plain, transposed};
pub use super::engine::gradients::bound::{largest_magnitude, magnitude_bound, magnitude_bound_of};
pub use super::engine::gradients::rows::{add_rows_to, descend_rows_of_sum, write_rows_of_sum};
pub use super::engine::gradients::{Gradient, gradient};
pub use super::engine::products::{
    add_product, add_product_rows, descend_products_rows, write_products_rows,
};
pub use autodiff_kernels::{elementary, simd::vectorized};
