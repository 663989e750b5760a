//! The network of a company: its proxy and its certificate authority, resolved.
//!
//! There is deliberately no setting that switches the verification of certificates off: [`Network::ca_bundle`] is the way to trust one more.

use std::path::PathBuf;
use std::time::Duration;

use url::Url;

use super::options::NetworkOptions;

/// How providers are reached that are not on this machine.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Network {
    /// Which proxy is asked.
    pub proxy: Proxy,
    /// A file of certificates in PEM that are trusted besides the system's own.
    pub ca_bundle: Option<PathBuf>,
    /// Whether nothing but this machine is reached.
    pub is_offline: bool,
    /// How long to wait for what.
    pub patience: Patience,
}

/// How long to wait for what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// For a connection, TLS included.
    pub connect: Duration,
    /// For the first byte of the answer. A local server may have to load its model first.
    pub first_byte: Duration,
    /// For each further piece of the answer.
    pub idle: Duration,
    /// Before a provider is asked what a call has cost that was left; each further time it is given four times as long.
    pub adding_up: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            first_byte: Duration::from_secs(30),
            idle: Duration::from_secs(15),
            adding_up: Duration::from_secs(1),
        }
    }
}

/// The longest that a setting may have anything waited for.
const MAX_WAIT_S: u64 = 600;

/// Which proxy is asked to reach a provider.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Proxy {
    /// The environment's (`HTTPS_PROXY`, `ALL_PROXY`, `NO_PROXY`), else the system's.
    #[default]
    System,
    /// None, whatever the environment says.
    None,
    /// This one, but for the hosts of `NO_PROXY`.
    At(Url),
}

/// Resolves what is written; a failure is its key and the message.
pub(super) fn resolve(written: &NetworkOptions) -> Result<Network, (&'static str, String)> {
    let proxy = written.proxy.as_deref().map(parse_proxy).transpose();
    let bundle = written.ca_bundle.as_deref().map(parse_path).transpose();
    Ok(Network {
        proxy: proxy
            .map_err(|message| ("proxy", message))?
            .unwrap_or_default(),
        ca_bundle: bundle.map_err(|message| ("ca_bundle", message))?,
        is_offline: written.offline.unwrap_or_default(),
        patience: parse_patience(written)?,
    })
}

fn parse_patience(written: &NetworkOptions) -> Result<Patience, (&'static str, String)> {
    let wait = |key, written: Option<u64>, default| match written {
        None => Ok(default),
        Some(seconds @ 1..=MAX_WAIT_S) => Ok(Duration::from_secs(seconds)),
        Some(other) => Err((
            key,
            format!("{other} is not from 1 to {MAX_WAIT_S} (seconds)"),
        )),
    };
    let default = Patience::default();
    Ok(Patience {
        connect: wait("connect_s", written.connect_s, default.connect)?,
        first_byte: wait("first_byte_s", written.first_byte_s, default.first_byte)?,
        idle: wait("idle_s", written.idle_s, default.idle)?,
        ..default
    })
}

const PROXY_FORMS: &str = "write \"http://proxy.example.com:3128\" (or https, socks5, socks5h), \"none\" for no proxy at all, or \"system\"";

fn parse_proxy(text: &str) -> Result<Proxy, String> {
    match text {
        "system" => return Ok(Proxy::System),
        "none" => return Ok(Proxy::None),
        _ => {}
    }
    // The text is not repeated: a password may stand in it.
    let url = Url::parse(text).map_err(|_| format!("this is not an address; {PROXY_FORMS}"))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(
            "a password does not belong into a configuration; leave this setting out and put the whole address into the environment variable HTTPS_PROXY"
                .into(),
        );
    }
    let is_proxy = matches!(url.scheme(), "http" | "https" | "socks5" | "socks5h");
    if !is_proxy || !url.has_host() {
        return Err(format!("no proxy has such an address; {PROXY_FORMS}"));
    }
    Ok(Proxy::At(url))
}

fn parse_path(text: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(text);
    if path.is_absolute() {
        return Ok(path);
    }
    // The server's working folder is the editor's, which may be a workspace with files of its own.
    Err(format!(
        "\"{text}\" is not a whole path; name the file from the root on, such as \"/etc/ssl/company.pem\""
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxy(text: &str) -> Result<Proxy, (&'static str, String)> {
        let written = NetworkOptions {
            proxy: Some(text.into()),
            ..NetworkOptions::default()
        };
        Ok(resolve(&written)?.proxy)
    }

    #[test]
    fn a_proxy_is_an_address_or_one_of_two_words() {
        assert_eq!(proxy("system"), Ok(Proxy::System));
        assert_eq!(proxy("none"), Ok(Proxy::None));
        for text in [
            "http://proxy.example.com:3128",
            "socks5h://127.0.0.1:9050",
            "https://[::1]:8443",
        ] {
            let url = text.parse().expect("an address");
            assert_eq!(proxy(text), Ok(Proxy::At(url)));
        }
        for text in ["", "proxy.example.com:3128", "ftp://a.example", "http://"] {
            assert!(proxy(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_proxys_password_is_refused_and_not_repeated() {
        for text in [
            "http://me:canary@proxy.example.com:3128",
            "http://canary@proxy.example.com",
            "http://me:canary@",
            "me:canary@proxy:99999",
        ] {
            let (key, message) = proxy(text).expect_err("refused");
            assert_eq!(key, "proxy");
            assert!(!message.contains("canary"), "{message}");
        }
    }

    #[test]
    fn waits_are_seconds_within_bounds() {
        let of = |first_byte_s| {
            let written = NetworkOptions {
                first_byte_s,
                ..NetworkOptions::default()
            };
            Ok::<_, (&'static str, String)>(resolve(&written)?.patience.first_byte)
        };
        assert_eq!(of(None), Ok(Duration::from_secs(30)));
        assert_eq!(of(Some(120)), Ok(Duration::from_mins(2)));
        for wrong in [0, 601, u64::MAX] {
            let refused = of(Some(wrong)).map_err(|(key, _)| key);
            assert_eq!(refused, Err("first_byte_s"));
        }
    }

    #[test]
    fn a_bundle_is_named_from_the_root_on() {
        let of = |text: &str| {
            let written = NetworkOptions {
                ca_bundle: Some(text.into()),
                ..NetworkOptions::default()
            };
            Ok::<_, (&'static str, String)>(resolve(&written)?.ca_bundle)
        };
        let whole = std::env::temp_dir().join("company.pem");
        let text = whole.to_str().expect("a path in UTF-8");
        assert_eq!(of(text), Ok(Some(whole.clone())));
        assert_eq!(of("company.pem").map_err(|(key, _)| key), Err("ca_bundle"));
    }
}
