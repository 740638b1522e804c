//! Messages to the Center, kept until it has acknowledged them.

use crate::device::limits;
use crate::mqtt::packet::{PacketId, QoS};
use qth_protocol::command::{self, Class};
use qth_protocol::frame::{self, PackageId};
use qth_protocol::ota::Status;

/// There is no room for the message; nothing was queued.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full;

/// Whom an acknowledgement concerns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sender {
    /// Nobody waits for it.
    Nobody,
    /// The upgrade: the report with this status code arrived.
    Upgrade(Status),
}

/// Where a message is on its way.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Waiting,
    /// Given to MQTT under this packet id.
    InFlight(u16),
    /// Was in flight when the connection was lost: goes out again as a duplicate.
    Again(u16),
}

/// Length, class and QoS, sender, way (tag and packet id).
pub const HEAD: usize = 2 + 1 + 1 + 3;

/// A queue of sealed frames in one buffer, in the order in which they are sent.
pub struct Outbox {
    bytes: [u8; limits::OUTBOX],
    used: usize,
    /// Package id of the last message of our own.
    last_id: PackageId,
}

/// A message that is due to be sent.
pub struct Due<'a> {
    /// Class of its topic.
    pub class: Class,
    /// Quality of service.
    pub qos: QoS,
    /// The packet id under which it was sent before.
    pub again: Option<PacketId>,
    /// The sealed frame.
    pub frame: &'a [u8],
}

impl Outbox {
    /// An empty queue.
    #[must_use]
    pub const fn new() -> Self {
        Self { bytes: [0; limits::OUTBOX], used: 0, last_id: PackageId::NONE }
    }

    /// Room for the payload of the next message; [`Outbox::commit`] queues what was written there.
    pub fn payload(&mut self) -> &mut [u8] {
        self.bytes.get_mut(self.used.saturating_add(HEAD).saturating_add(frame::HEADER)..).unwrap_or_default()
    }

    /// Queues the `length` bytes written to [`Outbox::payload`] with the next package id and the command's own QoS; returns
    /// whether there was room.
    pub fn queue(&mut self, length: usize, command: u16, sender: Sender) -> bool {
        let qos = match command::sender(command) {
            Some(command::Sender::Device(0)) => QoS::AtMostOnce,
            Some(command::Sender::Device(1)) => QoS::AtLeastOnce,
            _ => QoS::ExactlyOnce,
        };
        self.queue_with(length, command, qos, sender)
    }

    /// Queues the same with a QoS of the application's choice; returns whether there was room.
    pub fn queue_with(&mut self, length: usize, command: u16, qos: QoS, sender: Sender) -> bool {
        let id = self.last_id.next();
        let queued = length <= limits::MESSAGE && self.commit(length, id, command, qos, sender).is_ok();
        if queued {
            self.last_id = id;
        }
        queued
    }

    /// Queues an answer, which carries the request's package id; returns whether there was room. Without an answer the Center
    /// asks again.
    pub fn answer(&mut self, length: usize, id: PackageId, command: u16) -> bool {
        self.commit(length, id, command, QoS::AtMostOnce, Sender::Nobody).is_ok()
    }

    /// Seals the `length` bytes written to [`Outbox::payload`] into a frame and queues it.
    pub fn commit(&mut self, length: usize, id: PackageId, command: u16, qos: QoS, sender: Sender) -> Result<(), Full> {
        let entry = self.bytes.get_mut(self.used..).ok_or(Full)?;
        let (head, room) = entry.split_at_mut_checked(HEAD).ok_or(Full)?;
        let sealed = frame::seal(room, length, id, command).map_err(|_| Full)?;
        if sealed > limits::FRAME {
            return Err(Full);
        }
        let total = HEAD.saturating_add(sealed);
        let class = command::class(command).ok_or(Full)?;
        let [l0, l1] = (total as u16).to_le_bytes();
        let sender = match sender {
            Sender::Nobody => 0,
            Sender::Upgrade(status) => status as u8,
        };
        head.copy_from_slice(&[l0, l1, ((class as u8) << 4) | qos as u8, sender, 0, 0, 0]);
        self.used = self.used.saturating_add(total);
        Ok(())
    }

