//! The `byok-lsp` program: arguments to subcommand, nothing else.

use std::process::ExitCode;

fn main() -> ExitCode {
    byok_lsp::cli::main()
}
