//! `byok-lsp key remove`, `allow-host`, `disable` and `enable`.

use std::process::ExitCode;

use anyhow::bail;
use url::Url;

use super::{Desk, Which, faulty};
use crate::cli::style;
use crate::config::{host_of, is_loopback};
use crate::credential::{Kind, Name};

/// Which key.
#[derive(clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    which: Which,
}

/// Which key, and the host.
#[derive(clap::Args)]
pub struct AllowHost {
    /// The provider, such as anthropic.
    provider: String,
    /// The host, such as proxy.example.com or 127.0.0.1:4000.
    host: String,
    /// The key's label, where a provider has several.
    #[arg(long, default_value = crate::config::DEFAULT_LABEL)]
    label: String,
}

/// Removes a key: also one that cannot be read any more, and one that a store only lists.
pub async fn remove(desk: &Desk, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let name = arguments.which.name()?;
    let (vault, settings) = (desk.vault(), &desk.settings.keys);
    let remove = async |kind| {
        let removed = vault.remove(settings, kind, &name).await;
        removed.map_err(faulty(kind))
    };
    let mut is_mended = false;
    for surveyed in vault.survey(settings).await {
        let kind = surveyed.kind;
        if !surveyed.names.is_ok_and(|names| names.contains(&name)) {
            continue;
        }
        let is_there = !matches!(vault.get(settings, kind, &name).await, Ok(None));
        remove(kind).await?;
        if is_there {
            return Ok(removed(&name, kind));
        }
        style::print(&format!(
            "{kind} listed {name} without having it; no more\n"
        ));
        is_mended = true;
    }
    // One that no list names may be there all the same.
    match desk.stored(&name).await {
        Ok((kind, _)) => {
            remove(kind).await?;
            Ok(removed(&name, kind))
        }
        Err(_) if is_mended => Ok(ExitCode::SUCCESS),
        Err(error) => Err(error),
    }
}

fn removed(name: &Name, kind: Kind) -> ExitCode {
    style::print(&format!(
        "removed {name} from {kind}; at the provider it stays valid until you revoke it there\n"
    ));
    ExitCode::SUCCESS
}

/// Lets a key go to one more host.
pub async fn allow_host(desk: &Desk, arguments: &AllowHost) -> anyhow::Result<ExitCode> {
    let which = Which {
        provider: arguments.provider.clone(),
        label: arguments.label.clone(),
        rest: Vec::new(),
    };
    let name = which.name()?;
    let host = host(&arguments.host)?;
    let (kind, mut record) = desk.stored(&name).await?;
    if !record.hosts.contains(&host) {
        record.hosts.push(host);
        desk.vault()
            .put(&desk.settings.keys, kind, &name, &record)
            .await
            .map_err(faulty(kind))?;
    }
    style::print(&format!("{name} goes to {}\n", record.hosts.join(", ")));
    Ok(ExitCode::SUCCESS)
}

/// Switches a key on or off.
pub async fn switch(desk: &Desk, arguments: &Arguments, is_on: bool) -> anyhow::Result<ExitCode> {
    let name = arguments.which.name()?;
    let (kind, mut record) = desk.stored(&name).await?;
    record.is_disabled = !is_on;
    desk.vault()
        .put(&desk.settings.keys, kind, &name, &record)
        .await
        .map_err(faulty(kind))?;
    style::print(&format!(
        "{name} is switched {}\n",
        if is_on { "on" } else { "off" }
    ));
    Ok(ExitCode::SUCCESS)
}

/// Reads a host, or an address, in the form in which keys are bound to hosts.
fn host(text: &str) -> anyhow::Result<String> {
    let wrong = "this is no host; write one such as proxy.example.com or 127.0.0.1:4000";
    let with_scheme = if text.contains("://") {
        text.to_owned()
    } else {
        format!("https://{text}")
    };
    let Ok(url) = Url::parse(&with_scheme) else {
        bail!(wrong);
    };
    let is_sound =
        url.host_str().is_some() && url.username().is_empty() && url.password().is_none();
    if !is_sound || !(url.scheme() == "https" || (url.scheme() == "http" && is_loopback(&url))) {
        bail!(wrong);
    }
    Ok(host_of(&url))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_written_bare_or_as_an_address() {
        for (text, expected) in [
            ("proxy.example.com", "proxy.example.com"),
            ("Proxy.Example.com:443", "proxy.example.com"),
            (
                "https://proxy.example.com:8443/v1",
                "proxy.example.com:8443",
            ),
            ("127.0.0.1:4000", "127.0.0.1:4000"),
            ("http://127.0.0.1:4000/v1", "127.0.0.1:4000"),
        ] {
            assert_eq!(host(text).expect(text), expected);
        }
        for text in [
            "",
            "http://proxy.example.com",
            "a b",
            "ftp://a",
            "https://user@a",
        ] {
            assert!(host(text).is_err(), "{text}");
        }
    }
}
