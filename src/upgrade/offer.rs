//! From the offered plan to the file information.

use super::{check_image, mcu, Context, Effect, Notice};
use super::{conditions, Packages, Stage, State, Timer, Turn, Upgrade, FILE_INFO_SECS};
use crate::board::{Board, Started};
use crate::device::limits;
use qth_flash::records::Key;
use qth_protocol::command::exception;
use qth_protocol::ota::{Failure, FileInfo, Kind, Status};

impl<P: Packages> Upgrade<P> {
    /// A plan has come, command 0x0111.
    #[inline(never)]
    pub(super) fn offer<B: Board>(&mut self, payload: &[u8], turn: &mut Turn<'_, '_, B>) {
        if self.course.offer(payload, self.wants_sha256).is_none() {
            return turn.effects.push(Effect::Exception(exception::TTLV));
        }
        let confirms_itself = self.confirms_itself();
        if turn.cx.records.put(turn.cx.board.flash(), Key::Plan, payload).is_err() {
            return self.fail(Failure::Flash, turn);
        }
        if !self.enter(State::Offered { is_told: !confirms_itself }, turn) {
            return;
        }
        turn.report(Status::PlanReceived);
        match confirms_itself {
            true => self.accept(turn),
            false => turn.tell(Notice::Plan),
        }
    }

    pub(super) fn confirms_itself(&self) -> bool {
        self.course.plan().is_some_and(|plan| plan.confirms_itself())
    }

    /// The plan is accepted, by the application or by itself.
    #[inline(never)]
    pub(super) fn accept<B: Board>(&mut self, turn: &mut Turn<'_, '_, B>) {
        if self.enter(State::Confirmed, turn) {
            turn.report(Status::Confirmed);
            self.timers.set(Timer::FileInfo, turn.now.after_secs(FILE_INFO_SECS));
        }
    }

    /// The application refuses the plan, which it may until the restart into the new firmware is due.
    pub(super) fn refuse<B: Board>(&mut self, turn: &mut Turn<'_, '_, B>) {
        self.stop_download();
        turn.report(Status::Refused);
        self.forget(turn);
    }

    /// The Center has named the file, command 0x0113.
    #[inline(never)]
    pub(super) fn file_named<B: Board>(&mut self, payload: &[u8], turn: &mut Turn<'_, '_, B>) {
        let (kind, goes_on) = match self.check_file(payload, turn) {
            Ok(checked) => checked,
            Err(failure) => return self.fail(failure, turn),
        };
        let fits = payload.len() <= limits::FILE_INFO;
        if !fits || turn.cx.records.put(turn.cx.board.flash(), Key::File, payload).is_err() {
            return self.fail(Failure::Flash, turn);
        }
        match kind {
            Kind::Module => {
                if self.enter(State::Paused, turn) {
                    turn.report(Status::DownloadStarted);
                    self.download(goes_on, turn);
                }
            }
            Kind::Mcu => self.announce_mcu_package(turn),
        }
    }

    /// Compares the file with the plan and with what this device can take; makes its component the one in progress. Returns what
    /// kind that is, and whether the file's beginning lies in the slot already.
    // All that it has read and compared is done with when the download starts.
    #[inline(never)]
    fn check_file<B: Board>(&mut self, payload: &[u8], turn: &mut Turn<'_, '_, B>) -> Result<(Kind, bool), Failure> {
        let info = FileInfo::parse(payload).map_err(|_| Failure::BadFileInfo)?;
        self.check_target(&info, turn)?;
        let goes_on = self.state.stage() == Stage::Downloading && self.is_file_of_before(&info, turn.cx);
        Ok((info.kind, goes_on))
    }

    fn check_target<B: Board>(&mut self, info: &FileInfo<'_>, turn: &mut Turn<'_, '_, B>) -> Result<(), Failure> {
        let plan = self.course.plan().ok_or(Failure::NotAsPlanned)?;
        let (place, component) = plan.find(info.component).ok_or(Failure::NotAsPlanned)?;
        if !self.course.is_open(place) || component.kind != info.kind || component.target != info.target {
            return Err(Failure::NotAsPlanned);
        }
        let met = conditions::check(&component, &turn.cx.board.status());
        self.course.current = place;
        met?;
        let cx = &turn.cx;
        match info.kind {
            Kind::Mcu if !mcu::versions(cx.settings.mcu_versions()).any(|(name, _)| name == info.component) => {
                Err(Failure::NoComponent)
            }
            Kind::Mcu => Ok(()),
            Kind::Module if cx.board.started() == Started::Directly => Err(Failure::NoSecondSlot),
            Kind::Module if info.size > cx.slots.capacity() => Err(too_large(cx.board)),
            Kind::Module => match &info.expected.sha256 {
                Some(sha256) => check_image(sha256, cx.slots),
                None => Ok(()),
            },
        }
    }

    /// Returns whether this is the file whose beginning lies in the slot already.
    fn is_file_of_before<B: Board>(&mut self, info: &FileInfo<'_>, cx: &mut Context<'_, B>) -> bool {
        let (room, _) = self.download.room();
        super::fetch::file_info_kept(cx, room)
            .is_some_and(|before| before.size == info.size && before.expected.md5 == info.expected.md5)
    }
}

#[cfg_attr(not(feature = "inplace"), allow(unused_variables, reason = "such boards have two slots"))]
fn too_large<B: Board>(board: &B) -> Failure {
    #[cfg(feature = "inplace")]
    if board.layout().has_one_slot() {
        return Failure::StagingTooSmall;
    }
    Failure::TooLarge
}
