//! The download: where it goes on, its pieces, its attempts.

use super::content::{plain, Fetching, File, Piece, Taken};
use super::digest::Digests;
use super::download::Step;
use super::{Context, Effect, Effects, Input, Packages, Pause, State, Timer, Turn, Upgrade};
use super::{ATTEMPTS_MAX, ATTEMPT_SECS, ATTEMPT_SECS_MAX, PROGRESS_SECS};
use crate::board::Board;
use crate::profile::MCU;
use crate::settings::{Security, Server};
use crate::time::Instant;
use heapless::String;
use qth_flash::records::Key;
use qth_protocol::ota::{Failure, FileInfo, Kind, Status};

impl<P: Packages> Upgrade<P> {
    /// The Center has named the file. What it says while an attempt is waited for is kept for that.
    pub(super) fn start_download<B: Board>(&mut self, goes_on: bool, turn: &mut Turn<'_, '_, B>) {
        let next_attempt = self.timers.get(Timer::Attempt);
        let pause = match next_attempt {
            Some(_) => Pause::Attempt,
            None => Pause::Stop,
        };
        if !self.enter(State::Paused(pause), turn) {
            return;
        }
        let Some(at) = next_attempt else {
            turn.report(Status::DownloadStarted);
            return self.download(goes_on, turn);
        };
        if goes_on || self.begin_slot(turn) {
            self.timers.set(Timer::Attempt, at);
        }
    }

    /// The time of the next attempt has come.
    pub(super) fn next_attempt<B: Board>(&mut self, turn: &mut Turn<'_, '_, B>) {
        if turn.cx.is_online {
            turn.report_once(Status::DownloadStarted);
        }
        self.download(true, turn);
    }

    /// What is in the slot counts no more; returns whether that could be stored, and fails the upgrade otherwise.
    fn begin_slot<B: Board>(&mut self, turn: &mut Turn<'_, '_, B>) -> bool {
        let (room, _) = self.download.room();
        let cx = &mut *turn.cx;
        let Some(info) = file_info_kept(cx, room) else { return true };
        let size = info.size.min(cx.slots.capacity());
        let begun = cx.slots.begin(cx.board.flash(), cx.records, size, [0; 32], info.target).is_ok();
        if !begun {
            self.fail(Failure::Flash, turn);
        }
        begun
    }

    /// Starts to download the file whose information is kept, behind what is in the slot already if the upgrade `goes_on`.
    pub(super) fn download<B: Board>(&mut self, goes_on: bool, turn: &mut Turn<'_, '_, B>) {
        let Some(size) = self.begin_file(turn.cx) else { return self.fail(Failure::BadFileInfo, turn) };
        let Ok(offset) = self.prepare_slot(size, goes_on, turn.cx) else { return self.fail(Failure::Flash, turn) };
        if self.download.restart(turn.now, size, offset).is_err() {
            self.fail(Failure::BadUrl, turn);
        }
    }

    /// Enters the download of the file whose information is kept, of which nothing has come yet; returns its size.
    // It is done with what it needs before the flash is written: inlined, it would not be.
    #[inline(never)]
    fn begin_file<B: Board>(&mut self, cx: &mut Context<'_, B>) -> Option<u32> {
        let (room, address) = self.download.room();
        let FileInfo { url, size, expected, .. } = file_info_kept(cx, room)?;
        address.clear();
        // One that is too long is none, as one that can't be parsed.
        let _ = address.push_str(url);
        // In flash it is the stage of before.
        self.timers.stop_those_of_a_state();
        self.state = State::Downloading(Fetching { size, expected });
        self.digests = Some(Digests::new());
        Some(size)
    }

    /// Where the download goes on: at 0 in a slot begun anew, or behind what is there, which is digested once more.
    fn prepare_slot<B: Board>(&mut self, size: u32, goes_on: bool, cx: &mut Context<'_, B>) -> Result<u32, qth_flash::Error> {
        if goes_on && self.packages.begins_anew(cx) {
            return Ok(0);
        }
        let (flash, target) = (cx.board.flash(), self.course.component().map_or("", |component| component.target));
        let digests = self.digests.get_or_insert_with(Digests::new);
        if goes_on {
            if let Some(offset) = cx.slots.resume(flash, cx.records) {
                cx.slots.read(flash, offset, |bytes| digests.update(bytes))?;
                return Ok(offset);
            }
        }
        // A package may be larger than its image: it begins the slot anew by its first piece.
        cx.slots.begin(flash, cx.records, size.min(cx.slots.capacity()), [0; 32], target)?;
        Ok(0)
    }

