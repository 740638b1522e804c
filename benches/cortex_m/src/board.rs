//! A board that is only a port address: whatever is read from it or written to it the compiler has to keep. What is the
//! board's own is kept out of line, so that it is not counted.

use embedded_storage::nor_flash::{ErrorType, NorFlash, NorFlashError, NorFlashErrorKind, ReadNorFlash};
use qth::board::{About, Board, Started, Status};
use qth::data::event::Event;
use qth::device::{Action, Closed, Device, Link};
use qth::time::Instant;
use qth_flash::layout::{Layout, Region};
use qth_protocol::ota::Failure;

const PORT: *mut u32 = 0x4000_0000 as *mut u32;
const FLASH: u32 = 1 << 20;
const ERASE: u32 = 4096;

#[inline(never)]
fn input() -> u32 {
    // SAFETY: never run; on a real chip this would be a register.
    unsafe { PORT.read_volatile() }
}

#[inline(never)]
fn output(value: u32) {
    // SAFETY: as above.
    unsafe { PORT.write_volatile(value) }
}

#[inline(never)]
fn output_all(bytes: &[u8]) {
    for byte in bytes {
        output(u32::from(*byte));
    }
}

#[inline(never)]
fn input_all(bytes: &mut [u8]) {
    for byte in bytes {
        *byte = input() as u8;
    }
}

#[derive(Debug)]
struct Broken;

impl NorFlashError for Broken {
    fn kind(&self) -> NorFlashErrorKind {
        NorFlashErrorKind::Other
    }
}

struct Flash;

impl ErrorType for Flash {
    type Error = Broken;
}

impl ReadNorFlash for Flash {
    const READ_SIZE: usize = 1;

    #[inline(never)]
    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Broken> {
        output(offset);
        input_all(bytes);
        Ok(())
    }

    fn capacity(&self) -> usize {
        FLASH as usize
    }
}

impl NorFlash for Flash {
    const WRITE_SIZE: usize = 4;
    const ERASE_SIZE: usize = ERASE as usize;

    #[inline(never)]
    fn erase(&mut self, from: u32, to: u32) -> Result<(), Broken> {
        output(from);
        output(to);
        if input() == 0 {
            Ok(())
        } else {
            Err(Broken)
        }
    }

    #[inline(never)]
    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), Broken> {
        output(offset);
        output_all(bytes);
        if input() == 0 {
            Ok(())
        } else {
            Err(Broken)
        }
    }
}

struct Bare {
    flash: Flash,
}

impl Board for Bare {
    type Flash = Flash;

    fn flash(&mut self) -> &mut Flash {
        &mut self.flash
    }

    fn layout(&self) -> Layout {
        const RECORDS: u32 = 16 * 1024;
        const SLOT: u32 = 448 * 1024;
        Layout {
            records: Region { start: 0, len: RECORDS },
            bank: RECORDS / 4,
            slots: [Region { start: RECORDS, len: SLOT }, Region { start: RECORDS + SLOT, len: SLOT }],
        }
    }

    fn started(&self) -> Started {
        Started::BySlot
    }

    fn random(&mut self, bytes: &mut [u8]) {
        input_all(bytes);
    }

    #[inline(never)]
    fn status(&mut self) -> Status {
        Status { battery: input() as u8, millivolts: input() as u16, signal: input() as i16, free: input() }
    }

    fn about(&self) -> About<'_> {
        About { module: "BARE", version: "1.0.0", dk: "860123000000009", iccid: "" }
    }

    fn server(&self) -> &str {
        "mqtt://127.0.0.1:1883"
    }
}

#[no_mangle]
static mut DEVICE: Device<Bare> = Device::off(Bare { flash: Flash });

#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    loop {
        core::hint::spin_loop();
    }
}

/// What the C module does: every function of the device, on a script's demand.
#[inline(never)]
fn call(device: &mut Device<Bare>, now: Instant, bytes: &mut [u8; 64]) -> bool {
    input_all(bytes);
    let text = core::str::from_utf8(bytes).unwrap_or_default();
    let ids = bytes.iter().map(|id| u16::from(*id));
    match input() {
        0 => device.start(now),
        1 => {
            device.stop(now);
            true
        }
        2 => {
            device.reset(now);
            true
        }
        3 => device.is_started() && device.is_online(),
        4 => device.set_product(text, text),
        5 => device.set_server(text),
        6 => device.set_lifetime(input()),
        7 => device.set_device_key(text),
        8 => device.set_version(text),
        9 => {
            device.set_encrypted_session(input() == 0);
            device.encrypted_session()
        }
        10 => device.send_transparent(1, bytes),
        11 => device.send_tsl(1, bytes),
        12 => device.answer_tsl(1, 1, bytes),
        13 => device.answer_service(1, 1, bytes),
        14 => device.send_location(text),
        15 => device.send_status(ids),
        16 => device.send_information(ids),
        17 => device.ota_request(true),
        18 => device.ota_action(now, 1),
        19 => device.set_mcu_version(now, text, text),
        20 => {
            output_all(device.plan());
            device.progress().is_some()
        }
        21 => device.mcu_package_read(now, input(), bytes).is_some(),
        22 => device.application_failed(now, Failure::BadArchive),
        #[cfg(feature = "pack")]
        23 => device.set_ota_key(text),
        _ => match device.event() {
            Some(Event::Transparent(bytes) | Event::Tsl(bytes)) => {
                output_all(bytes);
                device.event_taken();
                true
            }
            Some(_) => {
                device.event_taken();
                true
            }
            None => false,
        },
    }
}

/// What a driver does with one link.
#[inline(never)]
fn drive(device: &mut Device<Bare>, now: Instant, link: Link, bytes: &mut [u8; 64]) {
    let sent = device.transmit(link);
    output_all(sent);
    let count = sent.len();
    device.transmitted(now, link, count);
    input_all(bytes);
    match input() {
        0 => device.connected(now, link),
        1 => device.closed(now, link, Closed::Lost),
        _ if device.wants(link) => output(device.received(now, link, bytes) as u32),
        _ => {}
    }
}

/// What a driver does with the device's actions.
#[inline(never)]
fn act(device: &mut Device<Bare>, now: Instant) {
    while let Some(action) = device.poll(now) {
        match action {
            Action::Open(link) => output(device.peer(link).is_some().into()),
            Action::Close(link) => output(link as u32),
            Action::Restart => output(u32::MAX),
        }
    }
}

#[no_mangle]
extern "C" fn _start() -> ! {
    #[allow(static_mut_refs)]
    // SAFETY: the only use, in the only thread.
    let device = unsafe { &mut DEVICE };
    device.switch_on(Instant::from_millis(0));
    let mut bytes = [0; 64];
    loop {
        let now = Instant::from_millis(u64::from(input()));
        act(device, now);
        drive(device, now, Link::Center, &mut bytes);
        drive(device, now, Link::Package, &mut bytes);
        if device.poll_at().is_some_and(|at| at <= now) {
            device.timeout(now);
        }
        output(call(device, now, &mut bytes).into());
    }
}
