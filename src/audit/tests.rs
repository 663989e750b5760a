//! What the chain shows of all that can be done to it.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use jiff::Timestamp;
use proptest::prelude::*;

use super::log::{Size, append};
use super::*;
use crate::thorough;

const SECOND: Duration = Duration::from_secs(1);

fn entry(number: u32) -> Entry {
    Entry {
        at: "2026-08-01T12:00:00Z".parse().unwrap(),
        event: Event::Sent,
        call: Some(format!("c-{number}")),
        feature: "completion".into(),
        action: None,
        provider: "openai".into(),
        model: "m".into(),
        key: Some("work".into()),
        payer: "you: your own key".into(),
        host: Some("api.openai.com".into()),
        rule: "the settings name it".into(),
        policy: "0a".into(),
        workspace: None,
        files: vec![Shown {
            path: format!("src/{number}.rs"),
            bytes: 9,
        }],
        more_files: 0,
        bytes: 12,
        lost: 0,
    }
}

/// A log of so many lines, of which `per_file` fit into a file.
struct Log {
    _folder: tempfile::TempDir,
    path: PathBuf,
}

impl Log {
    fn of(lines: u32, per_file: u32) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.audit.jsonl");
        let numbers: Vec<u32> = (1..=lines).collect();
        let full = Size {
            bytes: 1,
            hours: i64::MAX,
        };
        for part in numbers.chunks(per_file as usize) {
            let entries: Vec<Entry> = part.iter().map(|number| entry(*number)).collect();
            append(&path, &entries, None, full, SECOND).unwrap();
        }
        Self {
            _folder: folder,
            path,
        }
    }

    fn append(&self, number: u32) {
        append(&self.path, &[entry(number)], None, Size::USUAL, SECOND).unwrap();
    }

    fn verdict(&self) -> Verdict {
        verify(&self.path, None, SECOND).unwrap().unwrap()
    }

    /// Its files with their content, in order.
    fn files(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let older = segments::all_older(&self.path);
        let paths = older.into_iter().map(|(_, path)| path);
        let all = paths.chain([self.path.clone()]);
        all.map(|path| (path.clone(), fs::read(&path).unwrap()))
            .collect()
    }

    /// Its lines, of a log in one file.
    fn lines(&self) -> Vec<String> {
        let text = fs::read_to_string(&self.path).unwrap();
        text.lines().map(str::to_owned).collect()
    }

    fn put(&self, lines: &[String]) -> Verdict {
        fs::write(&self.path, lines.join("\n") + "\n").unwrap();
        self.verdict()
    }

    fn head(&self) -> PathBuf {
        segments::head(&self.path)
    }
}

fn faults(verdict: &Verdict) -> Vec<(Fault, Option<u64>)> {
    let findings = verdict.findings.iter();
    findings.map(|one| (one.fault, one.line)).collect()
}

#[test]
fn what_was_written_is_sound_also_over_several_files() {
    let log = Log::of(7, 3);
    let verdict = log.verdict();
    assert!(verdict.is_sound, "{verdict:?}");
    assert_eq!((verdict.lines, verdict.first), (7, 1));
    assert_eq!(log.files().len(), 3);
    let nothing = tempfile::tempdir().unwrap();
    let path = nothing.path().join("ledger.audit.jsonl");
    assert_eq!(verify(&path, None, SECOND), Ok(None));
}

#[test]
fn every_byte_that_is_flipped_is_found() {
    let log = Log::of(3, 2);
    let mut tried = 0;
    for (path, good) in log.files() {
        for at in (0..good.len()).step_by(thorough::stride()) {
            let mut bad = good.clone();
            bad[at] ^= 1 << (at % 8);
            fs::write(&path, &bad).unwrap();
            let verdict = log.verdict();
            assert!(!verdict.is_sound, "{} {at}", path.display());
            tried += 1;
        }
        fs::write(&path, &good).unwrap();
    }
    assert!(log.verdict().is_sound);
    assert!(tried > thorough::part(1000), "{tried}");
}

