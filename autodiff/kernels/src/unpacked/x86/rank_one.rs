//! Rank-one updates, a column times a row, without a sum (`ger` in BLAS).

/// The kernel for one precision and one instruction set.
macro_rules! rank_one {
    ($features:literal) => {
        /// Forms the product of the only column of `a` and the only row of `b`, one row of the result at a time.
        ///
        /// # Safety
        ///
        /// `a` has one column, and the result has as many rows as `a` and as many columns as `b`.
        #[target_feature(enable = $features)]
        unsafe fn rank_one(
            scale: Number,
            a: &Matrix<'_, Number>,
            b: &Matrix<'_, Number>,
            out: &mut [Number],
            epilogue: Epilogue<Number>,
        ) {
            const C: usize = AXPY_VECTORS;
            // A load right after a partial store stalls, so this many rows are loaded before any is stored.
            const M: usize = 5;
            let (rows, columns) = (a.rows(), b.columns());
            let (column, from, to) = (a.data().as_ptr(), b.data().as_ptr(), out.as_mut_ptr());
            // SAFETY: i is a row of `a`, which has one column.
            let factor = |i: usize| splat(scale * unsafe { *column.add(i * a.row_stride()) });
            // SAFETY: i is a row of the result.
            let to = |i: usize| unsafe { to.add(i * columns) };
            let rest = columns % LANES;
            let whole = columns - rest;
            let blocks = columns / (C * LANES) * (C * LANES);
            for i in 0..rows {
                let (factor, to) = (factor(i), to(i));
                let mut j = 0;
                while j < blocks {
                    // SAFETY: columns j to j + C · LANES are whole vectors.
                    unsafe { multiple::<C>(factor, from.add(j), to.add(j), epilogue) };
                    j += C * LANES;
                }
                while j < whole {
                    // SAFETY: columns j to j + LANES are a whole vector.
                    unsafe { multiple::<1>(factor, from.add(j), to.add(j), epilogue) };
                    j += LANES;
                }
            }
            if rest == 0 {
                return;
            }
            // SAFETY: `rest` columns are left, fewer than a vector's lanes.
            let from = unsafe { Number::load_part(from.add(whole), rest) };
            let mut i = 0;
            while i < rows {
                let m = M.min(rows - i);
                let mut products = [zero(); M];
                for (m, product) in products[..m].iter_mut().enumerate() {
                    // SAFETY: as above, in row i + m.
                    *product = unsafe {
                        let (factor, to) = (factor(i + m), to(i + m).add(whole));
                        match epilogue {
                            Epilogue::Write(Write::Set) => mul(factor, from),
                            Epilogue::Write(Write::Add) => {
                                fmadd(factor, from, Number::load_part(to, rest))
                            }
                            Epilogue::Descend(rate) => {
                                descend(rate, factor, from, Number::load_part(to, rest))
                            }
                        }
                    };
                }
                for (m, product) in products[..m].iter().enumerate() {
                    // SAFETY: as above.
                    unsafe { store_part(to(i + m).add(whole), rest, *product) };
                }
                i += m;
            }
        }

        /// Forms C vectors of a multiple of a row.
        ///
        /// # Safety
        ///
        /// C vectors can be read at `from`, and written at `to`.
        #[inline]
        #[target_feature(enable = $features)]
        unsafe fn multiple<const C: usize>(
            factor: Vector,
            from: *const Number,
            to: *mut Number,
            epilogue: Epilogue<Number>,
        ) {
            // SAFETY: the caller vouches for the C vectors.
            let products: [Vector; C] = from_fn(|c| unsafe {
                let from = Number::load(from.add(c * LANES));
                match epilogue {
                    Epilogue::Write(Write::Set) => mul(factor, from),
                    Epilogue::Write(Write::Add) => {
                        fmadd(factor, from, Number::load(to.add(c * LANES)))
                    }
                    Epilogue::Descend(rate) => {
                        descend(rate, factor, from, Number::load(to.add(c * LANES)))
                    }
                }
            });
            for (c, &product) in products.iter().enumerate() {
                // SAFETY: as above.
                unsafe { storeu(to.add(c * LANES), product) };
            }
        }
    };
}
