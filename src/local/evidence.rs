//! How the text went on where it read like this before.
//!
//! Entry point: [`Sources::next`]. It gathers places that agree with the context, from the index and from the window, and
//! blends them: the longer the agreement, the more a place counts, and what is left over backs off to shorter agreements
//! (Witten and Bell's rule: the more different continuations a context has had, the more is left over).

use super::index::{Index, Part};
use super::rename;
use super::segment::{DEEPEST, Segment};
use super::token::Token;
use super::vocabulary::{Kind, Lexicon};
use super::window::Window;

/// Where evidence comes from.
pub(super) struct Sources<'a> {
    pub(super) window: &'a Window,
    segments: Vec<Source<'a>>,
    /// The window's tokens with their kinds, before and after the cursor.
    streams: [Vec<(Token, Kind)>; 2],
    language: u32,
}

/// A segment, and what of it counts.
struct Source<'a> {
    segment: &'a Segment,
    weight: f32,
    counts: Counts<'a>,
}

/// Which places of a segment count.
enum Counts<'a> {
    All,
    /// Those of live files.
    Live(&'a Part),
    /// Those outside of these lines. It is the document itself: what the window covers would count twice, and holds the
    /// cursor's own place, as it was a moment ago.
    Outside(u32, u32),
}

impl Source<'_> {
    fn counts(&self, position: u32) -> bool {
        match self.counts {
            Counts::All => true,
            Counts::Live(part) => part.is_live(position),
            Counts::Outside(first, last) => {
                let line = self.segment.line_at(position);
                line.saturating_add(LAG) < first || line > last.saturating_add(LAG)
            }
        }
    }
}

/// A token that may come next.
#[derive(Clone, Copy, Debug)]
pub(super) struct Next {
    pub(super) token: Token,
    pub(super) probability: f32,
}

/// What may come next, most probable first, and what that rests on.
#[derive(Default)]
pub(super) struct Continuations {
    pub(super) next: Vec<Next>,
    /// The longest agreement.
    pub(super) depth: usize,
    /// How many places were looked at.
    pub(super) places: usize,
    /// How many of them go on with the most probable token.
    pub(super) agreeing: usize,
    /// The places themselves, from which the next step goes on.
    pub(super) found: Vec<Place>,
}

/// One place that agrees with the context.
#[derive(Clone, Copy)]
pub(super) struct Place {
    token: Token,
    depth: usize,
    weight: f32,
    /// Where it lies: the number of the segment and the position in it. The window has no number.
    at: Option<(usize, u32)>,
}

/// Places taken from one segment; with a typed word, from which most places differ, more are looked at.
const PLACES: usize = 24;
const PLACES_TYPED: usize = 240;
/// Places blended; shallower ones beyond this are left out.
const MOST_PLACES: usize = 192;
/// Renamed places taken from the window.
const RENAMED: usize = 12;
/// A renamed place must agree over this many tokens.
const RENAMED_SHORTEST: usize = 5;
/// The index lags behind the snapshot by no more lines than this, or evidence from near the cursor counts twice.
const LAG: u32 = 50;

const WEIGHT_WINDOW: f32 = 2.0;
const WEIGHT_OPEN: f32 = 1.2;
const WEIGHT_DISK: f32 = 1.0;
const WEIGHT_OTHER_LANGUAGE: f32 = 0.2;
const WEIGHT_RENAMED: f32 = 1.0;
/// How much is left over for shorter agreements, for each different token, after an agreement of a single one. The longer it
/// is, the less: a line that is being copied goes on.
const LEFT_OVER: f32 = 1.6;

