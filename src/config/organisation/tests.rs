//! Whatever is done to a signed file shows, and nothing that costs or leaves is asked then.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::io::Cursor;
use std::path::PathBuf;

use minisign::KeyPair;

use super::*;
use crate::config::ModelName;
use crate::routing::{self, Feature};
use crate::thorough;

impl Organisation {
    /// One that holds, without a signature.
    pub(in crate::config) fn for_tests(text: &str) -> Self {
        let written = Written::of("organisation", text.parse().unwrap()).unwrap();
        Self {
            place: Place {
                file: PathBuf::new(),
                key: Key::Text(String::new()),
            },
            state: State::Valid {
                name: None,
                serial: 1,
                rules: Box::new(Rules(written)),
            },
        }
    }
}

/// A folder with a signed file, and the key.
struct Desk {
    folder: tempfile::TempDir,
    keys: KeyPair,
}

const RULES: &str = "[policy]\nproviders = [\"openai\"]\n";

impl Desk {
    fn new() -> Self {
        let desk = Self {
            folder: tempfile::tempdir().unwrap(),
            keys: KeyPair::generate_unencrypted_keypair().unwrap(),
        };
        desk.write(&format!("serial = 3\nname = \"Acme\"\n{RULES}"));
        desk
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("organisation.toml")
    }

    fn signature(&self) -> PathBuf {
        self.folder.path().join("organisation.toml.minisig")
    }

    fn write(&self, text: &str) {
        fs::write(self.file(), text).unwrap();
        let (public, secret) = (&self.keys.pk, &self.keys.sk);
        let signed = minisign::sign(Some(public), secret, Cursor::new(text), None, None);
        fs::write(self.signature(), signed.unwrap().into_string()).unwrap();
    }

    fn load(&self) -> Organisation {
        self.load_by(&self.keys.pk.to_base64())
    }

    fn load_by(&self, key: &str) -> Organisation {
        let place = Place {
            file: self.file(),
            key: Key::Text(key.into()),
        };
        let seen = self.folder.path().join("state/ledger.organisation.json");
        Organisation::load(place, Some(&seen))
    }
}

fn asks(file: &Organisation, provider: &str) -> bool {
    let settings = file.restrict(Settings::default());
    let wanted = ModelName::Of {
        provider: provider.into(),
        model: "m".into(),
    };
    let decision = routing::decide_on(&settings, Feature::Completion, &wanted, &[]);
    !decision.is_embedded()
}

fn why(file: &Organisation) -> String {
    assert!(!asks(file, "openai"), "nothing that leaves is asked");
    assert!(asks(file, "ollama"), "what is free and here goes on");
    file.problem().unwrap()
}

#[test]
fn a_signed_file_restricts() {
    let desk = Desk::new();
    let file = desk.load();
    assert!(
        matches!(&file.state, State::Valid { name: Some(name), serial: 3, .. } if name == "Acme")
    );
    assert!(asks(&file, "openai") && !asks(&file, "groq"));
    assert_eq!(file.problem(), None);
    // The key's file is as good as the key.
    let whole = format!("untrusted comment: a key\n{}\n", desk.keys.pk.to_base64());
    assert!(asks(&desk.load_by(&whole), "openai"));
}

#[test]
fn every_byte_of_the_file_and_of_its_signature_that_is_flipped_is_caught() {
    let desk = Desk::new();
    let mut caught = 0;
    for path in [desk.file(), desk.signature()] {
        let good = fs::read(&path).unwrap();
        // What the signature's first line says is not signed, as its name tells.
        let is_signature = path == desk.signature();
        let from = if is_signature {
            good.iter().position(|byte| *byte == b'\n').unwrap()
        } else {
            0
        };
        for at in (from..good.len()).step_by(thorough::stride()) {
            let mut bad = good.clone();
            bad[at] ^= 1;
            // A line break at the very end is no part of a signature.
            if is_signature && at + 1 == good.len() && good[at] == b'\n' {
                continue;
            }
            fs::write(&path, &bad).unwrap();
            let file = desk.load();
            if matches!(file.state, State::Valid { .. }) {
                // Base64 has more texts than values: bits of the last digit that mean nothing.
                assert!(is_signature, "{at}");
                assert!(asks(&file, "openai") && !asks(&file, "groq"));
            } else {
                why(&file);
                caught += 1;
            }
        }
        fs::write(&path, &good).unwrap();
    }
    assert!(asks(&desk.load(), "openai"));
    assert!(caught >= thorough::part(250), "{caught}");
}

#[test]
fn a_file_of_another_key_or_none_is_refused() {
    let desk = Desk::new();
    let other = Desk::new();
    let told = why(&desk.load_by(&other.keys.pk.to_base64()));
    assert!(told.contains("signed with another key"), "{told}");
    let told = why(&desk.load_by(""));
    assert!(told.contains("the public key is none"), "{told}");
    fs::write(desk.signature(), "").unwrap();
    assert!(why(&desk.load()).contains("none that minisign made"));
}

#[test]
fn a_file_or_a_signature_that_is_missing_is_refused() {
    let desk = Desk::new();
    fs::remove_file(desk.signature()).unwrap();
    assert!(why(&desk.load()).contains("its signature is not there"));
    fs::remove_file(desk.file()).unwrap();
    assert!(why(&desk.load()).contains("it is not there"));
}

