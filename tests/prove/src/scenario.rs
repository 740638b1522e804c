//! What happens between the power cuts.

use crate::images;
use qth_package::{Format, Manifest, Source};
use qth_packer::container::{self, sha256};
use qth_packer::inplace::{self, Layout};
use qth_packer::Options;
use qth_world::center::PK;
use qth_world::world::{File, Firmware};
use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// An upgrade and how it is to end.
pub struct Scenario {
    pub name: &'static str,
    /// None: the plain image.
    pub file: Option<File>,
    /// A board with one slot is sent an in-place package instead.
    pub in_place: bool,
    pub firmware: Firmware,
    /// Handed out after the first cut, in place of the file.
    pub other: Option<File>,
    /// A bit of the slot rots while power is off for the first time.
    pub rots: bool,
}

const UPGRADE: Scenario =
    Scenario { name: "image", file: None, in_place: false, firmware: Firmware::Good, other: None, rots: false };

pub const SCENARIOS: [Scenario; 10] = [
    UPGRADE,
    Scenario { name: "package", file: Some(full), ..UPGRADE },
    Scenario { name: "delta", file: Some(delta), ..UPGRADE },
    Scenario { name: "crash", firmware: Firmware::Crashes, ..UPGRADE },
    Scenario { name: "mute", file: Some(delta), firmware: Firmware::Mute, ..UPGRADE },
    Scenario { name: "other", file: Some(delta), other: Some(full), ..UPGRADE },
    Scenario { name: "rot", file: Some(full), rots: true, ..UPGRADE },
    Scenario { name: "inplace", in_place: true, ..UPGRADE },
    Scenario { name: "back", in_place: true, firmware: Firmware::Mute, ..UPGRADE },
    Scenario { name: "inplace-other", in_place: true, other: Some(full), ..UPGRADE },
];

fn manifest<'a>(new: &[u8], payload: &[u8]) -> Manifest<'a> {
    let known = container::manifest(new, payload).expect("an image of the proof fits a package");
    Manifest { product: PK, component: "EC600N", target_version: "1.1.0", sequence: 5, ..known }
}

fn full(_: &[u8], new: &[u8]) -> Vec<u8> {
    container::unsigned(&manifest(new, new), new).expect("the manifest fits")
}

fn delta(old: &[u8], new: &[u8]) -> Vec<u8> {
    once(0, old, new, || make_delta(old, new))
}

/// For a board with one slot, in blocks of this size.
pub fn in_place<const BLOCK: usize>(old: &[u8], new: &[u8]) -> Vec<u8> {
    once(BLOCK, old, new, || make_in_place(old, new, BLOCK as u32))
}

/// Deltas take longer to make than to install: each is made once.
fn once(block: usize, old: &[u8], new: &[u8], make: impl FnOnce() -> Vec<u8>) -> Vec<u8> {
    static MADE: Mutex<BTreeMap<u64, Arc<OnceLock<Vec<u8>>>>> = Mutex::new(BTreeMap::new());
    let mut hasher = DefaultHasher::new();
    (block, old, new).hash(&mut hasher);
    let file = MADE.lock().unwrap_or_else(PoisonError::into_inner).entry(hasher.finish()).or_default().clone();
    file.get_or_init(make).clone()
}

fn options(old: &[u8]) -> Options {
    Options { instructions: Some(images::instructions(old)), base: images::BASE, ..Options::default() }
}

fn make_in_place(old: &[u8], new: &[u8], block: u32) -> Vec<u8> {
    let options = options(old);
    let layout = Layout { slot: 1 << 22, staging: 1 << 22, block };
    let payload =
        inplace::make(old, new, &options, &layout, &mut |_| ()).expect("a way can be found between any two images").bytes;
    let source = Source { version: "1.0.0", size: old.len() as u32, sha256: sha256(old) };
    let known = container::in_place_manifest(new, source, &payload).expect("it fits a package");
    let manifest = Manifest { product: PK, component: "EC600N", target_version: "1.1.0", sequence: 5, ..known };
    container::unsigned(&manifest, &payload).expect("the manifest fits")
}

fn make_delta(old: &[u8], new: &[u8]) -> Vec<u8> {
    let options = options(old);
    // Small images are to have restart points too.
    let interval = if old.len() < 1 << 16 { Some(4096) } else { options.interval };
    let options = Options { interval, ..options };
    let payload = qth_packer::make(old, new, &options, &mut |_| ()).expect("a delta can be made of any two images").bytes;
    let source = Source { version: "1.0.0", size: old.len() as u32, sha256: sha256(old) };
    let manifest = Manifest { format: Format::Delta, source: Some(source), ..manifest(new, &payload) };
    container::unsigned(&manifest, &payload).expect("the manifest fits")
}
