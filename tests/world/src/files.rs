//! A file server.

/// How a request is answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Answer {
    /// With the range of the file.
    #[default]
    File,
    /// With a page of something in between.
    Page,
    /// With an error that says that the file is gone.
    NotFound,
    /// By sending the device on, to where the file is.
    Redirect,
    /// With a part that begins earlier than asked.
    Earlier,
    /// With the beginning of the range, behind which nothing more comes.
    Stall,
}

impl Answer {
    /// All but the file itself.
    pub const ODD: [Self; 5] = [Self::Page, Self::NotFound, Self::Redirect, Self::Earlier, Self::Stall];
}

/// Answers requests for ranges of one file over one connection after another.
pub struct Files {
    content: Vec<u8>,
    input: Vec<u8>,
    /// Bytes for the device.
    pub output: Vec<u8>,
    /// 200 with all of the file, whatever was asked for.
    pub ignores_ranges: bool,
    /// How the next request is answered.
    pub answer: Answer,
}

impl Files {
    /// Returns a server of this file.
    #[must_use]
    pub fn new(content: Vec<u8>) -> Self {
        Self { content, input: Vec::new(), output: Vec::new(), ignores_ranges: false, answer: Answer::File }
    }

    /// Forgets what was not sent: the device's connection is gone.
    pub fn disconnected(&mut self) {
        self.input.clear();
        self.output.clear();
    }

    /// Takes bytes of the device, and answers the requests in them.
    ///
    /// # Panics
    /// A request is not one that a device makes.
    pub fn received(&mut self, bytes: &[u8]) {
        self.input.extend(bytes);
        while let Some(end) = self.input.windows(4).position(|four| four == b"\r\n\r\n") {
            let request: Vec<u8> = self.input.drain(..end + 4).collect();
            let request = String::from_utf8(request).unwrap();
            let path = request.split(' ').nth(1).unwrap();
            assert!(matches!(path, "/fw.bin" | "/fw.bin?token"), "{request}");
            assert!(request.contains(" HTTP/1.1\r\nHost: files\r\n"), "{request}");
            let range = request.split("bytes=").nth(1).unwrap().split("\r\n").next().unwrap();
            let (first, last) = range.split_once('-').unwrap();
            let (first, last): (usize, usize) = (first.parse().unwrap(), last.parse().unwrap());
            let size = self.content.len();
            assert!(first <= last, "{range}");
            if last >= size {
                // The device asks for the file that was here before.
                self.output.extend(b"HTTP/1.1 416 Range Not Satisfiable\r\nContent-Length: 0\r\n\r\n");
                continue;
            }
            let answer = std::mem::take(&mut self.answer);
            let page = match answer {
                Answer::Page => "HTTP/1.1 200 OK\r\nContent-Length: 23\r\nETag: \"page\"\r\n\r\n<html>One moment</html>",
                Answer::NotFound => "HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\ngone",
                Answer::Redirect if path == "/fw.bin" => "HTTP/1.1 302 Found\r\nLocation: ?token\r\nContent-Length: 0\r\n\r\n",
                _ => "",
            };
            if !page.is_empty() {
                self.output.extend(page.as_bytes());
                continue;
            }
            let first = if answer == Answer::Earlier { first / 5_000 * 5_000 } else { first };
            let (head, part) = if self.ignores_ranges {
                (format!("HTTP/1.1 200 OK\r\nContent-Length: {size}\r\nETag: \"a\"\r\n\r\n"), &self.content[..])
            } else {
                let part = &self.content[first..=last];
                let length = part.len();
                let head = format!(
                    "HTTP/1.1 206 Partial Content\r\ncontent-length: {length}\r\n\
                     content-range: bytes {first}-{last}/{size}\r\netag: \"a\"\r\n\r\n"
                );
                (head, part)
            };
            self.output.extend(head.as_bytes());
            self.output.extend(if answer == Answer::Stall { &part[..part.len() / 3] } else { part });
        }
    }
}
