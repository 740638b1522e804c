//! File information, and the download that it leads to.

use super::mcu::mcus;
use super::package::{is_damage, is_refusal};
use super::{Fetch, Taken, Unexpected, ATTEMPT_SECS, FILE_INFO_MAX, MCU_SECS, PROGRESS_SECS};
use crate::board::{Board, Started};
use crate::device::config::{Security, Server};
use crate::device::event::Event;
use crate::device::{Action, Core, Device, Link};
use crate::ota::digest::Digests;
use crate::ota::download::Step;
use crate::ota::strategy;
use crate::ota::upgrade::{Stage, ATTEMPTS_MAX};
use crate::time::Instant;
use heapless::String;
use qth_flash::records::Key;
use qth_protocol::ota::Failure;
use qth_protocol::ota::FileInfo;
use qth_protocol::ota::Kind;
use qth_protocol::ota::Status;

impl<B: Board> Core<B> {
    /// Command 0x0113.
    pub(in crate::device) fn file_info_arrived(
        &mut self,
        now: Instant,
        payload: &[u8],
        download: &mut Fetch,
    ) -> Result<(), Unexpected> {
        match self.upgrade.state.stage {
            Stage::Confirmed => {}
            Stage::Downloading if self.upgrade.downloads() => return Ok(()),
            Stage::Downloading => {}
            _ => return Err(Unexpected),
        }
        let Ok(info) = FileInfo::parse(payload) else {
            self.fail(Failure::BadFileInfo);
            return Ok(());
        };
        if let Err(failure) = self.check_file_info(&info) {
            self.fail(failure);
            return Ok(());
        }
        let goes_on = self.upgrade.state.stage == Stage::Downloading && self.is_file_of_before(&info);
        let kept = payload.len() <= FILE_INFO_MAX && self.records.put(self.board.flash(), Key::File, payload).is_ok();
        if !kept {
            self.fail(Failure::Flash);
            return Ok(());
        }
        match info.kind {
            Kind::Module => {
                self.upgrade.state.stage = Stage::Downloading;
                self.keep_upgrade();
                self.report(Status::DownloadStarted, None);
                self.start_download(now, &info, goes_on, download);
            }
            Kind::Mcu => {
                self.upgrade.state.stage = Stage::Updating;
                self.keep_upgrade();
                self.report(Status::DownloadStarted, None);
                self.upgrade.due = Some(now.after_secs(MCU_SECS));
                self.events.push(Event::McuInfo(payload));
            }
        }
        Ok(())
    }

    /// Compares the file with the plan and with what this device can take; names the component in progress.
    fn check_file_info(&mut self, info: &FileInfo<'_>) -> Result<(), Failure> {
        let plan = self.upgrade.state.plan().ok_or(Failure::NotAsPlanned)?;
        let (place, component) = plan.find(info.component).ok_or(Failure::NotAsPlanned)?;
        if !self.upgrade.state.is_open(place) || component.kind != info.kind || component.target != info.target {
            return Err(Failure::NotAsPlanned);
        }
        let met = strategy::check(&component, &self.board.status());
        self.upgrade.state.current = place;
        met?;
        match info.kind {
            Kind::Mcu if !mcus(&self.config.mcu_versions).any(|(name, _)| name == info.component) => Err(Failure::NoComponent),
            Kind::Mcu => Ok(()),
            Kind::Module if self.board.started() == Started::Directly => Err(Failure::NoSecondSlot),
            Kind::Module if info.size > self.slots.capacity() => Err(self.too_large()),
            Kind::Module => match &info.expected.sha256 {
                Some(sha256) => self.check_image(sha256),
                None => Ok(()),
            },
        }
    }

    fn too_large(&self) -> Failure {
        #[cfg(feature = "inplace")]
        if self.board.layout().has_one_slot() {
            return Failure::StagingTooSmall;
        }
        Failure::TooLarge
    }

    /// The same image is not installed again: not over itself, and not after it had to be reverted.
    pub(super) fn check_image(&self, sha256: &[u8; 32]) -> Result<(), Failure> {
        if self.slots.is_running(sha256) {
            return Err(Failure::SameImage);
        }
        if self.slots.is_known_bad(sha256) {
            return Err(Failure::KnownBad);
        }
        Ok(())
    }

