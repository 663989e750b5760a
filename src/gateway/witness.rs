//! What the audit log is told of a request: that it was let go, refused, or kept here by asking the embedded engine instead.
//!
//! A call to a model on this machine that passes nothing on leaves no line, since nothing left and nothing was refused. Where the settings want that no call goes without its
//! line, the line is on the disk before the request is sent.

use jiff::Timestamp;

use super::Gateway;
use super::purse::{Notice, Purse};
use super::record::Record;
use super::report::CallId;
use super::request::Request;
use crate::audit::{Audit, Entry, Event, Shown};
use crate::config::{AuditSettings, ModelName, Policy, Settings, WhenUnwritable, host_of};
use crate::credential;
use crate::provider::{Error, Input};
use crate::routing::{self, Decision, Payer, Way};
use crate::workspace;

/// What is to be said of one request; nothing if no log is kept, or nothing could leave.
#[derive(Clone)]
pub(super) struct Witness(Option<Box<Seen>>);

#[derive(Clone)]
struct Seen {
    audit: Audit,
    settings: AuditSettings,
    purse: Purse,
    /// What is known before anything is decided.
    entry: Entry,
}

impl Witness {
    /// Looks at a request. One that is kept on this machine by a rule is noted at once.
    pub(super) fn of(
        gateway: &Gateway,
        settings: &Settings,
        request: &Request,
        record: &Record,
    ) -> Self {
        if !settings.audit.is_on {
            return Self(None);
        }
        let decision = &request.decision;
        let kept = kept(settings, request);
        if kept.is_none() && !decision.leaves_the_machine() {
            return Self(None);
        }
        let (provider, model, way) = kept.clone().unwrap_or_else(|| {
            (
                decision.provider.clone(),
                decision.model.clone(),
                decision.way.clone(),
            )
        });
        let payer = match &way {
            Way::Embedded => Payer::Nobody,
            Way::Http(provider) => Payer::of(provider),
        };
        let entry = Entry {
            at: Timestamp::now(),
            event: Event::Kept,
            call: None,
            feature: decision.feature.name().into(),
            action: request.action.as_deref().map(str::to_owned),
            provider,
            model,
            key: None,
            payer: payer.to_string(),
            host: way.base_url().map(host_of),
            rule: decision.reason.into(),
            policy: record.policy.clone(),
            workspace: request.workspace.clone(),
            files: request.shown.clone(),
            more_files: 0,
            bytes: bytes(&request.input),
            lost: 0,
        };
        let seen = Seen {
            audit: gateway.0.audit.clone(),
            settings: settings.audit,
            purse: gateway.purse(settings),
            entry,
        };
        if kept.is_some() {
            seen.note(seen.entry.clone());
            return Self(None);
        }
        Self(Some(Box::new(seen)))
    }

    /// Notes that nothing was sent.
    pub(super) fn refused(&self, error: &Error) {
        if let Some(seen) = &self.0 {
            seen.note(Entry {
                event: Event::Refused,
                rule: error.to_string(),
                ..seen.entry.clone()
            });
        }
    }

    /// Notes that a call is about to be sent; an error where it must not be without its line, and has none.
    pub(super) async fn let_go(&self, call: &CallId, key: Option<&str>) -> Result<(), Error> {
        let Some(seen) = &self.0 else {
            return Ok(());
        };
        let entry = Entry {
            event: Event::Sent,
            call: Some(call.to_string()),
            key: key.map(str::to_owned),
            ..seen.entry.clone()
        };
        if seen.settings.when_unwritable == WhenUnwritable::GoOn {
            seen.note(entry);
            return Ok(());
        }
        let keep = seen.settings.keep_days;
        let written = seen.audit.write(clean(entry), keep).await;
        written.map_err(Error::Unaudited)
    }
}

impl Seen {
    fn note(&self, entry: Entry) {
        self.audit.note(clean(entry), self.settings.keep_days);
        if let Some(why) = self.audit.take_trouble() {
            self.purse.tell(Notice::Unaudited(why));
        }
    }
}

/// A name that others made up could be a key.
fn clean(entry: Entry) -> Entry {
    Entry {
        at: Timestamp::now(),
        ..entry.bounded(|text| credential::redact(text).into_owned())
    }
}

/// Returns the model elsewhere that was wanted, where a rule has the embedded engine asked instead.
fn kept(settings: &Settings, request: &Request) -> Option<(String, String, Way)> {
    let decision = &request.decision;
    let ModelName::Of { provider, model } = &decision.wanted else {
        return None;
    };
    // Where nobody answers, nothing was refused.
    if !decision.is_embedded() || decision.reason == routing::FALLBACK {
        return None;
    }
    let wanted = settings.providers.get(provider)?;
    let is_elsewhere = !wanted.is_on_this_machine() || Payer::of(wanted).is_passed_on();
    is_elsewhere.then(|| {
        let way = Way::Http(std::sync::Arc::new(wanted.clone()));
        (provider.clone(), model.clone(), way)
    })
}

fn bytes(input: &Input) -> usize {
    match input {
        Input::Fill(fill) => {
            let files: usize = fill.files.iter().map(|file| file.text.len()).sum();
            fill.prefix.len() + fill.suffix.len() + files
        }
        Input::Chat(messages) => messages.iter().map(|message| message.text.len()).sum(),
    }
}

/// Refuses a request that has a text leave which must not, or shows a provider a file that a rule keeps from it.
pub(super) fn may_be_shown(
    policy: &Policy,
    decision: &Decision,
    confined: Option<workspace::Rule>,
    shown: &[Shown],
) -> Result<(), Error> {
    if let Some(rule) = confined.filter(|_| decision.leaves_the_machine()) {
        return Err(Error::Confined(rule));
    }
    if decision.is_embedded() {
        return Ok(());
    }
    shown.iter().try_for_each(|file| {
        let judged = policy.judge_path(
            &file.path,
            &decision.provider,
            decision.leaves_the_machine(),
        );
        judged.map_err(|refused| Error::Governed {
            file: file.path.clone(),
            rule: refused.words(),
        })
    })
}

/// Puts together what is shown of each file, in the order in which it comes.
pub fn shown<'a>(pieces: impl IntoIterator<Item = (&'a str, usize)>) -> Vec<Shown> {
    let mut files: Vec<Shown> = Vec::new();
    for (path, bytes) in pieces {
        match files.iter_mut().find(|file| file.path == path) {
            Some(file) => file.bytes += bytes,
            None => files.push(Shown {
                path: path.to_owned(),
                bytes,
            }),
        }
    }
    files
}
