//! A report as one page that needs no network: styles, the chart library and the numbers are inside.
//!
//! Entry point: [`page`]. Invariants: the page's own policy lets only what is in it run, by its digest, and nothing be loaded or sent; the numbers
//! are JSON in which no character can end their element, and the script puts all text in as text, so that no name breaks out of it.
//!
//! `page/charts.js` draws from the JSON of a [`Report`] and is what editors' webviews use too. `page/vendor/` says where Chart.js is from.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::ser::{Formatter, Serializer};
use sha2::{Digest as _, Sha256};

use super::Report;

const PAGE: &str = include_str!("page/page.html");
const STYLE: &str = include_str!("page/report.css");
const CHARTS: &str = include_str!("page/charts.js");
const LIBRARY: &str = include_str!("page/vendor/chart.js");

/// Makes the page.
pub fn page(report: &Report) -> serde_json::Result<String> {
    let scripts = format!("{} {}", digest(LIBRARY), digest(CHARTS));
    let data = inert(report)?;
    let generator = concat!("byok-lsp ", env!("CARGO_PKG_VERSION"));
    let parts = [
        ("script-hashes", scripts.as_str()),
        ("style-hash", &digest(STYLE)),
        ("generator", generator),
        ("style", STYLE),
        ("data", &data),
        ("chart.js", LIBRARY),
        ("charts.js", CHARTS),
    ];
    // From left to right and once: what is put in is never looked at again.
    let mut page = String::with_capacity(PAGE.len() + LIBRARY.len() + CHARTS.len() + data.len());
    for piece in PAGE.split("{{") {
        let (name, rest) = piece.split_once("}}").unwrap_or(("", piece));
        let part = parts.iter().find(|(known, _)| *known == name);
        page.push_str(part.map_or("", |(_, part)| part));
        page.push_str(rest);
    }
    Ok(page)
}

/// Returns the digest by which a page's policy knows a script or a style.
fn digest(text: &str) -> String {
    format!("'sha256-{}'", STANDARD.encode(Sha256::digest(text)))
}

/// Writes JSON that means nothing to HTML.
fn inert(report: &Report) -> serde_json::Result<String> {
    use serde::Serialize as _;
    let mut bytes = Vec::new();
    report.serialize(&mut Serializer::with_formatter(&mut bytes, Inert))?;
    Ok(String::from_utf8(bytes).expect("JSON is text"))
}

struct Inert;

impl Formatter for Inert {
    fn write_string_fragment<W: ?Sized + std::io::Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> std::io::Result<()> {
        for c in fragment.chars() {
            match c {
                '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                    write!(writer, "\\u{:04x}", u32::from(c))?;
                }
                _ => write!(writer, "{c}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::cost::report::tests::report;

    /// As shipped, from the package chart.js 4.6.1 (`page/vendor/README.md`).
    const LIBRARY_DIGEST: &str = "c17f2ce49fb9c71ef7fb39c03f868804ac5ab34730149976eebe6b7f807bef0c";

    #[test]
    fn the_chart_library_is_the_one_that_was_looked_at() {
        let digest = Sha256::digest(LIBRARY);
        assert_eq!(format!("{digest:x}"), LIBRARY_DIGEST);
    }

    #[test]
    fn nothing_in_the_page_can_end_its_own_element() {
        for script in [LIBRARY, CHARTS] {
            assert!(!script.to_lowercase().contains("</script"));
            assert!(!script.contains("<!--"));
        }
        assert!(!STYLE.contains('<'));
    }

    #[test]
    fn a_hostile_name_stays_a_name() {
        let hostile = "</script><img src=x onerror=alert(1)>&{{chart.js}}\u{2028}";
        let mut hostile_report = report();
        hostile_report.groups[0].key = vec![hostile.into()];
        let plain = page(&report()).unwrap();
        let page = page(&hostile_report).unwrap();
        for mark in ["</script", "<img", "Chart.js v4"] {
            let count = |page: &str| page.matches(mark).count();
            assert_eq!(count(&page), count(&plain), "{mark}");
        }
        let start = page.find("id=\"data\">").unwrap() + "id=\"data\">".len();
        let data = &page[start..start + page[start..].find("</script>").unwrap()];
        let data: serde_json::Value = serde_json::from_str(data).unwrap();
        assert_eq!(data["groups"][0]["key"][0], hostile);
    }

    #[test]
    fn the_policy_lets_only_the_pages_own_scripts_run_and_nothing_be_loaded() {
        let page = page(&report()).unwrap();
        let policy = page.split("content=\"").nth(1).unwrap();
        let policy = policy.split('"').next().unwrap();
        assert!(policy.starts_with("default-src 'none'; script-src 'sha256-"));
        assert!(!policy.contains("unsafe") && !policy.contains("http"));
        assert!(
            !page.contains(" src=") && !page.contains("url("),
            "nothing is fetched"
        );
    }
}
