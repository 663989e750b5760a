//! What the search for credentials costs in the way of a prompt, and what it takes for one in real code:
//! `cargo bench --bench secrets [-- FOLDER...]`.
//!
//! Without folders it measures on this project's own source. The share of files in which something was found says how often ordinary code would be
//! masked for nothing; what was found is printed by kind, and with `--show` by place (the text itself is not printed, it may be real).

#![allow(clippy::print_stdout, clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use byok_lsp::secrets;

/// A long prompt.
const PROMPT: usize = 32 * 1024;

/// Files that are longer are no source.
const LARGEST: u64 = 1 << 20;

const SOURCE: [&str; 14] = [
    "rs", "py", "ts", "tsx", "js", "go", "java", "c", "h", "cpp", "rb", "toml", "yaml", "json",
];

fn main() {
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|it| it != "--bench")
        .collect();
    let shows = arguments.iter().any(|it| it == "--show");
    let folders: Vec<PathBuf> = arguments
        .iter()
        .filter(|it| !it.starts_with("--"))
        .map(PathBuf::from)
        .collect();
    let folders = if folders.is_empty() {
        vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")]
    } else {
        folders
    };
    let mut files = Vec::new();
    for folder in folders {
        read(&folder, &mut files);
    }
    precision(&files, shows);
    speed(&files);
}

fn read(folder: &Path, files: &mut Vec<(PathBuf, String)>) {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        let path = entry.path();
        let Ok(kind) = entry.file_type() else {
            continue;
        };
        let is_source = path
            .extension()
            .and_then(|it| it.to_str())
            .is_some_and(|it| SOURCE.contains(&it));
        if kind.is_dir() {
            read(&path, files);
        } else if is_source
            && entry.metadata().is_ok_and(|it| it.len() < LARGEST)
            && let Ok(text) = std::fs::read_to_string(&path)
        {
            files.push((path, text));
        }
    }
}

fn precision(files: &[(PathBuf, String)], shows: bool) {
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    let mut with = 0;
    let mut lines = 0;
    for (path, text) in files {
        lines += text.lines().count();
        let found = secrets::find(text);
        with += usize::from(!found.is_empty());
        for one in found {
            *kinds.entry(one.kind).or_default() += 1;
            if shows {
                let line = text[..one.range.start].matches('\n').count() + 1;
                println!("{}:{line}: {}", path.display(), one.kind);
            }
        }
    }
    #[expect(clippy::cast_precision_loss, reason = "a share to be read")]
    let share = with as f64 / files.len().max(1) as f64 * 100.0;
    println!(
        "{} kinds; {} files, {lines} lines; something found in {with} files ({share:.2} %)",
        secrets::kinds(),
        files.len()
    );
    for (kind, count) in kinds {
        println!("  {count:6} {kind}");
    }
}

fn speed(files: &[(PathBuf, String)]) {
    let mut all = String::new();
    for (_, text) in files {
        all += text;
        if all.len() > 64 * PROMPT {
            break;
        }
    }
    let mut prompts = Vec::new();
    let mut rest = all.as_str();
    while rest.len() > PROMPT {
        let (prompt, behind) = rest.split_at(rest.floor_char_boundary(PROMPT));
        prompts.push(prompt);
        rest = behind;
    }
    if prompts.is_empty() {
        println!("too little text to measure the time of");
        return;
    }
    secrets::find(prompts[0]);
    let mut times = Vec::new();
    for _ in 0..20 {
        for prompt in &prompts {
            let begun = Instant::now();
            black_box(secrets::find(black_box(prompt)));
            times.push(begun.elapsed());
        }
    }
    times.sort();
    let at = |percent: usize| millis(times[(times.len() - 1) * percent / 100]);
    println!(
        "32 kB of prompt: p50 {:.3} ms, p99 {:.3} ms (target 2 ms)",
        at(50),
        at(99)
    );
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}
