// `detlab configs [WORD...]`: the config names that `detector` and the other commands accept, by algorithm,
// with size, cost and published AP; with --weights the published weights.

import { DetLabError } from '../errors';
import { type ConfigRow, type ConfigTable, configCells, weightsSize } from '../lab/config-table/config-table';
import { listConfigs } from '../lab/config-table/list-configs';
import { wrapped } from '../visualization/wrapped-table';
import { CommandFailure, EXIT, type Output, output } from './outcome';

interface Arguments {
  weights?: boolean;
  json?: boolean;
}

/** @param words all of which a name must contain */
export function configsCommand(words: readonly string[], options: Arguments): number {
  const out = output(options.json === true);
  const table = matching(words);
  if (options.weights) return weightsLines(table.rows, out);
  for (const row of table.rows) out.event('config', { ...row, file: table.get(row.name)?.[0] });
  const families = new Map<string, ConfigRow[]>();
  for (const row of table.rows) families.set(row.family, [...(families.get(row.family) ?? []), row]);
  const blocks = [...families].map(([family, rows]) => [`${family} (${rows.length})`, ...lines(rows)].join('\n'));
  const next =
    `${table.size} of ${listConfigs().size} configs. Columns: parameters, multiply-adds and size of a test image, box AP, mask AP ` +
    'as published. detlab summary NAME summarises a model, detlab train NAME trains it, detlab config print NAME prints the config';
  out.print([...blocks, wrapped(next, process.stdout.columns ?? 120).join('\n')].join('\n\n'));
  return EXIT.ok;
}

/** A line of numbers and one with the address, which copies whole. */
function weightsLines(all: readonly ConfigRow[], out: Output): number {
  const rows = all.filter(({ weights }) => weights !== undefined);
  if (rows.length === 0) throw new CommandFailure(EXIT.usage, new DetLabError(noWeights(all)));
  for (const row of rows) {
    const { name, parameters, boxAP, maskAP, weights } = row;
    out.event('weights', { config: name, weights, bytes: parameters && parameters * 4, boxAP, maskAP });
    const [, , , box, mask] = configCells(row);
    const numbers = [weightsSize(row), box && `box AP ${box}`, mask && `mask AP ${mask}`].filter(Boolean);
    out.print(`${name}  ${numbers.join(', ')}\n  ${row.weights}`);
  }
  const next =
    `\nWeights of ${rows.length} of ${all.length} configs, as MMDetection and MMYOLO publish them; sizes by the parameters. ` +
    'detlab predict NAME ADDRESS IMAGE... downloads and uses them';
  out.print(wrapped(next, process.stdout.columns ?? 120).join('\n'));
  return EXIT.ok;
}

const noWeights = (rows: readonly ConfigRow[]): string =>
  `Cannot list weights: none are published for ${rows.length === 1 ? `"${rows[0].name}"` : `these ${rows.length} configs`}. ` +
  'detlab configs --weights lists all that are';

function matching(words: readonly string[]): ConfigTable {
  try {
    return listConfigs(words.join(' '));
  } catch (error) {
    throw error instanceof DetLabError ? new CommandFailure(EXIT.usage, error) : error;
  }
}

/** Names and numbers, aligned. */
function lines(rows: readonly ConfigRow[]): string[] {
  const cells = rows.map((row) => [row.name, ...configCells(row)]);
  const widths = cells[0].map((_, i) => Math.max(...cells.map((row) => row[i].length)));
  return cells.map((row) =>
    `  ${row.map((text, i) => (i === 0 ? text.padEnd(widths[i]) : text.padStart(widths[i]))).join('  ')}`.trimEnd(),
  );
}
