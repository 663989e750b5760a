//! The user's own file, in the platform's folder for configuration.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use etcetera::BaseStrategy as _;

use super::layer::{Layer, Layers};
use super::problem::Problem;

/// A configuration is a page of text; a file of more is not one.
const MAX_BYTES: u64 = 1024 * 1024;

/// Returns where the user's file lies, whether or not it exists: `BYOK_CONFIG` if that is set, else `byok-lsp/config.toml` in the
/// platform's folder. `None` only where the platform tells no home folder.
pub fn user_file() -> Option<PathBuf> {
    if let Some(path) = std::env::var_os("BYOK_CONFIG") {
        return Some(path.into());
    }
    let base = etcetera::choose_base_strategy().ok()?;
    Some(base.config_dir().join("byok-lsp").join("config.toml"))
}

/// Reads the file into its layer. A file that does not exist is an empty layer.
pub fn read(layers: &mut Layers, path: &Path) -> Result<(), Problem> {
    let name = path.display().to_string();
    let text = match read_bounded(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(error) => {
            return Err(Problem {
                layer: name,
                line: None,
                key: String::new(),
                message: format!(
                    "the file cannot be read ({error}); check its permissions and that it is UTF-8 text"
                ),
            });
        }
    };
    layers.set_toml(Layer::UserFile, &name, &text)
}

fn read_bounded(path: &Path) -> std::io::Result<String> {
    let mut text = String::new();
    let read = std::fs::File::open(path)?
        .take(MAX_BYTES + 1)
        .read_to_string(&mut text)?;
    if read as u64 > MAX_BYTES {
        return Err(std::io::Error::other("it is larger than 1 MiB"));
    }
    Ok(text)
}