#[test]
fn every_byte_of_the_note_of_its_end_that_is_flipped_is_found() {
    let log = Log::of(2, 9);
    let good = fs::read(log.head()).unwrap();
    for at in (0..good.len()).step_by(thorough::stride()) {
        let mut bad = good.clone();
        bad[at] ^= 1;
        fs::write(log.head(), &bad).unwrap();
        let verdict = log.verdict();
        assert_eq!(faults(&verdict), [(Fault::Head, None)], "{at}");
    }
}

#[test]
fn a_line_whose_words_were_changed_is_named() {
    let log = Log::of(6, 99);
    let good = log.lines();
    for at in 0..good.len() {
        let mut lines = good.clone();
        lines[at] = lines[at].replace("your own key", "nobody at all");
        let verdict = log.put(&lines);
        let number = at as u64 + 1;
        assert_eq!(
            faults(&verdict),
            [(Fault::Changed, Some(number))],
            "{verdict:?}"
        );
    }
}

#[test]
fn a_line_that_was_taken_out_is_named_wherever_it_was() {
    let log = Log::of(6, 99);
    let good = log.lines();
    for at in 0..good.len() {
        let mut lines = good.clone();
        lines.remove(at);
        let verdict = log.put(&lines);
        let number = at as u64 + 1;
        assert_eq!(
            faults(&verdict),
            [(Fault::Missing, Some(number))],
            "{verdict:?}"
        );
    }
    let verdict = log.put(&good[..2]);
    assert_eq!(faults(&verdict), [(Fault::Missing, Some(3))]);
    assert_eq!(verdict.findings[0].last, Some(6));
    fs::remove_file(&log.path).unwrap();
    assert_eq!(faults(&log.verdict()), [(Fault::Missing, Some(1))]);
}

#[test]
fn lines_that_changed_places_stand_twice_or_were_put_in_are_named() {
    let log = Log::of(6, 99);
    let good = log.lines();
    for at in 0..good.len() - 1 {
        let mut lines = good.clone();
        lines.swap(at, at + 1);
        let verdict = log.put(&lines);
        let named = faults(&verdict);
        let number = Some(at as u64 + 1);
        assert!(named.contains(&(Fault::Moved, number)), "{verdict:?}");
    }
    for at in 0..good.len() {
        let mut lines = good.clone();
        lines.insert(at, good[at].clone());
        let verdict = log.put(&lines);
        let number = at as u64 + 1;
        assert_eq!(
            faults(&verdict),
            [(Fault::Inserted, Some(number))],
            "{verdict:?}"
        );
    }
    // One that fits the chain, in its middle and at its end.
    for at in [2, good.len()] {
        let before = Mark {
            n: at as u64,
            hash: Hash::of(good[at - 1].as_bytes()),
        };
        let mut lines = good.clone();
        lines.insert(at, chain::line(before, &entry(99)).0);
        let named = faults(&log.put(&lines));
        let number = Some(at as u64 + 1);
        assert!(named.contains(&(Fault::Inserted, number)), "{named:?}");
    }
}

#[test]
fn a_file_that_is_gone_is_named_by_its_lines() {
    let log = Log::of(7, 3);
    let (middle, _) = &log.files()[1];
    fs::remove_file(middle).unwrap();
    let verdict = log.verdict();
    assert_eq!(faults(&verdict), [(Fault::Missing, Some(4))]);
    assert_eq!(verdict.findings[0].last, Some(6));
}

#[test]
fn every_cut_of_the_end_is_found() {
    let log = Log::of(3, 99);
    let good = fs::read(&log.path).unwrap();
    for length in (0..good.len()).step_by(thorough::stride()) {
        fs::write(&log.path, &good[..length]).unwrap();
        assert!(!log.verdict().is_sound, "{length}");
    }
}

