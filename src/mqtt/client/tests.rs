//! Sessions, packet by packet.

use super::*;
use std::vec::Vec;

type Session = Client<256, 256>;

const START: Instant = Instant::from_millis(1_000);
const ACCEPTED: [u8; 4] = [0x20, 2, 0, 0];
const CONNECT: Connect =
    Connect { client_id: "qd1", user_name: None, password: Some(b"pw"), keep_alive: 60, clean_session: true };

fn publish(qos: QoS) -> Publish<'static> {
    Publish { topic: "t", qos, retain: false, dup: false, id: None }
}

/// All that waits for the transport, which takes it.
fn sent(session: &mut Session, now: Instant) -> Vec<u8> {
    let bytes = session.transmit().to_vec();
    session.transmitted(now, bytes.len());
    bytes
}

fn received(session: &mut Session, bytes: &[u8]) {
    assert_eq!(session.received(bytes), bytes.len());
}

fn connected() -> Session {
    let mut session = Session::new();
    session.connect(START, &CONNECT).unwrap();
    sent(&mut session, START);
    received(&mut session, &ACCEPTED);
    assert_eq!(session.poll(START), Some(Event::Connected { session_present: false }));
    session
}

#[test]
fn a_refusal_ends_the_session_with_its_return_code() {
    for code in 1..=5 {
        let mut session = Session::new();
        session.connect(START, &CONNECT).unwrap();
        received(&mut session, &[0x20, 2, 0, code]);
        assert_eq!(session.poll(START), Some(Event::Refused(code)));
        assert_eq!(session.publish(&publish(QoS::AtMostOnce), b""), Err(Error::WrongState));
    }
}

#[test]
fn an_answer_that_does_not_come_is_noticed_after_twenty_seconds() {
    let mut session = Session::new();
    session.connect(START, &CONNECT).unwrap();
    assert_eq!(session.poll_at(), Some(START.after_secs(20)));
    session.timeout(START.after_millis(19_999));
    assert_eq!(session.poll(START), None);
    session.timeout(START.after_secs(20));
    assert_eq!(session.poll(START), Some(Event::Failed(Error::TimedOut)));

    let mut session = connected();
    session.subscribe(START, "q/+", QoS::AtLeastOnce).unwrap();
    session.timeout(START.after_secs(20));
    assert_eq!(session.poll(START), Some(Event::Failed(Error::TimedOut)));
}

#[test]
fn the_time_for_answers_grows_with_the_round_trip_that_was_measured() {
    let mut session = Session::new();
    session.connect(START, &CONNECT).unwrap();
    sent(&mut session, START);
    let now = START.after_secs(7);
    received(&mut session, &ACCEPTED);
    assert_eq!(session.poll(now), Some(Event::Connected { session_present: false }));
    session.subscribe(now, "q/+", QoS::AtLeastOnce).unwrap();
    assert_eq!(session.poll_at(), Some(now.after_secs(28)));
    session.timeout(now.after_secs(28));
    assert_eq!(session.poll(now), Some(Event::Failed(Error::TimedOut)));
    session.reset();
    session.connect(now, &CONNECT).unwrap();
    assert_eq!(session.poll_at(), Some(now.after_secs(56)), "in vain: it waits twice as long");
}

#[test]
fn the_time_for_answers_doubles_with_each_that_does_not_come_up_to_two_minutes() {
    let mut session = Session::new();
    let times: Vec<u64> = (0..5)
        .map(|_| {
            session.reset();
            session.connect(START, &CONNECT).unwrap();
            let at = session.poll_at().unwrap();
            session.timeout(at);
            at.millis_since(START) / 1000
        })
        .collect();
    assert_eq!(times, [20, 40, 80, 120, 120]);
}

