//! Looking at an organisation's files again while the program runs.
//!
//! Entry point: [`Sources::again`]. A newer version takes the older one's place. One that is not valid any more, older than what was seen, or gone does not: what held before holds on,
//! so that nobody loosens rules by damaging them, and the user is told. Where nothing held before, it is as at the start.

use std::path::PathBuf;
use std::sync::Arc;

use super::{Organisation, OrganisationOptions, Place, State, places};

/// Where an organisation's files may lie, and where is noted what was seen of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sources {
    /// The system's folder for them.
    pub system: PathBuf,
    /// The file and the key that the environment names.
    pub named: Option<(String, String)>,
    /// Where the newest serials are noted.
    pub seen: Option<PathBuf>,
}

/// What a look came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Again {
    /// The files that hold from now on.
    pub files: Vec<Arc<Organisation>>,
    /// What is wrong with what lies there now, in sentences.
    pub problems: Vec<String>,
}

impl Sources {
    /// Reads all files that have to be there. `own` is what the user's own file says.
    pub fn load(&self, own: Option<&OrganisationOptions>) -> Vec<Arc<Organisation>> {
        let places = places(&self.system, own, self.named.clone());
        places.into_iter().map(|place| self.read(place)).collect()
    }

    /// Reads them again, where these hold.
    pub fn again(&self, own: Option<&OrganisationOptions>, before: &[Arc<Organisation>]) -> Again {
        let mut again = Again {
            files: Vec::new(),
            problems: Vec::new(),
        };
        let places = places(&self.system, own, self.named.clone());
        let gone = before.iter().filter(|it| !places.contains(&it.place));
        for file in gone.filter(|it| it.serial().is_some()) {
            again.keep(file, "it is not there any more");
        }
        for place in places {
            let before = before.iter().find(|it| it.place == place);
            let held = before.filter(|it| it.serial().is_some());
            let read = self.read(place);
            match (&read.state, held) {
                (State::Invalid(why), Some(held)) => again.keep(held, why),
                (State::Invalid(_), None) => {
                    again.problems.extend(read.problem());
                    again.files.push(read);
                }
                (State::Valid { .. }, _) => again.files.push(read),
            }
        }
        again
    }

    fn read(&self, place: Place) -> Arc<Organisation> {
        Arc::new(Organisation::load(place, self.seen.as_deref()))
    }
}

impl Again {
    fn keep(&mut self, held: &Arc<Organisation>, why: &str) {
        let serial = held.serial().unwrap_or_default();
        self.problems.push(format!(
            "your organisation's file {} is not valid any more: {why}. What it said before (serial {serial}) holds on until a newer one is there, or until the next start",
            held.place.file.display()
        ));
        self.files.push(held.clone());
    }
}

impl Organisation {
    /// Returns the serial of a file that holds.
    fn serial(&self) -> Option<u64> {
        match self.state {
            State::Valid { serial, .. } => Some(serial),
            State::Invalid(_) => None,
        }
    }
}
