//! What OpenRouter alone takes: how it chooses among the providers behind it, and the name under which it shows an app's calls.
//!
//! Entry point: [`resolve`]. Facts: OpenRouter's OpenAPI description of 2026-08 (`ProviderPreferences`) and its page on app attribution; that
//! it answers 400 to more than three fallback models is what callers of 2026-08 met. Invariant: a setting that would not reach OpenRouter,
//! because somebody else answers or the wire has no place for it, is a mistake and never left out silently: somebody may have forbidden that
//! their code is kept.

mod options;

use reqwest::header::{HeaderName, HeaderValue};
use serde_json::{Map, Value, json};
use url::Url;

pub use options::{
    AppOptions, DataCollection, MaxPriceOptions, Partition, Quantization, RoutingOptions, Sort,
};

use super::known;
use super::options::{ProviderOptions, Wire};
use crate::cost::{Currency, Money};

/// The most fallback models that it takes.
const MOST_MODELS: usize = 3;

/// What settings add to each request.
#[derive(Default)]
pub(super) struct Extras {
    pub(super) body: Map<String, Value>,
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
}

/// A mistake: its key within the provider's table, and the message.
pub(super) type Mistake = (&'static str, String);

/// Checks what is written for OpenRouter and makes of it what requests carry. `is_openrouter` says who answers.
pub(super) fn resolve(
    name: &str,
    written: &ProviderOptions,
    is_openrouter: bool,
    wire: Wire,
) -> Result<Extras, Mistake> {
    let mut extras = Extras::default();
    if let Some(routing) = &written.routing {
        check_place("routing", name, is_openrouter, wire)?;
        extras.body = routing.body()?;
    }
    if let Some(app) = &written.app {
        check_place("app", name, is_openrouter, wire)?;
        extras.headers = app.headers()?;
    }
    Ok(extras)
}

fn check_place(
    key: &'static str,
    name: &str,
    is_openrouter: bool,
    wire: Wire,
) -> Result<(), Mistake> {
    if !is_openrouter {
        let message = format!(
            "only OpenRouter reads this, and {name} is not OpenRouter; take it out, or move it to [providers.openrouter.{key}]"
        );
        return Err((key, message));
    }
    match wire {
        Wire::OpenAiChat | Wire::OpenAiResponses | Wire::AnthropicMessages => Ok(()),
        _ => Err((
            key,
            "the wire that is set has no place for this; take `wire` out, or use \"openai-chat\""
                .into(),
        )),
    }
}

impl RoutingOptions {
    /// The fields of the body: `models`, and `provider` with everything else.
    fn body(&self) -> Result<Map<String, Value>, Mistake> {
        self.check()?;
        let preferences = Self {
            models: None,
            partition: None,
            max_price: None,
            ..self.clone()
        };
        let mut preferences = serde_json::to_value(preferences)
            .expect("options are texts, lists and truth values, which JSON can hold");
        if let (Some(sort), Some(partition)) = (self.sort, self.partition) {
            preferences["sort"] = json!({"by": sort, "partition": partition});
        }
        if let Some(max_price) = &self.max_price {
            preferences["max_price"] = Value::Object(max_price.amounts()?);
        }
        let mut body = Map::new();
        if let Some(models) = &self.models {
            body.insert("models".into(), json!(models));
        }
        if preferences.as_object().is_some_and(|it| !it.is_empty()) {
            body.insert("provider".into(), preferences);
        }
        Ok(body)
    }

    fn check(&self) -> Result<(), Mistake> {
        let lists = [
            ("routing.order", &self.order),
            ("routing.only", &self.only),
            ("routing.ignore", &self.ignore),
            ("routing.models", &self.models),
        ];
        for (key, list) in lists {
            let names = list.as_deref().unwrap_or_default();
            let is_name = |name: &String| !name.is_empty() && name.trim() == name;
            if !names.iter().all(is_name) {
                return Err((key, "a name in it is empty, or has blanks around it".into()));
            }
        }
        if self.only.as_ref().is_some_and(Vec::is_empty) {
            let message = "it is empty, so that nobody is left to ask; take it out, or name one";
            return Err(("routing.only", message.into()));
        }
        let ignored = self.ignore.as_deref().unwrap_or_default();
        for (key, wanted) in [("routing.only", &self.only), ("routing.order", &self.order)] {
            let wanted = wanted.iter().flatten();
            if let Some(both) = wanted.into_iter().find(|name| ignored.contains(name)) {
                return Err((
                    key,
                    format!("{both} is in `ignore` too; take it out of one of them"),
                ));
            }
        }
        if self.partition.is_some() && self.sort.is_none() {
            let message =
                "it says how to sort, and `sort` does not say by what; add it, or take this out";
            return Err(("routing.partition", message.into()));
        }
        self.check_models()
    }

    fn check_models(&self) -> Result<(), Mistake> {
        const KEY: &str = "routing.models";
        let models = self.models.as_deref().unwrap_or_default();
        if models.len() > MOST_MODELS {
            let message =
                format!("OpenRouter takes {MOST_MODELS} at most beside the one that is named");
            return Err((KEY, message));
        }
        let cannot = |model: &String| known::cannot(model).map(|why| (model.clone(), why));
        match models.iter().find_map(cannot) {
            Some((model, why)) => Err((
                KEY,
                format!("{model} can neither complete code nor chat: {why}"),
            )),
            None => Ok(()),
        }
    }
}

impl MaxPriceOptions {
    /// The amounts as OpenRouter reads them: decimal text, in dollars.
    fn amounts(&self) -> Result<Map<String, Value>, Mistake> {
        const KEY: &str = "routing.max_price";
        let fields = [
            ("prompt", &self.prompt),
            ("completion", &self.completion),
            ("request", &self.request),
        ];
        let mut amounts = Map::new();
        for (field, text) in fields {
            let Some(text) = text else { continue };
            let amount: Money = text
                .parse()
                .map_err(|error: crate::cost::Error| (KEY, format!("{field}: {error}")))?;
            if amount.currency() != Currency::USD {
                return Err((
                    KEY,
                    format!("{field}: OpenRouter counts in dollars; write USD"),
                ));
            }
            if amount.nanos() < 0 {
                return Err((KEY, format!("{field}: a price is not less than nothing")));
            }
            amounts.insert(field.into(), amount.to_decimal().into());
        }
        Ok(amounts)
    }
}

impl AppOptions {
    fn headers(&self) -> Result<Vec<(HeaderName, HeaderValue)>, Mistake> {
        let mut headers = Vec::new();
        if let Some(url) = &self.url {
            let address = Url::parse(url).ok();
            let address = address.filter(|it| matches!(it.scheme(), "https" | "http"));
            let Some(address) = address else {
                let message = "this is not an address; it looks like \"https://example.com\"";
                return Err(("app.url", message.into()));
            };
            headers.push((
                HeaderName::from_static("http-referer"),
                HeaderValue::from_str(address.as_str())
                    .expect("an address that was parsed is of visible ASCII characters"),
            ));
        }
        if let Some(title) = &self.title {
            let is_plain = !title.trim().is_empty()
                && title
                    .bytes()
                    .all(|byte| byte == b' ' || byte.is_ascii_graphic());
            let Some(value) = HeaderValue::from_str(title).ok().filter(|_| is_plain) else {
                let message = "a title travels as a header: plain letters, digits, signs and blanks, no accents or line breaks";
                return Err(("app.title", message.into()));
            };
            headers.push((HeaderName::from_static("x-openrouter-title"), value));
        }
        Ok(headers)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::{Layer, Layers, Settings};
    use super::*;

    fn settings(toml: &str) -> Result<Settings, String> {
        let mut layers = Layers::default();
        layers
            .set_toml(Layer::UserFile, "f", toml)
            .map_err(|problem| problem.to_string())?;
        Ok(layers.settings())
    }

    fn body(toml: &str) -> Value {
        let settings = settings(toml).unwrap();
        let model = settings.providers["openrouter"].for_model("openai/gpt-4.1-mini");
        Value::Object(model.quirks.body)
    }

    #[test]
    fn everything_that_can_be_said_reaches_the_body() {
        let body = body(
            r#"
            [providers.openrouter.routing]
            models = ["google/gemini-3-flash"]
            order = ["azure"]
            only = ["azure", "openai"]
            ignore = ["deepinfra"]
            allow_fallbacks = false
            sort = "latency"
            partition = "none"
            max_price = { prompt = "0.50 USD", completion = "2", request = "0.01" }
            quantizations = ["fp8", "bf16"]
            data_collection = "deny"
            zdr = true
            require_parameters = true
            "#,
        );
        let expected = json!({
            "models": ["google/gemini-3-flash"],
            "provider": {
                "order": ["azure"],
                "only": ["azure", "openai"],
                "ignore": ["deepinfra"],
                "allow_fallbacks": false,
                "sort": {"by": "latency", "partition": "none"},
                "max_price": {"prompt": "0.5", "completion": "2", "request": "0.01"},
                "quantizations": ["fp8", "bf16"],
                "data_collection": "deny",
                "zdr": true,
                "require_parameters": true,
            },
        });
        assert_eq!(body, expected);
    }

    #[test]
    fn nothing_is_sent_that_nobody_wrote() {
        let quirks = |toml: &str| {
            settings(toml).unwrap().providers["openrouter"]
                .quirks
                .clone()
        };
        for toml in [
            "",
            "[providers.openrouter.routing]",
            "[providers.openrouter.app]",
        ] {
            assert!(quirks(toml).body.is_empty() && quirks(toml).headers.is_empty());
        }
        assert_eq!(
            body("[providers.openrouter.routing]\nsort = \"price\""),
            json!({"provider": {"sort": "price"}})
        );
    }

    #[test]
    fn the_editor_wins_over_the_file_key_by_key_within_the_routing_too() {
        let mut layers = Layers::default();
        let file = "[providers.openrouter.routing]\nzdr = true\nsort = \"price\"";
        layers.set_toml(Layer::UserFile, "f", file).unwrap();
        let editor = json!({"providers": {"openrouter": {"routing": {"sort": "latency"}}}});
        layers.set_json(Layer::Editor, "e", editor).unwrap();
        assert_eq!(
            layers.settings().providers["openrouter"].quirks.body["provider"],
            json!({"zdr": true, "sort": "latency"})
        );
    }

    #[test]
    fn a_setting_that_would_not_arrive_or_makes_no_sense_is_refused_with_the_reason() {
        let table = [
            (
                "[providers.openai.routing]\nzdr = true",
                "providers.openai.routing: only OpenRouter reads this, and openai is not OpenRouter",
            ),
            (
                "[providers.openai.app]\ntitle = \"t\"",
                "providers.openai.app: only OpenRouter reads this",
            ),
            (
                "[providers.openrouter]\nwire = \"openai-completions\"\nrouting.zdr = true",
                "the wire that is set has no place for this",
            ),
            (
                "[providers.openrouter.routing]\nonly = []",
                "routing.only: it is empty",
            ),
            (
                "[providers.openrouter.routing]\norder = [\" \"]",
                "routing.order: a name in it is empty",
            ),
            (
                "[providers.openrouter.routing]\nonly = [\"a\"]\nignore = [\"a\"]",
                "routing.only: a is in `ignore` too",
            ),
            (
                "[providers.openrouter.routing]\npartition = \"none\"",
                "routing.partition: it says how to sort",
            ),
            (
                "[providers.openrouter.routing]\nmodels = [\"a\", \"b\", \"c\", \"d\"]",
                "routing.models: OpenRouter takes 3 at most",
            ),
            (
                "[providers.openrouter.routing]\nmodels = [\"openai/text-embedding-3-small\"]",
                "neither complete code nor chat",
            ),
            (
                "[providers.openrouter.routing]\nmax_price = { prompt = \"1 EUR\" }",
                "max_price: prompt: OpenRouter counts in dollars",
            ),
            (
                "[providers.openrouter.routing]\nmax_price = { prompt = \"-1\" }",
                "max_price: prompt: a price is not less than nothing",
            ),
            (
                "[providers.openrouter.routing]\nmax_price = { prompt = \"cheap\" }",
                "is not an amount of money",
            ),
            (
                "[providers.openrouter.routing]\nmax_price = { image = \"1\" }",
                "unknown field `image`",
            ),
            (
                "[providers.openrouter.routing]\nquantizations = [\"int3\"]",
                "unknown variant",
            ),
            (
                "[providers.openrouter.routing]\nsort = \"best\"",
                "unknown variant",
            ),
            (
                "[providers.openrouter.app]\nurl = \"ftp://a\"",
                "app.url: this is not an address",
            ),
            (
                "[providers.openrouter.app]\ntitle = \"a\\nb\"",
                "app.title: a title travels as a header",
            ),
        ];
        for (toml, reason) in table {
            let told = settings(toml).unwrap_err();
            assert!(told.contains(reason), "{toml}\n{told}");
        }
    }

    #[test]
    fn another_name_at_openrouters_address_is_openrouter() {
        let mine = r#"
            [providers.mine]
            wire = "anthropic-messages"
            base_url = "https://openrouter.ai/api/v1"
            routing.data_collection = "deny"
            "#;
        let mine = settings(mine).unwrap().providers["mine"].clone();
        assert!(mine.is_openrouter);
        assert_eq!(
            mine.quirks.body["provider"],
            json!({"data_collection": "deny"})
        );
    }

    #[test]
    fn an_app_is_named_only_where_the_user_names_one() {
        let app = r#"
            [providers.openrouter.app]
            title = "My editor"
            url = "https://example.com"
            "#;
        let headers = settings(app).unwrap().providers["openrouter"]
            .quirks
            .headers
            .clone();
        let headers: Vec<_> = headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.to_str().unwrap()))
            .collect();
        assert_eq!(
            headers,
            [
                ("http-referer", "https://example.com/"),
                ("x-openrouter-title", "My editor")
            ]
        );
    }
}
