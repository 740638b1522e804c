//! `/d/{token}/{name}`: a file, at an address that only its device knows and that expires.

use super::extract::Path;
use super::{ApiError, Shared};
use crate::store;
use axum::body::Body;
use axum::http::header::{ACCEPT_RANGES, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, IF_RANGE, RANGE};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use std::ops::RangeInclusive;
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncSeekExt, SeekFrom};
use tokio_util::io::ReaderStream;

pub async fn get(
    center: Shared,
    Path((token, _name)): Path<(String, String)>,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let download = center.store.run(move |db| store::download::get(db, &token)).await?;
    let Some(download) = download.filter(|download| download.expires_at > center.now()) else {
        return Err(ApiError::not_found("this address is unknown or has expired"));
    };
    let size = download.file.size;
    let tag = format!("\"{}\"", &download.file.sha256);
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    // A range of content that has changed since is not asked for any more.
    let is_same = text(IF_RANGE).is_none_or(|validator| validator == tag);
    let range = match text(RANGE).filter(|_| is_same).map(|range| parse_range(range, size)) {
        None | Some(Wanted::All) => None,
        Some(Wanted::Part(range)) => Some(range),
        Some(Wanted::Nothing) => {
            let range = (CONTENT_RANGE, format!("bytes */{size}"));
            return Ok((StatusCode::RANGE_NOT_SATISFIABLE, [range]).into_response());
        }
    };
    let part = range.clone().unwrap_or(0..=size.saturating_sub(1));
    if method != Method::HEAD {
        let percent = ((part.end() + 1) * 100).checked_div(size).map_or(100, |percent| percent.min(100) as u8);
        center.note_progress((download.plan, download.client_id, download.component), percent);
    }
    let length = part.end() + 1 - part.start();
    let body = if method == Method::HEAD {
        Body::empty()
    } else {
        let mut file = File::open(center.files.path(&download.stored)).await?;
        file.seek(SeekFrom::Start(*part.start())).await?;
        Body::from_stream(ReaderStream::new(file.take(length)))
    };
    let mut response = Response::builder()
        .header(ACCEPT_RANGES, "bytes")
        .header(CACHE_CONTROL, "private")
        .header(CONTENT_TYPE, "application/octet-stream")
        .header(CONTENT_LENGTH, length)
        .header(ETAG, tag);
    if range.is_some() {
        let range = format!("bytes {}-{}/{size}", part.start(), part.end());
        response = response.status(StatusCode::PARTIAL_CONTENT).header(CONTENT_RANGE, range);
    }
    response.body(body).map_err(|error| anyhow::Error::from(error).into())
}

#[derive(Debug, PartialEq, Eq)]
enum Wanted {
    All,
    Part(RangeInclusive<u64>),
    Nothing,
}

/// One range; several at once, and units other than bytes, are answered with all of the file.
fn parse_range(text: &str, size: u64) -> Wanted {
    let Some((first, last)) = text.strip_prefix("bytes=").and_then(|range| range.split_once('-')) else { return Wanted::All };
    let range = match (first.trim(), last.trim()) {
        ("", suffix) => suffix.parse::<u64>().ok().map(|count| (size.saturating_sub(count), size.saturating_sub(1))),
        (first, "") => first.parse().ok().map(|first| (first, size.saturating_sub(1))),
        (first, last) => first.parse().ok().zip(last.parse().ok()),
    };
    match range {
        None => Wanted::All,
        Some((first, last)) if first > last && !text.ends_with('-') => Wanted::All,
        Some((first, _)) if first >= size => Wanted::Nothing,
        Some((first, last)) => Wanted::Part(first..=last.min(size - 1)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_as_the_standard_says() {
        assert_eq!(parse_range("bytes=0-9", 100), Wanted::Part(0..=9));
        assert_eq!(parse_range("bytes=90-200", 100), Wanted::Part(90..=99));
        assert_eq!(parse_range("bytes=90-", 100), Wanted::Part(90..=99));
        assert_eq!(parse_range("bytes=-10", 100), Wanted::Part(90..=99));
        assert_eq!(parse_range("bytes=100-", 100), Wanted::Nothing);
        for odd in ["bytes=9-0", "bytes=0-1,5-6", "lines=0-9", "bytes=a-b", "bytes"] {
            assert_eq!(parse_range(odd, 100), Wanted::All, "{odd}");
        }
    }
}
