//! What users write in `[completion]`, checked and taken over.

use std::sync::Arc;
use std::time::Duration;

use super::budget;
use super::options::CompletionOptions;
use super::routing::parse_route;
use super::settings::{Settings, check_range};

/// Takes the options over into settings that have their providers, routes and budget already. The mistake, if there is one, is a key and
/// what is wrong with it.
pub(super) fn resolve(
    written: &CompletionOptions,
    settings: &mut Settings,
) -> Result<(), (String, String)> {
    let of = |key: &'static str| move |message: String| (key.to_owned(), message);
    if let Some(model) = &written.model {
        settings.model =
            parse_route(model, &settings.providers, &settings.routes).map_err(of("model"))?;
    }
    settings.eagerness = written.trigger.unwrap_or_default();
    if let Some(wait) = written.debounce_ms {
        check_range(wait, 0, 5000).map_err(of("debounce_ms"))?;
        settings.debounce = Some(Duration::from_millis(wait));
    }
    if let Some(tokens) = written.max_tokens {
        check_range(tokens.into(), 1, 4096).map_err(of("max_tokens"))?;
        settings.max_tokens = tokens;
    }
    if let Some(lines) = written.max_lines {
        check_range(lines.into(), 1, 100).map_err(of("max_lines"))?;
        settings.max_lines = lines as usize;
    }
    if let Some(amount) = &written.speculation {
        let cap = budget::speculation(amount).map_err(of("speculation"))?;
        settings.speculation = Some(cap.amount);
        Arc::make_mut(&mut settings.budget).add(cap);
    }
    Ok(())
}