#[test]
fn a_subscription_is_granted_or_refused() {
    for (code, granted) in [(0, Some(QoS::AtMostOnce)), (1, Some(QoS::AtLeastOnce)), (0x80, None)] {
        let mut session = connected();
        let id = session.subscribe(START, "q/+", QoS::AtLeastOnce).unwrap();
        assert_eq!(sent(&mut session, START), [0x82, 8, 0, 1, 0, 3, b'q', b'/', b'+', 1]);
        received(&mut session, &[0x90, 3, 0, 1, code]);
        assert_eq!(session.poll(START), Some(Event::Subscribed { id, granted }));
    }
}

#[test]
fn a_ping_goes_out_after_a_minute_of_silence_and_must_be_answered() {
    let mut session = connected();
    let later = START.after_secs(30);
    session.publish(&publish(QoS::AtMostOnce), b"x").unwrap();
    sent(&mut session, later);
    let due = later.after_secs(60);
    assert_eq!(session.poll_at(), Some(due));
    session.timeout(due);
    assert_eq!(sent(&mut session, due), packet::PING);
    received(&mut session, &[0xD0, 0]);
    assert_eq!(session.poll(due), None);
    assert_eq!(session.poll_at(), Some(due.after_secs(60)));

    session.timeout(due.after_secs(60));
    sent(&mut session, due.after_secs(60));
    session.timeout(due.after_secs(80));
    assert_eq!(session.poll(due), Some(Event::Failed(Error::KeepAlive)));
}

#[test]
fn a_message_with_qos_1_is_the_servers_once_it_is_acknowledged() {
    let mut session = connected();
    let id = session.publish(&publish(QoS::AtLeastOnce), b"x").unwrap().unwrap();
    assert_eq!(sent(&mut session, START), [0x32, 6, 0, 1, b't', 0, 1, b'x']);
    received(&mut session, &[0x40, 2, 0, 1]);
    assert_eq!(session.poll(START), Some(Event::Acknowledged(id)));
    assert_eq!(session.poll(START), None);
}

#[test]
fn a_message_with_qos_2_is_the_servers_once_it_is_received_and_is_released_then() {
    let mut session = connected();
    let id = session.publish(&publish(QoS::ExactlyOnce), b"x").unwrap().unwrap();
    sent(&mut session, START);
    received(&mut session, &[0x50, 2, 0, 1]);
    assert_eq!(session.poll(START), Some(Event::Acknowledged(id)));
    assert_eq!(sent(&mut session, START), [0x62, 2, 0, 1]);
    received(&mut session, &[0x70, 2, 0, 1]);
    assert_eq!(session.poll(START), None);
}

#[test]
fn an_incoming_message_is_acknowledged_only_after_it_was_handed_out() {
    for (first, answer) in [(0x32, 0x40), (0x34, 0x50)] {
        let mut session = connected();
        received(&mut session, &[first, 6, 0, 1, b't', 0, 9, b'x']);
        assert!(session.transmit().is_empty());
        assert!(matches!(session.poll(START), Some(Event::Message { topic: "t", payload: [b'x'], .. })));
        assert_eq!(sent(&mut session, START), [answer, 2, 0, 9]);
    }
}

#[test]
fn a_repeated_message_with_qos_2_is_handed_out_once_until_it_is_released() {
    let mut session = connected();
    let mut bytes = [0x34, 6, 0, 1, b't', 0, 9, b'x'];
    received(&mut session, &bytes);
    assert!(matches!(session.poll(START), Some(Event::Message { .. })));
    bytes[0] |= 8;
    received(&mut session, &bytes);
    assert_eq!(session.poll(START), None);
    assert_eq!(sent(&mut session, START), [0x50, 2, 0, 9, 0x50, 2, 0, 9]);
    received(&mut session, &[0x62, 2, 0, 9]);
    assert_eq!(session.poll(START), None);
    assert_eq!(sent(&mut session, START), [0x70, 2, 0, 9]);
    bytes[0] &= !8;
    received(&mut session, &bytes);
    assert!(matches!(session.poll(START), Some(Event::Message { .. })));
}