    pub(super) fn stop_download(&mut self) {
        self.download.stop();
        self.packages.forget();
    }

    /// A piece was used: the first one, and then one every five seconds, is reported as progress.
    pub(super) fn report_progress<B: Board>(&mut self, turn: &mut Turn<'_, '_, B>) {
        if self.timers.get(Timer::Progress).is_none_or(|due| due <= turn.now) {
            if turn.cx.is_online {
                turn.report_once(Status::Downloading);
            }
            self.timers.set(Timer::Progress, turn.now.after_secs(PROGRESS_SECS));
        }
    }

    /// All of the file is in the slot, or the download was given up.
    #[inline(never)]
    pub(super) fn fetched<B: Board>(&mut self, result: Result<(), Failure>, turn: &mut Turn<'_, '_, B>) {
        if !matches!(self.state, State::Downloading(_)) {
            return;
        }
        if let Err(failure) = result.and_then(|()| self.verify(turn.cx)) {
            return self.attempt_failed(failure, turn);
        }
        let (next, is_mcu) = match self.kind() {
            Some(Kind::Mcu) if MCU => (State::McuReading, true),
            _ => (State::Downloaded, false),
        };
        if self.enter(next, turn) {
            turn.report(Status::Downloaded);
            match is_mcu {
                true => self.mcu_package_ready(turn),
                false => self.install(turn),
            }
        }
    }

    // Inlined into its caller it takes 360 bytes more on a Cortex-M3.
    #[inline(never)]
    fn verify<B: Board>(&mut self, cx: &mut Context<'_, B>) -> Result<(), Failure> {
        if let Some(finished) = self.packages.finish(cx) {
            return finished;
        }
        let kind = self.kind().unwrap_or(Kind::Module);
        let State::Downloading(fetching) = &self.state else { return Err(Failure::Flash) };
        plain::finish(fetching, self.digests.get_or_insert_with(Digests::new), kind, cx)
    }

    /// An attempt to download has failed: another follows, later each time. One that got further than any before does not
    /// count.
    fn attempt_failed<B: Board>(&mut self, failure: Failure, turn: &mut Turn<'_, '_, B>) {
        self.stop_download();
        if is_final::<P>(failure) {
            return self.fail(failure, turn);
        }
        if is_wrong_content::<P>(failure) && !self.begin_slot(turn) {
            return;
        }
        let weight = if is_wrong_content::<P>(failure) { WRONG_CONTENT_WEIGHT } else { 1 };
        let wait = match self.count_attempt(weight, turn.cx) {
            ATTEMPTS_MAX.. => return self.fail(failure, turn),
            counted => ATTEMPT_SECS.checked_shl(u32::from(counted).saturating_sub(1)).unwrap_or(ATTEMPT_SECS_MAX),
        };
        if self.enter(State::Paused(Pause::Attempt), turn) {
            turn.effects.push(Effect::Report(Status::DownloadFailed, Some(failure)));
            self.timers.set(Timer::Attempt, turn.now.after_secs(wait.min(ATTEMPT_SECS_MAX)));
        }
    }

    /// An attempt is over: counts it, as so many, unless it got further than any before. Returns how many got nowhere so far;
    /// 0 after one that did not.
    pub(super) fn count_attempt<B: Board>(&mut self, weight: u8, cx: &mut Context<'_, B>) -> u8 {
        self.course.is_counted = true;
        let offset = cx.slots.resume(cx.board.flash(), cx.records).unwrap_or(0);
        if offset > self.course.reached {
            self.course.reached = offset;
            return 0;
        }
        self.course.attempts = self.course.attempts.saturating_add(weight);
        self.course.attempts
    }

    /// Starts to download the MCU's package that was announced, where there is a slot for it.
    pub(super) fn download_for_mcu<B: Board>(&mut self, turn: &mut Turn<'_, '_, B>) {
        let cx = &mut *turn.cx;
        let (room, _) = self.download.room();
        let begun = file_info_kept(cx, room)
            .is_some_and(|info| cx.slots.begin(cx.board.flash(), cx.records, info.size, [0; 32], info.target).is_ok());
        if !begun {
            return turn.effects.push(Effect::Ignored);
        }
        if self.enter(State::Paused(Pause::Stop), turn) {
            self.download(true, turn);
        }
    }

