//! Numbers as TTLV has them: a sign, a magnitude and the decimal digits after the point.
#![forbid(unsafe_code)]

/// The number ± `magnitude` / 10^`decimals`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Number {
    /// Whether it is below zero.
    pub negative: bool,
    /// All digits, without the point.
    pub magnitude: u64,
    /// How many of the digits stand after the point: 0 (an integer) to [`Number::DECIMALS_MAX`].
    pub decimals: u8,
}

impl Number {
    /// Most digits after the point.
    pub const DECIMALS_MAX: u8 = 15;

    /// This integer.
    #[must_use]
    pub const fn from_i64(value: i64) -> Self {
        Self { negative: value < 0, magnitude: value.unsigned_abs(), decimals: 0 }
    }

    /// The integer; `None` when there are decimals or it is too large.
    #[must_use]
    pub const fn as_i64(self) -> Option<i64> {
        if self.decimals != 0 {
            return None;
        }
        if self.negative {
            0i64.checked_sub_unsigned(self.magnitude)
        } else {
            0i64.checked_add_unsigned(self.magnitude)
        }
    }

    /// This float, with the fewest decimals that read back to the same value; digits beyond [`Number::DECIMALS_MAX`] are cut
    /// off, as the reference device does. A whole float becomes an integer. `None` when it is not finite or 2^64 or larger.
    #[must_use]
    pub fn from_f64(value: f64) -> Option<Self> {
        let size = value.abs();
        let mut best = None;
        let mut scale = 1.0;
        for decimals in 0..=Self::DECIMALS_MAX {
            let Some(magnitude) = round(size * scale) else { break };
            let is_exact = magnitude as f64 / scale == size;
            let magnitude = match decimals {
                Self::DECIMALS_MAX if !is_exact => cut_off(size, scale)?,
                _ => magnitude,
            };
            best = Some(Self { negative: value < 0.0 && magnitude > 0, magnitude, decimals });
            if is_exact {
                break;
            }
            scale *= 10.0;
        }
        best
    }

    /// The nearest float.
    #[must_use]
    pub fn to_f64(self) -> f64 {
        // Powers of ten are exact up to 10^22, so that the division is all that rounds.
        let scale = (0..self.decimals).fold(1.0, |scale, _| scale * 10.0);
        let size = self.magnitude as f64 / scale;
        if self.negative {
            -size
        } else {
            size
        }
    }
}

/// `size` times `scale`, of which the decimals are cut off; both fit as [`round`] has found.
fn cut_off(size: f64, scale: f64) -> Option<u64> {
    // Apart from each other both parts lose nothing.
    let whole = size as u64;
    let rest = ((size - whole as f64) * scale) as u64;
    whole.checked_mul(scale as u64)?.checked_add(rest)
}

/// The nearest integer; `None` when that is not finite or does not fit.
fn round(size: f64) -> Option<u64> {
    const LIMIT: f64 = 18_446_744_073_709_551_616.0;
    if !(0.0..LIMIT).contains(&size) {
        return None;
    }
    let floor = size as u64;
    // Not `floor(size + 0.5)`: that sum rounds to even where floats lie one apart.
    if size - floor as f64 >= 0.5 {
        floor.checked_add(1)
    } else {
        Some(floor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fastrand::Rng;

    fn number(negative: bool, magnitude: u64, decimals: u8) -> Option<Number> {
        Some(Number { negative, magnitude, decimals })
    }

    #[test]
    fn floats_go_out_as_the_decimals_a_person_would_write() {
        assert_eq!(Number::from_f64(3.808), number(false, 3808, 3));
        assert_eq!(Number::from_f64(0.07), number(false, 7, 2));
        assert_eq!(Number::from_f64(1e-6), number(false, 1, 6));
        assert_eq!(Number::from_f64(-273.15), number(true, 27315, 2));
        assert_eq!(Number::from_f64(123456.789), number(false, 123_456_789, 3));
        assert_eq!(Number::from_f64(1e-15), number(false, 1, 15));
    }

    #[test]
    fn whole_floats_go_out_as_integers() {
        assert_eq!(Number::from_f64(3.0), number(false, 3, 0));
        assert_eq!(Number::from_f64(-0.0), number(false, 0, 0));
        assert_eq!(Number::from_f64(1e18), number(false, 1_000_000_000_000_000_000, 0));
    }

    #[test]
    fn what_fifteen_decimals_can_not_say_is_cut_off() {
        assert_eq!(Number::from_f64(1.0 / 3.0), number(false, 333_333_333_333_333, 15));
        assert_eq!(Number::from_f64(2.0 / 3.0), number(false, 666_666_666_666_666, 15));
        assert_eq!(Number::from_f64(-8.0 / 3.0), number(true, 2_666_666_666_666_666, 15));
        assert_eq!(Number::from_f64(1.9e-15), number(false, 1, 15));
        assert_eq!(Number::from_f64(-1e-17), number(false, 0, 15));
    }

    #[test]
    fn floats_that_do_not_fit_are_refused() {
        for value in [1e300, -1e300, 18_446_744_073_709_551_616.0, f64::INFINITY, f64::NEG_INFINITY, f64::NAN] {
            assert_eq!(Number::from_f64(value), None, "{value}");
        }
        assert!(Number::from_f64(18_446_744_073_709_549_568.0).is_some());
    }

    #[test]
    fn every_decimal_of_fifteen_digits_is_sent_with_exactly_its_digits() {
        let mut random = Rng::with_seed(1);
        for _ in 0..300_000 {
            let digits = random.u32(1..=15);
            let magnitude = random.u64(..10u64.pow(digits));
            let decimals = random.u8(..16);
            let text = format!("{magnitude}e-{decimals}");
            let value: f64 = text.parse().unwrap();

            let (mut magnitude, mut decimals) = (magnitude, decimals);
            while decimals > 0 && magnitude.is_multiple_of(10) {
                magnitude /= 10;
                decimals -= 1;
            }
            assert_eq!(Number::from_f64(value), number(false, magnitude, decimals), "{text}");
            assert_eq!(Number::from_f64(value).unwrap().to_f64(), value, "{text}");
        }
    }

    #[test]
    fn any_float_reads_back_within_the_last_decimal() {
        let mut random = Rng::with_seed(2);
        for _ in 0..300_000 {
            let value = f64::from_bits(random.u64(..));
            match Number::from_f64(value) {
                Some(sent) => assert!((sent.to_f64() - value).abs() <= 1e-15 + value.abs() * f64::EPSILON, "{value:e}"),
                None => assert!(!value.is_finite() || value.abs() >= 2f64.powi(64), "{value:e}"),
            }
        }
    }

    #[test]
    fn integers_keep_all_64_bits() {
        for value in [0, 1, -1, i64::from(i32::MIN) - 1, i64::MAX, i64::MIN] {
            assert_eq!(Number::from_i64(value).as_i64(), Some(value));
        }
        assert_eq!(Number { negative: false, magnitude: 1 << 63, decimals: 0 }.as_i64(), None);
        assert_eq!(Number { negative: true, magnitude: (1 << 63) + 1, decimals: 0 }.as_i64(), None);
        assert_eq!(Number { negative: false, magnitude: 5, decimals: 1 }.as_i64(), None);
    }
}
