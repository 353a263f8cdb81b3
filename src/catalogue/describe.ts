// `describe('FPN')`: a module's summary, options with types, defaults and meanings, shapes, paper and an example.
// Everything comes from the module's definition, which also checks its configs and builds it.

import type { z } from 'zod';
import { DetLabError, didYouMean, nameOfValue } from '../errors';
import { wrapped, wrappedTable } from '../visualization/wrapped-table';
import { insteadOf } from './openmmlab-functions';
import { readOption, shapeOf, typeText } from './option-schema';
import { type AnyDefinition, KINDS, type Kind, type Registry } from './registry';

/** One option of a module, as a row of the table. */
export interface OptionRow {
  /** Name, dotted where options nest: `rpn_proposal.nms_pre`. */
  name: string;
  type: string;
  /** The default as typed in a config, `required`, `inferred`, or empty for an optional value without default. */
  default: string;
  required: boolean;
  /** The part of the config it is inferred from when omitted. */
  inferred?: string;
  meaning: string;
}

/** What `describe` displays: a module's options, shapes, paper and example. */
export class ModuleDescription {
  readonly kind: Kind;
  readonly type: string;
  readonly summary: string;
  readonly options: OptionRow[];

  constructor(private readonly definition: AnyDefinition) {
    this.kind = definition.kind;
    this.type = definition.type;
    this.summary = definition.summary;
    this.options = optionRows(definition.options, definition.inferred ?? {}, '');
  }

  /** Label and text of the facts below the title that the definition gives. */
  private facts(): [string, string][] {
    const { shapes, paper, origin } = this.definition;
    return [
      ['Shapes', shapes ?? ''],
      ['Paper', paper ?? ''],
      ['Origin', origin ?? ''],
    ].filter((fact): fact is [string, string] => fact[1] !== '');
  }

  /** Plain text, columns aligned. */
  toString(): string {
    return this.toText(WIDTH);
  }

  /** The same for a terminal of `width` characters. */
  toText(width: number): string {
    const facts = this.facts().map(([label, text]) => `${label}: ${text}`);
    const lines = [`${this.type} (${this.kind}): ${this.summary}`, ...facts].flatMap((line) => wrapped(line, width));
    const rows = this.options.map(cells);
    const limits = [36, Math.round(width * 0.22), Math.round(width * 0.2)];
    const table = wrappedTable({ headings: HEADINGS, rows, limits, width });
    lines.push('', ...(rows.length ? table : ['It takes no options.']), '', 'Example');
    return [...lines, ...this.definition.example.split('\n').map((line) => `  ${line}`)].join('\n');
  }

  /** What `detlab describe --json` prints. */
  toJSON(): Record<string, unknown> {
    const { kind, type, summary, options } = this;
    const { shapes, paper, origin, example } = this.definition;
    return { kind, type, summary, shapes, paper, origin, options, example };
  }

  toMarkdown(): string {
    const code = (text: string) => (text ? `\`${text.replaceAll('|', '\\|')}\`` : '');
    const plain = (text: string) => text.replaceAll('|', '\\|').replaceAll('<', '&lt;');
    const lines = [`### ${plain(this.type)} (${this.kind})`, '', plain(this.summary)];
    for (const [label, text] of this.facts()) lines.push('', `**${label}:** ${plain(text)}`);
    lines.push('', `| ${HEADINGS.join(' | ')} |`, '|---|---|---|---|');
    for (const { name, type, default: standard, meaning } of this.options)
      lines.push(`| ${code(name)} | ${code(type)} | ${code(standard)} | ${plain(meaning)} |`);
    lines.push('', '```ts', this.definition.example, '```');
    return lines.join('\n');
  }

  toHtml(): string {
    const rows = this.options.map(({ name, type, default: standard, meaning }) => {
      const columns = [name, type, standard].map(
        (text) => `<td style="text-align:left">${text === '' ? '' : `<code>${escapeHtml(text)}</code>`}</td>`,
      );
      return `<tr>${columns.join('')}<td style="text-align:left;min-width:14em">${escapeHtml(meaning)}</td></tr>`;
    });
    const head = HEADINGS.map((heading) => `<th style="text-align:left">${heading}</th>`).join('');
    return [
      `<h4>${escapeHtml(this.type)} <small>(${escapeHtml(this.kind)})</small></h4>`,
      `<p>${escapeHtml(this.summary)}</p>`,
      ...this.facts().map(([label, text]) => `<p><b>${label}:</b> ${escapeHtml(text)}</p>`),
      `<table><thead><tr>${head}</tr></thead><tbody>${rows.join('')}</tbody></table>`,
      `<pre><code>${escapeHtml(this.definition.example)}</code></pre>`,
    ].join('\n');
  }

