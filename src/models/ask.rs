//! Asks a provider for its list of models, page by page.
//!
//! Entry point: [`ask`]. A list is no call to a model: it costs nothing and books nothing.

use std::time::Duration;

use reqwest::header::{HeaderName, HeaderValue};
use serde_json::Value;
use url::Url;

use super::listed::{self, Listed, MOST_MODELS};
use crate::config::ProviderSettings;
use crate::credential;
use crate::provider::{self, Error, Http};

/// How long a provider may take for all of its list.
const LIMIT: Duration = Duration::from_secs(10);

/// How long a server on this machine may take.
const LOCAL_LIMIT: Duration = Duration::from_secs(2);

/// No list has more pages; the largest has a thousand models on each.
const MOST_PAGES: usize = 20;

/// What a provider lists.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct List {
    /// The models, by name.
    pub models: Vec<Listed>,
    /// Whether that is all of it.
    pub is_whole: bool,
}

/// Returns where a provider lists its models, the most telling place first; nowhere, if it has no list that is of use.
pub fn addresses(provider: &ProviderSettings) -> Vec<Url> {
    let usual = provider::list_url(provider.wire, &provider.base_url);
    match provider.list.path.as_deref() {
        Some("") => Vec::new(),
        Some(path) => provider
            .base_url
            .join(path)
            .into_iter()
            .chain([usual])
            .collect(),
        None => vec![usual],
    }
}

/// Asks for all of a provider's list.
pub async fn ask(http: &Http, provider: &ProviderSettings) -> Result<List, Error> {
    let held = match credential::authorization(provider).await {
        Err(_) if provider.list.open => None,
        held => held?,
    };
    let headers: Vec<_> = held
        .map(|held| held.header)
        .into_iter()
        .chain(provider::headers(provider.wire))
        .collect();
    let limit = if provider.is_on_this_machine() {
        LOCAL_LIMIT
    } else {
        LIMIT
    };
    let asked = ask_at(http, addresses(provider), &headers, limit);
    let asked = tokio::time::timeout(limit, asked).await;
    asked.unwrap_or(Err(Error::TimedOut {
        what: "list its models",
        limit,
    }))
}

async fn ask_at(
    http: &Http,
    addresses: Vec<Url>,
    headers: &[(HeaderName, HeaderValue)],
    limit: Duration,
) -> Result<List, Error> {
    let mut failure = no_list();
    for address in addresses {
        let get = |url: Url| {
            let (http, headers) = (http.clone(), headers.to_vec());
            async move { http.get_json(&url, headers, limit).await }
        };
        match pages(address, get).await {
            // Older servers have their list at the usual place only.
            Err(Error::Malformed(_) | Error::UnknownModel(_) | Error::Rejected(_)) => {
                failure = no_list();
            }
            Err(error) => return Err(error),
            Ok(list) => return Ok(list),
        }
    }
    Err(failure)
}

fn no_list() -> Error {
    Error::Malformed("there is no list of models".into())
}

async fn pages<F: Future<Output = Result<Value, Error>>>(
    first: Url,
    get: impl Fn(Url) -> F,
) -> Result<List, Error> {
    let mut list = List::default();
    let mut next = Some(first);
    for _ in 0..MOST_PAGES {
        let Some(url) = next else { break };
        let page = get(url.clone()).await?;
        list.models.extend(listed::read(&page).ok_or_else(no_list)?);
        next = next_page(&page, &url).filter(|next| *next != url);
    }
    list.models.sort_by(|a, b| a.name.cmp(&b.name));
    list.models.dedup_by(|a, b| a.name == b.name);
    list.is_whole = next.is_none() && list.models.len() < MOST_MODELS;
    list.models.truncate(MOST_MODELS);
    Ok(list)
}

