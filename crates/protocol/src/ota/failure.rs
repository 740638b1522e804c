//! Why an upgrade failed, in words for the person who reads the Center's log.

coded! {
    /// Why an upgrade failed. The numbers are kept in flash; they never change their meaning.
    enum Failure,
    /// What happened, in a few English words.
    fn text {
        /// No file information came within 30 s of the confirmation.
        NoFileInfo = 1 => "no file information came",
        /// The file information lacks a field, or one is malformed.
        BadFileInfo = 2 => "file information is incomplete or malformed",
        /// The file information names another component or version than the plan.
        NotAsPlanned = 3 => "file information is not for this plan",
        /// The board keeps one firmware only, so there is nowhere to put a new one.
        NoSecondSlot = 4 => "this board has no second slot",
        /// The image is larger than a slot.
        TooLarge = 5 => "image is larger than the slot",
        /// The battery is below the plan's minimum.
        Battery = 6 => "battery is below the plan's minimum",
        /// The signal is below the plan's minimum.
        Signal = 7 => "signal is below the plan's minimum",
        /// There is less free space than the plan requires.
        Space = 8 => "free space is below the plan's need",
        /// The server could not be reached, or broke off again and again.
        Network = 9 => "download broke off too often",
        /// The server answered with an error.
        Server = 10 => "server refused the download",
        /// The file is longer or shorter than announced.
        Length = 11 => "file has another length than announced",
        /// The MD5 differs.
        Md5 = 12 => "MD5 differs",
        /// The CRC-32 differs.
        Crc32 = 13 => "CRC32 differs",
        /// The SHA-256 differs.
        Sha256 = 14 => "SHA-256 differs",
        /// What was read back from flash differs from what was written to it.
        ReadBack = 15 => "flash reads back something else",
        /// Flash could not be written.
        Flash = 16 => "flash can't be written",
        /// This image was installed before and had to be reverted.
        KnownBad = 17 => "this image was tried before and reverted",
        /// This image is the one that runs already.
        SameImage = 18 => "this image runs already",
        /// The new firmware did not start.
        DidNotStart = 19 => "new firmware did not start, reverted",
        /// The new firmware did not reach the Center in time.
        DidNotConnect = 20 => "new firmware did not reach the Center, reverted",
        /// The new firmware reports another version than the plan's target.
        WrongVersion = 21 => "new firmware reports another version, reverted",
        /// The slot's content had changed when the bootloader checked it.
        SlotDigest = 22 => "image in the slot was damaged, reverted",
        /// Nobody updates this component: no `setMcuVer` for it.
        NoComponent = 23 => "no such component on this device",
        /// The MCU did not report its new version in time.
        McuTimeout = 24 => "MCU did not report its new version",
        /// The address of the package is not an address.
        BadUrl = 25 => "download address can't be parsed",
        /// The download was cut off by resets too often.
        Interrupted = 26 => "download was cut off by resets too often",
        /// The package is at an address that needs TLS, which this firmware does not have.
        NoTls = 27 => "https is not in this firmware",
        /// The application's package is no archive of Python files, or one that would write outside of its folder.
        BadArchive = 28 => "package of the application can't be unpacked",
        /// A package came, and this firmware is built without them.
        NoPackages = 29 => "this firmware takes no packages",
        /// A key is set, and the package is not signed.
        Unsigned = 30 if "pack" => "package is not signed",
        /// The package is signed by another key, or was changed since.
        Signature = 31 if "pack" => "package is not signed by this device's key",
        /// The package is of a newer format.
        NewerFormat = 32 if "pack" => "package needs a newer firmware",
        /// The package's manifest or payload is damaged.
        BadPackage = 33 if "pack" => "package is damaged",
        /// The package is for another product, component or version.
        OtherTarget = 34 if "pack" => "package is for another product, component or version",
        /// The delta does not start from the image that runs.
        OtherSource = 35 if "pack" => "package is a delta from another image",
        /// The package's sequence number is not above that of the package that is installed.
        OldPackage = 36 if "pack" => "package is older than the one installed",
        /// The delta needs more memory, or other code, than this firmware has.
        OtherDelta = 37 if "pack" => "package is a delta that this firmware can't apply",
        /// The package brings the key of the next ones, and this firmware can't check signatures by it.
        NextKey = 38 if "pack" => "package brings a key that this firmware can't use",
        /// The package is for a board with another number of slots, or of other blocks.
        OtherLayout = 39 if "inplace" => "package is for a board with another flash layout",
        /// The bootloader could not apply the package; nothing was erased.
        NotApplied = 40 if "inplace" => "package could not be applied, nothing was changed",
        /// There is no room for the file, or for it and a scratch block.
        StagingTooSmall = 41 if "inplace" => "file is larger than the staging area of this board",
        /// SHA-256 was asked for, and the file information has none.
        NoSha256 = 42 => "file information has no SHA-256, which was asked for",
        /// The server compresses the file, or encodes it in another way.
        Encoded = 43 => "server sends the file compressed",
        /// The head of the server's response is longer than 16 KiB.
        Head = 44 => "server's answer has a head larger than 16 KB",
        /// The server redirects in a circle, or to an address that is too long or can't be parsed.
        Redirect = 45 => "server redirects too often, or to an address that is too long or malformed",
        /// Less came in a second than the board waits for.
        TooSlow = 46 => "download is too slow",
    }
}

impl core::fmt::Display for Failure {
    fn fmt(&self, to: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        to.write_str(self.text())
    }
}

impl core::error::Error for Failure {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_failure_reads_back_as_itself_and_says_what_happened() {
        for failure in Failure::ALL {
            assert_eq!(Failure::from_code(*failure as u8), Some(*failure));
            assert!(!failure.text().is_empty());
        }
        assert!(Failure::ALL.windows(2).all(|pair| (pair[0] as u8) < (pair[1] as u8)), "no number twice");
        assert_eq!(Failure::from_code(0), None, "0 stands for none in flash");
    }
}
