//! Combinations of the rows of a matrix.

/// The kernel for one precision and one instruction set.
macro_rules! combinations {
    (
        $features:literal, $vectors:literal,
        zero: $zero:ident, splat: $splat:ident, load: $load:ident, store: $store:ident, mul: $mul:ident, fma: $fma:ident
    ) => {
        /// So many bytes of `b` are used together: they stay in the nearest cache, with the rows of `a`.
        const STRIP_BYTES: usize = 1 << 14;

        /// Combinations of the rows of `b`, which are contiguous.
        #[target_feature(enable = $features)]
        fn combinations(
            scale: Number,
            a: Matrix<'_, Number>,
            b: Matrix<'_, Number>,
            out: &mut [Number],
            write: Write,
        ) {
            let (rows, columns, inner) = (a.rows(), b.columns(), a.columns());
            // A strip of a short `b` is wide, so that the rows of the result are gone along and not across.
            let width = STRIP_BYTES / size_of::<Number>() / inner.max(1);
            let width = width.max(1).next_multiple_of($vectors * LANES);
            for j in (0..columns).step_by(width) {
                let strip = j..columns.min(j + width);
                let mut i = 0;
                while i < rows {
                    // Blocks of 4 to 6 rows, wherever that can be.
                    let m = match rows - i {
                        4 | 7 | 8 => 4,
                        5 | 9 | 10 | 13 => 5,
                        6.. => 6,
                        few => few,
                    };
                    // SAFETY: rows i to i + m and these columns are inside the result.
                    unsafe {
                        match m {
                            6 => blocks::<6>(scale, &a, &b, out, i, &strip, write),
                            5 => blocks::<5>(scale, &a, &b, out, i, &strip, write),
                            4 => blocks::<4>(scale, &a, &b, out, i, &strip, write),
                            3 => blocks::<3>(scale, &a, &b, out, i, &strip, write),
                            2 => blocks::<2>(scale, &a, &b, out, i, &strip, write),
                            _ => blocks::<1>(scale, &a, &b, out, i, &strip, write),
                        }
                    }
                    i += m;
                }
            }
        }

        /// M rows of a strip, from row i on: blocks of as many vectors as fit, or one, or a part of one.
        ///
        /// # Safety
        ///
        /// They lie inside the result.
        #[target_feature(enable = $features)]
        unsafe fn blocks<const M: usize>(
            scale: Number,
            a: &Matrix<'_, Number>,
            b: &Matrix<'_, Number>,
            out: &mut [Number],
            i: usize,
            strip: &Range<usize>,
            write: Write,
        ) {
            const C: usize = $vectors;
            let mut j = strip.start;
            while j < strip.end {
                let left = strip.end - j;
                let width = if left >= C * LANES {
                    C * LANES
                } else {
                    left.min(LANES)
                };
                // SAFETY: the caller's, for these columns are in the strip.
                unsafe {
                    match width {
                        LANES => block::<M, 1, false>(scale, a, b, out, (i, j), width, write),
                        ..LANES => block::<M, 1, true>(scale, a, b, out, (i, j), width, write),
                        _ => block::<M, C, false>(scale, a, b, out, (i, j), width, write),
                    }
                }
                j += width;
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
