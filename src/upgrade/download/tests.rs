//! Downloads played step by step against a server, under a clock of their own.

use super::*;
use std::string::String;

const PIECES: usize = 16;
const URL: &str = "http://a/f.bin";

/// A download and the server's side of it, played step by step under a clock of its own.
struct Play {
    download: Download<PIECE_BUFFER>,
    now: Instant,
    got: Vec<u8>,
    requests: Vec<String>,
    connections: usize,
    outcome: Option<Result<(), Failure>>,
}

/// Large enough for a request; pieces are as large.
const PIECE_BUFFER: usize = 512;

fn file(size: usize) -> Vec<u8> {
    (0..size).map(|index| (index * 7 + index / 251) as u8).collect()
}

impl Play {
    fn start(size: usize, offset: u32) -> Self {
        let mut download = Download::new();
        let now = Instant::from_millis(1000);
        download.start(now, URL, size as u32, offset).unwrap();
        Self { download, now, got: Vec::new(), requests: Vec::new(), connections: 0, outcome: None }
    }

    /// Lets the download act until it waits.
    fn act(&mut self) {
        loop {
            match self.download.poll(self.now) {
                None => break,
                Some(Step::Connect { host, .. }) => {
                    assert_eq!(host.len(), 1);
                    self.connections += 1;
                    self.download.connected(self.now);
                }
                Some(Step::Close) => {}
                Some(Step::Piece { offset, bytes }) => {
                    self.got.truncate(offset as usize);
                    self.got.resize(offset as usize, 0);
                    self.got.extend_from_slice(bytes);
                }
                Some(Step::Done) => self.outcome = Some(Ok(())),
                Some(Step::Failed(failure)) => self.outcome = Some(Err(failure)),
            }
        }
        let request = self.download.transmit();
        if !request.is_empty() {
            self.requests.push(String::from_utf8(request.to_vec()).unwrap());
            let length = request.len();
            self.download.transmitted(length / 2);
            self.download.transmitted(length - length / 2);
        }
    }

    /// The server sends bytes, `step` at a time.
    fn send(&mut self, bytes: &[u8], step: usize) {
        for mut part in bytes.chunks(step) {
            while !part.is_empty() {
                let taken = self.download.received(self.now, part);
                part = &part[taken..];
                self.act();
                if self.outcome.is_some() {
                    return;
                }
            }
        }
    }

    /// The server sends the client on.
    fn redirect(&mut self, location: &str) {
        self.send(format!("HTTP/1.1 302 Found\r\nlocation: {location}\r\nContent-Length: 0\r\n\r\n").as_bytes(), 5);
    }

    fn close(&mut self) {
        self.download.closed(self.now);
        self.act();
    }

    /// Time passes up to the next deadline; how many milliseconds.
    fn wait(&mut self) -> u64 {
        let before = self.now;
        self.now = self.download.poll_at().unwrap().max(self.now);
        self.download.timeout(self.now);
        self.act();
        self.now.millis_since(before)
    }

    /// The range that the last request asks for.
    fn range(&self) -> (usize, usize) {
        let request = self.requests.last().unwrap();
        let range = request.split("bytes=").nth(1).unwrap().split("\r\n").next().unwrap();
        let (first, last) = range.split_once('-').unwrap();
        (first.parse().unwrap(), last.parse().unwrap())
    }

    /// Answers the last request from `file`.
    fn serve(&mut self, file: &[u8], step: usize) {
        let (first, last) = self.range();
        let head = format!(
            "HTTP/1.1 206 Partial Content\r\nContent-Length: {}\r\nContent-Range: bytes {first}-{last}/{}\r\nETag: \"1\"\r\n\r\n",
            last + 1 - first,
            file.len()
        );
        let mut bytes = head.into_bytes();
        bytes.extend(&file[first..=last]);
        self.send(&bytes, step);
    }

    fn serve_all(&mut self, file: &[u8], step: usize) {
        self.act();
        for _ in 0..100 {
            if self.outcome.is_some() {
                return;
            }
            self.serve(file, step);
        }
        panic!("no end: {:?}", self.requests);
    }
}

