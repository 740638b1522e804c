//! What an upgrade is told, and what it has the device do.

use super::timers::Timer;
use qth_protocol::ota::{Failure, Status};

/// Something that happens to an upgrade.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input<'a> {
    /// The Center offers a plan: the payload of command 0x0111.
    Plan(&'a [u8]),
    /// The Center tells where a component's package is: the payload of command 0x0113.
    FileInfo(&'a [u8]),
    /// The application accepts the plan.
    Accept,
    /// The application refuses the plan.
    Refuse,
    /// The script has the module download an MCU's package.
    McuFetch,
    /// The script says that it updates an MCU.
    McuUpdate,
    /// The script has named the version of an MCU.
    McuVersion,
    /// The application's package could not be installed, or what was installed did not run.
    ApplicationFailed(Failure),
    /// The application has started the device.
    Start,
    /// The application has stopped the device.
    Stop,
    /// The connection to the Center is ready.
    Online,
    /// A connection was opened or tried, which has shown whether there is a network.
    Network(Network),
    /// The Center has acknowledged the report of this status.
    Acknowledged(Status),
    /// A piece of the package was used up.
    Received,
    /// All of the package has come, or the download was given up.
    Fetched(Result<(), Failure>),
    /// A deadline has expired.
    Expired(Timer),
}

/// Whether there is a network. With it, too, the Center may not be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Network {
    /// Something has answered, or should have.
    There,
    /// There is no way to anyone.
    Absent,
}

/// What the application is to be told; the device knows about which component.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice {
    /// A plan waits for its word.
    Plan,
    /// The component was upgraded, or was not.
    Result(bool),
    /// The package of an MCU is announced.
    McuInfo,
    /// The package of an MCU can be read.
    McuPackage,
}

/// What the device has to do after an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Report a status of the component in progress, and the reason of a failure.
    Report(Status, Option<Failure>),
    /// The same, unless such a report is on its way already.
    ReportOnce(Status, Option<Failure>),
    /// Tell the application.
    Tell(Notice),
    /// Tell the Center that it could not make use of its command, by this exception code.
    Exception(u8),
    /// Nothing: the input does not apply in this state.
    Ignored,
    /// Open the link to the server that has the package.
    Open,
    /// Close that link.
    Close,
    /// Go on at the driver's next turn.
    Yield,
    /// Restart the board, after a farewell to the Center.
    Restart,
}

/// The effects of one input.
pub type Effects = crate::effects::Effects<Effect>;
