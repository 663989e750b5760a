//! A certificate authority that no system knows, and TLS servers that it vouches for.

use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::scripted::{Connection, Scripted, Step};

/// The authority.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    /// Its own certificate, in PEM.
    pub pem: String,
}

impl Authority {
    /// Makes a new one.
    pub fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).expect("no names");
        params
            .distinguished_name
            .push(DnType::CommonName, "A company's own authority");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let key = KeyPair::generate().expect("a key");
        let own = params.self_signed(&key).expect("a certificate");
        Self {
            pem: own.pem(),
            issuer: Issuer::new(params, key),
        }
    }

    /// Writes its certificate into a file of a folder and returns the file's path.
    pub fn write(&self, folder: &Path) -> String {
        let path = folder.join("company.pem");
        std::fs::write(&path, &self.pem).expect("the folder is the test's own");
        path.to_str().expect("a path in UTF-8").to_owned()
    }

    /// Starts a provider behind TLS that is called by one of these names, and speaks one of these protocols.
    pub fn serve(&self, names: &[&str], protocols: &[&str], script: Vec<Step>) -> Scripted {
        let config = Arc::new(self.config(names, protocols));
        Scripted::start_behind(script, move |mut socket: TcpStream| {
            let mut tls = ServerConnection::new(config.clone()).expect("the settings are sound");
            while tls.is_handshaking() {
                tls.complete_io(&mut socket).ok()?;
            }
            Some(Box::new(StreamOwned::new(tls, socket)) as Box<dyn Connection>)
        })
    }

    fn config(&self, names: &[&str], protocols: &[&str]) -> ServerConfig {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).expect("names");
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let key = KeyPair::generate().expect("a key");
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate");
        let key = PrivateKeyDer::try_from(key.serialize_der()).expect("it was just made");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("ring has them")
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .expect("they belong together");
        config.alpn_protocols = protocols
            .iter()
            .map(|name| name.as_bytes().to_vec())
            .collect();
        config
    }
}
