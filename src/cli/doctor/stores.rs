//! What the doctor says about the stores for keys: which one a new key goes to, what is in the others, and whether a key would last.

use super::Finding;
use crate::config::Settings;
use crate::credential::{Kind, Surveyed, Target, Vault};

const NAME: &str = "key store";

/// What to do where no store keeps a key for good.
const LASTING: &str = "for one that lasts: [keys] store = \"file\" (a file that a passphrase opens); keys in environment variables work all the same";

/// Looks at all of them.
pub(super) async fn look(settings: &Settings, vault: &Vault) -> Vec<Finding> {
    let surveyed = vault.survey(&settings.keys).await;
    let target = vault.target(&settings.keys).await;
    tell(&surveyed, target.ok().as_ref())
}

fn tell(surveyed: &[Surveyed], target: Option<&Target>) -> Vec<Finding> {
    let count = |store: &Surveyed| match store.names.as_ref().map_or(0, Vec::len) {
        1 => "1 key".to_owned(),
        count => format!("{count} keys"),
    };
    let first = match target {
        Some(Target { kind, why, .. }) => {
            let kind = *kind;
            let store = surveyed.iter().find(|store| store.kind == kind);
            let count = store.map_or_else(|| "0 keys".into(), count);
            let says = format!("new keys go to {kind}, since {why}; {count} in it");
            if kind == Kind::Session {
                Finding::warning(NAME, format!("{says}, {}", kind.lasts()), LASTING)
            } else {
                Finding::good(NAME, says)
            }
        }
        None => Finding::warning(NAME, "no store here takes a new key", LASTING),
    };
    let mut findings = vec![first];
    let target = target.map(|target| target.kind);
    for store in surveyed.iter().filter(|store| Some(store.kind) != target) {
        match &store.names {
            Ok(names) if names.is_empty() => {}
            Ok(_) => {
                let says = format!("{} in {}", count(store), store.kind);
                findings.push(Finding::good(NAME, says));
            }
            Err(fault) => {
                let says = format!("{} cannot be asked: {fault}", store.kind);
                findings.push(Finding::good(NAME, says));
            }
        }
    }
    // What is in the store that new keys go to may be out of reach too, such as a file with another passphrase.
    let own = surveyed.iter().find(|store| Some(store.kind) == target);
    if let Some(Err(fault)) = own.map(|store| &store.names) {
        let fix = "until it can be asked, keys in it are not used";
        findings.push(Finding::warning(
            NAME,
            format!("it cannot be asked: {fault}"),
            fix,
        ));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::credential::{Fault, Name};

    fn store(kind: Kind, names: Result<usize, &str>) -> Surveyed {
        let name = |label: usize| Name {
            provider: "openai".into(),
            label: label.to_string(),
        };
        Surveyed {
            kind,
            names: names
                .map(|count| (0..count).map(name).collect())
                .map_err(Fault::because),
        }
    }

    fn told(surveyed: &[Surveyed], target: Option<Kind>) -> Vec<(bool, String)> {
        let target = target.map(|kind| Target {
            kind,
            why: "it is so",
            passed_over: Vec::new(),
        });
        let findings = tell(surveyed, target.as_ref()).into_iter();
        findings.map(|it| (it.warning, it.says)).collect()
    }

    #[test]
    fn a_store_that_lasts_is_well_and_one_that_does_not_is_a_warning() {
        let silent = || store(Kind::System, Err("it cannot be reached"));
        let all = [
            silent(),
            store(Kind::Session, Ok(1)),
            store(Kind::File, Ok(0)),
        ];
        assert_eq!(
            told(&all, Some(Kind::Session)),
            [
                (
                    true,
                    format!(
                        "new keys go to {}, since it is so; 1 key in it, {}",
                        Kind::Session,
                        Kind::Session.lasts()
                    )
                ),
                (
                    false,
                    format!("{} cannot be asked: it cannot be reached", Kind::System)
                ),
            ]
        );
        assert_eq!(
            told(&all, Some(Kind::File)),
            [
                (
                    false,
                    "new keys go to the encrypted file, since it is so; 0 keys in it".to_owned()
                ),
                (
                    false,
                    format!("{} cannot be asked: it cannot be reached", Kind::System)
                ),
                (false, format!("1 key in {}", Kind::Session)),
            ]
        );
        let none = told(&[silent()], None);
        assert_eq!(none[0], (true, "no store here takes a new key".to_owned()));
    }

    #[test]
    fn a_file_whose_passphrase_is_another_is_a_warning() {
        let all = [store(Kind::File, Err("the passphrase does not open it"))];
        let told = told(&all, Some(Kind::File));
        assert_eq!(
            told[1],
            (
                true,
                "it cannot be asked: the passphrase does not open it".to_owned()
            )
        );
    }
}
