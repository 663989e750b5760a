//! What a report can be grouped by.

use std::borrow::Cow;
use std::sync::Arc;

use serde::{Serialize, Serializer};

/// What calls can have in common.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Dimension {
    /// The provider and the model that was asked for.
    Model,
    /// The model that the provider says it ran.
    Served,
    /// The provider.
    Provider,
    /// The key's label.
    Key,
    /// Who pays.
    Payer,
    /// Ghost text or an action.
    Feature,
    /// Which code action.
    Action,
    /// The document's language.
    Language,
    /// The workspace's folder.
    Workspace,
    /// The branch that was checked out.
    Branch,
    /// The user's tags, all together.
    Tags,
    /// The value of one tag, by the tag's name, which is of letters, digits, `-`, `_` and `.`.
    Tag(Arc<str>),
    /// How the call ended.
    Outcome,
    /// What became of its suggestion.
    Fate,
    /// Why its money was spent for nothing, if it was.
    Cause,
    /// The local day.
    Day,
    /// The local month.
    Month,
}

/// What stands before a tag's name.
const TAG: &str = "tag:";

/// No tag has a longer name.
const LONGEST_TAG: usize = 64;

/// The [`Dimension::Cause`] of what was of use, or may have been.
pub(super) const NOT_WASTED: &str = "not wasted";

/// What came to the user in the end was of use, however its call ended; what nothing is known of is not called waste.
const CAUSE: &str = "CASE
    WHEN fate IN ('accepted', 'partly_accepted') THEN 'not wasted'
    WHEN fate = 'rejected' THEN 'rejected'
    WHEN fate = 'shown' THEN 'ignored'
    WHEN outcome <> 'completed' THEN outcome
    WHEN fate = 'unseen' THEN 'never shown'
    ELSE 'not wasted' END";

impl Dimension {
    /// All of them but the single tags, in the order in which help names them.
    pub const ALL: [Self; 16] = [
        Self::Model,
        Self::Served,
        Self::Provider,
        Self::Key,
        Self::Payer,
        Self::Feature,
        Self::Action,
        Self::Language,
        Self::Workspace,
        Self::Branch,
        Self::Tags,
        Self::Outcome,
        Self::Fate,
        Self::Cause,
        Self::Day,
        Self::Month,
    ];

    /// Returns its name, as users write it and JSON has it.
    pub fn name(&self) -> Cow<'static, str> {
        let name = match self {
            Self::Model => "model",
            Self::Served => "served",
            Self::Provider => "provider",
            Self::Key => "key",
            Self::Payer => "payer",
            Self::Feature => "feature",
            Self::Action => "action",
            Self::Language => "language",
            Self::Workspace => "workspace",
            Self::Branch => "branch",
            Self::Tags => "tags",
            Self::Outcome => "outcome",
            Self::Fate => "fate",
            Self::Cause => "cause",
            Self::Day => "day",
            Self::Month => "month",
            Self::Tag(tag) => return format!("{TAG}{tag}").into(),
        };
        name.into()
    }

    /// Returns the names of all that can be grouped by, for messages.
    pub fn names() -> String {
        let names = Self::ALL.map(|dimension| dimension.name());
        format!("{}, and {TAG}NAME", names.join(", "))
    }

    /// Returns the one of this name.
    pub fn named(name: &str) -> Option<Self> {
        if let Some(tag) = name.strip_prefix(TAG) {
            let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
            let is_name = !tag.is_empty() && tag.len() <= LONGEST_TAG && tag.chars().all(is_plain);
            return is_name.then(|| Self::Tag(tag.into()));
        }
        Self::ALL
            .into_iter()
            .find(|dimension| dimension.name() == name)
    }

    /// Returns whether its order is that of time.
    pub fn is_time(&self) -> bool {
        matches!(self, Self::Day | Self::Month)
    }

    /// Returns it as an expression over the table `sums`, of type text.
    pub(super) fn sql(&self) -> Cow<'static, str> {
        let expression = match self {
            Self::Model => "provider || '/' || requested_model",
            Self::Served => {
                "provider || '/' || CASE served_model WHEN '' THEN requested_model ELSE served_model END"
            }
            Self::Provider => "provider",
            Self::Key => "key_label",
            Self::Payer => "payer",
            Self::Feature => "feature",
            Self::Action => "action",
            Self::Language => "language",
            Self::Workspace => "workspace",
            Self::Branch => "branch",
            Self::Tags => "tags",
            Self::Outcome => "outcome",
            Self::Fate => "fate",
            Self::Cause => CAUSE,
            Self::Day => "printf('%04d-%02d-%02d', day / 10000, day / 100 % 100, day % 100)",
            Self::Month => "printf('%04d-%02d', day / 10000, day / 100 % 100)",
            Self::Tag(tag) => {
                return format!(
                    "coalesce(CAST(json_extract(nullif(tags, ''), '$.\"{tag}\"') AS TEXT), '')"
                )
                .into();
            }
        };
        expression.into()
    }
}

impl Serialize for Dimension {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.name())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn every_dimension_has_a_name_of_its_own() {
        for dimension in Dimension::ALL {
            assert_eq!(Dimension::named(&dimension.name()), Some(dimension));
        }
    }

    #[test]
    fn a_tag_is_named_after_a_word_and_its_name_cannot_speak_to_the_database() {
        let client = Dimension::named("tag:client").unwrap();
        assert_eq!(client.name(), "tag:client");
        for wrong in ["tag:", "tag:a'b", "tag:a\"b", "tag:a b", "tag:$.a[0]"] {
            assert_eq!(Dimension::named(wrong), None, "{wrong}");
        }
    }
}
