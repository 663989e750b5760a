//! Who pays is who was decided: what an answer says of its payer is compared, and where it was another that way is not gone again.
//!
//! Entry points: [`Payers::seen`] when a call is settled, or its true cost is told later, and [`Payers::check`] before the next. A gateway such as
//! OpenRouter may bill the user's credits where their own account was meant, or the other way round: after an error, a limit reached, a key
//! removed there. Nothing of it can be taken back, so it is told at once, counted, and the model is asked no more until the user says so
//! (`byok.resume`). Where the user did not say who is to pay ([`Payer::Gateway`]) nothing is compared, and the ledger notes who did; so it does where a
//! gateway that the settings know by its key alone says that it went on to an account: `routing.payer` is for OpenRouter, and nobody could say
//! beforehand that this is right.
//!
//! The stops are kept in a file beside the ledger, so that they hold in all editors and after a restart, and `byok.resume` in any of them ends them in all:
//! what is in the file holds, but for what could not be written into it. Before a call for which it [matters](Payers::matters) the file's time is looked at, and it
//! is read only if another server has written it ([`Payers::refresh`]); a decision goes by what is known.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

use super::beside::{self, Stamp};
use crate::cost::Money;
use crate::cost::budget::Refusal;
use crate::provider::Error;
use crate::routing::{Decision, Payer, Way};

/// The models that somebody else has paid for, by their full names. Clones are the same ones.
#[derive(Clone, Default)]
pub(super) struct Payers(Arc<Inner>);

#[derive(Default)]
struct Inner {
    file: Option<PathBuf>,
    known: Mutex<Known>,
}

/// What this process knows.
#[derive(Default)]
struct Known {
    wrong: BTreeMap<String, Wrong>,
    /// The file as it was read or written last.
    stamp: Option<Stamp>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Wrong {
    decided: Payer,
    paid: Payer,
    calls: u32,
    /// Whether it is in the file.
    #[serde(skip)]
    is_shared: bool,
    /// Whether the user of this process knows.
    #[serde(skip)]
    is_told: bool,
}

/// More are not kept; who has so many has them stopped one by one as they go wrong again.
const MOST: usize = 256;

/// A longer name in the file is no model's.
const LONGEST_NAME: usize = 256;

impl Payers {
    /// Creates them, shared with other servers by a file, if there is one.
    pub(super) fn shared_in(file: Option<PathBuf>) -> Self {
        Self(Arc::new(Inner {
            file,
            known: Mutex::default(),
        }))
    }

    /// Returns whether somebody else than decided may come to pay, or have paid for a model that is stopped: otherwise nobody has to look.
    pub(super) fn matters(&self, decision: &Decision) -> bool {
        is_compared(decision.payer) || !self.known().wrong.is_empty()
    }

    /// Takes in what other servers have stopped or let go on; returns whether all that was stopped goes on now.
    pub(super) async fn refresh(&self) -> bool {
        let Some(file) = &self.0.file else {
            return false;
        };
        if beside::stamp(file) == self.known().stamp {
            return false;
        }
        let payers = self.clone();
        // Another process may have the file to itself for a moment.
        let read = tokio::task::spawn_blocking(move || {
            let was_stopped = payers.stopped().is_some();
            payers.read();
            was_stopped && payers.stopped().is_none()
        });
        read.await.unwrap_or(false)
    }

    /// Refuses a call to a model that somebody else has paid for, as far as is known.
    pub(super) fn check(&self, decision: &Decision) -> Result<(), Error> {
        let name = decision.name();
        match self.known().wrong_for(&name, decision) {
            Some(wrong) => {
                let message = sentence(&name, wrong);
                Err(Error::Budget(Box::new(Refusal::Halted(message))))
            }
            None => Ok(()),
        }
    }

    /// Returns a sentence for the user about a model that another server has stopped, the first time.
    pub(super) fn news(&self, decision: &Decision) -> Option<String> {
        let name = decision.name();
        let mut known = self.known();
        let wrong = known.wrong_for(&name, decision)?;
        let is_news = !std::mem::replace(&mut wrong.is_told, true);
        is_news.then(|| sentence(&name, wrong))
    }

