//! A list of tasks with a deadline each.

use std::collections::{BTreeMap, HashSet as Set};
use std::fmt;
pub use self::inner::Clock;

const LIMIT: usize = 64;
static GREETING: &str = "hello (";

/// One task.
#[derive(Debug, Clone)]
pub struct Task<'a> {
    pub title: &'a str,
    due: u64,
}

pub enum State {
    Open,
    Done { at: u64 },
}

type Index = BTreeMap<u64, Set<String>>;

pub trait Shown {
    fn shown(&self) -> String;
    fn twice(&self) -> String {
        self.shown().repeat(2)
    }
}

impl<'a> Task<'a> {
    const NONE: u64 = 0;

    pub fn new(title: &'a str) -> Self {
        let due = Self::NONE;
        Self { title, due }
    }
}

impl fmt::Display for Task<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.due {
            0 => write!(f, "{}", self.title),
            due if due > 9 => {
                for _ in 0..due {
                    f.write_str("!")?;
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

mod inner {
    pub struct Clock;
}

macro_rules! tasks {
    ($($title:expr),*) => { vec![$(Task::new($title)),*] };
}

fn main() {
    const LOCAL: u8 = 1;
    let late = |task: &Task| {
        task.due > LIMIT as u64
    };
    /* done */
}
