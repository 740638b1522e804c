//! Why an upgrade failed, in words for the person who reads the Center's log.

/// Why an upgrade failed. The numbers are kept in flash; they never change their meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Failure {
    /// No file information came within 30 s of the confirmation.
    NoFileInfo = 1,
    /// The file information lacks a field, or one is malformed.
    BadFileInfo = 2,
    /// The file information names another component or version than the plan.
    NotAsPlanned = 3,
    /// The board keeps one firmware only, so there is nowhere to put a new one.
    NoSecondSlot = 4,
    /// The image is larger than a slot.
    TooLarge = 5,
    /// The battery is below the plan's minimum.
    Battery = 6,
    /// The signal is below the plan's minimum.
    Signal = 7,
    /// There is less free space than the plan requires.
    Space = 8,
    /// The server could not be reached, or broke off again and again.
    Network = 9,
    /// The server answered with an error.
    Server = 10,
    /// The file is longer or shorter than announced.
    Length = 11,
    /// The MD5 differs.
    Md5 = 12,
    /// The CRC-32 differs.
    Crc32 = 13,
    /// The SHA-256 differs.
    Sha256 = 14,
    /// What was read back from flash differs from what was written to it.
    ReadBack = 15,
    /// Flash could not be written.
    Flash = 16,
    /// This image was installed before and had to be reverted.
    KnownBad = 17,
    /// This image is the one that runs already.
    SameImage = 18,
    /// The new firmware did not start.
    DidNotStart = 19,
    /// The new firmware did not reach the Center in time.
    DidNotConnect = 20,
    /// The new firmware reports another version than the plan's target.
    WrongVersion = 21,
    /// The slot's content had changed when the bootloader checked it.
    SlotDigest = 22,
    /// Nobody updates this component: no `setMcuVer` for it.
    NoComponent = 23,
    /// The MCU did not report its new version in time.
    McuTimeout = 24,
    /// The address of the package is not an address.
    BadUrl = 25,
    /// The download was cut off by resets too often.
    Interrupted = 26,
    /// The package is at an address that needs TLS, which this firmware does not have.
    NoTls = 27,
    /// The application's package is no archive of Python files, or one that would write outside of its folder.
    BadArchive = 28,
    /// A package came, and this firmware is built without them.
    NoPackages = 29,
    /// A key is set, and the package is not signed.
    #[cfg(feature = "pack")]
    Unsigned = 30,
    /// The package is signed by another key, or was changed since.
    #[cfg(feature = "pack")]
    Signature = 31,
    /// The package is of a newer format.
    #[cfg(feature = "pack")]
    NewerFormat = 32,
    /// The package's manifest or payload is damaged.
    #[cfg(feature = "pack")]
    BadPackage = 33,
    /// The package is for another product, component or version.
    #[cfg(feature = "pack")]
    OtherTarget = 34,
    /// The delta does not start from the image that runs.
    #[cfg(feature = "pack")]
    OtherSource = 35,
    /// The package's sequence number is not above that of the package that is installed.
    #[cfg(feature = "pack")]
    OldPackage = 36,
    /// The delta needs more memory, or other code, than this firmware has.
    #[cfg(feature = "pack")]
    OtherDelta = 37,
    /// The package brings the key of the next ones, and this firmware can't check signatures by it.
    #[cfg(feature = "pack")]
    NextKey = 38,
    /// The package is for a board with another number of slots, or of other blocks.
    #[cfg(feature = "inplace")]
    OtherLayout = 39,
    /// The bootloader could not apply the package; nothing was erased.
    #[cfg(feature = "inplace")]
    NotApplied = 40,
    /// There is no room for the file, or for it and a scratch block.
    #[cfg(feature = "inplace")]
    StagingTooSmall = 41,
}

