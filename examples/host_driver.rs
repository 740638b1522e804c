//! A driver for a host, as small as it can be: it moves bytes between a `Device` and two TCP connections, and prints what the
//! device tells. Start a Center, add a product, and then:
//!
//!     cargo run --features std --example host_driver -- mqtt://127.0.0.1:1883 p111xt V2VUei9ZVWt2SnpL
//!
//! `docs/ARCHITECTURE.md`, "A driver for another board", says what a driver has to do; the numbers here are the same.
#![allow(clippy::print_stdout, reason = "a program for the terminal")]

use qth::board::{About, Board, Started, Status};
use qth::device::{Action, Closed, Device, Link, Network};
use qth::time::Instant;
use qth_flash::layout::Layout;
use qth_flash::ram::RamFlash;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// A board whose flash is memory: it hears of upgrades and has no bootloader to install them.
struct Host {
    flash: RamFlash,
}

impl Board for Host {
    type Flash = RamFlash;

    fn flash(&mut self) -> &mut RamFlash {
        &mut self.flash
    }

    fn layout(&self) -> Layout {
        Layout::UNIX
    }

    fn started(&self) -> Started {
        Started::Directly
    }

    fn random(&mut self, bytes: &mut [u8]) {
        getrandom::fill(bytes).expect("the system has random numbers");
    }

    fn status(&mut self) -> Status {
        Status { battery: 100, millivolts: 3_800, signal: -60, free: 1 << 20 }
    }

    fn about(&self) -> About<'_> {
        About { module: "EXAMPLE", version: "1.0.0", dk: "860000000000001", iccid: "" }
    }

    fn server(&self) -> &'static str {
        "mqtt://127.0.0.1:1883"
    }
}

/// The two transports of a device.
#[derive(Default)]
struct Links {
    center: Option<TcpStream>,
    package: Option<TcpStream>,
}

impl Links {
    fn get(&mut self, link: Link) -> &mut Option<TcpStream> {
        match link {
            Link::Center => &mut self.center,
            Link::Package => &mut self.package,
        }
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [server, product_key, product_secret] = arguments.as_slice() else {
        println!("host_driver SERVER PRODUCT-KEY PRODUCT-SECRET");
        return;
    };
    let clock = std::time::Instant::now();
    let now = || Instant::from_millis(clock.elapsed().as_millis() as u64);
    let mut device = Device::new(now(), Host { flash: RamFlash::new(Layout::UNIX.size()) });
    assert!(device.set_server(server) && device.set_product(product_key, product_secret), "settings as the Center has them");
    device.start(now());
    let mut links = Links::default();
    loop {
        // 1. What is due, and what the device wants.
        device.timeout(now());
        while let Some(action) = device.poll(now()) {
            act(&mut device, &mut links, action, now());
        }
        for link in [Link::Center, Link::Package] {
            exchange(&mut device, &mut links, link, now());
        }
        while let Some(event) = device.event() {
            println!("{event:?}");
            device.event_taken();
        }
        // 5. A driver worth its name waits for its sockets; this one looks at them a hundred times a second.
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn act(device: &mut Device<Host>, links: &mut Links, action: Action, now: Instant) {
    match action {
        Action::Open(link) => {
            let peer = device.peer(link).expect("a link that is to be opened has a peer");
            match TcpStream::connect((peer.host.as_str(), peer.port)) {
                Ok(stream) => {
                    stream.set_nonblocking(true).expect("sockets can be told not to block");
                    *links.get(link) = Some(stream);
                    device.connected(now, link);
                }
                Err(_) => device.closed(now, link, Closed::NotOpened(Network::There)),
            }
        }
        Action::Close(link) => *links.get(link) = None,
        Action::Restart => panic!("a board without a bootloader is never asked to restart"),
    }
}

/// 2. and 3.: sends what there is, and offers what has come. 4.: tells when the peer has closed.
fn exchange(device: &mut Device<Host>, links: &mut Links, link: Link, now: Instant) {
    let Some(stream) = links.get(link) else { return };
    let mut is_closed = false;
    if !device.transmit(link).is_empty() {
        match stream.write(device.transmit(link)) {
            Ok(count) => device.transmitted(now, link, count),
            Err(error) => is_closed |= error.kind() != ErrorKind::WouldBlock,
        }
    }
    let mut buffer = [0; 512];
    // What is not taken stays with the system until the next turn.
    if device.wants(link) {
        match stream.peek(&mut buffer) {
            Ok(0) => is_closed = true,
            Ok(count) => {
                let taken = device.received(now, link, &buffer[..count]);
                stream.read_exact(&mut buffer[..taken]).expect("what was seen can be read");
            }
            Err(error) => is_closed |= error.kind() != ErrorKind::WouldBlock,
        }
    }
    if is_closed {
        *links.get(link) = None;
        device.closed(now, link, Closed::Lost);
    }
}
