//! Drives an upgrade: plan, download into the other slot, verification, restart, report.
//!
//! Every step is in flash before anyone is told of it, so the upgrade goes on after a restart at any point.
//! Facts: wire protocol, section 5.

mod fetch;
mod mcu;
mod offer;
mod outcome;
#[cfg_attr(not(feature = "pack"), path = "no_package.rs")]
mod package;
mod resume;
#[cfg_attr(not(feature = "inplace"), path = "no_staging.rs")]
#[cfg(feature = "pack")]
mod staging;
#[cfg(feature = "pack")]
mod trust;

use super::limits;
use crate::ota::digest::Digests;
use crate::ota::download::Download;
use crate::ota::upgrade::Upgrade;
use crate::time::Instant;
use package::Packages;
use qth_protocol::ota::Expected;
use qth_protocol::ota::Kind;

/// Seconds from the confirmation to the file information.
const FILE_INFO_SECS: u32 = 30;
/// Seconds from a failed download to the next attempt, unless the Center sends new file information before.
const ATTEMPT_SECS: u32 = 30;
/// Seconds between two reports of a download in progress.
const PROGRESS_SECS: u32 = 5;
/// Seconds from the end of the download of an MCU's package, and from each read of it, to the next.
const MCU_READ_SECS: u32 = 60;
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
    /// When the progress of the download is reported next; none before its first piece.
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
    packages: Packages,
}

/// What became of a piece of a download.
#[cfg_attr(not(feature = "pack"), allow(dead_code, reason = "plain images are written piece by piece"))]
enum Taken {
    /// It is used up.
    All,
    /// More of it is used at the next turn.
    Part,
    /// Nothing before this byte of the file is needed.
    SkipTo(u32),
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
            packages: Packages::new(),
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
