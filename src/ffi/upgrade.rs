//! Upgrades: plans of the Center, components beside the module.

use super::device;
use super::memory::{slice, text};
use qth_protocol::ota::Failure;
use qth_protocol::ota::FileInfo;
use qth_protocol::ota::id;
use qth_protocol::ota::Plan;
use qth_protocol::ttlv;

/// Longest public key that packages are signed with, as PEM.
pub const QTH_OTA_KEY: usize = 256;
#[cfg(feature = "pack")]
const _: () = assert!(QTH_OTA_KEY == qth_package::PEM_MAX);

/// Asks for plans.
#[no_mangle]
pub extern "C" fn qth_ota_request(with_sha256: bool) -> bool {
    device(|device, _| device.ota_request(with_sha256))
}

/// Accepts (1) or refuses (0) the plan, asks for the next piece (2), says that the MCU is being updated (3).
#[no_mangle]
pub extern "C" fn qth_ota_action(action: u8) -> bool {
    device(|device, now| device.ota_action(now, action))
}

/// Reads from the downloaded package of an MCU to `out`; returns the number of bytes, 0 while no package is there, and
/// behind its end.
///
/// # Safety
/// `out` points to `size` bytes.
#[no_mangle]
pub unsafe extern "C" fn qth_mcu_read(offset: u32, out: *mut u8, size: usize) -> usize {
    // SAFETY: the caller's promise.
    let out = unsafe { core::slice::from_raw_parts_mut(out, size) };
    device(|device, now| device.mcu_package_read(now, offset, out)).unwrap_or_default()
}

/// Sets the public key that packages must be signed with, in PEM. False for every key where the library is built without
/// packages.
///
/// # Safety
/// A pointer with its length.
#[no_mangle]
pub unsafe extern "C" fn qth_set_ota_key(pem: *const u8, length: usize) -> bool {
    // SAFETY: the caller's promise.
    let Some(pem) = (unsafe { text(pem, length) }) else { return false };
    device(|device, _| device.set_ota_key(pem))
}

/// Writes the public key that packages must be signed with to `out`; returns its length, 0 when none is set or it is longer
/// than `size`.
///
/// # Safety
/// `out` points to `size` bytes.
#[no_mangle]
pub unsafe extern "C" fn qth_ota_key(out: *mut u8, size: usize) -> usize {
    // SAFETY: the caller's promise.
    let out = unsafe { core::slice::from_raw_parts_mut(out, size) };
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
    device(|device, _| device.application_failed(failure))
}

/// Tells the version that an MCU runs.
///
/// # Safety
/// Pointers with their lengths.
#[no_mangle]
pub unsafe extern "C" fn qth_set_mcu_version(
    component: *const u8,
    component_length: usize,
    version: *const u8,
    version_length: usize,
) -> bool {
    // SAFETY: the caller's promise.
    let texts = unsafe { (text(component, component_length), text(version, version_length)) };
    let (Some(component), Some(version)) = texts else { return false };
    device(|device, _| device.set_mcu_version(component, version))
}

/// A text in the bytes of an event.
#[repr(C)]
pub struct QthText {
    /// UTF-8, not terminated; never null.
    pub bytes: *const u8,
    /// Number of bytes.
    pub length: usize,
}

impl From<&str> for QthText {
    fn from(text: &str) -> Self {
        Self { bytes: text.as_ptr(), length: text.len() }
    }
}

/// One component of a plan. What the plan does not carry is 0 or empty.
#[repr(C)]
pub struct QthComponent {
    /// 0 module, 1 MCU.
    pub kind: u8,
    /// Minimum battery in percent.
    pub battery: u8,
    /// Minimum signal in dBm.
    pub signal: i16,
    /// Required space in bytes.
    pub space: u32,
    /// Component.
    pub name: QthText,
    /// Version that it starts from.
    pub source: QthText,
    /// Version that it leads to.
    pub target: QthText,
}

/// The component at this place of a plan; false after the last.
///
/// # Safety
/// `plan` points to `length` bytes, `out` to room for a component. The texts lie in the plan's bytes.
#[no_mangle]
pub unsafe extern "C" fn qth_plan_component(plan: *const u8, length: usize, place: usize, out: *mut QthComponent) -> bool {
    // SAFETY: the caller's promise.
    let plan = Plan::parse(unsafe { slice(plan, length) });
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
    // SAFETY: the caller's promise.
    unsafe { out.write(component) };
    true
}

/// The package for an MCU.
#[repr(C)]
pub struct QthFile {
    /// Component.
    pub component: QthText,
    /// Version that the package leads to.
    pub version: QthText,
    /// Address of the package.
    pub url: QthText,
    /// MD5, hexadecimal.
    pub md5: QthText,
    /// CRC-32/MPEG-2, hexadecimal.
    pub crc: QthText,
    /// Size in bytes.
    pub size: u32,
}

/// Reads an event of the kind `McuInfo`.
///
/// # Safety
/// `bytes` points to `length` bytes, `out` to room for a file. The texts lie in the bytes.
#[no_mangle]
pub unsafe extern "C" fn qth_mcu_file(bytes: *const u8, length: usize, out: *mut QthFile) -> bool {
    // SAFETY: the caller's promise.
    let bytes = unsafe { slice(bytes, length) };
    let Ok(file) = FileInfo::parse(bytes) else { return false };
    let file = QthFile {
        component: file.component.into(),
        version: file.target.into(),
        url: file.url.into(),
        md5: file.md5.into(),
        crc: crc_text(bytes).unwrap_or_default().into(),
        size: file.size,
    };
    // SAFETY: the caller's promise.
    unsafe { out.write(file) };
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
