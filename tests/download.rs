//! Downloads over real TCP connections, from servers of several kinds.

use fastrand::Rng;
use qth::time::Instant;
use qth::upgrade::download::{Download, Step};
use qth_protocol::ota::Failure;
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

const PIECE: usize = 4096;
const MEGABYTE: usize = 1 << 20;

#[derive(Clone, Copy, Debug)]
enum Kind {
    /// 206 with the range asked for; the connection lasts.
    Ranges,
    /// 200 with all of the file, whatever was asked for; the connection lasts.
    IgnoresRanges,
    /// HTTP/1.0: 200 with all of the file, which ends where the connection ends.
    Http10,
}

/// Cuts every other response off, on average, at any byte of it.
struct Cuts(Rng);

impl Cuts {
    fn cut(&mut self, length: usize) -> Option<usize> {
        self.0.bool().then(|| self.0.usize(..length))
    }
}

/// A server of one file on a free port of this machine; ends when dropped.
struct Server {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
    requests: Arc<AtomicUsize>,
    ends: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    fn start(kind: Kind, content: Vec<u8>, mut cuts: Option<Cuts>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (connections, requests, ends) = <(Arc<AtomicUsize>, Arc<AtomicUsize>, Arc<AtomicBool>)>::default();
        let (counted, asked, ended) = (connections.clone(), requests.clone(), ends.clone());
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming().take_while(|_| !ended.load(Ordering::SeqCst)) {
                counted.fetch_add(1, Ordering::SeqCst);
                serve(stream.unwrap(), kind, &content, &mut cuts, &asked);
            }
        });
        Self { address, connections, requests, ends, thread: Some(thread) }
    }

    fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::SeqCst);
        let woken = TcpStream::connect(self.address).is_ok();
        let outcome = self.thread.take().filter(|_| woken).map(JoinHandle::join);
        assert!(std::thread::panicking() || matches!(outcome, Some(Ok(()))), "the server did not end well");
    }
}

/// Answers the requests of one connection until either side ends it.
fn serve(mut stream: TcpStream, kind: Kind, content: &[u8], cuts: &mut Option<Cuts>, asked: &AtomicUsize) {
    let mut input = BufReader::new(stream.try_clone().unwrap());
    while let Some((first, last)) = range_asked_for(&mut input) {
        asked.fetch_add(1, Ordering::SeqCst);
        let size = content.len();
        let (head, body) = match kind {
            Kind::Ranges => {
                let range = format!("Content-Range: bytes {first}-{last}/{size}\r\nContent-Length: {}", last + 1 - first);
                (format!("HTTP/1.1 206 Partial Content\r\n{range}\r\nETag: \"1\"\r\n\r\n"), &content[first..=last])
            }
            Kind::IgnoresRanges => (format!("HTTP/1.1 200 OK\r\nContent-Length: {size}\r\n\r\n"), content),
            Kind::Http10 => ("HTTP/1.0 200 OK\r\n\r\n".to_string(), content),
        };
        let mut response = head.into_bytes();
        response.extend(body);
        let cut = cuts.as_mut().and_then(|cuts| cuts.cut(response.len()));
        // The device may close as soon as it has what it wants.
        let is_sent = stream.write_all(&response[..cut.unwrap_or(response.len())]).is_ok();
        if !is_sent || cut.is_some() || matches!(kind, Kind::Http10) {
            return;
        }
    }
}

/// First and last byte that the next request asks for; `None` when the connection has ended.
fn range_asked_for(input: &mut impl BufRead) -> Option<(usize, usize)> {
    let mut range = None;
    for line in input.lines() {
        let line = line.ok()?;
        if let Some((first, last)) = line.strip_prefix("Range: bytes=").and_then(|range| range.split_once('-')) {
            range = Some((first.parse().unwrap(), last.parse().unwrap()));
        }
        if line.is_empty() {
            return Some(range.expect("a request without a range"));
        }
    }
    None
}

