//! Texts as parts of addresses.

use percent_encoding::{utf8_percent_encode, AsciiSet, PercentEncode, NON_ALPHANUMERIC};

/// All characters but letters, digits and the four marks that RFC 3986 leaves unreserved.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Writes a text as one segment of an address's path, or as one value of its query.
pub fn part(text: &str) -> PercentEncode<'_> {
    utf8_percent_encode(text, RESERVED)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_unreserved_characters_stay_as_they_are() {
        assert_eq!(part("fw-1.0_b~.bin").to_string(), "fw-1.0_b~.bin");
        assert_eq!(part("a b/c?d=é&%").to_string(), "a%20b%2Fc%3Fd%3D%C3%A9%26%25");
    }
}