    /// Takes in what an answer says of its payer; returns a sentence for the user the first time that it was another than decided. That is rare, so
    /// that the file is written at once.
    pub(super) fn seen(&self, decision: &Decision, told: Told) -> Option<String> {
        let paid = paid(decision, told);
        if paid == decision.payer || !is_compared(decision.payer) {
            return None;
        }
        let name = decision.name();
        let mut known = self.known();
        if known.wrong.len() >= MOST && !known.wrong.contains_key(&name) {
            return None;
        }
        let wrong = known.wrong.entry(name.clone()).or_insert(Wrong {
            decided: decision.payer,
            paid,
            calls: 0,
            is_shared: false,
            is_told: false,
        });
        wrong.calls = wrong.calls.saturating_add(1);
        wrong.is_shared = false;
        tracing::warn!(model = %name, decided = %wrong.decided, %paid, calls = wrong.calls, "another payer than decided");
        let is_news = !std::mem::replace(&mut wrong.is_told, true);
        let news = is_news.then(|| sentence(&name, wrong));
        drop(known);
        self.write();
        news
    }

    /// Returns what is stopped, in a sentence.
    pub(super) fn stopped(&self) -> Option<String> {
        let known = self.known();
        let mut all = known.wrong.iter();
        all.next().map(|(name, wrong)| sentence(name, wrong))
    }

    /// Lets all go on, in all servers.
    pub(super) fn resume(&self) {
        let Some(file) = &self.0.file else {
            self.known().wrong.clear();
            return;
        };
        let is_shared = beside::stamp(file).is_some();
        let shared = is_shared.then(|| beside::open(file)).flatten();
        let mut known = self.known();
        known.wrong.clear();
        match shared {
            Some(mut file) => known.write(&mut file),
            None if is_shared => tracing::warn!("other editors do not hear that all goes on"),
            None => {}
        }
    }

    fn read(&self) {
        let Some(path) = &self.0.file else {
            return;
        };
        if beside::stamp(path).is_none() {
            // Who removes the file lets all go on.
            let mut known = self.known();
            known.take_in(BTreeMap::new());
            known.stamp = None;
        } else if let Some(mut file) = beside::open(path) {
            let noted = beside::read(&mut file);
            let mut known = self.known();
            // What makes no sense says nothing about what is stopped.
            if let Some(noted) = noted {
                known.take_in(noted);
            }
            known.stamp = beside::stamp_of(&file);
        }
    }

