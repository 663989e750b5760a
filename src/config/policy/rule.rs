//! Which rule of whose forbids something, in words.

/// Whose rules they are; the first is told first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// The organisation's file.
    Organisation,
    /// The user's own file, or their editor's settings.
    User,
    /// The workspace's file.
    Workspace,
}

impl Source {
    /// Returns whose rules they are, in words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Organisation => "your organisation's file",
            Self::User => "your own [policy]",
            Self::Workspace => "this workspace's .byok.toml",
        }
    }
}

/// A rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Rule {
    /// The organisation's file is not valid.
    Invalid,
    /// No code actions.
    Actions,
    /// The lists of providers.
    Provider,
    /// The lists of models.
    Model,
    /// Nothing that leaves this machine.
    Offline,
    /// Who may pay.
    Payer,
    /// Nobody who learns from it.
    Training,
    /// Nobody who keeps it.
    Retention,
    /// Where it may be worked on.
    Region,
    /// What a model may cost.
    Price,
    /// Which files may be shown to whom.
    Path,
}

/// What forbids something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Refused {
    /// Whose rule.
    pub source: Source,
    /// Which.
    pub rule: Rule,
}

/// Each rule in the words of the three: the organisation's file, the user's own rules, the workspace's file.
macro_rules! words {
    ($($rule:ident => $says:literal,)*) => {
        impl Refused {
            /// Returns it in a few words.
            pub fn words(self) -> &'static str {
                match (self.rule, self.source) {
                    $(
                        (Rule::$rule, Source::Organisation) => concat!("your organisation's file ", $says),
                        (Rule::$rule, Source::User) => concat!("your own [policy] ", $says),
                        (Rule::$rule, Source::Workspace) => concat!("this workspace's .byok.toml ", $says),
                    )*
                }
            }

            /// Returns what forbids something by its words.
            pub fn by_words(words: &str) -> Option<Self> {
                const SOURCES: [Source; 3] = [Source::Organisation, Source::User, Source::Workspace];
                const RULES: &[Rule] = &[$(Rule::$rule),*];
                let all = RULES.iter().flat_map(|rule| {
                    SOURCES.iter().map(|source| Self { source: *source, rule: *rule })
                });
                all.into_iter().find(|refused| refused.words() == words)
            }
        }
    };
}

words! {
    Invalid => "is not valid, so nothing is asked that costs something or leaves this machine",
    Actions => "allows no code actions",
    Provider => "does not allow the provider of the model that is set",
    Model => "does not allow the model that is set",
    Offline => "allows nothing that leaves this machine",
    Payer => "does not allow the one who would pay",
    Training => "allows no provider that may learn from what it is sent",
    Retention => "allows no provider that may keep what it is sent",
    Region => "does not allow where the provider works",
    Price => "does not allow what the model costs",
    Path => "does not allow this provider to see the file",
}
