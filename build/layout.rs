//! How the functions of the released program lie in its file: those that run at the start and for a completion side by side.
//!
//! By itself a linker leaves them in the order in which it reads them. Then the tenth of the code that a server needs lies strewn over all of it, and more than
//! half the program becomes resident; how much this brings is told in `docs/performance.md`. `release/layout.txt` names the functions, as
//! `release/layout.py record` saw them run. LLD takes such a list, and it is the linker that rustc brings along on Linux on x64; others refuse it, so the
//! linker is asked first. A name that is not there is passed over: a list that is out of date costs memory, and nothing else.

use std::ffi::OsString;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

/// The names hold for this target, without `--target`, and for the release profile: cargo's digest of both is part of each.
const TARGET: &str = "x86_64-unknown-linux-gnu";
const PROFILE: &str = "release";

/// Has the program linked in the order of `list`, where its names hold and the linker takes one. `scratch` is a folder to try it in.
pub fn ask_for(list: &Path, scratch: &Path) {
    println!("cargo:rerun-if-changed=build/layout.rs");
    println!("cargo:rerun-if-changed=release/layout.txt");
    let is = |variable: &str, value: &str| std::env::var(variable).is_ok_and(|it| it == value);
    if !is("TARGET", TARGET) || !is("PROFILE", PROFILE) || !list.is_file() {
        return;
    }
    let arguments = [
        format!("-Wl,--symbol-ordering-file={}", list.display()),
        "-Wl,--no-warn-symbol-ordering".to_owned(),
    ];
    if links(&arguments, &scratch.join("layout-try")) {
        for argument in arguments {
            println!("cargo:rustc-link-arg-bins={argument}");
        }
    }
}

/// Whether the linker of this build takes `arguments`: an empty program is linked with them, as cargo would have it done.
fn links(arguments: &[String], program: &Path) -> bool {
    let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    let mut rustc = Command::new(variable("RUSTC").unwrap_or_else(|| OsString::from("rustc")));
    rustc.args(["--crate-name", "layout_try", "--target", TARGET, "-o"]);
    rustc.arg(program).arg("-");
    let flags = std::env::var("CARGO_ENCODED_RUSTFLAGS").unwrap_or_default();
    rustc.args(flags.split('\x1f').filter(|flag| !flag.is_empty()));
    if let Some(linker) = variable("RUSTC_LINKER") {
        let mut option = OsString::from("-Clinker=");
        option.push(linker);
        rustc.arg(option);
    }
    rustc.args(arguments.iter().map(|it| format!("-Clink-arg={it}")));
    rustc.stdin(Stdio::piped());
    rustc.stdout(Stdio::null()).stderr(Stdio::null());
    let Ok(mut rustc) = rustc.spawn() else {
        return false;
    };
    let told = rustc
        .stdin
        .take()
        .is_some_and(|mut it| it.write_all(b"fn main() {}\n").is_ok());
    rustc.wait().is_ok_and(|status| status.success()) && told
}
