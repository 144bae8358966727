//! Combinations of the rows of a matrix, which are contiguous, or made so first.

/// The kernels for one precision and one instruction set.
macro_rules! combinations {
    (
        $features:literal, $rows:literal x $vectors:literal,
        transposing $panel_rows:literal x $panel_vectors:literal by tiles of $tile:literal,
        zero: $zero:ident, splat: $splat:ident, load: $load:ident, store: $store:ident, mul: $mul:ident, fma: $fma:ident
    ) => {
        /// The most columns of a panel: those of a block.
        const PANEL_WIDTH: usize = $panel_vectors * LANES;

        /// The most rows of a panel: it fits into the nearest cache.
        const PANEL_DEPTH: usize = (1 << 15) / size_of::<Number>() / PANEL_WIDTH;

        /// So many rows and columns are transposed in registers.
        const TILE: usize = $tile;

        /// What rows of `b` are added up to: the columns `inner` of `a` say how many of each.
        struct Combination<'a> {
            scale: Number,
            a: Matrix<'a, Number>,
            inner: Range<usize>,
            /// The rows, which begin `b_step` apart.
            b: &'a [Number],
            b_step: usize,
            write: Write,
        }

        /// Combinations of the rows of `b`, which are contiguous.
        #[target_feature(enable = $features)]
        fn combinations(
            scale: Number,
            a: Matrix<'_, Number>,
            b: Matrix<'_, Number>,
            out: &mut [Number],
            write: Write,
        ) {
            let (inner, b_step, b) = (0..a.columns(), b.columns(), b.data());
            let all = Combination { scale, a, inner, b, b_step, write };
            all.compute::<$rows, $vectors>(out, 0..b_step, b_step);
        }

        /// Rows of `a` times columns of `b`, which are contiguous: panels of `b` are transposed one after the other.
        #[target_feature(enable = $features)]
        fn transposing(
            scale: Number,
            a: Matrix<'_, Number>,
            b: Matrix<'_, Number>,
            out: &mut [Number],
            write: Write,
        ) {
            let (inner, columns) = (a.columns(), b.columns());
            let panels = inner.div_ceil(PANEL_DEPTH).max(1);
            let depth = inner.div_ceil(panels).next_multiple_of(TILE);
            let mut panel = [[0.0; PANEL_WIDTH]; PANEL_DEPTH];
            for j in (0..columns).step_by(PANEL_WIDTH) {
                let width = j..columns.min(j + PANEL_WIDTH);
                for number in 0..panels {
                    let inner_part = (number * depth).min(inner)..((number + 1) * depth).min(inner);
                    let panel = &mut panel[..inner_part.len()];
                    transpose(&b.data()[j * inner + inner_part.start..], inner, width.len(), panel);
                    let part = Combination {
                        scale,
                        a,
                        inner: inner_part,
                        b: panel.as_flattened(),
                        b_step: PANEL_WIDTH,
                        write: if number == 0 { write } else { Write::Add },
                    };
                    part.compute::<$panel_rows, $panel_vectors>(out, width.clone(), columns);
                }
            }
        }

        /// Writes so many runs of `data`, which begin `step` apart, as columns.
        #[inline]
        #[target_feature(enable = $features)]
        fn transpose(data: &[Number], step: usize, columns: usize, rows: &mut [[Number; PANEL_WIDTH]]) {
            assert!(columns <= PANEL_WIDTH);
            for j in (0..columns).step_by(TILE) {
                for k in (0..rows.len()).step_by(TILE) {
                    if j + TILE <= columns && k + TILE <= rows.len() {
                        let from = &data[j * step + k..][..(TILE - 1) * step + TILE];
                        let to = &mut rows[k..k + TILE].as_flattened_mut()[j..];
                        // SAFETY: TILE runs have so many elements from k on, as the length of `from` says, and so many
                        // rows from j on.
                        unsafe { transpose_tile(from.as_ptr(), step, to.as_mut_ptr(), PANEL_WIDTH) };
                    } else {
                        for j in j..columns.min(j + TILE) {
                            for k in k..rows.len().min(k + TILE) {
                                rows[k][j] = data[j * step + k];
                            }
                        }
                    }
                }
            }
        }

        impl Combination<'_> {
            /// Writes the combinations to columns of the result, whose rows begin `step` apart, in blocks of M rows and C
            /// vectors.
            #[inline]
            #[target_feature(enable = $features)]
            fn compute<const M: usize, const C: usize>(&self, out: &mut [Number], columns: Range<usize>, step: usize) {
                let rows = self.a.rows();
                if rows == 0 || columns.is_empty() {
                    return;
                }
                assert!(self.inner.end <= self.a.columns());
                assert!(columns.len() <= self.b_step && self.inner.len() * self.b_step <= self.b.len());
                assert!(columns.end <= step && rows * step <= out.len());
                let mut j = 0;
                while j < columns.len() {
                    let width = match columns.len() - j {
                        left if left >= C * LANES => C * LANES,
                        left => left.min(LANES),
                    };
                    let mut i = 0;
                    while i < rows {
                        let m = match rows - i {
                            left if left >= M => M,
                            4.. => 4,
                            _ => 1,
                        };
                        let at = i * step + columns.start + j;
                        // SAFETY: there are m rows from i on and `width` columns from j on, in the factors and in the
                        // result, as has been asserted; and `width` is C vectors, or one, or a part of one.
                        unsafe {
                            let to = out.as_mut_ptr().add(at);
                            match m {
                                4 if M != 4 => self.blocks::<4, C>((i, j), to, step, width),
                                1 => self.blocks::<1, C>((i, j), to, step, width),
                                _ => self.blocks::<M, C>((i, j), to, step, width),
                            }
                        }
                        i += m;
                    }
                    j += width;
                }
            }

            /// The block of M rows and `width` columns at (i, j): C vectors, or one, or a part of one.
            ///
            /// # Safety
            ///
            /// The factors have these rows and columns, and they can be written, row by row, `step` apart.
            #[inline]
            #[target_feature(enable = $features)]
            unsafe fn blocks<const M: usize, const C: usize>(
                &self,
                at: (usize, usize),
                to: *mut Number,
                step: usize,
                width: usize,
            ) {
                // SAFETY: the caller's.
                unsafe {
                    match width {
                        LANES => self.block::<M, 1, false>(at, to, step, width),
                        ..LANES => self.block::<M, 1, true>(at, to, step, width),
                        _ => self.block::<M, C, false>(at, to, step, width),
                    }
                }
            }

            /// The block of M rows and C vectors at (i, j); if it is a `PART`, of `width` elements of one vector.
            ///
            /// # Safety
            ///
            /// As for `blocks`.
            #[inline]
            #[target_feature(enable = $features)]
            unsafe fn block<const M: usize, const C: usize, const PART: bool>(
                &self,
                (i, j): (usize, usize),
                to: *mut Number,
                step: usize,
                width: usize,
            ) {
                let mut sums = [[$zero(); C]; M];
                for k in 0..self.inner.len() {
                    // SAFETY: row k of b has elements j to j + width, by the caller's word.
                    let row: [Vector; C] = from_fn(|c| unsafe {
                        let from = self.b.as_ptr().add(k * self.b_step + j + c * LANES);
                        if PART { load_part(from, width) } else { $load(from) }
                    });
                    for m in 0..M {
                        // SAFETY: the matrix has rows up to i + M, by the caller's word, and this column.
                        let factor = $splat(unsafe { self.a.get_unchecked(i + m, self.inner.start + k) });
                        for c in 0..C {
                            sums[m][c] = $fma(factor, row[c], sums[m][c]);
                        }
                    }
                }
                let scale = $splat(self.scale);
                for m in 0..M {
                    for c in 0..C {
                        // SAFETY: row i + m of the result has elements j to j + width, by the caller's word.
                        unsafe {
                            let to = to.add(m * step + c * LANES);
                            let sum = match self.write {
                                Write::Set => $mul(scale, sums[m][c]),
                                Write::Add => {
                                    let before = if PART { load_part(to, width) } else { $load(to) };
                                    $fma(scale, sums[m][c], before)
                                }
                            };
                            if PART { store_part(to, width, sum) } else { $store(to, sum) }
                        }
                    }
                }
            }
        }
    };
}
