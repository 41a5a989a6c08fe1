//! The logistic function as a score in per cent, with exact numbers.

/// `100 × 1 ÷ (1 + e^(−x))`, rounded down, so 0 to 99, where `x` is `gain ÷ weight ÷ 1000`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sigmoid {
    /// The least gain with which the score is above 50, above 51 and so on.
    gains: Vec<i64>,
}

impl Sigmoid {
    /// That of gains that are so many times as large.
    pub(crate) fn of(weight: i64) -> Self {
        // The score is at least s where x ≥ ln(s ÷ (100 − s)).
        let gain = |logit: i64| {
            let least = (i128::from(logit) * i128::from(weight) + 999_999_999) / 1_000_000_000;
            i64::try_from(least).expect("weights are counted, times thousands they fit in 64 bits")
        };
        Self { gains: LOGITS.into_iter().map(gain).collect() }
    }

    pub(crate) fn percent(&self, gain: i64) -> i32 {
        let above = |size: i64| {
            let reached = self.gains.partition_point(|&least| least <= size);
            i32::try_from(reached).expect("there are 49 of them")
        };
        if gain >= 0 {
            return 50 + above(gain);
        }
        // Below 50 the thresholds are those above with the other sign, and none is met exactly,
        // since they are irrational.
        49 - above(-gain)
    }
}

/// `10^12 × ln(s ÷ (100 − s))`, rounded, for s from 51 to 99.
const LOGITS: [i64; 49] = [
    40_005_334_614,
    80_042_707_674,
    120_144_311_842,
    160_342_650_075,
    200_670_695_462,
    241_162_056_817,
    281_851_152_141,
    322_773_392_263,
    363_965_377_201,
    405_465_108_108,
    447_312_218_044,
    489_548_225_319,
    532_216_813_747,
    575_364_144_904,
    619_039_208_406,
    663_294_217_410,
    708_185_057_924,
    753_771_802_376,
    800_119_300_112,
    847_297_860_387,
    895_384_047_055,
    944_461_608_841,
    994_622_575_144,
    1_045_968_555_183,
    1_098_612_288_668,
    1_152_679_509_938,
    1_208_311_205_925,
    1_265_666_373_331,
    1_324_925_414_744,
    1_386_294_361_120,
    1_450_010_175_506,
    1_516_347_489_368,
    1_585_627_263_740,
    1_658_228_076_604,
    1_734_601_055_388,
    1_815_289_966_638,
    1_900_958_761_193,
    1_992_430_164_690,
    2_090_741_096_934,
    2_197_224_577_336,
    2_313_634_929_181,
    2_442_347_035_369,
    2_586_689_344_098,
    2_751_535_313_042,
    2_944_438_979_166,
    3_178_053_830_348,
    3_476_098_689_835,
    3_891_820_298_111,
    4_595_119_850_135,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::cast_precision_loss, reason = "the published score is defined in floats")]
    #[expect(clippy::cast_possible_truncation, reason = "it is a number from 0 to 99")]
    fn the_sigmoid_is_that_of_the_paper() {
        let sigmoid = Sigmoid::of(777);
        for gain in -9_000_000..9_000_000_i64 {
            if gain % 97 != 0 {
                continue;
            }
            let x = gain as f64 / 777.0 / 1_000.0;
            let float = (100.0 / (1.0 + (-x).exp())) as i32;
            assert_eq!(sigmoid.percent(gain), float, "{gain}");
        }
    }
}
