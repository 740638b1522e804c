//! The upgrade of a device, call by call.

use crate::board::{Simulated, VERSIONS};
use crate::center::{Center, File};
use crate::host::Terminal;
use crate::paint;
use core::fmt::Write;
use qth::board::Board;
use qth::device::{Action, Device, Link};
use qth::time::Instant;
use qth_flash::boot::{decide, Decision};

type Bench = Device<Simulated>;

static mut DEVICE: Bench = Device::off(Simulated::NONE);

const LINKS: [Link; 2] = [Link::Center, Link::Package];
/// Turns of the driver after which the upgrade must be over.
const TURNS: u32 = 4000;
/// Bytes that a link moves at once.
const CHUNK: usize = 512;

/// The device, and how deep its calls have gone.
struct Measured {
    device: &'static mut Bench,
    deepest: usize,
    now: u64,
}

impl Measured {
    /// Calls the device on painted stack.
    fn call<T>(&mut self, work: impl FnOnce(&mut Bench, Instant) -> T) -> T {
        let now = Instant::from_millis(self.now);
        let (result, depth) = paint::depth_of(|| work(self.device, now));
        self.deepest = self.deepest.max(depth);
        result
    }
}

/// Upgrades a device to this file, and prints how deep that went.
pub fn run(file: File<'_>, key: &str, memory: &'static mut [u8]) -> Result<(), &'static str> {
    #[allow(static_mut_refs)]
    // SAFETY: the only use, in the only thread.
    let device = unsafe { &mut DEVICE };
    *device.board_mut() = Simulated::new(memory)?;
    let mut measured = Measured { device, deepest: 0, now: 0 };
    let mut center = Center::new(file);
    turn_on(&mut measured, key)?;
    until_restart(&mut measured, &mut center)?;
    let layout = measured.device.board().layout();
    match decide(measured.device.board_mut().flash(), layout) {
        Ok(Decision::Start(boot)) if boot.slot == 1 && boot.trial.is_some() => {}
        _ => return Err("the new firmware is not on trial"),
    }
    let board = core::mem::replace(measured.device.board_mut(), Simulated::NONE);
    *measured.device = Device::off(board);
    measured.device.board_mut().set_version(VERSIONS[1]);
    LINKS.iter().enumerate().for_each(|(number, _)| center.disconnect(number));
    turn_on(&mut measured, key)?;
    until_done(&mut measured, &mut center)?;
    let _ = writeln!(Terminal, "stack {}", measured.deepest);
    Ok(())
}

fn turn_on(measured: &mut Measured, key: &str) -> Result<(), &'static str> {
    let is_started = measured.call(|device, now| {
        device.switch_on(now);
        device.set_product("p111xt", "V2VUei9ZVWt2SnpL") && (key.is_empty() || device.set_ota_key(key)) && device.start(now)
    });
    is_started.then_some(()).ok_or("the device is not started")
}

fn until_restart(measured: &mut Measured, center: &mut Center<'_>) -> Result<(), &'static str> {
    for _ in 0..TURNS {
        if turn(measured, center)? {
            return Ok(());
        }
    }
    Err("it does not restart")
}

fn until_done(measured: &mut Measured, center: &mut Center<'_>) -> Result<(), &'static str> {
    for _ in 0..TURNS {
        turn(measured, center)?;
        if center.is_done && measured.device.plan().is_empty() {
            return Ok(());
        }
    }
    Err("it does not report the new version")
}

/// A turn of the driver; true: the device restarts.
fn turn(measured: &mut Measured, center: &mut Center<'_>) -> Result<bool, &'static str> {
    measured.now += 100;
    measured.call(|device, now| device.timeout(now));
    while let Some(action) = measured.call(|device, now| device.poll(now)) {
        match action {
            Action::Open(link) => measured.call(|device, now| device.connected(now, link)),
            Action::Close(link) => center.disconnect(link as usize),
            Action::Restart => return Ok(true),
        }
    }
    for (number, link) in LINKS.into_iter().enumerate() {
        let sent = measured.device.transmit(link);
        let count = sent.len().min(CHUNK);
        let bytes = sent.get(..count).unwrap_or_default();
        let taken = if number == 0 { center.take(bytes) } else { center.serve(bytes) };
        taken.ok_or("the device says what the Center can't take")?;
        if count > 0 {
            measured.call(|device, now| device.transmitted(now, link, count));
        }
        let sending = &mut center.sending[number];
        let bytes = sending.get(..sending.len().min(CHUNK)).unwrap_or_default();
        if !bytes.is_empty() && measured.device.wants(link) {
            let taken = measured.call(|device, now| device.received(now, link, bytes));
            sending.copy_within(taken.., 0);
            sending.truncate(sending.len() - taken);
        }
    }
    while measured.device.event().is_some() {
        measured.device.event_taken();
    }
    if center.has_failed {
        return Err("the upgrade has failed");
    }
    Ok(false)
}