    /// Whether this is the file whose beginning lies in the slot already.
    fn is_file_of_before(&mut self, info: &FileInfo<'_>) -> bool {
        let mut bytes = [0; FILE_INFO_MAX];
        let Some(before) = self.file_info_kept(&mut bytes) else { return false };
        before.size == info.size && before.expected.md5 == info.expected.md5
    }

    fn file_info_kept<'a>(&mut self, bytes: &'a mut [u8; FILE_INFO_MAX]) -> Option<FileInfo<'a>> {
        let length = self.records.get(self.board.flash(), Key::File, bytes).ok()??;
        FileInfo::parse(bytes.get(..length)?).ok()
    }

    /// Starts to download the MCU's package that was announced; false where there is no slot for it.
    pub(super) fn start_mcu_download(&mut self, now: Instant, download: &mut Fetch) -> bool {
        let mut bytes = [0; FILE_INFO_MAX];
        let Some(info) = self.file_info_kept(&mut bytes) else { return false };
        if self.slots.begin(self.board.flash(), &mut self.records, info.size, [0; 32], info.target).is_err() {
            return false;
        }
        self.upgrade.state.stage = Stage::Downloading;
        self.keep_upgrade();
        self.start_download(now, &info, true, download);
        true
    }

    /// Starts to download, behind what is in the slot already if the upgrade `goes_on`.
    fn start_download(&mut self, now: Instant, info: &FileInfo<'_>, goes_on: bool, download: &mut Fetch) {
        self.upgrade.due = None;
        self.upgrade.expected = info.expected;
        self.upgrade.size = info.size;
        let mut digests = Digests::new();
        let offset = match self.prepare_slot(info, goes_on, &mut digests) {
            Ok(offset) => offset,
            Err(_) => return self.fail(Failure::Flash),
        };
        self.upgrade.digests = Some(digests);
        self.upgrade.progress_due = None;
        if download.start(now, info.url, info.size, offset).is_err() {
            self.upgrade.digests = None;
            self.fail(Failure::BadUrl);
        }
    }

    /// Where the download goes on: at 0 in a slot begun anew, or behind what is there, which is digested once more.
    fn prepare_slot(&mut self, info: &FileInfo<'_>, goes_on: bool, digests: &mut Digests) -> Result<u32, qth_flash::Error> {
        if goes_on && self.package_goes_on() {
            return Ok(0);
        }
        let flash = self.board.flash();
        if goes_on {
            if let Some(offset) = self.slots.resume(flash, &self.records) {
                self.slots.read(flash, offset, |bytes| digests.update(bytes))?;
                return Ok(offset);
            }
        }
        self.slots.begin(flash, &mut self.records, info.size, [0; 32], info.target)?;
        Ok(0)
    }

    pub(super) fn stop_download(&mut self, download: &mut Fetch) {
        download.stop();
        self.forget_download();
    }

    pub(super) fn forget_download(&mut self) {
        self.upgrade.digests = None;
        self.upgrade.packages.forget();
    }

    fn piece_arrived(&mut self, now: Instant, offset: u32, bytes: &[u8]) -> Result<Taken, Failure> {
        if let Some(taken) = self.package_piece(now, offset, bytes)? {
            return Ok(taken);
        }
        if offset == 0 {
            // The file changed under way and starts anew.
            self.upgrade.digests = Some(Digests::new());
        }
        self.write_piece(offset, bytes)
    }

    /// Writes the next bytes of a file that is kept as it comes, and digests them.
    pub(super) fn write_piece(&mut self, offset: u32, bytes: &[u8]) -> Result<Taken, Failure> {
        self.slots.write(self.board.flash(), &mut self.records, offset, bytes).map_err(|_| Failure::Flash)?;
        if let Some(digests) = &mut self.upgrade.digests {
            digests.update(bytes);
        }
        Ok(Taken::All)
    }

    /// All of the file is in the slot: checks it, both as it came and as flash gives it back.
    // Inlined into its caller's loop it takes 360 bytes more.
    #[inline(never)]
    fn download_finished(&mut self) -> Result<(), Failure> {
        let digests = self.upgrade.digests.take().ok_or(Failure::Flash)?;
        if let Some(finished) = self.package_finished() {
            return finished;
        }
        let sha256 = digests.check(&self.upgrade.expected)?;
        let flash = self.board.flash();
        let read_back = self.slots.digest(flash, self.upgrade.size).map_err(|_| Failure::Flash)?;
        if read_back != sha256 {
            return Err(Failure::ReadBack);
        }
        if self.upgrade.kind() == Some(Kind::Module) {
            self.check_image(&sha256)?;
        }
        self.slots.ready(self.board.flash(), &mut self.records, sha256).map_err(|_| Failure::Flash)
    }

    /// An attempt to download has failed: another follows, up to five.
    fn attempt_failed(&mut self, now: Instant, failure: Failure) {
        self.forget_download();
        self.upgrade.state.attempts = self.upgrade.state.attempts.saturating_add(1);
        if self.upgrade.state.attempts >= ATTEMPTS_MAX || is_final(failure) {
            return self.fail(failure);
        }
        if is_wrong_content(failure) {
            let version = self.upgrade.state.component().map_or("", |component| component.target);
            let _ = self.slots.begin(self.board.flash(), &mut self.records, self.upgrade.size, [0; 32], version);
        }
        self.keep_upgrade();
        self.report(Status::DownloadFailed, Some(failure));
        self.upgrade.due = Some(now.after_secs(ATTEMPT_SECS));
    }

    /// Goes on with the download that was under way, at an attempt's turn or after a restart.
    pub(super) fn resume_download(&mut self, now: Instant, download: &mut Fetch) {
        let mut bytes = [0; FILE_INFO_MAX];
        match self.file_info_kept(&mut bytes) {
            Some(info) => self.start_download(now, &info, true, download),
            None => self.fail(Failure::BadFileInfo),
        }
    }

    /// Reports with the first piece that the download is under way, and from then on every five seconds.
    pub(super) fn report_progress(&mut self, now: Instant) {
        if self.upgrade.downloads() && self.upgrade.progress_due.is_none_or(|due| due <= now) {
            if self.is_online() {
                self.report_once(Status::Downloading, None);
            }
            self.upgrade.progress_due = Some(now.after_secs(PROGRESS_SECS));
        }
    }

    pub(in crate::device) fn upgrade_progress(&self, download: &Fetch) -> Option<(u32, u32)> {
        self.upgrade.downloads().then(|| (download.received_bytes(), self.upgrade.size))
    }
}

