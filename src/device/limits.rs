//! Sizes of the buffers, all static. A message that does not fit is refused with an error.

/// Largest MQTT packet taken from the Center: what it carries reaches the application whole. A larger message is answered with an
/// exception.
pub const PACKET_IN: usize = qth_protocol::PACKET_MAX;
/// Room for MQTT packets not yet written to the transport: one message with the largest frame, or many small ones.
pub const PACKET_OUT: usize = 1408;
/// Largest sealed frame: what a packet holds beside its topic, MQTT's own fields and the padding of an encrypted session.
pub const FRAME: usize = PACKET_OUT - 128 - 40;
/// Largest payload of a message of the application.
pub const MESSAGE: usize = 1024;
/// Messages that wait to be sent or acknowledged.
pub const OUTBOX: usize = 2048;
/// Part of the outbox that the application can't fill, so that an upgrade always gets its reports through.
pub const OUTBOX_RESERVE: usize = 512;
/// Events that wait for the application: the largest message, and some of the device's own.
pub const EVENTS: usize = PACKET_IN + 64;
/// Largest plan, as bytes of TTLV: twenty components with texts of usual length.
pub const PLAN: usize = 1536;
/// A piece of a download, and the response head before it.
pub const PIECE: usize = 4096;
/// Longest product key and product secret.
pub const PRODUCT: usize = 32;
/// Longest device key.
pub const DEVICE_KEY: usize = 16;
/// Longest device secret: 32 characters from the Center, with room for other makes.
pub const DEVICE_SECRET: usize = 64;
/// Longest host name of a server.
pub const HOST: usize = 96;
/// Text of all MCU versions together.
pub const MCU_VERSIONS: usize = 192;
