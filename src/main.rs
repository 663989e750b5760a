//! The `byok-lsp` program: arguments to subcommand, nothing else.

use std::process::ExitCode;

/// What threads free goes back to the system rather than staying in arenas of theirs (`docs/performance.md`).
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    byok_lsp::cli::main()
}
