/** What the prompt of the last completion was made of, as a document. */

import type { ExplainContext } from '../protocol';
import type { Server } from '../server/server';
import { contextText } from './contextText';
import type { Documents } from './documents';

/** Asks the server, and shows its answer. */
export async function showContext(server: Server, documents: Documents): Promise<void> {
  const explained = await server.request<ExplainContext>('byok/explainContext');
  await documents.preview('BYOK Context.md', contextText(explained));
}