    /// What the download needs next, or what a piece of it has led to; `None` when it waits. Call it until it says so or
    /// yields.
    pub fn poll<B: Board>(&mut self, now: Instant, cx: &mut Context<'_, B>) -> Option<Effects> {
        let Self { download, packages, state, digests, course, .. } = self;
        let step = match download.piece().filter(|_| packages.busy().is_some()) {
            Some((offset, bytes)) => Step::Piece { offset, bytes },
            None => download.poll(now)?,
        };
        let taken = match step {
            Step::Connect { secure: true, .. } if !cx.board.has_tls() => Err(Failure::NoTls),
            Step::Connect { .. } => return Some(Effects::of(Effect::Open)),
            Step::Close => return Some(Effects::of(Effect::Close)),
            Step::Piece { offset, bytes } => match (state, course.component()) {
                (State::Downloading(fetching), Some(component)) => {
                    let digests = digests.get_or_insert_with(Digests::new);
                    let mut file = File { component, size: fetching.size, digests };
                    take(packages, now, Piece { offset, bytes }, &mut file, cx)
                }
                _ => Ok(Taken::All),
            },
            Step::Done => return Some(self.on(now, Input::Fetched(Ok(())), cx)),
            Step::Failed(failure) => Err(failure),
        };
        Some(self.piece_taken(now, taken, cx))
    }

    fn piece_taken<B: Board>(&mut self, now: Instant, taken: Result<Taken, Failure>, cx: &mut Context<'_, B>) -> Effects {
        let taken = match taken {
            Ok(taken) => taken,
            Err(failure) => return self.on(now, Input::Fetched(Err(failure)), cx),
        };
        let mut effects = self.on(now, Input::Received, cx);
        match taken {
            Taken::All => {}
            Taken::Part => {
                self.download.wait(now);
                effects.push(Effect::Yield);
            }
            Taken::SkipTo(offset) => self.download.skip_to(now, offset),
        }
        effects
    }

    /// How many bytes of how many have come, while a download runs.
    pub fn progress(&self) -> Option<(u32, u32)> {
        match &self.state {
            State::Downloading(fetching) => Some((self.download.received_bytes(), fetching.size)),
            _ => None,
        }
    }

    /// The server to open the package's link to.
    pub fn server(&self) -> Option<Server> {
        let url = self.download.address()?;
        Some(Server { host: String::try_from(url.host).ok()?, port: url.port, security: Security::of(url.secure) })
    }

    /// The package's link is open.
    pub fn connected(&mut self, now: Instant) {
        self.download.connected(now);
    }

    /// Bytes have come over the package's link; returns how many were taken.
    #[must_use]
    pub fn received(&mut self, now: Instant, bytes: &[u8]) -> usize {
        self.download.received(now, bytes)
    }

    /// The package's link is gone, or could not be opened.
    pub fn closed(&mut self, now: Instant) {
        self.download.closed(now);
    }

    /// Bytes to be sent over the package's link.
    #[must_use]
    pub fn transmit(&self) -> &[u8] {
        self.download.transmit()
    }

    /// The first `count` bytes of [`Upgrade::transmit`] are sent.
    pub fn transmitted(&mut self, count: usize) {
        self.download.transmitted(count);
    }
}

/// Hands a piece to the package that it belongs to, or keeps it as it is.
fn take<P: Packages, B: Board>(
    packages: &mut P,
    now: Instant,
    piece: Piece<'_>,
    file: &mut File<'_>,
    cx: &mut Context<'_, B>,
) -> Result<Taken, Failure> {
    if let Some(taken) = packages.piece(now, piece, file, cx)? {
        return Ok(taken);
    }
    if piece.offset == 0 {
        // The file changed under way and starts anew.
        *file.digests = Digests::new();
    }
    plain::keep(piece, file.digests, cx)
}

/// Reads the file information that was kept in flash.
pub(super) fn file_info_kept<'a, B: Board>(cx: &mut Context<'_, B>, bytes: &'a mut [u8]) -> Option<FileInfo<'a>> {
    let length = cx.records.get(cx.board.flash(), Key::File, bytes).ok()??;
    FileInfo::parse(bytes.get(..length)?).ok()
}

/// As how many attempts one counts that has brought all of the file, and not the right one: its bytes may cost money.
const WRONG_CONTENT_WEIGHT: u8 = 3;

/// Failures that another attempt can't mend.
fn is_final<P: Packages>(failure: Failure) -> bool {
    matches!(failure, Failure::SameImage | Failure::KnownBad | Failure::Flash | Failure::NoTls) || P::is_refusal(failure)
}

/// Failures after which what is in the slot is of no use.
fn is_wrong_content<P: Packages>(failure: Failure) -> bool {
    matches!(failure, Failure::Md5 | Failure::Crc32 | Failure::Sha256 | Failure::ReadBack) || P::is_damage(failure)
}