#[test]
fn what_was_done_to_it_is_still_found_after_more_was_written() {
    let log = Log::of(4, 99);
    let good = log.lines();
    log.put(&good[..3]);
    log.append(5);
    assert_eq!(faults(&log.verdict()), [(Fault::Missing, Some(4))]);
    let log = Log::of(4, 99);
    let mut lines = log.lines();
    lines[3] = lines[3].replace("openai", "nobody");
    log.put(&lines);
    log.append(5);
    assert_eq!(faults(&log.verdict()), [(Fault::Changed, Some(4))]);
}

#[test]
fn without_the_note_of_its_end_nothing_is_written_and_nothing_called_sound() {
    let log = Log::of(3, 99);
    fs::remove_file(log.head()).unwrap();
    let failed = append(&log.path, &[entry(4)], None, Size::USUAL, SECOND);
    assert!(failed.unwrap_err().contains("is gone"));
    assert_eq!(faults(&log.verdict()), [(Fault::Head, None)]);
}

#[test]
fn an_end_that_was_noted_elsewhere_is_looked_for() {
    let log = Log::of(3, 99);
    let end: Anchor = log.verdict().end.unwrap().parse().unwrap();
    log.append(4);
    let found = verify(&log.path, Some(end), SECOND).unwrap().unwrap();
    assert!(found.is_sound, "{found:?}");
    // Whoever makes all of it anew cannot make the end that somebody else has.
    for file in [log.path.clone(), log.head()] {
        fs::remove_file(file).unwrap();
    }
    (0..4).for_each(|number| log.append(number));
    assert!(log.verdict().is_sound);
    let found = verify(&log.path, Some(end), SECOND).unwrap().unwrap();
    assert_eq!(faults(&found), [(Fault::Anchor, Some(3))]);
}

#[test]
fn a_program_that_was_killed_while_it_wrote_leaves_a_sound_log() {
    // Killed before the line, in its midst, behind it.
    for part in [0, 1, 20, usize::MAX] {
        let log = Log::of(3, 99);
        let before = fs::read(&log.path).unwrap();
        let noted = fs::read(log.head()).unwrap();
        log.append(4);
        let after = fs::read(&log.path).unwrap();
        let pending = {
            fs::write(log.head(), &noted).unwrap();
            let mut file = head::HeadFile::open(&log.head(), head::Lock::Alone, SECOND)
                .unwrap()
                .unwrap();
            let mut pending = file.read().unwrap().unwrap();
            let last = after.strip_suffix(b"\n").unwrap();
            let last = last.rsplit(|byte| *byte == b'\n').next().unwrap();
            pending.next = Some(head::End {
                mark: Mark {
                    n: 4,
                    hash: Hash::of(last),
                },
                length: after.len() as u64,
            });
            file.write(&pending).unwrap();
            pending
        };
        assert!(pending.next.is_some());
        let length = before.len().saturating_add(part).min(after.len());
        fs::write(&log.path, &after[..length]).unwrap();
        if length == before.len() || length == after.len() {
            let verdict = log.verdict();
            assert!(verdict.is_sound && verdict.notes.len() == 1, "{verdict:?}");
        }
        log.append(5);
        let verdict = log.verdict();
        assert!(verdict.is_sound && verdict.notes.is_empty(), "{verdict:?}");
    }
}

#[test]
fn a_program_that_was_killed_while_it_put_a_file_aside_leaves_a_sound_log() {
    let log = Log::of(3, 99);
    fs::rename(&log.path, segments::older(&log.path, 1)).unwrap();
    log.append(4);
    let verdict = log.verdict();
    assert!(verdict.is_sound && verdict.lines == 4, "{verdict:?}");
}

