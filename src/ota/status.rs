//! Status codes of an upgrade, as reported in command 0x0114.

/// How far an upgrade is. The numbers are those on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Status {
    /// The plan has arrived and is valid.
    PlanReceived = 1,
    /// The application accepts it.
    Confirmed = 2,
    /// The application refuses it.
    Refused = 3,
    /// The download begins.
    DownloadStarted = 4,
    /// The download goes on; sent every five seconds.
    Downloading = 5,
    /// The download failed; another attempt may follow.
    DownloadFailed = 6,
    /// The package is here and its digests are right.
    Downloaded = 8,
    /// The device is about to restart into the new firmware.
    Updating = 9,
    /// The new version runs.
    Updated = 11,
    /// The upgrade failed; the old version runs.
    Failed = 12,
}

impl Status {
    /// The code's name on the wire, spelled as devices in the field spell it.
    pub const fn name(self) -> &'static str {
        match self {
            Status::PlanReceived => "REVICEPLAN",
            Status::Confirmed => "SUBMITOTA",
            Status::Refused => "REFUSEDOTA",
            Status::DownloadStarted => "DOWNLOADSTART",
            Status::Downloading => "DOWNLOADING",
            Status::DownloadFailed => "DOWNLOADERROR",
            Status::Downloaded => "DOWNLOADSUCCESS",
            Status::Updating => "UPDATING",
            Status::Updated => "UPDATESUCCESS",
            Status::Failed => "UPDATEERROR",
        }
    }

    /// The status with this code.
    pub const fn from_code(code: u8) -> Option<Self> {
        Some(match code {
            1 => Status::PlanReceived,
            2 => Status::Confirmed,
            3 => Status::Refused,
            4 => Status::DownloadStarted,
            5 => Status::Downloading,
            6 => Status::DownloadFailed,
            8 => Status::Downloaded,
            9 => Status::Updating,
            11 => Status::Updated,
            12 => Status::Failed,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_reads_back_as_itself() {
        let known: Vec<u8> = (0..=255).filter(|&code| Status::from_code(code).is_some()).collect();
        assert_eq!(known, [1, 2, 3, 4, 5, 6, 8, 9, 11, 12]);
        for code in known {
            assert_eq!(Status::from_code(code).unwrap() as u8, code);
        }
    }
}
