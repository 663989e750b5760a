//! Telemetry: whether a collector is told of each call, and where that collector is.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::Url;

use super::provider::is_loopback;

/// What a collector that speaks OpenTelemetry's protocol is told of each call: model, tokens, cost, times; never text of yours, never a model's,
/// never a key (docs/telemetry.md). From your own file only; read when the server starts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TelemetryOptions {
    /// Where the collector takes OTLP over HTTP, such as `http://localhost:4318`; `/v1/traces` is appended. Default: nobody is told anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
}

/// What code reads of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TelemetrySettings {
    /// Where spans are posted to, path included; `None` where nobody is told.
    pub traces: Option<Url>,
}

/// The path below a collector's endpoint that takes spans (OTLP specification 1.9, "OTLP/HTTP Request").
const PATH: &str = "/v1/traces";

impl TelemetryOptions {
    /// Lays one over another: what it says wins, what it leaves out stays.
    #[must_use]
    pub(super) fn over(below: Self, above: Self) -> Self {
        Self {
            endpoint: above.endpoint.or(below.endpoint),
        }
    }
}

/// Resolves it; a failure is its key and the message.
pub(super) fn resolve(
    options: &TelemetryOptions,
) -> Result<TelemetrySettings, (&'static str, String)> {
    let traces = options.endpoint.as_deref().map(parse).transpose();
    Ok(TelemetrySettings {
        traces: traces.map_err(|message| ("endpoint", message))?,
    })
}

/// Reads an endpoint. The text is not repeated: a password may stand in it.
fn parse(text: &str) -> Result<Url, String> {
    let form = "it looks like \"http://localhost:4318\"";
    let mut url = Url::parse(text).map_err(|_| format!("this is not an address; {form}"))?;
    let is_bare = url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none();
    if !is_bare {
        return Err(format!(
            "the address must hold no user name, password, query or fragment; a collector on this machine can add what another one wants of that; {form}"
        ));
    }
    match url.scheme() {
        "https" => {}
        "http" if is_loopback(&url) => {}
        "http" => {
            return Err(
                "plain http can be read by everybody on the way; use https, or a collector on this machine"
                    .into(),
            );
        }
        _ => {
            return Err(format!(
                "the address must begin with https:// or http://; {form}"
            ));
        }
    }
    let base = url.path().trim_end_matches('/');
    let base = base.strip_suffix(PATH).unwrap_or(base).to_owned();
    url.set_path(&format!("{base}{PATH}"));
    Ok(url)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::{Layer, Layers};

    fn said(endpoint: &str) -> Result<String, String> {
        let mut layers = Layers::default();
        let own = format!("[telemetry]\nendpoint = \"{endpoint}\"");
        let set = layers.set_toml(Layer::UserFile, "own", &own);
        set.map_err(|problem| {
            assert_eq!(problem.key, "telemetry.endpoint");
            problem.message
        })?;
        let traces = layers.settings().telemetry.traces;
        Ok(traces.map_or_else(String::new, String::from))
    }

    #[test]
    fn an_endpoint_is_where_spans_go_below_and_nothing_else_is_in_it() {
        for (written, traces) in [
            ("http://localhost:4318", "http://localhost:4318/v1/traces"),
            ("http://127.0.0.1:4318/", "http://127.0.0.1:4318/v1/traces"),
            (
                "https://o.example/otlp/",
                "https://o.example/otlp/v1/traces",
            ),
            ("https://o.example/v1/traces", "https://o.example/v1/traces"),
        ] {
            assert_eq!(said(written), Ok(traces.to_owned()));
        }
        for wrong in [
            "http://o.example:4318",
            "https://me:hunter2@o.example",
            "https://o.example?key=hunter2",
            "https://o.example#hunter2",
            "ftp://o.example",
            "hunter2",
        ] {
            let told = said(wrong).expect_err(wrong);
            assert!(!told.contains("hunter2"), "{told}");
        }
    }

    #[test]
    fn an_editor_has_no_say_in_who_is_told() {
        let mut layers = Layers::default();
        assert_eq!(layers.settings().telemetry.traces, None, "off by default");
        let own = "[telemetry]\nendpoint = \"http://localhost:4318\"";
        layers.set_toml(Layer::UserFile, "own", own).expect("good");
        for layer in [Layer::Initialization, Layer::Editor] {
            for endpoint in [json!("https://evil.example"), json!(null)] {
                let editor = json!({"telemetry": {"endpoint": endpoint}});
                let refused = layers.set_json(layer, "editor", editor);
                assert_eq!(refused.expect_err("refused").key, "telemetry");
            }
        }
        let traces = layers.settings().telemetry.traces.map(String::from);
        assert_eq!(traces.as_deref(), Some("http://localhost:4318/v1/traces"));
    }
}
