//! What the connection has for the rest of the device.

use crate::mqtt::packet::PacketId;
use qth_protocol::frame::{Frame, PackageId};

/// What the device has to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Open the link to [`super::Connection::peer`].
    Open,
    /// Close the link: what is on its way is lost.
    Close,
    /// Restart the board.
    Restart,
    /// Tell the application: an event number and a result.
    Tell(u8, i32),
    /// The connection is ready: say what there is to say.
    Online,
}

/// The effects of one input.
pub type Effects = crate::effects::Effects<Effect>;

/// What the connection has for the rest of the device.
pub enum Output<'a> {
    /// Something to do.
    Effects(Effects),
    /// A command of the Center that is not about the connection.
    Command(Frame<'a>),
    /// A message that can't be used: the exception code, and its package id where that can be read.
    Exception(u8, Option<PackageId>),
    /// The message sent under this packet id has arrived.
    Acknowledged(PacketId),
}