#[test]
fn a_file_comes_in_pieces_over_one_connection_wherever_the_stream_is_cut() {
    for (size, step) in [(1, 1), (511, 3), (512, 7), (513, 1), (PIECE_BUFFER * PIECES + 100, 64), (20_000, 5_000)] {
        let file = file(size);
        let mut play = Play::start(size, 0);
        play.serve_all(&file, step);
        assert_eq!(play.outcome, Some(Ok(())), "{size}");
        assert_eq!(play.got, file);
        assert_eq!(play.connections, 1);
        assert_eq!(play.requests.len(), size.div_ceil(PIECE_BUFFER * 16));
    }
}

#[test]
fn what_comes_before_a_place_further_on_is_not_asked_for() {
    let file = file(PIECE_BUFFER * 40);
    let to = PIECE_BUFFER * 30 + 7;
    let mut play = Play::start(file.len(), 0);
    play.act();
    let head =
        format!("HTTP/1.1 206 Partial Content\r\nContent-Length: 8192\r\nContent-Range: bytes 0-8191/{}\r\n\r\n", file.len());
    assert_eq!(play.download.received(play.now, head.as_bytes()), head.len());
    assert_eq!(play.download.received(play.now, &file[..8192]), PIECE_BUFFER);
    assert_eq!(play.download.poll(play.now), Some(Step::Piece { offset: 0, bytes: &file[..PIECE_BUFFER] }));
    assert_eq!(play.download.piece(), Some((0, &file[..PIECE_BUFFER])), "the piece can be used for longer");
    play.download.skip_to(play.now, to as u32);
    assert_eq!(play.download.piece(), None);
    play.serve_all(&file, 1000);
    assert_eq!(play.outcome, Some(Ok(())));
    assert_eq!(play.got[to..], file[to..]);
    let asked: usize = play.requests.len();
    assert_eq!((asked, play.range()), (2, (to, file.len() - 1)));
}

#[test]
fn an_interrupted_download_goes_on_where_it_was() {
    let file = file(3000);
    let mut play = Play::start(3000, 1024);
    play.serve_all(&file, 100);
    assert_eq!(play.outcome, Some(Ok(())));
    assert!(play.requests[0].contains("bytes=1024-2999"));
    assert_eq!(play.got[1024..], file[1024..]);
}

#[test]
fn a_lost_connection_costs_no_more_than_the_piece_under_way() {
    let file = file(3000);
    let mut play = Play::start(3000, 0);
    play.act();
    let head = "HTTP/1.1 206 x\r\nContent-Length: 3000\r\nContent-Range: bytes 0-2999/3000\r\nETag: \"1\"\r\n\r\n";
    play.send(head.as_bytes(), 10);
    play.send(&file[..1500], 100);
    play.close();
    assert_eq!(play.wait(), 1000);
    assert!(play.requests[1].contains("bytes=1024-2999\r\nIf-Range: \"1\"\r\n"), "{}", play.requests[1]);
    play.serve_all(&file, 100);
    assert_eq!(play.got, file);
}

#[test]
fn five_failures_in_a_row_are_borne_with_growing_waits_and_the_sixth_is_not() {
    let mut play = Play::start(100, 0);
    play.act();
    let mut waits = Vec::new();
    for _ in 0..5 {
        play.close();
        waits.push(play.wait());
    }
    assert_eq!(waits, [1000, 2000, 4000, 8000, 16000]);
    play.close();
    assert_eq!(play.outcome, Some(Err(Failure::Network)));
}

#[test]
fn a_piece_that_arrives_ends_the_row_of_failures() {
    let file = file(2000);
    let mut play = Play::start(2000, 0);
    play.act();
    for piece in 0..3 {
        for _ in 0..4 {
            play.close();
            play.wait();
        }
        let first = piece * PIECE_BUFFER;
        assert_eq!(play.range().0, first);
        let head =
            format!("HTTP/1.1 206 x\r\nContent-Length: {}\r\nContent-Range: bytes {first}-1999/2000\r\n\r\n", 2000 - first);
        play.send(head.as_bytes(), 50);
        play.send(&file[first..first + PIECE_BUFFER], 50);
    }
    assert_eq!(play.outcome, None);
}

