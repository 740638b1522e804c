//! Frames: head, length, sum, package id, command, payload (wire protocol, section 2).
//!
//! ```text
//! AA AA | LEN(2) | SUM(1) | PKGID(2) | CMD(2) | PAYLOAD(n)
//! ```
#![forbid(unsafe_code)]

use super::command::exception;
use super::BufferFull;
use core::fmt;

/// Bytes before the payload of an unescaped frame.
pub const HEADER: usize = 9;

const HEAD: u8 = 0xAA;
const ESCAPE: u8 = 0x55;
/// Bytes that LEN does not count: the head and LEN itself.
const UNCOUNTED: usize = 4;
/// Where the bytes begin that SUM covers.
const SUMMED: usize = 5;

/// Number of a message, counted up for each direction; an answer repeats the one of its request. Never 0 or 0xFFFF.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PackageId(u16);

impl PackageId {
    /// The id that a side starts to count with.
    pub const FIRST: Self = Self(1);
    /// No id: what the last one was before there was any.
    pub const NONE: Self = Self(0);
    const LAST: u16 = 0xFFFE;

    /// The id with this number; `None` for 0 and 0xFFFF, which no message may have.
    #[must_use]
    pub const fn new(number: u16) -> Option<Self> {
        match number {
            1..=Self::LAST => Some(Self(number)),
            _ => None,
        }
    }

    /// The number as it is sent.
    #[must_use]
    pub const fn get(self) -> u16 {
        self.0
    }

    /// The id of the message after this one: after 0xFFFE comes 1.
    #[must_use]
    pub const fn next(self) -> Self {
        if self.0 >= Self::LAST {
            Self::FIRST
        } else {
            Self(self.0.wrapping_add(1))
        }
    }
}

/// A received frame, checked and unescaped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// Number of the message.
    pub id: PackageId,
    /// What it is about; see [`super::command`].
    pub command: u16,
    /// Content, by command.
    pub payload: &'a [u8],
}

/// Why a frame was dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It does not begin with AA AA.
    Head,
    /// It is shorter than its length field says, or than any frame can be.
    Length,
    /// Its bytes do not add up to its sum.
    Sum,
    /// Its package id is 0 or 0xFFFF.
    Id,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Head => "it does not begin with AA AA",
            Self::Length => "it is shorter than its length field says, or than any frame",
            Self::Sum => "its bytes do not add up to its sum",
            Self::Id => "its package id is 0 or 0xFFFF",
        })
    }
}

impl core::error::Error for Fault {}

/// A dropped frame, with what a report of it (command 0x00A4) tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameError {
    /// Why it was dropped.
    pub fault: Fault,
    /// Its package id, where it could be read and is valid.
    pub id: Option<PackageId>,
}

impl fmt::Display for FrameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "this is no frame: {}", self.fault)
    }
}

impl core::error::Error for FrameError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        Some(&self.fault)
    }
}

impl FrameError {
    /// The exception code that reports it: 1 protocol, 2 length, 3 sum (wire protocol, section 4, 0x00A4).
    #[must_use]
    pub const fn code(self) -> u8 {
        match self.fault {
            Fault::Head | Fault::Id => exception::PROTOCOL,
            Fault::Length => exception::LENGTH,
            Fault::Sum => exception::SUM,
        }
    }
}

/// Makes a frame around the `payload_len` bytes that already lie in `buf` from [`HEADER`] on, and escapes it in place.
///
/// Returns the length of the escaped frame, which begins at the start of `buf`.
///
/// # Errors
/// `buf` has no room for the bytes that escaping inserts, or the payload is longer than a length field can say.
pub fn seal(buf: &mut [u8], payload_len: usize, id: PackageId, command: u16) -> Result<usize, BufferFull> {
    let len = HEADER.checked_add(payload_len).ok_or(BufferFull)?;
    let counted = len.checked_sub(UNCOUNTED).and_then(|n| u16::try_from(n).ok()).ok_or(BufferFull)?;
    let frame = buf.get_mut(..len).ok_or(BufferFull)?;
    let (header, payload) = frame.split_first_chunk_mut::<HEADER>().ok_or(BufferFull)?;
    let [count_high, count_low] = counted.to_be_bytes();
    let [id_high, id_low] = id.get().to_be_bytes();
    let [command_high, command_low] = command.to_be_bytes();
    let sum = sum(&[id_high, id_low, command_high, command_low]).wrapping_add(sum(payload));
    *header = [HEAD, HEAD, count_high, count_low, sum, id_high, id_low, command_high, command_low];
    escape(buf, len)
}