#[test]
fn old_files_are_forgotten_whole_and_the_rest_is_a_chain() {
    let log = Log::of(6, 2);
    let mut young = entry(7);
    young.at = Timestamp::now();
    let full = Size {
        bytes: 1,
        hours: i64::MAX,
    };
    append(&log.path, &[young], Some(35), full, SECOND).unwrap();
    let verdict = log.verdict();
    assert!(verdict.is_sound, "{verdict:?}");
    assert_eq!((verdict.lines, verdict.first), (1, 7));
    // That the first ones of what is kept are gone is still a gap.
    log.append(8);
    let lines = log.lines();
    assert_eq!(faults(&log.put(&lines[1..])), [(Fault::Missing, Some(7))]);
}

#[test]
fn a_lock_that_somebody_holds_is_not_waited_for_for_ever() {
    let log = Log::of(1, 9);
    let held = head::HeadFile::open(&log.head(), head::Lock::Alone, SECOND).unwrap();
    assert!(held.is_some());
    let short = Duration::from_millis(5);
    let failed = append(&log.path, &[entry(2)], None, Size::USUAL, short);
    assert!(failed.unwrap_err().contains("another process"));
    assert!(verify(&log.path, None, short).is_err());
}

#[test]
fn lines_that_cannot_be_written_are_told_once_and_counted_in_the_next_that_can() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.audit.jsonl");
    // A folder is in the way.
    fs::create_dir(&path).unwrap();
    let audit = Audit::at(Some(path.clone()));
    for number in 0..3 {
        audit.note(entry(number), None);
        assert!(audit.close(SECOND * 10));
    }
    assert!(audit.take_trouble().unwrap().contains("ledger.audit.jsonl"));
    assert_eq!(audit.take_trouble(), None);
    fs::remove_dir(&path).unwrap();
    let head = segments::head(&path);
    if head.exists() {
        fs::remove_file(head).unwrap();
    }
    audit.note(entry(4), None);
    assert!(audit.close(SECOND * 10));
    let lines = fs::read_to_string(&path).unwrap();
    assert!(
        lines.lines().next().unwrap().contains("\"lost\":3"),
        "{lines}"
    );
    assert!(verify(&path, None, SECOND).unwrap().unwrap().is_sound);
}

/// Not a test by itself: what the one below runs in processes of their own.
#[test]
fn a_process_that_appends() {
    let Some(path) = std::env::var_os("BYOK_TEST_AUDIT") else {
        return;
    };
    for number in 0..20 {
        let patience = Duration::from_mins(1);
        append(
            Path::new(&path),
            &[entry(number)],
            None,
            Size {
                bytes: 4000,
                hours: 9,
            },
            patience,
        )
        .unwrap();
    }
}

#[test]
fn four_processes_append_at_once_and_it_is_one_chain() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.audit.jsonl");
    let process = |_| {
        Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "audit::tests::a_process_that_appends"])
            .env("BYOK_TEST_AUDIT", &path)
            .stdout(std::process::Stdio::null())
            .spawn()
            .unwrap()
    };
    let processes: Vec<_> = (0..4).map(process).collect();
    for mut process in processes {
        assert!(process.wait().unwrap().success());
    }
    let verdict = verify(&path, None, SECOND).unwrap().unwrap();
    assert!(verdict.is_sound, "{verdict:?}");
    assert_eq!(verdict.lines, 80);
}

proptest! {
    #![proptest_config(thorough::cases(48))]

    /// Whatever is done to the bytes, unless it leaves them as they were.
    #[test]
    fn whatever_is_done_to_a_log_is_found(
        lines in 1_u32..8,
        per_file in 1_u32..4,
        which in any::<prop::sample::Index>(),
        from in any::<prop::sample::Index>(),
        length in 0_usize..40,
        put in prop::collection::vec(any::<u8>(), 0..20),
    ) {
        let log = Log::of(lines, per_file);
        let files = log.files();
        let (path, good) = &files[which.index(files.len())];
        let mut bad = good.clone();
        let from = from.index(bad.len());
        let to = (from + length).min(bad.len());
        bad.splice(from..to, put);
        fs::write(path, &bad).unwrap();
        prop_assert_eq!(log.verdict().is_sound, &bad == good);
    }
}
