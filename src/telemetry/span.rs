//! A call's span, by the GenAI conventions as they stood on 2026-11-27 (status: development; [`super`] has the link), with few `byok.*`
//! attributes beside them: docs/telemetry.md lists all. Pure.
//!
//! What a provider made up (the model's name, its own name for the answer) could be anything, also what it was sent: it is taken over only if it
//! looks like a name.

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{
    AnyValue, ArrayValue, InstrumentationScope, KeyValue,
};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status};
use sha2::{Digest as _, Sha256};

use super::finished::Finished;
use crate::cost::{Cost, CostSource, Outcome};
use crate::provider::Finish;

const NAME: &str = env!("CARGO_PKG_NAME");
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The conventions' names of providers that are called otherwise in settings (`gen_ai.provider.name`, well-known values).
const PROVIDERS: [(&str, &str); 9] = [
    ("azure-openai", "azure.ai.openai"),
    ("bedrock", "aws.bedrock"),
    ("codestral", "mistral_ai"),
    ("google", "gcp.gemini"),
    ("local", "byok-lsp"),
    ("mistral", "mistral_ai"),
    ("moonshot", "moonshot_ai"),
    ("vertex", "gcp.vertex_ai"),
    ("xai", "x_ai"),
];

/// The longest name of a provider's making that is taken over; names of models have up to some 100 characters.
const LONGEST: usize = 128;

/// Returns the one message that tells of all these calls.
pub(super) fn export(calls: &[Finished]) -> ExportTraceServiceRequest {
    let resource = Resource {
        attributes: vec![text("service.name", NAME), text("service.version", VERSION)],
        ..Resource::default()
    };
    let scope = InstrumentationScope {
        name: NAME.into(),
        version: VERSION.into(),
        ..InstrumentationScope::default()
    };
    ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans {
            resource: Some(resource),
            scope_spans: vec![ScopeSpans {
                scope: Some(scope),
                spans: calls.iter().map(span).collect(),
                ..ScopeSpans::default()
            }],
            ..ResourceSpans::default()
        }],
    }
}

fn span(call: &Finished) -> Span {
    let (trace_id, span_id) = ids(call);
    let took = u64::try_from(call.took.as_nanos()).unwrap_or(u64::MAX);
    let has_failed = call.outcome == Outcome::Failed;
    Span {
        trace_id,
        span_id,
        name: format!("{} {}", call.operation.name(), call.requested),
        // What runs in this process is asked over no wire.
        kind: i32::from(if call.server.is_some() {
            SpanKind::Client
        } else {
            SpanKind::Internal
        }),
        start_time_unix_nano: call.started,
        end_time_unix_nano: call.started.saturating_add(took),
        attributes: attributes(call),
        // A message might repeat what a provider said, so there is none.
        status: has_failed.then(|| Status {
            code: i32::from(StatusCode::Error),
            ..Status::default()
        }),
        ..Span::default()
    }
}

/// Returns the 16 bytes of a trace and the 8 of its only span, by the call's name and time: no two calls have the same.
fn ids(call: &Finished) -> (Vec<u8>, Vec<u8>) {
    let mut hasher = Sha256::new();
    hasher.update(call.started.to_be_bytes());
    hasher.update(&call.id);
    let digest = hasher.finalize();
    let (trace, rest) = digest.split_at(16);
    (trace.to_vec(), rest.iter().take(8).copied().collect())
}

