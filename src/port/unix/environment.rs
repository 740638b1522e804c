//! Settings of the board from the environment. What can't be used is named on standard error, and the default taken.

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;

/// The variable's text; `None` when it is not there or empty.
pub(super) fn text(name: &str) -> Option<String> {
    let value = std::env::var_os(name).filter(|value| !value.is_empty())?;
    let text = value.into_string();
    if text.is_err() {
        eprintln!("Qth: {name} is not UTF-8, so it is not used");
    }
    text.ok()
}

/// The variable's text if it is as it should be, which `what` says for people; `default` otherwise.
pub(super) fn text_or(name: &str, default: &str, what: &str, is_good: impl FnOnce(&str) -> bool) -> String {
    match text(name) {
        Some(text) if is_good(&text) => text,
        Some(text) => {
            eprintln!("Qth: {name}={text} is not {what}; {default} is used");
            default.to_owned()
        }
        None => default.to_owned(),
    }
}

/// The variable's number if it lies in `range`, `default` otherwise.
pub(super) fn number_or<T>(name: &str, default: T, range: RangeInclusive<T>) -> T
where
    T: FromStr + PartialOrd + Display + Copy,
{
    let Some(text) = text(name) else { return default };
    match text.parse() {
        Ok(number) if range.contains(&number) => number,
        _ => {
            let (least, most) = (range.start(), range.end());
            eprintln!("Qth: {name}={text} is not a number from {least} to {most}; {default} is used");
            default
        }
    }
}

/// Returns whether the variable is there, and neither empty nor 0.
pub(super) fn is_set(name: &str) -> bool {
    text(name).is_some_and(|text| text != "0")
}