/// Unescapes a received frame in place and checks it. Bytes behind its end are ignored.
///
/// # Errors
/// The frame is broken in one of the ways of [`Fault`] and has to be dropped and reported.
pub fn open(bytes: &mut [u8]) -> Result<Frame<'_>, FrameError> {
    if !bytes.starts_with(&[HEAD, HEAD]) {
        return Err(FrameError { fault: Fault::Head, id: None });
    }
    let len = unescape(bytes);
    let frame = bytes.get(..len).unwrap_or_default();
    let id = frame.get(SUMMED..).and_then(|rest| rest.first_chunk()).map(|number| u16::from_be_bytes(*number));
    let id = id.and_then(PackageId::new);
    let error = |fault| FrameError { fault, id };

    let short = error(Fault::Length);
    let (&[_, _, count_high, count_low, expected, _, _, command_high, command_low], _) =
        frame.split_first_chunk::<HEADER>().ok_or(short)?;
    let counted = usize::from(u16::from_be_bytes([count_high, count_low]));
    let frame = frame.get(..counted.saturating_add(UNCOUNTED)).ok_or(short)?;
    let payload = frame.get(HEADER..).ok_or(short)?;
    if sum(frame.get(SUMMED..).unwrap_or_default()) != expected {
        return Err(error(Fault::Sum));
    }
    let id = id.ok_or(error(Fault::Id))?;
    Ok(Frame { id, command: u16::from_be_bytes([command_high, command_low]), payload })
}

fn sum(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0, |sum, byte| sum.wrapping_add(*byte))
}

/// Inserts a 55 after each AA, from the second head byte on, that an AA, a 55 or the end follows.
fn escape(buf: &mut [u8], len: usize) -> Result<usize, BufferFull> {
    let body = buf.get(1..len).unwrap_or_default();
    let escapes = body.iter().rev().scan(None, |next, &byte| Some(needs_escape(byte, next.replace(byte))));
    let inserted = escapes.filter(|needed| *needed).count();
    let escaped = len.checked_add(inserted).filter(|&end| end <= buf.len()).ok_or(BufferFull)?;

    // From the end, so that every byte moves before its place is taken; once the rest stays where it is, all is done.
    let (mut from, mut to, mut next) = (len, escaped, None);
    while from < to {
        from = from.wrapping_sub(1);
        let Some(&byte) = buf.get(from) else { break };
        if needs_escape(byte, next) {
            to = to.wrapping_sub(1);
            put(buf, to, ESCAPE);
        }
        to = to.wrapping_sub(1);
        put(buf, to, byte);
        next = Some(byte);
    }
    Ok(escaped)
}

fn needs_escape(byte: u8, next: Option<u8>) -> bool {
    byte == HEAD && matches!(next, None | Some(HEAD | ESCAPE))
}

/// Drops every 55 that follows an AA, from the second head byte on; returns the length that remains.
fn unescape(bytes: &mut [u8]) -> usize {
    let mut len = 2;
    let mut previous = HEAD;
    for from in 2..bytes.len() {
        let Some(&byte) = bytes.get(from) else { break };
        let inserted = previous == HEAD && byte == ESCAPE;
        if !inserted {
            put(bytes, len, byte);
            len = len.wrapping_add(1);
        }
        previous = byte;
    }
    len
}