/// Runs a download to its end. Only the waits between two tries pass in no time: the clock jumps over them.
fn download(server: &Server, size: usize) -> Result<Vec<u8>, Failure> {
    let mut download = Download::<PIECE>::new();
    let mut now = Instant::from_millis(0);
    let (mut stream, mut pending, mut file) = (None, Vec::new(), Vec::new());
    download.start(now, &format!("http://{}/fw.bin", server.address), size as u32, 0).unwrap();
    loop {
        match download.poll(now) {
            Some(Step::Connect { host, port, secure }) => {
                assert!(!secure);
                stream = Some(TcpStream::connect((host, port)).unwrap());
                download.connected(now);
            }
            Some(Step::Close) => {
                stream = None;
                pending.clear();
            }
            Some(Step::Piece { offset, bytes }) => {
                assert_eq!(offset as usize, file.len(), "pieces come in order");
                assert_eq!(bytes.len(), PIECE.min(size - file.len()), "pieces are whole");
                file.extend_from_slice(bytes);
            }
            Some(Step::Done) => return Ok(file),
            Some(Step::Failed(failure)) => return Err(failure),
            None if !pending.is_empty() => {
                let taken = download.received(now, &pending);
                pending.drain(..taken);
            }
            None => match &mut stream {
                None => now = download.poll_at().unwrap(),
                Some(open) => match exchange(open, &mut download) {
                    Some(bytes) => pending = bytes,
                    None => {
                        stream = None;
                        download.closed(now);
                    }
                },
            },
        }
    }
}

/// Sends what is to be sent and waits for an answer; `None` when the connection is gone.
fn exchange(stream: &mut TcpStream, download: &mut Download<PIECE>) -> Option<Vec<u8>> {
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream.write_all(download.transmit()).ok()?;
    download.transmitted(download.transmit().len());
    let mut bytes = vec![0; 1500];
    match stream.read(&mut bytes) {
        Ok(0) => None,
        Ok(count) => {
            bytes.truncate(count);
            Some(bytes)
        }
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
            panic!("the download waits for bytes that the server will not send")
        }
        Err(_) => None,
    }
}

fn content(size: usize) -> Vec<u8> {
    (0..size).map(|index| (index * 7 + index / 251) as u8).collect()
}

#[test]
fn a_megabyte_in_small_pieces_takes_one_connection_and_sixteen_requests() {
    let file = content(MEGABYTE);
    let server = Server::start(Kind::Ranges, file.clone(), None);
    let got = download(&server, file.len());
    assert!(got == Ok(file));
    assert_eq!((server.connections(), server.requests()), (1, 16));
}

#[test]
fn a_server_that_ignores_ranges_is_asked_once() {
    let file = content(MEGABYTE + 1);
    let server = Server::start(Kind::IgnoresRanges, file.clone(), None);
    assert!(download(&server, file.len()) == Ok(file));
    assert_eq!((server.connections(), server.requests()), (1, 1));
}

#[test]
fn a_body_that_ends_with_its_connection_is_taken_whole() {
    for size in [1, PIECE, 3 * PIECE, 100_000] {
        let file = content(size);
        let server = Server::start(Kind::Http10, file.clone(), None);
        assert!(download(&server, file.len()) == Ok(file), "{size}");
        assert_eq!((server.connections(), server.requests()), (1, 1), "{size}");
    }
}

#[test]
fn connections_cut_anywhere_leave_no_gap_and_no_repeat() {
    for kind in [Kind::Ranges, Kind::IgnoresRanges, Kind::Http10] {
        let mut connections = 0;
        for seed in 1..=20 {
            let file = content(300_000);
            let server = Server::start(kind, file.clone(), Some(Cuts(Rng::with_seed(seed))));
            assert!(download(&server, file.len()) == Ok(file), "{kind:?}, seed {seed}");
            connections += server.connections();
        }
        assert!(connections > 30, "{kind:?}: {connections} connections for 20 downloads: hardly any was cut");
    }
}

#[test]
fn a_file_shorter_than_announced_is_an_error() {
    let server = Server::start(Kind::Ranges, content(PIECE * 20), None);
    assert!(download(&server, PIECE * 20 + 1) == Err(Failure::Length));
}
