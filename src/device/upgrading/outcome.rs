//! Installation, success, failure, and the reports of them.

use super::{FILE_INFO_SECS, TRIAL_BOOTS};
use crate::board::Board;
use crate::device::connection::Next;
use crate::device::event::Event;
use crate::device::outbox::Sender;
use crate::device::{report, Core, Device};
use crate::ota::strategy;
use crate::ota::upgrade::{Stage, Upgrade};
use crate::time::Instant;
use heapless::String;
use qth_flash::records::Key;
use qth_protocol::command;
use qth_protocol::ota::id;
use qth_protocol::ota::Failure;
use qth_protocol::ota::Kind;
use qth_protocol::ota::Status;
use qth_protocol::ttlv::Writer;

impl<B: Board> Core<B> {
    /// The image is ready: into it, if the conditions still hold.
    pub(super) fn install(&mut self) {
        let status = self.board.status();
        let met = self.upgrade.state.component().map_or(Ok(()), |component| strategy::check(&component, &status));
        if let Err(failure) = met {
            return self.fail(failure);
        }
        self.upgrade.state.stage = Stage::Updating;
        self.keep_upgrade();
        self.report(Status::Updating, None);
    }

    /// The slot gets its trial, and the board its restart. A new application begins with a restart as well.
    fn arm(&mut self) {
        if self.is_application() {
            self.upgrade.restart = true;
        }
        if self.upgrade.kind() != Some(Kind::Module) || self.slots.is_trial() {
            return;
        }
        match self.slots.arm(self.board.flash(), &mut self.records, TRIAL_BOOTS) {
            Ok(()) => {
                self.upgrade.is_armed = true;
                self.upgrade.restart = true;
            }
            Err(_) => self.fail(Failure::Flash),
        }
    }

    /// The Center knows that the new version runs: it stays.
    fn succeed(&mut self, now: Instant) {
        if let Err(failure) = self.fulfil_promises() {
            return self.fail(failure);
        }
        if self.slots.is_trial() && self.slots.confirm(self.board.flash(), &mut self.records).is_err() {
            return self.fail(Failure::Flash);
        }
        self.upgrade.trial_until = None;
        self.upgrade.due = None;
        self.tell_result(true);
        self.upgrade.state.component_succeeded();
        if self.upgrade.state.stage == Stage::Idle {
            self.forget_upgrade();
        } else {
            self.keep_upgrade();
            self.upgrade.due = Some(now.after_secs(FILE_INFO_SECS));
        }
    }

    /// The component in progress has failed, and with it the plan.
    pub(super) fn fail(&mut self, failure: Failure) {
        self.forget_download();
        self.upgrade.due = None;
        self.upgrade.state.stage = Stage::Ended;
        self.upgrade.state.failure = Some(failure);
        self.keep_upgrade();
        self.report(Status::Failed, Some(failure));
        self.tell_result(false);
    }

    /// The Center has acknowledged a report.
    pub(in crate::device) fn report_arrived(&mut self, now: Instant, status: u8) {
        match (Status::from_code(status), self.upgrade.state.stage) {
            (Some(Status::Updating), Stage::Updating) => self.arm(),
            (Some(Status::Updated), Stage::Updating) => self.succeed(now),
            (Some(Status::Failed), Stage::Ended) => {
                // Unless it is stored, the next start reports it once more.
                let _ = self.slots.acknowledge_revert(self.board.flash(), &mut self.records);
                self.forget_upgrade();
            }
            _ => {}
        }
    }

    pub(super) fn tell_result(&mut self, success: bool) {
        let Some(component) = self.upgrade.state.component() else { return };
        let name = component.name.as_bytes();
        self.events.push(match component.kind {
            Kind::Module => Event::Result(success, name),
            Kind::Mcu => Event::McuResult(success, name),
        });
    }

    /// Command 0x0114.
    pub(super) fn report(&mut self, status: Status, failure: Option<Failure>) {
        let Some(component) = self.upgrade.state.component() else { return };
        let mut text = String::<96>::new();
        let _ = text.push_str(status.name());
        if let Some(failure) = failure {
            let _ = text.push_str(": ");
            let _ = text.push_str(failure.text());
        }
        let mut writer = Writer::new(self.outbox.payload());
        writer.int(id::STATUS, status as i64);
        writer.text(id::STATUS_TEXT, &text);
        writer.int(id::KIND, component.kind as i64);
        writer.text(id::COMPONENT, component.name);
        match status {
            Status::Confirmed if self.upgrade.state.wants_sha256 => {
                writer.text(id::SIGNATURE, "sha256");
            }
            Status::Updated | Status::Failed => report::versions(&mut writer, &self.board.about(), &self.config),
            _ => {}
        }
        if let Ok(length) = writer.finish() {
            self.queue(length, command::OTA_STATUS, Sender::Upgrade(status as u8));
        }
    }

    pub(super) fn report_once(&mut self, status: Status, failure: Option<Failure>) {
        if !self.outbox.holds(status as u8) {
            self.report(status, failure);
        }
    }

    pub(super) fn keep_upgrade(&mut self) {
        // What can't be stored does not outlive a restart; then the Center offers the plan again.
        let _ = self.records.put(self.board.flash(), Key::Upgrade, &self.upgrade.state.record());
    }

    pub(super) fn forget_upgrade(&mut self) {
        self.upgrade.state = Upgrade::idle();
        self.upgrade.due = None;
        for key in [Key::Upgrade, Key::Plan, Key::File, Key::Package] {
            let _ = self.records.remove(self.board.flash(), key);
        }
    }
}

impl<B: Board> Device<B> {
    /// Restarts when that is due: says goodbye first.
    pub(in crate::device) fn run_restart(&mut self, now: Instant) {
        if core::mem::take(&mut self.core.upgrade.restart) {
            self.core.leave(now, Next::Restart, &mut self.mqtt);
        }
    }
}
