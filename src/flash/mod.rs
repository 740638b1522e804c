//! Flash: layout, records and slots that survive power cuts, and what the bootloader decides.
#![forbid(unsafe_code)]