#[test]
fn a_server_that_ignores_ranges_is_borne() {
    let file = file(3000);
    for offset in [0, 1024] {
        let mut play = Play::start(3000, offset);
        play.act();
        play.send(b"HTTP/1.1 200 OK\r\nContent-Length: 3000\r\n\r\n", 7);
        play.send(&file, 33);
        assert_eq!(play.outcome, Some(Ok(())));
        assert_eq!(play.got[offset as usize..], file[offset as usize..]);
        assert_eq!(play.connections, 1);
    }
}

#[test]
fn http_1_0_with_a_body_up_to_the_close_is_borne() {
    let file = file(1500);
    let mut play = Play::start(1500, 0);
    play.act();
    play.send(b"HTTP/1.0 200 OK\r\n\r\n", 7);
    play.send(&file, 100);
    play.close();
    assert_eq!(play.outcome, Some(Ok(())));
    assert_eq!(play.got, file);
}

#[test]
fn a_body_in_chunks_is_borne() {
    let file = file(600);
    let mut play = Play::start(600, 0);
    play.act();
    let mut bytes = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
    for chunk in file.chunks(250) {
        bytes.extend(format!("{:x}\r\n", chunk.len()).into_bytes());
        bytes.extend(chunk);
        bytes.extend(b"\r\n");
    }
    bytes.extend(b"0\r\n\r\n");
    play.send(&bytes, 9);
    assert_eq!(play.outcome, Some(Ok(())));
    assert_eq!(play.got, file);
}

#[test]
fn a_connection_that_the_server_closes_between_requests_is_opened_again_without_a_wait() {
    let size = PIECE_BUFFER * 20;
    let file = file(size);
    let mut play = Play::start(size, 0);
    play.act();
    play.serve(&file, 1000);
    assert_eq!(play.requests.len(), 2);
    play.close();
    assert_eq!(play.connections, 2);
    play.serve_all(&file, 1000);
    assert_eq!(play.got, file);
}

#[test]
fn redirects_are_followed() {
    for (location, path) in
        [("http://b:81/x", "/x HTTP"), ("/y?z", "/y?z HTTP"), ("sub/g", "/sub/g HTTP"), ("?t", "/f.bin?t HTTP")]
    {
        let file = file(100);
        let mut play = Play::start(100, 0);
        play.act();
        play.redirect(location);
        assert!(play.requests[1].contains(path), "{}", play.requests[1]);
        play.serve_all(&file, 5);
        assert_eq!(play.got, file);
    }
}

#[test]
fn a_redirect_is_for_one_request() {
    let size = PIECE_BUFFER * PIECES + 100;
    let file = file(size);
    let mut play = Play::start(size, 0);
    play.act();
    play.redirect("http://b/g");
    play.serve(&file, 1000);
    assert!(play.requests[2].starts_with("GET /f.bin HTTP"), "{}", play.requests[2]);
    assert_eq!(play.connections, 3);
    play.serve_all(&file, 1000);
    assert_eq!(play.got, file);
}