impl<'a> Sources<'a> {
    pub(super) fn new(
        index: &'a Index,
        window: &'a Window,
        path: &str,
        lexicon: &Lexicon<'_>,
    ) -> Self {
        let kinds = |tokens: &[Token]| {
            tokens
                .iter()
                .map(|&token| (token, lexicon.kind(token)))
                .collect()
        };
        let streams = [kinds(&window.before), kinds(&window.after)];
        let disk = index.disk.iter().map(|part| {
            let counts = if part.is_whole() {
                Counts::All
            } else {
                Counts::Live(part)
            };
            Source {
                segment: &part.segment,
                weight: WEIGHT_DISK,
                counts,
            }
        });
        let open = index.open.iter().map(|(name, segment)| {
            let own = Counts::Outside(*window.lines.start(), *window.lines.end());
            let counts = if **name == *path { own } else { Counts::All };
            Source {
                segment,
                weight: WEIGHT_OPEN,
                counts,
            }
        });
        let segments = disk.chain(open).collect();
        Self {
            window,
            segments,
            streams,
            language: super::index::language(path),
        }
    }

    /// Returns what may come after a context (last token first) and begins with what was typed.
    pub(super) fn next(
        &self,
        context: &[Token],
        typed: &str,
        lexicon: &mut Lexicon<'_>,
    ) -> Continuations {
        let mut places = Vec::with_capacity(256);
        self.gather_index(context, typed, lexicon, &mut places);
        self.gather_window(context, typed, lexicon, &mut places);
        blend(places)
    }

    /// Returns what may come after a context whose last token was one of `before`: where `enough` places went on with that
    /// token, they are followed and the index is not searched again.
    pub(super) fn after(
        &self,
        before: &[Place],
        enough: usize,
        context: &[Token],
        lexicon: &mut Lexicon<'_>,
    ) -> Continuations {
        let Some(&last) = context.first() else {
            return Continuations::default();
        };
        let mut places: Vec<Place> = Vec::with_capacity(256);
        places.extend(
            before
                .iter()
                .filter(|place| place.token == last)
                .filter_map(|place| self.follow(place)),
        );
        if places.len() < enough {
            places.clear();
            self.gather_index(context, "", lexicon, &mut places);
        }
        self.gather_window(context, "", lexicon, &mut places);
        blend(places)
    }

    /// Moves a place of the index on by a token.
    fn follow(&self, place: &Place) -> Option<Place> {
        let (number, position) = place.at?;
        let position = position + 1;
        let token = *self.segments[number]
            .segment
            .tokens()
            .get(position as usize)?;
        let depth = (place.depth + 1).min(DEEPEST);
        (token.is_word() || token.is_break()).then_some(Place {
            token,
            depth,
            at: Some((number, position)),
            ..*place
        })
    }

    fn gather_index(
        &self,
        context: &[Token],
        typed: &str,
        lexicon: &Lexicon<'_>,
        places: &mut Vec<Place>,
    ) {
        for (number, source) in self.segments.iter().enumerate() {
            let segment = source.segment;
            let mut left = if typed.is_empty() {
                PLACES
            } else {
                PLACES_TYPED
            };
            let mut found = 0;
            segment.nearest(context, 1, &mut |token, position, depth| {
                left -= 1;
                if token != Token::UNKNOWN && fits(token, typed, lexicon) && source.counts(position)
                {
                    let same = segment.files()[segment.file_at(position)].language == self.language;
                    let weight = if same {
                        source.weight
                    } else {
                        WEIGHT_OTHER_LANGUAGE
                    };
                    places.push(Place {
                        token,
                        depth,
                        weight,
                        at: Some((number, position)),
                    });
                    found += 1;
                }
                left > 0 && found < PLACES
            });
        }
    }

