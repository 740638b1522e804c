//! Who may bring a package: keys, signatures, and sequence numbers that only grow.
//!
//! None of these functions is inlined: each has buffers, and one checks signatures deep in the stack.

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

/// Returns whether packages have to be signed.
pub fn wants_signatures(settings: &Settings) -> bool {
    !settings.ota_key.is_empty()
}

/// Reads what a package has before its payload.
#[inline(never)]
pub fn parse(bytes: &[u8]) -> Result<Package<'_>, Failure> {
    qth_package::parse(bytes).map_err(|error| match error {
        qth_package::Error::Newer => Failure::NewerFormat,
        _ => Failure::BadPackage,
    })
}

/// The key that packages must be signed with: that of the script, or the one that has taken its place.
#[inline(never)]
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
#[inline(never)]
pub fn check_signature<B: Board>(bytes: &[u8], cx: &mut Context<'_, B>) -> Result<(), Failure> {
    let package = parse(bytes)?;
    let Some(key) = signing_key(cx)? else { return Ok(()) };
    if package.scheme == Scheme::Unsigned {
        return Err(Failure::Unsigned);
    }
    if !key.has_signed(&package) {
        return Err(Failure::Signature);
    }
    match package.manifest.next_key {
        Some(point) if PublicKey::from_point(point).is_none() => Err(Failure::NextKey),
        _ => Ok(()),
    }
}

/// With a key set, an old package is not installed again, however well it is signed.
#[inline(never)]
pub fn check_sequence<B: Board>(manifest: &Manifest<'_>, cx: &mut Context<'_, B>) -> Result<(), Failure> {
    if !wants_signatures(cx.settings) {
        return Ok(());
    }
    let mut room = [0; SEQUENCES_MAX];
    let kept = sequences_kept(cx, &mut room)?;
    let installed =
        sequences(room.get(..kept).unwrap_or_default()).find(|(component, _)| *component == manifest.component.as_bytes());
    match installed {
        Some((_, installed)) if manifest.sequence <= installed => Err(Failure::OldPackage),
        _ => Ok(()),
    }
}

/// Reads the record of sequence numbers; returns its length.
fn sequences_kept<B: Board>(cx: &mut Context<'_, B>, room: &mut [u8; SEQUENCES_MAX]) -> Result<usize, Failure> {
    let kept = cx.records.get(cx.board.flash(), Key::Sequences, room).map_err(|_| Failure::Flash)?;
    Ok(kept.unwrap_or(0))
}

/// Keeps what the package changes once it is installed; what nobody has signed changes nothing.
#[inline(never)]
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
#[inline(never)]
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

#[inline(never)]
fn keep_sequence<B: Board>(component: &str, sequence: u32, cx: &mut Context<'_, B>) -> Result<(), Failure> {
    let mut room = [0; SEQUENCES_MAX];
    let kept = sequences_kept(cx, &mut room)?;
    let length = with_sequence(&mut room, kept, component.as_bytes(), sequence).ok_or(Failure::Flash)?;
    let record = room.get(..length).unwrap_or_default();
    cx.records.put(cx.board.flash(), Key::Sequences, record).map_err(|_| Failure::Flash)
}

/// Puts a component's sequence number into the record at the start of `room`, in the place of its old one or at the end; returns
/// the record's length, `None` when there is no room.
fn with_sequence(room: &mut [u8], kept: usize, name: &[u8], sequence: u32) -> Option<usize> {
    let length = |name: &[u8]| name.len().saturating_add(const { 1 + size_of::<u32>() });
    let others = sequences(room.get(..kept)?).take_while(|(other, _)| *other != name);
    let at = others.fold(0_usize, |at, (other, _)| at.saturating_add(length(other)));
    let end = at.checked_add(length(name))?;
    let (head, number) = room.get_mut(at..end)?.split_last_chunk_mut()?;
    *number = sequence.to_le_bytes();
    let (first, text) = head.split_first_mut()?;
    *first = name.len() as u8;
    text.copy_from_slice(name);
    Some(end.max(kept))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_component_has_one_sequence_number() {
        let mut room = [0; 20];
        let mut kept = 0;
        for (name, sequence) in [("a", 1), ("bc", 2), ("a", 7), ("d", 3)] {
            kept = with_sequence(&mut room, kept, name.as_bytes(), sequence).unwrap();
        }
        let all = [(&b"a"[..], 7), (b"bc", 2), (b"d", 3)];
        assert!(sequences(&room[..kept]).eq(all));
        assert_eq!(with_sequence(&mut room, kept, b"e", 1), None, "no room");
    }
}