    /// Adds what is known here to what others have noted.
    fn write(&self) {
        let Some(mut file) = self.0.file.as_deref().and_then(beside::open) else {
            return;
        };
        let noted = beside::read(&mut file);
        let mut known = self.known();
        // Where the file is damaged, what is known is what there is.
        if let Some(noted) = noted {
            known.take_in(noted);
        }
        known.write(&mut file);
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    /// Returns what stops a decision's model, unless the user has said otherwise since who is to pay.
    fn wrong_for(&mut self, name: &str, decision: &Decision) -> Option<&mut Wrong> {
        let wrong = self.wrong.get_mut(name)?;
        (wrong.decided == decision.payer).then_some(wrong)
    }

    /// Goes by what the file says, but for what is not in it yet. An entry that makes no sense is none.
    fn take_in(&mut self, noted: BTreeMap<String, serde_json::Value>) {
        let mut before = std::mem::take(&mut self.wrong);
        let is_name =
            |name: &String| name.len() <= LONGEST_NAME && !name.contains(char::is_control);
        let noted = noted.into_iter().filter(|(name, _)| is_name(name));
        for (name, noted) in noted.take(MOST) {
            let Ok(noted) = serde_json::from_value::<Wrong>(noted) else {
                continue;
            };
            let mine = before.remove(&name);
            let wrong = match mine {
                Some(mine) if !mine.is_shared => Wrong {
                    calls: mine.calls.max(noted.calls.saturating_add(1)),
                    ..mine
                },
                mine => Wrong {
                    is_shared: true,
                    is_told: mine.is_some_and(|mine| mine.is_told),
                    ..noted
                },
            };
            self.wrong.insert(name, wrong);
        }
        before.retain(|_, mine| !mine.is_shared);
        self.wrong.append(&mut before);
    }

    fn write(&mut self, file: &mut std::fs::File) {
        if let Err(error) = beside::write(file, &self.wrong) {
            tracing::warn!(%error, "which models are stopped is not shared with other editors");
            return;
        }
        for wrong in self.wrong.values_mut() {
            wrong.is_shared = true;
        }
        self.stamp = beside::stamp_of(file);
    }
}

/// What an answer tells of who has paid.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Told {
    /// Whether it was the user's own account at the provider behind a gateway.
    pub is_own_account: Option<bool>,
    /// What was billed.
    pub cost: Option<Money>,
}

/// Returns whether the user said who is to pay and an answer can say that it was somebody else.
fn is_compared(payer: Payer) -> bool {
    matches!(payer, Payer::Credits | Payer::OwnAccount | Payer::FreePool)
}

/// Returns who has paid, by what an answer says of it.
pub(super) fn paid(decision: &Decision, told: Told) -> Payer {
    let is_billed = told.cost.is_some_and(|cost| cost.nanos() > 0);
    match (decision.payer, told.is_own_account) {
        (Payer::OwnKey | Payer::Credits | Payer::Gateway | Payer::FreePool, Some(true)) => {
            Payer::OwnAccount
        }
        (Payer::OwnAccount | Payer::Gateway, Some(false)) => Payer::Credits,
        (Payer::FreePool, known) if is_billed => match (&decision.way, known) {
            (Way::Http(provider), None) if provider.is_openrouter => Payer::Gateway,
            (Way::Http(provider), Some(_)) if provider.is_openrouter => Payer::Credits,
            _ => Payer::OwnKey,
        },
        (decided, _) => decided,
    }
}

fn sentence(name: &str, wrong: &Wrong) -> String {
    let calls = match wrong.calls {
        1 => "a call".to_owned(),
        many => format!("{many} calls"),
    };
    if wrong.decided == Payer::FreePool {
        return format!(
            "{name} is stopped: {calls} went to {}, and it was to be of the free pool; see to it at the provider, then run byok.resume",
            of(wrong.paid)
        );
    }
    format!(
        "{name} is stopped: {calls} went to {}, and routing.payer says {}; see to it at the gateway, then run byok.resume",
        of(wrong.paid),
        of(wrong.decided)
    )
}

fn of(payer: Payer) -> String {
    let words = payer.to_string();
    words.strip_prefix("you: ").unwrap_or(&words).to_owned()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::routing::{Feature, embedded};

    fn decision(payer: Payer) -> Decision {
        Decision {
            provider: "openrouter".into(),
            model: "a/b".into(),
            payer,
            ..embedded(Feature::Action, "a test")
        }
    }

    #[test]
    fn who_paid_is_compared_with_who_was_to_under_every_answer() {
        use Payer::{Credits, FreePool, Gateway, Nobody, OwnAccount, OwnKey, Relay};
        for (decided, told, is_stopped, who) in [
            (Credits, Some(false), false, Credits),
            (Credits, Some(true), true, OwnAccount),
            (Credits, None, false, Credits),
            (OwnAccount, Some(true), false, OwnAccount),
            (OwnAccount, Some(false), true, Credits),
            (OwnAccount, None, false, OwnAccount),
            (Gateway, Some(true), false, OwnAccount),
            (Gateway, Some(false), false, Credits),
            (Gateway, None, false, Gateway),
            (OwnKey, Some(true), false, OwnAccount),
            (OwnKey, Some(false), false, OwnKey),
            (OwnKey, None, false, OwnKey),
            (Nobody, Some(true), false, Nobody),
            (Relay, Some(true), false, Relay),
            (FreePool, None, false, FreePool),
            (FreePool, Some(false), false, FreePool),
            (FreePool, Some(true), true, OwnAccount),
        ] {
            let payers = Payers::default();
            let decision = decision(decided);
            let answer = Told {
                is_own_account: told,
                cost: None,
            };
            assert_eq!(paid(&decision, answer), who, "{decided:?} {told:?}");
            assert_eq!(payers.seen(&decision, answer).is_some(), is_stopped);
            assert_eq!(
                payers.check(&decision).is_err(),
                is_stopped,
                "{decided:?} {told:?}"
            );
            assert_eq!(payers.stopped().is_some(), is_stopped);
            payers.resume();
            assert!(payers.check(&decision).is_ok());
        }
    }

    #[test]
    fn a_call_of_the_free_pool_that_is_billed_stops_its_model() {
        let payers = Payers::default();
        let free = decision(Payer::FreePool);
        let billed = |nanos| Told {
            is_own_account: Some(false),
            cost: Some(Money::from_nanos(nanos, crate::cost::Currency::USD)),
        };
        assert_eq!(payers.seen(&free, billed(0)), None);
        assert!(payers.check(&free).is_ok());
        assert_eq!(
            payers.seen(&free, billed(1)).unwrap(),
            "openrouter/a/b is stopped: a call went to your own key, and it was to be of the free pool; see to it at the provider, then run byok.resume"
        );
        assert!(payers.check(&free).is_err());
    }

    const CREDITS: Told = Told {
        is_own_account: Some(false),
        cost: None,
    };

    #[tokio::test]
    async fn what_is_stopped_in_one_editor_is_in_all_and_after_a_restart_until_one_resumes() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("new").join("ledger.payers.json");
        let open = || Payers::shared_in(Some(file.clone()));
        let (one, other) = (open(), open());
        let own = decision(Payer::OwnAccount);
        assert!(!other.refresh().await && other.check(&own).is_ok());
        one.resume();
        assert!(!file.exists(), "there was nothing to let go on");
        let told = one.seen(&own, CREDITS).unwrap();
        assert_eq!(one.news(&own), None);
        for another in [&other, &open()] {
            assert!(!another.refresh().await);
            assert!(another.check(&own).is_err());
            assert_eq!(another.news(&own), Some(told.clone()));
            assert_eq!(another.news(&own), None);
            assert_eq!(another.news(&decision(Payer::Credits)), None);
        }
        // A call that was under way there counts on.
        assert_eq!(other.seen(&own, CREDITS), None);
        let third = open();
        third.refresh().await;
        assert!(third.stopped().unwrap().contains("2 calls"));
        other.resume();
        assert!(one.check(&own).is_err());
        assert!(one.refresh().await, "all that was stopped goes on");
        assert!(one.check(&own).is_ok());
        assert!(!one.refresh().await, "nothing was stopped any more");
        let later = open();
        later.refresh().await;
        assert_eq!(later.stopped(), None);
    }

