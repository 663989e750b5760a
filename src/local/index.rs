//! What the engine knows at one moment: immutable segments, and which of their files still count.
//!
//! Entry point: [`Index`]. The indexer changes its own copy and publishes clones of it; since segments are shared, a clone is
//! a few pointers, and a query keeps the one it began with.

use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};

use rustc_hash::FxHashMap;

use super::segment::{File, Segment};
use super::token::{End, Indent, Piece, Token, lex};
use super::vocabulary::Vocabulary;

/// The segments in force.
#[derive(Clone, Default)]
pub(super) struct Index {
    /// The files of the workspace.
    pub(super) disk: Vec<Part>,
    /// The open documents, each of which takes the place of its file.
    pub(super) open: FxHashMap<Arc<str>, Arc<Segment>>,
}

/// A segment of files, some of which may no longer count.
#[derive(Clone)]
pub(super) struct Part {
    pub(super) segment: Arc<Segment>,
    /// Which files no longer count; empty while all do.
    dead: Arc<Vec<bool>>,
}

/// So many parts below so many tokens are joined: each part costs every query a search, and each join a sort.
const TIERS: [(usize, usize); 2] = [(4, 1 << 16), (4, 1 << 19)];

impl Part {
    /// Returns whether all its files count.
    pub(super) fn is_whole(&self) -> bool {
        self.dead.is_empty()
    }

    /// Returns whether a position's file still counts.
    pub(super) fn is_live(&self, position: u32) -> bool {
        self.dead.is_empty() || !self.dead[self.segment.file_at(position)]
    }

    /// Returns the numbers of the files that count.
    pub(super) fn live_files(&self) -> impl Iterator<Item = usize> {
        (0..self.segment.files().len())
            .filter(|&file| !self.dead.get(file).is_some_and(|&dead| dead))
    }

    fn live_tokens(&self) -> usize {
        self.live_files()
            .map(|file| self.segment.file_tokens(file).len())
            .sum()
    }
}

impl Index {
    /// Returns how many tokens are held, counting or not.
    pub(super) fn tokens(&self) -> usize {
        let disk = self.disk.iter().map(|part| part.segment.tokens().len());
        disk.chain(self.open.values().map(|segment| segment.tokens().len()))
            .sum()
    }

    pub(super) fn bytes(&self) -> usize {
        let disk = self.disk.iter().map(|part| part.segment.bytes());
        disk.chain(self.open.values().map(|segment| segment.bytes()))
            .sum()
    }

    /// Adds files of the workspace.
    pub(super) fn add(&mut self, batch: Batch) {
        if batch.files.is_empty() {
            return;
        }
        let segment = Arc::new(Segment::new(batch.tokens, batch.files, Vec::new()));
        self.disk.push(Part {
            segment,
            dead: Arc::default(),
        });
        for (most, tokens) in TIERS {
            let small = |part: &Part| part.segment.tokens().len() < tokens;
            if self.disk.iter().filter(|part| small(part)).count() > most {
                self.join(small);
            }
        }
    }

    /// Lets no file of which `gone` is true count any longer.
    pub(super) fn remove(&mut self, gone: impl Fn(&str) -> bool) {
        for part in &mut self.disk {
            for (number, file) in part.segment.files().iter().enumerate() {
                if gone(&file.path) {
                    let dead = Arc::make_mut(&mut part.dead);
                    dead.resize(part.segment.files().len(), false);
                    dead[number] = true;
                }
            }
        }
        self.disk.retain(|part| part.live_files().next().is_some());
        // Half-dead segments are rewritten, so that memory follows what counts.
        self.join(|part| part.live_tokens() * 2 < part.segment.tokens().len());
    }

    /// Returns whether a file of the workspace counts.
    pub(super) fn has(&self, path: &str) -> bool {
        self.disk.iter().any(|part| {
            part.live_files()
                .any(|file| &*part.segment.files()[file].path == path)
        })
    }

    fn join(&mut self, which: impl Fn(&Part) -> bool) {
        if !self.disk.iter().any(&which) {
            return;
        }
        let mut batch = Batch::default();
        let (join, keep) = std::mem::take(&mut self.disk).into_iter().partition(which);
        self.disk = keep;
        let join: Vec<Part> = join;
        for part in &join {
            for file in part.live_files() {
                let start = batch.position();
                batch
                    .tokens
                    .extend_from_slice(part.segment.file_tokens(file));
                batch.files.push(File {
                    start,
                    ..part.segment.files()[file].clone()
                });
            }
        }
        let segment = Arc::new(Segment::new(batch.tokens, batch.files, Vec::new()));
        self.disk.push(Part {
            segment,
            dead: Arc::default(),
        });
    }
}

/// Files on their way into a segment.
#[derive(Default)]
pub(super) struct Batch {
    pub(super) tokens: Vec<Token>,
    pub(super) files: Vec<File>,
    lines: Vec<(u32, u32)>,
}

impl Batch {
    /// Adds a file's text.
    pub(super) fn push(&mut self, path: &str, text: &str, vocabulary: &RwLock<Vocabulary>) {
        let start = self.position();
        self.tokens.push(Token::FILE);
        let mut missing: Vec<(usize, &str)> = Vec::new();
        {
            let vocabulary = vocabulary.read().unwrap_or_else(PoisonError::into_inner);
            lex(text, Indent::detect(text), End::Line, &mut |piece| {
                let token = match piece {
                    Piece::Break(found, line) => {
                        self.lines.push((
                            u32::try_from(self.tokens.len() + 1).unwrap_or(u32::MAX),
                            line,
                        ));
                        found.token()
                    }
                    Piece::Word(word) => vocabulary.find(word).unwrap_or_else(|| {
                        missing.push((self.tokens.len(), word));
                        Token::UNKNOWN
                    }),
                };
                self.tokens.push(token);
            });
        }
        // A few words at a time: queries wait for this lock.
        for some in missing.chunks(128) {
            Vocabulary::make_room(vocabulary, some.len());
            let mut vocabulary = vocabulary.write().unwrap_or_else(PoisonError::into_inner);
            for &(at, word) in some {
                self.tokens[at] = vocabulary.intern(word);
            }
        }
        self.tokens.push(
            super::token::Break {
                blank: true,
                shift: super::token::Shift::Levels(0),
            }
            .token(),
        );
        let lines = memchr::memchr_iter(b'\n', text.as_bytes()).count() + 1;
        self.files.push(File {
            path: path.into(),
            language: language(path),
            lines,
            start,
        });
    }

    /// Makes an open document's segment, which knows its lines.
    pub(super) fn into_document(self) -> Segment {
        Segment::new(self.tokens, self.files, self.lines)
    }

    fn position(&self) -> u32 {
        u32::try_from(self.tokens.len()).unwrap_or(u32::MAX)
    }
}

/// Returns what stands for the language of a path: the hash of its extension.
pub(super) fn language(path: &str) -> u32 {
    let name = Path::new(path);
    let extension = name.extension().or(name.file_name()).unwrap_or_default();
    extension
        .as_encoded_bytes()
        .iter()
        .fold(0x811c_9dc5, |hash: u32, &byte| {
            (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
        })
}
