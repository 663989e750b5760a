//! Finds what was done to the log after it was written, and names the lines.
//!
//! Entry point: [`verify`]. Three things must fit: each line's number is the next one, its hash of the line before it is that line's, and the last
//! line is the one that is noted as such. What does not fit is a [`Finding`]; where one act breaks two of them, it is told once.

use std::collections::BTreeSet;
use std::fmt;
use std::iter::Peekable;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use serde::Serialize;

use super::chain::{Hash, Link, Mark};
use super::head::{Head, HeadFile, Lock};
use super::segments::{self, Raw};

/// More findings are counted only.
const MOST: usize = 100;

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Fault {
    /// A line is not as it was written.
    Changed,
    /// Lines are not there.
    Missing,
    /// A line stands where another belongs.
    Moved,
    /// A line was put in.
    Inserted,
    /// What is noted of the log's end is gone or damaged, so that nobody can tell where it ended.
    Head,
    /// A place that was noted elsewhere is not in the chain.
    Anchor,
}

/// Something that was done to the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// What.
    pub fault: Fault,
    /// The number of the line that it was done to, or of the first of them.
    pub line: Option<u64>,
    /// The last of them, if there are several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last: Option<u64>,
    /// The file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<PathBuf>,
    /// The place in the file, counted from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub row: Option<usize>,
    /// The same in words.
    pub message: String,
}

/// What was found out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Verdict {
    /// Whether all is as it was written.
    pub is_sound: bool,
    /// How many lines there are.
    pub lines: u64,
    /// The number of the first that is kept.
    pub first: u64,
    /// The last line's number and hash, to be noted elsewhere.
    pub end: Option<String>,
    /// What is wrong.
    pub findings: Vec<Finding>,
    /// How many more findings there are.
    #[serde(skip_serializing_if = "is_nothing")]
    pub more: usize,
    /// What is worth knowing and no fault.
    pub notes: Vec<String>,
}

#[allow(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
fn is_nothing(number: &usize) -> bool {
    *number == 0
}

/// A place in the chain that somebody noted elsewhere, as `NUMBER:HASH`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Anchor(Mark);

impl FromStr for Anchor {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "an end is written NUMBER:HASH, as \"audit verify\" prints it".to_owned();
        let (n, hash) = text.split_once(':').ok_or_else(wrong)?;
        Ok(Self(Mark {
            n: n.parse().map_err(|_| wrong())?,
            hash: hash.parse().map_err(|_| wrong())?,
        }))
    }
}

impl fmt::Display for Anchor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}", self.0.n, self.0.hash)
    }
}

/// Looks at the whole log. `None` if there is none.
pub fn verify(
    path: &Path,
    expected: Option<Anchor>,
    patience: Duration,
) -> Result<Option<Verdict>, String> {
    let head_path = segments::head(path);
    // Held to the end, so that nobody writes meanwhile.
    let mut file = HeadFile::open(&head_path, Lock::Shared, patience)?;
    let has_lines = segments::has_lines(path);
    if file.is_none() && !has_lines && expected.is_none() {
        return Ok(None);
    }
    let head = match file.as_mut().map(HeadFile::read) {
        Some(Ok(Some(head))) => Ok(head),
        // A process that was killed before its first line leaves it empty.
        Some(Ok(None)) if !has_lines => Ok(Head::default()),
        Some(Err(why)) => Err(why),
        Some(Ok(None)) | None => Err(format!("{} is gone or empty", head_path.display())),
    };
    let mut reading = Reading::new(head, expected);
    let first = reading.before.n + 1;
    let mut lines = segments::lines(path, first).peekable();
    while let Some(line) = lines.next() {
        let line = line?;
        let next_prev = next_prev(&mut lines);
        reading.line(&line, next_prev);
    }
    Ok(Some(reading.end(path)))
}

