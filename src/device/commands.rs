//! Commands from the Center, and what the device tells of itself.
//!
//! Facts: wire protocol, sections 2 to 4.

use super::Components;
use crate::board::Board;
use crate::data::event::Event;
use crate::data::outbox::Sender;
use crate::data::report;
use crate::profile::{LOCATION, TRANSPARENT, TSL};
use crate::time::Instant;
use crate::upgrade::Input;
use qth_protocol::command::{self, exception};
use qth_protocol::frame::{Frame, PackageId};
use qth_protocol::id;
use qth_protocol::ttlv::{self, Writer};

impl<B: Board> Components<B> {
    /// A command of the Center that is not about the connection.
    pub(super) fn command(&mut self, now: Instant, frame: &Frame<'_>, is_online: bool) {
        let Frame { id, command, payload } = *frame;
        note!("command", (command, payload.len()));
        let is_ttlv = matches!(command, command::TSL_WRITE | command::TSL_SERVICE | command::OTA_PLAN | command::OTA_FIRMWARE);
        if is_ttlv && ttlv::check(payload).is_err() {
            return self.report_exception(exception::TTLV, Some(id));
        }
        match command {
            command::TSL_READ if TSL => self.pass_on(Event::ReadTsl(id.get(), payload)),
            command::TSL_WRITE if TSL => self.pass_on(Event::Tsl(payload)),
            command::TSL_SERVICE if TSL => self.pass_on(Event::ReadService(id.get(), payload)),
            command::TRANSPARENT_DOWN if TRANSPARENT => self.pass_on(Event::Transparent(payload)),
            command::STATUS_READ => {
                self.answer_status(id, report::requested(payload, &report::STATUS_IDS));
            }
            command::INFO_READ => {
                self.answer_information(id, report::requested(payload, &report::INFORMATION_IDS));
            }
            command::LOCATION_READ if LOCATION => self.answer_location(id),
            command::OTA_PLAN => self.tell_upgrade_of_command(now, id, Input::Plan(payload), is_online),
            command::OTA_FIRMWARE => self.tell_upgrade_of_command(now, id, Input::FileInfo(payload), is_online),
            _ => self.report_exception(exception::COMMAND, Some(id)),
        }
    }

    fn pass_on(&mut self, event: Event<'_>) {
        // There is room: no message is taken while there is none for it.
        self.events.push(event);
    }

    /// Command 0x00A4.
    pub(super) fn report_exception(&mut self, code: u8, package: Option<PackageId>) {
        let mut writer = Writer::new(self.outbox.payload());
        writer.int(id::exception::CODE, i64::from(code));
        if let Some(package) = package {
            writer.int(id::exception::PACKAGE, i64::from(package.get()));
        }
        if let Ok(length) = writer.finish() {
            self.outbox.queue(length, command::EXCEPTION_UP, Sender::Nobody);
        }
    }

    pub(super) fn answer_status(&mut self, id: PackageId, mut ids: impl Iterator<Item = u16>) -> bool {
        let status = self.board.status();
        let written = report::status(&mut ids, &status, self.outbox.payload());
        written.is_ok_and(|length| self.outbox.answer(length, id, command::STATUS_READ_REPLY))
    }

    pub(super) fn answer_information(&mut self, id: PackageId, mut ids: impl Iterator<Item = u16>) -> bool {
        let written = report::information(&mut ids, &self.board.about(), &self.settings, self.outbox.payload());
        written.is_ok_and(|length| self.outbox.answer(length, id, command::INFO_READ_REPLY))
    }

    /// The module finds no locations itself: an empty text.
    fn answer_location(&mut self, id: PackageId) {
        let mut writer = Writer::new(self.outbox.payload());
        writer.text(id::location::SENTENCES, "");
        if let Ok(length) = writer.finish() {
            self.outbox.answer(length, id, command::LOCATION_READ_REPLY);
        }
    }

    /// Reports status 1 to 4, command 0x0034.
    pub(super) fn report_status(&mut self) {
        let status = self.board.status();
        if let Ok(length) = report::status(&mut report::STATUS_IDS.into_iter(), &status, self.outbox.payload()) {
            self.outbox.queue(length, command::STATUS_REPORT, Sender::Nobody);
        }
    }

    /// Reports the device information, command 0x0044.
    pub(super) fn report_information(&mut self) {
        let mut ids = report::INFORMATION_IDS.into_iter();
        if let Ok(length) = report::information(&mut ids, &self.board.about(), &self.settings, self.outbox.payload()) {
            self.outbox.queue(length, command::INFO_REPORT, Sender::Nobody);
        }
    }
}
