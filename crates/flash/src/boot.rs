//! What a bootloader decides at every start; a board's bootloader carries it out.

use super::layout::Layout;
use super::records::Records;
use super::slot::{Reason, Sha256Digest, SlotId, Slots, State};
use super::Error;
use embedded_storage::nor_flash::NorFlash;

/// With this exit status a firmware that runs as a process asks for a reset: the power switch starts it again. It is
/// none that a shell gives to a program that a signal has ended.
pub const RESET_EXIT_CODE: u8 = 250;

/// What to start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Boot {
    /// The slot.
    pub slot: SlotId,
    /// Size of its image.
    pub size: u32,
    /// Digest that its content must have.
    pub sha256: Sha256Digest,
    /// Starts left after this one, if it is on trial.
    pub trial: Option<u8>,
}

/// What a bootloader does next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It starts this image, once it has checked it.
    Start(Boot),
    /// It has the only slot rewritten (`inplace::Installer::run`), then decides again.
    Rewrite,
    /// There is nothing to start.
    Nothing,
}

impl Decision {
    /// The image that is started now, if one is.
    #[must_use]
    pub fn boot(self) -> Option<Boot> {
        match self {
            Self::Start(boot) => Some(boot),
            Self::Rewrite | Self::Nothing => None,
        }
    }
}

/// Decides what to start: the slot on trial while it has starts left, one of which is taken off before it is started;
/// else the confirmed one.
///
/// # Errors
/// Flash can't be read, or not be written: nothing may be started on trial without its start being counted.
pub fn decide<F: NorFlash>(flash: &mut F, layout: Layout) -> Result<Decision, Error> {
    let mut records = Records::open(flash, layout);
    // Where records can't be written, the confirmed slot is started all the same.
    let _ = records.settle(flash);
    let mut slots = Slots::load(flash, layout, &records)?;
    slots.take_boot(flash, &mut records)?;
    #[cfg(feature = "inplace")]
    if slots.rewrite().is_some() {
        return Ok(Decision::Rewrite);
    }
    let running = slots.running().and_then(|slot| Some((slot, slots.info(slot)?)));
    let Some((slot, info)) = running else { return Ok(Decision::Nothing) };
    let trial = match info.state {
        State::Trial { boots_left } => Some(boots_left),
        _ => None,
    };
    Ok(Decision::Start(Boot { slot, size: info.size, sha256: info.sha256, trial }))
}

/// The slot that [`decide`] named has other content than its digest says: a slot on trial is rejected, so that the next
/// decision names the other one, or has the old image brought back.
///
/// # Errors
/// It is the confirmed image, behind which there is no other; or flash can't be written.
pub fn reject_damaged<F: NorFlash>(flash: &mut F, layout: Layout) -> Result<(), Error> {
    let mut records = Records::open(flash, layout);
    Slots::load(flash, layout, &records)?.reject(flash, &mut records, Reason::Digest)
}
