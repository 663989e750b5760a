//! Which keys are none that may be used here: tokens of subscriptions, of other applications, and of administrators.
//!
//! Entry point: [`refusal`]. They are told by how they begin, whatever source they come from, before anything is sent.

use super::Secret;
use crate::config::Auth;

/// A kind of credential that is refused.
struct Refused {
    /// How it begins.
    prefixes: &'static [&'static str],
    /// What it is, and why it is not used.
    why: &'static str,
    /// What to do instead.
    way: &'static str,
}

/// How administrators' keys begin.
const ADMINISTRATORS: [&str; 2] = ["sk-ant-admin", "sk-admin-"];

const REFUSED: [Refused; 6] = [
    Refused {
        prefixes: &["sk-ant-oat", "sk-ant-ort"],
        why: "it is a token of a Claude subscription, which Anthropic lets only its own applications use",
        way: "make an API key in Anthropic's console, which is billed by use",
    },
    Refused {
        prefixes: &ADMINISTRATORS,
        why: "it is an administrator's key, which may change the whole account and can call no model",
        way: "make an ordinary API key in the provider's console",
    },
    Refused {
        prefixes: &["gho_", "ghu_", "ghr_", "tid="],
        why: "it is a token of a GitHub sign-in or of Copilot, which GitHub issues to its own applications and not for use by others",
        way: "for GitHub Models make a personal access token with the right models:read (it begins with github_pat_ or ghp_)",
    },
    Refused {
        prefixes: &["sess-"],
        why: "it is a session of the provider's web site and ends with it",
        way: "make an API key in the provider's console",
    },
    Refused {
        prefixes: &["-----BEGIN"],
        why: "it is a private key or a certificate",
        way: "give the API key; for a cloud's service account set key = { command = [...] } to the command that prints a token",
    },
    Refused {
        prefixes: &["AKIA", "ASIA"],
        why: "it is the name of an AWS access key, with which nothing can be signed here",
        way: "make a Bedrock API key",
    },
];

/// Returns whether it is an administrator's key.
pub fn is_administrators(secret: &Secret) -> bool {
    let text = secret.expose();
    ADMINISTRATORS.iter().any(|prefix| text.starts_with(prefix))
}

/// Returns why a credential is not used for a provider and what to do instead, or `None` if nothing speaks against it.
pub fn refusal(provider: &str, auth: Auth, secret: &Secret) -> Option<String> {
    let text = secret.expose();
    let begins = |refused: &&Refused| {
        refused
            .prefixes
            .iter()
            .any(|prefix| text.starts_with(prefix))
    };
    if let Some(refused) = REFUSED.iter().find(begins) {
        return Some(format!("{}; {}", refused.why, refused.way));
    }
    if provider == "openai" && text.starts_with("eyJ") {
        return Some(
            "it is a token of a ChatGPT sign-in, which OpenAI issues to its own applications; make an API key in OpenAI's console".into(),
        );
    }
    if auth == Auth::XGoogApiKey && text.starts_with("ya29.") {
        return Some(
            "it is an access token, and this address takes API keys; make one in Google AI Studio"
                .into(),
        );
    }
    None
}

/// How the keys of some providers begin, longest first where one begins as another.
const BEGINNINGS: [(&str, &str); 14] = [
    ("sk-ant-", "anthropic"),
    ("sk-or-", "openrouter"),
    ("sk-proj-", "openai"),
    ("sk-svcacct-", "openai"),
    ("AIza", "google"),
    ("gsk_", "groq"),
    ("xai-", "xai"),
    ("csk-", "cerebras"),
    ("hf_", "huggingface"),
    ("github_pat_", "github-models"),
    ("ghp_", "github-models"),
    ("tgp_", "together"),
    ("fw_", "fireworks"),
    ("pplx-", "perplexity"),
];

/// Returns the provider whose keys begin like this one, if it is well known and another than the one it is meant for.
pub fn belongs_to_another(provider: &str, secret: &Secret) -> Option<&'static str> {
    let text = secret.expose();
    let owner = BEGINNINGS
        .iter()
        .find(|(beginning, _)| text.starts_with(beginning))?
        .1;
    let has_such_keys = BEGINNINGS.iter().any(|(_, name)| *name == provider);
    (owner != provider && has_such_keys).then_some(owner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(provider: &str, auth: Auth, key: &str) -> Option<String> {
        refusal(provider, auth, &Secret::new(key.into()))
    }

    #[test]
    fn what_is_no_key_of_the_users_own_is_refused_with_the_reason_and_the_way() {
        let table = [
            (
                "anthropic",
                Auth::XApiKey,
                "sk-ant-oat01-canary",
                "Claude subscription",
            ),
            (
                "anthropic",
                Auth::XApiKey,
                "sk-ant-ort01-canary",
                "Claude subscription",
            ),
            (
                "openrouter",
                Auth::Bearer,
                "sk-ant-admin01-canary",
                "administrator",
            ),
            ("openai", Auth::Bearer, "sk-admin-canary", "administrator"),
            ("github-models", Auth::Bearer, "gho_canary", "Copilot"),
            ("github-models", Auth::Bearer, "ghu_canary", "Copilot"),
            ("openai", Auth::Bearer, "tid=canary;exp=1", "Copilot"),
            ("openai", Auth::Bearer, "eyJcanary", "ChatGPT"),
            ("google", Auth::XGoogApiKey, "ya29.canary", "access token"),
        ];
        for (provider, auth, key, expected) in table {
            let told = told(provider, auth, key).expect(key);
            assert!(told.contains(expected), "{told}");
            assert!(told.contains("make ") && !told.contains("canary"), "{told}");
        }
    }

    #[test]
    fn ordinary_keys_are_taken() {
        for (provider, key) in [
            ("anthropic", "sk-ant-api03-canary"),
            ("github-models", "ghp_canary"),
            ("github-models", "github_pat_canary"),
            ("openai", "sk-proj-canary"),
            ("mine", "eyJcanary"),
        ] {
            assert_eq!(told(provider, Auth::Bearer, key), None, "{key}");
        }
        assert_eq!(told("vertex", Auth::Bearer, "ya29.canary"), None);
    }

    #[test]
    fn a_key_of_another_provider_is_noticed_where_both_are_known_by_their_keys() {
        let owner = |provider, key: &str| belongs_to_another(provider, &Secret::new(key.into()));
        assert_eq!(owner("openai", "sk-ant-api03-canary"), Some("anthropic"));
        assert_eq!(owner("anthropic", "sk-ant-api03-canary"), None);
        assert_eq!(owner("mine", "sk-ant-api03-canary"), None);
        assert_eq!(owner("openai", "sk-canary"), None);
    }
}
