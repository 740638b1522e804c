//! The report: one page that needs nothing else.

use crate::geometry::GEOMETRIES;
use crate::images::FIRMWARE;
use crate::plan::Depth;
use crate::scenario::SCENARIOS;
use crate::tally::{Field, Picture, Tally, WAYS};
use crate::wear::Wear;
use std::fmt::Write;
use std::time::Duration;

const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;margin:2em auto;max-width:1200px;padding:0 1em;color:#222}\
h1{margin-bottom:0}table{border-collapse:collapse}td,th{padding:.2em .8em;border-bottom:1px solid #ddd;text-align:right}\
td:first-child,th:first-child{text-align:left}figure{display:inline-block;max-width:100%;overflow-x:auto;margin:.5em 1em .5em 0;vertical-align:top}\
figcaption{font-size:13px;color:#555}.good{color:#1a7f37}.bad{color:#c5221f}svg{background:#f4f4f4}code{font-size:13px}";

/// Writes the page.
pub fn page(tally: &Tally, wear: &[Wear], time: Duration, name: &str) -> String {
    let mut page = String::new();
    let failed = tally.failures.len();
    let (class, verdict) = match failed {
        0 => ("good", "Every run ended as it has to.".to_owned()),
        _ => ("bad", format!("{failed} runs did not end as they have to.")),
    };
    let _ = write!(
        page,
        "<!doctype html><html lang=en><meta charset=utf-8><title>Qth: the proof</title><style>{STYLE}</style>\
         <h1>The proof</h1><p class={class}><b>{verdict}</b></p>\
         <p>{name}: {} upgrades, {} power cuts, {} s. After every cut an image that was verified was started, the upgrade came to its end, \
         the digest was right, the report to the Center true, and nothing outside of records and slot was changed. \
         Most erases of a block of the slot with up to two cuts: {}. Most banks of records erased in a start then: {}. \
         Most starts in a run: {}.</p>",
        tally.runs,
        tally.cuts,
        time.as_secs(),
        tally.most_slot_erases,
        tally.most_record_erases,
        tally.most_starts,
    );
    for (case, why) in tally.failures.iter().take(50) {
        let _ = write!(page, "<p class=bad><code>qth-prove --case {case}</code><br>{}</p>", escaped(why));
    }
    for (depth, title, text) in [
        (
            Depth::Single,
            "One cut",
            format!("From left to right the flash operation that power is cut in, from top to bottom how: {}.", WAYS.join(", ")),
        ),
        (Depth::Large, "One cut in a larger image", "Read as above.".to_owned()),
        (
            Depth::Double,
            "Two cuts",
            "From left to right the operation of the first cut, downwards that of the second one after the start in between."
                .to_owned(),
        ),
        (
            Depth::Many,
            "Many cuts, and a bad network",
            "From left to right how many cuts were planned, downwards how many starts it took.".to_owned(),
        ),
        (
            Depth::Firmware,
            "Real firmware",
            format!(
                "Read as above; half of the runs have a good network and at most two cuts. Each picture has the runs of {}.",
                FIRMWARE.each_ref().map(|firmware| firmware.name).join(", ")
            ),
        ),
    ] {
        let _ = write!(page, "<h2>{title}</h2><p>{text} {}</p>", legend());
        for ((_, scenario, geometry), picture) in tally.pictures.iter().filter(|(key, _)| key.0 == depth as usize) {
            let runs: usize = picture.values().map(|field| field.runs).sum();
            let _ = write!(
                page,
                "<figure>{}<figcaption>{}, {}: {runs} runs</figcaption></figure>",
                drawing(picture, depth),
                SCENARIOS[*scenario].name,
                GEOMETRIES[*geometry].name
            );
        }
    }
    let _ = write!(page, "<h2>Wear</h2>{}", crate::wear::html(wear));
    page
}

fn legend() -> String {
    let swatch = |colour: &str, text: &str| format!("<span style='background:{colour}'>&emsp;</span> {text} ");
    [
        swatch(colour(&Field { runs: 1, failures: 0, again: 0 }), "nothing erased again"),
        swatch(colour(&Field { runs: 1, failures: 0, again: 1 }), "a block of the slot"),
        swatch(colour(&Field { runs: 1, failures: 0, again: 2 }), "more of it"),
        swatch(colour(&Field { runs: 1, failures: 1, again: 0 }), "failed"),
    ]
    .concat()
}

fn colour(field: &Field) -> &'static str {
    match (field.failures, field.again) {
        (0, 0) => "#2da44e",
        (0, 1) => "#a5d96a",
        (0, _) => "#f2cc60",
        _ => "#d1242f",
    }
}

fn drawing(picture: &Picture, depth: Depth) -> String {
    let columns = picture.keys().map(|(column, _)| column + 1).max().unwrap_or(0);
    let rows = if matches!(depth, Depth::Single | Depth::Large) {
        WAYS.len()
    } else {
        picture.keys().map(|(_, row)| row + 1).max().unwrap_or(0)
    };
    let (wide, high) = match depth {
        Depth::Single | Depth::Large => (6, 10),
        Depth::Double => (3, 3),
        Depth::Many | Depth::Firmware => (14, 6),
    };
    let mut svg = format!("<svg width={} height={}>", columns * wide, rows * high);
    let mut fields = picture.iter().map(|((column, row), field)| (*column, *row, colour(field))).peekable();
    while let Some((column, row, fill)) = fields.next() {
        let mut end = row + 1;
        while fields.next_if(|next| *next == (column, end, fill)).is_some() {
            end += 1;
        }
        let (x, y, tall) = (column * wide, row * high, (end - row) * high);
        let _ = write!(svg, "<rect x={x} y={y} width={wide} height={tall} fill='{fill}'/>");
    }
    svg + "</svg>"
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}
