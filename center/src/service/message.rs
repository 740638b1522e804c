//! What the Center says to devices and hears from them, as TTLV (wire protocol, sections 4 and 5).

use crate::domain::device::{mcu_versions, Device, Reported, Status};
use crate::domain::package::{ComponentType, PackageFile};
use crate::domain::plan::PlanDraft;
use crate::domain::rate::Exceeded;
use crate::domain::upgrade::{ComponentRun, Report, Upgrade};
use qth_protocol::command::{self, limit};
use qth_protocol::frame::PackageId;
use qth_protocol::id::{configuration, exception, information, status};
use qth_protocol::ota::{id, Kind, Status as StatusCode};
use qth_protocol::ttlv::{self, Reader, Value, Writer};

/// Largest payload: a plan of twenty components with the longest texts.
const PAYLOAD_MAX: usize = 8 * 1024;

/// A message to a device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    pub command: u16,
    pub payload: Vec<u8>,
}

/// A file and the address that a device gets it from.
pub struct Announced<'a> {
    pub file: &'a PackageFile,
    pub url: String,
}

fn message(command: u16, write: impl FnOnce(&mut Writer<'_>)) -> Message {
    let mut bytes = vec![0; PAYLOAD_MAX];
    let mut writer = Writer::new(&mut bytes);
    write(&mut writer);
    let length = writer.finish().expect("the domain's limits keep every message within the largest payload");
    bytes.truncate(length);
    Message { command, payload: bytes }
}

/// Gives a device its secret, and the session key that it asked for.
#[must_use]
pub fn configuration(device_secret: Option<&str>, session_key: Option<&[u8; 16]>) -> Message {
    message(command::CONFIG, |writer| {
        if let Some(secret) = device_secret {
            writer.text(configuration::DEVICE_SECRET, secret);
        }
        if let Some(key) = session_key {
            writer.bytes(configuration::SESSION_KEY, key);
        }
    })
}

/// Tells a device that it has sent too many messages, and which of them was not kept (wire protocol, section 4).
#[must_use]
pub fn limited(exceeded: Exceeded, id: PackageId, device: &Device) -> Message {
    let code = match exceeded {
        Exceeded::Minute => limit::MINUTE,
        Exceeded::Day => limit::DAY,
    };
    message(command::EXCEPTION_DOWN, |writer| {
        writer.int(exception::CODE, code).int(exception::PACKAGE, i64::from(id.get()));
        writer.text(exception::PRODUCT, &device.product).text(exception::DEVICE, &device.key);
    })
}

/// Offers the components that are still to be upgraded.
#[must_use]
pub fn plan(draft: &PlanDraft, upgrade: &Upgrade) -> Message {
    message(command::OTA_PLAN, |writer| {
        let components: Vec<&ComponentRun> = upgrade.remaining().collect();
        match components[..] {
            [component] => write_component(writer, draft, component),
            _ => {
                writer.begin(id::COMPONENTS);
                for component in components {
                    writer.begin(0);
                    write_component(writer, draft, component);
                    writer.end();
                }
                writer.end();
            }
        }
        if draft.auto_confirm {
            writer.int(id::CONTROL, 1);
        }
    })
}

fn write_component(writer: &mut Writer<'_>, draft: &PlanDraft, component: &ComponentRun) {
    writer.text(id::COMPONENT, &component.identifier);
    writer.text(id::SOURCE_VERSION, &component.source_version);
    writer.text(id::TARGET_VERSION, &component.target_version);
    writer.int(id::KIND, Kind::from(component.component_type) as i64);
    if let Some(percent) = draft.strategy.min_battery {
        writer.int(id::BATTERY, i64::from(percent));
    }
    if let Some(bytes) = draft.strategy.space {
        writer.int(id::SPACE, i64::from(bytes));
    }
    if let Some(dbm) = draft.strategy.min_signal {
        writer.int(id::SIGNAL, i64::from(dbm));
    }
}

/// Tells where the files of a component are.
#[must_use]
pub fn files(component: &ComponentRun, files: &[Announced<'_>], with_sha256: bool) -> Message {
    message(command::OTA_FIRMWARE, |writer| {
        let write_file = |writer: &mut Writer<'_>, announced: &Announced<'_>| {
            writer.text(id::URL, &announced.url).int(id::SIZE, announced.file.size as i64);
            writer.text(id::MD5, &announced.file.md5);
        };
        let write_digests = |writer: &mut Writer<'_>, announced: &Announced<'_>| {
            writer.text(id::CRC32, &announced.file.crc32);
            if with_sha256 {
                writer.text(id::SHA256, &announced.file.sha256);
            }
        };
        if let [file] = files {
            write_file(writer, file);
        }
        writer.text(id::COMPONENT, &component.identifier).text(id::SOURCE_VERSION, &component.source_version);
        writer.text(id::TARGET_VERSION, &component.target_version).int(id::KIND, Kind::from(component.component_type) as i64);
        match files {
            [file] => write_digests(writer, file),
            files => {
                writer.begin(id::FILES);
                for (index, file) in files.iter().enumerate() {
                    writer.begin(0).int(id::INDEX, index as i64);
                    write_file(writer, file);
                    write_digests(writer, file);
                    writer.end();
                }
                writer.end();
            }
        }
    })
}

/// Reads a status report, 0x0034 or 0x0032.
#[must_use]
pub fn read_status(payload: &[u8]) -> Status {
    let number = |id| ttlv::find(payload, id).and_then(|value| value.as_i64());
    Status {
        battery: number(status::BATTERY),
        voltage: ttlv::find(payload, status::VOLTAGE).and_then(|value| value.as_f64()),
        signal: number(status::SIGNAL),
        free_flash: number(status::FREE_FLASH),
        rsrp: number(status::RSRP),
        rsrq: number(status::RSRQ),
        snr: number(status::SNR),
    }
}

/// Takes an information report, 0x0044 or 0x0042, into what is known of the device.
pub fn read_information(payload: &[u8], reported: &mut Reported) {
    let mut reader = Reader::new(payload);
    while let Ok(Some(item)) = reader.next() {
        let Some(text) = text(&item.value) else { continue };
        match item.id {
            information::MODULE => reported.module_type = Some(text.clone()),
            information::VERSION => reported.module_version = Some(text.clone()),
            information::MCU_VERSIONS => reported.mcu_versions = mcu_versions(&text),
            _ => {}
        }
        reported.information.insert(item.id.to_string(), text);
    }
}

/// Takes the versions of a request (0x0115) or a status report (0x0114).
pub fn read_versions(payload: &[u8], reported: &mut Reported) {
    if let Some(version) = ttlv::find(payload, id::MODULE_VERSION).and_then(|value| text(&value)) {
        reported.module_version = Some(version);
    }
    if let Some(versions) = ttlv::find(payload, id::MCU_VERSIONS).and_then(|value| text(&value)) {
        reported.mcu_versions = mcu_versions(&versions);
    }
}

/// Reads an upgrade's status report, 0x0114; `None` when it is malformed.
pub fn read_report(payload: &[u8]) -> Option<Report> {
    let find_text = |id| ttlv::find(payload, id).and_then(|value| text(&value));
    let kind = ttlv::find(payload, id::KIND).and_then(|value| Kind::from_value(&value));
    Some(Report {
        code: StatusCode::from_code(read_code(payload)?),
        text: find_text(id::STATUS_TEXT).unwrap_or_default(),
        component: find_text(id::COMPONENT).unwrap_or_default(),
        component_type: kind.map(ComponentType::from),
        sha256: find_text(id::SIGNATURE).is_some_and(|wanted| wanted.eq_ignore_ascii_case("sha256")),
        module_version: find_text(id::MODULE_VERSION),
        mcu_versions: find_text(id::MCU_VERSIONS).map(|versions| mcu_versions(&versions)),
    })
}

/// Reads the confirmation of an older device, 0x0112: a refusal when its id 11 says false or 0.
#[must_use]
pub fn read_confirmation(payload: &[u8]) -> Report {
    let refused = match ttlv::find(payload, id::SUBMIT) {
        Some(Value::Bool(submit)) => !submit,
        Some(value) => value.as_i64() == Some(0),
        None => false,
    };
    Report {
        code: Some(if refused { StatusCode::Refused } else { StatusCode::Confirmed }),
        text: "OTACONFIRM".into(),
        component: ttlv::find(payload, id::COMPONENT).and_then(|value| text(&value)).unwrap_or_default(),
        component_type: None,
        sha256: false,
        module_version: None,
        mcu_versions: None,
    }
}

/// The code of an upgrade's status report as it came.
#[must_use]
pub fn read_code(payload: &[u8]) -> Option<u8> {
    u8::try_from(ttlv::find(payload, id::STATUS)?.as_i64()?).ok()
}

fn text(value: &Value<'_>) -> Option<String> {
    match value {
        Value::Bytes(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
        Value::Number(number) => number.as_i64().map(|number| number.to_string()),
        _ => None,
    }
}
