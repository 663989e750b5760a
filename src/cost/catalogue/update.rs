//! A newer catalogue, looked at before it takes the place of the one in use.
//!
//! Entry point: [`Update::of`], of the public data set or of a catalogue. It is read whole and compared with the one in use: a price that jumps is far
//! more often a mistake than a bargain, and one that falls to nothing would let a cap never be reached.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::convert::convert;
use super::{Catalogue, Period, Provider, Variant, date_of};
use crate::cost::price::{Price, Rate};

/// Many times what all providers' prices need.
pub const LARGEST: u64 = 16 * 1024 * 1024;

/// A price that changes by more than this many times is doubted.
const MOST_TIMES: i64 = 3;

/// One that knows less than so many in a hundred of the models that were known is doubted.
const FEWEST: usize = 80;

/// A catalogue to be taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Update {
    /// Its text.
    pub text: String,
    /// What it would change.
    pub change: Change,
}

/// What another catalogue would change.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Change {
    /// Its name, version and date.
    pub version: String,
    /// How many models it knows.
    pub models: usize,
    /// How many of them cost something else than before.
    pub changed: usize,
    /// How many of them were not known before.
    pub added: usize,
    /// How many that were known are not known to it.
    pub gone: usize,
    /// What speaks against taking it, in words; empty if nothing does.
    pub doubts: Vec<String>,
}

impl Update {
    /// Reads the public data set, or a catalogue, whole and compares it with the one in use; what cannot be read is an error in words.
    pub fn of(text: &str, before: &Catalogue, now: Timestamp) -> Result<Self, String> {
        if text.len() as u64 > LARGEST {
            return Err("it is larger than any price catalogue".into());
        }
        let mut without_price = Vec::new();
        let text = if text.trim_start().starts_with('[') {
            let today = TimeZone::UTC.to_datetime(now).date();
            let converted = convert(text, today)?;
            without_price = converted.without_price;
            converted.text
        } else {
            text.to_owned()
        };
        read(&text)?;
        let new = Catalogue::new(text.clone().into());
        let mut change = compare(before, &new, now);
        if change.models == 0 {
            return Err("it knows no model of any provider that this program knows".into());
        }
        for model in without_price {
            change
                .doubts
                .push(format!("{model}; it would have no known price"));
        }
        Ok(Self { text, change })
    }
}

/// Reads every line, model and price.
fn read(text: &str) -> Result<(), String> {
    date_of(text).ok_or("its first line is no description of a price catalogue")?;
    for (number, line) in text.lines().enumerate().skip(1) {
        let wrong = |error: serde_json::Error| format!("line {}: {error}", number + 1);
        let provider: Provider<'_> = serde_json::from_str(line).map_err(wrong)?;
        for entry in &provider.models {
            let periods: Vec<Period> = serde_json::from_str(entry.prices.get()).map_err(wrong)?;
            let variants = entry.variants.map_or("[]", |variants| variants.get());
            let variants: Vec<Variant> = serde_json::from_str(variants).map_err(wrong)?;
            let variants = variants.iter().map(|variant| &variant.period);
            if !periods
                .iter()
                .chain(variants)
                .all(|period| period.rates.are_sane())
            {
                let id = entry.id;
                return Err(format!(
                    "line {}: {id} has a price that cannot be",
                    number + 1
                ));
            }
        }
    }
    Ok(())
}

fn compare(before: &Catalogue, new: &Catalogue, now: Timestamp) -> Change {
    let mut change = Change {
        version: new.version().to_owned(),
        ..Change::default()
    };
    if before.date() > new.date() {
        let version = before.version();
        change
            .doubts
            .push(format!("it is older than the one in use ({version})"));
    }
    let mut known = 0;
    for provider in before.providers() {
        let old = before.models(provider, now);
        let found = found(new, provider, &old, now);
        known += old.len();
        change.gone += found.iter().filter(|price| price.is_none()).count();
        for ((model, old), price) in old.iter().zip(&found) {
            let Some(price) = price else { continue };
            change.changed += usize::from(old.rates != price.rates);
            let doubts = doubts(old, price);
            let named = doubts.into_iter();
            change
                .doubts
                .extend(named.map(|doubt| format!("{provider}/{model}: {doubt}")));
        }
    }
    for provider in new.providers() {
        let models = new.models(provider, now);
        let found = found(before, provider, &models, now);
        change.models += models.len();
        change.added += found.iter().filter(|price| price.is_none()).count();
    }
    if (known - change.gone) * 100 < known * FEWEST {
        change.doubts.push(format!(
            "it does not know {} of the {known} models that are known now",
            change.gone
        ));
    }
    change
}

/// Returns what a catalogue says of another's models: under the same name in the catalogue, which need not be one that a provider knows, else under
/// what such a name is taken for.
fn found(
    catalogue: &Catalogue,
    provider: &str,
    models: &[(String, Price)],
    now: Timestamp,
) -> Vec<Option<Price>> {
    let own: BTreeMap<String, Price> = catalogue.models(provider, now).into_iter().collect();
    let names = models.iter().map(|(name, _)| name.as_str());
    let taken = catalogue.prices(provider, names, now);
    let both = models.iter().zip(taken);
    both.map(|((name, _), taken)| own.get(name).cloned().or(taken))
        .collect()
}

