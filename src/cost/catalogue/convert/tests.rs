//! The conversion against the script that made the embedded catalogue, and against data that nobody would want.

#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};

use jiff::civil::date;

use super::*;

const TODAY: Date = date(2026, 12, 1);

/// The data set that the embedded catalogue was made of lies beside the checkout, or where `BYOK_PRICE_DATA` says. It is too large to be part of it.
fn data() -> Option<String> {
    let named = std::env::var_os("BYOK_PRICE_DATA").map(PathBuf::from);
    let beside = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../shared/providers/data/prices/genai-prices-0.2.3.json");
    let path = named.unwrap_or(beside);
    if path.is_file() {
        return Some(std::fs::read_to_string(path).unwrap());
    }
    assert!(
        std::env::var("CI").as_deref() != Ok("true"),
        "no price data at {}; set BYOK_PRICE_DATA to the file",
        path.display()
    );
    eprintln!(
        "skipped: no price data at {}; set BYOK_PRICE_DATA to the file",
        path.display()
    );
    None
}

#[test]
fn the_program_makes_the_same_of_the_data_as_the_script_that_made_the_embedded_catalogue() {
    let Some(data) = data() else { return };
    let converted = convert(&data, TODAY).unwrap();
    assert_eq!(converted.without_price, Vec::<String>::new());
    let own: Vec<Value> = converted
        .text
        .lines()
        .skip(1)
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let embedded: Vec<Value> = super::super::EMBEDDED
        .lines()
        .skip(1)
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(own.len(), embedded.len());
    for (own, embedded) in own.iter().zip(&embedded) {
        let models = |line: &Value| line["models"].as_array().unwrap().clone();
        for (own, embedded) in models(own).iter().zip(&models(embedded)) {
            assert_eq!(own, embedded);
        }
        assert_eq!(own, embedded);
    }
}

fn one(model: &str) -> Result<Converted, String> {
    let data =
        format!(r#"[{{"id":"openai","name":"x","models":[{model}]}},{{"id":"else","models":[]}}]"#);
    convert(&data, TODAY)
}

fn line(model: &str) -> String {
    one(model).unwrap().text.lines().nth(1).unwrap().to_owned()
}

#[test]
fn prices_are_whole_billionths_for_a_million_tokens_and_keep_every_digit() {
    let line = line(
        r#"{"id":"m","match":{"regex":"^m-\\d{2}$"},"prices":{"input_mtok":0.0036250001,"output_mtok":{"base":1e-3,"tiers":[
            {"start":500,"price":3},{"start":200,"price":2.5}]},"requests_kcount":5,"input_audio_mtok":9}}"#,
    );
    assert_eq!(
        line,
        r#"{"id":"openai","models":[{"id":"m","match":{"shape":"m-##"},"prices":[{"rates":{"input":3625000,"output":[1000000,[[200,2500000000],[500,3000000000]]],"request":5000000}}]}]}"#
    );
}

#[test]
fn dates_hours_and_tiers_of_service_are_kept_and_what_is_never_used_is_not() {
    let line = line(
        r#"{"id":"m","match":{"equals":"M"},"prices":[{"prices":{"input_mtok":1}},
            {"constraint":{"start_date":"2026-01-02"},"prices":{"input_mtok":2}},
            {"constraint":{"start_time":"16:30:00Z","end_time":"00:30:00Z"},"prices":{"input_mtok":3}}],
            "price_variants":[{"when":{"service_tier":"flex"},"prices":{"input_mtok":4}},{"when":{"processing":"batch"},"prices":{"input_mtok":5}}]}"#,
    );
    assert_eq!(
        line,
        r#"{"id":"openai","models":[{"id":"m","match":{"equals":"m"},"prices":[{"rates":{"input":1000000000}},{"from":1767312000,"rates":{"input":2000000000}},{"hours":[59400,1800],"rates":{"input":3000000000}}],"variants":[{"when":{"service_tier":"flex"},"rates":{"input":4000000000}}]}]}"#
    );
}

#[test]
fn a_shape_of_price_that_is_not_known_leaves_its_model_without_one_and_is_said() {
    for prices in [
        r#"{"input_mtok":-1}"#,
        r#"{"input_mtok":"1"}"#,
        r#"{"input_mtok":1e30}"#,
        r#"{"input_mtok":{"base":1}}"#,
        r#"{"moonbeams_mtok":1}"#,
        r#"[{"constraint":{"weekday":"2"},"prices":{"input_mtok":1}}]"#,
        r#"[{"constraint":{"start_date":"soon"},"prices":{"input_mtok":1}}]"#,
        "7",
    ] {
        let model = format!(r#"{{"id":"m","match":{{"equals":"m"}},"prices":{prices}}}"#);
        let converted = one(&model).unwrap();
        assert_eq!(converted.without_price.len(), 1, "{prices}");
        assert!(converted.text.contains(r#""prices":[]"#), "{prices}");
    }
}

#[test]
fn a_rule_of_names_that_is_not_known_and_data_that_is_none_end_it() {
    for rule in [
        r#"{"sounds_like":"m"}"#,
        r#"{"regex":"^(a|b)$"}"#,
        r#"{"equals":"m","contains":"n"}"#,
        r#"{"equals":"a\"b"}"#,
        "[]",
    ] {
        let model = format!(r#"{{"id":"m","match":{rule},"prices":{{"input_mtok":1}}}}"#);
        assert!(one(&model).is_err(), "{rule}");
    }
    for data in ["", "{}", "[1]", "<html>", r#"[{"id":"openai"}]"#] {
        assert!(convert(data, TODAY).is_err(), "{data}");
    }
}

#[test]
fn a_catalogue_is_known_by_the_datas_digest_and_by_its_last_check() {
    let header = |checked: &str| {
        let model = format!(
            r#"{{"id":"m","match":{{"equals":"m"}},"prices":{{"input_mtok":1}}{checked}}}"#
        );
        let text = one(&model).unwrap().text;
        let header: Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
        (header["version"].to_string(), header["date"].to_string())
    };
    let (plain, date) = header("");
    assert_eq!(date, "\"2026-12-01\"");
    let (checked, date) = header(r#","prices_checked":"2026-11-20""#);
    assert_eq!(date, "\"2026-11-20\"");
    assert_ne!(plain, checked);
    assert_eq!(
        header(r#","prices_checked":"2099-01-01""#).1,
        "\"2026-12-01\""
    );
}
