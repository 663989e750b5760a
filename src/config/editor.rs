//! What an editor's settings may not say, since some editors take them out of the workspace: a repository that ships them must not learn what
//! a variable holds, have a program run, read along, lead calls by a way of its choice, or have caps reckoned by prices of its own.
//!
//! Entry point: [`check`]. What an editor may say without harm: any address, together with `"none"` or a stored key, which is bound to its host;
//! and a provider's own variable, at that provider's own address.

use super::audit;
use super::key_option::{KeyFrom, KeyOption};
use super::known;
use super::layer::merge_provider;
use super::options::{Options, ProviderOptions};
use super::problem::Problem;

/// Checks what the editor says, all of its layers together, against the user's own file.
pub(super) fn check(own: &Options, editor: &Options, name: &str) -> Result<(), Problem> {
    let problem = |key: String, message: String| Problem {
        layer: name.into(),
        line: None,
        key,
        message,
    };
    for (provider, written) in &editor.providers {
        check_provider(provider, own.providers.get(provider), written)
            .map_err(|(key, message)| problem(format!("providers.{provider}.{key}"), message))?;
    }
    let passphrase = |options: &Options| options.keys.as_ref()?.passphrase.clone();
    if passphrase(editor).is_some_and(|from| from.command.is_some())
        && passphrase(editor) != passphrase(own)
    {
        return Err(problem("keys.passphrase".into(), refusal("a command")));
    }
    let checks = |options: &Options| options.actions.clone().unwrap_or_default().check;
    if !checks(editor).is_empty() && checks(editor) != checks(own) {
        return Err(problem("actions.check".into(), refusal("a command")));
    }
    let environment = |options: &Options| options.keys.as_ref()?.environment.clone();
    if environment(editor).is_some() && environment(editor) != environment(own) {
        return Err(problem(
            "keys.environment".into(),
            refusal("the environment, which some keys are kept for,"),
        ));
    }
    let keep = |options: &Options| options.ledger.as_ref()?.keep.clone();
    if keep(editor).is_some() && keep(editor) != keep(own) {
        return Err(problem(
            "ledger.keep".into(),
            refusal("how long calls are kept"),
        ));
    }
    check_own(own, editor).map_err(|(key, what)| problem(key.into(), refusal(what)))?;
    let changes = |options: &Options| options.fallback.as_ref()?.may_change_payer;
    if changes(editor) == Some(true) && changes(own) != Some(true) {
        return Err(problem(
            "fallback.may_change_payer".into(),
            refusal("leave to have somebody else pay"),
        ));
    }
    let bundle = |options: &Options| options.network.as_ref()?.ca_bundle.clone();
    if bundle(editor).is_some() && bundle(editor) != bundle(own) {
        // With a proxy of the same workspace's choice it would read along, keys included.
        return Err(problem(
            "network.ca_bundle".into(),
            refusal("an authority to trust"),
        ));
    }
    let proxy = |options: &Options| options.network.as_ref()?.proxy.clone();
    let leads_away = proxy(editor).is_some_and(|written| !PROXY_WORDS.contains(&&*written));
    if leads_away && proxy(editor) != proxy(own) {
        return Err(problem(
            "network.proxy".into(),
            refusal("the address of a proxy, by which all calls would go,"),
        ));
    }
    if editor.organisation.is_some() {
        return Err(problem(
            "organisation".into(),
            refusal("where your organisation's rules are"),
        ));
    }
    for (name, written) in &editor.providers {
        let known = own
            .providers
            .get(name)
            .and_then(|known| known.data.as_ref());
        if written.data.is_some() && written.data.as_ref() != known {
            return Err(problem(
                format!("providers.{name}.data"),
                refusal("what you have agreed upon with a provider"),
            ));
        }
    }
    for (name, written) in &editor.providers {
        let known = own
            .providers
            .get(name)
            .and_then(|known| known.free.as_ref());
        if written.free.is_some() && written.free.as_ref() != known {
            return Err(problem(
                format!("providers.{name}.free"),
                refusal("what a provider gives for nothing, so that no cap is reached,"),
            ));
        }
    }
    audit::check_editor(own, editor)
        .map_err(|(key, message)| problem(format!("audit.{key}"), message))?;
    check_privacy(own, editor)
        .and_then(|()| check_prices(own, editor))
        .map_err(|(key, message)| problem(key, message))
}

