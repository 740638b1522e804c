//! A board as a table of C functions.

use super::border::{call, QthBuffer, QthBytes, QthText};
use cty::{int16_t, int32_t, size_t, uint16_t, uint32_t, uint8_t};

/// A text that names the board or something of it.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QthName {
    /// Module type, which is the module's component too: at most 32 characters.
    Module,
    /// Device key, IMEI or MAC: at most 16 characters.
    DeviceKey,
    /// ICCID of the SIM card; none without one.
    Iccid,
    /// Center to connect to unless the script names one, `mqtt://host:port`.
    Server,
}

/// What the board measures of itself.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct QthMeasures {
    /// Battery in percent.
    pub battery: uint8_t,
    /// Supply voltage in millivolts.
    pub millivolts: uint16_t,
    /// Signal strength in dBm.
    pub signal: int16_t,
    /// Free space for an upgrade in bytes.
    pub free: uint32_t,
}

/// The flash that holds records and slots. Places and lengths are multiples of what it erases at once. Offsets are from the
/// flash's start, as its functions get them. They return false when the flash fails.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct QthFlash {
    /// Bytes that it erases at once: `QTH_ERASE_SIZE` of the library's build, else `qth_init` refuses the board.
    pub erase_size: uint32_t,
    /// Bytes that it writes at once: `QTH_WRITE_SIZE` of the library's build, else `qth_init` refuses the board.
    pub write_size: uint32_t,
    /// Where records begin.
    pub records: uint32_t,
    /// Size of one bank of records, with room for all of them: 8192 bytes are enough for the sizes that the library has by
    /// default, 4096 without packages.
    pub bank: uint32_t,
    /// Banks, three at the least.
    pub banks: uint32_t,
    /// Where the two slots for firmware begin.
    pub slots: [uint32_t; 2],
    /// Size of each slot; 0 on a board that has none, which then can't upgrade its own firmware.
    pub slot: uint32_t,
    /// Size of the staging area, at the second slot's place, on a board with one slot; less than a slot. 0: there are two slots.
    pub staging: uint32_t,
    /// The bootloader chooses between the slots, and has started this firmware out of one.
    pub started_by_slot: bool,
    /// Starts that a new firmware has to prove itself, of which each crash uses up one; 0: ten. A board whose reset hook calls
    /// `qth_before_reset` can do with three.
    pub trial_starts: uint32_t,
    /// Seconds that a new firmware has to reach the Center while there is a network; 0: 20 minutes.
    pub trial_seconds: uint32_t,
    /// The same in all, with the time in which there is no network; 0: a day.
    pub trial_limit_seconds: uint32_t,
    /// Fills `room` with the bytes from `offset` on.
    pub(crate) read: unsafe extern "C" fn(offset: uint32_t, room: QthBuffer<'_>) -> bool,
    /// Writes bytes to erased flash; number and place are multiples of `write_size`.
    pub(crate) write: unsafe extern "C" fn(offset: uint32_t, bytes: QthBytes<'_>) -> bool,
    /// Erases `length` bytes, a multiple of `erase_size`, to 0xff.
    pub(crate) erase: unsafe extern "C" fn(offset: uint32_t, length: uint32_t) -> bool,
}

impl QthFlash {
    /// Fills `room` with the bytes from `offset` on; false when the flash fails.
    #[must_use]
    pub fn read(&self, offset: u32, room: &mut [u8]) -> bool {
        let room = room.into();
        call!(self.read(offset, room))
    }

    /// Writes bytes to erased flash; false when the flash fails.
    #[must_use]
    pub fn write(&self, offset: u32, bytes: &[u8]) -> bool {
        let bytes = bytes.into();
        call!(self.write(offset, bytes))
    }

    /// Erases; false when the flash fails.
    #[must_use]
    pub fn erase(&self, offset: u32, length: u32) -> bool {
        call!(self.erase(offset, length))
    }
}

/// How the opening of a link goes.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QthOpening {
    /// It goes on.
    Pending,
    /// The link is open.
    Open,
    /// The host's name was not resolved.
    NotResolved,
    /// The host can't be reached.
    Failed,
    /// There is no network. While a new firmware is on trial this time does not count.
    NoNetwork,
}

