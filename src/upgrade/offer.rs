//! From the offered plan to the file information.

use super::{check_image, mcu, rejected, Context, Effect, Notice};
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
        // The same plan once more is answered, and the application has heard of it.
        let is_told = matches!(self.state, State::Offered { is_told: true }) && self.is_plan(payload);
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
            false if is_told => {}
            false => turn.tell(Notice::Plan),
        }
    }

    /// Returns whether these are the bytes of the plan in progress.
    pub(super) fn is_plan(&self, payload: &[u8]) -> bool {
        self.course.plan_bytes() == payload
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
            Kind::Module => self.start_download(goes_on, turn),
            Kind::Mcu => self.announce_mcu_package(turn),
        }
    }

    /// Compares the file with the plan and with what this device can take; makes its component the one in progress. Returns what
    /// kind that is, and whether the file's beginning lies in the slot already.
    // All that it has read and compared is done with when the download starts.
    #[inline(never)]
    fn check_file<B: Board>(&mut self, payload: &[u8], turn: &mut Turn<'_, '_, B>) -> Result<(Kind, bool), Failure> {
        let info = FileInfo::parse(payload).map_err(|_| Failure::BadFileInfo)?;
        if self.course.wants_sha256 && info.expected.sha256.is_none() {
            return Err(Failure::NoSha256);
        }
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
            Kind::Module if info.size > file_room::<P, B>(cx) => Err(too_large(cx.board)),
            Kind::Module if rejected::is_it(&info.expected, turn.cx) => Err(Failure::KnownBad),
            Kind::Module => match &info.expected.sha256 {
                Some(sha256) => check_image(sha256, turn.cx.slots),
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

/// Size of the largest file that may lead to an image: a package has more than that in it where it is not kept whole.
fn file_room<P: Packages, B: Board>(cx: &Context<'_, B>) -> u32 {
    match cx.board.layout().has_one_slot() {
        true => cx.slots.capacity(),
        false => cx.slots.capacity().saturating_add(P::BESIDE_IMAGE),
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