    fn gather_window(
        &self,
        context: &[Token],
        typed: &str,
        lexicon: &mut Lexicon<'_>,
        places: &mut Vec<Place>,
    ) {
        let context: Vec<(Token, Kind)> = context
            .iter()
            .map(|&token| (token, lexicon.kind(token)))
            .collect();
        let Some(&(last, kind)) = context.first() else {
            return;
        };
        let mut renamed = Vec::new();
        for stream in &self.streams {
            for position in 1..stream.len() {
                let (there, its) = stream[position - 1];
                if there != last && (kind == Kind::Fixed || its != kind) {
                    continue;
                }
                let token = stream[position].0;
                let alignment = rename::align(stream, position, &context);
                if alignment.exact > 0 && fits(token, typed, lexicon) {
                    let depth = alignment.exact.min(DEEPEST);
                    places.push(Place {
                        token,
                        depth,
                        weight: WEIGHT_WINDOW,
                        at: None,
                    });
                }
                if alignment.renaming().is_some() && alignment.total >= RENAMED_SHORTEST {
                    renamed.push((alignment, token));
                }
            }
        }
        renamed.sort_by_key(|(alignment, _)| std::cmp::Reverse((alignment.total, alignment.exact)));
        for (alignment, token) in renamed.into_iter().take(RENAMED) {
            let Some(renaming) = alignment.renaming() else {
                continue;
            };
            let token = renaming.apply(token, lexicon).unwrap_or(token);
            if fits(token, typed, lexicon) {
                let depth = usize::midpoint(alignment.exact, alignment.total);
                places.push(Place {
                    token,
                    depth,
                    weight: WEIGHT_RENAMED,
                    at: None,
                });
            }
        }
    }
}

fn fits(token: Token, typed: &str, lexicon: &Lexicon<'_>) -> bool {
    typed.is_empty() || lexicon.text(token).starts_with(typed)
}

/// Turns places into probabilities, from the shortest agreement to the longest.
fn blend(mut places: Vec<Place>) -> Continuations {
    places.sort_by_key(|place| std::cmp::Reverse(place.depth));
    places.truncate(MOST_PLACES);
    let mut tokens: Vec<Candidate> = Vec::new();
    let mut numbers = Vec::with_capacity(places.len());
    for place in &places {
        let number = tokens
            .iter()
            .position(|known| known.token == place.token)
            .unwrap_or_else(|| {
                tokens.push(Candidate {
                    token: place.token,
                    weight: 0.0,
                    places: 0,
                    probability: 0.0,
                });
                tokens.len() - 1
            });
        tokens[number].weight += place.weight;
        tokens[number].places += 1;
        numbers.push(number);
    }
    let (mut total, mut kinds): (f32, usize) =
        (places.iter().map(|place| place.weight).sum(), tokens.len());
    let most: Vec<usize> = tokens.iter().map(|token| token.places).collect();
    let mut end = places.len();
    while end > 0 {
        let depth = places[end - 1].depth;
        let left_over = LEFT_OVER * float(kinds) / float(depth);
        for token in &mut tokens {
            token.probability =
                (token.weight + left_over * token.probability) / (total + left_over);
        }
        // The places of this depth do not count at the deeper ones.
        while end > 0 && places[end - 1].depth == depth {
            end -= 1;
            let token = &mut tokens[numbers[end]];
            token.places -= 1;
            token.weight -= places[end].weight;
            total -= places[end].weight;
            if token.places == 0 {
                token.weight = 0.0;
                kinds -= 1;
            }
        }
    }
    let best = (0..tokens.len()).max_by(|&one, &other| {
        tokens[one]
            .probability
            .total_cmp(&tokens[other].probability)
    });
    let mut next: Vec<Next> = tokens
        .iter()
        .map(
            |&Candidate {
                 token, probability, ..
             }| Next { token, probability },
        )
        .collect();
    next.sort_by(|one, other| other.probability.total_cmp(&one.probability));
    Continuations {
        next,
        depth: places.first().map_or(0, |place| place.depth),
        places: places.len(),
        agreeing: best.map_or(0, |best| most[best]),
        found: places,
    }
}

/// A token while it is being weighed.
struct Candidate {
    token: Token,
    weight: f32,
    places: usize,
    probability: f32,
}

/// Counts here are far below where a float would round them.
#[expect(
    clippy::cast_precision_loss,
    reason = "counts of places, a few hundred at most"
)]
pub(super) fn float(count: usize) -> f32 {
    count as f32
}
