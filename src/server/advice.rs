//! What the user is told unasked, and how often: one message for each trouble in a session, and one hint in a lifetime.
//!
//! Entry points: [`of_failure`], what may be done about a failed suggestion; [`Advisor::tell`], which tells it. Whatever the editor, the
//! trouble is also a state (`byok/status`, with its fix). A message goes out
//! - as `byok/advice` to a client that announces `experimental.byok.advice`, and that shows it by its own means;
//! - else as `window/showMessage`, which names the command. Never as a `window/showMessageRequest`: Helix and a bare Neovim answer that with a
//!   menu that takes the keys from whoever is typing, though they announce that they take buttons.
//!
//! What passes by itself (too many calls, an overloaded provider) is a state and no message. Never a diagnostic on the user's code.

use std::collections::HashSet;
use std::fs::OpenOptions;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use serde_json::{Value, json};
use tower_lsp::gen_lsp_types as lsp;

use super::backend::Shared;
use super::handlers::execute_command;
use super::protocol::{AdviceKind, AdviceParams, FixParams, VERSION};
use crate::cost::budget::Refusal;
use crate::provider::Error;

/// Chooses a model, or shows those that there are.
const SET_MODEL: &str = "byok.setModel";

/// What the user may be told about something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advice {
    /// What it is about: each is told once in a session.
    pub about: String,
    /// A sentence.
    pub message: String,
    /// What to do with one key.
    pub fix: Option<FixParams>,
}

/// Remembers what was told.
pub struct Advisor {
    told: Mutex<HashSet<String>>,
    /// The file that exists once the hint was told, on this machine, ever.
    hinted: Option<PathBuf>,
}

impl Advisor {
    /// Creates one that keeps in a folder what it told once and for all. Without a folder it gives no such hints.
    pub fn new(folder: Option<PathBuf>) -> Self {
        Self {
            told: Mutex::default(),
            hinted: folder.map(|folder| folder.join("hinted")),
        }
    }

    /// Tells a trouble, unless it was told in this session.
    pub fn tell(&self, shared: &Shared, advice: Advice) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.insert(advice.about.clone()) {
            send(shared, AdviceKind::Trouble, advice);
        }
    }

    /// Tells whoever has ghost text and has set nothing up how to come to a model of their own; once, whatever becomes of it.
    pub fn hint(&self, shared: &Shared) {
        if self.is_first_hint() {
            // Where the fix is a button, the message need not say what to type. Some editors have one line for it.
            let message = if shared.abilities().advice {
                "suggestions come from your own code, on this machine, for nothing; with a key of yours, a model makes them"
            } else {
                "suggestions are local and free; for a model's: \"byok-lsp key set PROVIDER\", then byok.setModel"
            };
            send(shared, AdviceKind::Hint, first_hint(message));
        }
    }

    fn is_first_hint(&self) -> bool {
        let Some(hinted) = &self.hinted else {
            return false;
        };
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if !told.insert("hint".into()) {
            return false;
        }
        if let Some(folder) = hinted.parent() {
            let _ = std::fs::create_dir_all(folder);
        }
        // Of two servers that come here at once, one makes the file. Where none can be made, silence is the quieter mistake.
        OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(hinted)
            .is_ok()
    }
}

/// Returns what is to be said of a failed suggestion: its fix, and whether it is worth a message.
pub fn of_failure(model: &str, provider: &str, error: &Error) -> Advice {
    let (about, fix) = match error {
        Error::Unauthorized | Error::Forbidden(_) | Error::Credential(_) => {
            ("key", Some(set_key(Some(provider))))
        }
        Error::NoCredit => ("credit", Some(use_local())),
        Error::UsedUp { .. } => ("used up", Some(use_local())),
        Error::Unreachable(_) => ("network", Some(use_local())),
        Error::UnknownModel(_) | Error::Unsupported { .. } => ("model", Some(choose_model())),
        Error::Tls(_) | Error::Setting { .. } | Error::Malformed(_) => {
            ("settings", Some(open_settings()))
        }
        Error::Budget(refusal) => of_refusal(refusal),
        _ => ("", None),
    };
    Advice {
        about: format!("{about}:{provider}"),
        message: format!("{model}: {error}"),
        fix,
    }
}

/// Returns what is to be said of a failed action. Its model is another matter than that of suggestions, so to change that one is no way out.
pub fn of_failed_action(model: &str, error: &Error) -> Advice {
    let provider = model.split('/').next().unwrap_or(model);
    let advice = of_failure(model, provider, error);
    Advice {
        fix: advice.fix.filter(|fix| fix.command != SET_MODEL),
        ..advice
    }
}

/// Of a loop that was halted the user is told where that happens.
fn of_refusal(refusal: &Refusal) -> (&'static str, Option<FixParams>) {
    match refusal {
        Refusal::Cap { .. } => ("budget", Some(use_local())),
        Refusal::NoPrice { .. } => ("price", Some(choose_model())),
        Refusal::Currency { .. } | Refusal::Unsure(_) => ("settings", Some(open_settings())),
        Refusal::Halted(_) => ("", None),
    }
}

/// Returns what is to be said when another model takes over where a cap refused a call.
pub fn of_degrading(error: &Error, model: &str) -> Advice {
    Advice {
        about: format!("degraded:{model}"),
        message: format!("{model} answers meanwhile: {error}"),
        fix: Some(open_settings()),
    }
}

