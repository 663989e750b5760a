//! Turns text into tokens from which the same text can be made again.
//!
//! Entry point: [`lex`]. A word carries the single space before it (`" foo"`), so that spacing is learnt with the words and
//! streams stay short. A line break is one token that says how the indentation changes ([`Break`]), not what it is: code
//! matches at any depth, and across files that indent differently. Blank lines fold into the break; trailing space is dropped.

/// Names a word, a break or a mark by a number; equal numbers mean equal texts within one vocabulary.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Token(pub(super) u32);

impl Token {
    /// Stands before the first token of each file.
    pub(super) const FILE: Self = Self(0);
    /// Stands for every word that the vocabulary had no room for. It is never predicted.
    pub(super) const UNKNOWN: Self = Self(1);
    /// The number of the first word; breaks lie between [`Token::UNKNOWN`] and this.
    pub(super) const FIRST_WORD: u32 = 256;
    const FIRST_BREAK: u32 = 2;

    /// Returns whether a line ends here.
    pub(super) fn is_break(self) -> bool {
        (Self::FIRST_BREAK..Self::FIRST_WORD).contains(&self.0)
    }

    /// Returns whether this token has a text of its own.
    pub(super) fn is_word(self) -> bool {
        self.0 >= Self::FIRST_WORD
    }
}

/// The end of a line, and how the next line with text is indented relative to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Break {
    /// Whether blank lines lie between the two.
    pub(super) blank: bool,
    /// The change of indentation.
    pub(super) shift: Shift,
}

/// A change of indentation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shift {
    /// By whole levels, whatever a level is in that file.
    Levels(i32),
    /// By columns that are no whole level, as in ` * ` of a block comment.
    Columns(i32),
}

const LEVELS: i32 = 8;
const COLUMNS: i32 = 48;

impl Break {
    /// Returns the token of this break. Extreme shifts are clamped: they are alignments that no prediction should repeat.
    pub(super) fn token(self) -> Token {
        let shift = match self.shift {
            Shift::Levels(levels) => levels.clamp(-LEVELS, LEVELS) + LEVELS,
            Shift::Columns(columns) => columns.clamp(-COLUMNS, COLUMNS) + COLUMNS + 2 * LEVELS + 1,
        };
        Token(Token::FIRST_BREAK + 2 * shift.unsigned_abs() + u32::from(self.blank))
    }

    /// Returns the break of a token, if it is one.
    pub(super) fn of(token: Token) -> Option<Self> {
        if !token.is_break() {
            return None;
        }
        let code = token.0 - Token::FIRST_BREAK;
        let shift = i32::try_from(code / 2).ok()?;
        let shift = if shift <= 2 * LEVELS {
            Shift::Levels(shift - LEVELS)
        } else {
            Shift::Columns(shift - COLUMNS - 2 * LEVELS - 1)
        };
        Some(Self {
            blank: code % 2 == 1,
            shift,
        })
    }
}

/// How a text indents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Indent {
    /// Whether a level is one tab.
    pub(super) tabs: bool,
    /// The columns of a level.
    pub(super) width: usize,
}

impl Indent {
    /// Guesses from the first lines: tabs if most indented lines begin with one, else the commonest step between lines.
    pub(super) fn detect(text: &str) -> Self {
        let (mut tabs, mut spaces, mut before) = (0_usize, 0_usize, 0_usize);
        let mut steps = [0_usize; 9];
        for line in text.lines().take(400) {
            let body = line.trim_start_matches([' ', '\t']);
            if body.is_empty() {
                continue;
            }
            let blank = line.len() - body.len();
            match line.as_bytes()[0] {
                b'\t' => tabs += 1,
                b' ' => spaces += 1,
                _ => {}
            }
            if let Some(step) = steps.get_mut(blank.saturating_sub(before)) {
                *step += 1;
            }
            before = blank;
        }
        if tabs > spaces {
            return Self {
                tabs: true,
                width: 4,
            };
        }
        let width = [4, 2, 8, 3]
            .into_iter()
            .max_by_key(|&width| (steps[width], width == 4));
        let width = width.filter(|&width| steps[width] > 0).unwrap_or(4);
        Self { tabs: false, width }
    }

    /// Returns how many columns a run of blanks spans.
    pub(super) fn columns(self, blanks: &str) -> usize {
        blanks
            .bytes()
            .map(|byte| if byte == b'\t' { self.width } else { 1 })
            .sum()
    }

    /// Returns the blanks that span some columns.
    pub(super) fn blanks(self, columns: usize) -> String {
        if self.tabs {
            "\t".repeat(columns / self.width) + &" ".repeat(columns % self.width)
        } else {
            " ".repeat(columns)
        }
    }

