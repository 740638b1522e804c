//! What a restart, a stop, a connection and the passing of time mean for an upgrade.

use super::{Fetch, FILE_INFO_MAX, FILE_INFO_SECS, MCU_READ_SECS, MCU_SECS};
use crate::board::Board;
use crate::device::event::Event;
use crate::device::{limits, report, Core};
use crate::ota::upgrade::{Stage, Upgrade, ATTEMPTS_MAX, RECORD};
use crate::time::Instant;
use qth_flash::records::Key;
use qth_flash::slot::Reason;
use qth_protocol::ota::Failure;
use qth_protocol::ota::Status;

impl<B: Board> Core<B> {
    /// Reads the upgrade that was in progress before the restart.
    pub(in crate::device) fn upgrade_restore(&mut self, now: Instant) {
        if self.slots.is_trial() {
            self.upgrade.trial_until = Some(now.after_secs(self.board.trial_seconds()));
        }
        let mut plan = [0; limits::PLAN];
        let mut record = [0; RECORD];
        let flash = self.board.flash();
        let Ok(Some(RECORD)) = self.records.get(flash, Key::Upgrade, &mut record) else { return };
        let Ok(Some(length)) = self.records.get(flash, Key::Plan, &mut plan) else { return };
        let restored = plan.get(..length).and_then(|plan| Upgrade::restore(plan, &record));
        self.upgrade.state = restored.unwrap_or(Upgrade::idle());
    }

    /// The application has started the device: it hears what the restart has brought.
    pub(in crate::device) fn upgrade_started(&mut self, now: Instant) {
        if core::mem::replace(&mut self.upgrade.is_resumed, true) {
            return;
        }
        if self.mcu_is_served() {
            let mut bytes = [0; FILE_INFO_MAX];
            if let Ok(Some(length)) = self.records.get(self.board.flash(), Key::File, &mut bytes) {
                self.events.push(Event::McuInfo(bytes.get(..length).unwrap_or_default()));
            }
        }
        match self.upgrade.state.stage {
            Stage::Downloading if !self.upgrade.downloads() => self.count_interruption(),
            Stage::Updating if self.mcu_stage().is_some() => self.upgrade.due = Some(now.after_secs(MCU_SECS)),
            Stage::Updating if !self.slots.is_trial() => {
                if let Some(reason) = self.slots.reverted() {
                    self.fail(of_revert(reason));
                }
            }
            Stage::Ended => self.tell_result(false),
            _ => {}
        }
    }

    /// The application has stopped the device: the upgrade stays where it is.
    pub(in crate::device) fn upgrade_stopped(&mut self, download: &mut Fetch) {
        self.stop_download(download);
        self.upgrade.due = None;
    }

    /// A download that got nowhere between two starts is a failed attempt.
    fn count_interruption(&mut self) {
        let offset = self.slots.resume(self.board.flash(), &self.records).unwrap_or(0);
        if offset <= self.upgrade.state.reached {
            self.upgrade.state.attempts = self.upgrade.state.attempts.saturating_add(1);
        }
        self.upgrade.state.reached = offset;
        if self.upgrade.state.attempts >= ATTEMPTS_MAX {
            return self.fail(Failure::Interrupted);
        }
        self.keep_upgrade();
    }

    /// The Center is there: the upgrade goes on, and what it could not report is reported.
    pub(in crate::device) fn upgrade_online(&mut self, now: Instant) {
        if self.upgrade.is_armed {
            self.upgrade.restart = true;
            return;
        }
        match self.upgrade.state.stage {
            Stage::Idle => {
                // On trial without an upgrade: its records are lost, but it has reached the Center.
                if self.slots.is_trial() && self.slots.confirm(self.board.flash(), &mut self.records).is_ok() {
                    self.upgrade.trial_until = None;
                }
            }
            Stage::Offered if self.upgrade.state.plan().is_some_and(|plan| plan.confirms_itself()) => {
                self.upgrade.due = Some(now);
            }
            Stage::Offered if !self.upgrade.plan_told => {
                self.upgrade.plan_told = self.events.push(Event::Plan);
            }
            Stage::Offered => {}
            Stage::Confirmed => {
                self.report_once(Status::Confirmed, None);
                self.upgrade.due = Some(now.after_secs(FILE_INFO_SECS));
            }
            Stage::Downloading if !self.upgrade.downloads() => self.upgrade.due = Some(now),
            Stage::Downloading => {}
            stage @ (Stage::Downloaded | Stage::Updating) if self.mcu_stage().is_some() => {
                let seconds = if stage == Stage::Downloaded { MCU_READ_SECS } else { MCU_SECS };
                let _ = self.upgrade.due.get_or_insert(now.after_secs(seconds));
                self.report_updated_mcu();
            }
            Stage::Downloaded => self.install(),
            Stage::Updating => self.report_new_firmware(),
            Stage::Ended => self.report_once(Status::Failed, self.upgrade.state.failure),
        }
    }

    /// After the restart: the new firmware has reached the Center, or the restart is still to come.
    fn report_new_firmware(&mut self) {
        let target = self.upgrade.state.component().map_or("", |component| component.target);
        let is_target = report::module_version(&self.board.about(), &self.config) == target;
        match (self.slots.is_trial(), is_target) {
            (true, true) => self.report_once(Status::Updated, None),
            (true, false) => self.reject(Reason::WrongVersion),
            (false, _) if self.slots.is_ready() => self.report_once(Status::Updating, None),
            (false, true) => self.report_once(Status::Updated, None),
            (false, false) => self.fail(Failure::Flash),
        }
    }

    /// The firmware on trial is given up: the old one comes back at the restart, and reports it.
    fn reject(&mut self, reason: Reason) {
        self.upgrade.trial_until = None;
        let _ = self.slots.reject(self.board.flash(), &mut self.records, reason);
        self.upgrade.restart = true;
    }

    pub(in crate::device) fn upgrade_poll_at(&self) -> Option<Instant> {
        let upgrade = &self.upgrade;
        let progress_due = upgrade.progress_due.filter(|_| upgrade.downloads());
        Instant::earliest(&[upgrade.due, progress_due, upgrade.trial_until, upgrade.packages.busy()])
    }

    pub(in crate::device) fn upgrade_timeout(&mut self, now: Instant, download: &mut Fetch) {
        let is_due = |due: Option<Instant>| due.is_some_and(|due| due <= now);
        if is_due(self.upgrade.trial_until) {
            self.reject(Reason::DidNotConnect);
        }
        if is_due(self.upgrade.progress_due) {
            self.report_progress(now);
        }
        if is_due(self.upgrade.due) {
            self.upgrade.due = None;
            match self.upgrade.state.stage {
                Stage::Offered => {
                    self.accept_plan(now);
                }
                // Without a connection the Center can't send any; the time starts anew with the next one.
                Stage::Confirmed if self.is_online() => self.fail(Failure::NoFileInfo),
                Stage::Downloading => self.resume_download(now, download),
                Stage::Downloaded | Stage::Updating => self.fail(Failure::McuTimeout),
                _ => {}
            }
        }
    }
}

fn of_revert(reason: Reason) -> Failure {
    match reason {
        Reason::DidNotStart => Failure::DidNotStart,
        Reason::DidNotConnect => Failure::DidNotConnect,
        Reason::WrongVersion => Failure::WrongVersion,
        Reason::Digest => Failure::SlotDigest,
        #[cfg(feature = "inplace")]
        Reason::NotApplied => Failure::NotApplied,
    }
}