/// Returns which hash the next line says that this one has.
fn next_prev(lines: &mut Peekable<impl Iterator<Item = Result<Raw, String>>>) -> Option<Hash> {
    let next = lines.peek()?.as_ref().ok()?;
    Some(Link::read(&next.bytes)?.prev)
}

struct Reading {
    before: Mark,
    head: Result<Head, String>,
    /// The place of the last line that fits.
    at: Mark,
    /// Whether that line's own trouble was told, so that what the next one says of it is no news.
    is_explained: bool,
    lines: u64,
    expected: Option<Anchor>,
    has_expected: bool,
    findings: Vec<Finding>,
    more: usize,
}

impl Reading {
    fn new(head: Result<Head, String>, expected: Option<Anchor>) -> Self {
        let before = head
            .as_ref()
            .map_or_else(|_| Mark::default(), |it| it.before);
        Self {
            before,
            head,
            at: before,
            is_explained: false,
            lines: 0,
            has_expected: expected.is_some_and(|it| it.0 == before),
            expected,
            findings: Vec::new(),
            more: 0,
        }
    }

    fn line(&mut self, line: &Raw, next_prev: Option<Hash>) {
        self.lines += 1;
        let hash = Hash::of(&line.bytes);
        let wanted = self.at.n + 1;
        let read = Link::read(&line.bytes).filter(|_| line.is_whole);
        let Some(said) = read else {
            self.changed(wanted, line, "cannot be read any more");
            self.go_on(wanted, hash, true);
            return;
        };
        if self.expected.map(|it| it.0) == Some(Mark { n: said.n, hash }) {
            self.has_expected = true;
        }
        let fits = said.prev == self.at.hash;
        if said.n == wanted && (fits || self.is_explained) {
            self.go_on(wanted, hash, false);
        } else if said.n == wanted {
            // Either says something that the other does not: the one that a third agrees with is as it was.
            let is_as_it_was = match next_prev {
                Some(prev) => prev == hash,
                None => self
                    .head
                    .as_ref()
                    .is_ok_and(|head| ends(head, said.n, hash)),
            };
            if is_as_it_was && self.at.n > self.before.n {
                let message = format!("line {} is not as it was written", self.at.n);
                self.of_log(&line.file, Fault::Changed, Some(self.at.n), &message);
            } else {
                self.changed(wanted, line, "is not as it was written");
            }
            self.go_on(wanted, hash, !is_as_it_was);
        } else if fits {
            self.changed(wanted, line, "has another number");
            self.go_on(wanted, hash, true);
        } else if said.n > wanted {
            self.missing(wanted, said.n - 1, line);
            self.go_on(said.n, hash, false);
        } else {
            self.find(Finding {
                fault: Fault::Inserted,
                line: Some(said.n),
                last: None,
                file: Some(line.file.clone()),
                row: Some(line.row),
                message: format!(
                    "{}:{}: a line with the number {} stands behind line {}",
                    line.file.display(),
                    line.row,
                    said.n,
                    self.at.n
                ),
            });
        }
    }

    fn go_on(&mut self, n: u64, hash: Hash, is_explained: bool) {
        self.at = Mark { n, hash };
        self.is_explained = is_explained;
    }

    fn changed(&mut self, n: u64, line: &Raw, what: &str) {
        self.find(Finding {
            fault: Fault::Changed,
            line: Some(n),
            last: None,
            file: Some(line.file.clone()),
            row: Some(line.row),
            message: format!("{}: line {n} {what}", line.file.display()),
        });
    }

    fn missing(&mut self, first: u64, last: u64, line: &Raw) {
        let message = format!("{}: {}", line.file.display(), gone(first, last));
        self.find(Finding {
            fault: Fault::Missing,
            line: Some(first),
            last: (last > first).then_some(last),
            file: Some(line.file.clone()),
            row: Some(line.row),
            message,
        });
    }

    fn find(&mut self, finding: Finding) {
        if self.findings.len() < MOST {
            self.findings.push(finding);
        } else {
            self.more += 1;
        }
    }

