//! Drives an upgrade: plan, download into the other slot, verification, restart, report.
//!
//! Every step is in flash before anyone is told of it, so the upgrade goes on after a restart at any point.
//! Facts: wire protocol, section 5.

use super::connection::Next;
use super::event::Event;
use super::outbox::Sender;
use super::{limits, report, Core, Device};
use crate::board::{Board, Started};
use crate::device::config::Server;
use crate::flash::records::Key;
use crate::flash::slot::Reason;
use crate::ota::digest::{Digests, Expected};
use crate::ota::download::{Download, Step};
use crate::ota::failure::Failure;
use crate::ota::file_info::FileInfo;
use crate::ota::plan::{BadPlan, Kind, Plan};
use crate::ota::status::Status;
use crate::ota::upgrade::{Stage, Upgrade, ATTEMPTS_MAX, RECORD};
use crate::ota::{id, strategy};
use crate::protocol::command;
use crate::protocol::ttlv::Writer;
use crate::text;
use crate::time::Instant;
use heapless::String;

/// Seconds from the confirmation to the file information.
const FILE_INFO_SECS: u32 = 30;
/// Seconds from a failed download to the next attempt, unless the Center sends new file information before.
const ATTEMPT_SECS: u32 = 30;
/// Seconds between two reports of a download in progress.
const PROGRESS_SECS: u32 = 5;
/// Seconds that an MCU has to report its new version.
const MCU_SECS: u32 = 20 * 60;
/// Starts that a new firmware has to reach the Center.
const TRIAL_BOOTS: u8 = 3;
/// Largest file information that is kept through a restart.
const FILE_INFO_MAX: usize = 1024;

/// File information came while none was awaited.
pub struct Unexpected;

pub(super) type Fetch = Download<{ limits::PIECE }>;

/// The upgrade, and what of it does not outlive a restart.
pub(crate) struct Upgrading {
    state: Upgrade<{ limits::PLAN }>,
    /// Digests of what was downloaded so far, while a download runs.
    digests: Option<Digests>,
    expected: Expected,
    size: u32,
    /// Deadline of the stage: file information, next attempt, MCU.
    due: Option<Instant>,
    /// When the download's progress is reported next.
    progress_due: Option<Instant>,
    /// When a firmware on trial must have reached the Center.
    trial_until: Option<Instant>,
    restart: bool,
    /// The new firmware has its trial, and begins it with the restart.
    is_armed: bool,
    /// What the last restart has brought was told.
    is_resumed: bool,
    wants_sha256: bool,
    plan_told: bool,
}

impl Upgrading {
    pub(super) const fn new() -> Self {
        Self {
            state: Upgrade::idle(),
            digests: None,
            expected: Expected::NONE,
            size: 0,
            due: None,
            progress_due: None,
            trial_until: None,
            restart: false,
            is_armed: false,
            is_resumed: false,
            wants_sha256: false,
            plan_told: false,
        }
    }

    pub(super) fn ask_for_sha256(&mut self, wanted: bool) {
        self.wants_sha256 = wanted;
    }

    pub(super) fn plan_bytes(&self) -> &[u8] {
        self.state.plan_bytes()
    }

    /// A package is coming in now.
    fn downloads(&self) -> bool {
        self.digests.is_some()
    }

    fn kind(&self) -> Option<Kind> {
        self.state.component().map(|component| component.kind)
    }
}

/// Plan, refusal, confirmation.
impl<B: Board> Core<B> {
    /// Command 0x0111. While an upgrade runs another plan is ignored; the Center offers it again.
    pub(super) fn plan_offered(&mut self, payload: &[u8]) -> Result<(), BadPlan> {
        if !matches!(self.upgrade.state.stage, Stage::Idle | Stage::Offered) {
            return Ok(());
        }
        let confirms_itself = Plan::parse(payload)?.confirms_itself();
        self.upgrade.state = Upgrade::offered(payload, self.upgrade.wants_sha256).ok_or(BadPlan)?;
        let _ = self.records.put(self.board.flash(), Key::Plan, payload);
        self.keep_upgrade();
        self.report(Status::PlanReceived, None);
        if confirms_itself {
            self.upgrade.due = Some(Instant::default());
        } else {
            self.upgrade.plan_told = self.events.push(Event::Plan);
        }
        Ok(())
    }

