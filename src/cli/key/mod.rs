//! `byok-lsp key`: what is stored, and how it gets there. A key is typed hidden or piped in; it is never an argument, which every user of the
//! machine could see.

mod change;
mod check;
mod entry;
mod import;
mod list;
mod scope;
mod set;

use std::process::ExitCode;

use anyhow::{Context as _, bail};

pub use check::{Checked, check};
pub use set::store as set_key;

use entry::passphrase;

use super::{parts, runtime, style};
use crate::config::{
    DEFAULT_LABEL, LABEL, Layers, ProviderSettings, Settings, is_label, needs_address,
};
use crate::credential::{Fault, Keys, Kind, Name, Vault};
use crate::provider::Http;
use crate::scrub;

/// What to do with keys.
#[derive(clap::Args)]
pub struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
enum What {
    /// Store a provider's key. You are asked for it, or it is piped in with --stdin; then the provider is asked, for nothing, whether it takes it.
    Set(set::Arguments),
    /// Replace a stored key by a new one. The old one stays until the provider has taken the new one.
    Rotate(set::Arguments),
    /// List the keys that are there: where, for which hosts, their last four characters.
    List(list::Arguments),
    /// Ask a provider, for nothing, whether it takes the key that calls would use.
    Test(check::Arguments),
    /// Remove a stored key from this machine. At the provider it stays valid until you revoke it there.
    Remove(change::Arguments),
    /// Let a stored key go to one more host.
    AllowHost(change::AllowHost),
    /// Keep a stored key for some workspaces, environments or features, or for all again.
    Scope(scope::Arguments),
    /// Keep a stored key and use it no more.
    Disable(change::Arguments),
    /// Use a stored key again.
    Enable(change::Arguments),
    /// Move keys that stand in your configuration file into a store.
    Import(import::Arguments),
}

/// Does it.
pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    super::start_log();
    let runtime = runtime()?;
    runtime.block_on(async {
        match &arguments.what {
            What::Set(arguments) => set::set(&Desk::open(), arguments).await,
            What::Rotate(arguments) => set::rotate(&Desk::open(), arguments).await,
            What::List(arguments) => list::list(&Desk::open(), arguments).await,
            What::Test(arguments) => check::test(&Desk::open(), arguments).await,
            What::Remove(arguments) => change::remove(&Desk::open(), arguments).await,
            What::AllowHost(arguments) => change::allow_host(&Desk::open(), arguments).await,
            What::Scope(arguments) => scope::set(&Desk::open(), arguments).await,
            What::Disable(arguments) => change::switch(&Desk::open(), arguments, false).await,
            What::Enable(arguments) => change::switch(&Desk::open(), arguments, true).await,
            What::Import(arguments) => import::import(arguments).await,
        }
    })
}

/// What every command works with.
pub struct Desk {
    /// The settings.
    pub settings: Settings,
    /// The ways to keys.
    pub keys: Keys,
    /// The way to providers.
    pub http: Http,
}

impl Desk {
    /// Reads the configuration and says what is wrong with it.
    pub fn open() -> Self {
        let (layers, problems) = parts::configuration();
        for problem in problems {
            style::complain(&problem.to_string());
        }
        Self::of(&layers)
    }

    fn of(layers: &Layers) -> Self {
        let settings = layers.settings();
        Self {
            http: Http::new(&settings.network),
            settings,
            keys: Keys::new(Vault::asking(passphrase)),
        }
    }

    /// Returns the stores.
    pub fn vault(&self) -> &Vault {
        self.keys.vault()
    }

    /// Returns a provider's settings.
    pub fn provider(&self, name: &str) -> anyhow::Result<&ProviderSettings> {
        self.settings.providers.get(name).with_context(|| {
            if let Some(needed) = needs_address(name) {
                return needed;
            }
            let names: Vec<&str> = self.settings.providers.keys().map(String::as_str).collect();
            format!(
                "no provider is called \"{}\"; known are {}, and any other with its own [providers.NAME] table in your configuration",
                scrub::scrub(name),
                names.join(", ")
            )
        })
    }

    /// Finds a stored key, or says that there is none and why.
    async fn stored(&self, name: &Name) -> anyhow::Result<(Kind, crate::credential::Record)> {
        let sought = self.vault().find(&self.settings.keys, name).await;
        if let Some(found) = sought.found {
            return Ok(found);
        }
        for (kind, fault) in &sought.faults {
            style::complain(&format!("{kind}: {fault}"));
        }
        bail!("no key {name} is stored; \"byok-lsp key list\" shows what is");
    }
}

/// Which key.
#[derive(clap::Args)]
pub struct Which {
    /// The provider, such as anthropic.
    provider: String,
    /// The key's label, where a provider has several.
    #[arg(long, default_value = DEFAULT_LABEL)]
    label: String,
    /// Nothing belongs here; a key is never an argument.
    #[arg(hide = true)]
    rest: Vec<String>,
}

impl Which {
    fn name(&self) -> anyhow::Result<Name> {
        if !self.rest.is_empty() || scrub::has_key_prefix(&self.provider) {
            bail!(
                "a key is never an argument: every user of this machine can see it there, and the shell keeps it in its history. Leave it away and type it when you are asked, or pipe it in with --stdin. If that was a key, revoke it at the provider"
            );
        }
        if !is_label(&self.label) {
            bail!("this is no label for a key; a label is {LABEL}");
        }
        Ok(Name {
            provider: self.provider.clone(),
            label: self.label.clone(),
        })
    }
}

/// Says what a store did not do.
fn faulty(kind: Kind) -> impl Fn(Fault) -> anyhow::Error {
    move |fault| anyhow::anyhow!("{kind}: {fault}")
}
