/** How a model reads in the list. */

import type { Model, ModelList } from '../protocol';
import { label, plain } from '../text/escape';
import { money } from '../text/money';
import { size } from '../text/numbers';

export interface Described {
  readonly label: string;
  readonly description: string;
  readonly detail: string;
}

/** Writes a model: its name, its price, and what else is known of it. */
export function describe(model: Model, current: string): Described {
  const mark = model.id === current ? '$(check) ' : '';
  const name = model.id.endsWith('/') ? `${label(model.id)}…` : label(model.id);
  const price = model.price === undefined ? '' : `${money(model.price.input)} in, ${money(model.price.output)} out a million`;
  const facts = [`paid by ${plain(model.payer)}`];
  if (model.ability !== undefined) facts.push(model.ability === 'fill' ? 'fills in' : 'chats');
  if (model.context !== undefined) facts.push(`${size(model.context)} of context`);
  if (model.speed !== undefined) facts.push(speed(model.speed));
  if (model.pool !== undefined) facts.push(`one of ${model.pool.map((name) => plain(name, 60)).join(', ')}`);
  if (!model.hasKey) facts.push('its key is missing');
  return { label: mark + name, description: price, detail: facts.join(' · ') };
}

/** How fast a model was: the time to its first word, and how much it writes. */
function speed({ firstMs, perSecond }: NonNullable<Model['speed']>): string {
  const rate = perSecond === undefined ? '' : `, ${perSecond} tokens/s`;
  return `${firstMs} ms to the first word${rate}`;
}

/** What the list lacks so far, for its title. */
export function missing(lists: readonly ModelList[]): string {
  const asked = lists.filter((list) => list.refreshing).map((list) => plain(list.provider, 40));
  return asked.length === 0 ? '' : ` (asking ${asked.join(', ')}; open it again for more)`;
}
