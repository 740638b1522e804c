//! Packages as a whole: made, checked, applied.

use crate::apply::apply;
use crate::board;
use crate::Memory;
use qth_package::delta::{self, Header};
use qth_package::inplace::staged::{Payload, Way};
use qth_package::{id, Format, Manifest, Outline, Package, Scheme, Source, ALIGN, HEAD, MAGIC, MANIFEST_MAX};
use qth_protocol::ota::Kind;
use qth_protocol::ttlv::Writer;
use sha2::{Digest, Sha256};
use thiserror::Error;

/// What TTLV puts before bytes: id and type, length.
const BYTES_HEAD: usize = 4;

/// Why a package can't be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PackageError {
    /// Not a package that can be read.
    #[error(transparent)]
    Container(#[from] qth_package::Error),
    /// The payload is not what the manifest says.
    #[error("the package's payload is damaged: its {0} differs from what the manifest says")]
    Payload(&'static str),
    /// The delta's header can't be read.
    #[error("the package's delta is of a format, method or instruction set that is newer than this program")]
    NewerDelta,
    /// The delta's header makes no sense.
    #[error("the package holds no delta, or a damaged one")]
    BadDelta,
    /// Manifest and header differ.
    #[error("the package contradicts itself: its manifest and its delta name different {0}")]
    Contradiction(&'static str),
    /// A delta from another image.
    #[error("the package is a delta from version '{0}', and the old image is another one")]
    Source(String),
    /// A delta without the image that it starts from.
    #[error("the package is a delta from version '{0}': name the image of that version")]
    NeedsSource(String),
    /// The delta does not give what the manifest says.
    #[error("the delta does not lead to the image that the manifest names")]
    Target,
    /// The way back does not lead to the old image.
    #[error("the package installs its image, but does not bring the old one back")]
    Back,
    /// An image or a payload of 4 GB or more.
    #[error("an image of 4 GB or more does not fit a package")]
    TooLarge,
    /// A text is too long.
    #[error("product, component or a version is too long")]
    TooLong,
}

/// SHA-256.
#[must_use]
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// What sizes and digests say of a full package, for the module and of any product; the rest is still to be filled in.
///
/// # Errors
/// [`PackageError::TooLarge`].
pub fn manifest<'a>(image: &[u8], payload: &[u8]) -> Result<Manifest<'a>, PackageError> {
    let size = |bytes: &[u8]| u32::try_from(bytes.len()).map_err(|_| PackageError::TooLarge);
    Ok(Manifest {
        format: Format::Full,
        product: "",
        component: "",
        kind: Kind::Module,
        source: None,
        target_version: "",
        target_size: size(image)?,
        target_sha256: sha256(image),
        sequence: 0,
        payload_size: size(payload)?,
        payload_sha256: sha256(payload),
        next_key: None,
        outline: Outline::default(),
    })
}

/// The same of a package with a delta from `source` to `image`.
///
/// # Errors
/// [`PackageError::TooLarge`]; `delta` is not a delta.
pub fn delta_manifest<'a>(image: &[u8], source: Source<'a>, delta: &[u8]) -> Result<Manifest<'a>, PackageError> {
    changing(Format::Delta, image, source, delta)
}

/// The same of an in-place package.
///
/// # Errors
/// [`PackageError::TooLarge`]; `payload` does not belong to such a package.
pub fn in_place_manifest<'a>(image: &[u8], source: Source<'a>, payload: &[u8]) -> Result<Manifest<'a>, PackageError> {
    changing(Format::InPlace, image, source, payload)
}

fn changing<'a>(format: Format, image: &[u8], source: Source<'a>, payload: &[u8]) -> Result<Manifest<'a>, PackageError> {
    let known = Manifest { format, source: Some(source), ..manifest(image, payload)? };
    let header = header(&known, payload)?.ok_or(PackageError::BadDelta)?;
    let outline =
        Outline { instructions: Some(header.instructions as u32), base: Some(header.base), interval: Some(header.interval) };
    Ok(Manifest { outline, ..known })
}

