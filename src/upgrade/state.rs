//! The states of an upgrade.

use super::content::Fetching;
use crate::profile::MCU;
use qth_protocol::ota::{Failure, Kind};

/// Where an upgrade is, each state with what only it needs.
///
/// What outlives a restart of it is its [`Stage`]; [`State::restored`] is the way back.
// With a tag of its own, so that `Idle` is all zeros: static memory for a device takes none in the firmware's image.
#[derive(Default)]
#[repr(u8)]
pub enum State {
    /// There is no plan.
    #[default]
    Idle,
    /// The plan waits for the application's word.
    Offered {
        /// The application has heard of it since the last restart.
        is_told: bool,
    },
    /// Accepted: the file information of the next component is awaited.
    Confirmed,
    /// The package comes in.
    Downloading(Fetching),
    /// The download waits.
    Paused(Pause),
    /// The new firmware is in its slot and verified.
    Downloaded,
    /// The device has said that it updates, and restarts once the Center has heard that.
    Installing,
    /// The restart is due: into a firmware on trial, or back to the old one.
    Restarting,
    /// The new firmware runs and has to reach the Center.
    Trial,
    /// An MCU's package is announced to the script, or the script installs it.
    McuUpdating,
    /// An MCU's package is verified, and the script reads it.
    McuReading,
    /// The component has failed, and with it the plan; the Center has not acknowledged the report yet.
    Ended(Failure),
}

/// What a download waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pause {
    /// The connection, after a restart of the board.
    Restart,
    /// The connection, since the application has stopped the device; or the download that begins at once.
    Stop,
    /// The time of the next attempt, after one that failed.
    Attempt,
}

/// What is kept of a [`State`] in flash. The numbers never change their meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Stage {
    /// No plan.
    Idle = 0,
    /// A plan waits for the application's word.
    Offered = 1,
    /// Accepted; the file information of the next component is awaited.
    Confirmed = 2,
    /// A package is being downloaded, or its next attempt is awaited.
    Downloading = 3,
    /// The package is in the slot and verified.
    Downloaded = 4,
    /// The restart into the new firmware is due or has happened; an MCU is being updated.
    Updating = 5,
    /// Over for this component; the report of it is not acknowledged yet.
    Ended = 6,
}

impl Stage {
    /// The stage with this number.
    #[must_use]
    pub const fn from_code(code: u8) -> Option<Self> {
        Some(match code {
            0 => Self::Idle,
            1 => Self::Offered,
            2 => Self::Confirmed,
            3 => Self::Downloading,
            4 => Self::Downloaded,
            5 => Self::Updating,
            6 => Self::Ended,
            _ => return None,
        })
    }
}

impl State {
    /// What is kept of it.
    #[must_use]
    pub const fn stage(&self) -> Stage {
        match self {
            Self::Idle => Stage::Idle,
            Self::Offered { .. } => Stage::Offered,
            Self::Confirmed => Stage::Confirmed,
            Self::Downloading(_) | Self::Paused(_) => Stage::Downloading,
            Self::Downloaded | Self::McuReading => Stage::Downloaded,
            Self::Installing | Self::Restarting | Self::Trial | Self::McuUpdating => Stage::Updating,
            Self::Ended(_) => Stage::Ended,
        }
    }

    /// The state after a restart: what was kept, for a component of this kind, with a firmware that is on trial or not.
    #[must_use]
    pub fn restored(stage: Stage, failure: Option<Failure>, kind: Kind, is_trial: bool) -> Self {
        match (stage, kind) {
            (Stage::Idle, _) => Self::Idle,
            // Begun by a firmware that had what is missing in this one.
            (_, Kind::Mcu) if !MCU => Self::Ended(Failure::NoComponent),
            (Stage::Offered, _) => Self::Offered { is_told: false },
            (Stage::Confirmed, _) => Self::Confirmed,
            (Stage::Downloading, _) => Self::Paused(Pause::Restart),
            (Stage::Downloaded, Kind::Module) => Self::Downloaded,
            (Stage::Downloaded, Kind::Mcu) => Self::McuReading,
            (Stage::Updating, Kind::Module) if is_trial => Self::Trial,
            (Stage::Updating, Kind::Module) => Self::Installing,
            (Stage::Updating, Kind::Mcu) => Self::McuUpdating,
            (Stage::Ended, _) => Self::Ended(failure.unwrap_or(Failure::Flash)),
        }
    }

    /// Why the component has failed.
    #[must_use]
    pub const fn failure(&self) -> Option<Failure> {
        match self {
            Self::Ended(failure) => Some(*failure),
            _ => None,
        }
    }

    /// The state's name, as in the table of `docs/ARCHITECTURE.md`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Idle => "Idle",
            Self::Offered { .. } => "Offered",
            Self::Confirmed => "Confirmed",
            Self::Downloading(_) => "Downloading",
            Self::Paused(_) => "Paused",
            Self::Downloaded => "Downloaded",
            Self::Installing => "Installing",
            Self::Restarting => "Restarting",
            Self::Trial => "Trial",
            Self::McuUpdating => "McuUpdating",
            Self::McuReading => "McuReading",
            Self::Ended(_) => "Ended",
        }
    }
}
