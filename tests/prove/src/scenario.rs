//! What happens between the power cuts.

use crate::center::PK;
use crate::world::{File, Firmware};
use qth::delta::field::InstructionSet;
use qth::pack::{Format, Manifest, Source};
use qth_pack::container::{self, sha256};
use qth_pack::Options;
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Mutex, PoisonError};

/// An upgrade and how it is to end.
pub struct Scenario {
    pub name: &'static str,
    /// None: the plain image.
    pub file: Option<File>,
    pub firmware: Firmware,
    /// Handed out after the first cut, in place of the file.
    pub other: Option<File>,
    /// A bit of the slot rots while power is off for the first time.
    pub rots: bool,
}

const UPGRADE: Scenario = Scenario { name: "image", file: None, firmware: Firmware::Good, other: None, rots: false };

pub const SCENARIOS: [Scenario; 7] = [
    UPGRADE,
    Scenario { name: "package", file: Some(full), ..UPGRADE },
    Scenario { name: "delta", file: Some(delta), ..UPGRADE },
    Scenario { name: "crash", firmware: Firmware::Crashes, ..UPGRADE },
    Scenario { name: "mute", file: Some(delta), firmware: Firmware::Mute, ..UPGRADE },
    Scenario { name: "other", file: Some(delta), other: Some(full), ..UPGRADE },
    Scenario { name: "rot", file: Some(full), rots: true, ..UPGRADE },
];

fn manifest<'a>(new: &[u8], payload: &[u8]) -> Manifest<'a> {
    let known = container::manifest(new, payload).expect("an image of the proof fits a package");
    Manifest { product: PK, component: "EC600N", target_version: "1.1.0", sequence: 5, ..known }
}

fn full(_: &[u8], new: &[u8]) -> Vec<u8> {
    container::unsigned(&manifest(new, new), new).expect("the manifest fits")
}

/// Deltas take longer to make than to install: each is made once.
fn delta(old: &[u8], new: &[u8]) -> Vec<u8> {
    static MADE: Mutex<Option<HashMap<u64, Vec<u8>>>> = Mutex::new(None);
    let mut hasher = DefaultHasher::new();
    (old, new).hash(&mut hasher);
    let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
    let made = made.get_or_insert_default().entry(hasher.finish());
    made.or_insert_with(|| make_delta(old, new)).clone()
}

fn make_delta(old: &[u8], new: &[u8]) -> Vec<u8> {
    let options = Options { instructions: Some(InstructionSet::Plain), interval: Some(4096), ..Options::default() };
    let payload = qth_pack::make(old, new, &options, &mut |_| ()).expect("a delta can be made of any two images").bytes;
    let source = Source { version: "1.0.0", size: old.len() as u32, sha256: sha256(old) };
    let manifest = Manifest { format: Format::Delta, source: Some(source), ..manifest(new, &payload) };
    container::unsigned(&manifest, &payload).expect("the manifest fits")
}