/// Head and manifest: what a signature of this scheme covers.
///
/// # Errors
/// [`PackageError::TooLong`].
pub fn signed_part(manifest: &Manifest<'_>, scheme: Scheme) -> Result<Vec<u8>, PackageError> {
    let mut room = [0; MANIFEST_MAX];
    let head = HEAD + scheme.length();
    let length = write(manifest, None, &mut room)?;
    let length = match (head + length) % ALIGN {
        0 => length,
        _ if manifest.format != Format::Full => length,
        over => write(manifest, Some((2 * ALIGN - over - BYTES_HEAD) % ALIGN), &mut room)?,
    };
    let mut bytes = MAGIC.to_vec();
    bytes.extend((length as u32).to_le_bytes());
    bytes.extend((scheme.length() as u16).to_le_bytes());
    bytes.extend((scheme as u16).to_le_bytes());
    debug_assert_eq!(bytes.len(), HEAD);
    bytes.extend(&room[..length]);
    Ok(bytes)
}

/// Writes the manifest, with this many bytes of filling; returns its length.
fn write(manifest: &Manifest<'_>, filling: Option<usize>, room: &mut [u8]) -> Result<usize, PackageError> {
    let mut writer = Writer::new(room);
    writer.int(id::FORMAT, manifest.format as i64);
    if !manifest.product.is_empty() {
        writer.text(id::PRODUCT, manifest.product);
    }
    writer.text(id::COMPONENT, manifest.component).int(id::KIND, manifest.kind as i64);
    if let Some(source) = &manifest.source {
        writer.text(id::SOURCE_VERSION, source.version).int(id::SOURCE_SIZE, source.size.into());
        writer.bytes(id::SOURCE_SHA256, &source.sha256);
    }
    writer.text(id::TARGET_VERSION, manifest.target_version).int(id::TARGET_SIZE, manifest.target_size.into());
    writer.bytes(id::TARGET_SHA256, &manifest.target_sha256).int(id::SEQUENCE, manifest.sequence.into());
    writer.int(id::PAYLOAD_SIZE, manifest.payload_size.into()).bytes(id::PAYLOAD_SHA256, &manifest.payload_sha256);
    if let Some(key) = manifest.next_key {
        writer.bytes(id::NEXT_KEY, key);
    }
    let Outline { instructions, base, interval } = manifest.outline;
    for (id, number) in [(id::INSTRUCTIONS, instructions), (id::BASE, base), (id::INTERVAL, interval)] {
        if let Some(number) = number {
            writer.int(id, number.into());
        }
    }
    if let Some(filling) = filling {
        writer.bytes(id::FILLING, &[0; ALIGN][..filling]);
    }
    writer.finish().map_err(|_| PackageError::TooLong)
}

/// An unsigned package.
///
/// # Errors
/// [`PackageError::TooLong`].
pub fn unsigned(manifest: &Manifest<'_>, payload: &[u8]) -> Result<Vec<u8>, PackageError> {
    let mut bytes = signed_part(manifest, Scheme::Unsigned)?;
    bytes.extend(payload);
    Ok(bytes)
}

/// Takes a whole package apart, checks its payload's digest, and that its manifest says what its delta does. The signature is
/// another matter.
///
/// # Errors
/// It is no package, damaged, or contradicts itself.
pub fn open(bytes: &[u8]) -> Result<Package<'_>, PackageError> {
    let package = whole(bytes)?;
    if let Some(header) = delta_header(&package)? {
        agree(&package.manifest, &header)?;
    }
    Ok(package)
}

/// The header of the delta in a package, in an in-place one that of the way to the new image; `None` of a full one.
///
/// # Errors
/// It can't be read.
pub fn delta_header(package: &Package<'_>) -> Result<Option<Header>, PackageError> {
    header(&package.manifest, package.payload)
}

/// How an in-place package rewrites the slot, there and back; `None` of another.
///
/// # Errors
/// It can't be read.
pub fn ways(package: &Package<'_>) -> Result<Option<(Payload, [Way; 2])>, PackageError> {
    match package.manifest.format {
        Format::InPlace => both_ways(&package.manifest, package.payload).map(Some),
        _ => Ok(None),
    }
}

fn both_ways(manifest: &Manifest<'_>, bytes: &[u8]) -> Result<(Payload, [Way; 2]), PackageError> {
    let payload = Payload::parse(manifest.payload_size, bytes).map_err(|_| PackageError::BadDelta)?;
    let way = |back: bool| {
        let size = if back { manifest.source.map_or(0, |source| source.size) } else { manifest.target_size };
        payload.way_in(back, size, bytes).map_err(|_| PackageError::BadDelta)
    };
    Ok((payload, [way(false)?, way(true)?]))
}

