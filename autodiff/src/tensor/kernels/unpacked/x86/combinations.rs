//! Combinations of the rows of a matrix.

/// The kernel for one precision and one instruction set.
macro_rules! combinations {
    (
        $features:literal, $rows:literal x $vectors:literal,
        zero: $zero:ident, splat: $splat:ident, load: $load:ident, store: $store:ident, mul: $mul:ident, fma: $fma:ident
    ) => {
        /// Combinations of the rows of `b`, which are contiguous.
        #[target_feature(enable = $features)]
        fn combinations(
            scale: Number,
            a: Matrix<'_, Number>,
            b: Matrix<'_, Number>,
            out: &mut [Number],
            write: Write,
        ) {
            const M: usize = $rows;
            const C: usize = $vectors;
            let (rows, columns) = (a.rows(), b.columns());
            let mut j = 0;
            while j < columns {
                let width = match columns - j {
                    left if left >= C * LANES => C * LANES,
                    left => left.min(LANES),
                };
                let mut i = 0;
                while i < rows {
                    let m = match rows - i {
                        M.. => M,
                        4.. => 4,
                        _ => 1,
                    };
                    // SAFETY: rows i to i + m and columns j to j + width are inside the result.
                    unsafe {
                        match m {
                            M => blocks::<M>(scale, &a, &b, out, (i, j), width, write),
                            4 => blocks::<4>(scale, &a, &b, out, (i, j), width, write),
                            _ => blocks::<1>(scale, &a, &b, out, (i, j), width, write),
                        }
                    }
                    i += m;
                }
                j += width;
            }
        }

        /// The block of M rows and `width` columns at (i, j): as many vectors as fit, or one, or a part of one.
        ///
        /// # Safety
        ///
        /// It lies inside the result.
        #[inline]
        #[target_feature(enable = $features)]
        unsafe fn blocks<const M: usize>(
            scale: Number,
            a: &Matrix<'_, Number>,
            b: &Matrix<'_, Number>,
            out: &mut [Number],
            at: (usize, usize),
            width: usize,
            write: Write,
        ) {
            // SAFETY: the caller's.
            unsafe {
                match width {
                    LANES => block::<M, 1, false>(scale, a, b, out, at, width, write),
                    ..LANES => block::<M, 1, true>(scale, a, b, out, at, width, write),
                    _ => block::<M, { $vectors }, false>(scale, a, b, out, at, width, write),
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
            scale: Number,
            a: &Matrix<'_, Number>,
            b: &Matrix<'_, Number>,
            out: &mut [Number],
            (i, j): (usize, usize),
            width: usize,
            write: Write,
        ) {
            let columns = b.columns();
            let mut sums = [[$zero(); C]; M];
            for k in 0..a.columns() {
                // SAFETY: row k of b has elements j to j + width, by the caller's word.
                let row: [Vector; C] = from_fn(|c| unsafe {
                    let from = b.data().as_ptr().add(k * columns + j + c * LANES);
                    if PART {
                        load_part(from, width)
                    } else {
                        $load(from)
                    }
                });
                for m in 0..M {
                    // SAFETY: the matrix has rows up to i + M, by the caller's word, and column k.
                    let factor = $splat(unsafe { a.get_unchecked(i + m, k) });
                    for c in 0..C {
                        sums[m][c] = $fma(factor, row[c], sums[m][c]);
                    }
                }
            }
            let scale = $splat(scale);
            for m in 0..M {
                for c in 0..C {
                    // SAFETY: row i + m of the result has elements j to j + width, by the caller's word.
                    unsafe {
                        let to = out.as_mut_ptr().add((i + m) * columns + j + c * LANES);
                        let sum = match write {
                            Write::Set => $mul(scale, sums[m][c]),
                            Write::Add => {
                                let before = if PART {
                                    load_part(to, width)
                                } else {
                                    $load(to)
                                };
                                $fma(scale, sums[m][c], before)
                            }
                        };
                        if PART {
                            store_part(to, width, sum)
                        } else {
                            $store(to, sum)
                        }
                    }
                }
            }
        }
    };
}
