//! Packages: a manifest, a signature over it, and a payload that the manifest has the digest of (docs/FORMATS.md).
//!
//! Whoever has checked the signature knows what the payload is for and what it must be, before the first byte of it.

use core::fmt;
use qth_protocol::ota::Kind;
use qth_protocol::ttlv;

/// The first bytes of every package; the last of them is the version of the format.
pub const MAGIC: [u8; 8] = *b"QthPack\x01";
/// Bytes before the manifest.
pub const HEAD: usize = 16;
/// Longest manifest: with what surrounds it, it comes in the first piece of a download.
pub const MANIFEST_MAX: usize = 768;
/// Longest signature.
pub const SIGNATURE_MAX: usize = 96;
/// Most that is before a package's payload: head, manifest, signature.
pub const BEFORE_PAYLOAD_MAX: usize = HEAD + MANIFEST_MAX + SIGNATURE_MAX;
/// The payload of a full package begins at a multiple of this, so that it goes to flash as it comes.
pub const ALIGN: usize = 32;

/// TTLV ids of the manifest.
pub mod id {
    /// 0: the payload is the image, 1: a delta, 2: both ways of rewriting a slot in place.
    pub const FORMAT: u16 = 1;
    /// Product key.
    pub const PRODUCT: u16 = 2;
    /// Component.
    pub const COMPONENT: u16 = 3;
    /// What the component is, a number of [`super::Kind`].
    pub const KIND: u16 = 4;
    /// Version that a delta starts from.
    pub const SOURCE_VERSION: u16 = 5;
    /// Size of the image that a delta starts from.
    pub const SOURCE_SIZE: u16 = 6;
    /// SHA-256 of that image.
    pub const SOURCE_SHA256: u16 = 7;
    /// Version that the package leads to.
    pub const TARGET_VERSION: u16 = 8;
    /// Size of the new image.
    pub const TARGET_SIZE: u16 = 9;
    /// SHA-256 of the new image.
    pub const TARGET_SHA256: u16 = 10;
    /// Increases from package to package of a component, so that an old one is not installed again.
    pub const SEQUENCE: u16 = 11;
    /// Size of the payload.
    pub const PAYLOAD_SIZE: u16 = 12;
    /// SHA-256 of the payload.
    pub const PAYLOAD_SHA256: u16 = 13;
    /// Public key that signs from the next package on.
    pub const NEXT_KEY: u16 = 14;
    /// Makes the payload begin at a multiple of [`super::ALIGN`].
    pub const FILLING: u16 = 16;
    /// Of a delta: its instruction set, by the number of its header.
    pub const INSTRUCTIONS: u16 = 17;
    /// Of a delta: address of the image's first byte.
    pub const BASE: u16 = 18;
    /// Of a delta: bytes of the new image between two restart points, as a power of two.
    pub const INTERVAL: u16 = 19;
}

/// How the payload gives the new image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// It is the image.
    Full = 0,
    /// It is a delta ([`crate::delta`]).
    Delta = 1,
    /// It rewrites the only slot in place ([`crate::inplace`](../inplace/index.html)).
    #[cfg(feature = "inplace")]
    InPlace = 2,
}

/// How a package is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// It is not.
    Unsigned = 0,
    /// ECDSA on P-256 with SHA-256; 64 bytes.
    P256 = 1,
    /// ECDSA on P-384 with SHA-384; 96 bytes.
    P384 = 2,
}

impl Scheme {
    /// Length of a signature in bytes.
    #[must_use]
    pub const fn length(self) -> usize {
        match self {
            Self::Unsigned => 0,
            Self::P256 => 64,
            Self::P384 => SIGNATURE_MAX,
        }
    }
}

/// Why bytes are no package that this firmware can take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// No package at all.
    NotAPackage,
    /// A package of a newer format, or with something in it that this firmware does not know.
    Newer,
    /// It ends too soon, or its manifest is malformed, too long, or lacks a field.
    Malformed,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotAPackage => "this is no package: it does not begin like one",
            Self::Newer => "this package is of a format that is newer than this program",
            Self::Malformed => "the package ends too soon, or its manifest is damaged",
        })
    }
}

impl core::error::Error for Error {}

/// What a manifest says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Manifest<'a> {
    /// How the payload gives the new image.
    pub format: Format,
    /// Product key; empty: of any product.
    pub product: &'a str,
    /// Component.
    pub component: &'a str,
    /// What the component is.
    pub kind: Kind,
    /// Where a delta or an in-place package starts from; `None` in a full package.
    pub source: Option<Source<'a>>,
    /// Version that the package leads to.
    pub target_version: &'a str,
    /// Size of the new image in bytes.
    pub target_size: u32,
    /// SHA-256 of the new image.
    pub target_sha256: [u8; 32],
    /// Increases from package to package.
    pub sequence: u32,
    /// Size of the payload in bytes.
    pub payload_size: u32,
    /// SHA-256 of the payload.
    pub payload_sha256: [u8; 32],
    /// Public key that takes the place of the one that this package is signed with, once it is installed: a point in SEC 1's
    /// uncompressed form.
    pub next_key: Option<&'a [u8]>,
    /// What it repeats of a delta's header.
    #[cfg(feature = "std")]
    pub outline: Outline,
}

