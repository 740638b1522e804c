//! Public keys, and what they say of a package's signature.

use crate::{Package, Scheme};
use base64ct::{Base64, Encoding};
use heapless::Vec;
use p256::ecdsa::signature::Verifier;

/// Longest key as PEM: one of P-384 takes 215 bytes, 222 with lines that end in CR LF.
pub const PEM_MAX: usize = 256;
/// Longest point: of P-384, in SEC 1's uncompressed form.
pub const POINT_MAX: usize = 97;

const BEGIN: &str = "-----BEGIN PUBLIC KEY-----";
const END: &str = "-----END PUBLIC KEY-----";
/// What is before the point in a `SubjectPublicKeyInfo` (RFC 5480): the only form that tools write.
const P256_INFO: [u8; 26] =
    [0x30, 0x59, 0x30, 0x13, 6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1, 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7, 3, 0x42, 0];
#[cfg(feature = "p384")]
const P384_INFO: [u8; 23] =
    [0x30, 0x76, 0x30, 0x10, 6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1, 6, 5, 0x2b, 0x81, 4, 0, 0x22, 3, 0x62, 0];

/// A public key of P-256, or with feature `p384` of P-384.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    scheme: Scheme,
    point: Vec<u8, POINT_MAX>,
}

impl PublicKey {
    /// Reads a key in PEM, as `openssl ec -pubout` and `qth-center pack keygen` write it; `None` when it is not a key, or one of another
    /// curve.
    #[must_use]
    pub fn from_pem(pem: &str) -> Option<Self> {
        Self::from_point(&point_of(pem)?)
    }

    /// Takes a point in SEC 1's uncompressed form; `None` when it is not on its curve.
    #[must_use]
    pub fn from_point(point: &[u8]) -> Option<Self> {
        let scheme = match point.len() {
            65 if p256::ecdsa::VerifyingKey::from_sec1_bytes(point).is_ok() => Scheme::P256,
            #[cfg(feature = "p384")]
            97 if p384::ecdsa::VerifyingKey::from_sec1_bytes(point).is_ok() => Scheme::P384,
            _ => return None,
        };
        Some(Self { scheme, point: Vec::from_slice(point).ok()? })
    }

    /// The point in SEC 1's uncompressed form.
    #[must_use]
    pub fn point(&self) -> &[u8] {
        &self.point
    }

    /// The package's signature is by this key.
    // The deepest of all in the stack: nobody else's buffers are to lie beside it.
    #[inline(never)]
    #[must_use]
    pub fn has_signed(&self, package: &Package<'_>) -> bool {
        let Package { scheme, signed, signature, .. } = *package;
        let verified = match (scheme, self.scheme) {
            (Scheme::P256, Scheme::P256) => p256::ecdsa::VerifyingKey::from_sec1_bytes(&self.point)
                .and_then(|key| key.verify(signed, &p256::ecdsa::Signature::from_slice(signature)?))
                .ok(),
            #[cfg(feature = "p384")]
            (Scheme::P384, Scheme::P384) => p384::ecdsa::VerifyingKey::from_sec1_bytes(&self.point)
                .and_then(|key| key.verify(signed, &p384::ecdsa::Signature::from_slice(signature)?))
                .ok(),
            _ => None,
        };
        verified.is_some()
    }
}

/// The point of a key in PEM.
#[inline(never)]
fn point_of(pem: &str) -> Option<Vec<u8, POINT_MAX>> {
    let body = pem.trim_ascii().strip_prefix(BEGIN)?.strip_suffix(END)?;
    let mut text = Vec::<u8, PEM_MAX>::new();
    for byte in body.bytes().filter(|byte| !byte.is_ascii_whitespace()) {
        text.push(byte).ok()?;
    }
    let mut room = [0; PEM_MAX];
    let info = Base64::decode(&text, &mut room).ok()?;
    #[cfg(feature = "p384")]
    if let Some(point) = info.strip_prefix(&P384_INFO) {
        return Vec::from_slice(point).ok();
    }
    Vec::from_slice(info.strip_prefix(&P256_INFO)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    // Made by `openssl ecparam -genkey` and `openssl ec -pubout`.
    const P256: &str = "-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEy9PMzembcZbtlPBB94PFyWSicc4o
izx+uGw/G03IaH6Wi+l565lwdtSCt/OMbbKGcHR89AKK+nnKa8YdBDRwlg==
-----END PUBLIC KEY-----
";
    const P384: &str = "-----BEGIN PUBLIC KEY-----
MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAE8ytnHtYaMibiKN0eivthjZfm+FF8d6Gm
OIkLKqp/oJRyDnmAdhGlwPdP04fRbkzA2MYw0DWH0pPjApj4OD97k/wXjvGMxJB/
pu79ZWd1G+HgSEyK3lZnzY+vPJyATXoU
-----END PUBLIC KEY-----
";

    #[test]
    fn a_key_is_read_from_pem_as_tools_write_it() {
        let key = PublicKey::from_pem(P256).unwrap();
        assert_eq!((key.scheme, key.point().len()), (Scheme::P256, 65));
        assert_eq!(PublicKey::from_point(key.point()), Some(key.clone()));
        assert_eq!(PublicKey::from_pem(&P256.replace('\n', "\r\n")), Some(key));
        let key = PublicKey::from_pem(P384);
        let read = key.map(|key| (key.scheme, key.point().len()));
        assert_eq!(read, cfg!(feature = "p384").then_some((Scheme::P384, 97)));
    }

    #[test]
    fn what_is_no_key_is_refused() {
        let off_the_curve = {
            let at = P256.rfind("\n-----END").unwrap() - 8;
            let other = if P256.as_bytes()[at] == b'A' { "B" } else { "A" };
            format!("{}{other}{}", &P256[..at], &P256[at + 1..])
        };
        let private = P256.replace("PUBLIC", "PRIVATE");
        let short = P256.replace("MF", "");
        for text in ["", "key", BEGIN, &P256[..60], &off_the_curve, &private, &short, &"A".repeat(300)] {
            assert_eq!(PublicKey::from_pem(text), None, "{text}");
        }
        assert_eq!(PublicKey::from_point(&[4; 65]), None);
        assert_eq!(PublicKey::from_point(&[]), None);
    }
}
