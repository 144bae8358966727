//! The constants of the elementary functions for `f32` and `f64`, and access to exponent and mantissa.

use crate::simd::MultiplyAdd;

/// A binary floating-point format, and the constants of the elementary functions in that format.
pub trait Format: Copy + 'static {
    /// log₂ e.
    const LOG2_E: Self;
    /// ln 2 rounded to few enough digits that its products with exponents are exact.
    const LN_2_HIGH: Self;
    /// ln 2 − `LN_2_HIGH`.
    const LN_2_LOW: Self;
    /// √2 − 1.
    const SQRT_2_LESS_1: Self;
    /// The smallest positive normal number.
    const MIN_NORMAL: Self;

    /// Below the first number eˣ rounds to 0, and above the second it is infinite.
    const EXP_RANGE: (Self, Self);

    /// A number so large that a number added to it is rounded to an integer, which the last bits of the sum hold. It
    /// includes twice the exponent's bias, so that half of that integer is a biased exponent.
    const ROUNDING: Self;

    /// The polynomial P of least relative error in `eʳ − 1 = r + r² (½ + r P(r))` for |r| ≤ ½ ln 2.
    const EXP: &'static [Self];
    /// The polynomial W of least relative error in `2 artanh s = 2 s + s³ W(s²)` for |s| ≤ 3 − 2√2.
    const LN: &'static [Self];

    /// 2/π.
    const FRAC_2_PI: Self;
    /// π/2 as a sum of four positive numbers. The products of the first three with the integers up to 2/π ·
    /// [`TRIG_RANGE`](Self::TRIG_RANGE) are exact.
    const FRAC_PI_2: [Self; 4];
    /// The largest number from which multiples of π/2 are subtracted.
    const TRIG_RANGE: Self;
    /// The polynomial S of least relative error in `sin r = r − r³ S(r²)` for |r| ≤ ¼π.
    const SIN: &'static [Self];
    /// The polynomial C of least relative error in `cos r = 1 − r²/2 + r⁴ C(r²)` for |r| ≤ ¼π.
    const COS: &'static [Self];

    /// From this number on, 2 e^(−x²) rounds to 0.
    const GAUSSIAN_RANGE: Self;
    /// The polynomial P of least relative error in `erf x = x + x P(x²)` for |x| ≤ ½.
    const ERF: &'static [Self];
    /// The polynomial of least relative error in `erfc x = e^(−x²) v G(v)` for v = 1 / (2 + x) and x ≥ ½, where G is a
    /// polynomial in v − ⅛.
    const ERFC: &'static [Self];

    /// Two normal numbers whose product is 2ⁿ, which may be subnormal or infinite, from `n + ROUNDING`.
    fn power_of_two(shifted: Self) -> (Self, Self);

    /// Whether the integer n is odd, and −1 where n leaves the remainder 2 or 3 when divided by 4, otherwise 1, from
    /// `n + ROUNDING`.
    fn quadrant(shifted: Self) -> (bool, Self);

    /// The exponent k and the number m in [√½, √2) with `x = 2ᵏ m`, for a normal positive x.
    fn split(x: Self) -> (Self, Self);

    /// A positive subnormal number times a power of two that makes it normal, and the exponent of that power.
    fn lifted(x: Self) -> (Self, Self);

    /// `a b + c`.
    fn multiply_add(how: MultiplyAdd, a: Self, b: Self, c: Self) -> Self;

    /// The number with the lower half of its digits set to 0, so that its square is exact.
    fn upper_half(self) -> Self;

    /// The square root.
    fn square_root(self) -> Self;

    /// The number with the sign of `other`.
    fn with_sign_of(self, other: Self) -> Self;
}

