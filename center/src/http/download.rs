//! `/d/{token}/{name}`: a file, at an address that only its device knows and that expires.

use super::extract::Path;
use super::{ApiError, Shared};
use crate::store;
use anyhow::Context;
use axum::body::Body;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use axum_extra::headers::{
    AcceptRanges, CacheControl, ContentLength, ContentRange, ContentType, ETag, HeaderMapExt, IfRange, Range,
};
use axum_extra::TypedHeader;
use std::ops::{Bound, RangeInclusive};
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
    let tag: ETag = format!("\"{}\"", &download.file.sha256).parse().context("a digest is an entity tag")?;
    let wanted = if is_same(&headers, &tag) { wanted(&headers, size) } else { Wanted::All };
    let (status, part) = match wanted {
        Wanted::All => (StatusCode::OK, 0..=size.saturating_sub(1)),
        Wanted::Part(part) => (StatusCode::PARTIAL_CONTENT, part),
        Wanted::Nothing => {
            let range = TypedHeader(ContentRange::unsatisfied_bytes(size));
            return Ok((StatusCode::RANGE_NOT_SATISFIABLE, range).into_response());
        }
    };
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
    let range = if status == StatusCode::PARTIAL_CONTENT { ContentRange::bytes(part, size).ok() } else { None };
    let headers = (
        TypedHeader(AcceptRanges::bytes()),
        TypedHeader(CacheControl::new().with_private()),
        TypedHeader(ContentType::octet_stream()),
        TypedHeader(ContentLength(length)),
        TypedHeader(tag),
        range.map(TypedHeader),
    );
    Ok((status, headers, body).into_response())
}

#[derive(Debug, PartialEq, Eq)]
enum Wanted {
    All,
    Part(RangeInclusive<u64>),
    Nothing,
}

/// Returns whether a range may be answered by a part: false where the client has the beginning of other content.
fn is_same(headers: &HeaderMap, tag: &ETag) -> bool {
    match headers.typed_try_get::<IfRange>() {
        Ok(None) => true,
        Ok(Some(condition)) => !condition.is_modified(Some(tag), None),
        Err(_) => false,
    }
}

/// Reads which part of a file is asked for. Several ranges at once, and units other than bytes, are answered with all of the file.
fn wanted(headers: &HeaderMap, size: u64) -> Wanted {
    let Some(range) = headers.typed_get::<Range>() else { return Wanted::All };
    let mut ranges = range.satisfiable_ranges(size);
    let (Some((Bound::Included(first), last)), None) = (ranges.next(), ranges.next()) else { return Wanted::All };
    match last {
        Bound::Included(last) if last < first => Wanted::All,
        _ if first >= size => Wanted::Nothing,
        Bound::Included(last) => Wanted::Part(first..=last.min(size - 1)),
        Bound::Excluded(_) | Bound::Unbounded => Wanted::Part(first..=size - 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::header::{IF_RANGE, RANGE};
    use axum::http::HeaderValue;

    fn wanted(range: &'static str) -> Wanted {
        super::wanted(&HeaderMap::from_iter([(RANGE, HeaderValue::from_static(range))]), 100)
    }

    #[test]
    fn ranges_are_read_as_the_standard_says() {
        assert_eq!(wanted("bytes=0-9"), Wanted::Part(0..=9));
        assert_eq!(wanted("bytes=90-200"), Wanted::Part(90..=99));
        assert_eq!(wanted("bytes=90-"), Wanted::Part(90..=99));
        assert_eq!(wanted("bytes=-10"), Wanted::Part(90..=99));
        assert_eq!(wanted("bytes=100-"), Wanted::Nothing);
        for odd in ["bytes=9-0", "bytes=0-1,5-6", "lines=0-9", "bytes=a-b", "bytes", "bytes=-", "bytes=-101"] {
            assert_eq!(wanted(odd), Wanted::All, "{odd}");
        }
    }

    #[test]
    fn a_part_is_given_only_of_the_content_that_the_client_knows() {
        let tag: ETag = "\"a\"".parse().unwrap();
        let is_same = |known| is_same(&HeaderMap::from_iter([(IF_RANGE, HeaderValue::from_static(known))]), &tag);
        assert!(is_same("\"a\""));
        for other in ["\"b\"", "W/\"a\"", "a", "Sat, 29 Oct 1994 19:43:31 GMT"] {
            assert!(!is_same(other), "{other}");
        }
        assert!(super::is_same(&HeaderMap::new(), &tag));
    }
}
