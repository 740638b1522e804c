//! Status codes of an upgrade, as reported in command 0x0114.

coded! {
    /// How far an upgrade is. The numbers are those on the wire.
    enum Status,
    /// The code's name on the wire, spelled as devices in the field spell it.
    fn name {
        /// The plan has arrived and is valid.
        PlanReceived = 1 => "REVICEPLAN",
        /// The application accepts it.
        Confirmed = 2 => "SUBMITOTA",
        /// The application refuses it.
        Refused = 3 => "REFUSEDOTA",
        /// The download begins.
        DownloadStarted = 4 => "DOWNLOADSTART",
        /// The download goes on; sent every five seconds.
        Downloading = 5 => "DOWNLOADING",
        /// The download failed; another attempt may follow.
        DownloadFailed = 6 => "DOWNLOADERROR",
        /// The package is here and its digests are right.
        Downloaded = 8 => "DOWNLOADSUCCESS",
        /// The device is about to restart into the new firmware.
        Updating = 9 => "UPDATING",
        /// The new version runs.
        Updated = 11 => "UPDATESUCCESS",
        /// The upgrade failed; the old version runs.
        Failed = 12 => "UPDATEERROR",
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