fn put(bytes: &mut [u8], at: usize, byte: u8) {
    if let Some(place) = bytes.get_mut(at) {
        *place = byte;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fastrand::Rng;

    const ID: PackageId = PackageId::FIRST;

    /// The sealed frame around a payload.
    fn sealed(id: PackageId, command: u16, payload: &[u8]) -> Vec<u8> {
        let mut buf = vec![0; 2 * (HEADER + payload.len())];
        buf[HEADER..][..payload.len()].copy_from_slice(payload);
        let len = seal(&mut buf, payload.len(), id, command).unwrap();
        buf.truncate(len);
        buf
    }

    /// What is wrong with a frame, and the package id that is reported.
    fn fault(frame: &[u8]) -> (Fault, Option<u16>) {
        let error = open(&mut frame.to_vec()).unwrap_err();
        (error.fault, error.id.map(PackageId::get))
    }

    #[test]
    fn frames_of_real_devices_are_made_byte_by_byte() {
        let id = PackageId::new(5).unwrap();
        let ttlv_true = [0xAA, 0xAA, 0x00, 0x07, 0x21, 0x00, 0x05, 0x00, 0x13, 0x00, 0x09];
        assert_eq!(sealed(id, 0x0013, &[0x00, 0x09]), ttlv_true);
        let ttlv_false = [0xAA, 0xAA, 0x00, 0x07, 0x20, 0x00, 0x05, 0x00, 0x13, 0x00, 0x08];
        assert_eq!(sealed(id, 0x0013, &[0x00, 0x08]), ttlv_false);
    }

    #[test]
    fn package_ids_count_from_1_to_fffe_and_begin_anew() {
        assert_eq!(PackageId::new(0), None);
        assert_eq!(PackageId::new(0xFFFF), None);
        let ids = core::iter::successors(Some(PackageId::FIRST), |id| Some(id.next()));
        assert!(ids.take(0xFFFE).map(PackageId::get).eq(1..=0xFFFE));
        assert_eq!(PackageId::new(0xFFFE).unwrap().next(), PackageId::FIRST);
    }

    #[test]
    fn aa_is_escaped_before_aa_before_55_and_at_the_end() {
        assert_eq!(sealed(ID, 0x0023, &[0xAA, 0x01])[HEADER..], [0xAA, 0x01]);
        assert_eq!(sealed(ID, 0x0023, &[0xAA, 0xAA, 0x01])[HEADER..], [0xAA, 0x55, 0xAA, 0x01]);
        assert_eq!(sealed(ID, 0x0023, &[0xAA, 0x55])[HEADER..], [0xAA, 0x55, 0x55]);
        assert_eq!(sealed(ID, 0x0023, &[0xAA])[HEADER..], [0xAA, 0x55]);
        assert_eq!(sealed(ID, 0x0023, &[0x55, 0xAA, 0x00])[HEADER..], [0x55, 0xAA, 0x00]);
    }

    #[test]
    fn every_header_field_is_escaped_too() {
        // The high byte of the length behind the head, its low byte before the sum, the sum before the id, the id itself,
        // and the command before the payload.
        for (len, id, command, first) in [
            (0xAA00 - 5, 1, 0x0023, 0x00),
            (0x5500 - 5, 1, 0x0023, 0x00),
            (0x00AA - 5, 0x5500, 0x0031, 0x24),
            (0x0020, 0xAA01, 0x0023, 0xDC),
            (0x0020, 0xAAAA, 0x0023, 0x00),
            (0x0020, 0x01AA, 0xAA23, 0x00),
            (0x0020, 0x01AA, 0x5523, 0x00),
            (0x0020, 1, 0x01AA, 0xAA),
            (0x0020, 1, 0x01AA, 0x55),
        ] {
            let mut payload = vec![0; len];
            payload[0] = first;
            let id = PackageId::new(id).unwrap();
            let mut frame = sealed(id, command, &payload);
            assert!(frame.len() > HEADER + len, "{id:?} {command:#06x}: nothing was escaped");
            assert_eq!(open(&mut frame), Ok(Frame { id, command, payload: &payload }));
        }
    }

    #[test]
    fn what_is_sealed_in_place_opens_to_the_same() {
        let mut random = Rng::with_seed(3);
        for _ in 0..100_000 {
            // Mostly bytes that have to do with escaping.
            let choice = [0xAA, 0x55, 0x00, 0xAA, 0x55, random.u8(..)];
            let payload: Vec<u8> = (0..random.usize(..40)).map(|_| choice[random.usize(..6)]).collect();
            let id = PackageId::new(random.u16(1..=0xFFFE)).unwrap();
            let command = random.u16(..);

            let mut frame = sealed(id, command, &payload);
            assert!(frame[2..].windows(2).all(|pair| pair != [0xAA, 0xAA]), "{frame:02x?}");
            assert_eq!(open(&mut frame), Ok(Frame { id, command, payload: &payload }));
        }
    }

    #[test]
    fn a_buffer_without_room_for_the_escapes_is_refused() {
        let payload = [0xAA; 10];
        let needed = HEADER + 2 * payload.len();
        for room in 0..needed {
            let mut buf = vec![0; room];
            buf.iter_mut().skip(HEADER).zip(payload).for_each(|(to, from)| *to = from);
            assert_eq!(seal(&mut buf, payload.len(), ID, 0x0023), Err(BufferFull), "{room} bytes");
        }
        assert_eq!(sealed(ID, 0x0023, &payload).len(), needed);
    }

    #[test]
    fn a_payload_longer_than_the_length_field_is_refused() {
        let longest = 0xFFFF - 5;
        let mut buf = vec![0; longest + HEADER + 1];
        assert_eq!(seal(&mut buf, longest + 1, ID, 0x0023), Err(BufferFull));
        assert_eq!(seal(&mut buf, longest, ID, 0x0023), Ok(longest + HEADER));
        assert_eq!(seal(&mut buf, usize::MAX, ID, 0x0023), Err(BufferFull));
    }

    #[test]
    fn a_dropped_frame_is_reported_with_its_fault_and_id() {
        let good = sealed(PackageId::new(7).unwrap(), 0x0013, &[0x00, 0x09]);

        let changed = |at: usize, byte: u8| {
            let mut frame = good.clone();
            frame[at] = byte;
            frame
        };
        assert_eq!(fault(&changed(1, 0xAB)), (Fault::Head, None));
        assert_eq!(fault(&changed(3, 8)), (Fault::Length, Some(7)));
        assert_eq!(fault(&changed(3, 4)), (Fault::Length, Some(7)));
        assert_eq!(fault(&changed(10, 0x08)), (Fault::Sum, Some(7)));
        assert_eq!(fault(&good[..8]), (Fault::Length, Some(7)));
        assert_eq!(fault(&good[..6]), (Fault::Length, None));
        assert_eq!(fault(&[0xAA, 0xAA, 0, 5, 0x13, 0, 0, 0, 0x13]), (Fault::Id, None));
        assert_eq!(fault(&[]), (Fault::Head, None));
    }

    #[test]
    fn faults_have_the_exception_codes_of_the_protocol() {
        let code = |fault| FrameError { fault, id: None }.code();
        assert_eq!([Fault::Head, Fault::Length, Fault::Sum, Fault::Id].map(code), [1, 2, 3, 1]);
    }

    #[test]
    fn unescaped_aa_and_bytes_behind_the_frame_are_tolerated() {
        let mut frame = [0xAA, 0xAA, 0, 8, 0x78, 0, 1, 0, 0x23, 0xAA, 0xAA, 0x00, b'x', b'y'];
        assert_eq!(open(&mut frame).map(|frame| frame.payload.to_vec()), Ok(vec![0xAA, 0xAA, 0x00]));
    }

    #[test]
    fn random_bytes_are_dropped_or_taken_but_never_a_surprise() {
        let mut random = Rng::with_seed(4);
        for _ in 0..200_000 {
            let mut frame = sealed(ID, 0x0023, &random.u64(..).to_be_bytes());
            for _ in 0..random.u8(..3) {
                let at = random.usize(..frame.len());
                frame[at] = [0xAA, 0x55, 0, random.u8(..)][random.usize(..4)];
            }
            frame.truncate(random.usize(..=frame.len()));
            let len = frame.len();
            if let Ok(opened) = open(&mut frame) {
                assert!(opened.payload.len() + HEADER <= len);
            }
        }
    }
}