    /// The oldest message that is not in flight.
    #[must_use]
    pub fn due(&self) -> Option<Due<'_>> {
        let (at, length) = self.find(|way| !matches!(way, Way::InFlight(_)))?;
        let entry = self.bytes.get(at..at.checked_add(length)?)?;
        let (head, frame) = entry.split_at_checked(HEAD)?;
        let &[_, _, kind, ..] = head else { return None };
        let again = match way(head) {
            Way::Again(id) => PacketId::new(id),
            _ => None,
        };
        Some(Due { class: class(kind), qos: qos(kind), again, frame })
    }

    /// The due message was given to MQTT: under `id`, or for good when its QoS is 0.
    pub fn sent(&mut self, id: Option<PacketId>) {
        let Some((at, length)) = self.find(|way| !matches!(way, Way::InFlight(_))) else { return };
        match id {
            Some(id) => self.set_way(at, 1, id.get()),
            None => self.remove(at, length),
        }
    }

    /// MQTT says that the message sent under `id` has arrived.
    pub fn acknowledged(&mut self, id: PacketId) -> Option<Sender> {
        let (at, length) = self.find(|way| way == Way::InFlight(id.get()))?;
        let status = Status::from_code(self.bytes.get(at.checked_add(3)?).copied()?);
        let sender = status.map_or(Sender::Nobody, Sender::Upgrade);
        self.remove(at, length);
        Some(sender)
    }

    /// The connection is lost: what was in flight goes out again after the next subscription.
    pub fn disconnected(&mut self) {
        let mut at = 0;
        while let Some(length) = self.length(at) {
            if let Some(Way::InFlight(id)) =
                self.bytes.get(at..).and_then(|entry| entry.first_chunk::<HEAD>()).map(|head| way(head))
            {
                self.set_way(at, 2, id);
            }
            at = at.saturating_add(length);
        }
    }

    /// Returns whether a report of this status waits or is in flight.
    #[must_use]
    pub fn holds(&self, status: Status) -> bool {
        let mut at = 0;
        while let Some(length) = self.length(at) {
            if self.bytes.get(at.saturating_add(3)) == Some(&(status as u8)) {
                return true;
            }
            at = at.saturating_add(length);
        }
        false
    }

    /// Returns whether room is left for a message of the application with `length` bytes of payload.
    #[must_use]
    pub fn has_room(&self, length: usize) -> bool {
        let used = self.used.saturating_add(length).saturating_add(HEAD + frame::HEADER);
        used <= limits::OUTBOX - limits::OUTBOX_RESERVE
    }

    /// Forgets all messages.
    pub fn clear(&mut self) {
        self.used = 0;
    }

    /// Returns whether nothing waits and nothing is in flight.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.used == 0
    }

    fn find(&self, wanted: impl Fn(Way) -> bool) -> Option<(usize, usize)> {
        let mut at = 0;
        while let Some(length) = self.length(at) {
            let head = self.bytes.get(at..)?.first_chunk::<HEAD>()?;
            if wanted(way(head)) {
                return Some((at, length));
            }
            at = at.saturating_add(length);
        }
        None
    }

    /// Length of the entry at `at`; `None` at the end.
    fn length(&self, at: usize) -> Option<usize> {
        let &[l0, l1] = self.bytes.get(at..self.used)?.first_chunk()?;
        Some(usize::from(u16::from_le_bytes([l0, l1])))
    }

    fn set_way(&mut self, at: usize, tag: u8, id: u16) {
        let [i0, i1] = id.to_le_bytes();
        if let Some(head) = self.bytes.get_mut(at..).and_then(|entry| entry.first_chunk_mut::<HEAD>()) {
            let [_, _, _, _, way @ ..] = head;
            *way = [tag, i0, i1];
        }
    }

    fn remove(&mut self, at: usize, length: usize) {
        self.bytes.copy_within(at.saturating_add(length)..self.used, at);
        self.used = self.used.saturating_sub(length);
    }
}

impl Default for Outbox {
    fn default() -> Self {
        Self::new()
    }
}

fn way(head: &[u8]) -> Way {
    match *head {
        [_, _, _, _, 1, i0, i1, ..] => Way::InFlight(u16::from_le_bytes([i0, i1])),
        [_, _, _, _, 2, i0, i1, ..] => Way::Again(u16::from_le_bytes([i0, i1])),
        _ => Way::Waiting,
    }
}

fn class(kind: u8) -> Class {
    match kind >> 4 {
        0 => Class::Sys,
        1 => Class::Bus,
        _ => Class::Ota,
    }
}

fn qos(kind: u8) -> QoS {
    match kind & 3 {
        0 => QoS::AtMostOnce,
        1 => QoS::AtLeastOnce,
        _ => QoS::ExactlyOnce,
    }
}
