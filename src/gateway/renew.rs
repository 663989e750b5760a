//! A call whose key was refused, made again with the key's source's newest: a key that was rotated, or a token that ran out, costs no request.

use std::sync::Arc;

use futures_util::StreamExt as _;
use reqwest::header::HeaderValue;

use crate::config::ProviderSettings;
use crate::credential::{Authorization, Keys, Use};
use crate::provider::{Call, Error, Provider, Stream};

/// What it takes to look for a newer key.
#[derive(Clone)]
pub(super) struct Renewal {
    pub keys: Keys,
    pub provider: Arc<ProviderSettings>,
    /// What the call is for, which the newer key must be kept for too.
    pub feature: &'static str,
    pub workspace: Option<String>,
}

impl Renewal {
    /// Returns the key that its source has by now, if that is another than the one that was refused.
    pub async fn renewed(&self, refused: &HeaderValue) -> Option<Authorization> {
        let wanted = Use {
            feature: Some(self.feature),
            workspace: self.workspace.as_deref(),
        };
        self.keys.renewed(&self.provider, refused, wanted).await
    }
}

/// Sends a call; if the very first that comes back is that the key is refused, and its source has another one by now, it is sent once more.
pub(super) fn stream(provider: Arc<dyn Provider>, call: Call, renewal: Option<Renewal>) -> Stream {
    let Some(renewal) = renewal else {
        return provider.stream(call);
    };
    let first = provider.stream(call.clone());
    let state = (first, Some((renewal, provider, call)));
    futures_util::stream::unfold(state, |(mut stream, mut again)| async move {
        let mut event = stream.next().await?;
        // Whatever came, it was the first, and only the first is tried again.
        if let (Err(Error::Unauthorized), Some((renewal, provider, mut call))) =
            (&event, again.take())
            && let Some((_, refused)) = &call.key
            && let Some(renewed) = renewal.renewed(refused).await
        {
            call.key = Some(renewed.header);
            stream = provider.stream(call);
            event = stream.next().await?;
        }
        Some((event, (stream, None)))
    })
    .boxed()
}

#[cfg(all(test, unix))]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::config::{Helper, KeySource, Quirks, Settings};
    use crate::credential::Vault;
    use crate::provider::fake::Fake;
    use crate::provider::{Event, Input};

    /// A call with the first key of a program that prints another each time, or the same one.
    async fn begin(fake: &Fake, folder: &std::path::Path, script: &str) -> Stream {
        let count = folder.join("count");
        let script = format!("echo x >> {0}; {script} {0}", count.display());
        let mut provider = Settings::default().providers["openai"].clone();
        provider.key = KeySource::Command(Helper {
            argv: vec!["sh".into(), "-c".into(), script],
            ttl: Duration::from_mins(5),
        });
        let keys = Keys::new(Vault::new());
        let held = keys
            .authorization(&provider, Use::QUESTION)
            .await
            .expect("a key");
        let call = Call {
            base_url: None,
            key: held.map(|held| held.header),
            model: "m".into(),
            input: Input::Chat(Vec::new()),
            max_tokens: 1,
            stop: Vec::new(),
            quirks: Quirks::default(),
        };
        let renewal = Renewal {
            keys,
            provider: Arc::new(provider),
            feature: "completion",
            workspace: None,
        };
        stream(Arc::new(fake.clone()), call, Some(renewal))
    }

    #[tokio::test]
    async fn a_call_whose_key_was_rotated_is_made_again_with_the_new_one_and_nobody_sees_a_failure()
    {
        let (fake, folder) = (Fake::default(), tempfile::tempdir().expect("a folder"));
        let mut answer = begin(&fake, folder.path(), "wc -l <").await;
        let playing = async {
            fake.next().await.fail(Error::Unauthorized);
            let second = fake.next().await;
            let key = second
                .call
                .key
                .as_ref()
                .map(|(_, key)| key.as_bytes().to_owned());
            second.text("7;");
            (key, second)
        };
        let (first, (key, _second)) = tokio::join!(answer.next(), playing);
        assert_eq!(first, Some(Ok(Event::Text("7;".into()))));
        assert_eq!(key.as_deref(), Some(b"Bearer 2".as_slice()));
    }

    #[tokio::test]
    async fn a_key_that_stays_the_same_is_refused_once() {
        let (fake, folder) = (Fake::default(), tempfile::tempdir().expect("a folder"));
        let mut answer = begin(&fake, folder.path(), "echo same; true").await;
        let playing = async { fake.next().await.fail(Error::Unauthorized) };
        let (first, ()) = tokio::join!(answer.next(), playing);
        assert_eq!(first, Some(Err(Error::Unauthorized)));
        assert!(!fake.is_called(), "nothing more was asked");
    }
}
