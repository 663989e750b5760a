//! Keys in environment variables, and an environment without them for the programs that we start.

use std::collections::BTreeSet;
use std::ffi::OsString;

use super::Secret;
use crate::config::{self, KeysSettings};
use crate::scrub;

/// Reads a variable of this process; one that is empty is as good as none.
pub fn read(variable: &str) -> Option<Secret> {
    let secret = Secret::new(std::env::var(variable).ok()?);
    (!secret.is_empty()).then_some(secret)
}

/// Returns whether a variable holds anything, without reading more of it than that.
pub fn has(variable: &str) -> bool {
    std::env::var_os(variable).is_some_and(|value| !value.is_empty())
}

/// Variables that hold keys of providers and that no entry of the well-known ones names.
const OTHERS: [&str; 8] = [
    "ANTHROPIC_AUTH_TOKEN",
    "CLAUDE_CODE_OAUTH_TOKEN",
    "GOOGLE_API_KEY",
    "HUGGING_FACE_HUB_TOKEN",
    "GH_TOKEN",
    "GITHUB_MODELS_TOKEN",
    "OPENAI_ADMIN_KEY",
    "COHERE_API_KEY",
];

/// Returns the variables that no program of ours inherits: those that hold providers' keys by their names, and every other whose value
/// begins as such a key does.
pub fn secret_variables(settings: &KeysSettings) -> Vec<OsString> {
    let named = settings.variables.iter().map(OsString::from);
    named.chain(well_known_secrets()).collect()
}

/// The same without those that only the settings name.
fn well_known_secrets() -> Vec<OsString> {
    let mut names: BTreeSet<OsString> = OTHERS.iter().map(OsString::from).collect();
    names.extend(config::well_known_variables().map(OsString::from));
    let looks_like_key = |value: &OsString| value.to_str().is_some_and(scrub::has_key_prefix);
    names.extend(
        std::env::vars_os()
            .filter(|(_, value)| looks_like_key(value))
            .map(|(name, _)| name),
    );
    names.into_iter().collect()
}
