//! What a restart, a stop, a connection and the passing of time mean for an upgrade.

use super::probation::{self, Limits, Probation};
use super::{rejected, Context, Effect, Key, Network, Notice, Packages, Pause, State, Timer, Turn, Upgrade};
use super::{ATTEMPTS_MAX, FILE_INFO_SECS, MCU_READ_SECS, MCU_SECS, RECORD};
use crate::board::Board;
use crate::data::report;
use crate::profile::MCU;
use crate::time::Instant;
use qth_flash::slot::Reason;
use qth_protocol::ota::{Failure, Kind, Status};

impl<P: Packages> Upgrade<P> {
    /// Reads the upgrade that was in progress before the restart. A firmware on trial has to reach the Center from now on.
    pub fn restore<B: Board>(&mut self, now: Instant, cx: &mut Context<'_, B>) {
        let is_trial = cx.slots.is_trial();
        if is_trial {
            self.begin_probation(now, cx);
        }
        let mut record = [0; RECORD];
        let flash = cx.board.flash();
        let Ok(Some(RECORD)) = cx.records.get(flash, Key::Upgrade, &mut record) else { return };
        let restored = self.course.restore(&record, |room| cx.records.get(flash, Key::Plan, room).ok().flatten());
        if let Some((stage, failure)) = restored {
            let kind = self.course.component().map_or(Kind::Module, |component| component.kind);
            self.state = State::restored(stage, failure, kind, is_trial);
        }
    }

    /// The firmware is on trial, since this start or one before an orderly restart.
    #[inline(never)]
    fn begin_probation<B: Board>(&mut self, now: Instant, cx: &mut Context<'_, B>) {
        let mut record = [0; probation::RECORD];
        // One that can't be read counts as none: the trial begins anew.
        let _ = cx.records.get(cx.board.flash(), Key::Trial, &mut record);
        self.probation = Probation::begin(now, limits(cx.board), record);
        self.set_trial_timer();
    }

    pub(super) fn end_probation(&mut self) {
        self.probation = Probation::Over;
        self.timers.stop(Timer::Trial);
    }

    fn set_trial_timer(&mut self) {
        match self.probation.deadline() {
            Some(deadline) => self.timers.set(Timer::Trial, deadline),
            None => self.timers.stop(Timer::Trial),
        }
    }

    /// The network has come, or is gone: a trial is a verdict on the image, not on that.
    pub(super) fn network<B: Board>(&mut self, network: Network, turn: &Turn<'_, '_, B>) {
        self.probation.network(turn.now, network);
        self.set_trial_timer();
    }

    /// The board is about to be reset in an orderly way, which is no crash: a firmware on trial gets its start back, and keeps
    /// the time that its trial has lasted.
    pub fn before_reset<B: Board>(&mut self, now: Instant, cx: &mut Context<'_, B>) {
        let Some(record) = self.probation.record(now, limits(cx.board)) else { return };
        // In this order: without its time, a firmware that resets the board again and again would stay on trial for ever.
        if cx.records.put(cx.board.flash(), Key::Trial, &record).is_ok() {
            let starts = cx.board.trial().starts;
            // If it can't be stored, the restart counts as a crash.
            let _ = cx.slots.give_start_back(cx.board.flash(), cx.records, starts);
        }
    }

    /// The application has started the device: for the first time since the restart, it hears what that has brought.
    #[inline(never)]
    pub(super) fn start<B: Board>(&mut self, turn: &mut Turn<'_, '_, B>) {
        if core::mem::replace(&mut self.is_resumed, true) {
            return;
        }
        if self.is_mcu_served() {
            turn.tell(Notice::McuInfo);
        }
        match self.state {
            State::McuUpdating if MCU => self.timers.set(Timer::McuVersion, turn.now.after_secs(MCU_SECS)),
            State::Installing => {
                if let Some(reason) = turn.cx.slots.reverted() {
                    if reason.is_of_the_image() {
                        let (room, _) = self.download.room();
                        rejected::keep(room, turn.cx);
                    }
                    self.fail(of_revert(reason), turn);
                }
            }
            State::Ended(_) => turn.tell(Notice::Result(false)),
            _ => {}
        }
    }

    /// The application has stopped the device: the upgrade stays where it is.
    pub(super) fn stop(&mut self) {
        self.stop_download();
        self.timers.stop_those_of_a_state();
        if matches!(self.state, State::Downloading(_) | State::Paused(Pause::Attempt)) {
            self.state = State::Paused(Pause::Stop);
        }
    }

