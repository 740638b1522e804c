//! Whom a request asks: the address that the Center has named, or the one that a redirect from there has.

use crate::ascii;
use crate::upgrade::url::Url;

/// Whom a request asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// The download's own address.
    Own,
    /// The address that a redirect has named. It has this length, and lies at the end of the buffer until a body comes.
    Redirected(usize),
    /// A redirect has named none that can be used.
    None,
}

impl Target {
    /// The buffer without and with the address that is kept at its end.
    pub fn split<'a>(&self, buffer: &'a mut [u8]) -> (&'a mut [u8], &'a [u8]) {
        let at = match self {
            Self::Redirected(length) => buffer.len().saturating_sub(*length),
            Self::Own | Self::None => buffer.len(),
        };
        let (front, kept) = buffer.split_at_mut_checked(at).unwrap_or_default();
        (front, kept)
    }

    /// The address: `own`, or the one at the end of the buffer.
    pub fn address<'a>(&self, own: &'a str, buffer: &'a [u8]) -> &'a str {
        match self {
            Self::Own => own,
            Self::Redirected(length) => {
                let kept = buffer.len().checked_sub(*length).and_then(|at| buffer.get(at..));
                kept.and_then(|kept| core::str::from_utf8(kept).ok()).unwrap_or_default()
            }
            Self::None => "",
        }
    }

    /// Where a redirect from here leads: its location lies in the buffer from `at` to `end`.
    pub fn redirected(&self, own: &str, buffer: &mut [u8], at: usize, end: usize) -> Self {
        self.resolve(own, buffer, at, end).unwrap_or(Self::None)
    }

    fn resolve(&self, own: &str, buffer: &mut [u8], at: usize, end: usize) -> Option<Self> {
        let location = core::str::from_utf8(buffer.get(at..end)?.trim_ascii_end()).ok()?;
        let kept = kept_of(self.address(own, buffer), location)?;
        let end = at.checked_add(location.len())?;
        let length = kept.checked_add(location.len())?;
        let place = buffer.len().checked_sub(length).filter(|place| *place >= end)?;
        match self {
            Self::Redirected(before) => {
                let from = buffer.len().checked_sub(*before)?;
                // Both lie in the buffer: what is checked here, copy_within would panic at.
                let whole = from.checked_add(kept).filter(|whole| *whole <= buffer.len())?;
                buffer.copy_within(from..whole, place);
            }
            Self::Own | Self::None => {
                let (to, kept) = (buffer.get_mut(place..place.checked_add(kept)?)?, own.as_bytes().get(..kept)?);
                to.copy_from_slice(kept);
            }
        }
        buffer.copy_within(at..end, place.checked_add(kept)?);
        let next = Self::Redirected(length);
        Url::parse(next.address(own, buffer)).ok()?;
        Some(next)
    }
}

/// How much of an address stays before the location that a redirect from there names (RFC 3986, section 5.2.2).
fn kept_of(url: &str, location: &str) -> Option<usize> {
    let (scheme, rest) = ascii::scheme(url)?;
    let is_end = |byte| matches!(byte, b'/' | b'?' | b'#');
    let path = url.len().checked_sub(rest.len())?.checked_add(ascii::before(rest, is_end).len())?;
    let without_query = ascii::before(url, |byte| byte == b'?' || byte == b'#').len();
    match location {
        "" => None,
        _ if ascii::scheme(location).is_some() => Some(0),
        _ if location.starts_with("//") => scheme.len().checked_add(1),
        _ if location.starts_with('/') => Some(path),
        _ if location.starts_with('?') => Some(without_query),
        _ => {
            let slash = url.as_bytes().get(path..without_query)?.iter().rposition(|byte| *byte == b'/')?;
            Some(slash.saturating_add(path).saturating_add(1))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Follows redirects one after another, each with its location in front of the buffer.
    fn follow(own: &str, locations: &[&str], room: usize) -> Option<std::string::String> {
        let mut buffer = vec![b'.'; room];
        let mut target = Target::Own;
        for location in locations {
            buffer[3..3 + location.len()].copy_from_slice(location.as_bytes());
            target = target.redirected(own, &mut buffer, 3, 3 + location.len());
            if target == Target::None {
                return None;
            }
        }
        Some(target.address(own, &buffer).into())
    }

    #[test]
    fn a_location_is_read_relative_to_the_address_that_it_comes_from() {
        let own = "http://a/d/f.bin?x=1";
        for (location, address) in [
            ("http://b:81/x", "http://b:81/x"),
            ("//c/q", "http://c/q"),
            ("/y?z", "http://a/y?z"),
            ("sub/g", "http://a/d/sub/g"),
            ("?token=7", "http://a/d/f.bin?token=7"),
        ] {
            assert_eq!(follow(own, &[location], 200).as_deref(), Some(address), "{location}");
        }
        assert_eq!(follow("http://a", &["x"], 200), None, "a host and a path need a slash between them");
    }

    #[test]
    fn redirects_follow_one_another() {
        let own = "http://a/f";
        assert_eq!(follow(own, &["http://b/long/way/g", "h?i"], 100).as_deref(), Some("http://b/long/way/h?i"));
        assert_eq!(follow(own, &["http://b/g", "a/longer/way/to/go"], 100).as_deref(), Some("http://b/a/longer/way/to/go"));
        assert_eq!(follow(own, &["http://b/g/h/i/j", "/k"], 100).as_deref(), Some("http://b/k"));
    }

    #[test]
    fn what_can_not_be_kept_or_is_no_address_leads_nowhere() {
        assert_eq!(follow("http://a/f", &["http://b/a/long/way"], 40), None);
        for location in ["", "ftp://b/", "http:///x", "http://b:0/"] {
            assert_eq!(follow("http://a/f", &[location], 200), None, "{location}");
        }
    }
}
