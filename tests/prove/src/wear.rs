//! What an upgrade costs the flash.

use crate::case::{Case, Outcome};
use crate::geometry::GEOMETRIES;
use crate::images::Images;
use crate::scenario::SCENARIOS;
use std::fmt::Write;

/// An upgrade without a cut.
pub struct Wear {
    pub case: Case,
    pub outcome: Outcome,
}

/// Counts each kind of upgrade, of a made-up image on each chip, and of so much firmware on the first one.
pub fn measure(firmware: usize) -> Result<Vec<Wear>, (Case, String)> {
    let made_up = (0..GEOMETRIES.len()).map(|geometry| (geometry, Images::Large));
    let real = (0..firmware).map(|place| (0, Images::Firmware(place)));
    let mut all = Vec::new();
    for (geometry, images) in made_up.chain(real) {
        for scenario in 0..SCENARIOS.len() {
            let case = Case { scenario, geometry, images, seed: 0, cuts: Vec::new() };
            if ["other", "rot", "inplace-other"].contains(&case.scenario().name) {
                continue;
            }
            let outcome = case.run().map_err(|why| (case.clone(), why))?;
            all.push(Wear { case, outcome });
        }
    }
    Ok(all)
}

const HEAD: [&str; 8] =
    ["chip", "image", "upgrade", "slot: erases", "of a block", "bytes written", "records: erases", "bytes written"];

fn row(wear: &Wear) -> [String; 8] {
    let Outcome { slot_erases, all_slot_erases, slot_bytes, record_erases, record_bytes, .. } = &wear.outcome;
    let numbers = [all_slot_erases, slot_erases, slot_bytes, record_erases, record_bytes].map(usize::to_string);
    let [erases, block, bytes, record_erases, record_bytes] = numbers;
    let [chip, image, upgrade] =
        [wear.case.geometry().name, wear.case.images.name(), wear.case.scenario().name].map(str::to_owned);
    [chip, image, upgrade, erases, block, bytes, record_erases, record_bytes]
}

/// As a table for a terminal.
pub fn text(all: &[Wear]) -> String {
    let mut text = String::new();
    for row in [HEAD.map(str::to_owned)].into_iter().chain(all.iter().map(row)) {
        let [chip, image, upgrade, numbers @ ..] = row;
        let _ = write!(text, "{chip:<10}{image:<16}{upgrade:<10}");
        for number in numbers {
            let _ = write!(text, "{number:>17}");
        }
        text.push('\n');
    }
    text
}

/// As a table of a page.
pub fn html(all: &[Wear]) -> String {
    let line = |row: [String; 8], tag: &str| row.map(|cell| format!("<{tag}>{cell}</{tag}>")).concat();
    let rows: Vec<String> = all.iter().map(|wear| format!("<tr>{}</tr>", line(row(wear), "td"))).collect();
    format!("<table><tr>{}</tr>{}</table>", line(HEAD.map(str::to_owned), "th"), rows.concat())
}
