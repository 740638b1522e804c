//! A new image proves itself, or is rejected.

use super::{Error, Key, Reason, Records, SlotInfo, Slots, State};
use crate::mutant;
use embedded_storage::nor_flash::NorFlash;

impl Slots {
    /// Has the ready image started next, with `boots` starts to prove itself. On a board with one slot the ready package
    /// rewrites that before.
    ///
    /// # Errors
    /// No image is ready, or flash can't be written.
    pub fn arm<F: NorFlash>(&mut self, flash: &mut F, records: &mut Records, boots: u8) -> Result<(), Error> {
        records.remove(flash, Key::Trial)?;
        self.change(flash, records, &mut |next| {
            let slot = next.slots.iter_mut().find(|slot| slot.state == State::Ready).ok_or(Error::State)?;
            slot.state = match cfg!(feature = "inplace") && next.layout.has_one_slot() {
                true => State::Armed { boots },
                false => State::Trial { boots_left: boots },
            };
            Ok(())
        })
    }

    /// The image on trial stays; the one before it counts no more.
    ///
    /// # Errors
    /// No image is on trial, or flash can't be written.
    pub fn confirm<F: NorFlash>(&mut self, flash: &mut F, records: &mut Records) -> Result<(), Error> {
        if !self.is_trial() {
            return Err(Error::State);
        }
        self.change(flash, records, &mut |next| {
            for slot in &mut next.slots {
                slot.state = match slot.state {
                    State::Trial { .. } => State::Confirmed,
                    _ => State::Empty,
                };
            }
            next.reverted = None;
            Ok(())
        })
    }

    /// The image on trial is rejected; the confirmed one is started next.
    ///
    /// # Errors
    /// No image is on trial, or flash can't be written.
    pub fn reject<F: NorFlash>(&mut self, flash: &mut F, records: &mut Records, reason: Reason) -> Result<(), Error> {
        self.change(flash, records, &mut |next| {
            let slot = next.slots.iter_mut().find(|slot| matches!(slot.state, State::Trial { .. })).ok_or(Error::State)?;
            slot.state = State::Bad(reason);
            if reason.is_of_the_image() {
                next.known_bad = slot.sha256;
            }
            next.reverted = Some(reason);
            Ok(())
        })
    }

    /// The image on trial is about to be restarted in an orderly way, which is no crash: it gets the start of before back, up
    /// to `boots`.
    ///
    /// # Errors
    /// Flash can't be written.
    pub fn give_start_back<F: NorFlash>(&mut self, flash: &mut F, records: &mut Records, boots: u8) -> Result<(), Error> {
        let has_fewer = |slot: &SlotInfo| matches!(slot.state, State::Trial { boots_left } if boots_left < boots);
        if !self.slots.iter().any(has_fewer) {
            return Ok(());
        }
        self.change(flash, records, &mut |next| {
            for slot in &mut next.slots {
                if let State::Trial { boots_left } = &mut slot.state {
                    *boots_left = boots_left.saturating_add(1);
                }
            }
            Ok(())
        })
    }

    /// Takes one start off the image on trial, before it is started; rejects it when it has none left.
    pub(crate) fn take_boot<F: NorFlash>(&mut self, flash: &mut F, records: &mut Records) -> Result<(), Error> {
        mutant!(StartNotTaken, return Ok(()));
        if !self.is_trial() {
            return Ok(());
        }
        mutant!(ConfirmedTooSoon, return self.confirm(flash, records));
        if self.slots.iter().any(|slot| slot.state == State::Trial { boots_left: 0 }) {
            return self.reject(flash, records, Reason::DidNotStart);
        }
        self.change(flash, records, &mut |next| {
            for slot in &mut next.slots {
                if let State::Trial { boots_left } = &mut slot.state {
                    *boots_left = boots_left.saturating_sub(1);
                }
            }
            Ok(())
        })
    }

    /// The Center knows of it.
    ///
    /// # Errors
    /// Flash can't be written.
    pub fn acknowledge_revert<F: NorFlash>(&mut self, flash: &mut F, records: &mut Records) -> Result<(), Error> {
        if self.reverted.is_none() {
            return Ok(());
        }
        self.change(flash, records, &mut |next| {
            next.reverted = None;
            Ok(())
        })
    }
}