/// Checks that no more leaves the machine than the user's own file lets.
fn check_privacy(own: &Options, editor: &Options) -> Result<(), (String, String)> {
    let is_offline = |options: &Options| options.network.as_ref()?.offline;
    if is_offline(editor) == Some(false) && is_offline(own) == Some(true) {
        let why = refusal("more than your own file allows");
        return Err(("network.offline".into(), why));
    }
    let credentials = |options: &Options| options.privacy.as_ref()?.credentials;
    let own = credentials(own).unwrap_or_default();
    if credentials(editor).is_some_and(|wanted| wanted < own) {
        let why = refusal("less than your own file asks for");
        return Err(("privacy.credentials".into(), why));
    }
    Ok(())
}

/// Checks what only the user's own file says; a mistake is its key and what it would set.
fn check_own(own: &Options, editor: &Options) -> Result<(), (&'static str, &'static str)> {
    if editor.log.is_some() && editor.log != own.log {
        return Err(("log", "what is logged"));
    }
    if editor.telemetry.is_some() && editor.telemetry != own.telemetry {
        return Err(("telemetry", "who is told of calls"));
    }
    if !editor.projects.is_empty() && editor.projects != own.projects {
        return Err(("projects", "which models a project gets"));
    }
    Ok(())
}

/// The words that name no proxy of the editor's choice.
const PROXY_WORDS: [&str; 2] = ["none", "system"];

/// Checks that what the user's own file caps is not reckoned by other prices than its own: at a price of nothing no cap is ever reached. Without
/// caps of the user's own, those that hold come from the editor too, and so may the prices.
fn check_prices(own: &Options, editor: &Options) -> Result<(), (String, String)> {
    if own.budget.is_none() {
        return Ok(());
    }
    let refused = |key: String| {
        let why = refusal("a price, by which your own caps are reckoned,");
        Err((key, why))
    };
    for (name, written) in &editor.providers {
        let nothing = ProviderOptions::default();
        let known = own.providers.get(name).unwrap_or(&nothing);
        for (model, price) in &written.prices {
            if known.prices.get(model) != Some(price) {
                return refused(format!("providers.{name}.prices.{model}"));
            }
        }
        for (model, discount) in &written.discounts {
            if known.discounts.get(model) != Some(discount) {
                return refused(format!("providers.{name}.discounts.{model}"));
            }
        }
        let is_other =
            |theirs: &Option<String>, own: &Option<String>| theirs.is_some() && theirs != own;
        if is_other(&written.discount, &known.discount) {
            return refused(format!("providers.{name}.discount"));
        }
        if is_other(&written.subscription, &known.subscription) {
            return refused(format!("providers.{name}.subscription"));
        }
        if written.power.is_some() && written.power != known.power {
            return refused(format!("providers.{name}.power"));
        }
    }
    Ok(())
}