#[test]
fn an_older_file_and_another_of_the_same_serial_are_refused_though_rightly_signed() {
    let desk = Desk::new();
    assert!(asks(&desk.load(), "openai"));
    desk.write(&format!("serial = 2\n{RULES}"));
    let told = why(&desk.load());
    assert!(told.contains("its serial is 2, and 3 was seen"), "{told}");
    desk.write(&format!("serial = 3\n{RULES}"));
    assert!(why(&desk.load()).contains("another file than the one"));
    desk.write(&format!("serial = 4\n{RULES}"));
    assert!(asks(&desk.load(), "openai"));
    // Another organisation's serials are its own.
    let other = KeyPair::generate_unencrypted_keypair().unwrap();
    let other = Desk {
        folder: desk.folder,
        keys: other,
    };
    other.write(&format!("serial = 1\n{RULES}"));
    assert!(asks(&other.load(), "openai"));
    let seen = other.folder.path().join("state/ledger.organisation.json");
    fs::write(seen, "{").unwrap();
    assert!(why(&other.load()).contains("is damaged"));
}

#[test]
fn a_file_that_is_signed_and_not_understood_is_refused() {
    let desk = Desk::new();
    for (text, told) in [
        ("serial = 4\n[policy]\nprovider = []", "unknown field"),
        (
            "serial = 4\n[policy]\nmax_input_price = \"cheap\"",
            "policy.max_input_price",
        ),
        ("[policy]\nproviders = []", "`serial`"),
        ("serial = 0", "`serial`"),
        ("serial = 4\nname = 3", "`name`"),
        (
            "serial = 4\n[providers.x]\nwire = \"openai-chat\"",
            "providers.x",
        ),
        ("serial = 4\n[network]\nproxy = \"none\"", "network.proxy"),
        ("serial = ", "not TOML"),
    ] {
        desk.write(text);
        let why = why(&desk.load());
        assert!(why.contains(told), "{text}: {why}");
    }
}

#[test]
fn a_place_that_is_named_is_one_where_a_file_has_to_be() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(places(folder.path(), None, None), []);
    // A key alone says that there has to be a file.
    fs::write(folder.path().join(KEY), "RW").unwrap();
    let own = OrganisationOptions {
        file: "/own".into(),
        public_key: "RWown".into(),
    };
    let environment = Some(("/env".to_owned(), "RWenv".to_owned()));
    let named: Vec<PathBuf> = places(folder.path(), Some(&own), environment)
        .into_iter()
        .map(|place| place.file)
        .collect();
    let of_system = folder.path().join(FILE);
    assert_eq!(named, [of_system, "/own".into(), "/env".into()]);
    let missing = Organisation::load(places(folder.path(), None, None).remove(0), None);
    assert!(why(&missing).contains("it is not there"));
}

impl Desk {
    /// As the environment would name it.
    fn sources(&self) -> Sources {
        Sources {
            system: self.folder.path().join("nothing"),
            named: Some((self.file().display().to_string(), self.keys.pk.to_base64())),
            seen: Some(self.folder.path().join("state/ledger.organisation.json")),
        }
    }
}

#[test]
fn while_the_program_runs_a_newer_file_holds_at_once() {
    let desk = Desk::new();
    let sources = desk.sources();
    let before = sources.load(None);
    assert!(asks(&before[0], "openai") && !asks(&before[0], "groq"));
    let same = sources.again(None, &before);
    assert_eq!((same.files, same.problems), (before.clone(), Vec::new()));
    desk.write("serial = 4\n[policy]\nproviders = [\"groq\"]\n");
    let newer = sources.again(None, &before);
    assert!(newer.problems.is_empty());
    assert!(asks(&newer.files[0], "groq") && !asks(&newer.files[0], "openai"));
}

#[test]
fn while_the_program_runs_what_is_tampered_with_older_or_gone_is_refused_and_the_last_good_holds_on()
 {
    let desk = Desk::new();
    let sources = desk.sources();
    desk.write(&format!("serial = 7\n{RULES}"));
    let good = sources.load(None);
    let refused = |why: &str| {
        let again = sources.again(None, &good);
        assert_eq!(again.files, good, "{why}");
        let problem = again.problems.join("\n");
        assert!(
            problem.contains(why) && problem.contains("(serial 7) holds on"),
            "{problem}"
        );
    };
    // An older version, rightly signed; another one of the same serial.
    desk.write("serial = 6\n[policy]\nproviders = [\"groq\"]\n");
    refused("it is an older version");
    desk.write("serial = 7\n[policy]\nproviders = [\"groq\"]\n");
    refused("each version needs a serial of its own");
    fs::write(desk.file(), "serial = 8\n").unwrap();
    refused("signature");
    fs::remove_file(desk.file()).unwrap();
    refused("organisation.toml");
    // Mended, it is as if nothing had been; and again it may be replaced.
    desk.write(&format!("serial = 7\n{RULES}"));
    assert!(sources.again(None, &good).problems.is_empty());
    // A place that is named no more is gone as well.
    let nowhere = Sources {
        named: None,
        ..desk.sources()
    };
    let again = nowhere.again(None, &good);
    assert_eq!(again.files, good);
    assert!(again.problems[0].contains("not there any more"));
    // What never held has nothing to hold on to.
    fs::write(desk.file(), "serial = 8\n").unwrap();
    let bad = sources.load(None);
    assert!(bad[0].problem().is_some());
    let again = sources.again(None, &bad);
    assert!(!asks(&again.files[0], "openai"));
    assert_eq!(again.problems, [bad[0].problem().unwrap()]);
    desk.write(&format!("serial = 8\n{RULES}"));
    assert!(asks(&sources.again(None, &bad).files[0], "openai"));
}
