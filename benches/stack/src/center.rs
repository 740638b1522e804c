//! A Center for one device and one upgrade, and the server that has its file.

use crate::board::{MODULE, VERSIONS};
use heapless::Vec;
use qth::mqtt::packet::{self, Incoming, Publish, QoS};
use qth_protocol::frame::{self, PackageId};
use qth_protocol::ota::{id, Status};
use qth_protocol::{command, ttlv};

/// Room for what is on its way to the device.
const ROOM: usize = 4096;

/// A file, and the digests that the Center names.
#[derive(Clone, Copy)]
pub struct File<'a> {
    pub bytes: &'a [u8],
    pub md5: &'a str,
    pub crc32: &'a str,
}

/// The Center, and the server of the file.
pub struct Center<'a> {
    file: File<'a>,
    /// Bytes for the device, of the Center and of the server.
    pub sending: [Vec<u8, ROOM>; 2],
    received: [Vec<u8, ROOM>; 2],
    /// The plan was offered.
    is_offered: bool,
    /// The device has reported that it is upgraded.
    pub is_done: bool,
    /// It has reported a failure.
    pub has_failed: bool,
}

impl<'a> Center<'a> {
    pub fn new(file: File<'a>) -> Self {
        Self {
            file,
            sending: [Vec::new(), Vec::new()],
            received: [Vec::new(), Vec::new()],
            is_offered: false,
            is_done: false,
            has_failed: false,
        }
    }

    /// What was on its way is lost.
    pub fn disconnect(&mut self, link: usize) {
        self.sending[link].clear();
        self.received[link].clear();
    }

    /// Bytes of the device's connection with the Center.
    pub fn take(&mut self, bytes: &[u8]) -> Option<()> {
        self.received[0].extend_from_slice(bytes).ok()?;
        while let Ok(Some(length)) = packet::length(&self.received[0]) {
            let mut packet = Vec::<u8, ROOM>::from_slice(self.received[0].get(..length)?).ok()?;
            self.received[0].copy_within(length.., 0);
            let left = self.received[0].len() - length;
            self.received[0].truncate(left);
            self.answer(&mut packet)?;
        }
        Some(())
    }

    fn answer(&mut self, packet: &mut [u8]) -> Option<()> {
        match packet.first()? >> 4 {
            1 => self.send(&[0x20, 2, 0, 0]),
            8 => {
                self.send(&[0x90, 3, packet[2], packet[3], 1])?;
                self.publish(command::CONFIG, |writer| _ = writer.text(5, "550fb4d299941da367a28636dbc70bf7"))
            }
            3 => {
                let Ok(Incoming::Publish { qos, id, payload, .. }) = packet::read(packet) else { return None };
                let [high, low] = id.map_or([0, 0], |id| id.get().to_be_bytes());
                match qos {
                    QoS::AtMostOnce => {}
                    QoS::AtLeastOnce => self.send(&[0x40, 2, high, low])?,
                    QoS::ExactlyOnce => self.send(&[0x50, 2, high, low])?,
                }
                let frame = frame::open(payload).ok()?;
                self.hear(frame.command, frame.payload)
            }
            6 => self.send(&[0x70, 2, packet[2], packet[3]]),
            _ => Some(()),
        }
    }

    fn hear(&mut self, command: u16, payload: &[u8]) -> Option<()> {
        let status = ttlv::find(payload, id::STATUS).and_then(|status| status.as_i64());
        match command {
            command::INFO_REPORT if !self.is_offered => {
                self.is_offered = true;
                self.publish(command::OTA_PLAN, |writer| {
                    writer.text(id::COMPONENT, MODULE).text(id::SOURCE_VERSION, VERSIONS[0]);
                    writer.text(id::TARGET_VERSION, VERSIONS[1]).int(id::KIND, 0).int(id::BATTERY, 30).int(id::CONTROL, 1);
                })
            }
            command::OTA_STATUS if status == Some(Status::Confirmed as i64) => {
                let file = self.file;
                self.publish(command::OTA_FIRMWARE, |writer| {
                    writer.text(id::URL, "http://server/file").int(id::SIZE, file.bytes.len() as i64).text(id::MD5, file.md5);
                    writer.text(id::COMPONENT, MODULE).text(id::TARGET_VERSION, VERSIONS[1]).int(id::KIND, 0);
                    writer.text(id::CRC32, file.crc32);
                })
            }
            command::OTA_STATUS => {
                self.is_done |= status == Some(Status::Updated as i64);
                self.has_failed |= status == Some(Status::Failed as i64) || status == Some(Status::DownloadFailed as i64);
                Some(())
            }
            _ => Some(()),
        }
    }

    fn publish(&mut self, command: u16, write: impl FnOnce(&mut ttlv::Writer<'_>)) -> Option<()> {
        let mut message = [0; 1024];
        let mut writer = ttlv::Writer::new(message.get_mut(frame::HEADER..)?);
        write(&mut writer);
        let length = writer.finish().ok()?;
        let length = frame::seal(&mut message, length, PackageId::FIRST, command).ok()?;
        let publish = Publish { topic: "q/1/d/x/bus", qos: QoS::AtMostOnce, retain: false, dup: false, id: None };
        let mut packet = [0; 1152];
        let written = packet::write_publish(&mut packet, &publish, None, &mut |room| {
            room.get_mut(..length)?.copy_from_slice(message.get(..length)?);
            Some(length)
        });
        self.send(packet.get(..written?)?)
    }

    fn send(&mut self, bytes: &[u8]) -> Option<()> {
        self.sending[0].extend_from_slice(bytes).ok()
    }

    /// Bytes of the device's connection with the server: a request for a range.
    pub fn serve(&mut self, bytes: &[u8]) -> Option<()> {
        self.received[1].extend_from_slice(bytes).ok()?;
        if !self.received[1].ends_with(b"\r\n\r\n") {
            return Some(());
        }
        let request = core::str::from_utf8(&self.received[1]).ok()?;
        let (_, range) = request.split_once("bytes=")?;
        let (first, last) = range.split("\r\n").next()?.split_once('-')?;
        let (first, last) = (first.parse::<usize>().ok()?, last.parse::<usize>().ok()?);
        let part = self.file.bytes.get(first..=last)?;
        let mut head = heapless::String::<256>::new();
        core::fmt::write(
            &mut head,
            format_args!(
                "HTTP/1.1 206 Partial Content\r\nContent-Length: {}\r\nContent-Range: bytes {first}-{last}/{}\r\n\r\n",
                part.len(),
                self.file.bytes.len()
            ),
        )
        .ok()?;
        self.received[1].clear();
        self.sending[1].extend_from_slice(head.as_bytes()).ok()?;
        self.sending[1].extend_from_slice(part).ok()
    }
}