/// The methods with the same text for both formats.
macro_rules! parts {
    ($T:ident, $Bits:ident) => {
        const MIN_NORMAL: $T = $T::MIN_POSITIVE;

        #[inline(always)]
        fn power_of_two(shifted: $T) -> ($T, $T) {
            let exponents = shifted
                .to_bits()
                .wrapping_sub(Self::ROUNDING.to_bits() - 2 * BIAS);
            let half = exponents >> 1;
            (
                $T::from_bits(half << DIGITS),
                $T::from_bits(exponents.wrapping_sub(half) << DIGITS),
            )
        }

        #[inline(always)]
        fn quadrant(shifted: $T) -> (bool, $T) {
            const ONE: $Bits = $T::to_bits(1.0);
            let n = shifted.to_bits().wrapping_sub(Self::ROUNDING.to_bits());
            let sign = (n & 2) << ($Bits::BITS - 2);
            (n & 1 != 0, $T::from_bits(sign | ONE))
        }

        #[inline(always)]
        fn split(x: $T) -> ($T, $T) {
            const ONE: $Bits = $T::to_bits(1.0);
            const START: $Bits = $T::to_bits(std::$T::consts::FRAC_1_SQRT_2);
            // From this number on, the last bit of a number is worth 1.
            const INTEGERS: $Bits = (BIAS + DIGITS as $Bits) << DIGITS;
            let bits = x.to_bits().wrapping_add(ONE - START);
            let k =
                $T::from_bits(bits >> DIGITS | INTEGERS) - ($T::from_bits(INTEGERS) + BIAS as $T);
            let m = $T::from_bits((bits & ((1 << DIGITS) - 1)) + START);
            (k, m)
        }

        #[inline(always)]
        fn lifted(x: $T) -> ($T, $T) {
            const LIFT: $T = $T::from_bits((BIAS + DIGITS as $Bits + 1) << DIGITS);
            (x * LIFT, (DIGITS + 1) as $T)
        }

        #[inline(always)]
        fn multiply_add(how: MultiplyAdd, a: $T, b: $T, c: $T) -> $T {
            match how {
                MultiplyAdd::Fused => a.mul_add(b, c),
                MultiplyAdd::Separate => a * b + c,
            }
        }

        #[inline(always)]
        fn upper_half(self) -> $T {
            $T::from_bits(self.to_bits() & (!0 << (DIGITS / 2 + 1)))
        }

        #[inline(always)]
        fn square_root(self) -> $T {
            self.sqrt()
        }

        #[inline(always)]
        fn with_sign_of(self, other: $T) -> $T {
            self.copysign(other)
        }
    };
}

const _: () = {
    const DIGITS: u32 = f32::MANTISSA_DIGITS - 1;
    const BIAS: u32 = 127;

    impl Format for f32 {
        const LOG2_E: f32 = std::f32::consts::LOG2_E;
        const LN_2_HIGH: f32 = 0.693_145_75;
        const LN_2_LOW: f32 = 1.428_606_8e-6;
        const SQRT_2_LESS_1: f32 = 0.414_213_57;
        const EXP_RANGE: (f32, f32) = (-104.0, 89.0);
        const ROUNDING: f32 = (3 << (DIGITS - 1)) as f32 + (2 * BIAS) as f32;
        const EXP: &'static [f32] = &[
            0.166_666_66,
            0.041_666_48,
            0.008_333_42,
            0.001_393_325,
            0.000_198_241_38,
        ];
        const LN: &'static [f32] = &[0.666_667_76, 0.399_774_97, 0.298_730_37];
        const FRAC_2_PI: f32 = std::f32::consts::FRAC_2_PI;
        const FRAC_PI_2: [f32; 4] = [1.570_556_6, 0.000_239_670_28, 1.589_069_1e-8, 2.563_344e-12];
        const TRIG_RANGE: f32 = 3216.0;
        const SIN: &'static [f32] = &[0.166_666_55, -0.008_332_156, 0.000_195_146_32];
        const COS: &'static [f32] = &[0.041_666_646, -0.001_388_731, 2.443_241_3e-5];
        const GAUSSIAN_RANGE: f32 = 10.3;
        const ERF: &'static [f32] = &[
            0.128_379_17,
            -0.376_126,
            0.112_826_2,
            -0.026_744_526,
            0.004_693_167_7,
        ];
        const ERFC: &'static [f32] = &[
            0.742_212_53,
            1.773_201_2,
            3.243_791_3,
            3.733_127,
            0.091_777_68,
            -8.131_822,
            -12.847_511,
            44.357_216,
            -31.206_48,
        ];
        parts!(f32, u32);
    }
};

