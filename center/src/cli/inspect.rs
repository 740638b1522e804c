//! `qth-center pack inspect`: what a package file says about itself.

use super::api::Api;
use super::table::{number, styled, FAINT};
use base16ct::lower::encode_string as hex;
use qth_package::delta::field::InstructionSet;
use qth_package::delta::header::NO_INTERVAL;
use qth_package::delta::{Header, Method};
use qth_package::inplace::staged::{Payload, Way};
use qth_package::{Format, Manifest, Package, Scheme, Source};
use qth_packer::container;
use qth_protocol::ota::Kind;
use serde_json::{json, Value};

/// Digits of a digest where it only names an image.
const SHORT: usize = 8;

/// Shows a package, for people in groups, as JSON with every field.
pub fn inspect(api: &Api, name: &str, bytes: &[u8]) -> anyhow::Result<()> {
    let package = container::open(bytes)?;
    let header = container::delta_header(&package)?;
    let ways = container::ways(&package)?;
    let mut said = fields(bytes, &package, header.as_ref());
    if let Some((payload, ways)) = &ways {
        let sizes = ways.each_ref().map(|way| way.end - way.delta);
        said["block"] = json!(payload.block);
        said["delta_sizes"] = json!(sizes);
    }
    api.print(&said, |_| {
        let mut groups = groups(name, bytes, &package, header.as_ref());
        groups.extend(ways.as_ref().map(in_place));
        for (place, group) in groups.into_iter().enumerate() {
            if place > 0 {
                say!("");
            }
            for (label, text) in group {
                say!("{} {text}", styled(FAINT, &format!("{label:<12}")));
            }
        }
    })
}

fn fields(bytes: &[u8], package: &Package<'_>, header: Option<&Header>) -> Value {
    let Manifest { format, product, component, kind, source, target_version, target_size, target_sha256, .. } = package.manifest;
    let mut fields = json!({
        "format": match format { Format::Full => "full", Format::Delta => "delta", Format::InPlace => "in place" },
        "product": product,
        "component": component,
        "component_type": kind.name(),
        "source_version": source.map(|source| source.version),
        "source_size": source.map(|source| source.size),
        "source_sha256": source.map(|source| hex(&source.sha256)),
        "target_version": target_version,
        "target_size": target_size,
        "target_sha256": hex(&target_sha256),
        "sequence": package.manifest.sequence,
        "signature": curve(package.scheme),
        "next_key": package.manifest.next_key.map(curve_of),
        "next_key_point": package.manifest.next_key.map(hex),
        "size": bytes.len(),
        "payload_size": package.payload.len(),
        "payload_sha256": hex(&package.manifest.payload_sha256),
    });
    if let Some(header) = header {
        fields["method"] = json!(method(header.method).0);
        fields["instructions"] = json!(instructions(header.instructions).0);
        fields["base"] = json!(header.base);
        fields["ram"] = json!(header.ram);
        fields["ram_size"] = json!(header.ram_size);
        fields["code"] = json!([header.code, header.code_end]);
        fields["interval"] = json!(interval(header));
        fields["shifts"] = json!({ "image": header.image_shifts, "ram": header.ram_shifts, "names": header.name_shifts });
    }
    fields
}

