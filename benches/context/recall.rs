//! How many of the names that are needed a prompt shows.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use byok_lsp::config::ContextSource;
use byok_lsp::context::{self, Attention, Form, Inputs, Prepared, Prompt, View, Viewed};
use byok_lsp::cost::Tokens;
use byok_lsp::index::{Limits, SymbolIndex};
use byok_lsp::syntax::SyntaxTree;
use ropey::Rope;

use super::corpus::{self, Dice, Project};
use super::places::{self, Place, Symbol};
use super::targets::{Bound, Targets};
use super::truth;

/// The tokens that a prompt may have: the program's own default.
pub fn tokens() -> u64 {
    std::env::var("BYOK_BENCH_TOKENS")
        .ok()
        .and_then(|tokens| tokens.parse().ok())
        .unwrap_or_else(|| byok_lsp::config::ContextSettings::default().max_tokens)
}

/// A document as a session has it.
pub struct Open {
    pub path: String,
    pub folder: String,
    pub text: Rope,
    pub tree: SyntaxTree,
}

impl Open {
    pub fn new(project: &Project, place: &Place<'_>) -> Self {
        let text = Rope::from_str(&place.text);
        let tree = SyntaxTree::new(project.language)
            .parsed(&text, Duration::from_secs(10))
            .expect("ten seconds are enough");
        Self {
            path: place.path.to_str().expect("a path of letters").to_owned(),
            folder: project
                .folder
                .to_str()
                .expect("a path of letters")
                .to_owned(),
            text,
            tree,
        }
    }

    /// Looks at four places of other files that have nothing to do with the hole.
    fn distracted(&self, index: &SymbolIndex, project: &Project, cursor: usize) -> Attention {
        let mut dice = Dice(corpus::hash(&self.path) ^ cursor as u64 | 1);
        let definitions = index.definitions();
        let mut viewed = Vec::new();
        for _ in 0..40 {
            let (path, _) = &project.files[dice.below(project.files.len())];
            let path = path.to_str().unwrap_or_default();
            let file = definitions.file(path).filter(|_| path != self.path);
            let Some(file) = file.filter(|file| !file.definitions.is_empty()) else {
                continue;
            };
            let one = &file.definitions[dice.below(file.definitions.len())];
            viewed.push(Viewed {
                path: path.to_owned(),
                line: one.line,
            });
            if viewed.len() == 4 {
                break;
            }
        }
        Attention {
            viewed,
            ..Attention::default()
        }
    }

