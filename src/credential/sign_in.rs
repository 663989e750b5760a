//! Signing in at a provider that offers it to everybody: OAuth with a challenge (PKCE, S256), answered on a loopback port or by pasting.
//!
//! Entry points: [`Challenge`], and [`Callback`] for the browser's way back. The verifier never leaves this process but in the exchange; the way
//! back holds a name of its own that nobody else knows, so that a page which guesses the port gets nowhere.

use std::io;
use std::net::Ipv4Addr;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use url::Url;

use super::Secret;

/// How long a browser may take to send its one line.
const REQUEST: Duration = Duration::from_secs(5);

/// The most of a request that is read.
const MAX_BYTES: usize = 8 * 1024;

/// After how many wrong ways back somebody is taken to be guessing.
const MAX_WRONG: usize = 20;

/// What proves that whoever brings the code is who asked for it.
pub struct Challenge {
    verifier: Secret,
}

/// Why signing in failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no port to listen on.
    #[error(
        "port {port} on this machine cannot be listened on ({error}); choose another with --port, or paste the code with --paste"
    )]
    Port {
        /// The port; 0 is any.
        port: u16,
        /// Why.
        error: io::Error,
    },
    /// The system has no randomness.
    #[error("the system gives no random numbers; nothing that rests on them can be safe")]
    NoRandomness,
    /// Nobody came back.
    #[error("nobody signed in within {} s; try again, or paste the code with --paste", .0.as_secs())]
    TimedOut(Duration),
    /// Somebody guesses.
    #[error(
        "{MAX_WRONG} requests came that did not belong to this sign-in; some page or program on this machine is guessing, so it was stopped"
    )]
    Guessed,
    /// The provider sent an error back.
    #[error("the provider refused to sign you in: {0}")]
    Refused(String),
}

impl Challenge {
    /// Makes a new one.
    pub fn new() -> Result<Self, Error> {
        Ok(Self {
            verifier: Secret::new(random()?),
        })
    }

    /// Returns the page on which the user signs in. Without a way back the page shows the code to be pasted.
    pub fn page(&self, auth: &Url, callback: Option<&Url>, name: &str) -> Url {
        let digest = Sha256::digest(self.verifier.expose());
        let mut page = auth.clone();
        let mut query = page.query_pairs_mut();
        if let Some(callback) = callback {
            query.append_pair("callback_url", callback.as_str());
        }
        query
            .append_pair("code_challenge", &URL_SAFE_NO_PAD.encode(digest))
            .append_pair("code_challenge_method", "S256")
            .append_pair("key_label", name);
        drop(query);
        page
    }

    /// Returns the body by which the code is exchanged for a key.
    pub fn exchange(&self, code: &Secret) -> serde_json::Value {
        serde_json::json!({
            "code": code.expose(),
            "code_verifier": self.verifier.expose(),
            "code_challenge_method": "S256",
        })
    }
}

/// Takes the key out of the answer to the exchange, which forgets it.
pub fn key_of(answer: &mut serde_json::Value) -> Option<Secret> {
    let key = answer.get_mut("key")?.take();
    let serde_json::Value::String(key) = key else {
        return None;
    };
    Some(Secret::new(key)).filter(|key| !key.is_empty())
}

/// The browser's way back: a port on this machine, open until one sign-in has come.
pub struct Callback {
    listener: TcpListener,
    url: Url,
}

