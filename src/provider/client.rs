//! The HTTP clients: one for providers elsewhere, by the network's settings, and one for servers on this machine.
//!
//! Certificates are verified by the platform's own verifier, with the company's bundle beside it; nothing here or in the settings switches
//! that off. HTTP/2 is spoken where the other side offers it. No redirect is followed, since a key would go along.

use std::collections::HashMap;
use std::io::Read as _;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use reqwest::{Certificate, NoProxy, redirect};
use tower::util::MapFutureLayer;
use url::Url;

use super::Error;
use super::connect::limited;
use crate::config::{Network, Patience, Proxy, is_loopback};

/// After this long without a call the other side may well have closed a connection.
const COLD_AFTER: Duration = Duration::from_mins(1);

/// How long a connection is kept that is not used: longer than it takes to be [cold](COLD_AFTER), so that connecting ahead may find it.
const KEPT: Duration = Duration::from_secs(90);

/// The longest bundle that is read; those of whole systems hold some 250 KB.
const MAX_BUNDLE: u64 = 4 * 1024 * 1024;

/// The clients under one network's settings, each made when it is first needed: making one reads the system's certificates and takes some 25 ms.
pub(super) struct Clients {
    network: Arc<Network>,
    remote: OnceLock<reqwest::Client>,
    /// For servers on this machine, which no proxy can reach.
    loopback: OnceLock<reqwest::Client>,
    /// When an origin was last connected to or called.
    used: Mutex<HashMap<String, Instant>>,
}

impl Clients {
    pub(super) fn new(network: Arc<Network>) -> Self {
        Self {
            network,
            remote: OnceLock::new(),
            loopback: OnceLock::new(),
            used: Mutex::default(),
        }
    }

    /// Returns whether these are the clients under other settings.
    pub(super) fn are_of(&self, network: &Arc<Network>) -> bool {
        self.network == *network
    }

    /// Returns how long is waited under these settings.
    pub(super) fn patience(&self) -> Patience {
        self.network.patience
    }

    /// Returns the client that reaches an address.
    pub(super) fn get(&self, url: &Url, patience: Patience) -> Result<reqwest::Client, Error> {
        let is_loopback = is_loopback(url);
        if self.network.is_offline && !is_loopback {
            return Err(Error::Offline);
        }
        let cell = if is_loopback {
            &self.loopback
        } else {
            &self.remote
        };
        if let Some(client) = cell.get() {
            return Ok(client.clone());
        }
        // A failure is not kept, so that a bundle which is put in its place counts at once.
        let client = build(&self.network, patience, is_loopback)?;
        Ok(cell.get_or_init(|| client).clone())
    }

    /// Notes that an origin is used now, and returns whether it was not for so long that its connections may be gone.
    pub(super) fn was_cold(&self, url: &Url, now: Instant) -> bool {
        let origin = url.origin().ascii_serialization();
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        let last = used.insert(origin, now);
        last.is_none_or(|last| now.saturating_duration_since(last) >= COLD_AFTER)
    }
}

fn build(
    network: &Network,
    patience: Patience,
    is_loopback: bool,
) -> Result<reqwest::Client, Error> {
    // A second installation, by another client of this process, is refused and does no harm.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut builder = reqwest::Client::builder()
        .user_agent(concat!("byok-lsp/", env!("CARGO_PKG_VERSION")))
        .redirect(redirect::Policy::none())
        .connect_timeout(patience.connect)
        .connector_layer(MapFutureLayer::new(limited))
        .pool_idle_timeout(KEPT);
    if is_loopback {
        builder = builder.no_proxy();
    } else {
        builder = match &network.proxy {
            Proxy::System => builder,
            Proxy::None => builder.no_proxy(),
            Proxy::At(url) => builder.proxy(
                reqwest::Proxy::all(url.clone())
                    .map_err(|error| setting("proxy", error.without_url().to_string()))?
                    .no_proxy(NoProxy::from_env()),
            ),
        };
    }
    if let Some(path) = &network.ca_bundle {
        builder = builder.tls_certs_merge(certificates(path)?);
    }
    builder
        .build()
        .map_err(|error| match (&network.ca_bundle, error.is_builder()) {
            // The certificates are looked at only here.
            (Some(path), true) => setting(
                "ca_bundle",
                format!("{} holds a certificate that cannot be used", path.display()),
            ),
            _ => Error::from_connect(error, patience.connect),
        })
}

/// Reads a bundle. A file without a single certificate is a mistake, not an empty bundle.
fn certificates(path: &Path) -> Result<Vec<Certificate>, Error> {
    let fault = |what: String| setting("ca_bundle", format!("{} {what}", path.display()));
    let mut bytes = Vec::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(MAX_BUNDLE + 1).read_to_end(&mut bytes))
        .map_err(|error| fault(format!("cannot be read ({error}); check the path")))?;
    if bytes.len() as u64 > MAX_BUNDLE {
        return Err(fault("is larger than 4 MiB".into()));
    }
    let certificates = Certificate::from_pem_bundle(&bytes).unwrap_or_default();
    if certificates.is_empty() {
        return Err(fault(
            "holds no certificate in PEM, which begins with \"-----BEGIN CERTIFICATE-----\"".into(),
        ));
    }
    Ok(certificates)
}

fn setting(key: &'static str, message: String) -> Error {
    Error::Setting { key, message }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_cold_at_first_and_again_after_a_minute_without_use() {
        let clients = Clients::new(Arc::default());
        let url = |text: &str| text.parse::<Url>().expect("an address");
        let now = Instant::now();
        let was_cold = |text, after| clients.was_cold(&url(text), now + after);
        assert!(was_cold("https://a.example/v1", Duration::ZERO));
        assert!(!was_cold("https://a.example/v2", Duration::from_secs(59)));
        assert!(was_cold("https://b.example/v1", Duration::from_secs(59)));
        assert!(was_cold("https://a.example/", Duration::from_secs(119)));
    }

    #[test]
    fn offline_there_is_no_client_that_could_leave_the_machine() {
        let network = Network {
            is_offline: true,
            ..Network::default()
        };
        let clients = Clients::new(Arc::new(network));
        let get = |text: &str| {
            let url = text.parse().expect("an address");
            clients.get(&url, Patience::default())
        };
        for elsewhere in [
            "https://api.example/v1",
            "http://10.0.0.1:80/",
            "http://[2001:db8::1]/",
        ] {
            assert!(matches!(get(elsewhere), Err(Error::Offline)), "{elsewhere}");
        }
        for here in [
            "http://127.0.0.1:8080/",
            "http://[::1]:1/",
            "http://localhost:1/",
        ] {
            assert!(get(here).is_ok(), "{here}");
        }
        assert!(clients.remote.get().is_none());
    }

    #[test]
    fn a_bundle_that_cannot_be_used_is_told_with_its_path_and_key() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("company.pem");
        let told = |path: &Path| {
            let network = Network {
                ca_bundle: Some(path.into()),
                ..Network::default()
            };
            build(&network, Patience::default(), false)
                .expect_err("a mistake")
                .to_string()
        };
        let named = format!("network.ca_bundle: {}", path.display());
        assert!(told(&path).starts_with(&format!("{named} cannot be read")));
        std::fs::write(&path, "no certificate").expect("written");
        assert!(told(&path).starts_with(&format!("{named} holds no certificate")));
        let nonsense = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        std::fs::write(&path, nonsense).expect("written");
        let told = told(&path);
        assert!(told.starts_with(&named), "{told}");
    }
}
