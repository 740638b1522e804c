//! MQTT packets as bytes. What is read borrows from the buffer it was received in.

use super::Error;

/// Quality of service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum QoS {
    /// Sent once, lost if the connection is.
    AtMostOnce = 0,
    /// Sent until acknowledged.
    AtLeastOnce = 1,
    /// Delivered once.
    ExactlyOnce = 2,
}

impl QoS {
    /// The quality of service with this number.
    #[must_use]
    pub const fn from_number(number: u8) -> Option<Self> {
        match number {
            0 => Some(Self::AtMostOnce),
            1 => Some(Self::AtLeastOnce),
            2 => Some(Self::ExactlyOnce),
            _ => None,
        }
    }
}

/// A packet identifier, 1 to 65535 (2.3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PacketId(u16);

impl PacketId {
    /// The first identifier.
    pub const FIRST: Self = Self(1);
    /// No identifier: what the last one was before there was any.
    pub const NONE: Self = Self(0);

    /// The identifier with this number; 0 is none.
    #[must_use]
    pub const fn new(number: u16) -> Option<Self> {
        match number {
            0 => None,
            number => Some(Self(number)),
        }
    }

    /// Its number.
    #[must_use]
    pub const fn get(self) -> u16 {
        self.0
    }

    /// The one after it; 1 after 65535.
    #[must_use]
    pub const fn next(self) -> Self {
        match self.0.checked_add(1) {
            Some(number) => Self(number),
            None => Self::FIRST,
        }
    }
}

/// A packet that a server sends.
#[derive(Debug, PartialEq, Eq)]
pub enum Incoming<'a> {
    /// Answer to CONNECT (3.2).
    ConnAck {
        /// The server kept a session of before.
        session_present: bool,
        /// 0: accepted.
        return_code: u8,
    },
    /// A message (3.3).
    Publish {
        /// Sent before.
        dup: bool,
        /// Its quality of service.
        qos: QoS,
        /// Kept by the server.
        retain: bool,
        /// Topic name.
        topic: &'a str,
        /// Identifier, with QoS 1 and 2.
        id: Option<PacketId>,
        /// The message itself; mutable, so that it can be decrypted in place.
        payload: &'a mut [u8],
    },
    /// A QoS 1 message arrived (3.4).
    PubAck(PacketId),
    /// A QoS 2 message arrived (3.5).
    PubRec(PacketId),
    /// A QoS 2 message is released (3.6).
    PubRel(PacketId),
    /// A QoS 2 message is done (3.7).
    PubComp(PacketId),
    /// Answer to SUBSCRIBE with one filter (3.9): the granted QoS, or none if refused.
    SubAck(PacketId, Option<QoS>),
    /// Answer to a ping (3.13).
    PingResp,
}

/// Longest fixed header: type and four length bytes (2.2).
pub const HEADER_MAX: usize = 5;
/// Largest remaining length that four bytes can say (2.2.3).
const REMAINING_MAX: usize = 268_435_455;

/// Length of the packet that begins here, header included; `None` while that can't be told yet.
///
/// # Errors
/// The length is malformed.
pub fn length(bytes: &[u8]) -> Result<Option<usize>, Error> {
    let mut remaining = 0_usize;
    for (index, shift) in [0_u32, 7, 14, 21].into_iter().enumerate() {
        let Some(&byte) = bytes.get(index.saturating_add(1)) else { return Ok(None) };
        remaining |= usize::from(byte & 0x7F) << shift;
        if byte & 0x80 == 0 {
            return Ok(Some(remaining.saturating_add(index).saturating_add(2)));
        }
    }
    Err(Error::Malformed)
}

/// Returns whether the packet that begins here is a message.
#[must_use]
pub fn is_publish(bytes: &[u8]) -> bool {
    bytes.first().is_some_and(|first| first >> 4 == 3)
}

