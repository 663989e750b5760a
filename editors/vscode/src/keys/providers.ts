/** The providers that a key can be stored for. */

import type { Models } from '../protocol';
import { providerOf } from '../status/fix';

export interface Provider {
  readonly name: string;
  readonly hasKey: boolean;
}

/** Returns every provider that the list of models names: those without a key first, each by name. */
export function providersOf(models: Models): Provider[] {
  const known = new Map<string, boolean>();
  // A pool has no key of its own; its models' providers are in the list.
  for (const model of models.models.filter((one) => one.pool === undefined)) {
    const name = providerOf(model.id);
    if (name !== undefined && name !== 'local') known.set(name, (known.get(name) ?? false) || model.hasKey);
  }
  const providers = [...known].map(([name, hasKey]) => ({ name, hasKey }));
  return providers.sort((a, b) => Number(a.hasKey) - Number(b.hasKey) || a.name.localeCompare(b.name));
}