impl Failure {
    /// What happened, in a few English words.
    pub const fn text(self) -> &'static str {
        match self {
            Failure::NoFileInfo => "no file information came",
            Failure::BadFileInfo => "file information is incomplete or malformed",
            Failure::NotAsPlanned => "file information is not for this plan",
            Failure::NoSecondSlot => "this board has no second slot",
            Failure::TooLarge => "image is larger than the slot",
            Failure::Battery => "battery is below the plan's minimum",
            Failure::Signal => "signal is below the plan's minimum",
            Failure::Space => "free space is below the plan's need",
            Failure::Network => "download broke off too often",
            Failure::Server => "server refused the download",
            Failure::Length => "file has another length than announced",
            Failure::Md5 => "MD5 differs",
            Failure::Crc32 => "CRC32 differs",
            Failure::Sha256 => "SHA-256 differs",
            Failure::ReadBack => "flash reads back something else",
            Failure::Flash => "flash can't be written",
            Failure::KnownBad => "this image was tried before and reverted",
            Failure::SameImage => "this image runs already",
            Failure::DidNotStart => "new firmware did not start, reverted",
            Failure::DidNotConnect => "new firmware did not reach the Center, reverted",
            Failure::WrongVersion => "new firmware reports another version, reverted",
            Failure::SlotDigest => "image in the slot was damaged, reverted",
            Failure::NoComponent => "no such component on this device",
            Failure::McuTimeout => "MCU did not report its new version",
            Failure::BadUrl => "download address can't be parsed",
            Failure::Interrupted => "download was cut off by resets too often",
            Failure::NoTls => "https is not in this firmware",
            Failure::BadArchive => "package of the application can't be unpacked",
            Failure::NoPackages => "this firmware takes no packages",
            #[cfg(feature = "pack")]
            Failure::Unsigned => "package is not signed",
            #[cfg(feature = "pack")]
            Failure::Signature => "package is not signed by this device's key",
            #[cfg(feature = "pack")]
            Failure::NewerFormat => "package needs a newer firmware",
            #[cfg(feature = "pack")]
            Failure::BadPackage => "package is damaged",
            #[cfg(feature = "pack")]
            Failure::OtherTarget => "package is for another product, component or version",
            #[cfg(feature = "pack")]
            Failure::OtherSource => "package is a delta from another image",
            #[cfg(feature = "pack")]
            Failure::OldPackage => "package is older than the one installed",
            #[cfg(feature = "pack")]
            Failure::OtherDelta => "package is a delta that this firmware can't apply",
            #[cfg(feature = "pack")]
            Failure::NextKey => "package brings a key that this firmware can't use",
            #[cfg(feature = "inplace")]
            Failure::OtherLayout => "package is for a board with another flash layout",
            #[cfg(feature = "inplace")]
            Failure::NotApplied => "package could not be applied, nothing was changed",
            #[cfg(feature = "inplace")]
            Failure::StagingTooSmall => "file is larger than the staging area of this board",
        }
    }

    /// The failure with this number.
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.iter().copied().find(|failure| *failure as u8 == code)
    }

    const ALL: &[Failure] = &[
        Failure::NoFileInfo,
        Failure::BadFileInfo,
        Failure::NotAsPlanned,
        Failure::NoSecondSlot,
        Failure::TooLarge,
        Failure::Battery,
        Failure::Signal,
        Failure::Space,
        Failure::Network,
        Failure::Server,
        Failure::Length,
        Failure::Md5,
        Failure::Crc32,
        Failure::Sha256,
        Failure::ReadBack,
        Failure::Flash,
        Failure::KnownBad,
        Failure::SameImage,
        Failure::DidNotStart,
        Failure::DidNotConnect,
        Failure::WrongVersion,
        Failure::SlotDigest,
        Failure::NoComponent,
        Failure::McuTimeout,
        Failure::BadUrl,
        Failure::Interrupted,
        Failure::NoTls,
        Failure::BadArchive,
        Failure::NoPackages,
        #[cfg(feature = "pack")]
        Failure::Unsigned,
        #[cfg(feature = "pack")]
        Failure::Signature,
        #[cfg(feature = "pack")]
        Failure::NewerFormat,
        #[cfg(feature = "pack")]
        Failure::BadPackage,
        #[cfg(feature = "pack")]
        Failure::OtherTarget,
        #[cfg(feature = "pack")]
        Failure::OtherSource,
        #[cfg(feature = "pack")]
        Failure::OldPackage,
        #[cfg(feature = "pack")]
        Failure::OtherDelta,
        #[cfg(feature = "pack")]
        Failure::NextKey,
        #[cfg(feature = "inplace")]
        Failure::OtherLayout,
        #[cfg(feature = "inplace")]
        Failure::NotApplied,
        #[cfg(feature = "inplace")]
        Failure::StagingTooSmall,
    ];
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_failure_reads_back_as_itself_and_says_what_happened() {
        for (index, failure) in Failure::ALL.iter().enumerate() {
            assert_eq!(*failure as usize, index + 1);
            assert_eq!(Failure::from_code(*failure as u8), Some(*failure));
            assert!(!failure.text().is_empty());
        }
        assert_eq!(Failure::from_code(0), None);
    }
}
