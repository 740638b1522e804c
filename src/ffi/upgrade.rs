//! Upgrades: plans of the Center, components beside the module.

use super::border::{QthBuffer, QthBytes, QthText};
use super::device;
use core::mem::MaybeUninit;
use cty::{int16_t, size_t, uint32_t, uint8_t};
use qth_protocol::ota::id;
use qth_protocol::ota::Failure;
use qth_protocol::ota::FileInfo;
use qth_protocol::ota::Plan;
use qth_protocol::ota::APPLICATION;
use qth_protocol::ttlv;

/// Longest public key that packages are signed with, as PEM.
pub const QTH_OTA_KEY: size_t = 256;
#[cfg(feature = "pack")]
const _: () = assert!(QTH_OTA_KEY == qth_package::PEM_MAX);

/// Asks for plans; returns whether the device is connected.
#[no_mangle]
pub extern "C" fn qth_ota_request(with_sha256: bool) -> bool {
    device(|device, _| device.ota_request(with_sha256))
}

/// Accepts (1) or refuses (0) the plan, asks for the next piece (2), says that the MCU is being updated (3); returns whether
/// that applies.
#[no_mangle]
pub extern "C" fn qth_ota_action(action: uint8_t) -> bool {
    device(|device, now| device.ota_action(now, action))
}

/// The name of the component that is the Python application.
#[no_mangle]
pub extern "C" fn qth_application() -> QthText<'static> {
    APPLICATION.into()
}

/// Reads from the downloaded package of an MCU to `out`; returns the number of bytes, 0 while no package is there, and
/// behind its end.
#[no_mangle]
pub extern "C" fn qth_mcu_read(offset: uint32_t, out: QthBuffer<'_>) -> size_t {
    let out = out.get();
    device(|device, now| device.mcu_package_read(now, offset, out)).unwrap_or_default()
}

/// Sets the public key that packages must be signed with, in PEM. False for every key where the library is built without
/// packages.
#[no_mangle]
pub extern "C" fn qth_set_ota_key(pem: QthText<'_>) -> bool {
    let Some(pem) = pem.get() else { return false };
    device(|device, _| device.set_ota_key(pem))
}

/// Writes the public key that packages must be signed with to `out`; returns its length, 0 when none is set or it is longer
/// than `out`.
#[no_mangle]
pub extern "C" fn qth_ota_key(out: QthBuffer<'_>) -> size_t {
    let out = out.get();
    device(|device, _| {
        let pem = device.ota_key().as_bytes();
        out.get_mut(..pem.len()).map_or(0, |out| {
            out.copy_from_slice(pem);
            pem.len()
        })
    })
}

/// Why an application was not upgraded.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QthFault {
    /// Its package can't be unpacked.
    Archive,
    /// It was tried before and reverted.
    KnownBad,
    /// It did not start, and the one before is back.
    DidNotStart,
    /// There is no space for it.
    Space,
}

/// The application's package could not be installed, or what was installed did not run; false when none is in progress.
#[no_mangle]
pub extern "C" fn qth_application_failed(fault: QthFault) -> bool {
    let failure = match fault {
        QthFault::Archive => Failure::BadArchive,
        QthFault::KnownBad => Failure::KnownBad,
        QthFault::DidNotStart => Failure::DidNotStart,
        QthFault::Space => Failure::Space,
    };
    device(|device, now| device.application_failed(now, failure))
}

/// Tells the version that an MCU runs; returns whether it is valid.
#[no_mangle]
pub extern "C" fn qth_set_mcu_version(component: QthText<'_>, version: QthText<'_>) -> bool {
    let (Some(component), Some(version)) = (component.get(), version.get()) else { return false };
    device(|device, now| device.set_mcu_version(now, component, version))
}

/// One component of a plan. What the plan does not carry is 0 or empty.
#[repr(C)]
pub struct QthComponent<'a> {
    /// 0 module, 1 MCU.
    pub kind: uint8_t,
    /// Minimum battery in percent.
    pub battery: uint8_t,
    /// Minimum signal in dBm.
    pub signal: int16_t,
    /// Required space in bytes.
    pub space: uint32_t,
    /// Component.
    pub name: QthText<'a>,
    /// Version that it starts from.
    pub source: QthText<'a>,
    /// Version that it leads to.
    pub target: QthText<'a>,
}

/// The component at this place of a plan; false after the last. Its texts lie in the plan's bytes.
#[no_mangle]
pub extern "C" fn qth_plan_component<'a>(plan: QthBytes<'a>, place: size_t, out: &mut MaybeUninit<QthComponent<'a>>) -> bool {
    let plan = Plan::parse(plan.get());
    let Some(component) = plan.ok().and_then(|plan| plan.components().nth(place)) else { return false };
    let component = QthComponent {
        kind: component.kind as u8,
        battery: component.battery,
        signal: component.signal,
        space: component.space,
        name: component.name.into(),
        source: component.source.into(),
        target: component.target.into(),
    };
    out.write(component);
    true
}

/// The package for an MCU.
#[repr(C)]
pub struct QthFile<'a> {
    /// Component.
    pub component: QthText<'a>,
    /// Version that the package leads to.
    pub version: QthText<'a>,
    /// Address of the package.
    pub url: QthText<'a>,
    /// MD5, hexadecimal.
    pub md5: QthText<'a>,
    /// CRC-32/MPEG-2, hexadecimal.
    pub crc: QthText<'a>,
    /// Size in bytes.
    pub size: uint32_t,
}

/// Reads the bytes of an event of the kind `McuInfo`, in which the file's texts lie; false when they are malformed.
#[no_mangle]
pub extern "C" fn qth_mcu_file<'a>(bytes: QthBytes<'a>, out: &mut MaybeUninit<QthFile<'a>>) -> bool {
    let bytes = bytes.get();
    let Ok(file) = FileInfo::parse(bytes) else { return false };
    let file = QthFile {
        component: file.component.into(),
        version: file.target.into(),
        url: file.url.into(),
        md5: file.md5.into(),
        crc: crc_text(bytes).unwrap_or_default().into(),
        size: file.size,
    };
    out.write(file);
    true
}

/// The CRC as it was sent: at the top of the file information, or in the only element of its array.
fn crc_text(bytes: &[u8]) -> Option<&str> {
    let crc = ttlv::find(bytes, id::CRC32).or_else(|| {
        let mut files = ttlv::find(bytes, id::FILES)?.as_struct()?;
        files.next().ok()??.value.as_struct()?.find(id::CRC32)
    });
    crc?.as_text()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_build_names_the_application() {
        let named = std::env::var("QTH_APPLICATION");
        assert_eq!(qth_application().get(), Some(named.as_deref().unwrap_or("APP")));
    }
}
