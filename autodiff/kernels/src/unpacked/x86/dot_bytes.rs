//! Dot products of rows of bytes, which are converted to numbers when they are loaded.
//!
//! Pictures are mostly zeros. The vectors that are nonzero in any row of a block are listed first, without branches.
//! The products then read only the listed vectors. A list is used for all columns.

/// The kernel for one precision and one instruction set.
macro_rules! dot_bytes {
    ($features:literal) => {
        /// The number of rows of bytes in a block. The more rows, the fewer vectors are zero in all of them.
        const PAIR: usize = 2;

        /// The largest number of pairs of rows that are listed together and share a block of columns.
        const PAIRS: usize = 64;

        /// The number of elements in a part of a row. The columns of a block stay in the first-level cache together
        /// with the pairs.
        const PART_OF_BYTES: usize = 3584 / size_of::<Number>();

        /// Whether a vector of bytes is nonzero in any of M rows, which are `step` apart.
        ///
        /// # Safety
        ///
        /// Each row has these bytes.
        #[inline]
        unsafe fn any<const M: usize>(from: *const u8, step: usize) -> bool {
            (0..M).fold(0, |any, m| {
                // SAFETY: the caller vouches for the bytes.
                any | unsafe { from.add(m * step).cast::<Bytes>().read_unaligned() }
            }) != 0
        }

        /// Writes or adds `scale · a · b`, where the rows of `a` and the columns of `b` are contiguous.
        #[target_feature(enable = $features)]
        pub(in crate::unpacked) fn dot_bytes(
            scale: Number,
            a: &Matrix<'_, u8>,
            b: &Matrix<'_, Number>,
            out: &mut [Number],
            write: Write,
        ) {
            let (rows, columns, inner) = (a.rows(), b.columns(), a.columns());
            assert_eq!((inner, out.len()), (b.rows(), rows * columns));
            assert!(a.lies_inside() && b.lies_inside());
            let length = part_length(inner, PART_OF_BYTES, LANES);
            // Few columns stay in cache, and each pair is listed just before it is used.
            let height = if columns <= NARROW {
                PAIR
            } else {
                PAIRS * PAIR
            };
            let mut k = 0;
            while k < inner.max(1) {
                let part = k..inner.min(k + length);
                let write = if k == 0 { write } else { Write::Add };
                let mut first = 0;
                while first < rows {
                    let last = rows.min(first + height);
                    // SAFETY: the extents were checked above, and there are at most `PAIRS` pairs.
                    unsafe { dot_pairs(scale, a, b, first..last, &part, out, write) };
                    first = last;
                }
                k += length;
            }
        }

        /// Forms the products of a part of some rows of bytes and the columns of `b`.
        ///
        /// # Safety
        ///
        /// Both factors have this part, and `a` and the result have these rows.
        #[target_feature(enable = $features)]
        unsafe fn dot_pairs(
            scale: Number,
            a: &Matrix<'_, u8>,
            b: &Matrix<'_, Number>,
            rows: Range<usize>,
            part: &Range<usize>,
            out: &mut [Number],
            write: Write,
        ) {
            const COLUMNS: usize = BYTE_DOT_COLUMNS;
            let columns = b.columns();
            let mut list = IndexList::<{ PAIRS * (PART_OF_BYTES / LANES) }>::new();
            let mut begins = [0; PAIRS + 1];
            let pairs = rows.len().div_ceil(PAIR);
            let pair = |number: usize| {
                let i = rows.start + number * PAIR;
                let a = Slices::new(a.data(), i, a.row_stride(), part);
                (i, PAIR.min(rows.end - i), a)
            };
            for number in 0..pairs {
                let (_, m, a) = pair(number);
                let vectors = (0..a.len / LANES * LANES).step_by(LANES);
                if m == PAIR {
                    // SAFETY: the part has a vector at each of these indices in each of these rows.
                    list.extend_if(vectors, |k| unsafe { any::<PAIR>(a.from.add(k), a.step) });
                } else {
                    // SAFETY: as above.
                    list.extend_if(vectors, |k| unsafe { any::<1>(a.from.add(k), 0) });
                }
                begins[number + 1] = list.len();
            }
            let nonzero = list.as_slice();
            let most = match rows.len() {
                1 => SINGLE_ROW_COLUMNS,
                _ if columns <= NARROW => NARROW_BYTE_DOT_COLUMNS,
                _ => COLUMNS,
            };
            let mut j = 0;
            while j < columns {
                let left = columns - j;
                let n = match left {
                    1 => 1,
                    left if left >= most => most,
                    COLUMNS.. => COLUMNS,
                    _ => 2,
                };
                let b = Slices::new(b.data(), j, b.column_stride(), part);
                for number in 0..pairs {
                    let (i, m, a) = pair(number);
                    let nonzero = &nonzero[begins[number]..begins[number + 1]];
                    let out = out[i * columns + j..].as_mut_ptr();
                    // Prefetches the next pair, one cache line per step.
                    let next = a.from.wrapping_add(PAIR * a.step);
                    let vectors = nonzero.iter().enumerate().map(|(line, &k)| {
                        prefetch_line(next.wrapping_add(64 * line));
                        usize::from(k)
                    });
                    // SAFETY: rows i to i + m and columns j to j + n are inside the result, and the part is inside both
                    // factors.
                    unsafe {
                        macro_rules! block {
                            ($m:expr, $n:expr) => {
                                dot_block::<{ $m }, { $n }, u8>(
                                    scale, a, b, vectors, out, columns, write,
                                )
                            };
                        }
                        match (m, n) {
                            (PAIR, SINGLE_ROW_COLUMNS) => block!(PAIR, SINGLE_ROW_COLUMNS),
                            (PAIR, COLUMNS) => block!(PAIR, COLUMNS),
                            (PAIR, 2) => block!(PAIR, 2),
                            (PAIR, _) => block!(PAIR, 1),
                            (_, SINGLE_ROW_COLUMNS) => block!(1, SINGLE_ROW_COLUMNS),
                            (_, COLUMNS) => block!(1, COLUMNS),
                            (_, 2) => block!(1, 2),
                            _ => block!(1, 1),
                        }
                    }
                }
                j += n;
            }
        }
    };
}
