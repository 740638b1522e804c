//! An MCU beside the module, and the script that upgrades it out of pieces.

use crate::board::SimBoardOf;
use qth::data::event::Event;
use qth::device::Device;
use qth::time::Instant;
use qth_protocol::ota::FileInfo;

const COMPONENT: &str = "MCU1";
const PIECE: usize = 700;

/// The MCU, which keeps its firmware when the module restarts, and the script, which knows nothing of before.
#[derive(Default)]
pub struct Mcu {
    version: Option<String>,
    script: Script,
}

#[derive(Default)]
enum Script {
    #[default]
    Idle,
    /// Reads a package of this size for this version.
    Reading { target: String, size: usize, read: Vec<u8> },
    /// Has told that the MCU is being updated.
    Updating { target: String },
}

impl Mcu {
    /// The script is started.
    pub fn script_started<const E: usize, const W: usize>(&mut self, device: &mut Device<SimBoardOf<E, W>>, now: Instant) {
        self.script = Script::Idle;
        assert_eq!(device.set_mcu_version(now, COMPONENT, self.version()), qth::profile::MCU);
    }

    /// Returns the version that the MCU runs.
    #[must_use]
    pub fn version(&self) -> &str {
        self.version.as_deref().unwrap_or("1.0.0")
    }

    /// `infoCB`.
    pub fn event<const E: usize, const W: usize>(
        &mut self,
        device: &mut Device<SimBoardOf<E, W>>,
        now: Instant,
        event: Event<'_>,
    ) {
        let Event::McuInfo(bytes) = event else { return };
        let info = FileInfo::parse(bytes).unwrap();
        assert_eq!(info.component, COMPONENT);
        self.script = Script::Reading { target: info.target.to_owned(), size: info.size as usize, read: Vec::new() };
        assert!(device.ota_action(now, 2) || device.board_mut().flash.lost_power());
    }

    /// One step of the script; false when it had nothing to do.
    pub fn step<const E: usize, const W: usize>(
        &mut self,
        device: &mut Device<SimBoardOf<E, W>>,
        now: Instant,
        package: &[u8],
    ) -> bool {
        let mut is_busy = !matches!(self.script, Script::Idle);
        self.script = match core::mem::take(&mut self.script) {
            Script::Reading { target, mut size, mut read } if read.len() < size => {
                let mut piece = [0; PIECE];
                // In a signed package the firmware is a little shorter than the file.
                while size > 1
                    && device.mcu_package_read(now, 0, &mut piece).is_some()
                    && device.mcu_package_read(now, size as u32 - 1, &mut [0]).is_none()
                {
                    size -= 1;
                }
                if let Some(length) = device.mcu_package_read(now, read.len() as u32, &mut piece) {
                    read.extend_from_slice(&piece[..length]);
                    assert!(package.starts_with(&read), "what is read is the package");
                    assert!(device.ota_action(now, 2) || device.board_mut().flash.lost_power(), "the next piece");
                } else {
                    is_busy = false;
                }
                Script::Reading { target, size, read }
            }
            Script::Reading { target, .. } => {
                assert_eq!(device.mcu_package_read(now, package.len() as u32, &mut [0; 8]), None);
                assert!(device.ota_action(now, 3) || device.board_mut().flash.lost_power());
                Script::Updating { target }
            }
            Script::Updating { target } => {
                assert!(device.set_mcu_version(now, COMPONENT, &target));
                self.version = Some(target);
                Script::Idle
            }
            Script::Idle => Script::Idle,
        };
        is_busy
    }
}
