//! What is saved of the index of symbols.

use super::Finding;
use crate::cli::parts;
use crate::config::Settings;
use crate::index::Shelf;

/// Says where it is, how much of it, and whether it can be written.
pub(super) fn look(settings: &Settings) -> Finding {
    const NAME: &str = "symbols";
    if !settings.context.saves_index {
        return Finding::good(NAME, "not saved (context.save_index is off)");
    }
    let Some(folder) = parts::shelf() else {
        return Finding::warning(
            NAME,
            "this system tells no cache folder, so that each start reads the whole workspace",
            "set BYOK_CACHE to a folder's path",
        );
    };
    let shelf = Shelf::new(folder.clone());
    let place = folder.display();
    if let Err(error) = shelf.prepare() {
        return Finding::warning(
            NAME,
            format!(
                "{place} cannot be written ({error}), so that each start reads the whole workspace"
            ),
            "mend that, or set BYOK_CACHE to another folder's path",
        );
    }
    let holding = shelf.holding();
    Finding::good(
        NAME,
        format!(
            "{} folders of workspaces in {} MB at {place}",
            holding.folders,
            holding.bytes.div_ceil(1_000_000)
        ),
    )
}
