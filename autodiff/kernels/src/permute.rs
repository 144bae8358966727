//! Permutation of axes.

use smallvec::SmallVec;

/// The side of the square tiles of a transpose. The rows and the columns of a tile both stay in cache.
const TILE: usize = 16;

/// Copies `x`, of the given shape, to `y` with the axes permuted: axis `i` of `y` is axis `order[i]` of `x`.
pub fn permute<T: Copy>(x: &[T], shape: &[usize], order: &[usize], y: &mut [T]) {
    if x.is_empty() {
        return;
    }
    if let ([1, 0], &[rows, columns]) = (order, shape) {
        return transpose(x, rows, columns, y);
    }
    let mut steps: SmallVec<[usize; 4]> = SmallVec::from_elem(1, shape.len());
    for axis in (0..shape.len().saturating_sub(1)).rev() {
        steps[axis] = steps[axis + 1] * shape[axis + 1];
    }
    let mut index: SmallVec<[usize; 4]> = SmallVec::from_elem(0, shape.len());
    let mut from = 0;
    for y in y {
        *y = x[from];
        for (&axis, position) in order.iter().zip(&mut index).rev() {
            *position += 1;
            from += steps[axis];
            if *position < shape[axis] {
                break;
            }
            from -= steps[axis] * shape[axis];
            *position = 0;
        }
    }
}

fn transpose<T: Copy>(x: &[T], rows: usize, columns: usize, y: &mut [T]) {
    for top in (0..rows).step_by(TILE) {
        for left in (0..columns).step_by(TILE) {
            for i in top..(top + TILE).min(rows) {
                for j in left..(left + TILE).min(columns) {
                    y[j * rows + i] = x[i * columns + j];
                }
            }
        }
    }
}
