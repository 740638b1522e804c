//! The server's side of MQTT, as little of it as a Center needs: packets of a client in, packets to it out.

/// A packet of a client.
#[derive(Debug)]
pub enum Packet {
    /// CONNECT.
    Connect {
        /// What the device proves its identity by.
        password: Vec<u8>,
    },
    /// SUBSCRIBE.
    Subscribe {
        /// Packet id.
        id: [u8; 2],
    },
    /// PUBLISH.
    Publish {
        /// Quality of service.
        qos: u8,
        /// Packet id; zeros with QoS 0.
        id: [u8; 2],
        /// Name of the topic.
        topic: String,
        /// Content.
        payload: Vec<u8>,
    },
    /// PUBREL.
    Release {
        /// Packet id.
        id: [u8; 2],
    },
    /// PINGREQ.
    Ping,
    /// DISCONNECT.
    Disconnect,
    /// PUBACK, PUBREC, PUBCOMP.
    Answer,
}

/// Takes the first whole packet off `bytes`.
///
/// # Panics
/// It is not one that a device writes.
pub fn take(bytes: &mut Vec<u8>) -> Option<Packet> {
    let whole = qth::mqtt::packet::length(bytes).expect("a device writes well-formed packets")?;
    if bytes.len() < whole {
        return None;
    }
    let packet: Vec<u8> = bytes.drain(..whole).collect();
    let body = &packet[1 + packet[1..].iter().position(|byte| byte & 0x80 == 0).unwrap() + 1..];
    let text = |at: usize| {
        let length = usize::from(u16::from_be_bytes([body[at], body[at + 1]]));
        (&body[at + 2..at + 2 + length], at + 2 + length)
    };
    Some(match packet[0] >> 4 {
        1 => {
            let (_, after_id) = text(10);
            assert_eq!(body[7], 0b0100_0010, "a password without a user name, a clean session");
            Packet::Connect { password: text(after_id).0.to_vec() }
        }
        3 => {
            let qos = (packet[0] >> 1) & 3;
            let (topic, mut at) = text(0);
            let topic = String::from_utf8(topic.to_vec()).unwrap();
            let mut id = [0, 0];
            if qos > 0 {
                id = [body[at], body[at + 1]];
                at += 2;
            }
            Packet::Publish { qos, id, topic, payload: body[at..].to_vec() }
        }
        6 => Packet::Release { id: [body[0], body[1]] },
        8 => Packet::Subscribe { id: [body[0], body[1]] },
        12 => Packet::Ping,
        14 => Packet::Disconnect,
        _ => Packet::Answer,
    })
}

/// Returns a PUBLISH with QoS 1.
#[must_use]
pub fn publish(id: u16, dup: bool, topic: &str, payload: &[u8]) -> Vec<u8> {
    let mut body = (topic.len() as u16).to_be_bytes().to_vec();
    body.extend(topic.as_bytes());
    body.extend(id.to_be_bytes());
    body.extend(payload);
    let mut packet = vec![if dup { 0x3A } else { 0x32 }];
    let mut rest = body.len();
    loop {
        packet.push((rest & 0x7F) as u8 | if rest > 0x7F { 0x80 } else { 0 });
        rest >>= 7;
        if rest == 0 {
            break;
        }
    }
    packet.extend(body);
    packet
}
