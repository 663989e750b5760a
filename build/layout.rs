//! How the functions of the released program lie in its file: those that run at the start and for a completion side by side.
//!
//! By itself a linker leaves them in the order in which it reads them. Then the quarter of the code that a server needs lies strewn over all of it, and more than
//! half becomes resident; how much this brings is told in `docs/performance.md`. `release/layout.txt` names the functions, as
//! `release/layout.py record` saw them run. LLD takes such a list, and it is the linker that rustc brings along on Linux on x64; others refuse it, so the
//! linker is asked first. A name that is not there is passed over: a list that is out of date costs memory, and nothing else.

use std::ffi::OsString;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

/// The names hold for a checkout that is built for this target, without `--target`, with the release profile: cargo's digest of all that is part of each.
const TARGET: &str = "x86_64-unknown-linux-gnu";
const PROFILE: &str = "release";

/// By what variable a linker is chosen for it.
const LINKER: &str = "CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_LINKER";

/// Has the program linked in the order of `list`, where its names hold and the linker takes one. `scratch` is a folder to try it in.
pub fn ask_for(list: &Path, scratch: &Path) {
    let is = |variable: &str, value: &str| std::env::var(variable).is_ok_and(|it| it == value);
    if !is("TARGET", TARGET) || !is("PROFILE", PROFILE) || !list.is_file() {
        return;
    }
    println!("cargo:rerun-if-changed=release/layout.txt");
    // Another linker may not take what this one takes, and cargo does not ask again by itself where it was changed so.
    println!("cargo:rerun-if-env-changed={LINKER}");
    // One word of the compiler's for each of the linker's: of `-Wl,` a comma in the path would make two.
    let arguments = [
        "-Xlinker".to_owned(),
        format!("--symbol-ordering-file={}", list.display()),
        "-Xlinker".to_owned(),
        "--no-warn-symbol-ordering".to_owned(),
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
    // By the flags alone it might stop before the linker, and say that all is well.
    rustc.args(["--crate-name", "layout_try", "--emit=link"]);
    rustc.args(["--target", TARGET, "-o"]).arg(program).arg("-");
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