#[test]
fn no_more_than_eight_messages_are_unacknowledged_and_each_has_an_identifier_of_its_own() {
    let mut session = connected();
    let mut ids = Vec::new();
    for _ in 0..IN_FLIGHT {
        ids.push(session.publish(&publish(QoS::AtLeastOnce), b"").unwrap().unwrap());
    }
    assert_eq!(session.publish(&publish(QoS::AtLeastOnce), b""), Err(Error::Busy));
    assert!(session.publish(&publish(QoS::AtMostOnce), b"").is_ok());
    assert!(ids.iter().all(|id| ids.iter().filter(|other| *other == id).count() == 1));
    sent(&mut session, START);
    received(&mut session, &packet::answer(Answer::PubAck, ids[3]));
    assert_eq!(session.poll(START), Some(Event::Acknowledged(ids[3])));
    assert!(session.publish(&publish(QoS::AtLeastOnce), b"").is_ok());
}

#[test]
fn after_a_reconnect_a_message_goes_out_again_as_a_duplicate_under_its_old_identifier() {
    let mut session = connected();
    let id = session.publish(&publish(QoS::AtLeastOnce), b"x").unwrap();
    session.reset();
    session.connect(START, &CONNECT).unwrap();
    sent(&mut session, START);
    received(&mut session, &ACCEPTED);
    let _ = session.poll(START);
    let again = Publish { dup: true, id, ..publish(QoS::AtLeastOnce) };
    assert_eq!(session.publish(&again, b"x"), Ok(id));
    assert_eq!(sent(&mut session, START), [0x3A, 6, 0, 1, b't', 0, 1, b'x']);
    assert_ne!(session.publish(&publish(QoS::AtLeastOnce), b"y").unwrap(), id);
}

#[test]
fn bytes_may_leave_and_arrive_one_at_a_time() {
    let mut session = connected();
    session.publish(&publish(QoS::AtMostOnce), b"abc").unwrap();
    let mut out = Vec::new();
    while let Some(&byte) = session.transmit().first() {
        out.push(byte);
        session.transmitted(START, 1);
    }
    assert_eq!(out, [0x30, 6, 0, 1, b't', b'a', b'b', b'c']);
    for byte in &out[..7] {
        received(&mut session, &[*byte]);
        assert_eq!(session.poll(START), None);
    }
    received(&mut session, &out[7..]);
    assert!(matches!(session.poll(START), Some(Event::Message { payload: [b'a', b'b', b'c'], .. })));
}

#[test]
fn a_packet_that_can_never_be_sent_is_an_error_at_once() {
    let mut session = connected();
    assert_eq!(session.publish(&publish(QoS::AtMostOnce), &[0; 256]), Err(Error::TooLarge));
}

/// A message of `length` bytes as a packet, with identifier 9.
fn large(qos: u8, length: usize) -> Vec<u8> {
    let publish = Publish { topic: "t", qos: QoS::from_number(qos).unwrap(), retain: false, dup: false, id: None };
    let mut packet = vec![0; length + 16];
    let written = packet::write_publish(&mut packet, &publish, PacketId::new(9).filter(|_| qos > 0), &mut |room| {
        room[..length].fill(b'x');
        Some(length)
    });
    packet.truncate(written.unwrap());
    packet
}

#[test]
fn a_message_that_is_too_large_is_passed_over_and_acknowledged_like_the_others() {
    // Miri takes its time.
    let (longest, steps) = if cfg!(miri) { (700, &[100, 1000][..]) } else { (70_000, &[1, 7, 256, 257, 1000][..]) };
    for (qos, acknowledgement) in [(0, &[][..]), (1, &[0x40, 2, 0, 9]), (2, &[0x50, 2, 0, 9])] {
        for length in [252, 253, 300, 600, longest] {
            for &step in steps {
                let mut session = connected();
                let mut bytes = large(qos, length);
                bytes.extend([0x30, 4, 0, 1, b't', b'n']);
                let mut told = Vec::new();
                let mut rest = &bytes[..];
                while !rest.is_empty() || session.next_length() > 0 {
                    let taken = session.received(&rest[..rest.len().min(step)]);
                    rest = &rest[taken..];
                    while let Some(event) = session.poll(START) {
                        told.push(match event {
                            Event::TooLarge { beginning } => (true, beginning.to_vec()),
                            Event::Message { payload, .. } => (false, payload.to_vec()),
                            event => panic!("{event:?}"),
                        });
                    }
                }
                let head = bytes.len() - 6 - length;
                let beginning = vec![b'x'; 256 - head];
                assert_eq!(told, [(true, beginning), (false, b"n".to_vec())], "{qos} {length} {step}");
                assert_eq!(sent(&mut session, START), acknowledgement);
            }
        }
    }
}

