//! What belongs to the types in play: their fields and methods.
//!
//! A type is in play where the text names it near the cursor; where the type round the cursor is built on it; where a name that something is
//! reached through is called like it (`request_validator` is likely a `RequestValidator`); and where the definition of a name near the cursor
//! names it, as what it is or returns.

use std::collections::BTreeMap;

use super::imports::Imports;
use super::names::{Seen, shared};
use super::{Pool, number};
use crate::context::fragment::Source;
use crate::context::prepare::Inputs;
use crate::index::names;
use crate::syntax::{self, Kind};

/// The most types whose members are candidates.
const TYPES: usize = 60;

/// The most members of each.
const MEMBERS: usize = 80;

/// What is less in play than this is not followed.
const WEAK: f32 = 0.05;

/// Adds the members of the types in play.
pub(super) fn add(pool: &mut Pool<'_>, inputs: &Inputs<'_>, seen: &Seen, imports: &Imports) {
    let mut owners = Owners::default();
    for candidate in pool.candidates.values() {
        let definition = candidate.found.definition();
        let sight = seen.names.get(&*definition.name);
        let strength = sight.map_or(0.0, |sight| sight.near * 0.5 + sight.around * 0.5);
        if definition.kind == Kind::Type {
            owners.note(
                &definition.name,
                strength.max(candidate.signs.imported * 0.3),
            );
        } else if strength > WEAK {
            // Only the first lines of what is near: there the types stand that it is made of.
            for (_, name) in names(candidate.found.lines()).take(12) {
                owners.note(name, strength * 0.4);
            }
        }
    }
    if let Some(own) = inputs.definitions.file(inputs.path) {
        // Methods of the document's own types may be defined elsewhere too, and its own definitions name types.
        for definition in &own.definitions {
            let sight = seen.names.get(&*definition.name);
            let strength = sight.map_or(0.0, |sight| sight.around * 0.5);
            owners.note(&definition.name, strength);
            if strength > WEAK {
                for (_, name) in names(own.lines(definition)).take(12) {
                    owners.note(name, strength * 0.6);
                }
            }
        }
    }
    for scope in syntax::enclosing_scopes(inputs.tree, inputs.text, inputs.cursor) {
        if scope.kind == Kind::Type {
            let header = inputs.text.get_byte_slice(scope.header.clone());
            let header = header.map(String::from).unwrap_or_default();
            for (_, name) in names(&header) {
                owners.note(name, 0.9);
            }
        }
    }
    for (name, sight) in &seen.names {
        if sight.reaching > WEAK {
            owners.note(&type_name(name), sight.reaching * 0.7);
        }
    }
    for (owner, strength) in owners.strongest() {
        let mut members = inputs.definitions.of_owner(&owner);
        // Of several types of one name the imported one is meant, or the closest.
        members.sort_by_cached_key(|one| {
            let path = &*one.file.path;
            std::cmp::Reverse((imports.reaches(path), shared(inputs.path, path)))
        });
        // Of few members each is likelier than of many.
        let each = strength / number(members.len()).sqrt().max(1.0);
        for found in members.into_iter().take(MEMBERS) {
            if let Some(signs) = pool.add(found, Source::Member) {
                signs.member = signs.member.max(each);
                signs.owned = signs.owned.max(strength);
            }
        }
    }
}

/// How much each type is in play.
#[derive(Default)]
struct Owners(BTreeMap<String, f32>);

impl Owners {
    fn note(&mut self, name: &str, strength: f32) {
        if strength > WEAK {
            let known = self.0.entry(name.to_owned()).or_default();
            *known = known.max(strength);
        }
    }

    fn strongest(self) -> impl Iterator<Item = (String, f32)> {
        let mut owners: Vec<(String, f32)> = self.0.into_iter().collect();
        owners.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        owners.into_iter().take(TYPES)
    }
}

/// Returns what a type would be called whose values are called so.
fn type_name(value: &str) -> String {
    let parts = value.split('_').filter(|part| !part.is_empty());
    let capital = |part: &str| {
        let mut letters = part.chars();
        let first = letters.next().map(|first| first.to_uppercase().to_string());
        first.unwrap_or_default() + letters.as_str()
    };
    parts.map(capital).collect()
}

#[cfg(test)]
mod tests {
    use super::type_name;

    #[test]
    fn a_value_is_called_like_its_type() {
        let table = [
            ("request_validator", "RequestValidator"),
            ("client", "Client"),
            ("_pool", "Pool"),
            ("apiClient", "ApiClient"),
        ];
        for (value, expected) in table {
            assert_eq!(type_name(value), expected);
        }
    }
}
