//! Which part of an image is code, and which is data.

use crate::align::Cover;
use std::ops::Range;

/// The part of the old image that is closer to the new one where it was read as code than where it was read as data. `raw` is the
/// old image when the covers come from it, uncorrected: what looks the same by chance in what has moved would then count against a
/// correction that is right.
pub(crate) fn code_range(as_code: &[u8], as_data: &[u8], new: &[u8], covers: &[Cover], raw: Option<&[u8]>) -> Range<u32> {
    let mut gains = vec![0i32; as_code.len()];
    for cover in covers {
        for (from, to) in (cover.old as usize..).zip(cover.new as usize..).take(cover.length as usize) {
            if raw.is_none_or(|raw| raw[from] != new[to]) {
                gains[from] += i32::from(as_code[from] == new[to]) - i32::from(as_data[from] == new[to]);
            }
        }
    }
    // The range whose gains are the largest sum.
    let (mut best, mut most) = (0..0, 0);
    let (mut begin, mut sum) = (0, 0);
    for (at, gain) in gains.into_iter().enumerate() {
        if sum < 0 {
            (begin, sum) = (at, 0);
        }
        sum += gain;
        if sum > most {
            (best, most) = (begin as u32..at as u32 + 1, sum);
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_is_where_reading_it_as_code_brings_it_closer_to_the_new_image() {
        let new = [1, 2, 3, 4, 5, 6, 7, 8];
        let code = |as_code: &[u8], as_data: &[u8], covers| code_range(as_code, as_data, &new, covers, None);
        let covers = [Cover { old: 0, new: 0, length: 8 }];
        // Equal at 1, 2, 4 and 7 as code; at 0, 3 and 6 as data.
        assert_eq!(code(&[0, 2, 3, 0, 5, 0, 0, 8], &[1, 0, 0, 4, 0, 0, 7, 0], &covers), 1..3);
        assert_eq!(code(&new, &[0; 8], &covers), 0..8);
        assert_eq!(code(&new, &new, &covers), 0..0);
        let moved = [Cover { old: 2, new: 4, length: 3 }];
        assert_eq!(code(&[0, 0, 5, 6, 7, 0], &[0; 6], &moved), 0..5);
    }

    #[test]
    fn what_was_equal_before_any_correction_does_not_count_in_the_first_round() {
        let covers = [Cover { old: 0, new: 0, length: 4 }];
        let (as_code, as_data, new) = ([1, 2, 3, 4], [0, 0, 0, 4], [1, 2, 3, 4]);
        assert_eq!(code_range(&as_code, &as_data, &new, &covers, Some(&[1, 0, 3, 4])), 0..2);
    }
}
