//! Downloads from servers that answer whatever they like, in pieces of any size, close when they like or say nothing.
#![no_main]

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use qth::time::Instant;
use qth::upgrade::download::{Download, Step};

const PIECE: usize = 256;
const SIZE: u32 = 1000;

#[derive(Arbitrary, Debug)]
enum Server<'a> {
    /// Sends bytes.
    Raw(&'a [u8]),
    /// Sends the head of an answer with the range that was asked for, more or less, and no body yet.
    Partial {
        from: u16,
        to: u16,
        size: u16,
    },
    /// Sends this many bytes of the file.
    Body(u16),
    Close,
    /// Says nothing until the device's next deadline.
    Silent,
}

struct World {
    download: Download<PIECE>,
    now: Instant,
    /// Bytes of the file that were handed out.
    next: u32,
    is_open: bool,
    is_over: bool,
}

impl World {
    /// Carries out what the download wants. It can't want more than a few things before something happens to it.
    fn settle(&mut self) {
        for _ in 0..16 {
            match self.download.poll(self.now) {
                None => return,
                Some(Step::Connect { .. }) => {
                    assert!(!self.is_open, "one connection at a time");
                    self.is_open = true;
                    self.download.connected(self.now);
                }
                Some(Step::Close) => self.is_open = false,
                Some(Step::Piece { offset, bytes }) => {
                    assert!(offset == self.next || offset == 0, "pieces come in order");
                    self.next = offset + bytes.len() as u32;
                    assert!(bytes.len() == PIECE || self.next == SIZE, "only the last piece is short");
                }
                Some(Step::Done) => {
                    assert_eq!(self.next, SIZE);
                    self.is_over = true;
                }
                Some(Step::Failed(_)) => self.is_over = true,
            }
            let sent = self.download.transmit().len();
            self.download.transmitted(sent);
        }
        panic!("the download does not come to rest");
    }

    fn send(&mut self, mut bytes: &[u8]) {
        while self.is_open && !bytes.is_empty() {
            let taken = self.download.received(self.now, bytes);
            bytes = &bytes[taken..];
            let before = self.next;
            self.settle();
            assert!(taken > 0 || self.next != before || !self.is_open, "bytes that nobody takes");
        }
    }

    fn close(&mut self) {
        if self.is_open {
            self.is_open = false;
            self.download.closed(self.now);
        }
    }
}

fuzz_target!(|answers: Vec<Server<'_>>| {
    let mut world = World { download: Download::new(), now: Instant::default(), next: 0, is_open: false, is_over: false };
    world.download.start(world.now, "http://127.0.0.1:8080/a", SIZE, 0).expect("the address is good");
    world.settle();
    for answer in answers {
        if world.is_over {
            return;
        }
        match answer {
            Server::Raw(bytes) => world.send(bytes),
            Server::Partial { from, to, size } => {
                let length = u32::from(to).saturating_sub(from.into()) + 1;
                let head = format!(
                    "HTTP/1.1 206 Partial\r\nContent-Range: bytes {from}-{to}/{size}\r\nContent-Length: {length}\r\nETag: \"1\"\r\n\r\n"
                );
                world.send(head.as_bytes());
            }
            Server::Body(length) => world.send(&vec![7; length.into()]),
            Server::Close => world.close(),
            Server::Silent => {
                if let Some(at) = world.download.poll_at() {
                    world.now = world.now.max(at);
                    world.download.timeout(world.now);
                }
            }
        }
        world.settle();
    }

    // A server that is gone for good: the download gives up, after a bounded number of tries.
    for _ in 0..64 {
        if world.is_over {
            return;
        }
        world.close();
        world.settle();
        if let Some(at) = world.download.poll_at() {
            world.now = world.now.max(at);
            world.download.timeout(world.now);
        }
        world.settle();
    }
    panic!("the download does not end");
});