impl<B: Board> Device<B> {
    /// Carries out what the download asks for.
    pub(in crate::device) fn run_download(&mut self, now: Instant) {
        let Self { download, core, .. } = self;
        loop {
            let step = match download.piece().filter(|_| core.upgrade.packages.busy().is_some()) {
                Some((offset, bytes)) => Some(Step::Piece { offset, bytes }),
                None => download.poll(now),
            };
            let outcome = match step {
                None => return,
                Some(Step::Connect { secure: true, .. }) if !core.board.has_tls() => Err(Failure::NoTls),
                Some(Step::Connect { host, port, secure }) => {
                    let security = Security::of(secure);
                    core.package_server = String::try_from(host).ok().map(|host| Server { host, port, security });
                    core.act(Action::Open(Link::Package));
                    continue;
                }
                Some(Step::Close) => {
                    core.act(Action::Close(Link::Package));
                    continue;
                }
                Some(Step::Piece { offset, bytes }) => match core.piece_arrived(now, offset, bytes) {
                    Ok(taken) => {
                        core.report_progress(now);
                        match taken {
                            Taken::All => {}
                            Taken::Part => return download.wait(now),
                            Taken::SkipTo(offset) => download.skip_to(now, offset),
                        }
                        continue;
                    }
                    Err(failure) => Err(failure),
                },
                Some(Step::Done) => core.download_finished(),
                Some(Step::Failed(failure)) => Err(failure),
            };
            match outcome {
                Ok(()) => {
                    core.upgrade.state.stage = Stage::Downloaded;
                    core.keep_upgrade();
                    core.report(Status::Downloaded, None);
                    match core.upgrade.kind() {
                        Some(Kind::Mcu) => core.mcu_package_ready(now),
                        _ => core.install(),
                    }
                }
                Err(failure) => {
                    download.stop();
                    core.attempt_failed(now, failure);
                }
            }
        }
    }
}

/// Failures that another attempt can't mend.
fn is_final(failure: Failure) -> bool {
    matches!(failure, Failure::SameImage | Failure::KnownBad | Failure::Flash | Failure::NoTls) || is_refusal(failure)
}

/// Failures after which what is in the slot is of no use.
fn is_wrong_content(failure: Failure) -> bool {
    matches!(failure, Failure::Md5 | Failure::Crc32 | Failure::Sha256 | Failure::ReadBack | Failure::Length) || is_damage(failure)
}
