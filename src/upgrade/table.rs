//! The table of all states and inputs in `docs/ARCHITECTURE.md` is what the code does.

use super::bed::{file_info, plan, Bed};
use super::*;
use std::string::String;

const STATES: [&str; 12] = [
    "Idle",
    "Offered",
    "Confirmed",
    "Downloading",
    "Paused",
    "Downloaded",
    "Installing",
    "Restarting",
    "Trial",
    "McuUpdating",
    "McuReading",
    "Ended",
];

/// Every input, with its name in the table.
fn inputs<'a>(plan: &'a [u8], file_info: &'a [u8]) -> Vec<(&'static str, Input<'a>)> {
    let mut inputs = vec![
        ("Plan", Input::Plan(plan)),
        ("FileInfo", Input::FileInfo(file_info)),
        ("Accept", Input::Accept),
        ("Refuse", Input::Refuse),
        ("McuFetch", Input::McuFetch),
        ("McuUpdate", Input::McuUpdate),
        ("McuVersion", Input::McuVersion),
        ("ApplicationFailed", Input::ApplicationFailed(Failure::BadArchive)),
        ("Start", Input::Start),
        ("Stop", Input::Stop),
        ("Online", Input::Online),
        ("Network: gone", Input::Network(Network::Absent)),
        ("Received", Input::Received),
        ("Fetched: all is there", Input::Fetched(Ok(()))),
        ("Fetched: given up", Input::Fetched(Err(Failure::Server))),
    ];
    inputs.extend([
        ("Acknowledged: Updating", Input::Acknowledged(Status::Updating)),
        ("Acknowledged: Updated", Input::Acknowledged(Status::Updated)),
        ("Acknowledged: Failed", Input::Acknowledged(Status::Failed)),
    ]);
    let names = ["FileInfo", "Attempt", "Progress", "McuRead", "McuVersion", "Trial"];
    let expired = [
        "Expired: FileInfo",
        "Expired: Attempt",
        "Expired: Progress",
        "Expired: McuRead",
        "Expired: McuVersion",
        "Expired: Trial",
    ];
    assert_eq!(names.len(), Timer::ALL.len());
    inputs.extend(expired.into_iter().zip(Timer::ALL).map(|(name, timer)| (name, Input::Expired(timer))));
    inputs
}

/// One cell: the state that the input leads to, and what the device then does.
fn cell(state: &str, input: Input<'_>) -> (&'static str, Effects) {
    let mut bed = Bed::in_state(state);
    if matches!(state, "Downloading") && input == Input::Fetched(Ok(())) {
        bed.receive();
    }
    if input == Input::McuVersion {
        bed.settings.mcu_versions = mcu::with_version("", "MCU1", bed::NEW).unwrap();
    }
    bed.on(input)
}

fn words(effects: &Effects) -> String {
    let words: Vec<String> = effects
        .iter()
        .map(|effect| match effect {
            Effect::Report(status, None) => format!("report {status:?}"),
            Effect::Report(status, Some(failure)) => format!("report {status:?} ({failure:?})"),
            Effect::ReportOnce(status, None) => format!("report {status:?}, unless on its way"),
            Effect::ReportOnce(status, Some(failure)) => format!("report {status:?} ({failure:?}), unless on its way"),
            Effect::Tell(Notice::Result(true)) => "tell success".into(),
            Effect::Tell(Notice::Result(false)) => "tell failure".into(),
            Effect::Tell(notice) => format!("tell {notice:?}"),
            Effect::Exception(code) => format!("exception {code}"),
            Effect::Restart => "restart".into(),
            other => panic!("{other:?} has no place in the table"),
        })
        .collect();
    words.join("; ")
}

/// The rows in which something happens.
fn table() -> String {
    let mut table = String::from("| state | input | next state | effects |\n| --- | --- | --- | --- |\n");
    for state in STATES {
        let (plan, file_info) = match state {
            "McuUpdating" | "McuReading" => (plan("MCU1", 1), file_info("MCU1", 1)),
            _ => (plan("EC600N", 0), file_info("EC600N", 0)),
        };
        for (name, input) in inputs(&plan, &file_info) {
            let (next, effects) = cell(state, input);
            if effects.contains(Effect::Ignored) || (next == state && effects.is_empty()) {
                continue;
            }
            table += &format!("| {state} | {name} | {next} | {} |\n", words(&effects));
        }
    }
    table
}

/// `QTH_BLESS=1` writes the table anew.
#[test]
fn the_table_of_states_in_the_documents_is_what_the_code_does() {
    const BEGIN: &str = "<!-- The table of states, checked by src/upgrade/table.rs -->\n";
    const END: &str = "<!-- End of the table of states -->\n";
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/ARCHITECTURE.md");
    let document = std::fs::read_to_string(path).unwrap();
    let begin = document.find(BEGIN).expect("where the table begins") + BEGIN.len();
    let end = document.find(END).expect("where the table ends");
    let table = table();
    if std::env::var_os("QTH_BLESS").is_some() {
        std::fs::write(path, [&document[..begin], &table, &document[end..]].concat()).unwrap();
        return;
    }
    assert!(document[begin..end] == table, "the table in {path} is out of date: set QTH_BLESS=1 and run this test again");
}