fn header(manifest: &Manifest<'_>, payload: &[u8]) -> Result<Option<Header>, PackageError> {
    match manifest.format {
        Format::Full => Ok(None),
        Format::Delta => read_header(payload).map(Some),
        Format::InPlace => {
            let (_, [there, _]) = both_ways(manifest, payload)?;
            read_header(&payload[there.delta as usize..]).map(Some)
        }
    }
}

fn read_header(delta: &[u8]) -> Result<Header, PackageError> {
    Header::read(delta).map_err(|error| match error {
        delta::Error::Format => PackageError::NewerDelta,
        _ => PackageError::BadDelta,
    })
}

/// A device goes by the header; programs that read the manifest only must not be told something else.
fn agree(manifest: &Manifest<'_>, header: &Header) -> Result<(), PackageError> {
    let Outline { instructions, base, interval } = manifest.outline;
    let whole = |size: u32| match manifest.format {
        // In whole blocks, which the interval is.
        Format::InPlace => size.next_multiple_of(1 << header.interval.min(30)),
        _ => size,
    };
    let pairs = [
        ("instruction sets", instructions, header.instructions as u32),
        ("flash bases", base, header.base),
        ("restart points", interval, header.interval),
        ("sizes of the old image", manifest.source.map(|source| whole(source.size)), header.old_size),
        ("sizes of the new image", Some(whole(manifest.target_size)), header.new_size),
    ];
    match pairs.into_iter().find(|(_, said, is)| said.is_some_and(|said| said != *is)) {
        Some((what, ..)) => Err(PackageError::Contradiction(what)),
        None => Ok(()),
    }
}

/// Takes a whole package apart and checks its payload's digest.
///
/// # Errors
/// It is no package, or damaged.
pub(crate) fn whole(bytes: &[u8]) -> Result<Package<'_>, PackageError> {
    let package = qth_package::parse(bytes)?;
    if package.payload.len() != package.manifest.payload_size as usize {
        return Err(PackageError::Payload("size"));
    }
    if sha256(package.payload) != package.manifest.payload_sha256 {
        return Err(PackageError::Payload("SHA-256"));
    }
    Ok(package)
}

/// The image that a package leads to. A delta needs the image that it starts from.
///
/// # Errors
/// The old image is another one, or the package does not keep what it promises.
pub fn image(package: &Package<'_>, old: Option<&[u8]>) -> Result<Vec<u8>, PackageError> {
    let Manifest { format, source, target_size, target_sha256, .. } = &package.manifest;
    let image = match (format, source, old) {
        (Format::Full, ..) => package.payload.to_vec(),
        (_, Some(source), Some(old)) if old.len() != source.size as usize || sha256(old) != source.sha256 => {
            return Err(PackageError::Source(source.version.to_owned()));
        }
        (Format::Delta, Some(_), Some(old)) => apply(old, package.payload, Memory::Standard).map_err(|_| PackageError::Target)?,
        (Format::InPlace, Some(_), Some(old)) => {
            let outcome = board::install(old, package, *target_size as usize).ok_or(PackageError::Target)?;
            if outcome.back != old {
                return Err(PackageError::Back);
            }
            outcome.there
        }
        (_, source, _) => return Err(PackageError::NeedsSource(source.map_or("", |source| source.version).to_owned())),
    };
    if image.len() != *target_size as usize || sha256(&image) != *target_sha256 {
        return Err(PackageError::Target);
    }
    Ok(image)
}

