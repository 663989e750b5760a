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
    UpstreamPayer,
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
    /// Who is to pay, where that was said.
    pub(super) payer: Option<UpstreamPayer>,
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
        extras.payer = routing.payer;
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
            payer: None,
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
        if self.payer == Some(UpstreamPayer::OwnAccount) && self.only.is_none() {
            let message = "with \"own-account\" say in `only` at which providers OpenRouter has your key, so that no other is asked on your credits";
            return Err(("routing.payer", message.into()));
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
mod tests;