#[test]
fn a_message_that_is_too_large_is_acknowledged_only_when_all_of_it_is_there() {
    let mut session = connected();
    let bytes = large(1, 500);
    let (most, last) = bytes.split_at(bytes.len() - 1);
    received(&mut session, most);
    assert_eq!(session.poll(START), None);
    assert_eq!(session.next_length(), 0);
    assert!(session.transmit().is_empty());
    received(&mut session, last);
    assert!(matches!(session.poll(START), Some(Event::TooLarge { .. })));
    assert_eq!(sent(&mut session, START), [0x40, 2, 0, 9]);
}

#[test]
fn a_message_that_is_too_large_is_told_once_until_it_is_released() {
    let mut session = connected();
    received(&mut session, &large(2, 500));
    assert!(matches!(session.poll(START), Some(Event::TooLarge { .. })));
    let mut again = large(2, 500);
    again[0] |= 8;
    received(&mut session, &again);
    assert_eq!(session.poll(START), None);
    assert_eq!(sent(&mut session, START), [0x50, 2, 0, 9, 0x50, 2, 0, 9]);
}

#[test]
fn the_rest_of_a_message_that_is_too_large_does_not_reach_the_next_connection() {
    let mut session = connected();
    received(&mut session, &large(0, 500)[..400]);
    session.reset();
    session.connect(START, &CONNECT).unwrap();
    sent(&mut session, START);
    received(&mut session, &ACCEPTED);
    assert_eq!(session.poll(START), Some(Event::Connected { session_present: false }));
}

#[test]
fn what_is_too_large_and_no_message_or_has_a_topic_too_large_ends_the_session() {
    let mut session = connected();
    received(&mut session, &[0x90, 0xFE, 0x01]);
    assert_eq!(session.poll(START), Some(Event::Failed(Error::Malformed)));

    let mut session = connected();
    let mut bytes = vec![0x30, 0xAC, 0x02, 1, 40];
    bytes.resize(3 + 300, b't');
    received(&mut session, &bytes);
    assert_eq!(session.poll(START), Some(Event::Failed(Error::Malformed)));
}

#[test]
fn the_length_of_the_next_packet_is_known_before_it_is_taken() {
    let mut session = connected();
    received(&mut session, &[0x30, 4, 0, 1, b't', b'x', 0x30, 5, 0]);
    assert_eq!(session.next_length(), 6);
    assert!(matches!(session.poll(START), Some(Event::Message { .. })));
    assert_eq!(session.next_length(), 7);
    assert_eq!(session.poll(START), None);
    assert_eq!(session.next_length(), 7);
}

#[test]
fn packets_out_of_place_end_the_session() {
    let mut session = connected();
    received(&mut session, &ACCEPTED);
    assert_eq!(session.poll(START), Some(Event::Failed(Error::Unexpected)));

    let mut session = Session::new();
    session.connect(START, &CONNECT).unwrap();
    received(&mut session, &[0xD0, 0]);
    assert_eq!(session.poll(START), Some(Event::Failed(Error::Unexpected)));

    let mut session = connected();
    received(&mut session, &[0xF0, 0]);
    assert_eq!(session.poll(START), Some(Event::Failed(Error::Malformed)));
    assert_eq!(session.poll(START), None);
}

