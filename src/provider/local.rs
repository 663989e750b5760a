//! The embedded engine as a provider: no network, no key, no cost.

use futures_util::stream;

use super::{Call, Error, Event, Finish, Input, Provider, Stream, Usage};
use crate::local::{Confidence, DEFAULT_MIN_CONFIDENCE, Engine, Query};

/// The wire of the embedded engine.
pub struct Patterns {
    engine: Engine,
    min_confidence: Confidence,
}

impl Patterns {
    /// Creates the wire on an engine that speaks when it is at least `min_confidence` percent sure; `None` is the engine's own bound.
    pub fn new(engine: Engine, min_confidence: Option<u8>) -> Self {
        Self {
            engine,
            min_confidence: min_confidence.map_or(DEFAULT_MIN_CONFIDENCE, |percent| {
                Confidence::new(f32::from(percent) / 100.0)
            }),
        }
    }
}

impl Provider for Patterns {
    fn stream(&self, call: Call) -> Stream {
        let Input::Fill(fill) = call.input else {
            return super::failed(Error::Unsupported { wire: "local" });
        };
        let query = Query {
            path: &fill.place.uri,
            text: &fill.place.text,
            cursor: fill.place.cursor,
            max_lines: fill.place.max_lines,
        };
        // A query takes well under a millisecond, so it is not worth a thread.
        let text = self
            .engine
            .predict(&query)
            .filter(|prediction| prediction.is_confident(self.min_confidence))
            .map(|prediction| Ok(Event::Text(prediction.text)));
        let end = [
            Ok(Event::Usage(Usage::default())),
            Ok(Event::Finish(Finish::Stop)),
        ];
        Box::pin(stream::iter(text.into_iter().chain(end)))
    }
}