    /// Returns where a shift leads from some columns.
    pub(super) fn shifted(self, columns: usize, shift: Shift) -> usize {
        let by = match shift {
            Shift::Levels(levels) => {
                let width = isize::try_from(self.width).unwrap_or(4);
                isize::try_from(levels).unwrap_or(0) * width
            }
            Shift::Columns(columns) => isize::try_from(columns).unwrap_or(0),
        };
        columns.saturating_add_signed(by)
    }

    fn shift(self, from: usize, to: usize) -> Shift {
        let signed = |count: usize| i32::try_from(count).unwrap_or(i32::MAX);
        let by = signed(to).saturating_sub(signed(from));
        let width = signed(self.width);
        if by % width == 0 {
            Shift::Levels(by / width)
        } else {
            Shift::Columns(by)
        }
    }
}

/// What the text is made of.
pub(super) enum Piece<'a> {
    /// A line ended; the number is that of the line that begins, counted from the first line of the text.
    Break(Break, u32),
    /// A word, a number, a sign or a run of blanks, with the single space before it.
    Word(&'a str),
}

/// Where the text stops.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// At the end of a line: blanks there mean nothing.
    Line,
    /// At a cursor: blanks before it are its indentation, or what was typed last.
    Cursor,
}

/// Cuts a text into pieces.
pub(super) fn lex<'a>(text: &'a str, indent: Indent, end: End, emit: &mut impl FnMut(Piece<'a>)) {
    let (mut before, mut blank, mut first) = (0, false, true);
    let mut rest = text;
    let mut number = 0_u32;
    loop {
        let newline = memchr::memchr2(b'\n', b'\r', rest.as_bytes());
        let line = &rest[..newline.unwrap_or(rest.len())];
        let open = newline.is_none() && end == End::Cursor;
        let line = if open {
            line
        } else {
            line.trim_end_matches([' ', '\t'])
        };
        let body = line.trim_start_matches([' ', '\t']);
        if !body.is_empty() || (open && !first) {
            let columns = indent.columns(&line[..line.len() - body.len()]);
            if !first {
                let shift = indent.shift(before, columns);
                emit(Piece::Break(Break { blank, shift }, number));
            }
            words(body, emit);
            (before, blank, first) = (columns, false, false);
        } else {
            blank = true;
        }
        let Some(newline) = newline else { break };
        let pair = rest[newline..].starts_with("\r\n");
        rest = &rest[newline + 1 + usize::from(pair)..];
        number += 1;
    }
}

/// Longer words are data (hashes, base64) and are cut, so that they cannot fill the vocabulary.
const LONGEST_WORD: usize = 64;

const PAIRS: [&[u8; 2]; 20] = [
    b"::", b"->", b"=>", b"==", b"!=", b"<=", b">=", b"&&", b"||", b"+=", b"-=", b"*=", b"//",
    b"/*", b"*/", b"..", b"?.", b":=", b"<<", b"++",
];

fn words<'a>(line: &'a str, emit: &mut impl FnMut(Piece<'a>)) {
    let bytes = line.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let start = at;
        while at < bytes.len() && matches!(bytes[at], b' ' | b'\t') {
            at += 1;
        }
        let single = at - start == 1 && bytes[start] == b' ' && at < bytes.len();
        if at > start && !single {
            emit(Piece::Word(&line[start..at]));
            continue;
        }
        at += word_length(&bytes[at..]);
        while !line.is_char_boundary(at) {
            at += 1;
        }
        emit(Piece::Word(&line[start..at]));
    }
}

fn word_length(bytes: &[u8]) -> usize {
    let bytes = &bytes[..bytes.len().min(LONGEST_WORD)];
    let first = bytes[0];
    if first.is_ascii_digit() {
        let more = |(at, byte): (usize, &u8)| {
            byte.is_ascii_alphanumeric()
                || *byte == b'_'
                || (*byte == b'.' && bytes.get(at + 1).is_some_and(u8::is_ascii_digit))
        };
        bytes
            .iter()
            .enumerate()
            .position(|item| !more(item))
            .unwrap_or(bytes.len())
    } else if is_word_byte(first) {
        bytes
            .iter()
            .position(|&byte| !is_word_byte(byte))
            .unwrap_or(bytes.len())
    } else if bytes.len() > 1 && PAIRS.contains(&&[first, bytes[1]]) {
        2
    } else {
        1
    }
}

/// Returns whether a byte belongs to names. All bytes beyond ASCII do: what Unicode calls a letter hardly matters here.
pub(super) fn is_word_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$') || byte >= 0x80
}
