//! The `byok-lsp` program: arguments to subcommand, nothing else.

use std::process::ExitCode;

/// Memory that is given back as it is no longer used, where the C library's grows with the threads (`docs/performance.md`).
#[cfg(all(target_os = "linux", target_arch = "x86_64", target_env = "gnu"))]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    byok_lsp::cli::main()
}
