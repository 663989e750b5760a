//! The words of the workspace, each under one number.
//!
//! Entry points: [`Vocabulary`], shared and only ever growing up to its bound, and [`Lexicon`], a query's view of it with room
//! for words that the workspace does not have. Texts lie in one string and the table holds numbers alone: a word costs its
//! length and some twelve bytes.

use std::hash::Hasher;
use std::sync::{PoisonError, RwLock};

use rustc_hash::FxHasher;

use super::token::{Token, is_word_byte};

/// Every word of the index.
pub(super) struct Vocabulary {
    text: String,
    /// Where each word ends in `text`.
    ends: Vec<u32>,
    /// Whether each word may be renamed; queries ask for thousands.
    kinds: Vec<Kind>,
    /// Open addressing over `ends`; a power of two, at most half full.
    slots: Vec<u32>,
    /// How many words there may be.
    bound: usize,
}

const EMPTY: u32 = u32::MAX;

impl Vocabulary {
    pub(super) fn new(bound: usize) -> Self {
        Self {
            text: String::new(),
            ends: Vec::new(),
            kinds: Vec::new(),
            slots: Vec::new(),
            bound,
        }
    }

    /// Returns the token of a word, if the word is known.
    pub(super) fn find(&self, word: &str) -> Option<Token> {
        if self.slots.is_empty() {
            return None;
        }
        let slot = self.slot_in(&self.slots, word);
        let number = self.slots[slot];
        (number != EMPTY).then(|| Token(Token::FIRST_WORD + number))
    }

    /// Returns the token of a word and adds it if there is room, else [`Token::UNKNOWN`].
    pub(super) fn intern(&mut self, word: &str) -> Token {
        if let Some(token) = self.find(word) {
            return token;
        }
        let full = self.ends.len() >= self.bound || self.text.len() + word.len() > self.bound * 16;
        let Ok(number) = u32::try_from(self.ends.len()) else {
            return Token::UNKNOWN;
        };
        if full {
            return Token::UNKNOWN;
        }
        if !self.has_room(1) {
            self.slots = self.roomier();
        }
        let slot = self.slot_in(&self.slots, word);
        self.slots[slot] = number;
        self.text.push_str(word);
        self.kinds.push(Kind::of(word));
        self.ends
            .push(u32::try_from(self.text.len()).unwrap_or(u32::MAX));
        Token(Token::FIRST_WORD + number)
    }

    /// Returns the text of a word; nothing for breaks and marks.
    pub(super) fn text(&self, token: Token) -> &str {
        if !token.is_word() {
            return "";
        }
        self.word((token.0 - Token::FIRST_WORD) as usize)
    }

    /// Prepares for more words while queries go on reading: the one writer copies the table outside the exclusive lock.
    pub(super) fn make_room(shared: &RwLock<Self>, more: usize) {
        let roomier = {
            let vocabulary = shared.read().unwrap_or_else(PoisonError::into_inner);
            if vocabulary.has_room(more) {
                return;
            }
            vocabulary.roomier()
        };
        shared.write().unwrap_or_else(PoisonError::into_inner).slots = roomier;
    }

    /// Returns the kind of a word; breaks and marks are fixed.
    pub(super) fn kind(&self, token: Token) -> Kind {
        let number = token.0.checked_sub(Token::FIRST_WORD);
        number
            .and_then(|number| self.kinds.get(number as usize))
            .copied()
            .unwrap_or(Kind::Fixed)
    }

    pub(super) fn bytes(&self) -> usize {
        self.text.capacity()
            + self.kinds.capacity()
            + 4 * (self.ends.capacity() + self.slots.capacity())
    }

    fn word(&self, number: usize) -> &str {
        let start = number
            .checked_sub(1)
            .map_or(0, |before| self.ends[before] as usize);
        self.ends
            .get(number)
            .map_or("", |&end| &self.text[start..end as usize])
    }

    /// Returns the slot that holds the word, or the free one where it belongs.
    fn slot_in(&self, slots: &[u32], word: &str) -> usize {
        let mask = slots.len() - 1;
        let mut slot = hash(word) & mask;
        loop {
            let number = slots[slot];
            if number == EMPTY || self.word(number as usize) == word {
                return slot;
            }
            slot = (slot + 1) & mask;
        }
    }

    fn has_room(&self, more: usize) -> bool {
        (self.ends.len() + more) * 2 <= self.slots.len()
    }