impl Callback {
    /// Opens a port; 0 takes any that is free.
    pub async fn open(port: u16) -> Result<Self, Error> {
        let fail = |error| Error::Port { port, error };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))
            .await
            .map_err(fail)?;
        let bound = listener.local_addr().map_err(fail)?.port();
        let state = random()?;
        // The name is a part of the path, which stays as it is whatever the provider adds behind it.
        let url = format!("http://127.0.0.1:{bound}/callback/{state}");
        let url = Url::parse(&url).expect("a port and letters make an address");
        Ok(Self { listener, url })
    }

    /// Returns the address to come back to.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// Waits for the code. Requests that do not know the way are answered with a refusal and counted.
    pub async fn code(self, limit: Duration) -> Result<Secret, Error> {
        tokio::time::timeout(limit, self.wait())
            .await
            .map_err(|_| Error::TimedOut(limit))?
    }

    async fn wait(self) -> Result<Secret, Error> {
        let (sender, mut requests) = mpsc::channel(8);
        let mut wrong = 0;
        loop {
            tokio::select! {
                connection = self.listener.accept() => {
                    let Ok((connection, _)) = connection else { continue };
                    let (sender, url) = (sender.clone(), self.url.clone());
                    // Browsers open connections ahead of need; one that stays silent must not hold up the next.
                    tokio::spawn(async move {
                        let answered = tokio::time::timeout(REQUEST, answer(connection, &url)).await;
                        if let Ok(Some(arrived)) = answered {
                            let _ = sender.send(arrived).await;
                        }
                    });
                }
                arrived = requests.recv() => match arrived {
                    Some(Arrived::Code(code)) => return Ok(code),
                    Some(Arrived::Refused(reason)) => return Err(Error::Refused(reason)),
                    Some(Arrived::Wrong) => {
                        wrong += 1;
                        if wrong >= MAX_WRONG {
                            return Err(Error::Guessed);
                        }
                    }
                    None => {}
                }
            }
        }
    }
}

/// What a request brought.
enum Arrived {
    Code(Secret),
    Refused(String),
    Wrong,
}