const _: () = {
    const DIGITS: u32 = f64::MANTISSA_DIGITS - 1;
    const BIAS: u64 = 1023;

    impl Format for f64 {
        const LOG2_E: f64 = std::f64::consts::LOG2_E;
        const LN_2_HIGH: f64 = 0.693_147_180_560_117_7;
        const LN_2_LOW: f64 = -1.723_944_452_561_483_5e-13;
        const SQRT_2_LESS_1: f64 = 0.414_213_562_373_095_03;
        const EXP_RANGE: (f64, f64) = (-746.0, 710.0);
        const ROUNDING: f64 = (3_u64 << (DIGITS - 1)) as f64 + (2 * BIAS) as f64;
        const EXP: &'static [f64] = &[
            0.166_666_666_666_666_77,
            0.041_666_666_666_666_58,
            0.008_333_333_333_322_162,
            0.001_388_888_888_894_267_5,
            0.000_198_412_698_849_331_43,
            2.480_158_719_822_244e-5,
            2.755_724_530_531_310_3e-6,
            2.755_738_703_565_678e-7,
            2.510_868_237_561_301e-8,
            2.087_891_509_293_054e-9,
        ];
        const LN: &'static [f64] = &[
            0.666_666_666_666_673_5,
            0.399_999_999_994_111_8,
            0.285_714_287_432_433_66,
            0.222_221_984_780_220_37,
            0.181_835_696_290_079_37,
            0.153_139_062_336_117_15,
            0.147_974_762_019_927_13,
        ];
        const FRAC_2_PI: f64 = std::f64::consts::FRAC_2_PI;
        const FRAC_PI_2: [f64; 4] = [
            1.570_796_326_734_125_6,
            6.077_100_506_303_966e-11,
            2.022_266_248_711_166_5e-21,
            8.478_427_660_368_9e-32,
        ];
        const TRIG_RANGE: f64 = 1.6e6;
        const SIN: &'static [f64] = &[
            0.166_666_666_666_666_3,
            -0.008_333_333_333_322_005,
            0.000_198_412_698_294_953_9,
            -2.755_731_358_759_144_4e-6,
            2.505_074_230_445_767e-8,
            -1.589_590_457_908_541_3e-10,
        ];
        const COS: &'static [f64] = &[
            0.041_666_666_666_666_59,
            -0.001_388_888_888_887_289_5,
            2.480_158_728_874_816e-5,
            -2.755_731_414_861_638e-7,
            2.087_569_657_174_725_4e-9,
            -1.135_831_045_183_274_4e-11,
        ];
        const GAUSSIAN_RANGE: f64 = 27.4;
        const ERF: &'static [f64] = &[
            0.128_379_167_095_512_56,
            -0.376_126_389_031_833_4,
            0.112_837_916_709_144_32,
            -0.026_866_170_629_466_46,
            0.005_223_977_320_198_624,
            -0.000_854_829_331_301_219_1,
            0.000_120_531_278_696_629_78,
            -1.484_080_372_915_702_2e-05,
            1.467_589_531_801_856_8e-06,
        ];
        const ERFC: &'static [f64] = &[
            0.742_212_542_404_306_8,
            1.773_200_647_160_334_3,
            3.243_781_844_001_025,
            3.733_885_708_393_893_7,
            0.089_092_243_429_890_97,
            -8.358_991_303_763_103,
            -9.117_909_426_056_45,
            19.395_546_924_450_166,
            45.858_742_281_714_25,
            -60.090_973_341_935_75,
            -222.409_329_936_615_02,
            282.573_989_760_609_7,
            1_150.385_255_888_778_4,
            -1_927.456_427_500_299_2,
            -6_129.945_342_901_673,
            16_340.773_701_362_03,
            28_163.119_090_163_986,
            -153_671.372_687_051_8,
            58_724.486_601_009_776,
            886_460.369_538_43,
            -2_515_238.402_981_255,
            3_023_000.182_790_754_4,
            -1_451_969.432_872_024_6,
        ];
        parts!(f64, u64);
    }
};