/// Reads one packet: a whole one, or the beginning of a message, whose payload is cut then.
///
/// # Errors
/// It is malformed, or none that a server sends; or the cut is before the payload.
pub fn read(bytes: &mut [u8]) -> Result<Incoming<'_>, Error> {
    let (&mut first, rest) = bytes.split_first_mut().ok_or(Error::Malformed)?;
    let length_bytes = rest.iter().take(4).position(|byte| byte & 0x80 == 0).ok_or(Error::Malformed)?;
    let (_, body) = rest.split_at_mut_checked(length_bytes.saturating_add(1)).ok_or(Error::Malformed)?;
    let flags = first & 0x0F;
    match (first >> 4, flags) {
        (2, 0) => match *body {
            [acknowledge @ 0..=1, return_code] => Ok(Incoming::ConnAck { session_present: acknowledge == 1, return_code }),
            _ => Err(Error::Malformed),
        },
        (3, _) => publish(flags, body),
        (4, 0) => id(body).map(Incoming::PubAck),
        (5, 0) => id(body).map(Incoming::PubRec),
        (6, 2) => id(body).map(Incoming::PubRel),
        (7, 0) => id(body).map(Incoming::PubComp),
        (9, 0) => match body.split_at_mut_checked(2) {
            Some((number, &mut [code])) => {
                let granted = match code {
                    0x80 => None,
                    code => Some(QoS::from_number(code).ok_or(Error::Malformed)?),
                };
                Ok(Incoming::SubAck(id(number)?, granted))
            }
            _ => Err(Error::Malformed),
        },
        (13, 0) if body.is_empty() => Ok(Incoming::PingResp),
        _ => Err(Error::Malformed),
    }
}

fn publish(flags: u8, body: &mut [u8]) -> Result<Incoming<'_>, Error> {
    let qos = QoS::from_number((flags >> 1) & 3).ok_or(Error::Malformed)?;
    let dup = flags & 8 != 0;
    if dup && qos == QoS::AtMostOnce {
        return Err(Error::Malformed);
    }
    let (length, rest) = body.split_first_chunk_mut().ok_or(Error::Malformed)?;
    let length = usize::from(u16::from_be_bytes(*length));
    let (topic, rest) = rest.split_at_mut_checked(length).ok_or(Error::Malformed)?;
    let topic = core::str::from_utf8(topic).map_err(|_| Error::Malformed)?;
    // A topic name has no wildcards (3.3.2.1).
    if topic.is_empty() || topic.bytes().any(|byte| matches!(byte, b'+' | b'#' | 0)) {
        return Err(Error::Malformed);
    }
    let (id, payload) = match qos {
        QoS::AtMostOnce => (None, rest),
        _ => {
            let (number, payload) = rest.split_first_chunk_mut().ok_or(Error::Malformed)?;
            let id = PacketId::new(u16::from_be_bytes(*number)).ok_or(Error::Malformed)?;
            (Some(id), payload)
        }
    };
    Ok(Incoming::Publish { dup, qos, retain: flags & 1 != 0, topic, id, payload })
}

fn id(body: &[u8]) -> Result<PacketId, Error> {
    let number: [u8; 2] = body.try_into().map_err(|_| Error::Malformed)?;
    PacketId::new(u16::from_be_bytes(number)).ok_or(Error::Malformed)
}

/// What a CONNECT says (3.1).
#[derive(Clone, Copy)]
pub struct Connect<'a> {
    /// Client identifier.
    pub client_id: &'a str,
    /// User name. Without one the standard allows no password; devices in the field send it all the same.
    pub user_name: Option<&'a str>,
    /// Password.
    pub password: Option<&'a [u8]>,
    /// Longest silence in seconds; 0: no limit.
    pub keep_alive: u16,
    /// Forget the session of before.
    pub clean_session: bool,
}

/// Writes the bytes of one packet behind space for its header.
struct Body<'a> {
    buffer: &'a mut [u8],
    at: usize,
    full: bool,
}

impl<'a> Body<'a> {
    fn new(buffer: &'a mut [u8]) -> Self {
        Self { buffer, at: HEADER_MAX, full: false }
    }

    fn bytes(&mut self, bytes: &[u8]) {
        let end = self.at.saturating_add(bytes.len());
        match self.buffer.get_mut(self.at..end) {
            Some(room) => {
                room.copy_from_slice(bytes);
                self.at = end;
            }
            None => self.full = true,
        }
    }

