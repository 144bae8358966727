//! Linear combinations of rows of bytes, which are converted to numbers when they are loaded.
//!
//! For each vector of columns, the rows in which it is nonzero are listed first. The products then read only the listed
//! rows. A list is used for all rows of the result.

/// The kernel for one precision and one instruction set.
macro_rules! axpy_bytes {
    ($features:literal) => {
        /// For each pair of factors, the number of nonzero rows of bytes, and the row numbers.
        type RowList = IndexList<{ LISTED_ROWS + MARGIN }>;

        /// Forms `scale · Σ aₗ · bₗ` along the tree, where the columns of every `a` and the rows of every `b` are
        /// contiguous.
        #[target_feature(enable = $features)]
        pub(in crate::unpacked) fn axpy_bytes(
            scale: Number,
            factors: &[Factors<'_, Number, u8>],
            out: &mut [Number],
            epilogue: Epilogue<Number>,
        ) {
            let (rows, columns) = extents(factors);
            assert_eq!(out.len(), rows * columns);
            assert!(factors.iter().all(|(a, _)| a.row_stride() == 1));
            assert!(factors.len() == 1 || are_listed(factors));
            let inner = factors.iter().map(|(a, _)| a.columns()).sum();
            match (factors, inner) {
                (_, 0) if epilogue == Epilogue::Write(Write::Set) => out.fill(0.0),
                (_, 0) => {}
                ([(a, b)], 1) => {
                    if epilogue == Epilogue::Write(Write::Set) {
                        out.fill(0.0);
                    }
                    // SAFETY: the extents were checked above.
                    unsafe {
                        match epilogue {
                            Epilogue::Write(_) => rank_one_bytes::<false>(scale, a, b, out, 0.0),
                            Epilogue::Descend(rate) => {
                                rank_one_bytes::<true>(scale, a, b, out, rate);
                            }
                        }
                    }
                }
                _ if factors.len() > 1 || are_listed(factors) => {
                    axpy_listed(scale, factors, out, epilogue)
                }
                // More rows than a list holds, or than are added sequentially.
                _ => {
                    let Epilogue::Write(mut write) = epilogue else {
                        unreachable!("a long product is not descended along")
                    };
                    for (a, b) in factors {
                        for factors in runs(*a, *b) {
                            axpy_listed(scale, &[factors], out, Epilogue::Write(write));
                            write = Write::Add;
                        }
                    }
                }
            }
        }

        /// Like [`axpy_bytes`], for at most as many rows of bytes as a list holds.
        #[target_feature(enable = $features)]
        fn axpy_listed(
            scale: Number,
            factors: &[Factors<'_, Number, u8>],
            out: &mut [Number],
            epilogue: Epilogue<Number>,
        ) {
            let columns = factors[0].1.columns();
            let mut lists: [_; LISTS] = from_fn(|_| RowList::new());
            let mut j = 0;
            while j < columns {
                lists.iter_mut().for_each(IndexList::clear);
                let vectors = ((columns - j) / LANES).min(LISTS);
                if vectors == 0 {
                    // For a part of a vector, all rows are listed.
                    for (_, b) in factors {
                        lists[0].push(b.rows());
                        lists[0].extend_if((0..b.rows()).step_by(1), |_| true);
                    }
                    let last = j..columns;
                    // SAFETY: these are the last columns, and the list has all rows.
                    unsafe { axpy_vector::<true>(scale, factors, &lists[0], last, out, epilogue) };
                    return;
                }
                // SAFETY: every `b` has these vectors from column j on.
                unsafe { list_rows(factors, j, &mut lists[..vectors]) };
                for list in &lists[..vectors] {
                    let vector = j..j + LANES;
                    // SAFETY: every `b` has these columns and the listed rows.
                    unsafe { axpy_vector::<false>(scale, factors, list, vector, out, epilogue) };
                    j += LANES;
                }
            }
        }

        /// Lists, for each vector from column j on, the count of nonzero rows of each pair of factors, and the rows.
        ///
        /// # Safety
        ///
        /// Every `b` has a vector of contiguous columns there for each list.
        #[target_feature(enable = $features)]
        unsafe fn list_rows(
            factors: &[Factors<'_, Number, u8>],
            j: usize,
            lists: &mut [RowList],
        ) {
            for (_, b) in factors {
                let begins: [_; LISTS] = from_fn(|v| lists.get(v).map_or(0, IndexList::len));
                lists.iter_mut().for_each(|list| list.push(0));
                let from = b.data().as_ptr().wrapping_add(j);
                // SAFETY: by the caller's contract, each row of `b` has a vector for each list there.
                unsafe { nonzero_rows::<LANES, _>(lists, from, b.row_stride(), b.rows()) };
                for (list, begin) in lists.iter_mut().zip(begins) {
                    list.set(begin, list.len() - begin - 1);
                }
            }
        }

        /// Forms one vector of columns, or a `PART` of one, of all rows of the result.
        ///
        /// # Safety
        ///
        /// The factors fit together and have these columns and the listed rows, the columns of every `a` are
        /// contiguous, and the result has as many columns as `b` and as many rows as `a`.
        #[target_feature(enable = $features)]
        unsafe fn axpy_vector<const PART: bool>(
            scale: Number,
            factors: &[Factors<'_, Number, u8>],
            list: &RowList,
            columns: Range<usize>,
            out: &mut [Number],
            epilogue: Epilogue<Number>,
        ) {
            // A list without rows holds only their counts, and nothing is added.
            if list.len() == factors.len() && epilogue != Epilogue::Write(Write::Set) {
                return;
            }
            let (rows, step) = (factors[0].0.rows(), factors[0].1.columns());
            let list = list.as_slice();
            let mut i = 0;
            while i < rows {
                let m = match rows - i {
                    BYTE_AXPY_ROWS.. => BYTE_AXPY_ROWS,
                    10 | 11 => 10,
                    8.. => 8,
                    4.. => 4,
                    2.. => 2,
                    _ => 1,
                };
                let out = out[i * step + columns.start..].as_mut_ptr();
                let columns = columns.clone();
                // SAFETY: rows i to i + m are inside the result, and the rest is the caller's contract.
                unsafe {
                    macro_rules! block {
                        ($m:expr) => {
                            byte_block::<{ $m }, PART>(
                                scale, factors, list, i, columns, out, epilogue,
                            )
                        };
                    }
                    match m {
                        BYTE_AXPY_ROWS => block!(BYTE_AXPY_ROWS),
                        10 => block!(10),
                        8 => block!(8),
                        4 => block!(4),
                        2 => block!(2),
                        _ => block!(1),
                    }
                }
                i += m;
            }
        }

        /// Forms the vector, or the `PART`, of rows i to i + M of the result, which begin at `out`.
        ///
        /// # Safety
        ///
        /// As [`axpy_vector`]; the result also has these rows.
        #[target_feature(enable = $features)]
        unsafe fn byte_block<const M: usize, const PART: bool>(
            scale: Number,
            factors: &[Factors<'_, Number, u8>],
            mut list: &[u16],
            i: usize,
            columns: Range<usize>,
            out: *mut Number,
            epilogue: Epilogue<Number>,
        ) {
            let step = factors[0].1.columns();
            let len = columns.len();
            let mut sums = [[zero(); 1]; M];
            let mut tree = tree!([[Vector; 1]; M]);
            for (number, (a, b)) in factors.iter().enumerate() {
                let (rows, rest) = list[1..].split_at(list[0].into());
                list = rest;
                let from_a = a.data().as_ptr().wrapping_add(i);
                let from_b = b.data().as_ptr().wrapping_add(columns.start);
                for &k in rows {
                    // SAFETY: `b` has a row k with these columns, and `a` a column k, whose elements i to i + M are
                    // contiguous.
                    unsafe {
                        let row = load::<PART, u8>(from_b.add(usize::from(k) * b.row_stride()), len);
                        let column = from_a.add(usize::from(k) * a.column_stride());
                        for m in 0..M {
                            sums[m][0] = fmadd(splat(*column.add(m)), row, sums[m][0]);
                        }
                    }
                }
                if factors.len() > 1 {
                    close_product!(number of factors.len(), sums: M x 1, scale, tree);
                }
            }
            let scale = if factors.len() > 1 { 1.0 } else { scale };
            // SAFETY: by the caller's contract, the result has these rows and columns.
            unsafe { write_block::<M, 1, PART>(scale, sums, out, step, len, epilogue) };
        }

        /// Adds multiples of the only row of bytes to the result, or subtracts `rate` times them.
        ///
        /// # Safety
        ///
        /// `b` has one row, `a` has one column, and the result has as many rows as `a` and as many columns as `b`.
        #[target_feature(enable = $features)]
        unsafe fn rank_one_bytes<const DESCEND: bool>(
            scale: Number,
            a: &Matrix<'_, Number>,
            b: &Matrix<'_, u8>,
            out: &mut [Number],
            rate: Number,
        ) {
            const VECTORS: usize = PART_OF_BYTES / LANES;
            let update = |factor, x, old| {
                if DESCEND {
                    descend(rate, factor, x, old)
                } else {
                    fmadd(factor, x, old)
                }
            };
            let columns = b.columns();
            let mut numbers = [MaybeUninit::<Vector>::uninit(); VECTORS];
            let mut j = 0;
            while j < columns {
                let len = PART_OF_BYTES.min(columns - j);
                let whole = len / LANES * LANES;
                let rest = len - whole;
                let mut list = IndexList::<VECTORS>::new();
                let from = b.data()[j..].as_ptr();
                // SAFETY: the row has a vector at each of these indices.
                let is_nonzero = |k| unsafe { any::<1>(from.add(k), 0) };
                list.extend_if((0..whole).step_by(LANES), is_nonzero);
                let nonzero = list.as_slice();
                for (number, &k) in numbers.iter_mut().zip(nonzero) {
                    // SAFETY: as above.
                    number.write(unsafe { u8::load(from.add(k.into())) });
                }
                for i in 0..a.rows() {
                    // SAFETY: `a` and the result have a row i, which has this part; every listed vector was written.
                    unsafe {
                        let factor = splat(scale * *a.data().as_ptr().add(i * a.row_stride()));
                        let to = out.as_mut_ptr().add(i * columns + j);
                        for (x, &k) in numbers.iter().zip(nonzero) {
                            let to = to.add(k.into());
                            storeu(to, update(factor, x.assume_init(), Number::load(to)));
                        }
                        if rest > 0 {
                            let x = u8::load_part(from.add(whole), rest);
                            let to = to.add(whole);
                            let old = Number::load_part(to, rest);
                            store_part(to, rest, update(factor, x, old));
                        }
                    }
                }
                j += len;
            }
        }
    };
}
