//! What belongs to the types in play: their fields and methods.

use super::Pool;
use super::names::Seen;
use crate::context::fragment::Source;
use crate::context::prepare::Inputs;
use crate::syntax::Kind;

/// The most types whose members are candidates.
const TYPES: usize = 40;

/// The most members of each.
const MEMBERS: usize = 60;

/// Adds the members of the types that are candidates by now, and of those that the text round the cursor names.
pub(super) fn add(pool: &mut Pool<'_>, inputs: &Inputs<'_>, seen: &Seen) {
    let mut owners: Vec<(f32, String)> = Vec::new();
    for candidate in pool.candidates.values() {
        let definition = candidate.found.definition();
        if definition.kind != Kind::Type {
            continue;
        }
        let sight = seen.names.get(&*definition.name);
        let strength = sight.map_or(0.0, |sight| sight.near * 0.5 + sight.around * 0.5);
        let strength = strength.max(candidate.signs.imported * 0.3);
        if strength > 0.0 {
            owners.push((strength, definition.name.to_string()));
        }
    }
    // Methods of the document's own types may be defined elsewhere too.
    if let Some(own) = inputs.definitions.file(inputs.path) {
        for definition in own.definitions.iter().filter(|one| one.kind == Kind::Type) {
            let strength = seen
                .names
                .get(&*definition.name)
                .map_or(0.0, |sight| sight.around);
            owners.push((strength * 0.5, definition.name.to_string()));
        }
    }
    owners.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    owners.dedup_by(|a, b| a.1 == b.1);
    for (strength, owner) in owners.into_iter().take(TYPES) {
        for found in inputs
            .definitions
            .of_owner(&owner)
            .into_iter()
            .take(MEMBERS)
        {
            if let Some(signs) = pool.add(found, Source::Member) {
                signs.member = signs.member.max(strength);
            }
        }
    }
}
