//! With the feature `header`: writes the C header of the module's interface, `cmodule/qth/qth.h`, from `src/ffi`.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    #[cfg(feature = "header")]
    write_header();
}

#[cfg(feature = "header")]
fn write_header() {
    /// In the order of the header.
    const INTERFACE: [&str; 9] = [
        "src/ffi/border.rs",
        "src/ffi/board.rs",
        "src/ffi/host.rs",
        "src/ffi/setup.rs",
        "src/ffi/data.rs",
        "src/ffi/upgrade.rs",
        "src/ffi/handlers.rs",
        "src/ffi/delivery.rs",
        "src/ffi/values.rs",
    ];
    const HEADER: &str = "cmodule/qth/qth.h";
    const CONFIG: &str = "cbindgen.toml";
    for path in INTERFACE.into_iter().chain([HEADER, CONFIG]) {
        println!("cargo::rerun-if-changed={path}");
    }
    let config = cbindgen::Config::from_file(CONFIG).expect("cbindgen.toml can be read");
    // These files, not the crate: only what C needs is in the header.
    let builder = INTERFACE.into_iter().fold(cbindgen::Builder::new(), cbindgen::Builder::with_src);
    match builder.with_config(config).generate() {
        Ok(bindings) => _ = bindings.write_to_file(HEADER),
        Err(error) => panic!("{HEADER} can't be made: {error}"),
    }
}
