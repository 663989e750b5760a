//! How things look on a terminal.

use std::io::{self, IsTerminal, Write as _};
use std::sync::OnceLock;

use crate::{credential, scrub};

/// Whether and how to colour.
#[derive(Debug, Clone, Copy)]
pub struct Style {
    is_coloured: bool,
}

impl Style {
    /// The style of stdout: colours on a terminal, unless `NO_COLOR` is set.
    pub fn stdout() -> Self {
        Self {
            is_coloured: io::stdout().is_terminal()
                && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()),
        }
    }

    /// That of a file or a pipe.
    pub fn plain() -> Self {
        Self { is_coloured: false }
    }

    /// Marks text that is not there yet: dim and italic on a terminal, else in guillemets.
    pub fn ghost(self, text: &str) -> String {
        if self.is_coloured {
            format!("\x1b[2;3m{text}\x1b[0m")
        } else {
            format!("«{text}»")
        }
    }

    /// Puts text into the background.
    pub fn dim(self, text: &str) -> String {
        if self.is_coloured {
            format!("\x1b[2m{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    }

    /// Marks a heading.
    pub fn bold(self, text: &str) -> String {
        if self.is_coloured {
            format!("\x1b[1m{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    }

    /// Marks what works, in the terminal's own green.
    pub fn good(self, text: &str) -> String {
        if self.is_coloured {
            format!("\x1b[32m{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    }

    /// Marks what needs a hand, in the terminal's own yellow.
    pub fn bad(self, text: &str) -> String {
        if self.is_coloured {
            format!("\x1b[33m{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    }
}

/// Why stdout took no more, once it did not. There is one stdout, and one end of the program, which says it.
static FAULT: OnceLock<io::Error> = OnceLock::new();

/// Prints an answer. What comes of that is known at the [end](fault).
pub fn print(text: &str) {
    let mut stdout = io::stdout().lock();
    let text = credential::redact(text);
    let written = stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush());
    if let Err(error) = written {
        let _ = FAULT.set(error);
    }
}

/// Returns whether stdout takes no more, so that who prints without end may end.
pub fn is_over() -> bool {
    FAULT.get().is_some()
}

/// Returns why not all was printed. A reader that hung up, such as `head`, is no fault.
pub fn fault() -> Option<&'static io::Error> {
    FAULT
        .get()
        .filter(|error| error.kind() != io::ErrorKind::BrokenPipe)
}

/// Prints a complaint or progress to stderr.
pub fn complain(text: &str) {
    let _ = writeln!(io::stderr(), "byok-lsp: {}", scrub::scrub_keys(text));
}