/// TCP for the two links of a device, 0 and 1. Nothing here may wait longer than it takes to resolve a name.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct QthNetwork {
    /// Begins to open a link to a host.
    pub(crate) open: unsafe extern "C" fn(link: uint8_t, host: QthText<'_>, port: uint16_t) -> QthOpening,
    /// How the opening goes.
    pub(crate) opening: unsafe extern "C" fn(link: uint8_t) -> QthOpening,
    /// Sends; returns how many bytes were taken, 0 when there is no room now, -1 when the link is broken.
    pub(crate) send: unsafe extern "C" fn(link: uint8_t, bytes: QthBytes<'_>) -> int32_t,
    /// Receives; returns how many bytes came, 0 when there are none now, -1 when the peer has closed or the link is broken.
    pub(crate) receive: unsafe extern "C" fn(link: uint8_t, room: QthBuffer<'_>) -> int32_t,
    /// Closes a link, open or not.
    pub(crate) close: unsafe extern "C" fn(link: uint8_t),
}

impl QthNetwork {
    /// Begins to open a link to a host.
    #[must_use]
    pub fn open(&self, link: u8, host: &str, port: u16) -> QthOpening {
        let host = host.into();
        call!(self.open(link, host, port))
    }

    /// How the opening goes.
    #[must_use]
    pub fn opening(&self, link: u8) -> QthOpening {
        call!(self.opening(link))
    }

    /// Sends; returns how many bytes were taken, 0 when there is no room now, `None` when the link is broken.
    #[must_use]
    pub fn send(&self, link: u8, bytes: &[u8]) -> Option<usize> {
        let (most, bytes) = (bytes.len(), bytes.into());
        count(call!(self.send(link, bytes)), most)
    }

    /// Receives; returns how many bytes came, 0 when there are none now, `None` when the peer has closed or the link is broken.
    #[must_use]
    pub fn receive(&self, link: u8, room: &mut [u8]) -> Option<usize> {
        let (most, room) = (room.len(), room.into());
        count(call!(self.receive(link, room)), most)
    }

    /// Closes a link, open or not.
    pub fn close(&self, link: u8) {
        call!(self.close(link));
    }
}

/// How many bytes were moved, never more than there were; none where the number is negative.
fn count(moved: i32, most: usize) -> Option<usize> {
    usize::try_from(moved).ok().map(|count| count.min(most))
}

/// A board without an operating system: what it is, and what it does for the library in the interpreter's thread. No exception
/// leaves its functions, and they keep no pointer.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct QthBoard {
    /// Milliseconds of a clock that never goes back; it may begin again at 0 after 2³² - 1. May be called in an interrupt.
    pub(crate) millis: unsafe extern "C" fn() -> uint32_t,
    /// Fills `room` with random numbers fit for secrets.
    pub(crate) random: unsafe extern "C" fn(room: QthBuffer<'_>),
    /// Writes a name, UTF-8 and not terminated, to `room`; returns its length, 0 where there is none.
    pub(crate) name: unsafe extern "C" fn(name: QthName, room: QthBuffer<'_>) -> size_t,
    /// Measures.
    pub(crate) measure: unsafe extern "C" fn(measures: &mut QthMeasures),
    /// Its flash.
    pub flash: QthFlash,
    /// Its network.
    pub network: QthNetwork,
}

impl QthBoard {
    /// Milliseconds of the clock.
    #[must_use]
    pub fn millis(&self) -> u32 {
        call!(self.millis())
    }

    /// Fills `room` with random numbers fit for secrets.
    pub fn random(&self, room: &mut [u8]) {
        let room = room.into();
        call!(self.random(room));
    }

    /// Writes a name to `room`; returns its length, which may be too large for it.
    #[must_use]
    pub fn name(&self, name: QthName, room: &mut [u8]) -> usize {
        let room = room.into();
        call!(self.name(name, room))
    }

    /// Measures.
    #[must_use]
    pub fn measure(&self) -> QthMeasures {
        let mut measures = QthMeasures::default();
        let room = &mut measures;
        call!(self.measure(room));
        measures
    }
}