fn attributes(call: &Finished) -> Vec<KeyValue> {
    let provider = PROVIDERS.iter().find(|(ours, _)| *ours == call.provider);
    let provider = provider.map_or(call.provider.as_str(), |(_, theirs)| theirs);
    let tokens = &call.tokens;
    let cached = tokens.cache_write_5m.saturating_add(tokens.cache_write_1h);
    let mut all = vec![
        text("gen_ai.operation.name", call.operation.name()),
        text("gen_ai.provider.name", provider),
        text("gen_ai.request.model", &call.requested),
        flag("gen_ai.request.stream", true),
        number("gen_ai.request.max_tokens", call.max_tokens.into()),
        number("gen_ai.usage.input_tokens", tokens.input_total()),
        number("gen_ai.usage.output_tokens", tokens.output),
        number("gen_ai.usage.cache_read.input_tokens", tokens.cache_read),
        number("gen_ai.usage.cache_creation.input_tokens", cached),
        number("gen_ai.usage.reasoning.output_tokens", tokens.reasoning),
        text("byok.call.id", &call.id),
        number("byok.call.attempt", call.attempt.into()),
        text("byok.feature", &call.feature),
        text("byok.payer", &call.payer),
        text("byok.outcome", call.outcome.name()),
        text("byok.cost.source", source(&call.cost)),
        flag("byok.usage.estimated", call.is_estimated),
    ];
    let made_up = [
        ("gen_ai.response.model", &call.served),
        ("gen_ai.response.id", &call.response),
    ];
    for (name, value) in made_up {
        let value = value.as_deref().filter(|value| is_name(value));
        all.extend(value.map(|value| text(name, value)));
    }
    if let Some(finish) = call.finish {
        all.push(texts("gen_ai.response.finish_reasons", &[reason(finish)]));
    }
    if let Some(wait) = call.first_text {
        let seconds = wait.as_secs_f64();
        all.push(decimal("gen_ai.response.time_to_first_chunk", seconds));
    }
    if let Some(fault) = call.fault {
        all.push(text("error.type", fault));
    }
    if let Some(key) = &call.key {
        all.push(text("byok.key", key));
    }
    if let Some((host, port)) = &call.server {
        all.push(text("server.address", host));
        all.push(number("server.port", u64::from(*port)));
    }
    // One attribute for each currency, so that nobody adds up dollars and euros.
    if let Some(amount) = call.cost.amount() {
        let name = format!("byok.cost.{}", amount.currency().code().to_lowercase());
        all.push(decimal(&name, in_units(amount.nanos())));
    }
    all
}

/// Returns an amount in the currency's unit. Beyond 9 million of them the last of nine decimals is lost, which is no call's cost.
#[allow(clippy::cast_precision_loss)]
fn in_units(nanos: i64) -> f64 {
    nanos as f64 / 1e9
}

/// Returns why a model stopped, in the words that most providers use.
fn reason(finish: Finish) -> &'static str {
    match finish {
        Finish::Stop => "stop",
        Finish::Length => "length",
        Finish::Refused => "content_filter",
        Finish::Other => "other",
    }
}

/// Returns how the amount is known, as in the protocol.
fn source(cost: &Cost) -> &'static str {
    match cost.source() {
        CostSource::Reported => "reported",
        CostSource::Priced => "priced",
        CostSource::Estimated => "estimated",
        CostSource::Free => "free",
        CostSource::Unknown => "unknown",
    }
}

/// Returns whether a text looks like a name that a service gives, rather than like something that somebody wrote.
fn is_name(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:/@+=".contains(&byte);
    text.len() <= LONGEST && text.bytes().all(is_plain)
}

fn text(key: &str, value: &str) -> KeyValue {
    attribute(key, Value::StringValue(value.to_owned()))
}

fn texts(key: &str, values: &[&str]) -> KeyValue {
    let value = |it: &&str| AnyValue {
        value: Some(Value::StringValue((*it).to_owned())),
    };
    let values = values.iter().map(value).collect();
    attribute(key, Value::ArrayValue(ArrayValue { values }))
}

fn number(key: &str, value: u64) -> KeyValue {
    attribute(
        key,
        Value::IntValue(i64::try_from(value).unwrap_or(i64::MAX)),
    )
}

fn decimal(key: &str, value: f64) -> KeyValue {
    attribute(key, Value::DoubleValue(value))
}

fn flag(key: &str, value: bool) -> KeyValue {
    attribute(key, Value::BoolValue(value))
}

fn attribute(key: &str, value: Value) -> KeyValue {
    KeyValue {
        key: key.to_owned(),
        value: Some(AnyValue { value: Some(value) }),
        ..KeyValue::default()
    }
}
