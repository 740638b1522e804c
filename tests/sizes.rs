//! Sizes that a board's build chooses: what `build.rs` takes is what `docs/BOARDS.md` says.

#[allow(dead_code, reason = "the script's main")]
#[path = "../build.rs"]
mod build;

use build::{Size, SIZES};

const BOARDS: &str = include_str!("../docs/BOARDS.md");

/// The row of the table that describes a size.
fn row(size: &Size) -> String {
    let (least, most) = (size.range.start(), size.range.end());
    let powers = if size.is_power { ", a power of two" } else { "" };
    format!("| `{}` | {} | {} | {least} to {most}{powers} |", size.variable(), size.about, size.default)
}

#[test]
fn the_table_in_the_documents_is_what_the_build_takes() {
    let described: Vec<&str> = BOARDS.lines().filter(|line| line.starts_with("| `QTH_")).collect();
    assert_eq!(described, SIZES.iter().map(row).collect::<Vec<_>>());
}

#[test]
fn defaults_are_what_they_may_be() {
    for size in &SIZES {
        assert_eq!(size.parse(&size.default.to_string()), Ok(size.default));
    }
}

#[test]
fn a_wrong_value_is_answered_with_a_sentence() {
    let [erase, ..] = &SIZES;
    for text in ["5000", "1024", "262144", "4K", "-1", ""] {
        let sentence = format!("QTH_ERASE_SIZE is {text}: it has to be a power of two from 2048 to 131072");
        assert_eq!(erase.parse(text), Err(sentence));
    }
}