/// Says what is odd about a model's new price.
fn doubts(old: &Price, new: &Price) -> Vec<String> {
    let fee = |price: &Price| price.rates.request.map(Rate::Flat);
    let (old_fee, new_fee) = (fee(old), fee(new));
    let classes = old.rates.classes().into_iter().zip(new.rates.classes());
    let classes = classes.map(|((what, old), (_, new))| (what, old, new));
    let all = classes.chain([("a request", old_fee.as_ref(), new_fee.as_ref())]);
    let doubts = all.filter_map(|(what, from, to)| {
        // A class without a rate of its own has that of another class, which is looked at, too.
        let (from, to) = (from?, to?);
        let ends = [(from.usual(), to.usual()), (from.dearest(), to.dearest())];
        let (was, is) = ends.into_iter().find(|(was, is)| jumps(*was, *is))?;
        let shown = |nanos| {
            let money = crate::cost::Money::from_nanos(nanos, new.currency);
            format!("{} {}", money.to_decimal(), money.currency())
        };
        Some(match is {
            0 => format!(
                "a million tokens {what} would be free instead of {}",
                shown(was)
            ),
            _ => format!(
                "a million tokens {what} would cost {} instead of {}",
                shown(is),
                shown(was)
            ),
        })
    });
    doubts.collect()
}

/// From nothing and to nothing is how free models begin and end, and the most expensive of mistakes.
fn jumps(was: i64, is: i64) -> bool {
    was.saturating_mul(MOST_TIMES) < is || is.saturating_mul(MOST_TIMES) < was
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const HEADER: &str = r#"{"name":"mine","version":"1","date":"DATE"}"#;

    fn catalogue(date: &str, rates: &str) -> String {
        format!(
            "{}\n{{\"id\":\"p\",\"models\":[{{\"id\":\"m\",\"match\":{{\"equals\":\"m\"}},\"prices\":[{{\"rates\":{{{rates}}}}}]}}]}}\n",
            HEADER.replace("DATE", date)
        )
    }

    fn change(before: &str, after: &str) -> Change {
        let catalogue = |rates| Catalogue::new(catalogue("2026-12-01", rates).into());
        let before = catalogue(before);
        Update::of(&catalogue(after).text, &before, Timestamp::UNIX_EPOCH)
            .unwrap()
            .change
    }

    #[test]
    fn a_catalogue_that_changes_little_is_taken_without_a_doubt() {
        let change = change(
            r#""input":500,"output":900"#,
            r#""input":1500,"output":900"#,
        );
        assert_eq!(
            (change.models, change.changed, change.added, change.gone),
            (1, 1, 0, 0)
        );
        assert_eq!(change.doubts, Vec::<String>::new());
    }

    #[test]
    fn a_price_that_jumps_up_or_down_or_to_nothing_is_doubted_in_every_class_and_tier() {
        let table = [
            (
                r#""input":500"#,
                r#""input":1501"#,
                "would cost 0.000001501 USD instead of 0.0000005 USD",
            ),
            (r#""input":1501"#, r#""input":500"#, "would cost"),
            (r#""input":500"#, r#""input":0"#, "would be free"),
            (r#""input":0"#, r#""input":1"#, "would cost"),
            (
                r#""input":1,"cache_read":9"#,
                r#""input":1,"cache_read":1"#,
                "from the cache",
            ),
            (
                r#""input":[1,[[5,2]]]"#,
                r#""input":[1,[[5,9]]]"#,
                "would cost",
            ),
            (
                r#""input":1,"request":9"#,
                r#""input":1,"request":0"#,
                "a request",
            ),
        ];
        for (before, after, expected) in table {
            let change = change(before, after);
            assert_eq!(
                change.doubts.len(),
                1,
                "{before} {after} {:?}",
                change.doubts
            );
            assert!(change.doubts[0].contains(expected), "{:?}", change.doubts);
        }
    }

    #[test]
    fn an_older_catalogue_and_one_that_knows_much_less_are_doubted() {
        let before = Catalogue::new(catalogue("2026-12-02", "\"input\":5").into());
        let older = catalogue("2026-12-01", "\"input\":5");
        let told = Update::of(&older, &before, Timestamp::UNIX_EPOCH).unwrap();
        assert!(told.change.doubts[0].contains("older"), "{:?}", told.change);
        let other = catalogue("2026-12-03", "\"input\":5").replace("\"m\"", "\"n\"");
        let told = Update::of(&other, &before, Timestamp::UNIX_EPOCH).unwrap();
        assert_eq!(told.change.gone, 1);
        assert!(told.change.doubts[0].contains("does not know 1 of the 1"));
    }

    #[test]
    fn what_is_no_catalogue_or_has_an_impossible_price_is_refused_with_its_line() {
        let before = Catalogue::embedded();
        let refused = |text: &str| Update::of(text, before, Timestamp::UNIX_EPOCH).unwrap_err();
        let header = HEADER.replace("DATE", "2026-12-01");
        assert!(refused("").contains("first line"));
        assert!(refused("{}").contains("first line"));
        assert!(refused("[{}]").contains("no list of providers"));
        assert!(refused("[]").contains("no model"));
        assert!(refused(&header).contains("no model"));
        assert!(refused(&format!("{header}\nx")).contains("line 2"));
        for rates in [
            "\"input\":-5",
            "\"input\":9223372036854775807",
            "\"request\":-1",
        ] {
            let text = catalogue("2026-12-01", rates);
            assert!(refused(&text).contains("cannot be"), "{rates}");
        }
    }

    #[test]
    fn the_embedded_catalogue_can_replace_itself() {
        let embedded = Catalogue::embedded();
        let update = Update::of(&embedded.text, embedded, Timestamp::now()).unwrap();
        let change = update.change;
        assert_eq!((change.changed, change.added, change.gone), (0, 0, 0));
        assert_eq!(change.doubts, Vec::<String>::new());
        assert!(change.models > 1_000);
    }
}
