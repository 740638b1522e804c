//! The digests that a package must have, computed while it streams in.

use super::md5::Md5;
use crc::{Crc, Digest as CrcDigest, NoTable, CRC_32_MPEG_2};
use qth_flash::sha256::Sha256;
use qth_protocol::ota::{Expected, Failure};

const CRC: Crc<u32, NoTable> = Crc::<u32, NoTable>::new(&CRC_32_MPEG_2);

/// Digests in the making. All three: the Center gives MD5 and CRC-32 of every package, and the slot's record needs SHA-256.
pub struct Digests {
    md5: Md5,
    crc32: CrcDigest<'static, u32, NoTable>,
    sha256: Sha256,
}

impl Digests {
    /// Of no bytes yet.
    #[allow(clippy::new_without_default)]
    #[must_use]
    pub fn new() -> Self {
        static CRC_32: Crc<u32, NoTable> = CRC;
        Self { md5: Md5::new(), crc32: CRC_32.digest(), sha256: Sha256::new() }
    }

    /// Adds bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.md5.update(bytes);
        self.crc32.update(bytes);
        self.sha256.update(bytes);
    }

    /// Compares with what is expected; returns the SHA-256. No bytes may be added after that.
    ///
    /// # Errors
    /// The first digest that differs.
    pub fn check(&mut self, expected: &Expected) -> Result<[u8; 32], Failure> {
        let md5 = self.md5.finish();
        if expected.md5.is_some_and(|expected| expected != md5) {
            return Err(Failure::Md5);
        }
        let crc32 = self.crc32.clone().finalize();
        if expected.crc32.is_some_and(|expected| expected != crc32) {
            return Err(Failure::Crc32);
        }
        let sha256 = self.sha256.finish();
        if expected.sha256.is_some_and(|expected| expected != sha256) {
            return Err(Failure::Sha256);
        }
        Ok(sha256)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MD5: &str = "25f9e794323b453885f5181f1b624d0b";
    const CRC32: &str = "0376e6e7";
    const SHA256: &str = "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225";

    fn check(md5: Option<&str>, crc32: Option<&str>, sha256: Option<&str>) -> Result<[u8; 32], Failure> {
        let expected = Expected::parse(md5, crc32, sha256).unwrap();
        let mut digests = Digests::new();
        digests.update(b"1234");
        digests.update(b"56789");
        digests.check(&expected)
    }

    #[test]
    fn digests_of_a_stream_are_compared_with_those_expected() {
        assert!(check(Some(MD5), Some(CRC32), Some(SHA256)).is_ok());
        assert!(check(Some(&MD5.to_uppercase()), None, None).is_ok());
        assert!(check(None, None, None).is_ok());
    }

    #[test]
    fn the_digest_that_differs_is_named() {
        let wrong = |text: &str| format!("{}0", &text[..text.len() - 1]);
        assert_eq!(check(Some(&wrong(MD5)), Some(CRC32), Some(SHA256)), Err(Failure::Md5));
        assert_eq!(check(Some(MD5), Some(&wrong(CRC32)), Some(SHA256)), Err(Failure::Crc32));
        assert_eq!(check(Some(MD5), Some(CRC32), Some(&wrong(SHA256))), Err(Failure::Sha256));
    }
}
