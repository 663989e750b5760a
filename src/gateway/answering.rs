//! Which of the local servers answer, as far as is known.
//!
//! Entry points: [`Answering::ask`], before they are asked; [`Answering::take`], with what they said; and [`Answering::forget`], where a call found one gone.
//! Invariant: what is known is the answer to the newest question, without the servers that were found gone since it was asked.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::routing::LocalServer;

/// The number of a question.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Question(u64);

/// What is known of the local servers.
#[derive(Default)]
pub(super) struct Answering(Mutex<Known>);

#[derive(Default)]
struct Known {
    servers: Vec<LocalServer>,
    /// The newest that was asked.
    asked: Question,
    /// Providers whose servers were found gone since then: what they may have answered is older.
    gone: HashSet<String>,
}

impl Answering {
    /// Returns those that answer.
    pub(super) fn known(&self) -> Vec<LocalServer> {
        self.lock().servers.clone()
    }

    /// Notes that they are asked anew.
    pub(super) fn ask(&self) -> Question {
        let mut known = self.lock();
        known.asked.0 += 1;
        known.gone.clear();
        known.asked
    }

    /// Takes what was answered, unless they were asked again since. Returns whether others answer than before.
    pub(super) fn take(&self, question: Question, answer: Vec<LocalServer>) -> bool {
        let mut known = self.lock();
        if question != known.asked {
            return false;
        }
        let is_there = |server: &LocalServer| !known.gone.contains(&server.provider);
        let servers: Vec<_> = answer.into_iter().filter(is_there).collect();
        let is_news = servers != known.servers;
        known.servers = servers;
        is_news
    }

    /// Forgets a server that was found gone. Returns whether it was one of those that answer.
    pub(super) fn forget(&self, provider: &str) -> bool {
        let mut known = self.lock();
        let before = known.servers.len();
        known.servers.retain(|server| server.provider != provider);
        let is_news = known.servers.len() < before;
        known.gone.insert(provider.to_owned());
        is_news
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn servers<const N: usize>(names: [&str; N]) -> Vec<LocalServer> {
        let server = |name: &str| LocalServer {
            provider: name.into(),
            model: "m".into(),
        };
        names.map(server).into()
    }

    #[test]
    fn what_is_answered_is_news_where_it_is_not_what_was_known() {
        let answering = Answering::default();
        assert!(!answering.take(answering.ask(), servers([])));
        assert!(answering.take(answering.ask(), servers(["one"])));
        assert!(!answering.take(answering.ask(), servers(["one"])));
        assert!(answering.take(answering.ask(), servers([])));
    }

    #[test]
    fn an_answer_to_an_older_question_changes_nothing() {
        let answering = Answering::default();
        let (older, newer) = (answering.ask(), answering.ask());
        assert!(!answering.take(older, servers(["one"])));
        assert_eq!(answering.known(), []);
        assert!(answering.take(newer, servers(["two"])));
        assert!(!answering.take(older, servers(["one"])));
        assert_eq!(answering.known(), servers(["two"]));
    }

    #[test]
    fn a_server_that_was_found_gone_since_is_not_taken_for_there_and_the_others_are() {
        let answering = Answering::default();
        answering.take(answering.ask(), servers(["one", "two"]));
        let question = answering.ask();
        assert!(answering.forget("one"));
        assert!(!answering.forget("one"), "it is no news twice");
        assert!(!answering.forget("four"), "it was not known");
        assert!(answering.take(question, servers(["one", "two", "three", "four"])));
        assert_eq!(answering.known(), servers(["two", "three"]));
        // It may be started again.
        assert!(answering.take(answering.ask(), servers(["one", "two", "three"])));
        // What was found before a question says nothing of its answer.
        assert!(answering.forget("three"));
        assert!(answering.take(answering.ask(), servers(["one", "two", "three"])));
        assert_eq!(answering.known(), servers(["one", "two", "three"]));
    }
}