#[test]
fn an_address_that_a_redirect_has_named_and_that_has_expired_leads_back() {
    let file = file(100);
    let mut play = Play::start(100, 0);
    play.act();
    play.redirect("http://b/g");
    play.send(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", 50);
    assert_eq!(play.wait(), 1000);
    assert!(play.requests[2].starts_with("GET /f.bin HTTP"), "{}", play.requests[2]);
    play.serve_all(&file, 50);
    assert_eq!(play.got, file);
}

#[test]
fn redirects_in_a_circle_end_as_do_those_to_nowhere() {
    let mut play = Play::start(100, 0);
    play.act();
    for _ in 0..=REDIRECTS_MAX {
        play.redirect("/f.bin");
    }
    assert_eq!(play.outcome, Some(Err(Failure::Redirect)));
    let long = format!("/{}", "x".repeat(PIECE_BUFFER));
    for location in [&long, "ftp://b/"] {
        let mut play = Play::start(100, 0);
        play.act();
        play.redirect(location);
        assert_eq!(play.outcome, Some(Err(Failure::Redirect)), "{location}");
    }
    let mut play = Play::start(100, 0);
    play.act();
    play.send(b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n", 50);
    assert_eq!(play.outcome, Some(Err(Failure::Redirect)), "it names no address");
}

#[test]
fn a_file_of_another_length_ends_the_attempt() {
    for head in [
        "HTTP/1.1 206 x\r\nContent-Length: 100\r\nContent-Range: bytes 0-99/101\r\n\r\n",
        "HTTP/1.1 416 x\r\nContent-Range: bytes */50\r\nContent-Length: 0\r\n\r\n",
    ] {
        let mut play = Play::start(100, 0);
        play.act();
        play.send(head.as_bytes(), 50);
        assert_eq!(play.outcome, Some(Err(Failure::Length)), "{head}");
    }
}

#[test]
fn a_foreign_page_costs_nothing_of_what_was_downloaded() {
    let file = file(3000);
    let mut play = Play::start(3000, 1024);
    play.act();
    play.send(b"HTTP/1.1 200 OK\r\nContent-Length: 23\r\n\r\n<html>One moment</html>", 50);
    assert_eq!(play.wait(), 1000);
    assert_eq!(play.range(), (1024, 2999));
    play.serve_all(&file, 100);
    assert_eq!(play.got[1024..], file[1024..]);
}

#[test]
fn a_part_may_begin_earlier_than_asked() {
    let file = file(3000);
    let mut play = Play::start(3000, 1024);
    play.act();
    play.send(b"HTTP/1.1 206 x\r\nContent-Length: 2500\r\nContent-Range: bytes 500-2999/3000\r\n\r\n", 50);
    play.send(&file[500..], 50);
    assert_eq!(play.outcome, Some(Ok(())));
    assert_eq!(play.got[1024..], file[1024..]);
}

#[test]
fn a_head_may_be_longer_than_the_buffer_and_no_longer_than_16_kilobytes() {
    let file = file(100);
    let head = |policy: usize| {
        let policy = "x".repeat(policy);
        format!("HTTP/1.1 200 OK\r\nX-Policy: {policy}\r\nSet-Cookie: a\r\nContent-Length: 100\r\n\r\n").into_bytes()
    };
    let mut play = Play::start(100, 0);
    play.act();
    play.send(&head(5000), 100);
    play.send(&file, 100);
    assert_eq!((play.outcome, &play.got), (Some(Ok(())), &file));
    let mut play = Play::start(100, 0);
    play.act();
    for wait in [1000, 2000, 4000, 8000, 16000] {
        play.send(&head(16_400), 100);
        assert_eq!(play.wait(), wait);
    }
    play.send(&head(16_400), 100);
    assert_eq!(play.outcome, Some(Err(Failure::Head)));
}

#[test]
fn content_that_is_compressed_ends_the_attempt_with_a_reason_that_tells() {
    let mut play = Play::start(100, 0);
    play.act();
    play.send(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n", 50);
    assert_eq!(play.outcome, Some(Err(Failure::Encoded)));
}

#[test]
fn a_trickle_has_an_end_however_steady() {
    let file = file(3000);
    let mut play = Play::start(3000, 0);
    play.act();
    play.send(b"HTTP/1.1 206 x\r\nContent-Length: 3000\r\nContent-Range: bytes 0-2999/3000\r\n\r\n", 50);
    play.send(&file[..PIECE_BUFFER], 50);
    let from = play.now;
    for byte in &file[PIECE_BUFFER..] {
        play.now = play.now.after_secs(4);
        play.download.timeout(play.now);
        play.act();
        if matches!(play.download.state, State::Waiting(_)) {
            break;
        }
        play.send(&[*byte], 1);
    }
    assert!(play.now.millis_since(from) / 1000 - u64::from(Download::<PIECE_BUFFER>::PIECE_SECS) < 4, "a piece has its time");
    assert_eq!(play.wait(), 1000);
    assert_eq!(play.range(), (PIECE_BUFFER, 2999), "the whole piece stays");
}

#[test]
fn a_file_that_changed_under_way_starts_anew_once() {
    let (old, new) = (file(2000), vec![9; 2000]);
    let mut play = Play::start(2000, 0);
    play.act();
    play.send(b"HTTP/1.1 206 x\r\nContent-Length: 2000\r\nContent-Range: bytes 0-1999/2000\r\nETag: \"1\"\r\n\r\n", 50);
    play.send(&old[..1100], 50);
    play.close();
    play.wait();
    play.send(b"HTTP/1.1 200 x\r\nContent-Length: 2000\r\nETag: \"2\"\r\n\r\n", 50);
    play.send(&new, 50);
    assert_eq!(play.outcome, Some(Ok(())));
    assert_eq!(play.got, new);
}

#[test]
fn responses_without_a_piece_are_failures_and_not_asked_for_again_without_end() {
    for response in [
        "HTTP/1.1 206 x\r\nContent-Length: 0\r\nContent-Range: bytes 1024-2999/3000\r\n\r\n",
        "HTTP/1.1 206 x\r\nContent-Length: 0\r\nConnection: close\r\nContent-Range: bytes 1024-2999/3000\r\n\r\n",
        "HTTP/1.1 200 x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    ] {
        let mut play = Play::start(3000, 1024);
        play.act();
        for wait in [1000, 2000, 4000, 8000, 16000] {
            play.send(response.as_bytes(), 50);
            assert_eq!(play.wait(), wait, "{response}");
        }
        play.send(response.as_bytes(), 50);
        assert_eq!(play.outcome, Some(Err(Failure::Length)), "{response}");
    }
}

#[test]
fn the_last_failure_is_told_at_once_also_when_the_connection_is_gone() {
    let mut play = Play::start(100, 0);
    play.act();
    for _ in 0..5 {
        play.close();
        play.wait();
    }
    let response = b"HTTP/1.1 206 x\r\nContent-Length: 50\r\nContent-Range: bytes 0-49/100\r\n\r\n".iter().chain(&[0; 50]);
    for &byte in response {
        assert_eq!(play.download.received(play.now, &[byte]), 1);
    }
    play.download.closed(play.now);
    assert_eq!(play.download.poll(play.now), Some(Step::Failed(Failure::Length)));
}

#[test]
fn a_whole_piece_outlives_the_connection_that_brought_it() {
    for head in ["Content-Length: 2000\r\n", ""] {
        let file = file(2000);
        let mut play = Play::start(2000, 0);
        play.act();
        play.send(format!("HTTP/1.1 200 x\r\n{head}\r\n").as_bytes(), 50);
        assert_eq!(play.download.received(play.now, &file[..PIECE_BUFFER]), PIECE_BUFFER);
        play.close();
        assert_eq!(play.got, file[..PIECE_BUFFER]);
        assert_eq!(play.wait(), 1000);
        assert_eq!(play.range().0, PIECE_BUFFER);
    }
}

#[test]
fn a_piece_is_handed_out_once_whatever_happens_next() {
    let end: [fn(&mut Download<PIECE_BUFFER>, Instant); 2] =
        [|download, now| download.closed(now), |download, now| download.timeout(now.after_secs(SILENCE_SECS))];
    for end in end {
        let file = file(2000);
        let mut play = Play::start(2000, 0);
        play.act();
        play.send(b"HTTP/1.1 200 x\r\nContent-Length: 2000\r\n\r\n", 50);
        let _taken = play.download.received(play.now, &file[..PIECE_BUFFER]);
        assert!(matches!(play.download.poll(play.now), Some(Step::Piece { offset: 0, .. })));
        end(&mut play.download, play.now);
        play.act();
        assert_eq!(play.download.received_bytes(), PIECE_BUFFER as u32);
        play.wait();
        assert_eq!(play.range().0, PIECE_BUFFER);
    }
}

#[test]
fn a_changed_file_is_noticed_also_where_the_server_knows_no_if_range() {
    let (old, new) = (file(2000), vec![9; 2000]);
    let part = |first: usize, tag: &str| {
        format!(
            "HTTP/1.1 206 x\r\nContent-Length: {}\r\nContent-Range: bytes {first}-1999/2000\r\nETag: \"{tag}\"\r\n\r\n",
            2000 - first
        )
    };
    let start = || {
        let mut play = Play::start(2000, 0);
        play.act();
        play.send(part(0, "1").as_bytes(), 50);
        play.send(&old[..1100], 50);
        play.close();
        play.wait();
        play.send(part(1024, "2").as_bytes(), 50);
        assert!(play.requests[2].contains("bytes=0-1999\r\n\r\n"), "{}", play.requests[2]);
        play
    };
    let mut play = start();
    play.send(part(0, "2").as_bytes(), 50);
    play.send(&new, 50);
    assert_eq!(play.outcome, Some(Ok(())));
    assert_eq!(play.got, new);

    // Servers of one file may each have a validator of their own: from the second on, the digest decides.
    let mut play = start();
    play.send(part(0, "2").as_bytes(), 50);
    play.send(&new[..600], 50);
    play.close();
    play.wait();
    assert!(play.requests[3].contains("bytes=512-1999\r\n\r\n"), "{}", play.requests[3]);
    play.send(part(512, "3").as_bytes(), 50);
    play.send(&new[512..], 50);
    assert_eq!((play.outcome, play.got), (Some(Ok(())), new));
}

#[test]
fn doubts_about_a_files_validators_outlive_an_attempt_that_got_somewhere() {
    let file = file(2000);
    let mut play = Play::start(2000, 0);
    play.act();
    let head = |first: usize, tag: &str| {
        format!(
            "HTTP/1.1 206 x\r\nContent-Length: {}\r\nContent-Range: bytes {first}-1999/2000\r\nETag: \"{tag}\"\r\n\r\n",
            2000 - first
        )
    };
    play.send(head(0, "1").as_bytes(), 50);
    play.send(&file[..600], 50);
    play.close();
    play.wait();
    play.send(head(512, "2").as_bytes(), 50);
    assert_eq!(play.range(), (0, 1999), "it starts anew");
    play.download.start(play.now, URL, 2000, 512).unwrap();
    play.act();
    for (first, tag) in [(512, "1"), (1024, "2")] {
        assert_eq!(play.range(), (first, 1999));
        play.send(head(first, tag).as_bytes(), 50);
        play.send(&file[first..first + PIECE_BUFFER], 50);
        play.close();
        play.wait();
    }
    assert_eq!(play.outcome, None);
    play.download.start(play.now, URL, 2000, 0).unwrap();
    assert_eq!(play.download.identity.validator(), "", "a file from its start is without them");
}

#[test]
fn errors_of_the_server_are_final_or_not_as_they_say() {
    for (status, is_final) in
        [(400, true), (403, true), (404, true), (410, true), (408, false), (429, false), (500, false), (503, false)]
    {
        let mut play = Play::start(100, 0);
        play.act();
        play.send(format!("HTTP/1.1 {status} x\r\nContent-Length: 0\r\n\r\n").as_bytes(), 50);
        assert_eq!(play.outcome.is_some(), is_final, "{status}");
    }
}

#[test]
fn a_silent_server_is_given_up_at_each_stage() {
    let mut download = Download::<PIECE_BUFFER>::new();
    let now = Instant::from_millis(0);
    download.start(now, URL, 100, 0).unwrap();
    assert!(matches!(download.poll(now), Some(Step::Connect { .. })));
    assert_eq!(download.poll_at(), Some(now.after_secs(OPEN_SECS)));
    download.connected(now);
    assert_eq!(download.poll_at(), Some(now.after_secs(HEAD_SECS)));
    let length = download.transmit().len();
    download.transmitted(length);
    let _taken = download.received(now, b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n");
    assert_eq!(download.poll_at(), Some(now.after_secs(SILENCE_SECS)));
    download.timeout(now.after_secs(SILENCE_SECS));
    assert_eq!(download.poll_at(), Some(now.after_secs(SILENCE_SECS + 1)));
}

#[test]
fn garbage_is_a_failure_and_never_a_panic() {
    let mut state = 7_u64;
    for round in 0..2000 {
        let mut play = Play::start(700, 0);
        play.act();
        let mut bytes: Vec<u8> = Vec::new();
        for _ in 0..(round % 90) {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            bytes.push((state >> 56) as u8);
        }
        let mut stream = b"HTTP/1.1 206 x\r\nContent-Length: 700\r\nContent-Range: bytes 0-699/700\r\n\r\n".to_vec();
        let at = (state >> 40) as usize % stream.len();
        let end = (at + 3).min(stream.len());
        stream.splice(at..end, bytes);
        play.send(&stream, 13);
        assert_ne!(play.outcome, Some(Ok(())));
    }
}
