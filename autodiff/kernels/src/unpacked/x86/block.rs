//! The end of a block of combinations: its product is added along the tree, and the sum is written.
//!
//! The sum of n products is the sum of the first 2ᵏ plus the sum of the rest, where 2ᵏ is the largest power of two
//! below n. It is formed as a binary counter counts: product number n (from 1) is merged with as many stored partial
//! sums as n can be halved without remainder.

/// Memory for the partial sums of the tree, and their number.
macro_rules! tree {
    ($Sums:ty) => {
        ([const { MaybeUninit::<$Sums>::uninit() }; LEVELS], 0_usize)
    };
}

/// Adds a finished product, `scale` times the `sums` of a block, to the partial sums. Stores the result with them or,
/// after the last product, leaves it in `sums`.
///
/// This is a macro, since a function that returns vectors is not inlined.
macro_rules! close_product {
    ($number:ident of $count:expr, $sums:ident: $M:ident x $C:tt, $scale:expr, $tree:ident) => {
        for m in 0..$M {
            for c in 0..$C {
                $sums[m][c] = mul(splat($scale), $sums[m][c]);
            }
        }
        let is_last = $number + 1 == $count;
        let merges = if is_last {
            $tree.1
        } else {
            ($number + 1).trailing_zeros() as usize
        };
        for _ in 0..merges {
            $tree.1 -= 1;
            // SAFETY: the partial sums below the counter were written.
            let kept = unsafe { $tree.0[$tree.1].assume_init_ref() };
            for m in 0..$M {
                for c in 0..$C {
                    $sums[m][c] = fmadd(splat(1.0), kept[m][c], $sums[m][c]);
                }
            }
        }
        if !is_last {
            $tree.0[$tree.1].write($sums);
            $tree.1 += 1;
            $sums = [[zero(); $C]; $M];
        }
    };
}

/// The items for one precision and one instruction set.
macro_rules! block {
    ($features:literal) => {
        /// The numbers of rows and columns of a sum of products.
        ///
        /// # Panics
        ///
        /// If they differ among the products, factors do not fit, or there are no products.
        fn extents<B: Load>(factors: &[Factors<'_, Number, B>]) -> (usize, usize) {
            let extents = (factors[0].0.rows(), factors[0].1.columns());
            for (a, b) in factors {
                assert!(a.columns() == b.rows() && a.lies_inside() && b.lies_inside());
                assert_eq!((a.rows(), b.columns()), extents);
            }
            extents
        }

        /// Applies the epilogue to `scale` times a block, in rows of the result that are `step` apart.
        ///
        /// # Safety
        ///
        /// `out` has M such rows of C vectors each or, if the block is a `PART` of one vector, of `len` elements.
        #[inline]
        #[target_feature(enable = $features)]
        unsafe fn write_block<const M: usize, const C: usize, const PART: bool>(
            scale: Number,
            mut sums: [[Vector; C]; M],
            out: *mut Number,
            step: usize,
            len: usize,
            epilogue: Epilogue<Number>,
        ) {
            let scale = splat(scale);
            // All rows are loaded before any is stored: a load right after a partial store stalls.
            for m in 0..M {
                for c in 0..C {
                    sums[m][c] = match epilogue {
                        Epilogue::Write(Write::Set) => mul(scale, sums[m][c]),
                        // SAFETY: the caller vouches for these rows and columns.
                        Epilogue::Write(Write::Add) => fmadd(scale, sums[m][c], unsafe {
                            load::<PART, Number>(out.add(m * step + c * LANES), len)
                        }),
                        // SAFETY: as above.
                        Epilogue::Descend(rate) => descend(rate, scale, sums[m][c], unsafe {
                            load::<PART, Number>(out.add(m * step + c * LANES), len)
                        }),
                    };
                }
            }
            for m in 0..M {
                for c in 0..C {
                    // SAFETY: as above.
                    unsafe { store::<PART>(out.add(m * step + c * LANES), len, sums[m][c]) };
                }
            }
        }

        /// `from` − `rate` times the gradient `factor · x`. Each product is rounded separately.
        #[inline]
        #[target_feature(enable = $features)]
        fn descend(rate: Number, factor: Vector, x: Vector, from: Vector) -> Vector {
            // A gradient that is formed separately is added to zeros, which turns −0 into 0.
            let gradient = fmadd(factor, x, zero());
            fmadd(splat(-1.0), mul(splat(rate), gradient), from)
        }
    };
}
