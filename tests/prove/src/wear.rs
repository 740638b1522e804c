//! What an upgrade costs the flash.

use crate::case::{Case, Outcome};
use crate::geometry::GEOMETRIES;
use crate::scenario::SCENARIOS;
use std::fmt::Write;

/// An upgrade without a cut, of a larger image.
pub struct Wear {
    pub scenario: &'static str,
    pub geometry: &'static str,
    pub outcome: Outcome,
}

/// Counts a plain image, a package and a delta, on each chip.
pub fn measure() -> Result<Vec<Wear>, (Case, String)> {
    let mut all = Vec::new();
    for geometry in 0..GEOMETRIES.len() {
        for scenario in 0..SCENARIOS.len() {
            let case = Case { scenario, geometry, is_large: true, seed: 0, cuts: Vec::new() };
            if ["other", "rot", "inplace-other"].contains(&case.scenario().name) {
                continue;
            }
            let outcome = case.run().map_err(|why| (case.clone(), why))?;
            all.push(Wear { scenario: case.scenario().name, geometry: case.geometry().name, outcome });
        }
    }
    Ok(all)
}

const HEAD: [&str; 7] = ["chip", "upgrade", "slot: erases", "of a block", "bytes written", "records: erases", "bytes written"];

fn row(wear: &Wear) -> [String; 7] {
    let Outcome { slot_erases, all_slot_erases, slot_bytes, record_erases, record_bytes, .. } = &wear.outcome;
    let numbers = [all_slot_erases, slot_erases, slot_bytes, record_erases, record_bytes].map(usize::to_string);
    let [erases, block, bytes, record_erases, record_bytes] = numbers;
    [wear.geometry.to_owned(), wear.scenario.to_owned(), erases, block, bytes, record_erases, record_bytes]
}

/// As a table for a terminal.
pub fn text(all: &[Wear]) -> String {
    let mut text = String::new();
    for row in [HEAD.map(str::to_owned)].into_iter().chain(all.iter().map(row)) {
        let [chip, upgrade, numbers @ ..] = row;
        let _ = write!(text, "{chip:<10}{upgrade:<10}");
        for number in numbers {
            let _ = write!(text, "{number:>17}");
        }
        text.push('\n');
    }
    text
}

/// As a table of a page.
pub fn html(all: &[Wear]) -> String {
    let line = |row: [String; 7], tag: &str| row.map(|cell| format!("<{tag}>{cell}</{tag}>")).concat();
    let rows: Vec<String> = all.iter().map(|wear| format!("<tr>{}</tr>", line(row(wear), "td"))).collect();
    format!("<table><tr>{}</tr>{}</table>", line(HEAD.map(str::to_owned), "th"), rows.concat())
}
