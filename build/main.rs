//! What is made ready before the crate is compiled: the registry of languages, and how the functions of the released program are to lie in its file.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "that is how a build script speaks to cargo"
)]

mod languages;
mod layout;

use std::path::PathBuf;
use std::process::ExitCode;

fn main() -> ExitCode {
    let manifest = folder("CARGO_MANIFEST_DIR");
    let out = folder("OUT_DIR");
    layout::ask_for(&manifest.join("release/layout.txt"), &out);
    match languages::write(&manifest.join("grammars"), &out.join("languages.rs")) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("grammars/languages.toml: {message}");
            ExitCode::FAILURE
        }
    }
}

fn folder(variable: &str) -> PathBuf {
    PathBuf::from(std::env::var_os(variable).expect("cargo sets it"))
}
