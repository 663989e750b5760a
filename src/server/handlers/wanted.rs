//! What the command `byok.action` is to do, by what it was sent: an object, words, or nothing.

use std::ops::Range;
use std::sync::Arc;

use serde::Deserialize as _;
use serde_json::Value;

use super::super::backend::{LastPlace, Shared};
use super::super::editor;
use super::super::from_proto;
use super::super::protocol::ActionParams;
use super::run_action::now;
use crate::action::{self, Action, Diagnostic};
use crate::config::Settings;
use crate::session::Stamp;

/// An action that is to be run, and where.
pub(super) struct Wanted {
    pub action: Arc<Action>,
    pub place: LastPlace,
    pub instruction: Option<String>,
}

/// More diagnostics of a file than these are not shown to a model.
const MOST_DIAGNOSTICS: usize = 50;

/// What is missing where nobody knows what an action is to be about.
const NO_PLACE: &str = "which code? Open the editor's menu of code actions there once, or send byok.action a uri and a range";

/// Finds out what is to be run.
pub(super) async fn wanted(shared: &Arc<Shared>, arguments: Vec<Value>) -> Result<Wanted, String> {
    if let Some(params @ Value::Object(_)) = arguments.first() {
        let params = ActionParams::deserialize(params).map_err(|error| {
            format!("byok.action was called with what it does not know: {error}")
        })?;
        return of_params(shared, params);
    }
    let words: Vec<&str> = arguments.iter().filter_map(Value::as_str).collect();
    let place = || {
        let place = shared.last_place().ok_or(NO_PLACE)?;
        let is_open = shared.session().text(&place.uri).is_some();
        if is_open { Ok(place) } else { Err(NO_PLACE) }
    };
    let Some((name, rest)) = words.split_first() else {
        return chosen(shared, place()?).await;
    };
    let action = known(shared, name)?;
    let instruction = rest.join(" ");
    Ok(Wanted {
        action,
        place: place()?,
        instruction: Some(instruction).filter(|text| !text.trim().is_empty()),
    })
}

fn known(shared: &Shared, name: &str) -> Result<Arc<Action>, String> {
    let settings = shared.session().settings().clone();
    action::find(&settings, name).ok_or_else(|| {
        format!(
            "there is no action \"{name}\"; there are {}",
            names(&settings)
        )
    })
}

fn names(settings: &Settings) -> String {
    let ids = action::all(settings).map(|action| action.id.to_string());
    ids.collect::<Vec<_>>().join(", ")
}

fn of_params(shared: &Arc<Shared>, params: ActionParams) -> Result<Wanted, String> {
    let action = known(shared, &params.action)?;
    let Some(uri) = params.uri else {
        return Err(NO_PLACE.into());
    };
    let Some(snapshot) = shared.session().snapshot(&uri) else {
        return Err(format!("{uri} is not open in this editor"));
    };
    let diagnostics = params.diagnostics.into_iter().map(|diagnostic| Diagnostic {
        message: diagnostic.message,
        range: sane(diagnostic.start, diagnostic.end),
    });
    // Positions of the text as it is now; those of the entry are of the text as it was when it was offered.
    let of_file = params
        .file_diagnostics
        .into_iter()
        .take(MOST_DIAGNOSTICS)
        .filter_map(|it| {
            let range = serde_json::from_value(it.range).ok()?;
            Some(Diagnostic {
                message: it.message,
                range: from_proto::range(&snapshot, range),
            })
        });
    let (stamp, selection) = match (params.at, params.range) {
        (Some(at), _) => {
            let (opening, revision) = (at.opening, at.revision);
            (Stamp { opening, revision }, sane(at.start, at.end))
        }
        (None, Some(range)) => {
            let range = serde_json::from_value(range).map_err(|_| NO_PLACE.to_owned())?;
            (snapshot.stamp(), from_proto::range(&snapshot, range))
        }
        (None, None) => return Err(NO_PLACE.into()),
    };
    let of_file: Vec<Diagnostic> = of_file.collect();
    let is_now = stamp == snapshot.stamp();
    let diagnostics: Vec<Diagnostic> = if of_file.is_empty() || !is_now {
        diagnostics.collect()
    } else {
        of_file
    };
    Ok(Wanted {
        action,
        place: LastPlace {
            uri: snapshot.uri,
            stamp,
            selection,
            diagnostics,
        },
        instruction: params.instruction.filter(|text| !text.trim().is_empty()),
    })
}

/// Returns a range that can be followed through edits, whatever a client sent: no text is as long as half of all addresses.
fn sane(start: usize, end: usize) -> Range<usize> {
    let start = start.min(usize::MAX / 2);
    start..end.clamp(start, usize::MAX / 2)
}

/// Lets the user choose among what makes sense at the last place, where an editor's palette sends nothing.
async fn chosen(shared: &Arc<Shared>, place: LastPlace) -> Result<Wanted, String> {
    let (snapshot, selection, diagnostics) = now(shared, &place)?;
    let decision = action::decide(&shared.gateway, &snapshot);
    if let Some(reason) = action::unable(&decision) {
        return Err(reason);
    }
    let ask = action::Ask {
        snapshot: &snapshot,
        selection,
        diagnostics: &diagnostics,
        can_instruct: false,
        is_by_hand: true,
    };
    let offers = action::offers(&shared.gateway, &ask);
    if offers.is_empty() {
        return Err(
            "no action makes sense there; put the cursor into a function, or select some lines"
                .into(),
        );
    }
    let titles: Vec<String> = offers.iter().map(|offer| offer.title.clone()).collect();
    let message = "Which action? To rewrite by an instruction, send byok.action the words rewrite and what you want.";
    let title = editor::choose(&shared.client, message, &titles).await;
    let offer = offers
        .into_iter()
        .find(|offer| Some(&offer.title) == title.as_ref());
    let offer = offer.ok_or("nothing was chosen, and so nothing done")?;
    Ok(Wanted {
        action: offer.action,
        place,
        instruction: None,
    })
}
