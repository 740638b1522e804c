//! The digests that a package must have.

/// The digests that the Center has named.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Expected {
    /// MD5.
    pub md5: Option<[u8; 16]>,
    /// CRC-32/MPEG-2.
    pub crc32: Option<u32>,
    /// SHA-256.
    pub sha256: Option<[u8; 32]>,
}

impl Expected {
    /// No digest.
    pub const NONE: Self = Self { md5: None, crc32: None, sha256: None };

    /// Reads the hexadecimal texts, in lower or upper case; `None` when one is malformed.
    pub fn parse(md5: Option<&str>, crc32: Option<&str>, sha256: Option<&str>) -> Option<Self> {
        Some(Self {
            md5: md5.map(hex).transpose().ok()?,
            crc32: crc32.map(|text| hex(text).map(u32::from_be_bytes)).transpose().ok()?,
            sha256: sha256.map(hex).transpose().ok()?,
        })
    }
}

struct Malformed;

fn hex<const N: usize>(text: &str) -> Result<[u8; N], Malformed> {
    let mut bytes = [0; N];
    read_hex(text.as_bytes(), &mut bytes)?;
    Ok(bytes)
}

fn read_hex(digits: &[u8], bytes: &mut [u8]) -> Result<(), Malformed> {
    let whole = bytes.len().saturating_mul(2);
    // A CRC may come without its leading zeros.
    let is_crc = bytes.len() == 4;
    if digits.is_empty() || digits.len() > whole || (digits.len() < whole && !is_crc) {
        return Err(Malformed);
    }
    for (place, digit) in digits.iter().rev().enumerate() {
        let value = char::from(*digit).to_digit(16).ok_or(Malformed)? as u8;
        let byte = bytes.iter_mut().rev().nth(place / 2).ok_or(Malformed)?;
        *byte |= if place % 2 == 0 { value } else { value << 4 };
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const MD5: &str = "25f9e794323b453885f5181f1b624d0b";

    #[test]
    fn texts_that_are_no_digest_are_refused() {
        for md5 in ["", "0123", &MD5[1..], &MD5.replace('f', "g"), &format!("{MD5}0")] {
            assert_eq!(Expected::parse(Some(md5), None, None), None, "{md5}");
        }
        for crc32 in ["", "123456789", "xyz"] {
            assert_eq!(Expected::parse(None, Some(crc32), None), None, "{crc32}");
        }
    }

    #[test]
    fn a_crc_may_lack_its_leading_zeros() {
        let expected = Expected::parse(None, Some("ff69f8"), None).unwrap();
        assert_eq!(expected.crc32, Some(0x00ff_69f8));
    }
}
