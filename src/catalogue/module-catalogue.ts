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
  /** Authors, title, venue, year. */
  paper?: string;
}

/** `Ren et al., NeurIPS 2015` of a paper with its title. */
export function citation(paper: string): string {
  const [first] = paper.split('; ');
  const parts = first.split(', ');
  const [author] = parts[0].split(': ');
  const last = parts[parts.length - 1];
  const year = /\b(19|20)\d\d\b/.exec(last)?.[0];
  const where = last.includes(': ') || parts.length < 2 ? year : last;
  // a list of authors ends with `He and Savvides`
  const isList = /^([A-Z][\w'-]+, )+[A-Z][\w'-]+ and [A-Z]/.test(first);
  return [isList ? `${author} et al.` : author, where].filter(Boolean).join(', ');
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
      const rows = entries.map(({ type, summary, paper }) => [
        type,
        paper === undefined ? summary : `${summary} (${citation(paper)})`,
      ]);
      const [, ...lines] = wrappedTable({ headings: ['', ''], rows, limits: [36], width: width - 2 });
      return [`${kind} (${entries.length})`, ...lines.map((line) => `  ${line}`)].join('\n');
    });
    return [...parts, NEXT].join('\n\n');
  }

  toHtml(): string {
    const parts = this.byKind().map(([kind, entries]) => {
      const rows = entries.map(
        ({ type, summary, paper = '' }) =>
          `<tr>${LEFT}<code>${escapeHtml(type)}</code></td>${LEFT}${escapeHtml(summary)}</td>${LEFT}${escapeHtml(paper)}</td></tr>`,
      );
      return `<h4>${escapeHtml(kind)} <small>(${entries.length})</small></h4>\n<table><tbody>${rows.join('')}</tbody></table>`;
    });
    return `${parts.join('\n')}\n<p>${escapeHtml(NEXT)}</p>`;
  }

  toMarkdown(): string {
    const parts = this.byKind().map(([kind, entries]) => {
      const rows = entries.map(
        ({ type, summary, paper = '' }) => `| \`${type}\` | ${escapeMarkdown(summary)} | ${escapeMarkdown(paper)} |`,
      );
      return [
        `### ${escapeMarkdown(kind)} (${entries.length})`,
        '',
        '| type | what it is | paper |',
        '|---|---|---|',
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

const LEFT = '<td style="text-align:left">';
const NEXT =
  "describe('FPN') or `detlab describe FPN`: options, shapes, paper and an example of one of them. modules('family') or " +
  '`detlab modules family`: families of configs with their papers and published AP';

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
      `Cannot list the kind "${name}": there is none of this name.${didYouMean(name ?? '', [...KINDS, 'family'])} Kinds: ${KINDS.join(', ')}, and family`,
    );
  const all = registry.all().filter(({ kind }) => kinds.includes(kind));
  return new ModuleCatalogue(
    all.map(({ kind, type, summary, paper }) => ({ kind, type, summary, ...(paper !== undefined && { paper }) })),
  );
}

const plural = (kind: Kind): string => (kind.endsWith('s') ? `${kind}es` : `${kind}s`);
