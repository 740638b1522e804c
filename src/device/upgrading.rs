//! Between the upgrade and the other parts of the device: what it is told, and what it has them do.

use super::{Action, Components, Link};
use crate::board::Board;
use crate::connection::Next;
use crate::data::event::Event;
use crate::data::outbox::Sender;
use crate::data::report;
use crate::profile::MCU;
use crate::time::Instant;
use crate::upgrade::{Accepted, Context, Effect, Effects, Input, Notice, Upgrade};
use heapless::String;
use qth_flash::records::Key;
use qth_protocol::command;
use qth_protocol::frame::PackageId;
use qth_protocol::ota::{id, Failure, Kind, Status};
use qth_protocol::ttlv::Writer;

impl<B: Board> Components<B> {
    /// The upgrade, and what it reads and writes.
    pub(super) fn upgrade(&mut self, is_online: bool) -> (&mut Upgrade<Accepted>, Context<'_, B>) {
        let Self { upgrade, board, records, slots, settings, .. } = self;
        (upgrade, Context { board, records, slots, settings, is_online })
    }

    /// Tells the upgrade what has happened, and carries out what follows; returns whether it applied.
    pub(super) fn tell_upgrade(&mut self, now: Instant, input: Input<'_>, is_online: bool) -> bool {
        let (upgrade, mut cx) = self.upgrade(is_online);
        let effects = upgrade.on(now, input, &mut cx);
        self.carry_out(&effects, None);
        !effects.contains(Effect::Ignored)
    }

    /// Tells the upgrade of a command of the Center, which had this package id.
    pub(super) fn tell_upgrade_of_command(&mut self, now: Instant, id: PackageId, input: Input<'_>, is_online: bool) {
        let (upgrade, mut cx) = self.upgrade(is_online);
        let effects = upgrade.on(now, input, &mut cx);
        self.carry_out(&effects, Some(id));
    }

    /// Carries out what the download asks for, until it waits or the turn has lasted long enough.
    #[inline(never)]
    pub(super) fn run_upgrade(&mut self, now: Instant, is_online: bool) {
        loop {
            let (upgrade, mut cx) = self.upgrade(is_online);
            let Some(effects) = upgrade.poll(now, &mut cx) else { return };
            self.carry_out(&effects, None);
            if effects.contains(Effect::Yield) {
                return;
            }
        }
    }

    /// Handles the upgrade's deadlines that have expired by `now`.
    pub(super) fn upgrade_timeout(&mut self, now: Instant, is_online: bool) {
        loop {
            let (upgrade, mut cx) = self.upgrade(is_online);
            let Some(effects) = upgrade.timeout(now, &mut cx) else { return };
            self.carry_out(&effects, None);
        }
    }

    fn carry_out(&mut self, effects: &Effects, command: Option<PackageId>) {
        for effect in effects.iter() {
            match *effect {
                Effect::Report(status, failure) => self.report_upgrade(status, failure),
                Effect::ReportOnce(status, failure) => {
                    if !self.outbox.holds(status) {
                        self.report_upgrade(status, failure);
                    }
                }
                Effect::Tell(notice) => self.tell_application(notice),
                Effect::Exception(code) => self.report_exception(code, command),
                Effect::Open => self.act(Action::Open(Link::Package)),
                Effect::Close => self.act(Action::Close(Link::Package)),
                Effect::Restart => self.farewell = Some(Next::Restart),
                Effect::Ignored | Effect::Yield => {}
            }
        }
    }

    /// Reports the status of an upgrade, command 0x0114.
    #[inline(never)]
    fn report_upgrade(&mut self, status: Status, failure: Option<Failure>) {
        let Some(component) = self.upgrade.component() else { return };
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
            Status::Confirmed if self.upgrade.has_asked_for_sha256() => {
                writer.text(id::SIGNATURE, "sha256");
            }
            Status::Updated | Status::Failed => report::versions(&mut writer, &self.board.about(), &self.settings),
            _ => {}
        }
        if let Ok(length) = writer.finish() {
            self.outbox.queue(length, command::OTA_STATUS, Sender::Upgrade(status));
        }
    }

    fn tell_application(&mut self, notice: Notice) {
        let component = self.upgrade.component();
        let name = component.map_or(&[][..], |component| component.name.as_bytes());
        let is_mcu = component.is_some_and(|component| component.kind == Kind::Mcu);
        match notice {
            Notice::Plan => self.events.push(Event::Plan),
            Notice::Result(success) if MCU && is_mcu => self.events.push(Event::McuResult(success, name)),
            Notice::Result(success) => self.events.push(Event::Result(success, name)),
            Notice::McuPackage => MCU && self.events.push(Event::McuPackage(name)),
            Notice::McuInfo => MCU && self.tell_of_mcu_package(),
        };
    }

    /// The file information, as it was kept.
    fn tell_of_mcu_package(&mut self) -> bool {
        let Self { events, records, board, .. } = self;
        events.push_mcu_info(|room| records.get(board.flash(), Key::File, room).ok().flatten())
    }
}
