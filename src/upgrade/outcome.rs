//! Installation, success, and the end of a plan.

use super::{conditions, Effect, Notice, Packages, State, Timer, Turn, Upgrade, FILE_INFO_SECS};
use crate::board::Board;
use qth_protocol::ota::{Failure, Status};

impl<P: Packages> Upgrade<P> {
    /// The image is ready: into it, if the conditions still hold.
    #[inline(never)]
    pub(super) fn install<B: Board>(&mut self, turn: &mut Turn<'_, '_, B>) {
        let status = turn.cx.board.status();
        let met = self.course.component().map_or(Ok(()), |component| conditions::check(&component, &status));
        if let Err(failure) = met {
            return self.fail(failure, turn);
        }
        if self.enter(State::Installing, turn) {
            turn.report(Status::Updating);
        }
    }

    /// The Center has heard that the device updates: the slot gets its trial, and the board its restart.
    pub(super) fn arm<B: Board>(&mut self, turn: &mut Turn<'_, '_, B>) {
        let cx = &mut *turn.cx;
        let starts = cx.board.trial().starts;
        match cx.slots.arm(cx.board.flash(), cx.records, starts) {
            Ok(()) => self.restart(turn),
            Err(_) => self.fail(Failure::Flash, turn),
        }
    }

    /// What the restart is for is in the slots' record: nothing else has to be stored.
    pub(super) fn restart<B: Board>(&mut self, turn: &mut Turn<'_, '_, B>) {
        self.timers.stop_those_of_a_state();
        self.end_probation();
        self.state = State::Restarting;
        turn.effects.push(Effect::Restart);
    }

    /// The Center knows that the new version runs: it stays.
    #[inline(never)]
    pub(super) fn succeed<B: Board>(&mut self, turn: &mut Turn<'_, '_, B>) {
        if let Err(failure) = self.confirm(turn) {
            return self.fail(failure, turn);
        }
        self.end_probation();
        if self.course.component_succeeded() {
            turn.tell(Notice::Result(true));
            self.forget(turn);
        } else if self.enter(State::Confirmed, turn) {
            turn.tell(Notice::Result(true));
            self.timers.set(Timer::FileInfo, turn.now.after_secs(FILE_INFO_SECS));
        }
    }

    fn confirm<B: Board>(&mut self, turn: &mut Turn<'_, '_, B>) -> Result<(), Failure> {
        let component = self.course.component().map_or("", |component| component.name);
        P::fulfil(component, turn.cx)?;
        let cx = &mut *turn.cx;
        if cx.slots.is_trial() {
            cx.slots.confirm(cx.board.flash(), cx.records).map_err(|_| Failure::Flash)?;
        }
        Ok(())
    }

    /// The Center has heard of the failure.
    pub(super) fn failure_heard<B: Board>(&mut self, turn: &mut Turn<'_, '_, B>) {
        // Unless it is stored, the next start reports it once more.
        let _ = turn.cx.slots.acknowledge_revert(turn.cx.board.flash(), turn.cx.records);
        self.forget(turn);
    }
}
