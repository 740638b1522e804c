//! Tables and colours for people.

use anstyle::Style;
use serde_json::Value;
use std::fmt::Arguments;
use std::io::{ErrorKind, Write};

/// What is less important than the rest.
pub const FAINT: Style = Style::new().dimmed();

/// Prints a line, in colours on a terminal unless `NO_COLOR` is set. A reader that has seen enough, as `head`, ends the program in silence.
pub fn line(text: Arguments<'_>) {
    if let Err(error) = writeln!(anstream::stdout(), "{text}") {
        if error.kind() == ErrorKind::BrokenPipe {
            std::process::exit(0);
        }
        eprintln!("qth-center: can't print: {error}");
        std::process::exit(1);
    }
}

/// Prints rows under their heads, each column as wide as it needs.
pub fn print(heads: &[&str], rows: &[Vec<String>]) {
    let width = |column: usize| {
        let cells = rows.iter().map(|row| row[column].chars().count());
        cells.chain([heads[column].len()]).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..heads.len()).map(width).collect();
    let line = |cells: Vec<&str>| {
        let padded: Vec<String> = cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        padded.join("  ").trim_end().to_owned()
    };
    say!("{}", styled(FAINT, &line(heads.to_vec())));
    for row in rows {
        say!("{}", line(row.iter().map(String::as_str).collect()));
    }
}

/// A value as a cell: text without quotes, nothing for null.
pub fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// A number with a comma at each thousand.
pub fn number(number: u64) -> String {
    let digits = number.to_string();
    let places = digits.len();
    digits.chars().enumerate().fold(String::new(), |mut text, (at, digit)| {
        if at > 0 && (places - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
        text
    })
}

/// Text in a style, which [`line()`] leaves out where nobody wants colours.
pub fn styled(style: Style, text: &str) -> String {
    format!("{style}{text}{style:#}")
}

/// Rows of an array, with these fields.
pub fn rows(answer: &Value, fields: &[&str]) -> Vec<Vec<String>> {
    let items = answer.as_array().map(Vec::as_slice).unwrap_or_default();
    items.iter().map(|item| fields.iter().map(|field| cell(&item[*field])).collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_a_comma_at_each_thousand() {
        assert_eq!([0, 999, 1000, 12_345, 1_199_584].map(number), ["0", "999", "1,000", "12,345", "1,199,584"]);
    }
}