    fn of_log(&mut self, path: &Path, fault: Fault, line: Option<u64>, message: &str) {
        self.find(Finding {
            fault,
            line,
            last: None,
            file: Some(path.to_owned()),
            row: None,
            message: format!("{}: {message}", path.display()),
        });
    }

    /// Compares the end with what is noted of it.
    fn end(mut self, path: &Path) -> Verdict {
        let mut notes = Vec::new();
        let at = self.at;
        match self.head.clone() {
            Err(why) => {
                let message = format!("{why}, so nobody can tell whether lines were cut off");
                self.of_log(path, Fault::Head, None, &message);
            }
            Ok(head) if ends(&head, at.n, at.hash) => {
                if head.next.is_some() {
                    notes.push(
                        "a program was killed while it wrote; what it was about to write may be missing"
                            .to_owned(),
                    );
                }
            }
            Ok(head) if at.n < head.end.mark.n => {
                let (first, last) = (at.n + 1, head.end.mark.n);
                self.find(Finding {
                    fault: Fault::Missing,
                    line: Some(first),
                    last: (last > first).then_some(last),
                    file: Some(path.to_owned()),
                    row: None,
                    message: format!("{}: {} at its end", path.display(), gone(first, last)),
                });
            }
            Ok(head) if at.n > head.end.mark.n => {
                let first = head.end.mark.n + 1;
                let message = format!("line {first} was put in behind the end");
                self.of_log(path, Fault::Inserted, Some(first), &message);
            }
            Ok(_) if self.is_explained => {}
            Ok(_) => {
                let message = format!("line {}, the last, is not as it was written", at.n);
                self.of_log(path, Fault::Changed, Some(at.n), &message);
            }
        }
        if let Some(expected) = self.expected.filter(|_| !self.has_expected) {
            let message = format!("the end that was noted before, {expected}, is not in it");
            self.of_log(path, Fault::Anchor, Some(expected.0.n), &message);
        }
        let findings = moved(self.findings);
        Verdict {
            is_sound: findings.is_empty(),
            lines: self.lines,
            first: self.before.n + 1,
            end: (at.n > 0).then(|| Anchor(at).to_string()),
            findings,
            more: self.more,
            notes,
        }
    }
}

/// Returns whether a log may end with this line.
fn ends(head: &Head, n: u64, hash: Hash) -> bool {
    let mark = Mark { n, hash };
    head.end.mark == mark || head.next.is_some_and(|next| next.mark == mark)
}

fn gone(first: u64, last: u64) -> String {
    if first == last {
        format!("line {first} is missing")
    } else {
        format!("lines {first} to {last} are missing")
    }
}

/// Tells a line that is missing in one place and stands in another as one that was moved.
fn moved(findings: Vec<Finding>) -> Vec<Finding> {
    let is = |finding: &Finding, fault| finding.fault == fault;
    let inserted = findings.iter().filter(|one| is(one, Fault::Inserted));
    let inserted: BTreeSet<u64> = inserted.filter_map(|one| one.line).collect();
    let missing = findings.iter().filter(|one| is(one, Fault::Missing));
    let missing: Vec<(u64, u64)> = missing
        .filter_map(|one| Some((one.line?, one.last.or(one.line)?)))
        .collect();
    let lies = |n: u64| {
        missing
            .iter()
            .any(|(first, last)| (*first..=*last).contains(&n))
    };
    findings
        .into_iter()
        .filter_map(|mut finding| {
            let line = finding.line.unwrap_or_default();
            match finding.fault {
                Fault::Inserted if lies(line) => {
                    finding.fault = Fault::Moved;
                    finding.message += ", where it does not belong";
                }
                Fault::Missing => {
                    let last = finding.last.unwrap_or(line);
                    if (line..=last).all(|n| inserted.contains(&n)) {
                        return None;
                    }
                }
                _ => {}
            }
            Some(finding)
        })
        .collect()
}