/// Reads one request and answers it with a page.
async fn answer(mut connection: TcpStream, way: &Url) -> Option<Arrived> {
    let mut head = Vec::new();
    let mut chunk = [0; 1024];
    while !head.windows(4).any(|window| window == b"\r\n\r\n") && head.len() < MAX_BYTES {
        let length = connection.read(&mut chunk).await.ok()?;
        if length == 0 {
            return None;
        }
        head.extend_from_slice(&chunk[..length]);
    }
    let head = String::from_utf8_lossy(&head);
    let mut words = head.lines().next()?.split(' ');
    let (method, target) = (words.next()?, words.next()?);
    let (arrived, status, page) = match arrived(method, target, way) {
        Arrived::Code(code) => (
            Arrived::Code(code),
            "200 OK",
            "You are signed in. You can close this page and go back to the terminal.",
        ),
        Arrived::Refused(reason) => (
            Arrived::Refused(reason),
            "200 OK",
            "The provider did not sign you in. The terminal says why.",
        ),
        Arrived::Wrong => (
            Arrived::Wrong,
            "404 Not Found",
            "This page belongs to no sign-in.",
        ),
    };
    let body = format!("<!doctype html><meta charset=utf-8><title>byok-lsp</title><p>{page}");
    let response = format!(
        "HTTP/1.1 {status}\r\ncontent-type: text/html\r\ncontent-length: {}\r\ncache-control: no-store\r\nreferrer-policy: no-referrer\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    // Whether or not the browser waits for the page, the code is here.
    let _ = connection.write_all(response.as_bytes()).await;
    let _ = connection.shutdown().await;
    Some(arrived)
}

fn arrived(method: &str, target: &str, way: &Url) -> Arrived {
    let Ok(url) = way.join(target) else {
        return Arrived::Wrong;
    };
    let is_ours =
        method == "GET" && url.origin() == way.origin() && is_same(url.path(), way.path());
    if !is_ours {
        return Arrived::Wrong;
    }
    let value = |wanted: &str| {
        let mut pairs = url.query_pairs();
        pairs
            .find(|(name, value)| name == wanted && !value.is_empty())
            .map(|(_, value)| value.into_owned())
    };
    match (
        value("code"),
        value("error_description").or_else(|| value("error")),
    ) {
        (Some(code), _) => Arrived::Code(Secret::new(code)),
        (None, Some(error)) => {
            Arrived::Refused(crate::scrub::scrub(&error).chars().take(200).collect())
        }
        (None, None) => Arrived::Wrong,
    }
}

/// Compares in a time that does not tell how much was right.
fn is_same(one: &str, other: &str) -> bool {
    let differences = one
        .bytes()
        .zip(other.bytes())
        .fold(0, |all, (one, other)| all | (one ^ other));
    one.len() == other.len() && differences == 0
}

/// Returns 256 bits that nobody can guess, in 43 characters.
fn random() -> Result<String, Error> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|_| Error::NoRandomness)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_secs(20);

    /// Asks for a path as a browser does and returns the status line.
    async fn visit(url: &Url, target: &str) -> String {
        let address = (Ipv4Addr::LOCALHOST, url.port().expect("a port"));
        let mut connection = TcpStream::connect(address).await.expect("a connection");
        let request = format!("GET {target} HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n");
        connection
            .write_all(request.as_bytes())
            .await
            .expect("sent");
        let mut answer = String::new();
        connection
            .read_to_string(&mut answer)
            .await
            .expect("an answer");
        answer.lines().next().unwrap_or_default().to_owned()
    }

    #[test]
    fn the_page_is_told_the_digest_of_the_verifier_and_never_the_verifier() {
        let challenge = Challenge {
            verifier: Secret::new("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk".into()),
        };
        let auth = Url::parse("https://a.example/auth").expect("an address");
        let page = challenge.page(&auth, None, "byok-lsp");
        // The example of RFC 7636, appendix B.
        assert!(
            page.as_str()
                .contains("code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM")
        );
        assert!(page.as_str().contains("code_challenge_method=S256"));
        assert!(!page.as_str().contains("callback_url") && !page.as_str().contains("dBjft"));
    }

    #[tokio::test]
    async fn only_the_way_that_was_given_brings_the_code() {
        let callback = Callback::open(0).await.expect("a port");
        let url = callback.url().clone();
        let waiting = tokio::spawn(callback.code(LIMIT));
        for wrong in [
            "/",
            "/callback/guess?code=evil",
            "/favicon.ico",
            "http://evil.example/callback",
        ] {
            assert_eq!(
                visit(&url, wrong).await,
                "HTTP/1.1 404 Not Found",
                "{wrong}"
            );
        }
        let right = format!("{}?code=canary-code", url.path());
        assert_eq!(visit(&url, &right).await, "HTTP/1.1 200 OK");
        let code = waiting.await.expect("an end").expect("a code");
        assert_eq!(code.expose(), "canary-code");
        // The port is closed: the same code cannot come twice.
        let address = (Ipv4Addr::LOCALHOST, url.port().expect("a port"));
        assert!(TcpStream::connect(address).await.is_err());
    }

    #[tokio::test]
    async fn whoever_guesses_ends_the_sign_in() {
        let callback = Callback::open(0).await.expect("a port");
        let url = callback.url().clone();
        let waiting = tokio::spawn(callback.code(LIMIT));
        for guess in 0..MAX_WRONG {
            visit(&url, &format!("/callback/{guess}?code=evil")).await;
        }
        assert!(matches!(
            waiting.await.expect("an end"),
            Err(Error::Guessed)
        ));
    }

    #[tokio::test]
    async fn a_sign_in_that_nobody_finishes_ends() {
        let callback = Callback::open(0).await.expect("a port");
        let ended = callback.code(Duration::from_millis(1)).await;
        assert!(matches!(ended, Err(Error::TimedOut(_))));
    }

    #[tokio::test]
    async fn a_refusal_at_the_provider_is_told() {
        let callback = Callback::open(0).await.expect("a port");
        let url = callback.url().clone();
        let waiting = tokio::spawn(callback.code(LIMIT));
        visit(&url, &format!("{}?error=access_denied", url.path())).await;
        let told = waiting
            .await
            .expect("an end")
            .err()
            .expect("a refusal")
            .to_string();
        assert!(told.ends_with("access_denied"), "{told}");
    }

    #[tokio::test]
    async fn a_port_that_is_taken_is_said() {
        let taken = Callback::open(0).await.expect("a port");
        let port = taken.url().port().expect("a port");
        let told = Callback::open(port)
            .await
            .err()
            .expect("a failure")
            .to_string();
        assert!(
            told.contains("cannot be listened on") && told.contains("--paste"),
            "{told}"
        );
    }
}