fn check_provider(
    name: &str,
    own: Option<&ProviderOptions>,
    written: &ProviderOptions,
) -> Result<(), (&'static str, String)> {
    let nothing = ProviderOptions::default();
    let own = own.unwrap_or(&nothing);
    let merged = merge_provider(own.clone(), written.clone());
    // Stored keys are bound to their hosts, and without a setting a variable goes to its own provider only (`provider::resolve`).
    let Some(KeyOption::From(from)) = &merged.key else {
        return Ok(());
    };
    let address = address(name, &merged);
    let is_safe = match from {
        KeyFrom {
            keyring: Some(_), ..
        } => true,
        KeyFrom {
            env: Some(variable),
            ..
        } => known::is_own_variable(variable, address),
        _ => false,
    };
    let is_own_key = own.key == merged.key;
    let is_moved = address != self::address(name, own);
    match (is_safe, is_own_key, is_moved) {
        (true, ..) | (false, true, false) => Ok(()),
        (false, true, true) => Err((
            "base_url",
            "your own file names the key of this provider, so the address is taken from there too, since an editor's settings may come from a workspace; write it there (\"byok-lsp config path\" says where)".into(),
        )),
        (false, false, _) if from.command.is_some() => Err(("key", refusal("a command"))),
        (false, false, _) => {
            let store = known::get(name).map_or_else(String::new, |_| {
                format!(
                    ", or leave the setting out and store the key: byok-lsp key set {name}"
                )
            });
            Err(("key", refusal("an environment variable") + &store))
        }
    }
}

/// Returns where a provider answers, as written.
fn address<'a>(name: &str, options: &'a ProviderOptions) -> Option<&'a str> {
    let known = known::get(name).and_then(|known| known.base_url.as_deref());
    let address = options.base_url.as_deref().or(known)?;
    Some(address.trim_end_matches('/'))
}