    /// Returns a table of twice the size with all words in it.
    fn roomier(&self) -> Vec<u32> {
        let mut slots = vec![EMPTY; (self.slots.len() * 2).max(1024)];
        for number in 0..self.ends.len() {
            let slot = self.slot_in(&slots, self.word(number));
            slots[slot] = u32::try_from(number).unwrap_or(EMPTY);
        }
        slots
    }
}

fn hash(word: &str) -> usize {
    let mut hasher = FxHasher::default();
    hasher.write(word.as_bytes());
    usize::try_from(hasher.finish() >> 20).unwrap_or(0)
}

/// A query's view: the shared words, and the words of its own that only its document has.
pub(super) struct Lexicon<'a> {
    shared: &'a Vocabulary,
    own: Vocabulary,
}

/// Words of a query's own are numbered from here. A vocabulary stays far below, for want of memory.
const OWN: u32 = 0xE000_0000;

impl<'a> Lexicon<'a> {
    pub(super) fn new(shared: &'a Vocabulary) -> Self {
        Self {
            shared,
            own: Vocabulary::new(1 << 16),
        }
    }

    pub(super) fn intern(&mut self, word: &str) -> Token {
        self.shared
            .find(word)
            .unwrap_or_else(|| match self.own.intern(word) {
                Token::UNKNOWN => Token::UNKNOWN,
                token => Token(token.0 + OWN),
            })
    }

    pub(super) fn text(&self, token: Token) -> &str {
        if token.0 >= OWN {
            self.own.text(Token(token.0 - OWN))
        } else {
            self.shared.text(token)
        }
    }

    pub(super) fn kind(&self, token: Token) -> Kind {
        if token.0 >= OWN {
            self.own.kind(Token(token.0 - OWN))
        } else {
            self.shared.kind(token)
        }
    }

    /// Returns whether the workspace's index knows the word.
    pub(super) fn is_shared(token: Token) -> bool {
        token.0 < OWN
    }

    /// Returns the name within a word: without the space before it, and nothing if it is no name or a keyword.
    pub(super) fn name(&self, token: Token) -> Option<&str> {
        name(self.text(token))
    }
}

/// Says whether a word is a name that may be exchanged, and how it is spaced; only equal kinds stand for each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Fixed,
    Name,
    SpacedName,
}

impl Kind {
    fn of(word: &str) -> Self {
        match name(word) {
            None => Self::Fixed,
            Some(_) if word.starts_with(' ') => Self::SpacedName,
            Some(_) => Self::Name,
        }
    }
}

/// Returns the name within a word's text, unless it is a keyword: keywords are never renamed.
pub(super) fn name(text: &str) -> Option<&str> {
    let bare = text.strip_prefix(' ').unwrap_or(text);
    let first = *bare.as_bytes().first()?;
    (is_word_byte(first) && !first.is_ascii_digit() && KEYWORDS.binary_search(&bare).is_err())
        .then_some(bare)
}

/// The keywords of the common languages and a few names that act as such; sorted.
pub(super) const KEYWORDS: [&str; 100] = [
    "Err",
    "False",
    "None",
    "Ok",
    "Self",
    "Some",
    "String",
    "True",
    "Vec",
    "abstract",
    "and",
    "as",
    "assert",
    "async",
    "auto",
    "await",
    "bool",
    "boolean",
    "break",
    "case",
    "catch",
    "char",
    "class",
    "const",
    "continue",
    "crate",
    "def",
    "default",
    "defer",
    "del",
    "delete",
    "do",
    "double",
    "else",
    "enum",
    "except",
    "export",
    "extends",
    "extern",
    "false",
    "final",
    "finally",
    "float",
    "fn",
    "for",
    "from",
    "func",
    "function",
    "go",
    "i32",
    "i64",
    "if",
    "impl",
    "implements",
    "import",
    "in",
    "int",
    "interface",
    "is",
    "lambda",
    "let",
    "long",
    "match",
    "mod",
    "mut",
    "new",
    "nil",
    "not",
    "null",
    "or",
    "override",
    "package",
    "pass",
    "private",
    "protected",
    "pub",
    "public",
    "raise",
    "ref",
    "return",
    "self",
    "static",
    "str",
    "struct",
    "super",
    "switch",
    "this",
    "throw",
    "trait",
    "true",
    "try",
    "type",
    "u32",
    "u64",
    "u8",
    "unsafe",
    "use",
    "usize",
    "var",
    "void",
];
