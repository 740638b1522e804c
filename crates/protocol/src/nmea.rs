//! Sentences of a location: NMEA 0183, and `$LBS,…` and `$WIFI,…`, which have the same form. On the wire each is followed by `;`.
#![forbid(unsafe_code)]

use core::fmt;

/// What is no list of sentences, or carries a checksum that differs, or does not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadSentence;

impl fmt::Display for BadSentence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("these are no sentences, or the checksum of one differs, or they do not fit")
    }
}

impl core::error::Error for BadSentence {}

/// Writes sentences, joined by `;`, as they go over the wire: without blanks around them, each followed by `;`. A `$LBS` or `$WIFI`
/// gets its checksum whatever it had: scripts make these themselves, and the vendor's own example has a wrong one. Returns the
/// length.
///
/// # Errors
/// There is no sentence, one does not begin with `$`, its checksum differs, or `out` is too small.
pub fn complete(sentences: &str, out: &mut [u8]) -> Result<usize, BadSentence> {
    let mut length = 0;
    for sentence in
        sentences.as_bytes().split(|byte| *byte == b';').map(<[u8]>::trim_ascii).filter(|sentence| !sentence.is_empty())
    {
        length = complete_one(sentence, out, length).ok_or(BadSentence)?;
    }
    if length == 0 {
        return Err(BadSentence);
    }
    Ok(length)
}

fn complete_one(sentence: &[u8], out: &mut [u8], mut length: usize) -> Option<usize> {
    let body = sentence.strip_prefix(b"$")?;
    let mut put = |bytes: &[u8]| {
        let end = length.checked_add(bytes.len())?;
        out.get_mut(length..end)?.copy_from_slice(bytes);
        length = end;
        Some(())
    };
    let star = body.iter().position(|byte| *byte == b'*');
    let (summed, given) = body.split_at_checked(star.unwrap_or(body.len()))?;
    if !summed.iter().all(|byte| matches!(byte, b' '..=b'~')) {
        return None;
    }
    // The exclusive or of all bytes between $ and *, in two hexadecimal digits.
    let sum = summed.iter().fold(0, |sum, byte| sum ^ byte);
    let digit = |value: u8| b"0123456789ABCDEF".get(usize::from(value)).copied();
    let checksum = [b'*', digit(sum >> 4)?, digit(sum & 15)?];
    put(b"$")?;
    put(summed)?;
    if summed.starts_with(b"LBS,") || summed.starts_with(b"WIFI,") {
        put(&checksum)?;
    } else if star.is_some() {
        put(Some(given).filter(|given| given.eq_ignore_ascii_case(&checksum))?)?;
    }
    put(b";")?;
    Some(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GGA: &str = "$GPGGA,123519,4807.038,N,01131.000,E,1,08,0.9,545.4,M,46.9,M,,*47";

    fn completed(sentences: &str) -> Option<String> {
        let mut out = [0; 256];
        let length = complete(sentences, &mut out).ok()?;
        Some(String::from_utf8(out[..length].to_vec()).unwrap())
    }

    #[test]
    fn each_sentence_gets_its_end_and_lbs_its_checksum() {
        assert_eq!(completed(GGA), Some(format!("{GGA};")));
        assert_eq!(completed(&format!(" {GGA}\r\n;{GGA};")), Some(format!("{GGA};{GGA};")));
        assert_eq!(completed("$LBS,460,0,1878,1234,-71").as_deref(), Some("$LBS,460,0,1878,1234,-71*5A;"));
        assert_eq!(completed("$LBS,460,0,1878,1234,-71*00").as_deref(), Some("$LBS,460,0,1878,1234,-71*5A;"));
        let example = "$LBS,460,0,26909,94938126,-79,0*69;";
        assert_eq!(completed(example).as_deref(), Some("$LBS,460,0,26909,94938126,-79,0*72;"), "the vendor's own");
        assert_eq!(completed("$WIFI,1,a,-71*;").as_deref(), Some("$WIFI,1,a,-71*46;"));
        assert_eq!(completed("$GNRMC,,V").as_deref(), Some("$GNRMC,,V;"), "NMEA allows sentences without one");
    }

    #[test]
    fn what_is_no_sentence_is_refused() {
        for sentences in ["", ";", " ; ", "GPGGA,1", "$GPGGA,1*00", "$GPGGA,1*", "$GPGGA,1*4", "$LBS,1\n2", "$LBS,ä"] {
            assert_eq!(completed(sentences), None, "{sentences:?}");
        }
        assert_eq!(complete(GGA, &mut [0; 20]), Err(BadSentence));
        assert_eq!(complete("$LBS,1", &mut [0; 9]), Err(BadSentence));
        assert_eq!(complete("$LBS,1", &mut [0; 10]), Ok(10));
    }
}