    #[tokio::test]
    async fn a_file_that_makes_no_sense_stops_nothing_and_lets_nothing_go_on() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("ledger.payers.json");
        let own = decision(Payer::OwnAccount);
        let long = format!(
            r#"{{"{}": {{"decided": "credits", "paid": "gateway", "calls": 1}}}}"#,
            "a".repeat(LONGEST_NAME + 1)
        );
        for text in [
            "",
            "nonsense",
            "[]",
            r#"{"openrouter/a/b": 7}"#,
            r#"{"openrouter/a/b": {"decided": "somebody", "paid": "credits", "calls": 1}}"#,
            r#"{"openrouter/a/b": {"decided": "own-account", "paid": "credits", "calls": -1}}"#,
            "{\"a/\\u001b[2J\": {\"decided\": \"credits\", \"paid\": \"gateway\", \"calls\": 1}}",
            &long,
        ] {
            std::fs::write(&file, text).unwrap();
            let payers = Payers::shared_in(Some(file.clone()));
            payers.refresh().await;
            assert_eq!(payers.stopped(), None, "{text}");
            assert!(payers.seen(&own, CREDITS).is_some());
            let again = Payers::shared_in(Some(file.clone()));
            again.refresh().await;
            assert!(again.check(&own).is_err(), "{text}");
            std::fs::write(&file, "half a").unwrap();
            again.refresh().await;
            assert!(again.check(&own).is_err(), "{text}");
        }
        // Nor is a place where none can be, or a folder, in the way of what this process knows.
        let _ = std::fs::remove_file(&file);
        std::fs::create_dir(&file).unwrap();
        for place in [file.clone(), file.join("a-file").join("below")] {
            std::fs::write(file.join("a-file"), "").unwrap();
            let payers = Payers::shared_in(Some(place));
            assert!(payers.seen(&own, CREDITS).is_some());
            payers.refresh().await;
            assert!(payers.check(&own).is_err());
            payers.resume();
            assert!(payers.check(&own).is_ok());
        }
    }

    #[test]
    fn it_is_told_once_counted_and_over_when_the_user_decides_otherwise() {
        let payers = Payers::default();
        let own = decision(Payer::OwnAccount);
        let credits = Told {
            is_own_account: Some(false),
            cost: None,
        };
        let told = payers.seen(&own, credits).unwrap();
        assert_eq!(
            told,
            "openrouter/a/b is stopped: a call went to your credits at the gateway, and routing.payer says your own account behind the \
             gateway; see to it at the gateway, then run byok.resume"
        );
        assert_eq!(payers.seen(&own, credits), None);
        assert!(payers.stopped().unwrap().contains("2 calls"));
        assert!(payers.check(&own).is_err());
        assert!(payers.check(&decision(Payer::Credits)).is_ok());
    }
}