    fn field(&mut self, bytes: &[u8]) {
        match u16::try_from(bytes.len()) {
            Ok(length) => {
                self.bytes(&length.to_be_bytes());
                self.bytes(bytes);
            }
            Err(_) => self.full = true,
        }
    }

    /// Puts the fixed header before the body and moves both to the start; `None` when there was no room.
    fn finish(self, first: u8) -> Option<usize> {
        let remaining = self.at.checked_sub(HEADER_MAX)?;
        if self.full || remaining > REMAINING_MAX {
            return None;
        }
        let mut header = [first, 0, 0, 0, 0];
        let mut length = 1_usize;
        let mut rest = remaining;
        for byte in header.iter_mut().skip(1) {
            length = length.saturating_add(1);
            *byte = (rest & 0x7F) as u8;
            rest >>= 7;
            if rest == 0 {
                break;
            }
            *byte |= 0x80;
        }
        self.buffer.copy_within(HEADER_MAX..self.at, length);
        self.buffer.get_mut(..length)?.copy_from_slice(header.get(..length)?);
        Some(length.saturating_add(remaining))
    }
}

/// Writes a CONNECT; `None` when `buffer` is too small.
pub fn connect(buffer: &mut [u8], connect: &Connect<'_>) -> Option<usize> {
    let mut body = Body::new(buffer);
    body.field(b"MQTT");
    let mut flags = u8::from(connect.clean_session) << 1;
    flags |= u8::from(connect.user_name.is_some()) << 7;
    flags |= u8::from(connect.password.is_some()) << 6;
    body.bytes(&[4, flags]);
    body.bytes(&connect.keep_alive.to_be_bytes());
    body.field(connect.client_id.as_bytes());
    if let Some(user_name) = connect.user_name {
        body.field(user_name.as_bytes());
    }
    if let Some(password) = connect.password {
        body.field(password);
    }
    body.finish(0x10)
}

/// Writes a SUBSCRIBE with one filter; `None` when `buffer` is too small.
pub fn subscribe(buffer: &mut [u8], id: PacketId, filter: &str, qos: QoS) -> Option<usize> {
    let mut body = Body::new(buffer);
    body.bytes(&id.get().to_be_bytes());
    body.field(filter.as_bytes());
    body.bytes(&[qos as u8]);
    body.finish(0x82)
}

/// What a PUBLISH says beside its payload (3.3).
#[derive(Clone, Copy)]
pub struct Publish<'a> {
    /// Topic name.
    pub topic: &'a str,
    /// Quality of service.
    pub qos: QoS,
    /// To be kept by the server.
    pub retain: bool,
    /// Sent before.
    pub dup: bool,
    /// The identifier that it was sent with before; with none it gets the next.
    pub id: Option<PacketId>,
}

/// Writes a PUBLISH whose payload `write` puts into the room it is given; `None` when `buffer` is too small.
pub fn write_publish(
    buffer: &mut [u8],
    publish: &Publish<'_>,
    id: Option<PacketId>,
    write: &mut dyn FnMut(&mut [u8]) -> Option<usize>,
) -> Option<usize> {
    let mut body = Body::new(buffer);
    body.field(publish.topic.as_bytes());
    if let Some(id) = id {
        body.bytes(&id.get().to_be_bytes());
    }
    let room = body.buffer.get_mut(body.at..)?;
    let length = write(room).filter(|&length| length <= room.len())?;
    body.at = body.at.saturating_add(length);
    let flags = (u8::from(publish.dup) << 3) | ((publish.qos as u8) << 1) | u8::from(publish.retain);
    body.finish(0x30 | flags)
}

/// The packets that are an identifier only.
#[derive(Clone, Copy)]
#[repr(u8)]
pub enum Answer {
    /// A QoS 1 message arrived.
    PubAck = 0x40,
    /// A QoS 2 message arrived.
    PubRec = 0x50,
    /// A QoS 2 message is released.
    PubRel = 0x62,
    /// A QoS 2 message is done.
    PubComp = 0x70,
}

/// PUBACK, PUBREC, PUBREL, PUBCOMP (3.4–3.7).
#[must_use]
pub fn answer(answer: Answer, id: PacketId) -> [u8; 4] {
    let [high, low] = id.get().to_be_bytes();
    [answer as u8, 2, high, low]
}

