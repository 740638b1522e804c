//! With the feature `header`: writes the C header of the module's interface, `cmodule/qth/qth.h`, from `src/ffi.rs` and the
//! table of a board's functions.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    #[cfg(feature = "header")]
    write_header();
}

#[cfg(feature = "header")]
fn write_header() {
    const INTERFACE: &str = "src/ffi.rs";
    const BOARD: &str = "src/port/bare/board.rs";
    const HEADER: &str = "cmodule/qth/qth.h";
    const CONFIG: &str = "cbindgen.toml";
    for path in [INTERFACE, BOARD, HEADER, CONFIG] {
        println!("cargo::rerun-if-changed={path}");
    }
    let config = cbindgen::Config::from_file(CONFIG).expect("cbindgen.toml can be read");
    // Two files, not the crate: only what C needs is in the header.
    match cbindgen::Builder::new().with_config(config).with_src(INTERFACE).with_src(BOARD).generate() {
        Ok(bindings) => _ = bindings.write_to_file(HEADER),
        Err(error) => panic!("{HEADER} can't be made: {error}"),
    }
}
