//! What is in a flash, for people and for scripts.

use crate::boot;
use base16ct::lower::encode_string as hex;
use qth_flash::slot::{SlotInfo, Slots, State};
use serde_json::json;
use std::fmt::Write;
use std::path::Path;

/// The report; as JSON if `json`.
pub fn report(flash: &Path, json: bool) -> Result<String, String> {
    let slots = boot::load(flash)?;
    Ok(if json { as_json(&slots) } else { as_text(flash, &slots) })
}

fn infos(slots: &Slots) -> impl Iterator<Item = (usize, &SlotInfo)> {
    (0..2).filter_map(|slot| Some((slot, slots.info(slot)?)))
}

fn as_text(flash: &Path, slots: &Slots) -> String {
    let mut text = format!("{}\n", flash.display());
    for (slot, info) in infos(slots) {
        let marker = if slots.running() == Some(slot) { "*" } else { " " };
        let detail = match info.state {
            State::Trial { boots_left } => format!(", {boots_left} more starts"),
            State::Bad(reason) => format!(": {}", reason.text()),
            _ => String::new(),
        };
        let (name, state, version) = (name(slots, slot), info.state.name(), info.version.as_str());
        let _ = writeln!(text, "{marker} {name}  {state}{detail}  {version}  {} bytes", info.size);
        if info.sha256 != [0; 32] {
            let _ = writeln!(text, "          sha256 {}", hex(&info.sha256));
        }
    }
    if let Some(reason) = slots.reverted() {
        let _ = writeln!(text, "  the last new firmware was rejected: {}", reason.text());
    }
    if let Some(digest) = slots.known_bad() {
        let _ = writeln!(text, "  known as bad: sha256 {}", hex(digest));
    }
    text
}

/// The name of a slot; the second one's place, where there is one, is the staging area.
fn name(slots: &Slots, slot: usize) -> String {
    match slot == 1 && slots.layout().has_one_slot() {
        true => "staging".to_owned(),
        false => format!("slot {}", boot::slot_name(slot)),
    }
}

fn as_json(slots: &Slots) -> String {
    let entries: Vec<_> = infos(slots)
        .map(|(slot, info)| {
            json!({
                "slot": boot::slot_name(slot),
                "staging": slot == 1 && slots.layout().has_one_slot(),
                "state": info.state.name(),
                "boots_left": match info.state {
                    State::Trial { boots_left } => Some(boots_left),
                    _ => None,
                },
                "version": info.version.as_str(),
                "size": info.size,
                "sha256": hex(&info.sha256),
                "running": slots.running() == Some(slot),
            })
        })
        .collect();
    let report = json!({
        "slots": entries,
        "reverted": slots.reverted().map(|reason| reason.text()),
        "known_bad": slots.known_bad().map(|digest| hex(digest)),
    });
    format!("{report}\n")
}
