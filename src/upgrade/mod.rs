//! An upgrade: plan, download, verification, restart, trial, report.
//!
//! [`Upgrade::on`] is the only way through which its state changes: an [`Input`] leads to another [`State`] and to
//! [`Effects`] that the device carries out. A state is in flash before anyone hears of it, so the upgrade goes on after a
//! restart at any point; what can't be stored is a failure that the Center hears of. `docs/ARCHITECTURE.md` has the table
//! of all states and inputs.
//!
//! Facts: wire protocol, section 5.
#![forbid(unsafe_code)]

#[cfg(test)]
mod bed;
pub mod conditions;
mod content;
mod course;
pub mod digest;
pub mod download;
mod fetch;
pub mod http;
pub mod input;
pub mod mcu;
mod md5;
mod offer;
mod outcome;
mod probation;
mod rejected;
pub mod state;
#[cfg(test)]
mod table;
#[cfg(test)]
mod timelines;
pub mod timers;
mod trial;
pub mod url;

use crate::board::Board;
use crate::device::limits;
use crate::profile::MCU;
use crate::settings::Settings;
use crate::time::Instant;
pub use content::NoPackages;
pub use content::Packages;
use course::Course;
pub(crate) use course::RECORD;
use digest::Digests;
use download::Download;
pub use input::{Effect, Effects, Input, Network, Notice};
use probation::Probation;
pub(crate) use probation::RECORD as TRIAL_RECORD;
use qth_flash::records::{Key, Records};
use qth_flash::slot::{Sha256Digest, Slots};
use qth_protocol::ota::{Component, Failure, Kind, Status};
pub(crate) use rejected::RECORD as REJECTED_RECORD;
pub use state::{Pause, Stage, State};
use timers::{Timer, Timers};

/// What this firmware takes beside plain images.
#[cfg(feature = "pack")]
pub type Accepted = content::package::AnyPackage;
/// What this firmware takes beside plain images.
#[cfg(not(feature = "pack"))]
pub type Accepted = NoPackages;

/// Failed attempts at one component that end the plan: with the pauses between them, two hours.
const ATTEMPTS_MAX: u8 = 10;
/// Seconds from the confirmation to the file information.
const FILE_INFO_SECS: u32 = 30;
/// Seconds from the first failed attempt at a download to the next; from each further one it is twice as long.
const ATTEMPT_SECS: u32 = 30;
/// Longest time from a failed attempt to the next, in seconds.
const ATTEMPT_SECS_MAX: u32 = 30 * 60;
/// Seconds between two reports of a download in progress.
const PROGRESS_SECS: u32 = 5;
/// Seconds from the end of the download of an MCU's package, and from each read of it, to the next.
const MCU_READ_SECS: u32 = 60;
/// Seconds that an MCU has to report its new version.
const MCU_SECS: u32 = 20 * 60;
/// Largest values of the records that packages have.
#[cfg(feature = "pack")]
pub(crate) const PACKAGE_RECORDS: [usize; 4] = content::PACKAGE_RECORDS;
/// Largest values of the records that packages have: without them there are none.
#[cfg(not(feature = "pack"))]
pub(crate) const PACKAGE_RECORDS: [usize; 4] = [0; 4];

/// What an upgrade reads and writes of the device.
pub struct Context<'a, B: Board> {
    /// The board, with its flash.
    pub board: &'a mut B,
    /// Records in that flash.
    pub records: &'a mut Records,
    /// Slots in that flash.
    pub slots: &'a mut Slots,
    /// What the script has set.
    pub settings: &'a Settings,
    /// The connection to the Center is ready.
    pub is_online: bool,
}

/// An upgrade, and the download that belongs to it.
pub struct Upgrade<P> {
    state: State,
    course: Course<{ limits::PLAN }>,
    timers: Timers,
    probation: Probation,
    download: Download<{ limits::PIECE }>,
    /// Digests of what has come of the file; beside the state, which would be too large to be handed over.
    digests: Option<Digests>,
    packages: P,
    /// Plans are asked for with SHA-256.
    wants_sha256: bool,
    /// The application has heard what the last restart has brought.
    is_resumed: bool,
}

