//! A rough reading of brackets and quotes, the same in all languages: good enough to see what a line opens and closes.

/// A bracket or a quote that matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// Where it stands.
    pub at: usize,
    /// The character.
    pub sign: char,
}

/// What a piece of text leaves open and closes beyond itself.
#[derive(Debug, Default)]
pub struct Balance {
    /// Brackets that it opens and does not close, outermost first.
    pub open: Vec<Mark>,
    /// Brackets that it closes and did not open.
    pub excess: Vec<Mark>,
    /// The quote that is open at its end.
    pub quote: Option<Mark>,
}

/// Reads a text. A quote ends with its line; an apostrophe that is not closed within a few characters is one of a word or of a lifetime.
pub fn balance(text: &str) -> Balance {
    let mut balance = Balance::default();
    let mut quote = None::<Mark>;
    let mut is_escaped = false;
    for (at, sign) in text.char_indices() {
        if sign == '\n' {
            quote = quote.filter(|mark| mark.sign == '`');
            is_escaped = false;
            continue;
        }
        if let Some(open) = quote {
            if is_escaped {
                is_escaped = false;
            } else if sign == '\\' {
                is_escaped = true;
            } else if sign == open.sign {
                quote = None;
            }
            continue;
        }
        match sign {
            '"' | '`' => quote = Some(Mark { at, sign }),
            '\'' => {
                let rest = &text[at + 1..];
                let line = rest.split('\n').next().unwrap_or_default();
                let before = text[..at].chars().next_back();
                let is_word = before.is_some_and(char::is_alphanumeric);
                if !is_word && line.contains('\'') {
                    quote = Some(Mark { at, sign });
                }
            }
            '(' | '[' | '{' => balance.open.push(Mark { at, sign }),
            ')' | ']' | '}' => {
                let is_own = balance
                    .open
                    .last()
                    .is_some_and(|open| closes(open.sign, sign));
                if is_own {
                    balance.open.pop();
                } else {
                    balance.excess.push(Mark { at, sign });
                }
            }
            _ => {}
        }
    }
    balance.quote = quote;
    balance
}

/// Returns whether one bracket closes the other.
pub fn closes(open: char, close: char) -> bool {
    matches!((open, close), ('(', ')') | ('[', ']') | ('{', '}'))
}