    /// The Center is there after a restart, which was a failed attempt if the download has got nowhere since the one before.
    fn download_after_restart<B: Board>(&mut self, turn: &mut Turn<'_, '_, B>) {
        if !self.course.is_counted && self.count_attempt(1, turn.cx) >= ATTEMPTS_MAX {
            return self.fail(Failure::Interrupted, turn);
        }
        self.course.is_counted = false;
        if self.enter(State::Paused(Pause::Stop), turn) {
            self.download(true, turn);
        }
    }

    /// The Center is there: the upgrade goes on, and what it could not report is reported.
    #[inline(never)]
    pub(super) fn online<B: Board>(&mut self, turn: &mut Turn<'_, '_, B>) {
        match self.state {
            State::Idle => self.confirm_without_upgrade(turn),
            State::Offered { .. } if self.confirms_itself() => self.accept(turn),
            State::Offered { is_told: false } => {
                self.state = State::Offered { is_told: true };
                turn.tell(Notice::Plan);
            }
            State::Confirmed => {
                turn.report_once(Status::Confirmed);
                self.timers.set(Timer::FileInfo, turn.now.after_secs(FILE_INFO_SECS));
            }
            State::Paused(Pause::Restart) => self.download_after_restart(turn),
            State::Paused(Pause::Stop) => self.download(true, turn),
            State::Paused(Pause::Attempt) => {}
            State::McuReading if MCU => self.mcu_online(Timer::McuRead, MCU_READ_SECS, turn),
            State::McuUpdating if MCU => self.mcu_online(Timer::McuVersion, MCU_SECS, turn),
            State::Offered { .. } | State::Downloading(_) | State::McuReading | State::McuUpdating => {}
            State::Downloaded => self.install(turn),
            State::Installing | State::Trial => self.report_new_firmware(turn),
            State::Restarting => turn.effects.push(Effect::Restart),
            State::Ended(failure) => turn.effects.push(Effect::ReportOnce(Status::Failed, Some(failure))),
        }
    }

    /// On trial without an upgrade: its records are lost, but the firmware has reached the Center.
    fn confirm_without_upgrade<B: Board>(&mut self, turn: &mut Turn<'_, '_, B>) {
        let cx = &mut *turn.cx;
        if cx.slots.is_trial() && cx.slots.confirm(cx.board.flash(), cx.records).is_ok() {
            self.end_probation();
        }
    }

    /// After the restart: the new firmware has reached the Center, or the restart is still to come.
    fn report_new_firmware<B: Board>(&mut self, turn: &mut Turn<'_, '_, B>) {
        let target = self.course.component().map_or("", |component| component.target);
        let is_target = report::module_version(&turn.cx.board.about(), turn.cx.settings) == target;
        match (&self.state, is_target) {
            (State::Trial, true) => turn.report_once(Status::Updated),
            (State::Trial, false) => self.reject(Reason::WrongVersion, turn),
            _ if turn.cx.slots.is_ready() => turn.report_once(Status::Updating),
            (_, true) => turn.report_once(Status::Updated),
            (_, false) => self.fail(Failure::Flash, turn),
        }
    }

    /// The firmware on trial is rejected: the old one comes back at the restart, and reports it.
    fn reject<B: Board>(&mut self, reason: Reason, turn: &mut Turn<'_, '_, B>) {
        let cx = &mut *turn.cx;
        // If it can't be stored, the starts of the trial run out.
        let _ = cx.slots.reject(cx.board.flash(), cx.records, reason);
        self.restart(turn);
    }

    #[inline(never)]
    pub(super) fn expired<B: Board>(&mut self, timer: Timer, turn: &mut Turn<'_, '_, B>) {
        match (timer, &self.state) {
            (Timer::Trial, State::Restarting) => {}
            (Timer::Trial, _) => self.reject(Reason::DidNotConnect, turn),
            (Timer::Progress, State::Downloading(_)) => self.report_progress(turn),
            // Without a connection the Center can't send any; the time starts anew with the next one.
            (Timer::FileInfo, State::Confirmed) if turn.cx.is_online => self.fail(Failure::NoFileInfo, turn),
            (Timer::Attempt, State::Paused(_)) => self.next_attempt(turn),
            (Timer::McuRead, State::McuReading) | (Timer::McuVersion, State::McuUpdating) if MCU => {
                self.fail(Failure::McuTimeout, turn);
            }
            _ => {}
        }
    }
}

fn limits<B: Board>(board: &B) -> Limits {
    let trial = board.trial();
    Limits { with_network: trial.seconds, total: trial.limit_seconds }
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
