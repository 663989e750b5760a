//! How fast a workspace of 10,000 files is read, how fast it is known again after a restart, how fast a name is found in it, and what memory it
//! takes. Each start is a process of its own, so that none profits from what another left in memory.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant, SystemTime};

use byok_lsp::index::{Limits, Shelf, SymbolIndex};

use super::corpus;
use super::targets::Bound;

const FILES: usize = 10_000;

/// What is wanted: that so many files are known within these seconds, take no more than these megabytes, and that a name is found in them within these
/// milliseconds.
const SECONDS: Bound = Bound::Most(20.0);
const MEGABYTES: Bound = Bound::Most(150.0);
const MILLIS: Bound = Bound::Most(5.0);

/// How a process of this bench is told that it is to be a server's start, with the folder to work in behind it.
pub const START: &str = "--start-in";

pub fn measure() {
    let folder = tempfile::tempdir().expect("a folder");
    let Some(bytes) = write_workspace(&folder.path().join("work")) else {
        println!("no projects found on this machine");
        return;
    };
    println!("{FILES} files of {:.1} MB", bytes as f64 / 1e6);
    let program = std::env::current_exe().expect("it runs");
    for start in ["first start", "second start"] {
        println!("{start}:");
        let status = Command::new(&program)
            .arg(START)
            .arg(folder.path())
            .status();
        assert!(status.is_ok_and(|status| status.success()));
    }
}

/// Writes files of the projects until there are enough, as of some time ago; returns their length.
fn write_workspace(folder: &Path) -> Option<usize> {
    let projects = corpus::projects(false, false);
    let sources: Vec<_> = projects.iter().flat_map(|project| &project.files).collect();
    let then = SystemTime::now() - Duration::from_hours(1);
    let mut bytes = 0;
    for number in 0..FILES {
        let (path, text) = sources.get(number % sources.len().max(1))?;
        let name = path.file_name().and_then(|name| name.to_str());
        let name = format!("p{}/f{number}_{}", number / 50, name.unwrap_or("a.rs"));
        let target = folder.join(name);
        std::fs::create_dir_all(target.parent().expect("it has one")).expect("a folder");
        std::fs::write(&target, text).expect("a file");
        let file = std::fs::File::options().write(true).open(&target);
        let file = file.expect("it is there");
        file.set_modified(then).expect("it can be set");
        bytes += text.len();
    }
    Some(bytes)
}

/// Does what a server does that starts in this workspace.
pub fn start(folder: &str) {
    let folder = PathBuf::from(folder);
    let before = resident();
    let shelf = Shelf::new(folder.join("cache"));
    let index = SymbolIndex::kept(Limits::default(), Some(shelf.clone()));
    let begin = Instant::now();
    index.add_folder(folder.join("work"));
    while index.files() < FILES {
        std::thread::sleep(Duration::from_millis(5));
        assert!(begin.elapsed() < Duration::from_mins(10), "it never ends");
    }
    let known = begin.elapsed();
    assert!(index.wait_until_idle(Duration::from_mins(10)));
    let settled = begin.elapsed();
    let definitions = index.definitions();
    println!(
        "  {} files and {} definitions known after {:.2} s ({}), saved in {:.1} MB after {:.2} s",
        definitions.files(),
        definitions.len(),
        known.as_secs_f64(),
        SECONDS.verdict(known.as_secs_f64()),
        shelf.holding().bytes as f64 / 1e6,
        settled.as_secs_f64(),
    );
    let after = resident();
    println!(
        "  resident: {:.0} MB more than before, {after:.0} MB in all ({})",
        after - before,
        MEGABYTES.verdict(after)
    );
    find(&index);
}

fn find(index: &SymbolIndex) {
    const NAMES: [&str; 7] = [
        "new",
        "Error",
        "get",
        "parse",
        "Config",
        "main",
        "nothing_of_the_kind",
    ];
    let definitions = index.definitions();
    let (mut slowest, mut total) = (Duration::ZERO, Duration::ZERO);
    for name in NAMES {
        let begin = Instant::now();
        let found = definitions.named(name);
        let took = begin.elapsed();
        assert!(found.len() <= FILES);
        slowest = slowest.max(took);
        total += took;
    }
    let slowest = slowest.as_secs_f64() * 1000.0;
    println!(
        "  a name found in {:.3} ms in the mean, {slowest:.3} ms at most ({})",
        total.as_secs_f64() * 1000.0 / NAMES.len() as f64,
        MILLIS.verdict(slowest)
    );
}

/// Returns the megabytes that this process has in memory, where the system says so.
fn resident() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    kilobytes.unwrap_or_default() / 1000.0
}