    /// The application's yes; false without a plan that waits for it.
    pub(super) fn accept_plan(&mut self, now: Instant) -> bool {
        if self.upgrade.state.stage != Stage::Offered {
            return false;
        }
        self.upgrade.state.stage = Stage::Confirmed;
        self.keep_upgrade();
        self.report(Status::Confirmed, None);
        self.upgrade.due = Some(now.after_secs(FILE_INFO_SECS));
        true
    }

    /// The application's no, which counts until the restart into the new firmware is due.
    pub(super) fn refuse_plan(&mut self, download: &mut Fetch) -> bool {
        let refusable =
            matches!(self.upgrade.state.stage, Stage::Offered | Stage::Confirmed | Stage::Downloading | Stage::Downloaded);
        if refusable {
            self.stop_download(download);
            self.report(Status::Refused, None);
            self.forget_upgrade();
        }
        refusable
    }
}

/// File information and download.
impl<B: Board> Core<B> {
    /// Command 0x0113.
    pub(super) fn file_info_arrived(&mut self, now: Instant, payload: &[u8], download: &mut Fetch) -> Result<(), Unexpected> {
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
            Kind::Module if info.size > self.slots.capacity() => Err(Failure::TooLarge),
            Kind::Module => match &info.expected.sha256 {
                Some(sha256) => self.check_image(sha256),
                None => Ok(()),
            },
        }
    }

    /// The same image is not installed again: not over itself, and not after it had to be reverted.
    fn check_image(&self, sha256: &[u8; 32]) -> Result<(), Failure> {
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

    /// Starts to download, behind what is in the slot already if the upgrade `goes_on`.
    fn start_download(&mut self, now: Instant, info: &FileInfo<'_>, goes_on: bool, download: &mut Fetch) {
        self.upgrade.due = None;
        self.upgrade.expected = info.expected;
        self.upgrade.size = info.size;
        let mut digests = Digests::new(&info.expected);
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
    fn prepare_slot(&mut self, info: &FileInfo<'_>, goes_on: bool, digests: &mut Digests) -> Result<u32, crate::flash::Error> {
        let flash = self.board.flash();
        if goes_on {
            if let Some(offset) = self.slots.resume(flash, &self.records) {
                self.slots.read(flash, offset, |bytes| digests.update(bytes))?;
                return Ok(offset);
            }
        }
        self.slots.begin(flash, &mut self.records, info.size, info.target)?;
        Ok(0)
    }

    fn stop_download(&mut self, download: &mut Fetch) {
        download.stop();
        self.upgrade.digests = None;
        self.upgrade.progress_due = None;
    }

    fn piece_arrived(&mut self, offset: u32, bytes: &[u8]) -> Result<(), Failure> {
        if offset == 0 {
            // The file changed under way and starts anew.
            self.upgrade.digests = Some(Digests::new(&self.upgrade.expected));
        }
        self.slots.write(self.board.flash(), &mut self.records, offset, bytes).map_err(|_| Failure::Flash)?;
        if let Some(digests) = &mut self.upgrade.digests {
            digests.update(bytes);
        }
        Ok(())
    }

    /// All of the file is in the slot: checks it, both as it came and as flash gives it back.
    fn download_finished(&mut self) -> Result<(), Failure> {
        let digests = self.upgrade.digests.take().ok_or(Failure::Flash)?;
        let sha256 = digests.check(&self.upgrade.expected)?;
        let flash = self.board.flash();
        let read_back = self.slots.digest(flash, self.upgrade.size).map_err(|_| Failure::Flash)?;
        if read_back != sha256 {
            return Err(Failure::ReadBack);
        }
        self.check_image(&sha256)?;
        self.slots.ready(self.board.flash(), &mut self.records, sha256).map_err(|_| Failure::Flash)
    }

    /// An attempt to download has failed: another follows, up to five.
    fn attempt_failed(&mut self, now: Instant, failure: Failure) {
        self.upgrade.digests = None;
        self.upgrade.progress_due = None;
        self.upgrade.state.attempts = self.upgrade.state.attempts.saturating_add(1);
        if self.upgrade.state.attempts >= ATTEMPTS_MAX || is_final(failure) {
            return self.fail(failure);
        }
        if is_wrong_content(failure) {
            let version = self.upgrade.state.component().map_or("", |component| component.target);
            let _ = self.slots.begin(self.board.flash(), &mut self.records, self.upgrade.size, version);
        }
        self.keep_upgrade();
        self.report(Status::DownloadFailed, Some(failure));
        self.upgrade.due = Some(now.after_secs(ATTEMPT_SECS));
    }

    /// Goes on with the download that was under way, at an attempt's turn or after a restart.
    fn resume_download(&mut self, now: Instant, download: &mut Fetch) {
        let mut bytes = [0; FILE_INFO_MAX];
        match self.file_info_kept(&mut bytes) {
            Some(info) => self.start_download(now, &info, true, download),
            None => self.fail(Failure::BadFileInfo),
        }
    }

    /// The image is ready: into it, if the conditions still hold.
    fn install(&mut self) {
        let status = self.board.status();
        let met = self.upgrade.state.component().map_or(Ok(()), |component| strategy::check(&component, &status));
        if let Err(failure) = met {
            return self.fail(failure);
        }
        self.upgrade.state.stage = Stage::Updating;
        self.keep_upgrade();
        self.report(Status::Updating, None);
    }
}

/// Reports, results, deadlines.
impl<B: Board> Core<B> {
    /// Command 0x0114.
    fn report(&mut self, status: Status, failure: Option<Failure>) {
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

    fn report_once(&mut self, status: Status, failure: Option<Failure>) {
        if !self.outbox.holds(status as u8) {
            self.report(status, failure);
        }
    }

    /// The component in progress has failed, and with it the plan.
    fn fail(&mut self, failure: Failure) {
        self.upgrade.digests = None;
        self.upgrade.progress_due = None;
        self.upgrade.due = None;
        self.upgrade.state.stage = Stage::Ended;
        self.upgrade.state.failure = Some(failure);
        self.keep_upgrade();
        self.report(Status::Failed, Some(failure));
        self.tell_result(false);
    }

    fn tell_result(&mut self, success: bool) {
        let Some(component) = self.upgrade.state.component() else { return };
        let name = component.name.as_bytes();
        self.events.push(match component.kind {
            Kind::Module => Event::Result(success, name),
            Kind::Mcu => Event::McuResult(success, name),
        });
    }

    /// The Center has acknowledged a report.
    pub(super) fn report_arrived(&mut self, now: Instant, status: u8) {
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

    /// The slot gets its trial, and the board its restart.
    fn arm(&mut self) {
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

    fn keep_upgrade(&mut self) {
        // What can't be stored does not outlive a restart; then the Center offers the plan again.
        let _ = self.records.put(self.board.flash(), Key::Upgrade, &self.upgrade.state.record());
    }

    fn forget_upgrade(&mut self) {
        self.upgrade.state = Upgrade::idle();
        self.upgrade.due = None;
        for key in [Key::Upgrade, Key::Plan, Key::File] {
            let _ = self.records.remove(self.board.flash(), key);
        }
    }

    /// Reads the upgrade that was in progress before the restart.
    pub(super) fn upgrade_restore(&mut self, now: Instant) {
        if self.slots.is_trial() {
            self.upgrade.trial_until = Some(now.after_secs(self.board.trial_seconds()));
        }
        let mut plan = [0; limits::PLAN];
        let mut record = [0; RECORD];
        let flash = self.board.flash();
        let Ok(Some(RECORD)) = self.records.get(flash, Key::Upgrade, &mut record) else { return };
        let Ok(Some(length)) = self.records.get(flash, Key::Plan, &mut plan) else { return };
        let restored = plan.get(..length).and_then(|plan| Upgrade::restore(plan, &record));
        self.upgrade.state = restored.unwrap_or(Upgrade::idle());
    }

    /// The application has started the device: it hears what the restart has brought.
    pub(super) fn upgrade_started(&mut self, now: Instant) {
        if core::mem::replace(&mut self.upgrade.is_resumed, true) {
            return;
        }
        match self.upgrade.state.stage {
            Stage::Downloading if !self.upgrade.downloads() => self.count_interruption(),
            Stage::Updating if self.upgrade.kind() == Some(Kind::Module) && !self.slots.is_trial() => {
                if let Some(reason) = self.slots.reverted() {
                    self.fail(of_revert(reason));
                }
            }
            Stage::Updating if self.upgrade.kind() == Some(Kind::Mcu) => {
                let mut bytes = [0; FILE_INFO_MAX];
                if let Ok(Some(length)) = self.records.get(self.board.flash(), Key::File, &mut bytes) {
                    self.events.push(Event::McuInfo(bytes.get(..length).unwrap_or_default()));
                }
                self.upgrade.due = Some(now.after_secs(MCU_SECS));
            }
            Stage::Ended => self.tell_result(false),
            _ => {}
        }
    }

    /// The application has stopped the device: the upgrade stays where it is.
    pub(super) fn upgrade_stopped(&mut self, download: &mut Fetch) {
        self.stop_download(download);
        self.upgrade.due = None;
    }

    /// A download that got nowhere between two starts is a failed attempt.
    fn count_interruption(&mut self) {
        let offset = self.slots.resume(self.board.flash(), &self.records).unwrap_or(0);
        if offset <= self.upgrade.state.reached {
            self.upgrade.state.attempts = self.upgrade.state.attempts.saturating_add(1);
        }
        self.upgrade.state.reached = offset;
        if self.upgrade.state.attempts >= ATTEMPTS_MAX {
            return self.fail(Failure::Interrupted);
        }
        self.keep_upgrade();
    }

    /// The Center is there: the upgrade goes on, and what it could not report is reported.
    pub(super) fn upgrade_online(&mut self, now: Instant) {
        if self.upgrade.is_armed {
            self.upgrade.restart = true;
            return;
        }
        match self.upgrade.state.stage {
            Stage::Idle => {
                // On trial without an upgrade: its records are lost, but it has reached the Center.
                if self.slots.is_trial() && self.slots.confirm(self.board.flash(), &mut self.records).is_ok() {
                    self.upgrade.trial_until = None;
                }
            }
            Stage::Offered if self.upgrade.state.plan().is_some_and(|plan| plan.confirms_itself()) => {
                self.upgrade.due = Some(now);
            }
            Stage::Offered if !self.upgrade.plan_told => {
                self.upgrade.plan_told = self.events.push(Event::Plan);
            }
            Stage::Offered => {}
            Stage::Confirmed => {
                self.report_once(Status::Confirmed, None);
                self.upgrade.due = Some(now.after_secs(FILE_INFO_SECS));
            }
            Stage::Downloading if !self.upgrade.downloads() => self.upgrade.due = Some(now),
            Stage::Downloading => {}
            Stage::Downloaded => self.install(),
            Stage::Updating if self.upgrade.kind() == Some(Kind::Mcu) => {
                let _ = self.upgrade.due.get_or_insert(now.after_secs(MCU_SECS));
            }
            Stage::Updating => self.report_new_firmware(),
            Stage::Ended => self.report_once(Status::Failed, self.upgrade.state.failure),
        }
    }

    /// After the restart: the new firmware has reached the Center, or the restart is still to come.
    fn report_new_firmware(&mut self) {
        let target = self.upgrade.state.component().map_or("", |component| component.target);
        let is_target = report::module_version(&self.board.about(), &self.config) == target;
        match (self.slots.is_trial(), is_target) {
            (true, true) => self.report_once(Status::Updated, None),
            (true, false) => self.reject(Reason::WrongVersion),
            (false, _) if self.slots.is_ready() => self.report_once(Status::Updating, None),
            (false, true) => self.report_once(Status::Updated, None),
            (false, false) => self.fail(Failure::Flash),
        }
    }

    /// The firmware on trial is given up: the old one comes back at the restart, and reports it.
    fn reject(&mut self, reason: Reason) {
        self.upgrade.trial_until = None;
        let _ = self.slots.reject(self.board.flash(), &mut self.records, reason);
        self.upgrade.restart = true;
    }

    pub(super) fn upgrade_poll_at(&self) -> Option<Instant> {
        let upgrade = &self.upgrade;
        [upgrade.due, upgrade.progress_due, upgrade.trial_until].into_iter().fold(None, Instant::earliest)
    }

    pub(super) fn upgrade_timeout(&mut self, now: Instant, download: &mut Fetch) {
        let is_due = |due: Option<Instant>| due.is_some_and(|due| due <= now);
        if is_due(self.upgrade.trial_until) {
            self.reject(Reason::DidNotConnect);
        }
        self.report_progress(now, download.received_bytes());
        if is_due(self.upgrade.due) {
            self.upgrade.due = None;
            match self.upgrade.state.stage {
                Stage::Offered => {
                    self.accept_plan(now);
                }
                // Without a connection the Center can't send any; the time starts anew with the next one.
                Stage::Confirmed if self.is_online() => self.fail(Failure::NoFileInfo),
                Stage::Downloading => self.resume_download(now, download),
                Stage::Updating => self.fail(Failure::McuTimeout),
                _ => {}
            }
        }
    }

    /// Reports with the first piece that the download is under way, and from then on every five seconds.
    fn report_progress(&mut self, now: Instant, received: u32) {
        if self.upgrade.downloads() && received > 0 && self.upgrade.progress_due.is_none_or(|due| due <= now) {
            if self.is_online() {
                self.report_once(Status::Downloading, None);
            }
            self.upgrade.progress_due = Some(now.after_secs(PROGRESS_SECS));
        }
    }

    pub(super) fn upgrade_progress(&self, download: &Fetch) -> Option<(u32, u32)> {
        self.upgrade.downloads().then(|| (download.received_bytes(), self.upgrade.size))
    }

    /// `setMcuVer`: keeps the version, and ends the upgrade that led to it.
    pub(super) fn mcu_version(&mut self, component: &str, version: &str) -> bool {
        let Some(versions) = with_mcu_version(&self.config.mcu_versions, component, version) else { return false };
        self.config.mcu_versions = versions;
        let reached = self.upgrade.state.stage == Stage::Updating
            && self
                .upgrade
                .state
                .component()
                .is_some_and(|planned| planned.kind == Kind::Mcu && planned.name == component && planned.target == version);
        if reached {
            self.report_once(Status::Updated, None);
        }
        true
    }
}

impl<B: Board> Device<B> {
    /// Carries out what the download asks for.
    pub(super) fn run_download(&mut self, now: Instant) {
        let Self { download, core, .. } = self;
        loop {
            let outcome = match download.poll(now) {
                None => return,
                Some(Step::Connect { secure: true, .. }) if !core.board.has_tls() => Err(Failure::NoTls),
                Some(Step::Connect { host, port, secure }) => {
                    core.package_server = String::try_from(host).ok().map(|host| Server { host, port, secure });
                    core.act(super::Action::Open(super::Link::Package));
                    continue;
                }
                Some(Step::Close) => {
                    core.act(super::Action::Close(super::Link::Package));
                    continue;
                }
                Some(Step::Piece { offset, bytes }) => match core.piece_arrived(offset, bytes) {
                    Ok(()) => {
                        core.report_progress(now, offset.saturating_add(1));
                        continue;
                    }
                    Err(failure) => Err(failure),
                },
                Some(Step::Done) => core.download_finished(),
                Some(Step::Failed(failure)) => Err(failure),
            };
            match outcome {
                Ok(()) => {
                    core.upgrade.progress_due = None;
                    core.upgrade.state.stage = Stage::Downloaded;
                    core.keep_upgrade();
                    core.report(Status::Downloaded, None);
                    core.install();
                }
                Err(failure) => {
                    download.stop();
                    core.attempt_failed(now, failure);
                }
            }
        }
    }

    /// Restarts when that is due: says goodbye first.
    pub(super) fn run_restart(&mut self, now: Instant) {
        if core::mem::take(&mut self.core.upgrade.restart) {
            self.core.leave(now, Next::Restart, &mut self.mqtt);
        }
    }
}

fn of_revert(reason: Reason) -> Failure {
    match reason {
        Reason::DidNotStart => Failure::DidNotStart,
        Reason::DidNotConnect => Failure::DidNotConnect,
        Reason::WrongVersion => Failure::WrongVersion,
        Reason::Digest => Failure::SlotDigest,
    }
}

/// Failures that another attempt can't mend.
fn is_final(failure: Failure) -> bool {
    matches!(failure, Failure::SameImage | Failure::KnownBad | Failure::Flash | Failure::NoTls)
}

/// Failures after which what is in the slot is of no use.
fn is_wrong_content(failure: Failure) -> bool {
    matches!(failure, Failure::Md5 | Failure::Crc32 | Failure::Sha256 | Failure::ReadBack | Failure::Length)
}

type McuVersions = String<{ limits::MCU_VERSIONS }>;

/// Components and versions of `component:version;component:version`.
fn mcus(mut versions: &str) -> impl Iterator<Item = (&str, &str)> {
    core::iter::from_fn(move || {
        let (entry, rest) = text::split_once(versions, b';').unwrap_or((versions, ""));
        versions = rest;
        text::split_once(entry, b':')
    })
}

fn with_mcu_version(versions: &str, component: &str, version: &str) -> Option<McuVersions> {
    let is_plain =
        |text: &str, max| !text.is_empty() && text.len() <= max && !text.bytes().any(|byte| byte == b';' || byte == b':');
    if !is_plain(component, crate::ota::COMPONENT_MAX) || !is_plain(version, crate::ota::VERSION_MAX) {
        return None;
    }
    let mut all = McuVersions::new();
    for (other, its_version) in mcus(versions).filter(|(other, _)| *other != component) {
        for part in [other, ":", its_version, ";"] {
            all.push_str(part).ok()?;
        }
    }
    for part in [component, ":", version] {
        all.push_str(part).ok()?;
    }
    Some(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mcu_versions_are_one_text_with_one_entry_a_component() {
        let one = with_mcu_version("", "MCU1", "1.0").unwrap();
        assert_eq!(one, "MCU1:1.0");
        let two = with_mcu_version(&one, "MCU2", "7").unwrap();
        assert_eq!(two, "MCU1:1.0;MCU2:7");
        assert_eq!(with_mcu_version(&two, "MCU1", "1.1").unwrap(), "MCU2:7;MCU1:1.1");
        assert!(mcus(&two).eq([("MCU1", "1.0"), ("MCU2", "7")]));
        assert!(mcus("").eq([]));
    }

    #[test]
    fn mcu_names_that_would_break_the_text_are_refused() {
        for (component, version) in [("", "1"), ("a", ""), ("a;b", "1"), ("a:b", "1"), ("a", "1;2")] {
            assert_eq!(with_mcu_version("", component, version), None);
        }
    }
}