  /** The MIME bundle that a notebook displays. */
  [Symbol.for('Jupyter.display')](): Record<string, string> {
    return { 'text/plain': this.toString(), 'text/html': this.toHtml(), 'text/markdown': this.toMarkdown() };
  }
}

/** Default line width in characters. */
const WIDTH = 120;
const HEADINGS = ['option', 'type', 'default', 'meaning'];
const cells = (row: OptionRow): string[] => [row.name, row.type, row.default, row.meaning];

/**
 * The description of a module, shown as a table in a notebook.
 *
 * @param name a type name (`FPN`), or kind and type name where several kinds have it (`loss/L1Loss`).
 * @example String(describe('FPN', registry))
 * @throws DetLabError with the nearest type name.
 */
export function describe(name: string, registry: Registry): ModuleDescription {
  if (typeof name !== 'string')
    throw new DetLabError(
      `Cannot describe a module: expected a type name, such as 'FPN', received ${nameOfValue(name)}`,
    );
  const slash = name.indexOf('/');
  const kindName = slash < 0 ? undefined : name.slice(0, slash);
  const type = name.slice(slash + 1);
  if (kindName !== undefined && !KINDS.some((kind) => kind === kindName))
    throw new DetLabError(
      `Cannot describe "${name}": unknown kind "${kindName}".${didYouMean(kindName, KINDS)} Known: ${KINDS.join(', ')}`,
    );
  const kinds = kindName === undefined ? KINDS : [kindName as Kind];
  const matches = kinds.flatMap((kind) => registry.find(kind, type) ?? []);
  if (matches.length > 1)
    throw new DetLabError(
      `Cannot describe "${name}": ${matches.length} kinds have a module of this name. Use one of ${matches.map((d) => `"${d.kind}/${type}"`).join(', ')}`,
    );
  if (matches.length === 1) return new ModuleDescription(matches[0]);
  const known = registry.all().map((definition) => definition.type);
  const isKind = KINDS.find((kind) => kind === type);
  if (isKind)
    throw new DetLabError(
      `Cannot describe "${name}": expected a type name, received a kind. Its types: ${registry.types(isKind).join(', ') || 'none'}`,
    );
  const instead = insteadOf(type);
  if (instead !== undefined) throw new DetLabError(`Cannot describe "${name}", which is no module: ${instead}`);
  throw new DetLabError(
    `Cannot describe "${name}": no module has this type name.${didYouMean(type, known)} \`detlab modules\` lists all ${known.length}`,
  );
}

function optionRows(schema: z.core.$ZodType, inferred: Record<string, string>, prefix: string): OptionRow[] {
  return Object.entries(shapeOf(schema) ?? {}).flatMap(([key, option]): OptionRow[] => {
    const name = prefix + key;
    const { required, default: standard, meaning = '', moduleKind } = readOption(option);
    const from = inferred[name];
    const row: OptionRow = {
      name,
      type: typeText(option),
      default: from ? 'inferred' : standard ? literal(standard.value) : required ? 'required' : '',
      required: required && !from && !standard,
      ...(from && { inferred: from }),
      meaning: [meaning, from && `inferred from ${from}`].filter(Boolean).join('; '),
    };
    // layer configs (`norm_cfg: { type: 'BN' }`) stay one row
    const group = moduleKind === undefined && shapeOf(option)?.type === undefined;
    // of a group with a meaning, members without one are left to it
    const nested = group ? optionRows(option, inferred, `${name}.`).filter((part) => part.meaning || !meaning) : [];
    // a group gets its own row only where it has a meaning or a default
    return nested.length && !meaning && !standard ? nested : [row, ...nested];
  });
}

/** A value as typed in a config. */
function literal(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(literal).join(', ')}]`;
  if (typeof value === 'object' && value !== null) {
    const parts = Object.entries(value).map(([key, child]) => `${key}: ${literal(child)}`);
    return parts.length ? `{ ${parts.join(', ')} }` : '{}';
  }
  return typeof value === 'string' ? `'${value}'` : String(value);
}

const escapeHtml = (text: string) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
