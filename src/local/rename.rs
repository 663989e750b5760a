//! Code that repeats under other names: finds lines of the window that read like the context but for their names, and says
//! which name here stands for which name there.
//!
//! Entry points: [`align`] and [`Renaming::apply`]. `Kind::Alpha => "alpha",` tells, after `Kind::Beta => "`, that `beta`
//! follows: names are also recognised within names and in other cases.

use super::token::Token;
use super::vocabulary::{Kind, Lexicon, name};

/// How far back an alignment goes.
pub(super) const FARTHEST: usize = 32;

/// How well a place agrees with the context once names are exchanged.
#[derive(Clone, Copy)]
pub(super) struct Alignment {
    /// The tokens before the place that agree as they are.
    pub(super) exact: usize,
    /// The tokens that agree once names are exchanged.
    pub(super) total: usize,
    renaming: Renaming,
}

impl Alignment {
    /// Returns the names to exchange, if there are any.
    pub(super) fn renaming(&self) -> Option<&Renaming> {
        (self.renaming.count > 0).then_some(&self.renaming)
    }
}

/// Which names there stand for which names here.
#[derive(Clone, Copy)]
pub(super) struct Renaming {
    pairs: [(Token, Token); 6],
    count: usize,
}

impl Renaming {
    /// Adds a pair; false if it contradicts an earlier one or there are too many to be plausible.
    fn add(&mut self, there: Token, here: Token) -> bool {
        for &(known, renamed) in &self.pairs[..self.count] {
            if known == there || renamed == here {
                return known == there && renamed == here;
            }
        }
        if self.count == self.pairs.len() {
            return false;
        }
        self.pairs[self.count] = (there, here);
        self.count += 1;
        true
    }

    /// Returns what a token from there reads like here; nothing if it stays as it is.
    pub(super) fn apply(&self, token: Token, lexicon: &mut Lexicon<'_>) -> Option<Token> {
        let text = lexicon.text(token).to_owned();
        let (space, bare) = text.split_at(text.len() - text.trim_start_matches(' ').len());
        // What is no name within code may well be one within a string.
        name(bare)?;
        for &(there, here) in &self.pairs[..self.count] {
            let (Some(there), Some(here)) = (lexicon.name(there), lexicon.name(here)) else {
                continue;
            };
            if let Some(renamed) = exchange(bare, there, here) {
                let renamed = format!("{space}{renamed}");
                return Some(lexicon.intern(&renamed));
            }
        }
        None
    }
}

/// Aligns the tokens before `position` with the context (last token first).
pub(super) fn align(
    stream: &[(Token, Kind)],
    position: usize,
    context: &[(Token, Kind)],
) -> Alignment {
    let renaming = Renaming {
        pairs: [(Token::UNKNOWN, Token::UNKNOWN); 6],
        count: 0,
    };
    let mut alignment = Alignment {
        exact: 0,
        total: 0,
        renaming,
    };
    for (&there, &here) in stream[..position].iter().rev().zip(context).take(FARTHEST) {
        if there.0 == here.0 {
            // A name that is kept here but exchanged elsewhere would be another pattern.
            if there.1 != Kind::Fixed
                && alignment.renaming.count > 0
                && !alignment.renaming.keeps(there.0)
            {
                break;
            }
            alignment.exact += usize::from(alignment.renaming.count == 0);
        } else if there.1 == Kind::Fixed
            || there.1 != here.1
            || !alignment.renaming.add(there.0, here.0)
        {
            break;
        }
        alignment.total += 1;
    }
    alignment
}

impl Renaming {
    fn keeps(&self, token: Token) -> bool {
        self.pairs[..self.count]
            .iter()
            .all(|&(there, here)| there != token && here != token)
    }
}

/// Exchanges a name within another, in whichever case it is written there.
fn exchange(text: &str, there: &str, here: &str) -> Option<String> {
    if text == there {
        return Some(here.to_owned());
    }
    let (from, to) = (parts(there), parts(here));
    if there.len() < 3 || from.is_empty() || to.is_empty() {
        return None;
    }
    CASES.iter().find_map(|case| {
        let from = case(&from);
        let at = text.find(&from)?;
        let end = at + from.len();
        let whole = starts_part(text, at) && (end == text.len() || starts_part(text, end));
        whole.then(|| format!("{}{}{}", &text[..at], case(&to), &text[end..]))
    })
}

/// Returns whether a part of a compound name begins at a place.
fn starts_part(text: &str, at: usize) -> bool {
    let bytes = text.as_bytes();
    let Some(before) = at.checked_sub(1) else {
        return true;
    };
    let after = bytes[at];
    bytes[before] == b'_'
        || after == b'_'
        || (after.is_ascii_uppercase() && !bytes[before].is_ascii_uppercase())
}

/// Splits a name into its parts, in lower case.
fn parts(name: &str) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    let mut fresh = true;
    let mut before_upper = true;
    for character in name.chars() {
        if character == '_' || character == '$' {
            fresh = true;
            continue;
        }
        let upper = character.is_uppercase();
        if fresh || (upper && !before_upper) {
            parts.push(String::new());
        }
        if let Some(part) = parts.last_mut() {
            part.extend(character.to_lowercase());
        }
        (fresh, before_upper) = (false, upper);
    }
    parts
}

/// The ways of writing a compound name.
const CASES: [fn(&[String]) -> String; 4] = [snake, pascal, camel, screaming];

fn snake(parts: &[String]) -> String {
    parts.join("_")
}

fn screaming(parts: &[String]) -> String {
    snake(parts).to_uppercase()
}

fn pascal(parts: &[String]) -> String {
    parts.iter().map(|part| capitalised(part)).collect()
}

fn camel(parts: &[String]) -> String {
    parts
        .split_first()
        .map_or(String::new(), |(first, others)| {
            first.clone() + &pascal(others)
        })
}

fn capitalised(part: &str) -> String {
    let mut characters = part.chars();
    characters.next().map_or(String::new(), |first| {
        first.to_uppercase().chain(characters).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::exchange;

    #[test]
    fn a_name_is_exchanged_in_every_case_it_is_written_in() {
        let to = |text| exchange(text, "AlphaBeta", "GammaRay");
        assert_eq!(to("alpha_beta").as_deref(), Some("gamma_ray"));
        assert_eq!(to("ALPHA_BETA").as_deref(), Some("GAMMA_RAY"));
        assert_eq!(
            to("parse_alpha_beta_now").as_deref(),
            Some("parse_gamma_ray_now")
        );
        assert_eq!(to("isAlphaBeta").as_deref(), Some("isGammaRay"));
        assert_eq!(to("malphabeta"), None);
    }
}