    pub fn with<T>(
        &self,
        index: &SymbolIndex,
        cursor: usize,
        take: impl FnOnce(&Inputs<'_>) -> T,
    ) -> T {
        self.attending(index, cursor, &Attention::default(), take)
    }

    fn attending<T>(
        &self,
        index: &SymbolIndex,
        cursor: usize,
        attention: &Attention,
        take: impl FnOnce(&Inputs<'_>) -> T,
    ) -> T {
        let behind = self.text.len_bytes() - cursor;
        let (_, tokens) = context::shares(tokens(), cursor, behind);
        take(&Inputs {
            path: &self.path,
            folder: &self.folder,
            text: &self.text,
            tree: &self.tree,
            cursor,
            definitions: &index.definitions(),
            admits: &|_| true,
            attention,
            sources: &ContextSource::ALL,
            tokens,
        })
    }

    /// Returns the bytes before and behind the hole.
    pub fn prompt(&self, prepared: &Prepared, cursor: usize) -> (String, String) {
        let behind = self.text.len_bytes() - cursor;
        let (window, _) = context::shares(tokens(), cursor, behind);
        let view = View {
            text: &self.text,
            cursor,
            language: Some(self.tree.language()),
            file: &context::shown_path(&self.path, &self.folder),
            prepared,
        };
        match context::assemble(&view, Form::Fill, window).prompt {
            Prompt::Fill { prefix, suffix, .. } => (prefix, suffix),
            Prompt::Chat(_) => unreachable!("a hole was asked for"),
        }
    }
}

/// Reads a project.
pub fn index(project: &Project) -> SymbolIndex {
    let index = SymbolIndex::new(Limits::default());
    index.add_folder(project.folder.clone());
    assert!(index.wait_until_idle(Duration::from_mins(2)));
    index
}

/// What was shown of what was needed, and for how many tokens.
#[derive(Default)]
pub struct Score {
    places: usize,
    /// Names that one line of the project defines: shown, shown without fragments, all.
    certain: [usize; 3],
    /// Of the first, those that can mean that line, by the language's rules: shown, all.
    meant: [usize; 2],
    /// Names that several lines define, of which any counts: shown, all.
    any: [usize; 2],
    /// Of the first, those that any source named.
    candidates: usize,
    tokens: u64,
    window: u64,
}

impl Score {
    fn add(&mut self, other: &Self) {
        fn all<const N: usize>(sums: &mut [usize; N], more: &[usize; N]) {
            sums.iter_mut()
                .zip(more)
                .for_each(|(sum, more)| *sum += more);
        }
        self.places += other.places;
        all(&mut self.certain, &other.certain);
        all(&mut self.meant, &other.meant);
        all(&mut self.any, &other.any);
        self.candidates += other.candidates;
        self.tokens += other.tokens;
        self.window += other.window;
    }

    /// Holds it against what is wanted of it; where nothing was needed there is nothing to hold.
    pub fn hold(&self, targets: &mut Targets) {
        if self.certain[2] == 0 {
            return;
        }
        let shown = percent(self.certain[0], self.certain[2]);
        targets.hold(
            "needed names that are shown",
            shown,
            " %",
            Bound::Least(85.0),
        );
        let tokens = self.tokens as f64 / self.places.max(1) as f64;
        targets.hold("tokens of a prompt", tokens, "", Bound::Most(1_500.0));
    }
}

/// Measures it and prints it; returns it over all languages.
pub fn measure(projects: &[Project], misses: bool, is_distracted: bool) -> Score {
    let mut scores: BTreeMap<&str, Score> = BTreeMap::new();
    for project in projects {
        let truth = truth::read(project);
        let places = places::choose(project, &truth);
        let index = index(project);
        let score = scores.entry(project.language.name()).or_default();
        let before = score.certain;
        for place in &places {
            let open = Open::new(project, place);
            index.update(&open.path, open.tree.clone(), open.text.clone());
            assert!(index.wait_until_idle(Duration::from_mins(1)));
            let attention = if is_distracted {
                open.distracted(&index, project, place.cursor)
            } else {
                Attention::default()
            };
            let prepared = open.attending(&index, place.cursor, &attention, |inputs| {
                context::prepare(inputs, None)
            });
            let judged = open.with(&index, place.cursor, context::judged);
            let (prefix, suffix) = open.prompt(&prepared, place.cursor);
            let (bare, _) = open.prompt(&Prepared::default(), place.cursor);
            score.places += 1;
            score.tokens += Tokens::in_bytes(prefix.len() + suffix.len());
            score.window += Tokens::in_bytes(bare.len() + suffix.len());
            for Symbol {
                name,
                lines,
                is_meant,
            } in &place.symbols
            {
                let shown = lines
                    .iter()
                    .any(|line| prefix.contains(line) || suffix.contains(line));
                score.any[0] += usize::from(shown);
                score.any[1] += 1;
                if lines.len() > 1 {
                    continue;
                }
                score.certain[0] += usize::from(shown);
                score.meant[0] += usize::from(shown && *is_meant);
                score.meant[1] += usize::from(*is_meant);
                score.certain[1] += usize::from(lines.iter().any(|line| bare.contains(line)));
                score.certain[2] += 1;
                let candidate = judged.iter().find(|(other, ..)| other == name);
                score.candidates += usize::from(candidate.is_some());
                if misses && !shown {
                    println!(
                        "  miss {} {}:{} {name}: {} {:?}",
                        if *is_meant { "meant" } else { "other" },
                        place.path.display(),
                        place.text[..place.cursor].lines().count(),
                        lines[0],
                        candidate.map(|(_, tokens, features)| (tokens, features))
                    );
                }
            }
        }
        println!(
            "{:>12} {:<28} {:>4} places, {:>4} files: {:>5.1} % of {}",
            project.language.name(),
            project.name,
            places.len(),
            project.files.len(),
            percent(score.certain[0] - before[0], score.certain[2] - before[2]),
            score.certain[2] - before[2]
        );
    }
    println!();
    println!(
        "language     places   names    shown   (window alone)    meant    shown   any of several   tokens   (window alone)   named by a source"
    );
    let mut pooled = Score::default();
    for score in scores.values() {
        pooled.add(score);
    }
    scores.insert(ALL, pooled);
    for (language, score) in &scores {
        let places = score.places.max(1) as f64;
        println!(
            "{language:<12} {:>6}  {:>6}  {:>5.1} %  {:>13.1} %  {:>6}  {:>5.1} %  {:>13.1} %  {:>7.0}  {:>12.0}  {:>16.1} %",
            score.places,
            score.certain[2],
            percent(score.certain[0], score.certain[2]),
            percent(score.certain[1], score.certain[2]),
            score.meant[1],
            percent(score.meant[0], score.meant[1]),
            percent(score.any[0], score.any[1]),
            score.tokens as f64 / places,
            score.window as f64 / places,
            percent(score.candidates, score.certain[2])
        );
    }
    scores.remove(ALL).unwrap_or_default()
}

/// The row of all languages together, which stands behind theirs.
const ALL: &str = "~ all";

fn percent(part: usize, whole: usize) -> f64 {
    part as f64 * 100.0 / whole.max(1) as f64
}

/// Writes what each candidate was judged by, and whether it was needed.
pub fn dump(projects: &[Project], file: &str) {
    let mut out = String::new();
    for project in projects {
        let truth = truth::read(project);
        let index = index(project);
        for (number, place) in places::choose(project, &truth).iter().enumerate() {
            let open = Open::new(project, place);
            index.update(&open.path, open.tree.clone(), open.text.clone());
            assert!(index.wait_until_idle(Duration::from_mins(1)));
            let needed: Vec<&str> = place
                .symbols
                .iter()
                .filter(|symbol| symbol.lines.len() == 1 && symbol.is_meant)
                .map(|symbol| symbol.name.as_str())
                .collect();
            for (name, tokens, features) in open.with(&index, place.cursor, context::judged) {
                let label = u8::from(needed.contains(&&*name));
                let _ = write!(
                    out,
                    "{},{},{number},{label},{tokens}",
                    project.language.id(),
                    project.name
                );
                for feature in features {
                    let _ = write!(out, ",{feature:.4}");
                }
                out.push('\n');
            }
        }
    }
    std::fs::write(file, out).expect("the file can be written");
}
