//! MQTT: a client whose broker sends whatever it likes, in pieces of any size, and takes as many bytes as it likes.
#![no_main]

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use qth::mqtt::client::{Client, Event};
use qth::mqtt::packet::{Connect, Publish, QoS};
use qth::time::Instant;

/// Small, so that full buffers are common.
type Small = Client<128, 96>;

#[derive(Arbitrary, Debug)]
enum Step<'a> {
    Receive(&'a [u8]),
    /// As many bytes leave.
    Transmit(u8),
    Subscribe,
    Publish(u8, &'a [u8]),
    /// Tenths of a second pass.
    Pass(u8),
}

/// Takes all events; there are never more than the buffer has bytes.
fn events(client: &mut Small, now: Instant) {
    let mut count = 0;
    while let Some(event) = client.poll(now) {
        if let Event::Message { topic, payload, .. } = event {
            assert!(topic.len() + payload.len() <= 128);
        }
        count += 1;
        assert!(count <= 128 + 2, "more events than packets");
    }
}

fuzz_target!(|steps: Vec<Step<'_>>| {
    let mut now = Instant::default();
    let mut client = Small::new();
    let connect =
        Connect { client_id: "qxp111xtdk", user_name: None, password: Some(b"secret"), keep_alive: 60, clean_session: false };
    client.connect(now, &connect).expect("the first packet fits");
    for step in steps {
        match step {
            Step::Receive(mut bytes) => {
                while !bytes.is_empty() {
                    let taken = client.received(bytes);
                    bytes = &bytes[taken..];
                    events(&mut client, now);
                    if taken == 0 {
                        // Answers wait for room: nothing more is taken until some have left.
                        let leaving = client.transmit().len();
                        if leaving == 0 {
                            break;
                        }
                        client.transmitted(now, leaving);
                    }
                }
            }
            Step::Transmit(count) => client.transmitted(now, usize::from(count).min(client.transmit().len())),
            Step::Subscribe => drop(client.subscribe(now, "q/2/d/+/#", QoS::AtLeastOnce)),
            Step::Publish(qos, payload) => {
                let Some(qos) = QoS::from_number(qos % 3) else { continue };
                let _ = client.publish(&Publish { topic: "t", qos, retain: false, dup: false, id: None }, payload);
            }
            Step::Pass(tenths) => {
                now = now.after_millis(u64::from(tenths) * 100);
                if client.poll_at().is_some_and(|at| at <= now) {
                    client.timeout(now);
                }
            }
        }
        events(&mut client, now);
        assert!(client.transmit().len() <= 96);
    }
});
