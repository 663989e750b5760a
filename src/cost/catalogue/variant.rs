//! Variants of models at OpenRouter: what stands behind the colon of `maker/model:variant`.
//!
//! Facts: OpenRouter's documentation of 2026-08. `:free` is never billed by the token. The others choose among providers or add something to
//! the model; where the catalogue has no entry of their own, the model's price is the best that is known. A variant that is not known here,
//! such as `:batch` of a model without one, has no price: it may well be another.

/// The providers whose models have variants, by the catalogue's names.
const PROVIDERS: [&str; 1] = ["openrouter"];

/// The variants that are billed by the model's own price, as far as the catalogue can know.
const PRICED_AS_THE_MODEL: [&str; 6] =
    ["nitro", "floor", "online", "exacto", "thinking", "extended"];

/// Returns whether a provider serves a model for nothing.
pub(super) fn is_free(provider: &str, model: &str) -> bool {
    PROVIDERS.contains(&provider) && model.ends_with(":free")
}

/// Returns the model whose price a variant has, if it has one.
pub(super) fn priced_as<'a>(provider: &str, model: &'a str) -> Option<&'a str> {
    let (model, variant) = model.rsplit_once(':')?;
    let is_known = PROVIDERS.contains(&provider) && PRICED_AS_THE_MODEL.contains(&variant);
    is_known.then_some(model)
}
