//! What is in a flash, for people and for scripts.

use crate::boot;
use qth::flash::slot::{SlotInfo, Slots, State};
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
        let (name, state, version) = (boot::slot_name(slot), info.state.name(), info.version.as_str());
        let _ = writeln!(text, "{marker} slot {name}  {state}{detail}  {version}  {} bytes", info.size);
        if info.sha256 != [0; 32] {
            let _ = writeln!(text, "          sha256 {}", hex(&info.sha256));
        }
    }
    if let Some(reason) = slots.reverted() {
        let _ = writeln!(text, "  the last new firmware was given up: {}", reason.text());
    }
    text
}

fn as_json(slots: &Slots) -> String {
    let entries: Vec<String> = infos(slots)
        .map(|(slot, info)| {
            let version: String = info.version.chars().flat_map(char::escape_default).collect();
            format!(
                r#"{{"slot":"{}","state":"{}","version":"{version}","size":{},"sha256":"{}","running":{}}}"#,
                boot::slot_name(slot),
                info.state.name(),
                info.size,
                hex(&info.sha256),
                slots.running() == Some(slot)
            )
        })
        .collect();
    format!("[{}]\n", entries.join(","))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