/// PINGREQ (3.12).
pub const PING: [u8; 2] = [0xC0, 0];
/// DISCONNECT (3.14).
pub const DISCONNECT: [u8; 2] = [0xE0, 0];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connect_may_carry_a_password_without_a_user_name() {
        let mut buffer = [0; 64];
        let packet = Connect { client_id: "qd1", user_name: None, password: Some(b"pw"), keep_alive: 120, clean_session: true };
        let length = connect(&mut buffer, &packet).unwrap();
        assert_eq!(&buffer[..length], b"\x10\x13\0\x04MQTT\x04\x42\0\x78\0\x03qd1\0\x02pw");
    }

    #[test]
    fn the_length_of_a_packet_is_known_as_soon_as_its_header_is_there() {
        assert_eq!(length(&[0x30]), Ok(None));
        assert_eq!(length(&[0x30, 0x80]), Ok(None));
        assert_eq!(length(&[0x30, 0x7F]), Ok(Some(129)));
        assert_eq!(length(&[0x30, 0x80, 0x01]), Ok(Some(131)));
        assert_eq!(length(&[0x30, 0xFF, 0xFF, 0xFF, 0x7F]), Ok(Some(268_435_460)));
        assert_eq!(length(&[0x30, 0xFF, 0xFF, 0xFF, 0xFF]), Err(Error::Malformed));
    }

    #[test]
    fn a_message_keeps_its_parts_on_the_way() {
        for (qos, size) in [(QoS::AtMostOnce, 0), (QoS::AtLeastOnce, 130), (QoS::ExactlyOnce, 20_000)] {
            let payload = vec![7; size];
            let mut buffer = vec![0; size + 64];
            let id = PacketId::new(513).filter(|_| qos != QoS::AtMostOnce);
            let packet = Publish { topic: "a/b", qos, retain: true, dup: false, id };
            let length = write_publish(&mut buffer, &packet, id, &mut |room| {
                room[..size].copy_from_slice(&payload);
                Some(size)
            })
            .unwrap();
            assert_eq!(super::length(&buffer[..length]), Ok(Some(length)));
            let mut expected = payload.clone();
            assert_eq!(
                read(&mut buffer[..length]),
                Ok(Incoming::Publish { dup: false, qos, retain: true, topic: "a/b", id, payload: &mut expected })
            );
        }
    }

    #[test]
    fn what_does_not_fit_is_not_written() {
        let packet = Publish { topic: "topic", qos: QoS::AtMostOnce, retain: false, dup: false, id: None };
        for size in 0..HEADER_MAX + 9 {
            let mut buffer = vec![0; size];
            let copy = &mut |room: &mut [u8]| room.get_mut(..2).map(|_| 2);
            assert_eq!(write_publish(&mut buffer, &packet, None, copy).is_some(), size >= HEADER_MAX + 9, "{size}");
        }
    }

    #[test]
    fn packets_that_no_server_sends_are_malformed() {
        let bad: [&[u8]; 14] = [
            &[0x20, 2, 2, 0],             // CONNACK with reserved flags
            &[0x20, 3, 0, 0, 0],          // CONNACK too long
            &[0x40, 2, 0, 0],             // PUBACK of id 0
            &[0x41, 2, 0, 1],             // PUBACK with flags
            &[0x60, 2, 0, 1],             // PUBREL without its flags
            &[0x36, 5, 0, 1, b'a', 0, 1], // QoS 3
            &[0x38, 3, 0, 1, b'a'],       // a duplicate with QoS 0
            &[0x30, 2, 0, 0],             // no topic
            &[0x30, 3, 0, 1, b'#'],       // a wildcard
            &[0x30, 3, 0, 2, b'a'],       // topic longer than the packet
            &[0x32, 4, 0, 1, b'a', 0],    // no whole identifier
            &[0x90, 3, 0, 1, 3],          // SUBACK that grants QoS 3
            &[0xD0, 1, 0],                // PINGRESP with a body
            &[0x10, 0],                   // CONNECT
        ];
        for bytes in bad {
            assert_eq!(read(&mut bytes.to_vec()), Err(Error::Malformed), "{bytes:02x?}");
        }
    }
}
