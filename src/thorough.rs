//! How thorough a test is that tries very many things of one kind.
//!
//! In CI (`CI=true`), or with `BYOK_THOROUGH=1`, it tries all of them; at the desk the tenth part, so that the unit suite is done in seconds and is run after
//! every change. What holds does so for each single one of them, so a part proves the same sentence, only less often.

use std::env;

/// Which part is tried at the desk: one of so many.
const PART: usize = 10;

/// Returns whether all are tried.
fn is_wanted() -> bool {
    env::var_os("CI").is_some_and(|ci| ci == "true")
        || env::var_os("BYOK_THOROUGH").is_some_and(|it| it != "0")
}

/// Returns how many of `all` are tried.
pub fn part(all: usize) -> usize {
    if is_wanted() { all } else { all.div_ceil(PART) }
}

/// Returns how far it is from one that is tried to the next, where they stand in a row; no multiple of two, so that no bit of a byte's number is left out.
pub fn stride() -> usize {
    if is_wanted() { 1 } else { PART - 1 }
}

/// Returns how many cases of a property are tried.
pub fn cases(all: u32) -> proptest::prelude::ProptestConfig {
    let cases = u32::try_from(part(all as usize)).unwrap_or(all);
    proptest::prelude::ProptestConfig::with_cases(cases)
}

/// Returns how many orders are tried in which things may happen; `BYOK_INTERLEAVINGS=100000` tries so many, for all of an afternoon.
pub fn interleavings(all: u32) -> proptest::prelude::ProptestConfig {
    let wanted = env::var_os("BYOK_INTERLEAVINGS");
    match wanted.and_then(|wanted| wanted.to_str()?.parse().ok()) {
        Some(cases) => proptest::prelude::ProptestConfig::with_cases(cases),
        None => cases(all),
    }
}