/// The image that a delta starts from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Source<'a> {
    /// Its version.
    pub version: &'a str,
    /// Its size in bytes.
    pub size: u32,
    /// Its SHA-256.
    pub sha256: [u8; 32],
}

/// What a manifest repeats of a delta's header, by the header's numbers, for programs that read no deltas. Devices go by the
/// header alone.
#[cfg(feature = "std")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outline {
    /// What the images' code is for.
    pub instructions: Option<u32>,
    /// Address of the image's first byte.
    pub base: Option<u32>,
    /// Bytes of the new image between two restart points, as a power of two; 31: there are none.
    pub interval: Option<u32>,
}

/// A package, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Package<'a> {
    /// What the manifest says.
    pub manifest: Manifest<'a>,
    /// How it is signed.
    pub scheme: Scheme,
    /// What the signature covers: head and manifest.
    pub signed: &'a [u8],
    /// The signature.
    pub signature: &'a [u8],
    /// The payload, as far as it is there.
    pub payload: &'a [u8],
}

impl Package<'_> {
    /// Where the payload begins in the file.
    #[must_use]
    pub fn payload_at(&self) -> usize {
        self.signed.len().saturating_add(self.signature.len())
    }
}

/// Whether bytes begin like a package, of any version.
#[must_use]
pub fn is_package(bytes: &[u8]) -> bool {
    bytes.get(..7) == MAGIC.get(..7)
}

/// Takes apart a package of which at least head, manifest and signature are there.
///
/// # Errors
/// See [`Error`]. The signature and the payload's digest are for the caller to check.
pub fn parse(bytes: &[u8]) -> Result<Package<'_>, Error> {
    if !is_package(bytes) {
        return Err(Error::NotAPackage);
    }
    if !bytes.starts_with(&MAGIC) {
        return Err(Error::Newer);
    }
    let &[m0, m1, m2, m3, s0, s1, k0, k1] = bytes.get(8..).and_then(|rest| rest.first_chunk()).ok_or(Error::Malformed)?;
    let scheme = match u16::from_le_bytes([k0, k1]) {
        0 => Scheme::Unsigned,
        1 => Scheme::P256,
        2 => Scheme::P384,
        _ => return Err(Error::Newer),
    };
    if usize::from(u16::from_le_bytes([s0, s1])) != scheme.length() {
        return Err(Error::Malformed);
    }
    let manifest = usize::try_from(u32::from_le_bytes([m0, m1, m2, m3])).map_err(|_| Error::Malformed)?;
    if manifest > MANIFEST_MAX {
        return Err(Error::Malformed);
    }
    let signed = HEAD.checked_add(manifest).and_then(|end| bytes.get(..end)).ok_or(Error::Malformed)?;
    let rest = bytes.get(signed.len()..).unwrap_or_default();
    let (signature, payload) = rest.split_at_checked(scheme.length()).ok_or(Error::Malformed)?;
    let manifest = read(signed.get(HEAD..).unwrap_or_default())?;
    Ok(Package { manifest, scheme, signed, signature, payload })
}

fn read(manifest: &[u8]) -> Result<Manifest<'_>, Error> {
    ttlv::check(manifest).map_err(|_| Error::Malformed)?;
    let number = |id| ttlv::find(manifest, id)?.as_i64().and_then(|number| u32::try_from(number).ok());
    let text = |id| ttlv::find(manifest, id)?.as_text();
    let digest = |id| ttlv::find(manifest, id)?.as_bytes()?.try_into().ok();
    let must = Error::Malformed;
    let format = match number(id::FORMAT).ok_or(must)? {
        0 => Format::Full,
        1 => Format::Delta,
        #[cfg(feature = "inplace")]
        2 => Format::InPlace,
        _ => return Err(Error::Newer),
    };
    let source = match format {
        Format::Full => None,
        _ => Some(Source {
            version: text(id::SOURCE_VERSION).ok_or(must)?,
            size: number(id::SOURCE_SIZE).ok_or(must)?,
            sha256: digest(id::SOURCE_SHA256).ok_or(must)?,
        }),
    };
    Ok(Manifest {
        format,
        product: text(id::PRODUCT).unwrap_or_default(),
        component: text(id::COMPONENT).ok_or(must)?,
        kind: ttlv::find(manifest, id::KIND).and_then(|value| Kind::from_value(&value)).ok_or(must)?,
        source,
        target_version: text(id::TARGET_VERSION).ok_or(must)?,
        target_size: number(id::TARGET_SIZE).ok_or(must)?,
        target_sha256: digest(id::TARGET_SHA256).ok_or(must)?,
        sequence: number(id::SEQUENCE).ok_or(must)?,
        payload_size: number(id::PAYLOAD_SIZE).ok_or(must)?,
        payload_sha256: digest(id::PAYLOAD_SHA256).ok_or(must)?,
        next_key: ttlv::find(manifest, id::NEXT_KEY).map(|value| value.as_bytes().ok_or(must)).transpose()?,
        #[cfg(feature = "std")]
        outline: match format {
            Format::Full => Outline::default(),
            _ => Outline { instructions: number(id::INSTRUCTIONS), base: number(id::BASE), interval: number(id::INTERVAL) },
        },
    })
}