/// Returns where the next page is, if there is one: the same address with the place to go on from.
fn next_page(page: &Value, url: &Url) -> Option<Url> {
    let text = |name: &str| {
        let text = page.get(name)?.as_str()?;
        (!text.is_empty() && text.len() <= 1000).then_some(text)
    };
    let has_more = page.get("has_more").and_then(Value::as_bool) == Some(true);
    let (parameter, token) = has_more
        .then(|| text("last_id"))
        .flatten()
        .map(|id| ("after_id", id))
        .or_else(|| Some(("pageToken", text("nextPageToken")?)))
        .or_else(|| Some(("page_token", text("next_page_token")?)))?;
    let others: Vec<(String, String)> = url
        .query_pairs()
        .filter(|(name, _)| name != parameter)
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect();
    let mut next = url.clone();
    next.query_pairs_mut()
        .clear()
        .extend_pairs(others)
        .append_pair(parameter, token);
    Some(next)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Settings;
    use serde_json::json;
    use std::cell::RefCell;

    fn at(text: &str) -> Url {
        text.parse().expect("an address")
    }

    /// Asks a provider that answers each request by the next page, over and over, and returns what was asked for.
    fn asked(pages_of: &[Value], first: &str) -> (Result<List, Error>, Vec<String>) {
        let seen = RefCell::new(Vec::new());
        let get = |url: Url| {
            let mut seen = seen.borrow_mut();
            seen.push(url.query().unwrap_or_default().to_owned());
            std::future::ready(Ok(pages_of[(seen.len() - 1) % pages_of.len()].clone()))
        };
        let list = futures_util::FutureExt::now_or_never(pages(at(first), get));
        (list.expect("nothing waits"), seen.into_inner())
    }

    #[test]
    fn a_list_is_read_to_its_last_page_each_provider_in_its_own_way() {
        let table = [
            (
                json!({"data": [{"id": "b"}], "has_more": true, "last_id": "b"}),
                json!({"data": [{"id": "a"}], "has_more": false, "last_id": "a"}),
                ["limit=2", "limit=2&after_id=b"],
            ),
            (
                json!({"models": [{"name": "models/b"}], "nextPageToken": "x&y"}),
                json!({"models": [{"name": "models/a"}]}),
                ["limit=2", "limit=2&pageToken=x%26y"],
            ),
            (
                json!({"models": [{"name": "b"}], "next_page_token": "t"}),
                json!({"models": [{"name": "a"}], "next_page_token": ""}),
                ["limit=2", "limit=2&page_token=t"],
            ),
        ];
        for (first, second, queries) in table {
            let (list, seen) = asked(&[first, second], "https://h/models?limit=2");
            let list = list.expect("a list");
            let names: Vec<_> = list.models.iter().map(|m| m.name.as_str()).collect();
            assert_eq!((names, list.is_whole), (vec!["a", "b"], true));
            assert_eq!(seen, queries);
        }
    }

    #[test]
    fn a_list_without_end_is_left_after_some_pages_and_is_not_whole() {
        let turn =
            |n: u8| json!({"data": [{"id": "a"}], "has_more": true, "last_id": n.to_string()});
        let (list, seen) = asked(&[turn(1), turn(2)], "https://h/models");
        assert!(!list.expect("a list").is_whole);
        assert_eq!(seen.len(), MOST_PAGES);
        let (list, seen) = asked(&[turn(1)], "https://h/models?after_id=1");
        assert!(list.expect("a list").is_whole);
        assert_eq!(seen.len(), 1, "the page that points at itself is the last");
    }

    #[test]
    fn what_is_no_list_is_an_error() {
        let (list, _) = asked(
            &[json!({"error": "Unexpected endpoint"})],
            "https://h/models",
        );
        assert!(matches!(list, Err(Error::Malformed(_))), "{list:?}");
    }

    #[test]
    fn each_provider_is_asked_at_its_own_place() {
        let settings = Settings::default();
        let table = [
            ("openai", "https://api.openai.com/v1/models"),
            (
                "anthropic",
                "https://api.anthropic.com/v1/models?limit=1000",
            ),
            (
                "google",
                "https://generativelanguage.googleapis.com/v1beta/models?pageSize=1000",
            ),
            ("ollama", "http://127.0.0.1:11434/api/tags"),
            ("openrouter", "https://openrouter.ai/api/v1/models"),
            ("deepseek", "https://api.deepseek.com/models"),
            ("cohere", "https://api.cohere.com/v1/models?page_size=1000"),
            ("github-models", "https://models.github.ai/catalog/models"),
            ("lm-studio", "http://127.0.0.1:1234/api/v0/models"),
            ("llama-cpp", "http://127.0.0.1:8080/v1/models"),
        ];
        for (name, url) in table {
            assert_eq!(addresses(&settings.providers[name])[0].as_str(), url);
        }
        let lm_studio = addresses(&settings.providers["lm-studio"]);
        assert_eq!(lm_studio[1].as_str(), "http://127.0.0.1:1234/v1/models");
        assert!(addresses(&settings.providers["codestral"]).is_empty());
    }
}
