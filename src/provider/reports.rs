//! What providers report to the owner of an account: costs and usage by day, asked with an admin key. Asking is free.
//!
//! Entry point: [`pages`]. Facts: OpenAI's and OpenRouter's published schemas, Anthropic's documentation, all of 2026. What the answers say is read
//! elsewhere ([`crate::cost::reconcile::statement`]), as it is when they come from a file.

use std::time::Duration;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use reqwest::header::{HeaderName, HeaderValue};
use serde::Deserialize;
use url::Url;

use super::{Error, Http, endpoint};

/// A report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Report {
    /// OpenAI's costs by day and line item.
    OpenAiCosts,
    /// OpenAI's tokens and calls by day and model.
    OpenAiUsage,
    /// Anthropic's costs by day and model.
    AnthropicCosts,
    /// Anthropic's tokens by day and model.
    AnthropicUsage,
    /// OpenRouter's costs and calls by day and model; of the last thirty days, whatever is asked.
    OpenRouterActivity,
}

/// UTC days, the first and the last included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Days {
    /// The first.
    pub first: Date,
    /// The last.
    pub last: Date,
}

/// More pages than a year has, so that no answer can keep us asking.
const MOST_PAGES: usize = 60;

/// What an answer says of those that follow.
#[derive(Deserialize)]
struct Page {
    #[serde(default)]
    has_more: bool,
    next_page: Option<String>,
}

/// Asks for a report, page by page, each within `limit`. `base_url` is the provider's, up to and including the version.
pub async fn pages(
    http: &Http,
    base_url: &Url,
    key: Option<(HeaderName, HeaderValue)>,
    report: Report,
    days: Days,
    limit: Duration,
) -> Result<Vec<String>, Error> {
    let mut pages = Vec::new();
    let mut next = None;
    while pages.len() < MOST_PAGES {
        let url = report.url(base_url, days, next.as_deref());
        let headers = key.clone().into_iter().chain(report.header());
        let body = http.get(&url, headers, limit).await?;
        let page: Page = serde_json::from_slice(&body)
            .map_err(|_| Error::Malformed("it sent no report".into()))?;
        let body =
            String::from_utf8(body).map_err(|_| Error::Malformed("it sent no text".into()))?;
        pages.push(body);
        next = page.next_page.filter(|_| page.has_more);
        if next.is_none() {
            return Ok(pages);
        }
    }
    Err(Error::Malformed(
        "its report has no end; ask for fewer days".into(),
    ))
}

impl Report {
    fn url(self, base_url: &Url, days: Days, page: Option<&str>) -> Url {
        let (path, first, last, group, most) = match self {
            Self::OpenAiCosts => (
                "organization/costs",
                "start_time",
                "end_time",
                "line_item",
                "180",
            ),
            Self::OpenAiUsage => (
                "organization/usage/completions",
                "start_time",
                "end_time",
                "model",
                "31",
            ),
            Self::AnthropicCosts => (
                "organizations/cost_report",
                "starting_at",
                "ending_at",
                "description",
                "31",
            ),
            Self::AnthropicUsage => (
                "organizations/usage_report/messages",
                "starting_at",
                "ending_at",
                "model",
                "31",
            ),
            Self::OpenRouterActivity => return endpoint(base_url, "activity"),
        };
        let time = |date: Date| {
            let midnight = date.to_zoned(TimeZone::UTC).map(|zoned| zoned.timestamp());
            let midnight = midnight.unwrap_or_default();
            match self {
                Self::AnthropicCosts | Self::AnthropicUsage => midnight.to_string(),
                _ => midnight.as_second().to_string(),
            }
        };
        let mut url = endpoint(base_url, path);
        url.query_pairs_mut()
            .append_pair(first, &time(days.first))
            .append_pair(last, &time(days.last.tomorrow().unwrap_or(days.last)))
            .append_pair("bucket_width", "1d")
            .append_pair("group_by[]", group)
            .append_pair("limit", most);
        if let Some(page) = page {
            url.query_pairs_mut().append_pair("page", page);
        }
        url
    }

    /// What its provider wants beside the key.
    fn header(self) -> Option<(HeaderName, HeaderValue)> {
        match self {
            Self::AnthropicCosts | Self::AnthropicUsage => Some((
                HeaderName::from_static("anthropic-version"),
                HeaderValue::from_static("2023-06-01"),
            )),
            Self::OpenAiCosts | Self::OpenAiUsage | Self::OpenRouterActivity => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn whole_days_are_asked_for_in_the_providers_own_words() {
        let days = Days {
            first: date(2026, 11, 1),
            last: date(2026, 11, 30),
        };
        let base: Url = "https://api.example.com/v1".parse().expect("an address");
        let url = |report: Report, page| report.url(&base, days, page).to_string();
        assert_eq!(
            url(Report::OpenAiCosts, None),
            "https://api.example.com/v1/organization/costs?start_time=1793491200&end_time=1796083200&bucket_width=1d&group_by%5B%5D=line_item&limit=180"
        );
        assert_eq!(
            url(Report::AnthropicUsage, Some("p 2")),
            "https://api.example.com/v1/organizations/usage_report/messages?starting_at=2026-11-01T00%3A00%3A00Z&ending_at=2026-12-01T00%3A00%3A00Z&bucket_width=1d&group_by%5B%5D=model&limit=31&page=p+2"
        );
        assert_eq!(
            url(Report::OpenRouterActivity, None),
            "https://api.example.com/v1/activity"
        );
    }
}
