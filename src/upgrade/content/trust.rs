//! Who may bring a package: keys, signatures, and sequence numbers that only grow.

use crate::board::Board;
use crate::settings::Settings;
use crate::upgrade::Context;
use heapless::Vec;
use qth_flash::records::Key;
use qth_package::{Manifest, Package, PublicKey, Scheme, POINT_MAX};
use qth_protocol::ota::Failure;

/// Room for the sequence numbers of all components.
pub const SEQUENCES_MAX: usize = 384;
/// Length of a key's record: the length of the point that the script has set, that point, and the one in its place.
pub const KEYS_MAX: usize = 1 + 2 * POINT_MAX;
/// Length of what a package in progress promises: its sequence number, and the key's record if it brings a key.
pub const PROMISES_MAX: usize = 4 + KEYS_MAX;

/// Packages have to be signed.
pub fn wants_signatures(settings: &Settings) -> bool {
    !settings.ota_key.is_empty()
}

/// The key that packages must be signed with: that of the script, or the one that has taken its place.
fn signing_key<B: Board>(cx: &mut Context<'_, B>) -> Result<Option<PublicKey>, Failure> {
    if !wants_signatures(cx.settings) {
        return Ok(None);
    }
    let key = PublicKey::from_pem(&cx.settings.ota_key).ok_or(Failure::Signature)?;
    let mut bytes = [0; KEYS_MAX];
    let kept = cx.records.get(cx.board.flash(), Key::SigningKey, &mut bytes).map_err(|_| Failure::Flash)?;
    let points = bytes.get(..kept.unwrap_or(0)).and_then(|kept| kept.split_first());
    let points = points.and_then(|(length, points)| points.split_at_checked(usize::from(*length)));
    match points {
        Some((set, next)) if set == key.point() => PublicKey::from_point(next).map(Some).ok_or(Failure::Signature),
        _ => Ok(Some(key)),
    }
}

/// With a key set, it has signed the package, and a key that the package brings is one that this firmware can use.
pub fn check_signature<B: Board>(package: &Package<'_>, cx: &mut Context<'_, B>) -> Result<(), Failure> {
    let Some(key) = signing_key(cx)? else { return Ok(()) };
    if package.scheme == Scheme::Unsigned {
        return Err(Failure::Unsigned);
    }
    if !key.has_signed(package) {
        return Err(Failure::Signature);
    }
    match package.manifest.next_key {
        Some(point) if PublicKey::from_point(point).is_none() => Err(Failure::NextKey),
        _ => Ok(()),
    }
}

/// With a key set, an old package is not installed again, however well it is signed.
pub fn check_sequence<B: Board>(manifest: &Manifest<'_>, cx: &mut Context<'_, B>) -> Result<(), Failure> {
    if !wants_signatures(cx.settings) {
        return Ok(());
    }
    let kept = sequences_kept(cx)?;
    let installed = sequences(&kept).find(|(component, _)| *component == manifest.component.as_bytes());
    match installed {
        Some((_, installed)) if manifest.sequence <= installed => Err(Failure::OldPackage),
        _ => Ok(()),
    }
}

fn sequences_kept<B: Board>(cx: &mut Context<'_, B>) -> Result<Vec<u8, SEQUENCES_MAX>, Failure> {
    let mut kept = Vec::new();
    let _ = kept.resize_default(SEQUENCES_MAX);
    let length = cx.records.get(cx.board.flash(), Key::Sequences, &mut kept).map_err(|_| Failure::Flash)?;
    kept.truncate(length.unwrap_or(0));
    Ok(kept)
}

/// Keeps what the package changes once it is installed; what nobody has signed changes nothing.
pub fn keep_promises<B: Board>(manifest: &Manifest<'_>, cx: &mut Context<'_, B>) -> Result<(), Failure> {
    if !wants_signatures(cx.settings) {
        return cx.records.remove(cx.board.flash(), Key::Package).map_err(|_| Failure::Flash);
    }
    let mut promises = Vec::<u8, PROMISES_MAX>::new();
    let mut put = |bytes: &[u8]| promises.extend_from_slice(bytes).map_err(|_| Failure::BadPackage);
    put(&manifest.sequence.to_le_bytes())?;
    if let Some(next) = manifest.next_key {
        let set = PublicKey::from_pem(&cx.settings.ota_key).ok_or(Failure::Signature)?;
        put(&[set.point().len() as u8])?;
        put(set.point())?;
        put(next)?;
    }
    cx.records.put(cx.board.flash(), Key::Package, &promises).map_err(|_| Failure::Flash)
}

/// The package is installed: what it has promised holds from now on.
pub fn fulfil<B: Board>(component: &str, cx: &mut Context<'_, B>) -> Result<(), Failure> {
    let mut bytes = [0; PROMISES_MAX];
    let kept = cx.records.get(cx.board.flash(), Key::Package, &mut bytes).map_err(|_| Failure::Flash)?;
    let promises = bytes.get(..kept.unwrap_or(0)).and_then(|kept| kept.split_first_chunk());
    let Some((sequence, keys)) = promises else { return Ok(()) };
    keep_sequence(component, u32::from_le_bytes(*sequence), cx)?;
    let flash = cx.board.flash();
    if !keys.is_empty() {
        cx.records.put(flash, Key::SigningKey, keys).map_err(|_| Failure::Flash)?;
    }
    cx.records.remove(flash, Key::Package).map_err(|_| Failure::Flash)
}

fn keep_sequence<B: Board>(component: &str, sequence: u32, cx: &mut Context<'_, B>) -> Result<(), Failure> {
    let kept = sequences_kept(cx)?;
    let name = component.as_bytes();
    let mut all = Vec::<u8, SEQUENCES_MAX>::new();
    let others = sequences(&kept).filter(|(other, _)| *other != name);
    for (name, sequence) in others.chain([(name, sequence)]) {
        for part in [&[name.len() as u8], name, &sequence.to_le_bytes()] {
            all.extend_from_slice(part).map_err(|_| Failure::Flash)?;
        }
    }
    cx.records.put(cx.board.flash(), Key::Sequences, &all).map_err(|_| Failure::Flash)
}

/// Components and their sequence numbers, of their record.
fn sequences(mut kept: &[u8]) -> impl Iterator<Item = (&[u8], u32)> {
    core::iter::from_fn(move || {
        let (length, rest) = kept.split_first()?;
        let (name, rest) = rest.split_at_checked(usize::from(*length))?;
        let (sequence, rest) = rest.split_first_chunk()?;
        kept = rest;
        Some((name, u32::from_le_bytes(*sequence)))
    })
}