/// Returns what is to be said of a mistake in the settings.
pub fn of_mistake(message: String) -> Advice {
    Advice {
        about: message.clone(),
        message,
        fix: Some(open_settings()),
    }
}

fn first_hint(message: &str) -> Advice {
    Advice {
        about: "hint".into(),
        message: message.into(),
        fix: Some(set_key(None)),
    }
}

fn fix(title: String, command: &str, arguments: Vec<Value>) -> FixParams {
    FixParams {
        title,
        command: command.into(),
        arguments,
    }
}

fn set_key(provider: Option<&str>) -> FixParams {
    match provider {
        Some(provider) => fix(
            format!("Store a key for {provider}"),
            execute_command::SET_KEY,
            vec![provider.into()],
        ),
        None => fix("Add a key".into(), execute_command::SET_KEY, Vec::new()),
    }
}

fn use_local() -> FixParams {
    let local = vec!["local".into()];
    fix("Use the local engine".into(), SET_MODEL, local)
}

fn choose_model() -> FixParams {
    fix("Choose another model".into(), SET_MODEL, Vec::new())
}

fn open_settings() -> FixParams {
    fix(
        "Open the settings".into(),
        execute_command::OPEN_SETTINGS,
        Vec::new(),
    )
}

fn send(shared: &Shared, kind: AdviceKind, advice: Advice) {
    if shared.abilities().advice {
        let params = AdviceParams {
            v: VERSION,
            kind,
            message: advice.message,
            fix: advice.fix,
        };
        shared.outbox.notify("byok/advice", &params);
        return;
    }
    let severity = match kind {
        AdviceKind::Hint => lsp::MessageType::Info,
        AdviceKind::Trouble => lsp::MessageType::Warning,
    };
    let params = json!({"type": severity, "message": in_words(&advice)});
    shared.outbox.notify("window/showMessage", &params);
}

/// Says an advice in a line, of which some editors (Helix) show only what fits their screen: the way out comes before the reasons.
fn in_words(advice: &Advice) -> String {
    // The other fixes stand in the message itself.
    let fix = advice.fix.as_ref().filter(|fix| fix.command == SET_MODEL);
    match (fix, advice.message.split_once(": ")) {
        (Some(fix), Some((model, reason))) => {
            let effect = if fix.arguments.is_empty() {
                "chooses another"
            } else {
                "goes on"
            };
            format!(
                "byok-lsp: {model} failed, {} {effect}: {reason}",
                written(fix)
            )
        }
        _ => format!("byok-lsp: {}", advice.message),
    }
}

/// Writes a fix as a command to type, with its arguments in JSON: `byok.setModel "local"`.
fn written(fix: &FixParams) -> String {
    let arguments = fix.arguments.iter().map(|argument| format!(" {argument}"));
    fix.command.clone() + &arguments.collect::<String>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_trouble_that_stays_has_a_fix_and_what_passes_has_none() {
        let command = |error: &Error| {
            let fix = of_failure("openai/small", "openai", error).fix?;
            Some(written(&fix))
        };
        let fixes = [
            (Error::Unauthorized, Some("byok.setKey \"openai\"")),
            (Error::NoCredit, Some("byok.setModel \"local\"")),
            (
                Error::Unreachable("refused".into()),
                Some("byok.setModel \"local\""),
            ),
            (Error::UnknownModel("small".into()), Some("byok.setModel")),
            (Error::Tls("unknown".into()), Some("byok.openSettings")),
            (
                Error::Budget(Box::new(Refusal::Unsure("locked".into()))),
                Some("byok.openSettings"),
            ),
            (
                Error::Budget(Box::new(Refusal::Halted("a loop".into()))),
                None,
            ),
            (Error::Overloaded, None),
            (Error::Cut, None),
        ];
        for (error, fix) in fixes {
            assert_eq!(command(&error).as_deref(), fix, "{error}");
        }
    }

    #[test]
    fn the_way_out_stands_before_the_reasons_which_a_narrow_screen_cuts_off() {
        let said = |error: Error| in_words(&of_failure("ollama/llama3:8b", "ollama", &error));
        let unreachable = said(Error::Unreachable("refused".into()));
        let way = "byok-lsp: ollama/llama3:8b failed, byok.setModel \"local\" goes on: the ";
        assert!(unreachable.starts_with(way), "{unreachable}");
        let unknown = said(Error::UnknownModel("llama3:8b".into()));
        let way = "byok-lsp: ollama/llama3:8b failed, byok.setModel chooses another: ";
        assert!(unknown.starts_with(way), "{unknown}");
        let refused = said(Error::Unauthorized);
        assert!(
            refused.starts_with("byok-lsp: ollama/llama3:8b: the key"),
            "{refused}"
        );
    }

    #[test]
    fn a_failed_action_has_the_fixes_that_do_not_change_the_model_of_suggestions() {
        let command = |error: Error| Some(of_failed_action("openai/small", &error).fix?.command);
        assert_eq!(
            command(Error::Unauthorized).as_deref(),
            Some(execute_command::SET_KEY)
        );
        assert_eq!(command(Error::NoCredit), None);
    }

    #[test]
    fn the_hint_is_given_once_on_a_machine_and_never_where_that_cannot_be_remembered() {
        let folder = tempfile::tempdir().expect("a folder");
        let advisor = || Advisor::new(Some(folder.path().join("state")));
        let first = advisor();
        assert!(first.is_first_hint());
        assert!(!first.is_first_hint());
        assert!(!advisor().is_first_hint(), "another server, later");
        assert!(!Advisor::new(None).is_first_hint());
    }
}
