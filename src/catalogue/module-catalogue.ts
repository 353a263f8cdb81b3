// `modules('neck')`: the modules of the catalogue by kind, each with its one-sentence summary.

import { DetLabError, didYouMean, nameOfValue } from '../errors';
import { escapeHtml, escapeMarkdown } from '../visualization/escape';
import { wrappedTable } from '../visualization/wrapped-table';
import { KINDS, type Kind, type Registry } from './registry';

/** A module of the catalogue. */
export interface ModuleEntry {
  kind: Kind;
  type: string;
  summary: string;
}

/** What `modules` displays: types by kind, with a line on each. */
export class ModuleCatalogue {
  constructor(readonly modules: readonly ModuleEntry[]) {}

  private byKind(): [Kind, ModuleEntry[]][] {
    return KINDS.map((kind): [Kind, ModuleEntry[]] => [
      kind,
      this.modules.filter((entry) => entry.kind === kind),
    ]).filter(([, entries]) => entries.length > 0);
  }

  toString(): string {
    return this.toText(120);
  }

  /** For a terminal of `width` characters. */
  toText(width: number): string {
    const parts = this.byKind().map(([kind, entries]) => {
      const rows = entries.map(({ type, summary }) => [type, summary]);
      const [, ...lines] = wrappedTable({ headings: ['', ''], rows, limits: [36], width: width - 2 });
      return [`${kind} (${entries.length})`, ...lines.map((line) => `  ${line}`)].join('\n');
    });
    return [...parts, NEXT].join('\n\n');
  }

  toHtml(): string {
    const parts = this.byKind().map(([kind, entries]) => {
      const rows = entries.map(
        ({ type, summary }) =>
          `<tr><td style="text-align:left"><code>${escapeHtml(type)}</code></td><td style="text-align:left">${escapeHtml(summary)}</td></tr>`,
      );
      return `<h4>${escapeHtml(kind)} <small>(${entries.length})</small></h4>\n<table><tbody>${rows.join('')}</tbody></table>`;
    });
    return `${parts.join('\n')}\n<p>${escapeHtml(NEXT)}</p>`;
  }

  toMarkdown(): string {
    const parts = this.byKind().map(([kind, entries]) => {
      const rows = entries.map(({ type, summary }) => `| \`${type}\` | ${escapeMarkdown(summary)} |`);
      return [
        `### ${escapeMarkdown(kind)} (${entries.length})`,
        '',
        '| type | what it is |',
        '|---|---|',
        ...rows,
      ].join('\n');
    });
    return [...parts, escapeMarkdown(NEXT)].join('\n\n');
  }

  toJSON(): readonly ModuleEntry[] {
    return this.modules;
  }

  /** The bundle a notebook shows. */
  [Symbol.for('Jupyter.display')](): Record<string, string> {
    return { 'text/plain': this.toString(), 'text/html': this.toHtml(), 'text/markdown': this.toMarkdown() };
  }
}

const NEXT = "describe('FPN') or `detlab describe FPN`: options, shapes, paper and an example of one of them";

/**
 * The modules of a kind, or of every kind.
 *
 * @param name of a kind: `neck`, in the plural too.
 * @throws DetLabError with the nearest kind.
 */
export function listModules(registry: Registry, name?: string): ModuleCatalogue {
  if (name !== undefined && typeof name !== 'string')
    throw new DetLabError(`Cannot list modules: expected a kind, such as 'neck', received ${nameOfValue(name)}`);
  const requested = name?.toLowerCase().replaceAll('-', '_');
  const kinds = requested === undefined ? KINDS : KINDS.filter((kind) => [kind, plural(kind)].includes(requested));
  if (kinds.length === 0)
    throw new DetLabError(
      `Cannot list the kind "${name}": there is none of this name.${didYouMean(name ?? '', KINDS)} Kinds: ${KINDS.join(', ')}`,
    );
  const all = registry.all().filter(({ kind }) => kinds.includes(kind));
  return new ModuleCatalogue(all.map(({ kind, type, summary }) => ({ kind, type, summary })));
}

const plural = (kind: Kind): string => (kind.endsWith('s') ? `${kind}es` : `${kind}s`);