/// Reads a package that was made as devices do: it is whole, its manifest says what its payload does, and a full one holds the image
/// that it names. Deltas and in-place payloads are applied where they are made.
///
/// # Errors
/// It should not have been made.
pub fn check(bytes: &[u8]) -> Result<(), PackageError> {
    let package = open(bytes)?;
    match package.manifest.format {
        Format::Full => image(&package, None).map(drop),
        Format::Delta | Format::InPlace => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sign::{generate, sign, verify, SignError};
    use crate::{make, Options};
    use qth_package::delta::field::InstructionSet;

    const OLD: &[u8] = b"old";
    const NEW: &[u8] = b"the new image";

    fn manifest(payload: &[u8]) -> Manifest<'static> {
        let known = super::manifest(NEW, payload).unwrap();
        Manifest { product: "p111xt", component: "QTH-UNIX", target_version: "1.1.0", sequence: 7, ..known }
    }

    /// A delta from [`OLD`] to [`NEW`], and the manifest of its package.
    fn delta() -> (Vec<u8>, Manifest<'static>) {
        let options = Options { instructions: Some(InstructionSet::Thumb), ..Options::default() };
        let payload = make(OLD, NEW, &options, &mut |_| ()).unwrap().bytes;
        let source = Source { version: "1.0.0", size: OLD.len() as u32, sha256: sha256(OLD) };
        let known = delta_manifest(NEW, source, &payload).unwrap();
        let manifest = Manifest { product: "p111xt", component: "QTH-UNIX", target_version: "1.1.0", sequence: 7, ..known };
        (payload, manifest)
    }

    #[test]
    fn a_package_is_read_as_it_was_written() {
        let bytes = unsigned(&manifest(NEW), NEW).unwrap();
        let package = open(&bytes).unwrap();
        assert_eq!((package.manifest, package.payload), (manifest(NEW), NEW));
        assert_eq!(image(&package, None).unwrap(), NEW);
        let (payload, manifest) = delta();
        let bytes = unsigned(&manifest, &payload).unwrap();
        assert_eq!(open(&bytes).unwrap().manifest, manifest);
        assert_eq!(image(&open(&bytes).unwrap(), None), Err(PackageError::NeedsSource("1.0.0".into())));
        assert_eq!(image(&open(&bytes).unwrap(), Some(b"other")), Err(PackageError::Source("1.0.0".into())));
        assert_eq!(image(&open(&bytes).unwrap(), Some(OLD)).unwrap(), NEW);
        let other = Manifest { target_sha256: sha256(b"other"), ..manifest };
        let bytes = unsigned(&other, &payload).unwrap();
        assert_eq!(image(&open(&bytes).unwrap(), Some(OLD)), Err(PackageError::Target));
    }

    #[test]
    fn a_package_that_should_not_have_been_made_is_told_from_a_good_one() {
        let checked = |manifest: &Manifest<'_>, payload: &[u8]| check(&unsigned(manifest, payload).unwrap());
        assert_eq!(checked(&manifest(NEW), NEW), Ok(()));
        assert_eq!(checked(&Manifest { target_sha256: sha256(OLD), ..manifest(NEW) }, NEW), Err(PackageError::Target));
        assert_eq!(checked(&manifest(NEW), OLD), Err(PackageError::Payload("size")));
        let (payload, manifest) = delta();
        assert_eq!(checked(&manifest, &payload), Ok(()));
        let other = Manifest { target_size: 1, ..manifest };
        assert_eq!(checked(&other, &payload), Err(PackageError::Contradiction("sizes of the new image")));
    }

    #[test]
    fn the_manifest_of_a_delta_repeats_what_its_header_says() {
        let (_, manifest) = delta();
        let thumb = InstructionSet::Thumb as u32;
        let outline = Outline { instructions: Some(thumb), base: Some(0x0800_0000), interval: Some(15) };
        assert_eq!(manifest.outline, outline);
        let (private, _) = generate(Scheme::P256).unwrap();
        let signed = sign(&unsigned(&manifest, &delta().0).unwrap(), &private).unwrap();
        assert_eq!(open(&signed).unwrap().manifest, manifest, "a signature keeps all of it");
    }

    #[test]
    fn a_package_whose_manifest_and_delta_differ_is_refused() {
        let (payload, manifest) = delta();
        let refused = |change: &dyn Fn(&mut Manifest<'_>)| {
            let mut other = manifest;
            change(&mut other);
            match open(&unsigned(&other, &payload).unwrap()) {
                Err(PackageError::Contradiction(what)) => Some(what),
                Err(error) => panic!("{error}"),
                Ok(_) => None,
            }
        };
        assert_eq!(refused(&|manifest| manifest.outline.instructions = Some(2)), Some("instruction sets"));
        assert_eq!(refused(&|manifest| manifest.outline.base = Some(0)), Some("flash bases"));
        assert_eq!(refused(&|manifest| manifest.outline.interval = Some(14)), Some("restart points"));
        assert_eq!(refused(&|manifest| manifest.target_size += 1), Some("sizes of the new image"));
        let longer = Source { size: 4, ..manifest.source.unwrap() };
        assert_eq!(refused(&|manifest| manifest.source = Some(longer)), Some("sizes of the old image"));
        assert_eq!(refused(&|manifest| manifest.outline = Outline::default()), None, "it need not say it twice");
    }

    #[test]
    fn a_package_with_a_delta_that_is_none_is_refused() {
        let (payload, manifest) = delta();
        let with = |payload: &[u8]| {
            let known = super::manifest(NEW, payload).unwrap();
            let manifest = Manifest { payload_size: known.payload_size, payload_sha256: known.payload_sha256, ..manifest };
            open(&unsigned(&manifest, payload).unwrap()).map(drop)
        };
        assert_eq!(with(&payload), Ok(()));
        assert_eq!(with(&payload[..10]), Err(PackageError::BadDelta));
        assert_eq!(with(&[&[9], &payload[1..]].concat()), Err(PackageError::NewerDelta));
    }

    #[test]
    fn the_longest_manifest_fits() {
        let (payload, manifest) = delta();
        let (product, component, version) = ("p".repeat(32), "c".repeat(32), "v".repeat(64));
        let longest = Manifest {
            product: &product,
            component: &component,
            source: Some(Source { version: &version, ..manifest.source.unwrap() }),
            target_version: &version,
            sequence: u32::MAX,
            next_key: Some(&[4; 97]),
            ..manifest
        };
        assert_eq!(open(&unsigned(&longest, &payload).unwrap()).unwrap().manifest, longest);
    }

    #[test]
    fn the_payload_of_a_full_package_begins_where_flash_can_be_written() {
        let long = "v".repeat(64);
        for length in 1..=long.len() {
            let manifest = Manifest { target_version: &long[..length], ..manifest(NEW) };
            let package = unsigned(&manifest, NEW).unwrap();
            for bytes in [&package, &sign(&package, &generate(Scheme::P384).unwrap().0).unwrap()] {
                let opened = open(bytes).unwrap();
                assert_eq!(opened.payload_at() % ALIGN, 0, "{length}");
                assert_eq!((opened.manifest, opened.payload), (manifest, NEW));
            }
        }
    }

    #[test]
    fn every_damage_is_found() {
        let bytes = unsigned(&manifest(NEW), NEW).unwrap();
        for at in 0..bytes.len() {
            assert!(open(&bytes[..at]).is_err(), "cut off at {at}");
            let mut damaged = bytes.clone();
            damaged[at] ^= 0x10;
            // What is left is another manifest, which a signature would not cover; the payload is never another.
            if let Ok(package) = open(&damaged) {
                assert_ne!(package.signed, &bytes[..package.signed.len()], "at {at}");
                assert_eq!(package.payload, NEW);
            }
        }
        let mut newer = bytes.clone();
        newer[7] = 2;
        assert_eq!(open(&newer), Err(qth_package::Error::Newer.into()));
        assert_eq!(open(NEW), Err(qth_package::Error::NotAPackage.into()));
    }

    #[test]
    fn a_signature_holds_for_its_key_and_its_package_only() {
        let package = unsigned(&manifest(NEW), NEW).unwrap();
        for scheme in [Scheme::P256, Scheme::P384] {
            let (private, public) = generate(scheme).unwrap();
            let (_, other) = generate(scheme).unwrap();
            let signed = sign(&package, &private).unwrap();
            assert_eq!(signed, sign(&package, &private).unwrap(), "the same each time");
            assert_eq!(verify(&signed, &public), Ok(()));
            assert_eq!(verify(&signed, &other), Err(SignError::Wrong));
            assert_eq!(verify(&package, &public), Err(SignError::Unsigned));
            let opened = open(&signed).unwrap();
            assert_eq!((opened.scheme, opened.manifest, opened.payload), (scheme, manifest(NEW), NEW));
            for at in 0..opened.signed.len() + opened.signature.len() {
                let mut damaged = signed.clone();
                damaged[at] ^= 1;
                assert!(verify(&damaged, &public).is_err(), "{scheme:?} at {at}");
            }
            let again = sign(&signed, &private).unwrap();
            assert_eq!(again, signed, "a signature takes the place of the one before");
        }
        let (_, p384) = generate(Scheme::P384).unwrap();
        let (p256, _) = generate(Scheme::P256).unwrap();
        assert_eq!(verify(&sign(&package, &p256).unwrap(), &p384), Err(SignError::OtherCurve));
        assert_eq!(sign(&package, "no key"), Err(SignError::PrivateKey));
        assert_eq!(verify(&package, "no key"), Err(SignError::PublicKey));
    }
}
