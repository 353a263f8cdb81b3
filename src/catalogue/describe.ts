// `describe('FPN')`: what a module is, its options with types, defaults and meanings, its shapes, its paper, an example.
// Everything comes from the module's definition, the same one that checks configs and builds the module.

import type { z } from 'zod';
import { DetLabError, didYouMean } from '../errors';
import { wrapped, wrappedTable } from '../visualization/wrapped-table';
import { readOption, shapeOf, typeText } from './option-schema';
import { type AnyDefinition, KINDS, type Kind, type Registry } from './registry';

/** One option of a module, as a row of the table. */
export interface OptionRow {
  /** Name, dotted where options nest: `rpn_proposal.nms_pre`. */
  name: string;
  type: string;
  /** The default as it would be typed, `required`, `inferred`, or empty where leaving it out means none. */
  default: string;
  required: boolean;
  /** Where the value comes from when it is left out, where that is another part of the config. */
  inferred?: string;
  meaning: string;
}

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

  /** Facts under the title, as label and text; those the definition does not give are left out. */
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
        (text) => `<td style="text-align:left"><code>${escapeHtml(text)}</code></td>`,
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

  /** The bundle a notebook shows. */
  [Symbol.for('Jupyter.display')](): Record<string, string> {
    return { 'text/plain': this.toString(), 'text/html': this.toHtml(), 'text/markdown': this.toMarkdown() };
  }
}

/** Characters of a line where nobody says how many fit. */
const WIDTH = 120;
const HEADINGS = ['option', 'type', 'default', 'meaning'];
const cells = (row: OptionRow): string[] => [row.name, row.type, row.default, row.meaning];

/**
 * What the catalogue knows about a module, as an object that a notebook shows as a table.
 *
 * @param name a type name (`FPN`), or kind and type name where two kinds share one (`loss/L1Loss`).
 * @example String(describe('FPN', registry))
 * @throws DetLabError with the nearest type name.
 */
export function describe(name: string, registry: Registry): ModuleDescription {
  const slash = name.indexOf('/');
  const wantedKind = slash < 0 ? undefined : name.slice(0, slash);
  const type = name.slice(slash + 1);
  if (wantedKind !== undefined && !KINDS.some((kind) => kind === wantedKind))
    throw new DetLabError(
      `Cannot describe "${name}": there is no kind "${wantedKind}".${didYouMean(wantedKind, KINDS)}`,
    );
  const kinds = wantedKind === undefined ? KINDS : [wantedKind as Kind];
  const found = kinds.flatMap((kind) => registry.find(kind, type) ?? []);
  if (found.length > 1)
    throw new DetLabError(
      `Cannot describe "${name}": ${found.length} kinds have a module of this name. Write one of ${found.map((d) => `"${d.kind}/${type}"`).join(', ')}`,
    );
  if (found.length === 1) return new ModuleDescription(found[0]);
  const known = registry.all().map((definition) => definition.type);
  const isKind = KINDS.find((kind) => kind === type);
  if (isKind)
    throw new DetLabError(
      `Cannot describe "${name}": it is a kind. It has ${registry.types(isKind).join(', ') || 'none'}`,
    );
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
    // configs of layers (`norm_cfg: { type: 'BN' }`) stay one row
    const group = moduleKind === undefined && shapeOf(option)?.type === undefined;
    // parts without words of their own are told by the group's
    const nested = group ? optionRows(option, inferred, `${name}.`).filter((part) => part.meaning || !meaning) : [];
    // a group of options stands for itself only where it can be left out or has a meaning of its own
    return nested.length && !meaning && !standard ? nested : [row, ...nested];
  });
}

/** A value as it would be typed in a config. */
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
