//! `qth-center pack inspect`: what a package file says about itself.

use super::api::Api;
use super::pack::hex;
use super::table;
use qth::pack::{Format, Manifest, Scheme};
use qth_pack::container;
use serde_json::json;

pub fn inspect(api: &Api, bytes: &[u8]) -> anyhow::Result<()> {
    let package = container::open(bytes)?;
    let Manifest { format, product, component, kind, source, target_version, target_size, target_sha256, sequence, .. } =
        package.manifest;
    let said = json!({
        "format": match format { Format::Full => "full", Format::Delta => "delta" },
        "product": product,
        "component": component,
        "component_type": if kind == 0 { "module" } else { "mcu" },
        "source_version": source.map(|source| source.version),
        "source_size": source.map(|source| source.size),
        "source_sha256": source.map(|source| hex(&source.sha256)),
        "target_version": target_version,
        "target_size": target_size,
        "target_sha256": hex(&target_sha256),
        "sequence": sequence,
        "next_key": package.manifest.next_key.map(|key| if key.len() == 65 { "P-256" } else { "P-384" }),
        "payload_size": package.payload.len(),
        "signature": match package.scheme { Scheme::Unsigned => None, Scheme::P256 => Some("P-256"), Scheme::P384 => Some("P-384") },
    });
    api.print(&said, |said| {
        for (field, value) in said.as_object().into_iter().flatten() {
            say!("{field:<16} {}", if value.is_null() { "none".to_owned() } else { table::cell(value) });
        }
    })
}