#[test]
fn answers_wait_for_room_rather_than_get_lost() {
    let mut session = connected();
    while session.publish(&publish(QoS::AtMostOnce), &[0; 10]).is_ok() {}
    // More messages than there is room for answers to them.
    let mut messages: Vec<u8> = (1..=30).flat_map(|id| [0x32, 5, 0, 1, b't', 0, id]).collect();
    let (mut taken, mut answers) = (0, Vec::new());
    while !messages.is_empty() {
        let count = session.received(&messages);
        messages.drain(..count);
        while session.poll(START).is_some() {
            taken += 1;
        }
        answers.extend(sent(&mut session, START));
    }
    while session.poll(START).is_some() {
        taken += 1;
        answers.extend(sent(&mut session, START));
    }
    let acknowledged = answers.windows(4).filter(|packet| packet[..3] == [0x40, 2, 0]).count();
    assert_eq!((taken, acknowledged), (30, 30));
}

#[test]
fn nothing_follows_a_disconnect() {
    let mut session = connected();
    session.disconnect();
    assert_eq!(sent(&mut session, START), packet::DISCONNECT);
    assert_eq!(session.publish(&publish(QoS::AtMostOnce), b""), Err(Error::WrongState));
    received(&mut session, &[0x30, 3, 0, 1, b't']);
    assert_eq!(session.poll(START), None);
    assert_eq!(session.poll_at(), None);
}

#[test]
fn a_ping_without_answer_ends_the_session_however_short_the_keep_alive() {
    let mut session = Session::new();
    session.connect(START, &Connect { keep_alive: 1, ..CONNECT }).unwrap();
    sent(&mut session, START);
    received(&mut session, &ACCEPTED);
    let _ = session.poll(START);
    // The ping after one second is the one that the server has to answer; others go out meanwhile.
    for second in 1..=20 {
        let now = START.after_secs(second);
        assert_eq!(session.poll_at(), Some(now));
        session.timeout(now);
        assert_eq!(sent(&mut session, now), packet::PING);
    }
    let end = START.after_secs(21);
    assert_eq!(session.poll_at(), Some(end));
    session.timeout(end);
    assert_eq!(session.poll(end), Some(Event::Failed(Error::KeepAlive)));
}

#[test]
fn nothing_is_due_before_the_server_has_to_have_answered_connect() {
    let mut session = Session::new();
    session.connect(START, &Connect { keep_alive: 1, ..CONNECT }).unwrap();
    sent(&mut session, START);
    assert_eq!(session.poll_at(), Some(START.after_secs(20)));
}

#[test]
fn a_server_may_send_many_messages_with_qos_2_before_it_sees_an_answer() {
    let mut session = connected();
    for id in 1..=UNRELEASED as u8 {
        received(&mut session, &[0x34, 6, 0, 1, b't', 0, id, b'x']);
        assert!(matches!(session.poll(START), Some(Event::Message { .. })), "message {id}");
        assert_eq!(sent(&mut session, START), [0x50, 2, 0, id]);
    }
    received(&mut session, &[0x34, 6, 0, 1, b't', 0, 99, b'x']);
    assert_eq!(session.poll(START), Some(Event::Failed(Error::Unexpected)));
}

#[test]
fn a_message_published_while_half_of_another_is_written_comes_after_it() {
    let mut session = connected();
    session.publish(&publish(QoS::AtMostOnce), b"abc").unwrap();
    let mut out = session.transmit()[..5].to_vec();
    session.transmitted(START, 5);
    session.publish(&publish(QoS::AtMostOnce), b"d").unwrap();
    out.extend(sent(&mut session, START));
    assert_eq!(out, *b"\x30\x06\0\x01tabc\x30\x04\0\x01td");
}

#[test]
fn a_packet_may_fill_the_buffer_to_its_last_byte() {
    let mut session = connected();
    assert_eq!(session.poll(START), None);
    let mut bytes = vec![0x30, 0xFD, 0x01, 0, 1, b't'];
    bytes.resize(256, b'x');
    received(&mut session, &bytes);
    assert!(matches!(session.poll(START), Some(Event::Message { payload, .. }) if payload.len() == 250));
}
