// Writes the settings `byok.*` of package.json from the server's own schema (docs/protocol/settings.schema.json), so that the two agree.
//   node scripts/settings.mjs            rewrites package.json
//   node scripts/settings.mjs --check    only says whether it is up to date
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const at = (path) => fileURLToPath(new URL(path, import.meta.url));

/**
 * What a workspace may set, if it is trusted. Everything else is for the user's own settings alone: it names hosts, commands, proxies,
 * providers, models or money, and whoever owns a repository must not say where its readers' code goes or what they pay. A new setting is
 * the user's alone until it is added here.
 */
const OF_A_WORKSPACE = new Set(['byok.completion.debounce_ms', 'byok.completion.max_lines', 'byok.completion.trigger', 'byok.local.min_confidence']);

/** What the server takes from the user's own file alone: a setting that is always refused is no setting. */
const OF_THE_OWN_FILE = new Set(['byok.actions.check', 'byok.audit.keep', 'byok.fallback.may_change_payer', 'byok.keys.environment', 'byok.log.level', 'byok.log.max_files', 'byok.log.max_size_mb', 'byok.network.ca_bundle', 'byok.network.proxy', 'byok.organisation.file', 'byok.organisation.public_key', 'byok.projects', 'byok.telemetry.endpoint']);

const TITLES = { completion: 'Ghost Text', actions: 'Code Actions', budget: 'Budget', local: 'On This Machine', keys: 'Keys', providers: 'Providers' };

const OWN = {
  'byok.serverPath': {
    type: 'string', default: '', scope: 'machine', order: 0,
    markdownDescription: 'The whole path of the program `byok-lsp`. Empty: the one that came with this extension, else the one on the `PATH`.',
  },
  'byok.previewEdits': {
    type: 'boolean', default: true, scope: 'machine', order: 1,
    markdownDescription: 'Show what a code action would change, and change it only when you say so.',
  },
  'byok.trace.server': {
    type: 'string', enum: ['off', 'messages', 'verbose'], default: 'off', scope: 'machine', order: 2,
    markdownDescription: 'What of the conversation with the server is written to the output channel *BYOK*. `verbose` writes your code there; keys never travel in it.',
  },
};

/** The schema without references and without `null`, which VS Code's settings do not need. */
function resolve(node, definitions) {
  if (Array.isArray(node)) return node.map((item) => resolve(item, definitions));
  if (node === null || typeof node !== 'object') return node;
  if (node.$ref) {
    const { $ref, ...rest } = node;
    return { ...resolve(definitions[$ref.replace('#/$defs/', '')], definitions), ...resolve(rest, definitions) };
  }
  const isNull = (item) => item?.type === 'null';
  if (node.anyOf?.some(isNull)) {
    const { anyOf, ...rest } = node;
    const others = anyOf.filter((item) => !isNull(item));
    return resolve(others.length === 1 ? { ...others[0], ...rest } : { anyOf: others, ...rest }, definitions);
  }
  if (node.oneOf?.every((item) => item.const !== undefined)) {
    const { oneOf, ...rest } = node;
    return { ...resolve(rest, definitions), type: 'string', enum: oneOf.map((item) => item.const), enumDescriptions: oneOf.map((item) => item.description ?? '') };
  }
  const out = {};
  for (const [key, value] of Object.entries(node)) {
    if (key === 'format') continue;
    if (key === 'type' && Array.isArray(value)) {
      const types = value.filter((type) => type !== 'null');
      out.type = types.length === 1 ? types[0] : types;
    } else {
      out[key] = resolve(value, definitions);
    }
  }
  return out;
}

function setting(name, schema) {
  const { description, ...rest } = schema;
  const text = (description ?? '').replace(/\n/g, ' ');
  return { ...rest, scope: OF_A_WORKSPACE.has(name) ? 'window' : 'machine', markdownDescription: text };
}

/** The settings by section, as package.json has them. */
export function configuration(schema) {
  const groups = [{ title: 'BYOK', properties: OWN }];
  const names = Object.keys(schema.properties).sort((a, b) => order(a) - order(b) || a.localeCompare(b));
  for (const section of names) {
    const resolved = resolve(schema.properties[section], schema.$defs);
    const properties = {};
    if (resolved.properties) {
      for (const [key, value] of Object.entries(resolved.properties)) {
        const name = `byok.${section}.${key}`;
        if (!OF_THE_OWN_FILE.has(name)) properties[name] = setting(name, value);
      }
    } else if (!OF_THE_OWN_FILE.has(`byok.${section}`)) {
      properties[`byok.${section}`] = setting(`byok.${section}`, resolved);
    }
    if (Object.keys(properties).length > 0) groups.push({ title: TITLES[section] ?? section[0].toUpperCase() + section.slice(1).replaceAll('_', ' '), properties });
  }
  return groups;
}

function order(section) {
  const place = Object.keys(TITLES).indexOf(section);
  return place === -1 ? Object.keys(TITLES).length : place;
}

/** package.json with the settings that the schema has. */
export function updated(manifest, schema) {
  const groups = configuration(schema);
  // Without trust a workspace sets nothing at all: a shorter wait costs money, too.
  const restricted = groups.flatMap((group) => Object.keys(group.properties));
  return {
    ...manifest,
    capabilities: { ...manifest.capabilities, untrustedWorkspaces: { ...manifest.capabilities.untrustedWorkspaces, restrictedConfigurations: restricted } },
    contributes: { ...manifest.contributes, configuration: groups },
  };
}

// Bundled into a test, it is only a module.
if (process.argv[1]?.endsWith('/scripts/settings.mjs')) {
  const before = readFileSync(at('../package.json'), 'utf8');
  const schema = JSON.parse(readFileSync(at('../../../docs/protocol/settings.schema.json'), 'utf8'));
  const after = `${JSON.stringify(updated(JSON.parse(before), schema), null, 2)}\n`;
  if (process.argv.includes('--check')) {
    if (before !== after) {
      console.error('package.json does not have the settings of docs/protocol/settings.schema.json: run `npm run settings`');
      process.exit(1);
    }
  } else if (before !== after) {
    writeFileSync(at('../package.json'), after);
  }
}
