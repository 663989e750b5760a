//! The part of the subscriber that writes the log file.

use std::path::PathBuf;

use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{FilterExt as _, filter_fn};
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

use super::line::{Fields, line};
use super::sink::Sink;
use crate::config::{LogLevel, LogSettings};

/// Returns what writes the log to a file, or nothing if nothing is to be written.
pub fn layer<S>(path: PathBuf, settings: LogSettings) -> Option<impl Layer<S>>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    let level = match settings.level {
        LogLevel::Off => return None,
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
    };
    // What libraries say of their work may hold anything, addresses and headers included.
    let own = filter_fn(|of| of.target().starts_with(env!("CARGO_CRATE_NAME")));
    let sink = Sink::start(path, settings)?;
    Some(FileLog(sink).with_filter(own.and(level)))
}

struct FileLog(Sink);

impl<S> Layer<S> for FileLog
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        if let Some(span) = context.span(id) {
            let mut fields = Fields::default();
            attributes.record(&mut fields);
            span.extensions_mut().insert(fields);
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        if let Some(span) = context.span(id)
            && let Some(fields) = span.extensions_mut().get_mut::<Fields>()
        {
            values.record(fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        // The outermost span is the editor's request.
        let request = context
            .event_scope(event)
            .and_then(|scope| scope.from_root().next())
            .and_then(|span| span.extensions().get::<Fields>().map(|it| it.0.clone()));
        self.0
            .send(line(event.metadata().level().as_str(), fields, request));
    }
}