fn refusal(what: &str) -> String {
    format!(
        "{what} is taken from your own file only, since an editor's settings may come from a workspace; write it there (\"byok-lsp config path\" says where)"
    )
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::{KeySource, Layer, Layers, Settings};

    /// What the user's own file says in these tests.
    const OWN: &str = "[providers.openai]\nkey = { env = \"MY_KEY\" }\n\
        [providers.mine]\nwire = \"openai-chat\"\nbase_url = \"https://m.example/v1\"\nkey = { env = \"MY_KEY\" }\n\
        [providers.helped]\nwire = \"openai-chat\"\nbase_url = \"https://h.example/v1\"\nkey = { command = [\"op\", \"read\"] }\n\
        [providers.kept]\nwire = \"openai-chat\"\nbase_url = \"https://k.example/v1\"\nkey = { keyring = \"work\" }\n\
        [network]\nca_bundle = \"/own.pem\"\n";

    fn said(own: &str, layers: &[(Layer, Value)]) -> Result<Settings, String> {
        let mut all = Layers::default();
        all.set_toml(Layer::UserFile, "f", own).expect("good");
        for (layer, json) in layers {
            all.set_json(*layer, "the editor", json.clone())
                .map_err(|problem| format!("{}: {}", problem.key, problem.message))?;
        }
        Ok(all.settings())
    }

    #[allow(
        clippy::needless_pass_by_value,
        reason = "it reads best when its JSON is written in place"
    )]
    fn provider(name: &str, json: Value) -> Value {
        json!({"providers": {name: json}})
    }

    #[test]
    fn an_editor_cannot_have_a_variable_sent_to_an_address() {
        let variable = json!({"env": "GITHUB_TOKEN"});
        let evil = "https://evil.example/v1";
        for (name, json) in [
            (
                "evil",
                json!({"wire": "openai-chat", "base_url": evil, "key": variable}),
            ),
            (
                "evil",
                json!({"wire": "openai-chat", "base_url": evil, "key": {"env": "OPENAI_API_KEY"}}),
            ),
            (
                "openai",
                json!({"base_url": evil, "key": {"env": "OPENAI_API_KEY"}}),
            ),
            ("openai", json!({"key": variable})),
            ("anthropic", json!({"key": {"env": "OPENAI_API_KEY"}})),
            // What listens on this machine is not always the user's.
            (
                "evil",
                json!({"wire": "openai-chat", "base_url": "http://127.0.0.1:9/v1", "key": variable}),
            ),
        ] {
            let told = said(
                OWN,
                &[(Layer::Initialization, provider(name, json.clone()))],
            );
            let told = told.expect_err(&json.to_string());
            assert!(told.starts_with(&format!("providers.{name}.")), "{told}");
            assert!(
                told.contains("your own file") && told.contains("config path"),
                "{told}"
            );
        }
    }

    #[test]
    fn what_an_editor_says_in_two_ways_counts_together() {
        let address = json!({"wire": "openai-chat", "base_url": "https://evil.example/v1"});
        let key = json!({"key": {"env": "GITHUB_TOKEN"}});
        let (one, other) = (Layer::Initialization, Layer::Editor);
        for (first, second) in [(one, other), (other, one)] {
            let first = (first, provider("evil", address.clone()));
            let second = (second, provider("evil", key.clone()));
            let told = said("", &[first, second]).expect_err("refused");
            assert!(told.starts_with("providers.evil.key"), "{told}");
        }
    }

    #[test]
    fn an_editor_cannot_move_the_address_of_a_key_of_the_users_own_file() {
        for name in ["openai", "mine", "helped"] {
            let moved = provider(name, json!({"base_url": "https://evil.example/v1"}));
            let told = said(OWN, &[(Layer::Initialization, moved)]).expect_err(name);
            assert!(
                told.starts_with(&format!("providers.{name}.base_url")),
                "{told}"
            );
        }
    }

    #[test]
    fn an_editor_may_repeat_the_users_own_file_and_name_what_no_key_can_leave_by() {
        let editor = |json| said(OWN, &[(Layer::Editor, json)]);
        for (name, json) in [
            (
                "mine",
                json!({"base_url": "https://m.example/v1/", "key": {"env": "MY_KEY"}}),
            ),
            ("openai", json!({"base_url": "https://api.openai.com/v1"})),
            ("anthropic", json!({"key": {"env": "ANTHROPIC_API_KEY"}})),
            (
                "new",
                json!({"wire": "openai-chat", "base_url": "https://api.openai.com/v1", "key": {"env": "OPENAI_API_KEY"}}),
            ),
            (
                "new",
                json!({"wire": "openai-chat", "base_url": "https://n.example/v1", "key": "none"}),
            ),
            (
                "new",
                json!({"wire": "openai-chat", "base_url": "https://n.example/v1", "key": "keyring"}),
            ),
            ("kept", json!({"base_url": "https://elsewhere.example/v1"})),
            (
                "new",
                json!({"wire": "openai-chat", "base_url": "https://n.example/v1"}),
            ),
            (
                "mistral",
                json!({"base_url": "https://elsewhere.example/v1"}),
            ),
        ] {
            let settings = editor(provider(name, json.clone()));
            let settings = settings.unwrap_or_else(|told| panic!("{json}: {told}"));
            // None of them is a variable at an address that is not its own.
            if json["base_url"]
                .as_str()
                .is_some_and(|url| url.contains("elsewhere"))
            {
                let key = &settings.providers[name].key;
                assert_eq!(key.variable(), None, "{json}");
            }
        }
        assert!(editor(json!({"network": {"ca_bundle": "/own.pem", "proxy": "none"}})).is_ok());
    }

    #[test]
    fn what_your_own_file_keeps_here_an_editor_cannot_send_and_less_may_always_be_sent() {
        let own = "[privacy]\ncredentials = \"refuse\"\n[network]\noffline = true\n";
        for (json, key) in [
            (
                json!({"privacy": {"credentials": "mask"}}),
                "privacy.credentials",
            ),
            (json!({"network": {"offline": false}}), "network.offline"),
        ] {
            let told = said(own, &[(Layer::Editor, json)]).expect_err(key);
            assert!(told.starts_with(key), "{told}");
        }
        let send = json!({"privacy": {"credentials": "send"}});
        assert!(said("", &[(Layer::Editor, send)]).is_err());
        let less = json!({"privacy": {"credentials": "refuse"}, "network": {"offline": true}});
        let settings = said("", &[(Layer::Editor, less)]).expect("good");
        assert!(settings.network.is_offline);
        assert_eq!(settings.credentials, crate::config::Credentials::Refuse);
    }

    #[test]
    fn that_somebody_else_may_pay_is_for_the_users_own_file_to_say() {
        let said = |own: &str, may: bool| {
            let json = json!({"fallback": {"may_change_payer": may}});
            said(own, &[(Layer::Editor, json)])
        };
        let told = said("", true).expect_err("the editor alone");
        assert!(told.starts_with("fallback.may_change_payer: "), "{told}");
        assert!(!said("", false).expect("less").fallback.may_change_payer);
        let own = "[fallback]\nmay_change_payer = true\n";
        assert!(said(own, true).expect("the same").fallback.may_change_payer);
    }

    #[test]
    fn a_proxys_address_is_taken_from_the_users_own_file_alone() {
        let proxy = |text: &str| json!({"network": {"proxy": text}});
        let own = "[network]\nproxy = \"http://own.example:3128\"\n";
        for text in ["http://evil.example:3128", "socks5://127.0.0.1:9050"] {
            for own in ["", own] {
                let told = said(own, &[(Layer::Editor, proxy(text))]).expect_err(text);
                assert!(
                    told.starts_with("network.proxy: ") && told.contains("your own file only"),
                    "{told}"
                );
            }
        }
        for text in ["http://own.example:3128", "none", "system"] {
            assert!(said(own, &[(Layer::Editor, proxy(text))]).is_ok(), "{text}");
        }
    }

    #[test]
    fn what_the_users_own_file_caps_is_reckoned_by_its_own_prices() {
        let price = |input: &str| {
            let price = json!({"input": input, "output": "4 USD"});
            provider("openai", json!({"prices": {"gpt-4.1": price}}))
        };
        let caps = "[budget]\nday = \"2 USD\"\n";
        let priced =
            "[providers.openai.prices.\"gpt-4.1\"]\ninput = \"1 USD\"\noutput = \"4 USD\"\n";
        for own in [caps.to_owned(), format!("{caps}{priced}")] {
            let told = said(&own, &[(Layer::Initialization, price("0 USD"))]).expect_err(&own);
            assert!(
                told.starts_with("providers.openai.prices.gpt-4.1: ")
                    && told.contains("your own caps"),
                "{told}"
            );
        }
        for (key, terms) in [
            ("discount", json!({"discount": "99%"})),
            ("discounts.m", json!({"discounts": {"m": "99%"}})),
            ("subscription", json!({"subscription": "0 USD/month"})),
            ("power", json!({"power": {"watts": 0, "kwh": "0 USD"}})),
        ] {
            let terms = provider("ollama", terms);
            let told = said(caps, &[(Layer::Editor, terms)]).expect_err(key);
            assert!(
                told.starts_with(&format!("providers.ollama.{key}: ")),
                "{told}"
            );
        }
        // The same words are no news, and whoever sets the caps may say by what they are reckoned.
        for own in [format!("{caps}{priced}"), String::new(), priced.to_owned()] {
            assert!(
                said(&own, &[(Layer::Editor, price("1 USD"))]).is_ok(),
                "{own}"
            );
        }
    }

    #[test]
    fn a_command_and_an_authority_are_taken_from_the_users_own_file_alone() {
        let command = json!({"command": ["op", "read", "op://v/i/f"]});
        for (json, key) in [
            (
                provider("openai", json!({"key": command})),
                "providers.openai.key",
            ),
            (json!({"keys": {"passphrase": command}}), "keys.passphrase"),
            (
                json!({"network": {"ca_bundle": "/w/evil.pem"}}),
                "network.ca_bundle",
            ),
        ] {
            let told = said("", &[(Layer::Editor, json)]).expect_err(key);
            assert!(
                told.starts_with(key) && told.contains("your own file only"),
                "{told}"
            );
        }
        let settings = said(OWN, &[]).expect("good");
        let key = &settings.providers["helped"].key;
        assert!(matches!(key, KeySource::Command(_)), "{key:?}");
    }
}