type Group = Vec<(&'static str, String)>;

fn groups(name: &str, bytes: &[u8], package: &Package<'_>, header: Option<&Header>) -> Vec<Group> {
    let Manifest { product, component, kind, source, target_version, target_size, target_sha256, sequence, .. } =
        package.manifest;
    let is_in_place = package.manifest.format == Format::InPlace;
    let short = |digest: &[u8]| hex(digest)[..SHORT].to_owned();
    let size = |size: usize| format!("{} bytes", number(size as u64));
    let image = |bytes: u32, digest: &[u8]| format!("{}, SHA-256 {}", size(bytes as usize), hex(digest));
    let target = format!("{target_version} ({})", short(&target_sha256));

    let product = if product.is_empty() { "any product".to_owned() } else { format!("product {product}") };
    let kind = match kind {
        Kind::Module => "module",
        Kind::Mcu => "MCU",
    };
    let about = vec![
        ("package", name.to_owned()),
        match source {
            Some(Source { version, sha256, .. }) => {
                (if is_in_place { "in place" } else { "delta" }, format!("{version} ({}) -> {target}", short(&sha256)))
            }
            None => ("full", format!("-> {target}")),
        },
        ("for", format!("{product}, component {component} ({kind})")),
        ("sequence", sequence.to_string()),
        ("signature", curve(package.scheme).unwrap_or("none").to_owned()),
        (
            "next key",
            package
                .manifest
                .next_key
                .map_or_else(|| "none, the key stays".to_owned(), |key| format!("{}, {}", curve_of(key), hex(key))),
        ),
    ];

    let mut sizes = Vec::new();
    if let Some(Source { size, sha256, .. }) = source {
        sizes.push(("old image", image(size, &sha256)));
        sizes.push(("new image", image(target_size, &target_sha256)));
    } else {
        sizes.push(("image", image(target_size, &target_sha256)));
    }
    sizes.push(("file", format!("{}, {} of the image", size(bytes.len()), share(bytes.len(), target_size))));
    sizes.push(("payload", image(package.manifest.payload_size, &package.manifest.payload_sha256)));

    let mut groups = vec![about, sizes];
    groups.extend(header.map(coding));
    groups
}

/// How a delta is coded.
fn coding(header: &Header) -> Group {
    let shifts = match header.shifts() {
        0 => "none".to_owned(),
        all => {
            let Header { image_shifts, ram_shifts, name_shifts, .. } = header;
            format!("{all}: {image_shifts} of addresses in the image, {ram_shifts} in RAM, {name_shifts} of names")
        }
    };
    let mut coding = vec![
        ("method", method(header.method).1.to_owned()),
        ("shifts", shifts),
        ("instructions", instructions(header.instructions).1.to_owned()),
    ];
    if matches!(header.instructions, InstructionSet::Thumb | InstructionSet::Riscv32) {
        coding.push(("base", format!("0x{:08x}", header.base)));
        coding.push(("RAM", format!("0x{:08x}, {} KB", header.ram, number((header.ram_size / 1024).into()))));
        coding.push(("code", code(header)));
    }
    coding.push((
        "restart",
        match interval(header) {
            Some(bytes) => format!("points every {} KB", number((bytes / 1024).into())),
            None => "points: none, an interrupted update begins anew".to_owned(),
        },
    ));
    coding
}

/// How an in-place package rewrites the slot.
fn in_place((payload, ways): &(Payload, [Way; 2])) -> Group {
    let way = |way: &Way| {
        let (size, blocks) = (number((way.end - way.delta).into()), number(way.order.blocks().into()));
        format!("{size} bytes, for {blocks} blocks")
    };
    let [there, back] = ways;
    vec![
        ("block", format!("{} bytes are rewritten at a time", number(payload.block.into()))),
        ("there", way(there)),
        ("back", way(back)),
    ]
}

/// Which part of the old image is read as code.
fn code(header: &Header) -> String {
    if header.code == header.code_end {
        return "none found".to_owned();
    }
    let [from, to] = [header.code, header.code_end].map(|place| number(place.into()));
    format!("bytes {from} to {to} of the old image")
}

/// Bytes of the new image between two restart points.
fn interval(header: &Header) -> Option<u32> {
    (header.interval != NO_INTERVAL).then(|| 1 << header.interval)
}

/// A method's name in JSON, and for people.
pub fn method(method: Method) -> (&'static str, &'static str) {
    match method {
        Method::Lzma => ("lzma", "LZMA"),
        Method::LzmaLonger => ("lzma_longer", "LZMA with longer matches"),
        Method::Bsdiff => ("bsdiff", "bsdiff"),
    }
}

/// An instruction set's name on the command line, and for people.
fn instructions(instructions: InstructionSet) -> (&'static str, &'static str) {
    match instructions {
        InstructionSet::Plain => ("plain", "plain: nothing is corrected"),
        InstructionSet::Thumb => ("thumb", "Thumb-2"),
        InstructionSet::Riscv32 => ("rv32", "RV32IMAC"),
        InstructionSet::X86_64 => ("x86-64", "x86-64, an ELF file"),
    }
}

fn curve(scheme: Scheme) -> Option<&'static str> {
    match scheme {
        Scheme::Unsigned => None,
        Scheme::P256 => Some("P-256"),
        Scheme::P384 => Some("P-384"),
    }
}

fn curve_of(point: &[u8]) -> &'static str {
    match point.len() {
        65 => "P-256",
        97 => "P-384",
        _ => "of an unknown curve",
    }
}

/// How much of an image a package has.
pub fn share(size: usize, image: u32) -> String {
    format!("{:.1} %", size as f64 * 100.0 / f64::from(image.max(1)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use qth_packer::container::{delta_manifest, manifest, open, sha256, unsigned};
    use qth_packer::{make, Options};

    fn shown(package: &[u8]) -> String {
        let opened = open(package).unwrap();
        let header = container::delta_header(&opened).unwrap();
        let groups = groups("new.pack", package, &opened, header.as_ref());
        let lines = |group: &Group| group.iter().map(|(label, text)| format!("{label}: {text}\n")).collect::<String>();
        groups.iter().map(lines).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn a_delta_is_shown_in_groups_with_units_and_all_digests() {
        let (old, new) = (vec![7; 40_000], vec![7; 50_000]);
        let options = Options { instructions: Some(InstructionSet::Thumb), ..Options::default() };
        let delta = make(&old, &new, &options, &mut |_| ()).unwrap().bytes;
        let source = Source { version: "1.0.0", size: 40_000, sha256: sha256(&old) };
        let known = delta_manifest(&new, source, &delta).unwrap();
        let said = Manifest { product: "p1", component: "C", target_version: "1.1.0", sequence: 7, ..known };
        let package = unsigned(&said, &delta).unwrap();
        let (from, to) = (hex(&sha256(&old)), hex(&sha256(&new)));
        let expected = format!(
            "package: new.pack
delta: 1.0.0 ({}) -> 1.1.0 ({})
for: product p1, component C (module)
sequence: 7
signature: none
next key: none, the key stays

old image: 40,000 bytes, SHA-256 {from}
new image: 50,000 bytes, SHA-256 {to}
file: {} bytes, {:.1} % of the image
payload: {} bytes, SHA-256 {}

method: LZMA with longer matches
shifts: none
instructions: Thumb-2
base: 0x08000000
RAM: 0x20000000, 1,024 KB
code: none found
restart: points every 32 KB
",
            &from[..8],
            &to[..8],
            package.len(),
            package.len() as f64 / 500.0,
            delta.len(),
            hex(&sha256(&delta)),
        );
        assert_eq!(shown(&package), expected);
    }

    #[test]
    fn a_full_package_is_shown_without_what_only_deltas_have() {
        let known = manifest(b"image", b"image").unwrap();
        let package = unsigned(&Manifest { component: "MCU1", kind: Kind::Mcu, target_version: "2", ..known }, b"image").unwrap();
        let shown = shown(&package);
        assert!(shown.contains("\nfull: -> 2 (") && shown.contains("\nfor: any product, component MCU1 (MCU)\n"), "{shown}");
        assert!(shown.contains("\nimage: 5 bytes, SHA-256 "), "{shown}");
        assert!(!shown.contains("restart"), "{shown}");
    }
}
