//! Signatures of packages: ECDSA on P-256 and P-384, keys in PEM as OpenSSL writes them.

use crate::container::{open, signed_part, whole, PackageError};
use p256::ecdsa::signature::{Signer, Verifier};
use p256::elliptic_curve::rand_core::OsRng;
use p256::pkcs8::{DecodePrivateKey, DecodePublicKey, EncodePrivateKey, EncodePublicKey, LineEnding};
use qth_package::Scheme;
use thiserror::Error;

/// Why a package was not signed or its signature does not count.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SignError {
    /// The package itself.
    #[error(transparent)]
    Package(#[from] PackageError),
    /// Not a private key.
    #[error("this is no private key of P-256 or P-384 in PEM (PKCS#8); make one with 'qth-center pack keygen'")]
    PrivateKey,
    /// Not a public key.
    #[error("this is no public key of P-256 or P-384 in PEM")]
    PublicKey,
    /// A key can't be made.
    #[error("the key can't be written")]
    Encoding,
    /// No signature.
    #[error("the package is not signed")]
    Unsigned,
    /// The key is of another curve than the signature.
    #[error("the package is signed by a key of another curve")]
    OtherCurve,
    /// Of another key, or of another package.
    #[error("the signature is not by this key over this package")]
    Wrong,
}

/// A new pair of keys: private, public.
///
/// # Errors
/// [`SignError::Encoding`].
pub fn generate(scheme: Scheme) -> Result<(String, String), SignError> {
    macro_rules! pair {
        ($curve:ident) => {{
            let private = $curve::SecretKey::random(&mut OsRng);
            let pem = private.to_pkcs8_pem(LineEnding::LF).map_err(|_| SignError::Encoding)?;
            let public = private.public_key().to_public_key_pem(LineEnding::LF).map_err(|_| SignError::Encoding)?;
            Ok((pem.to_string(), public))
        }};
    }
    match scheme {
        Scheme::P384 => pair!(p384),
        _ => pair!(p256),
    }
}

/// Signs a package; a signature that it has is replaced. The same package and key give the same bytes (RFC 6979).
///
/// # Errors
/// The package is damaged, or the text is not a key.
pub fn sign(package: &[u8], private_pem: &str) -> Result<Vec<u8>, SignError> {
    let opened = whole(package)?;
    let p256 = p256::ecdsa::SigningKey::from_pkcs8_pem(private_pem);
    let p384 = p384::ecdsa::SigningKey::from_pkcs8_pem(private_pem);
    let (mut bytes, signature) = match (p256, p384) {
        (Ok(key), _) => {
            let part = signed_part(&opened.manifest, Scheme::P256)?;
            let signature: p256::ecdsa::Signature = key.sign(&part);
            (part, signature.to_bytes().to_vec())
        }
        (_, Ok(key)) => {
            let part = signed_part(&opened.manifest, Scheme::P384)?;
            let signature: p384::ecdsa::Signature = key.sign(&part);
            (part, signature.to_bytes().to_vec())
        }
        _ => return Err(SignError::PrivateKey),
    };
    bytes.extend(signature);
    bytes.extend(opened.payload);
    Ok(bytes)
}

/// Checks a package's signature, and that its payload is whole.
///
/// # Errors
/// See [`SignError`].
pub fn verify(package: &[u8], public_pem: &str) -> Result<(), SignError> {
    let p256 = p256::ecdsa::VerifyingKey::from_public_key_pem(public_pem).ok();
    let p384 = p384::ecdsa::VerifyingKey::from_public_key_pem(public_pem).ok();
    if p256.is_none() && p384.is_none() {
        return Err(SignError::PublicKey);
    }
    let opened = open(package)?;
    let is_right = match (opened.scheme, p256, p384) {
        (Scheme::Unsigned, ..) => return Err(SignError::Unsigned),
        (Scheme::P256, Some(key), _) => p256::ecdsa::Signature::from_slice(opened.signature)
            .is_ok_and(|signature| key.verify(opened.signed, &signature).is_ok()),
        (Scheme::P384, _, Some(key)) => p384::ecdsa::Signature::from_slice(opened.signature)
            .is_ok_and(|signature| key.verify(opened.signed, &signature).is_ok()),
        _ => return Err(SignError::OtherCurve),
    };
    if is_right {
        Ok(())
    } else {
        Err(SignError::Wrong)
    }
}
