//! What a collector of telemetry is told of a call that is over.

use url::{Host, Url};

use super::begin::Begin;
use crate::cost::Row;
use crate::provider::Finish;
use crate::routing::Way;
use crate::telemetry::{Finished, Operation};

/// What is known of a call and stands in no row.
#[derive(Debug, Default)]
pub(super) struct Told {
    /// Why the model stopped.
    pub finish: Option<Finish>,
    /// What kind of failure ended it.
    pub fault: Option<&'static str>,
    /// The last name that the provider gave the answer: the answer's own comes after that of the connection's headers.
    pub response: Option<String>,
}

/// Returns whether a server names a model by the path of its file.
pub(super) fn is_path(model: &str) -> bool {
    let has_drive = model.starts_with(|first: char| first.is_ascii_alphabetic())
        && matches!(model.get(1..3), Some(":\\" | ":/"));
    let scheme = model.get(..5);
    let has_scheme = scheme.is_some_and(|it| it.eq_ignore_ascii_case("file:"));
    has_drive || has_scheme || model.starts_with(['/', '\\', '~', '.'])
}

/// Returns a model's name without the folders that its file is in.
fn name_of(model: &str) -> &str {
    let last = model.rsplit(['/', '\\']).next().unwrap_or(model);
    if is_path(model) { last } else { model }
}

/// Returns an address's host; one of IPv6 as such, without the brackets that it has in an address.
fn host_of(url: &Url) -> Option<String> {
    Some(match url.host()? {
        Host::Domain(name) => name.to_owned(),
        Host::Ipv4(ip) => ip.to_string(),
        Host::Ipv6(ip) => ip.to_string(),
    })
}

/// Returns the facts of a call.
pub(super) fn finished(begin: &Begin, row: &Row, told: &Told) -> Finished {
    let (operation, server) = match &begin.decision.way {
        Way::Embedded => (Operation::TextCompletion, None),
        Way::Http(provider) => {
            let url = &provider.base_url;
            let port = url.port_or_known_default().unwrap_or_default();
            let server = host_of(url).map(|host| (host, port));
            (Operation::over(provider.wire), server)
        }
    };
    Finished {
        id: row.id.to_string(),
        attempt: row.attempt,
        started: u64::try_from(row.started.as_nanosecond()).unwrap_or_default(),
        took: row.latency.total,
        first_text: row.latency.first_token,
        operation,
        provider: row.provider.clone(),
        requested: name_of(&row.requested_model).to_owned(),
        served: row.served_model.clone(),
        response: told.response.clone().filter(|name| !is_path(name)),
        finish: told.finish,
        fault: told.fault,
        server,
        max_tokens: begin.max_tokens,
        tokens: *row.usage.tokens(),
        is_estimated: row.usage.is_estimated(),
        feature: row.feature.clone(),
        payer: row.payer.clone(),
        key: row.key.clone(),
        outcome: row.outcome,
        cost: row.cost,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_model_that_is_named_by_its_files_path_only_the_file_is_told() {
        for (model, told) in [
            ("/home/me/models/tiny.gguf", "tiny.gguf"),
            ("~/tiny.gguf", "tiny.gguf"),
            (r"C:\Users\me\tiny.gguf", "tiny.gguf"),
            ("C:/Users/me/tiny.gguf", "tiny.gguf"),
            ("file:///home/me/tiny.gguf", "tiny.gguf"),
            ("FILE:///home/me/tiny.gguf", "tiny.gguf"),
            ("./models/tiny.gguf", "tiny.gguf"),
            ("../../client/tiny.gguf", "tiny.gguf"),
            (r".\models\tiny.gguf", "tiny.gguf"),
            ("Qwen/Qwen2.5-Coder-7B", "Qwen/Qwen2.5-Coder-7B"),
            ("@cf/m:free", "@cf/m:free"),
            ("m", "m"),
            ("", ""),
        ] {
            assert_eq!(name_of(model), told);
        }
    }

    #[test]
    fn a_host_is_told_as_it_is_and_an_ipv6_address_without_its_brackets() {
        for (url, host) in [
            ("https://api.example/v1", "api.example"),
            ("http://127.0.0.1:8080", "127.0.0.1"),
            ("http://[::1]:8080", "::1"),
        ] {
            let url = Url::parse(url).expect("an address");
            assert_eq!(host_of(&url).as_deref(), Some(host));
        }
    }
}
