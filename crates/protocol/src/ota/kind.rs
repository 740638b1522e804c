//! What a component of a plan, a file or a package is.

use crate::ttlv::Value;

coded! {
    /// What is to be upgraded. The numbers are those on the wire and in packages.
    enum Kind,
    /// Its name in the Center's API.
    fn name {
        /// The module's own firmware (FOTA).
        Module = 0 => "module",
        /// The firmware of an external MCU (SOTA).
        Mcu = 1 => "mcu",
    }
}

impl Kind {
    /// Reads a kind from its TTLV value; `None` when it is no number of one.
    #[must_use]
    pub fn from_value(value: &Value<'_>) -> Option<Self> {
        Self::from_code(u8::try_from(value.as_i64()?).ok()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ttlv::Number;

    #[test]
    fn every_kind_reads_back_as_itself_and_other_numbers_as_none() {
        let read = |number| Kind::from_value(&Value::Number(Number::from_i64(number)));
        for kind in Kind::ALL {
            assert_eq!(read(*kind as i64), Some(*kind));
        }
        for other in [-1, 2, 256, i64::MAX] {
            assert_eq!(read(other), None, "{other}");
        }
        assert_eq!(Kind::from_value(&Value::Bytes(b"0")), None);
    }
}
