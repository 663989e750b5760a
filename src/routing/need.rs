//! What is to be asked, as far as it matters to who is asked.

use super::Feature;
use crate::config::TaskClass;
use crate::cost::estimate::{Expected, Rough};

/// What a call is for, and how large it is about.
#[derive(Debug, Clone, Copy)]
pub struct Need<'a> {
    /// What asks.
    pub feature: Feature,
    /// Which action asks, by its name.
    pub task: Option<&'a str>,
    /// What kind of work that action is.
    pub class: Option<TaskClass>,
    /// The document's language, by its id.
    pub language: Option<&'a str>,
    /// About how long the prompt will be.
    pub prompt: Rough,
    /// How many tokens the answer is reckoned to have.
    pub output: u64,
    /// How many it may have.
    pub most: u64,
    /// Whether the text must not leave this machine.
    pub is_confined: bool,
}

/// What is usual, where nothing more is known.
const PROMPT: Rough = Rough::of_tokens(1_450);
const COMPLETION: u64 = 40;
const ACTION: u64 = 400;

impl Need<'_> {
    /// Returns what a feature usually needs.
    pub fn usual(feature: Feature) -> Self {
        Self {
            feature,
            task: None,
            class: None,
            language: None,
            prompt: PROMPT,
            output: match feature {
                Feature::Completion | Feature::Speculation => COMPLETION,
                Feature::Action => ACTION,
            },
            most: u64::from(u32::MAX),
            is_confined: false,
        }
    }

    /// Returns what kind of work it is.
    pub fn class(&self) -> TaskClass {
        self.class.unwrap_or(match self.feature {
            Feature::Completion | Feature::Speculation => TaskClass::Completion,
            Feature::Action => TaskClass::Refactor,
        })
    }

    /// Returns what estimates go by.
    pub fn expected(&self) -> Expected<'_> {
        Expected {
            task: self.task.unwrap_or(self.feature.name()),
            prompt: self.prompt,
            output: self.output,
            most: self.most,
        }
    }
}
