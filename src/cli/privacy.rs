//! What keeps a key from leaving the process by ways that no code of ours takes: core dumps, debuggers, panics, logs.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::io::{self, Write};

use tracing_subscriber::fmt::MakeWriter;

use crate::{logs, scrub};

/// Closes the ways that the system lets a process close. Called before anything else.
pub fn guard() {
    // Where the system refuses, the other nets still hold.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    let _ = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
    #[cfg(unix)]
    {
        let none = rustix::process::Rlimit {
            current: Some(0),
            maximum: Some(0),
        };
        let _ = rustix::process::setrlimit(rustix::process::Resource::Core, none);
    }
    std::panic::set_hook(Box::new(|panic| {
        if let Some(at) = panic.location() {
            logs::note_panic(at.file(), at.line());
        }
        let backtrace = Backtrace::capture();
        let mut text = format!("byok-lsp: {panic}\n");
        if backtrace.status() == BacktraceStatus::Captured {
            text += &backtrace.to_string();
        }
        let _ = Redacted(io::stderr()).write_all(text.as_bytes());
    }));
}

/// A stream that leaves out every key that this process holds and whatever begins as one. Each write is looked at by itself; the log writes
/// each of its lines at once.
struct Redacted<W>(W);

impl<W: Write> Write for Redacted<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(bytes);
        self.0.write_all(scrub::scrub_keys(&text).as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// Where the log goes: stderr, without keys.
pub struct Log;

impl<'a> MakeWriter<'a> for Log {
    type Writer = Box<dyn Write + 'a>;

    fn make_writer(&'a self) -> Self::Writer {
        Box::new(Redacted(io::stderr()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::credential::Secret;

    /// Not a test by itself: what the one below runs in a process of its own, whose end is a panic with a key in it.
    #[test]
    fn a_panic_that_holds_a_key() {
        if std::env::var_os("BYOK_TEST_PANIC").is_none() {
            return;
        }
        guard();
        let _secret = Secret::new("canary/panic/4711".into());
        let broken = "sk-canary-4711".parse::<u32>();
        broken.expect("the key canary/panic/4711 and sk-canary-4711");
    }

    #[test]
    fn a_panic_tells_its_place_and_no_key() {
        let exe = std::env::current_exe().expect("a path");
        let output = std::process::Command::new(exe)
            .args([
                "--exact",
                "cli::privacy::tests::a_panic_that_holds_a_key",
                "--nocapture",
            ])
            .env("BYOK_TEST_PANIC", "1")
            .env("RUST_BACKTRACE", "1")
            .output()
            .expect("a run");
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success());
        assert!(
            told.contains("privacy.rs") && told.contains("the key [redacted]"),
            "{told}"
        );
        assert!(!told.contains("canary/"), "{told}");
        assert!(!told.contains("sk-canary"), "{told}");
    }

    #[test]
    fn a_log_line_is_written_without_the_keys_in_it() {
        let _secret = Secret::new("canary/log/4711".into());
        let mut log = Redacted(Vec::new());
        log.write_all(b"TRACE url=https://a.b/?k=canary/log/4711 token=sk-canary-4711 id=gen-1234567890abcdef1234\n").expect("written");
        let text = String::from_utf8(log.0).expect("text");
        assert_eq!(
            text,
            "TRACE url=https://a.b/?k=[redacted] [redacted] id=gen-1234567890abcdef1234\n"
        );
    }
}
