//! The board that a process on a host plays: flash in a file, measurements from the environment.

use super::environment::{is_set, number_or, text, text_or};
use super::flash::Flash;
use crate::board::Status;
use crate::board::{About, Board, Started, Trial};
use crate::device::limits;
use crate::settings::Server;
use qth_flash::layout::Layout;
use qth_protocol::ota::VERSION_MAX;
use std::io;

const MODULE: &str = "QTH-UNIX";
/// An IMEI of the range for tests.
const DK: &str = "860123000000009";
const SERVER: &str = "mqtt://127.0.0.1:1883";
const BATTERY: u8 = 87;
const MILLIVOLTS: u16 = 3808;
const SIGNAL: i16 = -71;

/// The board, as the environment described it when it was switched on.
pub struct UnixBoard {
    flash: Flash,
    started: Started,
    status: Status,
    version: String,
    dk: String,
    server: String,
    trial: Trial,
}

impl UnixBoard {
    /// Reads the environment (architecture, "The unix board"). `version` is that of the firmware.
    ///
    /// # Errors
    /// The flash file named by `QTH_FLASH` can't be used.
    pub fn from_environment(version: &str) -> io::Result<Self> {
        let flash = Flash::open(text("QTH_FLASH").as_deref())?;
        let [_, room] = flash.layout().slots;
        Ok(Self {
            flash,
            started: if is_set("QTH_BOARD") { Started::BySlot } else { Started::Directly },
            status: Status {
                battery: number_or("QTH_BATTERY", BATTERY, 0..=100),
                millivolts: MILLIVOLTS,
                signal: number_or("QTH_SIGNAL", SIGNAL, -150..=0),
                free: number_or("QTH_FREE", room.len, 0..=u32::MAX),
            },
            version: text_or("QTH_VERSION", version, "a version of at most 64 characters", |text| text.len() <= VERSION_MAX),
            dk: text_or("QTH_DK", DK, "a device key of at most 16 characters", |text| text.len() <= limits::DEVICE_KEY),
            server: text_or("QTH_SERVER", SERVER, "a server, mqtt://host:port", |text| Server::parse(text).is_some()),
            trial: Trial {
                starts: number_or("QTH_TRIAL_STARTS", Trial::DEFAULT.starts, 1..=u8::MAX),
                seconds: number_or("QTH_TRIAL_SECONDS", Trial::DEFAULT.seconds, 1..=u32::MAX),
                limit_seconds: number_or("QTH_TRIAL_LIMIT_SECONDS", Trial::DEFAULT.limit_seconds, 1..=u32::MAX),
            },
        })
    }
}

impl Board for UnixBoard {
    type Flash = Flash;

    fn flash(&mut self) -> &mut Flash {
        &mut self.flash
    }

    fn layout(&self) -> Layout {
        self.flash.layout()
    }

    fn started(&self) -> Started {
        self.started
    }

    fn random(&mut self, bytes: &mut [u8]) {
        // A host without random numbers can't keep a secret: better to end here than to send a guessable one.
        if getrandom::fill(bytes).is_err() {
            eprintln!("Qth: this system gives no random numbers");
            std::process::abort();
        }
    }

    fn status(&mut self) -> Status {
        self.status
    }

    fn about(&self) -> About<'_> {
        About { module: MODULE, version: &self.version, dk: &self.dk, iccid: "" }
    }

    fn server(&self) -> &str {
        &self.server
    }

    fn trial(&self) -> Trial {
        self.trial
    }
}
