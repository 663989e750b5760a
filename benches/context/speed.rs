//! How fast a workspace of 10,000 files is read, and how fast a name is found in it.

use std::time::{Duration, Instant};

use byok_lsp::index::{Limits, SymbolIndex};

use super::corpus;

const FILES: usize = 10_000;

pub fn measure() {
    let folder = tempfile::tempdir().expect("a folder");
    let projects = corpus::projects(false, false);
    let sources: Vec<_> = projects.iter().flat_map(|project| &project.files).collect();
    if sources.is_empty() {
        println!("no projects found on this machine");
        return;
    }
    let mut bytes = 0;
    for number in 0..FILES {
        let (path, text) = sources[number % sources.len()];
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or("a.rs");
        let target = folder
            .path()
            .join(format!("p{}/f{number}_{name}", number / 50));
        std::fs::create_dir_all(target.parent().expect("it has one")).expect("a folder");
        std::fs::write(target, text).expect("a file");
        bytes += text.len();
    }
    let index = SymbolIndex::new(Limits::default());
    let begin = Instant::now();
    index.add_folder(folder.path().to_owned());
    assert!(index.wait_until_idle(Duration::from_mins(10)));
    let took = begin.elapsed();
    let definitions = index.definitions();
    println!(
        "{} files of {:.1} MB read in {:.1} s: {} definitions",
        definitions.files(),
        bytes as f64 / 1e6,
        took.as_secs_f64(),
        definitions.len()
    );
    let (mut slowest, mut total) = (Duration::ZERO, Duration::ZERO);
    let names = [
        "new",
        "Error",
        "get",
        "parse",
        "Config",
        "main",
        "nothing_of_the_kind",
    ];
    for name in names {
        let begin = Instant::now();
        let found = definitions.named(name);
        let took = begin.elapsed();
        assert!(found.len() <= FILES);
        slowest = slowest.max(took);
        total += took;
    }
    println!(
        "a name found in {:.3} ms in the mean, {:.3} ms at most",
        total.as_secs_f64() * 1000.0 / names.len() as f64,
        slowest.as_secs_f64() * 1000.0
    );
}