/// One call of [`Upgrade::on`]: the moment, what may be read and written, and the effects so far.
struct Turn<'a, 'b, B: Board> {
    now: Instant,
    cx: &'a mut Context<'b, B>,
    effects: Effects,
}

impl<B: Board> Turn<'_, '_, B> {
    fn report(&mut self, status: Status) {
        self.effects.push(Effect::Report(status, None));
    }

    fn report_once(&mut self, status: Status) {
        self.effects.push(Effect::ReportOnce(status, None));
    }

    fn tell(&mut self, notice: Notice) {
        self.effects.push(Effect::Tell(notice));
    }
}

impl<P: Packages> Upgrade<P> {
    /// No upgrade; [`Upgrade::restore`] reads the one that was in progress.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            state: State::Idle,
            course: Course::none(),
            timers: Timers::new(),
            probation: Probation::Over,
            download: Download::new(),
            digests: None,
            packages: P::NONE,
            wants_sha256: false,
            is_resumed: false,
        }
    }

    /// Takes an input, changes the state, and returns what the device has to do.
    // What it calls has buffers, and is not inlined where they would lie beside those of others in the stack.
    pub fn on<B: Board>(&mut self, now: Instant, input: Input<'_>, cx: &mut Context<'_, B>) -> Effects {
        let mut turn = Turn { now, cx, effects: Effects::new() };
        match (&self.state, input) {
            (State::Idle | State::Offered { .. }, Input::Plan(plan)) => self.offer(plan, &mut turn),
            // The Center offers another plan only once it has given this one up.
            (State::Paused(Pause::Attempt), Input::Plan(plan)) if !self.is_plan(plan) => self.offer(plan, &mut turn),
            // While an upgrade runs another plan waits: the Center offers it again.
            (_, Input::Plan(_)) => {}
            (State::Offered { .. }, Input::Accept) => self.accept(&mut turn),
            (
                State::Offered { .. }
                | State::Confirmed
                | State::Downloading(_)
                | State::Paused(_)
                | State::Downloaded
                | State::McuReading,
                Input::Refuse,
            ) => self.refuse(&mut turn),
            (State::Confirmed | State::Paused(_), Input::FileInfo(payload)) => self.file_named(payload, &mut turn),
            (State::Downloading(_), Input::FileInfo(_)) => {}
            (_, Input::FileInfo(_)) => turn.effects.push(Effect::Exception(qth_protocol::command::exception::PROTOCOL)),
            (State::Downloading(_), Input::Received) => self.report_progress(&mut turn),
            (State::Downloading(_), Input::Fetched(result)) => self.fetched(result, &mut turn),
            (State::Installing, Input::Acknowledged(Status::Updating)) => self.arm(&mut turn),
            (State::McuUpdating, Input::Acknowledged(Status::Updating)) if MCU => self.switch_application(&mut turn),
            (State::Installing | State::Trial | State::McuUpdating, Input::Acknowledged(Status::Updated)) => {
                self.succeed(&mut turn);
            }
            (State::Ended(_), Input::Acknowledged(Status::Failed)) => self.failure_heard(&mut turn),
            (_, Input::Acknowledged(_)) => {}
            (_, Input::McuFetch | Input::McuUpdate | Input::McuVersion | Input::ApplicationFailed(_)) if !MCU => {
                turn.effects.push(Effect::Ignored);
            }
            (_, Input::McuFetch) => self.mcu_fetch(&mut turn),
            (_, Input::McuUpdate) => self.mcu_update(&mut turn),
            (_, Input::McuVersion) => self.mcu_version(&mut turn),
            (_, Input::ApplicationFailed(failure)) => self.application_failed(failure, &mut turn),
            (_, Input::Start) => self.start(&mut turn),
            (_, Input::Stop) => self.stop(),
            (_, Input::Network(network)) => self.network(network, &turn),
            (_, Input::Online) => self.online(&mut turn),
            (_, Input::Expired(timer)) => self.expired(timer, &mut turn),
            (_, Input::Accept | Input::Refuse | Input::Received | Input::Fetched(_)) => turn.effects.push(Effect::Ignored),
        }
        let effects = turn.effects;
        note!("upgrade", (self.state.name(), &effects));
        effects
    }

    /// Enters a state: stores it, and returns whether that succeeded. A state that can't be stored is not entered; the upgrade
    /// has failed then, and that is reported.
    fn enter<B: Board>(&mut self, state: State, turn: &mut Turn<'_, '_, B>) -> bool {
        self.timers.stop_those_of_a_state();
        let record = self.course.record(state.stage(), state.failure());
        let stored = turn.cx.records.put(turn.cx.board.flash(), Key::Upgrade, &record).is_ok();
        self.state = if stored { state } else { State::Ended(Failure::Flash) };
        if !stored {
            self.tell_failure(Failure::Flash, turn);
        }
        stored
    }

    /// The component in progress has failed, and with it the plan.
    fn fail<B: Board>(&mut self, failure: Failure, turn: &mut Turn<'_, '_, B>) {
        self.stop_download();
        if self.enter(State::Ended(failure), turn) {
            self.tell_failure(failure, turn);
        }
    }

    fn tell_failure<B: Board>(&mut self, failure: Failure, turn: &mut Turn<'_, '_, B>) {
        turn.effects.push(Effect::Report(Status::Failed, Some(failure)));
        turn.tell(Notice::Result(false));
    }

    /// The plan is over. What it was about stays known until the next one, so that the effects of its end can name it.
    fn forget<B: Board>(&mut self, turn: &mut Turn<'_, '_, B>) {
        self.timers.stop_those_of_a_state();
        self.state = State::Idle;
        // What can't be removed is found by the next start, which ends it once more.
        for key in [Key::Upgrade, Key::Plan, Key::File, Key::Package] {
            let _ = turn.cx.records.remove(turn.cx.board.flash(), key);
        }
    }

    /// Handles one deadline that has expired by `now`; `None` when there is none.
    pub fn timeout<B: Board>(&mut self, now: Instant, cx: &mut Context<'_, B>) -> Option<Effects> {
        self.download.timeout(now);
        self.timers.expired(now).map(|timer| self.on(now, Input::Expired(timer), cx))
    }

    /// When [`Upgrade::timeout`] or [`Upgrade::poll`] is due at the latest.
    #[must_use]
    pub fn poll_at(&self) -> Option<Instant> {
        Instant::earliest(&[self.timers.next(), self.download.poll_at(), self.packages.busy()])
    }

    /// Whether plans are asked for with SHA-256.
    pub fn ask_for_sha256(&mut self, wanted: bool) {
        self.wants_sha256 = wanted;
    }

    /// Returns whether SHA-256 was asked for with the plan in progress.
    pub fn has_asked_for_sha256(&self) -> bool {
        self.course.wants_sha256
    }

    /// The plan as it came; empty when there is none.
    pub fn plan(&self) -> &[u8] {
        match self.state {
            State::Idle => &[],
            _ => self.course.plan_bytes(),
        }
    }

    /// The component that effects are about: the one in progress, or the last one.
    pub fn component(&self) -> Option<Component<'_>> {
        self.course.component()
    }

    /// The kind of the component in progress; `None` without a plan.
    fn kind(&self) -> Option<Kind> {
        match self.state {
            State::Idle => None,
            _ => self.course.component().map(|component| component.kind),
        }
    }
}

impl<P: Packages> Default for Upgrade<P> {
    fn default() -> Self {
        Self::new()
    }
}

/// The same image is not installed again: not over itself, and not after it had to be reverted.
fn check_image(sha256: &Sha256Digest, slots: &Slots) -> Result<(), Failure> {
    if slots.is_running(sha256) {
        return Err(Failure::SameImage);
    }
    if slots.is_known_bad(sha256) {
        return Err(Failure::KnownBad);
    }
    Ok(())
}
