//! What the application is told, in order.

use crate::device::limits;
use qth_protocol::frame;

/// Event numbers of `devEvent` (Python module, "Callbacks").
pub mod topic {
    /// The network.
    pub const NETWORK: u8 = 1;
    /// The interaction with the Center; result 0: connected and ready.
    pub const CENTER: u8 = 2;
    /// The outcome of `reset()`.
    pub const RESET: u8 = 3;
}

/// One event for the application. Bytes are valid until the event is taken off the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event<'a> {
    /// `devEvent`: a number of [`topic`] and 0 or an error code.
    Device(u8, i32),
    /// `recvTrans`: transparent data.
    Transparent(&'a [u8]),
    /// `recvTsl`: a TTLV message.
    Tsl(&'a [u8]),
    /// `readTsl`: the package id to answer with, and the ids as 2-byte numbers.
    ReadTsl(u16, &'a [u8]),
    /// `readTslServer`: the package id to answer with, and a TTLV message that holds the service's struct.
    ReadService(u16, &'a [u8]),
    /// `otaPlan`: a plan is there; its text is the device's to give.
    Plan,
    /// `fotaResult`: success, and the component's name.
    Result(bool, &'a [u8]),
    /// The MCU's `infoCB`: the payload of the file information.
    McuInfo(&'a [u8]),
    /// The package of this component is there, and can be read.
    McuPackage(&'a [u8]),
    /// The MCU's `resultCB`: success, and the component's name.
    McuResult(bool, &'a [u8]),
}

/// Number of [`Event::McuInfo`] in the queue.
const MCU_INFO: u8 = 16;
const LENGTH: usize = 2;
const HEAD: usize = LENGTH + 1 + 4;
// A message's event is no larger than its packet, which has a topic and a frame's head besides.
const _: () = assert!(HEAD <= frame::HEADER);

/// A queue of events in one buffer.
pub struct Events {
    bytes: [u8; limits::EVENTS],
    used: usize,
}

impl Events {
    /// An empty queue.
    #[must_use]
    pub const fn new() -> Self {
        Self { bytes: [0; limits::EVENTS], used: 0 }
    }

    /// Puts an event at the end; false when there is no room for it.
    pub fn push(&mut self, event: Event<'_>) -> bool {
        let (kind, number, payload): (u8, i32, &[u8]) = match event {
            Event::Device(topic, result) => (topic, result, &[]),
            Event::Transparent(bytes) => (10, 0, bytes),
            Event::Tsl(bytes) => (11, 0, bytes),
            Event::ReadTsl(id, ids) => (12, i32::from(id), ids),
            Event::ReadService(id, bytes) => (13, i32::from(id), bytes),
            Event::Plan => (14, 0, &[]),
            Event::Result(success, name) => (15, i32::from(success), name),
            Event::McuInfo(bytes) => (MCU_INFO, 0, bytes),
            Event::McuResult(success, name) => (17, i32::from(success), name),
            Event::McuPackage(name) => (18, 0, name),
        };
        self.push_with(kind, number, |room| {
            room.get_mut(..payload.len())?.copy_from_slice(payload);
            Some(payload.len())
        })
    }

    /// Puts [`Event::McuInfo`] at the end, whose bytes `write` puts straight into the room that it is given; false when there is
    /// none for them, or `write` has none.
    pub fn push_mcu_info(&mut self, write: impl FnOnce(&mut [u8]) -> Option<usize>) -> bool {
        self.push_with(MCU_INFO, 0, write)
    }

    fn push_with(&mut self, kind: u8, number: i32, write: impl FnOnce(&mut [u8]) -> Option<usize>) -> bool {
        let Some((head, room)) = self.bytes.get_mut(self.used..).and_then(|free| free.split_first_chunk_mut::<HEAD>()) else {
            return false;
        };
        let Some(length) = write(room).and_then(|length| length.checked_add(HEAD)) else { return false };
        let [l0, l1] = (length as u16).to_le_bytes();
        let [n0, n1, n2, n3] = number.to_le_bytes();
        *head = [l0, l1, kind, n0, n1, n2, n3];
        self.used = self.used.saturating_add(length);
        true
    }

    /// The oldest event.
    #[must_use]
    pub fn front(&self) -> Option<Event<'_>> {
        let entry = self.bytes.get(..self.front_len()?)?;
        let (head, payload) = entry.split_at_checked(HEAD)?;
        let &[_, _, kind, n0, n1, n2, n3] = head else { return None };
        let number = i32::from_le_bytes([n0, n1, n2, n3]);
        Some(match kind {
            10 => Event::Transparent(payload),
            11 => Event::Tsl(payload),
            12 => Event::ReadTsl(number as u16, payload),
            13 => Event::ReadService(number as u16, payload),
            14 => Event::Plan,
            15 => Event::Result(number != 0, payload),
            MCU_INFO => Event::McuInfo(payload),
            17 => Event::McuResult(number != 0, payload),
            18 => Event::McuPackage(payload),
            topic => Event::Device(topic, number),
        })
    }

    /// Takes the oldest event off the queue.
    pub fn pop(&mut self) {
        if let Some(length) = self.front_len() {
            self.bytes.copy_within(length..self.used, 0);
            self.used = self.used.saturating_sub(length);
        }
    }

    /// Forgets all events.
    pub fn clear(&mut self) {
        self.used = 0;
    }

    /// Returns whether there is room for what comes of an MQTT packet of this length: of small ones until the queue is half full, of
    /// the largest when it is empty. The rest is for events of the device's own.
    #[must_use]
    pub fn has_room(&self, packet: usize) -> bool {
        self.used == 0 || self.used.saturating_add(packet) <= limits::EVENTS / 2
    }

    fn front_len(&self) -> Option<usize> {
        let &[l0, l1] = self.bytes.get(..self.used)?.first_chunk()?;
        Some(usize::from(u16::from_le_bytes([l0, l1])))
    }
}

impl Default for Events {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_come_out_in_the_order_they_went_in() {
        let all = [
            Event::Device(topic::CENTER, -17921),
            Event::Transparent(b"abc"),
            Event::ReadTsl(65534, &[0, 1]),
            Event::Plan,
            Event::Result(true, b"EC600N"),
            Event::McuResult(false, b""),
            Event::McuPackage(b"APP"),
        ];
        let mut events = Events::new();
        for event in all {
            assert!(events.push(event));
        }
        for event in all {
            assert_eq!(events.front(), Some(event));
            events.pop();
        }
        assert_eq!(events.front(), None);
    }

    #[test]
    fn a_full_queue_refuses_and_keeps_what_it_has() {
        let mut events = Events::new();
        let half = [7; limits::EVENTS / 2];
        assert!(events.push(Event::Tsl(&half)));
        assert!(!events.push(Event::Tsl(&half)));
        assert_eq!(events.front(), Some(Event::Tsl(&half)));
    }

    #[test]
    fn the_largest_message_has_room_in_an_empty_queue_and_small_ones_until_it_is_half_full() {
        let mut events = Events::new();
        let packet = HEAD + 100;
        while events.has_room(packet) {
            assert!(!events.has_room(limits::PACKET_IN) || events.front().is_none());
            assert!(events.push(Event::Tsl(&[7; 100])));
        }
        assert!(events.used > limits::EVENTS / 3 && events.used <= limits::EVENTS / 2);
        while events.front().is_some() {
            events.pop();
        }
        assert!(events.has_room(limits::PACKET_IN));
        assert!(events.push(Event::Tsl(&[7; limits::PACKET_IN - HEAD])));
        for _ in 0..8 {
            assert!(events.push(Event::Device(topic::CENTER, 0)), "the device's own");
        }
    }
}
